/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c -- the clock that a host's daemon reads.
 *
 *   shown(t) = max(floor, shown + (t - since) * (1 + gain))
 *
 * A daemon reads a clock that cannot run backwards (CLOCK_MONOTONIC promises it), so one that is set
 * back stands still until it has caught up. The clock stands between an engine and the time of the
 * simulation and nowhere else: hosts, disks and networks know the true time.
 *
 * All arithmetic is whole: a deadline is reached at the first true nanosecond at which the clock
 * shows it, so that a timer armed by clock_when() never finds the clock short of it.
 */
#include "sim/fault/clock.h"

#include "model/bits.h"

#define MILLION UINT64_C(1000000)

static int64_t gained(const struct clock *clock, int64_t elapsed)
{
    const uint64_t ppm =
        clock->gain < 0 ? (uint64_t) - (int64_t)clock->gain : (uint64_t)clock->gain;
    const int64_t error = (int64_t)model_mul_div((uint64_t)elapsed, ppm, MILLION);

    return clock->gain < 0 ? elapsed - error : elapsed + error;
}

int64_t clock_read(const struct clock *clock, int64_t now)
{
    const int64_t shown = clock->shown + gained(clock, now - clock->since);

    return shown > clock->floor ? shown : clock->floor;
}

int64_t clock_when(const struct clock *clock, int64_t now, int64_t shown)
{
    if (shown == CLOCK_NEVER) {
        return CLOCK_NEVER;
    }
    if (clock_read(clock, now) >= shown) {
        return now;
    }
    const uint64_t needed = (uint64_t)(shown - clock->shown);
    const uint64_t rate = (uint64_t)((int64_t)MILLION + clock->gain);
    int64_t elapsed = (int64_t)model_mul_div(needed, MILLION, rate);

    /* both divisions round: the first one that fits is a step or two away */
    while (gained(clock, elapsed) < shown - clock->shown) {
        elapsed++;
    }
    while (elapsed > 0 && gained(clock, elapsed - 1) >= shown - clock->shown) {
        elapsed--;
    }
    return elapsed > CLOCK_NEVER - clock->since ? CLOCK_NEVER : clock->since + elapsed;
}

void clock_set_gain(struct clock *clock, int64_t now, int32_t gain)
{
    clock->shown += gained(clock, now - clock->since);
    clock->since = now;
    clock->gain = gain;
}

void clock_step(struct clock *clock, int64_t now, int64_t by)
{
    clock->floor = clock_read(clock, now);
    clock_set_gain(clock, now, clock->gain);
    clock->shown += by;
}
