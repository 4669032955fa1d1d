/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink_test.c -- failures whose smallest form is known: made up, and of real runs.
 */
#include "sim/chaos/shrink.h"

#include "sim/chaos/bench.h"
#include "sim/chaos/plan.h"
#include "sim/report/memory.h"

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

static int64_t now_ns;

static int64_t clock_ns(void)
{
    now_ns += 1000;
    return now_ns;
}

static char *written(const struct tree_node *root)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&text, &size);

    tree_write(stream, root, NULL);
    report_text_close(stream);
    return text;
}

/* ---- made up: it fails while two faults out of many are there ---- */

struct made_up {
    const char *words[2];
    const char *id;
    unsigned tries;
};

static bool
run_made_up(void *context, const char *name, const char *text, size_t size, struct trial *trial)
{
    struct made_up *made_up = context;

    (void)name;
    assert_int_equal(strlen(text), size);
    made_up->tries++;
    *trial = (struct trial){.verdict = TRIAL_OK};
    if (strstr(text, made_up->words[0]) != NULL && strstr(text, made_up->words[1]) != NULL) {
        trial->verdict = TRIAL_VIOLATED;
        (void)snprintf(trial->id, sizeof trial->id, "%s", made_up->id);
        (void)snprintf(trial->message, sizeof trial->message, "after %u tries", made_up->tries);
    }
    return strstr(text, "hosts:") != NULL; /* the loader wants some */
}

static const char storm[] = "hosts: {h1: {memory: 1 GiB}}\n"
                            "guests: {g1: {host: h1, memory: 4096 KiB}, g2: {host: h1}}\n"
                            "faults:\n"
                            "  - {at: 11 ms, effect: a}\n"
                            "  - {at: 12 ms, effect: b}\n"
                            "  - {at: 1234567 us, effect: wanted, for: 770 ms}\n"
                            "  - {at: 13 ms, effect: c}\n"
                            "  - {at: 14 ms, effect: d}\n"
                            "  - {at: 15 ms, effect: e}\n"
                            "  - {at: 16 ms, effect: f}\n"
                            "  - {at: 17 ms, effect: needed, for: 5 s}\n"
                            "  - {at: 18 ms, effect: g}\n"
                            "  - {at: 19 ms, effect: h}\n"
                            "  - {at: 20 ms, effect: i}\n"
                            "  - {at: 21 ms, effect: j}\n";

static char *shrink_storm(struct made_up *made_up, int64_t deadline_ns, struct shrink_result *end)
{
    struct tree_node *root = tree_read(storm, strlen(storm));
    struct trial failure;
    const struct shrink_options options = {
        .name = "storm.yaml",
        .run = run_made_up,
        .context = made_up,
        .clock_ns = clock_ns,
        .deadline_ns = deadline_ns,
    };

    assert_true(run_made_up(made_up, "storm.yaml", storm, strlen(storm), &failure));
    assert_int_equal(failure.verdict, TRIAL_VIOLATED);
    now_ns = 0;
    shrink(&root, &failure, &options, end);
    char *text = written(root);

    tree_free(root);
    return text;
}

static void only_what_the_invariant_needs_is_left(void **unused)
{
    struct made_up made_up = {
        .words = {"effect: wanted", "effect: needed"},
          .id = "I3"
    };
    struct shrink_result end;

    (void)unused;
    char *text = shrink_storm(&made_up, INT64_MAX, &end);

    assert_string_equal(text, "hosts: {}\nfaults:\n  - {effect: wanted}\n  - {effect: needed}\n");
    assert_true(end.complete);
    assert_string_equal(end.failure.id, "I3");
    assert_true(end.tries < 200);
    free(text);
}

static void numbers_become_as_small_as_they_can(void **unused)
{
    struct made_up made_up = {
        .words = {"at: ", "memory: "},
          .id = "I3"
    };
    struct shrink_result end;

    (void)unused;
    char *text = shrink_storm(&made_up, INT64_MAX, &end);

    assert_non_null(strstr(text, "at: 0 "));
    assert_non_null(strstr(text, "memory: 0 "));
    free(text);
}

/* A promise is made under conditions: without them it would rightly fail. */
static void conditions_of_an_expectation_stay(void **unused)
{
    struct made_up made_up = {
        .words = {"effect: wanted", "effect: needed"},
          .id = "E1"
    };
    struct shrink_result end;

    (void)unused;
    char *text = shrink_storm(&made_up, INT64_MAX, &end);

    assert_string_equal(
        text,
        "hosts: {}\nfaults:\n  - {effect: wanted, for: 0 ms}\n  - {effect: needed, for: 0 s}\n");
    free(text);
}

