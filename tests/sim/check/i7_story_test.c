/* SPDX-License-Identifier: Apache-2.0 */
/* i7_story_test.c -- I7 fires on each number of an outcome that differs from what was told and
 * seen on the way there.
 *
 * One whole migration, true in every number, is told; each row spoils one number of the outcome. */
#include "stage.h"

struct tale {
    struct ferry_outcome outcome;
    struct ferry_round rounds[4];
    ferry_time_ns true_blackout;
    ferry_time_ns round_trip;
};

/* Two live rounds, one aborted attempt with a final round, one live round, and the attempt that
 * succeeds. */
static struct tale truth(void)
{
    return (struct tale){
        .outcome =
            {
                      .kind = FERRY_OUTCOME_COMPLETED,
                      .reason = "moved",
                      .verdict = {.rule = FERRY_RULE_WITHIN_LIMIT},
                      .total_ns = 900 * MS,
                      .predicted_blackout_ns = 90 * MS,
                      .blackout =
                    {
                        .total_ns = 100 * MS,
                        .capture_ns = 10 * MS,
                        .collect_ns = 11 * MS,
                        .transfer_ns = 12 * MS,
                        .load_ns = 13 * MS,
                        .ready_ns = 1 * MS,
                        .grant_persist_ns = 14 * MS,
                        .grant_ns = 1 * MS,
                        .owner_persist_ns = 18 * MS,
                        .resume_ns = 20 * MS,
                    }, .aborted_count = 1,
                      .aborted =
                    {{.attempt = 1, .paused_ns = 40 * MS, .reason = FERRY_LIMIT_NO_CONVERGENCE}},
                      .round_count = 4,
                      .wire_bytes = 1111,
                      .reconnects = 0,
                      },
        .rounds =
            {
                      {.pages = 100, .zero_pages = 1, .bytes = 1000, .duration_ns = 100 * MS},
                      {.pages = 10,
                 .zero_pages = 2,
                 .bytes = 100,
                 .duration_ns = 10 * MS,
                 .final = true,
                 .attempt = 1},
                      {.pages = 2, .zero_pages = 0, .bytes = 10, .duration_ns = 5 * MS},
                      {.pages = 1,
                 .zero_pages = 0,
                 .bytes = 1,
                 .duration_ns = 1 * MS,
                 .final = true,
                 .attempt = 2},
                      },
        .true_blackout = 100 * MS,
        .round_trip = MS,
    };
}

static void play_round(struct stage *stage, uint32_t index, const struct ferry_round *round)
{
    TELL(stage, ROUND_BEGUN, index, (int64_t)round->pages, round->attempt);
    SAY(stage,
        PAYLOAD,
        .payload = SIM_PAYLOAD_BATCH,
        .bytes = round->bytes,
        .begun_ns = stage->now,
        .ended_ns = stage->now);
    SAY(stage, PAYLOAD, .payload = SIM_PAYLOAD_FRAMING, .bytes = 24, .ended_ns = stage->now);
    TELL(
        stage,
        ROUND_ENDED,
        index,
        (int64_t)round->bytes,
        (int64_t)round->zero_pages,
        round->duration_ns);
}

/* Everything up to the outcome. */
static struct stage play(const struct tale *tale)
{
    struct stage stage = stage_begin();

    stage_start(&stage);
    TELL(&stage, LINK_UP, 1, 0);
    play_round(&stage, 0, &tale->rounds[0]);
    stage.now = 500 * MS;
    stage_pause(&stage, 1);
    play_round(&stage, 1, &tale->rounds[1]);
    stage.now += 40 * MS;
    TELL(&stage, ATTEMPT_ABORTED, 1, FERRY_LIMIT_NO_CONVERGENCE, 40 * MS);
    stage_abort(&stage, 1);
    play_round(&stage, 2, &tale->rounds[2]);
    stage.now = 799 * MS;
    stage_pause(&stage, 2);
    play_round(&stage, 3, &tale->rounds[3]);
    stage.now += tale->true_blackout;
    stage_resume(&stage, 2);
    stage.now = 900 * MS;
    return stage;
}

