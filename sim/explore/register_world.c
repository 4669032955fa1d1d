/* SPDX-License-Identifier: Apache-2.0 */
/* register_world.c -- the state, the moves and the ends of the handover by the register. */
#include "sim/explore/register_world.h"

#include <string.h>

const struct register_machine register_shipped = {
    .source_step = register_source_step,
    .target_step = register_target_step,
};

/* A value of the register as a byte: what 2 bits, attempt 3, epoch 3. 0 is none. */
enum cell { CELL_NONE = 0, CELL_SOURCE, CELL_TARGET, CELL_HANDOVER };
#define EPOCH_FIRST 1U
#define EPOCH_MOST  7U

enum asked { ASKED_NOTHING = 0, ASKED_SENT, ASKED_DONE };

/* What a side has asked of the store. */
struct request {
    uint8_t state;    /* enum asked */
    uint8_t expected; /* cells; 0 and 0: a read */
    uint8_t wanted;
    uint8_t answer;
    uint8_t late_expected; /* of a request that was given up, and may still be carried out */
    uint8_t late_wanted;   /* 0: there is none */
};

struct register_state {
    struct register_side source; /* zero while its daemon is down */
    struct register_side target;
    struct request s;
    struct request t;
    uint8_t cell;
    uint8_t s_process; /* enum explore_process */
    uint8_t t_process;
    uint8_t s_up;
    uint8_t t_up;
    uint8_t s_run; /* the run call is under way */
    uint8_t t_run;
    uint8_t offered; /* this attempt has been sent */
    uint8_t offer;   /* on its way: the cell that it belongs to */
    uint8_t started; /* on its way to the source */
    uint8_t attempts;
    uint8_t crashes;
    uint8_t restarts;
    uint8_t drops; /* of requests, answers and messages */
    uint8_t timeouts;
    uint8_t fresh; /* what was sent is still the newest: the source has not run since */
    uint8_t stale; /* the target began to run something older */
    uint8_t spare[3];
};

_Static_assert(sizeof(struct register_state) == SEARCH_STATE_MAX, "hashed as bytes: no padding");

enum move {
    RM_NONE = 0,
    RM_STORE_SOURCE,
    RM_STORE_TARGET,
    RM_ANSWER_SOURCE,
    RM_ANSWER_TARGET,
    RM_PAUSE,
    RM_OFFER,
    RM_OFFER_ARRIVES,
    RM_RUN_SOURCE,
    RM_RUN_TARGET,
    RM_STARTED_ARRIVES,
    RM_UP_SOURCE,
    RM_UP_TARGET,
    RM_ABORT, /* the last of what happens when all is well: a limit */
    RM_OPEN,
    RM_LATE_SOURCE,
    RM_LATE_TARGET,
    RM_NO_ANSWER_SOURCE,
    RM_NO_ANSWER_TARGET,
    RM_OFFER_LOST,
    RM_STARTED_LOST,
    RM_CRASH_SOURCE,
    RM_CRASH_TARGET,
    RM_DAEMON_SOURCE,
    RM_DAEMON_TARGET,
    RM_COUNT,
};

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
};

/* ---- cells ---- */

static uint8_t pack(const struct register_value *value)
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
static void ask(struct request *request, uint8_t expected, uint8_t wanted)
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

static void forget_request(struct request *request)
{
    ask(request, 0, 0);
    request->state = ASKED_NOTHING;
}

