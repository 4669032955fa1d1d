/* SPDX-License-Identifier: Apache-2.0 */
/* grant.c -- carries out what the handover machine asks for. Who may run the guest is decided there
 * (handover/), nothing of it here.
 *
 * Each input goes through source_grant_step(), which turns the outputs into actions, messages and
 * states, in order. */
#include "base/assert.h"
#include "source/internal.h"

bool source_grant_is_out(const struct ferry_source *source)
{
    switch ((enum handover_source_phase)source->handover.phase) {
    case HANDOVER_GRANTING:
    case HANDOVER_GRANTED:
    case HANDOVER_BURNING:
    case HANDOVER_CLAIMING: return true;
    case HANDOVER_RUNNING:
    case HANDOVER_ATTEMPT:
    case HANDOVER_BACK:
    case HANDOVER_MOVED:
    case HANDOVER_CLAIMED: return false;
    }
    return true;
}

static void persist_grant(struct ferry_source *source)
{
    source_set_state(source, FERRY_SOURCE_GRANTING, FERRY_EVENT_CONTROL_BYTES);
    source_trace(
        source,
        FERRY_TRACE_GRANT_ISSUED,
        source->handover.attempt,
        (int64_t)source->config.epoch,
        0,
        0);
    source_persist(
        source,
        PENDING_PERSIST_GRANTED,
        FERRY_RECORD_GRANTED,
        &(struct handover_record_body){
            .role = HANDOVER_ROLE_SOURCE,
            .attempt = source->handover.attempt,
            .guest_id = source->config.guest_id,
            .epoch = source->config.epoch,
            .own_journal_id = source->config.journal_id,
            .peer_journal_id = source->target_journal_id,
        });
    source->unknown_at = source->now + source->config.unknown_after;
}

static void persist_claim(struct ferry_source *source)
{
    source_persist(
        source,
        PENDING_PERSIST_CLAIMED,
        FERRY_RECORD_CLAIMED,
        &(struct handover_record_body){
            .role = HANDOVER_ROLE_SOURCE,
            .attempt = source->handover.attempt,
            .guest_id = source->config.guest_id,
            /* above what the target could have become owner with: its late messages and writes are
               old */
            .epoch = source->config.epoch + 2,
            .own_journal_id = source->config.journal_id,
            .peer_journal_id = source->target_journal_id,
        });
}

static void send_attempt(struct ferry_source *source, enum wire_type type, uint32_t attempt)
{
    source_send(
        source,
        &(struct wire_message){
            .type = type,
            .body.attempt = {.attempt = attempt, .epoch = source->config.epoch},
    });
}

/* A restarted source does not know how far its attempts had come: the target's READY tells. */
static void send_abort(struct ferry_source *source, uint32_t attempt)
{
    const uint32_t own = source->handover.attempt;
    send_attempt(source, WIRE_ABORT, attempt > own ? attempt : own);
}

static void send_grant(struct ferry_source *source)
{
    if (source->state == FERRY_SOURCE_GRANTING) {
        source_set_state(source, FERRY_SOURCE_GRANTED, FERRY_EVENT_DONE);
        source->unknown_at = source->now + source->config.unknown_after;
    }
    send_attempt(source, WIRE_GRANT, source->handover.attempt);
}

static void send_burn(struct ferry_source *source)
{
    if (source->state == FERRY_SOURCE_GRANTING) {
        source_set_state(source, FERRY_SOURCE_BURNING, FERRY_EVENT_DONE);
        source->unknown_at = source->now + source->config.unknown_after;
    }
    send_attempt(source, WIRE_BURN, source->handover.attempt);
}

static void run_here(struct ferry_source *source)
{
    source->unknown_at = FERRY_TIME_NEVER;
    if (!source->guest_alive) {
        /* mark: source-back-without-guest -- proof comes, but the guest died with its host */
        source_ending_begin(source); /* the guest died with its host: nothing to resume, but it is
                                        ours to start again */
        return;
    }
    source_attempt_give_back(source);
}

