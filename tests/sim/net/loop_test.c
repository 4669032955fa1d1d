/* SPDX-License-Identifier: Apache-2.0 */
/* loop_test.c -- the event loop: timers, order within an instant, stopping, idleness. */
#include "tests/sim/net/bed.h"

static void timers_fire_at_their_time_in_order_of_host_then_arming(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    (void)net_timer_at(bed->net, NET_NO_HOST, 5, 4);
    (void)net_timer_at(bed->net, 1, 5, 2);
    (void)net_timer_at(bed->net, 1, 5, 3);
    (void)net_timer_at(bed->net, 0, 5, 1);
    (void)net_timer_at(bed->net, 1, 4, 0);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQ(bed->log[i].cookie, i);
        CHECK_EQ(bed->log[i].kind, NET_TIMER);
        CHECK_EQ(bed->log[i].now_ns, i == 0 ? 4 : 5);
    }
    CHECK_EQ(bed->log[4].host, NET_NO_HOST);
    bed_destroy(bed);
}

static void disarmed_timer_neither_fires_nor_moves_time(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_timer first = net_timer_at(bed->net, 0, 10, 1);
    net_timer second = net_timer_at(bed->net, 0, SEC, 2);
    CHECK(net_timer_cancel(bed->net, second));
    CHECK(!net_timer_cancel(bed->net, second));
    bed_run(bed);
    CHECK_EQ(bed->log_count, 1);
    CHECK_EQ(net_now(bed->net), 10);
    CHECK(!net_timer_cancel(bed->net, first));
    net_timer third = net_timer_at(bed->net, 0, 20, 3);
    CHECK(third != first && third != second);
    bed_destroy(bed);
}

static void timer_of_an_instant_sees_what_arrived_at_it(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    (void)net_timer_at(bed->net, 0, 4 * MS, 50);
    net_send(bed->net, conn, NET_ACCEPTOR, 125000, 1); /* sent at 3 ms, delivered at 4 ms */
    bed_run(bed);
    CHECK_EQ(bed->log_count, 3);
    CHECK_EQ(bed->log[1].kind, NET_DELIVERED);
    CHECK_EQ(bed->log[1].now_ns, 4 * MS);
    CHECK_EQ(bed->log[2].kind, NET_TIMER);
    bed_destroy(bed);
}

static void timer_of_an_instant_comes_after_the_flow_done_at_it(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    (void)net_timer_at(bed->net, 0, 3 * MS, 50);
    net_send(bed->net, conn, NET_INITIATOR, 125000, 1);
    bed_run(bed);
    CHECK_EQ(bed->log[0].kind, NET_SENT);
    CHECK_EQ(bed->log[0].now_ns, 3 * MS);
    CHECK_EQ(bed->log[1].kind, NET_TIMER);
    bed_destroy(bed);
}

static void flows_done_at_one_instant_are_reported_in_order_of_host(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.hosts = 8});
    for (uint32_t i = 0; i < 4; i++) {
        bed_connect(bed, 6 - 2 * i, 7 - 2 * i); /* the last opened is the first host */
    }
    bed_run(bed);
    bed->log_count = 0;
    for (uint32_t i = 0; i < 4; i++) {
        net_send(bed->net, bed->conn[(i * 3) % 4], NET_INITIATOR, 125000, 0);
    }
    bed_run(bed);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(bed_event(bed, NET_SENT, i)->host, 2 * i);
        CHECK_EQ(bed_event(bed, NET_SENT, i)->now_ns, 3 * MS);
        CHECK_EQ(bed_event(bed, NET_DELIVERED, i)->host, 2 * i + 1);
    }
    bed_destroy(bed);
}

static bool stop_at_second(void *context, const struct net_event *event)
{
    struct bed *bed = context;
    if (event->cookie == 2) {
        net_stop(bed->net);
    }
    return event->cookie != 1;
}

static void run_stops_after_the_event_and_goes_on_where_it_was(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.reaction = stop_at_second});
    for (uint32_t i = 1; i < 4; i++) {
        (void)net_timer_at(bed->net, 0, 7, i);
    }
    bed_run(bed);
    CHECK_EQ(bed->result, NET_RUN_STOPPED);
    CHECK_EQ(bed->log_count, 1);
    bed_run(bed);
    CHECK_EQ(bed->result, NET_RUN_STOPPED);
    CHECK_EQ(bed->log_count, 2);
    bed_run(bed);
    CHECK_EQ(bed->result, NET_RUN_IDLE);
    CHECK_EQ(bed->log_count, 3);
    CHECK_EQ(net_now(bed->net), 7);
    bed_destroy(bed);
}

static void stopping_within_a_transfer_does_not_change_its_time(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.reaction = stop_at_second});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_INITIATOR, 12500000, 7);
    for (int64_t i = 0; i < 50; i++) {
        (void)net_timer_at(bed->net, 0, 3 * MS + i * 1999999, 1 + (uint64_t)i % 2);
    }
    do {
        bed_run(bed);
    } while (bed->result == NET_RUN_STOPPED);
    CHECK_NEAR(bed_sent_ns(bed, 7), 102 * MS, 1);
    bed_destroy(bed);
}

static void empty_network_is_idle_at_once(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    bed_run(bed);
    CHECK_EQ(bed->result, NET_RUN_IDLE);
    CHECK_EQ(net_now(bed->net), 0);
    bed_destroy(bed);
}

static void transfer_without_end_is_idle_not_endless(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_set_rate(bed->net, conn, NET_INITIATOR, 1);
    net_send(bed->net, conn, NET_INITIATOR, UINT64_C(1) << 62, 1);
    bed_run(bed);
    CHECK_EQ(bed->result, NET_RUN_IDLE);
    bed_destroy(bed);
}

static bool run_inside(void *context, const struct net_event *event)
{
    (void)event;
    bed_run(context);
    return true;
}

static void running_inside_the_handler_aborts(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.reaction = run_inside});
    (void)net_timer_at(bed->net, 0, 1, 1);
    bed_run(bed);
}

static void timer_in_the_past_aborts(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    (void)net_timer_at(bed->net, 0, 10, 1);
    bed_run(bed);
    (void)net_timer_at(bed->net, 0, 9, 1);
}

static const struct bed_case cases[] = {
    BED_CASE(timers_fire_at_their_time_in_order_of_host_then_arming),
    BED_CASE(disarmed_timer_neither_fires_nor_moves_time),
    BED_CASE(timer_of_an_instant_sees_what_arrived_at_it),
    BED_CASE(timer_of_an_instant_comes_after_the_flow_done_at_it),
    BED_CASE(flows_done_at_one_instant_are_reported_in_order_of_host),
    BED_CASE(run_stops_after_the_event_and_goes_on_where_it_was),
    BED_CASE(stopping_within_a_transfer_does_not_change_its_time),
    BED_CASE(empty_network_is_idle_at_once),
    BED_CASE(transfer_without_end_is_idle_not_endless),
    BED_MISUSE(running_inside_the_handler_aborts),
    BED_MISUSE(timer_in_the_past_aborts),
};

int main(void)
{
    return bed_main("loop_test", cases, sizeof(cases) / sizeof(cases[0]));
}
