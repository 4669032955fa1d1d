/* SPDX-License-Identifier: Apache-2.0 */
/* attach.c -- the connections of one session: only the newest attach counts.
 *
 * AT-1 A RESUME is answered only when every stream of older attaches has been closed and joined,
 * and what it placed has been reported: the answer is exact, and nothing old can be placed after
 * it. What it said is kept until the source is heard on its new streams: an answer may be lost.
 * AT-2 An older attach number than the newest seen is ignored: its packets were delayed
 * somewhere. */
#include "base/assert.h"
#include "target/internal.h"

void target_attach_up(struct ferry_target *target, uint32_t attach)
{
    if (attach <= target->attach) {
        /* mark: target-old-attach -- a delayed connection is ignored */
        return;
    }
    target->attach = attach;
    target->attached = true;
    target->resume_waits = false;
    target->last_heard = target->now;
    wire_reader_reset(&target->reader);
}

void target_attach_down(struct ferry_target *target, uint32_t attach)
{
    if (attach != target->attach || !target->attached) {
        return;
    }
    target->attached = false;
    target->resume_waits = false;
    if (target->closed_said || target->state == FERRY_TARGET_LOST ||
        target->state == FERRY_TARGET_WAITING) {
        /* mark: target-leaves-with-source -- the last connection is gone: nothing is left to say */
        target->leave_at = target->now;
    }
}

void target_attach_drop(struct ferry_target *target)
{
    if (!target->attached) {
        return;
    }
    /* mark: target-drops-connection -- the connection is given up */
    target->attached = false;
    target->resume_waits = false;
    if (target->pending[TARGET_PENDING_DETACH].id != 0) {
        target_abandon(target, TARGET_PENDING_DETACH); /* the wider one replaces it */
    }
    target_ask(
        target,
        TARGET_PENDING_DETACH,
        (struct ferry_action){.kind = FERRY_ACTION_DETACH, .attach = target->attach},
        FERRY_TIME_NEVER);
}

void target_attach_bytes(struct ferry_target *target, uint32_t attach, struct ferry_bytes bytes)
{
    while (attach == target->attach && target->attached) {
        bool found = false;
        struct wire_message message;
        const enum ferry_status status =
            wire_reader_next(&target->reader, &bytes, &found, &message);
        if (status != FERRY_OK) {
            /* mark: target-control-damaged -- bytes that make no sense: a new connection */
            target_violation(target, status, 0);
            return;
        }
        if (!found) {
            return;
        }
        if (!base_queue_has_room(&target->queue)) { /* no honest source says so much at once */
            /* mark: target-flooded -- more messages at once than any honest source sends */
            target_violation(target, FERRY_PEER_LENGTH, message.type);
            return;
        }
        target->last_heard = target->now;
        target_trace(
            target,
            FERRY_TRACE_MESSAGE_RECEIVED,
            message.type,
            0,
            wire_message_attempt(&message),
            0);
        target_message(target, &message);
    }
}

/* Is this the session that the journal, or OPEN, told us of? */
static bool same_session(const struct ferry_target *target, const struct wire_resume *resume)
{
    return target->guest_id != 0 && resume->guest_id == target->guest_id &&
           resume->epoch == target->handover.epoch &&
           resume->source_journal_id == target->source_journal_id &&
           (resume->target_journal_id == 0 ||
            resume->target_journal_id == target->config.journal_id);
}

static enum wire_target_phase phase_now(const struct ferry_target *target)
{
    switch ((enum handover_target_phase)target->handover.phase) {
    case HANDOVER_RECEIVING: return WIRE_TARGET_RECEIVING;
    case HANDOVER_READY: return WIRE_TARGET_READY;
    case HANDOVER_OWNER: return WIRE_TARGET_STARTED;
    case HANDOVER_BURNED: return WIRE_TARGET_BURNED;
    case HANDOVER_OWNING:
    case HANDOVER_TARGET_BURNING:
    case HANDOVER_UNSURE:
    case HANDOVER_OVER: return WIRE_TARGET_UNDECIDED;
    }
    return WIRE_TARGET_UNDECIDED;
}

