/* SPDX-License-Identifier: Apache-2.0 */
/* source_host.c -- what engine/core/source and its host do around the source's half of the handover:
 * grant.c (outputs), ending.c (outcome, END), attempt.c (RESUMING), opening.c (RESUME), restart.c
 * (records), state_table.c (which message may come when). */
#include "sim/explore/world.h"

#include <string.h>

bool explore_source_is_out(const struct explore_state *state)
{
    const uint8_t phase = state->source.phase;
    return phase == HANDOVER_GRANTING || phase == HANDOVER_GRANTED || phase == HANDOVER_BURNING ||
           phase == HANDOVER_CLAIMING;
}

/* ---- ending.c ---- */

/* The session is forgotten, or left as it is for a later retry; its object is gone. */
static void close_session(struct explore_world *world, bool forget)
{
    struct explore_state *state = world->state;
    const bool here = handover_source_may_run(&state->source);
    const uint32_t fate = state->source.phase == HANDOVER_MOVED ? FATE_MOVED
                          : here                                ? FATE_HERE
                                                                : FATE_NONE;
    state->s.fate = fate & 3U;
    state->s.engine = SOURCE_CLOSED;
    state->s.ending = 0;
    state->s.record_wanted = 0;
    state->s.moved = 0;
    state->s.offered = 0;
    if (forget) {
        state->s.session = 0;
        state->s.granted = RECORD_NONE;
        state->s.granted_attempt = 0;
        state->s.ended = RECORD_NONE;
        state->s.ended_moved = 0;
        state->s.claimed = RECORD_NONE;
    }
    explore_note(world, COLUMN_SOURCE, forget ? "session forgotten" : "closed, records are left");
    memset(&state->source, 0, sizeof state->source);
    explore_link_lose(world, 0);
}

static void say_end(struct explore_world *world)
{
    const struct explore_state *state = world->state;
    if (state->s.engine != SOURCE_CLOSING ||
        (state->s.record_wanted && state->s.ended != RECORD_DURABLE)) {
        return;
    }
    const enum explore_message stays =
        state->source.phase == HANDOVER_CLAIMED ? MESSAGE_END_CLAIMED : MESSAGE_END_STAYED;
    explore_send_to_target(
        world, state->s.moved ? MESSAGE_END_MOVED : stays, state->source.attempt);
}

static void ending_begin(struct explore_world *world)
{
    struct explore_state *state = world->state;
    state->s.engine = SOURCE_CLOSING;
    state->s.ending = 1;
    if (state->s.moved) {
        state->s.record_wanted = 1;
        if (state->s.process == PROCESS_PAUSED || state->s.process == PROCESS_RUNNING) {
            state->s.process = PROCESS_NONE;
            explore_note(world, COLUMN_SOURCE, "copy freed");
        }
    }
    if (state->s.record_wanted && state->s.ended != RECORD_DURABLE) {
        if (state->s.ended != RECORD_NONE) {
            explore_fail(world, CHECK_H8_WRITE_AGAIN);
        }
        state->s.ended = RECORD_WRITING;
        state->s.ended_moved = state->s.moved;
        explore_note(world, COLUMN_SOURCE, "write ENDED");
    }
    say_end(world);
}

void explore_source_gives_up(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.ending || explore_source_is_out(state)) {
        return;
    }
    state->s.ending = 1;
    if (state->s.engine == SOURCE_PAUSING || state->s.engine == SOURCE_SENDING) {
        explore_source_step(world, HANDOVER_IN_ABORT, 0, 0);
    } else if (state->s.engine == SOURCE_COPYING) {
        ending_begin(world);
    }
    /* RESUMING: as soon as the guest runs */
}

static void closed_heard(struct explore_world *world)
{
    const struct explore_state *state = world->state;
    if (state->s.granted == RECORD_WRITING ||
        (state->s.record_wanted && state->s.ended != RECORD_DURABLE)) {
        return;
    }
    close_session(world, true);
}

