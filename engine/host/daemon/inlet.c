/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inlet.c -- the target's end of one (re)connection: a control link, and a receiver a stream.
 *
 * A peer opens its connections in any order. The control connection makes the inlet; payload
 * connections that come first wait at the door (inbound.c) and come here with it. A payload
 * connection gets its receiver when the guest's shell stands; until then nothing of it is read, so a
 * peer cannot fill our memory.
 *
 * IN-1 Attach numbers that the engine has detached, or below the newest, are not taken any more.
 * IN-2 DETACH is reported when every worker of what it covers has said CLOSED, and what they placed
 *      was told before that.
 * IN-3 There are at most INLETS_MAX inlets of a session: a peer that opens more is too fast for us,
 *      and is closed.
 */
#include "engine/host/daemon/inlet.h"

#include "engine/host/base/log.h"
#include "engine/host/daemon/link.h"
#include "engine/host/dataplane/receiver.h"

#include <stdlib.h>

#define INLETS_MAX 4U

struct inlet {
    struct session *session;
    struct inlet *next; /* older */
    uint32_t attach;
    unsigned workers; /* that have not said CLOSED */
    bool leaving;
    struct link control;
    struct transport_connection *waiting[FERRY_STREAMS_MAX]; /* for the shell */
    struct dataplane_receiver *receivers[FERRY_STREAMS_MAX];
};

static struct inlet *find(const struct session *session, uint32_t attach)
{
    for (struct inlet *inlet = session->inlets; inlet != NULL; inlet = inlet->next) {
        if (inlet->attach == attach) {
            return inlet;
        }
    }
    return NULL;
}

/* ---- receivers ---- */

static void post_report(void *context, const struct dataplane_report *report)
{
    (void)mailbox_put(context, report);
}

static void broken(struct inlet *inlet, enum ferry_status status)
{
    session_post(
        inlet->session,
        &(struct ferry_event){
            .kind = FERRY_EVENT_DETACHED,
            .attach = inlet->attach,
            .status = status,
        });
}

static void start_receiver(struct inlet *inlet, uint16_t stream)
{
    struct session *session = inlet->session;
    struct dataplane_receiver_config config = {
        .shape = *ferry_target_shape(session->target_engine),
        .round = ferry_target_round(session->target_engine),
        .memory = session->memory,
        .state = session->vm->guest->state,
        .state_capacity = VMMLINK_STATE_MAX,
        .connection = inlet->waiting[stream],
        .post = post_report,
        .post_context = &session->mail,
    };

    inlet->waiting[stream] = NULL;
    config.shape.attach = inlet->attach;
    config.shape.stream = stream;
    if (dataplane_receiver_create(&config, &inlet->receivers[stream]) != FERRY_OK) {
        transport_connection_destroy(config.connection);
        inlet->receivers[stream] = NULL;
        broken(inlet, FERRY_LIMIT_MEMORY);
        return;
    }
    inlet->workers++;
}

static void start_waiting(struct inlet *inlet)
{
    const struct session *session = inlet->session;

    if (!session->prepared || inlet->leaving || session->vm == NULL || session->vm->guest == NULL ||
        ferry_target_shape(session->target_engine) == NULL) {
        return;
    }
    for (uint16_t stream = 0; stream < FERRY_STREAMS_MAX; stream++) {
        if (inlet->waiting[stream] != NULL) {
            start_receiver(inlet, stream);
        }
    }
}

void inlets_start(struct session *session)
{
    for (struct inlet *inlet = session->inlets; inlet != NULL; inlet = inlet->next) {
        start_waiting(inlet);
    }
}

/* ---- connections ---- */

static unsigned count(const struct session *session)
{
    unsigned inlets = 0;

    for (const struct inlet *inlet = session->inlets; inlet != NULL; inlet = inlet->next) {
        inlets++;
    }
    return inlets;
}

uint32_t inlets_connections(const struct session *session)
{
    uint32_t open = 0;

    for (const struct inlet *inlet = session->inlets; inlet != NULL; inlet = inlet->next) {
        open += inlet->control.connection == NULL ? 0U : 1U;
        for (uint16_t i = 0; i < FERRY_STREAMS_MAX; i++) {
            open += inlet->waiting[i] == NULL && inlet->receivers[i] == NULL ? 0U : 1U;
        }
    }
    return open;
}

void inlet_control(
    struct session *session, uint32_t attach, struct transport_connection *connection)
{
    const bool late = attach <= session->detached ||
                      (session->inlets != NULL && attach <= session->inlets->attach);
    struct inlet *inlet = NULL;

