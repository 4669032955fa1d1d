/* SPDX-License-Identifier: Apache-2.0 */
/* register_world.c -- what must hold of the handover by the register, the search, and the transcript. */
#include "sim/explore/register_moves.h"

#include <string.h>

const struct register_machine register_shipped = {
    .source_step = register_source_step,
    .target_step = register_target_step,
};

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
    if (state->stale) {
        return CHECK_R3_STALE_MEMORY;
    }
    return state->unproven ? CHECK_R4_NO_PROOF : CHECK_NONE;
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
            moved =
                (!up || all_return) && register_move_apply(world, state, (enum register_move)move);
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
    /* Without a register nobody may go on whom it has not named: that has been looked at. What blocks is ended by an
     * operator who sets it up again with the value that it held. */
    const bool gone = state.gone != 0;
    const enum explore_check blocked = gone ? CHECK_R5_RESTORED : CHECK_R2_BLOCKED;
    state.gone = 0;
    state.losses = 0;
    struct register_state left = state;
    struct register_state healed = state;
    settle(world, &left, false);
    settle(world, &healed, true);
    world->judged[gone ? 1 : 0]++;
    const bool well =
        settled_well(&left) && settled_well(&healed) && (healed.cell & 3U) != CELL_HANDOVER;
    return !well && (world->checks >> blocked & 1U) != 0 ? blocked : CHECK_NONE;
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
        if (register_move_apply(world, &reached[kept], (enum register_move)move)) {
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
    state.cell = register_pack(&first);
    state.s_process = PROCESS_RUNNING;
    state.t_process = PROCESS_PAUSED;
    state.s_up = 1;
    state.t_up = 1;
    state.attempts = (uint8_t)budgets->attempts;
    state.crashes = (uint8_t)budgets->crashes;
    state.restarts = (uint8_t)budgets->restarts;
    state.drops = (uint8_t)budgets->drops;
    state.timeouts = (uint8_t)budgets->timeouts;
    state.losses = (uint8_t)budgets->losses;
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
    result->rows[CHECK_R2_BLOCKED] = world.judged[0];
    result->rows[CHECK_R5_RESTORED] = world.judged[1];
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
        (void)register_move_apply(&world, &state, (enum register_move)search->path[i]);
        put_state(out, i + 1, register_move_text((enum register_move)search->path[i]), &state);
    }
}
