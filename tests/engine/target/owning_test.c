/* SPDX-License-Identifier: Apache-2.0 */
/* owning_test.c -- the target from READY on: how long it holds, what its journal decides, how it
 * tells the network, and how long an orphan waits. */
#include "handover/record.h"
#include "support/harness.h"
#include "support/pair.h"

static const struct pair_options ordinary = {.ram_pages = 256, .dirty_pages_per_ms = 1};

static void guest_runs_only_after_owner_is_durable(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_target(pair, FERRY_TARGET_READY);
    pair_delay_journal(pair, PAIR_TARGET, 3 * FERRY_SECOND);
    pair_run_until_target(pair, FERRY_TARGET_OWNING);

    pair_advance(pair, 2900 * FERRY_MILLISECOND);
    assert_int_equal(pair_running(pair), 0);

    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void owner_record_that_fails_runs_and_says_nothing_until_a_restart_reads_it(void **unused)
{
    (void)unused;
    for (int there = 0; there < 2; there++) {
        struct pair *pair = pair_create(&ordinary);
        pair_run_until_target(pair, FERRY_TARGET_READY);
        if (there != 0) { /* reported as failed, and there all the same */
            pair_tamper(
                pair,
                PAIR_TARGET,
                FERRY_ACTION_PERSIST,
                (struct pair_tamper){.times = 1, .status = FERRY_WORLD_JOURNAL});
        } else {
            pair_fail_journal(pair, PAIR_TARGET);
        }
        pair_advance(pair, 200 * FERRY_SECOND);
        assert_int_equal(pair_running(pair), 0);
        assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_UNKNOWN);
        assert_int_equal(pair_sent(pair, WIRE_STARTED) + pair_sent(pair, WIRE_ABORTED), 0);

        pair_crash(pair, PAIR_TARGET, true);
        pair_mend_journal(pair, PAIR_TARGET);
        pair_restart(pair, PAIR_TARGET);
        pair_run_to_end(pair);

        assert_true(pair_runs(pair, there != 0 ? PAIR_TARGET : PAIR_SOURCE));
        assert_int_equal(
            pair_outcome(pair)->kind, there != 0 ? FERRY_OUTCOME_COMPLETED : FERRY_OUTCOME_FAILED);
        pair_destroy(pair);
    }
}

static void guest_is_announced_again_and_again_also_after_the_end(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_target(pair, FERRY_TARGET_RUNNING);
    assert_int_equal(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_ANNOUNCE), 1);
    for (uint32_t count = 2; count <= 5; count++) {
        pair_advance(pair, 100 * FERRY_MILLISECOND);
        assert_int_equal(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_ANNOUNCE), count);
    }
    pair_assert_completed(pair);
    assert_int_equal(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_ANNOUNCE), 5);
    pair_destroy(pair);
}

static void restarted_owner_announces_its_guest_anew(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_target(pair, FERRY_TARGET_STARTING);
    pair_crash(pair, PAIR_TARGET, true);
    pair_restart(pair, PAIR_TARGET);
    pair_assert_completed(pair);
    assert_true(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_ANNOUNCE) >= 5);
    pair_destroy(pair);
}

static struct pair *lone_target(enum ferry_target_state state, ferry_time_ns hold)
{
    struct pair_options options = ordinary;
    options.hold_limit = hold;
    struct pair *pair = pair_create(&options);
    pair_drop(pair, WIRE_READY, 1000);
    pair_run_until_target(pair, state);
    if (state == FERRY_TARGET_RECEIVING) { /* not only told of its session, but sent pages */
        while (pair_sent(pair, WIRE_ACK) == 0) {
            pair_advance(pair, FERRY_MILLISECOND / 10);
        }
        assert_int_equal(pair_target_state(pair), state);
    }
    pair_crash(pair, PAIR_SOURCE, false);
    return pair;
}

static void orphan_before_ready_burns_after_the_orphan_limit(void **unused)
{
    (void)unused;
    struct pair *pair = lone_target(FERRY_TARGET_RECEIVING, 0);
    pair_advance(pair, 119 * FERRY_SECOND);
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_RECEIVING);

    pair_advance(pair, 2 * FERRY_SECOND);

    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_BURNED));
    assert_false(pair_guest_alive(pair, PAIR_TARGET));
    pair_destroy(pair);
}