    if (!late && count(session) < INLETS_MAX) {
        inlet = calloc(1, sizeof *inlet);
    }
    if (inlet == NULL) {
        transport_connection_destroy(connection);
        return;
    }
    inlet->session = session;
    inlet->attach = attach;
    if (link_open(&inlet->control, session, attach, connection) != HOST_OK) {
        free(inlet);
        return;
    }
    inlet->next = session->inlets;
    session->inlets = inlet;
    session_post(session, &(struct ferry_event){.kind = FERRY_EVENT_ATTACHED, .attach = attach});
}

bool inlet_known(const struct session *session, uint32_t attach)
{
    return attach <= session->detached || find(session, attach) != NULL;
}

void inlet_payload(
    struct session *session,
    const struct ferry_preface *preface,
    struct transport_connection *connection)
{
    struct inlet *inlet = find(session, preface->attach);
    const bool taken = inlet != NULL && !inlet->leaving && preface->stream < FERRY_STREAMS_MAX &&
                       preface->stream < session->daemon->config->limits.streams &&
                       inlet->waiting[preface->stream] == NULL &&
                       inlet->receivers[preface->stream] == NULL;

    if (!taken) {
        transport_connection_destroy(connection);
        return;
    }
    inlet->waiting[preface->stream] = connection;
    start_waiting(inlet);
}

/* ---- the end of it ---- */

static void leave(struct inlet *inlet)
{
    if (inlet->leaving) {
        return;
    }
    inlet->leaving = true;
    link_close(&inlet->control);
    for (uint16_t i = 0; i < FERRY_STREAMS_MAX; i++) {
        transport_connection_destroy(inlet->waiting[i]);
        inlet->waiting[i] = NULL;
        if (inlet->receivers[i] != NULL) {
            dataplane_receiver_stop(inlet->receivers[i]);
        }
    }
}

static void step_detach(struct session *session)
{
    struct inlet **place = &session->inlets;

    while (*place != NULL) {
        struct inlet *inlet = *place;
        if (inlet->leaving && inlet->workers == 0) {
            *place = inlet->next;
            free(inlet);
        } else {
            place = &inlet->next;
        }
    }
    for (const struct inlet *inlet = session->inlets; inlet != NULL; inlet = inlet->next) {
        if (inlet->leaving) {
            return;
        }
    }
    if (session->detach_action != 0) {
        const uint64_t action = session->detach_action;
        session->detach_action = 0;
        session_done(session, action, FERRY_OK);
    }
}

void inlet_detach(struct session *session, const struct ferry_action *action)
{
    for (struct inlet *inlet = session->inlets; inlet != NULL; inlet = inlet->next) {
        if (inlet->attach <= action->attach) {
            leave(inlet);
        }
    }
    if (session->detached < action->attach) {
        session->detached = action->attach;
    }
    session->detach_action = action->id; /* an older one was abandoned for it */
    step_detach(session);
}

void inlet_worker_closed(struct session *session, uint32_t attach, uint16_t stream)
{
    struct inlet *inlet = find(session, attach);

    if (inlet == NULL || stream >= FERRY_STREAMS_MAX || inlet->receivers[stream] == NULL) {
        return;
    }
    dataplane_receiver_destroy(inlet->receivers[stream]);
    inlet->receivers[stream] = NULL;
    inlet->workers--;
    step_detach(session);
}

void inlets_destroy(struct session *session)
{
    while (session->inlets != NULL) {
        struct inlet *inlet = session->inlets;
        leave(inlet);
        for (uint16_t i = 0; i < FERRY_STREAMS_MAX; i++) {
            dataplane_receiver_destroy(inlet->receivers[i]);
        }
        session->inlets = inlet->next;
        free(inlet);
    }
}

/* ---- the engine's orders ---- */

void inlet_send_control(struct session *session, const struct ferry_action *action)
{
    struct inlet *inlet = find(session, action->attach);

    if (inlet != NULL && !inlet->leaving) {
        link_send(&inlet->control, action->bytes);
    }
}

void inlet_release_round(struct session *session, const struct ferry_action *action)
{
    for (struct inlet *inlet = session->inlets; inlet != NULL; inlet = inlet->next) {
        for (uint16_t i = 0; i < FERRY_STREAMS_MAX; i++) {
            if (inlet->receivers[i] != NULL) {
                dataplane_receiver_release(inlet->receivers[i], action->round);
            }
        }
    }
}

void inlets_seal(struct session *session)
{
    session->prepared = false; /* later connections are not for payload */
    for (struct inlet *inlet = session->inlets; inlet != NULL; inlet = inlet->next) {
        for (uint16_t i = 0; i < FERRY_STREAMS_MAX; i++) {
            if (inlet->receivers[i] != NULL) {
                dataplane_receiver_seal(inlet->receivers[i]);
            }
        }
    }
}
