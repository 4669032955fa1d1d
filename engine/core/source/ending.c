/* SPDX-License-Identifier: Apache-2.0 */
/* ending.c -- the outcome, and what is left to do after it.
 *
 *   decide --> (paused and not granted: abort the attempt, run the guest here) --> begin
 *   begin      reports the outcome
 *              moved: ENDED durable, this copy freed
 *              END to the target, until it says CLOSED
 *              forgets the session, closes the connection
 *
 * E-1 One outcome; only UNKNOWN may be followed by another.
 * E-2 END is said only when this side will never again need the target's record: after ENDED is
 *     durable, if anything was granted.
 * E-3 Cleaning up never changes the outcome; it has a limit of its own, after which the records
 *     stay for a later retry. */
#include "base/assert.h"
#include "source/internal.h"

#include <string.h>

/* Without any acknowledgement for so long after give_up_after, a round that never ends is given up
 * as well. */
#define STUCK_AFTER (10 * FERRY_SECOND)

void source_ending_keep_text(struct ferry_source *source, struct ferry_bytes text)
{
    size_t size = text.size;
    if (size > FERRY_REASON_MAX - 1) {
        size = FERRY_REASON_MAX - 1;
    }
    if (size != 0) {
        memcpy(source->ending.peer_text, text.data, size);
    }
    source->ending.peer_text_size = (uint16_t)size;
}

void source_ending_report(
    struct ferry_source *source, enum ferry_outcome_kind kind, enum ferry_status status)
{
    struct ferry_outcome *outcome = &source->outcome;
    FERRY_ASSERT(outcome->kind == FERRY_OUTCOME_NONE || outcome->kind == FERRY_OUTCOME_UNKNOWN);
    if (source->copy.round_open && kind != FERRY_OUTCOME_UNKNOWN) {
        if (source->copy.round_now.duration_ns == 0) {
            source->copy.round_now.duration_ns = source->now - source->copy.round_begun;
        }
        source_copy_end_round(source, 0);
    }
    outcome->kind = kind;
    outcome->status = status;
    outcome->total_ns = source->now - source->created_at;
    if (outcome->predicted_blackout_ns == 0 && source->config.mode == FERRY_MODE_PRECOPY &&
        outcome->verdict.predicted_blackout != FERRY_TIME_NEVER) {
        outcome->predicted_blackout_ns =
            outcome->verdict.predicted_blackout; /* no attempt was opened */
    }
    source_reason_write(source, outcome);
    source_trace(
        source, FERRY_TRACE_OUTCOME, kind, status, outcome->total_ns, outcome->blackout.total_ns);
    source_tell(source, (struct ferry_action){.kind = FERRY_ACTION_FINISHED, .outcome = outcome});
    if (kind != FERRY_OUTCOME_UNKNOWN && source->state != FERRY_SOURCE_CLOSING) {
        source->ending.kind = kind;
        source->ending.status = status;
        source->ending.close_until = source->now + source->config.close_limit;
        source_set_state(source, FERRY_SOURCE_CLOSING, FERRY_EVENT_DONE);
    }
}

void source_ending_decide(
    struct ferry_source *source, enum ferry_outcome_kind kind, enum ferry_status status)
{
    if (source->ending.kind != FERRY_OUTCOME_NONE || source_grant_is_out(source)) {
        return;
    }
    source->ending.kind = kind;
    source->ending.status = status;
    if (source_copy_paused_phase(source)) {
        /* mark: source-end-in-pause -- the end comes in the pause: the guest runs again first */
        source_attempt_abort(source, status);
        return;
    }
    if (source->state == FERRY_SOURCE_RESUMING) {
        /* mark: source-end-while-resuming -- the end waits until the guest runs */
        return; /* as soon as the guest runs */
    }
    source_ending_begin(source);
}

static void free_copy(struct ferry_source *source)
{
    source_ask(
        source,
        PENDING_FREE,
        (struct ferry_action){
            .kind = FERRY_ACTION_FREE_GUEST,
            .attempt = source->handover.attempt,
            .epoch = source->config.epoch,
        },
        source->config.action_limit);
}

