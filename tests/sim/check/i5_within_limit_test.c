/* SPDX-License-Identifier: Apache-2.0 */
/* i5_within_limit_test.c -- I5 fires one nanosecond over the limit, and is silenced only by a
 * fault that it names. */
#include "stage.h"

#define LIMIT (300 * MS)

static struct stage started(void)
{
    struct stage stage = stage_begin();

    stage_start(&stage);
    return stage;
}

static void complete(struct stage *stage, ferry_time_ns blackout)
{
    stage_pause(stage, 1);
    stage->now += blackout;
    stage_resume(stage, 1);
}

static void the_limit_itself_is_fine_and_a_nanosecond_more_fails(void **unused)
{
    (void)unused;
    struct stage at = started();
    struct stage over = started();

    complete(&at, LIMIT);
    complete(&over, LIMIT + 1);

    stage_end(&at, NULL);
    expect_failures(
        &over, "I5", 1, "stood still for 300.000001 ms in attempt 1, which was completed");
    stage_end(&over, "I5");
}

static void an_aborted_attempt_over_the_limit_fails(void **unused)
{
    (void)unused;
    struct stage stage = started();

    stage_pause(&stage, 1);
    stage.now += LIMIT;
    stage_abort(&stage, 1);
    stage_pause(&stage, 2);
    stage.now += LIMIT + 1;
    stage_abort(&stage, 2);

    expect_failures(&stage, "I5", 1, "in attempt 2, which was aborted");
    stage_end(&stage, "I5");
}

static void a_pause_that_never_ends_fails_at_a_healed_end_alone(void **unused)
{
    (void)unused;
    struct stage healed = started();
    struct stage unhealed = started();

    stage_pause(&healed, 1);
    stage_pause(&unhealed, 1);
    healed.now += LIMIT + 1;
    unhealed.now += LIMIT + 1;
    SAY(&healed, END, .healed = true);
    SAY(&unhealed, END, .healed = false);

    expect_failures(&healed, "I5", 1, "never ended");
    expect_failures(&unhealed, "I5", 0, NULL);
    sim_checks_destroy(healed.checks);
    sim_checks_destroy(unhealed.checks);
}

static void a_pause_that_has_ended_is_judged_no_more(void **unused)
{
    (void)unused;
    struct stage stage = started();

    complete(&stage, LIMIT);
    stage.now += LIMIT;
    SAY(&stage, END, .healed = true);

    expect_failures(&stage, "I5", 0, NULL);
    sim_checks_destroy(stage.checks);
}

/* ---- limits ---- */

static void a_changed_limit_counts_and_in_a_pause_the_larger_one(void **unused)
{
    (void)unused;
    struct stage lowered = started();
    struct stage lowered_in_pause = started();
    struct stage raised_in_pause = started();

    SAY(&lowered, LIMIT_CHANGED, .blackout_limit = 100 * MS);
    complete(&lowered, 101 * MS);
    stage_pause(&lowered_in_pause, 1);
    SAY(&lowered_in_pause, LIMIT_CHANGED, .blackout_limit = 100 * MS);
    lowered_in_pause.now += LIMIT;
    stage_resume(&lowered_in_pause, 1);
    stage_pause(&raised_in_pause, 1);
    SAY(&raised_in_pause, LIMIT_CHANGED, .blackout_limit = 500 * MS);
    raised_in_pause.now += 500 * MS;
    stage_resume(&raised_in_pause, 1);

    expect_failures(&lowered, "I5", 1, "the limit is 100.000000 ms");
    stage_end(&lowered, "I5");
    stage_end(&lowered_in_pause, NULL);
    stage_end(&raised_in_pause, NULL);
}

static void without_a_limit_nothing_is_too_long(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage,
        MIGRATION_STARTED,
        .from = 0,
        .to = 1,
        .mode = FERRY_MODE_STOP_AND_COPY,
        .blackout_limit = FERRY_TIME_NEVER,
        .bandwidth_cap = FERRY_RATE_UNLIMITED,
        .streams = 1,
        .drain = SIM_CHECK_NONE);
    complete(&stage, 1000 * FERRY_SECOND);

    stage_end(&stage, NULL);
}

static void an_ordered_switch_is_excused_only_with_the_order_and_its_verdict(void **unused)
{
    (void)unused;
    static const struct {
        bool ordered;
        enum ferry_rule rule;
        size_t failures;
    } rows[] = {
        {true,  FERRY_RULE_OPERATOR,     0},
        {true,  FERRY_RULE_WITHIN_LIMIT, 1},
        {false, FERRY_RULE_OPERATOR,     1},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = stage_begin();

        SAY(&stage,
            MIGRATION_STARTED,
            .from = 0,
            .to = 1,
            .on_no_convergence = FERRY_GIVE_UP,
            .blackout_limit = LIMIT,
            .drain = SIM_CHECK_NONE);
        if (rows[i].ordered) {
            SAY(&stage, OPERATOR_SWITCH, .migration = 0);
        }
        stage_trace(
            &stage,
            &(struct ferry_trace_event){
                .kind = FERRY_TRACE_VERDICT,
                .field = {FERRY_DECIDE_SWITCH, rows[i].rule},
        });
        complete(&stage, LIMIT + 1);

        expect_failures(&stage, "I5", rows[i].failures, NULL);
        stage_end(&stage, "I5");
    }
}

