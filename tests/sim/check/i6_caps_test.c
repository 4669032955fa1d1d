/* SPDX-License-Identifier: Apache-2.0 */
/* i6_caps_test.c -- I6 fires on a migration over its cap and on a drain over its limit. */
#include "stage.h"

/* ---- caps: 10 bytes a millisecond, 1000 in each window ---- */

#define CAP     ((uint64_t)10000)
#define STREAMS 8U

static struct stage capped(uint64_t cap)
{
    struct stage stage = stage_begin();

    SAY(&stage,
        MIGRATION_STARTED,
        .from = 0,
        .to = 1,
        .blackout_limit = 300 * MS,
        .bandwidth_cap = cap,
        .streams = STREAMS,
        .drain = SIM_CHECK_NONE);
    return stage;
}

static void begin_batch(struct stage *stage, uint32_t stream)
{
    SAY(stage, PAYLOAD_BEGUN, .stream = stream);
}

static void end_batch(struct stage *stage, uint32_t stream, ferry_time_ns begun, uint64_t bytes)
{
    SAY(stage,
        PAYLOAD,
        .stream = stream,
        .payload = SIM_PAYLOAD_BATCH,
        .bytes = bytes,
        .begun_ns = begun,
        .ended_ns = stage->now);
}

/* Batches of 20 ms, one after the other, for 400 ms on each of the streams. */
static void send(struct stage *stage, uint32_t streams, uint64_t bytes)
{
    for (int i = 0; i < 20; i++) {
        const ferry_time_ns begun = stage->now;

        for (uint32_t stream = 0; stream < streams; stream++) {
            begin_batch(stage, stream);
        }
        stage->now += 20 * MS;
        for (uint32_t stream = 0; stream < streams; stream++) {
            end_batch(stage, stream, begun, bytes);
        }
    }
}

static void finish(struct stage *stage)
{
    SAY(stage, OUTCOME, .outcome = &(struct ferry_outcome){.kind = FERRY_OUTCOME_NONE});
    sim_checks_finish(stage->checks, stage->now);
}

static void at_the_cap_is_fine(void **unused)
{
    (void)unused;
    struct stage one = capped(CAP);
    struct stage two = capped(CAP);
    struct stage unlimited = capped(FERRY_RATE_UNLIMITED);

    send(&one, 1, 200);
    send(&two, 2, 100);
    send(&unlimited, 2, 1000000);
    finish(&one);
    finish(&two);
    finish(&unlimited);

    expect_failures(&one, "I6", 0, NULL);
    expect_failures(&two, "I6", 0, NULL);
    expect_failures(&unlimited, "I6", 0, NULL);
    sim_checks_destroy(one.checks);
    sim_checks_destroy(two.checks);
    sim_checks_destroy(unlimited.checks);
}

static void over_the_cap_fails_also_when_only_the_sum_of_the_streams_is(void **unused)
{
    (void)unused;
    struct stage one = capped(CAP);
    struct stage two = capped(CAP);

    send(&one, 1, 300); /* 1500 in 100 ms */
    send(&two, 2, 200); /* 2000 in 100 ms */

    assert_true(failures_of(&one, "I6") > 0);
    assert_true(failures_of(&two, "I6") > 0);
    assert_non_null(strstr(sim_checks_failure(one.checks, 0)->message, "sent 1500 bytes"));
    assert_non_null(strstr(sim_checks_failure(one.checks, 0)->message, "allow 1300"));
    sim_checks_destroy(one.checks);
    sim_checks_destroy(two.checks);
}

/* A batch that takes long is known only at its end; what others sent meanwhile must still be
 * remembered then. */
static void a_slow_stream_does_not_hide_what_it_carries(void **unused)
{
    (void)unused;
    struct stage stage = capped(CAP);

    begin_batch(&stage, 1);
    for (int i = 0; i < 50; i++) {
        begin_batch(&stage, 0);
        stage.now += 20 * MS;
        end_batch(&stage, 0, stage.now - 20 * MS, 180);
    }
    expect_failures(&stage, "I6", 0, NULL);
    end_batch(
        &stage,
        1,
        0,
        20000); /* 20 bytes a millisecond for one second: and 20000 are one batch ... */
    expect_failures(&stage, "I6", 0, NULL);

    begin_batch(&stage, 1);
    for (int i = 0; i < 50; i++) {
        begin_batch(&stage, 0);
        stage.now += 20 * MS;
        end_batch(
            &stage,
            0,
            stage.now - 20 * MS,
            400); /* ... but these are over the cap and that batch */
    }
    expect_failures(&stage, "I6", 0, NULL);
    end_batch(&stage, 1, stage.now - 1000 * MS, 500);

    assert_true(failures_of(&stage, "I6") > 0);
    sim_checks_destroy(stage.checks);
}

