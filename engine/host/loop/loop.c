/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c -- turns, and descriptors.
 *
 * A removed watch lives until the end of the turn: epoll_wait() gave out pointers to all of the
 * turn's watches before the first of them was served.
 */
#include "engine/host/base/fd.h"
#include "engine/host/loop/internal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVENTS_A_TURN 64

enum host_code loop_create(struct loop **loop_out, struct host_error *error)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory for the event loop");
    }
    loop->signal_fd = -1;
    loop->wake = -1;
    (void)sigemptyset(&loop->signals);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        const int number = errno;

        free(loop);
        return host_fail_errno(error, number, "making the event loop");
    }
    loop->now = host_now();
    const enum host_code code = loop_messages_init(loop, error);

    if (code != HOST_OK) {
        fd_close(&loop->epoll);
        free(loop);
        return code;
    }
    *loop_out = loop;
    return HOST_OK;
}

static void free_removed(struct loop *loop)
{
    while (loop->removed != NULL) {
        struct loop_fd *watch = loop->removed;

        loop->removed = watch->next_removed;
        free(watch);
    }
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    loop_signals_deinit(loop);
    loop_messages_deinit(loop);
    free_removed(loop);
    assert(loop->watches == 0 && loop->soonest == NULL);
    fd_close(&loop->epoll);
    free(loop);
}

ferry_time_ns loop_now(const struct loop *loop)
{
    return loop->now;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

enum host_code loop_fd_add(
    struct loop *loop,
    int fd,
    uint32_t events,
    loop_fd_function *function,
    void *context,
    struct loop_fd **watch_out)
{
    struct loop_fd *watch = calloc(1, sizeof *watch);

    if (watch == NULL) {
        return HOST_MEMORY;
    }
    *watch = (struct loop_fd){.loop = loop, .fd = fd, .function = function, .context = context};
    struct epoll_event event = {.events = events, .data.ptr = watch};

    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        const int number = errno;

        free(watch);
        return number == ENOMEM || number == ENOSPC ? HOST_MEMORY : HOST_IO;
    }
    loop->watches++;
    *watch_out = watch;
    return HOST_OK;
}

void loop_fd_events(struct loop_fd *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    const int failed = epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);

    assert(failed == 0); /* the descriptor was closed before its watch */
    (void)failed;
}

void loop_fd_remove(struct loop_fd *watch)
{
    if (watch == NULL) {
        return;
    }
    struct loop *loop = watch->loop;

    assert(watch->function != NULL);
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->function = NULL;
    watch->next_removed = loop->removed;
    loop->removed = watch;
    loop->watches--;
}

/* Waits in nanoseconds where the kernel can, else rounds up: early is worse than late, since a
 * timer that is not yet due would spin. */
static int wait_events(struct loop *loop, struct epoll_event *events, ferry_time_ns deadline)
{
    struct timespec time = {0};
    ferry_time_ns rest = 0;

    if (deadline == FERRY_TIME_NEVER) {
        return epoll_wait(loop->epoll, events, EVENTS_A_TURN, -1);
    }
    if (deadline > 0) {
        rest = deadline - host_now();
        rest = rest < 0 ? 0 : rest;
    }
    time.tv_sec = (time_t)(rest / FERRY_SECOND);
    time.tv_nsec = (long)(rest % FERRY_SECOND);
    const int count = epoll_pwait2(loop->epoll, events, EVENTS_A_TURN, &time, NULL);

    if (count < 0 && errno == ENOSYS) {
        const ferry_time_ns milliseconds = (rest + FERRY_MILLISECOND - 1) / FERRY_MILLISECOND;

        return epoll_wait(
            loop->epoll,
            events,
            EVENTS_A_TURN,
            milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
    }
    return count;
}

enum host_code loop_turn(struct loop *loop, ferry_time_ns deadline, struct host_error *error)
{
    struct epoll_event events[EVENTS_A_TURN];
    const ferry_time_ns timer = loop_timers_next(loop);
    const int count = wait_events(loop, events, timer < deadline ? timer : deadline);

    if (count < 0 && errno != EINTR) {
        return host_fail_errno(error, errno, "waiting for events");
    }
    loop->now = host_now();
    loop_timers_run(loop);
    loop_messages_run(loop);
    for (int i = 0; i < count; i++) {
        struct loop_fd *watch = events[i].data.ptr;

        if (watch->function != NULL) {
            watch->function(watch->context, events[i].events);
        }
    }
    free_removed(loop);
    return HOST_OK;
}

enum host_code loop_run(struct loop *loop, struct host_error *error)
{
    loop->stopping = false;
    while (!loop->stopping) {
        HOST_TRY(loop_turn(loop, FERRY_TIME_NEVER, error));
    }
    return HOST_OK;
}
