/* SPDX-License-Identifier: Apache-2.0 */
/* gate_thread.c -- the gate's thread: waits for sockets and deadlines, takes every attempt one step
 * further, and reports those that are at their end.
 *
 * Only this thread removes attempts from the lists and frees them. */
#include "engine/host/base/fd.h"
#include "engine/host/transport/gate_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Sockets that are looked at in one turn. */
#define TURN 64

/* Without descriptors the listener would be ready for ever: it rests for this long. */
#define ACCEPT_REST (100 * FERRY_MILLISECOND)

/* ---- lists ---- */

void attempts_append(struct attempts *attempts, struct attempt *attempt)
{
    attempt->next = NULL;
    attempt->previous = attempts->last;
    if (attempts->last != NULL) {
        attempts->last->next = attempt;
    } else {
        attempts->first = attempt;
    }
    attempts->last = attempt;
    attempts->count++;
}

void attempts_remove(struct attempts *attempts, struct attempt *attempt)
{
    if (attempt->previous != NULL) {
        attempt->previous->next = attempt->next;
    } else {
        attempts->first = attempt->next;
    }
    if (attempt->next != NULL) {
        attempt->next->previous = attempt->previous;
    } else {
        attempts->last = attempt->previous;
    }
    attempts->count--;
}

/* ---- the end of an attempt ---- */

/* Takes it off its list, and its names' reference back. */
static void unlink_attempt(struct transport_gate *gate, struct attempt *attempt)
{
    struct peer_names *unused = NULL;
    (void)pthread_mutex_lock(&gate->lock);
    attempts_remove(attempt->dialling ? &gate->dials : &gate->accepted, attempt);
    if (attempt->names != NULL) {
        attempt->names->references--;
        unused = attempt->names->references == 0 ? attempt->names : NULL;
    }
    (void)pthread_mutex_unlock(&gate->lock);
    peer_names_destroy(unused);
}

static void finish(struct transport_gate *gate, struct attempt *attempt, bool good)
{
    if (!good) {
        transport_fail_at(&attempt->failure, attempt->address_text);
    }
    struct transport_gate_report report = {
        .kind = attempt->dialling ? TRANSPORT_REPORT_DIALLED : TRANSPORT_REPORT_ACCEPTED,
        .dial = attempt->dial,
        .failure = attempt->failure,
    };
    if (attempt->watched != 0) {
        (void)epoll_ctl(gate->epoll, EPOLL_CTL_DEL, attempt->watch.fd, NULL);
    }
    if (good) {
        report.connection = attempt->connection;
        report.preface = attempt->decoded;
        attempt->connection = NULL;
    }
    unlink_attempt(gate, attempt);
    attempt_destroy(attempt); /* sends the alert, if there is one, before anybody hears of it */
    gate->post(gate->post_context, &report);
}

static void fail(struct transport_gate *gate, struct attempt *attempt, enum transport_error error)
{
    (void)transport_fail(&attempt->failure, error, NULL);
    finish(gate, attempt, false);
}

/* ---- one step ---- */

static bool watch_attempt(struct transport_gate *gate, struct attempt *attempt)
{
    const uint32_t events = attempt_events(attempt);
    if (events == attempt->watched) {
        return true;
    }
    struct epoll_event event = {.events = events, .data = {.ptr = attempt}};
    const int operation = attempt->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    attempt->watched = events;
    return epoll_ctl(gate->epoll, operation, attempt->watch.fd, &event) == 0;
}

static void step(struct transport_gate *gate, struct attempt *attempt)
{
    const enum transport_progress progress = attempt_step(attempt);
    if (progress == TRANSPORT_MOVED) {
        finish(gate, attempt, true);
    } else if (progress != TRANSPORT_WAIT) {
        finish(gate, attempt, false);
    } else if (!watch_attempt(gate, attempt)) {
        fail(gate, attempt, TRANSPORT_SYSTEM);
    }
}

/* ---- what came in ---- */