static void carry_out(struct register_state *state, bool target, const struct register_step *step)
{
    struct request *request = target ? &state->t : &state->s;
    for (uint8_t i = 0; i < step->count; i++) {
        switch ((enum register_output)step->output[i]) {
        case REGISTER_OUT_SWAP: ask(request, pack(&step->expected), pack(&step->wanted)); break;
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

struct register_world {
    const struct register_machine *machine;
    uint64_t checks;
    uint64_t judged;
};

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

static bool store(struct register_state *state, struct request *request)
{
    if (request->state != ASKED_SENT) {
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

static bool store_late(struct register_state *state, struct request *request)
{
    if (request->late_wanted == 0) {
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
    struct request *request = target ? &state->t : &state->s;
    const bool possible = lost ? request->state != ASKED_NOTHING : request->state == ASKED_DONE;
    if (!possible || (lost && !take(&state->drops))) {
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
    state->offer = pack(&of);
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
        state->t_process = PROCESS_RUNNING;
        state->started = state->s_up;
    } else {
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

static bool apply(const struct register_world *world, struct register_state *state, enum move move)
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
    case RM_NONE:
    case RM_COUNT: return false;
    }
    return false;
}

/* ---- checks ---- */

static enum explore_check check_state(const struct register_state *state)
{
    const bool source = state->s_process == PROCESS_RUNNING;
    const bool target = state->t_process == PROCESS_RUNNING;
    const unsigned what = state->cell & 3U;
    if (source && target) {
        return CHECK_I1_TWO_RUN;
    }
    if (register_source_may_run(&state->source) && register_target_may_run(&state->target)) {
        return CHECK_H3_TWO_MAY_RUN;
    }
    if ((source && what == CELL_TARGET) || (target && what != CELL_TARGET)) {
        return CHECK_R1_RUNS_WITHOUT_REGISTER;
    }
    return state->stale ? CHECK_R3_STALE_MEMORY : CHECK_NONE;
}

/* The store answers, and no host that is down comes back unless `all_return`. */
static void
settle(const struct register_world *world, struct register_state *state, bool all_return)
{
    state->timeouts = 1;
    state->drops = 0;
    for (unsigned moves = 0; moves < 64; moves++) {
        bool moved = false;
        for (int move = RM_STORE_SOURCE; move <= RM_ABORT && !moved; move++) {
            const bool up = move == RM_UP_SOURCE || move == RM_UP_TARGET;
            moved = (!up || all_return) && apply(world, state, (enum move)move);
        }
        if (!moved) {
            return;
        }
    }
}

/* Nobody who is up waits for anybody, and who the register names has the guest. */
static bool settled_well(const struct register_state *state)
{
    const uint8_t source = state->source.phase;
    const uint8_t target = state->target.phase;
    const bool source_waits =
        state->s_up && source != REGISTER_SOURCE_RUNNING && source != REGISTER_SOURCE_MOVED;
    const bool target_waits =
        state->t_up && (target == REGISTER_TARGET_TAKING || target == REGISTER_TARGET_ASKING);
    if (source_waits || target_waits || check_state(state) != CHECK_NONE) {
        return false;
    }
    const unsigned what = state->cell & 3U;
    if (what == CELL_HANDOVER) { /* left by a source that is gone: nobody else has the guest */
        return !state->s_up && state->t_process != PROCESS_RUNNING;
    }
    const uint8_t process = what == CELL_SOURCE ? state->s_process : state->t_process;
    const bool up = what == CELL_SOURCE ? state->s_up : state->t_up;
    return process == PROCESS_RUNNING || process == PROCESS_KILLED || !up;
}

static enum explore_check check(void *context, const void *bytes)
{
    struct register_world *world = context;
    struct register_state state;
    memcpy(&state, bytes, sizeof state);
    const enum explore_check broken = check_state(&state);
    if (broken != CHECK_NONE && (world->checks >> broken & 1U) != 0) {
        return broken;
    }
    struct register_state left = state;
    struct register_state healed = state;
    settle(world, &left, false);
    settle(world, &healed, true);
    world->judged++;
    const bool well =
        settled_well(&left) && settled_well(&healed) && (healed.cell & 3U) != CELL_HANDOVER;
    return !well && (world->checks >> CHECK_R2_BLOCKED & 1U) != 0 ? CHECK_R2_BLOCKED : CHECK_NONE;
}

/* ---- the search ---- */

static unsigned expand(
    void *context,
    const void *state,
    uint16_t moves[static SEARCH_MOVES_MAX],
    void *states,
    enum explore_check broken[static SEARCH_MOVES_MAX])
{
    const struct register_world *world = context;
    struct register_state *reached = states;
    unsigned kept = 0;
    for (int move = RM_STORE_SOURCE; move < RM_COUNT; move++) {
        memcpy(&reached[kept], state, sizeof reached[kept]);
        if (apply(world, &reached[kept], (enum move)move)) {
            moves[kept] = (uint16_t)move;
            broken[kept] = CHECK_NONE;
            kept++;
        }
    }
    return kept;
}

static struct register_state start(const struct explore_budgets *budgets)
{
    const struct register_value first = {
        .epoch = EPOCH_FIRST, .kind = REGISTER_RUNNING, .host = REGISTER_SOURCE};
    struct register_state state;
    memset(&state, 0, sizeof state);
    state.source = register_source_start(EPOCH_FIRST);
    state.target = register_target_start(EPOCH_FIRST);
    state.cell = pack(&first);
    state.s_process = PROCESS_RUNNING;
    state.t_process = PROCESS_PAUSED;
    state.s_up = 1;
    state.t_up = 1;
    state.attempts = (uint8_t)budgets->attempts;
    state.crashes = (uint8_t)budgets->crashes;
    state.restarts = (uint8_t)budgets->restarts;
    state.drops = (uint8_t)budgets->drops;
    state.timeouts = (uint8_t)budgets->timeouts;
    return state;
}

void register_world_run(
    const struct explore_options *options, uint64_t checks, struct explore_result *result)
{
    struct register_world world = {
        .machine =
            options->register_machine != NULL ? options->register_machine : &register_shipped,
        .checks = checks,
    };
    const struct register_state first = start(&options->budgets);
    const struct search_space space = {
        .state_size = sizeof first,
        .expand = expand,
        .check = check,
        .context = &world,
    };
    search_run(&space, &first, &options->limits, &result->search);
    result->rows[CHECK_R2_BLOCKED] = world.judged;
}

/* ---- the transcript ---- */

static void put_cell(FILE *out, uint8_t cell)
{
    const unsigned attempt = (unsigned)cell >> 2 & 7U;
    const unsigned epoch = (unsigned)cell >> 5;
    const unsigned what = cell & 3U;
    if (what == CELL_HANDOVER) {
        (void)fprintf(out, "handover %u, epoch %u", attempt, epoch);
    } else {
        (void)fprintf(out, "%s, epoch %u", what == CELL_SOURCE ? "source" : "target", epoch);
    }
}

static void
put_state(FILE *out, unsigned number, const char *text, const struct register_state *state)
{
    const char *source =
        register_source_phase_name((enum register_source_phase)state->source.phase);
    const char *target =
        register_target_phase_name((enum register_target_phase)state->target.phase);
    (void)fprintf(
        out,
        "%4u  %-52s %-10s%s %-10s%s ",
        number,
        text,
        state->s_up ? source : "down",
        state->s_process == PROCESS_RUNNING ? "*" : " ",
        state->t_up ? target : "down",
        state->t_process == PROCESS_RUNNING ? "*" : " ");
    put_cell(out, state->cell);
    (void)fputc('\n', out);
}

void register_world_transcript(
    FILE *out, const struct explore_options *options, const struct explore_result *result)
{
    const struct search_result *search = &result->search;
    const struct register_world world = {
        .machine =
            options->register_machine != NULL ? options->register_machine : &register_shipped,
    };
    struct register_state state = start(&options->budgets);
    if (search->broken == CHECK_NONE) {
        return;
    }
    (void)fprintf(
        out,
        "%s does not hold: %s.\nA shortest way there, %u moves (* where the guest runs):\n\n",
        explore_check_name(search->broken),
        explore_check_sentence(search->broken),
        search->path_length);
    (void)fprintf(out, "%4s  %-52s %-11s %-11s %s\n", "", "", "source", "target", "register");
    put_state(out, 0, "", &state);
    for (unsigned i = 0; i < search->path_length; i++) {
        (void)apply(&world, &state, (enum move)search->path[i]);
        put_state(out, i + 1, move_texts[search->path[i] < RM_COUNT ? search->path[i] : 0], &state);
    }
}
