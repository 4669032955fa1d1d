/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.h -- a token bucket: when may the next bytes be sent, and how many at once?
 *
 * Pure: time is handed in. A sender that was idle, or blocked by the network, may catch up with
 * BUCKET_BURST of its rate, never more: so in any time t not more than rate x (t + BUCKET_BURST) and
 * one portion go out, and both together are below what a batch of the engine has (10 ms). */
#ifndef FERRY_HOST_DATAPLANE_BUCKET_H
#define FERRY_HOST_DATAPLANE_BUCKET_H

#include "ferry/types.h"

#define BUCKET_BURST (3 * FERRY_MILLISECOND)
/* A portion is what 3 ms carry, and never less than this: small rates would be sent in crumbs. */
#define BUCKET_PORTION_MIN 4096U
/* Rates above this (1 TiB/s) are no cap. */
#define BUCKET_RATE_MAX (UINT64_C(1) << 40)

struct bucket {
    uint64_t rate;
    ferry_time_ns since; /* tokens were counted up to here */
    int64_t tokens;      /* bytes that may go at once; below 0: a debt */
};

void bucket_init(struct bucket *bucket, uint64_t rate, ferry_time_ns now);
/* Debts made before stay, in bytes. */
void bucket_set_rate(struct bucket *bucket, uint64_t rate, ferry_time_ns now);
/* How long to wait before the next portion: 0: it may go now, FERRY_TIME_NEVER: never (rate 0). */
ferry_time_ns bucket_wait(struct bucket *bucket, ferry_time_ns now);
/* Bytes of the next portion, at most. */
uint64_t bucket_portion(const struct bucket *bucket);
void bucket_take(struct bucket *bucket, uint64_t bytes);

#endif
