/* SPDX-License-Identifier: Apache-2.0 */
/* i7_ends_once_test.c -- I7 fires when a migration ends never, twice, without a reason, or says
 * what is not true. */
#include "stage.h"

static struct stage started(void)
{
    struct stage stage = stage_begin();

    stage_start(&stage);
    stage.now += FERRY_SECOND;
    return stage;
}

static void report(struct stage *stage, const struct ferry_outcome *outcome)
{
    TELL(stage, OUTCOME, outcome->kind, outcome->status, outcome->total_ns, 0);
    SAY(stage, OUTCOME, .outcome = outcome);
}

static void end_as(struct stage *stage, enum ferry_outcome_kind kind)
{
    struct ferry_outcome outcome = {
        .kind = kind,
        .status = kind == FERRY_OUTCOME_COMPLETED ? FERRY_OK : FERRY_WORLD_LINK,
        .reason = "because",
        .predicted_blackout_ns = 1,
        .verdict = {.rule = FERRY_RULE_WITHIN_LIMIT},
    };

    report(stage, &outcome);
}

static void finish(struct stage *stage, bool healed)
{
    SAY(stage, GUEST_AT_END, .guest = 0);
    SAY(stage, GUEST_AT_END, .guest = 1);
    SAY(stage, END, .healed = healed);
    sim_checks_finish(stage->checks, stage->now);
}

/* ---- ends ---- */

static void each_final_outcome_ends_it(void **unused)
{
    (void)unused;
    static const enum ferry_outcome_kind kinds[] = {
        FERRY_OUTCOME_FAILED, FERRY_OUTCOME_CANCELLED, FERRY_OUTCOME_REFUSED};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct stage stage = started();

        end_as(&stage, kinds[i]);
        finish(&stage, true);

        stage_end(&stage, NULL);
    }
}

static void one_that_never_ends_fails_healed_or_not(void **unused)
{
    (void)unused;
    struct stage healed = started();
    struct stage unhealed = started();

    finish(&healed, true);
    finish(&unhealed, false);

    expect_failures(&healed, "I7", 1, "never ended");
    expect_failures(&unhealed, "I7", 1, "never ended");
    stage_end(&healed, "I7");
    stage_end(&unhealed, "I7");
}

static void nobody_reports_where_the_source_is_down(void **unused)
{
    (void)unused;
    struct stage source = started();
    struct stage target = started();
    struct stage back = started();

    SAY(&source, SIDE_LOST, .host = 0);
    SAY(&target, SIDE_LOST, .host = 1);
    SAY(&back, SIDE_LOST, .host = 0);
    SAY(&back, SIDE_RESTARTED, .host = 0);
    finish(&source, true);
    finish(&target, true);
    finish(&back, true);

    expect_failures(&source, "I7", 0, NULL);
    expect_failures(&target, "I7", 1, "never ended");
    expect_failures(&back, "I7", 1, "never ended");
    sim_checks_destroy(source.checks);
    sim_checks_destroy(target.checks);
    sim_checks_destroy(back.checks);
}

/* ---- unknown ---- */

static void unknown_may_be_followed_by_one_final_outcome(void **unused)
{
    (void)unused;
    struct stage stage = started();

    end_as(&stage, FERRY_OUTCOME_UNKNOWN);
    end_as(&stage, FERRY_OUTCOME_FAILED);
    finish(&stage, true);

    stage_end(&stage, NULL);
}

static void unknown_for_ever_fails_where_all_is_healed_and_no_journal_lost_or_broken(void **unused)
{
    (void)unused;
    struct stage healed = started();
    struct stage unhealed = started();
    struct stage lost = started();
    struct stage broken = started();
    struct stage cured = started();

    end_as(&healed, FERRY_OUTCOME_UNKNOWN);
    finish(&healed, true);
    end_as(&unhealed, FERRY_OUTCOME_UNKNOWN);
    finish(&unhealed, false);
    SAY(&lost, JOURNAL_LOST, .host = 1);
    end_as(&lost, FERRY_OUTCOME_UNKNOWN);
    finish(&lost, true);
    SAY(&broken, JOURNAL_BROKEN, .host = 0);
    SAY(&broken, DAEMON_UP, .host = 1);
    end_as(&broken, FERRY_OUTCOME_UNKNOWN);
    finish(&broken, true);
    SAY(&cured, JOURNAL_BROKEN, .host = 0);
    SAY(&cured, DAEMON_UP, .host = 0);
    SAY(&cured, JOURNAL_BROKEN, .host = 2);
    end_as(&cured, FERRY_OUTCOME_UNKNOWN);
    finish(&cured, true);

    expect_failures(&healed, "I7", 1, "still unknown");
    expect_failures(&cured, "I7", 1, "still unknown");
    stage_end(&broken, NULL);
    stage_end(&cured, "I7");
    stage_end(&healed, "I7");
    stage_end(&unhealed, NULL);
    stage_end(&lost, NULL);
}

