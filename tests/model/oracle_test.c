/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_test.c -- the closed forms: against numbers worked out by hand, against one another, and
 * against the modelled guest where both describe the same thing.
 */
#include "model/oracle.h"

#include "support.h"

#include <math.h>

/* 1000 pages of 4088 + 8 bytes at 4096 bytes a millisecond: a page takes 1 ms. */
static const struct model_oracle_copy copy = {
    .first_pages = 1000.0,
    .page_bytes = 4088.0,
    .framing_bytes = 8.0,
    .bytes_per_second = 4096000.0,
};

static void assert_close(double value, double expected)
{
    if (fabs(value - expected) > 1e-9 * (1.0 + fabs(expected))) {
        fail_msg("%.15g is not %.15g", value, expected);
    }
}

static void a1_is_the_geometric_series(void **unused)
{
    (void)unused;
    struct model_oracle_a1 half = model_oracle_constant(&copy, 500.0, 3);
    assert_close(half.lambda, 0.5);
    assert_close(half.last_pages, 125.0);
    assert_close(half.last_s, 0.125);
    assert_close(half.total_s, 1.0 + 0.5 + 0.25 + 0.125);
    assert_close(half.total_s, (1.0 - pow(0.5, 4)) / (1.0 - 0.5));
    assert_false(half.diverges);

    struct model_oracle_a1 one = model_oracle_constant(&copy, 1000.0, 3);
    assert_close(one.total_s, 4.0);
    assert_true(one.diverges);
}

static void a2_shrinks_below_lambda_1_and_stays_at_the_working_set_above(void **unused)
{
    (void)unused;
    struct model_oracle_round rounds[6];
    struct model_oracle_working_set set = {.pages = 300.0, .dirty_pages_per_second = 500.0};
    model_oracle_rounds(&copy, model_oracle_working_set_dirty, &set, rounds, 4);
    assert_close(rounds[0].pages, 1000.0);
    assert_close(rounds[1].pages, 300.0); /* not 500 */
    assert_close(rounds[2].pages, 150.0);
    assert_close(rounds[3].seconds, 0.075);

    set.dirty_pages_per_second = 2000.0;
    model_oracle_rounds(&copy, model_oracle_working_set_dirty, &set, rounds, 6);
    for (int i = 1; i < 6; i++) {
        assert_close(rounds[i].pages, 300.0);
        assert_close(rounds[i].seconds, 0.3); /* W / B */
    }
}

static void dead_time_dirties_pages_but_sends_none(void **unused)
{
    (void)unused;
    struct model_oracle_copy slow = copy;
    slow.dead_s = 0.1;
    struct model_oracle_working_set set = {.pages = 1e9, .dirty_pages_per_second = 500.0};
    struct model_oracle_round rounds[3];

    model_oracle_rounds(&slow, model_oracle_working_set_dirty, &set, rounds, 3);

    assert_close(rounds[1].pages, 550.0);
    assert_close(rounds[1].seconds, 0.55);
    assert_close(rounds[2].pages, 325.0);
}

static void a3_counts_draws_exactly_where_that_can_be_done_by_hand(void **unused)
{
    (void)unused;
    struct model_oracle_uniform two = {.pages = 2.0, .writes_per_second = 1.0};
    assert_close(model_oracle_uniform_mean(&two, 0.0), 0.0);
    assert_close(model_oracle_uniform_mean(&two, 1.0), 1.0);
    assert_close(model_oracle_uniform_mean(&two, 2.0), 1.5);
    assert_close(model_oracle_uniform_mean(&two, 3.0), 1.75);
    struct model_oracle_uniform huge = {.pages = 1e9, .writes_per_second = 1000.0};
    assert_true(fabs(model_oracle_uniform_mean(&huge, 1.0) - 1000.0) < 0.001);
    struct model_oracle_uniform full = {.pages = 1000.0, .writes_per_second = 1e6};
    assert_close(model_oracle_uniform_mean(&full, 10.0), 1000.0);
    assert_true(model_oracle_uniform_variance(&full, 10.0) < 1e-9);
    /* load 1: N (1/e - 2/e^2) */
    struct model_oracle_uniform one = {.pages = 1000.0, .writes_per_second = 1000.0};
    assert_close(model_oracle_uniform_variance(&one, 1.0), 1000.0 * (exp(-1.0) - 2.0 * exp(-2.0)));
}

