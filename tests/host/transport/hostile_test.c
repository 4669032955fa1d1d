/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_test.c -- peers that send garbage, half of something, or nothing: each has its name and its
 * end, and how many there are is bounded. */
#include "hosts.h"
#include "tests/host/support/check.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MILLISECONDS(n) ((n)*FERRY_MILLISECOND)

/* The other side has closed: read() says so after what may still come (an alert). */
static void expect_closed(int fd)
{
    uint8_t bytes[256];
    ssize_t size = 0;
    do {
        size = read(fd, bytes, sizeof(bytes));
    } while (size > 0);
    (void)close(fd);
}

static void expect_error(struct desk *desk, const char *name)
{
    const struct transport_gate_report report = desk_next(desk);
    assert_int_equal(report.kind, TRANSPORT_REPORT_ACCEPTED);
    assert_null(report.connection);
    assert_string_equal(transport_error_name(report.failure.error), name);
}

/* One peer sends these bytes to a fresh gate. */
static void send_to_gate(
    enum identity identity, const uint8_t *data, size_t size, const char *name, ferry_time_ns limit)
{
    const struct desk_options options = {
        .identity = identity, .listens = true, .accept_deadline = limit};
    struct desk *desk = desk_create(&options);
    const int fd = raw_connect(desk->port);
    assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
    expect_error(desk, name);
    expect_closed(fd);
    desk_destroy(desk);
}

static void garbage_instead_of_a_preface_is_refused(void **unused)
{
    (void)unused;
    static const uint8_t garbage[64] = "GET / HTTP/1.1\r\nHost: example.net\r\nAccept: nothing\r\n";
    send_to_gate(HOST_PLAIN, garbage, sizeof(garbage), "PREFACE", 0);
}

static void preface_with_one_wrong_bit_is_refused(void **unused)
{
    (void)unused;
    for (size_t byte = 0; byte < FERRY_PREFACE_SIZE; byte += 3) {
        uint8_t preface[FERRY_PREFACE_SIZE];
        preface_bytes(preface);
        preface[byte] ^= 0x10;
        send_to_gate(HOST_PLAIN, preface, sizeof(preface), "PREFACE", 0);
    }
}

static void garbage_instead_of_a_handshake_is_refused(void **unused)
{
    (void)unused;
    uint8_t garbage[512];
    memset(garbage, 0xa5, sizeof(garbage));
    send_to_gate(HOST_H2, garbage, sizeof(garbage), "PLAIN_TEXT", 0);
}

/* A handshake record whose message claims to have 16 MiB. */
static void handshake_of_a_huge_length_is_refused(void **unused)
{
    (void)unused;
    uint8_t record[64] = {0x16, 0x03, 0x01, 0x00, 0x3b, 0x01, 0xff, 0xff, 0xff, 0x03, 0x03};
    send_to_gate(HOST_H2, record, sizeof(record), "TLS_PROTOCOL", 0);
}

static void half_a_preface_and_silence_ends_at_the_deadline(void **unused)
{
    (void)unused;
    uint8_t preface[FERRY_PREFACE_SIZE];
    preface_bytes(preface);
    send_to_gate(HOST_PLAIN, preface, 20, "DEADLINE", MILLISECONDS(200));
}

static void half_a_handshake_and_silence_ends_at_the_deadline(void **unused)
{
    (void)unused;
    static const uint8_t record[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc};
    send_to_gate(HOST_H2, record, sizeof(record), "DEADLINE", MILLISECONDS(200));
}

static void silence_ends_at_the_deadline(void **unused)
{
    (void)unused;
    send_to_gate(HOST_H2, NULL, 0, "DEADLINE", MILLISECONDS(200));
}

static void peer_that_goes_away_is_reported(void **unused)
{
    (void)unused;
    struct desk *desk =
        desk_create(&(struct desk_options){.identity = HOST_PLAIN, .listens = true});
    (void)close(raw_connect(desk->port));
    expect_error(desk, "CLOSED");
    desk_destroy(desk);
}

/* Byte by byte is slow, not wrong; and nothing behind the preface is taken. */
static void preface_byte_by_byte_is_accepted(void **unused)
{
    (void)unused;
    struct desk *desk =
        desk_create(&(struct desk_options){.identity = HOST_PLAIN, .listens = true});
    uint8_t preface[FERRY_PREFACE_SIZE];
    const int fd = raw_connect(desk->port);
    preface_bytes(preface);
    for (size_t i = 0; i < sizeof(preface); i++) {
        assert_int_equal(write(fd, preface + i, 1), 1);
    }
    assert_int_equal(write(fd, "x", 1), 1);

    const struct transport_gate_report report = desk_next(desk);

    char byte = 0;
    assert_non_null(report.connection);
    assert_int_equal(report.preface.session.low, 2);
    assert_int_equal(read(transport_connection_fd(report.connection), &byte, 1), 1);
    assert_int_equal(byte, 'x');
    transport_connection_destroy(report.connection);
    (void)close(fd);
    desk_destroy(desk);
}

