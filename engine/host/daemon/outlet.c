/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlet.c -- the source's end of one (re)connection: a control link, and a sender a stream.
 *
 *   dialling --all stand--> up --a connection breaks--> broken
 *      |                     |                            |
 *      +---------------------+------- DETACH -------------+--> leaving --workers' last word--> freed
 *
 * O-1 ATTACHED is said when the last connection stands; DETACHED at most once an outlet, and nothing
 *     after its engine has detached it.
 * O-2 DETACH is reported when every worker has said CLOSED: nothing of it happens after that.
 * O-3 A dial that is under way names its session and attach by value; its report finds nobody if they
 *     are gone, and closes what it brought.
 */
#include "engine/host/daemon/outlet.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/link.h"
#include "engine/host/dataplane/sender.h"

#include <stdio.h>
#include <stdlib.h>

/* Patience of a probe: a path that does not answer by then is not one to move to. */
#define PROBE_LIMIT FERRY_SECOND

struct outlet {
    struct session *session;
    struct outlet *next; /* older */
    uint32_t attach;
    uint16_t path;
    uint16_t streams;
    uint16_t connected; /* of the streams, and the control connection */
    unsigned dials;     /* under way */
    unsigned workers;   /* that have not said CLOSED */
    bool broken;        /* DETACHED was posted */
    bool leaving;       /* its engine has detached it */
    struct link control;
    struct dataplane_sender *senders[FERRY_STREAMS_MAX];
};

/* A dial under way. */
struct dial {
    struct dial *next;
    uint64_t number;
    struct session *session; /* held */
    uint32_t attach;         /* 0: a probe */
    uint16_t stream;
    bool control;
    uint64_t action_id; /* of a probe */
};

static struct outlet *find(const struct session *session, uint32_t attach)
{
    for (struct outlet *outlet = session->outlets; outlet != NULL; outlet = outlet->next) {
        if (outlet->attach == attach) {
            return outlet;
        }
    }
    return NULL;
}

static void broken(struct outlet *outlet, enum ferry_status status, const char *reason)
{
    if (outlet == NULL || outlet->broken || outlet->leaving) {
        return;
    }
    outlet->broken = true;
    (void)snprintf(outlet->session->link_reason, sizeof outlet->session->link_reason, "%s", reason);
    host_log(
        HOST_LOG_NOTICE,
        "guest \"%s\", connection %u to %s: %s",
        outlet->session->note.guest,
        outlet->attach,
        outlet->session->note.peer,
        reason);
    session_post(
        outlet->session,
        &(struct ferry_event){
            .kind = FERRY_EVENT_DETACHED,
            .attach = outlet->attach,
            .status = status,
        });
}

/* ---- dialling ---- */

static bool dial(struct session *session, uint16_t path, struct dial what, ferry_time_ns limit)
{
    struct daemon *daemon = session->daemon;
    const struct host_peer *peer = config_peer(daemon->config, session->note.peer);

    if (peer == NULL || path >= peer->address_count) {
        return false;
    }
    struct dial *entry = malloc(sizeof *entry);
    if (entry == NULL) {
        return false;
    }
    *entry = what;
    entry->session = session;
    daemon->next_dial++;
    entry->number = daemon->next_dial;
    const struct transport_dial order = {
        .dial = entry->number,
        .address = peer->addresses[path].text,
        .peer = peer->name,
        .port = peer->addresses[path].port,
        .deadline = limit,
    };
    if (!transport_gate_dial(daemon->gate, &order)) {
        free(entry);
        return false;
    }
    session_hold(session);
    entry->next = daemon->dials;
    daemon->dials = entry;
    return true;
}

static struct dial *take_dial(struct daemon *daemon, uint64_t number)
{
    for (struct dial **place = &daemon->dials; *place != NULL; place = &(*place)->next) {
        if ((*place)->number == number) {
            struct dial *found = *place;
            *place = found->next;
            return found;
        }
    }
    return NULL;
}

static void cancel_dials(struct session *session, uint32_t attach)
{
    for (struct dial *entry = session->daemon->dials; entry != NULL; entry = entry->next) {
        if (entry->session == session && entry->attach == attach) {
            transport_gate_cancel(session->daemon->gate, entry->number);
        }
    }
}

void outlet_attach(struct session *session, const struct ferry_action *action)
{
    const ferry_time_ns limit = session->daemon->config->timeouts.connect;
    struct outlet *outlet = calloc(1, sizeof *outlet);

    if (outlet == NULL) {
        session_post(
            session,
            &(struct ferry_event){
                .kind = FERRY_EVENT_DETACHED,
                .attach = action->attach,
                .status = FERRY_LIMIT_MEMORY,
            });
        return;
    }
    outlet->session = session;
    outlet->attach = action->attach;
    outlet->path = action->path;
    outlet->streams = action->streams;
    outlet->next = session->outlets;
    session->outlets = outlet;
    for (uint32_t i = 0; i <= action->streams; i++) {
        const struct dial what = {
            .attach = action->attach,
            .control = i == 0,
            .stream = (uint16_t)(i == 0 ? 0 : i - 1),
        };
        if (!dial(session, action->path, what, limit)) {
            broken(outlet, FERRY_WORLD_LINK, "the peer cannot be dialled");
            return;
        }
        outlet->dials++;
    }
}

