/* SPDX-License-Identifier: Apache-2.0 */
/* bits_test.c -- bit operations against loops over single bits. */
#include "base/bits.h"

#include "support/harness.h"

static bool is_set(const uint64_t *bitmap, uint64_t page)
{
    return (bitmap[page / 64] >> (page % 64) & 1U) != 0;
}

/* Words with few, many, and clustered bits. */
static uint64_t random_word(uint64_t *seed)
{
    uint64_t word = harness_random(seed);
    switch (harness_random_below(seed, 5)) {
    case 0: return word;
    case 1: return word & harness_random(seed) & harness_random(seed);
    case 2: return word | harness_random(seed) | harness_random(seed);
    case 3: return 0;
    default: return UINT64_MAX;
    }
}

static void word_functions_equal_counting_by_hand(void **unused)
{
    (void)unused;
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        const uint64_t word = random_word(&seed);
        uint32_t ones = 0;
        uint32_t lowest = 64;
        uint32_t lowest_clear = 64;
        for (uint32_t bit = 0; bit < 64; bit++) {
            const bool set = (word >> bit & 1U) != 0;
            ones += set ? 1 : 0;
            lowest = set && lowest == 64 ? bit : lowest;
            lowest_clear = !set && lowest_clear == 64 ? bit : lowest_clear;
            if (set) {
                assert_true(base_highest_bit(word) >= bit);
            }
        }
        assert_int_equal(base_popcount(word), ones);
        assert_int_equal(base_trailing_zeros(word), lowest);
        assert_int_equal(base_trailing_ones(word), lowest_clear);
        assert_true(word == 0 || (word >> base_highest_bit(word)) == 1);
    }
}

static void lowest_set_keeps_exactly_the_lowest(void **unused)
{
    (void)unused;
    uint64_t seed = 2;
    for (int round = 0; round < 2000; round++) {
        const uint64_t word = random_word(&seed);
        const uint32_t count = (uint32_t)harness_random_below(&seed, 65);
        uint64_t expected = 0;
        uint32_t taken = 0;
        for (uint32_t bit = 0; bit < 64 && taken < count; bit++) {
            if ((word >> bit & 1U) != 0) {
                expected |= UINT64_C(1) << bit;
                taken++;
            }
        }
        assert_true(base_lowest_set(word, count) == expected);
    }
}

static void a_low_mask_has_as_many_bits_as_asked_for(void **unused)
{
    (void)unused;
    assert_true(base_low_mask(0) == 0);
    assert_true(base_low_mask(1) == 1);
    assert_true(base_low_mask(63) == UINT64_MAX >> 1);
    assert_true(base_low_mask(64) == UINT64_MAX);
}

static void bitmap_walks_keep_to_their_window(void **unused)
{
    (void)unused;
    uint64_t seed = 3;
    for (int round = 0; round < 3000; round++) {
        uint64_t bitmap[4];
        for (size_t i = 0; i < 4; i++) {
            bitmap[i] = random_word(&seed);
        }
        const uint64_t first = harness_random_below(&seed, 257);
        const uint64_t end = first + harness_random_below(&seed, 257 - first);
        uint64_t count = 0;
        uint64_t next = end;
        for (uint64_t page = end; page > first; page--) {
            if (is_set(bitmap, page - 1)) {
                count++;
                next = page - 1;
            }
        }
        assert_true(base_bitmap_count(bitmap, first, end) == count);
        assert_true(base_bitmap_next(bitmap, first, end) == next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(word_functions_equal_counting_by_hand),
        cmocka_unit_test(lowest_set_keeps_exactly_the_lowest),
        cmocka_unit_test(a_low_mask_has_as_many_bits_as_asked_for),
        cmocka_unit_test(bitmap_walks_keep_to_their_window),
    };
    return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
