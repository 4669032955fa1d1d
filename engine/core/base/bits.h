/* SPDX-License-Identifier: Apache-2.0 */
/* base/bits.h -- bit operations on the words of a page bitmap (bit i of word w stands for page 64 w
 * + i).
 *
 * Written out where the compiler's builtin would become a call into its support library on a plain
 * x86-64: the core library has no undefined symbols beyond the few memory functions. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include "ferry/types.h"

#define BASE_WORD_BITS 64U

/* Number of set bits: sums of neighbours, doubled in width at each step. */
static inline uint32_t base_popcount(uint64_t word)
{
    word -= (word >> 1) & 0x5555555555555555ULL;
    word = (word & 0x3333333333333333ULL) + ((word >> 2) & 0x3333333333333333ULL);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
    return (uint32_t)((word * 0x0101010101010101ULL) >> 56);
}

/* Number of clear bits below the lowest set one; 64 for 0. */
static inline uint32_t base_trailing_zeros(uint64_t word)
{
    return word == 0 ? BASE_WORD_BITS : (uint32_t)__builtin_ctzll(word);
}

/* Number of set bits from bit 0 up, without a hole. */
static inline uint32_t base_trailing_ones(uint64_t word)
{
    return base_trailing_zeros(~word);
}

/* Index of the highest set bit; word is not 0. */
static inline uint32_t base_highest_bit(uint64_t word)
{
    return 63U - (uint32_t)__builtin_clzll(word);
}

/* Bits [0, count) set; count 0 .. 64. */
static inline uint64_t base_low_mask(uint32_t count)
{
    return count >= BASE_WORD_BITS ? UINT64_MAX : (1ULL << count) - 1;
}

/* The lowest `count` set bits of word, all of them if it has fewer. */
uint64_t base_lowest_set(uint64_t word, uint32_t count);

/* Set bits of pages [first, end). */
uint64_t base_bitmap_count(const uint64_t *bitmap, uint64_t first, uint64_t end);

/* First set page in [first, end), or end. */
uint64_t base_bitmap_next(const uint64_t *bitmap, uint64_t first, uint64_t end);

#endif