static void persist_ended(struct ferry_source *source)
{
    const struct ending *ending = &source->ending;
    source_persist(
        source,
        PENDING_PERSIST_ENDED,
        FERRY_RECORD_ENDED,
        &(struct handover_record_body){
            .role = HANDOVER_ROLE_SOURCE,
            .moved = ending->moved ? 1 : 0,
            .attempt = source->handover.attempt,
            .guest_id = source->config.guest_id,
            .epoch = source->config.epoch + (ending->moved ? 1 : 0),
            .own_journal_id = source->config.journal_id,
            .peer_journal_id = source->target_journal_id,
        });
}

void source_ending_begin(struct ferry_source *source)
{
    struct ending *ending = &source->ending;
    source_ending_report(source, ending->kind, ending->status);
    source_abandon(source, PENDING_COLLECT);
    source->copy.state = COPY_IDLE;
    ending->record_wanted = ending->record_wanted || ending->moved;
    if (ending->moved && source->guest_alive) {
        free_copy(source);
    } else if (source->guest_alive && source->session_durable) {
        /* Also after a restart, and when the first collection is still out: that began the log. */
        source_tell(source, (struct ferry_action){.kind = FERRY_ACTION_STOP_LOGGING});
    }
    if (ending->record_wanted && !ending->record_durable) {
        persist_ended(source);
    }
    if (!source->asked && !source->session_durable) {
        /* mark: source-nobody-heard -- the target never heard of it: nothing to clean up */
        source_ending_forgotten(
            source); /* the target never heard of it, and nothing is in the journal */
        return;
    }
    source_ending_say_end(source);
}

/* The guest lives on where an operator claimed it: the journal must say so before anybody starts it here, and a copy
 * that still is here must not run beside it. The outcome stays what it was for this source. */
void source_ending_moved_after_all(struct ferry_source *source)
{
    struct ending *ending = &source->ending;
    source->handover.phase = HANDOVER_MOVED;
    /* mark: source-moved-after-all -- a claim gave the guest away while this host was dead */
    ending->moved = true;
    ending->record_wanted = true;
    ending->record_durable = false;
    if (source->guest_alive && source->pending[PENDING_FREE].id == 0) {
        free_copy(source);
    }
    if (source->pending[PENDING_PERSIST_ENDED].id == 0) {
        persist_ended(source);
    }
}

void source_ending_say_end(struct ferry_source *source)
{
    const struct ending *ending = &source->ending;
    const bool claimed = source->handover.phase == HANDOVER_CLAIMED;
    const uint8_t stays = claimed ? WIRE_END_CLAIMED : WIRE_END_STAYED;
    if (source->state != FERRY_SOURCE_CLOSING ||
        (ending->record_wanted && !ending->record_durable)) {
        /* mark: source-end-waits-for-record -- END waits for the record of the end */
        return;
    }
    source_send(
        source,
        &(struct wire_message){
            .type = WIRE_END,
            .body.end =
                {
                           .attempt = source->handover.attempt,
                           .epoch = source->config.epoch,
                           .moved = ending->moved ? WIRE_END_MOVED : stays,
                           },
    });
}

void source_ending_persisted(struct ferry_source *source, enum ferry_status status)
{
    if (status != FERRY_OK) {
        /* mark: source-ended-failed -- the record of the end failed: all stays for a retry */
        source_ending_close(source); /* the records stay as they are, here and at the target */
        return;
    }
    source->ending.record_durable = true;
    source_ending_say_end(source);
}

void source_ending_freed(struct ferry_source *source)
{
    source->ending.freed = true;
    source->guest_alive = false;
}

void source_ending_closed_heard(struct ferry_source *source)
{
    source->ending.closed_heard = true;
    if (source->pending[PENDING_FORGET].id != 0 ||
        source->pending[PENDING_PERSIST_GRANTED].id != 0 ||
        source->pending[PENDING_PERSIST_SESSION].id != 0 ||
        (source->ending.record_wanted && !source->ending.record_durable)) {
        /* mark: source-forget-waits -- a record is on its way: forgotten when it is there */
        return;
    }
    source_ask(
        source,
        PENDING_FORGET,
        (struct ferry_action){.kind = FERRY_ACTION_FORGET_SESSION},
        source->config.action_limit);
}

void source_ending_forgotten(struct ferry_source *source)
{
    source_ending_close(source);
}

