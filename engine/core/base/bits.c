/* SPDX-License-Identifier: Apache-2.0 */
/* bits.c -- walks over page bitmaps, a word at a time: no step of them costs work for each page. */
#include "base/bits.h"

uint64_t base_lowest_set(uint64_t word, uint32_t count)
{
    if (base_popcount(word) <= count) {
        return word;
    }
    /* Find the shortest prefix of bits that holds `count` set ones, by halving. */
    uint32_t width = 0;
    uint32_t left = count;
    for (uint32_t step = BASE_WORD_BITS / 2; step > 0; step /= 2) {
        const uint32_t here = base_popcount((word >> width) & base_low_mask(step));
        if (here <= left) {
            left -= here;
            width += step;
        }
    }
    return word & base_low_mask(width);
}

/* The bits of word `index` that lie in [first, end). */
static uint64_t masked_word(const uint64_t *bitmap, uint64_t index, uint64_t first, uint64_t end)
{
    const uint64_t base = index * BASE_WORD_BITS;
    uint64_t word = bitmap[index];
    if (first > base) {
        word &= ~base_low_mask((uint32_t)(first - base));
    }
    if (end - base < BASE_WORD_BITS) {
        word &= base_low_mask((uint32_t)(end - base));
    }
    return word;
}

uint64_t base_bitmap_count(const uint64_t *bitmap, uint64_t first, uint64_t end)
{
    uint64_t count = 0;
    for (uint64_t index = first / BASE_WORD_BITS; index * BASE_WORD_BITS < end; index++) {
        count += base_popcount(masked_word(bitmap, index, first, end));
    }
    return count;
}

uint64_t base_bitmap_next(const uint64_t *bitmap, uint64_t first, uint64_t end)
{
    for (uint64_t index = first / BASE_WORD_BITS; index * BASE_WORD_BITS < end; index++) {
        const uint64_t word = masked_word(bitmap, index, first, end);
        if (word != 0) {
            return index * BASE_WORD_BITS + base_trailing_zeros(word);
        }
    }
    return end;
}
