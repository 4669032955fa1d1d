/* SPDX-License-Identifier: Apache-2.0 */
/*
 * side.h -- one engine object on one host, and the queue of events for it; see side.c.
 */
#ifndef FERRY_SIM_WORLD_SIDE_H
#define FERRY_SIM_WORLD_SIDE_H

#include "ferry/action.h"
#include "ferry/event.h"
#include "ferry/source.h"
#include "ferry/target.h"
#include "ferry/trace.h"
#include "sim/world/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;
struct message;
struct move;
struct world;

struct side_event {
    struct ferry_event event;
    struct message *message; /* CONTROL_BYTES: owns the bytes */
    struct side_event *next;
};

struct side {
    struct world *world;
    struct move *move;
    struct host *host;
    bool target;
    uint64_t serial; /* names this object for ever */
    struct ferry_source *source_engine;
    struct ferry_target *target_engine;
    int state;         /* as it last said */
    bool waiting;      /* in the world's queue of sides with events */
    bool closed;       /* CLOSED was taken */
    uint32_t detached; /* target: no connection of this attach or an older one is taken any more */
    int64_t ticked_at; /* TICKs at one instant are counted: an engine must move its deadline */
    uint32_t ticks;
    bool gone; /* destroyed; freed when nobody is inside of it */
    struct side_event *first;
    struct side_event *last;
    world_timer deadline_timer;
    int64_t deadline_armed;
    struct side *next; /* in that queue, or among the gone */
};

struct side *side_create(struct move *move, bool target);
void side_post(struct side *side, const struct ferry_event *event);
void side_post_bytes(struct side *side, uint32_t attach, struct message *message, size_t skip);
void side_done(struct side *side, uint64_t action_id, enum ferry_status status);
int64_t side_now(const struct side *side); /* as its host's clock shows it */
void side_rearm(struct side *side);        /* that clock has changed */
void side_kick(struct side *side);         /* actions may be waiting: take them soon */
/* Around every call into an engine: what a phase triggers waits until the outermost one has left. */
struct side *side_enter(struct side *side); /* who was inside before */
void side_leave(struct side *side, struct side *outer);
void side_destroy(struct side *side);
void side_run_all(struct world *world);
void side_bury(struct world *world); /* frees those that are gone; nobody may be inside of one */
struct side *side_of_serial(const struct move *move, bool target, uint64_t serial);
struct ferry_trace_sink side_trace_sink(struct side *side);
bool side_is_command(enum ferry_event_kind kind); /* an operator's */
void side_command_answered(
    struct side *side, const struct ferry_event *event, enum ferry_status status);
void side_log_action(struct side *side, const struct ferry_action *action);

/* ---- source_side.c, target_side.c ---- */

bool source_side_start(struct move *move);
void source_side_restart(struct move *move);
void source_side_act(struct side *side, const struct ferry_action *action);
struct side *target_side_start(struct move *move);
void target_side_restart(struct move *move);
void target_side_act(struct side *side, const struct ferry_action *action);

#endif
