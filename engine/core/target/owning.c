/* SPDX-License-Identifier: Apache-2.0 */
/* owning.c -- carries out what the handover machine asks for: READY, owning, running, burning. What
 * may be done is decided in handover/, nothing of it here. */
#include "base/assert.h"
#include "target/internal.h"

static void send_ready(struct ferry_target *target)
{
    target->begun = true;
    if (target->state == FERRY_TARGET_LOADING) {
        target_set_state(target, FERRY_TARGET_READY, FERRY_EVENT_DONE);
        target->ready_at = target->now;
    }
    target_send(
        target,
        &(struct wire_message){
            .type = WIRE_READY,
            .body.ready =
                {
                             .attempt = target->handover.attempt,
                             .epoch = target->handover.epoch,
                             .load_ns = target->attempt.load_ns,
                             },
    });
}

static void send_started(struct ferry_target *target)
{
    if (target->state != FERRY_TARGET_RUNNING && target->state != FERRY_TARGET_CLEANING) {
        return; /* said as soon as it runs */
    }
    target_send(
        target,
        &(struct wire_message){
            .type = WIRE_STARTED,
            .body.started =
                {
                               .attempt = target->handover.attempt,
                               .epoch = target->handover.epoch + 1,
                               .owner_persist_ns = target->owner_persist_ns,
                               .resume_ns = target->resume_ns,
                               .running_for_ns = target->now - target->running_at,
                               .alive = target->guest_here ? 1 : 0,
                               },
    });
}

static void send_aborted(struct ferry_target *target)
{
    if (target->forgotten) { /* its record is gone, or going: no proof any more (H-5) */
        target_opening_send_lost(target);
        return;
    }
    target_send(
        target,
        &(struct wire_message){
            .type = WIRE_ABORTED,
            .body.attempt =
                {
                               .attempt = target->handover.attempt,
                               .epoch = target->handover.epoch,
                               },
    });
}

static void persist_owner(struct ferry_target *target)
{
    target_set_state(target, FERRY_TARGET_OWNING, FERRY_EVENT_CONTROL_BYTES);
    target_trace(
        target,
        FERRY_TRACE_OWNER_ISSUED,
        target->handover.attempt,
        (int64_t)target->handover.epoch + 1,
        0,
        0);
    target_persist(
        target,
        TARGET_PENDING_PERSIST_OWNER,
        FERRY_RECORD_OWNER,
        target->handover.epoch + 1,
        FERRY_TIME_NEVER);
}

static void persist_burned(struct ferry_target *target)
{
    /* An owner burns only where the guest was claimed at the source, with this epoch: it outranks OWNER. */
    const uint64_t epoch = target->handover.epoch + (target->handover.yielded != 0 ? 2 : 0);
    target_abandon(target, TARGET_PENDING_LOAD);
    target_abandon(target, TARGET_PENDING_RESUME);
    target->announce_at = FERRY_TIME_NEVER;
    target_set_state(target, FERRY_TARGET_BURNING, FERRY_EVENT_CONTROL_BYTES);
    target_trace(
        target,
        FERRY_TRACE_BURN_ISSUED,
        target->handover.attempt,
        (int64_t)target->handover.epoch,
        0,
        0);
    target_persist(
        target, TARGET_PENDING_PERSIST_BURNED, FERRY_RECORD_BURNED, epoch, FERRY_TIME_NEVER);
}

static void run_here(struct ferry_target *target)
{
    target_set_state(target, FERRY_TARGET_STARTING, FERRY_EVENT_DONE);
    target_ask(
        target,
        TARGET_PENDING_RESUME,
        (struct ferry_action){
            .kind = FERRY_ACTION_RESUME,
            .attempt = target->handover.attempt,
            .epoch = target->handover.epoch + 1,
        },
        FERRY_TIME_NEVER); /* late is not dead: the guest is this host's, and nobody else may run it */
}

static void carry_out(struct ferry_target *target, enum handover_output output, uint32_t attempt)
{
    switch (output) {
    case HANDOVER_OUT_PERSIST_OWNER: persist_owner(target); return;
    case HANDOVER_OUT_PERSIST_BURNED: persist_burned(target); return;
    case HANDOVER_OUT_SEND_READY: send_ready(target); return;
    case HANDOVER_OUT_SEND_STARTED: send_started(target); return;
    case HANDOVER_OUT_SEND_ABORTED: send_aborted(target); return;
    case HANDOVER_OUT_RUN_HERE: run_here(target); return;
    case HANDOVER_OUT_VOID: target_receiving_void(target, attempt); return;
    case HANDOVER_OUT_FORGET: target_closing_begin(target); return;
    case HANDOVER_OUT_STALE:
        target_trace(target, FERRY_TRACE_STALE_MESSAGE, 0, attempt, target->handover.attempt, 0);
        return;
    case HANDOVER_OUT_VIOLATION: target_violation(target, FERRY_PEER_UNEXPECTED, 0); return;
    case HANDOVER_OUT_NONE:
    case HANDOVER_OUT_SEND_RECEIVING: /* RESUMED has said it */
    case HANDOVER_OUT_TOO_LATE: return;
    case HANDOVER_OUT_PERSIST_GRANT:
    case HANDOVER_OUT_PERSIST_CLAIM:
    case HANDOVER_OUT_SEND_ABORT:
    case HANDOVER_OUT_SEND_GRANT:
    case HANDOVER_OUT_SEND_BURN:
    case HANDOVER_OUT_SEND_END:
    case HANDOVER_OUT_MOVED:
    case HANDOVER_OUT_TAKEN: break;
    }
    FERRY_ASSERT(false); /* an output of the source's side */
}

