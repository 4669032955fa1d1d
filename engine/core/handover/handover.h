/* SPDX-License-Identifier: Apache-2.0 */
/* handover.h -- who runs the guest: the smallest part of ferry, and the one that must be right.
 *
 * Two pure machines, one a side. Each is a struct without pointers or padding, so that an explorer
 * can hash it, copy it and drive it through every interleaving. A step takes one input and says
 * what must be done, in order.
 *
 *   source                                          target
 *
 *   RUNNING --open attempt--> ATTEMPT               RECEIVING --attempt n here and loaded--> READY
 *      ^                        |  |                    ^                                    |  |
 *      +--------abort-----------+  | READY(n)           +-------------- ABORT(n) ------------+  |
 *                                  v                                                 GRANT(n)   |
 *   BURNING <--cancel, write    GRANTING                                                        v
 *      |       failed or late      | durable                                                OWNING
 *      | ABORTED                   v                                                            |
 *      v                        GRANTED                                                 durable v
 *    BACK <------ABORTED-----------+  | STARTED                                             OWNER
 *    (guest runs here)                v                                        (guest runs here)
 *                                   MOVED
 *                        (never runs here again)    any before OWNING --burn--> BURNING
 *                                                   BURNING --durable--> BURNED (never runs)
 *                                                   a write of OWNING or BURNING fails --> UNSURE
 *                                                   (never runs, says nothing)
 *
 * Requirements (cited by tests and checkers):
 *   H-1 GRANT is sent only after the grant record is durable.
 *   H-2 From the moment the grant record is issued, the source runs the guest only after ABORTED
 *       (or an operator's claim).
 *   H-3 At most one side runs the guest, at any instant.
 *   H-4 The target runs the guest only after its OWNER record is durable, and only for a GRANT of
 *       the attempt it is READY for.
 *   H-5 ABORTED is said only after the BURNED record is durable, and a burned session never runs at
 *       the target.
 *   H-6 LOST, silence and a restart prove nothing.
 *   H-7 A message of another attempt or epoch changes nothing.
 *   H-8 A failed write is neither durable nor not durable: nothing is concluded from it, and it is
 *       not tried again.
 *   H-9 Where an operator's claim has made two owners, the higher epoch counts. A claim at the
 *       target makes it e + 1, one at the source e + 2. The other side, when it returns and hears
 *       of it, ends its own copy; a source only if it has been away (restarted): to one that has
 *       been here all the time, and granted nothing, STARTED is a lie. */
#ifndef HANDOVER_HANDOVER_H
#define HANDOVER_HANDOVER_H

#include "ferry/types.h"

/* A journal record as its writer knows it. */
enum handover_record {
    HANDOVER_RECORD_NONE = 0,
    HANDOVER_RECORD_ISSUED, /* being written: may be there after a crash, or not */
    HANDOVER_RECORD_DURABLE,
    HANDOVER_RECORD_FAILED, /* may be there after a crash, or not */
};

/* ---- source ---- */

enum handover_source_phase {
    HANDOVER_RUNNING = 1, /* guest runs here; nothing is granted */
    HANDOVER_ATTEMPT,     /* guest paused here; nothing is granted */
    HANDOVER_GRANTING,    /* guest paused here; the grant record was issued, GRANT was not sent */
    HANDOVER_GRANTED,     /* guest paused here; GRANT may have arrived */
    HANDOVER_BURNING,  /* guest paused here; GRANT was never sent, and will not be; asks for a burn
                        */
    HANDOVER_BACK,     /* proof: the target never runs it. The guest is this host's */
    HANDOVER_MOVED,    /* proof: the target owns it */
    HANDOVER_CLAIMING, /* an operator fenced the target: the claim is being written */
    HANDOVER_CLAIMED,  /* the guest is this host's by that claim */
};

enum handover_source_input {
    HANDOVER_IN_OPEN_ATTEMPT = 1, /* pause: RUNNING only */
    HANDOVER_IN_ABORT,            /* local decision to run on: ATTEMPT only */
    HANDOVER_IN_STOP_GRANT,       /* cancel, or the write is late: GRANTING only */
    HANDOVER_IN_GRANT_DURABLE,
    HANDOVER_IN_GRANT_FAILED,
    HANDOVER_IN_CLAIM, /* operator: the other host is fenced */
    HANDOVER_IN_CLAIM_DURABLE,
    HANDOVER_IN_CLAIM_FAILED,
    /* from the target; attempt and epoch are the message's */
    HANDOVER_IN_READY,
    HANDOVER_IN_STARTED,
    HANDOVER_IN_ABORTED,
    HANDOVER_IN_LOST,
    HANDOVER_IN_TARGET_RECEIVING, /* its answer to RESUME: it holds no complete attempt */
};

struct handover_source {
    uint64_t epoch;    /* of the guest's ownership here, at least 1 */
    uint32_t attempt;  /* newest opened, 0 = none */
    uint8_t phase;     /* enum handover_source_phase */
    uint8_t grant;     /* enum handover_record of the newest attempt's grant */
    uint8_t claim;     /* enum handover_record */
    uint8_t restarted; /* 1: what it had opened before is forgotten, unless it was granted */
};

