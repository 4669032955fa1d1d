/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h -- the loop's own struct, shared by its files. */
#ifndef FERRY_HOST_LOOP_INTERNAL_H
#define FERRY_HOST_LOOP_INTERNAL_H

#include "engine/host/loop/loop.h"

#include <pthread.h>
#include <signal.h>

struct loop_signal_entry {
    loop_signal_function *function;
    void *context;
};

struct loop {
    int epoll;
    int wake; /* eventfd: a message was posted */
    ferry_time_ns now;
    bool stopping;

    /* timers.c */
    struct loop_timer *soonest; /* root of a pairing heap */
    struct loop_timer *due;     /* taken out in this turn, in order */
    uint64_t order;

    /* descriptors */
    size_t watches;
    struct loop_fd *removed; /* freed at the end of the turn: epoll may still name them */

    /* messages.c */
    pthread_mutex_t lock;
    struct loop_message *first;
    struct loop_message *last;
    struct loop_fd *wake_watch;

    /* signals.c */
    int signal_fd; /* -1 until the first */
    struct loop_fd *signal_watch;
    sigset_t signals;
    struct loop_signal_entry signal[NSIG];
};

struct loop_fd {
    struct loop *loop;
    int fd;
    loop_fd_function *function; /* NULL: removed */
    void *context;
    struct loop_fd *next_removed;
};

/* When the next timer is due; FERRY_TIME_NEVER. */
ferry_time_ns loop_timers_next(const struct loop *loop);
void loop_timers_run(struct loop *loop);
void loop_messages_run(struct loop *loop);
enum host_code loop_messages_init(struct loop *loop, struct host_error *error);
void loop_messages_deinit(struct loop *loop);
void loop_signals_deinit(struct loop *loop);

#endif
