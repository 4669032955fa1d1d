/* SPDX-License-Identifier: Apache-2.0 */
/* register.c -- both sides of the handover by the cluster's register. The drawing and the requirements
 * are in register.h.
 *
 * A side decides by what the register says, never by how a request went: a swap that failed, one that
 * was done twice, and a plain read are all answered with the value that is there. */
#include "handover/register.h"

#include "base/assert.h"

static struct register_value running(enum register_host host, uint64_t epoch)
{
    return (struct register_value){.epoch = epoch, .kind = REGISTER_RUNNING, .host = (uint8_t)host};
}

static struct register_value handover(uint32_t attempt, uint64_t epoch)
{
    return (struct register_value){.epoch = epoch, .attempt = attempt, .kind = REGISTER_HANDOVER};
}

static struct register_step step0(void)
{
    return (struct register_step){0};
}

static struct register_step step1(enum register_output output)
{
    return (struct register_step){.count = 1, .output = {(uint8_t)output}};
}

static struct register_step swap(struct register_value expected, struct register_value wanted)
{
    return (struct register_step){
        .count = 1,
        .output = {REGISTER_OUT_SWAP},
        .expected = expected,
        .wanted = wanted,
    };
}

static struct register_step and_run_here(struct register_step step)
{
    step.output[step.count] = REGISTER_OUT_RUN_HERE;
    step.count++;
    return step;
}

/* ---- source ---- */

struct register_side register_source_start(uint64_t epoch)
{
    return (struct register_side){.epoch = epoch, .phase = REGISTER_SOURCE_RUNNING};
}

struct register_step register_source_restart(uint64_t epoch, struct register_side *side_out)
{
    *side_out = (struct register_side){.epoch = epoch, .phase = REGISTER_SOURCE_ASKING};
    return step1(REGISTER_OUT_READ);
}

bool register_source_may_run(const struct register_side *source)
{
    return source->phase == REGISTER_SOURCE_RUNNING || source->phase == REGISTER_SOURCE_OPENING ||
           source->phase == REGISTER_SOURCE_OPEN || source->phase == REGISTER_SOURCE_RESTORING;
}

static struct register_step open_attempt(const struct register_side *source)
{
    return swap(running(REGISTER_SOURCE, source->epoch), handover(source->attempt, source->epoch));
}

static struct register_step take_back(const struct register_side *source)
{
    return swap(
        handover(source->attempt, source->epoch), running(REGISTER_SOURCE, source->epoch + 1));
}

/* Also when the register still says RUNNING: a request to open may be on its way, and finds nothing
 * to match once the epoch is another. */
static struct register_step raise_epoch(const struct register_side *source)
{
    return swap(
        running(REGISTER_SOURCE, source->epoch), running(REGISTER_SOURCE, source->epoch + 1));
}

static struct register_step moved(struct register_side *source)
{
    source->phase = REGISTER_SOURCE_MOVED;
    return step1(REGISTER_OUT_MOVED);
}

static struct register_step
opening_answered(struct register_side *source, const struct register_value *value)
{
    if (value->kind == REGISTER_RUNNING) { /* given back by a restarted target: of a new epoch */
        /* mark: register-given-back-while-opening -- a restarted target gave it back: opens anew */
        source->epoch = value->epoch;
        return open_attempt(source);
    }
    if (value->attempt !=
        source->attempt) { /* of an attempt that was given up before it was open */
        /* mark: register-older-attempt-open -- an attempt that was given up is open: replaced */
        return swap(*value, handover(source->attempt, source->epoch));
    }
    source->phase = REGISTER_SOURCE_OPEN;
    return step1(REGISTER_OUT_PAUSE);
}

/* RETURNING and RESTORING. */
static struct register_step
back_answered(struct register_side *source, const struct register_value *value)
{
    const bool paused = source->phase == REGISTER_SOURCE_RETURNING;
    if (value->kind == REGISTER_HANDOVER) {
        return swap(*value, running(REGISTER_SOURCE, source->epoch + 1));
    }
    if (value->epoch == source->epoch) {
        /* mark: register-nothing-was-opened -- a late request may come: the epoch goes up */
        return raise_epoch(source);
    }
    source->epoch = value->epoch;
    source->phase = REGISTER_SOURCE_RUNNING;
    return paused ? step1(REGISTER_OUT_RUN_HERE) : step0();
}

