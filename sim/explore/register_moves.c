/* SPDX-License-Identifier: Apache-2.0 */
/* register_moves.c -- hosts, store and network of the handover by the register. */
#include "sim/explore/register_moves.h"

#include <string.h>

static const char *const move_texts[RM_COUNT] = {
    [RM_NONE] = "-",
    [RM_STORE_SOURCE] = "store: source's request is carried out",
    [RM_STORE_TARGET] = "store: target's request is carried out",
    [RM_ANSWER_SOURCE] = "source: the store's answer arrives",
    [RM_ANSWER_TARGET] = "target: the store's answer arrives",
    [RM_PAUSE] = "source: guest is paused",
    [RM_OFFER] = "source: all pages and the state are sent",
    [RM_OFFER_ARRIVES] = "target: the attempt is here and loaded",
    [RM_RUN_SOURCE] = "source: guest runs here",
    [RM_RUN_TARGET] = "target: guest runs here",
    [RM_STARTED_ARRIVES] = "source: STARTED arrives",
    [RM_UP_SOURCE] = "source: starts again",
    [RM_UP_TARGET] = "target: starts again",
    [RM_ABORT] = "source: limit passes: aborts",
    [RM_OPEN] = "source: opens an attempt",
    [RM_LATE_SOURCE] = "store: an old request of the source is carried out",
    [RM_LATE_TARGET] = "store: an old request of the target is carried out",
    [RM_NO_ANSWER_SOURCE] = "source: no answer from the store",
    [RM_NO_ANSWER_TARGET] = "target: no answer from the store",
    [RM_OFFER_LOST] = "the attempt is lost on its way",
    [RM_STARTED_LOST] = "STARTED is lost on its way",
    [RM_CRASH_SOURCE] = "source: host crashes",
    [RM_CRASH_TARGET] = "target: host crashes",
    [RM_DAEMON_SOURCE] = "source: daemon dies",
    [RM_DAEMON_TARGET] = "target: daemon dies",
    [RM_REGISTER_GONE] = "store: the register is gone",
};

const char *register_move_text(enum register_move move)
{
    return move < RM_COUNT ? move_texts[move] : "?";
}

/* ---- cells ---- */

uint8_t register_pack(const struct register_value *value)
{
    const unsigned what = value->kind == REGISTER_HANDOVER ? CELL_HANDOVER
                          : value->host == REGISTER_SOURCE ? CELL_SOURCE
                                                           : CELL_TARGET;
    return (uint8_t)(what | (value->attempt & 7U) << 2 | ((unsigned)value->epoch & 7U) << 5);
}

static struct register_value unpack(uint8_t cell)
{
    const unsigned what = cell & 3U;
    return (struct register_value){
        .epoch = (unsigned)cell >> 5,
        .attempt = (unsigned)cell >> 2 & 7U,
        .kind = what == CELL_HANDOVER ? REGISTER_HANDOVER : REGISTER_RUNNING,
        .host = what == CELL_SOURCE   ? REGISTER_SOURCE
                : what == CELL_TARGET ? REGISTER_TARGET
                                      : 0,
    };
}

/* ---- outputs ---- */

/* A new request takes the old one's place; what the old one asked for may still come true. */
static void ask(struct register_request *request, uint8_t expected, uint8_t wanted)
{
    if (request->state == ASKED_SENT && request->wanted != 0) {
        request->late_expected = request->expected;
        request->late_wanted = request->wanted;
    }
    request->state = ASKED_SENT;
    request->expected = expected;
    request->wanted = wanted;
    request->answer = 0;
}

static void forget_request(struct register_request *request)
{
    ask(request, 0, 0);
    request->state = ASKED_NOTHING;
}

static void carry_out(struct register_state *state, bool target, const struct register_step *step)
{
    struct register_request *request = target ? &state->t : &state->s;
    for (uint8_t i = 0; i < step->count; i++) {
        switch ((enum register_output)step->output[i]) {
        case REGISTER_OUT_SWAP:
            ask(request, register_pack(&step->expected), register_pack(&step->wanted));
            break;
        case REGISTER_OUT_READ: ask(request, 0, 0); break;
        case REGISTER_OUT_RUN_HERE:
            if (target) {
                state->t_run = state->t_process == PROCESS_PAUSED;
            } else {
                state->s_run = state->s_process == PROCESS_PAUSED;
            }
            break;
        case REGISTER_OUT_MOVED:
            if (state->s_process == PROCESS_PAUSED) {
                state->s_process = PROCESS_NONE;
            }
            break;
        case REGISTER_OUT_VOID:
            if (state->target.phase == REGISTER_TARGET_OVER && state->t_process == PROCESS_PAUSED) {
                state->t_process = PROCESS_NONE;
            }
            break;
        case REGISTER_OUT_NONE:
        case REGISTER_OUT_PAUSE: break;
        }
    }
}

