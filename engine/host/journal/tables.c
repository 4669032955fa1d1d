/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c -- sessions and guests in memory: what is durable, and nothing else. */
#include "engine/host/journal/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void session_destroy(struct stored_session *session)
{
    for (size_t i = 0; i < session->view.record_count; i++) {
        bytes_free(session->view.records[i].bytes.data);
    }
    bytes_free(session->view.note.data);
    free(session);
}

static void guest_destroy(struct stored_guest *guest)
{
    bytes_free(guest->view.config.data);
    free(guest);
}

/* Doubles, so that a journal of many guests is not copied for each of them. */
static bool make_room(void **items, size_t *room, size_t needed)
{
    if (needed <= *room) {
        return true;
    }
    size_t larger = *room < 16 ? 16 : *room;

    while (larger < needed) {
        larger *= 2;
    }
    void *moved = realloc(*items, larger * sizeof(void *));

    if (moved == NULL) {
        return false;
    }
    *items = moved;
    *room = larger;
    return true;
}

bool tables_reserve(struct tables *tables, size_t sessions, size_t guests)
{
    void *items = tables->sessions;
    bool good = make_room(&items, &tables->session_room, tables->session_count + sessions);

    tables->sessions = items;
    if (good) {
        items = tables->guests;
        good = make_room(&items, &tables->guest_room, tables->guest_count + guests);
        tables->guests = items;
    }
    return good;
}

static size_t
session_index(const struct tables *tables, struct ferry_session_id session, enum journal_role role)
{
    size_t i = 0;

    while (i < tables->session_count && (tables->sessions[i]->view.session.high != session.high ||
                                         tables->sessions[i]->view.session.low != session.low ||
                                         tables->sessions[i]->view.role != role)) {
        i++;
    }
    return i;
}

struct stored_session *
tables_session(const struct tables *tables, struct ferry_session_id session, enum journal_role role)
{
    const size_t i = session_index(tables, session, role);

    return i < tables->session_count ? tables->sessions[i] : NULL;
}

struct stored_guest *tables_guest(const struct tables *tables, uint64_t guest_id)
{
    for (size_t i = 0; i < tables->guest_count; i++) {
        if (tables->guests[i]->view.guest_id == guest_id) {
            return tables->guests[i];
        }
    }
    return NULL;
}

static void forget(struct tables *tables, const struct change *change)
{
    const size_t i = session_index(tables, change->session, change->role);

    if (i == tables->session_count) {
        return;
    }
    session_destroy(tables->sessions[i]);
    tables->session_count--;
    memmove(
        &tables->sessions[i],
        &tables->sessions[i + 1],
        (tables->session_count - i) * sizeof(struct stored_session *));
}

static void put_record(struct stored_session *session, struct change *change)
{
    size_t i = 0;

    while (i < session->view.record_count && session->view.records[i].kind != change->record_kind) {
        i++;
    }
    assert(i < JOURNAL_RECORDS_MAX); /* no more kinds than places */
    if (i < session->view.record_count) {
        bytes_free(session->view.records[i].bytes.data);
    } else {
        session->view.record_count++;
    }
    session->view.records[i] = (struct ferry_record){
        .kind = change->record_kind,
        .bytes = {.data = change->record, .size = change->record_size},
    };
    change->record = NULL;
}

static void put_session(struct tables *tables, struct change *change)
{
    struct stored_session *session = tables_session(tables, change->session, change->role);

    if (session == NULL) {
        assert(tables->session_count < tables->session_room && change->fresh != NULL);
        session = change->fresh;
        change->fresh = NULL;
        session->view.session = change->session;
        session->view.role = change->role;
        tables->sessions[tables->session_count] = session;
        tables->session_count++;
    }
    if (change->record != NULL) {
        put_record(session, change);
    }
    if (change->has_note) {
        bytes_free(session->view.note.data);
        session->view.note = (struct ferry_bytes){change->note, change->note_size};
        change->note = NULL;
    }
}

static void put_guest(struct tables *tables, struct change *change)
{
    for (size_t i = 0; i < tables->guest_count; i++) {
        if (tables->guests[i]->view.guest_id == change->guest->view.guest_id) {
            guest_destroy(tables->guests[i]);
            tables->guests[i] = change->guest;
            change->guest = NULL;
            return;
        }
    }
    assert(tables->guest_count < tables->guest_room);
    tables->guests[tables->guest_count] = change->guest;
    tables->guest_count++;
    change->guest = NULL;
}

void tables_apply(struct tables *tables, struct change *change)
{
    if (change->about_journal) {
        tables->journal_id = change->journal_id;
        tables->incarnation = change->incarnation;
        tables->snapshot_frames = change->snapshot_frames;
    }
    if (change->forget) {
        forget(tables, change);
    } else if (change->about_session) {
        put_session(tables, change);
    }
    if (change->guest != NULL) {
        put_guest(tables, change);
    }
}

void tables_release(struct tables *tables)
{
    for (size_t i = 0; i < tables->session_count; i++) {
        session_destroy(tables->sessions[i]);
    }
    for (size_t i = 0; i < tables->guest_count; i++) {
        guest_destroy(tables->guests[i]);
    }
    free(tables->sessions);
    free(tables->guests);
    *tables = (struct tables){.sessions = NULL};
}