/* While this host was away an operator gave the guest to the other one. */
static void taken(struct ferry_source *source)
{
    if (source->state == FERRY_SOURCE_CLOSING) {
        /* mark: source-claimed-elsewhere -- it had ended, and a claim gave the guest away */
        source_ending_moved_after_all(source);
        return;
    }
    /* mark: source-taken-while-away -- a claim gave the guest away: this copy is over */
    source_abandon(source, PENDING_RESUME);
    source->ending.kind = FERRY_OUTCOME_FAILED;
    source->ending.status = FERRY_USAGE_CLAIMED_ELSEWHERE;
    source->ending.moved = true;
    source_ending_begin(source);
}

static void carry_out(struct ferry_source *source, enum handover_output output, uint32_t attempt)
{
    switch (output) {
    case HANDOVER_OUT_PERSIST_GRANT: persist_grant(source); return;
    case HANDOVER_OUT_PERSIST_CLAIM: persist_claim(source); return;
    case HANDOVER_OUT_SEND_ABORT: send_abort(source, attempt); return;
    case HANDOVER_OUT_SEND_GRANT: send_grant(source); return;
    case HANDOVER_OUT_SEND_BURN: send_burn(source); return;
    case HANDOVER_OUT_SEND_END: source_ending_say_end(source); return;
    case HANDOVER_OUT_RUN_HERE: run_here(source); return;
    case HANDOVER_OUT_MOVED:
        source->unknown_at = FERRY_TIME_NEVER;
        source->ending.kind = FERRY_OUTCOME_COMPLETED;
        source->ending.status = FERRY_OK;
        source->ending.moved = true;
        source_ending_begin(source);
        return;
    case HANDOVER_OUT_TAKEN: taken(source); return;
    case HANDOVER_OUT_STALE:
        source_trace(source, FERRY_TRACE_STALE_MESSAGE, 0, attempt, source->handover.attempt, 0);
        return;
    case HANDOVER_OUT_VIOLATION:
        source_violation(source, FERRY_PEER_UNEXPECTED, 0);
        if (source->state == FERRY_SOURCE_CLOSING) {
            source_ending_close(
                source); /* it will never agree: all records stay, for an operator */
        }
        return;
    case HANDOVER_OUT_NONE:
    case HANDOVER_OUT_TOO_LATE: return; /* the command's caller looks at it */
    case HANDOVER_OUT_PERSIST_OWNER:
    case HANDOVER_OUT_PERSIST_BURNED:
    case HANDOVER_OUT_SEND_READY:
    case HANDOVER_OUT_SEND_STARTED:
    case HANDOVER_OUT_SEND_ABORTED:
    case HANDOVER_OUT_SEND_RECEIVING:
    case HANDOVER_OUT_VOID:
    case HANDOVER_OUT_FORGET: break;
    }
    FERRY_ASSERT(false); /* an output of the target's side */
}

void source_grant_step(
    struct ferry_source *source, enum handover_source_input input, uint32_t attempt, uint64_t epoch)
{
    const struct handover_step step =
        handover_source_step(&source->handover, input, attempt, epoch);
    for (uint8_t i = 0; i < step.count; i++) {
        carry_out(source, (enum handover_output)step.output[i], attempt);
    }
}

/* ---- what the target says ---- */

/* What the target tells of its own time, as far as that can be true: its clock may have jumped. */
static ferry_time_ns at_most(ferry_time_ns told, ferry_time_ns elapsed)
{
    const ferry_time_ns bounded = source_told(told);
    return bounded < elapsed ? bounded : elapsed;
}

