/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover_traces.c -- random walks through the shipped handover, for the Promela model to follow.
 *
 *   handover_traces COUNT SEED [ENTRY]
 *
 * writes C for model/handover.pml with -DTRACE: which moves were made, and what could be seen of the two
 * sides after each. With ENTRY, what was seen after that move is written wrongly: the model must refuse it.
 */
#include "sim/explore/moves.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MOVES_LIMIT 80U
#define TRACE_NEXT  (63U * 4U)
#define TRACE_END   (62U * 4U)

/* splitmix64: the same walks on every machine. */
static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

/* The head of model/handover.pml says the same. */
static uint32_t seen(const struct explore_state *state)
{
    return (uint32_t)state->s.engine | (uint32_t)state->source.phase << 3 |
           (uint32_t)state->s.process << 7 | (uint32_t)state->s.granted << 9 |
           (uint32_t)state->s.ended << 11 | (uint32_t)state->t.engine << 13 |
           (uint32_t)state->target.phase << 15 | (uint32_t)state->t.process << 19 |
           (uint32_t)state->t.owner << 21 | (uint32_t)state->t.burned << 23 |
           (uint32_t)state->t.link << 25;
}

struct trace_file {
    uint32_t *moves;
    uint32_t *seen;
    size_t count;
    size_t capacity;
};

static void add(struct trace_file *file, uint32_t move, uint32_t what)
{
    if (file->count == file->capacity) {
        file->capacity = file->capacity == 0 ? 1024 : file->capacity * 2;
        file->moves = realloc(file->moves, file->capacity * sizeof *file->moves);
        file->seen = realloc(file->seen, file->capacity * sizeof *file->seen);
        if (file->moves == NULL || file->seen == NULL) {
            abort();
        }
    }
    file->moves[file->count] = move;
    file->seen[file->count] = what;
    file->count++;
}

/* One possible move at random, among faults only if they are wanted. */
static bool step(struct explore_state *state, uint64_t *seed, bool faults, explore_move *move)
{
    explore_move moves[EXPLORE_MOVES_MAX];
    struct explore_state reached[EXPLORE_MOVES_MAX];
    const unsigned count = explore_moves(state, moves);
    unsigned possible = 0;
    for (unsigned i = 0; i < count; i++) {
        struct explore_world world = {.machine = &explore_shipped, .state = &reached[possible]};
        reached[possible] = *state;
        if ((faults || MOVE_KIND(moves[i]) < MOVE_LINK_LOST) &&
            explore_move_apply(&world, moves[i])) {
            moves[possible] = moves[i];
            possible++;
        }
    }
    if (possible == 0) {
        return false;
    }
    const unsigned chosen = (unsigned)(next_random(seed) % possible);
    *move = moves[chosen];
    *state = reached[chosen];
    return true;
}

static void walk(struct trace_file *file, uint64_t *seed)
{
    struct explore_state state = explore_start((struct explore_budget){
        .attempts = 3,
        .crashes = 2,
        .restarts = 2,
        .drops = 3,
        .failed_writes = 1,
        .timeouts = 2,
        .cancels = 1,
        .burns = 1,
        .reinstalls = next_random(seed) % 8 == 0,
    });
    add(file, TRACE_NEXT, 0);
    for (unsigned i = 0; i < MOVES_LIMIT; i++) {
        explore_move move = 0;
        /* not always, so that walks also get somewhere */
        const bool faults = next_random(seed) % 4 == 0;
        if (!step(&state, seed, faults, &move) && !step(&state, seed, true, &move)) {
            break;
        }
        add(file, (uint32_t)MOVE_KIND(move) * 4U + (MOVE_WHICH(move) & 3U), seen(&state));
    }
}

static void write_array(const char *name, const uint32_t *values, size_t count)
{
    (void)printf("static const int %s[] = {\n", name);
    for (size_t i = 0; i < count; i++) {
        (void)printf("%" PRIu32 ",%s", values[i], i % 16 == 15 ? "\n" : "");
    }
    (void)printf("};\n");
}

int main(int argc, char **argv)
{
    struct trace_file file = {.count = 0};
    if (argc < 3) {
        (void)fprintf(stderr, "usage: handover_traces COUNT SEED [ENTRY]\n");
        return 2;
    }
    const unsigned long count = strtoul(argv[1], NULL, 10);
    uint64_t seed = strtoull(argv[2], NULL, 10);
    for (unsigned long i = 0; i < count; i++) {
        walk(&file, &seed);
    }
    add(&file, TRACE_END, 0);
    if (argc > 3) {
        const size_t entry = (size_t)strtoul(argv[3], NULL, 10) % file.count;
        file.seen[entry] ^= 1U << 3;
    }
    write_array("trace_move", file.moves, file.count);
    write_array("trace_seen", file.seen, file.count);
    free(file.moves);
    free(file.seen);
    return 0;
}
