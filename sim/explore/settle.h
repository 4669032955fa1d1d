/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle.h -- where a state leads to when no more faults come, and what must hold there.
 *
 * Two ends of each state. *Healed*: the network is well, hosts that are down come back, journals
 * write. *Alone*: the two never hear of each other again, what is down stays down, and local limits
 * pass. Both follow one fixed order of moves until none is left. That proves that a good end can
 * always be reached, from each reachable state and so also from each state on any way there; that
 * every fair way reaches one is what the Promela model shows (model/handover.pml).
 *
 * The ends are what the failure truth table speaks of: explore_check_ends() picks the rows that a
 * state belongs to, and counts them, so that nobody believes in a row that was never looked at.
 */
#ifndef FERRY_SIM_EXPLORE_SETTLE_H
#define FERRY_SIM_EXPLORE_SETTLE_H

#include "sim/explore/moves.h"

#include <stddef.h>

/* What an end looks like. */
enum explore_end {
    END_SOURCE_OWNS = 1U << 0,
    END_TARGET_OWNS = 1U << 1,
    END_SOURCE_RUNS = 1U << 2,
    END_TARGET_RUNS = 1U << 3,
    END_SOURCE_KILLED = 1U << 4, /* its process, with its host */
    END_TARGET_KILLED = 1U << 5,
    END_SOURCE_OUT = 1U << 6, /* granted on paper, and no answer: UNKNOWN */
    END_CLAIM_DOUBT = 1U << 7,
    END_TARGET_UNSURE = 1U << 8,
    END_TARGET_READY = 1U << 9,
    END_CLAIM_HELPS = 1U << 10,  /* an operator's claim makes exactly one owner of it */
    END_NEVER = 1U << 11,        /* it went on and on */
    END_SOURCE_MOVED = 1U << 12, /* the source knows that the guest is the target's */
};

struct explore_settler {
    const struct explore_machine *machine;
    uint64_t checks;
    struct explore_settled *memory; /* what was settled before, by fingerprint */
    uint64_t rows[CHECK_COUNT];     /* how many states each row was judged in */
};

bool explore_settler_init(
    struct explore_settler *settler, const struct explore_machine *machine, uint64_t checks);
void explore_settler_deinit(struct explore_settler *settler);

/* Bits of enum explore_end. */
uint32_t
explore_settle(struct explore_settler *settler, const struct explore_state *state, bool healed);

/* The checks of ends; CHECK_NONE if all hold. */
enum explore_check
explore_check_ends(struct explore_settler *settler, const struct explore_state *state);

/* The moves of an end, for a transcript. Returns how many; `moves` has room for `capacity`. */
size_t explore_settle_moves(
    const struct explore_machine *machine,
    const struct explore_state *state,
    bool healed,
    explore_move *moves,
    size_t capacity);

#endif
