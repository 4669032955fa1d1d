/* SPDX-License-Identifier: Apache-2.0 */
/* host_test.c -- crash, boot, pause and resume of hosts, as their peers see it. */
#include "tests/sim/net/bed.h"

static void crash(struct bed *bed)
{
    net_host_down(bed->net, 1);
}

static void boot(struct bed *bed)
{
    net_host_up(bed->net, 1);
}

static void freeze(struct bed *bed)
{
    net_host_pause(bed->net, 1);
}

static void thaw(struct bed *bed)
{
    net_host_resume(bed->net, 1);
}

static void crash_is_silence_for_the_peer(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    (void)net_timer_at(bed->net, 1, SEC, 1);
    crash(bed);
    CHECK(!net_host_is_up(bed->net, 1));
    CHECK(net_send(bed->net, conn, NET_INITIATOR, MIB, 1));
    CHECK(!net_send(bed->net, conn, NET_ACCEPTOR, 1, 2));
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0); /* and its timer is gone */
    CHECK_EQ(bed->result, NET_RUN_IDLE);
    bed_destroy(bed);
}

static void timer_of_before_the_crash_never_fires(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    (void)net_timer_at(bed->net, 1, SEC, 1);
    (void)net_timer_at(bed->net, 0, SEC, 2);
    crash(bed);
    boot(bed);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 1);
    CHECK_EQ(bed->log[0].cookie, 2);
    bed_destroy(bed);
}

static void cut(struct bed *bed)
{
    net_block(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
}

static void heal(struct bed *bed)
{
    net_unblock(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
}

/* What a host had sent is sent again by nobody once it has crashed: whether the cut came before the
 * crash or after it. */
static void lost_packet_of_a_crashed_host_is_lost_for_good(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 10 * MS});
    net_conn conn = bed_connected(bed, 0, 1); /* at 20 ms */
    net_send(bed->net, conn, NET_ACCEPTOR, 125, 1);
    bed_at(bed, 22 * MS, cut);
    bed_at(bed, 24 * MS, crash);
    bed_at(bed, 26 * MS, heal);
    bed_at(bed, 1000 * MS, boot);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 0);
    bed_destroy(bed);
}

static void packet_of_a_crashed_host_that_meets_a_cut_is_lost_for_good(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 10 * MS});
    net_conn conn = bed_connected(bed, 0, 1); /* at 20 ms */
    net_send(bed->net, conn, NET_ACCEPTOR, 125, 1);
    bed_at(bed, 22 * MS, crash);
    bed_at(bed, 24 * MS, cut);
    bed_at(bed, 26 * MS, heal);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 0);
    bed_destroy(bed);
}

static void attempt_under_way_at_the_crash_reaches_the_booted_host(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    bed_connect(bed, 0, 1);
    bed_at(bed, 500 * US, crash);
    bed_at(bed, 600 * US, boot);
    bed_run(bed);
    CHECK_EQ(bed_event(bed, NET_CONNECTED, 0)->now_ns, SEC + 2500 * US);
    bed_destroy(bed);
}

static void crash_under_way_drops_what_has_not_left_and_nothing_else(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 10 * MS});
    net_conn conn = bed_connected(bed, 0, 1); /* at 20 ms */
    net_send(bed->net, conn, NET_ACCEPTOR, 125, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, 12500000, 2);
    bed_at(bed, 25 * MS, crash);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 1);
    CHECK_EQ(bed_delivered_ns(bed, 1), 30 * MS + 1000);
    bed_destroy(bed);
}

static void peer_that_sends_after_the_boot_is_reset(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    crash(bed);
    boot(bed);
    CHECK(net_send(bed->net, conn, NET_INITIATOR, 100 * MIB, 1));
    bed_run(bed);
    CHECK_EQ(bed->log_count, 1);
    CHECK_EQ(bed->log[0].kind, NET_RESET);
    CHECK_EQ(bed->log[0].host, 0);
    CHECK_EQ(bed->log[0].now_ns, 4 * MS);
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void peer_that_was_sending_is_reset_at_its_retry_after_the_boot(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_INITIATOR, 12500000, 1);
    bed_at(bed, 52 * MS, crash);
    bed_at(bed, 300 * MS, boot);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 1);
    CHECK_EQ(bed->log[0].kind, NET_RESET);
    CHECK_EQ(bed->log[0].now_ns, 654 * MS);
    bed_destroy(bed);
}

static void idle_peer_hears_nothing_of_crash_and_boot(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    (void)bed_connected(bed, 0, 1);
    crash(bed);
    boot(bed);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    CHECK_EQ(net_open_connections(bed->net), 1);
    bed_destroy(bed);
}

static void attempt_to_a_host_that_is_down_succeeds_after_its_boot(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    crash(bed);
    bed_connect(bed, 0, 1);
    bed_at(bed, 2 * SEC, boot);
    bed_run(bed);
    CHECK_EQ(bed_event(bed, NET_CONNECTED, 0)->now_ns, 3 * SEC + 2 * MS);
    bed_destroy(bed);
}

