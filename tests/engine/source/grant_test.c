/* SPDX-License-Identifier: Apache-2.0 */
/* grant_test.c -- from READY to an answer: the journal fails or is late, an order to cancel
 * crosses, the target does not say, and the three ways out of UNKNOWN: the peer's return, claim,
 * burn. */
#include "support/harness.h"
#include "support/pair.h"

static const struct pair_options ordinary = {.ram_pages = 512, .dirty_pages_per_ms = 1};

static enum ferry_status order(struct pair *pair, enum pair_side side, enum ferry_event_kind kind)
{
    return pair_command(pair, side, (struct ferry_event){.kind = kind});
}

static void grant_is_sent_only_after_its_record_is_durable(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_delay_journal(pair, PAIR_SOURCE, 3 * FERRY_SECOND);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTING);

    pair_advance(pair, 2900 * FERRY_MILLISECOND);
    assert_int_equal(pair_sent(pair, WIRE_GRANT), 0);
    pair_advance(pair, 200 * FERRY_MILLISECOND);

    assert_int_equal(pair_sent(pair, WIRE_GRANT), 1);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void late_journal_counts_as_granted_and_only_aborted_brings_the_guest_back(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_tamper(
        pair,
        PAIR_SOURCE,
        FERRY_ACTION_PERSIST,
        (struct pair_tamper){.times = 1, .delay = 45 * FERRY_SECOND});
    pair_drop(pair, WIRE_BURN, 1);
    pair_run_until_source(pair, FERRY_SOURCE_BURNING);
    pair_advance(pair, 100 * FERRY_SECOND);
    assert_int_equal(pair_running(pair), 0);

    pair_reset(pair); /* it asks again on the next connection */

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_WORLD_JOURNAL);
    assert_int_equal(pair_sent(pair, WIRE_GRANT), 0);
    pair_destroy(pair);
}

static void cancel_while_granting_wins_against_the_record(void **unused)
{
    (void)unused;
    /* The record becomes durable after the cancel, before or after the target's answer. */
    for (ferry_time_ns slow = FERRY_MILLISECOND; slow < 2 * FERRY_SECOND; slow *= 8) {
        struct pair *pair = pair_create(&ordinary);
        pair_run_until_source(pair, FERRY_SOURCE_SENDING);
        pair_tamper(
            pair,
            PAIR_SOURCE,
            FERRY_ACTION_PERSIST,
            (struct pair_tamper){.times = 1, .delay = slow});
        pair_run_until_source(pair, FERRY_SOURCE_GRANTING);

        assert_status(order(pair, PAIR_SOURCE, FERRY_EVENT_CANCEL), FERRY_OK);

        pair_run_to_end(pair);
        pair_assert_outcome(pair, FERRY_OUTCOME_CANCELLED, FERRY_USAGE_CANCELLED);
        assert_true(pair_runs(pair, PAIR_SOURCE));
        assert_int_equal(pair_sent(pair, WIRE_GRANT), 0);
        pair_destroy(pair);
    }
}

static void second_cancel_while_burning_is_taken_and_changes_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTING);
    assert_status(order(pair, PAIR_SOURCE, FERRY_EVENT_CANCEL), FERRY_OK);
    assert_status(order(pair, PAIR_SOURCE, FERRY_EVENT_CANCEL), FERRY_OK);

    pair_assert_back(pair, FERRY_OUTCOME_CANCELLED, FERRY_USAGE_CANCELLED);
    pair_destroy(pair);
}

static void silent_target_is_unknown_after_the_limit_and_asked_on_and_on(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_GRANT, 1);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    const ferry_time_ns granted_at = pair_now(pair);
    pair_cut(pair, true);

    pair_run_until_source(pair, FERRY_SOURCE_UNKNOWN);

    assert_int_equal(pair_now(pair) - granted_at, 30 * FERRY_SECOND);
    pair_assert_outcome(pair, FERRY_OUTCOME_UNKNOWN, FERRY_TIMEOUT_ANSWER);
    assert_int_equal(pair_running(pair), 0);
    const uint32_t attaches = pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_ATTACH);
    pair_advance(pair, 3600 * FERRY_SECOND);
    assert_true(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_ATTACH) > attaches + 1000);
    pair_destroy(pair);
}

static void unknown_ends_by_the_peers_return_as_completed(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_GRANT, 1);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    pair_cut(pair, true);
    pair_advance(pair, 300 * FERRY_SECOND);
    assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_UNKNOWN);

    pair_cut(pair, false);
    pair_run_to_end(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_COMPLETED, FERRY_OK);
    assert_int_equal(pair_outcomes(pair), 2);
    assert_true(pair_runs(pair, PAIR_TARGET));
    assert_int_equal(pair_different_pages(pair), 0);
    pair_destroy(pair);
}

static void unknown_ends_by_a_burn_at_the_target_with_the_guest_back(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_UNKNOWN);

    assert_status(order(pair, PAIR_TARGET, FERRY_EVENT_BURN), FERRY_OK);

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_USAGE_BURNED);
    assert_int_equal(pair_outcomes(pair), 2);
    pair_destroy(pair);
}

static void claim_is_durable_before_the_guest_runs(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_UNKNOWN);
    pair_crash(pair, PAIR_TARGET, false);
    pair_delay_journal(pair, PAIR_SOURCE, FERRY_SECOND);

    assert_status(order(pair, PAIR_SOURCE, FERRY_EVENT_CLAIM), FERRY_OK);
    assert_status(order(pair, PAIR_SOURCE, FERRY_EVENT_CLAIM), FERRY_USAGE_STATE);
    pair_advance(pair, 900 * FERRY_MILLISECOND);
    assert_int_equal(pair_running(pair), 0);
    pair_advance(pair, 200 * FERRY_MILLISECOND);

    assert_true(pair_runs(pair, PAIR_SOURCE));
    assert_true(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_CLAIMED));
    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_USAGE_CLAIMED);
    pair_destroy(pair);
}

