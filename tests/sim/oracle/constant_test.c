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

#define WORLD                                                                                      \
    "version: 1\n"                                                                                 \
    "hosts: {h1: {memory: 4 GiB, costs: none}, h2: {memory: 4 GiB, costs: none}}\n"                \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s, latency: 0 s}}\n"

/* 256 MiB, every page written in turn. */
#define SWEEP                                                                                      \
    WORLD "guests: {g: {host: h1, memory: 256 MiB, device_state: 0 B, "                            \
          "workload: {kind: sweep, size: 256 MiB, rate: %u B/s}}}\n"                               \
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
    double dead_s = 0.0; /* of the rounds so far: the times themselves, and the sending of their pages */

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
    lab_within(lab_seconds(migration->total_ns), a1.total_s + dead_s, PAGE_S * (last + 1), "total", 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_round_is_lambda_times_the_one_before),
    };
    return cmocka_run_group_tests_name("oracle A1", tests, lab_prepare, NULL);
}
