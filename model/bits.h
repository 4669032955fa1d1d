/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bits.h -- small integer helpers of the model, in one place because they are easy to get subtly
 * wrong.
 */
#ifndef MODEL_BITS_H
#define MODEL_BITS_H

#include <stdint.h>

#define MODEL_WORD_PAGES UINT64_C(64)

/* 64 x 64 bits do not fit anything else; pedantic compilers want to hear that it is meant. */
__extension__ typedef unsigned __int128 model_wide;

static inline uint64_t model_bit(uint64_t page)
{
    return UINT64_C(1) << (page % MODEL_WORD_PAGES);
}

/* Bits [first, first + count) of a word. first + count is at most 64. */
static inline uint64_t model_bit_range(uint64_t first, uint64_t count)
{
    if (count == 0) {
        return 0;
    }
    return (UINT64_MAX >> (MODEL_WORD_PAGES - count)) << first;
}

/* Written out: on a plain x86-64 the builtin is a call into the compiler's library, and this is a
 * third of the time of a large run. */
static inline uint64_t model_bit_count(uint64_t word)
{
    word -= (word >> 1) & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + ((word >> 2) & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (word * UINT64_C(0x0101010101010101)) >> 56;
}

/* Lowest set bit. word is not 0. */
static inline uint64_t model_bit_lowest(uint64_t word)
{
    return (uint64_t)__builtin_ctzll(word);
}

/* A bijection of 64-bit numbers which spreads every bit (the finaliser of SplitMix64). */
static inline uint64_t model_mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* a * b / divisor, rounded down. The result must fit. */
static inline uint64_t model_mul_div(uint64_t a, uint64_t b, uint64_t divisor)
{
    return (uint64_t)((model_wide)a * b / divisor);
}

/* a * b / divisor, rounded up. The result must fit. */
static inline uint64_t model_mul_div_up(uint64_t a, uint64_t b, uint64_t divisor)
{
    return (uint64_t)(((model_wide)a * b + (divisor - 1)) / divisor);
}

#endif
