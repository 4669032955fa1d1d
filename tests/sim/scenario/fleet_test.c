/* SPDX-License-Identifier: Apache-2.0 */
/* fleet_test.c -- `count:` makes many hosts and guests of one entry, and names speak of all of them. */
#include "fixture.h"

#include <string.h>

#define FLEET                                                                         \
    "version: 1\n"                                                                    \
    "hosts: {full: {count: 3, memory: 4 GiB}, empty: {count: 3, memory: 4 GiB}}\n"    \
    "networks: {lan: {hosts: [full, empty], bandwidth: 10 Gbit/s}}\n"                 \
    "guests: {vm: {count: 12, per_host: 4, host: full, memory: 1 GiB, page: 2 MiB,\n" \
    "  clients: {rate: 1 /s}}}\n"

static void members_are_named_and_placed_in_order(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(FLEET);

    assert_int_equal(scenario->host_count, 6);
    assert_string_equal(scenario->hosts[0].name, "full1");
    assert_string_equal(scenario->hosts[5].name, "empty3");
    assert_int_equal(scenario->guest_count, 12);
    assert_string_equal(scenario->guests[11].name, "vm12");
    assert_int_equal(scenario->guests[3].host, 0);
    assert_int_equal(scenario->guests[4].host, 1);
    assert_int_equal(scenario->guests[11].host, 2);
    assert_int_equal(scenario->networks[0].host_count, 6);
    assert_int_equal(scenario->fleet_count, 3);
    assert_string_equal(scenario->fleets[2].name, "vm");
    assert_int_equal(scenario->fleets[2].kind, SCENARIO_FLEET_GUESTS);
    assert_int_equal(scenario->guests[11].fleet, 2);
    scenario_free(scenario);
}

static void without_per_host_the_spread_is_even(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good("version: 1\n"
                                          "hosts: {h: {count: 4, memory: 1 GiB}}\n"
                                          "guests: {vm: {count: 9, host: h, memory: 1 MiB}}\n");

    assert_int_equal(scenario->guests[2].host, 0);
    assert_int_equal(scenario->guests[3].host, 1);
    assert_int_equal(scenario->guests[8].host, 2); /* three on each, the last host is empty */
    scenario_free(scenario);
}

static void a_drain_of_a_fleet_is_a_drain_of_each_host(void **unused)
{
    (void)unused;
    struct scenario *scenario =
        load_good(FLEET "steps: [{at: 1 s, drain: full, parallel: 4, batch: 100 ms}]\n"
                        "expect:\n"
                        "  - {drain: full, moved: 4, not_moved: 0}\n"
                        "  - {move: vm, outcome: completed}\n"
                        "  - {guest: vm, on: empty}\n"
                        "  - {clients: vm, failed: 0}\n"
                        "  - {move: vm7, blackout: <= 1 s}\n");

    assert_int_equal(scenario->step_count, 3);
    assert_int_equal(scenario->steps[2].host, 2);
    assert_int_equal(scenario->steps[2].parallel, 4);
    assert_int_equal(scenario->steps[2].target_count, 3);
    assert_int_equal(scenario->steps[2].targets[0], 3);
    assert_int_equal(scenario->expect_count, 3 + 12 + 12 + 12 + 1);
    const struct scenario_expect *move = &scenario->expects[3 + 7];
    assert_int_equal(move->move.guest, 7);
    assert_int_equal(move->move.step, 1); /* vm8 stands on full2 */
    const struct scenario_expect *guest = &scenario->expects[3 + 12];
    assert_int_equal(guest->host_count, 3);
    assert_int_equal(guest->hosts[0], 3);
    assert_int_equal(scenario->expects[39].move.guest, 6);
    scenario_free(scenario);
}

static void a_move_of_a_fleet_is_a_move_of_each_guest(void **unused)
{
    (void)unused;
    struct scenario *scenario =
        load_good("version: 1\n"
                  "hosts: {h1: {memory: 4 GiB}, h2: {memory: 4 GiB}}\n"
                  "networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s}}\n"
                  "guests: {vm: {count: 3, host: h1, memory: 1 GiB}}\n"
                  "steps: [{at: 1 s, id: all, move: vm, to: h2}, {at: 2 s, cancel: vm2}]\n"
                  "expect: [{move: all, outcome: completed}]\n");

    assert_int_equal(scenario->step_count, 4);
    assert_int_equal(scenario->steps[2].move.guest, 2);
    assert_int_equal(scenario->steps[2].host, 1);
    assert_int_equal(scenario->steps[2].when.at, 1000000000);
    assert_int_equal(scenario->steps[3].move.step, 1);
    assert_int_equal(scenario->expect_count, 3);
    scenario_free(scenario);
}

static void one_thing_is_needed_where_a_fleet_is_named(void **unused)
{
    (void)unused;
    assert_true(tells(
        FLEET "steps: [{at: 1 s, drain: full}, {at: 2 s, cancel: vm}]\n",
        "6:51: 'vm' stands for 12 migrations; name one of them"));
    assert_true(tells(
        FLEET "steps: [{at: 1 s, move: vm, to: empty}]\n",
        "6:33: 'empty' is a fleet of 3 hosts; name one of them, such as 'empty1'"));
    assert_true(tells(
        FLEET "faults: [{at: 1 s, host: full, crash: true}]\n",
        "6:26: 'full' is a fleet of 3 hosts; name one of them, such as 'full1'"));
}

static void drains_share_their_targets(void **unused)
{
    (void)unused;
    assert_true(tells(
        FLEET "steps:\n"
              "  - {at: 1 s, drain: full1, to: empty1}\n"
              "  - {at: 1 s, drain: full2, to: empty2}\n",
        "8:33: all drains of a file share their targets: write the same 'to' as in line 7"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_named_and_placed_in_order),
        cmocka_unit_test(without_per_host_the_spread_is_even),
        cmocka_unit_test(a_drain_of_a_fleet_is_a_drain_of_each_host),
        cmocka_unit_test(a_move_of_a_fleet_is_a_move_of_each_guest),
        cmocka_unit_test(one_thing_is_needed_where_a_fleet_is_named),
        cmocka_unit_test(drains_share_their_targets),
    };
    return cmocka_run_group_tests_name("scenario/fleet", tests, NULL, NULL);
}
