/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h -- the one thread of a daemon: file descriptors, timers, signals, children, and messages
 * from worker threads, each answered by a function that must not block.
 *
 * Everything here belongs to the thread that calls loop_run(); only loop_post() may be called from
 * others. Functions are called one after another, never inside one another: a callback may add,
 * change or remove anything, itself too, and what it removed is not called again, not even in the
 * same turn. Nothing is allocated after a thing was added, so arming a timer and posting a message
 * cannot fail.
 *
 * A turn: due timers in the order of their times (equal ones in the order in which they were set),
 * then messages, then descriptors. Timers set in a turn for now or the past are due in the next
 * one, so that a timer which always sets itself anew cannot starve the rest.
 */
#ifndef FERRY_HOST_LOOP_LOOP_H
#define FERRY_HOST_LOOP_LOOP_H

#include "engine/host/base/error.h"
#include "ferry/types.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

struct loop; /* opaque */

FERRY_NODISCARD
enum host_code loop_create(struct loop **loop_out, struct host_error *error);
/* Everything that was added must be removed before: asserted. NULL is fine. */
void loop_destroy(struct loop *loop);

/* Until loop_stop(). */
FERRY_NODISCARD
enum host_code loop_run(struct loop *loop, struct host_error *error);
void loop_stop(struct loop *loop);
/* One turn, which waits until `deadline` at most (host_now() time; 0: not at all, FERRY_TIME_NEVER:
 * until something happens). For tests, and for commands that wait for one thing. */
FERRY_NODISCARD
enum host_code loop_turn(struct loop *loop, ferry_time_ns deadline, struct host_error *error);

/* The time at the beginning of this turn, of host_now()'s clock. */
ferry_time_ns loop_now(const struct loop *loop);

/* -- descriptors -------------------------------------------------------------------------------- */

struct loop_fd; /* opaque */
/* events: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR, EPOLLRDHUP as epoll reports them. */
typedef void loop_fd_function(void *context, uint32_t events);

/* Level-triggered. The descriptor stays the caller's and must outlive the watch. */
FERRY_NODISCARD
enum host_code loop_fd_add(
    struct loop *loop,
    int fd,
    uint32_t events,
    loop_fd_function *function,
    void *context,
    struct loop_fd **watch_out);
void loop_fd_events(struct loop_fd *watch, uint32_t events); /* 0: only errors and hang-ups */
void loop_fd_remove(struct loop_fd *watch);                  /* NULL is fine */

/* -- timers ------------------------------------------------------------------------------------- */

typedef void loop_timer_function(void *context);

/* Lies in the caller's own memory; the fields are the loop's. */
struct loop_timer {
    struct loop *loop;
    loop_timer_function *function;
    void *context;
    ferry_time_ns at; /* FERRY_TIME_NEVER: not armed */
    uint64_t order;
    struct loop_timer *child;
    struct loop_timer *next;
    struct loop_timer *previous; /* parent, or the sibling before */
    bool due;                    /* taken out, and its turn in this turn is still to come */
};

void loop_timer_init(
    struct loop_timer *timer, struct loop *loop, loop_timer_function *function, void *context);
/* Calls the function once, at `at` or soon after; replaces the time that was set. NEVER disarms. */
void loop_timer_set(struct loop_timer *timer, ferry_time_ns at);
void loop_timer_stop(struct loop_timer *timer); /* to be called before its memory goes */

/* -- signals ------------------------------------------------------------------------------------ */

typedef void loop_signal_function(void *context, int number);

/* Blocks the signal for this thread and those that it starts later: call it before the first
 * worker. One function a signal; EXISTS otherwise. loop_destroy() unblocks it again. */
FERRY_NODISCARD
enum host_code loop_signal(
    struct loop *loop,
    int number,
    loop_signal_function *function,
    void *context,
    struct host_error *error);
/* In a child between fork and exec: gives it the signals back that the loop blocked. */
void loop_signals_unblock(void);

/* -- children ----------------------------------------------------------------------------------- */

struct loop_child; /* opaque */
/* exited: it ended by itself with status `value`; otherwise by signal `value`. */
typedef void loop_child_function(void *context, bool exited, int value);

/* Waits for the end of a child of this process by a pidfd and reaps it; then the watch is gone. */
FERRY_NODISCARD
enum host_code loop_child_add(
    struct loop *loop,
    pid_t pid,
    loop_child_function *function,
    void *context,
    struct loop_child **child_out,
    struct host_error *error);
/* The same for a process that is nobody's child any more (a guest that outlived its daemon): told
 * of its end, without a status (exited true, value 0). NOT_FOUND if there is no such process. */
FERRY_NODISCARD
enum host_code loop_process_add(
    struct loop *loop,
    pid_t pid,
    loop_child_function *function,
    void *context,
    struct loop_child **child_out,
    struct host_error *error);
/* By the pidfd, so that never another process with the same number is hit. */
FERRY_NODISCARD
enum host_code loop_child_kill(struct loop_child *child, int number, struct host_error *error);
void loop_child_remove(struct loop_child *child); /* before the end came; NULL is fine */

/* -- messages from other threads ---------------------------------------------------------------- */

typedef void loop_message_function(void *context);

/* Lies in the sender's memory. A sender that has a list of news keeps it under its own lock and
 * posts one message that says "look": memory is bounded by the number of senders, and nothing is
 * ever lost to a full queue. */
struct loop_message {
    loop_message_function *function;
    void *context;
    struct loop_message *next;
    bool queued;
};

void loop_message_init(
    struct loop_message *message, loop_message_function *function, void *context);
/* From any thread. The function is called on the loop's thread, once for all posts since it was
 * called last; whatever the poster wrote before is seen by it. */
void loop_post(struct loop *loop, struct loop_message *message);
/* Takes a message back, on the loop's thread, after its sender was joined. */
void loop_message_cancel(struct loop *loop, struct loop_message *message);

#endif
