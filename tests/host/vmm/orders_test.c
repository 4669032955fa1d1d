/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orders_test.c -- what a guest's process does with orders: it runs a guest when told so and never
 * else, refuses what has no place, and survives clients that vanish, come twice, or send garbage.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmmlink/protocol.h"
#include "rig.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct rig *start(const char *const *words, bool incoming)
{
    rig_need_kvm();
    const struct guestconfig config = rig_config(words);
    struct rig *rig = rig_start(&config, incoming);
    assert_true(rig->up);
    return rig;
}

static struct rig *start_running(void)
{
    struct rig *rig = start(WORDS("workload=uniform", "size=4 MiB", "rate=10 MiB/s"), false);
    assert_int_equal(rig_run(rig, 5), VMMLINK_OK);
    rig_until_ready(rig);
    return rig;
}

static void guest_does_not_run_before_it_is_told(void **unused)
{
    (void)unused;
    struct rig *rig = start(WORDS("workload=idle"), false);

    rig_for(rig, 50 * FERRY_MILLISECOND);

    assert_int_equal(rig_report(rig).heartbeats, 0);
    assert_int_equal(rig->reply.guest_state, VMMLINK_GUEST_FRESH);
    rig_end(rig);
}

static void paused_guest_stands_still_until_it_is_run_again(void **unused)
{
    (void)unused;
    struct rig *rig = start_running();

    assert_int_equal(RIG_DO(rig, vmmlink_pause), VMMLINK_OK);
    const uint64_t beats = rig_report(rig).heartbeats;
    rig_for(rig, 50 * FERRY_MILLISECOND);
    assert_int_equal(rig_report(rig).heartbeats, beats);
    assert_int_equal(rig_run(rig, 5), VMMLINK_OK);
    rig_for(rig, 50 * FERRY_MILLISECOND);

    assert_true(rig_report(rig).heartbeats > beats);
    assert_true(rig_report(rig).last_gap_ns >= 50U * 1000000U);
    rig_end(rig);
}

static void run_twice_is_run_once(void **unused)
{
    (void)unused;
    struct rig *rig = start_running();

    assert_int_equal(rig_run(rig, 5), VMMLINK_OK);

    assert_true(rig->reply.run.was_running);
    rig_end(rig);
}

static void order_of_an_older_epoch_is_refused(void **unused)
{
    (void)unused;
    struct rig *rig = start_running();
    assert_int_equal(RIG_DO(rig, vmmlink_pause), VMMLINK_OK);

    assert_int_equal(rig_run(rig, 4), VMMLINK_STALE_EPOCH);

    assert_int_equal(rig->reply.guest_state, VMMLINK_GUEST_PAUSED);
    assert_non_null(strstr(rig->reply_reason, "epoch 4"));
    rig_end(rig);
}

static void incoming_guest_without_state_does_not_run(void **unused)
{
    (void)unused;
    struct rig *rig = start(WORDS("workload=idle"), true);

    assert_int_equal(rig_run(rig, 1), VMMLINK_STATE);
    assert_int_equal(RIG_DO(rig, vmmlink_capture), VMMLINK_STATE);
    assert_int_equal(RIG_DO(rig, vmmlink_check), VMMLINK_STATE);
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_collect, VMMLINK_COLLECT_REPLACE), VMMLINK_STATE);

    rig_end(rig);
}

static void throttled_guest_gets_less_time_and_all_of_it_back(void **unused)
{
    (void)unused;
    struct rig *rig = start(WORDS("workload=uniform", "size=4 MiB", "rate=max"), false);
    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    rig_until_ready(rig);

    rig_report(rig);
    ferry_time_ns before = rig->reply.counters.vcpu_time;
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_throttle, 90U), VMMLINK_OK);
    rig_for(rig, 500 * FERRY_MILLISECOND);
    rig_report(rig);
    const ferry_time_ns throttled = rig->reply.counters.vcpu_time - before;
    assert_int_equal(rig->reply.counters.throttle_percent, 90);
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_throttle, 0U), VMMLINK_OK);
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_throttle, 100U), VMMLINK_INVALID);

    /* a tenth, and some for the first slice */
    assert_true(throttled < 120 * FERRY_MILLISECOND);
    assert_int_equal(rig_check(rig).bad_pages, 0);
    rig_end(rig);
}

