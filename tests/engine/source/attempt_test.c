/* SPDX-License-Identifier: Apache-2.0 */
/* attempt_test.c -- the pause: the limit is kept also when the prediction was wrong, what an
 * aborted attempt leaves behind, and how often and when it is tried again. */
#include "support/harness.h"
#include "support/pair.h"

#include <string.h>

#define LIMIT (40 * FERRY_MILLISECOND)

static const struct pair_options tight = {
    .ram_pages = 512, .dirty_pages_per_ms = 1, .dirty_span = 64, .blackout_limit = LIMIT};

/* The network stands still from the pause until the guest runs again. */
static void collapse_in_the_pause(struct pair *pair)
{
    pair_run_until_source(pair, FERRY_SOURCE_PAUSING);
    pair_cut(pair, true);
    pair_run_until_source(pair, FERRY_SOURCE_RESUMING);
    pair_cut(pair, false);
}

static void bandwidth_collapse_inside_the_pause_aborts_within_the_limit(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&tight);

    collapse_in_the_pause(pair);
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);

    assert_true(pair_runs(pair, PAIR_SOURCE));
    const struct ferry_trace_event *aborted = pair_last(pair, FERRY_TRACE_ATTEMPT_ABORTED);
    assert_status((enum ferry_status)aborted->field[1], FERRY_LIMIT_NO_CONVERGENCE);
    assert_in_range(aborted->field[2], LIMIT - 5 * FERRY_MILLISECOND, LIMIT);
    pair_assert_completed(pair);
    const struct ferry_outcome *outcome = pair_outcome(pair);
    assert_int_equal(outcome->aborted_count, 1);
    assert_status(outcome->aborted[0].reason, FERRY_LIMIT_NO_CONVERGENCE);
    assert_int_equal(outcome->aborted[0].paused_ns, aborted->field[2]);
    assert_true(outcome->aborted[0].predicted_ns > 0 && outcome->aborted[0].predicted_ns <= LIMIT);
    assert_true(pair_true_blackout(pair) <= LIMIT);
    pair_destroy(pair);
}

static void ready_that_comes_too_late_is_not_granted(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&tight);
    pair_tamper(
        pair,
        PAIR_TARGET,
        FERRY_ACTION_LOAD_STATE,
        (struct pair_tamper){.times = 1, .delay = LIMIT});

    pair_assert_completed(pair);

    assert_int_equal(pair_outcome(pair)->aborted_count, 1);
    assert_true(pair_true_blackout(pair) <= LIMIT);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_GRANT_ISSUED), 1);
    pair_destroy(pair);
}

static void aborted_attempts_back_off_longer_each_time_and_end_after_five(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&tight);
    ferry_time_ns opened[FERRY_ATTEMPTS_MAX];
    for (uint32_t i = 0; i < FERRY_ATTEMPTS_MAX; i++) {
        pair_run_until_source(pair, FERRY_SOURCE_PAUSING);
        opened[i] = pair_now(pair);
        collapse_in_the_pause(pair);
    }

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_LIMIT_ATTEMPTS);

    assert_int_equal(pair_outcome(pair)->aborted_count, FERRY_ATTEMPTS_MAX);
    assert_int_equal(pair_outcome(pair)->verdict.rule, FERRY_RULE_ATTEMPTS);
    const char *reason = pair_outcome(pair)->reason;
    assert_non_null(strstr(reason, "; 5 attempts, aborted after up to 3"));
    assert_non_null(strstr(reason, "the guest runs on at the source")); /* to its end */
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_ATTEMPT_OPENED), FERRY_ATTEMPTS_MAX);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_GRANT_ISSUED), 0);
    for (uint32_t i = 1; i < FERRY_ATTEMPTS_MAX; i++) {
        const ferry_time_ns wait = 500 * FERRY_MILLISECOND * (1 << (i - 1));
        assert_in_range(opened[i] - opened[i - 1], wait, wait + 400 * FERRY_MILLISECOND);
    }
    pair_destroy(pair);
}

