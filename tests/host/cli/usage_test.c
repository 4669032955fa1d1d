/* SPDX-License-Identifier: Apache-2.0 */
/* usage_test.c -- help, wrong usage, certificates, manual pages and completion: all that needs no
 * daemon; and that the document of the control socket names every code. */
#include "engine/host/base/fd.h"
#include "engine/host/config/config_keys.h"
#include "tests/host/cli/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const verbs[] = {
    "vm run",
    "vm list",
    "vm stop",
    "move",
    "status",
    "cancel",
    "set",
    "events",
    "session list",
    "session show",
    "session claim",
    "session burn",
    "record",
    "host",
    "cert ca",
    "cert host",
    "cert show",
    "completion",
    "man"};

#define VERBS (sizeof verbs / sizeof verbs[0])

static void assert_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text);
    }
}

static void help_lists_every_verb_and_each_verb_explains_itself(void **state)
{
    const struct ran help = RUN("--help");

    (void)state;
    assert_int_equal(help.status, 0);
    assert_part(help.out, "The exit status is 0 if it was done");
    for (size_t i = 0; i < VERBS; i++) {
        char first[32];
        char line[64];
        const char *second = strchr(verbs[i], ' ');

        (void)snprintf(line, sizeof line, "\n  %-15s", verbs[i]);
        assert_part(help.out, line);
        (void)snprintf(first, sizeof first, "%.*s", (int)strcspn(verbs[i], " "), verbs[i]);
        const struct ran one =
            second == NULL ? RUN(first, "--help") : RUN(first, second + 1, "--help");

        assert_int_equal(one.status, 0);
        (void)snprintf(line, sizeof line, "Usage: ferry %s ", verbs[i]);
        assert_part(one.out, line);
    }
}

static void wrong_usage_is_told_and_ends_with_2(void **state)
{
    static const struct {
        const char *words[6];
        const char *part;
    } rows[] = {
        {{NULL},                                           "Name a verb"                            },
        {{"fly"},                                          "there is no verb \"fly\""               },
        {{"vm"},                                           "vm needs one of: run, list, stop"       },
        {{"vm", "fly"},                                    "vm needs one of: run, list, stop"       },
        {{"vm", "run"},                                    "which guest?"                           },
        {{"vm", "run", "a", "b"},                          "one guest at a time"                    },
        {{"vm", "run", "a", "--image", "b"},               "unrecognized option '--image'"          },
        {{"vm", "run", "a", "--memory", "8"},              "--memory 8: expected a size"            },
        {{"vm", "run", "a", "--vcpus", "0"},               "--vcpus 0: expected a whole number"     },
        {{"vm", "list", "a"},                              "Too many arguments"                     },
        {{"move", "a"},                                    "Name it with --to"                      },
        {{"move", "--to", "h2"},                           "which guest?"                           },
        {{"move", "a", "--to=h2", "--streams=65"},         "--streams 65: expected a whole number"  },
        {{"move", "a", "--to=h2", "--bandwidth-cap=9"},    "--bandwidth-cap 9: expected a bandwidth"},
        {{"move", "a", "--to=h2", "--blackout-limit=0 s"}, "--blackout-limit 0 s: expected a time"  },
        {{"move", "a", "--to=h2", "--mode=fast"},          "\"fast\" is none of its words"          },
        {{"move", "a", "--to=h2", "--give-up-after=none"}, "--give-up-after none: expected a time"  },
        {{"cancel"},                                       "which guest, or session?"               },
        {{"set", "a"},                                     "what shall be set?"                     },
        {{"set", "a", "cap"},                              "cap: which value?"                      },
        {{"set", "a", "speed", "9"},                       "none of cap, limit, switch-now"         },
        {{"events", "--last=9999"},                        "up to 1024"                             },
        {{"session", "show"},                              "which session?"                         },
        {{"record", "a", "--for=1 ms"},                    "from 100 ms to 10 min"                  },
        {{"cert", "host"},                                 "a name is missing"                      },
        {{"man", "ls"},                                    "the pages are ferry, ferryd"            },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const *w = rows[i].words;
        const struct ran ran = RUN(w[0], w[1], w[2], w[3], w[4]);

        assert_int_equal(ran.status, 2);
        assert_part(ran.err, rows[i].part);
    }
}

