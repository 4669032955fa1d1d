/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_journal.c -- the engine's records made durable, and with them who owns the guest.
 *
 * What a record means for the guest stands in the journal in the same transaction as the record:
 *
 *   record            the guest's entry
 *   SESSION           (source, target) none; the daemon's note goes with the first one
 *   GRANTED           (source) granted to the peer, epoch as it was
 *   OWNER             (target) here, new epoch; its configuration comes with it
 *   BURNED            (target) not here
 *   ENDED             (source) moved to the peer with the new epoch, or here again
 *   CLAIMED           (source) here, with an epoch above all that the peer may have
 *
 * So a daemon that comes back after a reboot knows from the guest's entry alone whether it may start
 * it, also when the session was forgotten long ago.
 */
#include "engine/host/base/log.h"
#include "engine/host/daemon/session.h"

#include <stdio.h>
#include <stdlib.h>

struct writing {
    struct session *session; /* held */
    uint64_t action_id;
    bool record;
    enum ferry_record_kind kind;
};

/* ---- an operator who waits for a record ---- */

void order_add(struct session *session, struct control_request *request)
{
    if (session->order != NULL) {
        control_fail(
            request,
            &(struct host_error){.code = HOST_BUSY, .text = "another order is being carried out"},
            NULL);
        return;
    }
    session->order = request;
}

void order_over(struct session *session, const struct host_error *error)
{
    struct control_request *request = session->order;
    char state[HOST_ERROR_STEP_MAX];
    char id[SESSION_ID_TEXT];

    session->order = NULL;
    if (request == NULL) {
        return;
    }
    (void)session_guest_state(session, state, sizeof state);
    if (error != NULL) {
        control_fail(request, error, state);
        return;
    }
    const struct journal_guest *guest =
        journal_guest_by_id(session->daemon->journal, session->note.guest_id);
    control_reply(
        request,
        json_pack(
            "{s:s, s:s, s:I, s:s}",
            "session",
            session_text(session->id, id),
            "guest",
            session->note.guest,
            "epoch",
            (json_int_t)(guest == NULL ? 0 : guest->epoch),
            "guest_state",
            state));
}

static bool decides(const struct writing *writing)
{
    return writing->record &&
           (writing->kind == FERRY_RECORD_CLAIMED || writing->kind == FERRY_RECORD_OWNER ||
            writing->kind == FERRY_RECORD_BURNED);
}

static void written(void *context, enum host_code code, const struct host_error *error)
{
    struct writing *writing = context;
    struct session *session = writing->session;

    if (code != HOST_OK) {
        host_log_error(HOST_LOG_ERROR, "the journal", error);
        daemon_event(session->daemon, "journal.closed", json_pack("{s:s}", "reason", error->text));
    }
    if (decides(writing)) {
        order_over(session, code == HOST_OK ? NULL : error);
    }
    session_done(session, writing->action_id, code == HOST_OK ? FERRY_OK : FERRY_WORLD_JOURNAL);
    session_release(session);
    free(writing);
}

static void
submit(struct session *session, uint64_t action_id, const struct journal_transaction *transaction)
{
    struct writing *writing = malloc(sizeof *writing);
    struct host_error error;

    if (writing == NULL) {
        session_done(session, action_id, FERRY_WORLD_JOURNAL);
        return;
    }
    *writing = (struct writing){.session = session, .action_id = action_id};
    if (transaction->record != NULL) {
        writing->record = true;
        writing->kind = transaction->record->kind;
    }
    if (journal_write(session->daemon->journal, transaction, written, writing, &error) != HOST_OK) {
        host_log_error(HOST_LOG_ERROR, "the journal", &error);
        free(writing);
        session_done(session, action_id, FERRY_WORLD_JOURNAL);
        return;
    }
    session_hold(session);
}

/* ---- what a record means for the guest ---- */

static enum journal_fate fate_of(const struct session *session, const struct ferry_action *action)
{
    switch (action->record_kind) {
    case FERRY_RECORD_GRANTED: return JOURNAL_FATE_GRANTED;
    case FERRY_RECORD_BURNED: return JOURNAL_FATE_NOT_HERE;
    case FERRY_RECORD_ENDED:
        return action->epoch > session->epoch ? JOURNAL_FATE_MOVED : JOURNAL_FATE_HERE;
    case FERRY_RECORD_OWNER:
    case FERRY_RECORD_CLAIMED:
    case FERRY_RECORD_SESSION: break;
    }
    return JOURNAL_FATE_HERE;
}

/* The guest's entry as it shall be; false: it stays as it is. */
static bool entry_of(
    const struct session *session,
    const struct ferry_action *action,
    char *config,
    struct journal_guest *guest_out)
{
    const struct journal_guest *old =
        journal_guest_by_id(session->daemon->journal, session->note.guest_id);
    struct journal_guest guest = {
        .guest_id = session->note.guest_id,
        .epoch = action->epoch,
        .fate = fate_of(session, action),
    };

    if (action->record_kind == FERRY_RECORD_SESSION || session->note.guest_id == 0) {
        return false;
    }
    if (old != NULL && old->epoch > guest.epoch) {
        if (action->record_kind != FERRY_RECORD_ENDED) {
            return false; /* this host knows better already */
        }
        guest.epoch = old->epoch; /* an operator's claim went above */
    }
    (void)snprintf(guest.name, sizeof guest.name, "%s", session->note.guest);
    if (guest.fate != JOURNAL_FATE_HERE) {
        (void)snprintf(guest.peer, sizeof guest.peer, "%s", session->note.peer);
    }
    size_t size = 0;
    if (session->vm != NULL &&
        guestfile_encode(&session->vm->file, config, &size, NULL) == HOST_OK) {
        guest.config = (struct ferry_bytes){.data = (const uint8_t *)config, .size = size};
    } else if (old != NULL) {
        guest.config = old->config;
    }
    *guest_out = guest;
    return true;
}

void session_persist(struct session *session, const struct ferry_action *action)
{
    char config[FERRY_GUEST_CONFIG_MAX];
    char text[NOTE_TEXT_MAX];
    struct journal_guest guest;
    struct ferry_bytes note = {.data = (const uint8_t *)text};
    const struct ferry_record record = {.kind = action->record_kind, .bytes = action->bytes};
    struct journal_transaction transaction = {
        .session = session->id,
        .role = session->target ? JOURNAL_ROLE_TARGET : JOURNAL_ROLE_SOURCE,
        .record = &record,
    };

    if (!session->note_durable) {
        note.size = note_encode(&session->note, text);
        transaction.note = &note;
        session->note_durable = true; /* with this record, or the session ends without it */
    }
    if (entry_of(session, action, config, &guest)) {
        transaction.guest = &guest;
    }
    submit(session, action->id, &transaction);
}

void session_forget(struct session *session, const struct ferry_action *action)
{
    submit(
        session,
        action->id,
        &(struct journal_transaction){
            .session = session->id,
            .role = session->target ? JOURNAL_ROLE_TARGET : JOURNAL_ROLE_SOURCE,
            .forget = true,
        });
}
