/* SPDX-License-Identifier: Apache-2.0 */
/* outage_test.c -- cuts, one-way blocks, retries, resets: nobody is told, nothing is lost. */
#include "tests/sim/net/bed.h"

static void cut(struct bed *bed)
{
    net_block(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
}

static void heal(struct bed *bed)
{
    net_unblock(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
}

static void cut_forth(struct bed *bed)
{
    net_block(bed->net, 0, 0, 1);
}

static void heal_forth(struct bed *bed)
{
    net_unblock(bed->net, 0, 0, 1);
}

static void transfer_stands_still_and_goes_on_at_its_retry(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_INITIATOR, 12500000, 1);
    bed_at(bed, 52 * MS, cut); /* half has left; retries at 252, 652, 1452 ms */
    bed_at(bed, 1000 * MS, heal);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 2);
    CHECK_NEAR(bed_sent_ns(bed, 1), 1502 * MS, 2);
    CHECK_NEAR(bed_delivered_ns(bed, 1), 1503 * MS, 2);
    CHECK_EQ(net_use_of(bed->net, 0, 0).stalls, 1);
    bed_destroy(bed);
}

static void outage_shorter_than_the_first_retry_ends_with_it(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_INITIATOR, 12500000, 1);
    bed_at(bed, 52 * MS, cut);
    bed_at(bed, 53 * MS, heal);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 302 * MS, 2);
    bed_destroy(bed);
}

static void retry_waits_four_round_trips_on_a_long_path(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 100 * MS});
    net_conn conn = bed_connected(bed, 0, 1); /* at 200 ms */
    net_send(bed->net, conn, NET_INITIATOR, 12500000, 1);
    bed_at(bed, 250 * MS, cut);
    bed_at(bed, 260 * MS, heal);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 1100 * MS, 2);
    bed_destroy(bed);
}

static void message_in_flight_at_the_cut_arrives_late_but_arrives(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 10 * MS});
    net_conn conn = bed_connected(bed, 0, 1); /* at 20 ms */
    net_send(bed->net, conn, NET_INITIATOR, 125, 1);
    net_send(bed->net, conn, NET_INITIATOR, 125, 2);
    bed_at(bed, 25 * MS, cut);
    bed_at(bed, 26 * MS, heal);
    bed_run(bed);
    CHECK_EQ(bed_sent_ns(bed, 2), 20 * MS + 2000);
    CHECK_EQ(bed_delivered_ns(bed, 1), 235 * MS);
    CHECK_EQ(bed_delivered_ns(bed, 2), 235 * MS);
    CHECK_EQ(bed_event(bed, NET_DELIVERED, 0)->cookie, 1);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 2);
    bed_destroy(bed);
}

static void idle_connection_notices_no_outage(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    cut(bed);
    bed_run(bed);
    heal(bed);
    net_send(bed->net, conn, NET_INITIATOR, 125, 1);
    bed_run(bed);
    CHECK_EQ(bed_delivered_ns(bed, 1), 3 * MS + 1000);
    CHECK_EQ(net_use_of(bed->net, 0, 0).stalls, 0);
    bed_destroy(bed);
}

static void block_that_never_ends_leaves_the_loop_idle(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    cut(bed);
    net_send(bed->net, conn, NET_INITIATOR, MIB, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, 100, 2);
    bed_run(bed);
    CHECK_EQ(bed->result, NET_RUN_IDLE);
    CHECK_EQ(bed->log_count, 0);
    bed_destroy(bed);
}

static void one_way_block_lets_the_other_way_pass(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    cut_forth(bed);
    net_send(bed->net, conn, NET_INITIATOR, 125, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, 125, 2);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 1);
    CHECK_EQ(bed_delivered_ns(bed, 2), 3 * MS + 1000);
    heal_forth(bed);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 2);
    bed_destroy(bed);
}

static void block_of_one_pair_leaves_the_others_alone(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.hosts = 3});
    bed_connect(bed, 0, 1);
    bed_connect(bed, 0, 2);
    bed_connect(bed, 1, 2);
    bed_run(bed);
    net_block(bed->net, 0, 0, 1);
    net_block(bed->net, 0, 2, NET_ANY_HOST);
    for (uint32_t i = 0; i < 3; i++) {
        net_send(bed->net, bed->conn[i], NET_INITIATOR, 100, i);
        net_send(bed->net, bed->conn[i], NET_ACCEPTOR, 100, 10 + i);
    }
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 3);
    (void)bed_delivered_ns(bed, 1);  /* 0 to 2 */
    (void)bed_delivered_ns(bed, 2);  /* 1 to 2 */
    (void)bed_delivered_ns(bed, 10); /* 1 to 0 */
    net_unblock(bed->net, 0, 2, NET_ANY_HOST);
    net_unblock(bed->net, 0, 0, 1);
    net_block(bed->net, 0, NET_ANY_HOST, 0);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 5); /* all but 2 to 0 */
    net_unblock(bed->net, 0, NET_ANY_HOST, 0);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 6);
    bed_destroy(bed);
}

