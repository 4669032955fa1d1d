/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moves.h -- everything that can happen next in a state.
 *
 * A move is a number: what, and which one of several. Moves without a price are what hosts and
 * networks do anyway; the others take from a budget. A crashed host may come back, or not: a state
 * from which it never does is explored simply by nobody starting it.
 */
#ifndef FERRY_SIM_EXPLORE_MOVES_H
#define FERRY_SIM_EXPLORE_MOVES_H

#include "sim/explore/world.h"

enum explore_move_kind {
    MOVE_NONE = 0,
    /* ordinary */
    MOVE_CONNECT,
    MOVE_TO_TARGET, /* the next message is delivered */
    MOVE_TO_SOURCE,
    MOVE_OPEN_ATTEMPT,
    MOVE_PAUSED,
    MOVE_SEND_ATTEMPT,
    MOVE_LOADED,
    MOVE_SOURCE_RESUMED,
    MOVE_TARGET_RESUMED,
    MOVE_SOURCE_DURABLE, /* which: enum explore_source_record */
    MOVE_TARGET_DURABLE, /* which: enum explore_target_record */
    MOVE_SOURCE_UP,
    MOVE_TARGET_UP,
    MOVE_LATE_TO_TARGET, /* which: place */
    MOVE_LATE_TO_SOURCE,
    /* faults and orders */
    MOVE_LINK_LOST,           /* which: the message that comes late; 0 = none */
    MOVE_DUPLICATE_TO_TARGET, /* the next message comes once more, late */
    MOVE_DUPLICATE_TO_SOURCE,
    MOVE_SOURCE_CRASH, /* which: records that are there (bits 0, 1), late message (from bit 2) */
    MOVE_TARGET_CRASH,
    MOVE_SOURCE_DAEMON,
    MOVE_TARGET_DAEMON,
    MOVE_SOURCE_WRITE_FAILS,
    MOVE_TARGET_WRITE_FAILS,
    MOVE_GRANT_LATE,
    MOVE_ABORT_ATTEMPT,
    MOVE_GIVE_UP,
    MOVE_TARGET_GIVES_UP,
    MOVE_CANCEL,
    MOVE_SOURCE_REINSTALLED,
    MOVE_TARGET_REINSTALLED,
    MOVE_SOURCE_CLAIM,
    MOVE_TARGET_CLAIM,
    MOVE_OPERATOR_BURN,
    MOVE_STRAY_TO_TARGET, /* which: enum explore_message, of an earlier session of this guest */
    MOVE_STRAY_TO_SOURCE,
    MOVE_KINDS,
};

typedef uint16_t explore_move;

#define MOVE_OF(kind, which) ((explore_move)((unsigned)(kind) | ((unsigned)(which) << 6)))
#define MOVE_KIND(move)      ((enum explore_move_kind)((move)&63U))
#define MOVE_WHICH(move)     ((unsigned)(move) >> 6)

/* Both sides have made SESSION durable and are connected; the guest runs at the source. */
struct explore_state explore_start(struct explore_budget budget);

/* Carries the move out on world->state; false, and nothing is changed, if it is not possible. */
bool explore_move_apply(struct explore_world *world, explore_move move);

/* The moves that have a price; explore_move_apply() comes here by itself. */
bool explore_fault_apply(struct explore_world *world, explore_move move);
/* A write ends, well or not. */
bool explore_move_source_written(struct explore_world *world, unsigned which, bool durable);
bool explore_move_target_written(struct explore_world *world, unsigned which, bool durable);

/* All moves that may be possible in this state, in a fixed order (explore_move_apply() has the last
 * word). Returns how many. */
#define EXPLORE_MOVES_MAX 256
unsigned
explore_moves(const struct explore_state *state, explore_move moves[static EXPLORE_MOVES_MAX]);

/* The move in words, and in whose column it stands. */
#define EXPLORE_MOVE_TEXT 72
enum explore_column explore_move_text(
    const struct explore_state *state, explore_move move, char text[static EXPLORE_MOVE_TEXT]);

#endif
