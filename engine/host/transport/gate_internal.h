/* SPDX-License-Identifier: Apache-2.0 */
/* gate_internal.h -- what gate.c and gate_thread.c share. */
#ifndef FERRY_HOST_TRANSPORT_GATE_INTERNAL_H
#define FERRY_HOST_TRANSPORT_GATE_INTERNAL_H

#include "engine/host/transport/attempt.h"

#include <pthread.h>

struct attempts {
    struct attempt *first; /* the oldest */
    struct attempt *last;
    size_t count;
};

void attempts_append(struct attempts *attempts, struct attempt *attempt);
void attempts_remove(struct attempts *attempts, struct attempt *attempt);

struct transport_gate {
    struct transport_security *security;
    uint32_t unrouted_max;
    ferry_time_ns accept_deadline;
    transport_gate_post post;
    void *post_context;
    pthread_t thread;
    int epoll;
    struct watch wake;

    pthread_mutex_t lock; /* guards what follows, up to the blank line */
    bool stop;
    bool dials_changed; /* some are new or cancelled */
    struct attempts dials;
    struct peer_names *names;
    size_t listener_count;
    struct watch listeners[TRANSPORT_LISTEN_MAX];

    struct attempts accepted;   /* the thread's own */
    ferry_time_ns accept_again; /* the process has no descriptors left: not before this time */
};

void *gate_run(void *context);

#endif
