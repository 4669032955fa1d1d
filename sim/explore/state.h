/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h -- one state of the explored world: two hosts, their journals, one connection, one guest.
 *
 * The two machines of handover/handover.h are the shipped ones, as they are. Everything else is the
 * world around them, cut down to what can change who runs the guest: no time, no pages, no bytes.
 * 64 bytes without padding, and canonical: two states that differ in no way that matters are equal
 * as bytes, because they are hashed as bytes.
 *
 * Messages. One connection at a time, in order in each direction, as TCP gives it. What was on its
 * way when a connection broke is lost, but for what the budget of late messages lets survive: that
 * may be delivered at any later instant, out of order, whatever connection is up then. The engine
 * drops such messages by their attach number; here they come through, so that the handover must
 * bear them on its own.
 */
#ifndef FERRY_SIM_EXPLORE_STATE_H
#define FERRY_SIM_EXPLORE_STATE_H

#include "handover/handover.h"

#include <stdbool.h>
#include <stdint.h>

/* The guest's epoch at the source. Not 1, so that there is an older one, of an earlier session. */
#define EXPLORE_EPOCH        2U
#define EXPLORE_ATTEMPTS_MAX 7U
#define EXPLORE_QUEUE        8U
#define EXPLORE_LATE         2U

/* A message is a byte: what, and of which attempt (three bits). 0 is none. */
enum explore_message {
    MESSAGE_NONE = 0,
    /* to the target */
    MESSAGE_RESUME_COPYING,
    MESSAGE_RESUME_ATTEMPT,
    MESSAGE_RESUME_GRANTED,
    MESSAGE_RESUME_BURN,
    MESSAGE_RESUME_ENDED,
    MESSAGE_MANIFEST, /* stands for all of an attempt: pages, device state, manifest */
    MESSAGE_ABORT,
    MESSAGE_GRANT,
    MESSAGE_BURN,
    MESSAGE_END_MOVED,
    MESSAGE_END_STAYED,
    MESSAGE_END_CLAIMED,
    /* to the source */
    MESSAGE_RESUMED,
    MESSAGE_RESUMED_RECEIVING,
    MESSAGE_READY,
    MESSAGE_STARTED,
    MESSAGE_ABORTED,
    MESSAGE_LOST,
    MESSAGE_CLOSED,
};

#define MESSAGE_OF(kind, attempt) ((uint8_t)((unsigned)(kind) | (((unsigned)(attempt)&7U) << 5)))
#define MESSAGE_KIND(byte)        ((enum explore_message)((byte)&31U))
#define MESSAGE_ATTEMPT(byte)     ((uint32_t)(byte) >> 5)

/* What is left of the source's states in engine/core/source. OUT: whatever is granted on paper. */
enum explore_source_engine {
    SOURCE_DOWN = 0, /* host or daemon */
    SOURCE_COPYING,
    SOURCE_PAUSING,
    SOURCE_SENDING,
    SOURCE_RESUMING,
    SOURCE_OUT,
    SOURCE_CLOSING,
    SOURCE_CLOSED, /* over, or never known (after a new installation) */
};

enum explore_target_engine {
    TARGET_DOWN = 0,
    TARGET_NO_SESSION, /* forgotten, or never known: answers LOST */
    TARGET_ACTIVE,
};

/* The guest's process on a host. */
enum explore_process {
    PROCESS_NONE = 0, /* freed, or not made yet */
    PROCESS_KILLED,   /* by a crash of its host, or by an operator's fence */
    PROCESS_PAUSED,   /* at the target: the shell that receives */
    PROCESS_RUNNING,
};

/* A record in the journal, as the world knows it. */
enum explore_record {
    RECORD_NONE = 0,
    RECORD_WRITING,
    RECORD_DOUBT, /* the write was reported as failed, or given up as late: there, or not */
    RECORD_DURABLE,
};

