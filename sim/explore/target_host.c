/* SPDX-License-Identifier: Apache-2.0 */
/* target_host.c -- what engine/core/target and its host do around the target's half of the handover:
 * owning.c (outputs), attach.c (RESUME), receiving.c (when an attempt is complete), closing.c (END),
 * restart.c (records), state_table.c (which message may come when).
 *
 * A session that is over and one that was never known are the same here: LOST answers both. */
#include "sim/explore/world.h"

#include <string.h>

/* closing.c: frees what is not the running guest, forgets, says CLOSED. */
static void forget(struct explore_world *world)
{
    struct explore_state *state = world->state;
    struct explore_target_host *t = &state->t;
    const bool keep = handover_target_may_run(&state->target);
    if (!keep && t->process != PROCESS_NONE) {
        t->process = PROCESS_NONE;
    }
    t->fate = keep ? FATE_HERE : FATE_NONE;
    t->engine = TARGET_NO_SESSION;
    t->loading = 0;
    t->session = 0;
    t->owner = RECORD_NONE;
    t->burned = RECORD_NONE;
    t->outranked = 0;
    t->record_attempt = 0;
    memset(&state->target, 0, sizeof state->target);
    explore_note(world, COLUMN_TARGET, "session forgotten");
    explore_send_to_source(world, MESSAGE_CLOSED, 0);
}

static void persist(struct explore_world *world, enum explore_target_record record)
{
    struct explore_state *state = world->state;
    struct explore_target_host *t = &state->t;
    const bool owner = record == TARGET_RECORD_OWNER;
    if ((owner ? t->owner : t->burned) != RECORD_NONE) {
        explore_fail(world, CHECK_H8_WRITE_AGAIN);
    }
    if (owner) {
        t->owner = RECORD_WRITING;
    } else {
        t->burned = RECORD_WRITING;
        t->outranked = state->target.yielded & 1U;
        t->loading = 0;
    }
    t->record_attempt = state->target.attempt & 7U;
    explore_note(world, COLUMN_TARGET, owner ? "write OWNER" : "write BURNED");
}

static void send_started(struct explore_world *world)
{
    if (!world->state->t.starting) { /* said as soon as it runs */
        explore_send_to_source(world, MESSAGE_STARTED, world->state->target.attempt);
    }
}

static void breach(struct explore_world *world)
{
    explore_note(world, COLUMN_TARGET, "breach of the protocol");
    /* While OWNER is being written after a claim, the fenced source's END costs the connection: it asks again. */
    if (!world->stray && !world->state->t.fenced && !world->state->s.fenced) {
        explore_fail(world, CHECK_HONEST_VIOLATION);
    }
    explore_link_lose(world, 0);
}

static void carry_out(struct explore_world *world, enum handover_output output)
{
    struct explore_state *state = world->state;
    const uint32_t attempt = state->target.attempt;
    switch (output) {
    case HANDOVER_OUT_PERSIST_OWNER: persist(world, TARGET_RECORD_OWNER); return;
    case HANDOVER_OUT_PERSIST_BURNED: persist(world, TARGET_RECORD_BURNED); return;
    case HANDOVER_OUT_SEND_READY: explore_send_to_source(world, MESSAGE_READY, attempt); return;
    case HANDOVER_OUT_SEND_STARTED: send_started(world); return;
    case HANDOVER_OUT_SEND_ABORTED:
        if (state->t.burned != RECORD_DURABLE) {
            explore_fail(world, CHECK_H5_ABORTED_TOO_EARLY);
        }
        explore_send_to_source(world, MESSAGE_ABORTED, attempt);
        return;
    case HANDOVER_OUT_RUN_HERE: state->t.starting = 1; return;
    case HANDOVER_OUT_VOID:
        if (state->t.loading != 0) {
            explore_note(world, COLUMN_TARGET, "attempt %u is void", (unsigned)state->t.loading);
        }
        state->t.loading = 0;
        return;
    case HANDOVER_OUT_FORGET: forget(world); return;
    case HANDOVER_OUT_STALE: explore_note(world, COLUMN_TARGET, "stale: nothing changes"); return;
    case HANDOVER_OUT_TOO_LATE: explore_note(world, COLUMN_TARGET, "too late"); return;
    case HANDOVER_OUT_VIOLATION: breach(world); return;
    case HANDOVER_OUT_NONE:
    case HANDOVER_OUT_SEND_RECEIVING: /* RESUMED has said it */
    case HANDOVER_OUT_PERSIST_GRANT:
    case HANDOVER_OUT_PERSIST_CLAIM:
    case HANDOVER_OUT_SEND_ABORT:
    case HANDOVER_OUT_SEND_GRANT:
    case HANDOVER_OUT_SEND_BURN:
    case HANDOVER_OUT_SEND_END:
    case HANDOVER_OUT_MOVED:
    case HANDOVER_OUT_TAKEN: return;
    }
}

