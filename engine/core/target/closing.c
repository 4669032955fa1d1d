/* SPDX-License-Identifier: Apache-2.0 */
/* closing.c -- the end of a session at the target: by the source's END, or because the source is
 * gone.
 *
 * CL-1 A guest that runs here is never touched by cleaning up. CL-2 CLOSED is said when nothing is
 * left but the guest's ownership record. CL-3 A target which nobody asks any more closes itself;
 * what it burned or owns stays in the journal, and a late source is answered from there. CL-4 But a
 * session that never went further than its OPEN (one that came twice, after the session's end; a
 * source that went away at once) is forgotten when it is burned, since nobody would ever say END. No
 * proof is lost: a source grants only to a target that said READY, which this one never did, and one
 * that did keeps its records until END, so that no OPEN makes a second one meanwhile. A source of it
 * that comes back all the same hears LOST, runs its guest on, and may open it anew. */
#include "base/assert.h"
#include "target/internal.h"

static ferry_time_ns orphan_limit(const struct ferry_target *target)
{
    const ferry_time_ns own = target->config.orphan_limit;
    return target->abandon_after > own ? target->abandon_after : own;
}

/* Only when no record of the session is on its way: it would become durable after it was forgotten. */
static void forget(struct ferry_target *target)
{
    const bool writing = target->pending[TARGET_PENDING_PERSIST_SESSION].id != 0 ||
                         target->pending[TARGET_PENDING_PERSIST_BURNED].id != 0 ||
                         target->pending[TARGET_PENDING_PERSIST_OWNER].id != 0;
    if (target->guest_id == 0 || target->forgotten || writing) {
        return;
    }
    target->forgotten = true;
    target_ask(
        target,
        TARGET_PENDING_FORGET,
        (struct ferry_action){.kind = FERRY_ACTION_FORGET_SESSION},
        target->config.action_limit);
}

void target_closing_begin(struct ferry_target *target)
{
    target_set_state(target, FERRY_TARGET_CLEANING, FERRY_EVENT_CONTROL_BYTES);
    target_abandon(target, TARGET_PENDING_LOAD);
    target_abandon(target, TARGET_PENDING_PREPARE);
    target->leave_at = target->now + target->config.action_limit;
    const bool keep = handover_target_may_run(&target->handover);
    if (!keep && target->guest_here && target->pending[TARGET_PENDING_FREE].id == 0) {
        /* mark: target-frees-at-end -- the session is over: the memory is given back */
        target_ask(
            target,
            TARGET_PENDING_FREE,
            (struct ferry_action){.kind = FERRY_ACTION_FREE_GUEST},
            target->config.action_limit);
    }
    forget(target);
    target_closing_step_done(target);
}

static bool all_quiet(const struct ferry_target *target)
{
    for (int i = 0; i < TARGET_PENDING_COUNT; i++) {
        if (target->pending[i].id != 0) {
            return false;
        }
    }
    return true;
}

void target_closing_step_done(struct ferry_target *target)
{
    if (target->state == FERRY_TARGET_CLEANING) {
        forget(target);
    }
    if (target->state == FERRY_TARGET_CLEANING && !target->closed_said &&
        (target->forgotten || target->guest_id == 0) &&
        target->pending[TARGET_PENDING_FREE].id == 0 &&
        target->pending[TARGET_PENDING_FORGET].id == 0) {
        target->closed_said = target->attached;
        target_send(target, &(struct wire_message){.type = WIRE_CLOSED});
    }
}

static ferry_time_ns orphan_at(const struct ferry_target *target)
{
    switch (target->state) {
    case FERRY_TARGET_WAITING: return target_after_last_heard(target, target->config.action_limit);
    case FERRY_TARGET_RECEIVING:
    case FERRY_TARGET_LOADING:
    case FERRY_TARGET_BURNED:
    case FERRY_TARGET_RUNNING: return target_after_last_heard(target, orphan_limit(target));
    case FERRY_TARGET_OWNING:
    case FERRY_TARGET_BURNING:
        /* Only when the write failed: then a restart, or an operator, is the only way on. */
        return target->handover.phase == HANDOVER_UNSURE
                   ? target_after_last_heard(target, target->config.hold_limit)
                   : FERRY_TIME_NEVER;
    case FERRY_TARGET_CLEANING:
    case FERRY_TARGET_LOST: return target->leave_at;
    case FERRY_TARGET_PREPARING: /* its actions have limits of their own */
    case FERRY_TARGET_READY:     /* may hold the only copy: owning.c */
    case FERRY_TARGET_STARTING:
    case FERRY_TARGET_CLOSED: return FERRY_TIME_NEVER;
    }
    return FERRY_TIME_NEVER;
}

/* CL-4 */
static bool never_began(const struct ferry_target *target)
{
    return target->state == FERRY_TARGET_BURNED && !target->begun;
}

static void leave(struct ferry_target *target)
{
    if (target->attached) {
        /* mark: target-leaves-first -- the time to leave has come: closes the connection itself */
        target_attach_drop(target); /* its report comes back here */
        return;
    }
    if (never_began(target)) {
        /* mark: target-forgets-unbegun -- burned, and nobody will ever say END of it */
        forget(target);
    }
    if (!all_quiet(target) || target->announce_at != FERRY_TIME_NEVER) {
        /* mark: target-leaves-later -- something is still under way */
        return; /* the guest is still being announced: a switch may have missed the first time */
    }
    target_set_state(target, FERRY_TARGET_CLOSED, FERRY_EVENT_TICK);
    target_tell(target, (struct ferry_action){.kind = FERRY_ACTION_CLOSED});
}

void target_closing_tick(struct ferry_target *target)
{
    if (orphan_at(target) > target->now) {
        return;
    }
    const bool receiving =
        target->state == FERRY_TARGET_RECEIVING || target->state == FERRY_TARGET_LOADING;
    if (receiving) {
        /* mark: target-orphan-burns -- the source is gone for too long: burns */
        target_owning_step(
            target, HANDOVER_IN_BURN, target->handover.attempt, target->handover.epoch);
        return;
    }
    leave(target);
}

ferry_time_ns target_closing_deadline(const struct ferry_target *target)
{
    const ferry_time_ns at = orphan_at(target);
    /* Over already: what it waits for is a report, not a time. */
    return at <= target->now ? FERRY_TIME_NEVER : at;
}
