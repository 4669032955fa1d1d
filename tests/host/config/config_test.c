/* SPDX-License-Identifier: Apache-2.0 */
/* config_test.c -- what a configuration gives, and how each mistake is told with its place. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "engine/host/config/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TLS "tls: {certificate: /c, key: /k, ca: /a}\n"

static struct host_config *load_good(const char *text)
{
    struct host_config *config = NULL;
    struct config_errors errors;
    struct host_error error = {.code = HOST_OK};

    if (config_load_memory("f", text, strlen(text), &config, &errors, &error) != HOST_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(errors.count, 0);
    return config;
}

static void smallest_configuration_gets_every_default(void **unused)
{
    (void)unused;
    struct host_config *config = load_good("host: h1\n" TLS);

    assert_string_equal(config->host, "h1");
    assert_string_equal(config->state_dir, "/var/lib/ferry");
    assert_string_equal(config->control.socket, "/run/ferry/ferryd.sock");
    assert_string_equal(config->tls.key, "/k");
    assert_false(config->unencrypted);
    assert_int_equal(config->listen_count, 2);
    assert_int_equal(config->listen[1].port, 6600);
    assert_int_equal(config->listen[1].socket.any.sa_family, AF_INET6);
    assert_int_equal(config->log, HOST_LOG_NOTICE);
    assert_true(config->limits.guest_memory == UINT64_MAX);
    assert_int_equal(config->limits.streams, 16);
    assert_true(config->defaults.bandwidth_cap == FERRY_RATE_UNLIMITED);
    assert_true(config->defaults.blackout_limit == 300 * FERRY_MILLISECOND);
    assert_int_equal(config->defaults.mode, FERRY_MODE_PRECOPY);
    assert_true(config->defaults.give_up_after == 3600 * FERRY_SECOND);
    assert_true(config->timeouts.hold == 24 * 3600 * FERRY_SECOND);
    assert_int_equal(config->vmm.huge_pages, CONFIG_HUGE_TRANSPARENT);
    assert_null(config->vmm.program);
    config_destroy(config);
}

static void each_kind_of_value_is_read(void **unused)
{
    (void)unused;
    struct host_config *config =
        load_good("limits: {guest_memory: 8 GiB, streams: 4}\n"
                  "host: h1\n"
                  "port: 7000\n"
                  "listen: [10.0.0.1, '[fd00::1]:7001']\n"
                  "peers:\n"
                  "  h2: {addresses: [10.0.0.2, 10.1.0.2:7002], port: 7003}\n"
                  "  h3: fd00::3\n"
                  "unencrypted: i-know-what-i-do\n"
                  "defaults: {blackout_limit: none, bandwidth_cap: 8 Gbit/s, mode: stop-and-copy}\n"
                  "control: {socket: /tmp/s, group: ferry}\n"
                  "log: debug\n");
    const struct host_peer *peer = config_peer(config, "h2");

    assert_true(config->unencrypted);
    assert_true(config->limits.guest_memory == 8ULL << 30);
    assert_int_equal(config->limits.streams, 4);
    assert_string_equal(config->listen[1].text, "fd00::1");
    assert_int_equal(ntohs(config->listen[1].socket.ip6.sin6_port), 7001);
    assert_int_equal(config->listen[0].port, 7000);
    assert_int_equal(peer->address_count, 2);
    assert_int_equal(peer->addresses[0].port, 7003);
    assert_int_equal(peer->addresses[1].port, 7002);
    assert_int_equal(config_peer(config, "h3")->addresses[0].port, 7000);
    assert_null(config_peer(config, "h4"));
    assert_true(config->defaults.blackout_limit == FERRY_TIME_NEVER);
    assert_true(config->defaults.bandwidth_cap == 1000000000);
    assert_int_equal(config->defaults.mode, FERRY_MODE_STOP_AND_COPY);
    assert_string_equal(config->control.group, "ferry");
    assert_int_equal(config->log, HOST_LOG_DEBUG);
    config_destroy(config);
}

struct mistake {
    const char *text;
    const char *message; /* the first error */
};

