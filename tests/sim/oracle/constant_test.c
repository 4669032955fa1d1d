/* SPDX-License-Identifier: Apache-2.0 */
/*
 * constant_test.c -- A1: a guest that dirties new pages at a constant rate for ever. Rounds, last round, total and
 * divergence of the engine against the geometric series.
 *
 * How a sweep over all memory compares: write k is done at floor(k x period) of guest time, so that by an instant t
 * t / period writes have been done, less a fraction of one. What a round finds is off by the difference of two such
 * fractions, and the next round takes that much longer; but these errors cancel from round to round, and the sum over
 * all rounds stays below one page. So each round is held to one page of V0 lambda^i, however many came before it.
 *
 * The series knows no dead time. The engine's (lab.h) adds its own small series to it: D dead_s pages in each round,
 * which shrink by lambda in those after it.
 */
#include "lab.h"

#include <math.h>

#define BYTES_PER_SECOND 125e6 /* 1 Gbit/s */
#define PAGES            65536.0
#define PAGE_S           ((LAB_PAGE + 1.0) / BYTES_PER_SECOND)

#define WORLD                                                                       \
    "version: 1\n"                                                                  \
    "hosts: {h1: {memory: 4 GiB, costs: none}, h2: {memory: 4 GiB, costs: none}}\n" \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s, latency: 0 s}}\n"

/* 256 MiB, every page written in turn. */
#define SWEEP                                                           \
    WORLD "guests: {g: {host: h1, memory: 256 MiB, device_state: 0 B, " \
          "workload: {kind: sweep, size: 256 MiB, rate: %u B/s}}}\n"    \
          "steps: [{at: 1 s, move: g, to: h2, blackout_limit: %u us}]\n"

static const struct {
    uint32_t rate;     /* bytes a second */
    uint32_t limit_us; /* of the blackout: says how many rounds there are */
} shrinking[] = {
    {0,         1000 },
    {12500000,  1000 },
    {31250000,  2000 },
    {62500000,  5000 },
    {93750000,  5000 },
    {112500000, 20000},
    {122500000, 90000},
};

/* Pages that the dead times of the first n rounds have added to round n. */
static double dead_pages(const struct model_oracle_copy *copy, double pages_per_s, uint32_t n)
{
    const double lambda = model_oracle_sending_s(copy, pages_per_s);
    double pages = 0.0;

    for (uint32_t i = 0; i < n; i++) {
        pages = lambda * pages + pages_per_s * copy->dead_s;
    }
    return pages;
}

static void check_series(const struct lab_migration *migration, uint32_t rate)
{
    const struct model_oracle_copy copy = lab_copy(migration, BYTES_PER_SECOND);
    const uint32_t last = migration->round_count - 1;
    const double pages_per_s = rate / LAB_PAGE;
    struct model_oracle_a1 a1 = {0};
    double dead_s =
        0.0; /* of the rounds so far: the times themselves, and the sending of their pages */

    assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
    assert_int_equal(migration->rule, FERRY_RULE_WITHIN_LIMIT);
    for (uint32_t i = 0; i <= last; i++) {
        const struct ferry_round *round = &migration->rounds[i];
        const double dead = dead_pages(&copy, pages_per_s, i);
        const double dead_now_s = copy.dead_s + model_oracle_sending_s(&copy, dead);
        a1 = model_oracle_constant(&copy, pages_per_s, i);
        dead_s += dead_now_s;
        assert_false(a1.diverges);
        assert_int_equal(round->final, i == last);
        lab_within((double)round->pages, a1.last_pages + dead, 1.0, "pages of round", i);
        lab_within(
            lab_seconds(round->duration_ns), a1.last_s + dead_now_s, PAGE_S, "seconds of round", i);
    }
    lab_within(
        lab_seconds(migration->total_ns), a1.total_s + dead_s, PAGE_S * (last + 1), "total", 0);
    lab_within(
        lab_seconds(migration->blackout_ns),
        model_oracle_sending_s(&copy, (double)migration->rounds[last].pages),
        PAGE_S,
        "blackout",
        last);
}

