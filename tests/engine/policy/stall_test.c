/* SPDX-License-Identifier: Apache-2.0 */
/* stall_test.c -- less than 1 % over 10 live rounds, exactly at its edge; and the early warning. */
#include "ferry/policy.h"
#include "support/harness.h"

#define MS FERRY_MILLISECOND

/* A migration that sends a byte a nanosecond: bytes are nanoseconds, so that predictions can be
 * written down. */
struct run {
    struct ferry_policy_samples samples;
    struct ferry_policy_memory memory;
    struct ferry_verdict verdict;
};

static struct run run_begin(enum ferry_no_convergence policy)
{
    return (struct run){
        .samples =
            {
                      .give_up_after = FERRY_TIME_NEVER,
                      .blackout_limit = 300 * MS,
                      .mode = FERRY_MODE_PRECOPY,
                      .on_no_convergence = policy,
                      .bandwidth = FERRY_SECOND,
                      .cap = FERRY_RATE_UNLIMITED,
                      },
    };
}

static enum ferry_rule run_round(struct run *run, uint64_t remaining)
{
    run->samples.live_rounds++;
    run->samples.remaining_bytes = remaining;
    run->verdict = ferry_policy_decide(&run->samples, &run->memory);
    return run->verdict.rule;
}

static void flat_is_stalled_after_the_eleventh_round_and_not_before(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_GIVE_UP);

    for (int i = 1; i <= 10; i++) {
        assert_int_equal(run_round(&run, 400000000), FERRY_RULE_SHRINKING);
    }
    assert_int_equal(run_round(&run, 400000000), FERRY_RULE_STALLED);
    assert_int_equal(run.verdict.decision, FERRY_DECIDE_GIVE_UP);
}

static void one_percent_over_ten_rounds_is_enough_and_a_nanosecond_less_is_not(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t last;
        enum ferry_rule rule;
    } rows[] = {
        {396000000, FERRY_RULE_SHRINKING},
        {396000001, FERRY_RULE_STALLED  },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run run = run_begin(FERRY_GIVE_UP);

        for (int round = 1; round <= 10; round++) {
            (void)run_round(&run, 400000000);
        }
        assert_int_equal(run_round(&run, rows[i].last), rows[i].rule);
    }
}

/* The rule looks ten rounds back from every round, not from the last good one. */
static void steady_progress_of_a_tenth_of_a_percent_a_round_is_just_enough(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_GIVE_UP);
    uint64_t remaining = 4000000000;

    for (int round = 1; round <= 200; round++) {
        assert_int_equal(run_round(&run, remaining), FERRY_RULE_SHRINKING);
        remaining -= remaining / 990; /* 1.0 % over ten rounds, and a little more */
    }
    struct run slower = run_begin(FERRY_GIVE_UP);
    remaining = 4000000000;
    for (int round = 1; round <= 10; round++) {
        assert_int_equal(run_round(&slower, remaining), FERRY_RULE_SHRINKING);
        remaining -= remaining / 1010;
    }
    assert_int_equal(run_round(&slower, remaining), FERRY_RULE_STALLED);
}

static void progress_that_ended_is_forgotten_after_ten_rounds(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_GIVE_UP);

    for (uint64_t round = 0; round < 5; round++) {
        (void)run_round(&run, 800000000 - round * 80000000);
    }
    for (int round = 0; round < 9; round++) {
        assert_int_equal(run_round(&run, 480000000), FERRY_RULE_SHRINKING);
    }
    assert_int_equal(run_round(&run, 480000000), FERRY_RULE_STALLED);
}

static void the_best_counts_and_not_the_latest(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_GIVE_UP);

    (void)run_round(&run, 400000000);
    for (int round = 2; round <= 10; round++) {
        (void)run_round(
            &run, 900000000 - (uint64_t)round * 50000000); /* falls all the time, above the best */
    }
    assert_int_equal(run_round(&run, 401000000), FERRY_RULE_STALLED);
}

static void a_best_that_could_not_be_used_is_no_hope(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_GIVE_UP);

    run.samples.not_before =
        1; /* it could have switched, but the last attempt was aborted a moment ago */
    assert_int_equal(run_round(&run, 300000000), FERRY_RULE_BACKING_OFF);
    for (int round = 1; round <= 10; round++) {
        assert_int_equal(run_round(&run, 400000000), FERRY_RULE_SHRINKING);
    }
    assert_int_equal(run_round(&run, 400000000), FERRY_RULE_STALLED);
}

static void a_best_that_an_attempt_refuted_is_looked_for_anew(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_GIVE_UP);

    assert_int_equal(run_round(&run, 300000000), FERRY_RULE_WITHIN_LIMIT);
    ferry_policy_refuted(&run.memory);
    for (int round = 1; round <= 10; round++) {
        assert_int_equal(run_round(&run, 400000000), FERRY_RULE_SHRINKING);
        assert_int_equal(run.verdict.best_predicted, 400000000);
    }
    assert_int_equal(run_round(&run, 400000000), FERRY_RULE_STALLED);
}