/* Its connection may be dead at the end of the run: then nobody says how much of it left. */
static void a_batch_that_never_ends_does_not_hide_what_others_sent(void **unused)
{
    (void)unused;
    struct stage stage = capped(CAP);

    begin_batch(&stage, 1);
    send(&stage, 1, 300);
    expect_failures(&stage, "I6", 0, NULL);
    sim_checks_finish(stage.checks, stage.now);

    expect_failures(&stage, "I6", 1, "sent 1500 bytes");
    sim_checks_destroy(stage.checks);
}

static void a_cap_that_comes_later_counts_from_then_on(void **unused)
{
    (void)unused;
    struct stage stage = capped(FERRY_RATE_UNLIMITED);

    send(&stage, 1, 4000);
    SAY(&stage, CAP_CHANGED, .bandwidth_cap = CAP);
    send(&stage, 1, 200);
    expect_failures(&stage, "I6", 0, NULL);
    send(&stage, 1, 300);

    assert_true(failures_of(&stage, "I6") > 0);
    sim_checks_destroy(stage.checks);
}

static void a_cap_of_nothing_lets_one_batch_pass_and_no_more(void **unused)
{
    (void)unused;
    struct stage stage = capped(0);

    begin_batch(&stage, 0);
    end_batch(&stage, 0, stage.now, 500);
    stage.now += 50 * MS;
    begin_batch(&stage, 0);
    expect_failures(&stage, "I6", 0, NULL);
    end_batch(&stage, 0, stage.now, 1);

    expect_failures(&stage, "I6", 1, "sent 501 bytes");
    sim_checks_destroy(stage.checks);
}

/* ---- drains: two at a time ---- */

static struct stage draining(void)
{
    struct stage stage = stage_begin();

    SAY(&stage, DRAIN_STARTED, .drain = 4, .host = 0, .parallel = 2);
    return stage;
}

static void start(struct stage *stage, uint32_t migration, uint32_t drain)
{
    SAY(stage,
        MIGRATION_STARTED,
        .migration = migration,
        .from = 0,
        .to = 1,
        .blackout_limit = FERRY_TIME_NEVER,
        .bandwidth_cap = FERRY_RATE_UNLIMITED,
        .streams = 1,
        .drain = drain);
}

static void end_with(struct stage *stage, uint32_t migration, enum ferry_outcome_kind kind)
{
    SAY(stage, OUTCOME, .migration = migration, .outcome = &(struct ferry_outcome){.kind = kind});
}

static void a_third_of_two_at_a_time_fails(void **unused)
{
    (void)unused;
    struct stage stage = draining();

    start(&stage, 0, 4);
    start(&stage, 1, 4);
    expect_failures(&stage, "I6", 0, NULL);
    start(&stage, 2, 4);

    expect_failures(
        &stage, "I6", 1, "the drain of host h1 has 3 migrations under way; 2 are allowed");
    sim_checks_destroy(stage.checks);
}

static void those_of_nobody_and_of_other_drains_do_not_count(void **unused)
{
    (void)unused;
    struct stage stage = draining();

    SAY(&stage, DRAIN_STARTED, .drain = 5, .host = 2, .parallel = 1);
    start(&stage, 0, 4);
    start(&stage, 1, 4);
    start(&stage, 2, 5);
    start(&stage, 3, SIM_CHECK_NONE);

    expect_failures(&stage, "I6", 0, NULL);
    sim_checks_destroy(stage.checks);
}

static void an_outcome_makes_room_once(void **unused)
{
    (void)unused;
    struct stage stage = draining();

    start(&stage, 0, 4);
    start(&stage, 1, 4);
    end_with(&stage, 0, FERRY_OUTCOME_UNKNOWN);
    start(&stage, 2, 4);
    end_with(&stage, 0, FERRY_OUTCOME_FAILED); /* the same one: it has made its room already */
    expect_failures(&stage, "I6", 0, NULL);
    start(&stage, 3, 4);

    expect_failures(&stage, "I6", 1, "3 migrations under way");
    sim_checks_destroy(stage.checks);
}