void explore_target_step(
    struct explore_world *world, enum handover_target_input input, uint32_t attempt, uint64_t epoch)
{
    struct explore_state *state = world->state;
    const struct handover_target before = state->target;
    const struct handover_step step =
        world->machine->target_step(&state->target, input, attempt, epoch);
    if (world->notes != NULL && before.phase != state->target.phase) {
        explore_note(
            world,
            COLUMN_TARGET,
            "%s -> %s",
            handover_target_phase_name((enum handover_target_phase)before.phase),
            handover_target_phase_name((enum handover_target_phase)state->target.phase));
    }
    const bool changed = memcmp(&before, &state->target, sizeof before) != 0;
    if (changed && input == HANDOVER_IN_GRANT && attempt != before.attempt) {
        explore_fail(world, CHECK_H4_OTHER_ATTEMPT);
    }
    if (changed && (input == HANDOVER_IN_GRANT || input == HANDOVER_IN_VOID) &&
        epoch != before.epoch) {
        explore_fail(world, CHECK_H7_STALE_COUNTS);
    }
    for (uint8_t i = 0; i < step.count; i++) {
        carry_out(world, (enum handover_output)step.output[i]);
    }
}

/* ---- what the source says: attach.c, state_table.c ---- */

static void hears_resume(struct explore_world *world, enum explore_message kind, uint32_t attempt)
{
    const struct handover_target *target = &world->state->target;
    explore_send_to_source(
        world,
        target->phase == HANDOVER_RECEIVING ? MESSAGE_RESUMED_RECEIVING : MESSAGE_RESUMED,
        target->attempt);
    if (kind == MESSAGE_RESUME_COPYING) {
        explore_target_step(world, HANDOVER_IN_VOID, attempt, EXPLORE_EPOCH);
    } else if (kind == MESSAGE_RESUME_ATTEMPT) {
        if (attempt > target->attempt) {
            explore_target_step(world, HANDOVER_IN_VOID, attempt - 1, EXPLORE_EPOCH);
        }
        explore_target_step(world, HANDOVER_IN_ASK_READY, attempt, EXPLORE_EPOCH);
    } else if (kind == MESSAGE_RESUME_GRANTED) {
        explore_target_step(world, HANDOVER_IN_ASK_READY, attempt, EXPLORE_EPOCH);
    } else if (kind == MESSAGE_RESUME_BURN) {
        explore_target_step(world, HANDOVER_IN_BURN, attempt, EXPLORE_EPOCH);
    }
    /* ended: END follows */
}

static void
hears_end(struct explore_world *world, enum explore_message kind, uint32_t attempt, uint64_t epoch)
{
    const struct handover_target *target = &world->state->target;
    if (epoch != target->epoch) {
        return;
    }
    if (target->phase == HANDOVER_OWNER && kind == MESSAGE_END_CLAIMED) {
        explore_target_step(world, HANDOVER_IN_END_CLAIMED, attempt, epoch);
        return;
    }
    if (target->phase == HANDOVER_OWNER && kind == MESSAGE_END_STAYED) {
        /* a source that was away when the guest was claimed here: tell it (once a connection; what it answers
         * ends the session, so more is not said) */
        explore_target_step(world, HANDOVER_IN_ASK_READY, attempt, epoch);
        return;
    }
    if ((kind == MESSAGE_END_MOVED) != (target->phase == HANDOVER_OWNER)) {
        breach(world); /* only an operator's claim makes the two disagree: all records are kept */
        return;
    }
    explore_target_step(world, HANDOVER_IN_END, attempt, epoch);
}

/* A session that is not here: only what the source asks matters. */
static void hears_unknown(struct explore_world *world, enum explore_message kind)
{
    const bool resume = kind == MESSAGE_RESUME_COPYING || kind == MESSAGE_RESUME_ATTEMPT ||
                        kind == MESSAGE_RESUME_GRANTED || kind == MESSAGE_RESUME_BURN ||
                        kind == MESSAGE_RESUME_ENDED;
    if (resume) {
        explore_send_to_source(world, MESSAGE_LOST, 0);
    } else if (
        kind == MESSAGE_END_MOVED || kind == MESSAGE_END_STAYED || kind == MESSAGE_END_CLAIMED) {
        explore_send_to_source(world, MESSAGE_CLOSED, 0);
    }
}

static void hears_manifest(struct explore_world *world, uint32_t attempt)
{
    struct explore_state *state = world->state;
    if (state->target.phase == HANDOVER_RECEIVING && state->t.loading == 0 &&
        attempt > state->target.attempt) {
        state->t.loading = attempt & 7U;
        explore_note(world, COLUMN_TARGET, "all of attempt %u is here", (unsigned)attempt);
    }
}

