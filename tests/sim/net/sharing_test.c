/* SPDX-License-Identifier: Apache-2.0 */
/* sharing_test.c -- several flows: fair shares (N4), work conservation, backbones, background,
 * faster links. */
#include "tests/sim/net/bed.h"

static void k_flows_get_an_equal_part_each(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.hosts = 8});
    for (uint32_t i = 1; i < 8; i++) {
        bed_connect(bed, 0, i); /* they share host 0's up link */
    }
    bed_run(bed);
    int64_t begin_ns = net_now(bed->net);
    for (uint32_t i = 0; i < 7; i++) {
        net_send(bed->net, bed->conn[i], NET_INITIATOR, 12500000, i);
    }
    bed_run(bed);
    for (uint32_t i = 0; i < 7; i++) {
        CHECK_NEAR(bed_sent_ns(bed, i) - begin_ns, 700 * MS, 10);
    }
    bed_destroy(bed);
}

static void what_one_leaves_the_others_get(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    for (uint32_t i = 0; i < 4; i++) {
        bed_connect(bed, 0, 1);
    }
    bed_run(bed);
    int64_t begin_ns = net_now(bed->net);
    net_set_rate(bed->net, bed->conn[0], NET_INITIATOR, 5000000); /* 120 MB/s are left for three */
    net_send(bed->net, bed->conn[0], NET_INITIATOR, 10000000, 0);
    net_send(bed->net, bed->conn[1], NET_INITIATOR, 20000000, 1); /* 500 ms at 40 MB/s */
    net_send(bed->net, bed->conn[2], NET_INITIATOR, 50000000, 2); /* then 60 MB/s: 500 ms */
    net_send(bed->net, bed->conn[3], NET_INITIATOR, 74000000, 3); /* then 120 MB/s: 200 ms */
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1) - begin_ns, 500 * MS, 10);
    CHECK_NEAR(bed_sent_ns(bed, 2) - begin_ns, 1000 * MS, 10);
    CHECK_NEAR(bed_sent_ns(bed, 3) - begin_ns, 1200 * MS, 10);
    CHECK_NEAR(bed_sent_ns(bed, 0) - begin_ns, 2000 * MS, 10);
    bed_destroy(bed);
}

static void total_time_of_shared_work_is_its_sum_over_the_bandwidth(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 20; i++) {
        bed_connect(bed, 0, 1);
    }
    bed_run(bed);
    int64_t begin_ns = net_now(bed->net);
    for (uint32_t i = 0; i < 20; i++) {
        uint64_t bytes = 1000000 + 777777 * (uint64_t)(i * i % 13);
        sum += bytes;
        net_send(bed->net, bed->conn[i], NET_INITIATOR, bytes, i);
    }
    bed_run(bed);
    CHECK_NEAR(net_now(bed->net) - MS - begin_ns, sum * 8, 100);
    bed_destroy(bed);
}

static void flows_share_the_receiver_but_not_private_links(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.hosts = 5});
    bed_connect(bed, 0, 2);
    bed_connect(bed, 1, 2);
    bed_connect(bed, 3, 4);
    bed_run(bed);
    int64_t begin_ns = net_now(bed->net);
    for (uint32_t i = 0; i < 3; i++) {
        net_send(bed->net, bed->conn[i], NET_INITIATOR, 12500000, i);
    }
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 0) - begin_ns, 200 * MS, 2);
    CHECK_NEAR(bed_sent_ns(bed, 1) - begin_ns, 200 * MS, 2);
    CHECK_NEAR(bed_sent_ns(bed, 2) - begin_ns, 100 * MS, 2);
    bed_destroy(bed);
}

static void backbone_is_shared_by_all_and_both_directions(enum bed_kind kind)
{
    struct bed *bed =
        bed_create(kind, &(struct bed_options){.hosts = 4, .backbone_bps = 500 * MBIT});
    bed_connect(bed, 0, 1);
    bed_connect(bed, 3, 2);
    bed_run(bed);
    int64_t begin_ns = net_now(bed->net);
    net_send(bed->net, bed->conn[0], NET_INITIATOR, 6250000, 0);
    net_send(bed->net, bed->conn[1], NET_INITIATOR, 6250000, 1);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 0) - begin_ns, 200 * MS, 2);
    CHECK_NEAR(bed_sent_ns(bed, 1) - begin_ns, 200 * MS, 2);

    begin_ns = net_now(bed->net);
    bed->log_count = 0;
    net_set_backbone(bed->net, 0, 5 * GBIT);
    net_send(bed->net, bed->conn[0], NET_INITIATOR, 6250000, 0);
    net_send(bed->net, bed->conn[1], NET_INITIATOR, 6250000, 1);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1) - begin_ns, 50 * MS, 2);
    bed_destroy(bed);
}

