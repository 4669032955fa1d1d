/* SPDX-License-Identifier: Apache-2.0 */
/* disorder_test.c -- jitter, clogs, strays: what arrives, but not when it should. */
#include "tests/sim/net/bed.h"

/* ---- jitter ---- */

static void send_five(struct bed *bed)
{
    for (uint64_t i = 1; i <= 5; i++) {
        net_send(bed->net, bed->conn[0], NET_INITIATOR, 125, i);
    }
}

static uint64_t jittered(enum bed_kind kind, uint64_t seed)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    (void)bed_connected(bed, 0, 1);
    net_set_jitter(bed->net, 0, 3 * MS, seed);
    send_five(bed);
    bed_run(bed);
    int64_t last = 0;
    bool late = false;
    for (uint64_t i = 1; i <= 5; i++) {
        const int64_t took = bed_delivered_ns(bed, i) - bed_sent_ns(bed, i);
        CHECK(took >= MS && took <= 4 * MS);
        CHECK(bed_delivered_ns(bed, i) >= last);
        last = bed_delivered_ns(bed, i);
        late = late || took > MS;
    }
    CHECK(late);
    const uint64_t digest = bed_digest(bed);
    bed_destroy(bed);
    return digest;
}

static void jitter_delays_within_its_bound_in_order_and_by_its_seed(enum bed_kind kind)
{
    const uint64_t first = bed_apart(kind, jittered, 1);
    CHECK_EQ(bed_apart(kind, jittered, 1), first);
    CHECK(bed_apart(kind, jittered, 2) != first);
}

static void jitter_that_is_taken_back_is_gone(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    (void)bed_connected(bed, 0, 1);
    net_set_jitter(bed->net, 0, 3 * MS, 7);
    net_set_jitter(bed->net, 0, 0, 0);
    send_five(bed);
    bed_run(bed);
    CHECK_EQ(bed_delivered_ns(bed, 5) - bed_sent_ns(bed, 5), MS);
    bed_destroy(bed);
}

/* ---- clogs ---- */

static void begin_clog(struct bed *bed)
{
    net_clog(bed->net, 0);
}

static void end_clog(struct bed *bed)
{
    net_unclog(bed->net, 0);
}

static void cut(struct bed *bed)
{
    net_block(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
}

static void heal(struct bed *bed)
{
    net_unblock(bed->net, 0, NET_ANY_HOST, NET_ANY_HOST);
}

static void send_sixth(struct bed *bed)
{
    net_send(bed->net, bed->conn[0], NET_INITIATOR, 125, 6);
}

static void what_is_clogged_arrives_in_order_after_it_and_nothing_stalls(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 10 * MS});
    (void)bed_connected(bed, 0, 1); /* at 20 ms */
    send_five(bed);                 /* would arrive at 30 ms */
    bed_at(bed, 25 * MS, begin_clog);
    bed_at(bed, 28 * MS, begin_clog); /* they nest */
    bed_at(bed, 40 * MS, send_sixth);
    bed_at(bed, 60 * MS, end_clog);
    bed_at(bed, 500 * MS, end_clog);
    bed_run(bed);
    CHECK_EQ(bed_delivered_ns(bed, 1), 510 * MS);
    CHECK_EQ(bed_delivered_ns(bed, 6), 510 * MS);
    CHECK_EQ(bed_event(bed, NET_DELIVERED, 0)->cookie, 1);
    CHECK_EQ(bed_event(bed, NET_DELIVERED, 5)->cookie, 6);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 6);
    CHECK_EQ(net_use_of(bed->net, 0, 0).stalls, 0);
    bed_destroy(bed);
}

static void a_cut_in_a_clog_is_an_outage_and_its_retry_waits_for_both(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 10 * MS});
    (void)bed_connected(bed, 0, 1);
    send_five(bed);
    bed_at(bed, 25 * MS, begin_clog);
    bed_at(bed, 26 * MS, cut);
    bed_at(bed, 27 * MS, heal); /* the retry at 226 ms finds the network clogged */
    bed_at(bed, 900 * MS, end_clog);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 5);
    CHECK_EQ(bed_delivered_ns(bed, 5), 910 * MS);
    bed_destroy(bed);
}

