/* SPDX-License-Identifier: Apache-2.0 */
/* faults.c -- the moves that have a price: faults, limits that pass, operators. Each looks whether it is
 * possible, takes its price, and does it. */
#include "sim/explore/moves.h"

#include <string.h>

/* ---- faults ---- */

/* Takes the price of a message that outlives its connection; false if that cannot be. */
static bool survives(struct explore_state *state, unsigned survivor)
{
    if (survivor == 0) {
        return true;
    }
    const bool to_source = survivor > EXPLORE_QUEUE;
    const uint8_t message =
        to_source ? state->to_source[survivor - EXPLORE_QUEUE - 1] : state->to_target[survivor - 1];
    const uint8_t *late = to_source ? state->late_to_source : state->late_to_target;
    if (state->left.late == 0 || !explore_may_be_late(message) || late[EXPLORE_LATE - 1] != 0) {
        return false;
    }
    state->left.late--;
    return true;
}

static bool lose_link(struct explore_world *world, unsigned survivor)
{
    struct explore_state *state = world->state;
    if (state->t.link == LINK_DOWN || state->left.drops == 0 || survivor > 2 * EXPLORE_QUEUE ||
        !survives(state, survivor)) {
        return false;
    }
    state->left.drops--;
    explore_link_lose(world, survivor);
    return true;
}

static bool duplicate(struct explore_world *world, bool to_target)
{
    struct explore_state *state = world->state;
    const uint8_t message = to_target ? state->to_target[0] : state->to_source[0];
    uint8_t *late = to_target ? state->late_to_target : state->late_to_source;
    if (state->left.duplicates == 0 || !explore_may_be_late(message) ||
        late[EXPLORE_LATE - 1] != 0) {
        return false;
    }
    state->left.duplicates--;
    explore_late_add(late, message);
    return true;
}

static bool unsettled(uint32_t record)
{
    return record == RECORD_WRITING || record == RECORD_DOUBT;
}

static bool source_goes_down(struct explore_world *world, unsigned which, bool host)
{
    struct explore_state *state = world->state;
    const struct explore_source_host *s = &state->s;
    const unsigned there = which & 3U;
    const bool first = unsettled(s->granted);
    const bool second = unsettled(s->ended) || unsettled(s->claimed);
    if (s->engine == SOURCE_DOWN || (host ? state->left.crashes : state->left.restarts) == 0 ||
        ((there & 1U) != 0 && !first) || ((there & 2U) != 0 && !second) ||
        (which >> 2) > EXPLORE_QUEUE || !survives(state, which >> 2)) {
        return false;
    }
    if (host) {
        state->left.crashes--;
    } else {
        state->left.restarts--;
    }
    explore_link_lose(world, which >> 2);
    explore_source_down(world, there, host);
    return true;
}

static bool target_goes_down(struct explore_world *world, unsigned which, bool host)
{
    struct explore_state *state = world->state;
    const struct explore_target_host *t = &state->t;
    const unsigned there = which & 3U;
    const bool first = unsettled(t->owner) || unsettled(t->burned);
    const unsigned survivor = which >> 2;
    if (t->engine == TARGET_DOWN || (host ? state->left.crashes : state->left.restarts) == 0 ||
        there > 1U || (there != 0 && !first) || survivor > 2 * EXPLORE_QUEUE ||
        (survivor != 0 && survivor <= EXPLORE_QUEUE) || !survives(state, survivor)) {
        return false;
    }
    if (host) {
        state->left.crashes--;
    } else {
        state->left.restarts--;
    }
    explore_link_lose(world, survivor);
    explore_target_down(world, there != 0, host);
    return true;
}

