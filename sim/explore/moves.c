/* SPDX-License-Identifier: Apache-2.0 */
/* moves.c -- the moves that hosts and networks make anyway. Each looks whether it is possible, and does
 * it. What has a price is in faults.c. */
#include "sim/explore/moves.h"

#include <string.h>

const struct explore_machine explore_shipped = {
    .source_step = handover_source_step,
    .source_restart = handover_source_restart,
    .target_step = handover_target_step,
    .target_restart = handover_target_restart,
};

struct explore_state explore_start(struct explore_budget budget)
{
    struct explore_state state;
    memset(&state, 0, sizeof state);
    state.source = handover_source_start(EXPLORE_EPOCH);
    state.target = handover_target_start(EXPLORE_EPOCH);
    state.s.engine = SOURCE_COPYING;
    state.s.process = PROCESS_RUNNING;
    state.s.session = 1;
    state.t.engine = TARGET_ACTIVE;
    state.t.process = PROCESS_PAUSED;
    state.t.session = 1;
    state.t.link = LINK_UP;
    state.left = budget;
    return state;
}

/* ---- ordinary ---- */

static bool connect_hosts(struct explore_world *world)
{
    const struct explore_state *state = world->state;
    if (state->t.link != LINK_DOWN || state->s.engine == SOURCE_DOWN ||
        state->s.engine == SOURCE_CLOSED || state->t.engine == TARGET_DOWN) {
        return false;
    }
    explore_source_asks(world);
    return true;
}

static bool deliver(struct explore_world *world, bool to_target)
{
    struct explore_state *state = world->state;
    uint8_t *queue = to_target ? state->to_target : state->to_source;
    if (queue[0] == 0) {
        return false;
    }
    const uint8_t message = explore_queue_take(queue);
    if (to_target) {
        explore_target_hears(world, message, EXPLORE_EPOCH);
    } else {
        explore_source_hears(world, message, EXPLORE_EPOCH);
    }
    return true;
}

static bool deliver_late(struct explore_world *world, bool to_target, unsigned place)
{
    struct explore_state *state = world->state;
    uint8_t *late = to_target ? state->late_to_target : state->late_to_source;
    const bool up = to_target ? state->t.engine != TARGET_DOWN : state->s.engine != SOURCE_DOWN;
    if (place >= EXPLORE_LATE || late[place] == 0 || !up) {
        return false;
    }
    const uint8_t message = late[place];
    memmove(late + place, late + place + 1, EXPLORE_LATE - 1 - place);
    late[EXPLORE_LATE - 1] = 0;
    if (to_target) {
        explore_target_hears(world, message, EXPLORE_EPOCH);
    } else {
        explore_source_hears(world, message, EXPLORE_EPOCH);
    }
    return true;
}

static bool open_attempt(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.engine != SOURCE_COPYING || state->s.ending || state->left.attempts == 0 ||
        state->t.link != LINK_UP || state->source.phase != HANDOVER_RUNNING) {
        return false;
    }
    state->left.attempts--;
    explore_source_step(world, HANDOVER_IN_OPEN_ATTEMPT, 0, 0);
    state->s.engine = SOURCE_PAUSING;
    state->s.manifest_sent = 0;
    state->s.offered = 0;
    return true;
}

static bool paused(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.engine != SOURCE_PAUSING || state->s.process != PROCESS_RUNNING) {
        return false; /* without a process the pause fails: MOVE_ABORT_ATTEMPT */
    }
    state->s.process = PROCESS_PAUSED;
    state->s.engine = SOURCE_SENDING;
    return true;
}

static bool send_attempt(struct explore_world *world)
{
    struct explore_state *state = world->state;
    if (state->s.engine != SOURCE_SENDING || state->t.link != LINK_UP || state->s.manifest_sent) {
        return false;
    }
    state->s.manifest_sent = 1;
    state->s.offered = 1;
    explore_send_to_target(world, MESSAGE_MANIFEST, state->source.attempt);
    return true;
}

static bool loaded(struct explore_world *world)
{
    struct explore_state *state = world->state;
    const uint32_t attempt = state->t.loading;
    if (state->t.engine != TARGET_ACTIVE || attempt == 0) {
        return false;
    }
    state->t.loading = 0;
    explore_target_step(world, HANDOVER_IN_LOADED, attempt, EXPLORE_EPOCH);
    return true;
}

bool explore_move_source_written(struct explore_world *world, unsigned which, bool durable)
{
    struct explore_state *state = world->state;
    const struct explore_source_host *s = &state->s;
    const bool granting = s->granted == RECORD_WRITING; /* in order: the others come after it */
    const bool possible = which == SOURCE_RECORD_GRANTED ? granting
                          : which == SOURCE_RECORD_ENDED
                              ? s->ended == RECORD_WRITING && !granting
                              : s->claimed == RECORD_WRITING && !granting;
    if (s->engine == SOURCE_DOWN || s->engine == SOURCE_CLOSED || !possible ||
        (!durable && state->left.failed_writes == 0)) {
        return false;
    }
    if (!durable) {
        state->left.failed_writes--;
    }
    explore_source_written(world, (enum explore_source_record)which, durable);
    return true;
}

bool explore_move_target_written(struct explore_world *world, unsigned which, bool durable)
{
    struct explore_state *state = world->state;
    const uint32_t record = which == TARGET_RECORD_OWNER ? state->t.owner : state->t.burned;
    if (state->t.engine != TARGET_ACTIVE || record != RECORD_WRITING ||
        (!durable && state->left.failed_writes == 0)) {
        return false;
    }
    if (!durable) {
        state->left.failed_writes--;
    }
    explore_target_written(world, (enum explore_target_record)which, durable);
    return true;
}

static bool start_host(struct explore_world *world, bool target)
{
    const struct explore_state *state = world->state;
    if (target ? state->t.engine != TARGET_DOWN : state->s.engine != SOURCE_DOWN) {
        return false;
    }
    if (target) {
        explore_target_up(world);
    } else {
        explore_source_up(world);
    }
    return true;
}

bool explore_move_apply(struct explore_world *world, explore_move move)
{
    const struct explore_state *state = world->state;
    const unsigned which = MOVE_WHICH(move);
    switch ((int)MOVE_KIND(move)) {
    case MOVE_CONNECT: return connect_hosts(world);
    case MOVE_TO_TARGET: return deliver(world, true);
    case MOVE_TO_SOURCE: return deliver(world, false);
    case MOVE_OPEN_ATTEMPT: return open_attempt(world);
    case MOVE_PAUSED: return paused(world);
    case MOVE_SEND_ATTEMPT: return send_attempt(world);
    case MOVE_LOADED: return loaded(world);
    case MOVE_SOURCE_RESUMED:
        if (state->s.engine != SOURCE_RESUMING) {
            return false;
        }
        explore_source_resumed(world);
        return true;
    case MOVE_TARGET_RESUMED:
        if (!state->t.starting) {
            return false;
        }
        explore_target_resumed(world);
        return true;
    case MOVE_SOURCE_DURABLE: return explore_move_source_written(world, which, true);
    case MOVE_TARGET_DURABLE: return explore_move_target_written(world, which, true);
    case MOVE_SOURCE_UP: return start_host(world, false);
    case MOVE_TARGET_UP: return start_host(world, true);
    case MOVE_LATE_TO_TARGET: return deliver_late(world, true, which);
    case MOVE_LATE_TO_SOURCE: return deliver_late(world, false, which);
    default: return explore_fault_apply(world, move);
    }
}