static void switch_anyway_is_excused_only_by_that_policy_and_that_verdict(void **unused)
{
    (void)unused;
    static const struct {
        enum ferry_no_convergence policy;
        enum ferry_rule rule;
        bool target; /* who says so */
        size_t failures;
    } rows[] = {
        {FERRY_SWITCH_ANYWAY, FERRY_RULE_SWITCH_ANYWAY, false, 0},
        {FERRY_SWITCH_ANYWAY, FERRY_RULE_WITHIN_LIMIT,  false, 1},
        {FERRY_SWITCH_ANYWAY, FERRY_RULE_SWITCH_ANYWAY, true,  1},
        {FERRY_GIVE_UP,       FERRY_RULE_SWITCH_ANYWAY, false, 1},
        {FERRY_GIVE_UP,       FERRY_RULE_OPERATOR,      false, 1},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = stage_begin();

        SAY(&stage,
            MIGRATION_STARTED,
            .from = 0,
            .to = 1,
            .on_no_convergence = rows[i].policy,
            .blackout_limit = LIMIT,
            .drain = SIM_CHECK_NONE);
        stage_trace(
            &stage,
            &(struct ferry_trace_event){
                .kind = FERRY_TRACE_VERDICT,
                .target = rows[i].target,
                .field = {FERRY_DECIDE_SWITCH, rows[i].rule}
        });
        complete(&stage, LIMIT + 1);

        expect_failures(&stage, "I5", rows[i].failures, NULL);
        stage_end(&stage, "I5");
    }
}

/* ---- faults: the live round before the pause begins at 500 ms, the pause lasts from 1000 to 1400
 */

struct fault_row {
    enum sim_fault_class class;
    uint32_t host;
    ferry_time_ns begin; /* ms */
    ferry_time_ns end;   /* ms; 0: never */
    bool excused;
    uint32_t network;
};

static void fault_edge(struct stage *stage, bool begin, const struct fault_row *row)
{
    if (begin) {
        SAY(stage,
            FAULT_BEGIN,
            .fault = 3,
            .host = row->host,
            .network = row->network,
            .fault_class = row->class,
            .text = "network mig-a is down");
    } else {
        SAY(stage, FAULT_END, .fault = 3);
    }
}

/* The migration uses network 4 at first, 5 when the pause begins, 6 from 1200 on. */
static void play_fault(struct stage *stage, const struct fault_row *row)
{
    for (ferry_time_ns ms = 0; ms <= 1400; ms++) {
        stage->now = ms * MS;
        if (ms == row->begin) {
            fault_edge(stage, true, row);
        }
        if (ms == row->end && row->end != 0) {
            fault_edge(stage, false, row);
        }
        if (ms == 0) {
            SAY(stage, NETWORK_USED, .network = 4);
        } else if (ms == 500) {
            TELL(stage, ROUND_BEGUN, 1, 10, 0);
        } else if (ms == 900) {
            SAY(stage, NETWORK_USED, .network = 5);
        } else if (ms == 1000) {
            stage_pause(stage, 1);
            TELL(stage, ROUND_BEGUN, 2, 10, 1); /* the final round is no measurement */
        } else if (ms == 1200) {
            SAY(stage, NETWORK_USED, .network = 6);
        } else if (ms == 1400) {
            stage_resume(stage, 1);
        }
    }
}