static void conclude(struct stage *stage, struct tale *tale)
{
    const struct ferry_outcome *outcome = &tale->outcome;

    tale->outcome.rounds = tale->rounds;
    TELL(
        stage,
        OUTCOME,
        outcome->kind,
        outcome->status,
        outcome->total_ns,
        outcome->blackout.total_ns);
    SAY(stage,
        OUTCOME,
        .outcome = outcome,
        .blackout_ns = tale->true_blackout,
        .round_trip_ns = tale->round_trip);
}

/* Events and outcome agree, and both are wrong. */
static void more_zero_pages_than_pages_fail(void **unused)
{
    (void)unused;
    struct tale tale = truth();
    tale.rounds[2].zero_pages = tale.rounds[2].pages + 1;
    struct stage stage = play(&tale);

    conclude(&stage, &tale);

    stage_end(&stage, "I7");
}

static void the_true_story_passes(void **unused)
{
    (void)unused;
    struct tale tale = truth();
    struct stage stage = play(&tale);

    conclude(&stage, &tale);

    stage_end(&stage, NULL);
}

/* ---- one number is wrong ---- */

static void spoil_round_count(struct tale *tale)
{
    tale->outcome.round_count = 3;
}
static void spoil_round_pages(struct tale *tale)
{
    tale->rounds[2].pages++;
}
static void spoil_round_zeros(struct tale *tale)
{
    tale->rounds[0].zero_pages++;
}
static void spoil_round_bytes(struct tale *tale)
{
    tale->rounds[0].bytes++;
}
static void spoil_round_time(struct tale *tale)
{
    tale->rounds[0].duration_ns++;
}
static void spoil_round_attempt(struct tale *tale)
{
    tale->rounds[1].attempt = 2;
}
static void spoil_round_final(struct tale *tale)
{
    tale->rounds[1].final = false;
}
static void spoil_wire_bytes(struct tale *tale)
{
    tale->outcome.wire_bytes--;
}
static void spoil_resent(struct tale *tale)
{
    tale->outcome.resent_bytes = 1112;
}
static void spoil_reconnects(struct tale *tale)
{
    tale->outcome.reconnects = 1;
}
static void spoil_abort_count(struct tale *tale)
{
    tale->outcome.aborted_count = 2;
}
static void spoil_abort_time(struct tale *tale)
{
    tale->outcome.aborted[0].paused_ns += MS;
}
static void spoil_abort_number(struct tale *tale)
{
    tale->outcome.aborted[0].attempt = 2;
}
static void spoil_abort_reason(struct tale *tale)
{
    tale->outcome.aborted[0].reason = FERRY_OK;
}
static void spoil_part(struct tale *tale)
{
    tale->outcome.blackout.load_ns++;
}
static void spoil_blackout(struct tale *tale)
{
    tale->outcome.blackout.total_ns += 2 * MS;
    tale->outcome.blackout.load_ns += 2 * MS;
}
static void spoil_prediction(struct tale *tale)
{
    tale->outcome.predicted_blackout_ns = 0;
    tale->outcome.verdict.fixed_costs = MS; /* there was something to predict */
}
static void spoil_rule(struct tale *tale)
{
    tale->outcome.verdict.rule = FERRY_RULE_NONE;
}
static void spoil_total(struct tale *tale)
{
    tale->outcome.total_ns = 901 * MS;
}
static void spoil_total_below_blackout(struct tale *tale)
{
    tale->outcome.total_ns = 99 * MS;
}