static struct register_step
paused_answered(struct register_side *source, const struct register_value *value)
{
    if (value->kind == REGISTER_HANDOVER) {
        return step0();
    }
    /* mark: register-given-back-in-pause -- a restarted target gave it back: runs again */
    source->epoch = value->epoch; /* a restarted target gave it back */
    source->phase = REGISTER_SOURCE_RUNNING;
    return step1(REGISTER_OUT_RUN_HERE);
}

static struct register_step
asking_answered(struct register_side *source, const struct register_value *value)
{
    source->epoch = value->epoch;
    if (value->kind == REGISTER_HANDOVER) {
        source->attempt = value->attempt;
        /* mark: register-restart-in-handover -- a restarted source takes an open handover back */
        source->phase = REGISTER_SOURCE_RETURNING;
        return take_back(source);
    }
    /* mark: register-restart-running -- what the last life asked for must not come true */
    source->phase = REGISTER_SOURCE_RESTORING; /* what the last life asked for must not come true */
    return and_run_here(raise_epoch(source));
}

static struct register_step
source_answered(struct register_side *source, const struct register_value *value)
{
    if (value->kind == REGISTER_RUNNING && value->host == REGISTER_TARGET) {
        return moved(source);
    }
    switch ((enum register_source_phase)source->phase) {
    case REGISTER_SOURCE_OPENING: return opening_answered(source, value);
    case REGISTER_SOURCE_RETURNING:
    case REGISTER_SOURCE_RESTORING: return back_answered(source, value);
    case REGISTER_SOURCE_ASKING: return asking_answered(source, value);
    case REGISTER_SOURCE_PAUSED: return paused_answered(source, value);
    case REGISTER_SOURCE_RUNNING:
    case REGISTER_SOURCE_OPEN:
    case REGISTER_SOURCE_MOVED: return step0();
    }
    return step0();
}

static struct register_step source_again(const struct register_side *source)
{
    switch ((enum register_source_phase)source->phase) {
    case REGISTER_SOURCE_OPENING:
        /* mark: register-open-unanswered -- no answer to the request to open: again */
        return open_attempt(source);
    case REGISTER_SOURCE_RETURNING:
        /* mark: register-return-unanswered -- no answer to the request to return: again */
        return take_back(source);
    case REGISTER_SOURCE_RESTORING: return raise_epoch(source);
    case REGISTER_SOURCE_ASKING: return step1(REGISTER_OUT_READ);
    case REGISTER_SOURCE_RUNNING:
    case REGISTER_SOURCE_OPEN:
    case REGISTER_SOURCE_PAUSED:
    case REGISTER_SOURCE_MOVED: return step0();
    }
    return step0();
}

static struct register_step source_aborts(struct register_side *source)
{
    switch ((enum register_source_phase)source->phase) {
    case REGISTER_SOURCE_OPENING:
        source->phase = REGISTER_SOURCE_RESTORING;
        return raise_epoch(source);
    case REGISTER_SOURCE_OPEN: source->phase = REGISTER_SOURCE_RESTORING; return take_back(source);
    case REGISTER_SOURCE_PAUSED:
        source->phase = REGISTER_SOURCE_RETURNING;
        return take_back(source);
    case REGISTER_SOURCE_RUNNING:
    case REGISTER_SOURCE_RETURNING:
    case REGISTER_SOURCE_RESTORING:
    case REGISTER_SOURCE_ASKING:
    case REGISTER_SOURCE_MOVED: return step0();
    }
    return step0();
}

struct register_step register_source_step(
    struct register_side *source, enum register_input input, const struct register_value *value)
{
    switch (input) {
    case REGISTER_IN_OPEN:
        FERRY_ASSERT(source->phase == REGISTER_SOURCE_RUNNING);
        source->attempt++;
        source->phase = REGISTER_SOURCE_OPENING;
        return open_attempt(source);
    case REGISTER_IN_PAUSED:
        if (source->phase == REGISTER_SOURCE_OPEN) {
            source->phase = REGISTER_SOURCE_PAUSED;
        }
        return step0();
    case REGISTER_IN_ABORT: return source_aborts(source);
    case REGISTER_IN_ASK:
        return source->phase == REGISTER_SOURCE_PAUSED ? step1(REGISTER_OUT_READ) : step0();
    case REGISTER_IN_ANSWER: return source_answered(source, value);
    case REGISTER_IN_NO_ANSWER: return source_again(source);
    case REGISTER_IN_LOADED:
    case REGISTER_IN_VOID: break;
    }
    FERRY_ASSERT(false); /* an input of the target's */
    return step0();
}

/* ---- target ---- */

