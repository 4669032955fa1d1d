/* SPDX-License-Identifier: Apache-2.0 */
/*
 * working_set_test.c -- A2: unique dirtying at a constant rate within a working set of W pages. Round i sends
 * min(W, D T(i-1)); where the guest is faster than the link the blackout is W / B, however many rounds were tried.
 */
#include "lab.h"

#define BYTES_PER_SECOND 1.25e9 /* 10 Gbit/s */

#define WORLD                                                                       \
    "version: 1\n"                                                                  \
    "hosts: {h1: {memory: 4 GiB, costs: none}, h2: {memory: 4 GiB, costs: none}}\n" \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 10 Gbit/s, latency: 0 s}}\n"      \
    "guests: {g: {host: h1, memory: 1 GiB, device_state: 0 B, workload: "

/* A sweep that wraps: set of so many KiB. */
#define SWEEP "{kind: sweep, size: %u KiB, rate: %u MB/s}}}\n"
/* The same as a curve: a ramp of so many pages in so many us, and flat. */
#define RAMP "{kind: curve, points: [{t: %u us, pages: %u}]}}}\n"

#define MOVE "steps: [{at: 1 s, move: g, to: h2, blackout_limit: %u us%s}]\n"

static const struct {
    uint32_t set_kib;
    uint32_t rate_mb;
    uint32_t limit_us;
} shrinking[] = {
    {16384,   250,  200 },
    {131072,  625,  500 },
    {1048576, 1000, 5000},
    {262144,  1200, 9000}, /* all of W at first, then slowly down */
};

static void below_the_link_rounds_shrink_from_the_working_set(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(shrinking); i++) {
        const struct lab_options options = {.network = lab_networks[i % 2]};
        const struct lab_migration *migration = &lab_run(
                                                     &options,
                                                     WORLD SWEEP MOVE,
                                                     shrinking[i].set_kib,
                                                     shrinking[i].rate_mb,
                                                     shrinking[i].limit_us,
                                                     "")
                                                     ->migrations[0];
        const struct model_oracle_working_set set = {
            .pages = shrinking[i].set_kib / 4.0,
            .dirty_pages_per_second = shrinking[i].rate_mb * 1e6 / LAB_PAGE,
        };
        const double lambda = shrinking[i].rate_mb * 1e6 / BYTES_PER_SECOND;
        assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
        assert_true(migration->round_count >= 4);
        lab_check_rounds(migration, BYTES_PER_SECOND, model_oracle_working_set_dirty, &set, lambda);
    }
}

/* W / B, the same whatever the guest's speed is. */
static void check_whole_set(const struct lab_migration *migration, double pages)
{
    const struct model_oracle_copy copy = lab_copy(migration, BYTES_PER_SECOND);
    const uint32_t last = migration->round_count - 1;
    const double sparse =
        8.0; /* framing of a page in the set is up to this much above the average */

    assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
    assert_int_equal(migration->rule, FERRY_RULE_SWITCH_ANYWAY);
    assert_int_equal(migration->cause, FERRY_RULE_STALLED);
    for (uint32_t i = 1; i <= last; i++) {
        lab_within((double)migration->rounds[i].pages, pages, 0.0, "pages of round", i);
        assert_int_equal(migration->rounds[i].final, i == last);
    }
    lab_within(
        lab_seconds(migration->blackout_ns),
        model_oracle_sending_s(&copy, pages),
        (LAB_PAGE + sparse * pages) / BYTES_PER_SECOND,
        "blackout",
        0);
}

static void above_the_link_the_blackout_is_the_working_set(void **unused)
{
    (void)unused;
    static const uint32_t sets_kib[] = {16384, 65536, 524288};
    static const uint32_t rates_mb[] = {1260, 2500, 5000};

    for (size_t i = 0; i < COUNT_OF(sets_kib) * COUNT_OF(rates_mb); i++) {
        const uint32_t set_kib = sets_kib[i / COUNT_OF(rates_mb)];
        const struct lab_options options = {.network = lab_networks[i % 2]};
        check_whole_set(
            &lab_run(
                 &options,
                 WORLD SWEEP MOVE,
                 set_kib,
                 rates_mb[i % COUNT_OF(rates_mb)],
                 1000U,
                 ", on_no_convergence: switch-anyway")
                 ->migrations[0],
            set_kib / 4.0);
    }
}

static void flat_curve_above_the_link_is_the_same(void **unused)
{
    (void)unused;
    const struct lab_options options = {.network = SIM_NETWORK_SIMGRID};
    /* 8192 pages take 26.8 ms; the guest dirties them in 20 ms. */
    const struct lab_migration *migration =
        &lab_run(
             &options, WORLD RAMP MOVE, 20000U, 8192U, 1000U, ", on_no_convergence: switch-anyway")
             ->migrations[0];

    check_whole_set(migration, 8192.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_the_link_rounds_shrink_from_the_working_set),
        cmocka_unit_test(above_the_link_the_blackout_is_the_working_set),
        cmocka_unit_test(flat_curve_above_the_link_is_the_same),
    };
    return cmocka_run_group_tests_name("oracle A2", tests, lab_prepare, NULL);
}
