/* SPDX-License-Identifier: Apache-2.0 */
/* register_test.c -- the handover by the cluster's register, seen whole, and broken variants of it. */
#include "sim/explore/register_world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#include <setjmp.h> /* the next header needs these, and does not include them */
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

static const struct explore_budgets budgets = {
    .attempts = 2, .crashes = 2, .restarts = 1, .drops = 2, .timeouts = 2};

static struct explore_result explore(const struct register_machine *machine, uint64_t checks)
{
    const struct explore_options options = {
        .budgets = budgets,
        .use_register = true,
        .register_machine = machine,
        .checks = checks,
    };
    struct explore_result result;
    explore_run(&options, &result);
    print_message(
        "%-22s depth %2u, %7" PRIu64 " states\n",
        result.search.broken == CHECK_NONE ? "-" : explore_check_sentence(result.search.broken),
        result.search.broken == CHECK_NONE ? result.search.depth : result.search.path_length,
        result.search.states);
    return result;
}

static void register_keeps_one_host_running_and_blocks_nobody(void **unused)
{
    (void)unused;
    const struct explore_result result = explore(NULL, 0);
    assert_int_equal(result.search.broken, CHECK_NONE);
    assert_int_equal(result.search.stop, SEARCH_ALL_SEEN);
    assert_true(result.search.states > 100000);
    assert_int_equal(result.rows[CHECK_R2_BLOCKED], result.search.states);
}

static struct explore_result
lose_the_register(const struct register_machine *machine, uint64_t checks)
{
    const struct explore_options options = {
        .budgets = {.attempts = 2, .crashes = 1, .restarts = 1, .timeouts = 1, .losses = 1},
        .use_register = true,
        .register_machine = machine,
        .checks = checks,
    };
    struct explore_result result;
    explore_run(&options, &result);
    return result;
}

static void register_that_is_gone_gives_the_guest_to_nobody(void **unused)
{
    (void)unused;
    const struct explore_result result = lose_the_register(NULL, 0);
    assert_int_equal(result.search.broken, CHECK_NONE);
    assert_int_equal(result.search.stop, SEARCH_ALL_SEEN);
    assert_true(result.rows[CHECK_R5_RESTORED] > 10000);
    assert_int_equal(
        result.rows[CHECK_R2_BLOCKED] + result.rows[CHECK_R5_RESTORED], result.search.states);
}

/* G-4: a register that is gone is taken for one that gave the guest back. */
static struct register_step returns_unanswered(
    struct register_side *source, enum register_input input, const struct register_value *value)
{
    if (input == REGISTER_IN_NO_ANSWER && source->phase == REGISTER_SOURCE_RETURNING) {
        source->phase = REGISTER_SOURCE_RUNNING;
        return (struct register_step){.count = 1, .output = {REGISTER_OUT_RUN_HERE}};
    }
    return register_source_step(source, input, value);
}

/* G-4: so would a target do that gives up. */
static struct register_step takes_unanswered(
    struct register_side *target,
    enum register_input input,
    uint32_t attempt,
    uint64_t epoch,
    const struct register_value *value)
{
    if (input == REGISTER_IN_NO_ANSWER && target->phase == REGISTER_TARGET_TAKING) {
        target->phase = REGISTER_TARGET_OWNER;
        return (struct register_step){.count = 1, .output = {REGISTER_OUT_RUN_HERE}};
    }
    return register_target_step(target, input, attempt, epoch, value);
}

/* A target that stops to ask once it got no answer: it stays blocked though the register is back. */
static struct register_step gives_up_asking(
    struct register_side *target,
    enum register_input input,
    uint32_t attempt,
    uint64_t epoch,
    const struct register_value *value)
{
    if (input == REGISTER_IN_NO_ANSWER) {
        return (struct register_step){.count = 0};
    }
    return register_target_step(target, input, attempt, epoch, value);
}

static void loss_of_the_register_taken_for_an_answer_is_found(void **unused)
{
    (void)unused;
    const struct register_machine source = {returns_unanswered, register_target_step};
    const struct register_machine target = {register_source_step, takes_unanswered};
    const struct register_machine silent = {register_source_step, gives_up_asking};
    const uint64_t proof = UINT64_C(1) << CHECK_R4_NO_PROOF;
    const uint64_t named = UINT64_C(1) << CHECK_R1_RUNS_WITHOUT_REGISTER;

    assert_int_equal(lose_the_register(&source, proof).search.broken, CHECK_R4_NO_PROOF);
    assert_int_equal(
        lose_the_register(&target, named).search.broken, CHECK_R1_RUNS_WITHOUT_REGISTER);
    assert_int_equal(lose_the_register(&silent, 0).search.broken, CHECK_R5_RESTORED);
}

