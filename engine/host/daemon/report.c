/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c -- sessions as operators see them. Every key of docs/control.md is always there, null
 * where its value does not exist.
 */
#include "engine/host/daemon/report.h"

#include "engine/host/base/fd.h"

#include <inttypes.h>
#include <stdio.h>

json_t *report_hex(uint64_t number)
{
    return json_sprintf("%016" PRIx64, number);
}

static json_t *number_or_null(bool is, uint64_t number)
{
    return is ? json_integer((json_int_t)(number & INT64_MAX)) : json_null();
}

/* ---- where the guest is ---- */

static const char *source_guest_state(const struct session *session, char *text, size_t size)
{
    const char *here = session->daemon->config->host;
    const char *there = session->note.peer;
    const struct vm *vm = session->vm;

    if (session->outcome_kind == FERRY_OUTCOME_COMPLETED) {
        (void)snprintf(text, size, "runs on %s", there);
    } else if (session->outcome_kind == FERRY_OUTCOME_UNKNOWN) {
        (void)snprintf(
            text,
            size,
            "paused on %s and granted to %s, which has not said if it runs there",
            here,
            there);
    } else if (vm == NULL || vm->state == VM_STOPPED || vm->died) {
        (void)snprintf(text, size, "its process on %s has ended", here);
    } else if (vm->guest != NULL && vm->guest->guest_state == VMMLINK_GUEST_PAUSED) {
        (void)snprintf(text, size, "paused on %s", here);
    } else {
        (void)snprintf(text, size, "runs on %s as before", here);
    }
    return text;
}

const char *session_guest_state(const struct session *session, char *text, size_t size)
{
    if (!session->target) {
        return source_guest_state(session, text, size);
    }
    const struct vm *vm = session->vm;
    if (session->running && vm != NULL && vm->state == VM_UP && !vm->died) {
        (void)snprintf(text, size, "runs on %s", session->daemon->config->host);
    } else if (session->running) {
        (void)snprintf(
            text, size, "belongs to %s, its process has ended", session->daemon->config->host);
    } else {
        (void)snprintf(
            text,
            size,
            "with %s",
            session->note.peer[0] == '\0' ? "its source" : session->note.peer);
    }
    return text;
}

/* ---- status ---- */

static void add_source(const struct session *session, json_t *object)
{
    struct ferry_progress progress = {0};
    const struct move_options *limits = &session->limits;
    const bool live = session->source_engine != NULL;

    if (live) {
        ferry_source_progress(session->source_engine, &progress);
    }
    const bool predicted =
        progress.predicted_blackout > 0 && progress.predicted_blackout != FERRY_TIME_NEVER;
    const struct {
        const char *key;
        json_t *value;
    } table[] = {
        {"attached",                        json_boolean(progress.attached)                     },
        {"network",                         number_or_null(progress.attached,                     progress.path)},
        {"round",                                 number_or_null(live,                                                                               progress.round)},
        {"round_pages",                  number_or_null(live,progress.round_pages)},
        {"round_pages_sent",number_or_null(live,                                     progress.round_pages_sent)},
        {"total_pages",                number_or_null(live,                                                     progress.total_pages)},
        {"wire_bytes",                                 number_or_null(live,                                                                         progress.wire_bytes)},
        {"bandwidth",            number_or_null(progress.bandwidth != 0,            progress.bandwidth)},
        {"dirty_rate",number_or_null(live,progress.dirty_bytes_per_second)},
        {"predicted_blackout_ns",                       number_or_null(predicted,                          (uint64_t)progress.predicted_blackout)},
        {"blackout_limit_ns",
         number_or_null(
             !session->restarted && limits->blackout_limit != FERRY_TIME_NEVER,
         (uint64_t)limits->blackout_limit)},
        {"bandwidth_cap",
         number_or_null(
             !session->restarted && limits->bandwidth_cap != FERRY_RATE_UNLIMITED,
         limits->bandwidth_cap)},
        {"streams",number_or_null(true,limits->streams)},
        {"attempt",               number_or_null(true,                   progress.attempt)},
        {"rule",
         session->trace.rule == 0
             ? json_null()
             : json_string(ferry_rule_name((enum ferry_rule)session->trace.rule))                                                                      },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        (void)json_object_set_new(object, table[i].key, table[i].value);
    }
}

static void add_target(const struct session *session, json_t *object)
{
    static const char *const keys[] = {
        "network",
        "round",
        "round_pages",
        "round_pages_sent",
        "wire_bytes",
        "bandwidth",
        "dirty_rate",
        "predicted_blackout_ns",
        "blackout_limit_ns",
        "bandwidth_cap",
        "streams",
        "attempt",
        "rule",
    };

    (void)json_object_set_new(object, "attached", json_boolean(session->inlets != NULL));
    (void)json_object_set_new(
        object, "total_pages", number_or_null(session->total_pages != 0, session->total_pages));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        (void)json_object_set_new(object, keys[i], json_null());
    }
}

json_t *report_status(const struct session *session)
{
    char id[SESSION_ID_TEXT];
    char state[HOST_ERROR_STEP_MAX];
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:I}",
        "session",
        session_text(session->id, id),
        "guest",
        session->note.guest,
        "direction",
        session->target ? "in" : "out",
        "peer",
        session->note.peer,
        "state",
        session_state_name(session),
        "outcome",
        session->outcome_kind == FERRY_OUTCOME_NONE
            ? json_null()
            : json_string(ferry_outcome_name(session->outcome_kind)),
        "guest_state",
        session_guest_state(session, state, sizeof state),
        "elapsed_ns",
        (json_int_t)(host_now() - session->begun_at));

    if (session->target) {
        add_target(session, object);
    } else {
        add_source(session, object);
    }
    return object;
}
