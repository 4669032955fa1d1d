/* SPDX-License-Identifier: Apache-2.0 */
/* pair_ends.c -- how a migration has to end: where the guest runs, what was said, and what is left
 * behind on either host. */
#include "support/pair_internal.h"

static void assert_nothing_left(const struct pair *pair)
{
    for (int side = 0; side < 2; side++) {
        for (int kind = FERRY_RECORD_SESSION; kind < RECORD_KINDS; kind++) {
            const enum ferry_record_kind record = (enum ferry_record_kind)kind;
            if (pair_has_record(pair, (enum pair_side)side, record)) {
                fail_msg(
                    "the record %s is left at the %s",
                    ferry_record_name(record),
                    side == PAIR_SOURCE ? "source" : "target");
            }
        }
    }
    assert_string_equal(ferry_source_state_name(pair_source_state(pair)), "closed");
    assert_string_equal(ferry_target_state_name(pair_target_state(pair)), "closed");
    assert_int_equal(pair->step_count, 0);
}

void pair_assert_outcome(struct pair *pair, enum ferry_outcome_kind kind, enum ferry_status status)
{
    if (pair->outcome.kind != kind || pair->outcome.status != status) {
        fail_msg(
            "the outcome is %s, %s (%s), not %s, %s",
            ferry_outcome_name(pair->outcome.kind),
            ferry_status_name(pair->outcome.status),
            pair->outcome.reason,
            ferry_outcome_name(kind),
            ferry_status_name(status));
    }
}

void pair_assert_completed(struct pair *pair)
{
    pair_run_to_end(pair);
    pair_assert_outcome(pair, FERRY_OUTCOME_COMPLETED, FERRY_OK);
    assert_int_equal(pair->outcomes, 1);
    assert_true(pair->runs[PAIR_TARGET]);
    assert_false(pair->runs[PAIR_SOURCE]);
    assert_false(pair->guest_alive[PAIR_SOURCE]);
    assert_int_equal(pair->different, 0);
    assert_nothing_left(pair);
}

void pair_assert_back(struct pair *pair, enum ferry_outcome_kind kind, enum ferry_status status)
{
    pair_run_to_end(pair);
    pair_assert_outcome(pair, kind, status);
    assert_true(pair->runs[PAIR_SOURCE]);
    assert_false(pair->runs[PAIR_TARGET]);
    assert_false(pair->guest_alive[PAIR_TARGET]);
    assert_nothing_left(pair);
}