/* Closes the connections at once; CLOSED is said when they are gone and nothing is under way. */
void source_ending_close(struct ferry_source *source)
{
    source->ending.close_until = source->now;
    if (source->link.state != LINK_DOWN && source->link.state != LINK_DETACHING) {
        source_link_lose(source, FERRY_OK);
    }
}

static bool all_quiet(const struct ferry_source *source)
{
    return source->link.state == LINK_DOWN && source->pending[PENDING_FREE].id == 0 &&
           source->pending[PENDING_FORGET].id == 0 &&
           source->pending[PENDING_PERSIST_ENDED].id == 0;
}

/* An action that takes longer than it may counts as failed; its report, if it comes at all, is
 * dropped. */
static void expire(struct ferry_source *source, enum pending_kind kind)
{
    const struct ferry_event late = {.status = FERRY_TIMEOUT_ACTION};
    source->pending[kind].id = 0;
    switch (kind) {
    case PENDING_COLLECT:
    case PENDING_PAUSE:
    case PENDING_CAPTURE:
        /* mark: source-action-late -- the guest's side takes too long */
        source_ending_decide(source, FERRY_OUTCOME_FAILED, late.status);
        return;
    case PENDING_RESUME:
        /* mark: source-resume-late -- running the guest again takes too long */
        source_attempt_resumed(source, late.status, 0);
        return;
    case PENDING_PERSIST_SESSION:
        /* mark: source-session-late -- the session record takes too long */
        source_opening_session_persisted(source, late.status);
        return;
    case PENDING_PERSIST_GRANTED:
        /* Late is not failed: the record may still become durable. Its report would be dropped, so
         * nothing is lost by saying that it may be there (H-8). */
        /* mark: source-grant-late -- the grant record takes too long: counts as in doubt */
        if (source->ending.kind == FERRY_OUTCOME_NONE) {
            source->ending.kind = FERRY_OUTCOME_FAILED;
            source->ending.status = FERRY_WORLD_JOURNAL;
        }
        source_grant_step(
            source, HANDOVER_IN_GRANT_FAILED, source->handover.attempt, source->config.epoch);
        return;
    case PENDING_PERSIST_CLAIMED:
        /* mark: source-claim-late -- the claim takes too long */
        source_grant_claim_persisted(source, late.status);
        return;
    case PENDING_PERSIST_ENDED:
        /* mark: source-ended-late -- the record of the end takes too long */
        source_ending_persisted(source, late.status);
        return;
    case PENDING_FREE:
        /* mark: source-free-late -- freeing the old copy takes too long */
        source_ending_freed(source);
        return;
    case PENDING_FORGET:
        /* mark: source-forget-late -- forgetting takes too long */
        source_ending_forgotten(source);
        return;
    case PENDING_DETACH:
    case PENDING_PROBE:
    case PENDING_COUNT: return; /* watched by the link */
    }
}

static bool watched_here(enum pending_kind kind)
{
    return kind != PENDING_DETACH && kind != PENDING_PROBE;
}

static ferry_time_ns stuck_at(const struct ferry_source *source)
{
    if (source->state != FERRY_SOURCE_COPYING && source->state != FERRY_SOURCE_OPENING) {
        return FERRY_TIME_NEVER;
    }
    const ferry_time_ns after = source->config.give_up_after;
    if (after > FERRY_TIME_NEVER - source->created_at) {
        return FERRY_TIME_NEVER;
    }
    const ferry_time_ns asked = source->created_at + after;
    const ferry_time_ns quiet = source->copy.last_progress + STUCK_AFTER;
    return asked > quiet ? asked : quiet;
}

static ferry_time_ns unreachable_at(const struct ferry_source *source)
{
    const bool waits =
        source->state == FERRY_SOURCE_OPENING || source->state == FERRY_SOURCE_COPYING;
    if (!waits || source->link.lost_at == FERRY_TIME_NEVER) {
        return FERRY_TIME_NEVER;
    }
    return source->link.lost_at + source->config.reconnect_limit;
}