static void
five_aborted_attempts_under_switch_anyway_are_followed_by_one_without_limit(void **unused)
{
    (void)unused;
    struct pair_options options = tight;
    options.on_no_convergence = FERRY_SWITCH_ANYWAY;
    struct pair *pair = pair_create(&options);
    for (uint32_t i = 0; i < FERRY_ATTEMPTS_MAX; i++) {
        collapse_in_the_pause(pair);
    }
    pair_run_until_source(pair, FERRY_SOURCE_PAUSING);
    pair_set_speed(pair, 20000);

    pair_assert_completed(pair);

    assert_int_equal(pair_outcome(pair)->verdict.rule, FERRY_RULE_SWITCH_ANYWAY);
    assert_true(pair_true_blackout(pair) > LIMIT);
    pair_destroy(pair);
}

/* Many pages are left when the guest is paused, and it writes none of them again afterwards. */
static struct pair *pause_with_much_to_send(uint64_t speed)
{
    struct pair *pair = pair_create(&(struct pair_options){
        .ram_pages = 4096, .dirty_pages_per_ms = 8, .blackout_limit = 200 * FERRY_MILLISECOND});
    pair_run_until_source(pair, FERRY_SOURCE_PAUSING);
    pair_set_dirty(pair, 0);
    pair_set_speed(pair, speed);
    pair_run_until_source(pair, FERRY_SOURCE_RESUMING);
    return pair;
}

static void pages_of_an_aborted_attempt_are_in_the_next_round_again(void **unused)
{
    (void)unused;
    for (uint64_t speed = 50000; speed <= 12800000; speed *= 2) {
        struct pair *pair = pause_with_much_to_send(speed);
        pair_set_speed(pair, 100000000);

        pair_assert_completed(pair); /* every page compared */
        pair_destroy(pair);
    }
}

static void aborted_attempt_sends_nothing_more_before_the_next_collection(void **unused)
{
    (void)unused;
    struct pair *pair = pause_with_much_to_send(400000);
    const uint32_t batches = pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_SEND_BATCH);
    const uint32_t collections = pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_COLLECT);

    while (pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_COLLECT) == collections) {
        assert_true(pair_step(pair));
    }

    assert_int_equal(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_SEND_BATCH), batches);
    pair_set_speed(pair, 100000000);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

/* READY comes early enough, but the two records after it take half the limit. */
static void attempt_ends_while_grant_and_start_would_still_be_in_time(void **unused)
{
    (void)unused;
    struct pair_options options = tight;
    options.journal_cost = 10 * FERRY_MILLISECOND;
    struct pair *pair = pair_create(&options);
    pair_tamper(
        pair,
        PAIR_TARGET,
        FERRY_ACTION_LOAD_STATE,
        (struct pair_tamper){.times = 1, .delay = 25 * FERRY_MILLISECOND});

    pair_assert_completed(pair);

    assert_int_equal(pair_outcome(pair)->aborted_count, 1);
    assert_true(pair_true_blackout(pair) <= LIMIT);
    pair_destroy(pair);
}

/* The source's host stood still: READY and the end of the attempt's time are there together. */
static void ready_found_after_the_limit_is_not_granted(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&tight);
    pair_run_until_target(pair, FERRY_TARGET_READY);
    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_SENDING);

    pair_sleep(pair, LIMIT);
    pair_run_until_source(pair, FERRY_SOURCE_RESUMING);

    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_GRANT_ISSUED), 0);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void limit_changed_in_the_pause_counts_for_the_next_attempt(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&tight);
    pair_run_until_source(pair, FERRY_SOURCE_PAUSING);
    pair_set_speed(pair, 20000);
    assert_status(
        pair_command(
            pair,
            PAIR_SOURCE,
            (struct ferry_event){
                .kind = FERRY_EVENT_SET_BLACKOUT_LIMIT, .duration_ns = 10 * FERRY_SECOND}),
        FERRY_OK);

    pair_run_until_source(pair, FERRY_SOURCE_RESUMING);
    pair_set_speed(pair, 100000000);
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);

    assert_true(pair_last(pair, FERRY_TRACE_ATTEMPT_ABORTED)->field[2] <= LIMIT);
    pair_run_until_source(pair, FERRY_SOURCE_PAUSING);
    assert_int_equal(pair_last(pair, FERRY_TRACE_ATTEMPT_OPENED)->field[2], 10 * FERRY_SECOND);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void negative_limit_is_refused(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&tight);
    assert_status(
        pair_command(
            pair,
            PAIR_SOURCE,
            (struct ferry_event){.kind = FERRY_EVENT_SET_BLACKOUT_LIMIT, .duration_ns = -1}),
        FERRY_USAGE_CONFIG);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void target_lost_in_the_pause_names_why_the_attempt_ended(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_SENDING);
    const struct wire_message lost = {.type = WIRE_LOST};

    pair_forge(pair, PAIR_SOURCE, &lost);
    pair_run_to_end(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_WORLD_PEER_LOST);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    assert_status(pair_outcome(pair)->aborted[0].reason, FERRY_WORLD_PEER_LOST);
    pair_destroy(pair);
}

