/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_test.c -- peers that send garbage, half a frame, huge lengths, a wrong order, or nothing:
 * refused by name, the guest untouched, memory bounded. */
#include "engine/host/base/fd.h"
#include "ferry/stream.h"
#include "tests/host/daemon/cluster.h"
#include "tests/host/support/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

static struct cluster *begin(bool tls)
{
    const char *missing = cluster_missing();

    if (missing != NULL) {
        print_message("skipped: %s\n", missing);
        skip();
    }
    struct cluster *cluster = cluster_create(&(struct cluster_options){
        .tls = tls,
        .limits = "  connections: 40\n  connections_unknown: 8\n",
        .timeouts = "  action: 2 s\n  preface: 700 ms\n  silence: 2 s\n  orphan: 2 s\n",
    });
    node_run_guest(&cluster->nodes[0], "g1", "hotset size=8MiB rate=40MB/s nonzero=100", 1, 64);
    return cluster;
}

static int dial(const struct node *node)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(node->cluster->port)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(inet_pton(AF_INET, node->address, &address.sin_addr), 1);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* All that is sent; a peer that has closed meanwhile is what is wanted. */
static void say(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;

    while (size > 0) {
        const ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        at += sent;
        size -= (size_t)sent;
    }
}

/* The daemon ends this connection, by itself, in time. */
static void assert_closed(int fd)
{
    const ferry_time_ns end = host_now() + 8 * FERRY_SECOND;
    char data[4096];

    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        assert_true(host_now() < end);
        if (poll(&poller, 1, 1000) > 0 && recv(fd, data, sizeof data, 0) <= 0) {
            (void)close(fd);
            return;
        }
    }
}

static void preface(enum ferry_role role, uint64_t session, uint8_t bytes[FERRY_PREFACE_SIZE])
{
    ferry_preface_encode(
        &(struct ferry_preface){
            .role = role,
            .version_min = FERRY_PROTOCOL_VERSION_MIN,
            .version_max = FERRY_PROTOCOL_VERSION_MAX,
            .session = {.high = 1, .low = session},
            .attach = 1,
    },
        bytes);
}

static uint64_t resident(const struct node *node)
{
    char path[64];
    char line[256];
    uint64_t kib = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)node->pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kib = strtoull(line + 8, NULL, 10);
        }
    }
    (void)fclose(file);
    return kib * 1024;
}

/* The guest runs on, untouched, and can still be moved. */
static void assert_unharmed(struct cluster *cluster)
{
    char session[33];

    assert_true(cluster_settles(cluster));
    assert_int_equal(cluster_running(cluster, "g1"), 1);
    assert_int_equal(cluster_processes(cluster), 1);
    assert_int_equal(node_check_guest(&cluster->nodes[0], "g1"), 0);
    node_move(&cluster->nodes[0], &cluster->nodes[1], "g1", NULL, session);
    json_t *result = node_outcome(&cluster->nodes[0], session);
    assert_string_equal(json_string_value(json_object_get(result, "code")), "ok");
    json_decref(result);
    cluster_destroy(cluster);
}

static void garbage_and_silence_are_turned_away(void **state)
{
    (void)state;
    struct cluster *cluster = begin(false);
    uint8_t garbage[8192];
    uint8_t half[FERRY_PREFACE_SIZE];
    host_random(garbage, sizeof garbage);
    preface(FERRY_ROLE_CONTROL, 1, half);

    const int first = dial(&cluster->nodes[1]);
    const int second = dial(&cluster->nodes[1]);
    const int third = dial(&cluster->nodes[1]);
    say(first, garbage, sizeof garbage);
    say(second, half, sizeof half / 2);

    assert_closed(first);
    assert_closed(second);
    assert_closed(third); /* said nothing at all */
    assert_unharmed(cluster);
}

static void garbage_behind_a_good_preface_ends_the_session(void **state)
{
    (void)state;
    struct cluster *cluster = begin(false);
    uint8_t bytes[FERRY_PREFACE_SIZE];
    uint8_t garbage[65536];
    host_random(garbage, sizeof garbage);

    for (uint64_t i = 0; i < 20; i++) {
        const int fd = dial(&cluster->nodes[1]);
        preface(FERRY_ROLE_CONTROL, i + 1, bytes);
        say(fd, bytes, sizeof bytes);
        say(fd, garbage, sizeof garbage);
        assert_closed(fd);
    }

    assert_unharmed(cluster);
}

static void frame_that_claims_a_huge_length_takes_no_memory(void **state)
{
    (void)state;
    struct cluster *cluster = begin(false);
    uint8_t bytes[FERRY_PREFACE_SIZE];
    uint8_t huge[64];
    memset(huge, 0xff, sizeof huge);
    const uint64_t before = resident(&cluster->nodes[1]);

    const int fd = dial(&cluster->nodes[1]);
    preface(FERRY_ROLE_CONTROL, 7, bytes);
    say(fd, bytes, sizeof bytes);
    say(fd, huge, sizeof huge);

    assert_closed(fd);
    assert_true(resident(&cluster->nodes[1]) < before + 32 * MIB);
    assert_unharmed(cluster);
}

static void payload_without_a_session_waits_only_so_long(void **state)
{
    (void)state;
    struct cluster *cluster = begin(false);
    uint8_t bytes[FERRY_PREFACE_SIZE];
    int fds[60];
    const uint64_t before = resident(&cluster->nodes[1]);

    for (unsigned i = 0; i < 60; i++) {
        fds[i] = dial(&cluster->nodes[1]);
        preface(FERRY_ROLE_PAYLOAD, 1000 + i, bytes);
        say(fds[i], bytes, sizeof bytes);
    }

    for (unsigned i = 0; i < 60; i++) {
        assert_closed(fds[i]);
    }
    assert_true(resident(&cluster->nodes[1]) < before + 32 * MIB);
    assert_unharmed(cluster);
}

static void session_that_says_nothing_after_its_preface_is_given_up(void **state)
{
    (void)state;
    struct cluster *cluster = begin(false);
    uint8_t bytes[FERRY_PREFACE_SIZE];
    preface(FERRY_ROLE_CONTROL, 42, bytes);

    const int fd = dial(&cluster->nodes[1]);
    say(fd, bytes, sizeof bytes);

    char data[64];
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    assert_true(poll(&poller, 1, 5000) > 0); /* the limit of an action: 2 s */
    assert_true(recv(fd, data, sizeof data, 0) <= 0);
    (void)close(fd);
    assert_unharmed(cluster);
}

static void plain_text_at_a_door_that_wants_tls_is_turned_away(void **state)
{
    (void)state;
    struct cluster *cluster = begin(true);
    uint8_t bytes[FERRY_PREFACE_SIZE];
    preface(FERRY_ROLE_CONTROL, 9, bytes);

    const int fd = dial(&cluster->nodes[1]);
    say(fd, bytes, sizeof bytes);

    assert_closed(fd);
    assert_unharmed(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(garbage_and_silence_are_turned_away),
        CLUSTER_TEST(garbage_behind_a_good_preface_ends_the_session),
        CLUSTER_TEST(frame_that_claims_a_huge_length_takes_no_memory),
        CLUSTER_TEST(payload_without_a_session_waits_only_so_long),
        CLUSTER_TEST(session_that_says_nothing_after_its_preface_is_given_up),
        CLUSTER_TEST(plain_text_at_a_door_that_wants_tls_is_turned_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