/* ---- target ---- */

enum handover_target_phase {
    HANDOVER_RECEIVING = 1, /* nothing to run */
    HANDOVER_READY,         /* of `attempt`: may hold the only copy */
    HANDOVER_OWNING,        /* the OWNER record was issued */
    HANDOVER_OWNER,         /* durable: the guest runs here, or may */
    HANDOVER_TARGET_BURNING,
    HANDOVER_BURNED,
    HANDOVER_UNSURE, /* a write failed: never runs, never says STARTED or ABORTED */
    HANDOVER_OVER,   /* the source ended the session, or this side was told to forget it */
};

enum handover_target_input {
    HANDOVER_IN_LOADED = 32, /* everything of `attempt` is here and loaded: RECEIVING only */
    HANDOVER_IN_VOID, /* what belongs to attempts up to `attempt` is void: ABORT, or RESUME that
                         says so */
    HANDOVER_IN_ASK_READY, /* RESUME in the middle of `attempt`, or after granting it: say where you
                              stand */
    HANDOVER_IN_GRANT,
    HANDOVER_IN_BURN, /* the source's message, the orphan or hold limit, the operator, or a restart
                         without memory */
    HANDOVER_IN_OPERATOR_CLAIM, /* operator: run it here, the source is fenced: READY only */
    HANDOVER_IN_OWNER_DURABLE,
    HANDOVER_IN_OWNER_FAILED,
    HANDOVER_IN_BURN_DURABLE,
    HANDOVER_IN_BURN_FAILED,
    HANDOVER_IN_END,         /* the source's last word */
    HANDOVER_IN_END_CLAIMED, /* the same: an operator fenced this host and claimed the guest there */
};

struct handover_target {
    uint64_t epoch;   /* the source's */
    uint32_t attempt; /* newest heard of */
    uint8_t phase;    /* enum handover_target_phase */
    uint8_t owner;    /* enum handover_record */
    uint8_t burned;   /* enum handover_record */
    uint8_t yielded;  /* 1: burns as the owner, to a claim at the source (H-9) */
};

/* ---- what a step asks for, in order ---- */

enum handover_output {
    HANDOVER_OUT_NONE = 0,
    /* source */
    HANDOVER_OUT_PERSIST_GRANT,
    HANDOVER_OUT_PERSIST_CLAIM,
    HANDOVER_OUT_SEND_ABORT,
    HANDOVER_OUT_SEND_GRANT,
    HANDOVER_OUT_SEND_BURN,
    HANDOVER_OUT_SEND_END,
    HANDOVER_OUT_RUN_HERE, /* both: run the guest on this host */
    HANDOVER_OUT_MOVED,    /* the guest is the target's: free this copy */
    HANDOVER_OUT_TAKEN,    /* the same, though nothing was granted: an operator claimed it there */
    /* target */
    HANDOVER_OUT_PERSIST_OWNER,
    HANDOVER_OUT_PERSIST_BURNED,
    HANDOVER_OUT_SEND_READY,
    HANDOVER_OUT_SEND_STARTED,
    HANDOVER_OUT_SEND_ABORTED,
    HANDOVER_OUT_SEND_RECEIVING, /* "I hold no complete attempt" */
    HANDOVER_OUT_VOID,           /* drop what came for the attempt, keep the pages */
    HANDOVER_OUT_FORGET,         /* the session is over: free what is not the running guest */
    /* both */
    HANDOVER_OUT_STALE,     /* another attempt or epoch: counted, nothing changes */
    HANDOVER_OUT_VIOLATION, /* no honest peer says this here: protocol error, nothing changes */
    HANDOVER_OUT_TOO_LATE,  /* the operator's order is not possible any more */
};

#define HANDOVER_OUTPUTS_MAX 3

struct handover_step {
    uint8_t count;
    uint8_t output[HANDOVER_OUTPUTS_MAX]; /* enum handover_output */
};

struct handover_source handover_source_start(uint64_t epoch);
/* From the journal after a restart: which records were found durable. */
struct handover_source
handover_source_restart(uint64_t epoch, uint32_t attempt, bool granted, bool claimed);
struct handover_step handover_source_step(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch);
/* The guest may run on this host now. The explorer's and the engine's one source of truth. */
bool handover_source_may_run(const struct handover_source *source);

struct handover_target handover_target_start(uint64_t epoch);
struct handover_target
handover_target_restart(uint64_t epoch, uint32_t attempt, bool owner, bool burned);
struct handover_step handover_target_step(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch);
bool handover_target_may_run(const struct handover_target *target);

const char *handover_source_phase_name(enum handover_source_phase phase);
const char *handover_target_phase_name(enum handover_target_phase phase);
const char *handover_output_name(enum handover_output output);

_Static_assert(
    sizeof(struct handover_source) == 16, "no padding: it is hashed and compared as bytes");
_Static_assert(
    sizeof(struct handover_target) == 16, "no padding: it is hashed and compared as bytes");

#endif