/* What the journal keeps of the guest when the session is forgotten. */
enum explore_fate { FATE_NONE = 0, FATE_HERE, FATE_MOVED };

enum explore_link {
    LINK_DOWN = 0,
    LINK_ASKING, /* RESUME is on its way: the source sends nothing but what may come before RESUMED */
    LINK_UP,
};

struct explore_source_host {
    uint32_t engine  : 3; /* enum explore_source_engine */
    uint32_t process : 2; /* enum explore_process */
    /* the engine's memory besides the handover machine */
    uint32_t ending        : 1; /* the outcome is decided */
    uint32_t record_wanted : 1; /* ENDED must be durable before END is said */
    uint32_t moved         : 1;
    uint32_t manifest_sent : 1; /* on this connection */
    uint32_t offered       : 1; /* of this attempt, on any */
    /* the journal */
    uint32_t session         : 1;
    uint32_t granted         : 2; /* enum explore_record, like those below */
    uint32_t granted_attempt : 3;
    uint32_t ended           : 2;
    uint32_t ended_moved     : 1;
    uint32_t claimed         : 2;
    uint32_t fate            : 2; /* enum explore_fate */
    uint32_t reinstalled     : 1;
    uint32_t fenced          : 1;
    uint32_t spare           : 5;
};

struct explore_target_host {
    uint32_t engine         : 2; /* enum explore_target_engine */
    uint32_t process        : 2; /* enum explore_process */
    uint32_t starting       : 1;
    uint32_t loading        : 3; /* attempt that is here and being loaded; 0 = none */
    uint32_t session        : 1;
    uint32_t owner          : 2;
    uint32_t burned         : 2;
    uint32_t record_attempt : 3; /* of OWNER or BURNED */
    uint32_t fate           : 2;
    uint32_t reinstalled    : 1;
    uint32_t fenced         : 1;
    uint32_t outranked      : 1; /* BURNED has the higher epoch: a claim's */
    uint32_t link           : 2; /* enum explore_link: here for want of a better place */
    uint32_t spare          : 9;
};

/* How many faults of each kind may still come. They bound what is explored, so they are part of the
 * state: the same situation with more faults to come is another state. */
struct explore_budget {
    uint32_t crashes       : 3;
    uint32_t restarts      : 3;
    uint32_t drops         : 3;
    uint32_t duplicates    : 2;
    uint32_t late          : 2;
    uint32_t failed_writes : 2;
    uint32_t timeouts      : 3;
    uint32_t cancels       : 2;
    uint32_t reinstalls    : 2;
    uint32_t claims        : 2;
    uint32_t burns         : 2;
    uint32_t strays        : 2;
    uint32_t attempts      : 3;
    uint32_t spare         : 1;
};

struct explore_state {
    struct handover_source source; /* zero while its daemon is down or the session is over */
    struct handover_target target; /* the same */
    uint8_t to_target[EXPLORE_QUEUE];
    uint8_t to_source[EXPLORE_QUEUE];
    uint8_t late_to_target[EXPLORE_LATE]; /* sorted: their order means nothing */
    uint8_t late_to_source[EXPLORE_LATE];
    struct explore_source_host s;
    struct explore_target_host t;
    struct explore_budget left;
};

_Static_assert(sizeof(struct explore_state) == 64, "hashed as bytes: no padding");

/* The code under test: the shipped functions, or in a test a broken variant of one. */
struct explore_machine {
    struct handover_step (*source_step)(
        struct handover_source *source,
        enum handover_source_input input,
        uint32_t attempt,
        uint64_t epoch);
    struct handover_source (*source_restart)(
        uint64_t epoch, uint32_t attempt, bool granted, bool claimed);
    struct handover_step (*target_step)(
        struct handover_target *target,
        enum handover_target_input input,
        uint32_t attempt,
        uint64_t epoch);
    struct handover_target (*target_restart)(
        uint64_t epoch, uint32_t attempt, bool owner, bool burned);
};

extern const struct explore_machine explore_shipped;

#endif