static void crash_of_the_initiator_ends_its_attempt(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    bed_connect(bed, 1, 0);
    net_block(bed->net, 0, 1, 0);
    crash(bed);
    boot(bed);
    net_unblock(bed->net, 0, 1, 0);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void both_hosts_crashing_leave_no_connection(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_INITIATOR, MIB, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, MIB, 1);
    net_host_down(bed->net, 0);
    net_host_down(bed->net, 1);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void paused_host_gets_its_events_late_and_in_order(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    (void)net_timer_at(bed->net, 1, 4 * MS, 50);
    net_timer gone = net_timer_at(bed->net, 1, 5 * MS, 51);
    freeze(bed);
    net_send(bed->net, conn, NET_INITIATOR, 125, 1);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 1); /* SENT, at host 0 */
    net_send(bed->net, conn, NET_INITIATOR, 125, 2);
    bed_run(bed);
    CHECK(net_timer_cancel(bed->net, gone));
    bed->log_count = 0;
    bed_at(bed, SEC, thaw);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 3);
    CHECK_EQ(bed->log[0].cookie, 1);
    CHECK_EQ(bed->log[1].kind, NET_TIMER);
    CHECK_EQ(bed->log[1].cookie, 50);
    CHECK_EQ(bed->log[2].cookie, 2);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(bed->log[i].now_ns, SEC);
    }
    bed_destroy(bed);
}

static void paused_host_does_not_progress_its_sends(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_ACCEPTOR, 12500000, 1);
    bed_at(bed, 52 * MS, freeze);
    bed_at(bed, 1000 * MS, thaw);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 1050 * MS, 2);
    CHECK_NEAR(bed_delivered_ns(bed, 1), 1051 * MS, 2);
    bed_destroy(bed);
}

static void event_at_the_instant_of_the_resume_comes_after_those_that_waited(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    freeze(bed);
    bed_at(bed, 3 * MS + 2000, thaw);
    (void)net_timer_at(bed->net, 1, 3 * MS, 60);
    net_send(bed->net, conn, NET_INITIATOR, 125, 1);
    net_send(bed->net, conn, NET_INITIATOR, 125, 2); /* arrives at 3 ms + 2 us */
    bed_run(bed);
    CHECK_EQ(bed->log_count, 5);
    CHECK_EQ(bed->log[2].cookie, 60);
    CHECK_EQ(bed->log[3].cookie, 1);
    CHECK_EQ(bed->log[4].cookie, 2);
    bed_destroy(bed);
}

static void close_of_a_paused_side_voids_what_waited_for_it(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    (void)net_timer_at(bed->net, 1, net_now(bed->net) + 5 * MS, 60);
    freeze(bed);
    net_send(bed->net, conn, NET_INITIATOR, 125, 1);
    bed_run(bed);
    bed->log_count = 0;
    thaw(bed);
    CHECK(net_close(bed->net, conn, NET_ACCEPTOR)); /* before it got what waited */
    bed_run(bed);
    CHECK_EQ(bed->log_count, 2);
    CHECK_EQ(bed->log[0].cookie, 60);
    CHECK_EQ(bed->log[1].kind, NET_CLOSED);
    CHECK_EQ(bed->log[1].side, NET_INITIATOR);
    bed_destroy(bed);
}

static void crash_of_a_paused_host_forgets_what_waited(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    freeze(bed);
    net_send(bed->net, conn, NET_INITIATOR, 125, 1);
    bed_run(bed);
    bed->log_count = 0;
    crash(bed);
    boot(bed);
    thaw(bed); /* the pause ended with the crash: no effect */
    freeze(bed);
    thaw(bed);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    bed_destroy(bed);
}

static void timer_of_a_host_that_is_down_aborts(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    crash(bed);
    (void)net_timer_at(bed->net, 1, SEC, 0);
}

static const struct bed_case cases[] = {
    BED_CASE(crash_is_silence_for_the_peer),
    BED_CASE(timer_of_before_the_crash_never_fires),
    BED_CASE(lost_packet_of_a_crashed_host_is_lost_for_good),
    BED_CASE(packet_of_a_crashed_host_that_meets_a_cut_is_lost_for_good),
    BED_CASE(attempt_under_way_at_the_crash_reaches_the_booted_host),
    BED_CASE(crash_under_way_drops_what_has_not_left_and_nothing_else),
    BED_CASE(peer_that_sends_after_the_boot_is_reset),
    BED_CASE(peer_that_was_sending_is_reset_at_its_retry_after_the_boot),
    BED_CASE(idle_peer_hears_nothing_of_crash_and_boot),
    BED_CASE(attempt_to_a_host_that_is_down_succeeds_after_its_boot),
    BED_CASE(crash_of_the_initiator_ends_its_attempt),
    BED_CASE(both_hosts_crashing_leave_no_connection),
    BED_CASE(paused_host_gets_its_events_late_and_in_order),
    BED_CASE(paused_host_does_not_progress_its_sends),
    BED_CASE(event_at_the_instant_of_the_resume_comes_after_those_that_waited),
    BED_CASE(close_of_a_paused_side_voids_what_waited_for_it),
    BED_CASE(crash_of_a_paused_host_forgets_what_waited),
    BED_MISUSE(timer_of_a_host_that_is_down_aborts),
};

int main(void)
{
    return bed_main("host_test", cases, sizeof(cases) / sizeof(cases[0]));
}
