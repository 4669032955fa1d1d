/* SPDX-License-Identifier: Apache-2.0 */
/* failure_test.c -- drains in which migrations fail, hosts go away, and other people move the same
 * guests. */
#include "cluster.h"

/* Host 0 with two guests of 10; hosts 1 and 2 may take them, 1 has more room. */
static void begin(struct cluster *cluster)
{
    cluster_begin(cluster, 3, 3);
    cluster_host(cluster, 0, 100);
    cluster_host(cluster, 1, 100);
    cluster_host(cluster, 2, 50);
    cluster_guest(cluster, 0, 10);
    cluster_guest(cluster, 0, 10);
}

static void a_failed_one_is_tried_once_more_elsewhere_and_last(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    cluster_ended(&cluster, 0, false);

    cluster_expect_start(&cluster, 1, 1);
    cluster_ended(&cluster, 1, true);
    cluster_expect_start(&cluster, 0, 2); /* host 1 has more room, but it failed there */
    cluster_ended(&cluster, 0, true);
    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

static void one_that_fails_twice_is_reported_and_stays(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_drain(&cluster, 0, 2);
    cluster_expect_start(&cluster, 0, 1);
    cluster_expect_start(&cluster, 1, 1);
    cluster_ended(&cluster, 0, false);
    cluster_expect_start(&cluster, 0, 2);
    cluster_ended(&cluster, 0, false);

    cluster_expect_no_room(&cluster, 0);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 1, true);
    cluster_expect_drained(&cluster, 0);
    cluster_expect_nothing(&cluster);

    cluster_drain(&cluster, 0, 2); /* a new drain tries it again, anywhere */
    cluster_expect_start(&cluster, 0, 1);
    cluster_end(&cluster);
}

static void one_that_fails_where_nothing_else_has_room_is_reported(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_host(&cluster, 2, 9);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    cluster_ended(&cluster, 0, false);
    cluster_expect_start(&cluster, 1, 1);
    cluster_ended(&cluster, 1, true);

    cluster_expect_no_room(&cluster, 0);
    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

static void the_room_of_a_failed_one_is_free_again(void **unused)
{
    (void)unused;
    struct cluster cluster;

    cluster_begin(&cluster, 2, 2);
    cluster_host(&cluster, 0, 100);
    cluster_host(&cluster, 1, 10);
    cluster_guest(&cluster, 0, 10);
    cluster_guest(&cluster, 0, 9);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    cluster_ended(&cluster, 0, false);

    cluster_expect_start(&cluster, 1, 1);
    cluster_end(&cluster);
}

/* ---- hosts that go away ---- */

static void a_host_that_becomes_unusable_takes_no_more(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    assert_status(ferry_coordinator_set_host(cluster.coordinator, 1, 100, false), FERRY_OK);
    cluster_ended(&cluster, 0, false);

    cluster_expect_start(&cluster, 1, 2);
    cluster_ended(&cluster, 1, true);
    cluster_expect_start(&cluster, 0, 2);
    cluster_end(&cluster);
}

static void a_drained_host_may_be_unusable_itself(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    assert_status(ferry_coordinator_set_host(cluster.coordinator, 0, 100, false), FERRY_OK);
    cluster_drain(&cluster, 0, 1);

    cluster_expect_start(&cluster, 0, 1);
    cluster_end(&cluster);
}

static void a_host_that_shrinks_below_what_it_holds_has_no_room(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_guest(&cluster, 1, 60);
    cluster_host(&cluster, 1, 30);
    cluster_drain(&cluster, 0, 1);

    cluster_expect_start(&cluster, 0, 2);
    cluster_end(&cluster);
}

static void guests_that_are_gone_are_not_moved_and_take_no_room(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    assert_status(ferry_coordinator_set_guest(cluster.coordinator, 1, 0, 0), FERRY_OK);
    cluster_ended(&cluster, 0, true);

    cluster_expect_drained(&cluster, 0);
    cluster_expect_nothing(&cluster);
    cluster_end(&cluster);
}

/* ---- guests that others move ---- */

static void a_drain_waits_for_guests_that_are_leaving_already(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    assert_status(ferry_coordinator_moving(cluster.coordinator, 0, 2), FERRY_OK);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 1, 1); /* the other one does not count for `parallel` */
    cluster_ended(&cluster, 1, true);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 0, true);

    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

