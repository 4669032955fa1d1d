/* SPDX-License-Identifier: Apache-2.0 */
/* source_side_test.c -- the source's half: every phase x input it can meet, and what each asks for.
 */
#include "handover/handover.h"
#include "support/harness.h"

#include <string.h>

#define EPOCH 5U

struct row {
    enum handover_source_phase from;
    enum handover_source_input input;
    uint32_t attempt;
    uint64_t epoch;
    enum handover_source_phase to;
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
    {HANDOVER_RUNNING,  HANDOVER_IN_OPEN_ATTEMPT,     0, 0, HANDOVER_ATTEMPT,  DO0()},
    {HANDOVER_RUNNING,  HANDOVER_IN_READY,            3, 5, HANDOVER_RUNNING,  DO2(STALE, SEND_ABORT)},
    {HANDOVER_RUNNING,  HANDOVER_IN_STARTED,          3, 6, HANDOVER_RUNNING,  DO1(VIOLATION)},
    {HANDOVER_RUNNING,  HANDOVER_IN_ABORTED,          3, 5, HANDOVER_BACK,     DO0()},
    {HANDOVER_RUNNING,  HANDOVER_IN_LOST,             0, 0, HANDOVER_BACK,     DO0()},
    {HANDOVER_RUNNING,  HANDOVER_IN_CLAIM,            0, 0, HANDOVER_RUNNING,  DO1(TOO_LATE)},
    {HANDOVER_ATTEMPT,  HANDOVER_IN_READY,            3, 5, HANDOVER_GRANTING, DO1(PERSIST_GRANT)},
    {HANDOVER_ATTEMPT,  HANDOVER_IN_READY,            2, 5, HANDOVER_ATTEMPT,  DO1(STALE)},
    {HANDOVER_ATTEMPT,  HANDOVER_IN_ABORT,            0, 0, HANDOVER_RUNNING,  DO2(SEND_ABORT, RUN_HERE)},
    {HANDOVER_ATTEMPT,  HANDOVER_IN_ABORTED,          3, 5, HANDOVER_BACK,     DO1(RUN_HERE)},
    {HANDOVER_ATTEMPT,  HANDOVER_IN_LOST,             0, 0, HANDOVER_BACK,     DO1(RUN_HERE)},
    {HANDOVER_ATTEMPT,  HANDOVER_IN_STARTED,          3, 6, HANDOVER_ATTEMPT,  DO1(VIOLATION)},
    {HANDOVER_GRANTING, HANDOVER_IN_GRANT_DURABLE,    3, 5, HANDOVER_GRANTED,  DO1(SEND_GRANT)},
    {HANDOVER_GRANTING, HANDOVER_IN_GRANT_FAILED,     3, 5, HANDOVER_BURNING,  DO1(SEND_BURN)},
    {HANDOVER_GRANTING, HANDOVER_IN_STOP_GRANT,       3, 5, HANDOVER_BURNING,  DO1(SEND_BURN)},
    {HANDOVER_GRANTING, HANDOVER_IN_ABORTED,          3, 5, HANDOVER_BACK,     DO1(RUN_HERE)},
    {HANDOVER_GRANTING, HANDOVER_IN_LOST,             0, 0, HANDOVER_GRANTING, DO0()},
    {HANDOVER_GRANTING, HANDOVER_IN_STARTED,          3, 6, HANDOVER_GRANTING, DO1(VIOLATION)},
    {HANDOVER_GRANTING, HANDOVER_IN_CLAIM,            3, 5, HANDOVER_CLAIMING, DO1(PERSIST_CLAIM)},
    {HANDOVER_GRANTED,  HANDOVER_IN_STARTED,          3, 6, HANDOVER_MOVED,    DO1(MOVED)},
    {HANDOVER_GRANTED,  HANDOVER_IN_STARTED,          2, 6, HANDOVER_GRANTED,  DO1(STALE)},
    {HANDOVER_GRANTED,  HANDOVER_IN_STARTED,          3, 5, HANDOVER_GRANTED,  DO1(STALE)},
    {HANDOVER_GRANTED,  HANDOVER_IN_ABORTED,          3, 5, HANDOVER_BACK,     DO1(RUN_HERE)},
    {HANDOVER_GRANTED,  HANDOVER_IN_READY,            3, 5, HANDOVER_GRANTED,  DO1(SEND_GRANT)},
    {HANDOVER_GRANTED,  HANDOVER_IN_READY,            2, 5, HANDOVER_GRANTED,  DO1(STALE)},
    {HANDOVER_GRANTED,  HANDOVER_IN_LOST,             0, 0, HANDOVER_GRANTED,  DO0()},
    {HANDOVER_GRANTED,  HANDOVER_IN_STOP_GRANT,       3, 5, HANDOVER_GRANTED,  DO1(TOO_LATE)},
    {HANDOVER_GRANTED,  HANDOVER_IN_CLAIM,            3, 5, HANDOVER_CLAIMING, DO1(PERSIST_CLAIM)},
    {HANDOVER_GRANTED,  HANDOVER_IN_TARGET_RECEIVING, 3, 5, HANDOVER_GRANTED,  DO0()},
    {HANDOVER_BURNING,  HANDOVER_IN_GRANT_DURABLE,    3, 5, HANDOVER_BURNING,  DO0()},
    {HANDOVER_BURNING,  HANDOVER_IN_GRANT_FAILED,     3, 5, HANDOVER_BURNING,  DO0()},
    {HANDOVER_BURNING,  HANDOVER_IN_READY,            3, 5, HANDOVER_BURNING,  DO1(SEND_BURN)},
    {HANDOVER_BURNING,  HANDOVER_IN_TARGET_RECEIVING, 3, 5, HANDOVER_BURNING,  DO1(SEND_BURN)},
    {HANDOVER_BURNING,  HANDOVER_IN_ABORTED,          3, 5, HANDOVER_BACK,     DO1(RUN_HERE)},
    {HANDOVER_BURNING,  HANDOVER_IN_LOST,             0, 0, HANDOVER_BURNING,  DO0()},
    {HANDOVER_BURNING,  HANDOVER_IN_STARTED,          3, 6, HANDOVER_BURNING,  DO1(VIOLATION)},
    {HANDOVER_CLAIMING, HANDOVER_IN_CLAIM_DURABLE,    3, 5, HANDOVER_CLAIMED,  DO1(RUN_HERE)},
    {HANDOVER_CLAIMING, HANDOVER_IN_CLAIM_FAILED,     3, 5, HANDOVER_CLAIMING, DO0()},
    {HANDOVER_CLAIMING, HANDOVER_IN_STARTED,          3, 6, HANDOVER_CLAIMING, DO0()},
    {HANDOVER_CLAIMING, HANDOVER_IN_ABORTED,          3, 5, HANDOVER_CLAIMING, DO0()},
    {HANDOVER_MOVED,    HANDOVER_IN_STARTED,          3, 6, HANDOVER_MOVED,    DO1(SEND_END)},
    {HANDOVER_MOVED,    HANDOVER_IN_CLAIM,            3, 5, HANDOVER_MOVED,    DO1(TOO_LATE)},
    {HANDOVER_MOVED,    HANDOVER_IN_ABORTED,          3, 5, HANDOVER_MOVED,    DO1(SEND_END)},
    {HANDOVER_BACK,     HANDOVER_IN_READY,            3, 5, HANDOVER_BACK,     DO1(SEND_END)},
    {HANDOVER_CLAIMED,  HANDOVER_IN_STARTED,          3, 6, HANDOVER_CLAIMED,  DO1(SEND_END)},
};
/* clang-format on */