/* ---- grant.c ---- */

static void run_here(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.process == PROCESS_KILLED || state->s.process == PROCESS_NONE) {
        state->s.ending = 1;
        ending_begin(world); /* nothing to resume, but it is ours to start again */
        return;
    }
    state->s.engine = SOURCE_RESUMING;
}

static void persist_grant(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.process == PROCESS_RUNNING) {
        explore_fail(world, CHECK_GRANT_WHILE_RUNNING);
    }
    if (state->s.granted != RECORD_NONE) {
        explore_fail(world, CHECK_H8_WRITE_AGAIN);
    }
    state->s.engine = SOURCE_OUT;
    state->s.granted = RECORD_WRITING;
    state->s.granted_attempt = state->source.attempt & 7U;
    explore_note(world, COLUMN_SOURCE, "write GRANTED %u", (unsigned)state->source.attempt);
}

/* An honest peer never makes this happen; what came of an earlier session may. */
static void breach(struct explore_world *world)
{
    explore_note(world, COLUMN_SOURCE, "breach of the protocol");
    if (!world->stray) {
        explore_fail(world, CHECK_HONEST_VIOLATION);
    }
    explore_source_gives_up(world);
    explore_link_lose(world, 0);
}

/* While this host was away an operator gave the guest to the other one. */
static void taken(struct explore_world *world)
{
    struct explore_state *state = world->state;
    state->s.moved = 1;
    if (state->s.engine != SOURCE_CLOSING) {
        state->s.ending = 1;
        ending_begin(world);
        return;
    }
    if (state->s.process == PROCESS_PAUSED || state->s.process == PROCESS_RUNNING) {
        state->s.process = PROCESS_NONE;
        explore_note(world, COLUMN_SOURCE, "copy freed");
    }
    state->s.record_wanted = 1;
    if (state->s.ended != RECORD_WRITING) {
        state->s.ended = RECORD_WRITING;
        state->s.ended_moved = 1;
        explore_note(world, COLUMN_SOURCE, "write ENDED");
    }
}

static void carry_out(struct explore_world *world, enum handover_output output, uint32_t heard)
{
    struct explore_state *state = world->state;
    const uint32_t attempt = state->source.attempt;
    switch (output) {
    case HANDOVER_OUT_PERSIST_GRANT: persist_grant(world); return;
    case HANDOVER_OUT_PERSIST_CLAIM:
        if (state->s.claimed != RECORD_NONE) {
            explore_fail(world, CHECK_H8_WRITE_AGAIN);
        }
        state->s.claimed = RECORD_WRITING;
        explore_note(world, COLUMN_SOURCE, "write CLAIMED");
        return;
    case HANDOVER_OUT_SEND_ABORT: /* a restarted source learns from READY how far it had come */
        explore_send_to_target(world, MESSAGE_ABORT, heard > attempt ? heard : attempt);
        return;
    case HANDOVER_OUT_SEND_GRANT:
        if (state->s.granted != RECORD_DURABLE) {
            explore_fail(world, CHECK_H1_GRANT_TOO_EARLY);
        }
        explore_send_to_target(world, MESSAGE_GRANT, attempt);
        return;
    case HANDOVER_OUT_SEND_BURN: explore_send_to_target(world, MESSAGE_BURN, attempt); return;
    case HANDOVER_OUT_SEND_END: say_end(world); return;
    case HANDOVER_OUT_RUN_HERE: run_here(world); return;
    case HANDOVER_OUT_MOVED:
        state->s.ending = 1;
        state->s.moved = 1;
        ending_begin(world);
        return;
    case HANDOVER_OUT_TAKEN: taken(world); return;
    case HANDOVER_OUT_STALE: explore_note(world, COLUMN_SOURCE, "stale: nothing changes"); return;
    case HANDOVER_OUT_TOO_LATE: explore_note(world, COLUMN_SOURCE, "too late"); return;
    case HANDOVER_OUT_VIOLATION: breach(world); return;
    case HANDOVER_OUT_NONE:
    case HANDOVER_OUT_PERSIST_OWNER:
    case HANDOVER_OUT_PERSIST_BURNED:
    case HANDOVER_OUT_SEND_READY:
    case HANDOVER_OUT_SEND_STARTED:
    case HANDOVER_OUT_SEND_ABORTED:
    case HANDOVER_OUT_SEND_RECEIVING:
    case HANDOVER_OUT_VOID:
    case HANDOVER_OUT_FORGET: return;
    }
}

