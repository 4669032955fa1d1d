/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome.c -- the outcome of a move: as JSON with the keys of docs/json.md, told to those who wait,
 * kept for those who ask later.
 *
 * UNKNOWN may be followed by a second outcome, which replaces it for those who ask; who waited was
 * told UNKNOWN, and that is what it was.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/report.h"
#include "engine/host/daemon/waiter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND 1e9

struct waiter {
    struct waiter *next;
    struct control_request *request;
};

/* ---- as JSON ---- */

static json_t *seconds(int64_t ns)
{
    return json_real((double)ns / NS_PER_SECOND);
}

static json_t *seconds_or_null(bool is, int64_t ns)
{
    return is ? seconds(ns) : json_null();
}

static json_t *blackout_parts(const struct ferry_blackout *blackout)
{
    json_t *parts = json_object();

    if (blackout->total_ns == 0) {
        return parts;
    }
    const struct {
        const char *key;
        ferry_time_ns value;
    } table[] = {
        {"capture_s",       blackout->capture_ns      },
        {"collect_s",       blackout->collect_ns      },
        {"transfer_s",      blackout->transfer_ns     },
        {"load_s",          blackout->load_ns         },
        {"ready_s",         blackout->ready_ns        },
        {"grant_persist_s", blackout->grant_persist_ns},
        {"grant_s",         blackout->grant_ns        },
        {"owner_persist_s", blackout->owner_persist_ns},
        {"resume_s",        blackout->resume_ns       },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        (void)json_object_set_new(parts, table[i].key, seconds(table[i].value));
    }
    return parts;
}

static json_t *aborted_attempts(const struct ferry_outcome *outcome)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < outcome->aborted_count && i < FERRY_ATTEMPTS_MAX; i++) {
        const struct ferry_aborted_attempt *aborted = &outcome->aborted[i];
        (void)json_array_append_new(
            list,
            json_pack(
                "{s:I, s:o, s:o, s:s}",
                "attempt",
                (json_int_t)aborted->attempt,
                "paused_s",
                seconds(aborted->paused_ns),
                "predicted_s",
                seconds_or_null(aborted->predicted_ns != FERRY_TIME_NEVER, aborted->predicted_ns),
                "reason",
                ferry_status_sentence(aborted->reason)));
    }
    return list;
}

static json_t *rounds(const struct ferry_outcome *outcome)
{
    const uint32_t kept =
        outcome->round_count < FERRY_ROUNDS_KEPT ? outcome->round_count : FERRY_ROUNDS_KEPT;
    json_t *list = json_array();

    for (uint32_t i = 0; outcome->rounds != NULL && i < kept; i++) {
        const struct ferry_round *round = &outcome->rounds[i];
        (void)json_array_append_new(
            list,
            json_pack(
                "{s:I, s:I, s:I, s:o, s:I, s:b}",
                "pages",
                (json_int_t)round->pages,
                "zero_pages",
                (json_int_t)round->zero_pages,
                "bytes",
                (json_int_t)round->bytes,
                "seconds",
                seconds(round->duration_ns),
                "dirty_after",
                (json_int_t)round->dirty_after,
                "final",
                (int)round->final));
    }
    return list;
}

/* The engine knows that no connection stood; why, the host alone does: a certificate, a firewall. */
static json_t *reason_of(const struct session *session, const struct ferry_outcome *outcome)
{
    const bool link =
        outcome->status == FERRY_TIMEOUT_CONNECT || outcome->status == FERRY_TIMEOUT_RECONNECT ||
        outcome->status == FERRY_WORLD_LINK || outcome->status == FERRY_REFUSED_CREDENTIALS;

    if (link && session->link_reason[0] != '\0') {
        return json_sprintf("%s; the last try: %s", outcome->reason, session->link_reason);
    }
    return json_string(outcome->reason);
}

static json_t *outcome_json(const struct session *session, const struct ferry_outcome *outcome)
{
    const bool predicted =
        outcome->predicted_blackout_ns > 0 && outcome->predicted_blackout_ns != FERRY_TIME_NEVER;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:s, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:I}",
        "guest",
        session->note.guest,
        "from",
        session->daemon->config->host,
        "to",
        session->note.peer,
        "outcome",
        ferry_outcome_name(outcome->kind),
        "reason",
        reason_of(session, outcome),
        "rule",
        ferry_rule_name(outcome->verdict.rule),
        "queued_s",
        0.0,
        "total_s",
        seconds(outcome->total_ns),
        "blackout_s",
        seconds_or_null(outcome->blackout.total_ns != 0, outcome->blackout.total_ns),
        "blackout_parts",
        blackout_parts(&outcome->blackout),
        "predicted_blackout_s",
        seconds_or_null(predicted, outcome->predicted_blackout_ns),
        "aborted_attempts",
        aborted_attempts(outcome),
        "rounds",
        rounds(outcome),
        "wire_bytes",
        (json_int_t)outcome->wire_bytes);

    return object;
}

/* ---- told ---- */

static const char *code_word(enum ferry_outcome_kind kind)
{
    switch (kind) {
    case FERRY_OUTCOME_COMPLETED: return host_code_word(HOST_OK);
    case FERRY_OUTCOME_CANCELLED: return host_code_word(HOST_CANCELLED);
    case FERRY_OUTCOME_REFUSED: return host_code_word(HOST_REFUSED);
    case FERRY_OUTCOME_UNKNOWN: return host_code_word(HOST_UNKNOWN);
    case FERRY_OUTCOME_FAILED:
    case FERRY_OUTCOME_NONE: break;
    }
    return host_code_word(HOST_FAILED);
}

