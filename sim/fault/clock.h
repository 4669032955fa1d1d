/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h -- the clock that a host's daemon reads: the true time, or a faulty one; see clock.c.
 */
#ifndef FERRY_SIM_FAULT_CLOCK_H
#define FERRY_SIM_FAULT_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

struct clock {
    int64_t since; /* true time from which on the next two hold */
    int64_t shown; /* what it showed then, without regard to `floor` */
    int64_t floor; /* it never shows less */
    int32_t gain;  /* ppm */
};

int64_t clock_read(const struct clock *clock, int64_t now);
/* The first instant at or after `now` at which it shows `shown`; NEVER stays NEVER. */
int64_t clock_when(const struct clock *clock, int64_t now, int64_t shown);
void clock_set_gain(struct clock *clock, int64_t now, int32_t gain);
void clock_step(struct clock *clock, int64_t now, int64_t by); /* negative: set back */

#endif
