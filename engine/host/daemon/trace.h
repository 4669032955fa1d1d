/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h -- what an engine object says about itself, told to operators a moment later; see trace.c.
 */
#ifndef FERRY_HOST_DAEMON_TRACE_H
#define FERRY_HOST_DAEMON_TRACE_H

#include "engine/host/loop/loop.h"
#include "ferry/trace.h"

#include <stddef.h>

struct session;

#define SESSION_TRACE_MAX 64U

struct session_trace {
    struct ferry_trace_event events[SESSION_TRACE_MAX];
    size_t count;
    struct loop_timer timer;
    /* what later events repeat */
    int64_t round;
    int64_t attempt;
    int64_t rule;
    int64_t predicted;
};

void trace_init(struct session *session);
struct ferry_trace_sink trace_sink(struct session *session);
void trace_flush(struct session *session); /* now */

#endif
