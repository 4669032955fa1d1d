/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c -- see memory.h and memory_internal.h.
 *
 * The bits of `used` are only ever set, so threads need no lock: who sets a bit owns the page in
 * this round (streams never share a page of one round, and rounds are divided by barriers, which
 * pass through the loop's thread and its locks). */
#include "engine/host/dataplane/memory.h"

#include "engine/host/dataplane/memory_internal.h"
#include "engine/host/dataplane/zero.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD_BITS 64U

bool memory_is_data(
    const struct memory_region *region, uint64_t offset, uint64_t size, uint64_t *end_out)
{
    *end_out = size;
    if (region->is.fd < 0) {
        return true;
    }
    const off_t at = (off_t)(region->is.fd_offset + offset);
    const off_t end = (off_t)(region->is.fd_offset + size);
    /* lseek moves a position that nobody uses, so several threads may ask at once. */
    const off_t data = lseek(region->is.fd, at, SEEK_DATA);
    if (data < 0 || data >= end) {
        /* ENXIO: nothing but holes up to the file's end. Other errors: the file knows nothing. */
        return data < 0 && lseek(region->is.fd, 0, SEEK_DATA) < 0 &&
               lseek(region->is.fd, 0, SEEK_CUR) < 0;
    }
    if (data > at) {
        *end_out = (uint64_t)data - region->is.fd_offset;
        return false;
    }
    const off_t hole = lseek(region->is.fd, at, SEEK_HOLE);
    if (hole > at && hole < end) {
        *end_out = (uint64_t)hole - region->is.fd_offset;
    }
    return true;
}

/* ---- life ---- */

/* Takes as used what the file says is there. */
static void use_what_is_there(struct dataplane_memory *memory)
{
    const uint64_t page_size = memory->page_size;
    for (uint16_t i = 0; i < memory->region_count; i++) {
        const struct memory_region *region = &memory->regions[i];
        const uint64_t size = region->is.pages * page_size;
        uint64_t end = 0;
        for (uint64_t offset = 0; offset < size; offset = end) {
            if (memory_is_data(region, offset, size, &end)) {
                const uint64_t first = offset / page_size;
                const uint64_t last = (end - 1) / page_size;
                (void)memory_use(memory, region->first_page + first, last - first + 1);
            }
        }
    }
}

static bool region_fits(const struct dataplane_region *region, uint32_t page_size)
{
    return region->base != NULL && (uintptr_t)region->base % 4096 == 0 && region->pages > 0 &&
           region->pages <= FERRY_PAGES_MAX && region->pages <= UINT64_MAX / 2 / page_size;
}

enum ferry_status dataplane_memory_create(
    const struct dataplane_memory_config *config, struct dataplane_memory **memory_out)
{
    const uint32_t page_size = config->page_size;
    if (page_size < FERRY_PAGE_SIZE_MIN || page_size > FERRY_PAGE_SIZE_MAX ||
        (page_size & (page_size - 1)) != 0 || config->region_count == 0 ||
        config->region_count > FERRY_REGIONS_MAX) {
        return FERRY_USAGE_CONFIG;
    }
    struct dataplane_memory *memory = calloc(1, sizeof(*memory));
    if (memory == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    memory->page_size = page_size;
    memory->region_count = config->region_count;
    for (uint16_t i = 0; i < config->region_count; i++) {
        if (!region_fits(&config->regions[i], page_size)) {
            free(memory);
            return FERRY_USAGE_CONFIG;
        }
        memory->regions[i] =
            (struct memory_region){.is = config->regions[i], .first_page = memory->pages};
        memory->pages += config->regions[i].pages;
    }
    memory->used = calloc(memory->pages / WORD_BITS + 1, sizeof(*memory->used));
    if (memory->used == NULL) {
        free(memory);
        return FERRY_LIMIT_MEMORY;
    }
    if (!config->fresh) {
        use_what_is_there(memory);
    }
    *memory_out = memory;
    return FERRY_OK;
}

void dataplane_memory_destroy(struct dataplane_memory *memory)
{
    if (memory != NULL) {
        free(memory->used);
        free(memory);
    }
}

/* ---- addresses ---- */

uint32_t dataplane_memory_page_size(const struct dataplane_memory *memory)
{
    return memory->page_size;
}

uint64_t dataplane_memory_pages(const struct dataplane_memory *memory)
{
    return memory->pages;
}

const struct memory_region *memory_region_of(const struct dataplane_memory *memory, uint64_t page)
{
    uint16_t index = 0;
    while (index + 1U < memory->region_count && page >= memory->regions[index + 1U].first_page) {
        index++;
    }
    return &memory->regions[index];
}

uint8_t *dataplane_memory_at(const struct dataplane_memory *memory, uint64_t page)
{
    const struct memory_region *region = memory_region_of(memory, page);
    return region->is.base + (page - region->first_page) * memory->page_size;
}

/* ---- used pages ---- */

/* The bits [first, end) of the word that holds `first`, and where the next word begins. */
static uint64_t word_mask(uint64_t first, uint64_t end, uint64_t *next_out)
{
    const uint64_t next = (first / WORD_BITS + 1) * WORD_BITS;
    uint64_t mask = UINT64_MAX << first % WORD_BITS;
    if (end < next) {
        mask &= (UINT64_C(1) << end % WORD_BITS) - 1;
    }
    *next_out = next;
    return mask;
}

bool memory_use(struct dataplane_memory *memory, uint64_t first_page, uint64_t count)
{
    const uint64_t end = first_page + count;
    bool any_new = false;
    uint64_t next = 0;
    for (uint64_t page = first_page; page < end; page = next) {
        const uint64_t mask = word_mask(page, end, &next);
        _Atomic uint64_t *word = &memory->used[page / WORD_BITS];
        if ((atomic_load_explicit(word, memory_order_relaxed) & mask) != mask) {
            (void)atomic_fetch_or_explicit(word, mask, memory_order_relaxed);
            any_new = true;
        }
    }
    return any_new;
}

void memory_zero(struct dataplane_memory *memory, uint64_t first_page, uint64_t count)
{
    const uint64_t end = first_page + count;
    uint64_t next = 0;
    for (uint64_t page = first_page; page < end; page = next) {
        uint64_t mask = word_mask(page, end, &next);
        const uint64_t base = next - WORD_BITS;
        mask &= atomic_load_explicit(&memory->used[base / WORD_BITS], memory_order_relaxed);
        for (; mask != 0; mask &= mask - 1) {
            uint8_t *bytes = dataplane_memory_at(memory, base + (uint64_t)__builtin_ctzll(mask));
            if (!dataplane_is_zero(bytes, memory->page_size)) {
                memset(bytes, 0, memory->page_size);
            }
        }
    }
}

uint64_t memory_unused_run(const struct dataplane_memory *memory, uint64_t page, uint64_t most)
{
    const struct memory_region *region = memory_region_of(memory, page);
    const uint64_t left = region->first_page + region->is.pages - page;
    const uint64_t end = page + (most < left ? most : left);
    uint64_t next = 0;
    for (uint64_t at = page; at < end; at = next) {
        const uint64_t mask = word_mask(at, end, &next);
        const uint64_t used =
            atomic_load_explicit(&memory->used[at / WORD_BITS], memory_order_relaxed) & mask;
        if (used != 0) {
            return next - WORD_BITS + (uint64_t)__builtin_ctzll(used) - page;
        }
    }
    return end - page;
}
