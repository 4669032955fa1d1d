/* SPDX-License-Identifier: Apache-2.0 */
/* holes.c -- see holes.h. */
#include "engine/host/dataplane/holes.h"

#include "engine/host/dataplane/memory_internal.h"
#include "engine/host/dataplane/zero.h"

void holes_init(struct holes *holes, const struct dataplane_memory *memory)
{
    *holes = (struct holes){.memory = memory};
}

void holes_forget(struct holes *holes)
{
    if (!holes->data) {
        holes->to = holes->from;
    }
}

/* Learns the stretch that `page` lies in. A page that is only partly a hole counts as data. */
static void learn(struct holes *holes, const struct memory_region *region, uint64_t page)
{
    const uint64_t page_size = holes->memory->page_size;
    const uint64_t size = region->is.pages * page_size;
    const uint64_t offset = (page - region->first_page) * page_size;
    uint64_t end = 0;
    holes->from = page;
    holes->data = memory_is_data(region, offset, size, &end);
    if (holes->data) {
        holes->to = region->first_page + (end + page_size - 1) / page_size;
    } else {
        holes->to = region->first_page + end / page_size;
        if (holes->to == page) {
            holes->data = true;
            holes->to = page + 1;
        }
    }
}

uint64_t holes_scan(void *context, uint64_t first_page, uint64_t wanted)
{
    struct holes *holes = context;
    const struct memory_region *region = NULL;
    const uint64_t page_size = holes->memory->page_size;
    uint64_t zero = 0;
    for (uint64_t left = wanted; left != 0; left &= left - 1) {
        const uint32_t bit = (uint32_t)__builtin_ctzll(left);
        const uint64_t page = first_page + bit;
        if (region == NULL) {
            region = memory_region_of(holes->memory, page); /* a window lies in one region */
        }
        if (page < holes->from || page >= holes->to) {
            learn(holes, region, page);
        }
        const uint8_t *bytes = region->is.base + (page - region->first_page) * page_size;
        if (!holes->data || dataplane_is_zero(bytes, page_size)) {
            zero |= UINT64_C(1) << bit;
        }
    }
    return zero;
}