static void rest_listeners(struct transport_gate *gate, uint32_t events)
{
    (void)pthread_mutex_lock(&gate->lock);
    for (size_t i = 0; i < gate->listener_count; i++) {
        struct epoll_event event = {.events = events, .data = {.ptr = &gate->listeners[i]}};
        (void)epoll_ctl(gate->epoll, EPOLL_CTL_MOD, gate->listeners[i].fd, &event);
    }
    (void)pthread_mutex_unlock(&gate->lock);
    gate->accept_again = events == 0 ? host_now() + ACCEPT_REST : FERRY_TIME_NEVER;
}

/* No descriptor or memory for one more: the oldest gives way, or the listeners rest. */
static void make_way(struct transport_gate *gate)
{
    if (gate->accepted.first != NULL) {
        fail(gate, gate->accepted.first, TRANSPORT_CROWDED);
    } else {
        rest_listeners(gate, 0);
    }
}

static void take_in(struct transport_gate *gate, int fd, const union endpoint *from)
{
    (void)pthread_mutex_lock(&gate->lock);
    struct peer_names *names = gate->names;
    names->references++;
    (void)pthread_mutex_unlock(&gate->lock);
    struct attempt *attempt = attempt_accept(fd, from, names, gate->security);
    if (attempt == NULL) {
        struct transport_gate_report report = {.kind = TRANSPORT_REPORT_ACCEPTED};
        (void)close(fd);
        (void)transport_fail(&report.failure, TRANSPORT_MEMORY, NULL);
        (void)pthread_mutex_lock(&gate->lock);
        names->references--;
        struct peer_names *unused = names->references == 0 ? names : NULL;
        (void)pthread_mutex_unlock(&gate->lock);
        peer_names_destroy(unused);
        gate->post(gate->post_context, &report);
        return;
    }
    attempt->deadline = host_now() + gate->accept_deadline;
    attempts_append(&gate->accepted, attempt);
    if (gate->accepted.count > gate->unrouted_max) {
        fail(gate, gate->accepted.first, TRANSPORT_CROWDED);
    }
    step(gate, attempt);
}

/* One connection a turn: level-triggered, so that no listener starves the others. */
static void accept_one(struct transport_gate *gate, int listener)
{
    union endpoint from;
    socklen_t size = sizeof(from);
    memset(&from, 0, sizeof(from));
    const int fd = accept4(listener, &from.any, &size, SOCK_CLOEXEC);
    if (fd >= 0) {
        take_in(gate, fd, &from);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        make_way(gate);
    }
}

/* ---- what other threads want ---- */

/* One dial that is new or cancelled; NULL: none. */
static struct attempt *changed_dial(struct transport_gate *gate, bool *cancelled_out)
{
    struct attempt *found = NULL;
    (void)pthread_mutex_lock(&gate->lock);
    if (gate->dials_changed) {
        found = gate->dials.first;
        while (found != NULL && !found->cancelled && found->phase != ATTEMPT_NEW) {
            found = found->next;
        }
        gate->dials_changed = found != NULL;
        *cancelled_out = found != NULL && found->cancelled;
    }
    (void)pthread_mutex_unlock(&gate->lock);
    return found;
}

static void look_at_dials(struct transport_gate *gate)
{
    bool cancelled = false;
    struct attempt *attempt = NULL;
    while ((attempt = changed_dial(gate, &cancelled)) != NULL) {
        if (cancelled) {
            fail(gate, attempt, TRANSPORT_CANCELLED);
        } else {
            step(gate, attempt);
        }
    }
}

/* ---- time ---- */

/* The first attempt of a list whose time is over; *next_out becomes the earliest deadline. */
static struct attempt *
expired(const struct attempts *attempts, ferry_time_ns now, ferry_time_ns *next_out)
{
    for (struct attempt *attempt = attempts->first; attempt != NULL; attempt = attempt->next) {
        if (attempt->deadline <= now) {
            return attempt;
        }
        if (attempt->deadline < *next_out) {
            *next_out = attempt->deadline;
        }
    }
    return NULL;
}

