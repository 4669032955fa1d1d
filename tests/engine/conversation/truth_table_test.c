/* SPDX-License-Identifier: Apache-2.0 */
/* truth_table_test.c -- who dies when, and what must hold: one test or more for each row of the
 * failure truth table of pre-copy, named after the row. */
#include "support/harness.h"
#include "support/pair.h"

static const struct pair_options busy = {
    .ram_pages = 512, .dirty_pages_per_ms = 1, .hold_limit = 1200 * FERRY_SECOND};

static void keep_the_pause_open(struct ferry_source_config *config)
{
    config->blackout_limit = 60 * FERRY_SECOND;
}

static void order(struct pair *pair, enum pair_side side, enum ferry_event_kind kind)
{
    assert_status(pair_command(pair, side, (struct ferry_event){.kind = kind}), FERRY_OK);
}

static void assert_runs_nowhere(struct pair *pair)
{
    assert_int_equal(pair_running(pair), 0);
}

/* ---- network for good, or target: before the grant ---- */

static void network_for_good_before_ready_guest_at_source_and_target_cleans_up_alone(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);

    pair_cut(pair, true);
    pair_run_to_end(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_RECONNECT);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    assert_false(pair_guest_alive(pair, PAIR_TARGET));
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_CLOSED);
    pair_destroy(pair);
}

static struct pair *ready_and_unheard(void)
{
    struct pair *pair = pair_create(&busy);
    pair_drop(pair, WIRE_READY, 1000);
    pair_run_until_target(pair, FERRY_TARGET_READY);
    pair_cut(pair, true);
    pair_advance(pair, 300 * FERRY_SECOND); /* longer than an orphan waits */
    assert_true(pair_runs(pair, PAIR_SOURCE));
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_READY); /* it may hold the only copy */
    return pair;
}

static void network_for_good_after_ready_target_cleans_up_when_it_learns_the_answer(void **unused)
{
    (void)unused;
    struct pair *pair = ready_and_unheard();

    pair_cut(pair, false);

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_RECONNECT);
    pair_destroy(pair);
}

static void network_for_good_after_ready_target_cleans_up_after_its_hold_time(void **unused)
{
    (void)unused;
    struct pair *pair = ready_and_unheard();

    pair_advance(pair, 1100 * FERRY_SECOND);

    assert_true(pair_runs(pair, PAIR_SOURCE));
    assert_false(pair_guest_alive(pair, PAIR_TARGET));
    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_BURNED)); /* for a late question */
    pair_destroy(pair);
}

static void network_for_good_after_ready_operator_burns(void **unused)
{
    (void)unused;
    struct pair *pair = ready_and_unheard();

    order(pair, PAIR_TARGET, FERRY_EVENT_BURN);
    pair_advance(pair, FERRY_SECOND);

    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_BURNED)); /* for a late question */
    assert_false(pair_guest_alive(pair, PAIR_TARGET));
    assert_true(pair_runs(pair, PAIR_SOURCE));
    pair_destroy(pair);
}

static void target_for_good_before_the_grant_guest_at_source(void **unused)
{
    (void)unused;
    static const enum ferry_source_state states[] = {
        FERRY_SOURCE_OPENING,
        FERRY_SOURCE_COPYING,
        FERRY_SOURCE_PAUSING,
        FERRY_SOURCE_SENDING,
        FERRY_SOURCE_RESUMING,
    };
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        struct pair *pair = pair_create_at_source(states[i]);

        pair_crash(pair, PAIR_TARGET, false);
        pair_run_to_end(pair);

        assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_FAILED);
        assert_true(pair_runs(pair, PAIR_SOURCE));
        assert_int_equal(pair_source_state(pair), FERRY_SOURCE_CLOSED);
        pair_destroy(pair);
    }
}

/* ---- network for a while: any time ---- */

static void network_for_a_while_migration_goes_on_over_any_network_left(void **unused)
{
    (void)unused;
    struct pair_options options = busy;
    options.paths = 2;
    options.adjust_source = keep_the_pause_open;
    for (uint32_t state = FERRY_SOURCE_OPENING; state <= FERRY_SOURCE_GRANTED; state++) {
        if (state == FERRY_SOURCE_RESUMING) {
            continue; /* any_step_test */
        }
        struct pair *pair = pair_create(&options);
        pair_run_until_source(pair, (enum ferry_source_state)state);

        pair_cut_path(pair, 0, true);

        pair_assert_completed(pair);
        pair_destroy(pair);
    }
}

/* ---- source host: before the grant ---- */

static void source_host_before_the_grant_target_burns_what_it_got(void **unused)
{
    (void)unused;
    static const enum ferry_source_state states[] = {
        FERRY_SOURCE_COPYING, FERRY_SOURCE_PAUSING, FERRY_SOURCE_SENDING};
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        struct pair *pair = pair_create_at_source(states[i]);

        while (pair_sent(pair, WIRE_ACK) == 0) { /* what it got: pages, not an OPEN alone */
            pair_advance(pair, FERRY_MILLISECOND / 10);
        }
        assert_int_equal(pair_source_state(pair), states[i]);
        pair_crash(pair, PAIR_SOURCE, false);
        pair_run_to_end(pair);

        assert_runs_nowhere(pair);
        assert_false(pair_guest_alive(pair, PAIR_TARGET));
        assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_BURNED));
        pair_destroy(pair);
    }
}

