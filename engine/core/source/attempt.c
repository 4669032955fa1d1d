/* SPDX-License-Identifier: Apache-2.0 */
/* attempt.c -- one try at the switchover: everything between the pause and the grant.
 *
 *   open --pause--> stopped --capture--> state in hand --collect--> last pages known --send-->
 *   all sent --manifest--> READY --> grant.c
 *
 *   at any point before READY: abort_at reached, link lost for too long, cancel, failure
 *   --> ABORT to the target, guest resumed here
 *
 * A-1 The limit is kept also when the prediction was wrong: without READY by abort_at (the limit
 *     less what grant and resume still need) the attempt is aborted.
 * A-2 Nothing in the pause is proportional to RAM.
 * A-3 An abort voids the attempt's pages: they are in the bitmap of the next round again.
 * A-4 Next attempt: not before a growing back-off has passed. */
#include "base/assert.h"
#include "source/internal.h"

/* First back-off after an aborted attempt; doubles with each. Longer than what usually disturbs a
 * pause (a burst, a flap). */
#define BACK_OFF (500 * FERRY_MILLISECOND)

/* Whether the limit binds this attempt: an operator who chose to switch anyway, or ordered the
 * switch by name, gave it up. */
static bool limited(const struct ferry_source *source)
{
    return source->config.blackout_limit != FERRY_TIME_NEVER &&
           source->outcome.verdict.rule != FERRY_RULE_SWITCH_ANYWAY &&
           source->outcome.verdict.rule != FERRY_RULE_OPERATOR;
}

static ferry_time_ns limit_end(const struct ferry_source *source)
{
    if (!limited(source)) {
        return FERRY_TIME_NEVER;
    }
    const struct ferry_switch_costs costs = source_copy_costs(source);
    /* What comes after READY in the prediction: more, and an attempt that was within the limit when it
     * was opened would be aborted for nothing. */
    const ferry_time_ns reserve =
        costs.grant_persist + costs.owner_persist + costs.resume + (costs.round_trip + 1) / 2;
    const ferry_time_ns limit = source->config.blackout_limit;
    const ferry_time_ns left = limit > reserve ? limit - reserve : 0;
    const ferry_time_ns opened = source->attempt.opened_at;
    return left > FERRY_TIME_NEVER - opened ? FERRY_TIME_NEVER : opened + left;
}

void source_attempt_round_trip(struct ferry_source *source)
{
    struct attempt *attempt = &source->attempt;
    if (!source_copy_paused_phase(source) || attempt->abort_at == FERRY_TIME_NEVER) {
        return;
    }
    const ferry_time_ns end = limit_end(source);
    if (end < attempt->abort_at) {
        /* mark: source-network-slower -- a slower network: less time for READY */
        attempt->abort_at = end;
    }
}

void source_attempt_open(struct ferry_source *source, ferry_time_ns predicted)
{
    struct attempt *attempt = &source->attempt;
    source_grant_step(source, HANDOVER_IN_OPEN_ATTEMPT, 0, 0);
    const ferry_time_ns not_before = attempt->not_before;
    *attempt = (struct attempt){
        .opened_at = source->now,
        .predicted = predicted,
        .not_before = not_before,
    };
    attempt->abort_at = limit_end(source);
    source_link_ping(source); /* how far is the target now? The answer comes before READY. */
    source->switch_now = false;
    source->outcome.predicted_blackout_ns = predicted;
    for (uint16_t i = 0; i < source->config.streams; i++) {
        source->copy.streams[i].sum = (struct wire_stream_sum){0};
    }
    source_set_state(source, FERRY_SOURCE_PAUSING, FERRY_EVENT_COLLECTED);
    source_trace(
        source,
        FERRY_TRACE_ATTEMPT_OPENED,
        source->handover.attempt,
        predicted,
        limited(source) ? source->config.blackout_limit : FERRY_TIME_NEVER,
        0);
    source_ask(
        source,
        PENDING_PAUSE,
        (struct ferry_action){
            .kind = FERRY_ACTION_PAUSE,
            .attempt = source->handover.attempt,
            .epoch = source->config.epoch,
        },
        source->config.action_limit);
}

