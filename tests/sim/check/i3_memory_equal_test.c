/* SPDX-License-Identifier: Apache-2.0 */
/* i3_memory_equal_test.c -- I3 fires on each way in which a guest can resume with other memory
 * than it had. */
#include "stage.h"

static struct stage paused(void)
{
    struct stage stage = stage_begin();

    stage_start(&stage);
    stage.now += MS;
    stage_pause(&stage, 1);
    stage.now += MS;
    return stage;
}

static void equal_memory_passes(void **unused)
{
    (void)unused;
    struct stage stage = paused();

    stage_resume(&stage, 1);

    stage_end(&stage, NULL);
}

static void each_difference_fails(void **unused)
{
    (void)unused;
    static const struct {
        struct sim_observation resumed;
        const char *words;
    } rows[] = {
        {{.attempt = 1,
          .epoch = 2,
          .total_pages = 100,
          .compared_pages = 100,
          .mismatching_pages = 1,
          .first_mismatch = 42},
         "the first is page 42"                                                            },
        {{.attempt = 1, .epoch = 2, .total_pages = 100, .compared_pages = 99},  "99 of 100"},
        {{.attempt = 1, .epoch = 2, .total_pages = 99, .compared_pages = 100},  "100 of 99"},
        {{.attempt = 1, .epoch = 2, .total_pages = 99, .compared_pages = 99},   "99 of 99" },
        {{.attempt = 1,
          .epoch = 2,
          .total_pages = 100,
          .compared_pages = 100,
          .source_state_digest = 1},
         "device state of digest 00000000 where the source saved 00000001"                 },
        {{.attempt = 2, .epoch = 2, .total_pages = 100, .compared_pages = 100}, "attempt 2"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = paused();
        struct sim_observation resumed = rows[i].resumed;

        resumed.kind = SIM_OBSERVED_RESUMED_AT_TARGET;
        say(&stage, resumed);
        SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);

        expect_failures(&stage, "I3", 1, rows[i].words);
        stage_end(&stage, "I3");
    }
}

static void running_elsewhere_uncompared_fails(void **unused)
{
    (void)unused;
    struct stage stage = paused();

    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);

    expect_failures(&stage, "I3", 1, "without a comparison");
    stage_end(&stage, "I3");
}

static void a_comparison_counts_for_its_instant_host_and_epoch_alone(void **unused)
{
    (void)unused;
    struct stage later = paused();
    struct stage elsewhere = paused();
    struct stage epoch = paused();

    stage_compare(&later, 1);
    later.now++;
    SAY(&later, GUEST_RUNNING, .host = 1, .epoch = 2);
    stage_compare(&elsewhere, 1);
    SAY(&elsewhere, GUEST_RUNNING, .host = 2, .epoch = 2);
    stage_compare(&epoch, 1);
    SAY(&epoch, GUEST_RUNNING, .host = 1, .epoch = 3);

    expect_failures(&later, "I3", 1, "without a comparison");
    expect_failures(&elsewhere, "I3", 1, "without a comparison");
    expect_failures(&epoch, "I3", 1, "without a comparison");
    stage_end(&later, "I3");
    stage_end(&elsewhere, "I3");
    stage_end(&epoch, "I3");
}

static void a_comparison_is_used_up_by_one_run(void **unused)
{
    (void)unused;
    struct stage stage = paused();

    stage_resume(&stage, 1);
    SAY(&stage, GUEST_RUNNING, .host = 0, .epoch = 1);
    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);

    expect_failures(&stage, "I3", 2, "without a comparison");
    sim_checks_destroy(stage.checks);
}

static void resuming_from_an_attempt_after_which_the_guest_ran_on_fails(void **unused)
{
    (void)unused;
    struct stage stage = paused();

    stage_abort(&stage, 1);
    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    stage_resume(&stage, 1);

    expect_failures(&stage, "I3", 1, "it has run on at the source since");
    stage_end(&stage, "I3");
}

static void an_aborted_attempt_at_home_needs_no_comparison(void **unused)
{
    (void)unused;
    struct stage stage = paused();

    stage_abort(&stage, 1);
    stage.now += MS;
    stage_pause(&stage, 2);
    stage_resume(&stage, 2);

    stage_end(&stage, NULL);
}

static void a_resume_by_nobodys_migration_fails(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, RESUMED_AT_TARGET, .migration = 5, .attempt = 1, .epoch = 2);

    expect_failures(&stage, "I3", 1, "never started");
    stage_end(&stage, "I3");
}

static void a_claim_excuses_the_first_run_on_its_host_and_no_other(void **unused)
{
    (void)unused;
    struct stage stage = paused();
    stage_resume(&stage, 1);
    SAY(&stage, GUEST_STOPPED, .host = 1, .stop = SIM_STOP_CRASHED);
    stage.now += MS;
    SAY(&stage, OPERATOR_CLAIM, .host = 0, .other = 1);

    SAY(&stage, GUEST_RUNNING, .host = 0, .epoch = 3);
    expect_failures(&stage, "I3", 0, "");
    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 4);

    expect_failures(&stage, "I3", 1, "without a comparison");
    SAY(&stage, GUEST_STOPPED, .host = 1, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .host = 0, .epoch = 5); /* the claim is used up */
    expect_failures(&stage, "I3", 2, "without a comparison");
    stage_end(&stage, "I3");
}

static void a_claim_for_another_host_excuses_nothing(void **unused)
{
    (void)unused;
    struct stage stage = paused();
    SAY(&stage, OPERATOR_CLAIM, .host = 0, .other = 1);

    SAY(&stage, GUEST_RUNNING, .host = 1, .epoch = 2);

    expect_failures(&stage, "I3", 1, "without a comparison");
    stage_end(&stage, "I3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_memory_passes),
        cmocka_unit_test(each_difference_fails),
        cmocka_unit_test(running_elsewhere_uncompared_fails),
        cmocka_unit_test(a_comparison_counts_for_its_instant_host_and_epoch_alone),
        cmocka_unit_test(a_comparison_is_used_up_by_one_run),
        cmocka_unit_test(resuming_from_an_attempt_after_which_the_guest_ran_on_fails),
        cmocka_unit_test(an_aborted_attempt_at_home_needs_no_comparison),
        cmocka_unit_test(a_resume_by_nobodys_migration_fails),
        cmocka_unit_test(a_claim_excuses_the_first_run_on_its_host_and_no_other),
        cmocka_unit_test(a_claim_for_another_host_excuses_nothing),
    };

    return cmocka_run_group_tests_name("i3_memory_equal", tests, NULL, NULL);
}