static void first_collection_has_all_pages_and_the_next_what_was_written(void **unused)
{
    (void)unused;
    struct rig *rig = start_running();
    const uint64_t pages = vmmlink_guest(rig->link)->pages;

    assert_int_equal(RIG_DO_WITH(rig, vmmlink_collect, VMMLINK_COLLECT_FIRST), VMMLINK_OK);
    assert_int_equal(rig->reply.collect.dirty_pages, pages);
    rig_for(rig, 50 * FERRY_MILLISECOND);
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_collect, VMMLINK_COLLECT_REPLACE), VMMLINK_OK);
    const uint64_t first = rig->reply.collect.dirty_pages;
    assert_true(first > 10 && first < pages / 4);
    rig_for(rig, 20 * FERRY_MILLISECOND);
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_collect, VMMLINK_COLLECT_KEEP), VMMLINK_OK);
    assert_int_equal(rig->reply.collect.dirty_pages, first + rig->reply.collect.new_pages);
    assert_int_equal(RIG_DO(rig, vmmlink_pause), VMMLINK_OK);
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_collect, VMMLINK_COLLECT_REPLACE), VMMLINK_OK);
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_collect, VMMLINK_COLLECT_REPLACE), VMMLINK_OK);
    assert_int_equal(rig->reply.collect.dirty_pages, 0);

    assert_int_equal(RIG_DO(rig, vmmlink_stop_logging), VMMLINK_OK);
    rig_end(rig);
}

/* ---- clients ------------------------------------------------------------------------------------ */

static bool ready_was_said(const struct rig *rig)
{
    return strstr(rig->serial, "ready") != NULL;
}

static void guest_runs_on_when_its_client_vanishes(void **unused)
{
    (void)unused;
    struct rig *first = start_running();
    const struct rig copy = *first;
    const uint64_t beats = rig_report(first).heartbeats;
    rig_disconnect(first);

    struct rig *second = rig_connect(&copy);

    assert_true(second->up);
    const struct vmmlink_guest *guest = vmmlink_guest(second->link);
    assert_int_equal(guest->guest_state, VMMLINK_GUEST_RUNNING);
    assert_int_equal(guest->last_run.epoch, 5);
    assert_int_equal(guest->last_run.attempt, 1);
    assert_string_equal(guest->name, "rig");
    rig_for(second, 20 * FERRY_MILLISECOND);
    assert_true(rig_report(second).heartbeats > beats);
    rig_until(second, ready_was_said);
    rig_end(second);
}

static bool is_lost(const struct rig *rig)
{
    return rig->lost;
}

/* The guest runs: its heart has begun to beat, or does so within five seconds. */
static void assert_beats(struct rig *rig)
{
    for (int i = 0; i < 500 && rig_report(rig).heartbeats == 0; i++) {
        rig_for(rig, 10 * FERRY_MILLISECOND);
    }
    assert_true(rig_report(rig).heartbeats > 0);
}

static void second_client_replaces_the_first(void **unused)
{
    (void)unused;
    struct rig *first = start_running();

    struct rig *second = rig_connect(first);
    assert_true(second->up);
    for (int i = 0; i < 1000 && !is_lost(first); i++) {
        rig_for(first, FERRY_MILLISECOND);
    }

    assert_true(first->lost);
    assert_int_equal(first->lost_status, VMMLINK_LOST);
    assert_non_null(strstr(first->lost_reason, "replaced"));
    assert_beats(second);
    rig_disconnect(first);
    rig_end(second);
}

static void second_process_for_a_guest_is_not_started(void **unused)
{
    (void)unused;
    struct rig *rig = start_running();
    char reason[512];
    pid_t pid = 0;
    const struct vmmlink_spawn spawn = {
        .program = FERRY_VMM, .socket_path = rig->socket, .guest = "rig"};

    assert_int_equal(vmmlink_spawn(&spawn, &pid, reason, sizeof(reason)), VMMLINK_STATE);

    rig_for(rig, 20 * FERRY_MILLISECOND);
    assert_beats(rig);
    rig_end(rig);
}

static void bad_configuration_comes_as_the_reason_of_the_loss(void **unused)
{
    (void)unused;
    rig_need_kvm();
    struct guestconfig config = rig_config(WORDS("disk=/nowhere/at/all.raw"));

    struct rig *rig = rig_start(&config, false);

    assert_true(rig->lost);
    assert_false(rig->up);
    assert_int_equal(rig->lost_status, VMMLINK_DISK);
    assert_non_null(strstr(rig->lost_reason, "/nowhere/at/all.raw"));
    rig_end(rig);
}

/* ---- hostile clients ---------------------------------------------------------------------------- */