static void each_wrong_number_fails(void **unused)
{
    (void)unused;
    static const struct {
        void (*spoil)(struct tale *tale);
        size_t failures;
        const char *words;
    } rows[] = {
        {spoil_round_count,          1, "4 rounds ended in the events, 3 stand"    },
        {spoil_round_pages,          1, "round 2:"                                 },
        {spoil_round_zeros,          1, "round 0:"                                 },
        {spoil_round_bytes,          1, "round 0:"                                 },
        {spoil_round_time,           1, "round 0:"                                 },
        {spoil_round_attempt,        1, "round 1:"                                 },
        {spoil_round_final,          1, "round 1:"                                 },
        {spoil_wire_bytes,           2, "the network carried 1111"                 },
        {spoil_resent,               1, "sent again"                               },
        {spoil_reconnects,           1, "reconnects"                               },
        {spoil_abort_count,          1, "1 aborted attempts, the outcome of 2"     },
        {spoil_abort_time,           1, "40.000000 ms in truth"                    },
        {spoil_abort_number,         1, "aborted attempt 2"                        },
        {spoil_abort_reason,         1, "aborted attempt 1"                        },
        {spoil_part,                 1, "add up to 100.000001 ms"                  },
        {spoil_blackout,             1, "the guest stood still for 100.000000 ms"  },
        {spoil_prediction,           1, "without a prediction"                     },
        {spoil_rule,                 1, "without a rule"                           },
        {spoil_total,                1, "since its start 900.000000 ms have passed"},
        {spoil_total_below_blackout, 1, "99.000000 ms in total"                    },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tale tale = truth();
        struct stage stage = play(&tale);

        rows[i].spoil(&tale);
        conclude(&stage, &tale);

        if (failures_of(&stage, "I7") != rows[i].failures) {
            print_error("row %zu\n", i);
        }
        expect_failures(&stage, "I7", rows[i].failures, rows[i].words);
        stage_end(&stage, "I7");
    }
}

static void a_last_round_that_is_not_final_fails_a_completed_one(void **unused)
{
    (void)unused;
    struct tale tale = truth();

    tale.rounds[3].final = false;
    tale.rounds[3].attempt = 0;
    struct stage stage = play(&tale);
    conclude(&stage, &tale);

    expect_failures(&stage, "I7", 1, "not a final one");
    stage_end(&stage, "I7");
}

static void an_open_round_fails(void **unused)
{
    (void)unused;
    struct tale tale = truth();
    struct stage stage = play(&tale);

    TELL(&stage, ROUND_BEGUN, 4, 1, 0);
    conclude(&stage, &tale);

    expect_failures(&stage, "I7", 1, "and one is open");
    stage_end(&stage, "I7");
}

static void an_outcome_event_that_is_missing_or_differs_fails(void **unused)
{
    (void)unused;
    struct tale tale = truth();
    struct stage missing = play(&tale);
    struct stage differs = play(&tale);

    tale.outcome.rounds = tale.rounds;
    SAY(&missing,
        OUTCOME,
        .outcome = &tale.outcome,
        .blackout_ns = tale.true_blackout,
        .round_trip_ns = MS);
    TELL(&differs, OUTCOME, FERRY_OUTCOME_FAILED, FERRY_OK, 900 * MS, 100 * MS);
    SAY(&differs,
        OUTCOME,
        .outcome = &tale.outcome,
        .blackout_ns = tale.true_blackout,
        .round_trip_ns = MS);

    expect_failures(&missing, "I7", 1, "is missing");
    expect_failures(&differs, "I7", 1, "differs from the outcome");
    stage_end(&missing, "I7");
    stage_end(&differs, "I7");
}

static void an_aborted_pause_that_was_longer_than_told_fails(void **unused)
{
    (void)unused;
    static const struct {
        ferry_time_ns more;
        size_t failures;
    } rows[] = {
        {100000, 0},
        {100001, 1},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tale tale = truth();
        struct stage stage = stage_begin();

        tale.outcome.kind = FERRY_OUTCOME_FAILED;
        tale.outcome.status = FERRY_WORLD_LINK;
        tale.outcome.blackout = (struct ferry_blackout){0};
        tale.outcome.round_count = 0;
        tale.outcome.wire_bytes = 0;
        stage_start(&stage);
        stage_pause(&stage, 1);
        stage.now += 40 * MS + rows[i].more;
        stage_abort(&stage, 1);
        TELL(&stage, ATTEMPT_ABORTED, 1, FERRY_WORLD_LINK, 40 * MS);
        stage.now = 900 * MS;
        conclude(&stage, &tale);

        expect_failures(&stage, "I7", rows[i].failures, "40.100001 ms in truth");
        stage_end(&stage, "I7");
    }
}

/* ---- what is no failure ---- */

