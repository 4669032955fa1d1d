/* SPDX-License-Identifier: Apache-2.0 */
/* fleet_test.c -- whole fleets: limits and room kept at all times in random runs, the same orders
 * each time, and ten thousand guests in no time. */
#include "cluster.h"

#include <stdlib.h>

#define HOSTS_MAX  60U
#define GUESTS_MAX 10000U

/* The test's own books, kept from the orders alone. */
struct books {
    uint32_t hosts;
    uint32_t guests;
    uint64_t memory[HOSTS_MAX];
    uint64_t used[HOSTS_MAX];
    uint32_t parallel[HOSTS_MAX]; /* 0: not being drained */
    uint32_t under_way[HOSTS_MAX];
    uint64_t size[GUESTS_MAX];
    uint32_t at[GUESTS_MAX];
    uint32_t to[GUESTS_MAX];
    uint32_t tries[GUESTS_MAX];
    bool reported[GUESTS_MAX];
    uint32_t moving[GUESTS_MAX];
    uint32_t moving_count;
    uint32_t drained;
    uint64_t digest; /* of all orders */
};

static void note(struct books *books, const struct ferry_order *order)
{
    books->digest = (books->digest ^ ((uint64_t)order->kind << 48) ^
                     ((uint64_t)order->guest << 24) ^ ((uint64_t)order->from << 8) ^ order->to) *
                    UINT64_C(0x100000001b3);
}

static void take_start(struct books *books, const struct ferry_order *order)
{
    const uint32_t guest = order->guest;

    assert_int_equal(books->at[guest], order->from);
    assert_int_equal(books->parallel[order->to], 0);
    assert_false(books->reported[guest]);
    if (books->tries[guest] != 0) {
        assert_int_equal(books->tries[guest], 1);
        assert_int_not_equal(books->to[guest], order->to);
    }
    books->to[guest] = order->to;
    books->used[order->to] += books->size[guest];
    assert_true(books->used[order->to] <= books->memory[order->to]);
    books->under_way[order->from]++;
    assert_true(books->under_way[order->from] <= books->parallel[order->from]);
    books->moving[books->moving_count++] = guest;
}

static void take_orders(struct cluster *cluster, struct books *books)
{
    struct ferry_order order;

    while (ferry_coordinator_next(cluster->coordinator, &order)) {
        note(books, &order);
        if (order.kind == FERRY_ORDER_START) {
            take_start(books, &order);
        } else if (order.kind == FERRY_ORDER_NO_ROOM) {
            assert_false(books->reported[order.guest]);
            books->reported[order.guest] = true;
        } else {
            assert_int_equal(order.kind, FERRY_ORDER_DRAINED);
            assert_int_equal(books->under_way[order.from], 0);
            books->drained++;
        }
    }
}

/* One of those under way ends; `fail_per_mille` of them fail. */
static void
end_one(struct cluster *cluster, struct books *books, uint64_t *seed, uint64_t fail_per_mille)
{
    const uint32_t slot = (uint32_t)harness_random_below(seed, books->moving_count);
    const uint32_t guest = books->moving[slot];
    const bool moved = harness_random_below(seed, 1000) >= fail_per_mille;

    books->moving[slot] = books->moving[--books->moving_count];
    books->under_way[books->at[guest]]--;
    books->used[moved ? books->at[guest] : books->to[guest]] -= books->size[guest];
    if (moved) {
        books->at[guest] = books->to[guest];
    } else {
        books->tries[guest]++;
    }
    cluster->now++;
    cluster_ended(cluster, guest, moved);
}

static void build(struct cluster *cluster, struct books *books)
{
    cluster_begin(cluster, books->hosts, books->guests);
    for (uint32_t i = 0; i < books->hosts; i++) {
        cluster_host(cluster, i, books->memory[i]);
    }
    for (uint32_t i = 0; i < books->guests; i++) {
        cluster_guest(cluster, books->at[i], books->size[i]);
    }
}

