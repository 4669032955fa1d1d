/* SPDX-License-Identifier: Apache-2.0 */
/* drain_test.c -- where a drain sends its guests, how many at a time, and when it is over. */
#include "cluster.h"

static void guests_spread_over_the_hosts_with_most_free_memory(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 4, 4);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 50);
    cluster_host(&cluster, 2, 60);
    cluster_host(&cluster, 3, 50);
    for (int i = 0; i < 4; i++) {
        cluster_guest(&cluster, 0, 20);
    }
    cluster_drain(&cluster, 0, 4);

    cluster_expect_start(&cluster, 0, 2); /* 60: most of all */
    cluster_expect_start(&cluster, 1, 1); /* 50, 40, 50: the first of equals */
    cluster_expect_start(&cluster, 2, 3); /* 30, 40, 50 */
    cluster_expect_start(&cluster, 3, 2); /* 30, 40, 30 */
    cluster_expect_nothing(&cluster);
    cluster_end(&cluster);
}

static void the_largest_goes_first_and_equal_ones_by_index(void **unused)
{
    (void)unused;
    static const uint64_t sizes[] = {5, 7, 30, 7, 5, 1, 40};
    static const uint32_t order[] = {6, 2, 1, 3, 0, 4, 5};
    struct cluster cluster;

    cluster_begin(&cluster, 2, COUNT_OF(sizes));
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 100);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        cluster_guest(&cluster, 0, sizes[i]);
    }
    cluster_drain(&cluster, 0, 100);

    for (size_t i = 0; i < COUNT_OF(order); i++) {
        cluster_expect_start(&cluster, order[i], 1);
    }
    cluster_end(&cluster);
}

static void no_more_than_parallel_move_at_a_time(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 2, 5);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 100);
    for (int i = 0; i < 5; i++) {
        cluster_guest(&cluster, 0, 10);
    }
    cluster_drain(&cluster, 0, 2);

    cluster_expect_start(&cluster, 0, 1);
    cluster_expect_start(&cluster, 1, 1);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 1, true);
    cluster_expect_start(&cluster, 2, 1);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 0, true);
    cluster_ended(&cluster, 2, true);
    cluster_expect_start(&cluster, 3, 1);
    cluster_expect_start(&cluster, 4, 1);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 3, true);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 4, true);
    cluster_expect_drained(&cluster, 0);
    cluster_expect_nothing(&cluster);
    cluster_end(&cluster);
}

static void an_order_says_how_long_it_waited(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 2, 2);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 100);
    cluster_guest(&cluster, 0, 10);
    cluster_guest(&cluster, 0, 10);
    cluster.now = 1000;
    cluster_drain(&cluster, 0, 1);

    assert_true(cluster_next(&cluster).queued_ns == 0);
    cluster.now = 1500;
    cluster_ended(&cluster, 0, true);
    assert_true(cluster_next(&cluster).queued_ns == 500);
    cluster_end(&cluster);
}

static void an_empty_host_is_drained_at_once(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 2, 1);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 100);
    cluster_guest(&cluster, 1, 10);
    cluster_drain(&cluster, 0, 1);

    cluster_expect_drained(&cluster, 0);
    cluster_expect_nothing(&cluster);
    cluster_end(&cluster);
}

static void what_fits_nowhere_is_reported_and_smaller_ones_still_move(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 2, 3);
    cluster_host(&cluster, 0, 200);
    cluster_host(&cluster, 1, 30);
    cluster_guest(&cluster, 0, 10);
    cluster_guest(&cluster, 0, 31);
    cluster_guest(&cluster, 0, 20);
    cluster_drain(&cluster, 0, 1);

    cluster_expect_start(&cluster, 2, 1);
    cluster_expect_no_room(&cluster, 1);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 2, true);
    cluster_expect_start(&cluster, 0, 1); /* the last byte of room */
    cluster_ended(&cluster, 0, true);
    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

/* Host 1 is full; a guest of it is on its way to host 2, by somebody else's order. */
static void full_cluster_with_one_leaving(struct cluster *cluster)
{
    cluster_begin(cluster, 3, 3);
    cluster_host(cluster, 0, 100);
    cluster_host(cluster, 1, 50);
    cluster_host(cluster, 2, 20);
    cluster_guest(cluster, 0, 40);
    cluster_guest(cluster, 0, 60);
    cluster_guest(cluster, 1, 20);
    assert_status(ferry_coordinator_moving(cluster->coordinator, 2, 2), FERRY_OK);
    cluster_drain(cluster, 0, 4);
}

