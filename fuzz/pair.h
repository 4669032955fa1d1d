/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h -- what an input of the pair means: a few options, and then what goes wrong, in order. */
#ifndef FUZZ_PAIR_H
#define FUZZ_PAIR_H

#include "fuzz/input/script.h"
#include "fuzz/rig/rig.h"

/* Before the records. */
#define PAIR_PREAMBLE 6U

enum pair_fault {
    PAIR_NOTHING = 0, /* just steps */
    PAIR_DROP,        /* side, n: the next n things sent to it vanish */
    PAIR_REPEAT,      /* side, n: the next n come twice */
    PAIR_DELAY,       /* side, time: the next one, and what is behind it on its connection */
    PAIR_CUT,         /* side, network: nothing reaches it any more ... */
    PAIR_MEND,        /* ... and now again */
    PAIR_RESET,       /* all connections break */
    PAIR_CRASH,       /* side, flags: 1 its guests survive, 2 writes under way are there */
    PAIR_RESTART,     /* side */
    PAIR_JOURNAL,     /* side, enum rig_journal, delay */
    PAIR_TAMPER,      /* side, action kind, 1 fails | 2 is never reported, delay */
    PAIR_CANCEL,
    PAIR_SWITCH_NOW,
    PAIR_LIMIT, /* new blackout limit */
    PAIR_CAP,   /* new bandwidth cap */
    PAIR_BURN,  /* the target's operator */
    PAIR_DIRTY, /* pages a millisecond from now on */
    PAIR_SLEEP, /* nobody does anything for so long */
    PAIR_FAULTS
};

/* One fault, after `steps` more steps of the run. */
struct pair_record {
    uint32_t steps;
    enum pair_fault fault;
    enum rig_side side;
    uint8_t number; /* count, network, flags, journal, action kind: as the fault says */
    uint8_t flags;
    ferry_time_ns time;
};

struct rig_options pair_options(const uint8_t *data, size_t size, FILE *log);
bool pair_next(struct script *script, struct pair_record *record_out);
/* The same as a record of a script; returns the new size. */
size_t pair_append(uint8_t *data, size_t size, size_t capacity, const struct pair_record *record);
void pair_apply(struct rig *rig, const struct pair_record *record);

/* Called after each step (record NULL) and for each fault, with what the run looks like then; NULL: nobody listens. */
typedef void (*pair_listener)(
    void *context, const struct rig *rig, const struct pair_record *record);
/* Runs an input, heals, and claims that all has ended as it should. */
void pair_run(const uint8_t *data, size_t size, FILE *log, pair_listener listener, void *context);

#endif
