/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c -- memory of the world, and the allocator which engine objects are given.
 *
 * The world's own is never NULL: a run without memory is worth nothing, and its process ends. The
 * engine's is counted and its sizes are compared, because an engine that leaks, or gives back
 * another size than it took, has a bug which no scenario would show.
 */
#include "sim/world/memory.h"

#include "sim/world/state.h"

#include <stdio.h>
#include <stdlib.h>

void *world_allocate(size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);
    if (memory == NULL) {
        (void)fprintf(stderr, "the simulated world is out of memory\n");
        abort();
    }
    return memory;
}

void *world_grow(void *array, size_t *capacity, size_t wanted, size_t item_size)
{
    if (wanted <= *capacity) {
        return array;
    }
    size_t larger = *capacity == 0 ? 16 : *capacity * 2;
    if (larger < wanted) {
        larger = wanted;
    }
    void *grown = realloc(array, larger * item_size);
    if (grown == NULL) {
        (void)fprintf(stderr, "the simulated world is out of memory\n");
        abort();
    }
    *capacity = larger;
    return grown;
}

/* In front of each piece of engine memory; 16 bytes, so that what follows is aligned for anything. */
struct stamp {
    uint64_t size;
    uint64_t check;
};

#define STAMP_CHECK UINT64_C(0x66657272795f6f6b)

static void *engine_allocate(void *context, size_t size)
{
    struct world *world = context;
    struct stamp *stamp = calloc(1, sizeof *stamp + size);
    if (stamp == NULL) {
        return NULL;
    }
    stamp->size = size;
    stamp->check = STAMP_CHECK;
    world->allocations++;
    world->allocated += size;
    return stamp + 1;
}

static void engine_release(void *context, void *memory, size_t size)
{
    struct world *world = context;
    if (memory == NULL) {
        return;
    }
    struct stamp *stamp = (struct stamp *)memory - 1;
    if (stamp->check != STAMP_CHECK || stamp->size != size) {
        world_error(
            world, "an engine object gave back memory that it did not take, or another size");
        return;
    }
    stamp->check = 0;
    world->allocations--;
    world->allocated -= size;
    free(stamp);
}

struct ferry_allocator world_engine_allocator(struct world *world)
{
    return (struct ferry_allocator){
        .allocate = engine_allocate,
        .release = engine_release,
        .context = world,
    };
}
