/* SPDX-License-Identifier: Apache-2.0 */
/* faults_test.c -- faults begin when they should, do what they say, and are undone. */
#include "play.h"

#define BUSY "{kind: uniform, size: 8 MiB, rate: 20 MiB/s}"

static void a_fault_on_a_phase_comes_before_anything_that_follows_from_it(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .faults = "  - {when: {move: g1, phase: granted}, host: h1, crash: true}\n"});
    const char *phase = play_line(&run, NULL, "PHASE", "granted");

    assert_non_null(phase);
    assert_null(play_line(&run, phase, "SEND_CONTROL", NULL));
    assert_null(play_line(&run, phase, "CONTROL_BYTES", "source"));
    assert_null(play_line(&run, phase, "OWNER_ISSUED", NULL));
    play_end(&run);
}

static void after_delays_a_fault_from_its_phase_on(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .faults = "  - {when: {move: g1, phase: paused}, after: 1 ms, network: b, reset: true}\n"});
    const char *paused = play_line(&run, NULL, "GUEST_PAUSED", NULL);
    const char *fault = play_line(&run, NULL, "FAULT_BEGIN", NULL);

    play_expect_pass(&run);
    assert_non_null(fault);
    assert_true(play_time(fault) == play_time(paused) + MS);
    play_end(&run);
}

static void a_phase_which_is_never_entered_does_not_keep_the_run_going(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .faults = "  - {when: {move: g1, phase: paused, attempt: 4}, host: h1, crash: true}\n"});

    play_expect_pass(&run);
    assert_int_equal(play_count(&run, "FAULT_BEGIN", NULL), 0);
    assert_true(run.result.virtual_ns < 5 * SECOND);
    play_end(&run);
}

static void a_guest_outlives_its_daemon_and_not_its_host(void **unused)
{
    (void)unused;
    struct play daemon = play(&(struct play_options){
        .no_move = true,
        .faults = "  - {at: 1 s, host: h1, daemon_crash: true, restart_after: 2 s}\n"});
    struct play host = play(&(struct play_options){
        .no_move = true, .faults = "  - {at: 1 s, host: h1, crash: true, restart_after: 2 s}\n"});

    play_expect_pass(&daemon);
    play_expect_pass(&host);
    assert_int_equal(play_count(&daemon, "VCPUS_STOP", NULL), 0);
    assert_int_equal(daemon.result.guests[0].place, SCENARIO_PLACE_RUNNING);
    assert_int_equal(play_count(&host, "VCPUS_STOP", NULL), 1);
    assert_int_equal(host.result.guests[0].place, SCENARIO_PLACE_LOST);
    assert_true(host.result.clients[0].failed > 0);
    play_end(&daemon);
    play_end(&host);
}

static void requests_wait_while_a_host_stands_still(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .no_move = true, .faults = "  - {at: 1 s, host: h1, pause_for: 500 ms}\n"});

    play_expect_pass(&run);
    assert_in_range(run.result.clients[0].longest_gap_ns / MS, 500, 502);
    assert_int_equal(run.result.clients[0].failed, 0);
    assert_int_equal(play_count(&run, "HOST_RESUMED", NULL), 1);
    play_end(&run);
}

static int64_t first_round_with(const char *faults)
{
    struct play run = play(&(struct play_options){
        .guest = "device_state: 0 B",
        .guests = "  g2: {host: h3, memory: 16 MiB}\n",
        .move = "bandwidth_cap: 1 Gbit/s, networks: [a]",
        .faults = faults,
    });
    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
    const int64_t duration = run.result.migrations[0].rounds[0].duration_ns / MS;
    play_end(&run);
    return duration;
}

/* 16 MiB at 1 Gbit/s are 134 ms, at 500 Mbit/s 268 ms, at 100 Mbit/s 1342 ms. */
static void overlapping_bandwidths_end_in_any_order_and_leave_the_scenarios(void **unused)
{
    (void)unused;
    const int64_t plain = first_round_with(NULL);
    const int64_t over =
        first_round_with("  - {at: 100 ms, network: a, bandwidth: 100 Mbit/s, for: 200 ms}\n"
                         "  - {at: 200 ms, network: a, bandwidth: 500 Mbit/s, for: 300 ms}\n");
    const int64_t newest =
        first_round_with("  - {at: 900 ms, network: a, bandwidth: 100 Mbit/s, for: 10 s}\n"
                         "  - {at: 950 ms, network: a, bandwidth: 500 Mbit/s, for: 10 s}\n");
    const int64_t older =
        first_round_with("  - {at: 900 ms, network: a, bandwidth: 100 Mbit/s, for: 10 s}\n"
                         "  - {at: 950 ms, network: a, bandwidth: 500 Mbit/s, for: 20 ms}\n");

    assert_in_range(plain, 134, 140);
    assert_int_equal(over, plain);
    assert_in_range(newest, 268, 280);
    assert_in_range(older, 1340, 1400);
}