static void two_outcomes_fail(void **unused)
{
    (void)unused;
    static const enum ferry_outcome_kind pairs[][2] = {
        {FERRY_OUTCOME_FAILED,    FERRY_OUTCOME_FAILED   },
        {FERRY_OUTCOME_FAILED,    FERRY_OUTCOME_CANCELLED},
        {FERRY_OUTCOME_FAILED,    FERRY_OUTCOME_UNKNOWN  },
        {FERRY_OUTCOME_UNKNOWN,   FERRY_OUTCOME_UNKNOWN  },
        {FERRY_OUTCOME_CANCELLED, FERRY_OUTCOME_UNKNOWN  },
    };

    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct stage stage = started();

        end_as(&stage, pairs[i][0]);
        end_as(&stage, pairs[i][1]);

        expect_failures(&stage, "I7", 1, "after it has reported");
        stage_end(&stage, "I7");
    }
}

static void a_restarted_source_may_repeat_its_end_but_not_turn_it_round(void **unused)
{
    (void)unused;
    struct stage same = started();
    struct stage turned = started();

    end_as(&same, FERRY_OUTCOME_FAILED);
    SAY(&same, SIDE_LOST, .host = 0);
    SAY(&same, SIDE_RESTARTED, .host = 0);
    end_as(&same, FERRY_OUTCOME_FAILED);
    finish(&same, true);
    end_as(&turned, FERRY_OUTCOME_FAILED);
    SAY(&turned, SIDE_LOST, .host = 0);
    SAY(&turned, SIDE_RESTARTED, .host = 0);
    stage_pause(&turned, 1);
    stage_resume(&turned, 1);
    end_as(&turned, FERRY_OUTCOME_COMPLETED);

    stage_end(&same, NULL);
    expect_failures(&turned, "I7", 2, "reports completed after a restart; before it, failed");
    stage_end(&turned, "I7");
}

/* ---- form ---- */

static void an_outcome_needs_a_reason_and_a_status_that_fits(void **unused)
{
    (void)unused;
    static const struct {
        struct ferry_outcome outcome;
        const char *words;
    } rows[] = {
        {{.kind = FERRY_OUTCOME_FAILED, .status = FERRY_WORLD_LINK},         "without a sentence"},
        {{.kind = FERRY_OUTCOME_FAILED, .status = FERRY_OK, .reason = "so"}, "with status"       },
    };
    struct stage unterminated = started();
    struct ferry_outcome outcome = {.kind = FERRY_OUTCOME_FAILED, .status = FERRY_WORLD_LINK};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = started();

        report(&stage, &rows[i].outcome);

        expect_failures(&stage, "I7", 1, rows[i].words);
        stage_end(&stage, "I7");
    }
    memset(outcome.reason, 'x', sizeof(outcome.reason));
    report(&unterminated, &outcome);
    expect_failures(&unterminated, "I7", 1, "without a sentence");
    stage_end(&unterminated, "I7");
}

static void an_end_without_an_outcome_fails(void **unused)
{
    (void)unused;
    struct stage stage = started();

    end_as(&stage, FERRY_OUTCOME_NONE);

    expect_failures(&stage, "I7", 1, "without an outcome");
    stage_end(&stage, "I7");
}

/* ---- truth ---- */

static void completed_without_a_resume_at_the_target_fails(void **unused)
{
    (void)unused;
    struct stage stage = started();

    end_as(&stage, FERRY_OUTCOME_COMPLETED);

    expect_failures(&stage, "I7", 1, "reports completed, but the guest was never resumed");
    stage_end(&stage, "I7");
}

static void target_says(struct stage *stage, enum ferry_trace_kind kind)
{
    stage_trace(stage, &(struct ferry_trace_event){.kind = kind, .target = true});
}