struct register_side register_target_start(uint64_t epoch)
{
    return (struct register_side){.epoch = epoch, .phase = REGISTER_TARGET_RECEIVING};
}

struct register_step register_target_restart(uint64_t epoch, struct register_side *side_out)
{
    *side_out = (struct register_side){.epoch = epoch, .phase = REGISTER_TARGET_ASKING};
    return step1(REGISTER_OUT_READ);
}

bool register_target_may_run(const struct register_side *target)
{
    return target->phase == REGISTER_TARGET_OWNER;
}

static struct register_step take(const struct register_side *target)
{
    return swap(
        handover(target->attempt, target->epoch), running(REGISTER_TARGET, target->epoch + 1));
}

/* A restarted target has nothing to run: it gives the guest back, so that what its last life may have
 * asked for does not come true any more. */
static struct register_step give_back(const struct register_value *value)
{
    return swap(*value, running(REGISTER_SOURCE, value->epoch + 1));
}

static struct register_step
target_answered(struct register_side *target, const struct register_value *value)
{
    const bool mine = value->kind == REGISTER_RUNNING && value->host == REGISTER_TARGET;
    const bool open = value->kind == REGISTER_HANDOVER;
    if (target->phase == REGISTER_TARGET_TAKING) {
        if (mine) {
            target->phase = REGISTER_TARGET_OWNER;
            return step1(REGISTER_OUT_RUN_HERE);
        }
        if (open && value->attempt == target->attempt && value->epoch == target->epoch) {
            /* mark: register-take-lost -- the request to take was lost: again */
            return take(target);
        }
        target->phase = REGISTER_TARGET_RECEIVING;
        /* mark: register-taken-back -- the source was faster: what came is void */
        return step1(REGISTER_OUT_VOID);
    }
    if (target->phase == REGISTER_TARGET_ASKING) {
        target->epoch = value->epoch;
        if (open) {
            /* mark: register-restart-gives-back -- a restarted target has nothing to run */
            return give_back(value);
        }
        target->phase = mine ? REGISTER_TARGET_OWNER : REGISTER_TARGET_OVER;
        return mine ? step1(REGISTER_OUT_RUN_HERE) : step1(REGISTER_OUT_VOID);
    }
    return step0();
}

struct register_step register_target_step(
    struct register_side *target,
    enum register_input input,
    uint32_t attempt,
    uint64_t epoch,
    const struct register_value *value)
{
    switch (input) {
    case REGISTER_IN_LOADED:
        if (target->phase != REGISTER_TARGET_RECEIVING) {
            return step0();
        }
        target->attempt = attempt;
        target->epoch = epoch;
        target->phase = REGISTER_TARGET_TAKING;
        return take(target);
    case REGISTER_IN_VOID: /* of what is being taken, the register alone decides */
        return target->phase == REGISTER_TARGET_RECEIVING ? step1(REGISTER_OUT_VOID) : step0();
    case REGISTER_IN_ANSWER: return target_answered(target, value);
    case REGISTER_IN_NO_ANSWER:
        if (target->phase == REGISTER_TARGET_TAKING) {
            return take(target);
        }
        return target->phase == REGISTER_TARGET_ASKING ? step1(REGISTER_OUT_READ) : step0();
    case REGISTER_IN_OPEN:
    case REGISTER_IN_PAUSED:
    case REGISTER_IN_ABORT:
    case REGISTER_IN_ASK: break;
    }
    FERRY_ASSERT(false); /* an input of the source's */
    return step0();
}

/* ---- names ---- */

const char *register_source_phase_name(enum register_source_phase phase)
{
    switch (phase) {
    case REGISTER_SOURCE_RUNNING: return "running";
    case REGISTER_SOURCE_OPENING: return "opening";
    case REGISTER_SOURCE_OPEN: return "open";
    case REGISTER_SOURCE_PAUSED: return "paused";
    case REGISTER_SOURCE_RETURNING: return "returning";
    case REGISTER_SOURCE_RESTORING: return "restoring";
    case REGISTER_SOURCE_ASKING: return "asking";
    case REGISTER_SOURCE_MOVED: return "moved";
    }
    return "?";
}

const char *register_target_phase_name(enum register_target_phase phase)
{
    switch (phase) {
    case REGISTER_TARGET_RECEIVING: return "receiving";
    case REGISTER_TARGET_TAKING: return "taking";
    case REGISTER_TARGET_OWNER: return "owner";
    case REGISTER_TARGET_ASKING: return "asking";
    case REGISTER_TARGET_OVER: return "over";
    }
    return "?";
}