static void
run(struct cluster *cluster, struct books *books, uint64_t *seed, uint64_t fail_per_mille)
{
    for (uint32_t i = 0; i < books->hosts; i++) {
        if (books->parallel[i] != 0) {
            cluster_drain(cluster, i, books->parallel[i]);
        }
    }
    take_orders(cluster, books);
    while (books->moving_count != 0) {
        end_one(cluster, books, seed, fail_per_mille);
        take_orders(cluster, books);
    }
}

static uint64_t random_fleet(uint64_t seed, struct books *books)
{
    struct cluster cluster;
    uint32_t drains = 0;

    *books = (struct books){0};
    books->hosts = 2 + (uint32_t)harness_random_below(&seed, 10);
    books->guests = 1 + (uint32_t)harness_random_below(&seed, 60);
    for (uint32_t i = 0; i < books->hosts; i++) {
        books->memory[i] = 50 + harness_random_below(&seed, 400);
        if (harness_random_below(&seed, 3) == 0) {
            books->parallel[i] = 1 + (uint32_t)harness_random_below(&seed, 4);
            drains++;
        }
    }
    for (uint32_t i = 0; i < books->guests; i++) {
        const uint32_t host = (uint32_t)harness_random_below(&seed, books->hosts);

        books->at[i] = host;
        books->size[i] = 1 + harness_random_below(&seed, 40);
        books->used[host] += books->size[i];
        if (books->used[host] > books->memory[host]) {
            books->memory[host] = books->used[host];
        }
    }
    build(&cluster, books);
    run(&cluster, books, &seed, 200);

    assert_int_equal(books->drained, drains);
    for (uint32_t i = 0; i < books->guests; i++) {
        assert_true(books->parallel[books->at[i]] == 0 || books->reported[i]);
    }
    cluster_end(&cluster);
    return books->digest;
}

static void limits_and_room_are_kept_in_every_run_and_every_run_is_the_same_again(void **unused)
{
    (void)unused;
    struct books *books = malloc(sizeof(*books));

    assert_non_null(books);
    for (uint64_t seed = 1; seed <= 500; seed++) {
        const uint64_t digest = random_fleet(seed, books);

        if (seed % 10 == 0) {
            assert_true(random_fleet(seed, books) == digest);
        }
    }
    free(books);
}

/* 10,000 guests on 30 full hosts onto 30 empty ones; quadratic work anywhere would be felt by
 * whoever waits for this test. */
static void ten_thousand_guests_are_planned_in_no_time_and_evenly(void **unused)
{
    (void)unused;
    struct books *books = calloc(1, sizeof(*books));
    struct cluster cluster;
    uint64_t seed = 1;

    assert_non_null(books);
    books->hosts = HOSTS_MAX;
    books->guests = GUESTS_MAX;
    for (uint32_t i = 0; i < HOSTS_MAX; i++) {
        books->memory[i] = 16 * 334;
        books->parallel[i] = i < HOSTS_MAX / 2 ? 4 : 0;
    }
    for (uint32_t i = 0; i < GUESTS_MAX; i++) {
        books->at[i] = i % (HOSTS_MAX / 2);
        books->size[i] = 16;
        books->used[books->at[i]] += 16;
    }
    build(&cluster, books);
    run(&cluster, books, &seed, 0);

    assert_int_equal(books->drained, HOSTS_MAX / 2);
    for (uint32_t i = HOSTS_MAX / 2; i < HOSTS_MAX; i++) {
        assert_true(books->used[i] == (uint64_t)16 * 333 || books->used[i] == (uint64_t)16 * 334);
    }
    cluster_end(&cluster);
    free(books);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_and_room_are_kept_in_every_run_and_every_run_is_the_same_again),
        cmocka_unit_test(ten_thousand_guests_are_planned_in_no_time_and_evenly),
    };

    return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