static void a_guest_that_failed_to_leave_on_its_own_joins_the_drain(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    assert_status(ferry_coordinator_moving(cluster.coordinator, 0, 2), FERRY_OK);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 1, 1);
    cluster_ended(&cluster, 0, false);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 1, true);

    cluster_expect_start(&cluster, 0, 1);
    cluster_ended(&cluster, 0, false); /* and it has its two tries there */
    cluster_expect_start(&cluster, 0, 2);
    cluster_end(&cluster);
}

static void a_queued_guest_that_somebody_else_takes_leaves_the_queue(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_guest(&cluster, 0, 10);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    assert_status(
        ferry_coordinator_moving(cluster.coordinator, 2, 1), FERRY_OK); /* the queue's last */
    assert_status(
        ferry_coordinator_moving(cluster.coordinator, 1, 2), FERRY_OK); /* and its first */
    cluster_ended(&cluster, 0, true);
    cluster_expect_nothing(&cluster);
    cluster_ended(&cluster, 1, true);
    cluster_ended(&cluster, 2, true);

    cluster_expect_drained(&cluster, 0);
    cluster_end(&cluster);
}

static void the_queue_goes_on_behind_a_last_one_that_was_taken_away(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_guest(&cluster, 0, 10);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    assert_status(ferry_coordinator_moving(cluster.coordinator, 2, 1), FERRY_OK);
    cluster_ended(&cluster, 0, false); /* queued again, as the last */

    cluster_expect_start(&cluster, 1, 1);
    cluster_ended(&cluster, 1, true);
    cluster_expect_start(&cluster, 0, 2);
    cluster_end(&cluster);
}

static void the_room_of_others_moves_counts(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_guest(&cluster, 2, 10);
    cluster_host(&cluster, 1, 15);
    assert_status(ferry_coordinator_moving(cluster.coordinator, 2, 1), FERRY_OK);
    cluster_drain(&cluster, 0, 2);

    cluster_expect_start(
        &cluster, 0, 2); /* host 1 has 5 left, and host 2 keeps 10 until guest 2 has left */
    cluster_expect_start(&cluster, 1, 2);
    cluster_end(&cluster);
}

static void a_guest_that_was_moved_unasked_is_where_it_is_told_to_be(void **unused)
{
    (void)unused;
    struct cluster cluster;

    begin(&cluster);
    cluster_drain(&cluster, 0, 1);
    cluster_expect_start(&cluster, 0, 1);
    assert_status(ferry_coordinator_set_guest(cluster.coordinator, 1, 2, 10), FERRY_OK);
    cluster_ended(&cluster, 0, true);

    cluster_expect_drained(&cluster, 0);
    cluster_drain(&cluster, 2, 1);
    cluster_expect_start(&cluster, 1, 1);
    cluster_end(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_one_is_tried_once_more_elsewhere_and_last),
        cmocka_unit_test(one_that_fails_twice_is_reported_and_stays),
        cmocka_unit_test(one_that_fails_where_nothing_else_has_room_is_reported),
        cmocka_unit_test(the_room_of_a_failed_one_is_free_again),
        cmocka_unit_test(a_host_that_becomes_unusable_takes_no_more),
        cmocka_unit_test(a_drained_host_may_be_unusable_itself),
        cmocka_unit_test(a_host_that_shrinks_below_what_it_holds_has_no_room),
        cmocka_unit_test(guests_that_are_gone_are_not_moved_and_take_no_room),
        cmocka_unit_test(a_drain_waits_for_guests_that_are_leaving_already),
        cmocka_unit_test(a_guest_that_failed_to_leave_on_its_own_joins_the_drain),
        cmocka_unit_test(a_queued_guest_that_somebody_else_takes_leaves_the_queue),
        cmocka_unit_test(the_queue_goes_on_behind_a_last_one_that_was_taken_away),
        cmocka_unit_test(the_room_of_others_moves_counts),
        cmocka_unit_test(a_guest_that_was_moved_unasked_is_where_it_is_told_to_be),
    };

    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