static void source_host_before_the_grant_returns_and_says_so(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_run_until_target(pair, FERRY_TARGET_READY);
    pair_crash(pair, PAIR_SOURCE, false);
    pair_advance(pair, 2 * FERRY_SECOND);

    pair_restart(pair, PAIR_SOURCE);
    pair_run_to_end(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_WORLD_RESTARTED);
    assert_runs_nowhere(pair); /* its owner starts it again from its disks */
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_CLOSED);
    assert_false(pair_guest_alive(pair, PAIR_TARGET));
    pair_destroy(pair);
}

/* ---- source host: granted ---- */

static void source_host_granted_and_delivered_guest_runs_at_target(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_run_until_target(pair, FERRY_TARGET_OWNING);

    pair_crash(pair, PAIR_SOURCE, false);
    pair_advance(pair, 2 * FERRY_SECOND);

    assert_true(pair_runs(pair, PAIR_TARGET));
    pair_restart(pair, PAIR_SOURCE);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void source_host_granted_and_not_delivered_returns_and_grants_again(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_drop(pair, WIRE_GRANT, 1);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    pair_crash(pair, PAIR_SOURCE, false);
    pair_advance(pair, 100 * FERRY_SECOND);
    assert_runs_nowhere(pair);

    pair_restart(pair, PAIR_SOURCE);

    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void source_host_granted_and_not_delivered_for_good_operator_claims(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_drop(pair, WIRE_GRANT, 1);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    pair_crash(pair, PAIR_SOURCE, false);
    pair_advance(pair, 1000 * FERRY_SECOND);
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_READY);

    order(pair, PAIR_TARGET, FERRY_EVENT_CLAIM);
    pair_advance(pair, FERRY_SECOND);

    assert_true(pair_runs(pair, PAIR_TARGET));
    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_OWNER));
    assert_int_equal(pair_different_pages(pair), 0);
    pair_destroy(pair);
}

/* ---- target host: after the grant ---- */

static void target_host_granted_before_it_owned_burns_and_source_resumes(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_drop(pair, WIRE_GRANT, 1);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    pair_crash(pair, PAIR_TARGET, false);
    pair_advance(pair, 5 * FERRY_SECOND);
    assert_runs_nowhere(pair);

    pair_restart(pair, PAIR_TARGET);

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_USAGE_BURNED);
    pair_destroy(pair);
}

static void target_host_after_it_owned_source_never_resumes(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_drop(pair, WIRE_STARTED, 1);
    pair_run_until_target(pair, FERRY_TARGET_RUNNING);
    pair_crash(pair, PAIR_TARGET, false);
    pair_advance(pair, 100 * FERRY_SECOND);
    assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_UNKNOWN);
    assert_runs_nowhere(pair);

    pair_restart(pair, PAIR_TARGET);
    pair_run_to_end(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_COMPLETED, FERRY_OK);
    assert_runs_nowhere(pair); /* as after any crash of its host: to be started there */
    assert_false(pair_guest_alive(pair, PAIR_SOURCE));
    pair_destroy(pair);
}

static void target_reinstalled_after_the_grant_lost_is_no_proof(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_drop(pair, WIRE_GRANT, 1);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    pair_crash(pair, PAIR_TARGET, false);
    pair_reinstall(pair, PAIR_TARGET);
    pair_restart(pair, PAIR_TARGET);
    pair_advance(pair, 1000 * FERRY_SECOND);
    pair_assert_outcome(pair, FERRY_OUTCOME_UNKNOWN, FERRY_WORLD_PEER_LOST);
    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_UNKNOWN);
    assert_runs_nowhere(pair);

    order(pair, PAIR_SOURCE, FERRY_EVENT_CLAIM);

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_USAGE_CLAIMED);
    assert_int_equal(pair_outcomes(pair), 2);
    pair_destroy(pair);
}

/* ---- daemon only: any time ---- */

static void source_daemon_only_guest_runs_on_whatever_the_state(void **unused)
{
    (void)unused;
    for (uint32_t state = FERRY_SOURCE_OPENING; state < FERRY_SOURCE_CLOSED; state++) {
        if (state == FERRY_SOURCE_BURNING) {
            continue; /* its fixture loses BURN for ever */
        }
        struct pair *pair = pair_create_at_source((enum ferry_source_state)state);
        const bool ran = pair_runs(pair, PAIR_SOURCE);
        pair_drop(pair, WIRE_GRANT, 0);
        pair_drop(pair, WIRE_END, 0);

        pair_crash(pair, PAIR_SOURCE, true);
        pair_advance(pair, 2 * FERRY_SECOND);
        assert_true(pair_runs(pair, PAIR_SOURCE) == ran);
        pair_restart(pair, PAIR_SOURCE);
        pair_run_to_end(pair);

        assert_int_equal(pair_running(pair), 1);
        assert_int_equal(pair_different_pages(pair), 0);
        pair_destroy(pair);
    }
}

