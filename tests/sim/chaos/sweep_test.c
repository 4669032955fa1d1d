/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_test.c -- every single fault at every step, and what is numbered how. */
#include "sim/chaos/sweep.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct bench bench = {.run = sim_run, .network = SIM_NETWORK_LIGHT};

static void run_number(const struct sweep *sweep, uint64_t number, struct trial *trial)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    size_t size = 0;
    char *text = sweep_text(sweep, number, &size);

    if (scenario_load_text("sweep.yaml", text, size, &scenario, &errors) != SCENARIO_OK) {
        fail_msg("run %" PRIu64 ": %s\n%s", number, errors.items[0].message, text);
    }
    const struct trial_options options = {
        .run = sim_run,
        .network = SIM_NETWORK_LIGHT,
        .seed = scenario->seed,
    };

    assert_true(trial_run(scenario, &options, trial));
    scenario_free(scenario);
    free(text);
}

static void require_well(uint64_t number, const struct trial *trial)
{
    if (trial->verdict != TRIAL_OK && trial->verdict != TRIAL_UNWINNABLE) {
        fail_msg("ferry-sim sweep --run %" PRIu64 ": %s: %s", number, trial->id, trial->message);
    }
}

static void every_single_fault_at_every_step_ends_well(void **unused)
{
    struct sweep sweep;

    (void)unused;
    assert_true(sweep_begin(&sweep, &bench, SWEEP_NO_PAIRS));
    assert_true(sweep.step_count >= 80);
    assert_true(sweep.window_count >= 20);
    assert_true(sweep.window_first + sweep.window_count <= sweep.step_count);
    assert_int_equal(sweep_pair_count(&sweep), 0);
    assert_int_equal(sweep_single_count(&sweep), sweep.step_count * sweep_kind_count());
    for (uint64_t number = 0; number < sweep_single_count(&sweep); number++) {
        struct trial trial;

        run_number(&sweep, number, &trial);
        require_well(number, &trial);
    }
    sweep_end(&sweep);
}

static void some_pairs_end_well(void **unused)
{
    struct sweep sweep;

    (void)unused;
    assert_true(sweep_begin(&sweep, &bench, SWEEP_PAIRS_OF_PHASES));
    const uint64_t first = sweep_single_count(&sweep);

    for (uint64_t number = first; number < first + sweep_pair_count(&sweep); number += 31) {
        struct trial trial;

        run_number(&sweep, number, &trial);
        require_well(number, &trial);
    }
    sweep_end(&sweep);
}

/* Every two kinds at every two places, the first not after the second, each once. */
static void pairs_are_all_there_and_each_once(void **unused)
{
    struct sweep sweep;
    uint64_t kinds = 0;

    (void)unused;
    assert_true(sweep_begin(&sweep, &bench, SWEEP_PAIRS_OF_PHASES));
    const uint64_t first = sweep_single_count(&sweep);
    const uint64_t count = sweep_pair_count(&sweep);
    char **texts = calloc(count, sizeof *texts);
    const unsigned each = sweep_kind_count();

    assert_int_equal(count, (uint64_t)each * each * 45);
    assert_non_null(texts);
    for (uint64_t i = 0; i < count; i += 97) { /* neighbours in place and kind are far apart */
        size_t size = 0;

        kinds |= sweep_kinds(&sweep, first + i);
        texts[i] = sweep_text(&sweep, first + i, &size);
        for (uint64_t k = i >= 97 * 40 ? i - 97 * 40 : 0; k < i; k++) {
            if (texts[k] != NULL) {
                assert_string_not_equal(strchr(texts[k], '\n') + 1, strchr(texts[i], '\n') + 1);
            }
        }
    }
    assert_int_equal(kinds, (UINT64_C(1) << each) - 1);
    for (uint64_t i = 0; i < count; i++) {
        free(texts[i]);
    }
    free(texts);
    sweep_end(&sweep);
}

static int set_up(void **unused)
{
    (void)unused;
    (void)sigemptyset(&bench.watched);
    (void)sigemptyset(&bench.old_mask);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_single_fault_at_every_step_ends_well),
        cmocka_unit_test(some_pairs_end_well),
        cmocka_unit_test(pairs_are_all_there_and_each_once),
    };

    return cmocka_run_group_tests_name("sweep", tests, set_up, NULL);
}
