/* SPDX-License-Identifier: Apache-2.0 */
/* i2_ends_running_test.c -- I2 fires on guests that run nowhere or twice, and on excuses that are
 * not true. */
#include "stage.h"

static void end(struct stage *stage, enum sim_excuse excuse, uint32_t host)
{
    SAY(stage, GUEST_AT_END, .guest = 0, .excuse = excuse, .host = host);
    SAY(stage, GUEST_AT_END, .guest = 1);
    SAY(stage, END, .healed = true);
}

static void a_guest_that_runs_nowhere_fails(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    end(&stage, SIM_EXCUSE_NONE, 0);

    expect_failures(&stage, "I2", 1, "guest db1 runs nowhere");
    stage_end(&stage, "I2");
}

static void a_guest_that_the_world_forgot_at_the_end_fails(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_STOPPED, .guest = 1, .host = 1, .stop = SIM_STOP_FREED);
    SAY(&stage, END, .healed = true);

    expect_failures(&stage, "I2", 1, "guest web1 runs nowhere");
    stage_end(&stage, "I2");
}

static void a_guest_on_two_hosts_fails(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_RUNNING, .host = 2, .epoch = 2);
    end(&stage, SIM_EXCUSE_HOST_CRASH, 0);

    expect_failures(&stage, "I2", 1, "on 2 hosts");
    sim_checks_destroy(stage.checks);
}

static void an_unhealed_end_is_not_judged(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_AT_END, .guest = 0);
    SAY(&stage, END, .healed = false);
    sim_checks_finish(stage.checks, stage.now);

    stage_end(&stage, NULL);
}

static void the_crash_of_its_host_excuses(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_CRASHED);
    SAY(&stage, HOST_DOWN, .host = 0);
    SAY(&stage, HOST_UP, .host = 0);
    end(&stage, SIM_EXCUSE_HOST_CRASH, 0);

    stage_end(&stage, NULL);
}

static void the_crash_of_the_source_while_it_was_paused_there_excuses(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, MIGRATION_STARTED, .from = 0, .to = 1, .blackout_limit = FERRY_TIME_NEVER);
    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(&stage, SIDE_LOST, .host = 0);
    SAY(&stage, HOST_DOWN, .host = 0);
    SAY(&stage, GUEST_STOPPED, .guest = 1, .host = 1, .stop = SIM_STOP_PAUSED);
    SAY(&stage, GUEST_RUNNING, .guest = 1, .host = 1, .epoch = 1);
    end(&stage, SIM_EXCUSE_HOST_CRASH, 0);

    stage_end(&stage, NULL);
}

static void the_crash_of_the_target_excuses_a_guest_that_was_on_its_way_there(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, MIGRATION_STARTED, .from = 0, .to = 2, .blackout_limit = FERRY_TIME_NEVER);
    SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_FREED);
    SAY(&stage, HOST_DOWN, .host = 2);
    end(&stage, SIM_EXCUSE_HOST_CRASH, 2);

    expect_failures(&stage, "I2", 0, NULL);
    sim_checks_destroy(stage.checks);
}

static void a_crash_that_is_told_of_the_host_alone_excuses_what_ran_there(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    SAY(&stage, HOST_DOWN, .host = 0);
    end(&stage, SIM_EXCUSE_HOST_CRASH, 0);

    stage_end(&stage, NULL);
}

static void a_crash_that_never_was_or_of_another_host_is_no_excuse(void **unused)
{
    (void)unused;
    struct stage never = stage_begin();
    struct stage other = stage_begin();

    SAY(&never, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    end(&never, SIM_EXCUSE_HOST_CRASH, 0);
    SAY(&other, HOST_DOWN, .host = 2);
    SAY(&other, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    end(&other, SIM_EXCUSE_HOST_CRASH, 2);

    expect_failures(&never, "I2", 1, "excuse is not true");
    expect_failures(&other, "I2", 1, "host h3 never crashed");
    stage_end(&never, "I2");
    stage_end(&other, "I2");
}

/* The guest was on its way from host 0 to host 1, when a write failed on some host. */
static void a_broken_journal_excuses_only_its_own_guests_and_until_its_daemon_starts(void **unused)
{
    static const struct {
        uint32_t broken;
        uint32_t blamed;
        uint32_t started; /* again, after it */
        size_t failures;
    } rows[] = {
        {1,              1, SIM_CHECK_NONE, 0},
        {0,              0, 1,              0},
        {1,              1, 1,              1}, /* cured */
        {2,              1, SIM_CHECK_NONE, 1}, /* another one's */
        {2,              2, SIM_CHECK_NONE, 1}, /* which has nothing to do with the guest */
        {SIM_CHECK_NONE, 1, SIM_CHECK_NONE, 1},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = stage_begin();

        SAY(&stage, MIGRATION_STARTED, .from = 0, .to = 1, .blackout_limit = FERRY_TIME_NEVER);
        SAY(&stage, JOURNAL_BROKEN, .host = rows[i].broken);
        SAY(&stage, DAEMON_UP, .host = rows[i].started);
        SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
        end(&stage, SIM_EXCUSE_JOURNAL_BROKEN, rows[i].blamed);

        if (failures_of(&stage, "I2") != rows[i].failures) {
            fail_msg("row %zu", i);
        }
        expect_failures(&stage, "I2", rows[i].failures, "has a sound journal");
        sim_checks_destroy(stage.checks);
    }
}

static void a_lost_journal_excuses_only_where_one_was_lost(void **unused)
{
    (void)unused;
    struct stage lost = stage_begin();
    struct stage kept = stage_begin();

    SAY(&lost, JOURNAL_LOST, .host = 1);
    SAY(&lost, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    end(&lost, SIM_EXCUSE_JOURNAL_LOST, 1);
    SAY(&kept, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    end(&kept, SIM_EXCUSE_JOURNAL_LOST, 1);

    stage_end(&lost, NULL);
    expect_failures(&kept, "I2", 1, "never lost its journal");
    stage_end(&kept, "I2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_that_runs_nowhere_fails),
        cmocka_unit_test(a_guest_that_the_world_forgot_at_the_end_fails),
        cmocka_unit_test(a_guest_on_two_hosts_fails),
        cmocka_unit_test(an_unhealed_end_is_not_judged),
        cmocka_unit_test(the_crash_of_its_host_excuses),
        cmocka_unit_test(the_crash_of_the_source_while_it_was_paused_there_excuses),
        cmocka_unit_test(the_crash_of_the_target_excuses_a_guest_that_was_on_its_way_there),
        cmocka_unit_test(a_crash_that_is_told_of_the_host_alone_excuses_what_ran_there),
        cmocka_unit_test(a_crash_that_never_was_or_of_another_host_is_no_excuse),
        cmocka_unit_test(a_broken_journal_excuses_only_its_own_guests_and_until_its_daemon_starts),
        cmocka_unit_test(a_lost_journal_excuses_only_where_one_was_lost),
    };

    return cmocka_run_group_tests_name("i2_ends_running", tests, NULL, NULL);
}
