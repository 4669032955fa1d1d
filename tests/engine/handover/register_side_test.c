/* SPDX-License-Identifier: Apache-2.0 */
/* register_side_test.c -- both sides by the cluster's register, answer by answer: what the explorer's store
 * never says within its budgets, and what has to be said again (G-4). */
#include "handover/register.h"
#include "support/harness.h"

static const struct register_value at_source = {
    .epoch = 5, .kind = REGISTER_RUNNING, .host = REGISTER_SOURCE};
static const struct register_value in_handover = {
    .epoch = 5, .attempt = 2, .kind = REGISTER_HANDOVER};

static struct register_side source_in(enum register_source_phase phase)
{
    return (struct register_side){.epoch = 5, .attempt = 2, .phase = (uint8_t)phase};
}

static struct register_step answer(struct register_side *source, const struct register_value *value)
{
    return register_source_step(source, REGISTER_IN_ANSWER, value);
}

static void assert_swap(
    const struct register_step *step,
    const struct register_value *expected,
    const struct register_value *wanted)
{
    assert_int_equal(step->count, 1);
    assert_int_equal(step->output[0], REGISTER_OUT_SWAP);
    assert_memory_equal(&step->expected, expected, sizeof(*expected));
    assert_memory_equal(&step->wanted, wanted, sizeof(*wanted));
}

static void older_attempt_that_is_open_is_replaced(void **unused)
{
    (void)unused;
    struct register_side source = source_in(REGISTER_SOURCE_OPENING);
    struct register_value older = in_handover;
    older.attempt = 1;

    const struct register_step step = answer(&source, &older);

    assert_swap(&step, &older, &in_handover);
    assert_int_equal(source.phase, REGISTER_SOURCE_OPENING);
}

static void register_that_never_left_the_source_gets_a_new_epoch(void **unused)
{
    (void)unused;
    struct register_side source = source_in(REGISTER_SOURCE_RESTORING);
    struct register_value raised = at_source;
    raised.epoch = 6;

    const struct register_step step = answer(&source, &at_source);

    assert_swap(&step, &at_source, &raised);
    assert_int_equal(source.phase, REGISTER_SOURCE_RESTORING);
}

static void paused_source_that_reads_its_own_name_runs_again(void **unused)
{
    (void)unused;
    struct register_side source = source_in(REGISTER_SOURCE_PAUSED);
    struct register_value given_back = at_source;
    given_back.epoch = 6;

    assert_int_equal(answer(&source, &in_handover).count, 0); /* still open: nothing is known */
    const struct register_step step = answer(&source, &given_back);

    assert_int_equal(step.count, 1);
    assert_int_equal(step.output[0], REGISTER_OUT_RUN_HERE);
    assert_true(register_source_may_run(&source));
    assert_int_equal(source.epoch, 6);
}

static void target_whose_request_was_lost_asks_again(void **unused)
{
    (void)unused;
    struct register_side target = register_target_start(5);
    const struct register_step first =
        register_target_step(&target, REGISTER_IN_LOADED, 2, 5, NULL);

    const struct register_step again =
        register_target_step(&target, REGISTER_IN_ANSWER, 0, 0, &in_handover);

    assert_int_equal(first.count, again.count); /* field by field: the struct has padding */
    assert_memory_equal(first.output, again.output, first.count);
    assert_memory_equal(&first.expected, &again.expected, sizeof(first.expected));
    assert_memory_equal(&first.wanted, &again.wanted, sizeof(first.wanted));
    assert_false(register_target_may_run(&target));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_attempt_that_is_open_is_replaced),
        cmocka_unit_test(register_that_never_left_the_source_gets_a_new_epoch),
        cmocka_unit_test(paused_source_that_reads_its_own_name_runs_again),
        cmocka_unit_test(target_whose_request_was_lost_asks_again),
    };
    return cmocka_run_group_tests_name("register", tests, NULL, NULL);
}
