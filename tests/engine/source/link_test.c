/* SPDX-License-Identifier: Apache-2.0 */
/* link_test.c -- losing the network: silence, resets, the next network and the way back, the limit;
 * and that a lost connection costs no page which was acknowledged. */
#include "support/harness.h"
#include "support/pair.h"

#define SLOW 10000000U /* bytes a second: a round of 4096 pages takes 1.7 s */

static const struct pair_options two_networks = {
    .ram_pages = 4096, .paths = 2, .bytes_per_second = SLOW};

static void start_copying(struct pair *pair, ferry_time_ns duration)
{
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);
    pair_advance(pair, duration);
    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_COPYING);
}

static ferry_time_ns run_until_trace(struct pair *pair, enum ferry_trace_kind kind)
{
    const uint64_t before = pair_trace_count(pair, kind);
    while (pair_trace_count(pair, kind) == before) {
        if (!pair_step(pair)) {
            fail_msg("no %s", ferry_trace_describe(kind)->name);
        }
    }
    return pair_now(pair);
}

static void silent_network_is_left_for_the_next_after_one_second(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&two_networks);
    start_copying(pair, 300 * FERRY_MILLISECOND);
    const ferry_time_ns cut_at = pair_now(pair);

    pair_cut_path(pair, 0, true);

    const ferry_time_ns down_at = run_until_trace(pair, FERRY_TRACE_LINK_DOWN);
    assert_in_range(down_at - cut_at, 700 * FERRY_MILLISECOND, 1000 * FERRY_MILLISECOND);
    const ferry_time_ns up_at = run_until_trace(pair, FERRY_TRACE_LINK_UP);
    assert_int_equal(pair_last(pair, FERRY_TRACE_LINK_UP)->field[1], 1);
    assert_true(up_at - down_at < 10 * FERRY_MILLISECOND);
    pair_assert_completed(pair);
    assert_int_equal(pair_outcome(pair)->reconnects, 1);
    pair_destroy(pair);
}

static void one_way_silence_counts_whichever_way_it_is(void **unused)
{
    (void)unused;
    for (int from = PAIR_SOURCE; from <= PAIR_TARGET; from++) {
        struct pair *pair = pair_create(&two_networks);
        start_copying(pair, 300 * FERRY_MILLISECOND);

        pair_cut_way(pair, 0, (enum pair_side)from, true);

        (void)run_until_trace(pair, FERRY_TRACE_LINK_UP);
        assert_int_equal(pair_last(pair, FERRY_TRACE_LINK_UP)->field[1], 1);
        pair_assert_completed(pair);
        pair_destroy(pair);
    }
}

static void shorter_silence_changes_nothing(void **unused)
{
    (void)unused;
    struct pair_options options = two_networks;
    options.blackout_limit = 2 * FERRY_SECOND;
    struct pair *pair = pair_create(&options);
    start_copying(pair, 300 * FERRY_MILLISECOND);

    pair_cut(pair, true);
    pair_advance(pair, 600 * FERRY_MILLISECOND);
    pair_cut(pair, false);

    pair_assert_completed(pair);
    assert_int_equal(pair_outcome(pair)->reconnects, 0);
    pair_destroy(pair);
}

static void better_network_is_used_again_when_it_answers(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(
        &(struct pair_options){.ram_pages = 4096, .paths = 2, .bytes_per_second = SLOW / 4});
    start_copying(pair, 300 * FERRY_MILLISECOND);
    pair_cut_path(pair, 0, true);
    (void)run_until_trace(pair, FERRY_TRACE_LINK_UP);
    pair_advance(pair, 1500 * FERRY_MILLISECOND);
    assert_int_equal(pair_last(pair, FERRY_TRACE_LINK_UP)->field[1], 1);

    pair_cut_path(pair, 0, false);

    const ferry_time_ns healed_at = pair_now(pair);
    const ferry_time_ns back_at = run_until_trace(pair, FERRY_TRACE_LINK_UP);
    assert_int_equal(pair_last(pair, FERRY_TRACE_LINK_UP)->field[1], 0);
    assert_true(back_at - healed_at < 3 * FERRY_SECOND);
    pair_assert_completed(pair);
    assert_int_equal(pair_outcome(pair)->resent_bytes, 0); /* it leaves when nothing is out */
    pair_destroy(pair);
}