static void a_dropped_report_lets_the_network_carry_more_as_well(void **unused)
{
    (void)unused;
    struct tale tale = truth();
    struct stage stage = play(&tale);

    SAY(&stage, PAYLOAD, .payload = SIM_PAYLOAD_BATCH, .bytes = 77, .ended_ns = stage.now);
    tale.outcome.dropped_reports = 1;
    conclude(&stage, &tale);

    stage_end(&stage, NULL);
}

static void a_lost_connection_lets_the_network_carry_more_than_the_engine_heard_of(void **unused)
{
    (void)unused;
    struct tale more = truth();
    struct tale undisturbed = truth();
    struct stage stage = play(&more);
    struct stage quiet = play(&undisturbed);

    TELL(&stage, LINK_DOWN, 1, 0, FERRY_WORLD_LINK);
    TELL(&stage, LINK_UP, 2, 0);
    SAY(&stage, PAYLOAD, .payload = SIM_PAYLOAD_BATCH, .bytes = 77, .ended_ns = stage.now);
    more.outcome.reconnects = 1;
    conclude(&stage, &more);
    SAY(&quiet, PAYLOAD, .payload = SIM_PAYLOAD_BATCH, .bytes = 77, .ended_ns = quiet.now);
    conclude(&quiet, &undisturbed);

    stage_end(&stage, NULL);
    expect_failures(&quiet, "I7", 1, "the network carried 1188");
    stage_end(&quiet, "I7");
}

static void the_blackout_may_err_by_a_round_trip_and_by_more_only_under_a_fault(void **unused)
{
    (void)unused;
    const ferry_time_ns tolerated = MS + 100 * FERRY_MICROSECOND;
    static const struct {
        ferry_time_ns more;
        bool fault;
        size_t failures;
        uint32_t network;
    } rows[] = {
        {0, false, 0, 0             },
        {1, false, 1, 0             },
        {1, true,  0, SIM_CHECK_NONE},
        {1, true,  0, 5             }, /* the one in use */
        {1, true,  1, 6             },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tale tale = truth();
        struct stage stage = play(&tale);

        SAY(&stage, NETWORK_USED, .network = 5);
        if (rows[i].fault) {
            SAY(&stage,
                FAULT_BEGIN,
                .host = SIM_CHECK_NONE,
                .network = rows[i].network,
                .fault_class = SIM_FAULT_OUTAGE,
                .text = "x");
        }
        tale.outcome.blackout.total_ns += tolerated + rows[i].more;
        tale.outcome.blackout.ready_ns += tolerated + rows[i].more;
        conclude(&stage, &tale);

        expect_failures(&stage, "I7", rows[i].failures, "of error are allowed");
        stage_end(&stage, "I7");
    }
}

static void a_restarted_source_is_judged_by_its_sums_alone(void **unused)
{
    (void)unused;
    struct tale tale = truth();
    struct stage stage = play(&tale);

    SAY(&stage, SIDE_LOST, .host = 0);
    SAY(&stage, SIDE_RESTARTED, .host = 0);
    tale.outcome = (struct ferry_outcome){
        .kind = FERRY_OUTCOME_COMPLETED, .reason = "the target says so", .total_ns = 1};
    conclude(&stage, &tale);

    stage_end(&stage, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_true_story_passes),
        cmocka_unit_test(more_zero_pages_than_pages_fail),
        cmocka_unit_test(each_wrong_number_fails),
        cmocka_unit_test(a_last_round_that_is_not_final_fails_a_completed_one),
        cmocka_unit_test(an_open_round_fails),
        cmocka_unit_test(an_outcome_event_that_is_missing_or_differs_fails),
        cmocka_unit_test(an_aborted_pause_that_was_longer_than_told_fails),
        cmocka_unit_test(a_dropped_report_lets_the_network_carry_more_as_well),
        cmocka_unit_test(a_lost_connection_lets_the_network_carry_more_than_the_engine_heard_of),
        cmocka_unit_test(the_blackout_may_err_by_a_round_trip_and_by_more_only_under_a_fault),
        cmocka_unit_test(a_restarted_source_is_judged_by_its_sums_alone),
    };

    return cmocka_run_group_tests_name("i7_story", tests, NULL, NULL);
}
