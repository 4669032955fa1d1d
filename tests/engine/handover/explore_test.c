/* SPDX-License-Identifier: Apache-2.0 */
/* explore_test.c -- both halves of the handover, breadth first through everything that can happen
 * (world.h) within small budgets of crashes, failed writes and operators.
 *
 * In every state H-1 .. H-8 hold, at most one host may run the guest, and from it, healed, exactly
 * one ends up running it. The shortest way to a state that breaks this is printed. Machines with
 * one rule broken show that the explorer would find it. */
#include "handover/world.h"
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#define STATES_MAX (3U << 20)
#define SLOTS      (1U << 23)
#define NONE       UINT32_MAX

struct explorer {
    const struct world_machines *machines;
    struct world *states;
    uint32_t *parents;
    uint8_t *moves;
    uint32_t *slots; /* open addressing: index of a state + 1 */
    uint32_t count;
    uint32_t depth;
    const char *broken;
    uint32_t broken_from;
    uint32_t broken_move; /* NONE: the state itself */
};

static uint64_t hash_of(const struct world *world)
{
    uint64_t words[sizeof(*world) / 8];
    uint64_t hash = UINT64_C(0x9E3779B97F4A7C15);
    memcpy(words, world, sizeof(words));
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        hash = (hash ^ words[i]) * UINT64_C(0xFF51AFD7ED558CCD);
        hash ^= hash >> 32;
    }
    return hash;
}

/* False: it was known. */
static bool
add(struct explorer *explorer, const struct world *world, uint32_t parent, uint32_t move)
{
    uint32_t slot = (uint32_t)(hash_of(world) % SLOTS);
    while (explorer->slots[slot] != 0) {
        const struct world *other = &explorer->states[explorer->slots[slot] - 1];
        if (memcmp(other, world, sizeof(*world)) == 0) {
            return false;
        }
        slot = (slot + 1) % SLOTS;
    }
    if (explorer->count == STATES_MAX) {
        fail_msg("more than %u states: the budget is too large", STATES_MAX);
    }
    explorer->states[explorer->count] = *world;
    explorer->parents[explorer->count] = parent;
    explorer->moves[explorer->count] = (uint8_t)move;
    explorer->slots[slot] = ++explorer->count;
    return true;
}

static void explorer_init(struct explorer *explorer, const struct world_machines *machines)
{
    *explorer = (struct explorer){.machines = machines};
    explorer->states = malloc(STATES_MAX * sizeof(struct world));
    explorer->parents = malloc(STATES_MAX * sizeof(uint32_t));
    explorer->moves = malloc(STATES_MAX);
    explorer->slots = calloc(SLOTS, sizeof(uint32_t));
    assert_true(
        explorer->states != NULL && explorer->parents != NULL && explorer->moves != NULL &&
        explorer->slots != NULL);
}

static void explorer_deinit(struct explorer *explorer)
{
    free(explorer->states);
    free(explorer->parents);
    free(explorer->moves);
    free(explorer->slots);
}

static bool break_at(struct explorer *explorer, const char *broken, uint32_t from, uint32_t move)
{
    explorer->broken = broken;
    explorer->broken_from = from;
    explorer->broken_move = move;
    return false;
}

/* All moves out of one state. False: something is broken. */
static bool expand(struct explorer *explorer, uint32_t index)
{
    for (uint32_t move = 0; move < world_moves; move++) {
        struct world world = explorer->states[index];
        const char *broken = NULL;
        if (!world_move(explorer->machines, &world, move, &broken)) {
            continue;
        }
        if (broken == NULL) {
            broken = world_broken(&world);
        }
        if (broken != NULL) {
            return break_at(explorer, broken, index, move);
        }
        if (add(explorer, &world, index, move)) {
            broken = world_heal(explorer->machines, world);
            if (broken != NULL) {
                return break_at(explorer, broken, index, move);
            }
        }
    }
    return true;
}

static void explore(struct explorer *explorer, const struct world_budget *budget)
{
    const struct world start = world_start(budget);
    (void)add(explorer, &start, NONE, 0);
    uint32_t level_end = explorer->count;
    for (uint32_t i = 0; i < explorer->count; i++) {
        if (i == level_end) {
            explorer->depth++;
            level_end = explorer->count;
        }
        if (!expand(explorer, i)) {
            return;
        }
    }
}

static void print_way(const struct explorer *explorer)
{
    uint32_t way[256];
    uint32_t length = 0;
    way[length++] = explorer->broken_move;
    for (uint32_t i = explorer->broken_from; explorer->parents[i] != NONE && length < 256;
         i = explorer->parents[i]) {
        way[length++] = explorer->moves[i];
    }
    print_message("%s, after %u moves:\n", explorer->broken, length);
    while (length > 0) {
        char name[128];
        world_move_name(way[--length], name, sizeof(name));
        print_message("  %s\n", name);
    }
}

static void every_state_keeps_every_requirement(void **state)
{
    const struct world_budget *budget = *state;
    struct explorer explorer;
    explorer_init(&explorer, &world_shipped);

    explore(&explorer, budget);

    if (explorer.broken != NULL) {
        print_way(&explorer);
    }
    print_message("%u states, depth %u\n", explorer.count, explorer.depth);
    assert_null(explorer.broken);
    assert_true(explorer.count > 900);
    explorer_deinit(&explorer);
}

