/* SPDX-License-Identifier: Apache-2.0 */
/* every_step_test.c -- one fault at every step of a whole small migration, and what must hold
 * afterwards.
 *
 * The undisturbed run is counted first; then it is repeated once for each of its steps and each
 * kind of fault. At most one host runs the guest after every step (pair.c asserts it). At the end,
 * with everything healed, a guest that no host crash has killed runs on exactly one host, with
 * every page as it was, and the outcome says which. */
#include "support/harness.h"
#include "support/pair.h"

static const struct pair_options small = {
    .ram_pages = 128,
    .zero_pages = 16,
    .dirty_pages_per_ms = 4,
    .dirty_span = 32,
    .streams = 2,
    .paths = 2,
    .hold_limit = 1200 * FERRY_SECOND,
};

enum fault {
    CUT_FOR_2_S,
    CUT_FIRST_NETWORK,
    CUT_FOR_EVER,
    RESET,
    CANCEL,
    SOURCE_DAEMON,
    TARGET_DAEMON,
    SOURCE_HOST,
    TARGET_HOST,
    TARGET_HOST_FOR_EVER,
    SOURCE_JOURNAL,
    TARGET_JOURNAL,
    SLOW_SOURCE_JOURNAL,
    CORRUPT,
    TARGET_REINSTALLED,
    FAULTS,
};

static const char *const names[FAULTS] = {
    "cut for 2 s",
    "cut of the first network",
    "cut for ever",
    "reset",
    "cancel",
    "source daemon",
    "target daemon",
    "source host",
    "target host",
    "target host for ever",
    "source journal",
    "target journal",
    "slow source journal",
    "corruption",
    "target reinstalled",
};

static void inject(struct pair *pair, enum fault fault)
{
    const struct ferry_event cancel = {.kind = FERRY_EVENT_CANCEL};
    switch (fault) {
    case CUT_FOR_2_S:
    case CUT_FOR_EVER: pair_cut(pair, true); return;
    case CUT_FIRST_NETWORK: pair_cut_path(pair, 0, true); return;
    case RESET: pair_reset(pair); return;
    case CANCEL: (void)pair_command(pair, PAIR_SOURCE, cancel); return;
    case SOURCE_DAEMON: pair_crash(pair, PAIR_SOURCE, true); return;
    case TARGET_DAEMON: pair_crash(pair, PAIR_TARGET, true); return;
    case SOURCE_HOST: pair_crash(pair, PAIR_SOURCE, false); return;
    case TARGET_HOST:
    case TARGET_HOST_FOR_EVER: pair_crash(pair, PAIR_TARGET, false); return;
    case SOURCE_JOURNAL: pair_fail_journal(pair, PAIR_SOURCE); return;
    case TARGET_JOURNAL: pair_fail_journal(pair, PAIR_TARGET); return;
    case SLOW_SOURCE_JOURNAL: pair_delay_journal(pair, PAIR_SOURCE, 60 * FERRY_SECOND); return;
    case CORRUPT: pair_corrupt_next_batch(pair); return;
    case TARGET_REINSTALLED:
        pair_crash(pair, PAIR_TARGET, false);
        pair_reinstall(pair, PAIR_TARGET);
        return;
    case FAULTS: return;
    }
}

static void heal(struct pair *pair, enum fault fault)
{
    pair_advance(pair, 2 * FERRY_SECOND);
    if (fault == CUT_FOR_2_S) {
        pair_cut(pair, false);
    } else if (fault == SOURCE_DAEMON || fault == SOURCE_HOST) {
        pair_restart(pair, PAIR_SOURCE);
    } else if (fault == TARGET_DAEMON || fault == TARGET_HOST || fault == TARGET_REINSTALLED) {
        pair_restart(pair, PAIR_TARGET);
    }
    pair_run_to_end(pair);
}

