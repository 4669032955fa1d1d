/* SPDX-License-Identifier: Apache-2.0 */
/* broken.c -- the wrappers. */
#include "broken.h"

static struct handover_step one(enum handover_output output)
{
    return (struct handover_step){.count = 1, .output = {(uint8_t)output}};
}

static struct handover_step two(enum handover_output first, enum handover_output second)
{
    return (struct handover_step){
        .count = 2, .output = {(uint8_t)first, (uint8_t)second}
    };
}

/* A limit or an order is taken for proof. */
static struct handover_step resumes_on_time_out(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    const bool out = source->phase == HANDOVER_GRANTING || source->phase == HANDOVER_GRANTED;
    if (out && input == HANDOVER_IN_STOP_GRANT) {
        source->phase = HANDOVER_BACK;
        return one(HANDOVER_OUT_RUN_HERE);
    }
    return handover_source_step(source, input, attempt, epoch);
}

static struct handover_step grants_before_durable(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    const struct handover_step step = handover_source_step(source, input, attempt, epoch);
    if (step.count == 1 && step.output[0] == HANDOVER_OUT_PERSIST_GRANT) {
        return two(HANDOVER_OUT_PERSIST_GRANT, HANDOVER_OUT_SEND_GRANT);
    }
    return step;
}

static struct handover_step lost_is_proof(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    if (input == HANDOVER_IN_LOST && source->phase == HANDOVER_GRANTED) {
        source->phase = HANDOVER_BACK;
        return one(HANDOVER_OUT_RUN_HERE);
    }
    return handover_source_step(source, input, attempt, epoch);
}

static struct handover_step source_ignores_epochs(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    (void)epoch;
    return handover_source_step(
        source, input, attempt, source->epoch + (input == HANDOVER_IN_STARTED ? 1 : 0));
}

static struct handover_step target_ignores_epochs(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    (void)epoch;
    return handover_target_step(target, input, attempt, target->epoch);
}

static struct handover_step source_ignores_attempts(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    (void)attempt;
    return handover_source_step(source, input, source->attempt, epoch);
}

static struct handover_step target_ignores_attempts(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    const bool heard = input == HANDOVER_IN_GRANT || input == HANDOVER_IN_VOID;
    return handover_target_step(target, input, heard ? target->attempt : attempt, epoch);
}

static struct handover_source
restart_forgets_grant(uint64_t epoch, uint32_t attempt, bool granted, bool claimed)
{
    (void)granted;
    return handover_source_restart(epoch, attempt, false, claimed);
}

static struct handover_step aborted_before_durable(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    const struct handover_step step = handover_target_step(target, input, attempt, epoch);
    if (step.count == 1 && step.output[0] == HANDOVER_OUT_PERSIST_BURNED) {
        return two(HANDOVER_OUT_PERSIST_BURNED, HANDOVER_OUT_SEND_ABORTED);
    }
    return step;
}

static struct handover_step burns_after_owner(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    if (target->phase == HANDOVER_OWNER && input == HANDOVER_IN_BURN) {
        target->phase = HANDOVER_TARGET_BURNING;
        target->burned = HANDOVER_RECORD_ISSUED;
        return one(HANDOVER_OUT_PERSIST_BURNED);
    }
    return handover_target_step(target, input, attempt, epoch);
}

static struct handover_step runs_before_durable(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    const struct handover_step step = handover_target_step(target, input, attempt, epoch);
    if (step.count == 1 && step.output[0] == HANDOVER_OUT_PERSIST_OWNER) {
        return two(HANDOVER_OUT_PERSIST_OWNER, HANDOVER_OUT_RUN_HERE);
    }
    return step;
}

static struct handover_step failed_write_is_no_write(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    if (input == HANDOVER_IN_OWNER_FAILED && target->phase == HANDOVER_OWNING) {
        target->phase = HANDOVER_TARGET_BURNING;
        target->burned = HANDOVER_RECORD_ISSUED;
        return one(HANDOVER_OUT_PERSIST_BURNED);
    }
    return handover_target_step(target, input, attempt, epoch);
}

static struct handover_target
restart_overlooks_owner(uint64_t epoch, uint32_t attempt, bool owner, bool burned)
{
    struct handover_target target = handover_target_restart(epoch, attempt, owner, burned);
    if (owner && !burned) {
        target.phase = HANDOVER_RECEIVING;
        target.owner = HANDOVER_RECORD_NONE;
    }
    return target;
}

