/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uniform_test.c -- A3: random writes. What a round finds is a draw with a known mean and variance: each run is held to
 * 4 standard deviations, and the mean of 20 seeds to 3 standard errors. Then when such a guest converges.
 *
 * Round i's draw is compared with the formula at the time that round i - 1 took in this very run: what an earlier draw
 * was off is in that time, so the draws of one run are independent and the formula's variance is the whole of it. The
 * seeds are fixed, so the outcome is too: a failure is no bad luck, but a finding.
 */
#include "lab.h"

#include <math.h>

#define BYTES_PER_SECOND 125e6 /* 1 Gbit/s: 30,500 pages a second */
#define SEEDS            20U
#define ROUNDS_MAX       8U
#define MEAN_MIN         20.0 /* pages; below, the draws of a round are too few to look normal */

#define WORLD                                                                       \
    "version: 1\n"                                                                  \
    "hosts: {h1: {memory: 4 GiB, costs: none}, h2: {memory: 4 GiB, costs: none}}\n" \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s, latency: 0 s}}\n"       \
    "guests: {g: {host: h1, memory: 64 MiB, device_state: 0 B, workload: %s}}\n"    \
    "steps: [{at: 1 s, move: g, to: h2, blackout_limit: %u us}]\n"

static const struct {
    const char *workload;
    struct model_oracle_uniform sets[2];
    size_t count;
} guests[] = {
    {"{kind: uniform, size: 32 MiB, rate: 40.96 MB/s}",                                              {{8192.0, 10000.0}},           1},
    {"{kind: uniform, size: 64 MiB, rate: 110 MB/s}",                                                {{16384.0, 110e6 / LAB_PAGE}}, 1},
    {"{kind: hotset, hot: {size: 4 MiB, rate: 61.44 MB/s}, cold: {size: 48 MiB, rate: 20.48 MB/s}}",
     {{1024.0, 15000.0}, {12288.0, 5000.0}},
     2                                                                                                                               },
};

/* Of one round, over all seeds. */
struct sums {
    unsigned runs;
    double off; /* pages found less those expected */
    double variance;
};

static void add_run(const struct lab_migration *migration, size_t guest, struct sums *sums)
{
    const struct model_oracle_uniform_sets sets = {
        .sets = guests[guest].sets,
        .count = guests[guest].count,
    };

    assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
    for (uint32_t i = 0; i + 1 < migration->round_count && i < ROUNDS_MAX; i++) {
        const double took_s = lab_seconds(migration->rounds[i].duration_ns);
        const double mean = model_oracle_uniform_dirty(&sets, took_s);
        double variance = 0.0;
        for (size_t k = 0; k < sets.count; k++) {
            variance += model_oracle_uniform_variance(&sets.sets[k], took_s);
        }
        if (mean < MEAN_MIN) {
            return;
        }
        const double off = (double)migration->rounds[i].dirty_after - mean;
        lab_within(off, 0.0, 4.0 * sqrt(variance) + 1.0, "deviation in round", i);
        sums[i].runs++;
        sums[i].off += off;
        sums[i].variance += variance;
    }
}

static void unique_pages_are_those_of_random_draws(void **unused)
{
    (void)unused;
    for (size_t guest = 0; guest < COUNT_OF(guests); guest++) {
        struct sums sums[ROUNDS_MAX] = {0};
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            const struct lab_options options = {.network = lab_networks[seed % 2], .seed = seed};
            add_run(
                &lab_run(&options, WORLD, guests[guest].workload, 1000U)->migrations[0],
                guest,
                sums);
        }
        assert_int_equal(sums[0].runs, SEEDS);
        for (size_t i = 0; i < ROUNDS_MAX && sums[i].runs == SEEDS; i++) {
            const double mean = sums[i].off / SEEDS;
            lab_within(
                mean, 0.0, 3.0 * sqrt(sums[i].variance) / SEEDS, "mean deviation of round", i);
        }
    }
}

/* The smallest blackout (seconds) to which pre-copy gets down. */
static double smallest_blackout(const struct model_oracle_uniform_sets *sets)
{
    const struct model_oracle_copy copy = {
        .page_bytes = LAB_PAGE,
        .framing_bytes = 1.0,
        .bytes_per_second = BYTES_PER_SECOND,
    };
    double low = 0.0;
    double high = 10.0;

    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2.0;
        if (model_oracle_converges(&copy, model_oracle_uniform_dirty, sets, middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static const struct {
    const char *workload;
    struct model_oracle_uniform sets[2];
    size_t count;
} fast[] = {
    {"{kind: uniform, size: 32 MiB, rate: 245.76 MB/s}",                                             {{8192.0, 60000.0}},        1},
    {"{kind: uniform, size: 8 MiB, rate: 1 GB/s}",                                                   {{2048.0, 1e9 / LAB_PAGE}}, 1},
    {"{kind: hotset, hot: {size: 8 MiB, rate: 409.6 MB/s}, cold: {size: 32 MiB, rate: 40.96 MB/s}}",
     {{2048.0, 100000.0}, {8192.0, 10000.0}},
     2                                                                                                                            },
};

/* Writes come faster than the link carries pages, so there is a blackout below which nobody gets; the random draws move
 * it by less than a percent. */
static void limit_is_reached_if_and_only_if_less_is_dirtied_in_it_than_sent(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(fast); i++) {
        const struct model_oracle_uniform_sets sets = {
            .sets = fast[i].sets, .count = fast[i].count};
        const struct lab_options options = {.network = lab_networks[i % 2], .seed = i + 1};
        const double least_s = smallest_blackout(&sets);
        const uint32_t above_us = (uint32_t)(least_s * 1.02e6);
        const uint32_t below_us = (uint32_t)(least_s * 0.98e6);
        const struct lab_migration *migration =
            &lab_run(&options, WORLD, fast[i].workload, above_us)->migrations[0];

        print_message("smallest blackout %.1f ms\n", least_s * 1e3);
        assert_true(least_s > 0.01 && least_s < 1.0);
        assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
        assert_true(lab_seconds(migration->blackout_ns) <= least_s * 1.02);
        migration = &lab_run(&options, WORLD, fast[i].workload, below_us)->migrations[0];
        assert_int_equal(migration->outcome, FERRY_OUTCOME_FAILED);
        assert_int_equal(migration->rule, FERRY_RULE_STALLED);
    }
}

/* Each write may hit a new page, and still the link is faster: there is no blackout too short. */
static void slow_writes_converge_to_any_limit(void **unused)
{
    (void)unused;
    const struct model_oracle_uniform set = {
        .pages = 16384.0, .writes_per_second = 110e6 / LAB_PAGE};
    const struct model_oracle_uniform_sets sets = {.sets = &set, .count = 1};
    const struct lab_options options = {.network = SIM_NETWORK_SIMGRID};
    const struct lab_migration *migration =
        &lab_run(&options, WORLD, "{kind: uniform, size: 64 MiB, rate: 110 MB/s}", 300U)
             ->migrations[0];

    assert_true(smallest_blackout(&sets) < 1e-9);
    assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
    assert_true(migration->blackout_ns <= 300000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unique_pages_are_those_of_random_draws),
        cmocka_unit_test(limit_is_reached_if_and_only_if_less_is_dirtied_in_it_than_sent),
        cmocka_unit_test(slow_writes_converge_to_any_limit),
    };
    return cmocka_run_group_tests_name("oracle A3", tests, lab_prepare, NULL);
}
