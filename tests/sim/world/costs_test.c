/* SPDX-License-Identifier: Apache-2.0 */
/* costs_test.c -- what a host's work takes shows in the part of the blackout that it belongs to, to the nanosecond. */
#include "play.h"

static struct ferry_blackout blackout_with(const char *costs, const char *guest)
{
    char hosts[512];

    (void)snprintf(
        hosts,
        sizeof hosts,
        "costs: {pause: 0 s, resume: 0 s, collection_per_page: 0 s, collection_per_gib: 0 s, "
        "state_out: 0 s, state_out_per_mib: 0 s, state_in: 0 s, state_in_per_mib: 0 s, "
        "journal_fsync: 0 s, first_write_fault: 0 s, announce: 0 s, cpu: none}");
    char *place = costs == NULL ? NULL : strstr(hosts, costs);
    if (costs != NULL) {
        assert_non_null(place);
        place[strlen(costs)] = ':';
        place[strlen(costs) + 2] = '1'; /* "0 s" becomes "1 s" */
    }
    struct play run = play(
        &(struct play_options){.hosts = hosts, .guest = guest, .move = "blackout_limit: none"});
    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
    const struct ferry_blackout blackout = run.result.migrations[0].outcome.blackout;
    play_end(&run);
    return blackout;
}

static int64_t sum(const struct ferry_blackout *b)
{
    return b->capture_ns + b->collect_ns + b->transfer_ns + b->load_ns + b->ready_ns +
           b->grant_persist_ns + b->grant_ns + b->owner_persist_ns + b->resume_ns;
}

static void each_cost_is_its_part_of_the_blackout_and_no_other(void **unused)
{
    (void)unused;
    static const struct {
        const char *cost;
        int64_t capture, collect, load, grant_persist, owner_persist, resume;
    } rows[] = {
        {NULL,                0,      0, 0,      0,      0,      0     },
        {"pause",             0,      0, 0,      0,      0,      0     },
        {"state_out",         SECOND, 0, 0,      0,      0,      0     },
        {"state_out_per_mib", SECOND, 0, 0,      0,      0,      0     },
        {"state_in",          0,      0, SECOND, 0,      0,      0     },
        {"state_in_per_mib",  0,      0, SECOND, 0,      0,      0     },
        {"journal_fsync",     0,      0, 0,      SECOND, SECOND, 0     },
        {"resume",            0,      0, 0,      0,      0,      SECOND},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct ferry_blackout blackout = blackout_with(rows[i].cost, NULL);

        assert_true(blackout.capture_ns == rows[i].capture);
        assert_true(blackout.collect_ns == rows[i].collect);
        assert_true(blackout.load_ns == rows[i].load);
        assert_true(blackout.grant_persist_ns == rows[i].grant_persist);
        assert_true(blackout.owner_persist_ns == rows[i].owner_persist);
        assert_true(blackout.resume_ns == rows[i].resume);
        assert_true(blackout.total_ns == sum(&blackout));
    }
}

static void device_state_costs_by_its_size(void **unused)
{
    (void)unused;
    const struct ferry_blackout half = blackout_with("state_out_per_mib", "device_state: 512 KiB");
    const struct ferry_blackout twice = blackout_with("state_out_per_mib", "device_state: 2 MiB");

    assert_true(half.capture_ns == SECOND / 2);
    assert_true(twice.capture_ns == 2 * SECOND);
}

static void a_collection_costs_by_memory_and_by_dirty_page(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .hosts = "costs: {collection_per_gib: 1 s, collection_per_page: 1 us}",
        .workload = "{kind: sweep, size: 4 MiB, rate: 400 KiB/s}",
    });
    const char *paused = play_line(&run, NULL, "GUEST_PAUSED", NULL);
    const char *captured = play_line(&run, paused, "STATE_CAPTURED", NULL);
    const char *collected = play_line(&run, captured, "COLLECTED", NULL);

    play_expect_pass(&run);
    assert_non_null(collected);
    const int64_t pages = strtoll(strstr(collected, "new_pages=") + 10, NULL, 10);
    assert_true(pages > 0);
    assert_true(play_time(collected) - play_time(captured) == SECOND / 64 + pages * 1000);
    play_end(&run);
}

static void the_blackout_is_what_the_clients_miss(void **unused)
{
    (void)unused;
    struct play run = play(
        &(struct play_options){.hosts = "costs: {resume: 100 ms, announce: 30 ms, pause: 20 ms}"});
    const int64_t blackout = run.result.migrations[0].outcome.blackout.total_ns;
    const int64_t gap = run.result.clients[0].longest_gap_ns;

    play_expect_pass(&run);
    assert_true(blackout >= 100 * MS);
    assert_in_range(gap, blackout + 30 * MS, blackout + 30 * MS + 2 * MS);
    assert_int_equal(run.result.clients[0].failed, 0);
    play_end(&run);
}

static void a_slow_cpu_bounds_all_streams_of_its_host(void **unused)
{
    (void)unused;
    struct play fast = play(&(struct play_options){.move = "streams: 4"});
    struct play slow =
        play(&(struct play_options){.hosts = "costs: {cpu: 100 Mbit/s}", .move = "streams: 4"});
    const struct ferry_round *round = &slow.result.migrations[0].rounds[0];

    play_expect_pass(&fast);
    assert_true(fast.result.migrations[0].rounds[0].duration_ns < 30 * MS);
    /* 16 MiB at 100 Mbit/s are 1.34 s */
    assert_in_range(round->duration_ns / MS, 1340, 1450);
    play_end(&fast);
    play_end(&slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cost_is_its_part_of_the_blackout_and_no_other),
        cmocka_unit_test(device_state_costs_by_its_size),
        cmocka_unit_test(a_collection_costs_by_memory_and_by_dirty_page),
        cmocka_unit_test(the_blackout_is_what_the_clients_miss),
        cmocka_unit_test(a_slow_cpu_bounds_all_streams_of_its_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
