/* SPDX-License-Identifier: Apache-2.0 */
/* moves_test.c -- several migrations: drains, one after the other, and those that cannot begin. */
#include "play.h"

/* At most so many migrations under way at one time, by the log. */
static unsigned most_at_once(const struct play *run)
{
    unsigned most = 0;

    for (size_t i = 0; i < run->result.migration_count; i++) {
        const int64_t at = run->result.migrations[i].started_at_ns;
        unsigned now = 0;
        for (size_t j = 0; j < run->result.migration_count; j++) {
            const struct sim_migration *move = &run->result.migrations[j];
            if (move->started_at_ns <= at && at < move->started_at_ns + move->outcome.total_ns) {
                now++;
            }
        }
        most = now > most ? now : most;
    }
    return most;
}

static void a_drain_moves_every_guest_a_few_at_a_time(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .no_move = true,
        .guests = "  g2: {host: h1, memory: 16 MiB}\n  g3: {host: h1, memory: 16 MiB}\n"
                  "  g4: {host: h1, memory: 16 MiB}\n  g5: {host: h1, memory: 16 MiB}\n",
        .steps = "  - {at: 1 s, drain: h1, parallel: 2}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(run.result.migration_count, 5);
    assert_int_equal(most_at_once(&run), 2);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(run.result.migrations[i].outcome.kind, FERRY_OUTCOME_COMPLETED);
        assert_int_equal(run.result.guests[i].place, SCENARIO_PLACE_RUNNING);
        assert_in_range(run.result.guests[i].host, 1, 2);
        assert_true(run.result.migrations[i].asked_at_ns == SECOND);
    }
    assert_true(run.result.migrations[4].queued_ns > 0);
    assert_int_equal(play_count(&run, "DRAINED", NULL), 1);
    play_end(&run);
}

static void a_guest_without_room_anywhere_stays_and_is_reported(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .no_move = true,
        .guests = "  big: {host: h1, memory: 800 MiB}\n"
                  "  full2: {host: h2, memory: 800 MiB}\n  full3: {host: h3, memory: 800 MiB}\n",
        .steps = "  - {at: 1 s, drain: h1}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(play_count(&run, "NO_ROOM", "big"), 1);
    assert_int_equal(run.result.guests[1].host, 0);
    assert_true(run.result.guests[0].host != 0);
    play_end(&run);
}

static void a_drain_passes_by_a_host_whose_daemon_is_down(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .no_move = true,
        .steps = "  - {at: 1 s, drain: h1}\n",
        .faults = "  - {at: 900 ms, host: h2, daemon_crash: true, restart_after: 200 s}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(run.result.migration_count, 1);
    assert_int_equal(run.result.guests[0].host, 2);
    play_end(&run);
}

static void a_drain_tries_a_failed_guest_once_more_elsewhere(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .no_move = true,
        .steps = "  - {at: 1 s, drain: h1}\n",
        .faults = "  - {at: 1001 ms, host: h2, crash: true}\n",
    });

    assert_int_equal(run.result.migration_count, 2);
    assert_int_equal(run.result.migrations[0].to, 1);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_FAILED);
    assert_int_equal(run.result.migrations[1].outcome.kind, FERRY_OUTCOME_COMPLETED);
    assert_int_equal(run.result.guests[0].host, 2);
    play_end(&run);
}

static void a_second_move_of_a_guest_under_way_is_refused(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .move = "id: first, bandwidth_cap: 100 Mbit/s",
        .steps = "  - {at: 1100 ms, move: g1, to: h3, id: second}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
    assert_int_equal(run.result.migrations[1].outcome.kind, FERRY_OUTCOME_REFUSED);
    assert_int_equal(run.result.migrations[1].outcome.status, FERRY_REFUSED_BUSY);
    assert_int_equal(run.result.guests[0].host, 1);
    play_end(&run);
}

static void a_guest_moves_on_and_back_with_a_higher_epoch_each_time(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .workload = "{kind: uniform, size: 8 MiB, rate: 20 MiB/s}",
        .move = "id: one",
        .steps = "  - {at: 5 s, move: g1, to: h3, id: two}\n"
                 "  - {at: 9 s, move: g1, to: h1, id: three}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(run.result.guests[0].host, 0);
    assert_non_null(play_line(&run, NULL, "VCPUS_RUN", "epoch=2"));
    assert_non_null(play_line(&run, NULL, "VCPUS_RUN", "epoch=3"));
    assert_non_null(play_line(&run, NULL, "VCPUS_RUN", "epoch=4"));
    play_end(&run);
}

static void a_target_without_memory_refuses_before_the_first_page(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .guests = "  full: {host: h2, memory: 1020 MiB}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_REFUSED);
    assert_int_equal(run.result.migrations[0].outcome.status, FERRY_REFUSED_MEMORY);
    assert_int_equal(play_count(&run, "BATCH_SENT", NULL), 0);
    play_end(&run);
}

static void an_order_that_nobody_can_hear_is_noted(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){.steps = "  - {at: 30 s, cancel: g1}\n"});

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
    assert_non_null(play_line(&run, NULL, "STEP", "hear"));
    play_end(&run);
}

static void two_guests_share_a_link_in_equal_parts(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .hosts = "costs: none",
        .guests = "  g2: {host: h1, memory: 16 MiB, workload: {kind: idle}}\n",
        .steps = "  - {at: 1 s, move: g2, to: h2}\n",
    });
    const int64_t first = run.result.migrations[0].rounds[0].duration_ns;
    const int64_t second = run.result.migrations[1].rounds[0].duration_ns;

    play_expect_pass(&run);
    assert_in_range(first, 26 * MS, 28 * MS); /* 16 MiB at 5 Gbit/s */
    assert_in_range(second, first - MS, first + MS);
    play_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_moves_every_guest_a_few_at_a_time),
        cmocka_unit_test(a_guest_without_room_anywhere_stays_and_is_reported),
        cmocka_unit_test(a_drain_passes_by_a_host_whose_daemon_is_down),
        cmocka_unit_test(a_drain_tries_a_failed_guest_once_more_elsewhere),
        cmocka_unit_test(a_second_move_of_a_guest_under_way_is_refused),
        cmocka_unit_test(a_guest_moves_on_and_back_with_a_higher_epoch_each_time),
        cmocka_unit_test(a_target_without_memory_refuses_before_the_first_page),
        cmocka_unit_test(an_order_that_nobody_can_hear_is_noted),
        cmocka_unit_test(two_guests_share_a_link_in_equal_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
