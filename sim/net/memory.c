/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c -- see memory.h. */
#include "sim/net/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void net_die(const char *what)
{
    (void)fprintf(stderr, "ferry: simulated network: %s\n", what);
    abort();
}

void *net_zeroed(size_t count, size_t size)
{
    void *array = calloc(count == 0 ? 1 : count, size);
    net_require(array != NULL, "out of memory");
    return array;
}

void *net_grow(void *array, uint32_t *capacity, uint32_t needed, size_t size)
{
    if (needed <= *capacity) {
        return array;
    }
    net_require(needed <= UINT32_MAX / 2, "too many of one thing");
    uint32_t room = *capacity < 16 ? 16 : *capacity;
    while (room < needed) {
        room *= 2;
    }
    char *grown = realloc(array, (size_t)room * size);
    net_require(grown != NULL, "out of memory");
    memset(grown + (size_t)*capacity * size, 0, (size_t)(room - *capacity) * size);
    *capacity = room;
    return grown;
}
