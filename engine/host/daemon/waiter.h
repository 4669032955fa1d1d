/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiter.h -- control requests that wait for the outcome of a move; see outcome.c.
 */
#ifndef FERRY_HOST_DAEMON_WAITER_H
#define FERRY_HOST_DAEMON_WAITER_H

#include "engine/host/base/error.h"

struct control_request;
struct session;

/* Answered with the outcome; at once if there is one. */
void waiter_add(struct session *session, struct control_request *request);
/* The session ends without one. */
void waiters_fail(struct session *session);

#endif