static void a3_converges_where_less_is_dirtied_than_sent(void **unused)
{
    (void)unused;
    /* 1000 pages/s are sent; 300 pages written to at 2000/s: they take 0.3 s, in which nearly all
     * are dirtied. */
    struct model_oracle_uniform set = {.pages = 300.0, .writes_per_second = 2000.0};
    struct model_oracle_uniform_sets sets = {.sets = &set, .count = 1};
    assert_true(model_oracle_converges(&copy, model_oracle_uniform_dirty, &sets, 0.3));
    assert_false(model_oracle_converges(&copy, model_oracle_uniform_dirty, &sets, 0.1));
    set.writes_per_second = 900.0;
    assert_true(model_oracle_converges(&copy, model_oracle_uniform_dirty, &sets, 0.001));
}

static void a4_with_a_ramp_is_a2(void **unused)
{
    (void)unused;
    static const struct model_curve_point points[] = {
        {0,        0  },
        {600 * MS, 300}
    };
    struct model_oracle_curve curve = {.points = points, .count = 2};
    struct model_oracle_working_set set = {.pages = 300.0, .dirty_pages_per_second = 500.0};
    struct model_oracle_round by_curve[6];
    struct model_oracle_round by_set[6];

    model_oracle_rounds(&copy, model_oracle_curve_dirty, &curve, by_curve, 6);
    model_oracle_rounds(&copy, model_oracle_working_set_dirty, &set, by_set, 6);

    for (int i = 0; i < 6; i++) {
        assert_close(by_curve[i].pages, by_set[i].pages);
    }
}

static void a4_reads_between_the_points_and_is_flat_after_them(void **unused)
{
    (void)unused;
    static const struct model_curve_point points[] = {
        {SECOND,     100},
        {3 * SECOND, 200}
    };
    struct model_oracle_curve curve = {.points = points, .count = 2};
    assert_close(model_oracle_curve_dirty(&curve, 0.0), 0.0);
    assert_close(model_oracle_curve_dirty(&curve, 0.25), 25.0);
    assert_close(model_oracle_curve_dirty(&curve, 2.0), 150.0);
    assert_close(model_oracle_curve_dirty(&curve, 3.0), 200.0);
    assert_close(model_oracle_curve_dirty(&curve, 99.0), 200.0);
}

static void network_forms_give_known_rates(void **unused)
{
    (void)unused;
    /* 64 KiB over 100 ms */
    assert_close(model_oracle_window_rate(1e9, 65536.0, 0.1), 655360.0);
    assert_close(model_oracle_window_rate(1e5, 65536.0, 0.1), 1e5);
    assert_close(model_oracle_window_rate(1e9, 0.0, 0.1), 1e9);
    /* 1460 bytes, 100 ms, 1 %: 14600 x 1.2247 x 10 */
    assert_close(model_oracle_mathis_rate(1460.0, 0.1, 0.01), 146000.0 * sqrt(1.5));
    assert_close(model_oracle_loss_rate(1e9, 1460.0, 0.1, 0.01, 4), 584000.0 * sqrt(1.5));
    assert_close(model_oracle_loss_rate(2e5, 1460.0, 0.1, 0.01, 4), 2e5);
    assert_close(model_oracle_loss_rate(2e5, 1460.0, 0.1, 0.0, 4), 2e5);
}