static void foreign_traffic_takes_its_share_while_it_lasts(void **unused)
{
    (void)unused;
    const int64_t shared = first_round_with("  - {at: 900 ms, network: a, bandwidth: 1 Gbit/s}\n"
                                            "  - {at: 900 ms, network: a, background: {from: h1, "
                                            "to: h2, rate: 10 Gbit/s}, for: 20 s}\n");

    assert_in_range(shared, 260, 280); /* half of 1 Gbit/s */
}

static void a_journal_that_failed_takes_no_new_session_until_the_daemon_starts_again(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .guests = "  g2: {host: h1, memory: 16 MiB}\n  g3: {host: h1, memory: 16 MiB}\n",
        .steps = "  - {at: 20 s, move: g2, to: h2}\n  - {at: 40 s, move: g3, to: h2}\n",
        .faults = "  - {when: {move: g1, phase: granting}, host: h1, journal_fail_for: 1 s}\n"
                  "  - {at: 30 s, host: h1, daemon_crash: true, restart_after: 1 s}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(run.result.migration_count, 3);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_FAILED);
    assert_int_equal(run.result.migrations[1].outcome.kind, FERRY_OUTCOME_REFUSED);
    assert_int_equal(run.result.migrations[1].outcome.status, FERRY_REFUSED_JOURNAL);
    assert_int_equal(run.result.migrations[2].outcome.kind, FERRY_OUTCOME_COMPLETED);
    play_end(&run);
}

static void a_slow_journal_lengthens_the_two_writes_of_the_blackout(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .hosts = "costs: none",
        .faults =
            "  - {when: {move: g1, phase: paused}, host: h1, journal_delay: 40 ms, for: 5 s}\n"
            "  - {when: {move: g1, phase: paused}, host: h2, journal_delay: 60 ms, for: 5 s}\n",
    });
    const struct ferry_blackout *blackout = &run.result.migrations[0].outcome.blackout;

    play_expect_pass(&run);
    assert_true(blackout->grant_persist_ns == 40 * MS);
    assert_true(blackout->owner_persist_ns == 60 * MS);
    play_end(&run);
}

static void a_network_that_refuses_is_passed_by(void **unused)
{
    (void)unused;
    struct play run =
        play(&(struct play_options){.faults = "  - {at: 500 ms, network: a, refuse_for: 60 s}\n"});

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
    assert_non_null(play_line(&run, NULL, "CONNECT_FAILED", "a"));
    assert_non_null(play_line(&run, NULL, "CONNECTED", "b"));
    play_end(&run);
}

static void what_was_acknowledged_is_not_sent_again_after_a_reset(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .move = "bandwidth_cap: 1 Gbit/s",
        .faults = "  - {at: 1080 ms, network: a, reset: true}\n"});
    const struct ferry_outcome *outcome = &run.result.migrations[0].outcome;

    play_expect_pass(&run);
    assert_int_equal(outcome->kind, FERRY_OUTCOME_COMPLETED);
    assert_true(outcome->reconnects > 0);
    assert_true(outcome->resent_bytes < 4 * 1024 * 1024);
    assert_true(outcome->wire_bytes < (16 + 1 + 4) * 1024 * 1024);
    play_end(&run);
}

static void the_end_of_a_fault_follows_its_begin(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .workload = BUSY,
        .faults = "  - {at: 2 s, network: a, down_for: 3 s}\n"
                  "  - {at: 2 s, network: a, latency: 9 ms, for: 1 s}\n"
                  "  - {at: 2 s, network: a, loss: 1 %, for: 2 s}\n"
                  "  - {at: 2 s, partition: {from: h1, to: h2}, for: 4 s}\n"
                  "  - {at: 2 s, network: b, reset: true}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(play_count(&run, "FAULT_BEGIN", NULL), 5);
    assert_int_equal(play_count(&run, "FAULT_END", NULL), 5);
    const char *last = play_line(&run, NULL, "FAULT_END", "partition");
    assert_true(play_time(last) == 6 * SECOND);
    assert_true(run.result.virtual_ns >= 6 * SECOND);
    play_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_on_a_phase_comes_before_anything_that_follows_from_it),
        cmocka_unit_test(after_delays_a_fault_from_its_phase_on),
        cmocka_unit_test(a_phase_which_is_never_entered_does_not_keep_the_run_going),
        cmocka_unit_test(a_guest_outlives_its_daemon_and_not_its_host),
        cmocka_unit_test(requests_wait_while_a_host_stands_still),
        cmocka_unit_test(overlapping_bandwidths_end_in_any_order_and_leave_the_scenarios),
        cmocka_unit_test(foreign_traffic_takes_its_share_while_it_lasts),
        cmocka_unit_test(a_journal_that_failed_takes_no_new_session_until_the_daemon_starts_again),
        cmocka_unit_test(a_slow_journal_lengthens_the_two_writes_of_the_blackout),
        cmocka_unit_test(a_network_that_refuses_is_passed_by),
        cmocka_unit_test(what_was_acknowledged_is_not_sent_again_after_a_reset),
        cmocka_unit_test(the_end_of_a_fault_follows_its_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