static void middle_network_is_better_than_the_last_while_the_best_is_dead(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(
        &(struct pair_options){.ram_pages = 4096, .paths = 3, .bytes_per_second = SLOW / 4});
    start_copying(pair, 300 * FERRY_MILLISECOND);
    pair_cut_path(pair, 0, true);
    pair_cut_path(pair, 1, true);
    (void)run_until_trace(pair, FERRY_TRACE_LINK_UP);
    assert_int_equal(pair_last(pair, FERRY_TRACE_LINK_UP)->field[1], 2);

    pair_cut_path(pair, 1, false);

    (void)run_until_trace(pair, FERRY_TRACE_LINK_UP);
    assert_int_equal(pair_last(pair, FERRY_TRACE_LINK_UP)->field[1], 1);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void equal_networks_are_not_changed_for_each_other(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){
        .ram_pages = 4096, .paths = 2, .equal_paths = true, .bytes_per_second = SLOW / 4});
    start_copying(pair, 300 * FERRY_MILLISECOND);
    pair_cut_path(pair, 0, true);
    (void)run_until_trace(pair, FERRY_TRACE_LINK_UP);
    pair_cut_path(pair, 0, false);

    pair_assert_completed(pair);
    assert_int_equal(pair_outcome(pair)->reconnects, 1);
    assert_int_equal(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_PROBE), 0);
    pair_destroy(pair);
}

static void lost_for_the_limit_fails_with_the_guest_at_the_source(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&two_networks);
    start_copying(pair, 300 * FERRY_MILLISECOND);
    pair_cut(pair, true);
    const ferry_time_ns down_at = run_until_trace(pair, FERRY_TRACE_LINK_DOWN);

    pair_run_until_outcome(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_RECONNECT);
    assert_int_equal(pair_now(pair) - down_at, 60 * FERRY_SECOND);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    pair_cut(pair, false);
    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_RECONNECT);
    pair_destroy(pair);
}

static void target_that_never_answers_is_unreachable(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&two_networks);
    pair_cut(pair, true);

    pair_run_until_outcome(pair);

    pair_assert_outcome(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_CONNECT);
    assert_true(pair_now(pair) >= 60 * FERRY_SECOND);
    assert_true(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_ATTACH) > 20); /* both, in turn */
    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_CONNECT);
    pair_destroy(pair);
}

static void acknowledged_pages_are_not_sent_again(void **unused)
{
    (void)unused;
    struct pair *calm = pair_create(&two_networks);
    pair_assert_completed(calm);
    const uint64_t once = pair_outcome(calm)->wire_bytes;
    pair_destroy(calm);
    struct pair *pair = pair_create(&two_networks);
    start_copying(pair, 1200 * FERRY_MILLISECOND);

    pair_reset(pair);

    pair_assert_completed(pair);
    const struct ferry_outcome *outcome = pair_outcome(pair);
    /* At most what lay in the stream's queue goes out again; all that is new is sent once. */
    assert_true(outcome->resent_bytes < 2 * 1100000U);
    assert_in_range(outcome->wire_bytes - outcome->resent_bytes, once - 4096, once + 4096);
    assert_int_equal(pair_payload_bytes(pair), outcome->wire_bytes);
    pair_destroy(pair);
}

static void zero_pages_that_are_sent_again_are_counted_once(void **unused)
{
    (void)unused;
    for (uint32_t steps = 0; steps < 40; steps++) {
        struct pair *pair = pair_create(&(struct pair_options){
            .ram_pages = 4096, .zero_pages = 3000, .bytes_per_second = SLOW});
        start_copying(pair, 600 * FERRY_MILLISECOND); /* among the zero pages */
        for (uint32_t i = 0; i < steps; i++) {
            assert_true(pair_step(pair));
        }

        pair_reset(pair);

        pair_assert_completed(pair);
        assert_int_equal(pair_outcome(pair)->rounds[0].zero_pages, 3000);
        pair_destroy(pair);
    }
}

static void reset_is_answered_at_once(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&two_networks);
    start_copying(pair, 300 * FERRY_MILLISECOND);
    const ferry_time_ns reset_at = pair_now(pair);

    pair_reset(pair);

    const ferry_time_ns up_at = run_until_trace(pair, FERRY_TRACE_LINK_UP);
    assert_true(up_at - reset_at < 2 * FERRY_MILLISECOND);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void damaged_batch_is_sent_again_on_a_new_connection(void **unused)
{
    (void)unused;
    struct pair *pair =
        pair_create(&(struct pair_options){.ram_pages = 4096, .bytes_per_second = SLOW});
    start_copying(pair, 300 * FERRY_MILLISECOND);

    pair_corrupt_next_batch(pair);

    pair_assert_completed(pair);
    assert_int_equal(pair_outcome(pair)->reconnects, 1);
    assert_true(pair_outcome(pair)->resent_bytes > 0);
    pair_destroy(pair);
}

