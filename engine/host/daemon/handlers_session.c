/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers_session.c -- session.list, session.show, session.claim, session.burn: the way out where no
 * proof can come any more.
 *
 * claim  this host may run the guest. Wrong, if the other host runs it too: then there are two.
 * burn   this host will never run the guest in this session. Wrong, if this host held the only copy:
 *        then there is none.
 * Both are an operator's word, given to the engine as an event; what it may do with it is the
 * engine's own rule. They are answered when the engine's record of it is durable.
 */
#include "engine/host/daemon/handlers.h"
#include "engine/host/daemon/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_MIN 4U

static const char claim_risk[] =
    "if the other host runs the guest, or ever will, it runs twice, and both write to its disks";
static const char burn_risk[] =
    "if the other host has freed its copy, this one is the last, and the guest is lost";

/* ---- which one ---- */

static struct session *
live_session(const struct daemon *daemon, const struct journal_session *records)
{
    return session_find(daemon, records->session, records->role == JOURNAL_ROLE_TARGET);
}

static enum host_code find_records(
    const struct daemon *daemon,
    const char *text,
    const struct journal_session **records_out,
    struct host_error *error)
{
    const struct journal_session *records = NULL;
    const struct journal_session *found = NULL;
    char id[SESSION_ID_TEXT];

    if (strlen(text) < PREFIX_MIN) {
        return host_fail(
            error, HOST_USAGE, "a session is named by at least %u of its digits", PREFIX_MIN);
    }
    for (size_t n = 0; (records = journal_session_at(daemon->journal, n)) != NULL; n++) {
        if (strncmp(session_text(records->session, id), text, strlen(text)) != 0) {
            continue;
        }
        if (found != NULL) {
            return host_fail(error, HOST_USAGE, "more than one session begins with %s", text);
        }
        found = records;
    }
    if (found == NULL) {
        const enum host_code code =
            host_fail(error, HOST_NOT_FOUND, "the journal has no open session %s", text);
        host_error_step(error, "see ferry session list");
        return code;
    }
    *records_out = found;
    return HOST_OK;
}

/* ---- list, show ---- */

static bool has(const struct journal_session *records, enum ferry_record_kind kind)
{
    return journal_record_find(records, kind) != NULL;
}

static json_t *record_names(const struct journal_session *records)
{
    json_t *list = json_array();

    for (size_t i = 0; i < records->record_count; i++) {
        (void)json_array_append_new(list, json_string(ferry_record_name(records->records[i].kind)));
    }
    return list;
}

static bool may_claim(const struct journal_session *records, const struct session *session)
{
    if (session == NULL) {
        return false;
    }
    if (records->role == JOURNAL_ROLE_SOURCE) {
        return has(records, FERRY_RECORD_GRANTED) && !has(records, FERRY_RECORD_ENDED) &&
               !has(records, FERRY_RECORD_CLAIMED);
    }
    return ferry_target_state(session->target_engine) == FERRY_TARGET_READY;
}

static bool may_burn(const struct journal_session *records, const struct session *session)
{
    return session != NULL && records->role == JOURNAL_ROLE_TARGET &&
           !has(records, FERRY_RECORD_OWNER) && !has(records, FERRY_RECORD_BURNED);
}

static json_t *session_json(const struct daemon *daemon, const struct journal_session *records)
{
    const struct session *session = live_session(daemon, records);
    struct session_note note = {.guest_id = 0};
    char id[SESSION_ID_TEXT];
    char state[HOST_ERROR_STEP_MAX] = "not known here";

    if (note_decode(records->note, &note, NULL) != HOST_OK) {
        (void)snprintf(note.guest, sizeof note.guest, "?");
    }
    const struct journal_guest *guest = journal_guest_by_id(daemon->journal, note.guest_id);
    if (session != NULL) {
        (void)session_guest_state(session, state, sizeof state);
    }
    return json_pack(
        "{s:s, s:s, s:o, s:s, s:s, s:s, s:I, s:o, s:b, s:b, s:s}",
        "session",
        session_text(records->session, id),
        "guest",
        note.guest,
        "guest_id",
        report_hex(note.guest_id),
        "peer",
        note.peer,
        "role",
        records->role == JOURNAL_ROLE_TARGET ? "target" : "source",
        "state",
        session == NULL ? "recorded" : session_state_name(session),
        "epoch",
        (json_int_t)(guest == NULL ? 0 : guest->epoch),
        "records",
        record_names(records),
        "may_claim",
        (int)may_claim(records, session),
        "may_burn",
        (int)may_burn(records, session),
        "guest_state",
        state);
}

