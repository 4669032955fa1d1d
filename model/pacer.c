/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pacer.c -- the period of a rate as whole nanoseconds and a fraction.
 *
 * unit x 10^9 x seconds is at most 4096 x 10^9 x 10^6 = 4.1 x 10^18 and fits 64 bits; so does
 * carried + rest, since both are below parts = amount, which is at most that.
 */
#include "model/pacer.h"

#include <assert.h>

void model_pacer_init(
    struct model_pacer *pacer, struct model_rate rate, uint64_t unit, int64_t start)
{
    uint64_t seconds = rate.seconds == 0 ? 1 : rate.seconds;
    assert(unit >= 1 && unit <= MODEL_WRITE_BYTES);
    assert(seconds <= MODEL_RATE_SECONDS_MAX);
    *pacer = (struct model_pacer){.next = MODEL_TIME_NEVER};
    if (rate.amount == 0) {
        return;
    }
    uint64_t period = unit * UINT64_C(1000000000) * seconds;
    assert(rate.amount <= period);
    pacer->whole = period / rate.amount;
    pacer->rest = period % rate.amount;
    pacer->parts = rate.amount;
    pacer->next = start;
    model_pacer_step(pacer);
}
