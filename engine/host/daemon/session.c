/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c -- drives one engine object: an event in, then every action out, then its deadline.
 *
 * Whatever the world has to say waits in the session's queue, and sessions with events wait in the
 * daemon's queue, which is run in a turn of the loop of its own: so no engine is ever entered from
 * inside of another, or from inside of a connection that it may be about to close.
 *
 *   created --engine--> driven --CLOSED--> destroyed: out of the table, connections closed
 *                                              |
 *                                              +--> freed, when nobody holds it any more
 */
#include "engine/host/daemon/session.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/inlet.h"
#include "engine/host/daemon/outlet.h"
#include "engine/host/daemon/waiter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reports of workers that wait for the loop: each stream has a few under way. */
#define MAIL_MAX 512U

struct session_event {
    struct ferry_event event;
    struct session_event *next;
    size_t size;
    uint8_t bytes[]; /* CONTROL_BYTES */
};

static void deadline_reached(void *context);
static void take_report(void *context, const void *item);

/* ---- life ---- */

struct session *session_create(struct daemon *daemon, struct ferry_session_id id, bool target)
{
    struct session *session = calloc(1, sizeof *session);

    if (session == NULL) {
        return NULL;
    }
    session->daemon = daemon;
    session->id = id;
    session->target = target;
    session->rate = FERRY_RATE_UNLIMITED;
    session->begun_at = host_now();
    session->references = 1; /* the table's */
    if (mailbox_init(
            &session->mail,
            daemon->loop,
            sizeof(struct dataplane_report),
            MAIL_MAX,
            take_report,
            session) != HOST_OK) {
        free(session);
        return NULL;
    }
    loop_timer_init(&session->deadline, daemon->loop, deadline_reached, session);
    trace_init(session);
    session->next = daemon->sessions;
    daemon->sessions = session;
    return session;
}

struct session *session_find(const struct daemon *daemon, struct ferry_session_id id, bool target)
{
    for (struct session *session = daemon->sessions; session != NULL; session = session->next) {
        if (session->id.high == id.high && session->id.low == id.low && session->target == target) {
            return session;
        }
    }
    return NULL;
}

void session_hold(struct session *session)
{
    session->references++;
}

static struct session_event *pop(struct session *session)
{
    struct session_event *entry = session->first;

    if (entry != NULL) {
        session->first = entry->next;
        if (session->first == NULL) {
            session->last = NULL;
        }
    }
    return entry;
}

static void drop_events(struct session *session)
{
    for (struct session_event *entry = pop(session); entry != NULL; entry = pop(session)) {
        free(entry);
    }
}

void session_release(struct session *session)
{
    session->references--;
    if (session->references > 0) {
        return;
    }
    drop_events(session);
    dataplane_memory_destroy(session->memory);
    if (session->vm != NULL) {
        vm_release(session->vm, session);
    }
    json_decref(session->outcome);
    free(session);
}

static void leave_queue(struct session *session)
{
    struct daemon *daemon = session->daemon;
    struct session *before = NULL;

    if (!session->waiting) {
        return;
    }
    for (struct session *other = daemon->waiting_first; other != session;
         other = other->next_waiting) {
        before = other;
    }
    if (before == NULL) {
        daemon->waiting_first = session->next_waiting;
    } else {
        before->next_waiting = session->next_waiting;
    }
    if (daemon->waiting_last == session) {
        daemon->waiting_last = before;
    }
    session->waiting = false;
}

static void leave_table(struct session *session)
{
    struct session **place = &session->daemon->sessions;

    while (*place != session) {
        place = &(*place)->next;
    }
    *place = session->next;
}

