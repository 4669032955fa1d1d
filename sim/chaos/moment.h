/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moment.h -- the critical moment of a failing run: the event at which the failure becomes likely.
 *
 * For an event n the run is repeated some times, each with the same past up to n and another future:
 * the guests draw from another seed, and each fault that has not begun by n is dropped, or comes at
 * another time or phase. The share of these runs which fail in the same way is how likely the failure
 * is, given what has happened by n. At the end it is 1. Bisection finds an event before which the
 * failure was unlikely, and after which it is likely: what happened there is worth a look.
 *
 * The share need not grow steadily; then this is one of several such events.
 */
#ifndef FERRY_SIM_CHAOS_MOMENT_H
#define FERRY_SIM_CHAOS_MOMENT_H

#include "sim/chaos/bench.h"

#include <stddef.h>
#include <stdint.h>

#define MOMENT_PROBES_MAX 64U

struct moment_options {
    struct bench *bench;
    const char *name; /* of the scenario's text */
    const char *text;
    size_t size;
    const struct trial *failure;
    unsigned samples; /* runs for each event that is looked at */
    unsigned jobs;
};

struct moment_probe {
    uint64_t event;
    unsigned failing; /* of `samples` */
};

struct moment {
    uint64_t events;     /* of the failing run */
    bool from_the_start; /* likely whatever happens: the scenario itself decides it */
    uint64_t event;
    char *line;                                    /* that event, as the log has it; never NULL */
    struct moment_probe probes[MOMENT_PROBES_MAX]; /* in order of events */
    size_t probe_count;
};

/* false: the run does not fail any more, or the bench has ended. */
bool moment_find(const struct moment_options *options, struct moment *moment);
void moment_free(struct moment *moment);

/* One other future of the scenario, which is changed: the faults that have not begun by event
 * `event`, at `now`. `begun` has an event number for each fault, 0 where it never began. */
struct moment_past {
    uint64_t event;
    int64_t now;
    int64_t horizon; /* faults come before this */
    const uint64_t *begun;
};
void moment_redraw(struct scenario *scenario, const struct moment_past *past, uint64_t seed);

#endif