static void crowd_of_silent_peers_is_bounded_and_the_newest_gets_in(void **unused)
{
    (void)unused;
    const struct desk_options options = {
        .identity = HOST_PLAIN, .listens = true, .unrouted_max = 8};
    struct desk *desk = desk_create(&options);
    int fds[100];
    for (size_t i = 0; i < 100; i++) {
        fds[i] = raw_connect(desk->port);
    }
    for (size_t i = 0; i < 92; i++) {
        expect_error(desk, "CROWDED");
    }
    uint8_t preface[FERRY_PREFACE_SIZE];
    preface_bytes(preface);
    assert_int_equal(write(fds[99], preface, sizeof(preface)), sizeof(preface));

    const struct transport_gate_report report = desk_next(desk);

    assert_non_null(report.connection);
    transport_connection_destroy(report.connection);
    for (size_t i = 0; i < 100; i++) {
        (void)close(fds[i]);
    }
    desk_destroy(desk);
}

/* ---- dialling ---- */

static void dial_to_a_silent_peer_ends_at_the_deadline(void **unused)
{
    (void)unused;
    uint16_t port = 0;
    const int listener = raw_listen(&port);
    struct desk *desk = desk_create(&(struct desk_options){.identity = HOST_H1});

    desk_dial(desk, port, "h2", MILLISECONDS(200));
    const struct transport_gate_report report = desk_next(desk);

    assert_null(report.connection);
    assert_string_equal(transport_error_name(report.failure.error), "DEADLINE");
    (void)close(listener);
    desk_destroy(desk);
}

static void dial_to_a_port_where_nobody_listens_is_refused(void **unused)
{
    (void)unused;
    uint16_t port = 0;
    (void)close(raw_listen(&port));
    struct desk *desk = desk_create(&(struct desk_options){.identity = HOST_H1});

    desk_dial(desk, port, "h2", 10 * FERRY_SECOND);
    const struct transport_gate_report report = desk_next(desk);

    assert_null(report.connection);
    assert_string_equal(transport_error_name(report.failure.error), "REFUSED");
    desk_destroy(desk);
}

static void dial_that_is_cancelled_is_reported_once(void **unused)
{
    (void)unused;
    uint16_t port = 0;
    const int listener = raw_listen(&port);
    struct desk *desk = desk_create(&(struct desk_options){.identity = HOST_H1});
    struct transport_gate_report report;

    desk_dial(desk, port, "h2", 100 * FERRY_SECOND);
    transport_gate_cancel(desk->gate, 7);
    report = desk_next(desk);
    assert_string_equal(transport_error_name(report.failure.error), "CANCELLED");
    transport_gate_cancel(desk->gate, 7);
    transport_gate_stop(desk->gate);
    report = desk_next(desk);

    assert_int_equal(report.kind, TRANSPORT_REPORT_STOPPED);
    assert_false(desk_try(desk, 0, &report));
    (void)close(listener);
    desk_destroy(desk);
}

static void stop_ends_what_is_under_way(void **unused)
{
    (void)unused;
    uint16_t port = 0;
    const int listener = raw_listen(&port);
    struct desk *desk = desk_create(&(struct desk_options){.identity = HOST_H1, .listens = true});
    desk_dial(desk, port, "h2", 100 * FERRY_SECOND);
    const int fd = raw_connect(desk->port);

    transport_gate_stop(desk->gate);

    unsigned cancelled = 0;
    struct transport_gate_report report = desk_next(desk);
    while (report.kind != TRANSPORT_REPORT_STOPPED) {
        assert_int_equal(report.failure.error, TRANSPORT_CANCELLED);
        cancelled++;
        report = desk_next(desk);
    }
    assert_true(cancelled >= 1 && cancelled <= 2); /* the peer may not have been accepted yet */
    (void)close(fd);
    (void)close(listener);
    desk_destroy(desk);
}

static void names_that_are_no_addresses_are_refused(void **unused)
{
    (void)unused;
    struct desk *desk = desk_create(&(struct desk_options){.identity = HOST_H1});
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    const struct transport_dial dial = {
        .dial = 1,
        .address = "h2.example.net",
        .peer = "h2",
        .port = 6600,
        .deadline = 10 * FERRY_SECOND};

    assert_false(transport_gate_listen(desk->gate, "localhost", 0, NULL, &failure));
    assert_int_equal(failure.error, TRANSPORT_ADDRESS);
    assert_true(transport_gate_dial(desk->gate, &dial));
    const struct transport_gate_report report = desk_next(desk);

    assert_int_equal(report.failure.error, TRANSPORT_ADDRESS);
    desk_destroy(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_instead_of_a_preface_is_refused),
        cmocka_unit_test(preface_with_one_wrong_bit_is_refused),
        cmocka_unit_test(garbage_instead_of_a_handshake_is_refused),
        cmocka_unit_test(handshake_of_a_huge_length_is_refused),
        cmocka_unit_test(half_a_preface_and_silence_ends_at_the_deadline),
        cmocka_unit_test(half_a_handshake_and_silence_ends_at_the_deadline),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(peer_that_goes_away_is_reported),
        cmocka_unit_test(preface_byte_by_byte_is_accepted),
        cmocka_unit_test(crowd_of_silent_peers_is_bounded_and_the_newest_gets_in),
        cmocka_unit_test(dial_to_a_silent_peer_ends_at_the_deadline),
        cmocka_unit_test(dial_to_a_port_where_nobody_listens_is_refused),
        cmocka_unit_test(dial_that_is_cancelled_is_reported_once),
        cmocka_unit_test(stop_ends_what_is_under_way),
        cmocka_unit_test(names_that_are_no_addresses_are_refused),
    };
    return cmocka_run_group_tests_name("hostile_test", tests, hosts_set_up, hosts_tear_down);
}