void handle_session_list(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {NULL};
    const struct daemon *daemon = context;
    const struct journal_session *records = NULL;
    struct host_error error;

    if (control_args_known(args, names, &error) != HOST_OK) {
        control_fail(request, &error, NULL);
        return;
    }
    json_t *list = json_array();
    for (size_t n = 0; (records = journal_session_at(daemon->journal, n)) != NULL; n++) {
        (void)json_array_append_new(list, session_json(daemon, records));
    }
    control_reply(request, json_pack("{s:o}", "sessions", list));
}

static json_t *addresses_of(const struct daemon *daemon, const char *name)
{
    const struct host_peer *peer = config_peer(daemon->config, name);
    json_t *list = json_array();

    for (size_t i = 0; peer != NULL && i < peer->address_count; i++) {
        (void)json_array_append_new(list, json_string(peer->addresses[i].text));
    }
    return list;
}

void handle_session_show(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {"session", NULL};
    const struct daemon *daemon = context;
    const struct journal_session *records = NULL;
    const char *text = NULL;
    struct host_error error;

    if (control_args_known(args, names, &error) != HOST_OK ||
        control_arg_text(args, "session", CONTROL_REQUIRED, &text, &error) != HOST_OK ||
        find_records(daemon, text, &records, &error) != HOST_OK || records == NULL) {
        control_fail(request, &error, NULL);
        return;
    }
    json_t *object = session_json(daemon, records);
    const char *peer = json_string_value(json_object_get(object, "peer"));
    (void)json_object_set_new(object, "peer_addresses", addresses_of(daemon, peer));
    (void)json_object_set_new(object, "journal_id", report_hex(journal_id(daemon->journal)));
    (void)json_object_set_new(object, "claim_risk", json_string(claim_risk));
    (void)json_object_set_new(object, "burn_risk", json_string(burn_risk));
    control_reply(request, object);
}

/* ---- claim, burn ---- */

static enum host_code read_order(
    struct daemon *daemon,
    const json_t *args,
    const char *risk,
    struct session **session_out,
    struct host_error *error)
{
    static const char *const names[] = {"session", "fenced", NULL};
    const struct journal_session *records = NULL;
    const char *text = NULL;
    bool fenced = false;

    HOST_TRY(control_args_known(args, names, error));
    HOST_TRY(control_arg_text(args, "session", CONTROL_REQUIRED, &text, error));
    HOST_TRY(control_arg_flag(args, "fenced", CONTROL_OPTIONAL, &fenced, error));
    HOST_TRY(find_records(daemon, text, &records, error));
    if (!fenced) {
        const enum host_code code =
            host_fail(error, HOST_REFUSED, "the other host is not said to be fenced: %s", risk);
        host_error_step(error, "make sure that it is off or cut off, then say so");
        return code;
    }
    *session_out = records == NULL ? NULL : live_session(daemon, records);
    if (*session_out == NULL) {
        return host_fail(error, HOST_NOT_FOUND, "nothing is at work on session %s", text);
    }
    return HOST_OK;
}

static void command(
    struct daemon *daemon,
    struct control_request *request,
    const json_t *args,
    enum ferry_event_kind kind)
{
    struct session *session = NULL;
    struct host_error error;
    const bool claim = kind == FERRY_EVENT_CLAIM;

    if (read_order(daemon, args, claim ? claim_risk : burn_risk, &session, &error) != HOST_OK ||
        session == NULL) {
        control_fail(request, &error, NULL);
        return;
    }
    const enum ferry_status status = session_command(session, &(struct ferry_event){.kind = kind});
    if (status != FERRY_OK) {
        fail_command(request, session, status);
        return;
    }
    order_add(session, request);
}

void handle_session_claim(void *context, struct control_request *request, const json_t *args)
{
    command(context, request, args, FERRY_EVENT_CLAIM);
}

void handle_session_burn(void *context, struct control_request *request, const json_t *args)
{
    command(context, request, args, FERRY_EVENT_BURN);
}
