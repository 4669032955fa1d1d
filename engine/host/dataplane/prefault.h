/* SPDX-License-Identifier: Apache-2.0 */
/* prefault.h -- makes fresh memory before payload comes for it.
 *
 * The first write to a page of a new guest costs several times what receiving it costs: the kernel
 * has to find and clear a page. */
#ifndef FERRY_HOST_DATAPLANE_PREFAULT_H
#define FERRY_HOST_DATAPLANE_PREFAULT_H

#include "engine/host/dataplane/memory.h"

struct prefault;

/* NULL: no memory. */
struct prefault *prefault_create(struct dataplane_memory *memory);
void prefault_destroy(struct prefault *prefault); /* stops it; NULL is fine */
/* The helper touches nothing any more when this returns. */
void prefault_stop(struct prefault *prefault);

/* Payload comes for these pages now: they are used from here on. */
void prefault_place(struct prefault *prefault, uint64_t first_page, uint64_t count);
/* Zero pages came. */
void prefault_zero(struct prefault *prefault);

#endif
