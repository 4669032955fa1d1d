/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.c -- xoshiro256** seeded through SplitMix64, and a Feistel permutation.
 *
 * Both are published constructions with known quality; what matters here is that they are integer
 * arithmetic only.
 */
#include "model/rng.h"

#include "model/bits.h"

#include <assert.h>

#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15)
#define FNV_OFFSET   UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME    UINT64_C(0x100000001b3)

static uint64_t rotate_left(uint64_t value, unsigned count)
{
    return (value << count) | (value >> (64 - count));
}

uint64_t model_rng_derive(uint64_t seed, const char *name)
{
    uint64_t hash = FNV_OFFSET;
    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * FNV_PRIME;
    }
    /* The seed goes through the mixer before the name joins it: seeds 1, 2, 3 must not give
     * neighbouring streams. */
    return model_mix(model_mix(seed + GOLDEN_GAMMA) ^ hash);
}

void model_rng_init(struct model_rng *rng, uint64_t seed, const char *name)
{
    uint64_t at = model_rng_derive(seed, name);
    for (int i = 0; i < 4; i++) {
        at += GOLDEN_GAMMA;
        rng->state[i] = model_mix(at); /* a bijection of four different numbers: never all zero */
    }
}

uint64_t model_rng_next(struct model_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t model_rng_below(struct model_rng *rng, uint64_t bound)
{
    assert(bound > 0);
    /* The high half of draw x bound is the answer; draws whose low half falls into the incomplete
     * last stretch are rejected, which takes out the bias (Lemire 2019). */
    model_wide product = (model_wide)model_rng_next(rng) * bound;
    if ((uint64_t)product < bound) {
        uint64_t incomplete = (0 - bound) % bound;
        while ((uint64_t)product < incomplete) {
            product = (model_wide)model_rng_next(rng) * bound;
        }
    }
    return (uint64_t)(product >> 64);
}

void model_permutation_init(struct model_permutation *permutation, uint64_t size, uint64_t seed)
{
    assert(size > 0);
    assert(size <= UINT64_C(1) << 62);
    permutation->size = size;
    permutation->half_bits = 1;
    while (permutation->half_bits < 31 && (UINT64_C(1) << (2 * permutation->half_bits)) < size) {
        permutation->half_bits++;
    }
    for (int i = 0; i < 4; i++) {
        seed += GOLDEN_GAMMA;
        permutation->keys[i] = model_mix(seed);
    }
}

uint64_t model_permutation_at(const struct model_permutation *permutation, uint64_t index)
{
    assert(index < permutation->size);
    uint32_t bits = permutation->half_bits;
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint64_t value = index;
    /* A Feistel network permutes [0, 4^bits). Walking on from values outside of [0, size) until one
     * is inside gives a permutation of [0, size): the walk follows a cycle that contains `index`,
     * so it ends, after under 4 steps on average because the domain is less than 4 times the size.
     */
    do {
        uint64_t left = value >> bits;
        uint64_t right = value & mask;
        for (int i = 0; i < 4; i++) {
            uint64_t mixed = left ^ (model_mix(right ^ permutation->keys[i]) & mask);
            left = right;
            right = mixed;
        }
        value = (left << bits) | right;
    } while (value >= permutation->size);
    return value;
}