void source_attempt_paused(struct ferry_source *source, enum ferry_status status)
{
    struct attempt *attempt = &source->attempt;
    if (status != FERRY_OK) {
        /* mark: source-pause-failed -- the guest could not be paused */
        source_ending_decide(source, FERRY_OUTCOME_FAILED, FERRY_WORLD_GUEST);
        return;
    }
    attempt->paused_at = source->now;
    source->measured.pause = source->now - attempt->opened_at;
    source_ask(
        source,
        PENDING_CAPTURE,
        (struct ferry_action){
            .kind = FERRY_ACTION_CAPTURE_STATE,
            .attempt = source->handover.attempt,
            .epoch = source->config.epoch,
        },
        source->config.action_limit);
}

void source_attempt_captured(struct ferry_source *source, const struct ferry_event *event)
{
    struct attempt *attempt = &source->attempt;
    if (event->status != FERRY_OK || event->state_size > FERRY_DEVICE_STATE_MAX) {
        /* mark: source-capture-failed -- the device state could not be saved */
        source_ending_decide(
            source,
            FERRY_OUTCOME_FAILED,
            event->status != FERRY_OK ? FERRY_WORLD_GUEST : FERRY_LIMIT_SIZE);
        return;
    }
    attempt->captured_at = source->now;
    attempt->state_size = event->state_size;
    attempt->state_digest = event->state_digest;
    source->measured.capture = source->now - attempt->paused_at;
    /* Only now: saving the devices may have written to memory. */
    source_copy_collect(source, source->copy.bitmap != NULL);
}

void source_attempt_collected(struct ferry_source *source)
{
    struct attempt *attempt = &source->attempt;
    attempt->collected_at = source->now;
    source->measured.collect = source->now - attempt->captured_at;
    attempt->state_issued = 0;
    attempt->state_due = attempt->state_size != 0;
    source_set_state(source, FERRY_SOURCE_SENDING, FERRY_EVENT_COLLECTED);
    source_copy_begin_round(source, true);
}

static void send_manifest(struct ferry_source *source)
{
    struct attempt *attempt = &source->attempt;
    struct wire_message message = {.type = WIRE_MANIFEST};
    struct wire_manifest *manifest = &message.body.manifest;
    *manifest = (struct wire_manifest){
        .attempt = source->handover.attempt,
        .epoch = source->config.epoch,
        .round = source->copy.round,
        .state_size = attempt->state_size,
        .state_digest = attempt->state_digest,
        .stream_count = source->config.streams,
    };
    for (uint16_t i = 0; i < source->config.streams; i++) {
        manifest->streams[i] = source->copy.streams[i].sum;
    }
    attempt->manifest_attach = source->link.attach;
    source_send(source, &message);
}

void source_attempt_pump(struct ferry_source *source)
{
    const struct copy *copy = &source->copy;
    if (source->state == FERRY_SOURCE_SENDING && source_link_carries(source) &&
        !source->attempt.state_due && source->attempt.manifest_attach != source->link.attach &&
        memory_windows_all_issued(&copy->windows) && memory_windows_all_sent(&copy->windows)) {
        send_manifest(source);
    }
}

