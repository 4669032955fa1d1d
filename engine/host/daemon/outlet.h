/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlet.h -- the source's end of one (re)connection of a migration; see outlet.c.
 */
#ifndef FERRY_HOST_DAEMON_OUTLET_H
#define FERRY_HOST_DAEMON_OUTLET_H

#include "engine/host/daemon/session.h"

struct transport_gate_report;

void outlet_attach(struct session *session, const struct ferry_action *action);
void outlet_detach(struct session *session, const struct ferry_action *action);
void outlet_probe(struct session *session, const struct ferry_action *action);
void outlet_send_control(struct session *session, const struct ferry_action *action);
void outlet_batch(struct session *session, const struct ferry_action *action);
void outlet_barrier(struct session *session, const struct ferry_action *action);
void outlet_set_rate(struct session *session, const struct ferry_action *action);

/* A worker has said its last word. */
void outlet_worker_closed(struct session *session, uint32_t attach, uint16_t stream);
void outlets_destroy(struct session *session);

/* The gate's report of a dial; takes its connection. */
void outlet_dialled(struct daemon *daemon, const struct transport_gate_report *report);

#endif