static void every_row_leads_where_it_says(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct handover_source source = {.epoch = EPOCH, .attempt = 3, .phase = (uint8_t)row->from};

        const struct handover_step step =
            handover_source_step(&source, row->input, row->attempt, row->epoch);

        if (source.phase != row->to || step.count != row->step.count ||
            memcmp(step.output, row->step.output, sizeof(step.output)) != 0) {
            fail_msg(
                "row %zu: %s, input %d, gives %s and %u outputs, first %u",
                i,
                handover_source_phase_name(row->from),
                row->input,
                handover_source_phase_name((enum handover_source_phase)source.phase),
                step.count,
                step.output[0]);
        }
    }
}

/* H-2: between the issue of the grant and proof, nothing but ABORTED or a durable claim lets the
 * guest run here. */
static void granted_source_runs_only_on_proof(void **unused)
{
    (void)unused;
    static const enum handover_source_phase out[] = {
        HANDOVER_GRANTING, HANDOVER_GRANTED, HANDOVER_BURNING, HANDOVER_CLAIMING};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t j = 0; j < COUNT_OF(out); j++) {
            struct handover_source source = {
                .epoch = EPOCH, .attempt = 3, .phase = (uint8_t)out[j]};
            if (rows[i].from != out[j]) {
                continue;
            }
            (void)handover_source_step(&source, rows[i].input, rows[i].attempt, rows[i].epoch);
            const bool proof =
                rows[i].input == HANDOVER_IN_CLAIM_DURABLE ||
                (rows[i].input == HANDOVER_IN_ABORTED && out[j] != HANDOVER_CLAIMING);
            assert_int_equal(handover_source_may_run(&source), proof);
        }
    }
}

