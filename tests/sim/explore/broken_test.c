/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broken_test.c -- the explorer tested on itself: handovers with one rule taken away are found by the
 * requirement that says so, by who runs the guest, by what it comes to in the end: each alone.
 *
 * Each line that is printed says how deep the shortest way lies, and how many states were seen.
 */
#include "broken.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#include <setjmp.h> /* the next header needs these, and does not include them */
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

#define STATES_LIMIT 2000000U

/* The requirements of states and of single steps. */
static uint64_t requirements(void)
{
    uint64_t checks = 0;
    for (int check = 1; check < CHECK_T1_TARGET_GONE_BEFORE_GRANT; check++) {
        checks |= UINT64_C(1) << check;
    }
    return checks;
}

/* Nothing but who runs the guest, and who may. */
static uint64_t who_runs(void)
{
    return UINT64_C(1) << CHECK_I1_TWO_RUN | UINT64_C(1) << CHECK_H3_TWO_MAY_RUN;
}

/* Nothing but what it comes to in the end. */
static uint64_t ends(void)
{
    uint64_t checks = 0;
    for (int check = CHECK_T1_TARGET_GONE_BEFORE_GRANT; check <= CHECK_L3_ENDS; check++) {
        checks |= UINT64_C(1) << check;
    }
    return checks;
}

static void
explore(const struct broken_variant *variant, uint64_t checks, struct explore_result *result)
{
    const struct explore_options options = {
        .budgets = variant->budgets,
        .machine = &variant->machine,
        .checks = checks,
        .limits = {.states = STATES_LIMIT},
    };
    explore_run(&options, result);
    print_message(
        "%-38s %-22s depth %2u, %6" PRIu64 " states\n",
        variant->name,
        result->search.broken == CHECK_NONE ? "-" : explore_check_name(result->search.broken),
        result->search.path_length,
        result->search.states);
}

static void
expect_found(uint64_t checks, enum explore_check (*expected)(const struct broken_variant *variant))
{
    for (size_t i = 0; i < broken_variant_count; i++) {
        struct explore_result result;
        explore(&broken_variants[i], checks, &result);
        assert_string_equal(
            explore_check_name(result.search.broken),
            explore_check_name(expected(&broken_variants[i])));
    }
}

static enum explore_check by_requirement(const struct broken_variant *variant)
{
    return variant->requirement;
}

static enum explore_check by_who_runs(const struct broken_variant *variant)
{
    return variant->who_runs;
}

static enum explore_check by_end(const struct broken_variant *variant)
{
    return variant->end;
}

static void each_broken_variant_is_found_by_its_requirement(void **unused)
{
    (void)unused;
    expect_found(requirements(), by_requirement);
}

static void two_running_hosts_are_found_without_any_requirement(void **unused)
{
    (void)unused;
    expect_found(who_runs(), by_who_runs);
}

static void wrong_ends_are_found_without_any_requirement(void **unused)
{
    (void)unused;
    expect_found(ends(), by_end);
}

static void shipped_code_stands_with_the_same_budgets(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < broken_variant_count; i++) {
        struct explore_result result;
        const struct explore_options options = {
            .budgets = broken_variants[i].budgets,
            .limits = {.states = STATES_LIMIT},
        };
        explore_run(&options, &result);
        assert_int_equal(result.search.stop, SEARCH_ALL_SEEN);
        assert_int_equal(result.search.broken, CHECK_NONE);
    }
}

/* The way is a real one: carried out move by move it leads to the same. */
static void counterexample_is_shown_in_two_columns(void **unused)
{
    (void)unused;
    const struct broken_variant *variant = &broken_variants[0];
    const struct explore_options options = {
        .budgets = variant->budgets,
        .machine = &variant->machine,
        .limits = {.states = STATES_LIMIT},
    };
    struct explore_result result;
    char *text = NULL;
    size_t size = 0;

    explore_run(&options, &result);
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    explore_transcript(stream, &options, &result);
    (void)fclose(stream);

    assert_non_null(strstr(text, "H-2 does not hold: once the grant is issued"));
    assert_non_null(strstr(text, "A shortest way there, 7 moves:"));
    assert_non_null(
        strstr(text, "   4                                              MANIFEST 1 arrives"));
    assert_non_null(strstr(text, "   7  operator cancels"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_broken_variant_is_found_by_its_requirement),
        cmocka_unit_test(two_running_hosts_are_found_without_any_requirement),
        cmocka_unit_test(wrong_ends_are_found_without_any_requirement),
        cmocka_unit_test(shipped_code_stands_with_the_same_budgets),
        cmocka_unit_test(counterexample_is_shown_in_two_columns),
    };
    return cmocka_run_group_tests_name("broken_test", tests, NULL, NULL);
}
