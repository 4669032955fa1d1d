/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.c -- a wire that can be cut: one thread, poll(), a buffer for each direction of each
 * connection. A cut resets what is there and closes the door, as a link that goes down does for those
 * who notice at once.
 */
#include "tests/host/daemon/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIRES_MAX 64U
#define PIPE_SIZE 262144U

struct flow {
    size_t first;
    size_t end;
    bool over; /* its reader has seen the end */
    char bytes[PIPE_SIZE];
};

struct wire {
    int fd[2];
    struct flow flow[2]; /* [i]: from fd[i] to the other */
};

struct relay {
    pthread_t thread;
    int listener;
    int wake[2];
    struct sockaddr_in from;
    struct sockaddr_in to;
    atomic_bool cut;
    atomic_bool stop;
    atomic_bool is_cut;
    struct wire *wires[WIRES_MAX];
};

static void drop(struct relay *relay, size_t i)
{
    const struct linger reset = {.l_onoff = 1};

    for (unsigned side = 0; side < 2; side++) {
        (void)setsockopt(relay->wires[i]->fd[side], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        (void)close(relay->wires[i]->fd[side]);
    }
    free(relay->wires[i]);
    relay->wires[i] = NULL;
}

static void open_wire(struct relay *relay)
{
    const int one = 1;
    const int in = accept4(relay->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t i = 0;

    while (i < WIRES_MAX && relay->wires[i] != NULL) {
        i++;
    }
    struct wire *wire = i == WIRES_MAX ? NULL : calloc(1, sizeof *wire);
    if (in < 0 || out < 0 || wire == NULL ||
        connect(out, (const struct sockaddr *)&relay->to, sizeof relay->to) != 0) {
        (void)close(in);
        (void)close(out);
        free(wire);
        return;
    }
    (void)setsockopt(in, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    wire->fd[0] = in;
    wire->fd[1] = out;
    relay->wires[i] = wire;
}

/* False: the wire is over. */
static bool carry(struct wire *wire, unsigned side, short events)
{
    struct flow *flow = &wire->flow[side];
    const int to = wire->fd[1 - side];

    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && flow->first == flow->end && !flow->over) {
        const ssize_t size = recv(wire->fd[side], flow->bytes, sizeof flow->bytes, MSG_DONTWAIT);
        if (size < 0 && errno != EAGAIN) {
            return false;
        }
        flow->first = 0;
        flow->end = size > 0 ? (size_t)size : 0;
        if (size == 0) {
            flow->over = true;
            (void)shutdown(to, SHUT_WR);
        }
    }
    if (flow->first < flow->end) {
        const ssize_t size = send(
            to, flow->bytes + flow->first, flow->end - flow->first, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0 && errno != EAGAIN) {
            return false;
        }
        flow->first += size > 0 ? (size_t)size : 0;
    }
    return !(wire->flow[0].over && wire->flow[1].over);
}

static short wanted(const struct wire *wire, unsigned side)
{
    const struct flow *in = &wire->flow[side];
    const struct flow *out = &wire->flow[1 - side];
    short events = 0;

    if (in->first == in->end && !in->over) {
        events = (short)(events | POLLIN);
    }
    if (out->first < out->end) {
        events = (short)(events | POLLOUT);
    }
    return events;
}

static void one_turn(struct relay *relay)
{
    struct pollfd fds[2 + 2 * WIRES_MAX];
    size_t of[2 * WIRES_MAX];
    nfds_t count = 2;

    fds[0] = (struct pollfd){.fd = relay->wake[0], .events = POLLIN};
    fds[1] = (struct pollfd){.fd = relay->listener, .events = POLLIN};
    for (size_t i = 0; i < WIRES_MAX; i++) {
        for (unsigned side = 0; relay->wires[i] != NULL && side < 2; side++) {
            of[count - 2] = i;
            fds[count] = (struct pollfd){
                .fd = relay->wires[i]->fd[side], .events = wanted(relay->wires[i], side)};
            count++;
        }
    }
    (void)poll(fds, count, -1);
    char byte = 0;
    if (fds[0].revents != 0) {
        (void)!read(relay->wake[0], &byte, 1);
    }
    for (nfds_t n = 2; n < count; n += 2) {
        const size_t i = of[n - 2];
        if (!carry(relay->wires[i], 0, (short)(fds[n].revents)) ||
            !carry(relay->wires[i], 1, (short)(fds[n + 1].revents))) {
            drop(relay, i);
        }
    }
    if (relay->listener >= 0 && fds[1].revents != 0) {
        open_wire(relay);
    }
}

static bool listen_again(struct relay *relay)
{
    const int one = 1;

    relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)setsockopt(relay->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return bind(relay->listener, (const struct sockaddr *)&relay->from, sizeof relay->from) == 0 &&
           listen(relay->listener, 64) == 0;
}

static void drop_all(struct relay *relay)
{
    for (size_t i = 0; i < WIRES_MAX; i++) {
        if (relay->wires[i] != NULL) {
            drop(relay, i);
        }
    }
}

static void *run(void *context)
{
    struct relay *relay = context;

    while (!atomic_load(&relay->stop)) {
        if (atomic_load(&relay->cut) && relay->listener >= 0) {
            drop_all(relay);
            (void)close(relay->listener);
            relay->listener = -1;
            atomic_store(&relay->is_cut, true);
        } else if (!atomic_load(&relay->cut) && relay->listener < 0 && listen_again(relay)) {
            atomic_store(&relay->is_cut, false);
        }
        one_turn(relay);
    }
    drop_all(relay);
    return NULL;
}

static void tell(struct relay *relay)
{
    (void)!write(relay->wake[1], "", 1);
}

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    (void)inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

struct relay *relay_create(const char *from, const char *to, uint16_t port)
{
    struct relay *relay = calloc(1, sizeof *relay);

    if (relay == NULL) {
        return NULL;
    }
    relay->from = address_of(from, port);
    relay->to = address_of(to, port);
    if (pipe(relay->wake) != 0 || !listen_again(relay) ||
        pthread_create(&relay->thread, NULL, run, relay) != 0) {
        free(relay);
        return NULL;
    }
    return relay;
}

void relay_cut(struct relay *relay)
{
    atomic_store(&relay->cut, true);
    tell(relay);
}

void relay_heal(struct relay *relay)
{
    atomic_store(&relay->cut, false);
    tell(relay);
}

void relay_destroy(struct relay *relay)
{
    if (relay == NULL) {
        return;
    }
    atomic_store(&relay->stop, true);
    tell(relay);
    (void)pthread_join(relay->thread, NULL);
    if (relay->listener >= 0) {
        (void)close(relay->listener);
    }
    (void)close(relay->wake[0]);
    (void)close(relay->wake[1]);
    free(relay);
}
