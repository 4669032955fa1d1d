/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c -- see memory.h and memory_internal.h.
 *
 * The bits of `used` are only ever set, so threads need no lock. Who places into a page owns it in
 * this round: streams never share a page of one round, and rounds are divided by barriers, which
 * pass through the loop's thread and its locks. */
#include "engine/host/dataplane/memory.h"

#include "engine/host/dataplane/memory_internal.h"
#include "engine/host/dataplane/prefault.h"
#include "engine/host/dataplane/zero.h"

#include <errno.h>
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
    if (data < 0) {
        return errno !=
               ENXIO; /* nothing but holes from here on; otherwise the file knows nothing */
    }
    if (data >= end) {
        return false;
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
    memory->prefault = prefault_create(memory);
    if (memory->used == NULL || memory->prefault == NULL) {
        dataplane_memory_destroy(memory);
        return FERRY_LIMIT_MEMORY;
    }
    memory->fresh = config->fresh;
    for (uint16_t i = 0; i < memory->region_count && !config->fresh; i++) {
        const struct memory_region *region = &memory->regions[i];
        if (region->is.fd < 0) { /* nobody can be asked */
            memory_use(memory, region->first_page, region->is.pages);
        }
    }
    *memory_out = memory;
    return FERRY_OK;
}

void dataplane_memory_destroy(struct dataplane_memory *memory)
{
    if (memory != NULL) {
        prefault_destroy(memory->prefault);
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

/* Sets the bits; returns whether one of them was not set. */
static bool set_used(struct dataplane_memory *memory, uint64_t first_page, uint64_t count)
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

void memory_use(struct dataplane_memory *memory, uint64_t first_page, uint64_t count)
{
    (void)set_used(memory, first_page, count);
}

void memory_place(struct dataplane_memory *memory, uint64_t first_page, uint64_t count)
{
    if (set_used(memory, first_page, count) && memory->fresh) {
        prefault_placed(memory->prefault, first_page, count);
    }
}

uint64_t memory_used_word(const struct dataplane_memory *memory, uint64_t first_page)
{
    return atomic_load_explicit(&memory->used[first_page / WORD_BITS], memory_order_relaxed);
}

/* The memory was in use before this object was made: what the file says is there may not be zero. */
static void use_what_is_there(struct dataplane_memory *memory, uint64_t first_page, uint64_t count)
{
    const struct memory_region *region = memory_region_of(memory, first_page);
    const uint64_t page_size = memory->page_size;
    const uint64_t size = (first_page - region->first_page + count) * page_size;
    uint64_t end = 0;
    for (uint64_t at = size - count * page_size; at < size; at = end) {
        if (memory_is_data(region, at, size, &end)) {
            const uint64_t first = at / page_size;
            const uint64_t last = (end - 1) / page_size;
            memory_use(memory, region->first_page + first, last - first + 1);
        }
    }
}

void memory_zero(struct dataplane_memory *memory, uint64_t first_page, uint64_t count)
{
    const uint64_t end = first_page + count;
    uint64_t next = 0;
    if (memory->fresh) {
        prefault_zeros(memory->prefault);
    } else {
        use_what_is_there(memory, first_page, count);
    }
    for (uint64_t page = first_page; page < end; page = next) {
        uint64_t mask = word_mask(page, end, &next);
        const uint64_t base = next - WORD_BITS;
        for (mask &= memory_used_word(memory, base); mask != 0; mask &= mask - 1) {
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
        const uint64_t used = memory_used_word(memory, next - WORD_BITS) & mask;
        if (used != 0) {
            return next - WORD_BITS + (uint64_t)__builtin_ctzll(used) - page;
        }
    }
    return end - page;
}