static int connect_raw(const struct rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, rig->socket, strlen(rig->socket));
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* The process closes the connection of its own accord, soon. */
static void expect_closed(int fd)
{
    uint8_t packet[VMM_PACKET_MAX];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    for (int i = 0; i < 100000; i++) {
        assert_true(poll(&ready, 1, 10000) > 0);
        if (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) <= 0) {
            fd_close(&fd);
            return;
        }
    }
    fail_msg("the connection stays open");
}

static void say_hello(int fd)
{
    const struct vmm_hello hello = {
        .header = {.magic = VMM_MAGIC, .type = VMM_HELLO, .id = 1},
        .version_min = VMM_VERSION,
        .version_max = VMM_VERSION,
    };
    assert_int_equal(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
}

static void packets_of_no_protocol_end_the_connection_alone(void **unused)
{
    (void)unused;
    struct rig *rig = start_running();
    const struct rig copy = *rig;
    rig_disconnect(rig);
    const struct vmm_header unknown = {.magic = VMM_MAGIC, .type = 999, .id = 2};
    const struct vmm_header early = {.magic = VMM_MAGIC, .type = VMM_QUIT, .id = 1};
    const struct vmm_header foreign = {.magic = 7, .type = VMM_QUIT, .id = 2};
    uint8_t long_packet[sizeof(struct vmm_hello) + 1] = {0};
    const struct vmm_header head = {.magic = VMM_MAGIC, .type = VMM_HELLO, .id = 1};
    memcpy(long_packet, &head, sizeof(head));
    const struct {
        bool hello;
        const void *packet;
        size_t size;
    } cases[] = {
        {false, "x",         1                       },
        {false, &early,      sizeof(early)           },
        {false, long_packet, sizeof(long_packet)     },
        {true,  &unknown,    sizeof(unknown)         },
        {true,  &foreign,    sizeof(foreign)         },
        {true,  &early,      sizeof(early) - 3       },
        {true,  long_packet, sizeof(struct vmm_hello)}, /* a second hello */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int fd = connect_raw(&copy);
        if (cases[i].hello) {
            say_hello(fd);
        }
        assert_int_equal(send(fd, cases[i].packet, cases[i].size, 0), cases[i].size);
        expect_closed(fd);
    }

    struct rig *again = rig_connect(&copy);
    assert_int_equal(rig_check(again).bad_pages, 0);
    rig_end(again);
}

static void client_that_never_reads_is_dropped(void **unused)
{
    (void)unused;
    struct rig *rig = start_running();
    const struct rig copy = *rig;
    rig_disconnect(rig);
    const int fd = connect_raw(&copy);
    say_hello(fd);
    const struct vmm_header ask = {.magic = VMM_MAGIC, .type = VMM_STATUS, .id = 2};

    ssize_t sent = 1;
    for (int i = 0; i < 100000 && sent > 0; i++) {
        sent = send(fd, &ask, sizeof(ask), MSG_NOSIGNAL);
    }

    assert_true(sent < 0);
    expect_closed(fd);
    struct rig *again = rig_connect(&copy);
    assert_int_equal(rig_check(again).bad_pages, 0);
    rig_end(again);
}

static void values_out_of_bounds_are_refused_by_name(void **unused)
{
    (void)unused;
    struct rig *rig = start_running();

    assert_int_equal(RIG_DO_WITH(rig, vmmlink_collect, (enum vmmlink_collect)77), VMMLINK_INVALID);
    assert_int_equal(RIG_DO_WITH(rig, vmmlink_load, UINT64_MAX), VMMLINK_STATE);

    rig_end(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_does_not_run_before_it_is_told),
        cmocka_unit_test(paused_guest_stands_still_until_it_is_run_again),
        cmocka_unit_test(run_twice_is_run_once),
        cmocka_unit_test(order_of_an_older_epoch_is_refused),
        cmocka_unit_test(incoming_guest_without_state_does_not_run),
        cmocka_unit_test(throttled_guest_gets_less_time_and_all_of_it_back),
        cmocka_unit_test(first_collection_has_all_pages_and_the_next_what_was_written),
        cmocka_unit_test(guest_runs_on_when_its_client_vanishes),
        cmocka_unit_test(second_client_replaces_the_first),
        cmocka_unit_test(second_process_for_a_guest_is_not_started),
        cmocka_unit_test(bad_configuration_comes_as_the_reason_of_the_loss),
        cmocka_unit_test(packets_of_no_protocol_end_the_connection_alone),
        cmocka_unit_test(client_that_never_reads_is_dropped),
        cmocka_unit_test(values_out_of_bounds_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("host/vmm/orders", tests, NULL, NULL);
}
