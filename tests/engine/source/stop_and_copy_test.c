/* SPDX-License-Identifier: Apache-2.0 */
/* stop_and_copy_test.c -- the mode without live rounds: paused first, no limit unless one is given,
 * and patient with the network until give_up_after. */
#include "support/harness.h"
#include "support/pair.h"

static const struct pair_options stopped = {
    .ram_pages = 2048,
    .zero_pages = 100,
    .dirty_pages_per_ms = 4,
    .bytes_per_second = 10000000,
    .mode = FERRY_MODE_STOP_AND_COPY,
    .blackout_limit = FERRY_TIME_NEVER,
};

static void guest_is_paused_first_and_sent_in_one_round(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&stopped);

    pair_assert_completed(pair);

    const struct ferry_outcome *outcome = pair_outcome(pair);
    assert_int_equal(outcome->round_count, 1);
    assert_true(outcome->rounds[0].final);
    assert_int_equal(outcome->rounds[0].pages, 2048);
    assert_int_equal(outcome->rounds[0].zero_pages, 100);
    assert_int_equal(outcome->verdict.rule, FERRY_RULE_STOP_AND_COPY);
    assert_true(pair_true_blackout(pair) > 700 * FERRY_MILLISECOND);
    pair_destroy(pair);
}

static void loss_of_the_network_waits_and_goes_on_where_it_was(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&stopped);
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_advance(pair, 400 * FERRY_MILLISECOND);
    pair_cut(pair, true);
    pair_advance(pair, 1000 * FERRY_SECOND); /* pre-copy would have given up */
    assert_int_equal(pair_running(pair), 0);
    assert_int_equal(pair_outcomes(pair), 0);

    pair_cut(pair, false);

    pair_assert_completed(pair);
    assert_true(pair_outcome(pair)->resent_bytes < 1200000);
    pair_destroy(pair);
}

static void time_that_is_up_resumes_the_guest_at_the_source(void **unused)
{
    (void)unused;
    struct pair_options options = stopped;
    options.give_up_after = 120 * FERRY_SECOND;
    struct pair *pair = pair_create(&options);
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_cut(pair, true);

    pair_run_until_outcome(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_GIVE_UP);
    assert_in_range(
        pair_outcome(pair)->total_ns, 120 * FERRY_SECOND, 120 * FERRY_SECOND + FERRY_MILLISECOND);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    pair_cut(pair, false);
    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_GIVE_UP);
    pair_destroy(pair);
}

static void limit_that_was_given_is_kept(void **unused)
{
    (void)unused;
    struct pair_options options = stopped;
    options.blackout_limit = 300 * FERRY_MILLISECOND;
    struct pair *pair = pair_create(&options);

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_LIMIT_NO_CONVERGENCE);

    assert_int_equal(pair_outcome(pair)->aborted_count, 1);
    assert_true(pair_outcome(pair)->aborted[0].paused_ns <= options.blackout_limit);
    pair_destroy(pair);
}

static void target_waits_as_long_as_its_source_may_be_away(void **unused)
{
    (void)unused;
    /* NEVER is a legal time to give up after: the target's own limit must not wrap. */
    struct pair_options options = stopped;
    options.give_up_after = FERRY_TIME_NEVER;
    struct pair *pair = pair_create(&options);
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_cut(pair, true);

    pair_advance(pair, 100000 * FERRY_SECOND);

    assert_int_equal(pair_target_state(pair), FERRY_TARGET_RECEIVING);
    pair_cut(pair, false);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_is_paused_first_and_sent_in_one_round),
        cmocka_unit_test(loss_of_the_network_waits_and_goes_on_where_it_was),
        cmocka_unit_test(time_that_is_up_resumes_the_guest_at_the_source),
        cmocka_unit_test(limit_that_was_given_is_kept),
        cmocka_unit_test(target_waits_as_long_as_its_source_may_be_away),
    };
    return cmocka_run_group_tests_name("stop and copy", tests, NULL, NULL);
}
