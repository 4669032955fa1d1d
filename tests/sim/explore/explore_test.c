/* SPDX-License-Identifier: Apache-2.0 */
/* explore_test.c -- the shipped handover within small budgets, each seen whole. */
#include "sim/explore/explore.h"

#include "sim/explore/moves.h"

#include <inttypes.h>
#include <string.h>

/* clang-format off */
#include <setjmp.h> /* the next header needs these, and does not include them */
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

static struct explore_result explore_whole(struct explore_budgets budgets)
{
    const struct explore_options options = {.budgets = budgets};
    struct explore_result result;
    explore_run(&options, &result);
    if (result.search.broken != CHECK_NONE) {
        explore_transcript(stderr, &options, &result);
    }
    assert_int_equal(result.search.broken, CHECK_NONE);
    assert_int_equal(result.search.stop, SEARCH_ALL_SEEN);
    return result;
}

static void nothing_goes_wrong_and_the_guest_moves(void **unused)
{
    (void)unused;
    const struct explore_result result = explore_whole((struct explore_budgets){.attempts = 1});
    /* one way, without a choice but when the attempt is opened */
    assert_int_equal(result.search.states, 15);
    assert_int_equal(result.search.depth, 14);
}

static void each_fault_alone_is_borne(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < EXPLORE_BUDGET_COUNT; i++) {
        struct explore_budgets budgets = {.attempts = 2, .drops = 1};
        *explore_budget(&budgets, i) = explore_budget_items[i].most;
        const struct explore_result result = explore_whole(budgets);
        print_message(
            "%-14s %u: %7" PRIu64 " states, depth %u\n",
            explore_budget_items[i].option,
            explore_budget_items[i].most,
            result.search.states,
            result.search.depth);
        assert_true(result.search.states > 15);
    }
}

static void pairs_of_faults_are_borne(void **unused)
{
    (void)unused;
    for (size_t i = 1; i < EXPLORE_BUDGET_COUNT; i++) {
        for (size_t k = i + 1; k < EXPLORE_BUDGET_COUNT; k++) {
            struct explore_budgets budgets = {.attempts = 1};
            *explore_budget(&budgets, i) = 1;
            *explore_budget(&budgets, k) = 1;
            (void)explore_whole(budgets);
        }
    }
}

/* No row of the truth table holds only because nobody came by. */
static void every_row_of_the_truth_table_is_judged(void **unused)
{
    (void)unused;
    const struct explore_result result = explore_whole((struct explore_budgets){
        .attempts = 1,
        .crashes = 1,
        .restarts = 1,
        .failed_writes = 1,
        .cancels = 1,
        .reinstalls = 1,
    });
    for (int check = CHECK_T1_TARGET_GONE_BEFORE_GRANT; check <= CHECK_L3_ENDS; check++) {
        assert_true(result.rows[check] > 0);
    }
}

static void same_budgets_give_the_same_numbers(void **unused)
{
    (void)unused;
    const struct explore_budgets budgets = {.attempts = 2, .crashes = 1, .drops = 1, .late = 1};
    const struct explore_result first = explore_whole(budgets);
    const struct explore_result second = explore_whole(budgets);
    assert_int_equal(first.search.states, second.search.states);
    assert_int_equal(first.search.transitions, second.search.transitions);
    assert_memory_equal(first.rows, second.rows, sizeof first.rows);
}

static void limit_of_states_stops_it(void **unused)
{
    (void)unused;
    const struct explore_options options = {
        .budgets = explore_budgets_default(), .limits = {.states = 1000}};
    struct explore_result result;
    explore_run(&options, &result);
    assert_int_equal(result.search.stop, SEARCH_STATES_LIMIT);
    assert_int_equal(result.search.states, 1000);
}

/* States are compared as bytes: a move that changes nothing that matters must not make a new one. */
static void late_messages_in_either_order_are_one_state(void **unused)
{
    (void)unused;
    uint8_t first[EXPLORE_LATE] = {0};
    uint8_t second[EXPLORE_LATE] = {0};
    explore_late_add(first, MESSAGE_OF(MESSAGE_ABORT, 1));
    explore_late_add(first, MESSAGE_OF(MESSAGE_END_STAYED, 1));
    explore_late_add(second, MESSAGE_OF(MESSAGE_END_STAYED, 1));
    explore_late_add(second, MESSAGE_OF(MESSAGE_ABORT, 1));
    assert_memory_equal(first, second, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_wrong_and_the_guest_moves),
        cmocka_unit_test(each_fault_alone_is_borne),
        cmocka_unit_test(pairs_of_faults_are_borne),
        cmocka_unit_test(every_row_of_the_truth_table_is_judged),
        cmocka_unit_test(same_budgets_give_the_same_numbers),
        cmocka_unit_test(limit_of_states_stops_it),
        cmocka_unit_test(late_messages_in_either_order_are_one_state),
    };
    return cmocka_run_group_tests_name("explore_test", tests, NULL, NULL);
}
