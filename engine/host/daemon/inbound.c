/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbound.c -- the door of the network: what the gate reports, and whose connection it is.
 *
 *   control, session known     to its inlet
 *   control, in the journal    the session comes back, then the same
 *   control, nobody's          a new target; admission says in the engine's words whether it may come
 *   payload, session known     to its inlet
 *   payload, nobody's yet      parked until its control connection has come, or for a while
 *
 * IB-1 A session belongs to the peer whose control connection began it: with certificates, another
 *      name is turned away, whatever numbers it knows.
 * IB-2 What peers can make this host keep is bounded: connections by the configuration, parked ones
 *      also by PARKED_MAX and a time, target objects by SESSIONS_MAX.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/daemon.h"
#include "engine/host/daemon/inlet.h"
#include "engine/host/daemon/outlet.h"
#include "engine/host/daemon/session.h"

#include <stdlib.h>
#include <string.h>

#define PARKED_MAX 256U
/* Incoming sessions of all states, those included that are only refused. */
#define SESSIONS_MAX 128U
#define GATE_MAIL    256U

struct parked {
    struct parked *next;
    struct transport_connection *connection;
    struct ferry_preface preface;
    ferry_time_ns until;
};

/* ---- parked connections ---- */

static bool same_session(struct ferry_session_id a, struct ferry_session_id b)
{
    return a.high == b.high && a.low == b.low;
}

static void arm_parked(struct daemon *daemon)
{
    ferry_time_ns next = FERRY_TIME_NEVER;

    for (const struct parked *parked = daemon->parked; parked != NULL; parked = parked->next) {
        next = parked->until < next ? parked->until : next;
    }
    loop_timer_set(&daemon->parked_timer, next);
}

static void parked_late(void *context)
{
    struct daemon *daemon = context;
    const ferry_time_ns now = host_now();
    struct parked **place = &daemon->parked;

    while (*place != NULL) {
        struct parked *parked = *place;
        if (parked->until <= now) {
            *place = parked->next;
            transport_connection_destroy(parked->connection);
            free(parked);
        } else {
            place = &parked->next;
        }
    }
    arm_parked(daemon);
}

static void park(
    struct daemon *daemon,
    const struct ferry_preface *preface,
    struct transport_connection *connection)
{
    unsigned count = 0;

    for (const struct parked *other = daemon->parked; other != NULL; other = other->next) {
        count++;
    }
    struct parked *parked = count < PARKED_MAX ? malloc(sizeof *parked) : NULL;
    if (parked == NULL) {
        transport_connection_destroy(connection);
        return;
    }
    *parked = (struct parked){
        .next = daemon->parked,
        .connection = connection,
        .preface = *preface,
        .until = host_now() + daemon->config->timeouts.preface,
    };
    daemon->parked = parked;
    arm_parked(daemon);
}

static void unpark(struct session *session, uint32_t attach)
{
    struct daemon *daemon = session->daemon;
    struct parked **place = &daemon->parked;

    while (*place != NULL) {
        struct parked *parked = *place;
        if (same_session(parked->preface.session, session->id) &&
            parked->preface.attach == attach) {
            *place = parked->next;
            inlet_payload(session, &parked->preface, parked->connection);
            free(parked);
        } else {
            place = &parked->next;
        }
    }
}

/* ---- whose is it? ---- */

/* Without certificates anybody may say anything; for messages and logs, the address tells. */
static const char *
name_of(const struct daemon *daemon, const struct transport_connection *connection)
{
    const char *address = transport_connection_address(connection);

    if (transport_connection_is_encrypted(connection)) {
        return transport_connection_peer(connection);
    }
    for (size_t i = 0; i < daemon->config->peer_count; i++) {
        const struct host_peer *peer = &daemon->config->peers[i];
        for (size_t a = 0; a < peer->address_count; a++) {
            const size_t size = strlen(peer->addresses[a].text);
            const char *at = address[0] == '[' ? address + 1 : address;
            if (strncmp(at, peer->addresses[a].text, size) == 0 &&
                (at[size] == ':' || at[size] == ']')) {
                return peer->name;
            }
        }
    }
    return "";
}

