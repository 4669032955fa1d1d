/* SPDX-License-Identifier: Apache-2.0 */
/* target.c -- the doors of the target. The order inside is the source's: reports of abandoned
 * actions are dropped in one place, an event goes to the one machine that it is for, deadlines are
 * looked at after every input.
 *
 * Invariants: T-1 all memory is taken at create. T-2 nothing that a peer sends makes it grow. T-3
 * every wait has an end, but for the two writes whose end decides who runs the guest: those are
 * waited for as long as the host lives (H-8). */
#include "base/allocate.h"
#include "base/assert.h"
#include "target/internal.h"

struct ferry_target_config ferry_target_config_default(void)
{
    return (struct ferry_target_config){
        .version_min = FERRY_PROTOCOL_VERSION_MIN,
        .version_max = FERRY_PROTOCOL_VERSION_MAX,
        .device_state_max = FERRY_DEVICE_STATE_MAX,
        .streams_max = FERRY_STREAMS_MAX,
        .orphan_limit = 120 * FERRY_SECOND,
        .hold_limit = 24 * (3600 * FERRY_SECOND),
        .action_limit = 30 * FERRY_SECOND,
        .announce_interval = 100 * FERRY_MILLISECOND,
        .announce_count = 5,
        .refuse_status = FERRY_REFUSED_OTHER,
    };
}

struct ferry_target *target_allocate(const struct ferry_target_config *config, ferry_time_ns now)
{
    struct ferry_target *target = base_allocate(&config->allocator, sizeof(*target));
    if (target == NULL) {
        return NULL;
    }
    target->allocator = config->allocator;
    target->config = *config;
    target->now = now;
    target->last_heard = now;
    target->state = FERRY_TARGET_WAITING;
    target->round_done = WIRE_ROUND_NONE;
    target->announce_at = FERRY_TIME_NEVER;
    target->leave_at = FERRY_TIME_NEVER;
    target->handover = handover_target_start(1);
    target->reader.buffer = target->reader_buffer;
    target->reader.capacity = sizeof(target->reader_buffer);
    return target;
}

