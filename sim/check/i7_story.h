/* SPDX-License-Identifier: Apache-2.0 */
/* i7_story.h -- what the engine and the network said during one life of a migration's source, to be
 * compared with its outcome object. A restart from the journal begins a new life: its statistics
 * begin again, and are partial. */
#ifndef FERRY_SIM_CHECK_I7_STORY_H
#define FERRY_SIM_CHECK_I7_STORY_H

#include "sim/check/checker.h"

struct story_round {
    uint64_t pages;
    uint64_t bytes;
    uint64_t zero_pages;
    ferry_time_ns duration_ns;
    uint32_t attempt;
};

struct story_abort {
    uint32_t attempt;
    ferry_time_ns paused_ns;
    ferry_time_ns ended_at; /* only of what was seen */
};

/* Pauses that ended at the source, as the world saw them: more than the engine tells of, if it is
 * wrong. */
#define STORY_PAUSES_MAX (FERRY_ATTEMPTS_MAX + 3)

struct story {
    bool restarted; /* not the first life: statistics are partial, most are not judged */
    bool round_open;
    uint32_t rounds_ended;
    struct story_round *rounds; /* the first FERRY_ROUNDS_KEPT, the one that is open included */
    size_t round_capacity;
    uint64_t round_bytes; /* of all ended rounds */
    uint64_t batch_bytes; /* of whole batches that left, of all lives */
    uint32_t links_up;
    uint32_t links_down;
    uint32_t aborts;                             /* ATTEMPT_ABORTED */
    struct story_abort told[FERRY_ATTEMPTS_MAX]; /* by these events */
    uint32_t pauses;
    struct story_abort seen[STORY_PAUSES_MAX];
    bool paused;
    ferry_time_ns paused_at;
    bool outcome_traced;
    int64_t outcome_fields[4];
};

/* TRACE of the source, PAYLOAD, ATTEMPT_PAUSED and ATTEMPT_RESUMED of this migration. */
void story_observe(struct story *story, const struct sim_observation *observation);
void story_restart(struct story *story);
void story_deinit(struct story *story);

struct story_judge {
    struct sim_checks *checks;
    struct sim_about about;
    ferry_time_ns started_at;
    ferry_time_ns paused_at; /* the latest pause */
    uint32_t
        rolled_back; /* the attempt that ran at the target before an operator claimed the guest for the source: how
                           * long it stood still is not this source's to know; 0: none */
    const struct sim_fault_seen *fault; /* fell between the pause and the outcome, or NULL */
    const struct sim_faults *faults;    /* whose clocks were wrong */
    uint32_t from;
    uint32_t to;
};

/* The outcome (not UNKNOWN) tells the same as the story. */
void story_compare(
    const struct story *story,
    const struct story_judge *judge,
    const struct sim_observation *observation);

#endif
