/* SPDX-License-Identifier: Apache-2.0 */
/*
 * goodput.c -- what a stream really gets of a network, and the token buckets set right.
 *
 * tbf counts frames, not payload, and a stream loses some of it to what waits in its queue. So each
 * network with a bandwidth is measured once before the run, by a plain TCP stream from its first host
 * to its second, and the buckets are scaled by what was missing.
 */
#include "sim/lab/lab.h"
#include "sim/lab/spawn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT       6599U
#define WARM_NS    300000000
#define MEASURE_NS 700000000
#define LIMIT_NS   5000000000
#define CHUNK      (256U << 10)
/* What a stream gets is within this of what was calculated, or the machine was busy elsewhere: then
 * it is measured again, and in the end the calculation counts. */
#define FACTOR_MAX 1.03
#define TRIES      3U

struct shared {
    int64_t bytes;
    int64_t ns;
    bool done;
};

static bool wait_for(int fd, short events, int64_t end)
{
    struct pollfd wait = {.fd = fd, .events = events};
    const int64_t left = (end - lab_now()) / 1000000;
    return left > 0 && poll(&wait, 1, (int)left) == 1;
}

static void receive(const struct lab *lab, size_t network, size_t host, struct shared *shared)
{
    static uint8_t buffer[CHUNK];
    char text[64];
    const int64_t end = lab_now() + LIMIT_NS;
    lab_wires_address(lab, network, host, text);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    inet_pton(AF_INET, text, &address.sin_addr);
    const int one = 1;
    const int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (door < 0 || bind(door, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(door, 1) != 0 || !wait_for(door, POLLIN, end)) {
        _exit(1);
    }
    const int fd = accept(door, NULL, NULL);
    const int64_t begun = lab_now();
    int64_t from = 0;
    while (fd >= 0 && wait_for(fd, POLLIN, end)) {
        const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
        const int64_t now = lab_now();
        if (got <= 0 || now - begun > WARM_NS + MEASURE_NS) {
            break;
        }
        if (now - begun > WARM_NS) {
            from = from == 0 ? now : from;
            shared->bytes += from == now ? 0 : got;
            shared->ns = now - from;
        }
    }
    shared->done = true;
    _exit(0);
}

static void send_on(const struct lab *lab, size_t network, size_t host)
{
    static uint8_t buffer[CHUNK];
    char text[64];
    const int64_t end = lab_now() + LIMIT_NS;
    lab_wires_address(lab, network, host, text);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    inet_pton(AF_INET, text, &address.sin_addr);
    int fd = -1;
    while (lab_now() < end) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
            break;
        }
        close(fd);
        (void)poll(NULL, 0, 5);
    }
    while (lab_now() < end && send(fd, buffer, sizeof(buffer), MSG_NOSIGNAL) > 0) {
    }
    _exit(0);
}

static bool measure(struct lab *lab, size_t network, struct shared *shared)
{
    const struct scenario_network *spec = &lab->scenario->networks[network];
    pid_t pids[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            if (!spawn_enter(lab->hosts[spec->hosts[1 - i]].space)) {
                _exit(1);
            }
            if (i == 0) {
                receive(lab, network, spec->hosts[1], shared);
            }
            send_on(lab, network, spec->hosts[1]);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (pids[i] > 0 && !spawn_wait(pids[i], LIMIT_NS + 1000000000)) {
            spawn_end(pids[i], 0);
        }
    }
    return shared->done && shared->ns > MEASURE_NS / 2;
}

bool lab_wires_calibrate(struct lab *lab)
{
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return lab_fail(lab, "no memory to measure a network: %s", strerror(errno));
    }
    bool fine = true;
    for (size_t i = 0; fine && i < lab->scenario->network_count; i++) {
        const struct scenario_network *spec = &lab->scenario->networks[i];
        lab->factor[i] = 1.0;
        if (spec->host_count < 2 || spec->bandwidth > LAB_BANDWIDTH_MAX) {
            continue;
        }
        double got = 0;
        for (unsigned k = 0; fine && k < TRIES && got * FACTOR_MAX < (double)spec->bandwidth; k++) {
            *shared = (struct shared){0};
            fine = measure(lab, i, shared) ||
                   lab_fail(lab, "network %s could not be measured", spec->name);
            const double now = fine ? (double)shared->bytes * 8e9 / (double)shared->ns : 0;
            got = now > got ? now : got;
        }
        if (!fine) {
            break;
        }
        double factor = (double)spec->bandwidth / got;
        factor = factor > FACTOR_MAX || factor < 1 / FACTOR_MAX ? 1.0 : factor;
        lab_say(
            lab, "network %s carries %.1f Mbit/s: scaled by %.3f", spec->name, got / 1e6, factor);
        lab->factor[i] = factor;
        fine = lab_wires_set_bandwidth(lab, i, spec->bandwidth);
    }
    munmap(shared, sizeof(*shared));
    return fine;
}