static void restart_counts_what_the_journal_holds(void **unused)
{
    (void)unused;
    assert_int_equal(handover_source_restart(EPOCH, 0, false, false).phase, HANDOVER_RUNNING);
    assert_int_equal(handover_source_restart(EPOCH, 3, true, false).phase, HANDOVER_GRANTED);
    assert_int_equal(handover_source_restart(EPOCH, 3, true, true).phase, HANDOVER_CLAIMED);
}

/* H-9: one that was away is told that an operator gave its guest to the target; one that was not is lied to. */
static void only_a_source_that_was_away_believes_a_claim_at_the_target(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t attempt;
        uint64_t epoch;
        bool taken;
    } said[] = {
        {1, EPOCH + 1, true },
        {4, EPOCH + 1, true }, /* it does not know how many it had opened */
        {0, EPOCH + 1, false},
        {1, EPOCH,     false},
        {1, EPOCH + 2, false},
    };
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        struct handover_source away = handover_source_restart(EPOCH, 0, false, false);
        struct handover_source here = handover_source_start(EPOCH);
        here.attempt = 4;

        const struct handover_step told =
            handover_source_step(&away, HANDOVER_IN_STARTED, said[i].attempt, said[i].epoch);
        const struct handover_step lied =
            handover_source_step(&here, HANDOVER_IN_STARTED, said[i].attempt, said[i].epoch);

        assert_int_equal(
            told.output[0], said[i].taken ? HANDOVER_OUT_TAKEN : HANDOVER_OUT_VIOLATION);
        assert_int_equal(handover_source_may_run(&away), !said[i].taken);
        assert_int_equal(lied.output[0], HANDOVER_OUT_VIOLATION);
        assert_true(handover_source_may_run(&here));
    }
}

static void engine_inputs_that_cannot_be_are_asserted(void **unused)
{
    (void)unused;
    struct handover_source source = handover_source_start(EPOCH);
    expect_engine_assert((void)handover_source_step(&source, HANDOVER_IN_GRANT_DURABLE, 1, EPOCH));
    source.phase = HANDOVER_GRANTED;
    expect_engine_assert((void)handover_source_step(&source, HANDOVER_IN_ABORT, 1, EPOCH));
    expect_engine_assert((void)handover_source_step(&source, HANDOVER_IN_OPEN_ATTEMPT, 1, EPOCH));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_leads_where_it_says),
        cmocka_unit_test(granted_source_runs_only_on_proof),
        cmocka_unit_test(restart_counts_what_the_journal_holds),
        cmocka_unit_test(only_a_source_that_was_away_believes_a_claim_at_the_target),
        cmocka_unit_test(engine_inputs_that_cannot_be_are_asserted),
    };
    return cmocka_run_group_tests_name("source side", tests, NULL, NULL);
}
