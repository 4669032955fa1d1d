/* SPDX-License-Identifier: Apache-2.0 */
/* decide_test.c -- each rule fires where it should, the one above it wins, and the verdict carries
 * its numbers. */
#include "ferry/limits.h"
#include "ferry/policy.h"
#include "support/harness.h"

#include <string.h>

#define MS FERRY_MILLISECOND
#define S  FERRY_SECOND

/* An ordinary pre-copy migration, ten seconds old: 100 MB/s, a limit of 300 ms. */
static struct ferry_policy_samples ordinary(void)
{
    return (struct ferry_policy_samples){
        .now = 10 * S,
        .started_at = 0,
        .give_up_after = 3600 * S,
        .blackout_limit = 300 * MS,
        .mode = FERRY_MODE_PRECOPY,
        .on_no_convergence = FERRY_GIVE_UP,
        .live_rounds = 1,
        .remaining_bytes = 100000000,
        .bandwidth = 100000000,
        .cap = FERRY_RATE_UNLIMITED,
    };
}

enum situation {
    OVER = 0,
    WITHIN = 1,      /* the prediction is the limit exactly */
    LATE = 2,        /* give_up_after has passed, this very nanosecond */
    BACKING_OFF = 4, /* not before one nanosecond from now */
    ORDERED = 8,     /* switch over now */
    EXHAUSTED = 16,  /* as many attempts as are allowed */
    STOP_AND_COPY = 32,
};

static struct ferry_policy_samples situation(unsigned bits)
{
    struct ferry_policy_samples samples = ordinary();

    if ((bits & WITHIN) != 0) {
        samples.remaining_bytes = 30000000;
    }
    if ((bits & LATE) != 0) {
        samples.give_up_after = samples.now;
    }
    if ((bits & BACKING_OFF) != 0) {
        samples.not_before = samples.now + 1;
    }
    samples.switch_now = (bits & ORDERED) != 0;
    samples.attempts = (bits & EXHAUSTED) != 0 ? FERRY_ATTEMPTS_MAX : FERRY_ATTEMPTS_MAX - 1;
    if ((bits & STOP_AND_COPY) != 0) {
        samples.mode = FERRY_MODE_STOP_AND_COPY;
        samples.live_rounds = 0;
    }
    return samples;
}

struct row {
    unsigned situation;
    enum ferry_no_convergence policy;
    enum ferry_decision decision;
    enum ferry_rule rule;
    enum ferry_rule cause;
};

#define ON  FERRY_DECIDE_CONTINUE
#define GO  FERRY_DECIDE_SWITCH
#define END FERRY_DECIDE_GIVE_UP

