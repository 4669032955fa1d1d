/* SPDX-License-Identifier: Apache-2.0 */
/* connect_test.c -- attempts: their timing, refusal, silence, and how connections end. */
#include "tests/sim/net/bed.h"

static void acceptor_hears_after_half_a_round_trip_and_initiator_after_one(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 25 * MS});
    net_conn conn = net_connect(bed->net, 0, 1, 0, 77);
    bed_run(bed);

    CHECK_EQ(bed->log_count, 2);
    const struct net_event *accepted = bed_event(bed, NET_ACCEPTED, 0);
    CHECK_EQ(accepted->now_ns, 25 * MS);
    CHECK_EQ(accepted->host, 0);
    CHECK_EQ(accepted->peer, 1);
    CHECK_EQ(accepted->side, NET_ACCEPTOR);
    CHECK_EQ(accepted->cookie, 77);
    const struct net_event *connected = bed_event(bed, NET_CONNECTED, 0);
    CHECK_EQ(connected->now_ns, 50 * MS);
    CHECK_EQ(connected->host, 1);
    CHECK_EQ(connected->side, NET_INITIATOR);
    CHECK(connected->conn == conn && accepted->conn == conn);
    CHECK_EQ(bed->result, NET_RUN_IDLE);
    CHECK_EQ(net_open_connections(bed->net), 1);
    bed_destroy(bed);
}

static void send_before_connected_waits_for_it(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.bandwidth_bps = 8 * MBIT});
    net_conn conn = bed_connect(bed, 0, 1);
    CHECK(net_send(bed->net, conn, NET_INITIATOR, 1000, 5));
    bed_run(bed);

    CHECK_EQ(bed_sent_ns(bed, 5), 2 * MS + 1 * MS); /* 1000 bytes at 1 MB/s */
    CHECK_EQ(bed_delivered_ns(bed, 5), 4 * MS);
    bed_destroy(bed);
}

static bool answer_at_once(void *context, const struct net_event *event)
{
    struct bed *bed = context;
    if (event->kind == NET_ACCEPTED) {
        CHECK(net_send(bed->net, event->conn, NET_ACCEPTOR, 0, 9));
    }
    return true;
}

static void greeting_of_the_acceptor_never_overtakes_connected(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.reaction = answer_at_once});
    bed_connect(bed, 0, 1);
    bed_run(bed);

    CHECK_EQ(bed->log_count, 4);
    CHECK_EQ(bed->log[2].kind, NET_CONNECTED);
    CHECK_EQ(bed->log[3].kind, NET_DELIVERED);
    CHECK_EQ(bed->log[3].now_ns, 2 * MS);
    bed_destroy(bed);
}

static void refusal_is_told_after_one_round_trip(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_set_refuse(bed->net, NET_ANY_NETWORK, 1, true);
    net_conn conn = bed_connect(bed, 0, 1);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 1);
    CHECK_EQ(bed->log[0].kind, NET_CONNECT_FAILED);
    CHECK_EQ(bed->log[0].now_ns, 2 * MS);
    CHECK(!net_send(bed->net, conn, NET_INITIATOR, 1, 0));
    CHECK_EQ(net_open_connections(bed->net), 0);

    net_set_refuse(bed->net, 0, 1, false);
    bed_connected(bed, 0, 1);
    bed_destroy(bed);
}