/* Nobody will ever say END of it, and nobody can have been granted it. */
static void session_that_never_went_beyond_open_is_burned_and_forgotten(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_ACCEPT, 1000);
    pair_run_until_target(pair, FERRY_TARGET_RECEIVING);
    pair_crash(pair, PAIR_SOURCE, false);
    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_SESSION));

    pair_advance(pair, 250 * FERRY_SECOND);

    assert_int_equal(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_FORGET_SESSION), 1);
    assert_false(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_SESSION));
    assert_false(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_BURNED));
    assert_false(pair_guest_alive(pair, PAIR_TARGET));
    assert_int_equal(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_CLOSED), 1);
    pair_destroy(pair);
}

/* Found by fuzz/pair: it said ABORTED without a record of it. */
static void late_open_of_what_is_being_forgotten_hears_lost(void **unused)
{
    (void)unused;
    uint8_t frame[512];
    size_t size = 0;
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_ACCEPT, 1000);
    pair_run_until_target(pair, FERRY_TARGET_RECEIVING);
    pair_crash(pair, PAIR_SOURCE, false);
    pair_tamper(
        pair,
        PAIR_TARGET,
        FERRY_ACTION_FORGET_SESSION,
        (struct pair_tamper){.times = 1, .delay = 10 * FERRY_SECOND});
    while (pair_actions(pair, PAIR_TARGET, FERRY_ACTION_FORGET_SESSION) == 0) {
        assert_true(pair_step(pair));
    }
    const struct wire_message open = pair_plausible(pair, WIRE_OPEN);
    assert_status(wire_message_encode(&open, frame, sizeof(frame), &size), FERRY_OK);

    pair_event(pair, PAIR_TARGET, (struct ferry_event){.kind = FERRY_EVENT_ATTACHED, .attach = 99});
    pair_event(
        pair,
        PAIR_TARGET,
        (struct ferry_event){
            .kind = FERRY_EVENT_CONTROL_BYTES,
            .attach = 99,
            .bytes = {.data = frame, .size = size}
    });

    assert_int_equal(pair_last(pair, FERRY_TRACE_MESSAGE_SENT)->field[0], WIRE_LOST);
    pair_destroy(pair);
}

/* Pages have come: the burn stays to be asked for; also where the journal alone tells of the session. */
static void session_that_had_begun_keeps_its_burn(void **unused)
{
    (void)unused;
    struct pair *heard = lone_target(FERRY_TARGET_RECEIVING, 0);
    struct pair *restarted = pair_create(&ordinary);
    pair_drop(restarted, WIRE_ACCEPT, 1000);
    pair_run_until_target(restarted, FERRY_TARGET_RECEIVING);
    pair_crash(restarted, PAIR_SOURCE, false);
    pair_crash(restarted, PAIR_TARGET, true);
    pair_restart(restarted, PAIR_TARGET);

    pair_advance(heard, 250 * FERRY_SECOND);
    pair_advance(restarted, 250 * FERRY_SECOND);

    assert_true(pair_has_record(heard, PAIR_TARGET, FERRY_RECORD_BURNED));
    assert_true(pair_has_record(restarted, PAIR_TARGET, FERRY_RECORD_BURNED));
    pair_destroy(heard);
    pair_destroy(restarted);
}

static void ready_target_holds_until_its_hold_limit(void **unused)
{
    (void)unused;
    struct pair *pair = lone_target(FERRY_TARGET_READY, 10000 * FERRY_SECOND);
    pair_advance(pair, 9999 * FERRY_SECOND);
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_READY);

    pair_advance(pair, 2 * FERRY_SECOND);

    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_BURNED));
    assert_false(pair_guest_alive(pair, PAIR_TARGET));
    pair_destroy(pair);
}

