/* SPDX-License-Identifier: Apache-2.0 */
/* result_test.c -- the result of a run as it is built up: copies, rings, bounds, wishes. */
#include "sample.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void outcome_is_copied_and_a_later_one_replaces_it(void **unused)
{
    struct sample sample;
    struct ferry_round round = {.pages = 5};
    struct ferry_outcome unknown = {
        .kind = FERRY_OUTCOME_UNKNOWN, .round_count = 1, .rounds = &round};

    (void)unused;
    sample_make(&sample, "");
    sim_result_outcome(&sample.result, 0, &unknown);
    round.pages = 6; /* the engine's memory goes on to live */
    const struct sim_migration *migration = &sample.result.migrations[0];

    assert_int_equal(migration->outcome.kind, FERRY_OUTCOME_UNKNOWN);
    assert_int_equal(migration->outcome.rounds[0].pages, 5);
    sample_free(&sample);
}

static void newest_events_of_each_side_are_kept(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    sample_events(&sample, 300);
    const struct sim_recent *source = sim_result_recent(&sample.result, 0, SIM_SIDE_SOURCE);
    const struct sim_recent *world =
        sim_result_recent(&sample.result, SIM_RESULT_NONE, SIM_SIDE_WORLD);

    assert_int_equal(source->count, 100);
    assert_int_equal(source->events[(source->count - 1) % SIM_RESULT_RECENT].number, 298);
    assert_int_equal(source->events[source->count % SIM_RESULT_RECENT].number, 298 - 3 * 23);
    assert_int_equal(world->events[(world->count - 1) % SIM_RESULT_RECENT].number, 300);
    assert_null(sim_result_recent(&sample.result, 4711, SIM_SIDE_TARGET));
    sample_free(&sample);
}

static void events_of_a_late_migration_find_their_ring(void **unused)
{
    struct sample sample;
    const struct sim_event event = {
        .number = 1, .side = SIM_SIDE_TARGET, .migration = 1000, .kind = "X"};

    (void)unused;
    sample_make(&sample, "");
    sim_result_event(&sample.result, &event);

    assert_int_equal(sim_result_recent(&sample.result, 1000, SIM_SIDE_TARGET)->count, 1);
    assert_null(sim_result_recent(&sample.result, 1000, SIM_SIDE_SOURCE));
    sample_free(&sample);
}

static void events_around_an_alarm_are_kept_whatever_comes_later(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    sample_events(&sample, 30);
    sim_result_alarm(&sample.result);
    sample_events(&sample, 10);
    sim_result_alarm(&sample.result); /* only the first one counts */
    sample_events(&sample, 100);
    const struct sim_recent *world =
        sim_result_recent(&sample.result, SIM_RESULT_NONE, SIM_SIDE_WORLD);

    assert_int_equal(world->count, 10 + SIM_RESULT_AFTER_ALARM / 3);
    sample_free(&sample);
}

static void failures_move_the_verdict_and_are_bounded(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    assert_int_equal(sample.result.verdict, SIM_VERDICT_PASS);
    for (int i = 0; i < 100; i++) {
        sim_result_fail(&sample.result, "I6", i, 0, "cap exceeded by %d bytes", i);
    }
    assert_int_equal(sample.result.verdict, SIM_VERDICT_FAIL);
    assert_int_equal(sample.result.failure_count, SIM_RESULT_FAILURES_MAX);
    assert_int_equal(sample.result.failures_dropped, 100 - SIM_RESULT_FAILURES_MAX);
    assert_string_equal(sample.result.failures[3].message, "cap exceeded by 3 bytes");
    sample_free(&sample);
}

static void error_is_not_softened_by_a_later_failure(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    sim_result_error(&sample.result, 5, "no progress");
    sim_result_fail(&sample.result, "I2", 6, SIM_RESULT_NONE, "nobody runs g");

    assert_int_equal(sample.result.verdict, SIM_VERDICT_ERROR);
    assert_string_equal(sample.result.failures[0].id, "error");
    sample_free(&sample);
}

static void log_has_a_line_for_each_event_with_all_of_it(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "");
    FILE *stream = sample_open();

    sample.result.log = stream;
    sample_events(&sample, 3);
    char *text = sample_take(stream);

    assert_string_equal(
        text,
        "1 0.001000000 source h1 m0 MESSAGE_SENT type=3 bytes=1 0000000000000011\n"
        "2 0.002000000 target h2 m0 MESSAGE_SENT type=3 bytes=2 0000000000000022\n"
        "3 0.003000000 world h1 - FAULT mig type=3 bytes=3 0000000000000033\n");
    free(text);
    sample_free(&sample);
}

static void spans_and_samples_are_dropped_unless_wanted(void **unused)
{
    struct sample sample;
    const struct sim_span span = {.kind = SIM_SPAN_HOST_DOWN, .begin_ns = 4};
    const struct sim_link_sample link = {.at_ns = 1};

    (void)unused;
    sample_make(&sample, "");
    sim_result_span_end(&sample.result, sim_result_span_begin(&sample.result, &span), 9);
    sim_result_sample(&sample.result, &link);
    assert_int_equal(sample.result.span_count + sample.result.sample_count, 0);

    sample.result.want_timeline = true;
    const size_t first = sim_result_span_begin(&sample.result, &span);
    const size_t second = sim_result_span_begin(&sample.result, &span);

    sim_result_span_end(&sample.result, first, 9);
    sim_result_sample(&sample.result, &link);
    assert_int_equal(sample.result.spans[first].end_ns, 9);
    assert_int_equal(sample.result.spans[second].end_ns, INT64_MAX);
    assert_int_equal(sample.result.sample_count, 1);
    sample_free(&sample);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcome_is_copied_and_a_later_one_replaces_it),
        cmocka_unit_test(newest_events_of_each_side_are_kept),
        cmocka_unit_test(events_of_a_late_migration_find_their_ring),
        cmocka_unit_test(events_around_an_alarm_are_kept_whatever_comes_later),
        cmocka_unit_test(failures_move_the_verdict_and_are_bounded),
        cmocka_unit_test(error_is_not_softened_by_a_later_failure),
        cmocka_unit_test(log_has_a_line_for_each_event_with_all_of_it),
        cmocka_unit_test(spans_and_samples_are_dropped_unless_wanted),
    };

    return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