void session_destroy(struct session *session)
{
    if (session->gone) {
        return;
    }
    session->gone = true;
    trace_flush(session);
    leave_queue(session);
    leave_table(session);
    loop_timer_stop(&session->deadline);
    loop_timer_stop(&session->trace.timer);
    if (session->retry.loop != NULL) {
        loop_timer_stop(&session->retry);
    }
    waiters_fail(session);
    order_over(
        session,
        &(struct host_error){.code = HOST_CLOSED, .text = "the session is over without it"});
    mailbox_drop(
        &session->mail); /* the workers that are left are joined: nobody may wait for room */
    outlets_destroy(session);
    inlets_destroy(session);
    mailbox_deinit(&session->mail);
    ferry_source_destroy(session->source_engine);
    ferry_target_destroy(session->target_engine);
    session->source_engine = NULL;
    session->target_engine = NULL;
    session_release(session);
}

void sessions_close(struct daemon *daemon)
{
    struct session *next = NULL;

    for (struct session *session = daemon->sessions; session != NULL; session = next) {
        next = session->next;
        session_destroy(session);
    }
}

const char *session_text(struct ferry_session_id id, char text[SESSION_ID_TEXT])
{
    (void)snprintf(text, SESSION_ID_TEXT, "%016" PRIx64 "%016" PRIx64, id.high, id.low);
    return text;
}

/* ---- the queue of events ---- */

void session_kick(struct session *session)
{
    struct daemon *daemon = session->daemon;

    if (session->waiting || session->gone) {
        return;
    }
    session->waiting = true;
    session->next_waiting = NULL;
    if (daemon->waiting_last == NULL) {
        daemon->waiting_first = session;
    } else {
        daemon->waiting_last->next_waiting = session;
    }
    daemon->waiting_last = session;
    loop_timer_set(&daemon->run, 0); /* the next turn, before it looks at anything else */
}

static void
push(struct session *session, const struct ferry_event *event, const uint8_t *data, size_t size)
{
    if (session->gone || session->closed) {
        return;
    }
    struct session_event *entry = malloc(sizeof *entry + size);
    if (entry == NULL) {
        host_log(HOST_LOG_ERROR, "no memory for an event of a migration: the daemon ends");
        abort(); /* going on without it would be a lie; a restart goes on from the journal */
    }
    entry->event = *event;
    entry->next = NULL;
    entry->size = size;
    if (size > 0) {
        memcpy(entry->bytes, data, size);
        entry->event.bytes = (struct ferry_bytes){.data = entry->bytes, .size = size};
    }
    if (session->last == NULL) {
        session->first = entry;
    } else {
        session->last->next = entry;
    }
    session->last = entry;
    session_kick(session);
}

void session_post(struct session *session, const struct ferry_event *event)
{
    push(session, event, NULL, 0);
}

void session_post_bytes(struct session *session, uint32_t attach, const uint8_t *data, size_t size)
{
    push(
        session,
        &(struct ferry_event){.kind = FERRY_EVENT_CONTROL_BYTES, .attach = attach},
        data,
        size);
}

void session_done(struct session *session, uint64_t action_id, enum ferry_status status)
{
    session_post(
        session,
        &(struct ferry_event){.kind = FERRY_EVENT_DONE, .action_id = action_id, .status = status});
}

static void take_report(void *context, const void *item)
{
    struct session *session = context;
    const struct dataplane_report *report = item;

    if (report->kind == DATAPLANE_REPORT_CLOSED) {
        if (session->target) {
            inlet_worker_closed(session, report->event.attach, report->event.stream);
        } else {
            outlet_worker_closed(session, report->event.attach, report->event.stream);
        }
        return;
    }
    if (report->event.kind == FERRY_EVENT_DETACHED) {
        host_log(
            HOST_LOG_INFO,
            "stream %u of guest \"%s\": %s",
            report->event.stream,
            session->note.guest,
            report->reason);
    }
    session_post(session, &report->event);
}

/* ---- the engine, whichever of the two it is ---- */

static enum ferry_status input(struct session *session, const struct ferry_event *event)
{
    const ferry_time_ns now = host_now();

    return session->target ? ferry_target_input(session->target_engine, event, now)
                           : ferry_source_input(session->source_engine, event, now);
}

