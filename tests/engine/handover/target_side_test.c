/* SPDX-License-Identifier: Apache-2.0 */
/* target_side_test.c -- the target's half: every phase x input it can meet, and what each asks for.
 */
#include "handover/handover.h"
#include "support/harness.h"

#include <string.h>

#define EPOCH 5U

struct row {
    enum handover_target_phase from;
    enum handover_target_input input;
    uint32_t attempt;
    uint64_t epoch;
    enum handover_target_phase to;
    struct handover_step step;
};

#define DO0() \
    {         \
        0     \
    }
#define DO1(a)                                     \
    {                                              \
        .count = 1, .output = { HANDOVER_OUT_##a } \
    }
#define DO2(a, b)                                                    \
    {                                                                \
        .count = 2, .output = { HANDOVER_OUT_##a, HANDOVER_OUT_##b } \
    }

/* clang-format off */
static const struct row rows[] = {
    {HANDOVER_RECEIVING,       HANDOVER_IN_LOADED,         4, 5, HANDOVER_READY,           DO1(SEND_READY)},
    {HANDOVER_RECEIVING,       HANDOVER_IN_LOADED,         3, 5, HANDOVER_RECEIVING,       DO1(STALE)},
    {HANDOVER_RECEIVING,       HANDOVER_IN_VOID,           3, 5, HANDOVER_RECEIVING,       DO1(VOID)},
    {HANDOVER_RECEIVING,       HANDOVER_IN_ASK_READY,      3, 5, HANDOVER_RECEIVING,       DO1(SEND_RECEIVING)},
    {HANDOVER_RECEIVING,       HANDOVER_IN_GRANT,          3, 5, HANDOVER_RECEIVING,       DO1(STALE)},
    {HANDOVER_RECEIVING,       HANDOVER_IN_BURN,           3, 5, HANDOVER_TARGET_BURNING,  DO1(PERSIST_BURNED)},
    {HANDOVER_RECEIVING,       HANDOVER_IN_OPERATOR_CLAIM, 3, 5, HANDOVER_RECEIVING,       DO1(TOO_LATE)},
    {HANDOVER_RECEIVING,       HANDOVER_IN_END,            3, 5, HANDOVER_OVER,            DO1(FORGET)},
    {HANDOVER_READY,           HANDOVER_IN_GRANT,          3, 5, HANDOVER_OWNING,          DO1(PERSIST_OWNER)},
    {HANDOVER_READY,           HANDOVER_IN_GRANT,          2, 5, HANDOVER_READY,           DO1(STALE)},
    {HANDOVER_READY,           HANDOVER_IN_GRANT,          3, 4, HANDOVER_READY,           DO1(STALE)},
    {HANDOVER_READY,           HANDOVER_IN_VOID,           3, 5, HANDOVER_RECEIVING,       DO1(VOID)},
    {HANDOVER_READY,           HANDOVER_IN_VOID,           2, 5, HANDOVER_READY,           DO1(STALE)},
    {HANDOVER_READY,           HANDOVER_IN_ASK_READY,      3, 5, HANDOVER_READY,           DO1(SEND_READY)},
    {HANDOVER_READY,           HANDOVER_IN_BURN,           3, 5, HANDOVER_TARGET_BURNING,  DO1(PERSIST_BURNED)},
    {HANDOVER_READY,           HANDOVER_IN_OPERATOR_CLAIM, 3, 5, HANDOVER_OWNING,          DO1(PERSIST_OWNER)},
    {HANDOVER_READY,           HANDOVER_IN_END,            3, 5, HANDOVER_OVER,            DO1(FORGET)},
    {HANDOVER_OWNING,          HANDOVER_IN_OWNER_DURABLE,  3, 5, HANDOVER_OWNER,           DO1(RUN_HERE)},
    {HANDOVER_OWNING,          HANDOVER_IN_OWNER_FAILED,   3, 5, HANDOVER_UNSURE,          DO0()},
    {HANDOVER_OWNING,          HANDOVER_IN_BURN,           3, 5, HANDOVER_OWNING,          DO1(TOO_LATE)},
    {HANDOVER_OWNING,          HANDOVER_IN_VOID,           3, 5, HANDOVER_OWNING,          DO1(STALE)},
    {HANDOVER_OWNING,          HANDOVER_IN_GRANT,          3, 5, HANDOVER_OWNING,          DO0()},
    {HANDOVER_OWNING,          HANDOVER_IN_ASK_READY,      3, 5, HANDOVER_OWNING,          DO0()},
    {HANDOVER_OWNING,          HANDOVER_IN_END,            3, 5, HANDOVER_OWNING,          DO1(VIOLATION)},
    {HANDOVER_OWNER,           HANDOVER_IN_GRANT,          3, 5, HANDOVER_OWNER,           DO1(SEND_STARTED)},
    {HANDOVER_OWNER,           HANDOVER_IN_ASK_READY,      3, 5, HANDOVER_OWNER,           DO1(SEND_STARTED)},
    {HANDOVER_OWNER,           HANDOVER_IN_BURN,           3, 5, HANDOVER_OWNER,           DO2(TOO_LATE, SEND_STARTED)},
    {HANDOVER_OWNER,           HANDOVER_IN_VOID,           3, 5, HANDOVER_OWNER,           DO1(STALE)},
    {HANDOVER_OWNER,           HANDOVER_IN_END,            3, 5, HANDOVER_OWNER,           DO1(FORGET)},
    {HANDOVER_OWNER,           HANDOVER_IN_END_CLAIMED,    3, 5, HANDOVER_TARGET_BURNING,  DO1(PERSIST_BURNED)},
    {HANDOVER_TARGET_BURNING,  HANDOVER_IN_BURN_DURABLE,   3, 5, HANDOVER_BURNED,          DO1(SEND_ABORTED)},
    {HANDOVER_TARGET_BURNING,  HANDOVER_IN_BURN_FAILED,    3, 5, HANDOVER_UNSURE,          DO0()},
    {HANDOVER_TARGET_BURNING,  HANDOVER_IN_GRANT,          3, 5, HANDOVER_TARGET_BURNING,  DO0()},
    {HANDOVER_TARGET_BURNING,  HANDOVER_IN_LOADED,         4, 5, HANDOVER_TARGET_BURNING,  DO0()},
    {HANDOVER_TARGET_BURNING,  HANDOVER_IN_OPERATOR_CLAIM, 3, 5, HANDOVER_TARGET_BURNING,  DO1(TOO_LATE)},
    {HANDOVER_BURNED,          HANDOVER_IN_GRANT,          3, 5, HANDOVER_BURNED,          DO1(SEND_ABORTED)},
    {HANDOVER_BURNED,          HANDOVER_IN_VOID,           3, 5, HANDOVER_BURNED,          DO1(SEND_ABORTED)},
    {HANDOVER_BURNED,          HANDOVER_IN_ASK_READY,      3, 5, HANDOVER_BURNED,          DO1(SEND_ABORTED)},
    {HANDOVER_BURNED,          HANDOVER_IN_OPERATOR_CLAIM, 3, 5, HANDOVER_BURNED,          DO1(TOO_LATE)},
    {HANDOVER_BURNED,          HANDOVER_IN_END,            3, 5, HANDOVER_OVER,            DO1(FORGET)},
    {HANDOVER_UNSURE,          HANDOVER_IN_GRANT,          3, 5, HANDOVER_UNSURE,          DO0()},
    {HANDOVER_UNSURE,          HANDOVER_IN_ASK_READY,      3, 5, HANDOVER_UNSURE,          DO0()},
    {HANDOVER_UNSURE,          HANDOVER_IN_OPERATOR_CLAIM, 3, 5, HANDOVER_UNSURE,          DO1(TOO_LATE)},
    {HANDOVER_OVER,            HANDOVER_IN_GRANT,          3, 5, HANDOVER_OVER,            DO0()},
};
/* clang-format on */

static void every_row_leads_where_it_says(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct handover_target target = {.epoch = EPOCH, .attempt = 3, .phase = (uint8_t)row->from};

        const struct handover_step step =
            handover_target_step(&target, row->input, row->attempt, row->epoch);

        if (target.phase != row->to || step.count != row->step.count ||
            memcmp(step.output, row->step.output, sizeof(step.output)) != 0) {
            fail_msg(
                "row %zu: %s, input %d, gives %s and %u outputs, first %u",
                i,
                handover_target_phase_name(row->from),
                row->input,
                handover_target_phase_name((enum handover_target_phase)target.phase),
                step.count,
                step.output[0]);
        }
    }
}

/* H-4, H-5: only the durable OWNER record lets it run. */
static void only_a_durable_owner_runs(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct handover_target target = {
            .epoch = EPOCH, .attempt = 3, .phase = (uint8_t)rows[i].from};
        const bool ran = handover_target_may_run(&target);
        (void)handover_target_step(&target, rows[i].input, rows[i].attempt, rows[i].epoch);
        const bool yields = rows[i].input == HANDOVER_IN_END_CLAIMED;
        assert_int_equal(
            handover_target_may_run(&target),
            !yields && (ran || rows[i].input == HANDOVER_IN_OWNER_DURABLE));
    }
}

static void restart_counts_what_the_journal_holds(void **unused)
{
    (void)unused;
    assert_int_equal(handover_target_restart(EPOCH, 3, true, false).phase, HANDOVER_OWNER);
    assert_int_equal(handover_target_restart(EPOCH, 3, true, true).phase, HANDOVER_OWNER);
    assert_int_equal(handover_target_restart(EPOCH, 3, false, true).phase, HANDOVER_BURNED);
    assert_int_equal(handover_target_restart(EPOCH, 0, false, false).phase, HANDOVER_RECEIVING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_leads_where_it_says),
        cmocka_unit_test(only_a_durable_owner_runs),
        cmocka_unit_test(restart_counts_what_the_journal_holds),
    };
    return cmocka_run_group_tests_name("target side", tests, NULL, NULL);
}
