/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_kinds_test.c -- what each kind of fault does to a run: disks, memory, versions, clocks, bytes,
 * guests. Networks by themselves are tested below the world.
 */
#include "play.h"

#define H2_DIES(how) \
    "  - {when: {move: g1, phase: delivered}, host: h2, " how ": true, restart_after: 2 s}\n"

static enum ferry_outcome_kind outcome_of(const struct play *run, size_t migration)
{
    return run->result.migrations[migration].outcome.kind;
}

static enum ferry_status status_of(const struct play *run, size_t migration)
{
    return run->result.migrations[migration].outcome.status;
}

/* ---- disks ---- */

static void a_crash_loses_the_write_under_way_and_one_that_keeps_it_does_not(void **unused)
{
    (void)unused;
    struct play lost = play(&(struct play_options){.faults = H2_DIES("crash")});
    struct play kept = play(&(struct play_options){.faults = H2_DIES("crash_keeping_writes")});

    play_expect_pass(&lost);
    play_expect_pass(&kept);
    assert_null(play_line(&lost, NULL, "JOURNAL_DURABLE", "OWNER"));
    assert_int_equal(outcome_of(&lost, 0), FERRY_OUTCOME_FAILED);
    assert_int_equal(lost.result.guests[0].place, SCENARIO_PLACE_RUNNING);
    assert_non_null(play_line(&kept, NULL, "JOURNAL_DURABLE", "OWNER"));
    assert_null(play_line(&kept, NULL, "TARGET_STATE", "starting"));
    assert_int_equal(kept.result.guests[0].place, SCENARIO_PLACE_LOST);
    play_end(&lost);
    play_end(&kept);
}

static void a_write_in_doubt_is_reported_as_failed_and_read_after_a_restart(void **unused)
{
#define RESTARTED(how)                                                   \
    "  - {when: {move: g1, phase: delivered}, host: h2, " how ": 1 s}\n" \
    "  - {at: 10 s, host: h2, daemon_crash: true, restart_after: 100 ms}\n"
    (void)unused;
    struct play failed = play(&(struct play_options){.faults = RESTARTED("journal_fail_for")});
    struct play doubt = play(&(struct play_options){.faults = RESTARTED("journal_doubt_for")});

    play_expect_pass(&failed);
    play_expect_pass(&doubt);
    assert_non_null(play_line(&failed, NULL, "JOURNAL_FAILED", "OWNER"));
    assert_int_equal(outcome_of(&failed, 0), FERRY_OUTCOME_FAILED);
    assert_non_null(play_line(&doubt, NULL, "JOURNAL_FAILED", "OWNER"));
    assert_int_equal(outcome_of(&doubt, 0), FERRY_OUTCOME_COMPLETED);
    play_end(&failed);
    play_end(&doubt);
}

static int64_t failed_after(const char *faults)
{
    struct play run = play(&(struct play_options){.faults = faults});
    const char *issued = play_line(&run, NULL, "GRANT_ISSUED", NULL);
    const char *failed = play_line(&run, NULL, "JOURNAL_FAILED", "GRANTED");

    assert_non_null(issued);
    assert_non_null(failed);
    const int64_t took = play_time(failed) - play_time(issued);

    play_expect_pass(&run);
    play_end(&run);
    return took;
}

static void a_full_disk_says_so_at_once_and_a_bad_one_after_its_fsync(void **unused)
{
    (void)unused;
    assert_int_equal(
        failed_after("  - {when: {move: g1, phase: ready}, host: h1, disk_full_for: 1 s}\n"), 0);
    assert_true(
        failed_after("  - {when: {move: g1, phase: ready}, host: h1, journal_fail_for: 1 s}\n") >
        0);
}

/* ---- memory, CPU, versions ---- */

static void memory_that_is_taken_is_refused_and_given_back(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .guests = "  g2: {host: h1, memory: 16 MiB}\n",
        .steps = "  - {at: 4 s, move: g2, to: h2}\n",
        .faults = "  - {at: 500 ms, host: h2, memory_taken: 1 GiB, for: 2 s}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(status_of(&run, 0), FERRY_REFUSED_MEMORY);
    assert_int_equal(outcome_of(&run, 1), FERRY_OUTCOME_COMPLETED);
    play_end(&run);
}

static int64_t resume_cost(const char *faults)
{
    struct play run = play(&(struct play_options){.faults = faults});

    play_expect_pass(&run);
    assert_int_equal(outcome_of(&run, 0), FERRY_OUTCOME_COMPLETED);
    const int64_t cost = run.result.migrations[0].outcome.blackout.resume_ns;

    play_end(&run);
    return cost;
}

static void a_tenth_of_the_cpu_makes_resuming_take_ten_times_as_long(void **unused)
{
    (void)unused;
    const int64_t plain = resume_cost(NULL);

    assert_true(plain > 0);
    assert_int_equal(resume_cost("  - {at: 0 s, host: h2, cpu: 10 %}\n"), 10 * plain);
    assert_int_equal(resume_cost("  - {at: 0 s, host: h2, cpu: 10 %, for: 500 ms}\n"), plain);
}

