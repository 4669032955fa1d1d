/* SPDX-License-Identifier: Apache-2.0 */
/* target_side.c -- the target's half of the handover. The drawing and the requirements are in
 * handover.h.
 *
 * Who runs the guest:
 *   OWNER                        this host may, until it hears of a claim at the source (H-9)
 *   OWNING                       nobody: the record may be durable or not, only its report tells
 *   RECEIVING, READY             not this host; the source may, or nobody does
 *   BURNING, BURNED, UNSURE, OVER  never this host (OVER after OWNER: it runs on, the session is
 * forgotten) */
#include "base/assert.h"
#include "handover/handover.h"
#include "handover/step.h"

struct handover_target handover_target_start(uint64_t epoch)
{
    return (struct handover_target){.epoch = epoch, .phase = HANDOVER_RECEIVING};
}

struct handover_target
handover_target_restart(uint64_t epoch, uint32_t attempt, bool owner, bool burned)
{
    struct handover_target target = handover_target_start(epoch);
    target.attempt = attempt;
    /* OWNER wins: it was durable before anything ran, and nobody burns after it. */
    if (owner) {
        /* mark: handover-restart-owner -- the owner record outlives a restart */
        target.phase = HANDOVER_OWNER;
        target.owner = HANDOVER_RECORD_DURABLE;
    } else if (burned) {
        /* mark: handover-restart-burned -- the burn outlives a restart */
        target.phase = HANDOVER_BURNED;
        target.burned = HANDOVER_RECORD_DURABLE;
    }
    return target;
}

bool handover_target_may_run(const struct handover_target *target)
{
    return target->phase == HANDOVER_OWNER;
}

static struct handover_step burn(struct handover_target *target)
{
    target->phase = HANDOVER_TARGET_BURNING;
    target->burned = HANDOVER_RECORD_ISSUED;
    return step1(HANDOVER_OUT_PERSIST_BURNED);
}

static struct handover_step own(struct handover_target *target)
{
    target->phase = HANDOVER_OWNING;
    target->owner = HANDOVER_RECORD_ISSUED;
    return step1(HANDOVER_OUT_PERSIST_OWNER);
}

