/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_test.c -- one connection alone: exact times, order, caps, window (N1), loss (N2, N3),
 * slow start. */
#include "tests/sim/net/bed.h"

#include <math.h>

/* Keeps two messages of 1 MiB queued until bed->number have been sent. */
static bool keep_sending(void *context, const struct net_event *event)
{
    struct bed *bed = context;
    if (event->kind == NET_SENT && bed->number > 0) {
        bed->number--;
        CHECK(net_send(bed->net, event->conn, event->side, MIB, 100 + bed->number));
    }
    return true;
}

/* Sends `count` MiB over an open connection and returns how long it took until all was delivered.
 */
static int64_t stream_ns(struct bed *bed, net_conn conn, uint64_t count)
{
    int64_t begin_ns = net_now(bed->net);
    bed->reaction = keep_sending;
    bed->number = count - 2;
    CHECK(net_send(bed->net, conn, NET_INITIATOR, MIB, 1));
    CHECK(net_send(bed->net, conn, NET_INITIATOR, MIB, 2));
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), count);
    return net_now(bed->net) - begin_ns;
}

static void gibibyte_in_small_parts_takes_its_size_over_the_bandwidth(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 25 * MS});
    net_conn conn = bed_connected(bed, 0, 1);
    int64_t took_ns = stream_ns(bed, conn, 1024);
    /* 2^33 bits at 10^9 bit/s, and one latency for the last part */
    CHECK_NEAR(took_ns, (INT64_C(1) << 33) + 25 * MS, 1024);
    bed_destroy(bed);
}

static void message_is_sent_when_serialised_and_delivered_one_latency_later(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, 125000, 3);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 2);
    CHECK_EQ(bed_event(bed, NET_SENT, 0)->host, 1);
    CHECK_EQ(bed_event(bed, NET_SENT, 0)->bytes, 125000);
    CHECK_EQ(bed_sent_ns(bed, 3), 3 * MS);
    CHECK_EQ(bed_event(bed, NET_DELIVERED, 0)->host, 0);
    CHECK_EQ(bed_event(bed, NET_DELIVERED, 0)->side, NET_INITIATOR);
    CHECK_EQ(bed_delivered_ns(bed, 3), 4 * MS);
    bed_destroy(bed);
}

static void small_message_keeps_its_place_behind_a_large_one(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_INITIATOR, 100, 1);
    net_send(bed->net, conn, NET_INITIATOR, 125000, 2);
    net_send(bed->net, conn, NET_INITIATOR, 0, 3);
    net_send(bed->net, conn, NET_INITIATOR, 1250, 4);
    bed_run(bed);
    CHECK_EQ(bed_delivered_ns(bed, 1), 3 * MS + 800);
    CHECK_EQ(bed_delivered_ns(bed, 2), 4 * MS + 800);
    CHECK_EQ(bed_delivered_ns(bed, 3), 4 * MS + 800);
    CHECK_EQ(bed_delivered_ns(bed, 4), 4 * MS + 10800);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(bed_event(bed, NET_DELIVERED, i)->cookie, i + 1);
    }
    bed_destroy(bed);
}

static void directions_do_not_share(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_INITIATOR, 125000, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, 125000, 2);
    bed_run(bed);
    CHECK_EQ(bed_delivered_ns(bed, 1), 4 * MS);
    CHECK_EQ(bed_delivered_ns(bed, 2), 4 * MS);
    bed_destroy(bed);
}

static void cap_to_half(struct bed *bed)
{
    CHECK(net_set_rate(bed->net, bed->conn[0], NET_INITIATOR, 62500000));
}

static void cap_to_nothing(struct bed *bed)
{
    CHECK(net_set_rate(bed->net, bed->conn[0], NET_INITIATOR, 0));
}

static void uncap(struct bed *bed)
{
    CHECK(net_set_rate(bed->net, bed->conn[0], NET_INITIATOR, NET_UNLIMITED));
}

static void cap_holds_for_small_and_large_messages(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    CHECK(net_set_rate(bed->net, conn, NET_INITIATOR, 1000000));
    net_send(bed->net, conn, NET_INITIATOR, 2000, 1);
    net_send(bed->net, conn, NET_INITIATOR, 1000000, 2);
    bed_run(bed);
    CHECK_EQ(bed_sent_ns(bed, 1), 4 * MS);
    CHECK_EQ(bed_sent_ns(bed, 2), 1004 * MS);
    bed_destroy(bed);
}

static void cap_changed_in_flight_takes_effect_at_once(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_INITIATOR, 125000000, 1);
    bed_at(bed, 402 * MS, cap_to_half);    /* 50 MB have left */
    bed_at(bed, 602 * MS, cap_to_nothing); /* 12.5 MB more */
    bed_at(bed, 5002 * MS, cap_to_half);
    bed_at(bed, 5402 * MS, uncap); /* 25 MB more; 37.5 MB are left: 300 ms */
    bed_run(bed);
    CHECK_EQ(bed_sent_ns(bed, 1), 5702 * MS);
    bed_destroy(bed);
}

