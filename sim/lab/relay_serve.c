/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_serve.c -- the relay's loop: accept, connect on, and carry each direction late by its latency.
 *
 * A direction is a ring of bytes and a list of chunks with the instant at which each may go on. What
 * does not fit is left in the kernel, so a slow receiver slows its sender as on a real path; the
 * ring is the path's capacity (bandwidth x delay).
 */
#include "sim/lab/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RING_BYTES      (4U << 20)
#define CHUNK_BYTES     (64U << 10)
#define CHUNKS          512U
#define CONNECTIONS_MAX 256U
#define SEGMENT         1448U
#define FERRY_PORT      6600U
#define MILLION         1000000U

struct chunk {
    int64_t due_ns;
    uint32_t bytes;
};

struct way_state {
    const struct lab_relay_way *way;
    int from;
    int to;
    uint8_t *ring;
    size_t head; /* bytes ever read */
    size_t tail; /* bytes ever written */
    struct chunk chunks[CHUNKS];
    size_t first;
    size_t count;
    bool ended; /* the reading end has said goodbye */
    bool shut;  /* and the writing end was told */
};

struct connection {
    bool used;
    bool connecting;
    int fds[2]; /* the opener, the other one */
    const struct lab_relay_way *opener;
    uint32_t resets;
    struct way_state ways[2];
};

struct door {
    int fd;
    size_t network;
    size_t from;
    size_t to;
};

struct serve {
    const struct lab *lab;
    struct lab_relay_orders *orders;
    struct door doors[LAB_NETWORKS_MAX * LAB_HOSTS_MAX * LAB_HOSTS_MAX];
    size_t door_count;
    struct connection connections[CONNECTIONS_MAX];
    uint64_t random;
};

static uint32_t draw(struct serve *serve)
{
    serve->random = serve->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(serve->random >> 33) % MILLION;
}

static void open_doors(struct serve *serve)
{
    const struct scenario *scenario = serve->lab->scenario;
    for (size_t network = 0; network < scenario->network_count; network++) {
        if (!serve->lab->relayed[network]) {
            continue;
        }
        for (size_t pair = 0; pair < LAB_PAIRS_MAX; pair++) {
            const size_t from = pair / LAB_HOSTS_MAX;
            const size_t to = pair % LAB_HOSTS_MAX;
            if (from == to || from >= scenario->host_count || to >= scenario->host_count) {
                continue;
            }
            char text[64];
            lab_wires_address(serve->lab, network, SCENARIO_NONE, text);
            struct sockaddr_in address = {
                .sin_family = AF_INET, .sin_port = htons(lab_relay_port(from, to))};
            inet_pton(AF_INET, text, &address.sin_addr);
            const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            const int one = 1;
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
            if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
                listen(fd, 64) != 0) {
                _exit(2);
            }
            serve->doors[serve->door_count++] =
                (struct door){.fd = fd, .network = network, .from = from, .to = to};
        }
    }
}

/* With a reset, as a broken path would. */
static void drop_fd(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

static void end_connection(struct connection *connection, bool reset)
{
    for (size_t i = 0; i < 2; i++) {
        if (reset) {
            drop_fd(connection->fds[i]);
        } else {
            close(connection->fds[i]);
        }
        free(connection->ways[i].ring);
    }
    connection->used = false;
}

static struct connection *free_connection(struct serve *serve)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (!serve->connections[i].used) {
            return &serve->connections[i];
        }
    }
    return NULL;
}

static void welcome(struct serve *serve, const struct door *door)
{
    const int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    const struct lab_relay_way *there = &serve->orders->way[door->network][door->from][door->to];
    const struct lab_relay_way *back = &serve->orders->way[door->network][door->to][door->from];
    struct connection *connection = free_connection(serve);
    if (connection == NULL || atomic_load(&there->refuse)) {
        drop_fd(fd);
        return;
    }
    char text[64];
    lab_wires_address(serve->lab, door->network, door->to, text);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(FERRY_PORT)};
    inet_pton(AF_INET, text, &address.sin_addr);
    const int on = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(on, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (on < 0 || (connect(on, (const struct sockaddr *)&address, sizeof(address)) != 0 &&
                   errno != EINPROGRESS)) {
        drop_fd(fd);
        if (on >= 0) {
            close(on);
        }
        return;
    }
    *connection = (struct connection){
        .used = true,
        .connecting = true,
        .fds = {fd, on},
        .opener = there,
        .resets = atomic_load(&there->resets)
    };
    for (size_t i = 0; i < 2; i++) {
        connection->ways[i] = (struct way_state){
            .way = i == 0 ? there : back,
            .from = connection->fds[i],
            .to = connection->fds[1 - i],
            .ring = malloc(RING_BYTES),
        };
        if (connection->ways[i].ring == NULL) {
            _exit(3);
        }
    }
}

/* What a loss costs a stream: the rest waits for a retransmission. */
static int64_t late_by(struct serve *serve, const struct way_state *way, size_t bytes)
{
    int64_t late = atomic_load(&way->way->latency_ns);
    const uint32_t loss = atomic_load(&way->way->loss_ppm);
    for (size_t packet = 0; loss != 0 && packet < (bytes + SEGMENT - 1) / SEGMENT; packet++) {
        if (draw(serve) < loss) {
            late += 2 * atomic_load(&way->way->latency_ns) + 200000;
        }
    }
    return late;
}