void explore_target_hears(struct explore_world *world, uint8_t message, uint64_t epoch)
{
    const struct explore_state *state = world->state;
    const enum explore_message kind = MESSAGE_KIND(message);
    const uint32_t attempt = MESSAGE_ATTEMPT(message);
    if (state->t.engine == TARGET_DOWN) {
        return;
    }
    if (state->t.engine == TARGET_NO_SESSION) {
        hears_unknown(world, kind);
    } else if (kind <= MESSAGE_RESUME_ENDED) {
        hears_resume(world, kind, attempt);
    } else if (kind == MESSAGE_MANIFEST) {
        hears_manifest(world, attempt);
    } else if (kind == MESSAGE_ABORT && epoch == state->target.epoch) {
        explore_target_step(world, HANDOVER_IN_VOID, attempt, epoch);
    } else if (kind == MESSAGE_GRANT) {
        explore_target_step(world, HANDOVER_IN_GRANT, attempt, epoch);
    } else if (kind == MESSAGE_BURN && epoch == state->target.epoch) {
        explore_target_step(world, HANDOVER_IN_BURN, attempt, epoch);
    } else if (
        kind == MESSAGE_END_MOVED || kind == MESSAGE_END_STAYED || kind == MESSAGE_END_CLAIMED) {
        hears_end(world, kind, attempt, epoch);
    }
}

/* owning.c: the run call has come back. */
void explore_target_resumed(struct explore_world *world)
{
    struct explore_state *state = world->state;
    state->t.starting = 0;
    if (state->t.process == PROCESS_PAUSED || state->t.process == PROCESS_RUNNING) {
        state->t.process = PROCESS_RUNNING;
        explore_note(world, COLUMN_TARGET, "guest runs here");
    }
    if (state->t.engine == TARGET_ACTIVE) {
        send_started(world);
    }
}

/* ---- the journal ---- */

void explore_target_written(
    struct explore_world *world, enum explore_target_record record, bool durable)
{
    struct explore_state *state = world->state;
    const uint32_t now = durable ? RECORD_DURABLE : RECORD_DOUBT;
    enum handover_target_input input =
        durable ? HANDOVER_IN_OWNER_DURABLE : HANDOVER_IN_OWNER_FAILED;
    if (record == TARGET_RECORD_OWNER) {
        state->t.owner = now & 3U;
    } else {
        state->t.burned = now & 3U;
        input = durable ? HANDOVER_IN_BURN_DURABLE : HANDOVER_IN_BURN_FAILED;
        if (durable) {
            state->t.process = PROCESS_NONE;
        }
    }
    explore_target_step(world, input, state->target.attempt, EXPLORE_EPOCH);
}

static uint32_t found(uint32_t record, bool there)
{
    if (record == RECORD_WRITING || record == RECORD_DOUBT) {
        return there ? RECORD_DURABLE : RECORD_NONE;
    }
    return record;
}

void explore_target_down(struct explore_world *world, bool there, bool host)
{
    struct explore_state *state = world->state;
    struct explore_target_host *t = &state->t;
    t->owner = found(t->owner, there) & 3U;
    t->burned = found(t->burned, there) & 3U;
    if (t->owner == RECORD_NONE && t->burned == RECORD_NONE) {
        t->record_attempt = 0;
    }
    if (host && t->process != PROCESS_NONE) {
        t->process = PROCESS_KILLED;
    }
    t->engine = TARGET_DOWN;
    t->starting = 0;
    t->loading = 0;
    memset(&state->target, 0, sizeof state->target);
}

/* restart.c */
void explore_target_up(struct explore_world *world)
{
    struct explore_state *state = world->state;
    struct explore_target_host *t = &state->t;
    if (!t->session) {
        t->engine = TARGET_NO_SESSION;
        return;
    }
    t->engine = TARGET_ACTIVE;
    const bool burned = t->burned == RECORD_DURABLE;
    const bool owner = t->owner == RECORD_DURABLE && !(burned && t->outranked);
    state->target = world->machine->target_restart(EXPLORE_EPOCH, t->record_attempt, owner, burned);
    explore_note(
        world,
        COLUMN_TARGET,
        "from the journal: %s",
        handover_target_phase_name((enum handover_target_phase)state->target.phase));
    if (state->target.phase == HANDOVER_OWNER) {
        t->starting = t->process != PROCESS_KILLED;
    } else if (state->target.phase == HANDOVER_BURNED) {
        t->process = PROCESS_NONE;
    } else {
        explore_target_step(world, HANDOVER_IN_BURN, state->target.attempt, EXPLORE_EPOCH);
    }
}
