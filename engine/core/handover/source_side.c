/* SPDX-License-Identifier: Apache-2.0 */
/* source_side.c -- the source's half of the handover. The drawing and the requirements are in
 * handover.h.
 *
 * One function a phase; an input without a case in its phase is an honest peer's impossibility
 * (VIOLATION), an old message (STALE) or an order that comes too late. Who runs the guest:
 *
 *   RUNNING, BACK, CLAIMED   this host may
 *   ATTEMPT                  nobody; this host may take it back alone
 *   GRANTING, BURNING        nobody; GRANT was never sent, yet only ABORTED brings the guest back
 * (H-2): after a crash the journal may hold the record, and then this host would have to count as
 * granted GRANTED                  the target, or nobody MOVED                    the target */
#include "base/assert.h"
#include "handover/handover.h"
#include "handover/step.h"

struct handover_source handover_source_start(uint64_t epoch)
{
    return (struct handover_source){.epoch = epoch, .phase = HANDOVER_RUNNING};
}

struct handover_source
handover_source_restart(uint64_t epoch, uint32_t attempt, bool granted, bool claimed)
{
    struct handover_source source = handover_source_start(epoch);
    source.attempt = attempt;
    source.restarted = 1;
    if (claimed) {
        /* mark: handover-restart-claimed -- the claim outlives a restart */
        source.phase = HANDOVER_CLAIMED;
        source.claim = HANDOVER_RECORD_DURABLE;
    } else if (granted) {
        /* GRANT may have been sent before the restart: nothing but the target's word tells. */
        /* mark: handover-restart-granted -- what was granted before the restart stays granted */
        source.phase = HANDOVER_GRANTED;
        source.grant = HANDOVER_RECORD_DURABLE;
    }
    return source;
}

bool handover_source_may_run(const struct handover_source *source)
{
    return source->phase == HANDOVER_RUNNING || source->phase == HANDOVER_BACK ||
           source->phase == HANDOVER_CLAIMED;
}

static struct handover_step go_back(struct handover_source *source)
{
    source->phase = HANDOVER_BACK;
    return step1(HANDOVER_OUT_RUN_HERE);
}