static void daemons_without_a_common_version_refuse_before_any_page(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .steps = "  - {id: again, at: 4 s, move: g1, to: h2}\n",
        .move = "id: first",
        .faults = "  - {at: 0 s, host: h1, protocol: 2, protocol_max: 3, for: 3 s}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(outcome_of(&run, 0), FERRY_OUTCOME_REFUSED);
    assert_int_equal(status_of(&run, 0), FERRY_PEER_VERSION);
    assert_int_equal(run.result.migrations[0].outcome.wire_bytes, 0);
    assert_int_equal(outcome_of(&run, 1), FERRY_OUTCOME_COMPLETED);
    play_end(&run);
}

/* ---- clocks ---- */

/* How long a source tries whose reconnect limit is 10 s, when both networks are gone. */
static int64_t patience(const char *fault)
{
    char faults[400];

    (void)snprintf(
        faults,
        sizeof faults,
        "  - {at: 1 s, network: a, down_for: 100 s}\n  - {at: 1 s, network: b, down_for: 100 "
        "s}\n%s",
        fault);
    struct play run =
        play(&(struct play_options){.hosts = "reconnect_limit: 10 s", .faults = faults});
    const char *outcome = play_line(&run, NULL, "OUTCOME", NULL);

    play_expect_pass(&run);
    assert_int_equal(outcome_of(&run, 0), FERRY_OUTCOME_FAILED);
    assert_non_null(outcome);
    const int64_t ended = play_time(outcome) - SECOND;

    play_end(&run);
    return ended / MS;
}

static void patience_is_measured_with_the_hosts_own_clock(void **unused)
{
    (void)unused;
    assert_in_range(patience(""), 10000, 10001);
    assert_in_range(patience("  - {at: 1 s, host: h1, clock_fast: 10 %}\n"), 9090, 9092);
    assert_in_range(patience("  - {at: 1 s, host: h1, clock_slow: 10 %}\n"), 11111, 11112);
    assert_in_range(patience("  - {at: 3 s, host: h1, clock_forward: 4 s}\n"), 6000, 6001);
    assert_in_range(patience("  - {at: 3 s, host: h1, clock_forward: 1 h}\n"), 2000, 2001);
    assert_in_range(patience("  - {at: 3 s, host: h1, clock_back: 4 s}\n"), 14000, 14001);
    assert_in_range(patience("  - {at: 3 s, host: h2, clock_forward: 1 h}\n"), 10000, 10001);
}

/* ---- bytes ---- */

static void a_batch_with_a_changed_byte_is_found_and_sent_again(void **unused)
{
    static const char *const contents[] = {NULL, "content: bytes"};

    (void)unused;
    for (unsigned i = 0; i < 2; i++) {
        struct play run = play(&(struct play_options){
            .guest = contents[i],
            .move = "bandwidth_cap: 1 Gbit/s",
            .faults = "  - {when: {move: g1, phase: round}, network: a, corrupt: 100 %, "
                      "for: 15 ms}\n"});
        const char *corrupted = play_line(&run, NULL, "CORRUPTED", NULL);

        play_expect_pass(&run);
        assert_int_equal(outcome_of(&run, 0), FERRY_OUTCOME_COMPLETED);
        assert_non_null(corrupted);
        assert_true(
            play_line(&run, corrupted, "STREAM_ERROR", NULL) != NULL ||
            play_line(&run, corrupted, "PROTOCOL_ERROR", NULL) != NULL);
        assert_true(run.result.migrations[0].outcome.reconnects >= 1);
        play_end(&run);
    }
}

static void a_network_that_always_corrupts_fails_the_migration_and_nothing_else(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .faults = "  - {at: 0 s, network: a, corrupt: 100 %}\n"
                  "  - {at: 0 s, network: b, corrupt: 100 %}\n"});

    assert_false(play_failed(&run, "I1"));
    assert_false(play_failed(&run, "I3"));
    assert_int_equal(outcome_of(&run, 0), FERRY_OUTCOME_FAILED);
    assert_int_equal(run.result.guests[0].place, SCENARIO_PLACE_RUNNING);
    play_end(&run);
}

static void what_is_said_twice_is_heard_once(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .faults = "  - {when: {move: g1, phase: round}, after: 1 ms, network: a, duplicate: true}\n"
                  "  - {when: {move: g1, phase: granted}, after: 80 us, network: a, "
                  "duplicate: true}\n"});
    struct play plain = play(&(struct play_options){0});

    play_expect_pass(&run);
    assert_int_equal(outcome_of(&run, 0), FERRY_OUTCOME_COMPLETED);
    assert_int_equal(run.result.migrations[0].outcome.reconnects, 0);
    assert_int_equal(play_count(&run, "ACCEPTED", NULL), play_count(&plain, "ACCEPTED", NULL) + 2);
    assert_int_equal(play_count(&run, "GUEST_RUNNING", NULL), 1);
    play_end(&run);
    play_end(&plain);
}

