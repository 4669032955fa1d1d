/* SPDX-License-Identifier: Apache-2.0 */
/* cap_window.h -- does any window of 100 ms carry more than the cap allows? Exact, in integers.
 *
 * A batch's bytes count as spread evenly over its serialisation. Then what a window carries is a
 * function of the window's begin that is linear between the instants where a batch begins or ends
 * or the cap changes at either of the window's ends: so its excess over the allowance is largest at
 * one of those, and only those windows are looked at. A window is judged as soon as everything that
 * touches it is known, so that no more than the last few windows are remembered. */
#ifndef FERRY_SIM_CHECK_CAP_WINDOW_H
#define FERRY_SIM_CHECK_CAP_WINDOW_H

#include "ferry/types.h"

#include <stddef.h>

#define CAP_WINDOW ((ferry_time_ns)100 * FERRY_MILLISECOND)

struct cap_burst {
    ferry_time_ns begun_ns;
    ferry_time_ns ended_ns;
    uint64_t bytes;
    bool batch; /* counts for the one batch that a window may carry in excess */
};

struct cap_change {
    ferry_time_ns at_ns;
    uint64_t cap; /* bytes a second, FERRY_RATE_UNLIMITED */
};

struct cap_excess {
    ferry_time_ns begin_ns; /* of the window */
    uint64_t carried;       /* bytes */
    uint64_t allowed;       /* cap x 100 ms + the largest batch that touches the window */
};

/* All zero at the start. */
struct cap_window {
    struct cap_burst *bursts;
    size_t burst_count;
    size_t burst_capacity;
    struct cap_change *changes; /* in order of time; the first one from the beginning */
    size_t change_count;
    size_t change_capacity;
    ferry_time_ns judged_until; /* windows that end up to here have been judged */
};

void cap_window_change(struct cap_window *window, ferry_time_ns at_ns, uint64_t cap);
void cap_window_add(struct cap_window *window, const struct cap_burst *burst);
/* Everything that begins before `known_until` has been added: judges what can be judged. True:
 * *excess_out is the first window of this call that carries too much. */
bool cap_window_judge(
    struct cap_window *window, ferry_time_ns known_until, struct cap_excess *excess_out);
void cap_window_deinit(struct cap_window *window);

#endif