static void a_fault_excuses_if_it_could_not_be_known(void **unused)
{
    (void)unused;
    static const struct fault_row rows[] = {
  /* inside the pause; all the time, since nobody can measure an outage; up to its first
         * instant; over before it; from its last instant on */
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 1100, 1200, true,  SIM_CHECK_NONE},
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 100,  0,    true,  SIM_CHECK_NONE},
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 100,  1000, true,  SIM_CHECK_NONE},
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 100,  999,  false, SIM_CHECK_NONE},
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 1400, 0,    true,  SIM_CHECK_NONE},
 /* the source's host, the target's, a third one */
        {SIM_FAULT_OUTAGE,    0,              1100, 1200, true,  SIM_CHECK_NONE},
        {SIM_FAULT_OUTAGE,    1,              1100, 1200, true,  SIM_CHECK_NONE},
        {SIM_FAULT_OUTAGE,    2,              1100, 1200, false, SIM_CHECK_NONE},
 /* began in the pause, ended in it, began inside the last measurement, was there for all of
         * that, was over before it */
        {SIM_FAULT_STEADY,    SIM_CHECK_NONE, 1100, 0,    true,  SIM_CHECK_NONE},
        {SIM_FAULT_STEADY,    SIM_CHECK_NONE, 100,  1100, true,  SIM_CHECK_NONE},
        {SIM_FAULT_STEADY,    SIM_CHECK_NONE, 600,  0,    true,  SIM_CHECK_NONE},
        {SIM_FAULT_STEADY,    SIM_CHECK_NONE, 499,  0,    false, SIM_CHECK_NONE},
        {SIM_FAULT_STEADY,    SIM_CHECK_NONE, 100,  499,  false, SIM_CHECK_NONE},
 /* nobody can measure it before the pause; over before it */
        {SIM_FAULT_HIDDEN,    0,              100,  0,    true,  SIM_CHECK_NONE},
        {SIM_FAULT_HIDDEN,    0,              100,  999,  false, SIM_CHECK_NONE},
 /* a clock that is right now, and what nobody should notice */
        {SIM_FAULT_CLOCK,     0,              1100, 0,    false, SIM_CHECK_NONE},
        {SIM_FAULT_NO_EXCUSE, 1,              1100, 0,    false, SIM_CHECK_NONE},
 /* of a network: the one in use when it paused, the one it changed to, the one it had left before, one that it
         * never used; also where only the numbers changed */
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 1100, 1200, true,  5             },
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 1250, 1300, true,  6             },
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 100,  0,    false, 4             },
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 1100, 1200, false, 7             },
        {SIM_FAULT_OUTAGE,    SIM_CHECK_NONE, 1100, 1200, false, 64 + 5        },
        {SIM_FAULT_STEADY,    SIM_CHECK_NONE, 1100, 0,    true,  5             },
        {SIM_FAULT_STEADY,    SIM_CHECK_NONE, 1100, 0,    false, 4             },
        {SIM_FAULT_HIDDEN,    SIM_CHECK_NONE, 100,  0,    false, 7             },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = started();

        play_fault(&stage, &rows[i]);

        if (failures_of(&stage, "I5") != (rows[i].excused ? 0U : 1U)) {
            fail_msg("row %zu", i);
        }
        assert_int_equal(sim_checks_excuse_count(stage.checks), rows[i].excused ? 1 : 0);
        if (rows[i].excused) {
            assert_non_null(strstr(
                sim_checks_excuse(stage.checks, 0)->message, "because of: network mig-a is down"));
        }
        stage_end(&stage, "I5");
    }
}

/* A limit of 300 ms, kept by a clock that loses 10 %: 333.3 ms in truth, and no nanosecond more. */
static void a_wrong_clock_stretches_the_limit_by_its_error_and_no_more(void **unused)
{
    static const struct {
        uint32_t host;
        uint32_t ppm;
        ferry_time_ns step;
        ferry_time_ns length;
        size_t failures;
    } rows[] = {
        {0, 100000,  0,        333333333,    0},
        {0, 100000,  0,        333333336,    1},
        {1, 100000,  0,        333333333,    0}, /* the target's counts too */
        {2, 100000,  0,        301 * MS,     1}, /* a third host's does not */
        {0, 1000000, 0,        900 * MS,     0}, /* it stands still */
        {0, 0,       100 * MS, 400 * MS,     0}, /* it jumped */
        {0, 0,       100 * MS, 400 * MS + 1, 1},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = started();

        stage_pause(&stage, 1);
        SAY(&stage,
            FAULT_BEGIN,
            .fault = 3,
            .fault_class = SIM_FAULT_CLOCK,
            .host = rows[i].host,
            .network = SIM_CHECK_NONE,
            .clock_ppm = rows[i].ppm,
            .clock_step_ns = rows[i].step,
            .text = "clock_slow h1");
        stage.now += rows[i].length;
        stage_resume(&stage, 1);

        if (failures_of(&stage, "I5") != rows[i].failures) {
            fail_msg("row %zu", i);
        }
        assert_int_equal(sim_checks_excuse_count(stage.checks), 0);
        stage_end(&stage, "I5");
    }
}

static void within_the_limit_no_excuse_is_needed(void **unused)
{
    (void)unused;
    struct stage stage = started();

    fault_edge(
        &stage,
        true,
        &(struct fault_row){SIM_FAULT_OUTAGE, SIM_CHECK_NONE, 0, 0, true, SIM_CHECK_NONE});
    complete(&stage, LIMIT);

    assert_int_equal(sim_checks_excuse_count(stage.checks), 0);
    stage_end(&stage, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_itself_is_fine_and_a_nanosecond_more_fails),
        cmocka_unit_test(an_aborted_attempt_over_the_limit_fails),
        cmocka_unit_test(a_pause_that_never_ends_fails_at_a_healed_end_alone),
        cmocka_unit_test(a_pause_that_has_ended_is_judged_no_more),
        cmocka_unit_test(a_changed_limit_counts_and_in_a_pause_the_larger_one),
        cmocka_unit_test(without_a_limit_nothing_is_too_long),
        cmocka_unit_test(an_ordered_switch_is_excused_only_with_the_order_and_its_verdict),
        cmocka_unit_test(switch_anyway_is_excused_only_by_that_policy_and_that_verdict),
        cmocka_unit_test(a_fault_excuses_if_it_could_not_be_known),
        cmocka_unit_test(a_wrong_clock_stretches_the_limit_by_its_error_and_no_more),
        cmocka_unit_test(within_the_limit_no_excuse_is_needed),
    };

    return cmocka_run_group_tests_name("i5_within_limit", tests, NULL, NULL);
}
