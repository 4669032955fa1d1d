/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers_order.c -- wait, status, cancel, set: what can be asked and ordered of a move under way.
 *
 * An engine answers a command at once, by its own rules; what is too late for it is told with where
 * the guest is.
 */
#include "engine/host/daemon/handlers.h"
#include "engine/host/daemon/report.h"
#include "engine/host/daemon/waiter.h"

#include <stdlib.h>
#include <string.h>

/* ---- finding ---- */

static bool read_id(const char *text, struct ferry_session_id *id_out)
{
    char half[17] = "";
    char *end = NULL;

    if (strlen(text) != 32 || strspn(text, "0123456789abcdef") != 32) {
        return false;
    }
    memcpy(half, text, 16);
    id_out->high = strtoull(half, &end, 16);
    id_out->low = strtoull(text + 16, &end, 16);
    return true;
}

static struct session *find_by_guest(const struct daemon *daemon, const char *guest)
{
    for (struct session *session = daemon->sessions; session != NULL; session = session->next) {
        if (strcmp(session->note.guest, guest) == 0) {
            return session;
        }
    }
    return NULL;
}

static struct session *find_by_text(const struct daemon *daemon, const char *text)
{
    struct ferry_session_id id;

    if (!read_id(text, &id)) {
        return NULL;
    }
    struct session *session = session_find(daemon, id, false);
    return session != NULL ? session : session_find(daemon, id, true);
}

/* The session that `guest` or `session` names, among those under way. */
static enum host_code find_session(
    const struct daemon *daemon,
    const json_t *args,
    struct session **session_out,
    struct host_error *error)
{
    const char *guest = NULL;
    const char *text = NULL;

    HOST_TRY(control_arg_text(args, "guest", CONTROL_OPTIONAL, &guest, error));
    HOST_TRY(control_arg_text(args, "session", CONTROL_OPTIONAL, &text, error));
    if (guest == NULL && text == NULL) {
        return host_fail(error, HOST_USAGE, "a guest or a session has to be named");
    }
    struct session *session =
        text != NULL ? find_by_text(daemon, text) : find_by_guest(daemon, guest);
    if (session == NULL) {
        const enum host_code code = host_fail(
            error, HOST_NOT_FOUND, "no move of %s is under way", text != NULL ? text : guest);
        host_error_step(error, "see ferry status");
        return code;
    }
    *session_out = session;
    return HOST_OK;
}

/* ---- wait, status ---- */

static json_t *past(const struct daemon *daemon, const char *id, const char *what)
{
    size_t at = 0;
    json_t *entry = NULL;

    json_array_foreach(daemon->history, at, entry)
    {
        const json_t *wait = json_object_get(entry, "wait");
        if (strcmp(json_string_value(json_object_get(wait, "session")), id) == 0) {
            return json_object_get(entry, what);
        }
    }
    return NULL;
}

void handle_wait(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {"session", NULL};
    struct daemon *daemon = context;
    const char *text = NULL;
    struct host_error error;

    if (control_args_known(args, names, &error) != HOST_OK ||
        control_arg_text(args, "session", CONTROL_REQUIRED, &text, &error) != HOST_OK) {
        control_fail(request, &error, NULL);
        return;
    }
    struct ferry_session_id id = {0};
    struct session *session = read_id(text, &id) ? session_find(daemon, id, false) : NULL;
    json_t *ended = past(daemon, text, "wait");
    if (session != NULL) {
        waiter_add(session, request);
    } else if (ended != NULL) {
        control_reply(request, json_incref(ended));
    } else {
        (void)host_fail(&error, HOST_NOT_FOUND, "no move has the session %s", text);
        host_error_step(&error, "see ferry status, and ferry session list");
        control_fail(request, &error, NULL);
    }
}

static bool meant(const json_t *status, const char *guest, const char *session)
{
    return (guest == NULL ||
            strcmp(json_string_value(json_object_get(status, "guest")), guest) == 0) &&
           (session == NULL ||
            strcmp(json_string_value(json_object_get(status, "session")), session) == 0);
}

