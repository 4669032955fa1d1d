/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.c -- what an engine object says about itself becomes events for operators.
 *
 * An engine says much in the middle of a pause, and each event costs text. So what it says is kept
 * as the integers that it is, and told a moment later; when there is no more room, all of it at once.
 */
#include "engine/host/daemon/trace.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/session.h"

#include <inttypes.h>
#include <string.h>

/* Longer than the handover of a small guest, short enough for whoever acts on what he hears. */
#define TELL_AFTER (2 * FERRY_MILLISECOND)

static json_t *number_or_null(int64_t value)
{
    return value <= 0 || value == FERRY_TIME_NEVER ? json_null() : json_integer(value);
}

static json_t *head(const struct session *session)
{
    char text[SESSION_ID_TEXT];

    return json_pack(
        "{s:s, s:s, s:s, s:s}",
        "guest",
        session->note.guest,
        "session",
        session_text(session->id, text),
        "direction",
        session->target ? "in" : "out",
        "peer",
        session->note.peer);
}

static const char *lower(const char *name, char *text, size_t size)
{
    size_t i = 0;

    for (; name[i] != '\0' && i + 1 < size; i++) {
        text[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
    }
    text[i] = '\0';
    return text;
}

static void tell_state(struct session *session, const struct ferry_trace_event *event)
{
    char text[32];
    const char *name = event->target
                           ? ferry_target_state_name((enum ferry_target_state)event->field[1])
                           : ferry_source_state_name((enum ferry_source_state)event->field[1]);
    json_t *fields = head(session);

    (void)json_object_set_new(fields, "state", json_string(lower(name, text, sizeof text)));
    (void)json_object_set_new(fields, "round", json_integer(session->trace.round));
    (void)json_object_set_new(fields, "attempt", json_integer(session->trace.attempt));
    daemon_event(session->daemon, "move.state", fields);
}

static void tell_round(struct session *session, const struct ferry_trace_event *event)
{
    json_t *fields = head(session);
    struct ferry_progress progress = {0};

    if (session->source_engine != NULL) {
        ferry_source_progress(session->source_engine, &progress);
    }
    (void)json_object_set_new(fields, "round", json_integer(event->field[0]));
    (void)json_object_set_new(fields, "pages", json_integer(event->field[1]));
    (void)json_object_set_new(
        fields, "bandwidth", number_or_null((int64_t)(progress.bandwidth & INT64_MAX)));
    (void)json_object_set_new(
        fields,
        "dirty_rate",
        number_or_null((int64_t)(progress.dirty_bytes_per_second & INT64_MAX)));
    (void)json_object_set_new(
        fields, "predicted_blackout_ns", number_or_null(session->trace.predicted));
    (void)json_object_set_new(
        fields,
        "rule",
        session->trace.rule == 0
            ? json_null()
            : json_string(ferry_rule_name((enum ferry_rule)session->trace.rule)));
    daemon_event(session->daemon, "move.round", fields);
}

static void tell_link(struct session *session, const struct ferry_trace_event *event)
{
    json_t *fields = head(session);

    (void)json_object_set_new(fields, "network", json_integer(event->field[1]));
    if (event->kind == FERRY_TRACE_LINK_DOWN) {
        (void)json_object_set_new(
            fields,
            "reason",
            json_string(ferry_status_sentence((enum ferry_status)event->field[2])));
    }
    daemon_event(
        session->daemon,
        event->kind == FERRY_TRACE_LINK_UP ? "move.attached" : "move.detached",
        fields);
}

static void log_event(const struct session *session, const struct ferry_trace_event *event)
{
    const struct ferry_trace_info *info = ferry_trace_describe(event->kind);

    if (!host_log_enabled(HOST_LOG_DEBUG)) {
        return;
    }
    host_log(
        HOST_LOG_DEBUG,
        "%s %s %s at %" PRId64 ": %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
        session->note.guest,
        event->target ? "target" : "source",
        info->name,
        event->at,
        event->field[0],
        event->field[1],
        event->field[2],
        event->field[3]);
}

static void tell(struct session *session, const struct ferry_trace_event *event)
{
    log_event(session, event);
    if (event->kind == FERRY_TRACE_SOURCE_STATE || event->kind == FERRY_TRACE_TARGET_STATE) {
        tell_state(session, event);
    } else if (event->kind == FERRY_TRACE_ROUND_BEGUN) {
        session->trace.round = event->field[0];
        tell_round(session, event);
    } else if (event->kind == FERRY_TRACE_LINK_UP || event->kind == FERRY_TRACE_LINK_DOWN) {
        tell_link(session, event);
    } else if (event->kind == FERRY_TRACE_VERDICT) {
        session->trace.rule = event->field[1];
        session->trace.predicted = event->field[2];
    } else if (event->kind == FERRY_TRACE_ATTEMPT_OPENED) {
        session->trace.attempt = event->field[0];
    } else if (event->kind == FERRY_TRACE_ATTEMPT_ABORTED) {
        session->trace.attempt = 0;
    }
}

void trace_flush(struct session *session)
{
    struct session_trace *trace = &session->trace;
    const size_t count = trace->count;

    trace->count = 0;
    loop_timer_stop(&trace->timer);
    for (size_t i = 0; i < count; i++) {
        tell(session, &trace->events[i]);
    }
}

static void flush_now(void *context)
{
    trace_flush(context);
}

void trace_init(struct session *session)
{
    loop_timer_init(&session->trace.timer, session->daemon->loop, flush_now, session);
}

static bool wanted(const struct ferry_trace_event *event)
{
    return ferry_trace_describe(event->kind)->level == FERRY_TRACE_INFO ||
           host_log_enabled(HOST_LOG_DEBUG);
}

static void emit(void *context, const struct ferry_trace_event *event)
{
    struct session *session = context;
    struct session_trace *trace = &session->trace;

    if (session->gone || !wanted(event)) {
        return;
    }
    if (trace->count == SESSION_TRACE_MAX) {
        trace_flush(session);
    }
    if (trace->count == 0) {
        loop_timer_set(&trace->timer, host_now() + TELL_AFTER);
    }
    trace->events[trace->count] = *event;
    trace->count++;
}

struct ferry_trace_sink trace_sink(struct session *session)
{
    return (struct ferry_trace_sink){.emit = emit, .context = session};
}