static void send_resumed(struct ferry_target *target)
{
    struct wire_message message = {.type = WIRE_RESUMED};
    struct wire_resumed *resumed = &message.body.resumed;
    *resumed = (struct wire_resumed){
        .attach = target->attach,
        .phase = (uint8_t)phase_now(target),
        .attempt = target->handover.attempt,
        .epoch = target->handover.epoch,
        .target_journal_id = target->config.journal_id,
        .round = target->round_done,
        .old_attach = target->streams_attach,
        .stream_count = target->stream_count,
    };
    for (uint16_t i = 0; i < target->stream_count; i++) {
        resumed->last_batch[i] = target->streams[i].last_batch;
    }
    target_send(target, &message);
}

/* What the source's phase means for the handover: it may void what we hold, or ask what became of
 * it. */
static void tell_handover(struct ferry_target *target, const struct wire_resume *resume)
{
    const uint32_t attempt = resume->attempt;
    switch ((enum wire_source_phase)resume->phase) {
    case WIRE_SOURCE_COPYING:
        /* mark: target-resumed-copying -- the source copies: what came for an attempt is void */
        target_owning_step(target, HANDOVER_IN_VOID, attempt, resume->epoch);
        return;
    case WIRE_SOURCE_ATTEMPT:
        if (attempt > target->handover.attempt) {
            /* mark: target-resumed-attempt -- resumed in an attempt: older ones are void */
            target_owning_step(target, HANDOVER_IN_VOID, attempt - 1, resume->epoch);
        }
        target_owning_step(target, HANDOVER_IN_ASK_READY, attempt, resume->epoch);
        return;
    case WIRE_SOURCE_GRANTED:
        /* mark: target-resumed-granted -- the source has granted, and asks */
        target_owning_step(target, HANDOVER_IN_ASK_READY, attempt, resume->epoch);
        return;
    case WIRE_SOURCE_BURN:
        /* mark: target-resumed-burn -- the source asks for a burn */
        target_owning_step(target, HANDOVER_IN_BURN, attempt, resume->epoch);
        return;
    case WIRE_SOURCE_ENDED: return; /* END follows */
    }
}

static void answer(struct ferry_target *target)
{
    const struct wire_resume resume = target->resume;
    target->resume_waits = false;
    send_resumed(target);
    if (resume.streams != 0) {
        target->next_attach = target->attach;
        target->next_stream_count = resume.streams;
        target->shape.attach = target->attach;
    }
    tell_handover(target, &resume);
}

void target_attach_resume(struct ferry_target *target, const struct wire_message *message)
{
    if (message->type == WIRE_OPEN) { /* of a session that has been burned before it began */
        /* mark: target-open-burned -- OPEN of a session that was burned */
        target_owning_step(target, HANDOVER_IN_ASK_READY, 0, target->handover.epoch);
        return;
    }
    const struct wire_resume *resume = &message->body.resume;
    if (!same_session(target, resume)) {
        /* mark: target-lost -- a session that this host does not know */
        target_opening_send_lost(target);
        return;
    }
    if (resume->streams > target->config.streams_max) {
        /* mark: target-too-many-streams -- RESUME with more streams than allowed */
        target_violation(target, FERRY_LIMIT_STREAMS, WIRE_RESUME);
        return;
    }
    if (resume->phase == WIRE_SOURCE_BURN && !target->session_durable) {
        /* Nobody grants before ACCEPT. And a burn without its session could not be read after a restart. */
        /* mark: target-burn-too-early -- asked to burn what is not in the journal yet */
        target_violation(target, FERRY_PEER_UNEXPECTED, WIRE_RESUME);
        return;
    }
    target->begun = true;
    target->resume = *resume;
    target->resume_waits = true;
    if (target->pending[TARGET_PENDING_DETACH].id != 0) {
        /* mark: target-resumed-twice -- another RESUME while older streams are still stopping */
        target_abandon(target, TARGET_PENDING_DETACH);
    }
    target_ask(
        target,
        TARGET_PENDING_DETACH,
        (struct ferry_action){.kind = FERRY_ACTION_DETACH, .attach = target->attach - 1},
        FERRY_TIME_NEVER);
}

void target_attach_detach_done(struct ferry_target *target)
{
    if (target->resume_waits && target->attached) {
        answer(target);
    }
}