/* Ends what is late. Returns when the next one will be. */
static ferry_time_ns expire(struct transport_gate *gate)
{
    ferry_time_ns next = FERRY_TIME_NEVER;
    struct attempt *attempt = NULL;
    do {
        const ferry_time_ns now = host_now();
        next = gate->accept_again;
        (void)pthread_mutex_lock(&gate->lock);
        attempt = expired(&gate->dials, now, &next);
        (void)pthread_mutex_unlock(&gate->lock);
        if (attempt == NULL) {
            attempt = expired(&gate->accepted, now, &next);
        }
        if (attempt != NULL) {
            attempt_expire(attempt);
            finish(gate, attempt, false);
        }
    } while (attempt != NULL);
    if (gate->accept_again <= host_now()) {
        rest_listeners(gate, EPOLLIN);
    }
    return next;
}

static int milliseconds_until(ferry_time_ns time)
{
    if (time == FERRY_TIME_NEVER) {
        return -1;
    }
    const ferry_time_ns wait = time - host_now();
    if (wait <= 0) {
        return 0;
    }
    const ferry_time_ns milliseconds = wait / FERRY_MILLISECOND + 1;
    return milliseconds < 60000 ? (int)milliseconds : 60000;
}

/* ---- the thread ---- */

static void clear_wake(const struct watch *watch)
{
    uint64_t count = 0;
    const ssize_t size = read(watch->fd, &count, sizeof(count));
    (void)size; /* what it was about is seen in the lists */
}

/* An attempt may be freed when it is looked at, and is in the list once. Listeners come after all of
 * them: accepting may end the oldest attempt (CROWDED), which may be in this list too. */
static void turn(struct transport_gate *gate, const struct epoll_event *events, int count)
{
    const struct watch *listeners[TRANSPORT_LISTEN_MAX];
    size_t ready = 0;
    for (int i = 0; i < count; i++) {
        const struct watch *watch = events[i].data.ptr;
        switch (watch->kind) {
        case WATCH_WAKE: clear_wake(watch); break;
        case WATCH_LISTENER: listeners[ready++] = watch; break;
        case WATCH_ATTEMPT: step(gate, events[i].data.ptr); break;
        }
    }
    for (size_t i = 0; i < ready; i++) {
        accept_one(gate, listeners[i]->fd);
    }
}

static bool is_stopping(struct transport_gate *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    const bool stop = gate->stop;
    (void)pthread_mutex_unlock(&gate->lock);
    return stop;
}

static void end_all(struct transport_gate *gate)
{
    while (gate->accepted.first != NULL) {
        fail(gate, gate->accepted.first, TRANSPORT_CANCELLED);
    }
    for (;;) {
        (void)pthread_mutex_lock(&gate->lock);
        struct attempt *attempt = gate->dials.first;
        (void)pthread_mutex_unlock(&gate->lock);
        if (attempt == NULL) {
            break;
        }
        fail(gate, attempt, TRANSPORT_CANCELLED);
    }
    (void)pthread_mutex_lock(&gate->lock);
    for (size_t i = 0; i < gate->listener_count; i++) {
        (void)close(gate->listeners[i].fd);
    }
    gate->listener_count = 0;
    (void)pthread_mutex_unlock(&gate->lock);
}

void *gate_run(void *context)
{
    struct transport_gate *gate = context;
    struct epoll_event events[TURN];
    while (!is_stopping(gate)) {
        look_at_dials(gate);
        const ferry_time_ns next = expire(gate);
        const int count = epoll_wait(gate->epoll, events, TURN, milliseconds_until(next));
        turn(gate, events, count);
    }
    end_all(gate);
    const struct transport_gate_report last = {.kind = TRANSPORT_REPORT_STOPPED};
    gate->post(gate->post_context, &last);
    return NULL;
}