static void certificates_are_made_and_explained_and_not_overwritten(void **state)
{
    (void)state;
    assert_int_equal(RUN("cert", "ca", "lab", "-o", "pki").status, 0);
    const struct ran host = RUN("cert", "host", "h1", "--ca=pki", "-o", "pki");
    const struct ran again = RUN("cert", "host", "h1", "--ca=pki", "-o", "pki");
    const struct ran show = RUN("cert", "show", "pki/h1.pem");

    assert_int_equal(host.status, 0);
    assert_string_equal(host.out, "pki/h1.pem\npki/h1.key\n");
    assert_int_equal(again.status, 1);
    assert_part(again.err, "pki/h1.pem: is there already; --force replaces it");
    assert_int_equal(RUN("cert", "host", "h1", "--ca=pki", "-o", "pki", "--force").status, 0);
    assert_int_equal(show.status, 0);
    assert_part(show.out, "hosts    h1\n");
    assert_part(show.out, "issuer   lab\n");
    assert_part(RUN("cert", "show", "pki/h1.pem", "--json").out, "\"valid\":true");
    const struct ran none = RUN("cert", "host", "h2", "--ca=nowhere");

    assert_int_equal(none.status, 1);
    assert_part(none.err, "what to do:");
}

static void manual_pages_name_every_verb_and_every_key(void **state)
{
    const struct ran page = RUN("man");
    const struct ran conf = RUN("man", "ferryd.conf");

    (void)state;
    for (size_t i = 0; i < VERBS; i++) {
        char line[64];

        (void)snprintf(line, sizeof line, ".SS \"ferry %s\"\n", verbs[i]);
        assert_part(page.out, line);
    }
    for (const struct config_key *key = config_keys; key->name != NULL; key++) {
        char line[64];

        (void)snprintf(line, sizeof line, ".TP\n\\fB%s\\fR (", key->name);
        assert_part(conf.out, line);
    }
    assert_part(RUN("man", "ferryd").out, ".TH FERRYD 8");
}

static void completion_is_bash(void **state)
{
    (void)state;
    const struct ran ran = RUN("completion");
    FILE *file = fopen("completion.bash", "w");

    assert_int_equal(ran.status, 0);
    assert_non_null(file);
    (void)fputs(ran.out, file);
    (void)fputs(
        "COMP_WORDS=(ferry mo); COMP_CWORD=1; _ferry; echo \"${COMPREPLY[@]}\"\n"
        "COMP_WORDS=(ferry vm s); COMP_CWORD=2; _ferry; echo \"${COMPREPLY[@]}\"\n"
        "COMP_WORDS=(ferry vm run --me); COMP_CWORD=3; _ferry; echo \"${COMPREPLY[@]}\"\n",
        file);
    (void)fclose(file);
    /* What bash makes of it is the question. */
    FILE *bash = popen("bash completion.bash", "r"); /* NOLINT(cert-env33-c) */
    char text[256] = "";

    assert_non_null(bash);
    const size_t size = fread(text, 1, sizeof text - 1, bash);

    text[size] = '\0';
    assert_int_equal(pclose(bash), 0);
    assert_string_equal(text, "move\nstop\n--memory=\n");
}

static void document_of_the_control_socket_names_every_code(void **state)
{
    char *text = NULL;
    size_t size = 0;

    (void)state;
    assert_int_equal(
        file_read(FERRY_SOURCE "/docs/control.md", 1 << 20, &text, &size, NULL), HOST_OK);
    for (unsigned code = HOST_OK + 1; code < HOST_CODE_COUNT; code++) {
        char word[64];

        if (code == HOST_UNREACHABLE) {
            continue; /* a daemon that cannot be reached does not say so */
        }
        (void)snprintf(word, sizeof word, "`%s`", host_code_word((enum host_code)code));
        assert_part(text, word);
    }
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_start, fake_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(help_lists_every_verb_and_each_verb_explains_itself),
        TEST(wrong_usage_is_told_and_ends_with_2),
        TEST(certificates_are_made_and_explained_and_not_overwritten),
        TEST(manual_pages_name_every_verb_and_every_key),
        TEST(completion_is_bash),
        TEST(document_of_the_control_socket_names_every_code),
    };

    return cmocka_run_group_tests_name("ferry/usage", tests, NULL, NULL);
}