static bool take_in(struct serve *serve, struct way_state *way, int64_t now)
{
    while (!way->ended && way->count < CHUNKS && way->head - way->tail < RING_BYTES) {
        const size_t at = way->head % RING_BYTES;
        size_t room = RING_BYTES - (way->head - way->tail);
        room = room < RING_BYTES - at ? room : RING_BYTES - at;
        room = room < CHUNK_BYTES ? room : CHUNK_BYTES;
        const ssize_t got = recv(way->from, way->ring + at, room, MSG_DONTWAIT);
        if (got < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (got == 0) {
            way->ended = true;
            return true;
        }
        int64_t due = now + late_by(serve, way, (size_t)got);
        if (way->count > 0) { /* order is kept */
            const struct chunk *last = &way->chunks[(way->first + way->count - 1) % CHUNKS];
            due = due > last->due_ns ? due : last->due_ns;
        }
        way->chunks[(way->first + way->count) % CHUNKS] =
            (struct chunk){.due_ns = due, .bytes = (uint32_t)got};
        way->count++;
        way->head += (size_t)got;
    }
    return true;
}

static bool give_out(struct way_state *way, int64_t now)
{
    while (way->count > 0 && !atomic_load(&way->way->cut)) {
        struct chunk *chunk = &way->chunks[way->first];
        if (chunk->due_ns > now) {
            return true;
        }
        const size_t at = way->tail % RING_BYTES;
        size_t size = chunk->bytes < RING_BYTES - at ? chunk->bytes : RING_BYTES - at;
        const ssize_t put = send(way->to, way->ring + at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        way->tail += (size_t)put;
        chunk->bytes -= (uint32_t)put;
        if (chunk->bytes == 0) {
            way->first = (way->first + 1) % CHUNKS;
            way->count--;
        }
    }
    if (way->ended && way->count == 0 && !way->shut && !atomic_load(&way->way->cut)) {
        way->shut = true;
        shutdown(way->to, SHUT_WR);
    }
    return true;
}

static bool carry(struct serve *serve, struct connection *connection, int64_t now)
{
    if (connection->connecting) {
        int error = 0;
        socklen_t size = sizeof(error);
        struct pollfd ready = {.fd = connection->fds[1], .events = POLLOUT};
        if (poll(&ready, 1, 0) == 0) {
            return true;
        }
        getsockopt(connection->fds[1], SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            return false;
        }
        connection->connecting = false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!take_in(serve, &connection->ways[i], now) || !give_out(&connection->ways[i], now)) {
            return false;
        }
    }
    return !(connection->ways[0].shut && connection->ways[1].shut);
}

/* How long nothing can happen: until bytes come, or the first chunk is due. */
static size_t watch(struct serve *serve, struct pollfd *fds, int64_t now, int *wait_ms)
{
    size_t count = 0;
    *wait_ms = 5;
    for (size_t i = 0; i < serve->door_count; i++) {
        fds[count++] = (struct pollfd){.fd = serve->doors[i].fd, .events = POLLIN};
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const struct connection *connection = &serve->connections[i];
        for (size_t k = 0; connection->used && k < 2; k++) {
            const struct way_state *in = &connection->ways[k];
            const struct way_state *out = &connection->ways[1 - k];
            const bool due = out->count > 0 && out->chunks[out->first].due_ns <= now;
            short events = 0;
            if (!in->ended && in->count < CHUNKS && in->head - in->tail < RING_BYTES) {
                events |= POLLIN;
            }
            if ((due && !atomic_load(&out->way->cut)) || (k == 1 && connection->connecting)) {
                events |= POLLOUT;
            }
            fds[count++] =
                (struct pollfd){.fd = events == 0 ? -1 : connection->fds[k], .events = events};
            if (out->count > 0 && !due) {
                const int64_t left = (out->chunks[out->first].due_ns - now) / 1000000;
                *wait_ms = left < *wait_ms ? (int)left : *wait_ms;
            }
        }
    }
    return count;
}

void lab_relay_serve(const struct lab *lab, struct lab_relay_orders *orders)
{
    static struct serve serve;
    static struct pollfd
        fds[LAB_NETWORKS_MAX * LAB_HOSTS_MAX * LAB_HOSTS_MAX + 2 * CONNECTIONS_MAX];
    serve.lab = lab;
    serve.orders = orders;
    serve.random = lab->scenario->seed;
    open_doors(&serve);
    for (;;) {
        int64_t now = lab_now();
        int wait_ms = 0;
        const size_t count = watch(&serve, fds, now, &wait_ms);
        (void)poll(fds, (nfds_t)count, wait_ms);
        for (size_t i = 0; i < serve.door_count; i++) {
            if ((fds[i].revents & POLLIN) != 0) {
                welcome(&serve, &serve.doors[i]);
            }
        }
        now = lab_now();
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            struct connection *connection = &serve.connections[i];
            if (!connection->used) {
                continue;
            }
            if (atomic_load(&connection->opener->resets) != connection->resets) {
                end_connection(connection, true);
            } else if (!carry(&serve, connection, now)) {
                end_connection(connection, false);
            }
        }
    }
}