/* A GRANT that was lost is not sent again. */
static struct handover_step grants_once(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    if (source->phase == HANDOVER_GRANTED && input == HANDOVER_IN_READY) {
        return (struct handover_step){0};
    }
    return handover_source_step(source, input, attempt, epoch);
}

#define SOURCE_STEP(function)                                                            \
    {                                                                                    \
        function, handover_source_restart, handover_target_step, handover_target_restart \
    }
#define TARGET_STEP(function)                                                            \
    {                                                                                    \
        handover_source_step, handover_source_restart, function, handover_target_restart \
    }

/* clang-format off */
const struct broken_variant broken_variants[] = {
    {"resumes on a time-out", SOURCE_STEP(resumes_on_time_out),
     {.attempts = 1, .cancels = 1}, CHECK_H2_NO_PROOF, CHECK_H3_TWO_MAY_RUN, CHECK_T2_NETWORK_BACK},
    {"grants before it is durable", SOURCE_STEP(grants_before_durable),
     {.attempts = 1, .restarts = 1}, CHECK_H1_GRANT_TOO_EARLY, CHECK_H3_TWO_MAY_RUN, CHECK_T3_SOURCE_DIED_BEFORE_GRANT},
    {"takes LOST as proof", SOURCE_STEP(lost_is_proof),
     {.attempts = 1, .crashes = 1, .reinstalls = 1, .late = 1, .drops = 1},
     CHECK_H6_LOST_AS_PROOF, CHECK_NONE, CHECK_T8_TARGET_REINSTALLED},
    {"ignores epochs (source)", SOURCE_STEP(source_ignores_epochs),
     {.attempts = 1, .strays = 1, .crashes = 1}, CHECK_H7_STALE_COUNTS, CHECK_NONE, CHECK_L1_EXACTLY_ONE},
    {"ignores epochs (target)", TARGET_STEP(target_ignores_epochs),
     {.attempts = 1, .strays = 1, .cancels = 1}, CHECK_H7_STALE_COUNTS, CHECK_H3_TWO_MAY_RUN, CHECK_T1_TARGET_GONE_BEFORE_GRANT},
    {"ignores attempts (source)", SOURCE_STEP(source_ignores_attempts),
     {.attempts = 2, .timeouts = 1}, CHECK_H4_OTHER_ATTEMPT, CHECK_NONE, CHECK_T2_NETWORK_BACK},
    {"ignores attempts (both)",
     {source_ignores_attempts, handover_source_restart, target_ignores_attempts, handover_target_restart},
     {.attempts = 2, .timeouts = 1}, CHECK_H4_OTHER_ATTEMPT, CHECK_NONE, CHECK_T2_NETWORK_BACK},
    {"forgets GRANTED at a restart",
     {handover_source_step, restart_forgets_grant, handover_target_step, handover_target_restart},
     {.attempts = 1, .restarts = 1}, CHECK_H3_TWO_MAY_RUN, CHECK_H3_TWO_MAY_RUN, CHECK_T9_DAEMON_ONLY},
    {"says ABORTED before it is durable", TARGET_STEP(aborted_before_durable),
     {.attempts = 1, .burns = 1, .restarts = 1}, CHECK_H5_ABORTED_TOO_EARLY, CHECK_NONE, CHECK_NONE},
    {"burns after OWNER", TARGET_STEP(burns_after_owner),
     {.attempts = 1, .burns = 1}, CHECK_HONEST_VIOLATION, CHECK_NONE, CHECK_T2_NETWORK_BACK},
    {"runs before OWNER is durable", TARGET_STEP(runs_before_durable),
     {.attempts = 1, .restarts = 1}, CHECK_H4_NOT_OWNER, CHECK_NONE, CHECK_T9_DAEMON_ONLY},
    {"takes a failed write for none", TARGET_STEP(failed_write_is_no_write),
     {.attempts = 1, .failed_writes = 1, .crashes = 1}, CHECK_H5_BURNED_RUNS, CHECK_H3_TWO_MAY_RUN, CHECK_T9_DAEMON_ONLY},
    {"does not look for OWNER at a restart",
     {handover_source_step, handover_source_restart, handover_target_step, restart_overlooks_owner},
     {.attempts = 1, .restarts = 1, .drops = 1}, CHECK_HONEST_VIOLATION, CHECK_NONE, CHECK_T7_TARGET_DIED_AFTER_OWNER},
    {"does not grant again", SOURCE_STEP(grants_once),
     {.attempts = 1, .drops = 1}, CHECK_NONE, CHECK_NONE, CHECK_T2_NETWORK_BACK},
};
/* clang-format on */

const size_t broken_variant_count = sizeof broken_variants / sizeof broken_variants[0];
