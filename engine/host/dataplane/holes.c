/* SPDX-License-Identifier: Apache-2.0 */
/* holes.c -- see holes.h. */
#include "engine/host/dataplane/holes.h"

#include "engine/host/dataplane/memory_internal.h"
#include "engine/host/dataplane/zero.h"

#include <sys/stat.h>

void holes_init(struct holes *holes, struct dataplane_memory *memory)
{
    *holes = (struct holes){.memory = memory};
}

void holes_forget(struct holes *holes)
{
    if (!holes->data) {
        holes->to = holes->from;
    }
}

/* Is all of the file there? Then nobody has to look for holes. */
static bool is_full(const struct memory_region *region)
{
    struct stat status;
    return region->is.fd >= 0 && fstat(region->is.fd, &status) == 0 && status.st_size > 0 &&
           (uint64_t)status.st_blocks * 512 >= (uint64_t)status.st_size;
}

/* Learns the stretch that `page` lies in. A page that is only partly a hole counts as data. */
static void learn(struct holes *holes, const struct memory_region *region, uint64_t page)
{
    const uint64_t page_size = holes->memory->page_size;
    const uint64_t size = region->is.pages * page_size;
    const uint64_t offset = (page - region->first_page) * page_size;
    uint64_t end = size;
    holes->from = page;
    holes->data = is_full(region) || memory_is_data(region, offset, size, &end);
    holes->to = region->first_page + end / page_size;
    if (!holes->data && holes->to == page) {
        holes->data = true;
    }
    if (holes->data) {
        holes->to = region->first_page + (end + page_size - 1) / page_size;
        memory_use(holes->memory, page, holes->to - page);
    }
}

uint64_t holes_scan(void *context, uint64_t first_page, uint64_t wanted)
{
    struct holes *holes = context;
    const uint64_t page_size = holes->memory->page_size;
    const uint64_t first_wanted = first_page + (uint64_t)__builtin_ctzll(wanted);
    const struct memory_region *region = memory_region_of(holes->memory, first_wanted);
    uint64_t used = memory_used_word(holes->memory, first_page);
    uint64_t zero = 0;
    for (uint64_t left = wanted; left != 0; left &= left - 1) {
        const uint32_t bit = (uint32_t)__builtin_ctzll(left);
        const uint64_t page = first_page + bit;
        if ((used >> bit & 1U) == 0) {
            if (page < holes->from || page >= holes->to) {
                learn(holes, region, page);
                used = memory_used_word(holes->memory, first_page);
            }
            if (!holes->data) {
                zero |= UINT64_C(1) << bit;
                continue;
            }
        }
        const uint8_t *bytes = region->is.base + (page - region->first_page) * page_size;
        if (dataplane_is_zero(bytes, page_size)) {
            zero |= UINT64_C(1) << bit;
        }
    }
    return zero;
}