void outlet_probe(struct session *session, const struct ferry_action *action)
{
    const struct dial what = {.action_id = action->id, .control = true};

    if (!dial(session, action->path, what, PROBE_LIMIT)) {
        session_done(session, action->id, FERRY_WORLD_LINK);
    }
}

/* ---- connections ---- */

static void post_report(void *context, const struct dataplane_report *report)
{
    (void)mailbox_put(context, report);
}

static bool
start_sender(struct outlet *outlet, uint16_t stream, struct transport_connection *connection)
{
    struct session *session = outlet->session;
    struct dataplane_sender_config config = {
        .shape = session->shape,
        .memory = session->memory,
        .connection = connection,
        .rate = session->rate,
        .post = post_report,
        .post_context = &session->mail,
    };

    config.shape.attach = outlet->attach;
    config.shape.stream = stream;
    if (session->memory == NULL ||
        dataplane_sender_create(&config, &outlet->senders[stream]) != FERRY_OK) {
        transport_connection_destroy(connection);
        return false;
    }
    outlet->workers++;
    return true;
}

static void
connected(struct outlet *outlet, const struct dial *entry, struct transport_connection *connection)
{
    const bool fine =
        entry->control
            ? link_open(&outlet->control, outlet->session, outlet->attach, connection) == HOST_OK
            : start_sender(outlet, entry->stream, connection);
    if (!fine) {
        broken(outlet, FERRY_LIMIT_MEMORY, "no memory for a connection");
        return;
    }
    outlet->connected++;
    if (outlet->connected == outlet->streams + 1U && !outlet->broken) {
        session_post(
            outlet->session,
            &(struct ferry_event){.kind = FERRY_EVENT_ATTACHED, .attach = outlet->attach});
    }
}

static void step_detach(struct session *session);

/* Why a connection does not stand, as the engine knows it: trying again mends a link, and no
 * certificate. */
static enum ferry_status status_of(enum transport_error error)
{
    switch (error) {
    case TRANSPORT_DEADLINE: return FERRY_TIMEOUT_CONNECT;
    case TRANSPORT_PLAIN_TEXT:
    case TRANSPORT_TLS_ON_PLAIN:
    case TRANSPORT_TLS_VERSION:
    case TRANSPORT_NO_CERTIFICATE:
    case TRANSPORT_FOREIGN_CA:
    case TRANSPORT_EXPIRED:
    case TRANSPORT_NOT_YET_VALID:
    case TRANSPORT_OTHER_NAME:
    case TRANSPORT_BAD_CERTIFICATE:
    case TRANSPORT_OWN_NO_CERTIFICATE:
    case TRANSPORT_OWN_FOREIGN_CA:
    case TRANSPORT_OWN_EXPIRED:
    case TRANSPORT_OWN_REFUSED: return FERRY_REFUSED_CREDENTIALS;
    case TRANSPORT_MEMORY: return FERRY_LIMIT_MEMORY;
    case TRANSPORT_NONE:
    case TRANSPORT_ADDRESS:
    case TRANSPORT_LISTEN:
    case TRANSPORT_UNREACHABLE:
    case TRANSPORT_REFUSED:
    case TRANSPORT_CANCELLED:
    case TRANSPORT_CLOSED:
    case TRANSPORT_BROKEN:
    case TRANSPORT_CROWDED:
    case TRANSPORT_SYSTEM:
    case TRANSPORT_PREFACE:
    case TRANSPORT_PREFACE_VERSION:
    case TRANSPORT_TLS_PROTOCOL:
    case TRANSPORT_FILE_CERTIFICATE:
    case TRANSPORT_FILE_KEY:
    case TRANSPORT_FILE_CA:
    case TRANSPORT_FILE_WRITE:
    case TRANSPORT_ERROR_COUNT: break;
    }
    return FERRY_WORLD_LINK;
}

static void dial_over(struct dial *entry, const struct transport_gate_report *report)
{
    struct session *session = entry->session;
    struct outlet *outlet = find(session, entry->attach);

    if (session->gone || entry->attach == 0 || outlet == NULL) {
        transport_connection_destroy(report->connection);
        if (!session->gone && entry->attach == 0) {
            session_done(
                session,
                entry->action_id,
                report->connection != NULL ? FERRY_OK : FERRY_WORLD_LINK);
        }
        return;
    }
    outlet->dials--;
    if (outlet->leaving || outlet->broken) {
        transport_connection_destroy(report->connection);
    } else if (report->connection == NULL) {
        broken(outlet, status_of(report->failure.error), report->failure.text);
    } else {
        connected(outlet, entry, report->connection);
    }
    step_detach(session);
}