static void a_connection_opened_in_a_clog_stands_after_it(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){0});
    net_clog(bed->net, 0);
    (void)bed_connect(bed, 0, 1);
    bed_at(bed, 300 * MS, end_clog);
    bed_run(bed);
    CHECK_EQ(bed_event(bed, NET_ACCEPTED, 0)->now_ns, 301 * MS);
    CHECK_EQ(bed_event(bed, NET_CONNECTED, 0)->now_ns, 302 * MS);
    bed_destroy(bed);
}

/* ---- strays ---- */

static void stray(struct bed *bed)
{
    net_stray(bed->net, 0, 50 * MS);
}

/* What had left comes behind what the next connection says; what had not is dropped. */
static void a_stray_comes_behind_its_successor_and_then_its_reset(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 10 * MS});
    net_conn first = bed_connected(bed, 0, 1); /* at 20 ms */
    send_five(bed);
    net_send(bed->net, first, NET_INITIATOR, 125000000, 7); /* a second of it */
    net_send(bed->net, first, NET_ACCEPTOR, 125, 8);        /* on its way back */
    bed_at(bed, 25 * MS, stray);
    bed_run(bed);
    CHECK_EQ(bed_event(bed, NET_RESET, 0)->side, NET_INITIATOR);
    CHECK_EQ(bed_event(bed, NET_RESET, 0)->now_ns, 25 * MS);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 5);
    CHECK_EQ(bed_delivered_ns(bed, 1), 75 * MS);
    CHECK_EQ(bed_delivered_ns(bed, 5), 75 * MS);
    CHECK_EQ(bed_event(bed, NET_RESET, 1)->side, NET_ACCEPTOR);
    CHECK_EQ(bed_event(bed, NET_RESET, 1)->now_ns, 75 * MS);
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void close_at_the_acceptor(struct bed *bed)
{
    net_close(bed->net, bed->conn[0], NET_ACCEPTOR);
}

static void a_stray_reaches_nobody_who_has_closed(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 10 * MS});
    (void)bed_connected(bed, 0, 1);
    send_five(bed);
    bed_at(bed, 25 * MS, stray);
    bed_at(bed, 40 * MS, close_at_the_acceptor);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_DELIVERED), 0);
    CHECK_EQ(bed_count(bed, NET_RESET), 1);
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static void a_stray_of_what_does_not_stand_is_a_reset(enum bed_kind kind)
{
    struct bed *bed = bed_create(kind, &(struct bed_options){.latency_ns = 100 * MS});
    (void)bed_connect(bed, 0, 1); /* stands at 200 ms */
    bed_at(bed, 50 * MS, stray);
    bed_run(bed);
    CHECK_EQ(bed_count(bed, NET_RESET), 1);
    CHECK_EQ(bed_event(bed, NET_RESET, 0)->now_ns, 50 * MS);
    CHECK_EQ(net_open_connections(bed->net), 0);
    bed_destroy(bed);
}

static const struct bed_case cases[] = {
    BED_CASE(jitter_delays_within_its_bound_in_order_and_by_its_seed),
    BED_CASE(jitter_that_is_taken_back_is_gone),
    BED_CASE(what_is_clogged_arrives_in_order_after_it_and_nothing_stalls),
    BED_CASE(a_cut_in_a_clog_is_an_outage_and_its_retry_waits_for_both),
    BED_CASE(a_connection_opened_in_a_clog_stands_after_it),
    BED_CASE(a_stray_comes_behind_its_successor_and_then_its_reset),
    BED_CASE(a_stray_reaches_nobody_who_has_closed),
    BED_CASE(a_stray_of_what_does_not_stand_is_a_reset),
};

int main(void)
{
    return bed_main("disorder_test", cases, sizeof(cases) / sizeof(cases[0]));
}
