/* SPDX-License-Identifier: Apache-2.0 */
/* runs_test.c -- some hundred seeds on the light network: nothing is violated, and all is repeatable. */
#include "sim/chaos/plan.h"
#include "sim/chaos/trial.h"

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

#define SEEDS 400U

static void run_seed(uint64_t seed, struct trial *trial)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    size_t size = 0;
    char *text = plan_text(seed, &size);

    assert_int_equal(scenario_load_text("chaos.yaml", text, size, &scenario, &errors), SCENARIO_OK);
    const struct trial_options options = {
        .run = sim_run,
        .network = SIM_NETWORK_LIGHT,
        .seed = scenario->seed,
    };

    assert_true(trial_run(scenario, &options, trial));
    scenario_free(scenario);
    scenario_errors_free(&errors);
    free(text);
}

static void some_hundred_seeds_end_well(void **unused)
{
    unsigned verdicts[TRIAL_VERDICTS] = {0};
    unsigned outcomes[TRIAL_OUTCOMES] = {0};

    (void)unused;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct trial trial;

        run_seed(seed, &trial);
        if (trial.verdict != TRIAL_OK && trial.verdict != TRIAL_UNWINNABLE) {
            fail_msg(
                "seed %" PRIu64 ": %s %s: %s (ferry-sim chaos --seed %" PRIu64 ")",
                seed,
                trial_verdict_name(trial.verdict),
                trial.id,
                trial.message,
                seed);
        }
        verdicts[trial.verdict]++;
        for (size_t i = 0; i < TRIAL_OUTCOMES; i++) {
            outcomes[i] += trial.outcomes[i];
        }
    }
    /* it is no sunny day: everything that can come of a move does */
    assert_true(verdicts[TRIAL_OK] > SEEDS / 2);
    assert_true(verdicts[TRIAL_UNWINNABLE] > 0);
    assert_int_equal(outcomes[FERRY_OUTCOME_NONE], 0);
    for (unsigned kind = FERRY_OUTCOME_COMPLETED; kind <= FERRY_OUTCOME_REFUSED; kind++) {
        assert_true(outcomes[kind] > 0);
    }
}

static void a_seed_runs_the_same_again_in_one_process(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct trial first;
        struct trial again;

        run_seed(seed, &first);
        run_seed(seed, &again);
        assert_int_equal(first.hash, again.hash);
        assert_int_equal(first.events, again.events);
        assert_int_equal(first.verdict, again.verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_hundred_seeds_end_well),
        cmocka_unit_test(a_seed_runs_the_same_again_in_one_process),
    };

    return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
