/* SPDX-License-Identifier: Apache-2.0 */
/* trial_test.c -- from results to verdicts: which failures excuse, and which are the same. */
#include "sim/chaos/trial.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

struct stage {
    struct scenario *scenario;
    struct sim_result result;
};

/* g1 moves from h1 to h2 and nothing but `fault` happens. */
static void make(struct stage *stage, const char *fault)
{
    struct scenario_errors errors = {.items = NULL};
    char text[600];

    (void)snprintf(
        text,
        sizeof text,
        "version: 1\n"
        "hosts: {h1: {memory: 1 GiB}, h2: {memory: 1 GiB}}\n"
        "networks: {n1: {hosts: [h1, h2], bandwidth: 1 Gbit/s}}\n"
        "guests: {g1: {host: h1, memory: 1 MiB}}\n"
        "steps: [{at: 1 s, move: g1, to: h2}]\n"
        "faults: [%s]\n",
        fault);
    assert_int_equal(
        scenario_load_text("s.yaml", text, strlen(text), &stage->scenario, &errors), SCENARIO_OK);
    sim_result_init(&stage->result, stage->scenario, 1);
    (void)sim_result_add_migration(&stage->result, 0, 0, 0, 1);
    stage->result.migrations[0].outcome.kind = FERRY_OUTCOME_COMPLETED;
    stage->result.guests[0] = (struct sim_guest_end){.place = SCENARIO_PLACE_RUNNING, .host = 1};
}

static void unmake(struct stage *stage)
{
    sim_result_deinit(&stage->result);
    scenario_free(stage->scenario);
}

#define CRASH     "{at: 2 s, host: h1, crash: true, restart_after: 1 s}"
#define GONE      "{at: 2 s, host: h1, crash: true}"
#define REINSTALL "{at: 2 s, host: h1, reinstall: true, restart_after: 1 s}"
#define RESET     "{at: 2 s, network: n1, reset: true}"

static void verdict_follows_from_ends_and_faults(void **unused)
{
    static const struct {
        const char *fault;
        enum ferry_outcome_kind outcome;
        enum scenario_place place;
        enum trial_verdict verdict;
        enum trial_rule rule;
    } rows[] = {
        {RESET,     FERRY_OUTCOME_COMPLETED, SCENARIO_PLACE_RUNNING, TRIAL_OK,       TRIAL_RULE_NONE        },
        {RESET,     FERRY_OUTCOME_FAILED,    SCENARIO_PLACE_RUNNING, TRIAL_OK,       TRIAL_RULE_NONE        },
        {RESET,     FERRY_OUTCOME_NONE,      SCENARIO_PLACE_RUNNING, TRIAL_VIOLATED, TRIAL_RULE_NONE        },
        {RESET,     FERRY_OUTCOME_COMPLETED, SCENARIO_PLACE_LOST,    TRIAL_VIOLATED, TRIAL_RULE_NONE        },
        {RESET,     FERRY_OUTCOME_COMPLETED, SCENARIO_PLACE_PAUSED,  TRIAL_VIOLATED, TRIAL_RULE_NONE        },
        {RESET,     FERRY_OUTCOME_UNKNOWN,   SCENARIO_PLACE_RUNNING, TRIAL_VIOLATED, TRIAL_RULE_NONE        },
        {CRASH,
         FERRY_OUTCOME_FAILED,               SCENARIO_PLACE_LOST,
         TRIAL_UNWINNABLE,                                                           TRIAL_RULE_HOST_CRASHED},
        {CRASH,     FERRY_OUTCOME_FAILED,    SCENARIO_PLACE_PAUSED,  TRIAL_VIOLATED, TRIAL_RULE_NONE        },
        {CRASH,     FERRY_OUTCOME_UNKNOWN,   SCENARIO_PLACE_RUNNING, TRIAL_VIOLATED, TRIAL_RULE_NONE        },
        {GONE,
         FERRY_OUTCOME_UNKNOWN,              SCENARIO_PLACE_PAUSED,
         TRIAL_UNWINNABLE,                                                           TRIAL_RULE_HOST_GONE   },
        {REINSTALL,
         FERRY_OUTCOME_UNKNOWN,              SCENARIO_PLACE_PAUSED,
         TRIAL_UNWINNABLE,                                                           TRIAL_RULE_JOURNAL_LOST},
        {REINSTALL,
         FERRY_OUTCOME_FAILED,               SCENARIO_PLACE_LOST,
         TRIAL_UNWINNABLE,                                                           TRIAL_RULE_HOST_CRASHED},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        struct trial trial;

        make(&stage, rows[i].fault);
        stage.result.migrations[0].outcome.kind = rows[i].outcome;
        stage.result.guests[0].place = rows[i].place;
        trial_judge(&stage.result, &trial);
        if (trial.verdict != rows[i].verdict ||
            (trial.verdict == TRIAL_UNWINNABLE && trial.rule != rows[i].rule)) {
            fail_msg(
                "row %u: %s, %s", (unsigned)i, trial_verdict_name(trial.verdict), trial.message);
        }
        unmake(&stage);
    }
}

