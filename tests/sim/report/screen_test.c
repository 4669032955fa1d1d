/* SPDX-License-Identifier: Apache-2.0 */
/* screen_test.c -- what people read: the screen of a failing run, the table, where two runs part. */
#include "sim/report/screen.h"

#include "sample.h"
#include "sim/report/divergence.h"
#include "sim/report/table.h"

#include <stdlib.h>
#include <string.h>

static size_t count_lines(const char *text, size_t *widest)
{
    size_t lines = 0;

    *widest = 0;
    while (*text != '\0') {
        const size_t width = strcspn(text, "\n");

        *widest = width > *widest ? width : *widest;
        text += width + (text[width] == '\n' ? 1 : 0);
        lines++;
    }
    return lines;
}

static void whole_screen_has_cause_sides_and_one_command(void **unused)
{
    struct sample sample;
    struct run_report report;

    (void)unused;
    sample_make(&sample, "");
    sample_events(&sample, 90);
    run_report_init(&report, sample.scenario, 7);
    run_report_fail(&report, SIM_VERDICT_FAIL, "I3", "page 17 of g differs");
    report.file = "my scenarios/it's.yaml";
    report.options = " --net light";
    report.commit = "1f5db61c2a04";
    FILE *stream = sample_open();

    screen_head(stream, &report);
    screen_middle(stream, &sample.result, 120);
    screen_tail(stream, &report, "build/ferry-sim", false);
    char *text = sample_take(stream);
    size_t widest = 0;

    assert_non_null(strstr(text, "FAIL  sample  (my scenarios/it's.yaml, seed 7)\n"));
    assert_non_null(strstr(text, "  I3    at 0.000000000 s: page 17 of g differs\n"));
    assert_non_null(strstr(text, "  blackout: 45 ms (predicted 40 ms), began at 2.200000000 s\n"));
    assert_non_null(strstr(text, "    transfer            15 ms  |             ####"));
    assert_non_null(strstr(text, "  attempt 1 aborted: paused for 290 ms (predicted 100 ms)"));
    assert_non_null(strstr(text, "\n  0.088000000 MESSAGE_SENT MANIFEST bytes=88 "));
    assert_non_null(strstr(text, " | 0.089000000 MESSAGE_SENT MANIFEST bytes=89\n"));
    assert_non_null(strstr(text, "\n  * 0.090000000 FAULT mig type=3 bytes=90\n"));
    assert_non_null(strstr(
        text,
        "\n  reproduce: build/ferry-sim run --net light --seed 7 'my scenarios/it'\\''s.yaml'\n"));
    assert_non_null(strstr(text, ", built from commit 1f5db61c2a04\n"));
    assert_true(count_lines(text, &widest) <= 45);
    assert_true(widest <= 120);
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

static void narrow_terminal_gets_narrow_columns(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    sample_events(&sample, 90);
    FILE *stream = sample_open();

    screen_middle(stream, &sample.result, 80);
    char *text = sample_take(stream);
    const char *events = strstr(text, "  last events");
    size_t widest = 0;

    (void)count_lines(events, &widest);
    assert_true(widest <= 80);
    free(text);
    sample_free(&sample);
}

static void screen_shows_the_migration_that_the_failure_names(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    const uint32_t second = sim_result_add_migration(&sample.result, 0, 1, 1, 0);

    sim_result_fail(&sample.result, "I2", 1, SIM_RESULT_NONE, "one");
    sim_result_fail(&sample.result, "I7", 1, second, "two");
    FILE *stream = sample_open();

    screen_middle(stream, &sample.result, 120);
    char *text = sample_take(stream);

    assert_non_null(strstr(text, "  move idle, h2 -> h1: not ended"));
    assert_null(strstr(text, "blackout:"));
    free(text);
    sample_free(&sample);
}

static char *middle(const struct sample *sample)
{
    FILE *stream = sample_open();

    screen_middle(stream, &sample->result, 120);
    return sample_take(stream);
}

static void expectation_of_a_move_is_shown_with_the_events_of_its_outcome(void **unused)
{
    struct sample sample;
    const struct ferry_outcome outcome = sample_outcome();

    (void)unused;
    sample_make(&sample, "");
    sample_events(&sample, 60);
    sim_result_outcome(&sample.result, 0, &outcome);
    for (uint64_t number = 61; number <= 200; number++) {
        sample_event(&sample, number);
    }
    sim_result_fail(&sample.result, "E1", 1, 0, "too long");
    char *text = middle(&sample);

    assert_non_null(strstr(text, "  events up to its outcome: source h1 "));
    assert_non_null(strstr(text, "  * 0.060000000 FAULT"));
    assert_non_null(strstr(text, " | 0.062000000 MESSAGE_SENT MANIFEST bytes=62\n"));
    assert_non_null(strstr(text, "\n  0.064000000 MESSAGE_SENT"));
    assert_null(strstr(text, "0.065000000"));
    assert_null(strstr(text, "0.200000000"));
    free(text);
    sample_free(&sample);
}

static void run_that_ends_with_the_outcome_is_shown_to_its_end(void **unused)
{
    struct sample sample;
    const struct ferry_outcome outcome = sample_outcome();

    (void)unused;
    sample_make(&sample, "");
    sample_events(&sample, 60);
    sim_result_outcome(&sample.result, 0, &outcome);
    sample_event(&sample, 61);
    sim_result_fail(&sample.result, "E1", 1, 0, "too long");
    char *text = middle(&sample);

    assert_non_null(strstr(text, "\n  0.061000000 MESSAGE_SENT"));
    free(text);
    sample_free(&sample);
}

static void failure_of_a_guest_is_shown_with_the_end_of_the_run(void **unused)
{
    struct sample sample;
    const struct ferry_outcome outcome = sample_outcome();

    (void)unused;
    sample_make(&sample, "");
    sim_result_outcome(&sample.result, 0, &outcome);
    sample_events(&sample, 60);
    sim_result_fail(&sample.result, "E2", 1, SIM_RESULT_NONE, "guest is lost");
    char *text = middle(&sample);

    assert_non_null(strstr(text, "  last events: source h1 "));
    assert_non_null(strstr(text, "  * 0.060000000 FAULT"));
    free(text);
    sample_free(&sample);
}

static void run_without_migrations_still_has_a_screen(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    struct sim_result result;

    sim_result_init(&result, sample.scenario, 1);
    FILE *stream = sample_open();

    screen_middle(stream, &result, 120);
    char *text = sample_take(stream);

    assert_string_equal(text, "  last events\n  none\n");
    free(text);
    sim_result_deinit(&result);
    sample_free(&sample);
}

/* ---- the table ---- */

static struct run_report *make_reports(const struct sample *sample, size_t count)
{
    struct run_report *reports = calloc(count, sizeof *reports);

    for (size_t i = 0; i < count; i++) {
        run_report_init(&reports[i], sample->scenario, i + 1);
        reports[i].summary.migrations = 1;
        reports[i].summary.outcomes[FERRY_OUTCOME_COMPLETED] = 1;
        reports[i].summary.total_ns = 53700000000;
        reports[i].summary.blackout_ns = 87200000;
        reports[i].summary.predicted_ns = 80000000;
        reports[i].summary.rounds = 12;
        reports[i].summary.wire_bytes = UINT64_C(1) << 36;
        reports[i].summary.virtual_ns = 60000000000;
        reports[i].summary.wall_ns = 500000000;
    }
    return reports;
}

static void free_reports(struct run_report *reports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        run_report_deinit(&reports[i]);
    }
    free(reports);
}