static bool reinstall(struct explore_world *world, bool target)
{
    struct explore_state *state = world->state;
    const bool down = target ? state->t.engine == TARGET_DOWN : state->s.engine == SOURCE_DOWN;
    if (!down || state->left.reinstalls == 0) {
        return false;
    }
    state->left.reinstalls--;
    if (target) {
        const struct explore_target_host old = state->t;
        state->t = (struct explore_target_host){
            .process = old.process == PROCESS_NONE ? PROCESS_NONE : PROCESS_KILLED,
            .reinstalled = 1,
            .fenced = old.fenced,
            .link = old.link,
        };
    } else {
        const struct explore_source_host old = state->s;
        state->s = (struct explore_source_host){
            .process = old.process == PROCESS_NONE ? PROCESS_NONE : PROCESS_KILLED,
            .reinstalled = 1,
            .fenced = old.fenced,
        };
    }
    return true;
}

/* ---- time-outs ---- */

static bool take_timeout(struct explore_state *state)
{
    if (state->left.timeouts == 0) {
        return false;
    }
    state->left.timeouts--;
    return true;
}

static bool grant_late(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.engine == SOURCE_DOWN || state->s.engine == SOURCE_CLOSED ||
        state->s.granted != RECORD_WRITING || !take_timeout(state)) {
        return false;
    }
    explore_source_written(world, SOURCE_RECORD_GRANTED, false);
    return true;
}

static bool abort_attempt(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if ((state->s.engine != SOURCE_PAUSING && state->s.engine != SOURCE_SENDING) ||
        !take_timeout(state)) {
        return false;
    }
    explore_source_step(world, HANDOVER_IN_ABORT, 0, 0);
    return true;
}

static bool give_up(struct explore_world *world)
{
    struct explore_state *state = world->state;
    const bool alive = state->s.engine == SOURCE_COPYING || state->s.engine == SOURCE_PAUSING ||
                       state->s.engine == SOURCE_SENDING;
    if (!alive || state->s.ending || state->t.link != LINK_DOWN || !take_timeout(state)) {
        return false;
    }
    explore_source_gives_up(world);
    return true;
}

static bool target_gives_up(struct explore_world *world)
{
    struct explore_state *state = world->state;
    const bool waits =
        state->target.phase == HANDOVER_RECEIVING || state->target.phase == HANDOVER_READY;
    if (state->t.engine != TARGET_ACTIVE || !waits || state->t.link != LINK_DOWN ||
        !take_timeout(state)) {
        return false;
    }
    explore_target_step(world, HANDOVER_IN_BURN, state->target.attempt, EXPLORE_EPOCH);
    return true;
}

/* ---- operators ---- */

static bool cancel(struct explore_world *world)
{
    struct explore_state *state = world->state;
    const uint8_t phase = state->source.phase;
    if (state->s.engine == SOURCE_DOWN || state->s.engine == SOURCE_CLOSED ||
        state->left.cancels == 0) {
        return false;
    }
    if (phase == HANDOVER_GRANTING || phase == HANDOVER_GRANTED) {
        const struct handover_source before = state->source;
        state->left.cancels--;
        explore_source_step(world, HANDOVER_IN_STOP_GRANT, state->source.attempt, EXPLORE_EPOCH);
        if (phase == HANDOVER_GRANTED && memcmp(&before, &state->source, sizeof before) != 0) {
            explore_fail(world, CHECK_TOO_LATE);
        }
        return true;
    }
    if ((phase != HANDOVER_RUNNING && phase != HANDOVER_ATTEMPT) || state->s.ending) {
        return false;
    }
    state->left.cancels--;
    explore_source_gives_up(world);
    return true;
}

static bool claim_source(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->left.claims == 0 || state->s.fenced || state->s.engine == SOURCE_DOWN ||
        !explore_source_is_out(state) || state->source.phase == HANDOVER_CLAIMING) {
        return false;
    }
    state->left.claims--;
    if (state->t.engine != TARGET_DOWN) {
        explore_link_lose(world, 0);
        explore_target_down(world, false, true);
    } else if (state->t.process != PROCESS_NONE) {
        state->t.process = PROCESS_KILLED;
    }
    state->t.fenced = 1;
    explore_source_step(world, HANDOVER_IN_CLAIM, state->source.attempt, EXPLORE_EPOCH);
    return true;
}

