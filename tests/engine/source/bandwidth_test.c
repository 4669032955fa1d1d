/* SPDX-License-Identifier: Apache-2.0 */
/* bandwidth_test.c -- the bandwidth that the prediction uses: over several streams, and where a bad
 * moment left a figure that nothing corrects but a probe. */
#include "support/harness.h"
#include "support/pair.h"

#define FAST 100000000U
#define SLOW 1000000U

static void streams_together_are_not_faster_than_the_wire(void **unused)
{
    (void)unused;
    for (uint16_t streams = 1; streams <= 8; streams *= 2) {
        struct pair *pair = pair_create(&(struct pair_options){
            .ram_pages = 4096, .streams = streams, .bytes_per_second = FAST});

        pair_assert_completed(pair);

        assert_in_range(pair_outcome(pair)->verdict.bandwidth, FAST * 95ULL / 100, FAST);
        pair_destroy(pair);
    }
}

/* An idle guest whose only round went over a slow wire: its device state alone would take a second
 * at that speed, the limit allows 50 ms, and later rounds are empty. */
static struct pair *idle_after_a_slow_round(uint16_t streams, uint32_t zero_pages)
{
    struct pair *pair = pair_create(&(struct pair_options){
        .ram_pages = 256,
        .zero_pages = zero_pages,
        .streams = streams,
        .state_size = 1048576,
        .bytes_per_second = SLOW,
        .blackout_limit = 50 * FERRY_MILLISECOND,
    });
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);
    pair_advance(pair, 1200 * FERRY_MILLISECOND);
    return pair;
}

static void idle_guest_moves_when_a_probe_finds_the_network_fast_again(void **unused)
{
    (void)unused;
    for (uint16_t streams = 1; streams <= 4; streams *= 2) {
        struct pair *pair = idle_after_a_slow_round(streams, 0);
        pair_set_speed(pair, FAST);

        pair_assert_completed(pair);

        assert_true(pair_trace_count(pair, FERRY_TRACE_BANDWIDTH_PROBED) >= 1);
        assert_in_range(pair_outcome(pair)->verdict.bandwidth, FAST * 9ULL / 10, FAST);
        assert_true(pair_outcome(pair)->blackout.total_ns <= 50 * FERRY_MILLISECOND);
        pair_destroy(pair);
    }
}

static void probe_meets_data_where_most_of_memory_is_zero(void **unused)
{
    (void)unused;
    struct pair *pair = idle_after_a_slow_round(1, 250);
    pair_set_speed(pair, FAST);

    pair_assert_completed(pair);

    pair_destroy(pair);
}

static void idle_guest_on_a_network_that_stays_slow_is_stalled_after_ten_rounds(void **unused)
{
    (void)unused;
    struct pair *pair = idle_after_a_slow_round(1, 0);

    pair_run_until_outcome(pair);

    const struct ferry_outcome *outcome = pair_outcome(pair);
    assert_int_equal(outcome->kind, FERRY_OUTCOME_FAILED);
    assert_int_equal(outcome->verdict.rule, FERRY_RULE_STALLED);
    assert_in_range(outcome->round_count, 10, 15);
    pair_run_to_end(pair);
    pair_destroy(pair);
}

/* Nothing to probe with: each attempt measures, and attempts are counted. */
static void guest_of_zero_pages_on_a_slow_network_ends_after_its_attempts(void **unused)
{
    (void)unused;
    struct pair *pair = idle_after_a_slow_round(1, 256);

    pair_run_until_outcome(pair);

    const struct ferry_outcome *outcome = pair_outcome(pair);
    assert_int_equal(outcome->kind, FERRY_OUTCOME_FAILED);
    assert_int_equal(outcome->verdict.rule, FERRY_RULE_ATTEMPTS);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_BANDWIDTH_PROBED), 0);
    pair_run_to_end(pair);
    pair_destroy(pair);
}

static void rounds_that_shrink_are_not_probed(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){
        .ram_pages = 4096,
        .dirty_pages_per_ms = 10,
        .dirty_span = 2000,
        .state_size = 64,
        .bytes_per_second = 50000000,
        .blackout_limit = 4 * FERRY_MILLISECOND,
    });

    pair_assert_completed(pair);

    assert_true(pair_outcome(pair)->round_count > 5);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_BANDWIDTH_PROBED), 0);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_together_are_not_faster_than_the_wire),
        cmocka_unit_test(idle_guest_moves_when_a_probe_finds_the_network_fast_again),
        cmocka_unit_test(probe_meets_data_where_most_of_memory_is_zero),
        cmocka_unit_test(idle_guest_on_a_network_that_stays_slow_is_stalled_after_ten_rounds),
        cmocka_unit_test(guest_of_zero_pages_on_a_slow_network_ends_after_its_attempts),
        cmocka_unit_test(rounds_that_shrink_are_not_probed),
    };
    return cmocka_run_group_tests_name("bandwidth", tests, NULL, NULL);
}