static void rate_zero_holds_small_messages_too(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_set_rate(bed->net, conn, NET_INITIATOR, 0);
    net_send(bed->net, conn, NET_INITIATOR, 100, 1);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    CHECK_EQ(bed->result, NET_RUN_IDLE);
    bed_at(bed, SEC, uncap);
    bed_run(bed);
    CHECK_EQ(bed_sent_ns(bed, 1), SEC + 800);
    bed_destroy(bed);
}

static struct bed_options window_row;

static uint64_t window_row_ns(enum bed_kind kind, uint64_t unused)
{
    (void)unused;
    struct bed *bed = bed_create(kind, &window_row);
    net_conn conn = bed_connected(bed, 0, 1);
    int64_t took_ns = stream_ns(bed, conn, 20) - window_row.latency_ns;
    bed_destroy(bed);
    return (uint64_t)took_ns;
}

static void window_bounds_the_rate_as_n1_says(enum bed_kind kind)
{
    static const struct {
        uint64_t window_bytes;
        int64_t latency_ns;
        double bytes_per_second; /* min(B, window / RTT) */
    } rows[] = {
        {65536,   10 * MS,  65536 / 0.02 },
        {65536,   50 * US,  125e6        },
        {1000000, 100 * MS, 1000000 / 0.2},
        {0,       100 * MS, 125e6        },
    };
    for (uint32_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        double expected_ns = 20.0 * (double)MIB / rows[row].bytes_per_second * 1e9;
        window_row = (struct bed_options){
            .latency_ns = rows[row].latency_ns,
            .window_bytes = rows[row].window_bytes,
        };
        CHECK_NEAR(bed_apart(kind, window_row_ns, 0), (int64_t)expected_ns, 200);
    }
}

static void longer_latency_lowers_a_window_bound_in_flight(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.window_bytes = 20000});
    net_conn conn = bed_connected(bed, 0, 1); /* 20000 bytes / 2 ms: 10 MB/s */
    net_set_latency(bed->net, 0, 10 * MS);    /* 1 MB/s */
    net_send(bed->net, conn, NET_INITIATOR, 1000000, 1);
    bed_run(bed);
    CHECK_EQ(bed_sent_ns(bed, 1), 1002 * MS);
    CHECK_EQ(bed_delivered_ns(bed, 1), 1012 * MS);
    CHECK_EQ(net_latency_ns(bed->net, 0), 10 * MS);
    bed_destroy(bed);
}

static void shorten(struct bed *bed)
{
    net_set_latency(bed->net, 0, MS);
    CHECK(net_send(bed->net, bed->conn[0], NET_INITIATOR, 1000, 2));
}

static void later_message_on_a_shorter_path_waits_for_the_earlier_one(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 100 * MS});
    net_conn conn = bed_connected(bed, 0, 1); /* at 200 ms */
    net_send(bed->net, conn, NET_INITIATOR, 1000, 1);
    bed_at(bed, 210 * MS, shorten);
    bed_run(bed);
    CHECK_EQ(bed_delivered_ns(bed, 1), 300 * MS + 8000);
    CHECK_EQ(bed_delivered_ns(bed, 2), 300 * MS + 8000);
    CHECK_EQ(bed_event(bed, NET_DELIVERED, 0)->cookie, 1);
    bed_destroy(bed);
}

/* Rates of N2 and N3, computed in floating point: the second opinion. */
static double loss_rate(double p, double rtt_s)
{
    if (p <= 0.01) {
        return 1460.0 / rtt_s * sqrt(1.5) / sqrt(p);
    }
    double tail = 12 * rtt_s * sqrt(3 * p / 8) * p * (1 + 32 * p * p);
    return 1460.0 / (rtt_s * sqrt(2 * p / 3) + tail);
}

static void loss_bounds_the_rate_as_n2_and_n3_say(enum bed_kind kind)
{
    static const uint32_t rows[] = {10, 100, 1000, 10000, 20000, 100000, 500000};
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 25 * MS});
    net_conn conn = bed_connected(bed, 0, 1);
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double expected_ns = 1e6 / loss_rate(rows[i] / 1e6, 0.05) * 1e9;
        net_set_loss(bed->net, 0, rows[i]);
        int64_t begin_ns = net_now(bed->net);
        net_send(bed->net, conn, NET_INITIATOR, 1000000, i);
        bed_run(bed);
        CHECK_NEAR(bed_sent_ns(bed, i) - begin_ns, (int64_t)expected_ns, expected_ns * 1e-4);
    }
    bed_destroy(bed);
}

static void total_loss_lets_nothing_pass(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1);
    net_set_loss(bed->net, 0, 1000000);
    net_send(bed->net, conn, NET_INITIATOR, 100000, 1);
    bed_run(bed);
    CHECK_EQ(bed->log_count, 0);
    net_set_loss(bed->net, 0, 0);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 1);
    bed_destroy(bed);
}

