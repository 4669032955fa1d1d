/* SPDX-License-Identifier: Apache-2.0 */
/* copy_test.c -- the rounds: their history, zero pages, the cap, streams that share a round, and
 * what happens when the copy does not converge. */
#include "support/harness.h"
#include "support/pair.h"

static void history_tells_each_round_as_it_was(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){
        .ram_pages = 4096,
        .zero_pages = 1000,
        .dirty_pages_per_ms = 2,
        .dirty_span = 500,
        .bytes_per_second = 50000000,
        .blackout_limit = 20 * FERRY_MILLISECOND,
    });

    pair_assert_completed(pair);

    const struct ferry_outcome *outcome = pair_outcome(pair);
    const struct ferry_round *rounds = outcome->rounds;
    assert_true(outcome->round_count >= 3 && outcome->round_count < 100);
    assert_int_equal(rounds[0].pages, 4096);
    assert_int_equal(rounds[0].zero_pages, 1000);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < outcome->round_count; i++) {
        const bool last = i + 1 == outcome->round_count;
        assert_int_equal(rounds[i].final, last);
        assert_int_equal(rounds[i].attempt, last ? 1 : 0);
        assert_true(rounds[i].duration_ns > 0);
        const uint64_t data = (rounds[i].pages - rounds[i].zero_pages) * 4096;
        assert_in_range(rounds[i].bytes, data, data + 8 * rounds[i].pages + 5000 + 200);
        if (!last && i + 2 < outcome->round_count) {
            assert_int_equal(rounds[i].dirty_after, rounds[i + 1].pages);
        }
        bytes += rounds[i].bytes;
    }
    assert_int_equal(rounds[outcome->round_count - 1].dirty_after, 0);
    assert_int_equal(bytes, outcome->wire_bytes);
    assert_int_equal(outcome->wire_bytes, pair_payload_bytes(pair));
    pair_destroy(pair);
}

static void zero_pages_cost_records_only(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(
        &(struct pair_options){.ram_pages = 4096, .zero_pages = 4096, .state_size = 100});

    pair_assert_completed(pair);

    assert_int_equal(pair_outcome(pair)->rounds[0].zero_pages, 4096);
    assert_in_range(pair_outcome(pair)->wire_bytes, 100, 8 * 4096);
    pair_destroy(pair);
}

static void guest_without_writes_needs_one_live_round(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){.ram_pages = 1024});

    pair_assert_completed(pair);

    assert_int_equal(pair_outcome(pair)->round_count, 2);
    assert_int_equal(pair_outcome(pair)->rounds[1].pages, 0);
    assert_int_equal(pair_outcome(pair)->verdict.rule, FERRY_RULE_WITHIN_LIMIT);
    pair_destroy(pair);
}

static void streams_share_a_round_and_end_it_together(void **unused)
{
    (void)unused;
    ferry_time_ns alone = 0;
    for (uint16_t streams = 1; streams <= 8; streams *= 2) {
        struct pair *pair = pair_create(&(struct pair_options){
            .ram_pages = 4096, .streams = streams, .bytes_per_second = 20000000});

        pair_assert_completed(pair);

        /* The wire is shared out: were one stream to carry more, the round would take longer. */
        const ferry_time_ns took = pair_outcome(pair)->rounds[0].duration_ns;
        alone = streams == 1 ? took : alone;
        assert_in_range(took, alone - alone / 20, alone + alone / 8);
        pair_destroy(pair);
    }
}

static void cap_is_shared_out_over_the_streams_and_changes_in_flight(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(
        &(struct pair_options){.ram_pages = 4096, .streams = 2, .bytes_per_second = 20000000});
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);
    pair_advance(pair, 500 * FERRY_MILLISECOND);
    const uint64_t fast = pair_payload_bytes(pair);
    assert_in_range(fast, 8000000, 10000000);

    const struct ferry_event slow = {.kind = FERRY_EVENT_SET_BANDWIDTH_CAP, .rate = 2000000};
    assert_status(pair_command(pair, PAIR_SOURCE, slow), FERRY_OK);
    pair_advance(pair, FERRY_SECOND);

    assert_in_range(pair_payload_bytes(pair) - fast, 1400000, 2400000);
    assert_int_equal(pair_last(pair, FERRY_TRACE_CAP_CHANGED)->field[0], 2000000);
    const struct ferry_event none = {
        .kind = FERRY_EVENT_SET_BANDWIDTH_CAP, .rate = FERRY_RATE_UNLIMITED};
    assert_status(pair_command(pair, PAIR_SOURCE, none), FERRY_OK);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void cap_set_while_there_is_no_connection_holds_on_the_next(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(
        &(struct pair_options){.ram_pages = 4096, .paths = 2, .bytes_per_second = 20000000});
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);
    pair_advance(pair, 100 * FERRY_MILLISECOND);
    pair_reset(pair);
    const struct ferry_event slow = {.kind = FERRY_EVENT_SET_BANDWIDTH_CAP, .rate = 2000000};
    assert_status(pair_command(pair, PAIR_SOURCE, slow), FERRY_OK);
    pair_advance(pair, 200 * FERRY_MILLISECOND);
    const uint64_t before = pair_payload_bytes(pair);

    pair_advance(pair, FERRY_SECOND);

    assert_in_range(pair_payload_bytes(pair) - before, 1500000, 2300000);
    pair_destroy(pair);
}