static void heal(struct bed *bed)
{
    net_unblock(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
}

static void attempt_into_a_black_hole_gives_no_event(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_block(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
    net_conn conn = bed_connect(bed, 0, 1);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    CHECK_EQ(bed->result, NET_RUN_IDLE);
    CHECK(net_close(bed->net, conn, NET_INITIATOR));
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void attempt_goes_through_at_its_retry_after_the_heal(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_block(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
    bed_connect(bed, 0, 1);
    bed_at(bed, 3500 * MS, heal);
    bed_run(bed);
    /* attempts leave at 0, 1, 3 and 7 s */
    CHECK_EQ(bed_event(bed, NET_ACCEPTED, 0)->now_ns, 7 * SEC + MS);
    CHECK_EQ(bed_event(bed, NET_CONNECTED, 0)->now_ns, 7 * SEC + 2 * MS);
    bed_destroy(bed);
}

static void close_initiator(struct bed *bed)
{
    CHECK_EQ(net_unsent_bytes(bed->net, bed->conn[0], NET_INITIATOR), 3000 + MIB);
    CHECK(net_close(bed->net, bed->conn[0], NET_INITIATOR));
    CHECK(!net_close(bed->net, bed->conn[0], NET_INITIATOR));
    CHECK(!net_send(bed->net, bed->conn[0], NET_INITIATOR, 1, 1));
}

static void close_drops_what_has_not_left_and_follows_what_has(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.bandwidth_bps = 8 * MBIT});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_INITIATOR, 1000, 1);
    net_send(bed->net, conn, NET_INITIATOR, 3000, 2); /* would leave at 6 ms */
    net_send(bed->net, conn, NET_INITIATOR, MIB, 3);
    bed_at(bed, 5500 * US, close_initiator);
    bed_run(bed);

    CHECK_EQ(bed->log_count, 3);
    CHECK_EQ(bed->log[0].kind, NET_SENT);
    CHECK_EQ(bed->log[1].kind, NET_DELIVERED);
    CHECK_EQ(bed->log[1].now_ns, 4 * MS);
    CHECK_EQ(bed->log[2].kind, NET_CLOSED);
    CHECK_EQ(bed->log[2].side, NET_ACCEPTOR);
    CHECK_EQ(bed->log[2].now_ns, 6500 * US);
    CHECK_EQ(net_open_connections(bed->net), 0);
    CHECK(!net_send(bed->net, conn, NET_ACCEPTOR, 1, 1));
    bed_destroy(bed);
}

static void close_quietly(struct bed *bed)
{
    CHECK(net_close(bed->net, bed->conn[0], NET_INITIATOR));
}

static void side_that_has_closed_hears_nothing_more(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_ACCEPTOR, 125, 2);
    bed_at(bed, 2500 * US, close_quietly); /* before that arrives */
    bed_run(bed);
    CHECK_EQ(bed->log_count, 2);
    CHECK_EQ(bed->log[0].kind, NET_SENT);
    CHECK_EQ(bed->log[1].kind, NET_CLOSED);
    bed_destroy(bed);
}

static void both_sides_closing_leave_nothing_behind(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_INITIATOR, MIB, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, MIB, 2);
    CHECK(net_close(bed->net, conn, NET_INITIATOR));
    CHECK(net_close(bed->net, conn, NET_ACCEPTOR));
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void number_of_a_connection_is_never_used_again(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn first = bed_connected(bed, 0, 1);
    net_reset(bed->net, NET_ANY_NETWORK, NET_ANY_HOST, NET_ANY_HOST);
    bed_run(bed);
    bed->log_count = 0;
    net_conn second = bed_connected(bed, 0, 1);
    CHECK(first != second);
    CHECK(!net_send(bed->net, first, NET_INITIATOR, 1, 0));
    CHECK(net_send(bed->net, second, NET_INITIATOR, 1, 0));
    bed_destroy(bed);
}

static void connecting_a_host_with_itself_aborts(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    (void)net_connect(bed->net, 0, 1, 1, 0);
}

static void connecting_over_an_unknown_network_aborts(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    (void)net_connect(bed->net, 1, 0, 1, 0);
}

static const struct bed_case cases[] = {
    BED_CASE(acceptor_hears_after_half_a_round_trip_and_initiator_after_one),
    BED_CASE(send_before_connected_waits_for_it),
    BED_CASE(greeting_of_the_acceptor_never_overtakes_connected),
    BED_CASE(refusal_is_told_after_one_round_trip),
    BED_CASE(attempt_into_a_black_hole_gives_no_event),
    BED_CASE(attempt_goes_through_at_its_retry_after_the_heal),
    BED_CASE(close_drops_what_has_not_left_and_follows_what_has),
    BED_CASE(side_that_has_closed_hears_nothing_more),
    BED_CASE(both_sides_closing_leave_nothing_behind),
    BED_CASE(number_of_a_connection_is_never_used_again),
    BED_MISUSE(connecting_a_host_with_itself_aborts),
    BED_MISUSE(connecting_over_an_unknown_network_aborts),
};

int main(void)
{
    return bed_main("connect_test", cases, sizeof(cases) / sizeof(cases[0]));
}