static json_t *next_step(const struct session *session)
{
    char text[SESSION_ID_TEXT];

    switch (session->outcome_kind) {
    case FERRY_OUTCOME_UNKNOWN:
        return json_sprintf(
            "bring %s back, it is asked all the time; or see ferry session show %s",
            session->note.peer,
            session_text(session->id, text));
    case FERRY_OUTCOME_REFUSED:
        return json_sprintf("see the log of %s, mend it, and move again", session->note.peer);
    case FERRY_OUTCOME_FAILED: return json_string("mend what the reason names, and move again");
    case FERRY_OUTCOME_CANCELLED:
    case FERRY_OUTCOME_COMPLETED:
    case FERRY_OUTCOME_NONE: break;
    }
    return json_null();
}

json_t *report_wait(const struct session *session)
{
    char id[SESSION_ID_TEXT];
    char state[HOST_ERROR_STEP_MAX];

    return json_pack(
        "{s:s, s:s, s:o, s:s, s:O}",
        "session",
        session_text(session->id, id),
        "guest_state",
        session_guest_state(session, state, sizeof state),
        "next_step",
        next_step(session),
        "code",
        code_word(session->outcome_kind),
        "outcome",
        session->outcome);
}

static void answer_waiters(struct session *session)
{
    while (session->waiters != NULL) {
        struct waiter *waiter = session->waiters;
        session->waiters = waiter->next;
        control_reply(waiter->request, report_wait(session));
        free(waiter);
    }
}

void waiter_add(struct session *session, struct control_request *request)
{
    struct waiter *waiter = NULL;

    if (session->outcome != NULL) {
        control_reply(request, report_wait(session));
        return;
    }
    waiter = malloc(sizeof *waiter);
    if (waiter == NULL) {
        control_fail(
            request,
            &(struct host_error){.code = HOST_MEMORY, .text = "no memory to wait for the outcome"},
            NULL);
        return;
    }
    *waiter = (struct waiter){.next = session->waiters, .request = request};
    session->waiters = waiter;
}

void waiters_fail(struct session *session)
{
    while (session->waiters != NULL) {
        struct waiter *waiter = session->waiters;
        session->waiters = waiter->next;
        control_fail(
            waiter->request,
            &(struct host_error){.code = HOST_CLOSED, .text = "the daemon let go of the session"},
            NULL);
        free(waiter);
    }
}

/* ---- kept ---- */

static void keep(struct session *session)
{
    json_t *history = session->daemon->history;
    char id[SESSION_ID_TEXT];
    size_t at = 0;
    json_t *entry = NULL;

    (void)session_text(session->id, id);
    json_array_foreach(history, at, entry)
    {
        const json_t *wait = json_object_get(entry, "wait");
        if (strcmp(json_string_value(json_object_get(wait, "session")), id) == 0) {
            (void)json_array_remove(history, at);
            break;
        }
    }
    if (json_array_size(history) >= DAEMON_HISTORY_MAX) {
        (void)json_array_remove(history, 0);
    }
    (void)json_array_append_new(
        history,
        json_pack("{s:o, s:o}", "wait", report_wait(session), "status", report_status(session)));
}

static void tell_finished(struct session *session, const struct ferry_outcome *outcome)
{
    char id[SESSION_ID_TEXT];
    char state[HOST_ERROR_STEP_MAX];
    const bool known = outcome->blackout.total_ns != 0;

    daemon_event(
        session->daemon,
        "move.finished",
        json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:I, s:n}",
            "guest",
            session->note.guest,
            "session",
            session_text(session->id, id),
            "direction",
            "out",
            "peer",
            session->note.peer,
            "outcome",
            ferry_outcome_name(outcome->kind),
            "reason",
            reason_of(session, outcome),
            "guest_state",
            session_guest_state(session, state, sizeof state),
            "next_step",
            next_step(session),
            "blackout_ns",
            known ? json_integer(outcome->blackout.total_ns) : json_null(),
            "total_ns",
            (json_int_t)outcome->total_ns,
            "clock_step_ns"));
}

void session_arrived(struct session *session)
{
    char id[SESSION_ID_TEXT];
    char state[HOST_ERROR_STEP_MAX];

    host_log(
        HOST_LOG_NOTICE,
        "guest \"%s\" runs here, its clock stepped by %lld ns",
        session->note.guest,
        (long long)session->clock_step);
    daemon_event(
        session->daemon,
        "move.finished",
        json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:I, s:I}",
            "guest",
            session->note.guest,
            "session",
            session_text(session->id, id),
            "direction",
            "in",
            "peer",
            session->note.peer,
            "outcome",
            ferry_outcome_name(FERRY_OUTCOME_COMPLETED),
            "reason",
            "the guest runs here",
            "guest_state",
            session_guest_state(session, state, sizeof state),
            "next_step",
            "blackout_ns",
            "total_ns",
            (json_int_t)(host_now() - session->begun_at),
            "clock_step_ns",
            (json_int_t)session->clock_step));
}

void session_outcome(struct session *session, const struct ferry_outcome *outcome)
{
    json_decref(session->outcome);
    session->outcome = outcome_json(session, outcome);
    session->outcome_kind = outcome->kind;
    host_log(
        outcome->kind == FERRY_OUTCOME_COMPLETED ? HOST_LOG_NOTICE : HOST_LOG_WARNING,
        "guest \"%s\" to %s: %s: %s",
        session->note.guest,
        session->note.peer,
        ferry_outcome_name(outcome->kind),
        outcome->reason);
    trace_flush(session);
    tell_finished(session, outcome);
    keep(session);
    answer_waiters(session);
}
