/* SPDX-License-Identifier: Apache-2.0 */
/* source.c -- the doors of the source: create, input, next action, deadline. What happens inside is
 * in the files of this room:
 *
 *   event -> a report of an abandoned action? dropped, here, in one place
 *         -> the small machine that it is for
 *         -> pump: whatever has become possible is issued (windows, manifest, END)
 *
 * Invariants: S-1 all memory is taken at create. S-2 every action that reports and is not a batch
 * is in `pending`, once. S-3 every wait has an end: pending actions, the link, the attempt, the
 * handover and the cleaning up each have a deadline. */
#include "base/allocate.h"
#include "base/assert.h"
#include "source/internal.h"

#include <string.h>

struct ferry_source_config ferry_source_config_default(void)
{
    return (struct ferry_source_config){
        .version_min = FERRY_PROTOCOL_VERSION_MIN,
        .version_max = FERRY_PROTOCOL_VERSION_MAX,
        .epoch = 1,
        .page_size = FERRY_PAGE_SIZE_MIN,
        .streams = 1,
        .mode = FERRY_MODE_PRECOPY,
        .on_no_convergence = FERRY_GIVE_UP,
        .blackout_limit = 300 * FERRY_MILLISECOND,
        .give_up_after = 3600 * FERRY_SECOND,
        .bandwidth_cap = FERRY_RATE_UNLIMITED,
        .batch_time = 10 * FERRY_MILLISECOND,
        .silence_limit = FERRY_SECOND,
        .connect_limit = FERRY_SECOND,
        .reconnect_limit = 60 * FERRY_SECOND,
        .probe_interval = FERRY_SECOND,
        .action_limit = 30 * FERRY_SECOND,
        .unknown_after = 30 * FERRY_SECOND,
        .close_limit = 600 * FERRY_SECOND,
    };
}

enum ferry_status source_check_config(const struct ferry_source_config *config)
{
    const bool names = config->guest_name.size >= 1 && config->guest_name.size <= FERRY_NAME_MAX &&
                       config->guest_config.size <= FERRY_GUEST_CONFIG_MAX;
    const bool page = config->page_size >= FERRY_PAGE_SIZE_MIN &&
                      config->page_size <= FERRY_PAGE_SIZE_MAX &&
                      (config->page_size & (config->page_size - 1)) == 0;
    const bool counts = config->region_count >= 1 && config->region_count <= FERRY_REGIONS_MAX &&
                        config->path_count >= 1 && config->path_count <= FERRY_PATHS_MAX &&
                        config->streams >= 1 && config->streams <= FERRY_STREAMS_MAX;
    const bool identity = (config->session.high | config->session.low) != 0 && config->epoch >= 1 &&
                          config->journal_id != 0 && config->guest_id != 0;
    const bool times = config->blackout_limit >= 0 && config->give_up_after >= 0 &&
                       config->batch_time > 0 && config->silence_limit > 0 &&
                       config->connect_limit > 0 && config->reconnect_limit > 0 &&
                       config->probe_interval > 0 && config->action_limit > 0 &&
                       config->unknown_after > 0 && config->close_limit > 0;
    const bool modes =
        (config->mode == FERRY_MODE_PRECOPY || config->mode == FERRY_MODE_STOP_AND_COPY) &&
        config->on_no_convergence >= FERRY_GIVE_UP &&
        config->on_no_convergence <= FERRY_SWITCH_ANYWAY;
    const bool versions = config->version_min >= 1 && config->version_min <= config->version_max;
    if (!names || !page || !counts || !identity || !times || !modes || !versions) {
        return FERRY_USAGE_CONFIG;
    }
    uint64_t pages = 0;
    for (uint16_t i = 0; i < config->region_count; i++) {
        if (config->regions[i].pages == 0 || config->regions[i].pages > FERRY_PAGES_MAX - pages) {
            return FERRY_USAGE_CONFIG;
        }
        pages += config->regions[i].pages;
    }
    return FERRY_OK;
}

/* The caller's arrays are copied, so that nothing outside has to outlive the call. */
static void own_config(struct ferry_source *source, const struct ferry_source_config *config)
{
    source->config = *config;
    memcpy(source->regions, config->regions, config->region_count * sizeof(config->regions[0]));
    memcpy(source->paths, config->paths, config->path_count * sizeof(config->paths[0]));
    memcpy(source->guest_name, config->guest_name.data, config->guest_name.size);
    if (config->guest_config.size != 0) {
        memcpy(source->guest_config, config->guest_config.data, config->guest_config.size);
    }
    source->config.regions = source->regions;
    source->config.paths = source->paths;
    source->config.guest_name.data = source->guest_name;
    source->config.guest_config.data = source->guest_config;
    for (uint16_t i = 0; i < config->region_count; i++) {
        source->total_pages += config->regions[i].pages;
    }
}