static void two_networks_between_the_same_hosts_are_separate(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.networks = 2});
    net_conn a = net_connect(bed->net, 0, 0, 1, 0);
    net_conn b = net_connect(bed->net, 1, 0, 1, 1);
    bed_run(bed);
    net_set_bandwidth(bed->net, 1, 100 * MBIT);
    CHECK_EQ(net_bandwidth_bps(bed->net, 1), 100 * MBIT);
    int64_t begin_ns = net_now(bed->net);
    net_send(bed->net, a, NET_INITIATOR, 12500000, 0);
    net_send(bed->net, b, NET_INITIATOR, 12500000, 1);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 0) - begin_ns, 100 * MS, 2);
    CHECK_NEAR(bed_sent_ns(bed, 1) - begin_ns, 1000 * MS, 2);
    bed_destroy(bed);
}

static void ten_times_faster(struct bed *bed)
{
    net_set_bandwidth(bed->net, 0, 10 * GBIT);
}

static void ten_times_slower(struct bed *bed)
{
    net_set_bandwidth(bed->net, 0, 100 * MBIT);
}

static void standstill(struct bed *bed)
{
    net_set_bandwidth(bed->net, 0, 0);
}

static void running_flow_follows_the_bandwidth_up_and_down(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_INITIATOR, 200000000, 1);
    bed_at(bed, 102 * MS, ten_times_faster); /* 12.5 MB have left */
    bed_at(bed, 202 * MS, ten_times_slower); /* 125 MB more; 62.5 MB are left: 5 s */
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 5202 * MS, 2);
    bed_destroy(bed);
}

static void bandwidth_zero_stops_all_and_loses_nothing(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_INITIATOR, 25000000, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, 125, 2);
    bed_at(bed, 2 * MS, standstill);
    bed_at(bed, 10 * SEC, ten_times_faster);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 10 * SEC + 20 * MS, 2);
    CHECK_EQ(bed_sent_ns(bed, 2), 10 * SEC + 100);
    bed_destroy(bed);
}

static void network_created_at_rate_zero_can_be_raised(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.bandwidth_bps = BED_STANDS});
    net_conn conn = bed_connected(bed, 0, 1); /* the handshake has no bytes */
    net_send(bed->net, conn, NET_INITIATOR, 12500000, 1);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    net_set_bandwidth(bed->net, 0, GBIT);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 102 * MS, 2);
    bed_destroy(bed);
}

static uint32_t background(struct bed *bed, uint32_t flows, uint64_t bytes_per_second)
{
    struct net_background what = {
        .network = 0,
        .from = 0,
        .to = 1,
        .flows = flows,
        .bytes_per_second = bytes_per_second,
    };
    return net_background_start(bed->net, &what);
}

static void stop_background(struct bed *bed)
{
    net_background_stop(bed->net, (uint32_t)bed->number);
}

static void greedy_background_takes_its_fair_part(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    bed->number = background(bed, 4, NET_UNLIMITED);
    net_send(bed->net, conn, NET_INITIATOR, 50000000, 1);
    bed_at(bed, 1002 * MS, stop_background); /* 25 MB have left; the others take 200 ms */
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 1202 * MS, 5);
    CHECK_NEAR(net_use_of(bed->net, 0, 0).background_bytes, 100000000, 10);
    CHECK_EQ(net_use_of(bed->net, 0, 1).background_bytes, 0);
    bed_destroy(bed);
}

static void background_at_a_rate_leaves_the_rest(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    background(bed, 2, 25000000);
    net_send(bed->net, conn, NET_INITIATOR, 100000000, 1);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 1002 * MS, 5);
    CHECK_EQ(bed->result, NET_RUN_IDLE); /* although the background runs on */
    bed_destroy(bed);
}

static const struct bed_case cases[] = {
    BED_CASE(k_flows_get_an_equal_part_each),
    BED_CASE(what_one_leaves_the_others_get),
    BED_CASE(total_time_of_shared_work_is_its_sum_over_the_bandwidth),
    BED_CASE(flows_share_the_receiver_but_not_private_links),
    BED_CASE(backbone_is_shared_by_all_and_both_directions),
    BED_CASE(two_networks_between_the_same_hosts_are_separate),
    BED_CASE(running_flow_follows_the_bandwidth_up_and_down),
    BED_CASE(bandwidth_zero_stops_all_and_loses_nothing),
    BED_CASE(network_created_at_rate_zero_can_be_raised),
    BED_CASE(greedy_background_takes_its_fair_part),
    BED_CASE(background_at_a_rate_leaves_the_rest),
};

int main(void)
{
    return bed_main("sharing_test", cases, sizeof(cases) / sizeof(cases[0]));
}
