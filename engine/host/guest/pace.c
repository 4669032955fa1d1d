/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace.c -- how many page writes a rate makes due. One page write stands for 4096 bytes.
 *
 * Pace time leaves out what the VMM took away by pauses and throttling, so a guest does not catch
 * up after a move what it could not write meanwhile. It does catch up what the scheduler took, but
 * no more than BACKLOG_NS of it: a rate that the machine cannot reach does not pile up for ever.
 */
#include "engine/host/guest/guest.h"

#define BACKLOG_NS 50000000U
/* bytes of a page write, times nanoseconds of a second */
#define UNIT (GUEST_PAGE_SIZE * 1000000000ULL)

uint64_t pace_due(struct pace *pace, uint64_t pace_now)
{
    if (pace->rate == GUEST_RATE_FLAT_OUT) {
        return BATCH_WRITES;
    }
    if (pace_now <= pace->spent_ns) {
        return pace->due;
    }
    uint64_t passed = pace_now - pace->spent_ns;
    if (passed > BACKLOG_NS) {
        passed = BACKLOG_NS;
    }
    pace->spent_ns = pace_now;
    const wide work = (wide)pace->rate * passed + pace->remainder;
    const struct quotient writes = wide_divide(work, UNIT);
    pace->due += writes.quotient;
    pace->remainder = writes.remainder;
    const uint64_t most = wide_divide((wide)pace->rate * BACKLOG_NS, UNIT).quotient + 1;
    if (pace->due > most) {
        pace->due = most;
    }
    return pace->due;
}
