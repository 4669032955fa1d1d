/* SPDX-License-Identifier: Apache-2.0 */
/* base/allocate.h -- short names for the two calls of the given allocator.
 *
 * The engine takes all of an object's memory when the object is created and gives it back when it
 * is destroyed; the size is handed back because small allocators (an arena, a test's counter) need
 * not remember it then. */
#ifndef BASE_ALLOCATE_H
#define BASE_ALLOCATE_H

#include "ferry/types.h"

/* Zeroed memory, or NULL. size is at least 1. */
static inline void *base_allocate(const struct ferry_allocator *allocator, size_t size)
{
    return allocator->allocate(allocator->context, size);
}

/* NULL is fine. */
static inline void base_release(const struct ferry_allocator *allocator, void *memory, size_t size)
{
    if (memory != NULL) {
        allocator->release(allocator->context, memory, size);
    }
}

#endif