enum ferry_status ferry_target_create(
    const struct ferry_target_config *config, ferry_time_ns now, struct ferry_target **target_out)
{
    if (config->action_limit <= 0 || config->orphan_limit <= 0 || config->hold_limit <= 0 ||
        config->announce_interval <= 0 || config->journal_id == 0 ||
        config->streams_max > FERRY_STREAMS_MAX || config->version_min == 0 ||
        config->version_min > config->version_max) {
        return FERRY_USAGE_CONFIG;
    }
    struct ferry_target *target = target_allocate(config, now);
    if (target == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    *target_out = target;
    return FERRY_OK;
}

void ferry_target_destroy(struct ferry_target *target)
{
    if (target != NULL) {
        const struct ferry_allocator allocator = target->allocator;
        base_release(&allocator, target, sizeof(*target));
    }
}

void target_trace(
    struct ferry_target *target,
    enum ferry_trace_kind kind,
    int64_t a,
    int64_t b,
    int64_t c,
    int64_t d)
{
    if (target->config.trace.emit == NULL) {
        return;
    }
    const struct ferry_trace_event event = {
        .kind = kind,
        .target = true,
        .session = target->config.session,
        .at = target->now,
        .field = {a, b, c, d},
    };
    target->config.trace.emit(target->config.trace.context, &event);
}

ferry_time_ns target_after_last_heard(const struct ferry_target *target, ferry_time_ns duration)
{
    return duration > FERRY_TIME_NEVER - target->last_heard ? FERRY_TIME_NEVER
                                                            : target->last_heard + duration;
}

void target_tell(struct ferry_target *target, struct ferry_action action)
{
    action.session = target->config.session;
    (void)base_queue_push(&target->queue, &action, false);
}

void target_ask(
    struct ferry_target *target,
    enum target_pending pending,
    struct ferry_action action,
    ferry_time_ns limit)
{
    struct target_action_out *slot = &target->pending[pending];
    FERRY_ASSERT(slot->id == 0);
    action.session = target->config.session;
    slot->id = base_queue_push(&target->queue, &action, true);
    slot->issued_at = target->now;
    slot->until = limit == FERRY_TIME_NEVER ? FERRY_TIME_NEVER : target->now + limit;
}

void target_abandon(struct ferry_target *target, enum target_pending pending)
{
    target->pending[pending].id = 0;
}

void target_send(struct ferry_target *target, const struct wire_message *message)
{
    if (!target->attached) {
        /* mark: target-unsaid -- without a connection nothing is said */
        return; /* what matters is said again in answer to the next RESUME */
    }
    uint8_t *out = base_queue_reserve(&target->queue, FERRY_CONTROL_PAYLOAD_MAX);
    FERRY_ASSERT(out != NULL);
    size_t size = 0;
    const enum ferry_status status =
        wire_message_encode(message, out, FERRY_CONTROL_PAYLOAD_MAX, &size);
    FERRY_ASSERT(status == FERRY_OK);
    base_queue_commit(&target->queue, size);
    target_trace(
        target,
        FERRY_TRACE_MESSAGE_SENT,
        message->type,
        (int64_t)size,
        wire_message_attempt(message),
        0);
    target_tell(
        target,
        (struct ferry_action){
            .kind = FERRY_ACTION_SEND_CONTROL,
            .attach = target->attach,
            .bytes = {.data = out, .size = size},
    });
}

void target_persist(
    struct ferry_target *target,
    enum target_pending pending,
    enum ferry_record_kind kind,
    uint64_t epoch,
    ferry_time_ns limit)
{
    const struct handover_record_body body = {
        .role = HANDOVER_ROLE_TARGET,
        .attempt = target->handover.attempt,
        .guest_id = target->guest_id,
        .epoch = epoch,
        .own_journal_id = target->config.journal_id,
        .peer_journal_id = target->source_journal_id,
    };
    uint8_t *out = base_queue_reserve(&target->queue, FERRY_RECORD_MAX);
    FERRY_ASSERT(out != NULL);
    const size_t size = handover_record_encode(kind, &body, out);
    base_queue_commit(&target->queue, size);
    target_ask(
        target,
        pending,
        (struct ferry_action){
            .kind = FERRY_ACTION_PERSIST,
            .record_kind = kind,
            .attempt = body.attempt,
            .epoch = epoch,
            .bytes = {.data = out, .size = size},
    },
        limit);
}

/* ---- input ---- */

static void
report(struct ferry_target *target, enum target_pending pending, enum ferry_status status)
{
    switch (pending) {
    case TARGET_PENDING_DETACH: target_attach_detach_done(target); return;
    case TARGET_PENDING_PREPARE: target_opening_prepared(target, status); return;
    case TARGET_PENDING_LOAD: target_receiving_loaded(target, status); return;
    case TARGET_PENDING_RESUME: target_owning_resumed(target, status); return;
    case TARGET_PENDING_FREE:
        target->guest_here = false;
        target_closing_step_done(target);
        return;
    case TARGET_PENDING_FORGET: target_closing_step_done(target); return;
    case TARGET_PENDING_PERSIST_SESSION:
        target_opening_persisted(target, status);
        target_closing_step_done(target);
        return;
    case TARGET_PENDING_PERSIST_OWNER:
        target_owning_persisted(target, status);
        target_closing_step_done(target);
        return;
    case TARGET_PENDING_PERSIST_BURNED:
        target_owning_burned(target, status);
        target_closing_step_done(target);
        return;
    case TARGET_PENDING_COUNT: break;
    }
    FERRY_ASSERT(false); /* no such report */
}

static void input_report(struct ferry_target *target, const struct ferry_event *event)
{
    for (int i = 0; i < TARGET_PENDING_COUNT; i++) {
        if (event->action_id != 0 && target->pending[i].id == event->action_id) {
            target->pending[i].id = 0;
            report(target, (enum target_pending)i, event->status);
            return;
        }
    }
    /* mark: target-stale-action -- the report of an abandoned action */
    target->dropped_reports++;
    target_trace(target, FERRY_TRACE_REPORT_DROPPED, (int64_t)event->action_id, event->kind, 0, 0);
}

static void expire_actions(struct ferry_target *target)
{
    for (int i = 0; i < TARGET_PENDING_COUNT; i++) {
        struct target_action_out *pending = &target->pending[i];
        if (pending->id != 0 && pending->until <= target->now) {
            /* mark: target-action-late -- an action takes too long: counts as failed */
            pending->id = 0;
            report(target, (enum target_pending)i, FERRY_TIMEOUT_ACTION);
        }
    }
}

static enum ferry_status input_command(struct ferry_target *target, enum ferry_event_kind kind)
{
    enum ferry_status status = FERRY_USAGE_STATE;
    if (kind == FERRY_EVENT_CLAIM) {
        status = target_owning_command(target, HANDOVER_IN_OPERATOR_CLAIM);
    } else if (kind == FERRY_EVENT_BURN) {
        status = target_owning_command(target, HANDOVER_IN_BURN);
    }
    if (status != FERRY_OK) {
        /* mark: target-command-refused -- an order that is not possible now */
        target_trace(target, FERRY_TRACE_COMMAND_REFUSED, kind, target->state, 0, 0);
    }
    return status;
}

static enum ferry_status input(struct ferry_target *target, const struct ferry_event *event)
{
    switch (event->kind) {
    case FERRY_EVENT_ATTACHED: target_attach_up(target, event->attach); return FERRY_OK;
    case FERRY_EVENT_DETACHED: target_attach_down(target, event->attach); return FERRY_OK;
    case FERRY_EVENT_CONTROL_BYTES:
        target_attach_bytes(target, event->attach, event->bytes);
        return FERRY_OK;
    case FERRY_EVENT_BATCH_PLACED: target_receiving_batch(target, event); return FERRY_OK;
    case FERRY_EVENT_BARRIER_REACHED: target_receiving_barrier(target, event); return FERRY_OK;
    case FERRY_EVENT_STREAM_ERROR: target_receiving_error(target, event); return FERRY_OK;
    case FERRY_EVENT_DONE: input_report(target, event); return FERRY_OK;
    case FERRY_EVENT_TICK: return FERRY_OK;
    case FERRY_EVENT_CANCEL:
    case FERRY_EVENT_SET_BANDWIDTH_CAP:
    case FERRY_EVENT_SET_BLACKOUT_LIMIT:
    case FERRY_EVENT_SWITCH_NOW:
    case FERRY_EVENT_CLAIM:
    case FERRY_EVENT_BURN: return input_command(target, event->kind);
    case FERRY_EVENT_BATCH_SENT:
    case FERRY_EVENT_COLLECTED:
    case FERRY_EVENT_STATE_CAPTURED: return FERRY_USAGE_STATE; /* the source's */
    }
    return FERRY_USAGE_STATE;
}

enum ferry_status
ferry_target_input(struct ferry_target *target, const struct ferry_event *event, ferry_time_ns now)
{
    if (target->state == FERRY_TARGET_CLOSED) {
        return FERRY_USAGE_STATE;
    }
    FERRY_ASSERT(now >= target->now);
    target->now = now;
    const enum ferry_status status = input(target, event);
    if (target->state != FERRY_TARGET_CLOSED) {
        expire_actions(target);
        target_owning_tick(target);
        target_closing_tick(target);
    }
    return status;
}

bool ferry_target_next_action(struct ferry_target *target, struct ferry_action *action_out)
{
    return base_queue_pop(&target->queue, action_out);
}

ferry_time_ns ferry_target_deadline(const struct ferry_target *target)
{
    if (target->state == FERRY_TARGET_CLOSED) {
        return FERRY_TIME_NEVER;
    }
    ferry_time_ns deadline = target_owning_deadline(target);
    const ferry_time_ns closing = target_closing_deadline(target);
    deadline = closing < deadline ? closing : deadline;
    for (int i = 0; i < TARGET_PENDING_COUNT; i++) {
        const struct target_action_out *pending = &target->pending[i];
        if (pending->id != 0 && pending->until < deadline) {
            deadline = pending->until;
        }
    }
    return deadline;
}

/* ---- questions ---- */

const struct ferry_stream_shape *ferry_target_shape(const struct ferry_target *target)
{
    return target->shape_known ? &target->shape : NULL;
}

uint32_t ferry_target_round(const struct ferry_target *target)
{
    return target->round_done == WIRE_ROUND_NONE ? 0 : target->round_done + 1;
}

enum ferry_target_state ferry_target_state(const struct ferry_target *target)
{
    return target->state;
}

uint64_t ferry_target_guest_id(const struct ferry_target *target)
{
    return target->guest_id;
}

uint64_t ferry_target_epoch(const struct ferry_target *target)
{
    return target->handover.epoch;
}