static void table_is_aligned_whatever_is_in_it(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    struct run_report *reports = make_reports(&sample, 3);

    reports[1].name = "n\xc3\xa4me";
    reports[1].summary.migrations = 40;
    reports[1].summary.outcomes[FERRY_OUTCOME_COMPLETED] = 38;
    reports[1].summary.outcomes[FERRY_OUTCOME_FAILED] = 2;
    reports[1].summary.verdict = SIM_VERDICT_FAIL;
    reports[2].summary = (struct report_summary){.verdict = SIM_VERDICT_ERROR};
    FILE *stream = sample_open();

    table_write(stream, reports, 3);
    table_totals(stream, reports, 3, 1500000000);
    char *text = sample_take(stream);

    assert_string_equal(
        text,
        "scenario  seed  verdict  outcome                  total  blackout  predicted  rounds    "
        "wire  client gap  virtual/wall\n"
        "sample       1  pass     completed               53.7 s   87.2 ms      80 ms      12  64 "
        "GiB           -          120x\n"
        "n\xc3\xa4me         2  fail     38 completed, 2 failed  53.7 s   87.2 ms      80 ms      "
        "12  64 GiB           -          120x\n"
        "sample       3  error    -                            -         -          -       -      "
        " -           -             -\n"
        "3 runs: 1 pass, 1 fail, 1 error; 41 migrations; 120 s of virtual time in 1.50 s; at most "
        "0 B of memory a run\n");
    free(text);
    free_reports(reports, 3);
    sample_free(&sample);
}