static struct handover_step
in_receiving(struct handover_target *target, enum handover_target_input input, uint32_t attempt)
{
    switch (input) {
    case HANDOVER_IN_LOADED:
        if (attempt <= target->attempt) {
            /* mark: handover-loaded-too-late -- loaded for an attempt that was aborted meanwhile */
            return step1(HANDOVER_OUT_STALE); /* aborted while it was being loaded */
        }
        target->attempt = attempt;
        target->phase = HANDOVER_READY;
        return step1(HANDOVER_OUT_SEND_READY);
    case HANDOVER_IN_VOID:
        if (attempt > target->attempt) {
            target->attempt = attempt;
        }
        return step1(HANDOVER_OUT_VOID);
    case HANDOVER_IN_ASK_READY: return step1(HANDOVER_OUT_SEND_RECEIVING);
    case HANDOVER_IN_GRANT: return step1(HANDOVER_OUT_STALE);
    case HANDOVER_IN_BURN: return burn(target);
    case HANDOVER_IN_OPERATOR_CLAIM:
        return step1(HANDOVER_OUT_TOO_LATE); /* there is nothing to run */
    case HANDOVER_IN_END: target->phase = HANDOVER_OVER; return step1(HANDOVER_OUT_FORGET);
    case HANDOVER_IN_OWNER_DURABLE:
    case HANDOVER_IN_OWNER_FAILED:
    case HANDOVER_IN_BURN_DURABLE:
    case HANDOVER_IN_BURN_FAILED:
    case HANDOVER_IN_END_CLAIMED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that RECEIVING cannot have */
    return step0();
}

static struct handover_step in_ready(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    switch (input) {
    case HANDOVER_IN_GRANT:
        if (attempt != target->attempt || epoch != target->epoch) {
            /* mark: handover-stale-grant -- a grant of another attempt or epoch is dropped */
            return step1(HANDOVER_OUT_STALE);
        }
        return own(target);
    case HANDOVER_IN_VOID:
        if (attempt < target->attempt) {
            /* mark: handover-stale-abort -- an ABORT of an older attempt is dropped */
            return step1(HANDOVER_OUT_STALE);
        }
        target->attempt = attempt;
        /* mark: handover-ready-aborted -- READY is taken back: the target receives again */
        target->phase = HANDOVER_RECEIVING;
        return step1(HANDOVER_OUT_VOID);
    case HANDOVER_IN_ASK_READY:
        /* mark: handover-ready-again -- asked after a lost connection: READY again */
        return step1(HANDOVER_OUT_SEND_READY);
    case HANDOVER_IN_BURN: return burn(target);
    case HANDOVER_IN_OPERATOR_CLAIM:
        /* mark: handover-claimed-here -- an operator gives the guest to the target */
        return own(target);
    case HANDOVER_IN_END: target->phase = HANDOVER_OVER; return step1(HANDOVER_OUT_FORGET);
    case HANDOVER_IN_LOADED: return step1(HANDOVER_OUT_STALE);
    case HANDOVER_IN_OWNER_DURABLE:
    case HANDOVER_IN_OWNER_FAILED:
    case HANDOVER_IN_BURN_DURABLE:
    case HANDOVER_IN_BURN_FAILED:
    case HANDOVER_IN_END_CLAIMED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that READY cannot have */
    return step0();
}

static struct handover_step
in_owning(struct handover_target *target, enum handover_target_input input)
{
    switch (input) {
    case HANDOVER_IN_OWNER_DURABLE:
        target->phase = HANDOVER_OWNER;
        target->owner = HANDOVER_RECORD_DURABLE;
        return step1(HANDOVER_OUT_RUN_HERE);
    case HANDOVER_IN_OWNER_FAILED: /* H-8 */
        /* mark: handover-owner-failed -- the owner record is in doubt: never runs, says nothing */
        target->phase = HANDOVER_UNSURE;
        target->owner = HANDOVER_RECORD_FAILED;
        return step0();
    case HANDOVER_IN_BURN: /* a hold limit or an order that crossed the grant: STARTED follows */
    case HANDOVER_IN_OPERATOR_CLAIM: return step1(HANDOVER_OUT_TOO_LATE);
    case HANDOVER_IN_GRANT:     /* said again: the record is being written */
    case HANDOVER_IN_ASK_READY: /* STARTED follows when it is durable */
    case HANDOVER_IN_LOADED: return step0();
    case HANDOVER_IN_VOID: return step1(HANDOVER_OUT_STALE); /* an ABORT older than the grant */
    case HANDOVER_IN_END: return step1(HANDOVER_OUT_VIOLATION);
    case HANDOVER_IN_BURN_DURABLE:
    case HANDOVER_IN_BURN_FAILED:
    case HANDOVER_IN_END_CLAIMED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that OWNING cannot have */
    return step0();
}

static struct handover_step
in_owner(struct handover_target *target, enum handover_target_input input)
{
    switch (input) {
    case HANDOVER_IN_GRANT:
    case HANDOVER_IN_ASK_READY:
        /* mark: handover-started-again -- STARTED was lost, and is said again */
        return step1(HANDOVER_OUT_SEND_STARTED);
    case HANDOVER_IN_BURN:
    case HANDOVER_IN_OPERATOR_CLAIM: return step2(HANDOVER_OUT_TOO_LATE, HANDOVER_OUT_SEND_STARTED);
    case HANDOVER_IN_END: return step1(HANDOVER_OUT_FORGET); /* stays OWNER: the guest runs on */
    case HANDOVER_IN_END_CLAIMED:                            /* H-9 */
        /* mark: handover-yields -- a claim gave the guest back to the source */
        target->yielded = 1;
        return burn(target);
    case HANDOVER_IN_VOID:
    case HANDOVER_IN_LOADED: return step1(HANDOVER_OUT_STALE);
    case HANDOVER_IN_OWNER_DURABLE:
    case HANDOVER_IN_OWNER_FAILED:
    case HANDOVER_IN_BURN_DURABLE:
    case HANDOVER_IN_BURN_FAILED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that OWNER cannot have */
    return step0();
}

static struct handover_step
in_target_burning(struct handover_target *target, enum handover_target_input input)
{
    switch (input) {
    case HANDOVER_IN_BURN_DURABLE:
        target->phase = HANDOVER_BURNED;
        target->burned = HANDOVER_RECORD_DURABLE;
        return step1(HANDOVER_OUT_SEND_ABORTED);
    case HANDOVER_IN_BURN_FAILED: /* H-8 */
        /* mark: handover-burn-failed -- the burn is in doubt: says nothing */
        target->phase = HANDOVER_UNSURE;
        target->burned = HANDOVER_RECORD_FAILED;
        return step0();
    case HANDOVER_IN_OPERATOR_CLAIM: return step1(HANDOVER_OUT_TOO_LATE);
    case HANDOVER_IN_LOADED:
    case HANDOVER_IN_VOID:
    case HANDOVER_IN_ASK_READY: /* ABORTED follows when it is durable */
    case HANDOVER_IN_GRANT:
    case HANDOVER_IN_BURN: return step0();
    case HANDOVER_IN_END: target->phase = HANDOVER_OVER; return step1(HANDOVER_OUT_FORGET);
    case HANDOVER_IN_OWNER_DURABLE:
    case HANDOVER_IN_OWNER_FAILED:
    case HANDOVER_IN_END_CLAIMED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that BURNING cannot have */
    return step0();
}

static struct handover_step
in_burned(struct handover_target *target, enum handover_target_input input)
{
    switch (input) {
    case HANDOVER_IN_ASK_READY:
    case HANDOVER_IN_GRANT:
    case HANDOVER_IN_BURN:
    case HANDOVER_IN_VOID: /* the source goes on, and must not */
        /* mark: handover-aborted-again -- ABORTED was lost, and is said again */
        return step1(HANDOVER_OUT_SEND_ABORTED);
    case HANDOVER_IN_END: target->phase = HANDOVER_OVER; return step1(HANDOVER_OUT_FORGET);
    case HANDOVER_IN_LOADED: return step1(HANDOVER_OUT_STALE);
    case HANDOVER_IN_OPERATOR_CLAIM: return step1(HANDOVER_OUT_TOO_LATE);
    case HANDOVER_IN_OWNER_DURABLE:
    case HANDOVER_IN_OWNER_FAILED:
    case HANDOVER_IN_BURN_DURABLE:
    case HANDOVER_IN_BURN_FAILED:
    case HANDOVER_IN_END_CLAIMED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that BURNED cannot have */
    return step0();
}

/* UNSURE and OVER: nothing that comes changes who runs the guest. A report of a write that was
 * under way is let go. */
static struct handover_step
in_silent(struct handover_target *target, enum handover_target_input input)
{
    if (input == HANDOVER_IN_END) {
        target->phase = HANDOVER_OVER;
        return step1(HANDOVER_OUT_FORGET);
    }
    if (input == HANDOVER_IN_OPERATOR_CLAIM || input == HANDOVER_IN_BURN) {
        return step1(HANDOVER_OUT_TOO_LATE);
    }
    return step0();
}

struct handover_step handover_target_step(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    switch ((enum handover_target_phase)target->phase) {
    case HANDOVER_RECEIVING: return in_receiving(target, input, attempt);
    case HANDOVER_READY: return in_ready(target, input, attempt, epoch);
    case HANDOVER_OWNING: return in_owning(target, input);
    case HANDOVER_OWNER: return in_owner(target, input);
    case HANDOVER_TARGET_BURNING: return in_target_burning(target, input);
    case HANDOVER_BURNED: return in_burned(target, input);
    case HANDOVER_UNSURE:
    case HANDOVER_OVER: return in_silent(target, input);
    }
    FERRY_ASSERT(false); /* no such phase */
    return step0();
}

const char *handover_target_phase_name(enum handover_target_phase phase)
{
    switch (phase) {
    case HANDOVER_RECEIVING: return "receiving";
    case HANDOVER_READY: return "ready";
    case HANDOVER_OWNING: return "owning";
    case HANDOVER_OWNER: return "owner";
    case HANDOVER_TARGET_BURNING: return "burning";
    case HANDOVER_BURNED: return "burned";
    case HANDOVER_UNSURE: return "unsure";
    case HANDOVER_OVER: return "over";
    }
    return "?";
}