/* What must hold between the machine before a step and after it. */
static void check_step(
    struct explore_world *world,
    const struct handover_source *before,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    const struct handover_source *after = &world->state->source;
    const bool was_out = before->phase == HANDOVER_GRANTING || before->phase == HANDOVER_GRANTED ||
                         before->phase == HANDOVER_BURNING || before->phase == HANDOVER_CLAIMING;
    if (was_out && handover_source_may_run(after)) {
        if (input == HANDOVER_IN_LOST) {
            explore_fail(world, CHECK_H6_LOST_AS_PROOF);
        } else if (input != HANDOVER_IN_ABORTED && input != HANDOVER_IN_CLAIM_DURABLE) {
            explore_fail(world, CHECK_H2_NO_PROOF);
        }
    }
    const bool changed = memcmp(before, after, sizeof *before) != 0;
    const bool old_ready =
        input == HANDOVER_IN_READY && (attempt != before->attempt || epoch != before->epoch);
    /* H-9: one that was away does not know its attempts */
    const bool away = before->restarted != 0 && before->phase == HANDOVER_RUNNING;
    const bool old_started = input == HANDOVER_IN_STARTED &&
                             ((attempt != before->attempt && !away) || epoch != before->epoch + 1);
    if (changed && (old_ready || old_started)) {
        explore_fail(
            world,
            old_ready && epoch == before->epoch ? CHECK_H4_OTHER_ATTEMPT : CHECK_H7_STALE_COUNTS);
    }
}

void explore_source_step(
    struct explore_world *world, enum handover_source_input input, uint32_t attempt, uint64_t epoch)
{
    struct explore_state *state = world->state;
    const struct handover_source before = state->source;
    const struct handover_step step =
        world->machine->source_step(&state->source, input, attempt, epoch);
    if (world->notes != NULL && before.phase != state->source.phase) {
        explore_note(
            world,
            COLUMN_SOURCE,
            "%s -> %s",
            handover_source_phase_name((enum handover_source_phase)before.phase),
            handover_source_phase_name((enum handover_source_phase)state->source.phase));
    }
    check_step(world, &before, input, attempt, epoch);
    for (uint8_t i = 0; i < step.count; i++) {
        carry_out(world, (enum handover_output)step.output[i], attempt);
    }
}

/* ---- what the target says: state_table.c ---- */

static void hears_lost(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.engine == SOURCE_CLOSING) {
        closed_heard(world);
        return;
    }
    const bool out = explore_source_is_out(state);
    state->s.ending |= !out;
    explore_source_step(world, HANDOVER_IN_LOST, 0, 0);
    if (state->s.engine == SOURCE_COPYING) {
        ending_begin(world);
    }
}

/* attempt.c: ready for what it has not got? */
static void hears_ready(struct explore_world *world, uint32_t attempt, uint64_t epoch)
{
    const struct explore_state *state = world->state;
    const uint32_t engine = state->s.engine;
    const bool in_pause = engine == SOURCE_PAUSING || engine == SOURCE_SENDING;
    const bool unopened = attempt > state->source.attempt;
    const bool unasked = attempt == state->source.attempt && in_pause && !state->s.offered;
    if ((engine == SOURCE_COPYING || in_pause) && (unopened || unasked)) {
        breach(world);
        return;
    }
    explore_source_step(world, HANDOVER_IN_READY, attempt, epoch);
}