static void the_tfrc_form_meets_mathis_at_low_loss_and_is_lower_at_high_loss(void **unused)
{
    (void)unused;
    double ratio_low = model_oracle_tfrc_rate(1460.0, 0.1, 1e-6, 1.0) /
                       model_oracle_mathis_rate(1460.0, 0.1, 1e-6);
    double ratio_high =
        model_oracle_tfrc_rate(1460.0, 0.1, 0.1, 1.0) / model_oracle_mathis_rate(1460.0, 0.1, 0.1);
    assert_true(fabs(ratio_low - 1.0) < 0.001);
    assert_true(ratio_high < 0.6);
    /* p = 0.1, R = 0.1 s, s = 1460: R sqrt(2p/3) = 0.0258199; 4R x 3 sqrt(3p/8) x p (1 + 0.32) =
     * 0.0306725 */
    assert_true(fabs(model_oracle_tfrc_rate(1460.0, 0.1, 0.1, 1.0) - 1460.0 / 0.0564924) < 1.0);
}

static void transfers_on_one_link_share_it_and_waste_nothing(void **unused)
{
    (void)unused;
    static const double equal[] = {100.0, 100.0, 100.0, 100.0};
    static const double mixed[] = {100.0, 200.0, 600.0};
    double finish[4];

    model_oracle_shared_link(equal, 4, 100.0, finish);
    for (int i = 0; i < 4; i++) {
        assert_close(finish[i], 4.0);
    }
    model_oracle_shared_link(mixed, 3, 100.0, finish);
    assert_close(finish[0], 3.0); /* three at a time */
    assert_close(finish[1], 5.0); /* two */
    assert_close(finish[2], 9.0); /* all bytes over the link: work-conserving */
}

/* The modelled guest must be what A3 describes: otherwise the comparison of whole migrations means
 * nothing. */
static void uniform_guests_dirty_what_a3_expects(void **unused)
{
    (void)unused;
    enum { SEEDS = 20 };
    static const int64_t lengths[] = {20 * MS, 500 * MS, 3 * SECOND};
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_HOTSET,
        .hotset =
            {
                     .hot = {.size_bytes = 500 * PAGE_4K, .rate = {4096 * 1000, 1}},
                     .cold = {.size_bytes = 9000 * PAGE_4K, .rate = {4096 * 2000, 1}},
                     },
    };
    const struct model_oracle_uniform sets[] = {
        {500.0,  1000.0},
        {9000.0, 2000.0}
    };
    struct model_oracle_uniform_sets both = {.sets = sets, .count = 2};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        double seconds = (double)lengths[i] / 1e9;
        double mean = model_oracle_uniform_dirty(&both, seconds);
        double sigma = sqrt(
            model_oracle_uniform_variance(&sets[0], seconds) +
            model_oracle_uniform_variance(&sets[1], seconds));
        double sum = 0.0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct model_memory *memory = memory_of(9500, 0);
            struct model_guest *guest = guest_of(memory, &spec, seed, 0);
            model_guest_start(guest, 0);
            model_guest_begin_logging(guest, 0);
            assert_true(model_guest_advance(guest, lengths[i]));
            double dirty = (double)model_guest_dirty(guest);
            assert_true(fabs(dirty - mean) <= 4.0 * sigma);
            sum += dirty;
            model_guest_destroy(guest);
            model_memory_destroy(memory);
        }
        assert_true(fabs(sum / SEEDS - mean) <= 3.0 * sigma / sqrt(SEEDS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a1_is_the_geometric_series),
        cmocka_unit_test(a2_shrinks_below_lambda_1_and_stays_at_the_working_set_above),
        cmocka_unit_test(dead_time_dirties_pages_but_sends_none),
        cmocka_unit_test(a3_counts_draws_exactly_where_that_can_be_done_by_hand),
        cmocka_unit_test(a3_converges_where_less_is_dirtied_than_sent),
        cmocka_unit_test(a4_with_a_ramp_is_a2),
        cmocka_unit_test(a4_reads_between_the_points_and_is_flat_after_them),
        cmocka_unit_test(network_forms_give_known_rates),
        cmocka_unit_test(the_tfrc_form_meets_mathis_at_low_loss_and_is_lower_at_high_loss),
        cmocka_unit_test(transfers_on_one_link_share_it_and_waste_nothing),
        cmocka_unit_test(uniform_guests_dirty_what_a3_expects),
    };
    return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
