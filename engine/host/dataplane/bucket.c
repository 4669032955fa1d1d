/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.c -- see bucket.h. Rates up to 2^40 and times up to BUCKET_BURST (below 2^22 ns), or rates
 * below 2^20 and times up to a second (below 2^30 ns): their products fit into 64 bits. */
#include "engine/host/dataplane/bucket.h"

/* Below this rate a burst has few bytes, and rounding would eat them: time is counted by seconds. */
#define SLOW_RATE (UINT64_C(1) << 20)

static uint64_t bytes_in(uint64_t rate, ferry_time_ns time)
{
    return rate * (uint64_t)time / (uint64_t)FERRY_SECOND;
}

static bool is_capped(const struct bucket *bucket)
{
    return bucket->rate <= BUCKET_RATE_MAX;
}

void bucket_init(struct bucket *bucket, uint64_t rate, ferry_time_ns now)
{
    *bucket = (struct bucket){.rate = rate, .since = now};
}

/* Counts tokens up to now. */
static void refill(struct bucket *bucket, ferry_time_ns now)
{
    const int64_t most = (int64_t)bytes_in(bucket->rate, BUCKET_BURST);
    const ferry_time_ns step_max = bucket->rate < SLOW_RATE ? FERRY_SECOND : BUCKET_BURST;
    while (bucket->since < now && bucket->tokens < most) {
        ferry_time_ns step = now - bucket->since;
        step = step < step_max ? step : step_max;
        const uint64_t bytes = bytes_in(bucket->rate, step);
        if (bytes == 0) {
            return; /* too short a time for one byte: it is counted with the next one */
        }
        bucket->tokens += (int64_t)bytes;
        bucket->since += step;
    }
    if (bucket->tokens >= most) {
        bucket->tokens = most;
        bucket->since = now;
    }
}

void bucket_set_rate(struct bucket *bucket, uint64_t rate, ferry_time_ns now)
{
    if (is_capped(bucket)) {
        refill(bucket, now);
    } else {
        bucket->tokens = 0;
    }
    bucket->since = now;
    bucket->rate = rate;
}

ferry_time_ns bucket_wait(struct bucket *bucket, ferry_time_ns now)
{
    if (!is_capped(bucket)) {
        return 0;
    }
    if (bucket->rate == 0) {
        return FERRY_TIME_NEVER;
    }
    refill(bucket, now);
    if (bucket->tokens >= 0) {
        return 0;
    }
    const uint64_t debt = (uint64_t)-bucket->tokens;
    const uint64_t seconds = debt / bucket->rate;
    if (seconds > 3600) {
        return 3600 * FERRY_SECOND;
    }
    const uint64_t rest = debt % bucket->rate;
    /* rest < rate <= 2^40: times 2^20 it fits; a unit is 2^-20 s. */
    const uint64_t part = ((rest << 20) / bucket->rate + 1) * 954; /* 2^-20 s are 953.7 ns */
    return (ferry_time_ns)seconds * FERRY_SECOND + (ferry_time_ns)part;
}

uint64_t bucket_portion(const struct bucket *bucket)
{
    if (!is_capped(bucket)) {
        return UINT64_MAX;
    }
    const uint64_t bytes = bytes_in(bucket->rate, BUCKET_BURST);
    return bytes > BUCKET_PORTION_MIN ? bytes : BUCKET_PORTION_MIN;
}

void bucket_take(struct bucket *bucket, uint64_t bytes)
{
    if (is_capped(bucket)) {
        bucket->tokens -= (int64_t)(bytes < INT64_MAX ? bytes : INT64_MAX);
    }
}
