/* SPDX-License-Identifier: Apache-2.0 */
/* i8_clean_after_failure_test.c -- I8 fires on guests that do not go on and on what is left
 * behind. */
#include "ferry/target.h"
#include "stage.h"

static struct stage ended(enum ferry_outcome_kind kind)
{
    struct stage stage = stage_begin();

    stage_start(&stage);
    if (kind == FERRY_OUTCOME_COMPLETED) {
        stage_pause(&stage, 1);
        stage_resume(&stage, 1);
    }
    SAY(&stage, OUTCOME, .outcome = &(struct ferry_outcome){.kind = kind});
    return stage;
}

static void finish(struct stage *stage, bool healed)
{
    SAY(stage, GUEST_AT_END, .guest = 0);
    SAY(stage, GUEST_AT_END, .guest = 1);
    SAY(stage, END, .healed = healed);
}

static const enum ferry_outcome_kind failures[] = {
    FERRY_OUTCOME_FAILED, FERRY_OUTCOME_CANCELLED, FERRY_OUTCOME_REFUSED};

static void a_guest_that_runs_on_at_the_source_is_fine(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        struct stage stage = ended(failures[i]);

        finish(&stage, true);

        expect_failures(&stage, "I8", 0, NULL);
        sim_checks_destroy(stage.checks);
    }
}