static void failed_invariant_counts_before_any_excuse(void **unused)
{
    struct stage stage;
    struct trial trial;

    (void)unused;
    make(&stage, CRASH);
    stage.result.guests[0].place = SCENARIO_PLACE_LOST;
    sim_result_fail(&stage.result, "I1", 5, 0, "guest %s runs twice", "g1");
    trial_judge(&stage.result, &trial);

    assert_int_equal(trial.verdict, TRIAL_VIOLATED);
    assert_string_equal(trial.id, "I1");
    assert_string_equal(trial.message, "guest g1 runs twice");
    assert_int_equal(trial.at_ns, 5);
    unmake(&stage);
}

static void run_that_gave_up_is_broken(void **unused)
{
    struct stage stage;
    struct trial trial;

    (void)unused;
    make(&stage, RESET);
    sim_result_error(&stage.result, 7, "no progress");
    trial_judge(&stage.result, &trial);

    assert_int_equal(trial.verdict, TRIAL_BROKEN);
    unmake(&stage);
}

static void failures_are_the_same_whatever_their_numbers(void **unused)
{
    static const struct {
        const char *ids[2];
        const char *messages[2];
        bool same;
    } rows[] = {
        {{"I5", "I5"},
         {"g1 stood still for 1.5 s, limit 300 ms", "g3 stood still for 20 us, limit 1 s"},
         true                                                                                    },
        {{"I5", "I3"}, {"g1 stood still", "g1 stood still"},                                false},
        {{"I5", "I5"}, {"g1 stood still", "g1 ran twice"},                                  false},
        {{"I5", "I5"}, {"g1 stood still", "g1 stood still for 1 s"},                        false},
        {{"E1", "E4"}, {"a.yaml:7: move g1: is failed", "b:12: move g2: is failed"},        true },
        {{"E1", "E1"}, {"a.yaml:7: move g1: is failed", "a.yaml:7: move g1: is refused"},   false},
        {{"E1", "I1"}, {"a.yaml:7: move g1: is failed", "move g1: is failed"},              false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trial trials[2];

        for (size_t k = 0; k < 2; k++) {
            trials[k] = (struct trial){.verdict = TRIAL_VIOLATED};
            (void)snprintf(trials[k].id, sizeof trials[k].id, "%s", rows[i].ids[k]);
            (void)snprintf(trials[k].message, sizeof trials[k].message, "%s", rows[i].messages[k]);
        }
        if (trial_same_failure(&trials[0], &trials[1]) != rows[i].same) {
            fail_msg("row %u", (unsigned)i);
        }
    }
}

static void time_in_a_line_of_the_log_is_exact(void **unused)
{
    (void)unused;
    assert_int_equal(trial_log_time("12 0.196100001 world - - X"), 196100001);
    assert_int_equal(trial_log_time("1 3600.000000000 world"), INT64_C(3600000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict_follows_from_ends_and_faults),
        cmocka_unit_test(failed_invariant_counts_before_any_excuse),
        cmocka_unit_test(run_that_gave_up_is_broken),
        cmocka_unit_test(failures_are_the_same_whatever_their_numbers),
        cmocka_unit_test(time_in_a_line_of_the_log_is_exact),
    };

    return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