/* Of all peers, those parked included. */
static uint32_t count_connections(struct daemon *daemon)
{
    uint32_t count = 0;

    for (const struct parked *parked = daemon->parked; parked != NULL; parked = parked->next) {
        count++;
    }
    for (const struct session *session = daemon->sessions; session != NULL;
         session = session->next) {
        count += session->target ? inlets_connections(session) : 0;
    }
    daemon->connections = count;
    return count;
}

static bool
of_this_peer(const struct session *session, const struct transport_connection *connection)
{
    return !transport_connection_is_encrypted(connection) ||
           strcmp(session->note.peer, transport_connection_peer(connection)) == 0;
}

static struct session *bring_back(struct daemon *daemon, struct ferry_session_id id)
{
    const struct journal_session *records =
        journal_session_find(daemon->journal, id, JOURNAL_ROLE_TARGET);
    struct session *session = NULL;
    struct session_note note;
    struct host_error error;

    if (records == NULL) {
        return NULL;
    }
    if (note_decode(records->note, &note, &error) != HOST_OK ||
        target_restart(
            daemon, records, &note, vms_find_id(daemon, note.guest_id), &session, &error) !=
            HOST_OK) {
        host_log_error(HOST_LOG_ERROR, "a session of the journal", &error);
        return NULL;
    }
    return session;
}

static unsigned count_targets(const struct daemon *daemon)
{
    unsigned count = 0;

    for (const struct session *session = daemon->sessions; session != NULL;
         session = session->next) {
        count += session->target ? 1U : 0U;
    }
    return count;
}

static struct session *
session_of_control(struct daemon *daemon, const struct transport_gate_report *report)
{
    struct session *session = session_find(daemon, report->preface.session, true);
    struct host_error error;

    if (session == NULL) {
        session = bring_back(daemon, report->preface.session);
    }
    if (session == NULL && count_targets(daemon) < SESSIONS_MAX &&
        target_begin(
            daemon,
            report->preface.session,
            name_of(daemon, report->connection),
            &session,
            &error) != HOST_OK) {
        host_log_error(HOST_LOG_WARNING, "an incoming session", &error);
        session = NULL;
    }
    return session;
}

static void turned_away(struct daemon *daemon, const char *address, const char *reason)
{
    host_log_often(&daemon->refusals, HOST_LOG_WARNING, "%s is turned away: %s", address, reason);
    daemon_event(
        daemon, "peer.refused", json_pack("{s:s, s:s}", "address", address, "reason", reason));
}

static void control_came(struct daemon *daemon, const struct transport_gate_report *report)
{
    struct session *session = session_of_control(daemon, report);

    if (session == NULL || !of_this_peer(session, report->connection)) {
        turned_away(
            daemon,
            transport_connection_address(report->connection),
            session == NULL ? "too many sessions" : "the session is another peer's");
        transport_connection_destroy(report->connection);
        return;
    }
    inlet_control(session, report->preface.attach, report->connection);
    unpark(session, report->preface.attach);
}

static void payload_came(struct daemon *daemon, const struct transport_gate_report *report)
{
    struct session *session = session_find(daemon, report->preface.session, true);

    if (session != NULL && !of_this_peer(session, report->connection)) {
        turned_away(
            daemon,
            transport_connection_address(report->connection),
            "the session is another peer's");
        transport_connection_destroy(report->connection);
    } else if (session != NULL && inlet_known(session, report->preface.attach)) {
        inlet_payload(session, &report->preface, report->connection);
    } else {
        park(daemon, &report->preface, report->connection);
    }
}

