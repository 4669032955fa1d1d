/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage_test.c -- what is wrong is said before anything runs, with exit status 2.
 *
 * The scenario `sleeps` would never end: where a test names it, coming back at all shows that nothing
 * was run.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs a line that must end with status 2, an empty stdout, and all of the words on stderr. */
static void expect_usage_error(const char *line, const char *const words[])
{
    struct ran ran = run_line(line);

    if (ran.status != 2) {
        fail_msg("%s: status %d, %s", line, ran.status, ran.err);
    }
    assert_string_equal(ran.out, "");
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strstr(ran.err, words[i]) == NULL) {
            fail_msg("%s: no \"%s\" in: %s", line, words[i], ran.err);
        }
    }
    ran_free(&ran);
}

static void wrong_usage_is_named(void **unused)
{
    static const struct {
        const char *line;
        const char *word;
    } cases[] = {
        {"ferry-sim",                                            "Name a verb"                },
        {"ferry-sim fly",                                        "no verb \"fly\""            },
        {"ferry-sim run",                                        "which scenarios?"           },
        {"ferry-sim run --frob s.yaml",                          "--frob"                     },
        {"ferry-sim run --seed x s.yaml",                        "--seed x: expected a whole" },
        {"ferry-sim run --seed -1 s.yaml",                       "--seed -1"                  },
        {"ferry-sim run --seed '' s.yaml",                       "--seed"                     },
        {"ferry-sim run --seed 18446744073709551616 s.yaml",     "--seed 18446744073709551616"},
        {"ferry-sim run --seed 1 --seeds 1..2 s.yaml",           "not both"                   },
        {"ferry-sim run --seeds 5 s.yaml",                       "for one seed: --seed 5"     },
        {"ferry-sim run --seeds 5.. s.yaml",                     "--seeds 5..: expected A..B" },
        {"ferry-sim run --seeds ..5 s.yaml",                     "--seeds ..5: expected A..B" },
        {"ferry-sim run --seeds 1...5 s.yaml",                   "--seeds 1...5: expected"    },
        {"ferry-sim run --seeds 1-5 s.yaml",                     "--seeds 1-5: expected A..B" },
        {"ferry-sim run --seeds 5..1 s.yaml",                    "A not above B"              },
        {"ferry-sim run --seeds 0..18446744073709551615 s.yaml", "more than 10 million"       },
        {"ferry-sim run --jobs 0 s.yaml",                        "--jobs 0"                   },
        {"ferry-sim run -j many s.yaml",                         "--jobs many"                },
        {"ferry-sim run --json a --json b s.yaml",               "--json: given twice"        },
        {"ferry-sim run --json '' s.yaml",                       "--json: the name"           },
        {"ferry-sim run --json x --trace x s.yaml",              "--json and --trace: both"   },
        {"ferry-sim show",                                       "which scenario?"            },
        {"ferry-sim schema s.yaml",                              "Too many arguments"         },
    };

    (void)unused;
    write_scenario("s.yaml", "sleeps");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *words[] = {cases[i].word, "--help", NULL};

        expect_usage_error(cases[i].line, words);
    }
}

static void errors_of_all_scenarios_are_printed_and_nothing_runs(void **unused)
{
    static const char *const words[] = {
        "bad1.yaml:1:", "bad1.yaml:2:", "bad2.yaml:", "empty.yaml:", "nothing was run", NULL};

    (void)unused;
    write_scenario("a.yaml", "sleeps");
    write_file("bad1.yaml", "versoin: 1\nnaem: x\n");
    write_file("bad2.yaml", "{ this is: [not yaml\n");
    write_file("empty.yaml", "");
    expect_usage_error("ferry-sim run .", words);
}

static void what_is_not_there_is_named(void **unused)
{
    static const char *const missing[] = {
        "nowhere.yaml: No such file", "s.yaml/x: Not a directory", NULL};
    static const char *const nothing[] = {"empty: there is no *.yaml in this folder", NULL};

    (void)unused;
    write_scenario("s.yaml", "sleeps");
    assert_int_equal(mkdir("empty", 0700), 0);
    write_file("empty/notes.txt", "");
    expect_usage_error("ferry-sim run s.yaml nowhere.yaml s.yaml/x", missing);
    expect_usage_error("ferry-sim run s.yaml empty", nothing);
}

static void output_that_cannot_be_written_is_found_before_the_run(void **unused)
{
    static const char *const words[] = {
        "--json nowhere/out.json: cannot be written: No such file",
        "--junit .: cannot be written: Is a directory",
        NULL};

    (void)unused;
    write_scenario("s.yaml", "sleeps");
    expect_usage_error("ferry-sim run --json nowhere/out.json --junit . --trace t s.yaml", words);
    assert_int_equal(count_entries("."), 1); /* no trace, and no temporary file of it */
}

static void unreadable_scenario_is_named(void **unused)
{
    static const char *const words[] = {"secret.yaml", NULL};

    (void)unused;
    if (geteuid() == 0) {
        skip(); /* root reads everything */
    }
    write_scenario("secret.yaml", "sleeps");
    assert_int_equal(chmod("secret.yaml", 0), 0);
    expect_usage_error("ferry-sim run secret.yaml", words);
}

