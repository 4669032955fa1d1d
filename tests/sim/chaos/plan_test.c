/* SPDX-License-Identifier: Apache-2.0 */
/* plan_test.c -- what a seed of chaos is made into. */
#include "sim/chaos/plan.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#define SEEDS 1500U

/* As the file has it: nothing lasts for ever but a host that is meant to be gone. */
static void require_ends(const struct scenario *scenario, uint64_t seed)
{
    struct plan plan;
    unsigned gone = 0;

    plan_draw(&plan, seed);
    assert_int_equal(scenario->fault_count, plan.fault_count);
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct scenario_fault *fault = &scenario->faults[i];
        const bool restarts = fault->kind == SCENARIO_FAULT_HOST_CRASH ||
                              fault->kind == SCENARIO_FAULT_HOST_CRASH_KEPT ||
                              fault->kind == SCENARIO_FAULT_HOST_REINSTALL ||
                              fault->kind == SCENARIO_FAULT_DAEMON_CRASH;

        if (restarts) {
            gone += fault->restart_after == SCENARIO_FOREVER ? 1U : 0U;
        } else if (fault->kind != SCENARIO_FAULT_NET_RESET) {
            assert_true(fault->duration < PLAN_PROBE_AT * 1000);
        }
    }
    assert_int_equal(gone, plan.kinds >> PLAN_HOST_GONE & 1U);
}

static void every_seed_is_a_valid_scenario_whose_faults_end(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct scenario_errors errors = {.items = NULL};
        struct scenario *scenario = NULL;
        size_t size = 0;
        char *text = plan_text(seed, &size);

        if (scenario_load_text("chaos.yaml", text, size, &scenario, &errors) != SCENARIO_OK) {
            fail_msg("seed %u: %s\n%s", (unsigned)seed, errors.items[0].message, text);
        }
        assert_int_equal(scenario->seed, seed);
        require_ends(scenario, seed);
        scenario_free(scenario);
        scenario_errors_free(&errors);
        free(text);
    }
}

static void a_seed_gives_the_same_text_again_and_others_another(void **unused)
{
    size_t sizes[3];

    (void)unused;
    char *first = plan_text(77, &sizes[0]);
    char *again = plan_text(77, &sizes[1]);
    char *other = plan_text(78, &sizes[2]);

    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    free(first);
    free(again);
    free(other);
}

/* In some seeds each kind is on; in many it is off; and none is always with another. */
static void swarm_has_each_kind_in_some_seeds_and_not_in_most(void **unused)
{
    unsigned with[PLAN_KINDS] = {0};

    (void)unused;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct plan plan;

        plan_draw(&plan, seed);
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            with[kind] += (unsigned)(plan.kinds >> kind & 1U);
        }
    }
    for (unsigned kind = 1; kind < PLAN_KINDS; kind++) {
        if (with[kind] < SEEDS / 100 || with[kind] > SEEDS / 2) {
            fail_msg("%s: in %u of %u seeds", plan_kind_name(kind), with[kind], SEEDS);
        }
    }
}

/* Winnable: whatever goes wrong ends, but for hosts that are meant to be gone; journals are mended. */
static void every_fault_ends_before_guests_are_probed(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct plan plan;

        plan_draw(&plan, seed);
        for (uint32_t i = 0; i < plan.fault_count; i++) {
            const struct plan_fault *fault = &plan.faults[i];
            bool mended = fault->kind != SCENARIO_FAULT_JOURNAL_FAIL &&
                          fault->kind != SCENARIO_FAULT_JOURNAL_DOUBT &&
                          fault->kind != SCENARIO_FAULT_DISK_FULL;

            assert_true(fault->length_us > 0);
            assert_true(fault->when.at_us + fault->length_us < PLAN_PROBE_AT);
            for (uint32_t k = 0; k < plan.fault_count; k++) {
                mended = mended || (plan.faults[k].mends && plan.faults[k].host == fault->host);
            }
            assert_true(mended);
        }
    }
}