static void take_gate_report(void *context, const void *item)
{
    struct daemon *daemon = context;
    const struct transport_gate_report *report = item;

    if (report->kind == TRANSPORT_REPORT_DIALLED) {
        outlet_dialled(daemon, report);
    } else if (report->kind == TRANSPORT_REPORT_ACCEPTED) {
        if (report->connection == NULL) {
            turned_away(daemon, "a connection", report->failure.text);
        } else if (daemon->ending || !daemon->ready) {
            transport_connection_destroy(report->connection);
        } else if (count_connections(daemon) >= daemon->config->limits.connections) {
            turned_away(
                daemon,
                transport_connection_address(report->connection),
                "as many connections are open as are allowed");
            transport_connection_destroy(report->connection);
        } else if (report->preface.role == FERRY_ROLE_CONTROL) {
            control_came(daemon, report);
        } else {
            payload_came(daemon, report);
        }
    }
}

/* On the gate's thread. */
static void post_gate_report(void *context, const struct transport_gate_report *report)
{
    struct daemon *daemon = context;

    if (!mailbox_put(&daemon->gate_mail, report)) {
        transport_connection_destroy(report->connection);
    }
}

/* ---- open and closed ---- */

static enum host_code
fail_transport(struct host_error *error, const struct transport_failure *failure)
{
    const enum host_code code = host_fail(error, HOST_FAILED, "%s", failure->text);

    host_error_step(error, "%s", transport_error_next_step(failure->error));
    return code;
}

static enum host_code make_security(struct daemon *daemon, struct host_error *error)
{
    const struct host_config *config = daemon->config;
    struct transport_failure failure = {.error = TRANSPORT_MEMORY};

    daemon->security =
        config->unencrypted
            ? transport_security_unencrypted()
            : transport_security_tls(
                  config->tls.certificate, config->tls.key, config->tls.ca, &failure);
    return daemon->security == NULL ? fail_transport(error, &failure) : HOST_OK;
}

enum host_code inbound_prepare(struct daemon *daemon, struct host_error *error)
{
    const struct host_config *config = daemon->config;
    const char *names[CONFIG_PEERS_MAX];
    struct transport_failure failure;

    loop_timer_init(&daemon->parked_timer, daemon->loop, parked_late, daemon);
    HOST_TRY(make_security(daemon, error));
    HOST_TRY(mailbox_init(
        &daemon->gate_mail,
        daemon->loop,
        sizeof(struct transport_gate_report),
        GATE_MAIL,
        take_gate_report,
        daemon));
    for (size_t i = 0; i < config->peer_count && i < CONFIG_PEERS_MAX; i++) {
        names[i] = config->peers[i].name;
    }
    daemon->gate = transport_gate_create(
        &(struct transport_gate_config){
            .security = daemon->security,
            .peers = names,
            .peer_count = config->peer_count,
            .unrouted_max = config->limits.connections_unknown,
            .accept_deadline = config->timeouts.preface,
            .post = post_gate_report,
            .post_context = daemon,
        },
        &failure);
    return daemon->gate == NULL ? fail_transport(error, &failure) : HOST_OK;
}

enum host_code inbound_open(struct daemon *daemon, struct host_error *error)
{
    const struct host_config *config = daemon->config;
    struct transport_failure failure;

    for (size_t i = 0; i < config->listen_count; i++) {
        if (!transport_gate_listen(
                daemon->gate, config->listen[i].text, config->listen[i].port, NULL, &failure)) {
            return fail_transport(error, &failure);
        }
    }
    return HOST_OK;
}

void inbound_close(struct daemon *daemon)
{
    if (daemon->gate != NULL) {
        mailbox_drop(&daemon->gate_mail);
        transport_gate_stop(daemon->gate);
        transport_gate_destroy(daemon->gate);
        daemon->gate = NULL;
    }
    mailbox_deinit(&daemon->gate_mail);
    while (daemon->parked != NULL) {
        struct parked *parked = daemon->parked;
        daemon->parked = parked->next;
        transport_connection_destroy(parked->connection);
        free(parked);
    }
    if (daemon->parked_timer.loop != NULL) {
        loop_timer_stop(&daemon->parked_timer);
    }
    transport_security_destroy(daemon->security);
    daemon->security = NULL;
}
