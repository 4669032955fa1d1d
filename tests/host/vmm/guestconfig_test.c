/* SPDX-License-Identifier: Apache-2.0 */
/* guestconfig_test.c -- a guest's configuration comes back from its text; bad ones are refused with line and reason. */
#include "rig.h"

#include <string.h>

static bool decode(const char *text, struct guestconfig *config, char *reason)
{
    const struct ferry_bytes bytes = {(const uint8_t *)text, strlen(text)};
    return guestconfig_decode(bytes, config, reason);
}

static void every_field_comes_back(void **unused)
{
    (void)unused;
    char text[FERRY_GUEST_CONFIG_MAX];
    char reason[GUESTCONFIG_REASON_MAX];
    size_t size = 0;
    struct guestconfig back;
    memset(&back, 0, sizeof(back));
    const struct guestconfig config = {
        .memory = 5ULL << 30,
        .vcpus = 2,
        .workload = GUESTCONFIG_HOTSET,
        .size = 123456789,
        .rate = GUESTCONFIG_RATE_FLAT_OUT,
        .cold_size = 1ULL << 30,
        .cold_rate = 4096,
        .nonzero_percent = 99,
        .seed = UINT64_MAX - 5,
        .huge_pages = GUESTCONFIG_HUGE_EXPLICIT,
        .prefault = true,
        .dirty = GUESTCONFIG_DIRTY_RING,
        .disk = "/var/lib/with blank.raw",
        .disk_read_only = true,
        .disk_rate = 77,
        .tap = "tap7",
    };

    assert_true(guestconfig_encode(&config, text, &size, reason));
    assert_true(
        guestconfig_decode((struct ferry_bytes){(const uint8_t *)text, size}, &back, reason));

    char again[FERRY_GUEST_CONFIG_MAX];
    size_t again_size = 0;
    assert_true(guestconfig_encode(&back, again, &again_size, reason));
    assert_int_equal(again_size, size);
    assert_memory_equal(again, text, size);
    assert_int_equal(back.seed, config.seed);
    assert_string_equal(back.disk, config.disk);
    assert_true(back.prefault && back.disk_read_only);
}

static void the_first_line_alone_is_an_idle_guest(void **unused)
{
    (void)unused;
    struct guestconfig config;
    char reason[GUESTCONFIG_REASON_MAX];

    assert_true(decode("ferry-guest 1\n", &config, reason));

    assert_int_equal(config.workload, GUESTCONFIG_IDLE);
    assert_int_equal(config.memory, 128U << 20);
}

static void bad_texts_are_refused_with_line_and_reason(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        const char *word;
    } cases[] = {
        {"",                                                                "line 1"     },
        {"ferry-guest 2\n",                                                 "line 1"     },
        {"ferry-guest 1\nmemory\n",                                         "line 2"     },
        {"ferry-guest 1\n\nmemroy 5\n",                                     "line 3"     },
        {"ferry-guest 1\nvcpus 1\nvcpus 1\n",                               "twice"      },
        {"ferry-guest 1\nvcpus 3\n",                                        "1 or 2"     },
        {"ferry-guest 1\nvcpus 99999999999\n",                              "line 2"     },
        {"ferry-guest 1\nmemory 64 KiB\n",                                  "64 MiB"     },
        {"ferry-guest 1\nmemory 67108865\n",                                "2 MiB"      },
        {"ferry-guest 1\nmemory 9 GiB\n",                                   "8 GiB"      },
        {"ferry-guest 1\nworkload sleep\n",                                 "idle, sweep"},
        {"ferry-guest 1\nsize 128 MiB\nworkload sweep\n",                   "can be used"},
        {"ferry-guest 1\nsize 70 MiB\ncold_size 70 MiB\nworkload hotset\n", "can be used"},
        {"ferry-guest 1\nrate fast\n",                                      "rate"       },
        {"ferry-guest 1\nnonzero 101\n",                                    "101 percent"},
        {"ferry-guest 1\nprefault perhaps\n",                               "yes or no"  },
        {"ferry-guest 1\ntap abcdefghijklmnop\n",                           "15"         },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guestconfig config;
        char reason[GUESTCONFIG_REASON_MAX] = "";
        if (decode(cases[i].text, &config, reason) || strstr(reason, cases[i].word) == NULL) {
            fail_msg("case %zu: \"%s\" lacks \"%s\"", i, reason, cases[i].word);
        }
    }
}

static void bytes_that_are_no_text_are_refused(void **unused)
{
    (void)unused;
    struct guestconfig config;
    char reason[GUESTCONFIG_REASON_MAX];
    static uint8_t text[FERRY_GUEST_CONFIG_MAX + 1] = "ferry-guest 1\ntap \0x\n";

    assert_false(guestconfig_decode((struct ferry_bytes){text, 21}, &config, reason));
    assert_non_null(strstr(reason, "line 2"));
    memset(text + 14, 'a', sizeof(text) - 14);
    assert_false(guestconfig_decode((struct ferry_bytes){text, 5000}, &config, reason));
    assert_non_null(strstr(reason, "line 2"));
    assert_false(guestconfig_decode((struct ferry_bytes){text, sizeof(text)}, &config, reason));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(the_first_line_alone_is_an_idle_guest),
        cmocka_unit_test(bad_texts_are_refused_with_line_and_reason),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
    };
    return cmocka_run_group_tests_name("host/vmm/guestconfig", tests, NULL, NULL);
}