static void keep_trying_goes_on_and_says_that_it_is_stalled(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_KEEP_TRYING);

    for (int round = 1; round <= 10; round++) {
        (void)run_round(&run, 400000000);
    }
    for (int round = 11; round <= 100; round++) {
        assert_int_equal(run_round(&run, 400000000), FERRY_RULE_STALLED);
        assert_int_equal(run.verdict.decision, FERRY_DECIDE_CONTINUE);
    }
    assert_int_equal(run_round(&run, 300000000), FERRY_RULE_WITHIN_LIMIT);
}

static void switch_anyway_pauses_at_that_verdict_and_names_the_cause(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_SWITCH_ANYWAY);

    for (int round = 1; round <= 10; round++) {
        assert_int_equal(run_round(&run, 400000000), FERRY_RULE_SHRINKING);
        assert_int_equal(run.verdict.cause, FERRY_RULE_NONE);
    }
    assert_int_equal(run_round(&run, 400000000), FERRY_RULE_SWITCH_ANYWAY);
    assert_int_equal(run.verdict.decision, FERRY_DECIDE_SWITCH);
    assert_int_equal(run.verdict.cause, FERRY_RULE_STALLED);
}

/* A verdict twice for one live round (after an aborted attempt) is no eleventh round; a round
 * without one counts. */
static void rounds_are_counted_and_not_verdicts(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_GIVE_UP);

    for (int round = 1; round <= 10; round++) {
        (void)run_round(&run, 400000000);
        run.samples.live_rounds--;
        assert_int_equal(run_round(&run, 400000000), FERRY_RULE_SHRINKING);
    }
    assert_int_equal(run_round(&run, 400000000), FERRY_RULE_STALLED);

    struct run sparse = run_begin(FERRY_GIVE_UP);
    assert_int_equal(run_round(&sparse, 400000000), FERRY_RULE_SHRINKING);
    sparse.samples.live_rounds += 8;
    assert_int_equal(run_round(&sparse, 400000000), FERRY_RULE_SHRINKING); /* 10 */
    assert_int_equal(run_round(&sparse, 400000000), FERRY_RULE_STALLED);   /* 11 */
    sparse.samples.live_rounds = 1000;
    assert_int_equal(run_round(&sparse, 390000000), FERRY_RULE_SHRINKING);
}

/* ---- the early warning ---- */

static void a_guest_that_fills_the_link_is_warned_of_once(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_KEEP_TRYING);
    int warnings = 0;

    run.samples.dirty_bytes_per_second = FERRY_SECOND;
    for (int round = 1; round <= 20; round++) {
        (void)run_round(&run, 400000000);
        warnings += run.verdict.will_not_converge ? 1 : 0;
        assert_int_equal(warnings, round >= 3 ? 1 : 0);
        assert_int_equal(run.verdict.decision, FERRY_DECIDE_CONTINUE); /* an event, not an end */
    }
}

static void nobody_is_warned_of_what_shrinks_or_dirties_slowly_or_is_within_the_limit(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t dirty;
        uint64_t remaining;
        uint64_t shrink_divisor;
    } rows[] = {
        {1000000000, 4000000000, 50}, /* fills the link, but shrinks by 2 % a round */
        {870000000,  400000000,  0 }, /* just below seven eighths of the link */
        {1000000000, 300000000,  0 }, /* within the limit */
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run run = run_begin(FERRY_KEEP_TRYING);
        uint64_t remaining = rows[i].remaining;

        run.samples.dirty_bytes_per_second = rows[i].dirty;
        for (int round = 1; round <= 15; round++) {
            (void)run_round(&run, remaining);
            assert_false(run.verdict.will_not_converge);
            remaining -= rows[i].shrink_divisor != 0 ? remaining / rows[i].shrink_divisor : 0;
        }
    }
}

static void a_limit_below_the_fixed_costs_is_told_at_the_first_round(void **unused)
{
    (void)unused;
    struct run run = run_begin(FERRY_GIVE_UP);

    run.samples.costs.load = 301 * MS;
    (void)run_round(&run, 1);
    assert_true(run.verdict.will_not_converge);
    (void)run_round(&run, 1);
    assert_false(run.verdict.will_not_converge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_is_stalled_after_the_eleventh_round_and_not_before),
        cmocka_unit_test(one_percent_over_ten_rounds_is_enough_and_a_nanosecond_less_is_not),
        cmocka_unit_test(steady_progress_of_a_tenth_of_a_percent_a_round_is_just_enough),
        cmocka_unit_test(progress_that_ended_is_forgotten_after_ten_rounds),
        cmocka_unit_test(the_best_counts_and_not_the_latest),
        cmocka_unit_test(a_best_that_could_not_be_used_is_no_hope),
        cmocka_unit_test(a_best_that_an_attempt_refuted_is_looked_for_anew),
        cmocka_unit_test(keep_trying_goes_on_and_says_that_it_is_stalled),
        cmocka_unit_test(switch_anyway_pauses_at_that_verdict_and_names_the_cause),
        cmocka_unit_test(rounds_are_counted_and_not_verdicts),
        cmocka_unit_test(a_guest_that_fills_the_link_is_warned_of_once),
        cmocka_unit_test(nobody_is_warned_of_what_shrinks_or_dirties_slowly_or_is_within_the_limit),
        cmocka_unit_test(a_limit_below_the_fixed_costs_is_told_at_the_first_round),
    };

    return cmocka_run_group_tests_name("stall", tests, NULL, NULL);
}
