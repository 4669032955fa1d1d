/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h -- growing arrays and the one way the simulated network gives up.
 *
 * A simulator that runs out of memory, or is called against its contract, has no result worth
 * keeping: it says what happened and aborts. So none of the calls in this room fails.
 */
#ifndef FERRY_SIM_NET_MEMORY_H
#define FERRY_SIM_NET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#    define NET_NORETURN [[noreturn]]
#else
#    define NET_NORETURN _Noreturn
#endif

NET_NORETURN void net_die(const char *what);

/* Checks what the caller promised; stays on in every build. */
static inline void net_require(bool holds, const char *what)
{
    if (!holds) {
        net_die(what);
    }
}

/* count elements of size bytes, zeroed; count 0 gives an array one may free. */
void *net_zeroed(size_t count, size_t size);

/* Makes room for at least `needed` elements, doubling; new ones are zeroed. Returns the array. */
void *net_grow(void *array, uint32_t *capacity, uint32_t needed, size_t size);

#ifdef __cplusplus
}
#endif
#endif
