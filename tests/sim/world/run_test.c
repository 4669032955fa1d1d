/* SPDX-License-Identifier: Apache-2.0 */
/* run_test.c -- whole runs: what decides their events, and when they end. */
#include "play.h"

#define BUSY "{kind: uniform, size: 8 MiB, rate: 20 MiB/s}"

static void an_idle_guest_moves_and_everything_is_given_back(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){0});
    const struct ferry_outcome *outcome = &run.result.migrations[0].outcome;

    play_expect_pass(&run);
    assert_int_equal(run.result.migration_count, 1);
    assert_int_equal(outcome->kind, FERRY_OUTCOME_COMPLETED);
    assert_int_equal(run.result.guests[0].place, SCENARIO_PLACE_RUNNING);
    assert_int_equal(run.result.guests[0].host, 1);
    assert_int_equal(run.result.migrations[0].source_session, SCENARIO_SESSION_NONE);
    assert_int_equal(run.result.migrations[0].target_session, SCENARIO_SESSION_NONE);
    assert_int_equal(play_count(&run, "SIDE_CLOSED", NULL), 2);
    play_end(&run);
}

static void the_same_seed_gives_the_same_events_another_one_others(void **unused)
{
    (void)unused;
    struct play first = play(&(struct play_options){.workload = BUSY, .seed = 7});
    struct play second = play(&(struct play_options){.workload = BUSY, .seed = 7});
    struct play other = play(&(struct play_options){.workload = BUSY, .seed = 8});

    assert_string_equal(first.log, second.log);
    assert_true(first.result.hash == second.result.hash);
    assert_true(first.result.hash != other.result.hash);
    assert_true(first.result.events > 50);
    play_end(&first);
    play_end(&second);
    play_end(&other);
}

static void a_timeline_changes_no_event(void **unused)
{
    (void)unused;
    struct play plain = play(&(struct play_options){.workload = BUSY});
    struct play drawn = play(&(struct play_options){.workload = BUSY, .timeline = true});

    assert_true(plain.result.hash == drawn.result.hash);
    assert_int_equal(plain.result.span_count, 0);
    assert_true(drawn.result.span_count > 0);
    assert_true(drawn.result.sample_count > 0);
    play_end(&plain);
    play_end(&drawn);
}

static void without_anything_to_do_a_run_ends_and_its_guest_runs(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){.no_move = true});

    play_expect_pass(&run);
    assert_int_equal(run.result.guests[0].place, SCENARIO_PLACE_RUNNING);
    assert_int_equal(run.result.guests[0].host, 0);
    assert_true(run.result.virtual_ns <= 2 * SECOND);
    play_end(&run);
}

static void the_scenarios_end_is_kept_to_the_nanosecond(void **unused)
{
    (void)unused;
    struct play early = play(&(struct play_options){.top = "end: 1005 ms"});
    struct play late = play(&(struct play_options){.top = "end: 30 s"});

    assert_true(early.result.virtual_ns == 1005 * MS);
    assert_int_equal(early.result.migrations[0].outcome.kind, FERRY_OUTCOME_NONE);
    assert_true(late.result.virtual_ns == 30 * SECOND);
    assert_int_equal(late.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
    play_end(&early);
    play_end(&late);
}

static void a_migration_which_cannot_move_on_is_an_error_after_an_hour(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .move = "bandwidth_cap: 0 bit/s, give_up_after: 10 h",
    });

    assert_int_equal(run.result.verdict, SIM_VERDICT_ERROR);
    assert_non_null(strstr(run.result.failures[0].message, "no progress"));
    assert_in_range(run.result.virtual_ns / SECOND, 3600, 3800);
    run.result.verdict = SIM_VERDICT_FAIL; /* expected */
    play_end(&run);
}

/* Nothing was under way before the step, so nothing stood still. */
static void a_step_after_hours_without_any_begins_the_hour_anew(void **unused)
{
    (void)unused;
    struct play run =
        play(&(struct play_options){.no_move = true, .steps = "  - {at: 2 h, move: g1, to: h2}\n"});

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
    assert_in_range(run.result.virtual_ns / SECOND, 7200, 7320);
    play_end(&run);
}

static void with_an_end_of_its_own_a_run_may_stand_still_for_hours(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .top = "end: 3 h", .move = "bandwidth_cap: 0 bit/s, give_up_after: 10 h"});

    /* Its own end cuts it off, and it is judged as it stands: nothing is wrong so far. */
    assert_int_equal(run.result.verdict, SIM_VERDICT_PASS);
    assert_true(run.result.virtual_ns == 3 * 3600 * SECOND);
    play_end(&run);
}

static void real_bytes_travel_as_well_as_tags(void **unused)
{
    (void)unused;
    struct play run = play(
        &(struct play_options){.workload = BUSY, .guest = "content: bytes", .move = "streams: 3"});

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
    assert_non_null(play_line(&run, NULL, "MEMORY_COMPARED", "mismatches=0"));
    play_end(&run);
}

static void a_guest_over_the_hole_of_a_pc_moves_in_two_regions(void **unused)
{
    (void)unused;
    static const char text[] =
        "version: 1\nname: hole\nhosts: {h1: {memory: 8 GiB}, h2: {memory: 8 GiB}}\n"
        "networks: {a: {hosts: [h1, h2], bandwidth: 10 Gbit/s}}\n"
        "guests: {g1: {host: h1, memory: 4 GiB, nonzero: 1 %,"
        " workload: {kind: uniform, size: 4 GiB, rate: 4 MiB/s}}}\n"
        "steps: [{at: 1 s, move: g1, to: h2}]\n"
        "expect: [{move: g1, outcome: completed}]\n";
    struct play run = play_text(text, 1, false);

    play_expect_pass(&run);
    play_end(&run);
}

/* The source dies while its OPEN is under way: the run lasts until the target has cleaned up. */
static void a_run_waits_for_what_begins_at_its_end(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .hosts = "orphan_limit: 20 s",
        .faults = "  - {when: {move: g1, phase: opening}, after: 30 us, host: h1, crash: true}\n"});

    play_expect_pass(&run);
    assert_int_equal(play_count(&run, "GUEST_PREPARED", NULL), 1);
    assert_int_equal(play_count(&run, "GUEST_FREED", NULL), 1);
    assert_true(run.result.virtual_ns > 20 * SECOND);
    play_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_waits_for_what_begins_at_its_end),
        cmocka_unit_test(an_idle_guest_moves_and_everything_is_given_back),
        cmocka_unit_test(the_same_seed_gives_the_same_events_another_one_others),
        cmocka_unit_test(a_timeline_changes_no_event),
        cmocka_unit_test(without_anything_to_do_a_run_ends_and_its_guest_runs),
        cmocka_unit_test(the_scenarios_end_is_kept_to_the_nanosecond),
        cmocka_unit_test(a_migration_which_cannot_move_on_is_an_error_after_an_hour),
        cmocka_unit_test(a_step_after_hours_without_any_begins_the_hour_anew),
        cmocka_unit_test(with_an_end_of_its_own_a_run_may_stand_still_for_hours),
        cmocka_unit_test(real_bytes_travel_as_well_as_tags),
        cmocka_unit_test(a_guest_over_the_hole_of_a_pc_moves_in_two_regions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