/* clang-format off */
static const struct row rows[] = {
    {OVER,                                FERRY_GIVE_UP,       ON,  FERRY_RULE_SHRINKING,     0                       },
    {WITHIN,                              FERRY_GIVE_UP,       GO,  FERRY_RULE_WITHIN_LIMIT,  0                       },
    {WITHIN | LATE,                       FERRY_GIVE_UP,       GO,  FERRY_RULE_WITHIN_LIMIT,  0                       },
    {WITHIN | BACKING_OFF,                FERRY_GIVE_UP,       ON,  FERRY_RULE_BACKING_OFF,   0                       },
    {WITHIN | BACKING_OFF | LATE,         FERRY_GIVE_UP,       END, FERRY_RULE_GIVE_UP_AFTER, 0                       },
    {OVER | BACKING_OFF,                  FERRY_GIVE_UP,       ON,  FERRY_RULE_SHRINKING,     0                       },
    {OVER | LATE,                         FERRY_GIVE_UP,       END, FERRY_RULE_GIVE_UP_AFTER, 0                       },
    {OVER | LATE,                         FERRY_KEEP_TRYING,   END, FERRY_RULE_GIVE_UP_AFTER, 0                       },
    {OVER | LATE,                         FERRY_SWITCH_ANYWAY, GO,  FERRY_RULE_SWITCH_ANYWAY, FERRY_RULE_GIVE_UP_AFTER},
    {OVER | ORDERED,                      FERRY_GIVE_UP,       GO,  FERRY_RULE_OPERATOR,      0                       },
    {OVER | ORDERED | LATE | BACKING_OFF, FERRY_GIVE_UP,       GO,  FERRY_RULE_OPERATOR,      0                       },
    {WITHIN | EXHAUSTED,                  FERRY_GIVE_UP,       END, FERRY_RULE_ATTEMPTS,      0                       },
    {WITHIN | EXHAUSTED | ORDERED,        FERRY_GIVE_UP,       END, FERRY_RULE_ATTEMPTS,      0                       },
    {WITHIN | EXHAUSTED,                  FERRY_KEEP_TRYING,   END, FERRY_RULE_ATTEMPTS,      0                       },
    {OVER | EXHAUSTED,                    FERRY_SWITCH_ANYWAY, GO,  FERRY_RULE_SWITCH_ANYWAY, FERRY_RULE_ATTEMPTS     },
    {OVER | STOP_AND_COPY,                FERRY_GIVE_UP,       GO,  FERRY_RULE_STOP_AND_COPY, 0                       },
    {OVER | STOP_AND_COPY | LATE,         FERRY_GIVE_UP,       GO,  FERRY_RULE_STOP_AND_COPY, 0                       },
    {OVER | STOP_AND_COPY | BACKING_OFF,  FERRY_GIVE_UP,       ON,  FERRY_RULE_BACKING_OFF,   0                       },
    {OVER | STOP_AND_COPY | EXHAUSTED,    FERRY_GIVE_UP,       END, FERRY_RULE_ATTEMPTS,      0                       },
    {OVER | STOP_AND_COPY | ORDERED,      FERRY_GIVE_UP,       GO,  FERRY_RULE_OPERATOR,      0                       },
};
/* clang-format on */

static void the_first_rule_that_applies_decides(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ferry_policy_samples samples = situation(rows[i].situation);
        struct ferry_policy_memory memory = {0};
        struct ferry_verdict verdict;

        samples.on_no_convergence = rows[i].policy;
        verdict = ferry_policy_decide(&samples, &memory);

        if (verdict.decision != rows[i].decision || verdict.rule != rows[i].rule ||
            verdict.cause != rows[i].cause) {
            fail_msg(
                "row %zu: decision %d by %s because of %s",
                i,
                (int)verdict.decision,
                ferry_rule_name(verdict.rule),
                ferry_rule_name(verdict.cause));
        }
    }
}

static void one_nanosecond_before_its_edge_no_rule_fires(void **unused)
{
    (void)unused;
    struct ferry_policy_memory memory = {0};
    struct ferry_policy_samples samples = situation(OVER | LATE);

    samples.give_up_after++;
    assert_int_equal(ferry_policy_decide(&samples, &memory).rule, FERRY_RULE_SHRINKING);

    samples = situation(WITHIN);
    samples.blackout_limit--;
    assert_int_equal(ferry_policy_decide(&samples, &memory).rule, FERRY_RULE_SHRINKING);

    samples = situation(WITHIN | BACKING_OFF);
    samples.now++;
    assert_int_equal(ferry_policy_decide(&samples, &memory).rule, FERRY_RULE_WITHIN_LIMIT);
}

static void without_a_limit_anything_that_moves_is_within_it(void **unused)
{
    (void)unused;
    struct ferry_policy_memory memory = {0};
    struct ferry_policy_samples samples = ordinary();

    samples.blackout_limit = FERRY_TIME_NEVER;
    assert_int_equal(ferry_policy_decide(&samples, &memory).rule, FERRY_RULE_WITHIN_LIMIT);

    samples.bandwidth = 0; /* a dead link is within no limit */
    assert_int_equal(ferry_policy_decide(&samples, &memory).rule, FERRY_RULE_SHRINKING);
}

static void without_a_time_to_give_up_it_never_passes(void **unused)
{
    (void)unused;
    struct ferry_policy_memory memory = {0};
    struct ferry_policy_samples samples = ordinary();

    samples.now = FERRY_TIME_NEVER - 1;
    samples.give_up_after = FERRY_TIME_NEVER;

    assert_int_equal(ferry_policy_decide(&samples, &memory).rule, FERRY_RULE_SHRINKING);
}