void outlet_dialled(struct daemon *daemon, const struct transport_gate_report *report)
{
    struct dial *entry = take_dial(daemon, report->dial);

    if (entry == NULL) {
        transport_connection_destroy(report->connection);
        return;
    }
    dial_over(entry, report);
    session_release(entry->session);
    free(entry);
}

/* ---- the end of it ---- */

static void leave(struct outlet *outlet)
{
    if (outlet->leaving) {
        return;
    }
    outlet->leaving = true;
    cancel_dials(outlet->session, outlet->attach);
    link_close(&outlet->control);
    for (uint16_t i = 0; i < outlet->streams; i++) {
        if (outlet->senders[i] != NULL) {
            dataplane_sender_stop(outlet->senders[i]);
        }
    }
}

/* DETACH is over when all that it is for is: it is reported once, and frees them. */
static void step_detach(struct session *session)
{
    struct outlet **place = &session->outlets;

    while (*place != NULL) {
        struct outlet *outlet = *place;
        if (outlet->leaving && outlet->workers == 0 && outlet->dials == 0) {
            *place = outlet->next;
            free(outlet);
        } else {
            place = &outlet->next;
        }
    }
    if (session->detach_action == 0) {
        return;
    }
    for (const struct outlet *outlet = session->outlets; outlet != NULL; outlet = outlet->next) {
        if (outlet->leaving && outlet->workers > 0) {
            return; /* what is only dialled does nothing */
        }
    }
    const uint64_t action = session->detach_action;
    session->detach_action = 0;
    session_done(session, action, FERRY_OK);
}

void outlet_detach(struct session *session, const struct ferry_action *action)
{
    for (struct outlet *outlet = session->outlets; outlet != NULL; outlet = outlet->next) {
        if (outlet->attach <= action->attach) {
            leave(outlet);
        }
    }
    session->detach_action = action->id; /* a newer one replaces an older one, and means more */
    step_detach(session);
}

void outlet_worker_closed(struct session *session, uint32_t attach, uint16_t stream)
{
    struct outlet *outlet = find(session, attach);

    if (outlet == NULL || stream >= outlet->streams || outlet->senders[stream] == NULL) {
        return;
    }
    dataplane_sender_destroy(outlet->senders[stream]);
    outlet->senders[stream] = NULL;
    outlet->workers--;
    step_detach(session);
}

void outlets_destroy(struct session *session)
{
    while (session->outlets != NULL) {
        struct outlet *outlet = session->outlets;
        leave(outlet);
        for (uint16_t i = 0; i < outlet->streams; i++) {
            dataplane_sender_destroy(outlet->senders[i]);
        }
        session->outlets = outlet->next;
        free(outlet);
    }
}

/* ---- what goes out ---- */

void outlet_send_control(struct session *session, const struct ferry_action *action)
{
    struct outlet *outlet = find(session, action->attach);

    if (outlet != NULL && !outlet->leaving) {
        link_send(&outlet->control, action->bytes);
    }
}

static struct dataplane_sender *
sender_of(const struct session *session, uint32_t attach, uint16_t stream)
{
    const struct outlet *outlet = find(session, attach);

    if (outlet == NULL || outlet->leaving || stream >= outlet->streams) {
        return NULL;
    }
    return outlet->senders[stream];
}

void outlet_batch(struct session *session, const struct ferry_action *action)
{
    struct dataplane_sender *sender = sender_of(session, action->attach, action->stream);
    const uint8_t *state = NULL;

    if (sender == NULL) {
        return; /* the connection has just broken: DETACHED is on its way */
    }
    if (action->batch.state_size != 0 && session->vm != NULL && session->vm->guest != NULL) {
        state = session->vm->guest->state;
    }
    if (dataplane_sender_batch(sender, &action->batch, action->id, state) != FERRY_OK) {
        broken(find(session, action->attach), FERRY_WORLD_LINK, "a stream takes no more batches");
    }
}

void outlet_barrier(struct session *session, const struct ferry_action *action)
{
    struct outlet *outlet = find(session, action->attach);

    for (uint16_t stream = 0; outlet != NULL && stream < outlet->streams; stream++) {
        struct dataplane_sender *sender = sender_of(session, action->attach, stream);
        if (sender != NULL &&
            dataplane_sender_barrier(sender, action->round, action->attempt) != FERRY_OK) {
            broken(outlet, FERRY_WORLD_LINK, "a stream takes no barrier");
            return;
        }
    }
}

void outlet_set_rate(struct session *session, const struct ferry_action *action)
{
    session->rate = action->rate;
    for (struct outlet *outlet = session->outlets; outlet != NULL; outlet = outlet->next) {
        for (uint16_t i = 0; i < outlet->streams; i++) {
            if (outlet->senders[i] != NULL) {
                dataplane_sender_set_rate(outlet->senders[i], action->rate);
            }
        }
    }
}