void source_attempt_ready(struct ferry_source *source, const struct wire_message *message)
{
    const struct wire_ready *ready = &message->body.ready;
    struct attempt *attempt = &source->attempt;
    const bool copies = source->state == FERRY_SOURCE_OPENING ||
                        source->state == FERRY_SOURCE_COPYING || source_copy_paused_phase(source);
    const bool unopened = ready->attempt > source->handover.attempt;
    const bool unasked = ready->attempt == source->handover.attempt &&
                         source_copy_paused_phase(source) && attempt->manifest_attach == 0;
    if (copies && (unopened || unasked)) { /* ready for what it has not got */
        /* mark: source-ready-for-nothing -- READY for what was never sent */
        source_violation(source, FERRY_PEER_UNEXPECTED, WIRE_READY);
        return;
    }
    const bool mine = source->state == FERRY_SOURCE_SENDING &&
                      ready->attempt == source->handover.attempt &&
                      ready->epoch == source->config.epoch;
    if (mine) {
        if (attempt->abort_at <= source->now) {
            /* mark: source-ready-too-late -- READY comes when the limit cannot be kept any more */
            source_attempt_abort(source, FERRY_LIMIT_NO_CONVERGENCE);
            return;
        }
        attempt->ready_at = source->now;
        attempt->load_ns = source_told(ready->load_ns);
        source->measured.load = source_told(ready->load_ns);
        source->copy.round_now.duration_ns = source->now - source->copy.round_begun;
        source_copy_end_round(source, 0);
        source->copy.state = COPY_DECIDED;
    }
    source_grant_step(source, HANDOVER_IN_READY, ready->attempt, ready->epoch);
}

static void remember_abort(struct ferry_source *source, enum ferry_status reason)
{
    struct ferry_outcome *outcome = &source->outcome;
    struct attempt *attempt = &source->attempt;
    attempt->abort_reason = reason;
    if (outcome->aborted_count < FERRY_ATTEMPTS_MAX) {
        outcome->aborted[outcome->aborted_count] = (struct ferry_aborted_attempt){
            .attempt = source->handover.attempt,
            .predicted_ns = attempt->predicted,
            .reason = reason,
        };
    }
    const uint32_t doublings =
        outcome->aborted_count < FERRY_ATTEMPTS_MAX ? outcome->aborted_count : FERRY_ATTEMPTS_MAX;
    const ferry_time_ns wait = BACK_OFF * (ferry_time_ns)(1U << doublings);
    attempt->not_before = source->now + wait;
    outcome->aborted_count++;
    if (reason == FERRY_LIMIT_NO_CONVERGENCE) {
        /* mark: source-prediction-refuted -- the attempt was too slow: its prediction is no hope */
        ferry_policy_refuted(&source->copy.policy);
    }
}

/* The attempt is over without a grant, or with proof that it came to nothing. */
static void leave(struct ferry_source *source, enum ferry_status reason)
{
    remember_abort(source, reason);
    source_abandon(source, PENDING_PAUSE);
    source_abandon(source, PENDING_CAPTURE);
    source_abandon(source, PENDING_COLLECT);
    source->attempt.state_due = false;
    source->attempt.abort_at = FERRY_TIME_NEVER;
    memory_windows_void(&source->copy.windows);
    if (source->copy.round_open) {
        source->copy.round_now.duration_ns = source->now - source->copy.round_begun;
    }
    source->copy.state = COPY_DRAINING;
}

void source_attempt_abort(struct ferry_source *source, enum ferry_status reason)
{
    FERRY_ASSERT(source_copy_paused_phase(source));
    leave(source, reason);
    source_grant_step(
        source, HANDOVER_IN_ABORT, 0, 0); /* tells the target, and runs the guest here */
}

void source_attempt_give_back(struct ferry_source *source)
{
    if (source->copy.state != COPY_DRAINING) { /* not by our own abort, but on the target's word */
        /* mark: source-given-back-by-target -- the target burned or forgot: the attempt is left */
        leave(source, source->ending.status);
    }
    source_set_state(source, FERRY_SOURCE_RESUMING, FERRY_EVENT_CONTROL_BYTES);
    source_ask(
        source,
        PENDING_RESUME,
        (struct ferry_action){
            .kind = FERRY_ACTION_RESUME,
            .attempt = source->handover.attempt,
            .epoch = source->config.epoch,
        },
        source->config.action_limit);
}

