/* SPDX-License-Identifier: Apache-2.0 */
/* millions_test.c -- the shipped handover within the budgets that `ferry-sim explore` has by itself:
 * more than five million states, all of them, in a minute of processor time; and the first three million with
 * every kind of fault at once, which have no end within any patience. */
#include "sim/explore/explore.h"

#include <inttypes.h>
#include <sys/resource.h>

/* clang-format off */
#include <setjmp.h> /* the next header needs these, and does not include them */
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

#define NS_PER_S UINT64_C(1000000000)

/* Of this process's work, not of the clock: other tests may run at the same time. */
static uint64_t cpu_ns(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * NS_PER_S +
           ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000;
}

static void expect_no_harm(const struct explore_options *options, struct explore_result *result)
{
    explore_run(options, result);
    explore_report(stdout, options, result);
    assert_int_equal(result->search.broken, CHECK_NONE);
}

static void default_budgets_are_seen_whole_within_a_minute(void **unused)
{
    (void)unused;
    const uint64_t began = cpu_ns();
    const struct explore_options options = {.budgets = explore_budgets_default()};
    struct explore_result result;
    expect_no_harm(&options, &result);
    assert_in_range(cpu_ns() - began, 1, 60 * NS_PER_S);
    assert_int_equal(result.search.stop, SEARCH_ALL_SEEN);
    assert_true(result.search.states >= 5000000);
    assert_int_equal(result.crowded, 0);
}

static void every_kind_of_fault_at_once_does_no_harm(void **unused)
{
    (void)unused;
    struct explore_options options = {.limits = {.states = 3000000}};
    for (size_t i = 0; i < EXPLORE_BUDGET_COUNT; i++) {
        *explore_budget(&options.budgets, i) = 1;
    }
    struct explore_result result;
    expect_no_harm(&options, &result);
    assert_int_equal(result.search.stop, SEARCH_STATES_LIMIT);
    assert_int_equal(result.search.states, 3000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_budgets_are_seen_whole_within_a_minute),
        cmocka_unit_test(every_kind_of_fault_at_once_does_no_harm),
    };
    return cmocka_run_group_tests_name("millions_test", tests, NULL, NULL);
}