static void source_input(
    const struct register_world *world,
    struct register_state *state,
    enum register_input input,
    uint8_t cell)
{
    const struct register_value value = unpack(cell);
    const struct register_step step = world->machine->source_step(&state->source, input, &value);
    carry_out(state, false, &step);
}

static void target_input(
    const struct register_world *world,
    struct register_state *state,
    enum register_input input,
    uint8_t cell)
{
    const struct register_value value = unpack(cell);
    const struct register_step step =
        world->machine->target_step(&state->target, input, value.attempt, value.epoch, &value);
    carry_out(state, true, &step);
}

/* ---- moves ---- */

static bool store(struct register_state *state, struct register_request *request)
{
    if (request->state != ASKED_SENT || state->gone) {
        return false;
    }
    if (request->wanted != 0 && request->expected == state->cell) {
        state->cell = request->wanted;
    }
    request->answer = state->cell;
    request->expected = 0;
    request->wanted = 0;
    request->state = ASKED_DONE;
    return true;
}

static bool store_late(struct register_state *state, struct register_request *request)
{
    if (request->late_wanted == 0 || state->gone) {
        return false;
    }
    if (request->late_expected == state->cell) {
        state->cell = request->late_wanted;
    }
    request->late_expected = 0;
    request->late_wanted = 0;
    return true;
}

static bool take(uint8_t *budget)
{
    if (*budget == 0) {
        return false;
    }
    (*budget)--;
    return true;
}

static bool
answer(const struct register_world *world, struct register_state *state, bool target, bool lost)
{
    struct register_request *request = target ? &state->t : &state->s;
    const bool possible = lost ? request->state != ASKED_NOTHING : request->state == ASKED_DONE;
    if (!possible || (lost && !state->gone && !take(&state->drops))) {
        return false;
    }
    const uint8_t cell = request->answer;
    const enum register_input input = lost ? REGISTER_IN_NO_ANSWER : REGISTER_IN_ANSWER;
    if (lost) {
        forget_request(request);
    } else {
        request->state = ASKED_NOTHING;
        request->answer = 0;
    }
    if (target) {
        target_input(world, state, input, cell);
    } else {
        source_input(world, state, input, cell);
    }
    return true;
}

static bool goes_down(struct register_state *state, bool target, bool host)
{
    uint8_t *up = target ? &state->t_up : &state->s_up;
    uint8_t *process = target ? &state->t_process : &state->s_process;
    if (*up == 0 || !take(host ? &state->crashes : &state->restarts)) {
        return false;
    }
    *up = 0;
    forget_request(target ? &state->t : &state->s);
    memset(target ? &state->target : &state->source, 0, sizeof state->source);
    if (target) {
        state->t_run = 0;
        state->offer = 0;
    } else {
        state->s_run = 0;
        state->started = 0;
        state->offered = 0;
    }
    if (host && *process != PROCESS_NONE) {
        *process = PROCESS_KILLED;
    }
    return true;
}

static bool comes_up(struct register_state *state, bool target)
{
    uint8_t *up = target ? &state->t_up : &state->s_up;
    if (*up != 0) {
        return false;
    }
    *up = 1;
    const struct register_step step = target ? register_target_restart(EPOCH_FIRST, &state->target)
                                             : register_source_restart(EPOCH_FIRST, &state->source);
    carry_out(state, target, &step);
    return true;
}

static bool open_attempt(const struct register_world *world, struct register_state *state)
{
    /* a restarted source does not go on with a migration; epochs have three bits */
    if (!state->s_up || state->source.phase != REGISTER_SOURCE_RUNNING ||
        state->s_process != PROCESS_RUNNING || state->source.epoch + 2 > EPOCH_MOST ||
        !take(&state->attempts)) {
        return false;
    }
    state->offered = 0;
    source_input(world, state, REGISTER_IN_OPEN, 0);
    return true;
}

static bool pause_guest(const struct register_world *world, struct register_state *state)
{
    if (state->source.phase != REGISTER_SOURCE_OPEN || state->s_process != PROCESS_RUNNING) {
        return false;
    }
    state->s_process = PROCESS_PAUSED;
    source_input(world, state, REGISTER_IN_PAUSED, 0);
    return true;
}

