/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inlet.h -- the target's end of one (re)connection of a migration; see inlet.c.
 */
#ifndef FERRY_HOST_DAEMON_INLET_H
#define FERRY_HOST_DAEMON_INLET_H

#include "engine/host/daemon/session.h"
#include "engine/host/transport/connection.h"
#include "ferry/stream.h"

/* A control connection of this session came in; takes it. */
void inlet_control(
    struct session *session, uint32_t attach, struct transport_connection *connection);
/* A payload connection; takes it. It waits for its control connection, and for the guest's shell. */
void inlet_payload(
    struct session *session,
    const struct ferry_preface *preface,
    struct transport_connection *connection);
/* Has its control connection come, and is it still the engine's? */
bool inlet_known(const struct session *session, uint32_t attach);
/* Open ones, of all inlets. */
uint32_t inlets_connections(const struct session *session);
/* The shell stands: what waited for it begins. */
void inlets_start(struct session *session);

void inlet_detach(struct session *session, const struct ferry_action *action);
void inlet_send_control(struct session *session, const struct ferry_action *action);
/* The guest is about to run: nothing may be placed any more. */
void inlets_seal(struct session *session);
void inlet_release_round(struct session *session, const struct ferry_action *action);

/* A worker has said its last word. */
void inlet_worker_closed(struct session *session, uint32_t attach, uint16_t stream);
void inlets_destroy(struct session *session);

#endif
