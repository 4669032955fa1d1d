/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.h -- the seeded generator of the model, and how independent generators are split off by name.
 *
 * The same seed and name give the same draws on every compiler and machine. Every user has a
 * generator of his own, so that one more draw here never moves a draw there. Never two draws in one
 * expression: C does not order them.
 */
#ifndef MODEL_RNG_H
#define MODEL_RNG_H

#include <stdint.h>

struct model_rng {
    uint64_t state[4];
};

/* Seeds from a scenario's seed and a name such as "db1/hot": different names, unrelated draws. */
void model_rng_init(struct model_rng *rng, uint64_t seed, const char *name);

/* A seed for something that has seeds of its own. */
uint64_t model_rng_derive(uint64_t seed, const char *name);

uint64_t model_rng_next(struct model_rng *rng);

/* Uniform over [0, bound), without bias. bound is at least 1. */
uint64_t model_rng_below(struct model_rng *rng, uint64_t bound);

/* A seeded permutation of [0, size) in constant memory: element `index`. size is at least 1. */
struct model_permutation {
    uint64_t size;
    uint64_t keys[4];
    uint32_t half_bits;
};

void model_permutation_init(struct model_permutation *permutation, uint64_t size, uint64_t seed);
uint64_t model_permutation_at(const struct model_permutation *permutation, uint64_t index);

#endif
