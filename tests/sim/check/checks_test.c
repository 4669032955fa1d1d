/* SPDX-License-Identifier: Apache-2.0 */
/* checks_test.c -- the owner of the checkers: its registry, its list of failures, its names. */
#include "stage.h"

static void every_invariant_is_registered_once_with_a_claim(void **unused)
{
    (void)unused;
    static const char *const ids[] = {"I1", "I2", "I3", "I5", "I6", "I7", "I8"};

    assert_int_equal(sim_checks_count(), COUNT_OF(ids));
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        assert_string_equal(sim_checks_id(i), ids[i]);
        assert_true(strlen(sim_checks_claim(i)) > 20);
    }
}

static void every_observation_has_a_name(void **unused)
{
    (void)unused;

    for (int kind = SIM_OBSERVED_GUEST_RUNNING; kind < SIM_OBSERVED_COUNT; kind++) {
        assert_string_not_equal(sim_observed_name((enum sim_observed)kind), "INVALID");
    }
    assert_string_equal(sim_observed_name(SIM_OBSERVED_COUNT), "INVALID");
    assert_string_equal(sim_observed_name((enum sim_observed)0), "INVALID");
    assert_string_equal(sim_observed_name(SIM_OBSERVED_PAYLOAD_BEGUN), "PAYLOAD_BEGUN");
}

static void an_uneventful_run_fails_nothing(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_AT_END, .guest = 0);
    SAY(&stage, GUEST_AT_END, .guest = 1);
    SAY(&stage, END, .healed = true);
    sim_checks_finish(stage.checks, stage.now);

    stage_end(&stage, NULL);
}

static void a_run_without_an_end_fails(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    sim_checks_finish(stage.checks, stage.now);

    expect_failures(&stage, "I2", 1, "not brought to its end");
    stage_end(&stage, "I2");
}

static void one_invariant_that_is_always_broken_does_not_drown_the_others(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    for (uint64_t i = 0; i < 100; i++) {
        stage.now += MS;
        SAY(&stage, GUEST_RUNNING, .guest = 0, .host = 1 + (uint32_t)(i % 2), .epoch = 1);
    }

    assert_int_equal(failures_of(&stage, "I1"), SIM_CHECK_FAILURES_PER_INVARIANT);
    assert_int_equal(failures_of(&stage, "I3"), SIM_CHECK_FAILURES_PER_INVARIANT);
    assert_true(sim_checks_suppressed(stage.checks) > 100);
    assert_true(sim_checks_failure(stage.checks, 0)->at_ns == MS);
    assert_int_equal(sim_checks_failure(stage.checks, 0)->guest, 0);
    sim_checks_destroy(stage.checks);
    sim_checks_destroy(NULL);
}

static void messages_name_guests_and_hosts_also_without_names(void **unused)
{
    (void)unused;
    static const uint64_t pages[] = {1};
    const struct sim_check_context context = {
        .host_count = 2, .guest_count = 1, .guest_pages = pages};
    struct stage stage = stage_begin();
    struct stage nameless = {.checks = sim_checks_create(&context)};

    SAY(&stage, GUEST_RUNNING, .guest = 0, .host = 2, .epoch = 2);
    SAY(&nameless, GUEST_RUNNING, .guest = 0, .host = 0, .epoch = 1);
    SAY(&nameless, GUEST_RUNNING, .guest = 0, .host = 1, .epoch = 2);

    expect_failures(
        &stage, "I1", 1, "guest db1 begins to run on host h3 while it still runs on host h1");
    expect_failures(&nameless, "I1", 1, "guest #0 begins to run on host #1");
    sim_checks_destroy(stage.checks);
    sim_checks_destroy(nameless.checks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_invariant_is_registered_once_with_a_claim),
        cmocka_unit_test(every_observation_has_a_name),
        cmocka_unit_test(an_uneventful_run_fails_nothing),
        cmocka_unit_test(a_run_without_an_end_fails),
        cmocka_unit_test(one_invariant_that_is_always_broken_does_not_drown_the_others),
        cmocka_unit_test(messages_name_guests_and_hosts_also_without_names),
    };

    return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
