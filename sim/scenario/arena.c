/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c -- chunks of memory in a list; pieces are cut from the newest one. */
#include "sim/scenario/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an ordinary chunk: a small scenario fits in one. */
#define ARENA_CHUNK ((size_t)32 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    alignas(max_align_t) unsigned char bytes[];
};

static _Noreturn void give_up(struct scenario_arena *arena)
{
    longjmp(*arena->exhausted, 1);
}

static void add_chunk(struct scenario_arena *arena, size_t size)
{
    size_t wanted = size > ARENA_CHUNK ? size : ARENA_CHUNK;
    struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + wanted);
    if (chunk == NULL) {
        give_up(arena);
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used = 0;
    arena->size = wanted;
}

void *arena_take(struct scenario_arena *arena, size_t count, size_t item_size)
{
    const size_t alignment = alignof(max_align_t);
    if (item_size != 0 && count > (SIZE_MAX / 4) / item_size) {
        give_up(arena);
    }
    size_t size = (count * item_size + alignment - 1) / alignment * alignment;
    if (arena->chunks == NULL || arena->size - arena->used < size) {
        add_chunk(arena, size);
    }
    void *taken = arena->chunks->bytes + arena->used;
    arena->used += size;
    return taken;
}

char *arena_copy(struct scenario_arena *arena, const char *text, size_t size)
{
    char *copy = arena_take(arena, size + 1, 1);
    if (size != 0) {
        memcpy(copy, text, size);
    }
    return copy;
}

char *arena_format(struct scenario_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        give_up(arena);
    }
    char *text = arena_take(arena, (size_t)length + 1, 1);
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void arena_release(struct scenario_arena *arena)
{
    while (arena->chunks != NULL) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    arena->used = 0;
    arena->size = 0;
}
