/* SPDX-License-Identifier: Apache-2.0 */
/* i1_one_runner_test.c -- I1 fires on two runners and on stale epochs, and lets every honest order
 * pass. */
#include "stage.h"

static void moving_there_and_back_is_fine(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);
    SAY(&stage, GUEST_STOPPED, .host = 1, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .host = 0, .epoch = 3);

    expect_failures(&stage, "I1", 0, NULL);
    sim_checks_destroy(stage.checks);
}

static void resuming_at_the_source_with_its_own_epoch_is_fine(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .host = 0, .epoch = 1);

    stage_end(&stage, NULL);
}

static void two_hosts_at_once_fail(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);

    expect_failures(&stage, "I1", 1, "while it still runs on host h1");
    sim_checks_destroy(stage.checks);
}

static void a_host_that_stands_still_still_runs_the_guest(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage,
        FAULT_BEGIN,
        .fault = 0,
        .fault_class = SIM_FAULT_OUTAGE,
        .host = 0,
        .text = "host h1 stands still");
    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);

    expect_failures(&stage, "I1", 1, NULL);
    sim_checks_destroy(stage.checks);
}

static void a_crashed_host_runs_nothing(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, HOST_DOWN, .host = 0);
    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);

    expect_failures(&stage, "I1", 0, NULL);
    sim_checks_destroy(stage.checks);
}

static void an_epoch_below_the_highest_is_stale(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);
    SAY(&stage, GUEST_STOPPED, .host = 1, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .host = 0, .epoch = 1);

    expect_failures(&stage, "I1", 1, "epoch 1, which is stale: epoch 2");
    sim_checks_destroy(stage.checks);
}

static void one_epoch_on_two_hosts_one_after_the_other_is_stale(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 1);

    expect_failures(&stage, "I1", 1, "stale");
    sim_checks_destroy(stage.checks);
}

static void a_host_declared_fenced_by_a_claim_does_not_count(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, OPERATOR_CLAIM, .host = 1, .other = 0);
    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);
    SAY(&stage, GUEST_RUNNING, .host = 0, .epoch = 1);
    expect_failures(&stage, "I1", 0, NULL);

    SAY(&stage, GUEST_RUNNING, .host = 2, .epoch = 3); /* nobody declared host 1 fenced */
    expect_failures(&stage, "I1", 1, "while it still runs on host h2");
    sim_checks_destroy(stage.checks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moving_there_and_back_is_fine),
        cmocka_unit_test(resuming_at_the_source_with_its_own_epoch_is_fine),
        cmocka_unit_test(two_hosts_at_once_fail),
        cmocka_unit_test(a_host_that_stands_still_still_runs_the_guest),
        cmocka_unit_test(a_crashed_host_runs_nothing),
        cmocka_unit_test(an_epoch_below_the_highest_is_stale),
        cmocka_unit_test(one_epoch_on_two_hosts_one_after_the_other_is_stale),
        cmocka_unit_test(a_host_declared_fenced_by_a_claim_does_not_count),
    };

    return cmocka_run_group_tests_name("i1_one_runner", tests, NULL, NULL);
}