static void a_guest_waits_for_room_that_a_move_under_way_makes(void **unused)
{
    (void)unused;
    struct cluster cluster;
    full_cluster_with_one_leaving(&cluster);

    cluster_expect_no_room(&cluster, 1); /* 60: no host is that large */
    cluster_expect_nothing(&cluster);    /* 40: soon */
    cluster_ended(&cluster, 2, true);

    cluster_expect_start(&cluster, 0, 1);
    cluster_ended(&cluster, 0, true);
    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

static void room_that_does_not_come_is_waited_for_no_longer(void **unused)
{
    (void)unused;
    struct cluster cluster;
    full_cluster_with_one_leaving(&cluster);
    cluster_expect_no_room(&cluster, 1);
    cluster_expect_nothing(&cluster);

    cluster_ended(&cluster, 2, false); /* it stays where it was */

    cluster_expect_no_room(&cluster, 0);
    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

static void one_that_waits_for_room_holds_up_no_other(void **unused)
{
    (void)unused;
    struct cluster cluster;
    cluster_begin(&cluster, 3, 4);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 50);
    cluster_host(&cluster, 2, 40);
    cluster_guest(&cluster, 0, 40);
    cluster_guest(&cluster, 0, 10);
    cluster_guest(&cluster, 1, 30);
    assert_status(ferry_coordinator_moving(cluster.coordinator, 2, 2), FERRY_OK);
    cluster_drain(&cluster, 0, 1);

    cluster_expect_start(&cluster, 1, 1); /* 10 of the 20 that are free */
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 1, true);
    cluster_expect_nothing(&cluster); /* 40: there will be 40 */
    cluster_ended(&cluster, 2, true);
    cluster_expect_start(&cluster, 0, 1);
    cluster_ended(&cluster, 0, true);
    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

static void room_is_what_runs_and_what_is_on_its_way(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 3, 3);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 30);
    cluster_host(&cluster, 2, 10);
    cluster_guest(&cluster, 1, 10);
    cluster_guest(&cluster, 0, 20);
    cluster_guest(&cluster, 0, 20);
    cluster_drain(&cluster, 0, 2);

    cluster_expect_start(&cluster, 1, 1);
    cluster_expect_no_room(&cluster, 2); /* the room of guest 1 is taken before it arrives */
    cluster_end(&cluster);
}

static void a_drain_keeps_to_the_hosts_it_is_given(void **unused)
{
    (void)unused;
    const uint32_t target = 2;
    struct cluster cluster;

    cluster_begin(&cluster, 3, 2);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 100);
    cluster_host(&cluster, 2, 15);
    cluster_guest(&cluster, 0, 10);
    cluster_guest(&cluster, 0, 10);
    assert_status(
        ferry_coordinator_restrict(cluster.coordinator, 0, &target, 1), FERRY_USAGE_STATE);
    cluster_drain(&cluster, 0, 2);
    assert_status(ferry_coordinator_restrict(cluster.coordinator, 0, &target, 1), FERRY_OK);

    cluster_expect_start(&cluster, 0, 2);
    cluster_expect_no_room(&cluster, 1);
    cluster_ended(&cluster, 0, true);
    cluster_expect_drained(&cluster, 0);

    cluster_drain(&cluster, 0, 2); /* the next drain is free again */
    cluster_expect_start(&cluster, 1, 1);
    cluster_end(&cluster);
}

/* ---- several drains ---- */

static void two_drains_have_limits_of_their_own_and_never_use_each_others_hosts(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 3, 4);
    cluster_host(&cluster, 0, 1000);
    cluster_host(&cluster, 1, 1000);
    cluster_host(&cluster, 2, 100);
    cluster_guest(&cluster, 0, 10);
    cluster_guest(&cluster, 0, 10);
    cluster_guest(&cluster, 1, 10);
    cluster_guest(&cluster, 1, 10);
    cluster_drain(&cluster, 0, 1);
    cluster_drain(&cluster, 1, 1);

    cluster_expect_start(&cluster, 0, 2);
    cluster_expect_start(&cluster, 2, 2);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 2, true);
    cluster_expect_start(&cluster, 3, 2);
    cluster_ended(&cluster, 3, true);
    cluster_expect_drained(&cluster, 1);
    cluster_ended(&cluster, 0, true);
    cluster_expect_start(&cluster, 1, 2);
    cluster_ended(&cluster, 1, true);
    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

static void a_drained_host_stays_empty_until_it_is_opened_again(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 2, 2);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 100);
    cluster_guest(&cluster, 1, 10);
    cluster_guest(&cluster, 1, 10);
    cluster_drain(&cluster, 0, 1);
    cluster_host(&cluster, 0, 100); /* says nothing new: it is still being drained */
    cluster_expect_drained(&cluster, 0);
    cluster_drain(&cluster, 1, 1);
    cluster_expect_no_room(&cluster, 0);
    cluster_expect_no_room(&cluster, 1);
    cluster_expect_drained(&cluster, 1);

    cluster_host(&cluster, 0, 100);
    cluster_drain(&cluster, 1, 1);
    cluster_expect_start(&cluster, 0, 0);
    cluster_end(&cluster);
}