static void the_verdict_carries_the_numbers_that_it_used(void **unused)
{
    (void)unused;
    struct ferry_policy_memory memory = {0};
    struct ferry_policy_samples samples = ordinary();
    struct ferry_verdict verdict;

    samples.costs.load = 5 * MS;
    samples.state_bytes = 7;
    samples.cap = 50000000;
    samples.dirty_bytes_per_second = 11;
    verdict = ferry_policy_decide(&samples, &memory);

    assert_true(verdict.predicted_blackout == ferry_policy_predict(&samples));
    assert_true(verdict.best_predicted == verdict.predicted_blackout);
    assert_true(verdict.blackout_limit == 300 * MS);
    assert_true(verdict.fixed_costs == 5 * MS);
    assert_true(verdict.transfer_bytes == 100000007);
    assert_true(verdict.bandwidth == 50000000);
    assert_true(verdict.dirty_bytes_per_second == 11);
    assert_int_equal(verdict.live_rounds, 1);

    samples.live_rounds = 2;
    samples.remaining_bytes *= 2;
    assert_true(
        ferry_policy_decide(&samples, &memory).best_predicted == verdict.predicted_blackout);
}

static void the_same_samples_in_the_same_order_give_the_same_verdicts(void **unused)
{
    (void)unused;
    struct ferry_policy_memory first = {0};
    struct ferry_policy_memory second = {0};
    uint64_t seed = 3;

    for (uint32_t round = 1; round < 200; round++) {
        struct ferry_policy_samples samples = ordinary();

        samples.live_rounds = round;
        samples.remaining_bytes = harness_random_below(&seed, 200000000);
        const struct ferry_verdict a = ferry_policy_decide(&samples, &first);
        const struct ferry_verdict b = ferry_policy_decide(&samples, &second);

        assert_int_equal(a.decision, b.decision);
        assert_int_equal(a.rule, b.rule);
        assert_true(a.best_predicted == b.best_predicted);
        assert_true(a.will_not_converge == b.will_not_converge);
    }
}

/* Over all situations: a smaller remainder never turns a switch into anything else. */
static void less_to_send_never_delays_the_switch(void **unused)
{
    (void)unused;
    uint64_t seed = 9;

    for (unsigned trial = 0; trial < 20000; trial++) {
        struct ferry_policy_samples samples = situation((unsigned)harness_random_below(&seed, 64));
        struct ferry_policy_memory memory = {0};
        struct ferry_policy_memory copy = {0};

        samples.remaining_bytes = harness_random_below(&seed, 100000000);
        const struct ferry_verdict before = ferry_policy_decide(&samples, &memory);
        samples.remaining_bytes -= harness_random_below(&seed, samples.remaining_bytes + 1);
        const struct ferry_verdict after = ferry_policy_decide(&samples, &copy);

        if (before.decision == FERRY_DECIDE_SWITCH) {
            assert_int_equal(after.decision, FERRY_DECIDE_SWITCH);
        }
    }
}

static void every_rule_has_a_name_of_its_own(void **unused)
{
    (void)unused;

    for (int i = FERRY_RULE_NONE; i <= FERRY_RULE_SWITCH_ANYWAY; i++) {
        assert_string_not_equal(ferry_rule_name((enum ferry_rule)i), "invalid");
        for (int j = FERRY_RULE_NONE; j < i; j++) {
            assert_string_not_equal(
                ferry_rule_name((enum ferry_rule)i), ferry_rule_name((enum ferry_rule)j));
        }
    }
    assert_string_equal(ferry_rule_name((enum ferry_rule)99), "invalid");
    assert_string_equal(ferry_rule_name(FERRY_RULE_WITHIN_LIMIT), "within-limit");
    assert_string_equal(ferry_rule_name(FERRY_RULE_GIVE_UP_AFTER), "give-up-after");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_applies_decides),
        cmocka_unit_test(one_nanosecond_before_its_edge_no_rule_fires),
        cmocka_unit_test(without_a_limit_anything_that_moves_is_within_it),
        cmocka_unit_test(without_a_time_to_give_up_it_never_passes),
        cmocka_unit_test(the_verdict_carries_the_numbers_that_it_used),
        cmocka_unit_test(the_same_samples_in_the_same_order_give_the_same_verdicts),
        cmocka_unit_test(less_to_send_never_delays_the_switch),
        cmocka_unit_test(every_rule_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