static void blackout_parts_add_up_and_agree_with_the_world(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(
        &(struct pair_options){.ram_pages = 512, .dirty_pages_per_ms = 2, .state_size = 100000});

    pair_assert_completed(pair);

    const struct ferry_blackout *blackout = &pair_outcome(pair)->blackout;
    const ferry_time_ns sum = blackout->capture_ns + blackout->collect_ns + blackout->transfer_ns +
                              blackout->load_ns + blackout->ready_ns + blackout->grant_persist_ns +
                              blackout->grant_ns + blackout->owner_persist_ns + blackout->resume_ns;
    assert_int_equal(sum, blackout->total_ns);
    assert_in_range(
        blackout->total_ns,
        pair_true_blackout(pair) - 50 * FERRY_MICROSECOND,
        pair_true_blackout(pair) + 50 * FERRY_MICROSECOND);
    assert_in_range(
        pair_outcome(pair)->predicted_blackout_ns, blackout->total_ns, 2 * blackout->total_ns);
    pair_destroy(pair);
}

static void cancel_before_the_pause_has_reported_tells_how_long_the_guest_stood_still(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&tight);
    pair_tamper(/* stopped at once, but its host freezes before it can say so */
                pair,
                PAIR_SOURCE,
                FERRY_ACTION_PAUSE,
                (struct pair_tamper){.times = 1, .delay = 700 * FERRY_MILLISECOND});
    pair_run_until_source(pair, FERRY_SOURCE_PAUSING);
    pair_advance(pair, 20 * FERRY_MILLISECOND);

    assert_status(
        pair_command(pair, PAIR_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_CANCEL}),
        FERRY_OK);

    pair_assert_back(pair, FERRY_OUTCOME_CANCELLED, FERRY_USAGE_CANCELLED);
    assert_int_equal(pair_outcome(pair)->aborted_count, 1);
    assert_in_range(
        pair_outcome(pair)->aborted[0].paused_ns,
        20 * FERRY_MILLISECOND - 100 * FERRY_MICROSECOND,
        20 * FERRY_MILLISECOND);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bandwidth_collapse_inside_the_pause_aborts_within_the_limit),
        cmocka_unit_test(ready_that_comes_too_late_is_not_granted),
        cmocka_unit_test(aborted_attempts_back_off_longer_each_time_and_end_after_five),
        cmocka_unit_test(
            five_aborted_attempts_under_switch_anyway_are_followed_by_one_without_limit),
        cmocka_unit_test(pages_of_an_aborted_attempt_are_in_the_next_round_again),
        cmocka_unit_test(aborted_attempt_sends_nothing_more_before_the_next_collection),
        cmocka_unit_test(attempt_ends_while_grant_and_start_would_still_be_in_time),
        cmocka_unit_test(ready_found_after_the_limit_is_not_granted),
        cmocka_unit_test(limit_changed_in_the_pause_counts_for_the_next_attempt),
        cmocka_unit_test(negative_limit_is_refused),
        cmocka_unit_test(target_lost_in_the_pause_names_why_the_attempt_ended),
        cmocka_unit_test(blackout_parts_add_up_and_agree_with_the_world),
        cmocka_unit_test(cancel_before_the_pause_has_reported_tells_how_long_the_guest_stood_still),
    };
    return cmocka_run_group_tests_name("attempt", tests, NULL, NULL);
}
