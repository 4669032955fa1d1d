/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram.h -- how often which duration occurred, in constant memory and integers only.
 *
 * Buckets are exact below 64 ns; above, each power of two is cut into 64 equal ones. A percentile
 * is the largest duration that occurred in its bucket: never below the exact one, at most 1/64
 * above it, and exact where all in the bucket are equal. Durations over 2^44 ns (4.9 hours) share
 * the last bucket.
 */
#ifndef MODEL_HISTOGRAM_H
#define MODEL_HISTOGRAM_H

#include <stdint.h>

#define MODEL_HISTOGRAM_STEPS   64
#define MODEL_HISTOGRAM_OCTAVES 38
#define MODEL_HISTOGRAM_BUCKETS (MODEL_HISTOGRAM_STEPS * (MODEL_HISTOGRAM_OCTAVES + 1))

struct model_histogram {
    uint64_t total;
    int64_t max;
    uint64_t counts[MODEL_HISTOGRAM_BUCKETS];
    int64_t largest[MODEL_HISTOGRAM_BUCKETS];
};

/* A zeroed histogram is an empty one. value is at least 0. */
void model_histogram_add(struct model_histogram *histogram, int64_t value);

/* What at least permille / 1000 of the values do not exceed; 0 when empty. permille is 1 to 1000.
 */
int64_t model_histogram_percentile(const struct model_histogram *histogram, uint32_t permille);

#endif