static void slow_start_doubles_each_round_trip(enum bed_kind kind)
{
    struct bed_options options = {.latency_ns = 25 * MS, .initial_window_bytes = 10000};
    struct bed *bed = bed_create(kind, &options);
    net_conn conn = bed_connected(bed, 0, 1); /* at 50 ms */
    /* 10, 20, 40, 80 kB in the first four round trips: 150 kB after 200 ms */
    net_send(bed->net, conn, NET_INITIATOR, 150000, 1);
    bed_run(bed);
    CHECK_NEAR(bed_sent_ns(bed, 1), 250 * MS, 100);
    bed_destroy(bed);
}

static void slow_start_ends_at_the_bandwidth(enum bed_kind kind)
{
    struct bed_options options = {
        .latency_ns = 25 * MS,
        .initial_window_bytes = NET_INITIAL_WINDOW_BYTES,
    };
    struct bed *bed = bed_create(kind, &options);
    net_conn conn = bed_connected(bed, 0, 1);
    int64_t took_ns = stream_ns(bed, conn, 1024);
    /* nine round trips of doubling cost less than 450 ms; afterwards it is the full rate */
    CHECK_NEAR(took_ns, (INT64_C(1) << 33) + 25 * MS + 380 * MS, 40 * MS);
    bed->log_count = 0;
    took_ns = stream_ns(bed, conn, 64);
    CHECK_NEAR(took_ns, 64 * (INT64_C(1) << 23) + 25 * MS, 1000);
    bed_destroy(bed);
}

static void link_of_no_limit_takes_no_time(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.bandwidth_bps = NET_UNLIMITED - 1});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    stream_ns(bed, conn, 100);
    CHECK_NEAR(net_now(bed->net), 3 * MS, 200);
    bed_destroy(bed);
}

static void counters_tell_what_moved(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.hosts = 3});
    net_conn conn = bed_connected(bed, 0, 1);
    net_send(bed->net, conn, NET_INITIATOR, 5000, 1);
    net_send(bed->net, conn, NET_ACCEPTOR, 70, 1);
    bed_run(bed);
    CHECK_EQ(net_use_of(bed->net, 0, 0).sent_bytes, 5000);
    CHECK_EQ(net_use_of(bed->net, 0, 0).delivered_bytes, 70);
    CHECK_EQ(net_use_of(bed->net, 0, 0).connections, 1);
    CHECK_EQ(net_use_of(bed->net, 0, 1).sent_bytes, 70);
    CHECK_EQ(net_use_of(bed->net, 0, 1).delivered_bytes, 5000);
    CHECK_EQ(net_use_of(bed->net, 0, 2).sent_bytes, 0);
    CHECK_EQ(net_use_of(bed->net, 0, NET_ANY_HOST).delivered_bytes, 5070);
    bed_destroy(bed);
}

/* 100,000 bytes at 125 bytes a microsecond, and 7 bytes behind them. */
static void look_at_what_is_left(struct bed *bed)
{
    static const struct bed_near expected[] = {
        {75007, 1},
        {50007, 1},
        {7,     1},
        {0,     0}
    };
    uint64_t left = net_unsent_bytes(bed->net, bed->conn[0], NET_INITIATOR);
    CHECK_NEAR(left, expected[bed->number].expected, expected[bed->number].slack);
    bed->number++;
}

static void unsent_bytes_count_down_while_a_message_leaves(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_conn conn = bed_connected(bed, 0, 1); /* at 2 ms */
    net_send(bed->net, conn, NET_INITIATOR, 100000, 1);
    net_send(bed->net, conn, NET_INITIATOR, 7, 2);
    bed_at(bed, 2200 * US, look_at_what_is_left);
    bed_at(bed, 2400 * US, look_at_what_is_left);
    bed_at(bed, 2800 * US - 1, look_at_what_is_left);
    bed_at(bed, 2900 * US, look_at_what_is_left);
    bed_run(bed);
    CHECK_EQ(bed->number, 4);
    bed_destroy(bed);
}

static const struct bed_case cases[] = {
    BED_CASE(gibibyte_in_small_parts_takes_its_size_over_the_bandwidth),
    BED_CASE(message_is_sent_when_serialised_and_delivered_one_latency_later),
    BED_CASE(small_message_keeps_its_place_behind_a_large_one),
    BED_CASE(directions_do_not_share),
    BED_CASE(cap_holds_for_small_and_large_messages),
    BED_CASE(cap_changed_in_flight_takes_effect_at_once),
    BED_CASE(rate_zero_holds_small_messages_too),
    BED_CASE(window_bounds_the_rate_as_n1_says),
    BED_CASE(longer_latency_lowers_a_window_bound_in_flight),
    BED_CASE(later_message_on_a_shorter_path_waits_for_the_earlier_one),
    BED_CASE(loss_bounds_the_rate_as_n2_and_n3_say),
    BED_CASE(total_loss_lets_nothing_pass),
    BED_CASE(slow_start_doubles_each_round_trip),
    BED_CASE(slow_start_ends_at_the_bandwidth),
    BED_CASE(link_of_no_limit_takes_no_time),
    BED_CASE(counters_tell_what_moved),
    BED_CASE(unsent_bytes_count_down_while_a_message_leaves),
};

int main(void)
{
    return bed_main("transfer_test", cases, sizeof(cases) / sizeof(cases[0]));
}
