/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.h -- every single fault at every step of a small migration, and pairs in the switchover.
 *
 * Chaos draws; a sweep leaves nothing out. The migration without a fault is run once with its log:
 * its steps are the instants at which anything happens, each twice, just before and just after what
 * happens at it (1 ns later). Then it is run again for each kind of fault at each of these steps.
 * Pairs take every two kinds at every two phases of the switchover, from `paused` to `closing`; at
 * wish at every two steps of it, which takes long.
 *
 * What must hold is written into each run's scenario as in chaos; whatever hits one host only and
 * ends, or any network, must let the migration complete.
 */
#ifndef FERRY_SIM_CHAOS_SWEEP_H
#define FERRY_SIM_CHAOS_SWEEP_H

#include "sim/chaos/bench.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum sweep_pairs {
    SWEEP_NO_PAIRS = 0,
    SWEEP_PAIRS_OF_PHASES,
    SWEEP_PAIRS_OF_STEPS,
};

struct sweep {
    int64_t *steps; /* instants, in order; owned */
    size_t step_count;
    size_t window_first; /* steps from the first pause on */
    size_t window_count; /* ... until the source is closing */
    enum sweep_pairs pairs;
};

/* Runs the migration without a fault and finds its steps. false: it does not complete, or the bench
 * has ended; said on stderr. */
bool sweep_begin(struct sweep *sweep, struct bench *bench, enum sweep_pairs pairs);
void sweep_end(struct sweep *sweep);

unsigned sweep_kind_count(void);
const char *sweep_kind_name(unsigned kind); /* "source crash"; never NULL */

/* Runs are numbered: first the single ones, then pairs. */
uint64_t sweep_single_count(const struct sweep *sweep);
uint64_t sweep_pair_count(const struct sweep *sweep);

/* The kinds of a run, as bits. */
uint64_t sweep_kinds(const struct sweep *sweep, uint64_t number);

/* Its scenario; the caller frees it. */
char *sweep_text(const struct sweep *sweep, uint64_t number, size_t *size_out);

#endif
