/* SPDX-License-Identifier: Apache-2.0 */
/* failed_action_test.c -- every action that reports, when it reports a failure, and when it never
 * does.
 *
 * An action that never reports counts as failed after its limit. What must hold each time: at most
 * one running guest (the pair asserts it), an outcome with a reason, and the guest where the
 * outcome says. */
#include "support/harness.h"
#include "support/pair.h"

#include <string.h>

struct row {
    enum pair_side side;
    enum ferry_action_kind action;
    uint32_t skip; /* so many of this kind go well first */
    enum ferry_outcome_kind outcome;
    enum ferry_status failed; /* the outcome's status when it reports a failure */
    enum ferry_status muted;  /* when it never reports */
};

/* clang-format off */
static const struct row rows[] = {
    /* side, action, skip, outcome, its status when it fails, and when it never reports */
    {PAIR_SOURCE, FERRY_ACTION_COLLECT,          0, FERRY_OUTCOME_FAILED,    FERRY_WORLD_GUEST,          FERRY_TIMEOUT_ACTION},
    {PAIR_SOURCE, FERRY_ACTION_COLLECT,          1, FERRY_OUTCOME_FAILED,    FERRY_WORLD_GUEST,          FERRY_TIMEOUT_ACTION},
    {PAIR_SOURCE, FERRY_ACTION_PAUSE,            0, FERRY_OUTCOME_FAILED,    FERRY_WORLD_GUEST,          FERRY_TIMEOUT_ACTION},
    {PAIR_SOURCE, FERRY_ACTION_CAPTURE_STATE,    0, FERRY_OUTCOME_FAILED,    FERRY_WORLD_GUEST,          FERRY_TIMEOUT_ACTION},
    {PAIR_SOURCE, FERRY_ACTION_FREE_GUEST,       0, FERRY_OUTCOME_COMPLETED, FERRY_OK,                   FERRY_OK},
    {PAIR_SOURCE, FERRY_ACTION_FORGET_SESSION,   0, FERRY_OUTCOME_COMPLETED, FERRY_OK,                   FERRY_OK},
    {PAIR_SOURCE, FERRY_ACTION_PERSIST,          0, FERRY_OUTCOME_FAILED,    FERRY_WORLD_JOURNAL,        FERRY_WORLD_JOURNAL},
    {PAIR_TARGET, FERRY_ACTION_PREPARE_GUEST,    0, FERRY_OUTCOME_REFUSED,   FERRY_WORLD_GUEST,          FERRY_REFUSED_OTHER},
    {PAIR_TARGET, FERRY_ACTION_PERSIST,          0, FERRY_OUTCOME_REFUSED,   FERRY_REFUSED_JOURNAL,      FERRY_REFUSED_JOURNAL},
    {PAIR_TARGET, FERRY_ACTION_LOAD_STATE,       0, FERRY_OUTCOME_FAILED,    FERRY_WORLD_PEER_FAILED,    FERRY_WORLD_PEER_FAILED},
    {PAIR_TARGET, FERRY_ACTION_RESUME,           0, FERRY_OUTCOME_COMPLETED, FERRY_OK,                   FERRY_TIMEOUT_ANSWER},
    {PAIR_TARGET, FERRY_ACTION_FORGET_SESSION,   0, FERRY_OUTCOME_COMPLETED, FERRY_OK,                   FERRY_OK},
};
/* clang-format on */

/* The pause stays open for longer than an action may take. */
static void patient(struct ferry_source_config *config)
{
    config->blackout_limit = FERRY_TIME_NEVER;
    config->reconnect_limit = 120 * FERRY_SECOND;
    config->action_limit = 20 * FERRY_SECOND;
    config->unknown_after = 60 * FERRY_SECOND;
}

static void impatient_target(struct ferry_target_config *config)
{
    config->action_limit = 10 * FERRY_SECOND; /* its refusal comes before the source gives up */
}

static struct pair *run_with(const struct row *row, bool mute)
{
    struct pair *pair = pair_create(&(struct pair_options){
        .ram_pages = 128,
        .dirty_pages_per_ms = 1,
        .adjust_source = patient,
        .adjust_target = impatient_target,
    });
    while (pair_actions(pair, row->side, row->action) < row->skip) {
        assert_true(pair_step(pair));
    }
    pair_tamper(
        pair,
        row->side,
        row->action,
        (struct pair_tamper){.times = 1, .status = FERRY_WORLD_GUEST, .mute = mute});
    pair_run_to_end(pair);
    return pair;
}

static void failure_ends_in_a_named_outcome_with_the_guest_where_it_says(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int mute = 0; mute < 2; mute++) {
            struct pair *pair = run_with(&rows[i], mute != 0);
            const struct ferry_outcome *outcome = pair_outcome(pair);
            const enum ferry_status expected = mute != 0 ? rows[i].muted : rows[i].failed;
            /* The run call at the target has no limit: late is not dead, and nobody else may. */
            const bool unknown = expected == FERRY_TIMEOUT_ANSWER;

            if (outcome->kind != (unknown ? FERRY_OUTCOME_UNKNOWN : rows[i].outcome) ||
                outcome->status != expected) {
                fail_msg(
                    "row %zu, %s %s: %s, %s (%s)",
                    i,
                    ferry_action_name(rows[i].action),
                    mute != 0 ? "muted" : "failed",
                    ferry_outcome_name(outcome->kind),
                    ferry_status_name(outcome->status),
                    outcome->reason);
            }
            const bool moved = rows[i].outcome == FERRY_OUTCOME_COMPLETED;
            assert_true(pair_runs(pair, moved ? PAIR_TARGET : PAIR_SOURCE));
            assert_int_equal(
                pair_source_state(pair), unknown ? FERRY_SOURCE_UNKNOWN : FERRY_SOURCE_CLOSED);
            assert_true(strlen(outcome->reason) > 10);
            pair_destroy(pair);
        }
    }
}

static void report_after_its_limit_is_dropped_and_counted(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){.ram_pages = 128});
    pair_tamper(
        pair,
        PAIR_SOURCE,
        FERRY_ACTION_COLLECT,
        (struct pair_tamper){.times = 1, .delay = 40 * FERRY_SECOND});

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_ACTION);
    pair_destroy(pair);

    /* With the cleaning up held back, the object is still there when the report comes. */
    pair = pair_create(&(struct pair_options){.ram_pages = 128});
    pair_drop(pair, WIRE_END, 1000);
    pair_tamper(
        pair,
        PAIR_SOURCE,
        FERRY_ACTION_COLLECT,
        (struct pair_tamper){.times = 1, .delay = 40 * FERRY_SECOND});
    pair_run_until_outcome(pair);
    pair_advance(pair, 20 * FERRY_SECOND);
    assert_int_equal(pair_outcome(pair)->dropped_reports, 0); /* a copy from when it was reported */
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_REPORT_DROPPED), 1);
    pair_destroy(pair);
}

static void slow_action_within_its_limit_changes_nothing_but_time(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair *pair =
            pair_create(&(struct pair_options){.ram_pages = 128, .adjust_source = patient});
        pair_tamper(
            pair,
            rows[i].side,
            rows[i].action,
            (struct pair_tamper){.times = 1, .delay = 3 * FERRY_SECOND});

        pair_assert_completed(pair);
        pair_destroy(pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failure_ends_in_a_named_outcome_with_the_guest_where_it_says),
        cmocka_unit_test(report_after_its_limit_is_dropped_and_counted),
        cmocka_unit_test(slow_action_within_its_limit_changes_nothing_but_time),
    };
    return cmocka_run_group_tests_name("failed action", tests, NULL, NULL);
}