/* Its hold limit is about a source that is silent: one that asks is no reason to burn. */
static void ready_target_holds_as_long_as_its_source_asks(void **unused)
{
    (void)unused;
    struct pair_options options = ordinary;
    options.hold_limit = 100 * FERRY_SECOND;
    struct pair *pair = pair_create(&options);
    pair_drop(pair, WIRE_GRANT, 1);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);

    pair_advance(pair, 1000 * FERRY_SECOND);

    assert_int_equal(pair_target_state(pair), FERRY_TARGET_READY);
    pair_reset(pair);
    pair_run_to_end(pair);
    assert_true(pair_runs(pair, PAIR_TARGET));
    pair_destroy(pair);
}

static void late_source_is_answered_from_the_journal_of_a_closed_target(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_STARTED, 1);
    pair_run_until_target(pair, FERRY_TARGET_RUNNING);
    pair_cut(pair, true);
    pair_advance(pair, 1000 * FERRY_SECOND);
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_CLOSED);
    assert_true(pair_runs(pair, PAIR_TARGET));

    pair_cut(pair, false);
    pair_run_to_end(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_COMPLETED, FERRY_OK);
    assert_false(pair_guest_alive(pair, PAIR_SOURCE));
    pair_destroy(pair);
}

static void guest_that_cannot_be_run_is_owned_all_the_same_and_said_to_be_dead(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_target(pair, FERRY_TARGET_OWNING);
    pair_crash(pair, PAIR_TARGET, false);
    pair_restart(pair, PAIR_TARGET);

    pair_run_to_end(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_COMPLETED, FERRY_OK);
    assert_int_equal(pair_running(pair), 0);
    assert_int_equal(pair_outcome(pair)->blackout.total_ns, 0);
    pair_destroy(pair);
}

/* Found by fuzz/pair: a slow journal forgot the session that had been revived from it, and then wrote its burn. */
static void burn_whose_session_is_gone_is_still_a_burn(void **unused)
{
    (void)unused;
    struct harness_memory memory = {0};
    struct ferry_target_config config = ferry_target_config_default();
    config.allocator = harness_allocator(&memory);
    config.session = (struct ferry_session_id){1, 2};
    config.journal_id = 101;
    const struct handover_record_body body = {
        .role = HANDOVER_ROLE_TARGET,
        .guest_id = 7,
        .epoch = 1,
        .own_journal_id = 101,
        .peer_journal_id = 100,
    };
    uint8_t bytes[FERRY_RECORD_MAX];
    const size_t size = handover_record_encode(FERRY_RECORD_BURNED, &body, bytes);
    const struct ferry_record record = {
        .kind = FERRY_RECORD_BURNED, .bytes = {.data = bytes, .size = size}
    };
    struct ferry_target *target = NULL;

    assert_status(
        ferry_target_restart(&config, &record, 1, false, FERRY_SECOND, &target), FERRY_OK);

    assert_int_equal(ferry_target_state(target), FERRY_TARGET_BURNED);
    assert_int_equal(ferry_target_guest_id(target), 7);
    assert_int_equal(ferry_target_epoch(target), 1);
    ferry_target_destroy(target);
    harness_assert_all_released(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_runs_only_after_owner_is_durable),
        cmocka_unit_test(owner_record_that_fails_runs_and_says_nothing_until_a_restart_reads_it),
        cmocka_unit_test(guest_is_announced_again_and_again_also_after_the_end),
        cmocka_unit_test(restarted_owner_announces_its_guest_anew),
        cmocka_unit_test(orphan_before_ready_burns_after_the_orphan_limit),
        cmocka_unit_test(session_that_never_went_beyond_open_is_burned_and_forgotten),
        cmocka_unit_test(late_open_of_what_is_being_forgotten_hears_lost),
        cmocka_unit_test(session_that_had_begun_keeps_its_burn),
        cmocka_unit_test(ready_target_holds_until_its_hold_limit),
        cmocka_unit_test(ready_target_holds_as_long_as_its_source_asks),
        cmocka_unit_test(late_source_is_answered_from_the_journal_of_a_closed_target),
        cmocka_unit_test(guest_that_cannot_be_run_is_owned_all_the_same_and_said_to_be_dead),
        cmocka_unit_test(burn_whose_session_is_gone_is_still_a_burn),
    };
    return cmocka_run_group_tests_name("owning", tests, NULL, NULL);
}
