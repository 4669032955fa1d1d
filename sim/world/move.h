/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move.h -- one migration from its order to its end; see move.c.
 */
#ifndef FERRY_SIM_WORLD_MOVE_H
#define FERRY_SIM_WORLD_MOVE_H

#include "ferry/outcome.h"
#include "ferry/source.h"
#include "ferry/target.h"
#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attach;
struct guest;
struct host;
struct side;
struct world;

/* The instants of the last attempt, as the world saw them. */
enum instant {
    INSTANT_PAUSED = 0,
    INSTANT_CAPTURED,
    INSTANT_COLLECTED,
    INSTANT_LOAD_ISSUED,
    INSTANT_LOADED,
    INSTANT_GRANT_ISSUED,
    INSTANT_GRANT_DURABLE,
    INSTANT_OWNER_ISSUED,
    INSTANT_OWNER_DURABLE,
    INSTANT_RUNNING,
    INSTANT_COUNT,
};

struct move {
    struct world *world;
    uint32_t index; /* in the result */
    uint32_t step;
    struct guest *guest;
    struct host *from;
    struct host *to;
    const struct scenario_move_options *options;
    struct ferry_session_id session;
    uint64_t epoch;
    uint64_t instances[2]; /* serials of the guest's instances at the source and at the target */
    uint16_t path_count;
    uint32_t networks[FERRY_PATHS_MAX]; /* by path */
    struct ferry_path paths[FERRY_PATHS_MAX];
    uint8_t guest_config[4]; /* which guest it is: all that a modelled VMM has to know */
    struct side *source;
    struct side *target;
    struct move *next_running;
    struct attach *attaches; /* newest first */
    uint64_t rate;           /* SET_RATE, bytes a second and stream */
    uint32_t networks_used;  /* bit a path */
    enum ferry_outcome_kind outcome;
    bool ended;       /* an outcome other than UNKNOWN, or nobody is left who could report one */
    bool planned;     /* the coordinator keeps room for it, though no drain asked */
    bool told;        /* the coordinator knows that it has ended */
    bool resumed;     /* the guest ran at the target */
    bool restarted;   /* its source came back from the journal */
    bool source_done; /* CLOSED */
    bool target_done;
    uint32_t outages_before;   /* of the run, over when this began */
    uint32_t outages_until[2]; /* begun until its source's, its target's side was over */
    uint32_t attempt;          /* newest pause */
    uint32_t aborting;         /* attempt which was paused and not yet resumed, 0 = none */
    int64_t instants[INSTANT_COUNT];
    size_t round_span;
    size_t attempt_span;
    size_t link_span;
};

struct move *move_begin(
    struct world *world, uint32_t step, struct guest *guest, struct host *to, int64_t asked_at);
void move_deinit(struct move *move);
/* Puts an outcome into the result which no source said. The checkers are not told. */
void move_say_outcome(struct move *move, const struct ferry_outcome *outcome);
void move_outcome(struct move *move, const struct ferry_outcome *outcome);
void move_side_lost(struct move *move, bool target);
void move_side_closed(struct move *move, bool target);
struct move *move_of_session(const struct world *world, struct ferry_session_id session);
struct move *
move_of_ref(const struct world *world, struct scenario_move_ref ref); /* newest; NULL: not begun */
void move_instant(struct move *move, enum instant instant);
void move_conclude(
    struct move *move); /* at the end: says an outcome where no source is left to say it */
void move_no_room(struct world *world, uint32_t step, struct guest *guest);
void move_forgotten(struct move *move); /* its source host knows nothing of it any more */
void move_source_config(struct move *move, struct ferry_source_config *config_out);
void move_target_config(const struct move *move, struct ferry_target_config *config_out);

#endif