/* How long the guest stood still. Its process knows best: the pause may have been carried out without
 * this side having heard of it, when an order to cancel came before its report. */
static ferry_time_ns pause_length(const struct ferry_source *source, ferry_time_ns told)
{
    const struct attempt *attempt = &source->attempt;
    if (told > 0 && told <= source->now - attempt->opened_at) {
        return told;
    }
    return attempt->paused_at != 0 ? source->now - attempt->paused_at : 0;
}

void source_attempt_resumed(
    struct ferry_source *source, enum ferry_status status, ferry_time_ns stood_still)
{
    struct ferry_outcome *outcome = &source->outcome;
    struct attempt *attempt = &source->attempt;
    const ferry_time_ns paused = pause_length(source, stood_still);
    if (outcome->aborted_count != 0 && outcome->aborted_count <= FERRY_ATTEMPTS_MAX) {
        outcome->aborted[outcome->aborted_count - 1].paused_ns = paused;
        source_trace(
            source,
            FERRY_TRACE_ATTEMPT_ABORTED,
            source->handover.attempt,
            attempt->abort_reason,
            paused,
            0);
    }
    if (source->ending.kind == FERRY_OUTCOME_NONE && status != FERRY_OK) {
        /* mark: source-resume-failed -- the guest could not be run again */
        source->ending.kind = FERRY_OUTCOME_FAILED;
        source->ending.status = FERRY_WORLD_GUEST;
    } else if (
        source->ending.kind == FERRY_OUTCOME_NONE &&
        source->config.mode == FERRY_MODE_STOP_AND_COPY) {
        /* It has no live rounds to go on with. */
        /* mark: source-stop-and-copy-aborted -- it has no rounds to go on with */
        source->ending.kind = FERRY_OUTCOME_FAILED;
        source->ending.status = attempt->abort_reason;
    }
    if (source->ending.kind != FERRY_OUTCOME_NONE) {
        source_ending_begin(source);
        return;
    }
    source_set_state(source, FERRY_SOURCE_COPYING, FERRY_EVENT_DONE);
}

/* ---- limits of the pause ---- */

static ferry_time_ns give_up_at(const struct ferry_source *source)
{
    const ferry_time_ns after = source->config.give_up_after;
    return after > FERRY_TIME_NEVER - source->created_at ? FERRY_TIME_NEVER
                                                         : source->created_at + after;
}

/* Without a limit, a pause that makes no progress must end as well. */
static ferry_time_ns stuck_at(const struct ferry_source *source)
{
    if (source->config.mode == FERRY_MODE_STOP_AND_COPY) {
        return give_up_at(source);
    }
    const ferry_time_ns opened = source->attempt.opened_at;
    const ferry_time_ns progress = source->copy.last_progress;
    return (progress > opened ? progress : opened) + source->config.reconnect_limit;
}

ferry_time_ns source_attempt_deadline(const struct ferry_source *source)
{
    if (!source_copy_paused_phase(source)) {
        return FERRY_TIME_NEVER;
    }
    const ferry_time_ns stuck = stuck_at(source);
    return stuck < source->attempt.abort_at ? stuck : source->attempt.abort_at;
}

void source_attempt_tick(struct ferry_source *source)
{
    if (!source_copy_paused_phase(source)) {
        return;
    }
    if (source->attempt.abort_at <= source->now) {
        /* mark: source-limit-guard -- no READY in time: the attempt is aborted, the limit kept */
        source_attempt_abort(source, FERRY_LIMIT_NO_CONVERGENCE);
    } else if (stuck_at(source) <= source->now) {
        const bool asked = source->config.mode == FERRY_MODE_STOP_AND_COPY;
        /* mark: source-pause-stuck -- a pause without a limit makes no progress */
        source_ending_decide(
            source, FERRY_OUTCOME_FAILED, asked ? FERRY_TIMEOUT_GIVE_UP : FERRY_TIMEOUT_RECONNECT);
    }
}
