/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h -- a guest's memory as the data plane sees it: flat page indices over mapped regions, and
 * the knowledge of which pages certainly hold nothing but zeros without anybody reading them.
 *
 * Reading a page that was never touched would allocate it (in a shared file even a read does), and a
 * guest that uses a tenth of its memory would fill all of it by being moved. So the source asks the
 * file for its holes, and the target keeps a bit a page: was anything ever placed here?
 *
 * One object a guest and side; it outlives every sender and receiver made with it (all attaches). At
 * a target it has a helper thread that makes memory ahead of what comes (prefault.h); destroy()
 * joins it, and must come before the memory is unmapped.
 * All functions may be called by several threads at once. */
#ifndef FERRY_HOST_DATAPLANE_MEMORY_H
#define FERRY_HOST_DATAPLANE_MEMORY_H

#include "ferry/limits.h"
#include "ferry/status.h"
#include "ferry/types.h"

struct dataplane_region {
    uint8_t *base;      /* mapped, page-aligned, readable; at a target writable; borrowed */
    uint64_t pages;     /* at least 1 */
    int fd;             /* the file behind the mapping (memfd), for its holes; -1: none is known */
    uint64_t fd_offset; /* of base in the file */
};

struct dataplane_memory_config {
    uint32_t page_size;    /* of the migration; a power of two, a multiple of the host's */
    uint16_t region_count; /* 1 .. FERRY_REGIONS_MAX */
    const struct dataplane_region *regions; /* copied; order as in ferry_stream_shape */
    /* Target: nothing was ever written to this memory. Otherwise the file is asked where it matters;
     * if there is none, every page is taken as used. */
    bool fresh;
};

struct dataplane_memory;

/* USAGE_CONFIG, LIMIT_MEMORY. */
FERRY_NODISCARD
enum ferry_status dataplane_memory_create(
    const struct dataplane_memory_config *config, struct dataplane_memory **memory_out);
void dataplane_memory_destroy(struct dataplane_memory *memory); /* NULL is fine */

uint32_t dataplane_memory_page_size(const struct dataplane_memory *memory);
uint64_t dataplane_memory_pages(const struct dataplane_memory *memory);
/* Address of a page; the caller has checked the index. Pages of one region are contiguous. */
uint8_t *dataplane_memory_at(const struct dataplane_memory *memory, uint64_t page);

#endif