static void a_guest_that_stays_paused_or_runs_elsewhere_fails(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        struct stage paused = ended(failures[i]);
        struct stage elsewhere = ended(failures[i]);

        SAY(&paused, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
        finish(&paused, true);
        SAY(&elsewhere, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
        SAY(&elsewhere, GUEST_RUNNING, .host = 1, .epoch = 2);
        finish(&elsewhere, true);

        expect_failures(&paused, "I8", 1, "guest db1 does not run on host h1");
        expect_failures(&elsewhere, "I8", 1, "guest db1 does not run on host h1");
        sim_checks_destroy(paused.checks);
        sim_checks_destroy(elsewhere.checks);
    }
}

static void a_crash_an_unhealed_end_and_a_later_move_excuse(void **unused)
{
    (void)unused;
    struct stage crash = ended(FERRY_OUTCOME_FAILED);
    struct stage unhealed = ended(FERRY_OUTCOME_FAILED);
    struct stage later = ended(FERRY_OUTCOME_FAILED);

    SAY(&crash, HOST_DOWN, .host = 0);
    SAY(&crash, GUEST_AT_END, .excuse = SIM_EXCUSE_HOST_CRASH, .host = 0);
    SAY(&crash, END, .healed = true);
    SAY(&unhealed, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    finish(&unhealed, false);
    SAY(&later, MIGRATION_STARTED, .migration = 1, .from = 0, .to = 2, .drain = SIM_CHECK_NONE);
    SAY(&later, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(&later, GUEST_RUNNING, .host = 2, .epoch = 2);
    SAY(&later,
        OUTCOME,
        .migration = 1,
        .outcome = &(struct ferry_outcome){.kind = FERRY_OUTCOME_COMPLETED});
    finish(&later, true);

    expect_failures(&crash, "I8", 0, NULL);
    expect_failures(&unhealed, "I8", 0, NULL);
    expect_failures(&later, "I8", 0, NULL);
    sim_checks_destroy(crash.checks);
    sim_checks_destroy(unhealed.checks);
    sim_checks_destroy(later.checks);
}

/* ---- throttle ---- */

static void a_guest_that_stays_throttled_fails(void **unused)
{
    (void)unused;
    struct stage left = ended(FERRY_OUTCOME_CANCELLED);
    struct stage lifted = ended(FERRY_OUTCOME_CANCELLED);

    SAY(&left, THROTTLE, .host = 0, .throttle_percent = 20);
    finish(&left, true);
    SAY(&lifted, THROTTLE, .host = 0, .throttle_percent = 20);
    SAY(&lifted, THROTTLE, .host = 0, .throttle_percent = 0);
    finish(&lifted, true);

    expect_failures(&left, "I8", 1, "guest db1 is still throttled by 20 %");
    expect_failures(&lifted, "I8", 0, NULL);
    sim_checks_destroy(left.checks);
    sim_checks_destroy(lifted.checks);
}

static void the_throttle_stays_behind_at_a_resume_on_the_target(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    stage_start(&stage);
    SAY(&stage, THROTTLE, .host = 0, .throttle_percent = 99);
    stage_pause(&stage, 1);
    stage_resume(&stage, 1);
    SAY(&stage, OUTCOME, .outcome = &(struct ferry_outcome){.kind = FERRY_OUTCOME_COMPLETED});
    finish(&stage, true);

    expect_failures(&stage, "I8", 0, NULL);
    sim_checks_destroy(stage.checks);
}

static void a_migration_under_way_may_throttle(void **unused)
{
    (void)unused;
    struct stage stage = stage_begin();

    stage_start(&stage);
    SAY(&stage, THROTTLE, .host = 0, .throttle_percent = 20);
    finish(&stage, true);

    expect_failures(&stage, "I8", 0, NULL);
    sim_checks_destroy(stage.checks);
}

/* ---- left behind ---- */

static void what_is_left_fails_on_the_side_without_the_guest(void **unused)
{
    (void)unused;
    static const struct {
        enum ferry_outcome_kind kind;
        uint32_t host;
        size_t failures;
    } rows[] = {
        {FERRY_OUTCOME_FAILED,    1, 1},
        {FERRY_OUTCOME_CANCELLED, 1, 1},
        {FERRY_OUTCOME_REFUSED,   1, 1},
        {FERRY_OUTCOME_FAILED,    0, 0}, /* the source has the guest */
        {FERRY_OUTCOME_COMPLETED, 0, 1},
        {FERRY_OUTCOME_COMPLETED, 1, 0},
        {FERRY_OUTCOME_UNKNOWN,   1, 0},
        {FERRY_OUTCOME_UNKNOWN,   0, 0},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = ended(rows[i].kind);
        struct stage unhealed = ended(rows[i].kind);

        SAY(&stage, LEFTOVER, .host = rows[i].host, .text = "session record");
        finish(&stage, true);
        SAY(&unhealed, LEFTOVER, .host = rows[i].host, .text = "session record");
        finish(&unhealed, false);

        expect_failures(&stage, "I8", rows[i].failures, "still holds for it: session record");
        expect_failures(&unhealed, "I8", 0, NULL);
        sim_checks_destroy(stage.checks);
        sim_checks_destroy(unhealed.checks);
    }
}

static void a_dirty_log_that_stays_on_fails_wherever_it_is(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        struct stage stage = ended(failures[i]);

        SAY(&stage, LEFTOVER, .host = 0, .text = "dirty log");
        finish(&stage, true);

        expect_failures(&stage, "I8", 1, "host h1 still holds for it: dirty log");
        sim_checks_destroy(stage.checks);
    }
}

/* The source never comes back; what its target holds at the end, by the state that it was in. */
static void an_orphan_keeps_memory_only_if_it_may_be_the_only_copy(void **unused)
{
    (void)unused;
    static const struct {
        enum ferry_target_state state;
        size_t failures;
    } rows[] = {
        {FERRY_TARGET_RECEIVING, 1},
        {FERRY_TARGET_BURNED,    1},
        {FERRY_TARGET_CLEANING,  1},
        {FERRY_TARGET_READY,     0},
        {FERRY_TARGET_OWNING,    0},
        {FERRY_TARGET_BURNING,   0}, /* its write failed */
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = stage_begin();
        const struct ferry_trace_event events[] = {
            {.kind = FERRY_TRACE_TARGET_STATE, .target = true, .field = {0, rows[i].state}      },
            {.kind = FERRY_TRACE_TARGET_STATE, .target = true, .field = {0, FERRY_TARGET_CLOSED}},
        };

        stage_start(&stage);
        SAY(&stage, TRACE, .trace = &events[0]);
        SAY(&stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_CRASHED);
        SAY(&stage, HOST_DOWN, .host = 0);
        SAY(&stage, TRACE, .trace = &events[1]);
        SAY(&stage, LEFTOVER, .host = 1, .text = "session record");
        SAY(&stage, LEFTOVER, .host = 1, .text = "memory");
        SAY(&stage, GUEST_AT_END, .excuse = SIM_EXCUSE_HOST_CRASH, .host = 0);
        SAY(&stage, END, .healed = false);

        expect_failures(&stage, "I8", rows[i].failures, "still holds for it: memory");
        sim_checks_destroy(stage.checks);
    }
}

static void nobody_can_clean_up_with_a_peer_that_is_down_or_lost_its_journal(void **unused)
{
    (void)unused;
    struct stage down = ended(FERRY_OUTCOME_FAILED);
    struct stage back = ended(FERRY_OUTCOME_FAILED);
    struct stage lost = ended(FERRY_OUTCOME_FAILED);

    SAY(&down, HOST_DOWN, .host = 0);
    SAY(&down, LEFTOVER, .host = 1, .text = "memory");
    SAY(&down, GUEST_AT_END, .excuse = SIM_EXCUSE_HOST_CRASH, .host = 0);
    SAY(&down, END, .healed = true);
    SAY(&back, HOST_DOWN, .host = 0);
    SAY(&back, HOST_UP, .host = 0);
    SAY(&back, LEFTOVER, .host = 1, .text = "memory");
    SAY(&back, GUEST_AT_END, .excuse = SIM_EXCUSE_HOST_CRASH, .host = 0);
    SAY(&back, END, .healed = true);
    SAY(&lost, HOST_DOWN, .host = 2);
    SAY(&lost, JOURNAL_LOST, .host = 1);
    SAY(&lost, HOST_UP, .host = 1); /* booted again, but what it knew is gone */
    SAY(&lost, LEFTOVER, .host = 1, .text = "memory");
    finish(&lost, true);

    expect_failures(&down, "I8", 0, NULL);
    expect_failures(&back, "I8", 1, "host h2 still holds for it: memory");
    expect_failures(&lost, "I8", 0, NULL);
    sim_checks_destroy(down.checks);
    sim_checks_destroy(back.checks);
    sim_checks_destroy(lost.checks);
}

static void a_broken_journal_excuses_what_its_own_migrations_leave_and_nothing_else(void **unused)
{
    static const struct {
        uint32_t broken;
        size_t failures;
    } rows[] = {
        {0, 0},
        {1, 0},
        {2, 1},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage = ended(FERRY_OUTCOME_FAILED);
        struct stage cured = ended(FERRY_OUTCOME_FAILED);

        SAY(&stage, JOURNAL_BROKEN, .host = rows[i].broken);
        SAY(&stage, LEFTOVER, .host = 1, .text = "session record");
        finish(&stage, true);
        SAY(&cured, JOURNAL_BROKEN, .host = rows[i].broken);
        SAY(&cured, DAEMON_UP, .host = rows[i].broken);
        SAY(&cured, LEFTOVER, .host = 1, .text = "session record");
        finish(&cured, true);

        expect_failures(&stage, "I8", rows[i].failures, "still holds for it: session record");
        expect_failures(&cured, "I8", 1, "still holds for it: session record");
        sim_checks_destroy(stage.checks);
        sim_checks_destroy(cured.checks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_that_runs_on_at_the_source_is_fine),
        cmocka_unit_test(a_guest_that_stays_paused_or_runs_elsewhere_fails),
        cmocka_unit_test(a_crash_an_unhealed_end_and_a_later_move_excuse),
        cmocka_unit_test(a_guest_that_stays_throttled_fails),
        cmocka_unit_test(the_throttle_stays_behind_at_a_resume_on_the_target),
        cmocka_unit_test(a_migration_under_way_may_throttle),
        cmocka_unit_test(what_is_left_fails_on_the_side_without_the_guest),
        cmocka_unit_test(a_dirty_log_that_stays_on_fails_wherever_it_is),
        cmocka_unit_test(an_orphan_keeps_memory_only_if_it_may_be_the_only_copy),
        cmocka_unit_test(a_broken_journal_excuses_what_its_own_migrations_leave_and_nothing_else),
        cmocka_unit_test(nobody_can_clean_up_with_a_peer_that_is_down_or_lost_its_journal),
    };

    return cmocka_run_group_tests_name("i8_clean_after_failure", tests, NULL, NULL);
}
