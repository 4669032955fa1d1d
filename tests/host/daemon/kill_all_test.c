/* SPDX-License-Identifier: Apache-2.0 */
/* kill_all_test.c -- everything that can be killed, in every phase. */
#include "tests/host/daemon/cluster.h"
#include "tests/host/daemon/kills.h"
#include "tests/host/support/check.h"

static void in_every_phase(enum kill_victim victim)
{
    static const char *const names[] = {
        "set-up", "first round", "later round", "paused", "granting", "owning", "started"};

    for (unsigned phase = 0; phase < KILL_PHASES; phase++) {
        print_message("  %s\n", names[phase]);
        kills_run((enum kill_phase)phase, victim, phase % 2 == 0);
    }
}

static void source_daemon_killed_in_any_phase_leaves_one_guest(void **state)
{
    (void)state;
    in_every_phase(KILL_SOURCE_DAEMON);
}

static void target_daemon_killed_in_any_phase_leaves_one_guest(void **state)
{
    (void)state;
    in_every_phase(KILL_TARGET_DAEMON);
}

static void source_process_killed_in_any_phase_leaves_no_second_guest(void **state)
{
    (void)state;
    in_every_phase(KILL_SOURCE_GUEST);
}

static void target_process_killed_in_any_phase_leaves_no_second_guest(void **state)
{
    (void)state;
    in_every_phase(KILL_TARGET_GUEST);
}

static void network_cut_for_a_moment_in_any_phase_leaves_one_guest(void **state)
{
    (void)state;
    in_every_phase(KILL_CUT);
}

static void network_cut_for_long_in_any_phase_leaves_one_guest(void **state)
{
    (void)state;
    in_every_phase(KILL_CUT_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cluster_test(source_daemon_killed_in_any_phase_leaves_one_guest),
        cluster_test(target_daemon_killed_in_any_phase_leaves_one_guest),
        cluster_test(source_process_killed_in_any_phase_leaves_no_second_guest),
        cluster_test(target_process_killed_in_any_phase_leaves_no_second_guest),
        cluster_test(network_cut_for_a_moment_in_any_phase_leaves_one_guest),
        cluster_test(network_cut_for_long_in_any_phase_leaves_one_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
