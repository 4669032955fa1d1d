/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pacer.h -- instants that are evenly spaced at an exact rate.
 *
 * Instant k (from 1) is floor(k x period), where the period is a fraction: the remainder is carried
 * along, so there is no drift however long it runs. By time t exactly floor(t / period) instants
 * have passed.
 */
#ifndef MODEL_PACER_H
#define MODEL_PACER_H

#include "model/workload.h"

#include <stdint.h>

#define MODEL_TIME_NEVER INT64_MAX

struct model_pacer {
    int64_t next; /* MODEL_TIME_NEVER: none */
    uint64_t whole;
    uint64_t rest; /* of the period, in 1/parts ns */
    uint64_t parts;
    uint64_t carried;
};

/* `unit` of the rate's amount make one instant: 4096 for bytes and page writes, 1 for requests. The
 * rate is at most one instant a nanosecond. */
void model_pacer_init(
    struct model_pacer *pacer, struct model_rate rate, uint64_t unit, int64_t start);

/* On to the next instant; there is one now. */
static inline void model_pacer_step(struct model_pacer *pacer)
{
    uint64_t step = pacer->whole;
    pacer->carried += pacer->rest;
    if (pacer->carried >= pacer->parts) {
        pacer->carried -= pacer->parts;
        step++;
    }
    if (step > (uint64_t)(MODEL_TIME_NEVER - pacer->next)) {
        pacer->next = MODEL_TIME_NEVER;
    } else {
        pacer->next += (int64_t)step;
    }
}

#endif