/* The session is over without a new owner, so the second OPEN makes a target. The copy has room for OPEN and many a PING,
 * not for END: nobody ever says it. */
static void an_open_that_is_said_again_after_the_end_leaves_nothing_behind(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .hosts = "silence_timeout: 100 ms",
        .move = "bandwidth_cap: 0 Mbit/s, give_up_after: 3600 s",
        .steps = "  - {at: 60 s, cancel: g1}\n",
        .faults = "  - {at: 70 s, network: a, duplicate: true}\n"});
    const char *again = play_line(&run, NULL, "FAULT_BEGIN", NULL);

    play_expect_pass(&run);
    assert_int_equal(outcome_of(&run, 0), FERRY_OUTCOME_CANCELLED);
    assert_non_null(play_line(&run, again, "JOURNAL_DURABLE", "SESSION"));
    assert_non_null(play_line(&run, again, "JOURNAL_DURABLE", "BURNED"));
    assert_int_equal(run.result.migrations[0].target_session, SCENARIO_SESSION_NONE);
    play_end(&run);
}

/* The old target is dead, the new one knows nothing of attaches: it takes the copy for a source. */
static void what_is_said_twice_to_a_restarted_daemon_does_no_harm(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .move = "bandwidth_cap: 100 Mbit/s",
        .faults = "  - {at: 1.1 s, host: h2, daemon_crash: true, restart_after: 20 ms}\n"
                  "  - {at: 1.12 s, network: a, duplicate: true}\n"
                  "  - {at: 1.13 s, network: a, duplicate: true}\n"});

    play_expect_pass(&run);
    assert_int_equal(run.result.guests[0].place, SCENARIO_PLACE_RUNNING);
    play_end(&run);
}

/* ---- guests ---- */

static int64_t pages_of_round(const char *faults, size_t round)
{
    struct play run = play(&(struct play_options){.faults = faults});

    play_expect_pass(&run);
    assert_int_equal(outcome_of(&run, 0), FERRY_OUTCOME_COMPLETED);
    assert_true(run.result.migrations[0].outcome.round_count > round);
    const int64_t pages = (int64_t)run.result.migrations[0].rounds[round].pages;

    play_end(&run);
    return pages;
}

static void bursts_and_rates_and_devices_are_in_the_last_collection(void **unused)
{
    (void)unused;
    assert_int_equal(pages_of_round(NULL, 1), 0);
    assert_int_equal(pages_of_round("  - {at: 1.005 s, guest: g1, burst: 1 MiB}\n", 1), 256);
    assert_int_equal(
        pages_of_round(
            "  - {when: {move: g1, phase: paused}, guest: g1, device_burst: 1 MiB}\n", 1),
        256);
    /* 40.96 MB/s are 10 pages a millisecond; the round of 16 MiB takes 13.4 ms */
    assert_in_range(
        pages_of_round("  - {at: 0.99 s, guest: g1, extra_rate: 327.68 Mbit/s}\n", 1), 100, 160);
}

static void what_comes_too_late_for_a_collection_is_written_where_the_guest_runs_next(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .faults = "  - {when: {move: there, phase: ready}, guest: g1, device_burst: 1 MiB}\n"
                  "  - {when: {move: there, phase: paused}, guest: g1, burst: 2 MiB}\n",
        .steps = "  - {id: back, at: 3 s, move: g1, to: h1}\n",
        .move = "id: there"});

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].rounds[1].pages, 0);
    const char *paused = play_line(&run, NULL, "GUEST_PAUSED", NULL);

    assert_non_null(play_line(&run, paused, "GUEST_PAUSED", "writes=512"));
    play_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_loses_the_write_under_way_and_one_that_keeps_it_does_not),
        cmocka_unit_test(a_write_in_doubt_is_reported_as_failed_and_read_after_a_restart),
        cmocka_unit_test(a_full_disk_says_so_at_once_and_a_bad_one_after_its_fsync),
        cmocka_unit_test(memory_that_is_taken_is_refused_and_given_back),
        cmocka_unit_test(a_tenth_of_the_cpu_makes_resuming_take_ten_times_as_long),
        cmocka_unit_test(daemons_without_a_common_version_refuse_before_any_page),
        cmocka_unit_test(patience_is_measured_with_the_hosts_own_clock),
        cmocka_unit_test(a_batch_with_a_changed_byte_is_found_and_sent_again),
        cmocka_unit_test(a_network_that_always_corrupts_fails_the_migration_and_nothing_else),
        cmocka_unit_test(what_is_said_twice_is_heard_once),
        cmocka_unit_test(an_open_that_is_said_again_after_the_end_leaves_nothing_behind),
        cmocka_unit_test(what_is_said_twice_to_a_restarted_daemon_does_no_harm),
        cmocka_unit_test(bursts_and_rates_and_devices_are_in_the_last_collection),
        cmocka_unit_test(what_comes_too_late_for_a_collection_is_written_where_the_guest_runs_next),
    };
    return cmocka_run_group_tests_name("world/fault_kinds", tests, NULL, NULL);
}
