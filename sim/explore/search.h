/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.h -- breadth first over all states, level by level, until all are seen or a limit is reached.
 *
 * The states of two levels are kept whole; of all that were seen, a fingerprint of 64 bits and the
 * move that led there from which other: 20 to 40 bytes a state. Two different states with one
 * fingerprint would hide one of them: with twenty million states the chance is one in a hundred
 * thousand, and the seed of the fingerprints is fixed, so a run is the same again.
 *
 * The search does not know what a state is: a world is a table of functions (handover_world.c,
 * register_world.c). What is found first is one of the shortest ways.
 */
#ifndef FERRY_SIM_EXPLORE_SEARCH_H
#define FERRY_SIM_EXPLORE_SEARCH_H

#include "sim/explore/check.h"

#include <stdbool.h>
#include <stddef.h>

#define SEARCH_STATE_MAX 64U
#define SEARCH_MOVES_MAX 256U

/* Called for each state that a move leads to; false: enough. */
struct search_space {
    size_t state_size; /* at most SEARCH_STATE_MAX */
    /* All possible moves of a state, in a fixed order; `states` and `broken` run along: where each
     * leads, and which check the move itself did not stand. */
    unsigned (*expand)(
        void *context,
        const void *state,
        uint16_t moves[static SEARCH_MOVES_MAX],
        void *states,
        enum explore_check broken[static SEARCH_MOVES_MAX]);
    /* The checks of a state that has not been seen before. */
    enum explore_check (*check)(void *context, const void *state);
    void *context;
};

struct search_limits {
    uint64_t states;        /* 0: none */
    int64_t time_ns;        /* 0: none */
    int64_t (*clock)(void); /* NULL: no time-limit, and no times in the result */
    void (*progress)(void *context, uint64_t states, unsigned depth); /* NULL: nobody looks */
    void *progress_context;
    bool (*interrupted)(void *context); /* asked now and then: true ends it; NULL: nobody does */
    void *interrupted_context;
};

enum search_stop {
    SEARCH_ALL_SEEN = 1, /* every state within the budgets */
    SEARCH_BROKEN,
    SEARCH_STATES_LIMIT,
    SEARCH_TIME_LIMIT,
    SEARCH_NO_MEMORY,
    SEARCH_INTERRUPTED,
};

#define SEARCH_PATH_MAX 256U

struct search_result {
    enum search_stop stop;
    uint64_t states;      /* different ones */
    uint64_t transitions; /* moves carried out */
    unsigned depth;       /* moves to the last state */
    uint64_t widest;      /* most states of one depth */
    int64_t wall_ns;
    uint64_t bytes; /* of memory, at most */
    enum explore_check broken;
    unsigned path_length; /* of the counterexample */
    uint16_t path[SEARCH_PATH_MAX];
};

void search_run(
    const struct search_space *space,
    const void *start,
    const struct search_limits *limits,
    struct search_result *result);

const char *search_stop_name(enum search_stop stop);

#endif