void handle_status(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {"guest", "session", NULL};
    struct daemon *daemon = context;
    const char *guest = NULL;
    const char *text = NULL;
    struct host_error error;
    size_t at = 0;
    json_t *entry = NULL;

    if (control_args_known(args, names, &error) != HOST_OK ||
        control_arg_text(args, "guest", CONTROL_OPTIONAL, &guest, &error) != HOST_OK ||
        control_arg_text(args, "session", CONTROL_OPTIONAL, &text, &error) != HOST_OK) {
        control_fail(request, &error, NULL);
        return;
    }
    json_t *moves = json_array();
    json_array_foreach(daemon->history, at, entry)
    {
        json_t *status = json_object_get(entry, "status");
        if (meant(status, guest, text) &&
            find_by_text(daemon, json_string_value(json_object_get(status, "session"))) == NULL) {
            (void)json_array_append(moves, status);
        }
    }
    for (const struct session *session = daemon->sessions; session != NULL;
         session = session->next) {
        json_t *status = report_status(session);
        if (meant(status, guest, text)) {
            (void)json_array_append(moves, status);
        }
        json_decref(status);
    }
    control_reply(request, json_pack("{s:o}", "moves", moves));
}

/* ---- commands ---- */

static void answer_command(struct control_request *request, const struct session *session)
{
    char id[SESSION_ID_TEXT];

    control_reply(request, json_pack("{s:s}", "session", session_text(session->id, id)));
}

void handle_cancel(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {"guest", "session", NULL};
    struct session *session = NULL;
    struct host_error error;

    if (control_args_known(args, names, &error) != HOST_OK ||
        find_session(context, args, &session, &error) != HOST_OK || session == NULL) {
        control_fail(request, &error, NULL);
        return;
    }
    if (session->target) {
        (void)host_fail(
            &error,
            HOST_USAGE,
            "a move is cancelled at the host that it leaves: %s",
            session->note.peer);
        control_fail(request, &error, NULL);
        return;
    }
    const enum ferry_status status =
        session_command(session, &(struct ferry_event){.kind = FERRY_EVENT_CANCEL});
    if (status != FERRY_OK) {
        fail_command(request, session, status);
        return;
    }
    answer_command(request, session);
}

struct changes {
    bool cap;
    bool limit;
    bool switch_now;
    uint64_t rate;
    uint64_t limit_ns;
};

static enum host_code
read_changes(const json_t *args, struct changes *changes, struct host_error *error)
{
    changes->cap = json_object_get(args, "bandwidth_cap") != NULL;
    changes->limit = json_object_get(args, "blackout_limit_ns") != NULL;
    HOST_TRY(
        arg_number_or_null(args, "bandwidth_cap", FERRY_RATE_UNLIMITED, &changes->rate, error));
    HOST_TRY(arg_number_or_null(
        args, "blackout_limit_ns", (uint64_t)FERRY_TIME_NEVER, &changes->limit_ns, error));
    HOST_TRY(control_arg_flag(args, "switch_now", CONTROL_OPTIONAL, &changes->switch_now, error));
    if (!changes->cap && !changes->limit && !changes->switch_now) {
        return host_fail(
            error, HOST_USAGE, "set needs bandwidth_cap, blackout_limit_ns or switch_now");
    }
    return HOST_OK;
}

static enum ferry_status apply(struct session *session, const struct changes *changes)
{
    enum ferry_status status = FERRY_OK;

    if (changes->cap) {
        status = session_command(
            session,
            &(struct ferry_event){.kind = FERRY_EVENT_SET_BANDWIDTH_CAP, .rate = changes->rate});
        session->limits.bandwidth_cap =
            status == FERRY_OK ? changes->rate : session->limits.bandwidth_cap;
    }
    if (status == FERRY_OK && changes->limit) {
        const ferry_time_ns limit = (ferry_time_ns)changes->limit_ns;
        status = session_command(
            session,
            &(struct ferry_event){.kind = FERRY_EVENT_SET_BLACKOUT_LIMIT, .duration_ns = limit});
        session->limits.blackout_limit =
            status == FERRY_OK ? limit : session->limits.blackout_limit;
    }
    if (status == FERRY_OK && changes->switch_now) {
        status = session_command(session, &(struct ferry_event){.kind = FERRY_EVENT_SWITCH_NOW});
    }
    return status;
}

void handle_set(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {
        "guest", "session", "bandwidth_cap", "blackout_limit_ns", "switch_now", NULL};
    struct session *session = NULL;
    struct changes changes = {0};
    struct host_error error;

    if (control_args_known(args, names, &error) != HOST_OK ||
        find_session(context, args, &session, &error) != HOST_OK || session == NULL ||
        read_changes(args, &changes, &error) != HOST_OK) {
        control_fail(request, &error, NULL);
        return;
    }
    const enum ferry_status status = session->target ? FERRY_USAGE_STATE : apply(session, &changes);
    if (status != FERRY_OK) {
        fail_command(request, session, status);
        return;
    }
    answer_command(request, session);
}