static void blocks_nest(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    cut(bed);
    cut(bed);
    cut_forth(bed);
    cut_forth(bed);
    net_send(bed->net, conn, NET_INITIATOR, 100, 1);
    heal(bed);
    heal_forth(bed);
    heal_forth(bed);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    heal(bed);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 1);
    bed_destroy(bed);
}

static void second_cut_before_the_retry_prolongs_the_stall(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_INITIATOR, 12500000, 1);
    bed_at(bed, 52 * MS, cut);
    bed_at(bed, 60 * MS, heal);
    bed_at(bed, 100 * MS, cut); /* the retry at 252 ms meets this one; the next is at 652 ms */
    bed_at(bed, 300 * MS, heal);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 702 * MS, 2);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 1);
    bed_destroy(bed);
}

static void close_during_an_outage_is_told_after_it(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    cut(bed);
    net_close(bed->net, conn, NET_INITIATOR);
    bed_at(bed, SEC, heal);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 1);
    CHECK_EQ(bed->log[0].kind, NET_CLOSED);
    CHECK_EQ(bed->log[0].now_ns, 1402 * MS + MS);
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void slow_start_begins_again_after_an_outage(enum bed_kind kind)
{
    struct bed_options options = {.latency_ns = 25 * MS, .initial_window_bytes = 10000};
    struct bed *bed = bed_create(kind, &options);
    net_conn conn = bed_connected(bed, 0, 1); /* at 50 ms */
    net_send(bed->net, conn, NET_INITIATOR, 70000 + 150000, 1);
    bed_at(bed, 200 * MS, cut); /* 10 + 20 + 40 kB have left */
    bed_at(bed, 201 * MS, heal);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 400 * MS + 200 * MS, 100);
    bed_destroy(bed);
}

static void reset_network(struct bed *bed)
{
    net_reset(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
}

static void reset_is_told_to_both_ends_and_ends_all(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_INITIATOR, 12500000, 1);
    bed_at(bed, 20 * MS, reset_network);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 2);
    CHECK_EQ(bed->log[0].kind, NET_RESET);
    CHECK_EQ(bed->log[0].host, 0);
    CHECK_EQ(bed->log[0].side, NET_INITIATOR);
    CHECK_EQ(bed->log[1].kind, NET_RESET);
    CHECK_EQ(bed->log[1].host, 1);
    CHECK_EQ(bed->log[1].now_ns, 20 * MS);
    CHECK(!net_send(bed->net, conn, NET_INITIATOR, 1, 0));
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void reset_frees_the_bandwidth_at_once(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.hosts = 3});
    bed_connect(bed, 0, 1);
    bed_connect(bed, 0, 2);
    bed_run(bed);
    net_send(bed->net, bed->conn[0], NET_INITIATOR, 12500000, 0);
    net_send(bed->net, bed->conn[1], NET_INITIATOR, 12500000, 1);
    net_reset(bed->net, NET_ANY_NETWORK, 1, 0);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_RESET), 2);
    CHECK_NEAR(bed_sent_ns(bed, 1), 102 * MS, 2);
    bed_destroy(bed);
}

static void reset_of_an_attempt_is_told_to_the_initiator_alone(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    bed_connect(bed, 0, 1);
    reset_network(bed);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 1);
    CHECK_EQ(bed->log[0].side, NET_INITIATOR);
    bed_destroy(bed);
}

static void unblocking_what_is_not_blocked_aborts(enum bed_kind kind)
{
    heal_forth(bed_create(kind, &(struct bed_options){0}));
}

static const struct bed_case cases[] = {
    BED_CASE(transfer_stands_still_and_goes_on_at_its_retry),
    BED_CASE(outage_shorter_than_the_first_retry_ends_with_it),
    BED_CASE(retry_waits_four_round_trips_on_a_long_path),
    BED_CASE(message_in_flight_at_the_cut_arrives_late_but_arrives),
    BED_CASE(idle_connection_notices_no_outage),
    BED_CASE(block_that_never_ends_leaves_the_loop_idle),
    BED_CASE(one_way_block_lets_the_other_way_pass),
    BED_CASE(block_of_one_pair_leaves_the_others_alone),
    BED_CASE(blocks_nest),
    BED_CASE(second_cut_before_the_retry_prolongs_the_stall),
    BED_CASE(close_during_an_outage_is_told_after_it),
    BED_CASE(slow_start_begins_again_after_an_outage),
    BED_CASE(reset_is_told_to_both_ends_and_ends_all),
    BED_CASE(reset_frees_the_bandwidth_at_once),
    BED_CASE(reset_of_an_attempt_is_told_to_the_initiator_alone),
    BED_MISUSE(unblocking_what_is_not_blocked_aborts),
};

int main(void)
{
    return bed_main("outage_test", cases, sizeof(cases) / sizeof(cases[0]));
}
