/* SPDX-License-Identifier: Apache-2.0 */
/* any_step_test.c -- a connection that is lost at any step of a whole migration costs time, never
 * the migration: it goes on where it was, and completes.
 *
 * handover/every_step_test.c asks where the guest runs in the end; here it has to be the target. */
#include "support/harness.h"
#include "support/pair.h"

static const struct pair_options patient = {
    .ram_pages = 128,
    .zero_pages = 16,
    .dirty_pages_per_ms = 4,
    .dirty_span = 32,
    .streams = 2,
    .paths = 2,
    .blackout_limit = 60 * FERRY_SECOND,
};

static uint32_t steps_until_outcome(const struct pair_options *options)
{
    struct pair *pair = pair_create(options);
    uint32_t steps = 0;
    while (pair_outcomes(pair) == 0 && pair_step(pair)) {
        steps++;
    }
    pair_destroy(pair);
    return steps;
}

static struct pair *run_steps(const struct pair_options *options, uint32_t steps)
{
    struct pair *pair = pair_create(options);
    for (uint32_t i = 0; i < steps; i++) {
        (void)pair_step(pair);
    }
    return pair;
}

static void assert_completed_after(struct pair *pair, const char *fault, uint32_t step)
{
    pair_run_until_outcome(pair);
    if (pair_outcome(pair)->kind != FERRY_OUTCOME_COMPLETED) {
        fail_msg("%s at step %u: %s", fault, step, pair_outcome(pair)->reason);
    }
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void reset_at_any_step_costs_time_only(void **unused)
{
    (void)unused;
    const uint32_t steps = steps_until_outcome(&patient);
    assert_true(steps > 40);
    for (uint32_t step = 0; step < steps; step++) {
        struct pair *pair = run_steps(&patient, step);
        pair_reset(pair);
        assert_completed_after(pair, "reset", step);
    }
}

static void second_reset_while_it_reconnects_costs_time_only(void **unused)
{
    (void)unused;
    const uint32_t steps = steps_until_outcome(&patient);
    for (uint32_t step = 0; step < steps; step++) {
        for (uint32_t gap = 1; gap < 8; gap++) {
            struct pair *pair = run_steps(&patient, step);
            pair_reset(pair);
            for (uint32_t i = 0; i < gap; i++) {
                (void)pair_step(pair);
            }
            pair_reset(pair);
            assert_completed_after(pair, "second reset", step);
        }
    }
}

static void outage_at_any_step_costs_time_only(void **unused)
{
    (void)unused;
    const uint32_t steps = steps_until_outcome(&patient);
    for (uint32_t step = 0; step < steps; step++) {
        struct pair *pair = run_steps(&patient, step);
        pair_cut(pair, true);
        pair_advance(pair, 3 * FERRY_SECOND);
        pair_cut(pair, false);
        assert_completed_after(pair, "outage", step);
    }
}

static void loss_of_the_better_network_at_any_step_costs_time_only(void **unused)
{
    (void)unused;
    const uint32_t steps = steps_until_outcome(&patient);
    for (uint32_t step = 0; step < steps; step++) {
        struct pair *pair = run_steps(&patient, step);
        pair_cut_path(pair, 0, true);
        assert_completed_after(pair, "loss of network 0", step);
    }
}

/* With a limit that aborts attempts: the guest comes back, and the copy goes on. */
static void reset_around_an_aborted_attempt_costs_time_only(void **unused)
{
    (void)unused;
    struct pair_options options = patient;
    options.blackout_limit = 40 * FERRY_MILLISECOND;
    options.paths = 1; /* a second, better one would be moved to, and hide a connection of no use */
    const ferry_time_ns collapse = 45 * FERRY_MILLISECOND;
    for (uint32_t gap = 0; gap < 40; gap++) {
        struct pair *pair = pair_create(&options);
        pair_run_until_source(pair, FERRY_SOURCE_SENDING);
        pair_cut(pair, true);
        while (pair_source_state(pair) == FERRY_SOURCE_SENDING) {
            assert_true(pair_step(pair));
        }
        assert_int_equal(pair_source_state(pair), FERRY_SOURCE_RESUMING);
        pair_cut(pair, false);
        for (uint32_t i = 0; i < gap; i++) {
            (void)pair_step(pair);
        }
        pair_reset(pair);
        pair_advance(pair, collapse);
        assert_completed_after(pair, "reset after an abort", gap);
    }
}

static void damage_at_any_step_costs_time_only(void **unused)
{
    (void)unused;
    const uint32_t steps = steps_until_outcome(&patient);
    for (uint32_t step = 0; step < steps; step++) {
        struct pair *pair = run_steps(&patient, step);
        pair_corrupt_next_batch(pair);
        assert_completed_after(pair, "damage", step);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_at_any_step_costs_time_only),
        cmocka_unit_test(second_reset_while_it_reconnects_costs_time_only),
        cmocka_unit_test(outage_at_any_step_costs_time_only),
        cmocka_unit_test(loss_of_the_better_network_at_any_step_costs_time_only),
        cmocka_unit_test(reset_around_an_aborted_attempt_costs_time_only),
        cmocka_unit_test(damage_at_any_step_costs_time_only),
    };
    return cmocka_run_group_tests_name("any step", tests, NULL, NULL);
}