static bool kills_guest(enum fault fault, enum pair_side ran_at)
{
    const bool source = fault == SOURCE_HOST;
    const bool target =
        fault == TARGET_HOST || fault == TARGET_HOST_FOR_EVER || fault == TARGET_REINSTALLED;
    return (source && ran_at == PAIR_SOURCE) || (target && ran_at == PAIR_TARGET);
}

static void judge(struct pair *pair, enum fault fault, uint32_t step, bool ran_at_target)
{
    const enum ferry_outcome_kind kind = pair_outcome(pair)->kind;
    const bool killed =
        kills_guest(fault, ran_at_target ? PAIR_TARGET : PAIR_SOURCE) ||
        fault == SOURCE_HOST; /* paused there: gone with its host, unless it had moved */
    const uint32_t running = pair_running(pair);
    /* Only a word that never comes leaves the guest in doubt: the peer is gone for good, or a
     * write's end is unknown. */
    const bool doubt = kind == FERRY_OUTCOME_UNKNOWN;
    const bool may_doubt = fault == CUT_FOR_EVER || fault == TARGET_HOST_FOR_EVER ||
                           fault == TARGET_JOURNAL || fault == TARGET_REINSTALLED;
    if (pair_different_pages(pair) != 0) {
        fail_msg("%s at step %u: %u pages differ", names[fault], step, pair_different_pages(pair));
    }
    if (doubt && !may_doubt) {
        fail_msg("%s at step %u: the outcome stays unknown", names[fault], step);
    }
    if (running != 1 && !killed && !doubt) {
        fail_msg(
            "%s at step %u: the guest runs on %u hosts, outcome %s (%s)",
            names[fault],
            step,
            running,
            ferry_outcome_name(kind),
            pair_outcome(pair)->reason);
    }
    if (running == 1 && pair_runs(pair, PAIR_TARGET) && kind == FERRY_OUTCOME_FAILED &&
        fault != SOURCE_HOST) {
        fail_msg("%s at step %u: it runs at the target, and is called failed", names[fault], step);
    }
    if (running == 1 && pair_runs(pair, PAIR_SOURCE) && kind == FERRY_OUTCOME_COMPLETED) {
        fail_msg(
            "%s at step %u: it runs at the source, and is called completed", names[fault], step);
    }
    if (pair_source_state(pair) != FERRY_SOURCE_CLOSED && !doubt) {
        fail_msg(
            "%s at step %u: the source hangs in %s",
            names[fault],
            step,
            ferry_source_state_name(pair_source_state(pair)));
    }
}

static uint32_t count_steps(void)
{
    struct pair *pair = pair_create(&small);
    uint32_t steps = 0;
    while (pair_outcomes(pair) == 0 && pair_step(pair)) {
        steps++;
    }
    for (uint32_t i = 0; i < 20 && pair_step(pair); i++) {
        steps++; /* into the cleaning up */
    }
    assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_COMPLETED);
    pair_destroy(pair);
    return steps;
}

static void one_fault_at_every_step_leaves_one_running_guest(void **state)
{
    const enum fault fault = *(const enum fault *)*state;
    const uint32_t steps = count_steps();
    assert_true(steps > 40);

    for (uint32_t step = 0; step < steps; step++) {
        struct pair *pair = pair_create(&small);
        for (uint32_t i = 0; i < step; i++) {
            (void)pair_step(pair);
        }
        /* Its record may be durable before the guest runs there: from then on it is that host's,
         * and dies with it. */
        const bool ran_at_target =
            pair_runs(pair, PAIR_TARGET) || pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_OWNER);
        inject(pair, fault);
        heal(pair, fault);

        judge(pair, fault, step, ran_at_target);
        pair_destroy(pair);
    }
}

int main(void)
{
    static enum fault faults[FAULTS];
    struct CMUnitTest tests[FAULTS];
    for (int i = 0; i < FAULTS; i++) {
        faults[i] = (enum fault)i;
        tests[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func = one_fault_at_every_step_leaves_one_running_guest,
            .initial_state = &faults[i],
        };
    }
    return cmocka_run_group_tests_name("every step", tests, NULL, NULL);
}
