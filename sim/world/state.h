/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h -- the simulated world, opened up: for the files of sim/world and sim/fault only.
 *
 * Who owns what:
 *   world     hosts, guests, moves, timers; lives for one run
 *   host      a daemon (up or not), a journal, instances of guests; its timers die with it
 *   guest     a modelled guest and its clients; lives in one instance at a time (`live`)
 *   instance  a guest's process on one host: its memory and what its VMM knows
 *   move      one migration: two sides, its connections, its instants; kept until the run ends
 *   side      one engine object on one host, and the queue of events for it
 *   attach    one (re)connection of a move: a control channel and one channel a stream
 *   channel   one network connection with both of its ends
 *
 * Invariants:
 *   W-1  an engine object is entered from side_run() alone: one event in, then every action out, then
 *        its deadline is armed; nothing else happens in between, but faults which a phase triggers.
 *   W-2  what the world has to tell an object is posted to its side (side_post), never called in.
 *   W-3  whatever takes time on a host is an `op` with a timer of that host: a crash discards it.
 *   W-4  what one end of a channel knows of the other came through the network.
 *   W-5  every event which matters goes through log_event(), once.
 */
#ifndef FERRY_SIM_WORLD_STATE_H
#define FERRY_SIM_WORLD_STATE_H

#include "ferry/coordinator.h"
#include "ferry/types.h"
#include "model/rng.h"
#include "sim/check/check.h"
#include "sim/fault/fault.h"
#include "sim/net/net.h"
#include "sim/report/result.h"
#include "sim/scenario/scenario.h"
#include "sim/world/message.h"
#include "sim/world/timers.h"
#include "sim/world/world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel;
struct guest;
struct host;
struct move;
struct side;

struct world {
    const struct scenario *scenario;
    struct sim_run_options options;
    struct sim_result *result;
    struct sim_checks *checks;
    const char **guest_names; /* for the checkers' messages */
    const char **host_names;
    struct net *net;
    uint64_t seed;
    uint64_t hash;
    uint64_t events;
    struct model_rng ids; /* session and journal ids */
    struct ferry_allocator allocator;
    uint64_t allocations; /* live */
    uint64_t allocated;   /* bytes live */
    struct world_timers timers;
    struct host *hosts;
    struct guest *guests;
    struct move **moves;
    size_t move_count;
    size_t move_capacity;
    uint32_t moves_ended;
    uint32_t sides_open;        /* engine objects */
    struct move *moves_running; /* those with an engine object */
    uint32_t *refusing;         /* by network: faults under way */
    uint32_t *corrupt_ppm;      /* by network: messages of a million that are damaged */
    struct model_rng weather;   /* decides which, and where */
    struct channel **channels;
    uint32_t channel_count;
    uint32_t channel_capacity;
    struct ferry_coordinator *coordinator;
    bool ordering; /* its orders are being carried out */
    uint64_t next_serial;
    struct side *ready_first;
    struct side *ready_last;
    struct side *gone;
    struct message_queue
        condemned;       /* messages of connections that are over: somebody may still look at one */
    struct side *inside; /* the side whose engine is being driven */
    struct trigger *triggers;
    size_t trigger_count;
    size_t phase_triggers; /* of these, on a phase and not yet fired */
    size_t *due;           /* fired inside of a side: carried out between two of its actions */
    size_t due_count;
    uint64_t *fault_memory; /* sim/fault: what a fault has to remember until it is undone */
    size_t *fault_spans;
    uint64_t faults_begun;
    uint32_t outages;      /* faults so far after which a side may keep a record for its peer */
    uint32_t outages_over; /* of these */
    uint32_t pending;      /* steps and faults to come, heals and announcements to come */
    uint32_t unhealed;     /* faults that will never be undone */
    int64_t last_progress;
    int64_t next_progress_call;
    int64_t next_cables; /* when the use of all cables is noted again, for the timeline */
    bool check_wanted;   /* something has ended: is that all? */
    bool reseeded;
    bool ending; /* it is: a moment for what is on its way */
    bool over;
    bool failed;
};

void world_progress(struct world *world); /* something moved on: the watchdog starts again */
void world_check_end(struct world *world);
void world_error(struct world *world, const char *text); /* the run is worth nothing: stop */
int64_t world_now(const struct world *world);

/* finish.c */
void finish_run(struct world *world);

#endif