static void claim_that_cannot_be_written_runs_nothing_until_a_restart_reads_it(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_UNKNOWN);
    pair_crash(pair, PAIR_TARGET, false);
    /* It reports a failure, and is there all the same. */
    pair_tamper(
        pair,
        PAIR_SOURCE,
        FERRY_ACTION_PERSIST,
        (struct pair_tamper){.times = 1, .status = FERRY_WORLD_JOURNAL});

    assert_status(order(pair, PAIR_SOURCE, FERRY_EVENT_CLAIM), FERRY_OK);
    pair_advance(pair, 100 * FERRY_SECOND);
    assert_int_equal(pair_running(pair), 0);
    pair_crash(pair, PAIR_SOURCE, true);
    pair_restart(pair, PAIR_SOURCE);
    pair_advance(pair, FERRY_SECOND);

    assert_true(pair_runs(pair, PAIR_SOURCE));
    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_USAGE_CLAIMED);
    pair_destroy(pair);
}

static void fenced_target_that_returns_is_told_and_gives_the_guest_up(void **unused)
{
    (void)unused;
    /* It had become the owner before it was fenced: its word is old, its host may not run it. */
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_STARTED, 1);
    pair_run_until_target(pair, FERRY_TARGET_RUNNING);
    pair_crash(pair, PAIR_TARGET, false);
    assert_status(order(pair, PAIR_SOURCE, FERRY_EVENT_CLAIM), FERRY_OK);
    pair_advance(pair, 2 * FERRY_SECOND);
    assert_true(pair_runs(pair, PAIR_SOURCE));

    pair_restart(pair, PAIR_TARGET);
    const ferry_time_ns back = pair_now(pair);
    pair_run_to_end(pair);

    assert_true(pair_now(pair) - back < 10 * FERRY_SECOND); /* and nobody asks for ten minutes */
    assert_true(pair_runs(pair, PAIR_SOURCE));
    assert_false(pair_runs(pair, PAIR_TARGET));
    assert_false(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_SESSION));
    assert_false(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_SESSION));
    assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_FAILED);
    pair_destroy(pair);
}

static void source_that_was_dead_when_its_guest_was_claimed_ends_at_once(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_READY, 1);
    pair_run_until_target(pair, FERRY_TARGET_READY);
    pair_crash(pair, PAIR_SOURCE, false);
    assert_status(order(pair, PAIR_TARGET, FERRY_EVENT_CLAIM), FERRY_OK);
    pair_run_until_target(pair, FERRY_TARGET_RUNNING);
    const ferry_time_ns back = pair_now(pair);

    pair_restart(pair, PAIR_SOURCE);
    pair_run_to_end(pair);

    assert_true(pair_now(pair) - back < 10 * FERRY_SECOND);
    assert_true(pair_runs(pair, PAIR_TARGET));
    assert_false(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_SESSION));
    assert_false(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_SESSION));
    pair_destroy(pair);
}

/* The fence was none: the guest runs there, and the operator has it run here as well. */
static void owner_that_hears_of_a_claim_ends_its_copy(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_STARTED, 1);
    pair_run_until_target(pair, FERRY_TARGET_RUNNING);
    const struct wire_message end = {
        .type = WIRE_END, .body.end = {.attempt = 1, .epoch = 1, .moved = WIRE_END_CLAIMED}
    };

    pair_cut(pair, true);
    pair_forge(pair, PAIR_TARGET, &end);
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_BURNING);
    pair_advance(pair, FERRY_SECOND);

    assert_false(pair_guest_alive(pair, PAIR_TARGET));
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_BURNED);
    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_BURNED));
    pair_crash(pair, PAIR_TARGET, false); /* and its journal says so */
    pair_restart(pair, PAIR_TARGET);
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_BURNED);
    pair_destroy(pair);
}

static void grant_lost_on_the_way_is_said_again_after_ready(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_drop(pair, WIRE_GRANT, 3);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    for (int i = 0; i < 3; i++) {
        pair_advance(pair, 100 * FERRY_MILLISECOND);
        assert_int_equal(pair_running(pair), 0);
        pair_reset(pair);
    }

    pair_assert_completed(pair);
    assert_int_equal(pair_sent(pair, WIRE_GRANT), 4);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grant_is_sent_only_after_its_record_is_durable),
        cmocka_unit_test(late_journal_counts_as_granted_and_only_aborted_brings_the_guest_back),
        cmocka_unit_test(cancel_while_granting_wins_against_the_record),
        cmocka_unit_test(second_cancel_while_burning_is_taken_and_changes_nothing),
        cmocka_unit_test(silent_target_is_unknown_after_the_limit_and_asked_on_and_on),
        cmocka_unit_test(unknown_ends_by_the_peers_return_as_completed),
        cmocka_unit_test(unknown_ends_by_a_burn_at_the_target_with_the_guest_back),
        cmocka_unit_test(claim_is_durable_before_the_guest_runs),
        cmocka_unit_test(claim_that_cannot_be_written_runs_nothing_until_a_restart_reads_it),
        cmocka_unit_test(fenced_target_that_returns_is_told_and_gives_the_guest_up),
        cmocka_unit_test(source_that_was_dead_when_its_guest_was_claimed_ends_at_once),
        cmocka_unit_test(owner_that_hears_of_a_claim_ends_its_copy),
        cmocka_unit_test(grant_lost_on_the_way_is_said_again_after_ready),
    };
    return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