static void what_is_reached_at_the_deadline_is_the_result(void **unused)
{
    struct made_up made_up = {
        .words = {"effect: wanted", "effect: needed"},
          .id = "I3"
    };
    struct shrink_result end;

    (void)unused;
    char *text = shrink_storm(&made_up, 5000, &end);

    assert_false(end.complete);
    assert_true(end.tries <= 5);
    assert_non_null(strstr(text, "effect: wanted"));
    assert_non_null(strstr(text, "effect: needed"));
    free(text);
}

/* ---- real runs ---- */

static bool
run_on_bench(void *context, const char *name, const char *text, size_t size, struct trial *trial)
{
    return bench_run(context, name, text, size, trial);
}

/* An expectation that cannot hold: a target that crashes when the grant is recorded burns. The rest
 * of the storm has nothing to do with it. */
static const char denied[] =
    "version: 1\n"
    "hosts: {h1: {memory: 1 GiB}, h2: {memory: 1 GiB}, h3: {memory: 1 GiB}}\n"
    "networks:\n"
    "  n1: {hosts: [h1, h2, h3], bandwidth: 1 Gbit/s}\n"
    "  n2: {hosts: [h1, h2], bandwidth: 100 Mbit/s, priority: 2}\n"
    "guests:\n"
    "  g1: {host: h1, memory: 4 MiB, workload: {kind: uniform, size: 1 MiB, rate: 400 KiB/s}}\n"
    "  g2: {host: h3, memory: 2 MiB, clients: {rate: 100 /s}}\n"
    "steps:\n"
    "  - {id: m1, at: 100 ms, move: g1, to: h2, streams: 3, give_up_after: 100 s}\n"
    "  - {id: m2, at: 150 ms, move: g2, to: h1}\n"
    "  - {at: 20 s, cancel: m2}\n"
    "faults:\n"
    "  - {at: 1 ms, network: n2, down_for: 10 ms}\n"
    "  - {at: 130 ms, network: n1, latency: 1 ms, for: 10 ms}\n"
    "  - {when: {move: m1, phase: round}, network: n1, reset: true}\n"
    "  - {when: {move: m2, phase: owned}, network: n2, reset: true}\n"
    "  - {when: {move: m1, phase: granted}, host: h2, crash: true, restart_after: 2 s}\n"
    "  - {at: 4 s, network: n1, bandwidth: 500 Mbit/s, for: 1 s}\n"
    "  - {at: 5 s, host: h3, pause_for: 20 ms}\n"
    "  - {at: 6 s, host: h3, journal_delay: 2 ms, for: 1 s}\n"
    "  - {at: 7 s, network: n1, loss: 1 %, for: 1 s}\n"
    "  - {at: 8 s, host: h1, daemon_crash: true, restart_after: 10 ms}\n"
    "expect:\n"
    "  - {move: m2, outcome: completed}\n"
    "  - {move: m1, outcome: completed}\n"
    "  - {guest: g2, on: h1}\n";

static void real_run_shrinks_to_the_one_fault_that_matters(void **unused)
{
    struct bench bench = {.run = sim_run, .network = SIM_NETWORK_LIGHT};
    struct tree_node *root = tree_read(denied, strlen(denied));
    struct shrink_result end;
    struct trial failure;
    const struct shrink_options options = {
        .name = "denied.yaml",
        .run = run_on_bench,
        .context = &bench,
        .clock_ns = clock_ns,
        .deadline_ns = INT64_MAX,
    };

    (void)unused;
    (void)sigemptyset(&bench.watched);
    (void)sigemptyset(&bench.old_mask);
    assert_true(bench_run(&bench, "denied.yaml", denied, strlen(denied), &failure));
    assert_string_equal(failure.id, "E2");
    shrink(&root, &failure, &options, &end);
    char *text = written(root);

    assert_int_equal(shrink_count(root, "faults"), 1);
    assert_int_equal(shrink_count(root, "steps"), 1);
    assert_int_equal(shrink_count(root, "expect"), 1);
    assert_non_null(strstr(text, "{when: {move: m1, phase: granted}, host: h2, crash: true"));
    assert_null(strstr(text, "g2"));
    assert_null(strstr(text, "h3"));
    assert_true((strstr(text, "n1:") == NULL) != (strstr(text, "n2:") == NULL));
    tree_free(root);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_invariant_needs_is_left),
        cmocka_unit_test(numbers_become_as_small_as_they_can),
        cmocka_unit_test(conditions_of_an_expectation_stay),
        cmocka_unit_test(what_is_reached_at_the_deadline_is_the_result),
        cmocka_unit_test(real_run_shrinks_to_the_one_fault_that_matters),
    };

    return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