static const struct mistake mistakes[] = {
    {"",                                                               "f: the file is empty"                                        },
    {"# nothing\n",                                                    "f: the file holds nothing"                                   },
    {"host: h1\n",                                                     "f: tls: certificate, key and ca are needed"                  },
    {TLS,                                                              "f: host: the name of this host is missing"                   },
    {"- h1\n",                                                         "f:1:1: a configuration is a mapping of keys, not a list"     },
    {"host: h1\n" TLS "prot: 1\n",                                     "f:3:1: there is no key \"prot\" here; did you mean \"port\"?"},
    {"host: h1\n" TLS "limits: {stream: 1}\n",
     "f:3:10: there is no key \"stream\" here; did you mean \"streams\"?"                                                            },
    {"host: h1\n" TLS "blackout_limit: 1 s\n",
     "f:3:1: there is no key \"blackout_limit\" here; it belongs under defaults"                                                     },
    {"host: h1\n" TLS "quux: 1\n",                                     "f:3:1: there is no key \"quux\" here"                        },
    {"host: h1\nhost: h2\n" TLS,                                       "f:2:1: host: stands already in line 1"                       },
    {"host: h 1\n" TLS,                                                "f:1:7: host: expected a name"                                },
    {"host:\n" TLS,                                                    "f:1:1: host: expected name, found nothing"                   },
    {"host: [h1]\n" TLS,                                               "f:1:7: host: expected name, found a list"                    },
    {"host: h1\n" TLS "state_dir: var\n",
     "f:3:12: state_dir: expected an absolute path, found \"var\""                                                                   },
    {"host: h1\n" TLS "limits: 7\n",                                   "f:3:9: limits: expected a mapping of its keys"               },
    {"host: h1\n" TLS "limits: {streams: 0}\n",                        "f:3:19: streams: 0 is out of range: 1 to 64"                 },
    {"host: h1\n" TLS "limits: {streams: many}\n",
     "f:3:19: streams: expected a whole number, found \"many\""                                                                      },
    {"host: h1\n" TLS "limits: {guest_memory: 8}\n",
     "f:3:24: guest_memory: expected a size with its unit"                                                                           },
    {"host: h1\n" TLS "limits: {guest_memory: 1 MiB}\n",
     "f:3:24: guest_memory: 1 MiB is out of range: 64 MiB to 1024 TiB"                                                               },
    {"host: h1\n" TLS "defaults: {blackout_limit: 300}\n",
     "f:3:28: blackout_limit: expected a time with its unit"                                                                         },
    {"host: h1\n" TLS "defaults: {give_up_after: none}\n",
     "f:3:27: give_up_after: expected a time with its unit"                                                                          },
    {"host: h1\n" TLS "defaults: {mode: precop}\n",
     "f:3:18: mode: expected one of precopy, stop-and-copy, found \"precop\"; did you mean"                                          },
    {"host: h1\n" TLS "port: 0\n",                                     "f:3:7: port: expected a number from 1 to 65535"              },
    {"host: h1\n" TLS "listen: []\n",                                  "f:3:9: at least one address is needed"                       },
    {"host: h1\n" TLS "listen: [localhost]\n",                         "f:3:10: address: expected an address in numbers"             },
    {"host: h1\n" TLS "listen: [1.2.3.4:99999]\n",
     "f:3:10: address: expected an address in numbers"                                                                               },
    {"host: h1\n" TLS "peers: [h2]\n",                                 "f:3:8: peers: expected a mapping of names"                   },
    {"host: h1\n" TLS "peers: {h1: 10.0.0.1}\n",                       "f:3:9: peers: \"h1\" is this host itself"                    },
    {"host: h1\n" TLS "peers: {h2: {port: 1}}\n",                      "f:3:13: peer \"h2\": its addresses are missing"              },
    {"host: h1\n" TLS "peers: {h2: {addresses: 10.0.0.2, prot: 1}}\n",
     "f:3:35: peer \"h2\": there is no key \"prot\""                                                                                 },
    {"host: h1\n" TLS "peers: {h2: [10.0.0.2, 10.0.0.2]}\n",           "f:3:24: 10.0.0.2 stands here twice"                          },
    {"host: h1\nunencrypted: yes\n",                                   "f:2:14: unencrypted: to send guests' memory in clear"        },
    {"host: h1\nunencrypted: i-know-what-i-do\n" TLS,                  "f: tls and unencrypted exclude each other"                   },
    {"host: h1\ntls: {certificate: /c}\n",                             "f: tls: certificate, key and ca are needed"                  },
    {"host: &a h1\n" TLS,                                              "f:1:10: anchors (&name) are not read"                        },
    {"host: !x h1\n" TLS,                                              "f:1:10: tags (!name) are not read"                           },
    {"host: h1\n" TLS "---\nhost: h2\n",                               "f:3:1: further documents (---) are not read"                 },
    {"host: [h1\n",                                                    "f:2:1: no YAML: "                                            },
    {"host: \x01\n",                                                   "f:1:7: byte 0x01 is not text"                                },
    {"host: h1\n% \xd2\n",                                             "f:2:3: byte 0xd2 is not text"                                },
    {"host: \xc0\x80\n",                                               "f:1:7: byte 0xc0 is not text"                                },
    {"a: \xed\xa0\x80",                                                "f:1:4: byte 0xed is not text"                                },
    {"a: \xf4\x90\x80\x80",                                            "f:1:4: byte 0xf4 is not text"                                },
    {"a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n",                 "f:1:32: nested too deeply"                                   },
};

