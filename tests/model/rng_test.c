/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng_test.c -- the generator: the same draws everywhere, unrelated streams, no bias, true
 * permutations.
 */
#include "model/rng.h"

#include "support.h"

static void same_seed_and_name_give_the_same_known_draws(void **unused)
{
    (void)unused;
    /* Golden values: a change of these changes every recorded hash, so it must not happen unseen.
     */
    static const struct {
        int draw;
        uint64_t value;
    } golden[] = {
        {1,    UINT64_C(0xc2d7bb444d02aabd)},
        {2,    UINT64_C(0xda901ab7a6f24113)},
        {10,   UINT64_C(0xb12b70c72ab4fcf0)},
        {1000, UINT64_C(0x9e186af79ce6d27b)},
    };
    struct model_rng rng;
    model_rng_init(&rng, 1, "db1");
    int drawn = 0;

    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
        uint64_t value = 0;
        for (; drawn < golden[i].draw; drawn++) {
            value = model_rng_next(&rng);
        }
        assert_true(value == golden[i].value);
    }
}

static void another_seed_or_name_gives_other_draws(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t seed;
        const char *name;
    } streams[] = {
        {1, "db1"},
        {2, "db1"},
        {1, "db2"},
        {2, "db2"},
        {1, ""   },
        {0, ""   }
    };
    enum { COUNT = sizeof(streams) / sizeof(streams[0]) };
    uint64_t first[COUNT];

    for (int i = 0; i < COUNT; i++) {
        struct model_rng rng;
        model_rng_init(&rng, streams[i].seed, streams[i].name);
        first[i] = model_rng_next(&rng);
        for (int j = 0; j < i; j++) {
            assert_true(first[i] != first[j]);
        }
    }
}

static void draws_below_a_small_bound_are_even(void **unused)
{
    (void)unused;
    enum { BOUND = 10, DRAWS = 100000 };
    uint64_t counts[BOUND] = {0};
    struct model_rng rng;
    model_rng_init(&rng, 5, "even");

    for (int i = 0; i < DRAWS; i++) {
        counts[model_rng_below(&rng, BOUND)]++;
    }

    double chi_square = 0.0;
    for (int i = 0; i < BOUND; i++) {
        double away = (double)counts[i] - DRAWS / BOUND;
        chi_square += away * away / (DRAWS / BOUND);
    }
    assert_true(chi_square < 27.9); /* 9 degrees of freedom, p = 0.001 */
}

static void draws_below_a_huge_bound_are_not_biased(void **unused)
{
    (void)unused;
    /* Without rejection, multiples of 3 below 3 x 2^62 would come up twice as often as other
     * numbers. */
    enum { DRAWS = 30000 };
    uint64_t counts[3] = {0};
    struct model_rng rng;
    model_rng_init(&rng, 5, "huge");

    for (int i = 0; i < DRAWS; i++) {
        uint64_t draw = model_rng_below(&rng, UINT64_C(3) << 62);
        assert_true(draw < UINT64_C(3) << 62);
        counts[draw % 3]++;
    }

    for (int i = 0; i < 3; i++) {
        assert_in_range(counts[i], 9600, 10400);
    }
}

static void a_bound_of_one_always_gives_zero(void **unused)
{
    (void)unused;
    struct model_rng rng;
    model_rng_init(&rng, 1, "one");

    for (int i = 0; i < 100; i++) {
        assert_true(model_rng_below(&rng, 1) == 0);
    }
}

static void a_permutation_hits_every_number_once(void **unused)
{
    (void)unused;
    static const uint64_t sizes[] = {1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4097, 65537};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct model_permutation permutation;
        model_permutation_init(&permutation, sizes[i], 99);
        bool *seen = calloc((size_t)sizes[i], sizeof(*seen));
        assert_non_null(seen);

        for (uint64_t at = 0; at < sizes[i]; at++) {
            uint64_t value = model_permutation_at(&permutation, at);
            assert_true(value < sizes[i]);
            assert_false(seen[value]);
            seen[value] = true;
        }
        free(seen);
    }
}

static void a_permutation_is_not_the_order_and_depends_on_the_seed(void **unused)
{
    (void)unused;
    struct model_permutation one;
    struct model_permutation two;
    model_permutation_init(&one, 1000, 1);
    model_permutation_init(&two, 1000, 2);
    unsigned fixed = 0;
    unsigned same = 0;

    for (uint64_t at = 0; at < 1000; at++) {
        fixed += model_permutation_at(&one, at) == at ? 1 : 0;
        same += model_permutation_at(&one, at) == model_permutation_at(&two, at) ? 1 : 0;
    }

    assert_true(fixed < 10); /* 1 is expected of random permutations */
    assert_true(same < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_and_name_give_the_same_known_draws),
        cmocka_unit_test(another_seed_or_name_gives_other_draws),
        cmocka_unit_test(draws_below_a_small_bound_are_even),
        cmocka_unit_test(draws_below_a_huge_bound_are_not_biased),
        cmocka_unit_test(a_bound_of_one_always_gives_zero),
        cmocka_unit_test(a_permutation_hits_every_number_once),
        cmocka_unit_test(a_permutation_is_not_the_order_and_depends_on_the_seed),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
