/* SPDX-License-Identifier: Apache-2.0 */
/* kill_test.c -- the most telling kills; kill_all_test.c has every one of them. */
#include "tests/host/daemon/cluster.h"
#include "tests/host/daemon/kills.h"
#include "tests/host/support/check.h"

static void source_daemon_killed_in_the_pause_comes_back_and_runs_its_guest(void **state)
{
    (void)state;
    kills_run(KILL_PAUSED, KILL_SOURCE_DAEMON, true);
}

static void source_daemon_killed_with_its_grant_half_written_ends_with_one_guest(void **state)
{
    (void)state;
    kills_run(KILL_GRANTING, KILL_SOURCE_DAEMON, true);
}

static void target_daemon_killed_with_its_ownership_half_written_ends_with_one_guest(void **state)
{
    (void)state;
    kills_run(KILL_OWNING, KILL_TARGET_DAEMON, true);
}

static void target_daemon_killed_in_the_first_round_leaves_the_guest_at_the_source(void **state)
{
    (void)state;
    kills_run(KILL_FIRST, KILL_TARGET_DAEMON, false);
}

static void target_process_killed_in_a_later_round_leaves_the_guest_at_the_source(void **state)
{
    (void)state;
    kills_run(KILL_LATER, KILL_TARGET_GUEST, false);
}

static void source_process_killed_after_the_grant_leaves_the_guest_at_the_target(void **state)
{
    (void)state;
    kills_run(KILL_OWNING, KILL_SOURCE_GUEST, false);
}

static void network_cut_for_a_moment_in_a_round_does_not_end_the_move(void **state)
{
    (void)state;
    kills_run(KILL_FIRST, KILL_CUT, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(source_daemon_killed_in_the_pause_comes_back_and_runs_its_guest),
        CLUSTER_TEST(source_daemon_killed_with_its_grant_half_written_ends_with_one_guest),
        CLUSTER_TEST(target_daemon_killed_with_its_ownership_half_written_ends_with_one_guest),
        CLUSTER_TEST(target_daemon_killed_in_the_first_round_leaves_the_guest_at_the_source),
        CLUSTER_TEST(target_process_killed_in_a_later_round_leaves_the_guest_at_the_source),
        CLUSTER_TEST(source_process_killed_after_the_grant_leaves_the_guest_at_the_target),
        CLUSTER_TEST(network_cut_for_a_moment_in_a_round_does_not_end_the_move),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