static void each_mistake_is_told_with_its_place(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const struct mistake *mistake = &mistakes[i];
        struct host_config *config = NULL;
        struct config_errors errors;
        struct host_error error;
        const enum host_code code =
            config_load_memory("f", mistake->text, strlen(mistake->text), &config, &errors, &error);

        assert_int_equal(code, HOST_CONFIG);
        assert_null(config);
        assert_true(errors.count > 0);
        if (strncmp(errors.items[0].message, mistake->message, strlen(mistake->message)) != 0) {
            fail_msg(
                "%s\n  expected: %s\n  found:    %s",
                mistake->text,
                mistake->message,
                errors.items[0].message);
        }
        assert_string_equal(error.text, errors.items[0].message);
        config_errors_release(&errors);
    }
}

static void all_mistakes_are_told_in_the_order_of_the_file(void **unused)
{
    static const char text[] = "vmm: {huge_pages: some}\n"
                               "host: h1\n"
                               "limits: {guests: 0}\n"
                               "nothing: 1\n" TLS;
    struct host_config *config = NULL;
    struct config_errors errors;

    (void)unused;
    assert_int_equal(
        config_load_memory("f", text, strlen(text), &config, &errors, NULL), HOST_CONFIG);
    assert_int_equal(errors.count, 3);
    assert_int_equal(errors.items[0].line, 1);
    assert_int_equal(errors.items[1].line, 3);
    assert_int_equal(errors.items[2].line, 4);
    config_errors_release(&errors);
}

static void thousands_of_mistakes_are_bounded(void **unused)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct host_config *config = NULL;
    struct config_errors errors;

    (void)unused;
    for (int i = 0; i < 5000; i++) {
        (void)fprintf(stream, "unknown%d: 1\n", i);
    }
    (void)fclose(stream);
    assert_int_equal(config_load_memory("f", text, size, &config, &errors, NULL), HOST_CONFIG);
    assert_int_equal(errors.count, CONFIG_ERRORS_MAX);
    assert_true(errors.suppressed >= 5000 - CONFIG_ERRORS_MAX);
    config_errors_release(&errors);
    free(text);
}

/* Whatever is cut off: an error or a configuration, nothing else. Sanitizers look on. */
static void every_prefix_of_a_file_is_survived(void **unused)
{
    static const char text[] = "host: h1\npeers: {h2: {addresses: [10.0.0.2]}}\n" TLS
                               "limits: {guest_memory: 8 GiB}\n# end\n";

    (void)unused;
    for (size_t size = 0; size < sizeof text; size++) {
        struct host_config *config = NULL;
        struct config_errors errors;
        char *copy = malloc(size + 1);

        memcpy(copy, text, size);
        const enum host_code code = config_load_memory("f", copy, size, &config, &errors, NULL);

        assert_true(code == HOST_OK || code == HOST_CONFIG);
        assert_int_equal(code == HOST_OK, config != NULL);
        config_destroy(config);
        config_errors_release(&errors);
        free(copy);
    }
}

static void missing_file_is_named(void **unused)
{
    struct host_config *config = NULL;
    struct config_errors errors;
    struct host_error error;

    (void)unused;
    assert_int_equal(
        config_load_file("/nonexistent/ferryd.conf", &config, &errors, &error), HOST_CONFIG);
    assert_string_equal(error.text, "/nonexistent/ferryd.conf: No such file or directory");
    config_errors_release(&errors);
}

static void words_go_there_and_back(void **unused)
{
    enum ferry_mode mode = FERRY_MODE_PRECOPY;
    enum ferry_no_convergence what = FERRY_GIVE_UP;

    (void)unused;
    assert_true(config_parse_mode("stop-and-copy", &mode));
    assert_string_equal(config_mode_name(mode), "stop-and-copy");
    assert_false(config_parse_mode("", &mode));
    assert_true(config_parse_no_convergence("switch-anyway", &what));
    assert_string_equal(config_no_convergence_name(what), "switch-anyway");
    assert_true(config_is_name("db-1.lab_x"));
    assert_false(config_is_name("-x"));
    assert_false(config_is_name("a/b"));
    assert_false(config_is_name(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_configuration_gets_every_default),
        cmocka_unit_test(each_kind_of_value_is_read),
        cmocka_unit_test(each_mistake_is_told_with_its_place),
        cmocka_unit_test(all_mistakes_are_told_in_the_order_of_the_file),
        cmocka_unit_test(thousands_of_mistakes_are_bounded),
        cmocka_unit_test(every_prefix_of_a_file_is_survived),
        cmocka_unit_test(missing_file_is_named),
        cmocka_unit_test(words_go_there_and_back),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
