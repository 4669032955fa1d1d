/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h -- one run of one text, in a process of its own: what the shrinker tries cuts on.
 *
 * A cut may crash, hang or exhaust the memory where the whole did not.
 */
#ifndef FERRY_SIM_CHAOS_BENCH_H
#define FERRY_SIM_CHAOS_BENCH_H

#include "sim/chaos/crew.h"

#include <stddef.h>
#include <stdio.h>

struct bench {
    trial_run_fn *run;
    enum sim_network network;
    unsigned patience_s; /* 0: as a crew has */
    FILE *log;           /* NULL, or an unnamed file for the events of a run */
    sigset_t watched;
    sigset_t old_mask;
    int ended; /* the signal that came; -1: no process could be had. Nothing is run any more then. */
};

/* false: it is no scenario, or was not run. */
bool bench_run(
    struct bench *bench, const char *name, const char *text, size_t size, struct trial *trial);

#endif