static void a_source_that_is_down_counts_again_when_it_is_back(void **unused)
{
    (void)unused;
    struct stage stage = draining();

    start(&stage, 0, 4);
    start(&stage, 1, 4);
    SAY(&stage, SIDE_LOST, .migration = 0, .host = 1); /* the target's: it goes on at the source */
    SAY(&stage, SIDE_LOST, .migration = 0, .host = 0);
    start(&stage, 2, 4);
    expect_failures(&stage, "I6", 0, NULL);
    SAY(&stage, SIDE_RESTARTED, .migration = 0, .host = 0);

    expect_failures(&stage, "I6", 1, "3 migrations under way");
    sim_checks_destroy(stage.checks);
}

static void a_source_that_comes_back_after_its_outcome_does_not_count(void **unused)
{
    (void)unused;
    struct stage stage = draining();

    start(&stage, 0, 4);
    end_with(&stage, 0, FERRY_OUTCOME_FAILED);
    SAY(&stage, SIDE_LOST, .migration = 0, .host = 0);
    SAY(&stage, SIDE_RESTARTED, .migration = 0, .host = 0);
    start(&stage, 1, 4);
    start(&stage, 2, 4);

    expect_failures(&stage, "I6", 0, NULL);
    sim_checks_destroy(stage.checks);
}

/* Eight batches of 1000 bytes, at 80 kB/s; half of each has left when the cap falls to 20 kB/s. */
static void lower_cap_under_way(struct stage *stage, bool told)
{
    const ferry_time_ns begun = stage->now;

    for (uint32_t stream = 0; stream < STREAMS; stream++) {
        begin_batch(stage, stream);
    }
    stage->now += 50 * MS;
    SAY(stage, CAP_CHANGED, .bandwidth_cap = 20000);
    for (uint32_t stream = 0; told && stream < STREAMS; stream++) {
        SAY(stage, PAYLOAD_SO_FAR, .stream = stream, .bytes = 500);
    }
    stage->now += 200 * MS;
    for (uint32_t stream = 0; stream < STREAMS; stream++) {
        end_batch(stage, stream, begun, 1000);
    }
    finish(stage);
}

static void batch_under_way_counts_on_both_sides_of_a_change(void **unused)
{
    (void)unused;
    struct stage told = capped(80000);
    struct stage untold = capped(80000);

    lower_cap_under_way(&told, true);
    lower_cap_under_way(&untold, false); /* spread evenly, 3200 bytes fall into the first 100 ms */

    expect_failures(&told, "I6", 0, NULL);
    expect_failures(&untold, "I6", 1, "sent 3200 bytes");
    sim_checks_destroy(told.checks);
    sim_checks_destroy(untold.checks);
}

/* What was said of a batch under way is no way round the cap. */
static void too_much_after_a_change_fires(void **unused)
{
    (void)unused;
    struct stage stage = capped(80000);
    const ferry_time_ns begun = stage.now;

    begin_batch(&stage, 0);
    stage.now += 50 * MS;
    SAY(&stage, CAP_CHANGED, .bandwidth_cap = 20000);
    SAY(&stage, PAYLOAD_SO_FAR, .stream = 0, .bytes = 1000);
    stage.now += 50 * MS;
    end_batch(&stage, 0, begun, 6000); /* 5000 in 50 ms */
    begin_batch(&stage, 0);
    stage.now += 50 * MS;
    end_batch(&stage, 0, stage.now - 50 * MS, 5000);
    finish(&stage);

    expect_failures(&stage, "I6", 1, "sent 10000 bytes");
    sim_checks_destroy(stage.checks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_cap_is_fine),
        cmocka_unit_test(over_the_cap_fails_also_when_only_the_sum_of_the_streams_is),
        cmocka_unit_test(a_slow_stream_does_not_hide_what_it_carries),
        cmocka_unit_test(a_batch_that_never_ends_does_not_hide_what_others_sent),
        cmocka_unit_test(a_cap_that_comes_later_counts_from_then_on),
        cmocka_unit_test(a_cap_of_nothing_lets_one_batch_pass_and_no_more),
        cmocka_unit_test(a_third_of_two_at_a_time_fails),
        cmocka_unit_test(those_of_nobody_and_of_other_drains_do_not_count),
        cmocka_unit_test(an_outcome_makes_room_once),
        cmocka_unit_test(a_source_that_is_down_counts_again_when_it_is_back),
        cmocka_unit_test(a_source_that_comes_back_after_its_outcome_does_not_count),
        cmocka_unit_test(batch_under_way_counts_on_both_sides_of_a_change),
        cmocka_unit_test(too_much_after_a_change_fires),
    };

    return cmocka_run_group_tests_name("i6_caps", tests, NULL, NULL);
}