void source_ending_tick(struct ferry_source *source)
{
    for (int i = 0; i < PENDING_COUNT; i++) {
        const struct pending *pending = &source->pending[i];
        if (watched_here((enum pending_kind)i) && pending->id != 0 &&
            pending->until <= source->now) {
            expire(source, (enum pending_kind)i);
        }
    }
    if (unreachable_at(source) <= source->now) {
        /* mark: source-unreachable -- no network for too long */
        source_ending_decide(
            source,
            FERRY_OUTCOME_FAILED,
            source->asked ? FERRY_TIMEOUT_RECONNECT : FERRY_TIMEOUT_CONNECT);
    } else if (source->accept_until <= source->now && source->state == FERRY_SOURCE_OPENING) {
        /* mark: source-open-unanswered -- OPEN is not answered */
        source_ending_decide(source, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_OPEN);
    } else if (stuck_at(source) <= source->now) {
        /* mark: source-round-stuck -- a round never ends */
        source_ending_decide(source, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_GIVE_UP);
    }
    if (source->unknown_at <= source->now && source_grant_is_out(source)) {
        /* mark: source-unknown -- silence after the grant: the outcome is unknown */
        source_grant_unknown(source, FERRY_TIMEOUT_ANSWER);
    }
    if (source->state == FERRY_SOURCE_CLOSING && source->ending.close_until <= source->now) {
        if (source->link.state != LINK_DOWN && source->link.state != LINK_DETACHING) {
            /* mark: source-close-limit -- cleaning up takes too long: records stay */
            source_ending_close(source);
        }
        if (all_quiet(source)) {
            source->link.retry_at = FERRY_TIME_NEVER;
            source_set_state(source, FERRY_SOURCE_CLOSED, FERRY_EVENT_DONE);
            source_tell(source, (struct ferry_action){.kind = FERRY_ACTION_CLOSED});
        }
    }
}

ferry_time_ns source_ending_deadline(const struct ferry_source *source)
{
    ferry_time_ns deadline = FERRY_TIME_NEVER;
    for (int i = 0; i < PENDING_COUNT; i++) {
        const struct pending *pending = &source->pending[i];
        if (watched_here((enum pending_kind)i) && pending->id != 0 && pending->until < deadline) {
            deadline = pending->until;
        }
    }
    const ferry_time_ns others[] = {
        unreachable_at(source),
        stuck_at(source),
        source->state == FERRY_SOURCE_OPENING ? source->accept_until : FERRY_TIME_NEVER,
        source_grant_is_out(source) ? source->unknown_at : FERRY_TIME_NEVER,
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        deadline = others[i] < deadline ? others[i] : deadline;
    }
    const bool waiting = source->state == FERRY_SOURCE_CLOSING &&
                         (source->ending.close_until > source->now || all_quiet(source));
    if (waiting && source->ending.close_until < deadline) {
        deadline = source->ending.close_until;
    }
    return deadline;
}

enum ferry_status source_ending_cancel(struct ferry_source *source)
{
    switch ((enum handover_source_phase)source->handover.phase) {
    case HANDOVER_RUNNING:
    case HANDOVER_ATTEMPT:
        if (source->state == FERRY_SOURCE_CLOSING || source->ending.kind != FERRY_OUTCOME_NONE) {
            return FERRY_USAGE_STATE; /* it is ending already */
        }
        source_ending_decide(source, FERRY_OUTCOME_CANCELLED, FERRY_USAGE_CANCELLED);
        return FERRY_OK;
    case HANDOVER_GRANTING:
        /* GRANT has not been sent: the target can be asked never to start, but only its word ends
         * it (H-2). */
        source->cancel_wanted = true;
        /* mark: source-cancel-while-granting -- cancelled while granting: only proof ends it */
        source_grant_step(
            source, HANDOVER_IN_STOP_GRANT, source->handover.attempt, source->config.epoch);
        return FERRY_OK;
    case HANDOVER_BURNING:
        /* mark: source-cancel-while-burning -- cancelled while a burn is asked for */
        source->cancel_wanted = true;
        return FERRY_OK;
    case HANDOVER_GRANTED:
    case HANDOVER_MOVED:
    case HANDOVER_CLAIMING:
        /* mark: source-cancel-too-late -- cancelled after the grant */
        return FERRY_USAGE_TOO_LATE;
    case HANDOVER_BACK:
    case HANDOVER_CLAIMED: return FERRY_USAGE_STATE;
    }
    return FERRY_USAGE_STATE;
}