/* ---- machines with one rule broken ---- */

static struct handover_step one(enum handover_output output)
{
    return (struct handover_step){.count = 1, .output = {(uint8_t)output}};
}

static struct handover_step resumes_on_lost(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    if (input == HANDOVER_IN_LOST && source->phase == HANDOVER_GRANTED) {
        source->phase = HANDOVER_BACK;
        return one(HANDOVER_OUT_RUN_HERE);
    }
    return handover_source_step(source, input, attempt, epoch);
}

static struct handover_step grants_before_durable(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    struct handover_step step = handover_source_step(source, input, attempt, epoch);
    if (step.count == 1 && step.output[0] == HANDOVER_OUT_PERSIST_GRANT) {
        step.output[step.count++] = HANDOVER_OUT_SEND_GRANT;
    }
    return step;
}

static struct handover_step resumes_when_the_grant_fails(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    if (input == HANDOVER_IN_GRANT_FAILED && source->phase == HANDOVER_GRANTING) {
        source->phase = HANDOVER_RUNNING;
        return one(HANDOVER_OUT_RUN_HERE);
    }
    return handover_source_step(source, input, attempt, epoch);
}

static struct handover_step takes_any_ready(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    const bool ready = input == HANDOVER_IN_READY && source->phase == HANDOVER_ATTEMPT;
    return handover_source_step(source, input, ready ? source->attempt : attempt, epoch);
}

static struct handover_step is_deaf_to_aborted(
    struct handover_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    if (input == HANDOVER_IN_ABORTED) {
        return (struct handover_step){0}; /* the guest stays paused for ever */
    }
    return handover_source_step(source, input, attempt, epoch);
}

static struct handover_step runs_before_owner(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    struct handover_step step = handover_target_step(target, input, attempt, epoch);
    if (step.count == 1 && step.output[0] == HANDOVER_OUT_PERSIST_OWNER) {
        step.output[step.count++] = HANDOVER_OUT_RUN_HERE;
    }
    return step;
}

static struct handover_step aborted_before_burned(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    struct handover_step step = handover_target_step(target, input, attempt, epoch);
    if (step.count == 1 && step.output[0] == HANDOVER_OUT_PERSIST_BURNED) {
        step.output[step.count++] = HANDOVER_OUT_SEND_ABORTED;
    }
    return step;
}

static struct handover_step owns_after_a_failed_write(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    const bool failed = input == HANDOVER_IN_OWNER_FAILED;
    return handover_target_step(target, failed ? HANDOVER_IN_OWNER_DURABLE : input, attempt, epoch);
}

static struct handover_step burns_after_owning(
    struct handover_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch)
{
    if (input == HANDOVER_IN_BURN && target->phase == HANDOVER_OWNER) {
        return one(HANDOVER_OUT_SEND_ABORTED);
    }
    return handover_target_step(target, input, attempt, epoch);
}

static void broken_rule_is_found(void **unused)
{
    (void)unused;
    static const struct {
        const char *rule; /* how what it finds begins */
        struct world_machines machines;
    } rows[] = {
        {"H-2",                               {resumes_on_lost, handover_target_step}             },
        {"H-1",                               {grants_before_durable, handover_target_step}       },
        {"H-2",                               {resumes_when_the_grant_fails, handover_target_step}},
        {"H-7",                               {takes_any_ready, handover_target_step}             },
        {"healed, the guest ends up nowhere", {is_deaf_to_aborted, handover_target_step}          },
        {"H-4",                               {handover_source_step, runs_before_owner}           },
        {"H-5",                               {handover_source_step, aborted_before_burned}       },
        {"H-8",                               {handover_source_step, owns_after_a_failed_write}   },
        {"H-5",                               {handover_source_step, burns_after_owning}          },
    };
    static const struct world_budget budget = {.crashes = 1, .failures = 1, .fences = 1};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct explorer explorer;
        explorer_init(&explorer, &rows[i].machines);
        explore(&explorer, &budget);
        if (explorer.broken == NULL ||
            strncmp(explorer.broken, rows[i].rule, strlen(rows[i].rule)) != 0) {
            fail_msg(
                "row %zu breaks %s, and what is found is: %s",
                i,
                rows[i].rule,
                explorer.broken == NULL ? "nothing" : explorer.broken);
        }
        explorer_deinit(&explorer);
    }
}

int main(void)
{
    static struct world_budget calm = {0};
    static struct world_budget crashes = {.crashes = 3};
    static struct world_budget all = {.crashes = 3, .failures = 2, .fences = 1};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_rule_is_found),
        {"a network that loses, doubles and reorders",
                                every_state_keeps_every_requirement,                                                NULL,
                                NULL,                                                                                           &calm   },
        {"and three crashes",                           every_state_keeps_every_requirement, NULL, NULL, &crashes},
        {"and crashes, failed writes, and an operator",
                                every_state_keeps_every_requirement,                                                NULL,
                                NULL,                                                                                           &all    },
    };
    return cmocka_run_group_tests_name("explore", tests, NULL, NULL);
}
