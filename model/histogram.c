/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram.c -- bucket of a value, and the end of a bucket: two functions that must be inverse to one another.
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

/* The largest value in the bucket. */
static uint64_t bucket_end(unsigned bucket)
{
    if (bucket < MODEL_HISTOGRAM_STEPS) {
        return bucket;
    }
    unsigned octave = bucket / MODEL_HISTOGRAM_STEPS - 1;
    uint64_t step = bucket % MODEL_HISTOGRAM_STEPS;
    return ((MODEL_HISTOGRAM_STEPS + step + 1) << octave) - 1;
}

void model_histogram_add(struct model_histogram *histogram, int64_t value)
{
    assert(value >= 0);
    histogram->total++;
    histogram->max = value > histogram->max ? value : histogram->max;
    histogram->buckets[bucket_of((uint64_t)value)]++;
}

int64_t model_histogram_percentile(const struct model_histogram *histogram, uint32_t permille)
{
    assert(permille >= 1 && permille <= 1000);
    if (histogram->total == 0) {
        return 0;
    }
    /* The rank that reaches the share, rounded up, without overflow: thousands and the rest apart. */
    uint64_t rank = histogram->total / 1000 * permille;
    rank += (histogram->total % 1000 * permille + 999) / 1000;
    uint64_t seen = 0;
    unsigned bucket = 0;
    for (; bucket < MODEL_HISTOGRAM_BUCKETS - 1; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen >= rank) {
            int64_t end = (int64_t)bucket_end(bucket);
            return end < histogram->max ? end : histogram->max;
        }
    }
    return histogram->max;
}
