/* SPDX-License-Identifier: Apache-2.0 */
/* memory_internal.h -- what the workers of this room do with a guest's memory; see memory.h. */
#ifndef FERRY_HOST_DATAPLANE_MEMORY_INTERNAL_H
#define FERRY_HOST_DATAPLANE_MEMORY_INTERNAL_H

#include "engine/host/dataplane/memory.h"

#include <stdatomic.h>

struct prefault;

struct memory_region {
    struct dataplane_region is;
    uint64_t first_page; /* flat index */
};

struct dataplane_memory {
    uint32_t page_size;
    uint16_t region_count;
    uint64_t pages;
    struct memory_region regions[FERRY_REGIONS_MAX];
    /* A bit a page, only ever set: the page is certainly there. Where it is not set, the page is zero
     * if nothing but what the bits tell was ever written (fresh), otherwise the file has to be asked. */
    _Atomic uint64_t *used;
    bool fresh;
    struct prefault *prefault;
};

/* The region of a page that exists. */
const struct memory_region *memory_region_of(const struct dataplane_memory *memory, uint64_t page);

/* These pages count as used from here on. */
void memory_use(struct dataplane_memory *memory, uint64_t first_page, uint64_t count);
/* Payload will be placed in these pages now: they count as used, and if some of them were not, the
 * helper hears how far the payload has come. */
void memory_place(struct dataplane_memory *memory, uint64_t first_page, uint64_t count);
/* Those of the pages [first_page, first_page + 64), first_page a multiple of 64, that are used. */
uint64_t memory_used_word(const struct dataplane_memory *memory, uint64_t first_page);
/* Makes pages zero: those that may be other than zero are looked at and written if they are, the
 * others are not touched. The pages lie in one region. */
void memory_zero(struct dataplane_memory *memory, uint64_t first_page, uint64_t count);
/* The unused pages in front: of [page, page + most) in one region, how many follow each other. */
uint64_t memory_unused_run(const struct dataplane_memory *memory, uint64_t page, uint64_t most);

/* Does the file behind the region say anything about holes? Finds the next change of kind: the
 * bytes [offset, *end_out) of the region are all data (true) or all hole (false). */
bool memory_is_data(
    const struct memory_region *region, uint64_t offset, uint64_t size, uint64_t *end_out);

#endif