/* A guest on its way to a host when that is drained: it arrives, and moves on. */
static void a_guest_that_arrives_on_a_host_being_drained_moves_on(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 3, 1);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 100);
    cluster_host(&cluster, 2, 50);
    cluster_guest(&cluster, 0, 10);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    cluster_drain(&cluster, 1, 1);
    cluster_expect_nothing(&cluster); /* host 1 is empty, but not for long */
    cluster_ended(&cluster, 0, true);

    cluster_expect_drained(&cluster, 0);
    cluster_expect_start(&cluster, 0, 2);
    cluster_ended(&cluster, 0, true);
    cluster_expect_drained(&cluster, 1);
    cluster_expect_nothing(&cluster);
    cluster_end(&cluster);
}

/* ---- misuse ---- */

static void what_makes_no_sense_is_refused(void **unused)
{
    (void)unused;
    const uint32_t nowhere = 2;
    struct cluster cluster;
    struct ferry_coordinator *none = NULL;
    struct ferry_coordinator_config config;

    cluster_begin(&cluster, 2, 2);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 100);
    cluster_guest(&cluster, 0, 10);
    struct ferry_coordinator *coordinator = cluster.coordinator;

    assert_status(ferry_coordinator_set_host(coordinator, 2, 1, true), FERRY_LIMIT_SIZE);
    assert_status(ferry_coordinator_set_guest(coordinator, 2, 0, 1), FERRY_LIMIT_SIZE);
    assert_status(ferry_coordinator_set_guest(coordinator, 0, 2, 1), FERRY_LIMIT_SIZE);
    assert_status(ferry_coordinator_drain(coordinator, 2, 1, 0, 0), FERRY_LIMIT_SIZE);
    assert_status(ferry_coordinator_drain(coordinator, 0, 0, 0, 0), FERRY_USAGE_CONFIG);
    assert_status(ferry_coordinator_ended(coordinator, 0, true, 0), FERRY_USAGE_STATE);
    assert_status(ferry_coordinator_ended(coordinator, 2, true, 0), FERRY_LIMIT_SIZE);
    assert_status(
        ferry_coordinator_moving(coordinator, 1, 0), FERRY_USAGE_STATE); /* unknown guest */
    assert_status(ferry_coordinator_moving(coordinator, 0, 0), FERRY_USAGE_STATE); /* it is there */
    assert_status(ferry_coordinator_moving(coordinator, 0, 2), FERRY_LIMIT_SIZE);
    cluster_drain(&cluster, 0, 1);
    assert_status(ferry_coordinator_drain(coordinator, 0, 1, 0, 0), FERRY_USAGE_STATE);
    assert_status(ferry_coordinator_restrict(coordinator, 0, &nowhere, 1), FERRY_LIMIT_SIZE);
    cluster_expect_start(&cluster, 0, 1);
    assert_status(ferry_coordinator_set_guest(coordinator, 0, 0, 10), FERRY_USAGE_STATE);
    assert_status(ferry_coordinator_moving(coordinator, 0, 1), FERRY_USAGE_STATE);
    config = (struct ferry_coordinator_config){
        .allocator = harness_allocator(&cluster.memory), .hosts_max = 0, .guests_max = 1};
    assert_status(ferry_coordinator_create(&config, &none), FERRY_USAGE_CONFIG);
    cluster_end(&cluster);
}

static void without_memory_nothing_is_created_and_nothing_kept(void **unused)
{
    (void)unused;

    for (size_t i = 1; i <= 4; i++) {
        struct harness_memory memory = {.fail_after = i};
        struct ferry_coordinator *coordinator = NULL;
        const struct ferry_coordinator_config config = {
            .allocator = harness_allocator(&memory),
            .hosts_max = 2,
            .guests_max = 2,
        };

        assert_status(ferry_coordinator_create(&config, &coordinator), FERRY_LIMIT_MEMORY);
        assert_null(coordinator);
        harness_assert_all_released(&memory);
    }
    ferry_coordinator_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_spread_over_the_hosts_with_most_free_memory),
        cmocka_unit_test(the_largest_goes_first_and_equal_ones_by_index),
        cmocka_unit_test(no_more_than_parallel_move_at_a_time),
        cmocka_unit_test(an_order_says_how_long_it_waited),
        cmocka_unit_test(an_empty_host_is_drained_at_once),
        cmocka_unit_test(what_fits_nowhere_is_reported_and_smaller_ones_still_move),
        cmocka_unit_test(a_guest_waits_for_room_that_a_move_under_way_makes),
        cmocka_unit_test(room_that_does_not_come_is_waited_for_no_longer),
        cmocka_unit_test(one_that_waits_for_room_holds_up_no_other),
        cmocka_unit_test(room_is_what_runs_and_what_is_on_its_way),
        cmocka_unit_test(a_drain_keeps_to_the_hosts_it_is_given),
        cmocka_unit_test(two_drains_have_limits_of_their_own_and_never_use_each_others_hosts),
        cmocka_unit_test(a_drained_host_stays_empty_until_it_is_opened_again),
        cmocka_unit_test(a_guest_that_arrives_on_a_host_being_drained_moves_on),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(without_memory_nothing_is_created_and_nothing_kept),
    };

    return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}