static struct handover_step step(
    struct ferry_target *target, enum handover_target_input input, uint32_t attempt, uint64_t epoch)
{
    const struct handover_step result =
        handover_target_step(&target->handover, input, attempt, epoch);
    for (uint8_t i = 0; i < result.count; i++) {
        carry_out(target, (enum handover_output)result.output[i], attempt);
    }
    return result;
}

void target_owning_step(
    struct ferry_target *target, enum handover_target_input input, uint32_t attempt, uint64_t epoch)
{
    (void)step(target, input, attempt, epoch);
}

enum ferry_status
target_owning_command(struct ferry_target *target, enum handover_target_input input)
{
    if (target->guest_id == 0 || target->state == FERRY_TARGET_CLEANING ||
        target->state == FERRY_TARGET_PREPARING) {
        return FERRY_USAGE_STATE;
    }
    const struct handover_step result =
        step(target, input, target->handover.attempt, target->handover.epoch);
    for (uint8_t i = 0; i < result.count; i++) {
        if (result.output[i] == HANDOVER_OUT_TOO_LATE) {
            /* mark: target-command-too-late -- an order that comes too late */
            return FERRY_USAGE_TOO_LATE;
        }
    }
    return FERRY_OK;
}

void target_owning_persisted(struct ferry_target *target, enum ferry_status status)
{
    target->owner_persist_ns =
        target->now - target->pending[TARGET_PENDING_PERSIST_OWNER].issued_at;
    if (status == FERRY_OK) {
        target_trace(
            target,
            FERRY_TRACE_OWNER_DURABLE,
            target->handover.attempt,
            (int64_t)target->handover.epoch + 1,
            0,
            0);
    }
    target_owning_step(
        target,
        status == FERRY_OK ? HANDOVER_IN_OWNER_DURABLE : HANDOVER_IN_OWNER_FAILED,
        target->handover.attempt,
        target->handover.epoch);
}

void target_owning_burned(struct ferry_target *target, enum ferry_status status)
{
    if (target->state == FERRY_TARGET_BURNING && status == FERRY_OK) {
        target_trace(
            target,
            FERRY_TRACE_BURN_DURABLE,
            target->handover.attempt,
            (int64_t)target->handover.epoch,
            0,
            0);
        target_set_state(target, FERRY_TARGET_BURNED, FERRY_EVENT_DONE);
        if (target->guest_here && target->pending[TARGET_PENDING_FREE].id == 0) {
            /* mark: target-frees-burned -- burned: the memory is given back */
            target_ask(
                target,
                TARGET_PENDING_FREE,
                (struct ferry_action){.kind = FERRY_ACTION_FREE_GUEST},
                target->config.action_limit);
        }
    }
    target_owning_step(
        target,
        status == FERRY_OK ? HANDOVER_IN_BURN_DURABLE : HANDOVER_IN_BURN_FAILED,
        target->handover.attempt,
        target->handover.epoch);
}

void target_owning_resumed(struct ferry_target *target, enum ferry_status status)
{
    if (target->state != FERRY_TARGET_STARTING) {
        return;
    }
    if (status != FERRY_OK) {
        /* The guest is this host's all the same, durably: it has to be started again here, as after
         * a host's crash. */
        /* mark: target-run-failed -- the guest could not be run: owned all the same */
        target->guest_here = false;
        target_trace(target, FERRY_TRACE_PROTOCOL_ERROR, status, 0, target->state, 0);
    }
    target->resume_ns = target->now - target->pending[TARGET_PENDING_RESUME].issued_at;
    target->running_at = target->now;
    target_set_state(target, FERRY_TARGET_RUNNING, FERRY_EVENT_DONE);
    target->announce_at = target->now;
    target_owning_tick(target);
    send_started(target);
}

void target_owning_tick(struct ferry_target *target)
{
    while (target->announce_at <= target->now) {
        target_tell(
            target,
            (struct ferry_action){
                .kind = FERRY_ACTION_ANNOUNCE,
                .epoch = target->handover.epoch + 1,
            });
        target->announced++;
        target->announce_at = target->announced < target->config.announce_count
                                  ? target->now + target->config.announce_interval
                                  : FERRY_TIME_NEVER;
    }
    const bool ready = target->state == FERRY_TARGET_READY;
    if (ready && target_after_last_heard(target, target->config.hold_limit) <= target->now) {
        /* mark: target-hold-limit -- READY, and the source is silent for the hold time: burns */
        target_owning_step(
            target, HANDOVER_IN_BURN, target->handover.attempt, target->handover.epoch);
    }
}

ferry_time_ns target_owning_deadline(const struct ferry_target *target)
{
    ferry_time_ns deadline = target->announce_at;
    if (target->state == FERRY_TARGET_READY) {
        const ferry_time_ns hold = target_after_last_heard(target, target->config.hold_limit);
        deadline = hold < deadline ? hold : deadline;
    }
    return deadline;
}