/* ---- no convergence ---- */

/* Dirties 16 MB/s over a wire of 10 MB/s. */
static const struct pair_options hopeless = {
    .ram_pages = 2048,
    .dirty_pages_per_ms = 4,
    .bytes_per_second = 10000000,
    .blackout_limit = 50 * FERRY_MILLISECOND,
};

static void stall_gives_up_with_the_rule_and_its_numbers(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&hopeless);

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_LIMIT_NO_CONVERGENCE);

    const struct ferry_verdict *verdict = &pair_outcome(pair)->verdict;
    assert_int_equal(verdict->rule, FERRY_RULE_STALLED);
    assert_true(verdict->best_predicted > verdict->blackout_limit);
    assert_true(verdict->live_rounds > FERRY_STALL_ROUNDS);
    assert_in_range(verdict->bandwidth, 9000000, 11000000);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_NO_CONVERGENCE), 1); /* warned, once */
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_ATTEMPT_OPENED), 0);
    pair_destroy(pair);
}

static void stall_under_keep_trying_ends_when_time_is_up(void **unused)
{
    (void)unused;
    struct pair_options options = hopeless;
    options.on_no_convergence = FERRY_KEEP_TRYING;
    options.give_up_after = 60 * FERRY_SECOND;
    struct pair *pair = pair_create(&options);

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_GIVE_UP);

    assert_int_equal(pair_outcome(pair)->verdict.rule, FERRY_RULE_GIVE_UP_AFTER);
    assert_in_range(pair_outcome(pair)->total_ns, 60 * FERRY_SECOND, 62 * FERRY_SECOND);
    pair_destroy(pair);
}

static void stall_under_keep_trying_completes_when_the_guest_calms_down(void **unused)
{
    (void)unused;
    struct pair_options options = hopeless;
    options.on_no_convergence = FERRY_KEEP_TRYING;
    struct pair *pair = pair_create(&options);
    pair_advance(pair, 30 * FERRY_SECOND);
    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_COPYING);

    pair_set_speed(pair, 1000000000);

    pair_assert_completed(pair);
    assert_true(pair_true_blackout(pair) <= options.blackout_limit);
    pair_destroy(pair);
}

static void stall_under_switch_anyway_pauses_at_that_verdict(void **unused)
{
    (void)unused;
    struct pair_options options = hopeless;
    options.on_no_convergence = FERRY_SWITCH_ANYWAY;
    struct pair *pair = pair_create(&options);

    pair_assert_completed(pair);

    assert_int_equal(pair_outcome(pair)->verdict.rule, FERRY_RULE_SWITCH_ANYWAY);
    assert_int_equal(pair_outcome(pair)->verdict.cause, FERRY_RULE_STALLED);
    assert_true(pair_true_blackout(pair) > options.blackout_limit);
    assert_int_equal(pair_outcome(pair)->aborted_count, 0);
    pair_destroy(pair);
}

static void order_to_switch_now_pauses_at_the_rounds_end(void **unused)
{
    (void)unused;
    struct pair_options options = hopeless;
    options.on_no_convergence = FERRY_KEEP_TRYING;
    options.blackout_limit = 3 * FERRY_SECOND;
    options.dirty_span = 1500;
    struct pair *pair = pair_create(&options);
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);
    pair_advance(pair, 100 * FERRY_MILLISECOND);
    assert_status(
        pair_command(pair, PAIR_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_SWITCH_NOW}),
        FERRY_OK);

    pair_assert_completed(pair);

    assert_int_equal(pair_outcome(pair)->round_count, 2);
    assert_int_equal(pair_outcome(pair)->verdict.rule, FERRY_RULE_OPERATOR);
    pair_destroy(pair);
}

static void round_that_never_ends_is_given_up(void **unused)
{
    (void)unused;
    struct pair_options options = hopeless;
    options.give_up_after = 20 * FERRY_SECOND;
    struct pair *pair = pair_create(&options);
    const struct ferry_event stop = {.kind = FERRY_EVENT_SET_BANDWIDTH_CAP, .rate = 0};
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);
    assert_status(pair_command(pair, PAIR_SOURCE, stop), FERRY_OK); /* 0 is a legal rate */

    pair_run_until_outcome(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_GIVE_UP);
    assert_in_range(pair_outcome(pair)->total_ns, 20 * FERRY_SECOND, 31 * FERRY_SECOND);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_tells_each_round_as_it_was),
        cmocka_unit_test(zero_pages_cost_records_only),
        cmocka_unit_test(guest_without_writes_needs_one_live_round),
        cmocka_unit_test(streams_share_a_round_and_end_it_together),
        cmocka_unit_test(cap_is_shared_out_over_the_streams_and_changes_in_flight),
        cmocka_unit_test(cap_set_while_there_is_no_connection_holds_on_the_next),
        cmocka_unit_test(stall_gives_up_with_the_rule_and_its_numbers),
        cmocka_unit_test(stall_under_keep_trying_ends_when_time_is_up),
        cmocka_unit_test(stall_under_keep_trying_completes_when_the_guest_calms_down),
        cmocka_unit_test(stall_under_switch_anyway_pauses_at_that_verdict),
        cmocka_unit_test(order_to_switch_now_pauses_at_the_rounds_end),
        cmocka_unit_test(round_that_never_ends_is_given_up),
    };
    return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