static void hears_aborted(struct explore_world *world, uint32_t attempt, uint64_t epoch)
{
    struct explore_state *state = world->state;
    if (epoch != state->source.epoch) {
        return;
    }
    if (explore_source_is_out(state)) {
        state->s.record_wanted = 1;
    }
    state->s.ending = 1;
    explore_source_step(world, HANDOVER_IN_ABORTED, attempt, epoch);
    if (state->s.engine == SOURCE_COPYING) {
        ending_begin(world); /* the guest runs here, it never stopped */
    }
}

static void hears_resumed(struct explore_world *world, enum explore_message kind, uint32_t attempt)
{
    struct explore_state *state = world->state;
    if (state->t.link != LINK_ASKING) {
        return;
    }
    state->t.link = LINK_UP;
    if (state->s.engine == SOURCE_CLOSING) {
        say_end(world);
    } else if (kind == MESSAGE_RESUMED_RECEIVING) {
        explore_source_step(world, HANDOVER_IN_TARGET_RECEIVING, attempt, EXPLORE_EPOCH);
    }
}

void explore_source_hears(struct explore_world *world, uint8_t message, uint64_t epoch)
{
    const struct explore_state *state = world->state;
    const enum explore_message kind = MESSAGE_KIND(message);
    const uint32_t attempt = MESSAGE_ATTEMPT(message);
    if (state->s.engine == SOURCE_DOWN || state->s.engine == SOURCE_CLOSED) {
        return;
    }
    if (kind == MESSAGE_RESUMED || kind == MESSAGE_RESUMED_RECEIVING) {
        hears_resumed(world, kind, attempt);
    } else if (kind == MESSAGE_LOST) {
        hears_lost(world);
    } else if (kind == MESSAGE_READY) {
        hears_ready(world, attempt, epoch);
    } else if (kind == MESSAGE_STARTED) {
        explore_source_step(world, HANDOVER_IN_STARTED, attempt, epoch + 1);
    } else if (kind == MESSAGE_ABORTED) {
        hears_aborted(world, attempt, epoch);
    } else if (kind == MESSAGE_CLOSED && state->s.engine == SOURCE_CLOSING) {
        closed_heard(world);
    }
}

/* opening.c: which phase RESUME names. */
void explore_source_asks(struct explore_world *world)
{
    struct explore_state *state = world->state;
    enum explore_message kind = MESSAGE_RESUME_ENDED;
    if (state->s.engine != SOURCE_CLOSING) {
        switch ((enum handover_source_phase)state->source.phase) {
        case HANDOVER_RUNNING: kind = MESSAGE_RESUME_COPYING; break;
        case HANDOVER_ATTEMPT:
        case HANDOVER_GRANTING: kind = MESSAGE_RESUME_ATTEMPT; break;
        case HANDOVER_GRANTED: kind = MESSAGE_RESUME_GRANTED; break;
        case HANDOVER_BURNING: kind = MESSAGE_RESUME_BURN; break;
        case HANDOVER_BACK:
        case HANDOVER_MOVED:
        case HANDOVER_CLAIMING:
        case HANDOVER_CLAIMED: break;
        }
    }
    state->t.link = LINK_ASKING;
    explore_send_to_target(world, kind, state->source.attempt);
}

/* attempt.c: the run call has come back. */
void explore_source_resumed(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.process == PROCESS_PAUSED || state->s.process == PROCESS_RUNNING) {
        state->s.process = PROCESS_RUNNING;
        explore_note(world, COLUMN_SOURCE, "guest runs here");
    } else {
        state->s.ending = 1; /* there is no process any more: it failed */
    }
    if (state->s.ending) {
        ending_begin(world);
    } else {
        state->s.engine = SOURCE_COPYING;
    }
}

/* ---- the journal ---- */