static void measure_blackout(struct ferry_source *source, const struct wire_started *started)
{
    const struct attempt *attempt = &source->attempt;
    if (attempt->paused_at == 0 || attempt->ready_at == 0) {
        /* mark: source-blackout-forgotten -- a restarted source cannot tell the blackout */
        return; /* a restarted source: these instants died with it */
    }
    const ferry_time_ns half = source_link_round_trip(source) / 2;
    const ferry_time_ns running_at = source->now - half - source_told(started->running_for_ns);
    const ferry_time_ns since_grant = source->now - attempt->durable_at;
    struct ferry_blackout *blackout = &source->outcome.blackout;
    *blackout = (struct ferry_blackout){
        .capture_ns = attempt->captured_at - attempt->paused_at,
        .collect_ns = attempt->collected_at - attempt->captured_at,
        .load_ns = attempt->load_ns,
        .ready_ns = half,
        .grant_persist_ns = attempt->durable_at - attempt->ready_at,
        .owner_persist_ns = at_most(started->owner_persist_ns, since_grant),
    };
    blackout->resume_ns = at_most(started->resume_ns, since_grant - blackout->owner_persist_ns);
    const ferry_time_ns sent = attempt->ready_at - attempt->collected_at;
    blackout->transfer_ns = sent - blackout->load_ns - half;
    if (blackout->transfer_ns <
        0) { /* the halves are estimates: keep the sum, not a negative part */
        blackout->transfer_ns = 0;
        blackout->ready_ns = sent > blackout->load_ns ? sent - blackout->load_ns : 0;
    }
    const ferry_time_ns after = running_at - attempt->durable_at;
    blackout->grant_ns = after - blackout->owner_persist_ns - blackout->resume_ns;
    if (blackout->grant_ns < 0) {
        blackout->grant_ns = 0;
    }
    blackout->total_ns = blackout->capture_ns + blackout->collect_ns + blackout->transfer_ns +
                         blackout->load_ns + blackout->ready_ns + blackout->grant_persist_ns +
                         blackout->grant_ns + blackout->owner_persist_ns + blackout->resume_ns;
}

void source_grant_started(struct ferry_source *source, const struct wire_message *message)
{
    const struct wire_started *started = &message->body.started;
    if (source->ending.closed_heard) {
        /* It has said that it has no record, and this session is being forgotten: what would be written of it now could
         * not be read after a restart. */
        source_trace(source, FERRY_TRACE_STALE_MESSAGE, WIRE_STARTED, started->attempt, 0, 0);
        return;
    }
    const bool news = source->handover.phase == HANDOVER_GRANTED &&
                      started->attempt == source->handover.attempt &&
                      started->epoch == source->config.epoch + 1;
    if (news && started->alive == 1) {
        measure_blackout(source, started);
    } else if (news) {
        /* mark: source-died-at-target -- the guest moved, and died there before it could run */
        source->ending.died = true;
    }
    source_grant_step(source, HANDOVER_IN_STARTED, started->attempt, started->epoch);
}

void source_grant_aborted(struct ferry_source *source, const struct wire_message *message)
{
    const struct wire_attempt *aborted = &message->body.attempt;
    if (aborted->epoch != source->config.epoch) {
        /* mark: source-stale-aborted -- ABORTED of another epoch is dropped */
        source_trace(source, FERRY_TRACE_STALE_MESSAGE, WIRE_ABORTED, aborted->attempt, 0, 0);
        return;
    }
    /* What the end will be called, if this ends it: an order to cancel keeps its name. */
    if (source->ending.kind == FERRY_OUTCOME_NONE) {
        source->ending.kind =
            source->cancel_wanted ? FERRY_OUTCOME_CANCELLED : FERRY_OUTCOME_FAILED;
        source->ending.status = source->cancel_wanted ? FERRY_USAGE_CANCELLED : FERRY_USAGE_BURNED;
    }
    const bool was_out = source_grant_is_out(source);
    source->ending.record_wanted = source->ending.record_wanted || was_out;
    source_grant_step(source, HANDOVER_IN_ABORTED, aborted->attempt, aborted->epoch);
    if (source->state == FERRY_SOURCE_OPENING || source->state == FERRY_SOURCE_COPYING) {
        /* mark: source-burned-while-copying -- burned before any pause: the guest never stopped */
        source_ending_begin(source); /* the guest runs here, it never stopped */
    }
}