/* G-2 */
static struct register_step resumes_unasked(
    struct register_side *source, enum register_input input, const struct register_value *value)
{
    if (input == REGISTER_IN_ABORT && source->phase == REGISTER_SOURCE_PAUSED) {
        source->phase = REGISTER_SOURCE_RUNNING;
        return (struct register_step){.count = 1, .output = {REGISTER_OUT_RUN_HERE}};
    }
    return register_source_step(source, input, value);
}

/* G-2, after a restart */
static struct register_step restart_runs_unanswered(
    struct register_side *source, enum register_input input, const struct register_value *value)
{
    if (input == REGISTER_IN_NO_ANSWER && source->phase == REGISTER_SOURCE_ASKING) {
        source->phase = REGISTER_SOURCE_RUNNING;
        return (struct register_step){.count = 1, .output = {REGISTER_OUT_RUN_HERE}};
    }
    return register_source_step(source, input, value);
}

/* G-3 */
static struct register_step runs_before_the_answer(
    struct register_side *target,
    enum register_input input,
    uint32_t attempt,
    uint64_t epoch,
    const struct register_value *value)
{
    struct register_step step = register_target_step(target, input, attempt, epoch, value);
    if (input == REGISTER_IN_LOADED && step.count == 1) {
        target->phase = REGISTER_TARGET_OWNER;
        step.output[1] = REGISTER_OUT_RUN_HERE;
        step.count = 2;
    }
    return step;
}

/* G-4 */
static struct register_step silence_is_a_no(
    struct register_side *target,
    enum register_input input,
    uint32_t attempt,
    uint64_t epoch,
    const struct register_value *value)
{
    if (input == REGISTER_IN_NO_ANSWER && target->phase == REGISTER_TARGET_TAKING) {
        target->phase = REGISTER_TARGET_RECEIVING;
        return (struct register_step){.count = 1, .output = {REGISTER_OUT_VOID}};
    }
    return register_target_step(target, input, attempt, epoch, value);
}

/* An attempt is taken for any other: the register says HANDOVER, and that is all that is looked at. */
static struct register_step any_attempt_will_do(
    struct register_side *target,
    enum register_input input,
    uint32_t attempt,
    uint64_t epoch,
    const struct register_value *value)
{
    if (input == REGISTER_IN_ANSWER && target->phase == REGISTER_TARGET_TAKING &&
        value->kind == REGISTER_HANDOVER) {
        target->attempt = value->attempt;
        target->epoch = value->epoch;
    }
    return register_target_step(target, input, attempt, epoch, value);
}

static uint64_t only(enum explore_check check)
{
    return UINT64_C(1) << check;
}

static void broken_variants_are_found(void **unused)
{
    (void)unused;
    static const struct {
        struct register_machine machine;
        enum explore_check check;
    } cases[] = {
        {{resumes_unasked, register_target_step},         CHECK_I1_TWO_RUN              },
        {{restart_runs_unanswered, register_target_step}, CHECK_I1_TWO_RUN              },
        {{register_source_step, runs_before_the_answer},  CHECK_R1_RUNS_WITHOUT_REGISTER},
        {{register_source_step, runs_before_the_answer},  CHECK_I1_TWO_RUN              },
        {{register_source_step, silence_is_a_no},         CHECK_R2_BLOCKED              },
        {{register_source_step, any_attempt_will_do},     CHECK_I1_TWO_RUN              },
        {{register_source_step, any_attempt_will_do},     CHECK_R3_STALE_MEMORY         },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct explore_result result = explore(&cases[i].machine, only(cases[i].check));
        assert_int_equal(result.search.broken, cases[i].check);
    }
}

static void counterexample_shows_the_register(void **unused)
{
    (void)unused;
    static const struct register_machine machine = {resumes_unasked, register_target_step};
    const struct explore_options options = {
        .budgets = budgets,
        .use_register = true,
        .register_machine = &machine,
        .checks = only(CHECK_I1_TWO_RUN)};
    struct explore_result result;
    char *text = NULL;
    size_t size = 0;
    explore_run(&options, &result);

    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    explore_transcript(stream, &options, &result);
    (void)fclose(stream);

    assert_non_null(strstr(text, "source: opens an attempt"));
    assert_non_null(strstr(text, "handover 1, epoch 1"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(register_keeps_one_host_running_and_blocks_nobody),
        cmocka_unit_test(register_that_is_gone_gives_the_guest_to_nobody),
        cmocka_unit_test(loss_of_the_register_taken_for_an_answer_is_found),
        cmocka_unit_test(broken_variants_are_found),
        cmocka_unit_test(counterexample_shows_the_register),
    };
    return cmocka_run_group_tests_name("register_test", tests, NULL, NULL);
}
