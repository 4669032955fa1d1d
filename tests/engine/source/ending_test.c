/* SPDX-License-Identifier: Apache-2.0 */
/* ending_test.c -- cleaning up: END or CLOSED lost, a silent target, a journal that fails now; none
 * of it changes the outcome (E-3), and END is said only when nothing here needs the target's record
 * (E-2). */
#include "support/harness.h"
#include "support/pair.h"

#include <string.h>

static const struct pair_options ordinary = {.ram_pages = 256, .dirty_pages_per_ms = 1};

static void lost_end_or_closed_is_asked_for_again_on_the_next_connection(void **unused)
{
    (void)unused;
    static const enum wire_type types[] = {WIRE_END, WIRE_CLOSED};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct pair *pair = pair_create(&ordinary);
        pair_drop(pair, types[i], 1);
        pair_run_until_outcome(pair);
        pair_advance(pair, 100 * FERRY_MILLISECOND);
        assert_int_equal(pair_source_state(pair), FERRY_SOURCE_CLOSING);

        pair_reset(pair);

        pair_assert_completed(pair);
        assert_int_equal(pair_outcomes(pair), 1);
        pair_destroy(pair);
    }
}

static void silent_target_is_left_to_a_later_retry_after_the_limit(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_outcome(pair);
    const ferry_time_ns outcome_at = pair_now(pair);
    pair_cut(pair, true);

    pair_run_until_source(pair, FERRY_SOURCE_CLOSED);

    assert_in_range(pair_now(pair) - outcome_at, 600 * FERRY_SECOND, 602 * FERRY_SECOND);
    assert_true(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_SESSION)); /* for that retry */
    assert_true(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_ENDED));
    assert_false(pair_guest_alive(pair, PAIR_SOURCE));

    pair_cut(pair, false);
    pair_restart(pair, PAIR_SOURCE);
    pair_run_to_end(pair);

    assert_false(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_SESSION));
    assert_false(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_SESSION));
    assert_true(pair_runs(pair, PAIR_TARGET));
    pair_destroy(pair);
}

static void end_waits_for_the_ended_record(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    pair_delay_journal(pair, PAIR_SOURCE, 2 * FERRY_SECOND);
    pair_run_until_outcome(pair);

    pair_advance(pair, 1900 * FERRY_MILLISECOND);
    assert_int_equal(pair_sent(pair, WIRE_END), 0);

    pair_assert_completed(pair);
    assert_int_equal(pair_sent(pair, WIRE_END), 1);
    pair_destroy(pair);
}

static void ended_record_that_fails_leaves_all_records_and_the_outcome(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_source(pair, FERRY_SOURCE_GRANTED);
    pair_fail_journal(pair, PAIR_SOURCE);

    pair_run_until_source(pair, FERRY_SOURCE_CLOSED);

    pair_assert_outcome(pair, FERRY_OUTCOME_COMPLETED, FERRY_OK);
    assert_int_equal(pair_sent(pair, WIRE_END), 0);
    assert_true(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_GRANTED));
    assert_true(pair_runs(pair, PAIR_TARGET));
    pair_destroy(pair);
}

static void guests_copy_is_freed_only_when_it_moved(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_assert_completed(pair);
    assert_int_equal(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_FREE_GUEST), 1);
    assert_int_equal(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_FREE_GUEST), 0);
    pair_destroy(pair);

    pair = pair_create_at_source(FERRY_SOURCE_SENDING);
    assert_status(
        pair_command(pair, PAIR_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_CANCEL}),
        FERRY_OK);
    pair_assert_back(pair, FERRY_OUTCOME_CANCELLED, FERRY_USAGE_CANCELLED);
    assert_int_equal(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_FREE_GUEST), 0);
    assert_int_equal(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_STOP_LOGGING), 1);
    assert_int_equal(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_FREE_GUEST), 1);
    pair_destroy(pair);
}

static void cancel_in_a_flap_is_reported_at_once_and_cleaned_up_later(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_COPYING);
    pair_cut(pair, true);
    pair_advance(pair, 5 * FERRY_SECOND);

    assert_status(
        pair_command(pair, PAIR_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_CANCEL}),
        FERRY_OK);

    assert_int_equal(pair_outcomes(pair), 1);
    pair_advance(pair, 50 * FERRY_SECOND);
    pair_cut(pair, false);
    pair_assert_back(pair, FERRY_OUTCOME_CANCELLED, FERRY_USAGE_CANCELLED);
    pair_destroy(pair);
}

static void reason_with_the_longest_sentence_of_a_peer_is_whole(void **unused)
{
    (void)unused;
    char text[FERRY_REASON_MAX];
    memset(text, 'x', sizeof(text));
    const struct wire_message failed = {
        .type = WIRE_FAILED,
        .body.failed = {
                        .code = 1, .text = {.data = (const uint8_t *)text, .size = FERRY_REASON_MAX - 1}}
    };
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_COPYING);

    pair_forge(pair, PAIR_SOURCE, &failed);
    pair_run_until_outcome(pair);

    static const char end[] = "x; the guest runs on at the source";
    const char *reason = pair_outcome(pair)->reason;
    assert_string_equal(reason + strlen(reason) - strlen(end), end);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reason_with_the_longest_sentence_of_a_peer_is_whole),
        cmocka_unit_test(lost_end_or_closed_is_asked_for_again_on_the_next_connection),
        cmocka_unit_test(silent_target_is_left_to_a_later_retry_after_the_limit),
        cmocka_unit_test(end_waits_for_the_ended_record),
        cmocka_unit_test(ended_record_that_fails_leaves_all_records_and_the_outcome),
        cmocka_unit_test(guests_copy_is_freed_only_when_it_moved),
        cmocka_unit_test(cancel_in_a_flap_is_reported_at_once_and_cleaned_up_later),
    };
    return cmocka_run_group_tests_name("ending", tests, NULL, NULL);
}
