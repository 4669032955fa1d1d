/* SPDX-License-Identifier: Apache-2.0 */
/* handover_world.c -- the handover as a space to be searched. */
#include "sim/explore/handover_world.h"

#include <string.h>

struct handover_world {
    const struct explore_machine *machine;
    uint64_t checks;
    uint64_t crowded;
    struct explore_settler settler;
};

struct explore_state handover_world_start(const struct explore_budgets *budgets)
{
    return explore_start((struct explore_budget){
        .crashes = budgets->crashes & 7U,
        .restarts = budgets->restarts & 7U,
        .drops = budgets->drops & 7U,
        .duplicates = budgets->duplicates & 3U,
        .late = budgets->late & 3U,
        .failed_writes = budgets->failed_writes & 3U,
        .timeouts = budgets->timeouts & 7U,
        .cancels = budgets->cancels & 3U,
        .reinstalls = budgets->reinstalls & 3U,
        .claims = budgets->claims & 3U,
        .burns = budgets->burns & 3U,
        .strays = budgets->strays & 3U,
        .attempts = budgets->attempts & 7U,
    });
}

static unsigned expand(
    void *context,
    const void *state,
    uint16_t moves[static SEARCH_MOVES_MAX],
    void *states,
    enum explore_check broken[static SEARCH_MOVES_MAX])
{
    struct handover_world *handover = context;
    struct explore_state *reached = states;
    struct explore_state from;
    memcpy(&from, state, sizeof from);
    const unsigned count = explore_moves(&from, moves);
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++) {
        reached[kept] = from;
        struct explore_world world = {
            .machine = handover->machine,
            .state = &reached[kept],
            .checks = handover->checks,
            .crowded = &handover->crowded,
        };
        if (explore_move_apply(&world, moves[i])) {
            moves[kept] = moves[i];
            broken[kept] = world.broken;
            kept++;
        }
    }
    return kept;
}

static enum explore_check check(void *context, const void *state)
{
    struct handover_world *handover = context;
    struct explore_state copy;
    memcpy(&copy, state, sizeof copy);
    const enum explore_check broken = explore_check_state(&copy);
    if (broken != CHECK_NONE && (handover->checks >> broken & 1U) != 0) {
        return broken;
    }
    return explore_check_ends(&handover->settler, &copy);
}

void handover_world_run(
    const struct explore_options *options,
    const struct explore_machine *machine,
    uint64_t checks,
    struct explore_result *result)
{
    struct handover_world handover = {.machine = machine, .checks = checks};
    const struct explore_state start = handover_world_start(&options->budgets);
    if (!explore_settler_init(&handover.settler, machine, checks)) {
        result->search.stop = SEARCH_NO_MEMORY;
        return;
    }
    const struct search_space space = {
        .state_size = sizeof start,
        .expand = expand,
        .check = check,
        .context = &handover,
    };
    search_run(&space, &start, &options->limits, &result->search);
    result->crowded = handover.crowded;
    memcpy(result->rows, handover.settler.rows, sizeof result->rows);
    explore_settler_deinit(&handover.settler);
}