/* A move that nothing disturbs has to complete: otherwise nothing would ever be demanded. */
static void quiet_seeds_expect_completion(void **unused)
{
    unsigned strict = 0;

    (void)unused;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct plan plan;
        size_t size = 0;

        plan_draw(&plan, seed);
        char *text = plan_text(seed, &size);

        strict += strstr(text, "- {move: m1, outcome: [completed]}") != NULL ? 1U : 0U;
        if (plan.kinds != 0) {
            assert_true(
                plan.fault_count + plan.order_count > 0 ||
                plan.kinds == PLAN_BIT(PLAN_SECOND_MOVE));
        }
        free(text);
    }
    assert_true(strict > SEEDS / 8);
}

/* A guest of h1 that moves to h2, and once more, to h3, when the journals are mended. */
static bool refusal_allowed(const struct plan_fault *fault)
{
    struct plan plan = {
        .host_count = 4,
        .network_count = 1,
        .networks = {{.mbit = 1000, .latency_us = 100, .priority = 1}                             },
        .guest_count = 1,
        .guests = {{.host = 0, .pages = 256}                                                    },
        .move_count = 2,
        .moves =
            {
                     {.role = PLAN_FIRST, .to = 1, .limit_ms = 300, .streams = 1, .give_up_s = 60},
                     {.role = PLAN_PROBE, .to = 2, .limit_ms = 300, .streams = 1, .give_up_s = 60},
                     },
        .fault_count = 1,
        .faults = {*fault                                                                            },
    };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    plan_write_expects(out, &plan);
    (void)fclose(out);
    const bool refused = strstr(text, "probe1, outcome: [completed, refused]") != NULL;

    assert_true(refused || strstr(text, "probe1, outcome: [completed]") != NULL);
    free(text);
    return refused;
}

static void a_journal_that_may_break_after_its_mending_allows_a_refusal_and_no_other(void **unused)
{
    static const struct {
        enum scenario_fault_kind kind;
        uint32_t host;
        enum scenario_phase phase; /* CONNECTING: at a time */
        bool allowed;
    } rows[] = {
        {SCENARIO_FAULT_JOURNAL_FAIL,  0, SCENARIO_PHASE_CLOSING,    true },
        {SCENARIO_FAULT_JOURNAL_DOUBT, 1, SCENARIO_PHASE_CLOSING,    true },
        {SCENARIO_FAULT_DISK_FULL,     2, SCENARIO_PHASE_DELIVERED,  true },
        {SCENARIO_FAULT_JOURNAL_FAIL,  3, SCENARIO_PHASE_CLOSING,    false}, /* nobody comes there */
        {SCENARIO_FAULT_JOURNAL_FAIL,  2, SCENARIO_PHASE_GRANTED,    false}, /* nobody waits yet */
        {SCENARIO_FAULT_JOURNAL_SLOW,  2, SCENARIO_PHASE_CLOSING,    false},
        {SCENARIO_FAULT_JOURNAL_FAIL,  2, SCENARIO_PHASE_CONNECTING, false}, /* it is mended */
    };

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const bool timed = rows[i].phase == SCENARIO_PHASE_CONNECTING;
        const struct plan_fault fault = {
            .kind = rows[i].kind,
            .host = rows[i].host,
            .when = {.on_phase = !timed, .phase = timed ? 0 : rows[i].phase},
        };

        if (refusal_allowed(&fault) != rows[i].allowed) {
            fail_msg("row %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_seed_is_a_valid_scenario_whose_faults_end),
        cmocka_unit_test(a_seed_gives_the_same_text_again_and_others_another),
        cmocka_unit_test(swarm_has_each_kind_in_some_seeds_and_not_in_most),
        cmocka_unit_test(every_fault_ends_before_guests_are_probed),
        cmocka_unit_test(quiet_seeds_expect_completion),
        cmocka_unit_test(a_journal_that_may_break_after_its_mending_allows_a_refusal_and_no_other),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