static void each_round_is_lambda_times_the_one_before(void **unused)
{
    (void)unused;
    for (size_t n = 0; n < COUNT_OF(lab_networks); n++) {
        for (size_t i = 0; i < COUNT_OF(shrinking); i++) {
            const struct lab_options options = {.network = lab_networks[n]};
            const struct lab_run *run =
                lab_run(&options, SWEEP, shrinking[i].rate, shrinking[i].limit_us);
            check_series(&run->migrations[0], shrinking[i].rate);
        }
    }
}

/* The guest dirties at least as fast as the link carries: every round finds all pages, and the engine says it. */
static void lambda_of_one_and_more_is_called_stalled(void **unused)
{
    (void)unused;
    static const uint32_t rates[] = {125000000, 150000000, 1000000000};

    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        const struct lab_options options = {.network = lab_networks[i % 2]};
        const struct lab_migration *migration =
            &lab_run(&options, SWEEP, rates[i], 1000000U)->migrations[0];
        const struct model_oracle_copy copy = lab_copy(migration, BYTES_PER_SECOND);
        assert_true(model_oracle_constant(&copy, rates[i] / LAB_PAGE, 1).diverges);
        assert_int_equal(migration->outcome, FERRY_OUTCOME_FAILED);
        assert_int_equal(migration->rule, FERRY_RULE_STALLED);
        assert_int_equal(migration->round_count, FERRY_STALL_ROUNDS + 1);
        for (uint32_t k = 0; k < migration->round_count; k++) {
            assert_int_equal(migration->rounds[k].pages, PAGES); /* min(N, V0 lambda^k) */
            assert_int_equal(migration->rounds[k].dirty_after, PAGES);
        }
    }
}

/* The guest begins to write shortly before round 0 ends, so that the series has room to grow. */
#define LATE_SWEEP                                                                     \
    WORLD "guests: {g: {host: h1, memory: 256 MiB, device_state: 0 B, workload: "      \
          "{kind: phases, phases: [{for: 3076 ms, workload: {kind: idle}}, "           \
          "{for: 1 h, workload: {kind: sweep, size: 256 MiB, rate: 187.5 MB/s}}]}}}\n" \
          "steps: [{at: 1 s, move: g, to: h2, blackout_limit: 10 ms}]\n"

static void lambda_over_one_grows_by_lambda_until_all_memory_is_dirty(void **unused)
{
    (void)unused;
    const double pages_per_s = 187.5e6 / LAB_PAGE;
    const struct lab_options options = {.network = SIM_NETWORK_SIMGRID};
    const struct lab_migration *migration = &lab_run(&options, LATE_SWEEP)->migrations[0];
    struct model_oracle_copy copy = lab_copy(migration, BYTES_PER_SECOND);
    double slack = 1.0; /* of round 1, whose exact size is known to one page, and grows with it */

    assert_int_equal(migration->rule, FERRY_RULE_STALLED);
    copy.first_pages = (double)migration->rounds[1].pages;
    assert_true(copy.first_pages > 1000.0 && copy.first_pages < 0.1 * PAGES);
    for (uint32_t i = 1; i < migration->round_count; i++) {
        const struct model_oracle_a1 a1 = model_oracle_constant(&copy, pages_per_s, i - 1);
        const double pages = a1.last_pages + dead_pages(&copy, pages_per_s, i - 1);
        lab_within(
            (double)migration->rounds[i].pages, fmin(PAGES, pages), slack, "pages of round", i);
        slack = slack * a1.lambda + 1.0;
    }
    assert_int_equal(migration->rounds[migration->round_count - 1].pages, PAGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_round_is_lambda_times_the_one_before),
        cmocka_unit_test(lambda_of_one_and_more_is_called_stalled),
        cmocka_unit_test(lambda_over_one_grows_by_lambda_until_all_memory_is_dirty),
    };
    return cmocka_run_group_tests_name("oracle A1", tests, lab_prepare, NULL);
}