static bool claim_target(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->left.claims == 0 || state->t.fenced || state->t.engine != TARGET_ACTIVE ||
        state->target.phase != HANDOVER_READY) {
        return false;
    }
    state->left.claims--;
    if (state->s.engine != SOURCE_DOWN) {
        explore_link_lose(world, 0);
        explore_source_down(world, 3U, true);
    } else if (state->s.process != PROCESS_NONE) {
        state->s.process = PROCESS_KILLED;
    }
    state->s.fenced = 1;
    explore_target_step(world, HANDOVER_IN_OPERATOR_CLAIM, state->target.attempt, EXPLORE_EPOCH);
    return true;
}

static bool operator_burn(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->left.burns == 0 || state->t.engine != TARGET_ACTIVE) {
        return false;
    }
    state->left.burns--;
    explore_target_step(world, HANDOVER_IN_BURN, state->target.attempt, EXPLORE_EPOCH);
    return true;
}

/* ---- strays: words of an earlier session about the same guest, with the attempt that hurts most ---- */

static uint32_t newest(uint32_t attempt)
{
    return attempt != 0 ? attempt : 1;
}

static bool stray(struct explore_world *world, enum explore_message kind, bool to_target)
{
    struct explore_state *state = world->state;
    if (state->left.strays == 0) {
        return false;
    }
    if (to_target) {
        const bool known = kind == MESSAGE_ABORT || kind == MESSAGE_GRANT || kind == MESSAGE_BURN ||
                           kind == MESSAGE_END_MOVED || kind == MESSAGE_END_STAYED;
        if (!known || state->t.engine != TARGET_ACTIVE) {
            return false;
        }
        state->left.strays--;
        world->stray = true;
        explore_target_hears(
            world, MESSAGE_OF(kind, newest(state->target.attempt)), EXPLORE_EPOCH - 1);
        return true;
    }
    const bool known = kind == MESSAGE_READY || kind == MESSAGE_ABORTED ||
                       (kind == MESSAGE_STARTED &&
                        explore_source_is_out(state)); /* else: state_table.c refuses it */
    if (!known || state->s.engine == SOURCE_DOWN || state->s.engine == SOURCE_CLOSED) {
        return false;
    }
    state->left.strays--;
    world->stray = true;
    explore_source_hears(world, MESSAGE_OF(kind, newest(state->source.attempt)), EXPLORE_EPOCH - 1);
    return true;
}

bool explore_fault_apply(struct explore_world *world, explore_move move)
{
    const unsigned which = MOVE_WHICH(move);
    switch ((int)MOVE_KIND(move)) {
    case MOVE_LINK_LOST: return lose_link(world, which);
    case MOVE_DUPLICATE_TO_TARGET: return duplicate(world, true);
    case MOVE_DUPLICATE_TO_SOURCE: return duplicate(world, false);
    case MOVE_SOURCE_CRASH: return source_goes_down(world, which, true);
    case MOVE_TARGET_CRASH: return target_goes_down(world, which, true);
    case MOVE_SOURCE_DAEMON: return source_goes_down(world, which, false);
    case MOVE_TARGET_DAEMON: return target_goes_down(world, which, false);
    case MOVE_SOURCE_WRITE_FAILS: return explore_move_source_written(world, which, false);
    case MOVE_TARGET_WRITE_FAILS: return explore_move_target_written(world, which, false);
    case MOVE_GRANT_LATE: return grant_late(world);
    case MOVE_ABORT_ATTEMPT: return abort_attempt(world);
    case MOVE_GIVE_UP: return give_up(world);
    case MOVE_TARGET_GIVES_UP: return target_gives_up(world);
    case MOVE_CANCEL: return cancel(world);
    case MOVE_SOURCE_REINSTALLED: return reinstall(world, false);
    case MOVE_TARGET_REINSTALLED: return reinstall(world, true);
    case MOVE_SOURCE_CLAIM: return claim_source(world);
    case MOVE_TARGET_CLAIM: return claim_target(world);
    case MOVE_OPERATOR_BURN: return operator_burn(world);
    case MOVE_STRAY_TO_TARGET: return stray(world, (enum explore_message)which, true);
    case MOVE_STRAY_TO_SOURCE: return stray(world, (enum explore_message)which, false);
    default: return false;
    }
}
