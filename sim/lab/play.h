/* SPDX-License-Identifier: Apache-2.0 */
/* play.h -- a run under way: moves that were asked for, and what is still to happen. */
#ifndef FERRY_SIM_LAB_PLAY_H
#define FERRY_SIM_LAB_PLAY_H

#include "sim/lab/lab.h"

#define PLAY_MOVES_MAX 64U
#define PLAY_ACTS_MAX  256U
#define PLAY_PHASES    16U

struct play_move {
    size_t step;
    size_t guest;
    size_t from;
    size_t to;
    uint32_t migration; /* in the result */
    char session[64];
    bool ended;       /* an outcome is known */
    uint32_t rounds;  /* newest round that began, plus one */
    uint32_t attempt; /* newest */
    int64_t
        entered[PLAY_PHASES]; /* when a phase was first entered (of the newest attempt); 0: not */
    json_t *outcome;          /* as the daemon told it; NULL: not (yet) */
};

enum act_kind { ACT_STEP = 1, ACT_FAULT, ACT_HEAL };

struct play_act {
    enum act_kind kind;
    size_t index; /* of the step or the fault */
    bool armed;   /* its instant is known */
    bool done;
    int64_t due_ns; /* since the scenario's instant 0 */
};

struct play {
    struct lab *lab;
    size_t guest_at[64]; /* where each guest is, as far as the lab knows */
    struct play_move moves[PLAY_MOVES_MAX];
    size_t move_count;
    struct play_act acts[PLAY_ACTS_MAX];
    size_t act_count;
};

struct play_move *play_find(struct play *play, const struct scenario_move_ref *ref);
bool play_add_act(struct play *play, const struct play_act *act);

/* play_guests.c */
bool play_guests_start(struct play *play);
bool play_guests_judge(struct play *play); /* self-checks, heartbeats, places */

/* play_watch.c: what daemons say */
bool play_watch(struct play *play); /* takes all events that have come */
void play_collect_outcome(struct play *play, struct play_move *move);

/* play_step.c, play_fault.c */
bool play_step(struct play *play, size_t step);
bool play_fault(struct play *play, size_t fault);
bool play_heal(struct play *play, size_t fault);

#endif
