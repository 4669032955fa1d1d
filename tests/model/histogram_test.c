/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram_test.c -- percentiles against a sorted list, within the promised error.
 */
#include "model/histogram.h"

#include "model/rng.h"
#include "support.h"

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void percentiles_are_at_most_a_64th_above_the_exact_ones(void **unused)
{
    (void)unused;
    enum { VALUES = 5000 };
    static const uint32_t permilles[] = {1, 10, 500, 900, 990, 999, 1000};
    static int64_t values[VALUES];
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct model_histogram histogram = {0};
        struct model_rng rng;
        model_rng_init(&rng, seed, "durations");
        for (int i = 0; i < VALUES; i++) {
            uint64_t bits = 1 + model_rng_below(&rng, 43); /* all magnitudes alike */
            values[i] = (int64_t)model_rng_below(&rng, UINT64_C(1) << bits);
            model_histogram_add(&histogram, values[i]);
        }
        qsort(values, VALUES, sizeof(values[0]), by_value);

        for (size_t i = 0; i < sizeof(permilles) / sizeof(permilles[0]); i++) {
            size_t rank = ((size_t)permilles[i] * VALUES + 999) / 1000;
            int64_t exact = values[rank - 1];
            int64_t given = model_histogram_percentile(&histogram, permilles[i]);
            assert_true(given >= exact);
            assert_true(given - exact <= exact / 64);
        }
        assert_true(histogram.max == values[VALUES - 1]);
    }
}

static void equal_durations_are_given_exactly(void **unused)
{
    (void)unused;
    static const int64_t values[] = {0, 1, 63, 64, 200000, 1 << 30, INT64_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct model_histogram histogram = {0};
        model_histogram_add(&histogram, values[i]);
        model_histogram_add(&histogram, values[i]);

        assert_true(model_histogram_percentile(&histogram, 990) == values[i]);
    }
}

static void one_slow_request_in_a_hundred_is_not_the_99th_percentile_but_two_are(void **unused)
{
    (void)unused;
    struct model_histogram histogram = {0};
    for (int i = 0; i < 98; i++) {
        model_histogram_add(&histogram, 10);
    }
    model_histogram_add(&histogram, 10);
    model_histogram_add(&histogram, SECOND);
    assert_true(model_histogram_percentile(&histogram, 990) == 10);

    model_histogram_add(&histogram, SECOND);
    assert_true(model_histogram_percentile(&histogram, 990) == SECOND);
}

static void an_empty_histogram_gives_zero(void **unused)
{
    (void)unused;
    struct model_histogram histogram = {0};
    assert_true(model_histogram_percentile(&histogram, 990) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_at_most_a_64th_above_the_exact_ones),
        cmocka_unit_test(equal_durations_are_given_exactly),
        cmocka_unit_test(one_slow_request_in_a_hundred_is_not_the_99th_percentile_but_two_are),
        cmocka_unit_test(an_empty_histogram_gives_zero),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
