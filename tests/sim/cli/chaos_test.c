/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chaos_test.c -- `ferry-sim chaos`, `shrink`, `critical`, `sweep` as users call them. In the world of
 * double.c seed 13 fails an invariant and seed 17 crashes; of those from 9000000011 on the second fails,
 * and the third never ends. All others pass.
 */
#include "command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAILURES "ferry-chaos-failures.txt"

static struct ran expect_status(const char *line, int status)
{
    struct ran ran = run_line(line);

    if (ran.status != status) {
        fail_msg("%s: status %d\n%s%s", line, ran.status, ran.out, ran.err);
    }
    return ran;
}

static void expect_words(const char *line, int status, const char *out, const char *err)
{
    struct ran ran = expect_status(line, status);

    if (strstr(ran.out, out) == NULL || strstr(ran.err, err) == NULL) {
        fail_msg("%s: expected \"%s\" and \"%s\":\n%s%s", line, out, err, ran.out, ran.err);
    }
    ran_free(&ran);
}

static json_t *chaos_of(const char *line)
{
    struct ran ran = run_line(line);
    json_t *document = json_loads(ran.out, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(document);
    json_t *chaos = json_incref(json_object_get(document, "chaos"));

    assert_non_null(chaos);
    json_decref(document);
    ran_free(&ran);
    return chaos;
}

static json_int_t number_in(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---- chaos ---- */

static void passing_seeds_end_with_a_matrix_and_status_0(void **unused)
{
    (void)unused;
    struct ran ran = expect_status("ferry-sim chaos --seeds 12", 0);

    assert_string_equal(ran.err, "");
    assert_non_null(strstr(ran.out, "\nall                               12  |"));
    assert_non_null(
        strstr(ran.out, "\n12 seeds from 1: 12 ok, 0 unwinnable, 0 violated, 0 broken; "));
    assert_int_equal(access(FAILURES, F_OK), -1);
    ran_free(&ran);
}

static void failing_seeds_are_named_kept_and_end_with_status_1(void **unused)
{
    (void)unused;
    for (unsigned time = 1; time <= 2; time++) {
        struct ran ran = expect_status("ferry-sim chaos --seeds 10..19 --jobs 3", 1);

        assert_non_null(strstr(
            ran.out,
            "FAIL  seed 13  I3 at 0.995000000 s: page 17 of guest g differs at the resume"));
        assert_non_null(strstr(ran.out, " chaos --seed 13\n"));
        assert_non_null(
            strstr(ran.out, "BROKEN  seed 17  crash at 0.000000000 s: killed by signal"));
        assert_non_null(strstr(ran.out, ": about to crash"));
        assert_non_null(
            strstr(ran.out, "\n10 seeds from 10: 8 ok, 0 unwinnable, 1 violated, 1 broken;"));
        ran_free(&ran);
        char *kept = read_file(FAILURES);
        unsigned lines = 0;

        assert_non_null(kept);
        for (const char *at = kept; (at = strchr(at, '\n')) != NULL; at++) {
            lines++;
        }
        assert_int_equal(lines, 2 * time); /* each call adds its own */
        assert_non_null(strstr(kept, "chaos 13 light violated I3: page 17"));
        free(kept);
    }
    assert_int_equal(unlink(FAILURES), 0);
}

/* `chaos` has counted a failure and is at a seed that never ends: then this comes. */
#define UNDER_WAY                                                                      \
    "set -m; " FERRY_SIM " chaos --seeds 9000000011..9000000099 --jobs 1 --failures f" \
    " --json j.json --junit j.xml & for i in {1..500}; do test -s f && break; sleep 0.02; done; "

static void failing_seed_is_kept_before_the_others_have_run(void **unused)
{
    struct ran ran = run_line(UNDER_WAY "kill -KILL %1; wait %1; cat f; rm f j.*");

    (void)unused;
    assert_non_null(strstr(ran.out, "chaos 9000000012 light violated I3: page 17"));
    ran_free(&ran);
}

static void expect_documents_of_an_interruption(void)
{
    json_t *document = json_load_file("j.json", JSON_REJECT_DUPLICATES, NULL);
    const json_t *chaos = json_object_get(document, "chaos");

    assert_non_null(document);
    assert_true(json_is_true(json_object_get(chaos, "interrupted")));
    assert_int_equal(number_in(chaos, "runs"), 2);
    assert_int_equal(json_array_size(json_object_get(chaos, "failures")), 1);
    json_decref(document);
    char *junit = read_file("j.xml");

    assert_non_null(junit);
    assert_non_null(strstr(junit, "tests=\"3\" failures=\"1\" errors=\"1\""));
    assert_non_null(strstr(junit, "name=\"chaos, 2 seeds from 9000000011\""));
    assert_non_null(strstr(junit, "name=\"chaos, interrupted\""));
    assert_non_null(strstr(junit, "<error type=\"interrupted\" message=\"interrupted by SIG"));
    free(junit);
    assert_int_equal(unlink("j.json") + unlink("j.xml") + unlink("f"), 0);
}

static void interrupted_chaos_reports_what_has_run_with_a_mark(void **unused)
{
    static const struct {
        const char *line;
        const char *status;
        const char *name;
    } rows[] = {
        {UNDER_WAY "kill -INT %1; wait %1; echo status $?",  "\nstatus 130\n", "SIGINT" },
        {UNDER_WAY "kill -TERM %1; wait %1; echo status $?", "\nstatus 143\n", "SIGTERM"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ran ran = run_line(rows[i].line);
        char said[80];

        (void)snprintf(said, sizeof said, "interrupted by %s: 2 of 89 seeds", rows[i].name);
        assert_non_null(strstr(ran.out, rows[i].status));
        assert_non_null(strstr(ran.out, "FAIL  seed 9000000012  I3 at"));
        assert_non_null(
            strstr(ran.out, "\n2 seeds from 9000000011: 1 ok, 0 unwinnable, 1 violated"));
        assert_non_null(strstr(ran.err, said));
        ran_free(&ran);
        expect_documents_of_an_interruption();
    }
}

static void documents_count_what_the_table_counts(void **unused)
{
    json_t *chaos = chaos_of("ferry-sim chaos --seeds 10..19 --json - --junit j.xml --failures f");
    const json_t *failures = json_object_get(chaos, "failures");
    const json_t *verdicts = json_object_get(chaos, "verdicts");

    (void)unused;
    assert_int_equal(number_in(chaos, "runs"), 10);
    assert_true(json_is_false(json_object_get(chaos, "interrupted")));
    assert_int_equal(number_in(chaos, "first"), 10);
    assert_string_equal(json_string_value(json_object_get(chaos, "network")), "light");
    assert_int_equal(number_in(verdicts, "ok"), 8);
    assert_int_equal(number_in(verdicts, "violated"), 1);
    assert_int_equal(number_in(verdicts, "broken"), 1);
    assert_int_equal(json_array_size(failures), 2);
    assert_int_equal(number_in(json_array_get(failures, 0), "seed"), 13);
    assert_int_equal(number_in(json_array_get(failures, 1), "seed"), 17);
    assert_true(json_array_size(json_object_get(chaos, "kinds")) > 5);
    json_decref(chaos);
    char *junit = read_file("j.xml");

    assert_non_null(strstr(junit, "tests=\"3\" failures=\"1\" errors=\"1\""));
    assert_non_null(strstr(junit, "name=\"chaos, seeds 10..19\""));
    assert_non_null(strstr(junit, "name=\"chaos, seed 13\""));
    free(junit);
}

static void junit_of_one_seed_names_it(void **unused)
{
    struct ran ran = expect_status("ferry-sim chaos --seed 12 --junit -", 0);

    (void)unused;
    assert_non_null(strstr(ran.out, "name=\"chaos, seed 12\""));
    ran_free(&ran);
}

static void jobs_change_nothing(void **unused)
{
    json_t *one = chaos_of("ferry-sim chaos --seeds 40 --jobs 1 --json - --failures f");
    json_t *four = chaos_of("ferry-sim chaos --seeds 40 --jobs 4 --json - --failures f");

    (void)unused;
    assert_true(json_equal(one, four));
    json_decref(one);
    json_decref(four);
}

static json_int_t first_of(const char *line)
{
    json_t *chaos = chaos_of(line);
    const json_int_t first = number_in(chaos, "first");

    json_decref(chaos);
    return first;
}

static void commit_decides_the_first_seed(void **unused)
{
    (void)unused;
    const json_int_t one =
        first_of("ferry-sim chaos --seeds 1 --json - --seed-from-commit=0123abc");
    const json_int_t same =
        first_of("FERRY_COMMIT=0123ABC ferry-sim chaos --seeds 1 --json - --seed-from-commit");
    const json_int_t other =
        first_of("ferry-sim chaos --seeds 1 --json - --seed-from-commit=0123abd");

    assert_int_equal(one, same);
    assert_int_not_equal(one, other);
    assert_int_equal(one % 1000000, 0);
}

static void time_ends_a_run_without_a_number_of_seeds(void **unused)
{
    (void)unused;
    struct ran ran = run_line("ferry-sim chaos --for 200ms --failures f");

    assert_true(ran.status == 0 || ran.status == 1); /* it may have come to 13 */
    assert_non_null(strstr(ran.out, " seeds from 1: "));
    ran_free(&ran);
}

static void printed_plan_is_a_scenario(void **unused)
{
    (void)unused;
    expect_words("ferry-sim chaos --print 7 > 7.yaml && ferry-sim run 7.yaml", 0, "chaos 7", "");
    expect_words("ferry-sim chaos --print 13 > 13.yaml && ferry-sim run 13.yaml", 1, "I3", "");
}

static void wrong_usage_is_told_with_status_2(void **unused)
{
    static const struct {
        const char *line;
        const char *message;
    } rows[] = {
        {"ferry-sim chaos --seeds 0",                      "--seeds 0: expected"            },
        {"ferry-sim chaos --seeds 5..2",                   "--seeds 5..2: expected"         },
        {"ferry-sim chaos --seeds 5 --seed 2",             "each once"                      },
        {"ferry-sim chaos --seed 18446744073709551615",    "from 0 to 9223372036854775807"  },
        {"ferry-sim chaos --seeds 1..9999999999999999999", "at most 9223372036854775807"    },
        {"ferry-sim chaos --for 5",                        "--for 5: "                      },
        {"ferry-sim chaos --net token-ring",               "expected light or simgrid"      },
        {"ferry-sim chaos --jobs 0",                       "--jobs 0"                       },
        {"ferry-sim chaos --seed-from-commit=nothing",     "expected the hexadecimal hash"  },
        {"ferry-sim chaos --seeds 1 --json /no/where/at",  "/no/where"                      },
        {"ferry-sim chaos --seeds 1 --failures /no/f",     "--failures /no/f: cannot be"    },
        {"ferry-sim chaos --seeds 1 --failures .",         "Is a directory"                 },
        {"ferry-sim chaos --seeds 1 --failures ''",        "--failures : cannot be written" },
        {"ferry-sim shrink",                               "Give a seed of chaos, or a file"},
        {"ferry-sim shrink 1 2",                           "one seed or file at a time"     },
        {"ferry-sim shrink none.yaml",                     "none.yaml: No such file"        },
        {"ferry-sim critical",                             "Give a seed of chaos, or a file"},
        {"ferry-sim critical --samples 0 1",               "--samples 0"                    },
        {"ferry-sim sweep --pairs all",                    "expected none, phases or steps" },
        {"ferry-sim sweep",                                "has no switchover"              },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_words(rows[i].line, 2, "", rows[i].message);
    }
}

/* ---- shrink and critical ---- */

static void failing_seed_becomes_a_small_regression(void **unused)
{
    (void)unused;
    expect_words(
        "ferry-sim shrink 13", 0, "scenarios/regressions/chaos_13_i3.yaml: 0 faults, 0 steps", "");
    char *text = read_file("scenarios/regressions/chaos_13_i3.yaml");

    assert_non_null(text);
    assert_memory_equal(
        text, "# Question: is this mended, which chaos seed 13 found: I3, page", 63);
    assert_non_null(strstr(text, "name: chaos 13\n"));
    assert_null(strstr(text, "guests"));
    free(text);
    expect_words("ferry-sim run scenarios/regressions", 1, "I3", "");
    /* NOLINTNEXTLINE(cert-env33-c): a constant command in a folder of the test */
    assert_int_equal(unlink("scenarios/regressions/chaos_13_i3.yaml"), 0);
    assert_int_equal(rmdir("scenarios/regressions"), 0);
    assert_int_equal(rmdir("scenarios"), 0);
}

static void files_shrink_too_and_go_where_they_are_told(void **unused)
{
    (void)unused;
    write_scenario("f.yaml", "invariant");
    expect_words("ferry-sim shrink f.yaml --output small.yaml", 0, "small.yaml: 0 faults", "");
    expect_words("ferry-sim run small.yaml", 1, "I3", "");
    expect_words(
        "ferry-sim shrink f.yaml --output -", 0, "version: 1\nname: invariant\n", "fails with I3");
    assert_int_equal(access("scenarios", F_OK), -1);
}

static void crash_shrinks_like_any_failure(void **unused)
{
    (void)unused;
    expect_words(
        "ferry-sim shrink 17 --output -", 0, "name: chaos 17\n", "fails with crash: killed");
}

static void what_does_not_fail_is_not_shrunken(void **unused)
{
    (void)unused;
    expect_words("ferry-sim shrink 12", 2, "", "chaos seed 12 does not fail");
    expect_words("ferry-sim critical 12", 2, "", "chaos seed 12 does not fail");
    write_file("bad.yaml", "version: 9\n");
    expect_words("ferry-sim shrink bad.yaml", 2, "", "bad.yaml:1:10: ");
    assert_int_equal(access("scenarios", F_OK), -1);
}

static void failure_in_every_future_has_no_moment(void **unused)
{
    (void)unused;
    expect_words(
        "ferry-sim critical 13 --samples 3", 0, "whatever happens after its beginning", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passing_seeds_end_with_a_matrix_and_status_0),
        cmocka_unit_test(failing_seeds_are_named_kept_and_end_with_status_1),
        cmocka_unit_test(failing_seed_is_kept_before_the_others_have_run),
        cmocka_unit_test(interrupted_chaos_reports_what_has_run_with_a_mark),
        cmocka_unit_test(documents_count_what_the_table_counts),
        cmocka_unit_test(junit_of_one_seed_names_it),
        cmocka_unit_test(jobs_change_nothing),
        cmocka_unit_test(commit_decides_the_first_seed),
        cmocka_unit_test(time_ends_a_run_without_a_number_of_seeds),
        cmocka_unit_test(printed_plan_is_a_scenario),
        cmocka_unit_test(wrong_usage_is_told_with_status_2),
        cmocka_unit_test(failing_seed_becomes_a_small_regression),
        cmocka_unit_test(files_shrink_too_and_go_where_they_are_told),
        cmocka_unit_test(crash_shrinks_like_any_failure),
        cmocka_unit_test(what_does_not_fail_is_not_shrunken),
        cmocka_unit_test(failure_in_every_future_has_no_moment),
    };

    return cmocka_run_group_tests_name("chaos", tests, scratch_make, scratch_remove);
}
