/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram.c -- the bucket of a value, and the walk over the buckets.
 */
#include "model/histogram.h"

#include <assert.h>

#define STEP_BITS 6

static unsigned bucket_of(uint64_t value)
{
    if (value < MODEL_HISTOGRAM_STEPS) {
        return (unsigned)value;
    }
    unsigned octave = 63U - (unsigned)__builtin_clzll(value) - STEP_BITS; /* 0: 64 to 127 */
    if (octave >= MODEL_HISTOGRAM_OCTAVES) {
        return MODEL_HISTOGRAM_BUCKETS - 1;
    }
    unsigned step = (unsigned)(value >> octave) - MODEL_HISTOGRAM_STEPS;
    return MODEL_HISTOGRAM_STEPS * (octave + 1) + step;
}

void model_histogram_add(struct model_histogram *histogram, int64_t value)
{
    assert(value >= 0);
    histogram->total++;
    histogram->max = value > histogram->max ? value : histogram->max;
    unsigned bucket = bucket_of((uint64_t)value);
    histogram->counts[bucket]++;
    if (value > histogram->largest[bucket]) {
        histogram->largest[bucket] = value;
    }
}

int64_t model_histogram_percentile(const struct model_histogram *histogram, uint32_t permille)
{
    assert(permille >= 1 && permille <= 1000);
    if (histogram->total == 0) {
        return 0;
    }
    /* The rank that reaches the share, rounded up, without overflow: thousands and the rest apart.
     */
    uint64_t rank = histogram->total / 1000 * permille;
    rank += (histogram->total % 1000 * permille + 999) / 1000;
    uint64_t seen = 0;
    unsigned bucket = 0;
    for (; bucket < MODEL_HISTOGRAM_BUCKETS - 1; bucket++) {
        seen += histogram->counts[bucket];
        if (seen >= rank) {
            break;
        }
    }
    return histogram->largest[bucket];
}