static struct handover_step in_running(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    switch (input) {
    case HANDOVER_IN_OPEN_ATTEMPT:
        source->attempt++;
        source->phase = HANDOVER_ATTEMPT;
        source->grant = HANDOVER_RECORD_NONE;
        return step0();
    case HANDOVER_IN_ABORTED: /* burned for a reason of the target's own */
    case HANDOVER_IN_LOST:    /* nothing was granted, so nothing can have started */
        /* mark: handover-gone-while-running -- the target burned or forgot: the guest runs on */
        source->phase = HANDOVER_BACK;
        return step0();
    case HANDOVER_IN_READY: /* of an attempt that was aborted: tell it again */
        /* mark: handover-late-ready -- READY of an aborted attempt: told again */
        return step2(HANDOVER_OUT_STALE, HANDOVER_OUT_SEND_ABORT);
    case HANDOVER_IN_TARGET_RECEIVING: return step0();
    case HANDOVER_IN_CLAIM: /* it is ours already */ return step1(HANDOVER_OUT_TOO_LATE);
    case HANDOVER_IN_STARTED: /* H-9 */
        if (source->restarted == 0 || attempt == 0 || epoch != source->epoch + 1) {
            return step1(HANDOVER_OUT_VIOLATION);
        }
        source->phase = HANDOVER_MOVED;
        return step1(HANDOVER_OUT_TAKEN);
    case HANDOVER_IN_ABORT:
    case HANDOVER_IN_STOP_GRANT:
    case HANDOVER_IN_GRANT_DURABLE:
    case HANDOVER_IN_GRANT_FAILED:
    case HANDOVER_IN_CLAIM_DURABLE:
    case HANDOVER_IN_CLAIM_FAILED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that RUNNING cannot have */
    return step0();
}

static struct handover_step in_attempt(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    switch (input) {
    case HANDOVER_IN_READY:
        if (attempt != source->attempt || epoch != source->epoch) {
            return step1(HANDOVER_OUT_STALE);
        }
        source->phase = HANDOVER_GRANTING;
        source->grant = HANDOVER_RECORD_ISSUED;
        return step1(HANDOVER_OUT_PERSIST_GRANT);
    case HANDOVER_IN_ABORT:
        /* mark: handover-abort -- an attempt is aborted before the grant */
        source->phase = HANDOVER_RUNNING;
        return step2(HANDOVER_OUT_SEND_ABORT, HANDOVER_OUT_RUN_HERE);
    case HANDOVER_IN_ABORTED:
    case HANDOVER_IN_LOST:
        /* mark: handover-gone-in-attempt -- burned or forgotten in the pause: taken back */
        return go_back(source);
    case HANDOVER_IN_TARGET_RECEIVING: return step0();
    case HANDOVER_IN_CLAIM:
        return step1(HANDOVER_OUT_TOO_LATE); /* cancel brings it back without risk */
    case HANDOVER_IN_STARTED: return step1(HANDOVER_OUT_VIOLATION);
    case HANDOVER_IN_OPEN_ATTEMPT:
    case HANDOVER_IN_STOP_GRANT:
    case HANDOVER_IN_GRANT_DURABLE:
    case HANDOVER_IN_GRANT_FAILED:
    case HANDOVER_IN_CLAIM_DURABLE:
    case HANDOVER_IN_CLAIM_FAILED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that ATTEMPT cannot have */
    return step0();
}

static struct handover_step claim(struct handover_source *source)
{
    source->phase = HANDOVER_CLAIMING;
    source->claim = HANDOVER_RECORD_ISSUED;
    return step1(HANDOVER_OUT_PERSIST_CLAIM);
}

static struct handover_step
in_granting(struct handover_source *source, enum handover_source_input input)
{
    switch (input) {
    case HANDOVER_IN_GRANT_DURABLE:
        source->phase = HANDOVER_GRANTED;
        source->grant = HANDOVER_RECORD_DURABLE;
        return step1(HANDOVER_OUT_SEND_GRANT);
    case HANDOVER_IN_GRANT_FAILED:
        /* mark: handover-grant-failed -- the grant record failed: asks for a burn */
        source->phase = HANDOVER_BURNING;
        source->grant = HANDOVER_RECORD_FAILED;
        return step1(HANDOVER_OUT_SEND_BURN);
    case HANDOVER_IN_STOP_GRANT:
        /* mark: handover-grant-stopped -- cancelled or late while granting: asks for a burn */
        source->phase = HANDOVER_BURNING;
        return step1(HANDOVER_OUT_SEND_BURN);
    case HANDOVER_IN_ABORTED:
        /* mark: handover-burned-while-granting -- proof while the grant is being written */
        return go_back(source);
    case HANDOVER_IN_READY: /* said again after a new attach; the grant is on its way */
    case HANDOVER_IN_LOST:  /* H-6 */
    case HANDOVER_IN_TARGET_RECEIVING: return step0();
    case HANDOVER_IN_CLAIM: return claim(source);
    case HANDOVER_IN_STARTED: return step1(HANDOVER_OUT_VIOLATION);
    case HANDOVER_IN_OPEN_ATTEMPT:
    case HANDOVER_IN_ABORT:
    case HANDOVER_IN_CLAIM_DURABLE:
    case HANDOVER_IN_CLAIM_FAILED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that GRANTING cannot have */
    return step0();
}

static struct handover_step in_granted(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    switch (input) {
    case HANDOVER_IN_STARTED:
        if (attempt != source->attempt || epoch != source->epoch + 1) {
            return step1(HANDOVER_OUT_STALE);
        }
        source->phase = HANDOVER_MOVED;
        return step1(HANDOVER_OUT_MOVED);
    case HANDOVER_IN_ABORTED:
        /* mark: handover-burned-when-granted -- proof after the grant: the guest is back */
        return go_back(source);
    case HANDOVER_IN_READY:
        if (attempt != source->attempt || epoch != source->epoch) {
            return step1(HANDOVER_OUT_STALE);
        }
        /* mark: handover-grant-again -- READY again: the grant was lost, and is said again */
        return step1(HANDOVER_OUT_SEND_GRANT);
    case HANDOVER_IN_LOST: /* H-6 */
    case HANDOVER_IN_TARGET_RECEIVING: return step0();
    case HANDOVER_IN_CLAIM: return claim(source);
    case HANDOVER_IN_STOP_GRANT: return step1(HANDOVER_OUT_TOO_LATE);
    case HANDOVER_IN_OPEN_ATTEMPT:
    case HANDOVER_IN_ABORT:
    case HANDOVER_IN_GRANT_DURABLE:
    case HANDOVER_IN_GRANT_FAILED:
    case HANDOVER_IN_CLAIM_DURABLE:
    case HANDOVER_IN_CLAIM_FAILED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that GRANTED cannot have */
    return step0();
}

static struct handover_step
in_burning(struct handover_source *source, enum handover_source_input input)
{
    switch (input) {
    case HANDOVER_IN_ABORTED:
        /* mark: handover-burned-on-request -- the burn was asked for, and proof has come */
        return go_back(source);
    case HANDOVER_IN_READY:
    case HANDOVER_IN_TARGET_RECEIVING:
        /* mark: handover-burn-again -- the order to burn was lost, and is said again */
        return step1(HANDOVER_OUT_SEND_BURN);
    case HANDOVER_IN_GRANT_DURABLE: /* late: GRANT is not sent any more */
        /* mark: handover-grant-durable-too-late -- a late grant record: GRANT stays unsaid */
        source->grant = HANDOVER_RECORD_DURABLE;
        return step0();
    case HANDOVER_IN_GRANT_FAILED: source->grant = HANDOVER_RECORD_FAILED; return step0();
    case HANDOVER_IN_LOST: /* H-6: a reinstalled target and an older one that still holds a copy
                              look alike from here */
        return step0();
    case HANDOVER_IN_CLAIM: return claim(source);
    case HANDOVER_IN_STARTED: return step1(HANDOVER_OUT_VIOLATION);
    case HANDOVER_IN_STOP_GRANT: return step0();
    case HANDOVER_IN_OPEN_ATTEMPT:
    case HANDOVER_IN_ABORT:
    case HANDOVER_IN_CLAIM_DURABLE:
    case HANDOVER_IN_CLAIM_FAILED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that BURNING cannot have */
    return step0();
}

static struct handover_step
in_claiming(struct handover_source *source, enum handover_source_input input)
{
    switch (input) {
    case HANDOVER_IN_CLAIM_DURABLE:
        source->phase = HANDOVER_CLAIMED;
        source->claim = HANDOVER_RECORD_DURABLE;
        return step1(HANDOVER_OUT_RUN_HERE);
    case HANDOVER_IN_CLAIM_FAILED: /* the claim may be in the journal, or not: a restart tells */
        /* mark: handover-claim-failed -- the claim is in doubt: only a restart tells */
        source->claim = HANDOVER_RECORD_FAILED;
        return step0();
    case HANDOVER_IN_GRANT_DURABLE: source->grant = HANDOVER_RECORD_DURABLE; return step0();
    case HANDOVER_IN_GRANT_FAILED: source->grant = HANDOVER_RECORD_FAILED; return step0();
    case HANDOVER_IN_CLAIM: return step1(HANDOVER_OUT_TOO_LATE);
    case HANDOVER_IN_STOP_GRANT:
    case HANDOVER_IN_READY:
    case HANDOVER_IN_STARTED: /* the operator said that this host is fenced; the claim stands */
    case HANDOVER_IN_ABORTED:
    case HANDOVER_IN_LOST:
    case HANDOVER_IN_TARGET_RECEIVING: return step0();
    case HANDOVER_IN_OPEN_ATTEMPT:
    case HANDOVER_IN_ABORT: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that CLAIMING cannot have */
    return step0();
}

/* MOVED, BACK and CLAIMED: decided. Whatever the target asks, the answer is that the session is
 * over. */
static struct handover_step
in_decided(struct handover_source *source, enum handover_source_input input)
{
    switch (input) {
    case HANDOVER_IN_READY:
    case HANDOVER_IN_STARTED:
    case HANDOVER_IN_ABORTED:
    case HANDOVER_IN_TARGET_RECEIVING:
        /* mark: handover-asked-after-the-end -- the target asks a decided session: END again */
        return step1(HANDOVER_OUT_SEND_END);
    case HANDOVER_IN_LOST: return step0();
    case HANDOVER_IN_GRANT_DURABLE: source->grant = HANDOVER_RECORD_DURABLE; return step0();
    case HANDOVER_IN_GRANT_FAILED: source->grant = HANDOVER_RECORD_FAILED; return step0();
    case HANDOVER_IN_CLAIM:
    case HANDOVER_IN_STOP_GRANT: return step1(HANDOVER_OUT_TOO_LATE);
    case HANDOVER_IN_OPEN_ATTEMPT:
    case HANDOVER_IN_ABORT:
    case HANDOVER_IN_CLAIM_DURABLE:
    case HANDOVER_IN_CLAIM_FAILED: break;
    }
    FERRY_ASSERT(false); /* the engine gave an input that a decided session cannot have */
    return step0();
}

struct handover_step handover_source_step(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    switch ((enum handover_source_phase)source->phase) {
    case HANDOVER_RUNNING: return in_running(source, input, attempt, epoch);
    case HANDOVER_ATTEMPT: return in_attempt(source, input, attempt, epoch);
    case HANDOVER_GRANTING: return in_granting(source, input);
    case HANDOVER_GRANTED: return in_granted(source, input, attempt, epoch);
    case HANDOVER_BURNING: return in_burning(source, input);
    case HANDOVER_CLAIMING: return in_claiming(source, input);
    case HANDOVER_BACK:
    case HANDOVER_MOVED:
    case HANDOVER_CLAIMED: return in_decided(source, input);
    }
    FERRY_ASSERT(false); /* no such phase */
    return step0();
}

const char *handover_source_phase_name(enum handover_source_phase phase)
{
    switch (phase) {
    case HANDOVER_RUNNING: return "running";
    case HANDOVER_ATTEMPT: return "attempt";
    case HANDOVER_GRANTING: return "granting";
    case HANDOVER_GRANTED: return "granted";
    case HANDOVER_BURNING: return "burning";
    case HANDOVER_BACK: return "back";
    case HANDOVER_MOVED: return "moved";
    case HANDOVER_CLAIMING: return "claiming";
    case HANDOVER_CLAIMED: return "claimed";
    }
    return "?";
}