void explore_source_written(
    struct explore_world *world, enum explore_source_record record, bool durable)
{
    struct explore_state *state = world->state;
    const uint32_t now = durable ? RECORD_DURABLE : RECORD_DOUBT;
    const uint32_t attempt = state->source.attempt;
    switch (record) {
    case SOURCE_RECORD_GRANTED:
        state->s.granted = now & 3U;
        if (!durable && explore_source_is_out(state)) {
            state->s.ending = 1;
        }
        explore_source_step(
            world,
            durable ? HANDOVER_IN_GRANT_DURABLE : HANDOVER_IN_GRANT_FAILED,
            attempt,
            EXPLORE_EPOCH);
        return;
    case SOURCE_RECORD_CLAIMED:
        state->s.claimed = now & 3U;
        state->s.ending = 1;
        explore_source_step(
            world,
            durable ? HANDOVER_IN_CLAIM_DURABLE : HANDOVER_IN_CLAIM_FAILED,
            attempt,
            EXPLORE_EPOCH);
        return;
    case SOURCE_RECORD_ENDED:
        state->s.ended = now & 3U;
        if (durable) {
            say_end(world);
        } else {
            close_session(world, false); /* the records stay as they are, here and at the target */
        }
        return;
    }
}

static uint32_t found(uint32_t record, bool there)
{
    if (record == RECORD_WRITING || record == RECORD_DOUBT) {
        return there ? RECORD_DURABLE : RECORD_NONE;
    }
    return record;
}

void explore_source_down(struct explore_world *world, unsigned there, bool host)
{
    struct explore_state *state = world->state;
    struct explore_source_host *s = &state->s;
    s->granted = found(s->granted, (there & 1U) != 0) & 3U;
    s->ended = found(s->ended, (there & 2U) != 0) & 3U;
    s->claimed = found(s->claimed, (there & 2U) != 0) & 3U;
    if (s->granted == RECORD_NONE) {
        s->granted_attempt = 0;
    }
    if (s->ended == RECORD_NONE) {
        s->ended_moved = 0;
    }
    if (host && s->process != PROCESS_NONE) {
        s->process = PROCESS_KILLED;
    }
    s->engine = SOURCE_DOWN;
    s->ending = 0;
    s->record_wanted = 0;
    s->moved = 0;
    s->offered = 0;
    memset(&state->source, 0, sizeof state->source);
}

/* restart.c */
void explore_source_up(struct explore_world *world)
{
    struct explore_state *state = world->state;
    struct explore_source_host *s = &state->s;
    if (!s->session) {
        s->engine = SOURCE_CLOSED;
        return;
    }
    s->fate = FATE_NONE;
    state->source = world->machine->source_restart(
        EXPLORE_EPOCH,
        s->granted == RECORD_DURABLE ? s->granted_attempt : 0,
        s->granted == RECORD_DURABLE,
        s->claimed == RECORD_DURABLE);
    explore_note(
        world,
        COLUMN_SOURCE,
        "from the journal: %s",
        handover_source_phase_name((enum handover_source_phase)state->source.phase));
    if (s->ended == RECORD_DURABLE) {
        state->source.phase = s->ended_moved ? HANDOVER_MOVED : HANDOVER_BACK;
        s->record_wanted = 1;
        s->moved = s->ended_moved;
    }
    if (s->ended == RECORD_DURABLE && s->moved) {
        ending_begin(world);
    } else if (
        s->granted == RECORD_DURABLE && s->ended != RECORD_DURABLE &&
        s->claimed != RECORD_DURABLE && s->process == PROCESS_RUNNING) {
        state->source.phase = HANDOVER_BACK; /* it runs: ABORTED had come before */
        s->record_wanted = 1;
        s->ending = 1;
        run_here(world);
    } else if (
        s->ended == RECORD_DURABLE || s->claimed == RECORD_DURABLE ||
        s->granted != RECORD_DURABLE) {
        s->ending = 1;
        run_here(world);
    } else {
        s->engine = SOURCE_OUT;
    }
}
