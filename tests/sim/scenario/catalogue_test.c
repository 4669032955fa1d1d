/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue_test.c -- the catalogue of faults is whole: the parser, the folder of scenarios and the
 * chaos all know what it names. Run from the top of the tree.
 */
#include "fixture.h"
#include "sim/chaos/plan.h"
#include "sim/scenario/keys.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct table *variant_of(const struct table *choice, const char *key)
{
    for (size_t i = 0; choice->variants[i] != NULL; i++) {
        if (strcmp(choice->variants[i]->selector, key) == 0) {
            return choice->variants[i];
        }
    }
    return NULL;
}

static void there_are_at_least_twenty_five_kinds_of_faults(void **unused)
{
    size_t faults = 0;

    (void)unused;
    for (size_t i = 0; i < scenario_catalogue_count(); i++) {
        faults += scenario_catalogue_row(i)->kind != 0 ? 1 : 0;
    }
    assert_int_equal(faults, SCENARIO_FAULT_KINDS - 1);
    assert_true(faults >= 25);
}

static void every_row_says_what_it_is(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < scenario_catalogue_count(); i++) {
        const struct scenario_catalogue_row *row = scenario_catalogue_row(i);

        assert_true(strlen(row->name) > 0 && strlen(row->effect) > 20 && strlen(row->ends) > 0);
        assert_string_not_equal(scenario_scope_name(row->scope), "?");
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(row->key, scenario_catalogue_row(k)->key);
        }
        if (row->kind != 0) {
            assert_string_equal(scenario_fault_kind_name(row->kind), row->key);
            assert_int_equal(scenario_fault_scope(row->kind), row->scope);
        }
    }
}

/* In both directions: no row that the parser does not take, no fault that the catalogue hides. */
static void rows_and_the_keys_of_files_are_the_same(void **unused)
{
    size_t variants = 0;

    (void)unused;
    for (size_t i = 0; i < scenario_catalogue_count(); i++) {
        const struct scenario_catalogue_row *row = scenario_catalogue_row(i);

        assert_non_null(variant_of(row->kind == 0 ? &step_table : &fault_table, row->key));
    }
    while (fault_table.variants[variants] != NULL) {
        variants++;
    }
    assert_int_equal(variants, SCENARIO_FAULT_KINDS - 1);
}

/* ---- scenarios ---- */

static bool uses(const struct scenario *scenario, const struct scenario_catalogue_row *row)
{
    for (size_t i = 0; i < scenario->fault_count; i++) {
        if (row->kind != 0 && scenario->faults[i].kind == row->kind) {
            return true;
        }
    }
    size_t moves = 0;

    for (size_t i = 0; row->kind == 0 && i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];

        if (strcmp(scenario_step_kind_name(step->kind), row->key) == 0) {
            moves++;
        }
    }
    return moves > (strcmp(row->key, "move") == 0 ? 1U : 0U); /* a second one, there */
}

static void every_kind_has_a_scenario_that_asks_about_it(void **unused)
{
    const size_t rows = scenario_catalogue_count();
    bool *used = calloc(rows, sizeof *used);
    glob_t files;

    (void)unused;
    assert_non_null(used);
    assert_int_equal(glob("scenarios/*.yaml", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct scenario_errors errors = {.items = NULL};
        struct scenario *scenario = NULL;

        assert_int_equal(scenario_load(files.gl_pathv[i], &scenario, &errors), SCENARIO_OK);
        assert_true(strlen(scenario->question) > 0);
        for (size_t row = 0; row < rows; row++) {
            used[row] = used[row] || uses(scenario, scenario_catalogue_row(row));
        }
        scenario_free(scenario);
    }
    for (size_t row = 0; row < rows; row++) {
        if (!used[row]) {
            fail_msg("no file in scenarios/ uses '%s'", scenario_catalogue_row(row)->key);
        }
    }
    globfree(&files);
    free(used);
}

/* Chaos has a name and a line for each: what it cannot write it would never try. */
static void chaos_writes_every_kind(void **unused)
{
    (void)unused;
    for (unsigned kind = 1; kind < SCENARIO_FAULT_KINDS; kind++) {
        const struct plan plan = {.host_count = 2};
        const struct plan_fault fault = {.kind = kind, .to = 1, .length_us = 1000, .value = 1};
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        plan_write_fault(out, &plan, &fault);
        (void)fclose(out);
        assert_non_null(strstr(text, plan_kind_name(kind)));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_at_least_twenty_five_kinds_of_faults),
        cmocka_unit_test(every_row_says_what_it_is),
        cmocka_unit_test(rows_and_the_keys_of_files_are_the_same),
        cmocka_unit_test(every_kind_has_a_scenario_that_asks_about_it),
        cmocka_unit_test(chaos_writes_every_kind),
    };
    return cmocka_run_group_tests_name("scenario/catalogue", tests, NULL, NULL);
}