struct ferry_source *source_allocate(const struct ferry_source_config *config, ferry_time_ns now)
{
    struct ferry_source *source = base_allocate(&config->allocator, sizeof(*source));
    if (source == NULL) {
        return NULL;
    }
    source->allocator = config->allocator;
    source->allocated = sizeof(*source);
    own_config(source, config);
    source->now = now;
    source->created_at = now;
    source->state = FERRY_SOURCE_OPENING;
    source->accept_until = FERRY_TIME_NEVER;
    source->unknown_at = FERRY_TIME_NEVER;
    source->ending.close_until = FERRY_TIME_NEVER;
    source->attempt.abort_at = FERRY_TIME_NEVER;
    source->handover = handover_source_start(config->epoch);
    source->copy.state = COPY_IDLE;
    source->copy.barrier_done = WIRE_ROUND_NONE;
    source->copy.last_progress = now;
    memory_windows_init(&source->copy.windows, source->regions, config->region_count);
    source->outcome.rounds = source->rounds;
    source_link_init(source);
    return source;
}

enum ferry_status ferry_source_create(
    const struct ferry_source_config *config, ferry_time_ns now, struct ferry_source **source_out)
{
    FERRY_TRY(source_check_config(config));
    struct ferry_source *source = source_allocate(config, now);
    if (source == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    source->guest_alive = true;
    source_link_start(source);
    *source_out = source;
    return FERRY_OK;
}

void ferry_source_destroy(struct ferry_source *source)
{
    if (source != NULL) {
        const struct ferry_allocator allocator = source->allocator;
        base_release(&allocator, source, source->allocated);
    }
}

void source_trace(
    struct ferry_source *source,
    enum ferry_trace_kind kind,
    int64_t a,
    int64_t b,
    int64_t c,
    int64_t d)
{
    if (source->config.trace.emit == NULL) {
        return;
    }
    const struct ferry_trace_event event = {
        .kind = kind,
        .session = source->config.session,
        .at = source->now,
        .field = {a, b, c, d},
    };
    source->config.trace.emit(source->config.trace.context, &event);
}

ferry_time_ns source_told(ferry_time_ns duration)
{
    return duration < SOURCE_TOLD_MAX ? duration : SOURCE_TOLD_MAX;
}

void source_tell(struct ferry_source *source, struct ferry_action action)
{
    action.session = source->config.session;
    (void)base_queue_push(&source->queue, &action, false);
}

void source_ask(
    struct ferry_source *source,
    enum pending_kind pending,
    struct ferry_action action,
    ferry_time_ns limit)
{
    struct pending *slot = &source->pending[pending];
    FERRY_ASSERT(slot->id == 0);
    action.session = source->config.session;
    slot->id = base_queue_push(&source->queue, &action, true);
    slot->issued_at = source->now;
    slot->until = limit == FERRY_TIME_NEVER ? FERRY_TIME_NEVER : source->now + limit;
}

void source_abandon(struct ferry_source *source, enum pending_kind pending)
{
    source->pending[pending].id = 0;
}

void source_send(struct ferry_source *source, const struct wire_message *message)
{
    if (!source_link_connected(source)) {
        /* mark: source-unsaid -- without a connection nothing is said */
        return; /* what matters is said again after the next RESUME */
    }
    const size_t capacity = FERRY_CONTROL_PAYLOAD_MAX;
    uint8_t *out = base_queue_reserve(&source->queue, capacity);
    FERRY_ASSERT(out != NULL);
    size_t size = 0;
    const enum ferry_status status = wire_message_encode(message, out, capacity, &size);
    FERRY_ASSERT(status == FERRY_OK); /* our own messages fit: limits.h */
    base_queue_commit(&source->queue, size);
    source_trace(
        source,
        FERRY_TRACE_MESSAGE_SENT,
        message->type,
        (int64_t)size,
        wire_message_attempt(message),
        0);
    source_tell(
        source,
        (struct ferry_action){
            .kind = FERRY_ACTION_SEND_CONTROL,
            .attach = source->link.attach,
            .bytes = {.data = out, .size = size},
    });
}

void source_persist(
    struct ferry_source *source,
    enum pending_kind pending,
    enum ferry_record_kind kind,
    const struct handover_record_body *body)
{
    uint8_t *out = base_queue_reserve(&source->queue, FERRY_RECORD_MAX);
    FERRY_ASSERT(out != NULL);
    const size_t size = handover_record_encode(kind, body, out);
    base_queue_commit(&source->queue, size);
    source_ask(
        source,
        pending,
        (struct ferry_action){
            .kind = FERRY_ACTION_PERSIST,
            .record_kind = kind,
            .attempt = body->attempt,
            .epoch = body->epoch,
            .bytes = {.data = out, .size = size},
    },
        source->config.action_limit);
}

/* ---- input ---- */

static void
report_persisted(struct ferry_source *source, enum pending_kind pending, enum ferry_status status)
{
    switch (pending) {
    case PENDING_PERSIST_SESSION: source_opening_session_persisted(source, status); return;
    case PENDING_PERSIST_GRANTED: source_grant_persisted(source, status); return;
    case PENDING_PERSIST_CLAIMED: source_grant_claim_persisted(source, status); return;
    case PENDING_PERSIST_ENDED: source_ending_persisted(source, status); return;
    case PENDING_DETACH:
    case PENDING_PROBE:
    case PENDING_COLLECT:
    case PENDING_PAUSE:
    case PENDING_RESUME:
    case PENDING_CAPTURE:
    case PENDING_FREE:
    case PENDING_FORGET:
    case PENDING_COUNT: break;
    }
    FERRY_ASSERT(false); /* no journal write */
}

static void
report(struct ferry_source *source, enum pending_kind pending, const struct ferry_event *event)
{
    switch (pending) {
    case PENDING_DETACH: source_link_detach_done(source); return;
    case PENDING_PROBE: source_link_probe_done(source, event->status); return;
    case PENDING_COLLECT: source_copy_collected(source, event); return;
    case PENDING_PAUSE: source_attempt_paused(source, event->status); return;
    case PENDING_RESUME: source_attempt_resumed(source, event->status, event->duration_ns); return;
    case PENDING_CAPTURE: source_attempt_captured(source, event); return;
    case PENDING_FREE: source_ending_freed(source); return;
    case PENDING_FORGET: source_ending_forgotten(source); return;
    case PENDING_PERSIST_SESSION:
    case PENDING_PERSIST_GRANTED:
    case PENDING_PERSIST_CLAIMED:
    case PENDING_PERSIST_ENDED:
        report_persisted(source, pending, event->status);
        if (source->state == FERRY_SOURCE_CLOSING && source->ending.closed_heard) {
            source_ending_closed_heard(source);
        }
        return;
    case PENDING_COUNT: break;
    }
    FERRY_ASSERT(false); /* no such report */
}

static void input_report(struct ferry_source *source, const struct ferry_event *event)
{
    for (int i = 0; i < PENDING_COUNT; i++) {
        if (event->action_id != 0 && source->pending[i].id == event->action_id) {
            source->pending[i].id = 0;
            report(source, (enum pending_kind)i, event);
            return;
        }
    }
    /* mark: source-stale-report -- the report of an abandoned action */
    source->outcome.dropped_reports++;
    source_trace(source, FERRY_TRACE_REPORT_DROPPED, (int64_t)event->action_id, event->kind, 0, 0);
}

static void tick(struct ferry_source *source)
{
    source_link_tick(source);
    source_attempt_tick(source);
    source_ending_tick(source);
}

static enum ferry_status input_command(struct ferry_source *source, const struct ferry_event *event)
{
    const bool over = source->state == FERRY_SOURCE_CLOSING || source->state == FERRY_SOURCE_CLOSED;
    if (over && event->kind != FERRY_EVENT_CLAIM && event->kind != FERRY_EVENT_CANCEL) {
        return FERRY_USAGE_STATE;
    }
    if (event->kind == FERRY_EVENT_CANCEL) {
        return source_ending_cancel(source);
    }
    if (event->kind == FERRY_EVENT_SET_BANDWIDTH_CAP) {
        source->config.bandwidth_cap = event->rate;
        source_trace(source, FERRY_TRACE_CAP_CHANGED, (int64_t)(event->rate & INT64_MAX), 0, 0, 0);
        source_copy_set_rate(source);
        return FERRY_OK;
    }
    if (event->kind == FERRY_EVENT_SET_BLACKOUT_LIMIT) {
        if (event->duration_ns < 0) {
            return FERRY_USAGE_CONFIG;
        }
        source->config.blackout_limit =
            event->duration_ns; /* an open attempt keeps the limit it began with */
        return FERRY_OK;
    }
    if (event->kind == FERRY_EVENT_SWITCH_NOW) {
        if (source_grant_is_out(source)) {
            return FERRY_USAGE_STATE;
        }
        source->switch_now = true;
        return FERRY_OK;
    }
    if (event->kind == FERRY_EVENT_CLAIM) {
        return source_grant_claim(source);
    }
    return FERRY_USAGE_STATE; /* BURN is the target's */
}

static enum ferry_status input(struct ferry_source *source, const struct ferry_event *event)
{
    switch (event->kind) {
    case FERRY_EVENT_ATTACHED: source_link_attached(source, event->attach); return FERRY_OK;
    case FERRY_EVENT_DETACHED:
        source_link_detached(source, event->attach, event->status);
        return FERRY_OK;
    case FERRY_EVENT_CONTROL_BYTES:
        source_link_bytes(source, event->attach, event->bytes);
        return FERRY_OK;
    case FERRY_EVENT_BATCH_SENT: source_copy_sent(source, event); return FERRY_OK;
    case FERRY_EVENT_DONE:
    case FERRY_EVENT_COLLECTED:
    case FERRY_EVENT_STATE_CAPTURED: input_report(source, event); return FERRY_OK;
    case FERRY_EVENT_TICK: return FERRY_OK; /* deadlines are looked at after every input */
    case FERRY_EVENT_CANCEL:
    case FERRY_EVENT_SET_BANDWIDTH_CAP:
    case FERRY_EVENT_SET_BLACKOUT_LIMIT:
    case FERRY_EVENT_SWITCH_NOW:
    case FERRY_EVENT_CLAIM:
    case FERRY_EVENT_BURN: {
        const enum ferry_status status = input_command(source, event);
        if (status != FERRY_OK) {
            /* mark: source-command-refused -- an order that is not possible now */
            source_trace(source, FERRY_TRACE_COMMAND_REFUSED, event->kind, source->state, 0, 0);
        }
        return status;
    }
    case FERRY_EVENT_BATCH_PLACED:
    case FERRY_EVENT_BARRIER_REACHED:
    case FERRY_EVENT_STREAM_ERROR: return FERRY_USAGE_STATE; /* the target's */
    }
    return FERRY_USAGE_STATE;
}

enum ferry_status
ferry_source_input(struct ferry_source *source, const struct ferry_event *event, ferry_time_ns now)
{
    if (source->state == FERRY_SOURCE_CLOSED) {
        return FERRY_USAGE_STATE;
    }
    FERRY_ASSERT(now >= source->now);
    source->now = now;
    const enum ferry_status status = input(source, event);
    if (source->state != FERRY_SOURCE_CLOSED) {
        tick(source);
    }
    if (source->state != FERRY_SOURCE_CLOSED) {
        source_copy_pump(source);
        source_attempt_pump(source);
    }
    return status;
}

bool ferry_source_next_action(struct ferry_source *source, struct ferry_action *action_out)
{
    return base_queue_pop(&source->queue, action_out);
}

static ferry_time_ns earlier(ferry_time_ns a, ferry_time_ns b)
{
    return a < b ? a : b;
}

ferry_time_ns ferry_source_deadline(const struct ferry_source *source)
{
    if (source->state == FERRY_SOURCE_CLOSED) {
        return FERRY_TIME_NEVER;
    }
    ferry_time_ns deadline = earlier(source_link_deadline(source), source_attempt_deadline(source));
    deadline = earlier(deadline, source_copy_deadline(source));
    return earlier(deadline, source_ending_deadline(source));
}

enum ferry_source_state ferry_source_state(const struct ferry_source *source)
{
    return source->state;
}

void ferry_source_progress(const struct ferry_source *source, struct ferry_progress *progress_out)
{
    struct ferry_policy_samples samples;
    source_copy_samples(source, &samples);
    *progress_out = (struct ferry_progress){
        .state = source->state,
        .round = source->copy.round,
        .round_pages = source->copy.round_now.pages,
        .round_pages_sent = source->copy.acknowledged_pages,
        .total_pages = source->total_pages,
        .wire_bytes = source->outcome.wire_bytes,
        .bandwidth = samples.bandwidth,
        .dirty_bytes_per_second = source->copy.dirty_rate,
        .predicted_blackout = ferry_policy_predict(&samples),
        .path = source->link.order[source->link.position],
        .attached = source_link_carries(source),
        .attempt = source_copy_paused_phase(source) ? source->handover.attempt : 0,
    };
}