/* A flipped bit in what the target says: not a reason to give up, unless it happens again and again. */
static void damaged_answers_cost_a_connection_and_too_many_the_migration(void **unused)
{
    (void)unused;
    static const uint8_t noise[32] = {0xff, 0x5a, 0xff, 0x5a};
    static const struct ferry_bytes garbage = {.data = noise, .size = sizeof(noise)};

    for (unsigned times = 1; times <= 4; times++) {
        struct pair *pair =
            pair_create(&(struct pair_options){.ram_pages = 4096, .bytes_per_second = SLOW});
        start_copying(pair, 300 * FERRY_MILLISECOND);

        for (unsigned i = 0; i < times; i++) {
            pair_forge_bytes(pair, PAIR_SOURCE, garbage);
            if (i + 1 < times || times < 4) {
                (void)run_until_trace(pair, FERRY_TRACE_LINK_UP);
            }
        }

        if (times < 4) {
            pair_assert_completed(pair);
            assert_int_equal(pair_outcome(pair)->reconnects, times);
        } else {
            pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_PEER_FRAME);
        }
        pair_destroy(pair);
    }
}

static void connection_that_breaks_as_soon_as_it_carries_is_not_hammered(void **unused)
{
    (void)unused;
    enum { BREAKS = 20 };
    struct pair *pair = pair_create(&two_networks);
    start_copying(pair, 300 * FERRY_MILLISECOND);
    const ferry_time_ns began_at = pair_now(pair);

    for (int i = 0; i < BREAKS; i++) {
        pair_reset(pair);
        (void)run_until_trace(pair, FERRY_TRACE_LINK_UP);
    }

    const ferry_time_ns took = pair_now(pair) - began_at;
    assert_in_range(took, (BREAKS - 4) * 200 * FERRY_MILLISECOND, BREAKS * 210 * FERRY_MILLISECOND);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

/* "Nothing of those attaches happens after DETACH's report": before it, the stream may still say
 * so. */
static void batch_reported_sent_after_the_loss_is_counted_once(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&two_networks);
    start_copying(pair, 10 * FERRY_MILLISECOND);
    pair_tamper(
        pair,
        PAIR_SOURCE,
        FERRY_ACTION_DETACH,
        (struct pair_tamper){.times = 1, .delay = 10 * FERRY_MILLISECOND});
    pair_reset(pair);

    pair_event(
        pair,
        PAIR_SOURCE,
        (struct ferry_event){
            .kind = FERRY_EVENT_BATCH_SENT,
            .attach = 1,
            .batch = 1,
            .wire_bytes = 1000,
            .pages = 256,
        });

    pair_assert_completed(pair);
    assert_true(pair_outcome(pair)->resent_bytes >= 1000);
    pair_destroy(pair);
}

static void news_of_another_attach_is_ignored(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&two_networks);
    start_copying(pair, 300 * FERRY_MILLISECOND);
    static const enum ferry_event_kind kinds[] = {
        FERRY_EVENT_ATTACHED, FERRY_EVENT_DETACHED, FERRY_EVENT_CONTROL_BYTES};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        for (uint32_t attach = 0; attach < 4; attach += 2) {
            const struct ferry_event event = {
                .kind = kinds[i],
                .attach = attach,
                .status = FERRY_WORLD_LINK,
                .bytes = {.data = (const uint8_t *)"garbage", .size = 7},
            };
            pair_event(pair, PAIR_SOURCE, event);
        }
    }

    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_LINK_DOWN), 0);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_network_is_left_for_the_next_after_one_second),
        cmocka_unit_test(one_way_silence_counts_whichever_way_it_is),
        cmocka_unit_test(shorter_silence_changes_nothing),
        cmocka_unit_test(better_network_is_used_again_when_it_answers),
        cmocka_unit_test(middle_network_is_better_than_the_last_while_the_best_is_dead),
        cmocka_unit_test(equal_networks_are_not_changed_for_each_other),
        cmocka_unit_test(lost_for_the_limit_fails_with_the_guest_at_the_source),
        cmocka_unit_test(target_that_never_answers_is_unreachable),
        cmocka_unit_test(acknowledged_pages_are_not_sent_again),
        cmocka_unit_test(zero_pages_that_are_sent_again_are_counted_once),
        cmocka_unit_test(reset_is_answered_at_once),
        cmocka_unit_test(damaged_batch_is_sent_again_on_a_new_connection),
        cmocka_unit_test(damaged_answers_cost_a_connection_and_too_many_the_migration),
        cmocka_unit_test(connection_that_breaks_as_soon_as_it_carries_is_not_hammered),
        cmocka_unit_test(batch_reported_sent_after_the_loss_is_counted_once),
        cmocka_unit_test(news_of_another_attach_is_ignored),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