void source_grant_lost(struct ferry_source *source)
{
    if (source->state == FERRY_SOURCE_CLOSING) {
        /* mark: source-lost-at-the-end -- LOST at the end: nothing is left over there */
        source_ending_closed_heard(source); /* nothing to clean up over there */
        return;
    }
    const bool out = source_grant_is_out(source);
    if (!out &&
        source->ending.kind == FERRY_OUTCOME_NONE) { /* before the step: it names the abort */
        source->ending.kind = FERRY_OUTCOME_FAILED;
        source->ending.status = FERRY_WORLD_PEER_LOST;
    }
    source_grant_step(source, HANDOVER_IN_LOST, 0, 0);
    if (out) {
        /* mark: source-lost-after-grant -- LOST after the grant proves nothing: unknown */
        source_grant_unknown(source, FERRY_WORLD_PEER_LOST); /* H-6: no proof */
    } else if (source->state == FERRY_SOURCE_OPENING || source->state == FERRY_SOURCE_COPYING) {
        source_ending_begin(source);
    }
}

/* ---- the journal's reports ---- */

void source_grant_persisted(struct ferry_source *source, enum ferry_status status)
{
    if (status == FERRY_OK) {
        source->attempt.durable_at = source->now;
        source->measured.grant_persist =
            source->now - source->pending[PENDING_PERSIST_GRANTED].issued_at;
        source_trace(
            source,
            FERRY_TRACE_GRANT_DURABLE,
            source->handover.attempt,
            (int64_t)source->config.epoch,
            0,
            0);
    } else if (source->ending.kind == FERRY_OUTCOME_NONE && source_grant_is_out(source)) {
        /* mark: source-grant-failed -- the grant record failed */
        source->ending.kind = FERRY_OUTCOME_FAILED;
        source->ending.status = FERRY_WORLD_JOURNAL;
    }
    source_grant_step(
        source,
        status == FERRY_OK ? HANDOVER_IN_GRANT_DURABLE : HANDOVER_IN_GRANT_FAILED,
        source->handover.attempt,
        source->config.epoch);
}

void source_grant_claim_persisted(struct ferry_source *source, enum ferry_status status)
{
    source->ending.kind = FERRY_OUTCOME_FAILED;
    source->ending.status = status == FERRY_OK ? FERRY_USAGE_CLAIMED : FERRY_WORLD_JOURNAL;
    source_grant_step(
        source,
        status == FERRY_OK ? HANDOVER_IN_CLAIM_DURABLE : HANDOVER_IN_CLAIM_FAILED,
        source->handover.attempt,
        source->config.epoch);
}

enum ferry_status source_grant_claim(struct ferry_source *source)
{
    if (!source_grant_is_out(source) || source->handover.phase == HANDOVER_CLAIMING) {
        /* mark: source-claim-refused -- a claim where nothing is in doubt */
        return FERRY_USAGE_STATE;
    }
    /* mark: source-claimed -- an operator claims the guest for this host */
    source_grant_unknown(source, FERRY_TIMEOUT_ANSWER); /* the state in which a claim may end it */
    source_grant_step(source, HANDOVER_IN_CLAIM, source->handover.attempt, source->config.epoch);
    return FERRY_OK;
}

void source_grant_unknown(struct ferry_source *source, enum ferry_status status)
{
    source->unknown_at = FERRY_TIME_NEVER;
    if (source->state == FERRY_SOURCE_UNKNOWN) {
        return;
    }
    source_set_state(source, FERRY_SOURCE_UNKNOWN, FERRY_EVENT_TICK);
    source_ending_report(source, FERRY_OUTCOME_UNKNOWN, status);
}
