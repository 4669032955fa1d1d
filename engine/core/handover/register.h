/* SPDX-License-Identifier: Apache-2.0 */
/* register.h -- who runs the guest, where the cluster's store keeps it: one register a guest, changed
 * only by compare-and-swap. It takes the place of the grant: neither host waits for the other's word,
 * so that the death of either for good blocks nobody.
 *
 * The register holds one of
 *   RUNNING(host, epoch)         the guest is that host's
 *   HANDOVER(attempt, epoch)     nobody may start it; either side may take it out of here, who is first wins
 * and each change out of HANDOVER raises the epoch: no value ever comes again, so that a request which
 * was late by hours finds nothing it could match.
 *
 *   source                                                    target
 *   RUNNING --open--> OPENING --answer: HANDOVER--> OPEN      RECEIVING --all of attempt n here, loaded--> TAKING
 *      ^ ^               | abort                     | paused    ^                                          |
 *      | |               v                           v           |            answer: anything else         | answer: RUNNING(target)
 *      | +--------- RESTORING <----abort----------- PAUSED       +------------------------------------------+
 *      |        (guest runs here)      (guest runs)  |                                                      v
 *      |                                             | abort                                              OWNER (guest runs here)
 *      +--answer: RUNNING(source)-- RETURNING <------+
 *                                        | answer: RUNNING(target)
 *                                        v
 *                                      MOVED        both: ASKING after a restart, until the register has answered
 *
 * Requirements:
 *   G-1 The guest is paused for an attempt only when the register is known to hold it.
 *   G-2 From the pause on the source runs the guest only when the register has answered RUNNING(source).
 *   G-3 The target runs the guest only when the register has answered RUNNING(target).
 *   G-4 No answer proves nothing: the same request is made again, until there is one.
 *
 * An answer to a request that was given up is dropped by its id before it comes here. */
#ifndef HANDOVER_REGISTER_H
#define HANDOVER_REGISTER_H

#include "ferry/types.h"

enum register_kind { REGISTER_RUNNING = 1, REGISTER_HANDOVER };
enum register_host { REGISTER_SOURCE = 1, REGISTER_TARGET };

struct register_value {
    uint64_t epoch;
    uint32_t attempt; /* HANDOVER only, else 0 */
    uint8_t kind;     /* enum register_kind */
    uint8_t host;     /* enum register_host; RUNNING only, else 0 */
    uint8_t reserved[2];
};

enum register_source_phase {
    REGISTER_SOURCE_RUNNING = 1, /* guest runs here */
    REGISTER_SOURCE_OPENING,     /* guest runs here; HANDOVER is asked for */
    REGISTER_SOURCE_OPEN,        /* guest runs here; may be paused now */
    REGISTER_SOURCE_PAUSED,      /* only the register tells */
    REGISTER_SOURCE_RETURNING,   /* paused; RUNNING(source) is asked for */
    REGISTER_SOURCE_RESTORING,   /* guest runs here, never stopped; RUNNING(source) is asked for */
    REGISTER_SOURCE_ASKING,      /* restarted: does not know */
    REGISTER_SOURCE_MOVED,
};

enum register_target_phase {
    REGISTER_TARGET_RECEIVING = 1,
    REGISTER_TARGET_TAKING, /* loaded; RUNNING(target) is asked for */
    REGISTER_TARGET_OWNER,
    REGISTER_TARGET_ASKING, /* restarted */
    REGISTER_TARGET_OVER,   /* restarted, and not the owner: it has nothing to run */
};

enum register_input {
    REGISTER_IN_OPEN = 1, /* source, RUNNING: an attempt begins */
    REGISTER_IN_PAUSED,   /* source, OPEN: the guest is paused */
    REGISTER_IN_ABORT,    /* source: limit, cancel, connection lost, target failed */
    REGISTER_IN_ASK,    /* source, PAUSED: the target said that it started, or the operator asks */
    REGISTER_IN_LOADED, /* target: all of (attempt, epoch) is here and loaded */
    REGISTER_IN_VOID,   /* target: the source aborted `attempt` */
    REGISTER_IN_ANSWER, /* both: the register's value, after the request if that did not fail */
    REGISTER_IN_NO_ANSWER,
};

enum register_output {
    REGISTER_OUT_NONE = 0,
    REGISTER_OUT_SWAP, /* compare with `expected`, write `wanted`; answer with what is there then */
    REGISTER_OUT_READ,
    REGISTER_OUT_PAUSE, /* the guest may be paused now */
    REGISTER_OUT_RUN_HERE,
    REGISTER_OUT_MOVED, /* free this copy */
    REGISTER_OUT_VOID,  /* drop what came for the attempt */
};

#define REGISTER_OUTPUTS_MAX 2

struct register_step {
    uint8_t count;
    uint8_t output[REGISTER_OUTPUTS_MAX];
    struct register_value expected;
    struct register_value wanted;
};

struct register_side {
    uint64_t epoch;   /* source: of its ownership; target: of the attempt that is here */
    uint32_t attempt; /* newest; 0 = none */
    uint8_t phase;
    uint8_t reserved[3];
};

struct register_side register_source_start(uint64_t epoch);
struct register_side register_target_start(uint64_t epoch);
/* After a restart: READ comes first. */
struct register_step register_source_restart(uint64_t epoch, struct register_side *side_out);
struct register_step register_target_restart(uint64_t epoch, struct register_side *side_out);

/* `value` counts for ANSWER alone; `attempt` and `epoch` for LOADED and VOID alone. */
struct register_step register_source_step(
    struct register_side *source, enum register_input input, const struct register_value *value);
struct register_step register_target_step(
    struct register_side *target,
    enum register_input input,
    uint32_t attempt,
    uint64_t epoch,
    const struct register_value *value);
bool register_source_may_run(const struct register_side *source);
bool register_target_may_run(const struct register_side *target);

const char *register_source_phase_name(enum register_source_phase phase);
const char *register_target_phase_name(enum register_target_phase phase);

_Static_assert(sizeof(struct register_side) == 16, "no padding: it is hashed as bytes");
_Static_assert(sizeof(struct register_value) == 16, "no padding");

#endif
