/* SPDX-License-Identifier: Apache-2.0 */
/* closed_forms_test.c -- the policy against textbook formulas of pre-copy, with no costs: RAM V,
 * bandwidth B, unique dirty rate D, working set W. constant rate: round i sends V (D/B)^i; it
 * switches at the first round whose remainder fits into the limit, or never if D >= B; working set:
 * the remainder tends to W for D >= B, so that it switches if and only if W / B is within the
 * limit. */
#include "ferry/policy.h"
#include "support/harness.h"

__extension__ typedef unsigned __int128 wide;

struct guest {
    uint64_t memory;
    uint64_t bandwidth;
    uint64_t dirty_rate;
    uint64_t working_set;
    ferry_time_ns limit;
};

struct end {
    struct ferry_verdict verdict;
    ferry_time_ns at;
};

/* Round after round, until the policy ends it. */
static struct end migrate(const struct guest *guest, enum ferry_no_convergence policy)
{
    struct ferry_policy_memory memory = {0};
    struct ferry_policy_samples samples = {
        .give_up_after = 3600 * FERRY_SECOND,
        .blackout_limit = guest->limit,
        .mode = FERRY_MODE_PRECOPY,
        .on_no_convergence = policy,
        .bandwidth = guest->bandwidth,
        .cap = FERRY_RATE_UNLIMITED,
        .dirty_bytes_per_second = guest->dirty_rate,
        .remaining_bytes = guest->memory,
    };
    struct end end = {0};

    do {
        const ferry_time_ns took =
            (ferry_time_ns)((wide)samples.remaining_bytes * FERRY_SECOND / guest->bandwidth);
        const uint64_t dirtied = (uint64_t)((wide)guest->dirty_rate * (wide)took / FERRY_SECOND);

        samples.now += took;
        samples.live_rounds++;
        samples.remaining_bytes = dirtied < guest->working_set ? dirtied : guest->working_set;
        end.verdict = ferry_policy_decide(&samples, &memory);
    } while (end.verdict.decision == FERRY_DECIDE_CONTINUE && samples.live_rounds < 100000);
    end.at = samples.now;
    return end;
}

static bool near(uint64_t value, double expected)
{
    const double error = (double)value - expected;

    return error > -2.0 - expected * 1e-6 && error < 2.0 + expected * 1e-6;
}

static void constant_rate_switches_at_the_first_round_that_fits(void **unused)
{
    (void)unused;
    static const uint64_t percents[] = {0, 1, 10, 30, 50, 80, 90, 95};

    for (size_t i = 0; i < COUNT_OF(percents); i++) {
        const struct guest guest = {
            .memory = 64000000000,
            .bandwidth = 1000000000,
            .dirty_rate = 10000000 * percents[i],
            .working_set = UINT64_MAX,
            .limit = 100 * FERRY_MILLISECOND,
        };
        const double ratio = (double)percents[i] / 100.0;
        const double fits = 1e9 * 0.1;
        double remaining = 64e9;
        double total = 0;
        uint32_t rounds = 0;

        do {
            total += remaining / 1e9;
            remaining *= ratio;
            rounds++;
        } while (remaining > fits);
        const struct end end = migrate(&guest, FERRY_GIVE_UP);

        assert_int_equal(end.verdict.rule, FERRY_RULE_WITHIN_LIMIT);
        assert_int_equal(end.verdict.live_rounds, rounds);
        assert_true(near((uint64_t)end.verdict.predicted_blackout, remaining));
        assert_true(near((uint64_t)end.at, total * 1e9));
    }
}

/* 1 % over 10 rounds: a rate of 99.9 % of the bandwidth shrinks by just about that. */
static void constant_rate_stalls_if_and_only_if_a_round_shrinks_too_little(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t dirty_rate;
        enum ferry_rule rule;
        uint32_t rounds;
    } rows[] = {
        {998900000,  FERRY_RULE_WITHIN_LIMIT, 0 },
        {999000000,  FERRY_RULE_STALLED,      11},
        {1000000000, FERRY_RULE_STALLED,      11},
        {1500000000, FERRY_RULE_STALLED,      11},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct guest guest = {
            .memory = 1000000000,
            .bandwidth = 1000000000,
            .dirty_rate = rows[i].dirty_rate,
            .working_set = UINT64_MAX,
            .limit = 100 * FERRY_MILLISECOND,
        };
        const struct end end = migrate(&guest, FERRY_GIVE_UP);

        assert_int_equal(end.verdict.rule, rows[i].rule);
        if (rows[i].rounds != 0) {
            assert_int_equal(end.verdict.live_rounds, rows[i].rounds);
        }
    }
}

static void working_set_switches_if_and_only_if_it_fits(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t working_set;
        enum ferry_rule rule;
    } rows[] = {
        {100000000, FERRY_RULE_WITHIN_LIMIT},
        {100000001, FERRY_RULE_STALLED     },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct guest guest = {
            .memory = 16000000000,
            .bandwidth = 1000000000,
            .dirty_rate = 2000000000,
            .working_set = rows[i].working_set,
            .limit = 100 * FERRY_MILLISECOND,
        };
        const struct end end = migrate(&guest, FERRY_GIVE_UP);

        assert_int_equal(end.verdict.rule, rows[i].rule);
        assert_true(near((uint64_t)end.verdict.predicted_blackout, (double)rows[i].working_set));
    }
}

static void switch_anyway_pays_the_working_set_over_the_bandwidth(void **unused)
{
    (void)unused;
    const struct guest guest = {
        .memory = 16000000000,
        .bandwidth = 1000000000,
        .dirty_rate = 2000000000,
        .working_set = 5000000000,
        .limit = 100 * FERRY_MILLISECOND,
    };
    const struct end end = migrate(&guest, FERRY_SWITCH_ANYWAY);

    assert_int_equal(end.verdict.rule, FERRY_RULE_SWITCH_ANYWAY);
    assert_int_equal(end.verdict.live_rounds, 11);
    assert_true(end.verdict.predicted_blackout == 5 * FERRY_SECOND);
}

static void keep_trying_ends_when_the_time_has_passed(void **unused)
{
    (void)unused;
    const struct guest guest = {
        .memory = 16000000000,
        .bandwidth = 1000000000,
        .dirty_rate = 2000000000,
        .working_set = 5000000000,
        .limit = 100 * FERRY_MILLISECOND,
    };
    const struct end end = migrate(&guest, FERRY_KEEP_TRYING);

    assert_int_equal(end.verdict.decision, FERRY_DECIDE_GIVE_UP);
    assert_int_equal(end.verdict.rule, FERRY_RULE_GIVE_UP_AFTER);
    assert_true(end.at >= 3600 * FERRY_SECOND && end.at < 3605 * FERRY_SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_rate_switches_at_the_first_round_that_fits),
        cmocka_unit_test(constant_rate_stalls_if_and_only_if_a_round_shrinks_too_little),
        cmocka_unit_test(working_set_switches_if_and_only_if_it_fits),
        cmocka_unit_test(switch_anyway_pays_the_working_set_over_the_bandwidth),
        cmocka_unit_test(keep_trying_ends_when_the_time_has_passed),
    };

    return cmocka_run_group_tests_name("closed_forms", tests, NULL, NULL);
}