static void many_runs_have_rows_for_those_which_did_not_pass(void **unused)
{
    struct sample sample;
    const size_t count = TABLE_ROWS_MAX + 50;

    (void)unused;
    sample_make(&sample, "");
    struct run_report *reports = make_reports(&sample, count);

    reports[120].summary.verdict = SIM_VERDICT_FAIL;
    FILE *stream = sample_open();

    table_write(stream, reports, count);
    char *text = sample_take(stream);
    size_t widest = 0;

    assert_int_equal(count_lines(text, &widest), 3);
    assert_non_null(strstr(text, "sample     121  fail "));
    assert_non_null(strstr(text, "sample: 149 of 150 runs pass\n"));
    free(text);
    free_reports(reports, count);
    sample_free(&sample);
}

/* ---- divergence ---- */

static void write_log(FILE *log, unsigned lines, unsigned differs_at)
{
    for (unsigned i = 1; i <= lines; i++) {
        (void)fprintf(log, "%u event%s\n", i, i >= differs_at ? " other" : "");
    }
}

static char *diverge(unsigned first, unsigned second, unsigned differs_at, bool *differs)
{
    FILE *one = tmpfile();
    FILE *two = tmpfile();

    write_log(one, first, UINT32_MAX);
    write_log(two, second, differs_at);
    FILE *stream = sample_open();

    *differs = divergence_write(stream, one, two);
    (void)fclose(one);
    (void)fclose(two);
    return sample_take(stream);
}

static void first_difference_stands_after_the_twenty_events_before_it(void **unused)
{
    bool differs = false;
    size_t widest = 0;

    (void)unused;
    char *text = diverge(50, 50, 30, &differs);

    assert_true(differs);
    assert_int_equal(count_lines(text, &widest), 1 + 20 + 2);
    assert_non_null(strstr(text, "after 29 which are the same in both:\n    both    10 event\n"));
    assert_non_null(strstr(text, "    both    29 event\n  > first   30 event\n"));
    assert_non_null(strstr(text, "  > second  30 event other\n"));
    free(text);
}

static void run_that_ends_earlier_differs_there(void **unused)
{
    bool differs = false;

    (void)unused;
    char *text = diverge(3, 2, UINT32_MAX, &differs);

    assert_true(differs);
    assert_non_null(strstr(text, "  > first   3 event\n  > second  the run has ended\n"));
    free(text);
}

static void equal_logs_say_nothing(void **unused)
{
    bool differs = true;

    (void)unused;
    char *text = diverge(40, 40, UINT32_MAX, &differs);

    assert_false(differs);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_screen_has_cause_sides_and_one_command),
        cmocka_unit_test(narrow_terminal_gets_narrow_columns),
        cmocka_unit_test(screen_shows_the_migration_that_the_failure_names),
        cmocka_unit_test(expectation_of_a_move_is_shown_with_the_events_of_its_outcome),
        cmocka_unit_test(run_that_ends_with_the_outcome_is_shown_to_its_end),
        cmocka_unit_test(failure_of_a_guest_is_shown_with_the_end_of_the_run),
        cmocka_unit_test(run_without_migrations_still_has_a_screen),
        cmocka_unit_test(table_is_aligned_whatever_is_in_it),
        cmocka_unit_test(many_runs_have_rows_for_those_which_did_not_pass),
        cmocka_unit_test(first_difference_stands_after_the_twenty_events_before_it),
        cmocka_unit_test(run_that_ends_earlier_differs_there),
        cmocka_unit_test(equal_logs_say_nothing),
    };

    return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