static bool send_offer(struct register_state *state)
{
    if (state->source.phase != REGISTER_SOURCE_PAUSED || state->offered || state->offer != 0 ||
        state->s_process != PROCESS_PAUSED) {
        return false;
    }
    const struct register_value of = {
        .epoch = state->source.epoch,
        .attempt = state->source.attempt,
        .kind = REGISTER_HANDOVER,
    };
    state->offered = 1;
    state->fresh = 1;
    state->offer = register_pack(&of);
    return true;
}

static bool offer_arrives(const struct register_world *world, struct register_state *state)
{
    if (state->offer == 0 || !state->t_up) {
        return false;
    }
    const uint8_t offer = state->offer;
    state->offer = 0;
    if (state->t_process == PROCESS_PAUSED && state->target.phase == REGISTER_TARGET_RECEIVING) {
        target_input(world, state, REGISTER_IN_LOADED, offer);
    }
    return true;
}

static bool runs(struct register_state *state, bool target)
{
    uint8_t *run = target ? &state->t_run : &state->s_run;
    if (*run == 0) {
        return false;
    }
    *run = 0;
    if (target) {
        state->stale |= state->t_process == PROCESS_PAUSED && !state->fresh;
        state->unproven |= (state->cell & 3U) != CELL_TARGET;
        state->t_process = PROCESS_RUNNING;
        state->started = state->s_up;
    } else {
        state->unproven |= (state->cell & 3U) != CELL_SOURCE;
        state->s_process = PROCESS_RUNNING;
        state->fresh = 0;
    }
    return true;
}

static bool started_arrives(const struct register_world *world, struct register_state *state)
{
    if (!state->started || !state->s_up) {
        return false;
    }
    state->started = 0;
    source_input(world, state, REGISTER_IN_ASK, 0);
    return true;
}

static bool aborts(const struct register_world *world, struct register_state *state)
{
    const uint8_t phase = state->source.phase;
    const bool possible = phase == REGISTER_SOURCE_OPENING || phase == REGISTER_SOURCE_OPEN ||
                          phase == REGISTER_SOURCE_PAUSED;
    if (!possible || !take(&state->timeouts)) {
        return false;
    }
    source_input(world, state, REGISTER_IN_ABORT, 0);
    return true;
}

static bool lose(uint8_t *message, uint8_t *drops)
{
    if (*message == 0 || !take(drops)) {
        return false;
    }
    *message = 0;
    return true;
}

/* What is asked of it from now on, or was and has not been carried out, is never answered. */
static bool register_gone(struct register_state *state)
{
    if (state->gone || !take(&state->losses)) {
        return false;
    }
    state->gone = 1;
    state->s.late_expected = state->s.late_wanted = 0;
    state->t.late_expected = state->t.late_wanted = 0;
    return true;
}

bool register_move_apply(
    const struct register_world *world, struct register_state *state, enum register_move move)
{
    switch (move) {
    case RM_STORE_SOURCE: return store(state, &state->s);
    case RM_STORE_TARGET: return store(state, &state->t);
    case RM_ANSWER_SOURCE: return answer(world, state, false, false);
    case RM_ANSWER_TARGET: return answer(world, state, true, false);
    case RM_PAUSE: return pause_guest(world, state);
    case RM_OFFER: return send_offer(state);
    case RM_OFFER_ARRIVES: return offer_arrives(world, state);
    case RM_RUN_SOURCE: return runs(state, false);
    case RM_RUN_TARGET: return runs(state, true);
    case RM_STARTED_ARRIVES: return started_arrives(world, state);
    case RM_UP_SOURCE: return comes_up(state, false);
    case RM_UP_TARGET: return comes_up(state, true);
    case RM_ABORT: return aborts(world, state);
    case RM_OPEN: return open_attempt(world, state);
    case RM_LATE_SOURCE: return store_late(state, &state->s);
    case RM_LATE_TARGET: return store_late(state, &state->t);
    case RM_NO_ANSWER_SOURCE: return answer(world, state, false, true);
    case RM_NO_ANSWER_TARGET: return answer(world, state, true, true);
    case RM_OFFER_LOST: return lose(&state->offer, &state->drops);
    case RM_STARTED_LOST: return lose(&state->started, &state->drops);
    case RM_CRASH_SOURCE: return goes_down(state, false, true);
    case RM_CRASH_TARGET: return goes_down(state, true, true);
    case RM_DAEMON_SOURCE: return goes_down(state, false, false);
    case RM_DAEMON_TARGET: return goes_down(state, true, false);
    case RM_REGISTER_GONE: return register_gone(state);
    case RM_NONE:
    case RM_COUNT: return false;
    }
    return false;
}
