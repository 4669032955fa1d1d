/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h -- all memory of one scenario, freed at once.
 *
 * A scenario is built up from thousands of small pieces with one life time.  When memory runs out
 * the arena leaves through `exhausted` instead of returning NULL, so that the parser is not a
 * thicket of checks that no test reaches; load.c is the one place which sets the jump.
 */
#ifndef FERRY_SIM_SCENARIO_ARENA_H
#define FERRY_SIM_SCENARIO_ARENA_H

#include <setjmp.h>
#include <stddef.h>

struct arena_chunk;

struct scenario_arena {
    struct arena_chunk *chunks; /* the newest first */
    size_t used;                /* bytes of the newest chunk */
    size_t size;
    jmp_buf *exhausted; /* taken when there is no more memory */
};

/* Zeroed memory for `count` items of `item_size` bytes, aligned for anything.  Never NULL. */
void *arena_take(struct scenario_arena *arena, size_t count, size_t item_size);

/* A copy of `size` bytes with a zero behind them. */
char *arena_copy(struct scenario_arena *arena, const char *text, size_t size);

/* A formatted string. */
char *arena_format(struct scenario_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));

void arena_release(struct scenario_arena *arena);

#endif
