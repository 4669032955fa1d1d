/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h -- memory of the world, and the engine's counted allocator. The world's is never NULL: without memory it aborts.
 */
#ifndef FERRY_SIM_WORLD_MEMORY_H
#define FERRY_SIM_WORLD_MEMORY_H

#include "ferry/types.h"

#include <stddef.h>

struct world;

void *world_allocate(size_t size); /* zeroed */
void *world_grow(void *array, size_t *capacity, size_t wanted, size_t item_size);
struct ferry_allocator world_engine_allocator(struct world *world);

#endif