static void target_daemon_only_guest_runs_on_whatever_the_state(void **unused)
{
    (void)unused;
    for (uint32_t state = FERRY_TARGET_WAITING; state < FERRY_TARGET_CLOSED; state++) {
        struct pair *pair = pair_create_at_target((enum ferry_target_state)state);
        const bool ran = pair_runs(pair, PAIR_TARGET);
        for (size_t i = 0; i < pair_type_count; i++) {
            pair_drop(pair, pair_types[i], 0);
        }

        pair_crash(pair, PAIR_TARGET, true);
        pair_advance(pair, 2 * FERRY_SECOND);
        assert_true(pair_runs(pair, PAIR_TARGET) == ran);
        pair_restart(pair, PAIR_TARGET);
        pair_run_to_end(pair);

        assert_int_equal(pair_running(pair), 1);
        assert_int_equal(pair_different_pages(pair), 0);
        assert_int_equal(pair_source_state(pair), FERRY_SOURCE_CLOSED);
        pair_destroy(pair);
    }
}

/* ---- journal disk: at the grant ---- */

static void journal_fails_at_the_grant_source_counts_as_granted(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_fail_journal(pair, PAIR_SOURCE);
    pair_run_until_source(pair, FERRY_SOURCE_BURNING);
    pair_cut(pair, true);
    pair_advance(pair, 1000 * FERRY_SECOND);
    assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_UNKNOWN);
    assert_runs_nowhere(pair);
    assert_int_equal(pair_sent(pair, WIRE_GRANT), 0); /* H-1 */

    pair_cut(pair, false);
    pair_run_to_end(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_WORLD_JOURNAL);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_BURNED));
    pair_destroy(pair);
}

/* ---- operator cancels ---- */

static void operator_cancels_before_the_grant_guest_runs_on_at_source(void **unused)
{
    (void)unused;
    static const enum ferry_source_state states[] = {
        FERRY_SOURCE_OPENING,
        FERRY_SOURCE_COPYING,
        FERRY_SOURCE_PAUSING,
        FERRY_SOURCE_SENDING,
        FERRY_SOURCE_RESUMING,
        FERRY_SOURCE_GRANTING, /* GRANT was not sent: the target burns first */
    };
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        struct pair *pair = pair_create_at_source(states[i]);

        order(pair, PAIR_SOURCE, FERRY_EVENT_CANCEL);

        pair_assert_back(pair, FERRY_OUTCOME_CANCELLED, FERRY_USAGE_CANCELLED);
        assert_int_equal(pair_outcomes(pair), 1);
        pair_destroy(pair);
    }
}

static void operator_cancels_after_the_grant_too_late(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&busy);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);

    assert_status(
        pair_command(pair, PAIR_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_CANCEL}),
        FERRY_USAGE_TOO_LATE);

    pair_assert_completed(pair);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_for_good_before_ready_guest_at_source_and_target_cleans_up_alone),
        cmocka_unit_test(network_for_good_after_ready_target_cleans_up_when_it_learns_the_answer),
        cmocka_unit_test(network_for_good_after_ready_target_cleans_up_after_its_hold_time),
        cmocka_unit_test(network_for_good_after_ready_operator_burns),
        cmocka_unit_test(target_for_good_before_the_grant_guest_at_source),
        cmocka_unit_test(network_for_a_while_migration_goes_on_over_any_network_left),
        cmocka_unit_test(source_host_before_the_grant_target_burns_what_it_got),
        cmocka_unit_test(source_host_before_the_grant_returns_and_says_so),
        cmocka_unit_test(source_host_granted_and_delivered_guest_runs_at_target),
        cmocka_unit_test(source_host_granted_and_not_delivered_returns_and_grants_again),
        cmocka_unit_test(source_host_granted_and_not_delivered_for_good_operator_claims),
        cmocka_unit_test(target_host_granted_before_it_owned_burns_and_source_resumes),
        cmocka_unit_test(target_host_after_it_owned_source_never_resumes),
        cmocka_unit_test(target_reinstalled_after_the_grant_lost_is_no_proof),
        cmocka_unit_test(source_daemon_only_guest_runs_on_whatever_the_state),
        cmocka_unit_test(target_daemon_only_guest_runs_on_whatever_the_state),
        cmocka_unit_test(journal_fails_at_the_grant_source_counts_as_granted),
        cmocka_unit_test(operator_cancels_before_the_grant_guest_runs_on_at_source),
        cmocka_unit_test(operator_cancels_after_the_grant_too_late),
    };
    return cmocka_run_group_tests_name("truth table", tests, NULL, NULL);
}