static void help_and_version_go_to_stdout(void **unused)
{
    static const struct {
        const char *line;
        const char *word;
    } cases[] = {
        {"ferry-sim --help",            "completion"        },
        {"ferry-sim --version",         "ferry-sim "        },
        {"ferry-sim run --help",        "--seeds=A..B"      },
        {"ferry-sim run --version",     "ferry-sim "        },
        {"ferry-sim show --help",       "FILE..."           },
        {"ferry-sim schema --help",     "JSON Schema"       },
        {"ferry-sim man --help",        "manual page"       },
        {"ferry-sim completion --help", "complete ferry-sim"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ran ran = run_line(cases[i].line);

        assert_int_equal(ran.status, 0);
        assert_string_equal(ran.err, "");
        assert_non_null(strstr(ran.out, cases[i].word));
        ran_free(&ran);
    }
}

static void show_explains_each_file_and_tells_of_those_it_cannot(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "plain");
    write_file("bad.yaml", "versoin: 1\n");
    struct ran ran = run_line("ferry-sim show s.yaml bad.yaml");

    assert_int_equal(ran.status, 2);
    assert_non_null(strstr(ran.out, "plain"));
    assert_non_null(strstr(ran.err, "bad.yaml:1:"));
    ran_free(&ran);
}

static void schema_is_one_json_object(void **unused)
{
    (void)unused;
    struct ran ran = run_line("ferry-sim schema");

    assert_int_equal(ran.status, 0);
    assert_int_equal(ran.out[0], '{');
    assert_non_null(strstr(ran.out, "json-schema.org/draft/2020-12"));
    ran_free(&ran);
}

/* What --help says is the list that the tables have; page and completion must have all of it. */
static void page_and_completion_have_every_option(void **unused)
{
    static const char *const options[] = {
        "seed", "seeds", "json", "junit", "trace", "twice", "net", "jobs"};
    struct ran help = run_line("ferry-sim run --help");
    struct ran page = run_line("ferry-sim man");
    struct ran completion = run_line("ferry-sim completion");
    size_t found = 0;

    (void)unused;
    for (const char *at = help.out; (at = strstr(at, "      --")) != NULL; at++) {
        found++;
    }
    assert_int_equal(found, 7 + 1); /* all without a letter, and --usage */
    for (size_t i = 0; i < 8; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "--%s", options[i]);
        assert_non_null(strstr(help.out, text));
        assert_non_null(strstr(completion.out, text));
        (void)snprintf(text, sizeof text, "\\fB\\-\\-%s\\fR", options[i]);
        assert_non_null(strstr(page.out, text));
    }
    ran_free(&help);
    ran_free(&page);
    ran_free(&completion);
}

static void page_that_is_installed_is_what_the_command_says(void **unused)
{
    struct ran page = run_line("ferry-sim man");
    char *built = read_file(FERRY_SIM_PAGE);

    (void)unused;
    assert_non_null(built);
    assert_string_equal(built, page.out);
    free(built);
    ran_free(&page);
}

static void completion_is_valid_bash_and_completes(void **unused)
{
    (void)unused;
    struct ran ran = run_line(
        "eval \"$(ferry-sim completion)\"\n"
        "COMP_WORDS=(ferry-sim run --see); COMP_CWORD=2; _ferry_sim; echo \"${COMPREPLY[*]}\"\n"
        "COMP_WORDS=(ferry-sim sho); COMP_CWORD=1; _ferry_sim; echo \"${COMPREPLY[*]}\"\n");

    assert_string_equal(ran.err, "");
    assert_string_equal(ran.out, "--seed= --seeds=\nshow\n");
    ran_free(&ran);
}

static void full_stdout_is_an_error(void **unused)
{
    (void)unused;
    struct ran ran = run_line("ferry-sim man > /dev/full");

    assert_int_equal(ran.status, 2);
    assert_non_null(strstr(ran.err, "standard output: No space left"));
    ran_free(&ran);
}

static void reader_that_has_seen_enough_is_no_error(void **unused)
{
    (void)unused;
    static const char *const lines[] = {
        "schema", "man", "--help", "run s.yaml", "show s.yaml", "completion"};
    write_scenario("s.yaml", "fine");

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char line[200];
        /* the reader closes its end, and says so, before the first byte is written */
        (void)snprintf(
            line,
            sizeof line,
            "rm -f gone; mkfifo gone; { read -r < gone; ferry-sim %s; echo $? > status; } | "
            "{ exec 0<&-; echo > gone; }",
            lines[i]);
        struct ran ran = run_line(line);
        char *status = read_file("status");

        assert_null(strstr(ran.err, "ferry-sim:"));
        assert_string_equal(status, "0\n");
        free(status);
        ran_free(&ran);
    }
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_SCRATCH(wrong_usage_is_named),
        IN_SCRATCH(errors_of_all_scenarios_are_printed_and_nothing_runs),
        IN_SCRATCH(what_is_not_there_is_named),
        IN_SCRATCH(output_that_cannot_be_written_is_found_before_the_run),
        IN_SCRATCH(unreadable_scenario_is_named),
        IN_SCRATCH(help_and_version_go_to_stdout),
        IN_SCRATCH(show_explains_each_file_and_tells_of_those_it_cannot),
        IN_SCRATCH(schema_is_one_json_object),
        IN_SCRATCH(page_and_completion_have_every_option),
        IN_SCRATCH(page_that_is_installed_is_what_the_command_says),
        IN_SCRATCH(completion_is_valid_bash_and_completes),
        IN_SCRATCH(full_stdout_is_an_error),
        IN_SCRATCH(reader_that_has_seen_enough_is_no_error),
    };

    return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
