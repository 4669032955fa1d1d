/* SPDX-License-Identifier: Apache-2.0 */
/* cap_window.c -- the arithmetic of cap_window.h. Rounded in favour of the engine, by less than a
 * byte for each burst that a window cuts and for each value of the cap. */
#include "sim/check/cap_window.h"

#include "sim/check/checker.h"

#include <stdlib.h>

__extension__ typedef unsigned __int128 wide;

static ferry_time_ns earlier(ferry_time_ns a, ferry_time_ns b)
{
    return a < b ? a : b;
}

static ferry_time_ns later(ferry_time_ns a, ferry_time_ns b)
{
    return a > b ? a : b;
}

void cap_window_change(struct cap_window *window, ferry_time_ns at_ns, uint64_t cap)
{
    if (window->change_count != 0 && window->changes[window->change_count - 1].cap == cap) {
        return;
    }
    window->changes = sim_check_grow(
        window->changes,
        &window->change_capacity,
        window->change_count + 1,
        sizeof(*window->changes));
    window->changes[window->change_count++] = (struct cap_change){.at_ns = at_ns, .cap = cap};
}

void cap_window_add(struct cap_window *window, const struct cap_burst *burst)
{
    window->bursts = sim_check_grow(
        window->bursts, &window->burst_capacity, window->burst_count + 1, sizeof(*window->bursts));
    window->bursts[window->burst_count++] = *burst;
}

/* False: a part of the window has no limit. */
static bool allowance(const struct cap_window *window, ferry_time_ns begin, uint64_t *bytes_out)
{
    const ferry_time_ns end = begin + CAP_WINDOW;
    wide total = 0;

    for (size_t i = 0; i < window->change_count; i++) {
        const struct cap_change *change = &window->changes[i];
        const bool last = i + 1 == window->change_count;
        const ferry_time_ns first = i == 0 ? begin : later(begin, change->at_ns);
        const ferry_time_ns until = last ? end : earlier(end, window->changes[i + 1].at_ns);

        if (until <= first) {
            continue;
        }
        if (change->cap == FERRY_RATE_UNLIMITED) {
            return false;
        }
        total += ((wide)change->cap * (wide)(until - first) + FERRY_SECOND - 1) / FERRY_SECOND;
    }
    *bytes_out = total > UINT64_MAX ? UINT64_MAX : (uint64_t)total;
    return window->change_count != 0;
}

static uint64_t share(const struct cap_burst *burst, ferry_time_ns begin, ferry_time_ns end)
{
    const ferry_time_ns first = later(begin, burst->begun_ns);
    const ferry_time_ns last = earlier(end, burst->ended_ns);

    if (first == burst->begun_ns && last == burst->ended_ns) {
        return burst->bytes;
    }
    if (last <= first) {
        return 0;
    }
    const wide length = (wide)(burst->ended_ns - burst->begun_ns);

    return (uint64_t)((wide)burst->bytes * (wide)(last - first) / length);
}

/* True: the window from `begin` on carries too much. */
static bool
exceeds(const struct cap_window *window, ferry_time_ns begin, struct cap_excess *excess_out)
{
    uint64_t allowed;
    uint64_t carried = 0;
    uint64_t largest = 0;

    if (!allowance(window, begin, &allowed)) {
        return false;
    }
    for (size_t i = 0; i < window->burst_count; i++) {
        const struct cap_burst *burst = &window->bursts[i];

        if (burst->begun_ns > begin + CAP_WINDOW || burst->ended_ns < begin) {
            continue;
        }
        carried += share(burst, begin, begin + CAP_WINDOW);
        if (burst->batch && burst->bytes > largest) {
            largest = burst->bytes;
        }
    }
    if (carried <= allowed || carried - allowed <= largest) {
        return false;
    }
    *excess_out =
        (struct cap_excess){.begin_ns = begin, .carried = carried, .allowed = allowed + largest};
    return true;
}

/* The two windows with `instant` at one end, if they end in (after, until]. */
static bool judge_instant(
    const struct cap_window *window,
    ferry_time_ns instant,
    ferry_time_ns until,
    struct cap_excess *excess_out)
{
    const ferry_time_ns after = window->judged_until;
    const bool ends_here = instant > after && instant <= until;
    const bool begins_here = instant + CAP_WINDOW > after && instant + CAP_WINDOW <= until;

    return (ends_here && exceeds(window, instant - CAP_WINDOW, excess_out)) ||
           (begins_here && exceeds(window, instant, excess_out));
}

/* No window that is still to be judged begins before judged_until - CAP_WINDOW. */
static void forget(struct cap_window *window)
{
    const ferry_time_ns before = window->judged_until - CAP_WINDOW;
    size_t kept = 0;
    size_t gone = 0;

    for (size_t i = 0; i < window->burst_count; i++) {
        if (window->bursts[i].ended_ns >= before) {
            window->bursts[kept++] = window->bursts[i];
        }
    }
    window->burst_count = kept;
    while (gone + 1 < window->change_count && window->changes[gone + 1].at_ns <= before) {
        gone++;
    }
    for (size_t i = gone; i < window->change_count; i++) {
        window->changes[i - gone] = window->changes[i];
    }
    window->change_count -= gone;
}

bool cap_window_judge(
    struct cap_window *window, ferry_time_ns known_until, struct cap_excess *excess_out)
{
    bool found = false;

    if (known_until <= window->judged_until) {
        return false;
    }
    for (size_t i = 0; i < window->burst_count && !found; i++) {
        const struct cap_burst *burst = &window->bursts[i];

        found = judge_instant(window, burst->begun_ns, known_until, excess_out) ||
                judge_instant(window, burst->ended_ns, known_until, excess_out);
    }
    for (size_t i = 0; i < window->change_count && !found; i++) {
        found = judge_instant(window, window->changes[i].at_ns, known_until, excess_out);
    }
    window->judged_until = known_until;
    forget(window);
    return found;
}

void cap_window_deinit(struct cap_window *window)
{
    free(window->bursts);
    free(window->changes);
    *window = (struct cap_window){0};
}