static void
completed_without_a_resume_is_true_of_a_target_that_crashed_owning_the_guest(void **unused)
{
    (void)unused;
    static const struct {
        bool owning;
        uint32_t crash;
        bool burned;
        size_t failures;
    } rows[] = {
        {true,  1, false, 0},
        {false, 1, false, 1}, /* it had only heard of the guest */
        {true,  2, false, 1}, /* another host */
        {true,
         1,        true,
         /* the record was lost with the crash: it has burned the session since */
         1                 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = started();

        stage_pause(&stage, 1);
        if (rows[i].owning) {
            target_says(&stage, FERRY_TRACE_OWNER_ISSUED);
        }
        SAY(&stage, HOST_DOWN, .host = rows[i].crash);
        if (rows[i].burned) {
            target_says(&stage, FERRY_TRACE_BURN_ISSUED);
        }
        end_as(&stage, FERRY_OUTCOME_COMPLETED);

        expect_failures(&stage, "I7", rows[i].failures, "but the guest was never resumed");
        sim_checks_destroy(stage.checks);
    }
}

static void failed_with_a_resume_at_the_target_fails_before_it_and_after_it(void **unused)
{
    (void)unused;
    struct stage before = started();
    struct stage after = started();

    stage_pause(&before, 1);
    stage_resume(&before, 1);
    end_as(&before, FERRY_OUTCOME_FAILED);
    stage_pause(&after, 1);
    end_as(&after, FERRY_OUTCOME_FAILED);
    stage_resume(&after, 1);

    expect_failures(&before, "I7", 1, "but the guest was resumed at the target");
    expect_failures(&after, "I7", 1, "is resumed at the target after failed was reported");
    stage_end(&before, "I7");
    stage_end(&after, "I7");
}

static void after_a_claim_what_the_guest_does_is_the_operators(void **unused)
{
    (void)unused;
    struct stage stage = started();

    stage_pause(&stage, 1);
    SAY(&stage, OPERATOR_CLAIM, .host = 1, .other = 0);
    stage_resume(&stage, 1);
    end_as(&stage, FERRY_OUTCOME_FAILED);

    expect_failures(&stage, "I7", 0, NULL);
    sim_checks_destroy(stage.checks);
}

static void refused_after_pages_were_sent_fails(void **unused)
{
    (void)unused;
    struct stage pages = started();
    struct stage prefaces = started();

    SAY(&pages, PAYLOAD, .payload = SIM_PAYLOAD_CUT, .bytes = 1, .ended_ns = pages.now);
    end_as(&pages, FERRY_OUTCOME_REFUSED);
    SAY(&prefaces, PAYLOAD, .payload = SIM_PAYLOAD_FRAMING, .bytes = 40, .ended_ns = prefaces.now);
    end_as(&prefaces, FERRY_OUTCOME_REFUSED);

    expect_failures(&pages, "I7", 1, "refused, but pages were sent");
    stage_end(&pages, "I7");
    stage_end(&prefaces, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_final_outcome_ends_it),
        cmocka_unit_test(one_that_never_ends_fails_healed_or_not),
        cmocka_unit_test(nobody_reports_where_the_source_is_down),
        cmocka_unit_test(unknown_may_be_followed_by_one_final_outcome),
        cmocka_unit_test(unknown_for_ever_fails_where_all_is_healed_and_no_journal_lost_or_broken),
        cmocka_unit_test(two_outcomes_fail),
        cmocka_unit_test(a_restarted_source_may_repeat_its_end_but_not_turn_it_round),
        cmocka_unit_test(an_outcome_needs_a_reason_and_a_status_that_fits),
        cmocka_unit_test(an_end_without_an_outcome_fails),
        cmocka_unit_test(completed_without_a_resume_at_the_target_fails),
        cmocka_unit_test(
            completed_without_a_resume_is_true_of_a_target_that_crashed_owning_the_guest),
        cmocka_unit_test(failed_with_a_resume_at_the_target_fails_before_it_and_after_it),
        cmocka_unit_test(after_a_claim_what_the_guest_does_is_the_operators),
        cmocka_unit_test(refused_after_pages_were_sent_fails),
    };

    return cmocka_run_group_tests_name("i7_ends_once", tests, NULL, NULL);
}