static bool next_action(struct session *session, struct ferry_action *action_out)
{
    return session->target ? ferry_target_next_action(session->target_engine, action_out)
                           : ferry_source_next_action(session->source_engine, action_out);
}

static ferry_time_ns deadline(const struct session *session)
{
    return session->target ? ferry_target_deadline(session->target_engine)
                           : ferry_source_deadline(session->source_engine);
}

const char *session_state_name(const struct session *session)
{
    static const char *const source[] = {
        [FERRY_SOURCE_OPENING] = "opening",
        [FERRY_SOURCE_COPYING] = "copying",
        [FERRY_SOURCE_PAUSING] = "pausing",
        [FERRY_SOURCE_SENDING] = "sending",
        [FERRY_SOURCE_RESUMING] = "resuming",
        [FERRY_SOURCE_GRANTING] = "granting",
        [FERRY_SOURCE_GRANTED] = "granted",
        [FERRY_SOURCE_BURNING] = "burning",
        [FERRY_SOURCE_UNKNOWN] = "unknown",
        [FERRY_SOURCE_CLOSING] = "closing",
        [FERRY_SOURCE_CLOSED] = "closed",
    };
    static const char *const target[] = {
        [FERRY_TARGET_WAITING] = "waiting",
        [FERRY_TARGET_PREPARING] = "preparing",
        [FERRY_TARGET_RECEIVING] = "receiving",
        [FERRY_TARGET_LOADING] = "loading",
        [FERRY_TARGET_READY] = "ready",
        [FERRY_TARGET_OWNING] = "owning",
        [FERRY_TARGET_STARTING] = "starting",
        [FERRY_TARGET_RUNNING] = "running",
        [FERRY_TARGET_BURNING] = "burning",
        [FERRY_TARGET_BURNED] = "burned",
        [FERRY_TARGET_CLEANING] = "cleaning",
        [FERRY_TARGET_LOST] = "lost",
        [FERRY_TARGET_CLOSED] = "closed",
    };

    if (session->target && session->target_engine != NULL) {
        return target[ferry_target_state(session->target_engine)];
    }
    if (!session->target && session->source_engine != NULL) {
        return source[ferry_source_state(session->source_engine)];
    }
    return "closed";
}

static void take_actions(struct session *session)
{
    struct ferry_action action;

    while (next_action(session, &action)) {
        if (session->target) {
            target_act(session, &action);
        } else {
            source_act(session, &action);
        }
    }
}

/* ---- the drive ---- */

static void arm_deadline(struct session *session)
{
    loop_timer_set(&session->deadline, deadline(session));
}

static void deadline_reached(void *context)
{
    session_post(context, &(struct ferry_event){.kind = FERRY_EVENT_TICK});
}

static void session_run(struct session *session)
{
    take_actions(session);
    while (!session->closed) {
        struct session_event *entry = pop(session);
        if (entry == NULL) {
            break;
        }
        (void)input(session, &entry->event);
        free(entry);
        take_actions(session);
    }
    if (session->closed) {
        char text[SESSION_ID_TEXT];
        daemon_event(
            session->daemon,
            "session.closed",
            json_pack(
                "{s:s, s:s}",
                "guest",
                session->note.guest,
                "session",
                session_text(session->id, text)));
        session_destroy(session);
    } else {
        arm_deadline(session);
    }
}

void sessions_run(struct daemon *daemon)
{
    /* those that wait now: what they cause comes in the next turn, after everybody else's news */
    struct session *session = daemon->waiting_first;
    daemon->waiting_first = NULL;
    daemon->waiting_last = NULL;

    while (session != NULL) {
        struct session *next = session->next_waiting;
        session->waiting = false;
        session_run(session);
        session = next;
    }
}

enum ferry_status session_command(struct session *session, const struct ferry_event *event)
{
    if (session->closed || session->gone) {
        return FERRY_USAGE_STATE;
    }
    const enum ferry_status status = input(session, event);
    session_kick(session);
    return status;
}
