/* SPDX-License-Identifier: Apache-2.0 */
/* moment_test.c -- the same past, other futures; and the event that decides. */
#include "sim/chaos/moment.h"

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

/* The crash when the grant is recorded is what lets the move fail; the reset before does nothing. */
static const char text[] =
    "version: 1\n"
    "hosts: {h1: {memory: 1 GiB}, h2: {memory: 1 GiB}}\n"
    "networks: {n1: {hosts: [h1, h2], bandwidth: 1 Gbit/s}}\n"
    "guests:\n"
    "  g1: {host: h1, memory: 4 MiB, workload: {kind: uniform, size: 1 MiB, rate: 4 MiB/s}}\n"
    "steps: [{at: 100 ms, move: g1, to: h2}]\n"
    "faults:\n"
    "  - {when: {move: g1, phase: round}, network: n1, reset: true}\n"
    "  - {when: {move: g1, phase: granted}, host: h2, crash: true, restart_after: 2 s}\n"
    "expect: [{move: g1, outcome: completed}]\n";

static struct bench make_bench(void)
{
    struct bench bench = {.run = sim_run, .network = SIM_NETWORK_LIGHT};

    (void)sigemptyset(&bench.watched);
    (void)sigemptyset(&bench.old_mask);
    return bench;
}

static void crash_that_decides_is_found(void **unused)
{
    struct bench bench = make_bench();
    struct moment moment;
    struct trial failure;

    (void)unused;
    assert_true(bench_run(&bench, "m.yaml", text, strlen(text), &failure));
    assert_string_equal(failure.id, "E1");
    assert_true(moment_find(
        &(struct moment_options){
            .bench = &bench,
            .name = "m.yaml",
            .text = text,
            .size = strlen(text),
            .failure = &failure,
            .samples = 20,
            .jobs = 2,
        },
        &moment));

    assert_false(moment.from_the_start);
    assert_non_null(strstr(moment.line, "FAULT_BEGIN"));
    assert_non_null(strstr(moment.line, "fault=1"));
    for (size_t i = 1; i < moment.probe_count; i++) {
        assert_true(moment.probes[i].event > moment.probes[i - 1].event);
    }
    assert_int_equal(moment.probes[moment.probe_count - 1].failing, 20);
    moment_free(&moment);
}

/* An expectation against the nature of things fails in every future. */
static void failure_of_the_scenario_itself_has_no_moment(void **unused)
{
    static const char sure[] = "version: 1\n"
                               "hosts: {h1: {memory: 1 GiB}, h2: {memory: 1 GiB}}\n"
                               "networks: {n1: {hosts: [h1, h2], bandwidth: 1 Gbit/s}}\n"
                               "guests: {g1: {host: h1, memory: 1 MiB}}\n"
                               "steps: [{at: 0 s, move: g1, to: h2}]\n"
                               "expect: [{move: g1, outcome: failed}]\n";
    struct bench bench = make_bench();
    struct moment moment;
    struct trial failure;

    (void)unused;
    assert_true(bench_run(&bench, "s.yaml", sure, strlen(sure), &failure));
    assert_true(moment_find(
        &(struct moment_options){
            .bench = &bench,
            .name = "s.yaml",
            .text = sure,
            .size = strlen(sure),
            .failure = &failure,
            .samples = 4,
            .jobs = 1,
        },
        &moment));
    assert_true(moment.from_the_start);
    assert_int_equal(moment.probe_count, 1);
    moment_free(&moment);
}

/* ---- the same past ---- */

static char *log_of(const struct moment_past *past, uint64_t reseed_event, uint64_t reseed)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    struct trial trial;
    char *log = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&log, &size);

    assert_int_equal(
        scenario_load_text("m.yaml", text, strlen(text), &scenario, &errors), SCENARIO_OK);
    if (past != NULL) {
        moment_redraw(scenario, past, reseed);
    }
    assert_true(trial_run(
        scenario,
        &(struct trial_options){
            .run = sim_run,
            .network = SIM_NETWORK_LIGHT,
            .seed = 1,
            .log = stream,
            .reseed_event = reseed_event,
            .reseed = reseed,
        },
        &trial));
    (void)fclose(stream);
    scenario_free(scenario);
    return log;
}

/* Lines that are the same from the beginning on. */
static uint64_t common(const char *one, const char *other)
{
    uint64_t lines = 0;

    for (; *one != '\0' && *one == *other; one++, other++) {
        lines += *one == '\n' ? 1U : 0U;
    }
    return lines;
}

static void reseeding_keeps_the_past_and_changes_the_future(void **unused)
{
    static const uint64_t events[] = {10, 25, 40};
    char *plain = log_of(NULL, 0, 0);

    (void)unused;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        char *reseeded = log_of(NULL, events[i], 99);

        assert_true(common(plain, reseeded) >= events[i]);
        assert_string_not_equal(plain, reseeded);
        free(reseeded);
    }
    free(plain);
}

static void faults_that_have_begun_stay_and_others_are_drawn_again(void **unused)
{
    static const uint64_t begun[] = {30, 0};
    char *plain = log_of(NULL, 0, 0);
    bool other = false;

    (void)unused;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        const struct moment_past past = {
            .event = 40,
            .now = INT64_C(150000000),
            .horizon = INT64_C(2000000000),
            .begun = begun,
        };
        char *redrawn = log_of(&past, 0, seed);

        assert_non_null(strstr(redrawn, "FAULT_BEGIN reset"));
        other = other || strcmp(plain, redrawn) != 0;
        free(redrawn);
    }
    assert_true(other);
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_that_decides_is_found),
        cmocka_unit_test(failure_of_the_scenario_itself_has_no_moment),
        cmocka_unit_test(reseeding_keeps_the_past_and_changes_the_future),
        cmocka_unit_test(faults_that_have_begun_stay_and_others_are_drawn_again),
    };

    return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
