/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c -- see gate.h: the calls of other threads. gate_thread.c is the thread itself.
 *
 * The lock guards the list of dials (its links, and `cancelled` of each), the peers' names with
 * their references, the listeners and the wish to stop. It is held for moments only: never during a
 * handshake, a system call that waits, or a report. */
#include "engine/host/transport/gate.h"

#include "engine/host/base/fd.h"
#include "engine/host/transport/gate_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Connections that the kernel keeps for us while a burst of streams comes in. */
#define BACKLOG 512

static void wake(struct transport_gate *gate)
{
    const uint64_t one = 1;
    const ssize_t written = write(gate->wake.fd, &one, sizeof(one));
    (void)written; /* full: the thread is awake anyway */
}

static bool watch_wake(struct transport_gate *gate)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &gate->wake}};
    return epoll_ctl(gate->epoll, EPOLL_CTL_ADD, gate->wake.fd, &event) == 0;
}

static void free_gate(struct transport_gate *gate)
{
    for (size_t i = 0; i < gate->listener_count; i++) {
        (void)close(gate->listeners[i].fd);
    }
    if (gate->epoll >= 0) {
        (void)close(gate->epoll);
    }
    if (gate->wake.fd >= 0) {
        (void)close(gate->wake.fd);
    }
    peer_names_destroy(gate->names);
    (void)pthread_mutex_destroy(&gate->lock);
    free(gate);
}

static bool start_thread(struct transport_gate *gate)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int result = pthread_create(&gate->thread, NULL, gate_run, gate);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result == 0) {
        (void)pthread_setname_np(gate->thread, "ferry-gate");
    }
    return result == 0;
}

struct transport_gate *transport_gate_create(
    const struct transport_gate_config *config, struct transport_failure *failure_out)
{
    struct transport_gate *gate = calloc(1, sizeof(*gate));
    if (gate == NULL) {
        (void)transport_fail(failure_out, TRANSPORT_MEMORY, NULL);
        return NULL;
    }
    gate->security = config->security;
    gate->unrouted_max = config->unrouted_max != 0 ? config->unrouted_max : TRANSPORT_UNROUTED_MAX;
    gate->accept_deadline =
        config->accept_deadline != 0 ? config->accept_deadline : TRANSPORT_ACCEPT_DEADLINE;
    gate->post = config->post;
    gate->post_context = config->post_context;
    gate->accept_again = FERRY_TIME_NEVER;
    (void)pthread_mutex_init(&gate->lock, NULL);
    gate->names = peer_names_create(config->peers, config->peer_count);
    gate->epoll = epoll_create1(EPOLL_CLOEXEC);
    gate->wake = (struct watch){.kind = WATCH_WAKE, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (gate->names == NULL || gate->epoll < 0 || gate->wake.fd < 0 || !watch_wake(gate) ||
        !start_thread(gate)) {
        (void)transport_fail(failure_out, TRANSPORT_SYSTEM, "%s", strerror(errno));
        free_gate(gate);
        return NULL;
    }
    return gate;
}

/* ---- listening ---- */

/* A listening socket, or -1 with failure_out. */
static int listen_on(
    const char *address, uint16_t port, uint16_t *port_out, struct transport_failure *failure_out)
{
    union endpoint endpoint;
    if (!endpoint_parse(address, port, &endpoint, failure_out)) {
        return -1;
    }
    const int one = 1;
    const int fd = socket(endpoint.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = endpoint_size(&endpoint);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0;
    if (good && endpoint.any.sa_family == AF_INET6) {
        good = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0;
    }
    good = good && bind(fd, &endpoint.any, size) == 0 && listen(fd, BACKLOG) == 0 &&
           getsockname(fd, &endpoint.any, &size) == 0;
    if (!good) {
        (void)transport_fail(
            failure_out,
            TRANSPORT_LISTEN,
            "%s port %u: %s",
            address,
            (unsigned)port,
            strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    if (port_out != NULL) {
        *port_out = endpoint_port(&endpoint);
    }
    return fd;
}

bool transport_gate_listen(
    struct transport_gate *gate,
    const char *address,
    uint16_t port,
    uint16_t *port_out,
    struct transport_failure *failure_out)
{
    const int fd = listen_on(address, port, port_out, failure_out);
    if (fd < 0) {
        return false;
    }
    bool good = false;
    (void)pthread_mutex_lock(&gate->lock);
    if (gate->listener_count < TRANSPORT_LISTEN_MAX && !gate->stop) {
        struct watch *watch = &gate->listeners[gate->listener_count];
        *watch = (struct watch){.kind = WATCH_LISTENER, .fd = fd};
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = watch}};
        good = epoll_ctl(gate->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
        gate->listener_count += good ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&gate->lock);
    if (!good) {
        (void)close(fd);
        return transport_fail(
            failure_out,
            TRANSPORT_LISTEN,
            "%s: not more than %u addresses",
            address,
            TRANSPORT_LISTEN_MAX);
    }
    return true;
}

/* ---- dialling ---- */

bool transport_gate_dial(struct transport_gate *gate, const struct transport_dial *dial)
{
    struct attempt *attempt = attempt_dial(dial, gate->security);
    if (attempt == NULL) {
        return false;
    }
    const ferry_time_ns now = host_now();
    attempt->deadline =
        dial->deadline < FERRY_TIME_NEVER - now ? now + dial->deadline : FERRY_TIME_NEVER;
    (void)pthread_mutex_lock(&gate->lock);
    const bool good = !gate->stop && gate->dials.count < TRANSPORT_DIALS_MAX;
    if (good) {
        attempts_append(&gate->dials, attempt);
        gate->dials_changed = true;
    }
    (void)pthread_mutex_unlock(&gate->lock);
    if (!good) {
        attempt_destroy(attempt);
        return false;
    }
    wake(gate);
    return true;
}

void transport_gate_cancel(struct transport_gate *gate, uint64_t dial)
{
    (void)pthread_mutex_lock(&gate->lock);
    for (struct attempt *attempt = gate->dials.first; attempt != NULL; attempt = attempt->next) {
        if (attempt->dial == dial) {
            attempt->cancelled = true;
            gate->dials_changed = true;
        }
    }
    (void)pthread_mutex_unlock(&gate->lock);
    wake(gate);
}

bool transport_gate_set_peers(
    struct transport_gate *gate, const char *const *peers, size_t peer_count)
{
    struct peer_names *names = peer_names_create(peers, peer_count);
    if (names == NULL) {
        return false;
    }
    (void)pthread_mutex_lock(&gate->lock);
    struct peer_names *old = gate->names;
    gate->names = names;
    old->references--;
    const bool last = old->references == 0;
    (void)pthread_mutex_unlock(&gate->lock);
    if (last) {
        peer_names_destroy(old);
    }
    return true;
}

/* ---- the end ---- */

void transport_gate_stop(struct transport_gate *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->stop = true;
    (void)pthread_mutex_unlock(&gate->lock);
    wake(gate);
}

void transport_gate_destroy(struct transport_gate *gate)
{
    if (gate != NULL) {
        transport_gate_stop(gate);
        (void)pthread_join(gate->thread, NULL);
        free_gate(gate);
    }
}
