/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h -- runs one scenario: the real engine, plugged into modelled hosts, guests and networks.
 *
 * One call, one run. The caller has initialised the result (sim_result_init, wishes) and judges the
 * scenario's expectations afterwards; the world fills the result and has the invariants checked.
 * The same scenario, seed and network give the same events, bit for bit, whatever the other options
 * are. One run over SimGrid in a process; any number over the light network.
 */
#ifndef FERRY_SIM_WORLD_WORLD_H
#define FERRY_SIM_WORLD_WORLD_H

#include "sim/report/result.h"
#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stdint.h>

enum sim_network {
    SIM_NETWORK_SIMGRID = 0, /* the default: bandwidth shared by SimGrid */
    SIM_NETWORK_LIGHT,       /* the project's own integer solver */
};

/* Where a run is, for whoever watches it. */
struct sim_progress {
    int64_t now_ns;
    uint64_t events;
    uint32_t migrations_begun;
    uint32_t migrations_ended;
};

struct sim_run_options {
    uint64_t seed; /* instead of the scenario's */
    enum sim_network network;
    /* Called once for each `progress_interval_ns` of virtual time at most; may be NULL. */
    void (*progress)(void *context, const struct sim_progress *progress);
    void *progress_context;
    int64_t progress_interval_ns; /* 0: one virtual second */
    /* Other randomness for what comes after so many events; what came before is the same. 0: none. */
    uint64_t reseed_event;
    uint64_t reseed;
    uint64_t event_limit; /* a run with more events is an error; 0: no limit */
};

/* The seed of the file, over SimGrid, nobody watching. */
struct sim_run_options sim_run_options_default(const struct scenario *scenario);

/* 0: the run came to its end and the verdict is in the result (which may be ERROR); -1: it could not begin (the network
 * solver is not available a second time in this process). */
int sim_run(
    const struct scenario *scenario,
    const struct sim_run_options *options,
    struct sim_result *result);

#endif
