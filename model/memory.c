/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c -- lifetime and changes of a guest's memory. Questions are in memory_query.c.
 *
 * A tag: bit 63 says that it is a write (else it is initial data), bits 40 to 62 are the guest,
 * bits 0 to 39 the number of the write, or the page plus 1. So tag 0 is left for zero pages, no two
 * guests share a tag, and a wrong page can be put in words ("holds write 17 of guest 3").
 *
 * Bytes mode writes real content whose first 8 bytes are the tag. A write changes the head and one
 * line of 64 bytes elsewhere in the page, as a guest would, so that delta encoders have something
 * to find.
 */
#include "model/memory.h"

#include "model/memory_store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG_WRITTEN     (UINT64_C(1) << 63)
#define TAG_GUEST_SHIFT 40
#define TAG_NUMBER_MASK ((UINT64_C(1) << TAG_GUEST_SHIFT) - 1)

#define PAGE_SIZE_MIN UINT64_C(4096)
#define PAGE_SIZE_MAX (UINT64_C(1) << 30)
#define LINE_BYTES    UINT64_C(64)

uint64_t model_tag_initial(uint32_t guest_id, uint64_t page)
{
    return ((uint64_t)guest_id << TAG_GUEST_SHIFT) | (page + 1);
}

uint64_t model_tag_written(uint32_t guest_id, uint64_t number)
{
    assert(number > 0);
    assert(number <= MODEL_WRITE_NUMBER_MAX);
    return TAG_WRITTEN | ((uint64_t)guest_id << TAG_GUEST_SHIFT) | number;
}

void model_tag_describe(uint64_t tag, char *text, size_t size)
{
    uint64_t guest = (tag & ~TAG_WRITTEN) >> TAG_GUEST_SHIFT;
    uint64_t number = tag & TAG_NUMBER_MASK;
    if (tag == 0) {
        (void)snprintf(text, size, "zero");
    } else if ((tag & TAG_WRITTEN) != 0) {
        (void)snprintf(text, size, "write %" PRIu64 " of guest %" PRIu64, number, guest);
    } else if (number == 0) {
        (void)snprintf(text, size, "unknown content %#" PRIx64, tag);
    } else {
        (void)snprintf(text, size, "initial page %" PRIu64 " of guest %" PRIu64, number - 1, guest);
    }
}

struct model_memory *model_memory_create(const struct model_memory_config *config)
{
    bool size_fits = config->page_size >= PAGE_SIZE_MIN && config->page_size <= PAGE_SIZE_MAX &&
                     (config->page_size & (config->page_size - 1)) == 0;
    bool count_fits = config->page_count >= 1 && config->page_count <= MODEL_MEMORY_PAGES_MAX;
    if (!size_fits || !count_fits || config->guest_id > MODEL_GUEST_ID_MAX) {
        return NULL;
    }
    if (config->bytes && config->page_count > MODEL_MEMORY_BYTES_MAX / config->page_size) {
        return NULL;
    }
    struct model_memory *memory = calloc(1, sizeof(*memory));
    if (memory == NULL) {
        return NULL;
    }
    memory->page_count = config->page_count;
    memory->page_size = config->page_size;
    memory->guest_id = config->guest_id;
    if (config->bytes) {
        memory->bytes = calloc((size_t)config->page_count, (size_t)config->page_size);
    } else {
        memory->leaves = calloc((size_t)model_memory_word_count(memory), sizeof(struct model_leaf));
    }
    if (memory->bytes == NULL && memory->leaves == NULL) {
        free(memory);
        return NULL;
    }
    return memory;
}

void model_memory_destroy(struct model_memory *memory)
{
    if (memory == NULL) {
        return;
    }
    model_store_deinit(&memory->store);
    free(memory->leaves);
    free(memory->bytes);
    free(memory);
}

static void assert_range(const struct model_memory *memory, uint64_t first, uint64_t count)
{
    assert(first <= memory->page_count);
    assert(count <= memory->page_count - first);
    (void)memory;
    (void)first;
    (void)count;
}

/* Walks [first, first + count) leaf by leaf. */
struct leaf_range {
    uint64_t word;
    uint64_t mask; /* pages of this leaf that are in the range */
};

static bool next_leaf(uint64_t *first, uint64_t *count, struct leaf_range *range_out)
{
    if (*count == 0) {
        return false;
    }
    uint64_t index = *first % MODEL_WORD_PAGES;
    uint64_t here = MODEL_WORD_PAGES - index;
    if (here > *count) {
        here = *count;
    }
    range_out->word = *first / MODEL_WORD_PAGES;
    range_out->mask = model_bit_range(index, here);
    *first += here;
    *count -= here;
    return true;
}

static void fill_words(uint8_t *bytes, uint64_t count, uint64_t seed)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t word = model_mix(seed + i + 1);
        memcpy(bytes + i * sizeof(word), &word, sizeof(word));
    }
}

bool model_memory_fill_initial(struct model_memory *memory, uint64_t first, uint64_t count)
{
    assert_range(memory, first, count);
    if (memory->bytes != NULL) {
        for (uint64_t page = first; page < first + count; page++) {
            uint64_t tag = model_tag_initial(memory->guest_id, page);
            uint8_t *bytes = model_memory_bytes(memory, page);
            fill_words(bytes, memory->page_size / sizeof(uint64_t), tag);
            memcpy(bytes, &tag, sizeof(tag));
        }
        return true;
    }
    struct leaf_range range;
    while (next_leaf(&first, &count, &range)) {
        struct model_leaf *leaf = &memory->leaves[range.word];
        model_leaf_drop(leaf, range.mask);
        leaf->initial |= range.mask;
    }
    return true;
}

void model_memory_clear(struct model_memory *memory)
{
    if (memory->bytes != NULL) {
        memset(memory->bytes, 0, (size_t)(memory->page_count * memory->page_size));
        return;
    }
    model_store_deinit(&memory->store);
    memset(memory->leaves, 0, (size_t)model_memory_word_count(memory) * sizeof(struct model_leaf));
}

static void write_bytes(struct model_memory *memory, uint64_t page, uint64_t tag)
{
    uint8_t *bytes = model_memory_bytes(memory, page);
    uint64_t lines = memory->page_size / LINE_BYTES;
    uint64_t line = 1 + model_mix(tag) % (lines - 1);
    fill_words(bytes + line * LINE_BYTES, LINE_BYTES / sizeof(uint64_t), tag);
    memcpy(bytes, &tag, sizeof(tag));
}

bool model_memory_write(struct model_memory *memory, uint64_t page, uint64_t tag)
{
    assert(page < memory->page_count);
    assert(tag != 0);
    if (memory->bytes != NULL) {
        write_bytes(memory, page, tag);
        return true;
    }
    struct model_leaf *leaf = &memory->leaves[page / MODEL_WORD_PAGES];
    if (leaf->capacity == MODEL_WORD_PAGES) { /* the hot set: no call */
        leaf->tags[page % MODEL_WORD_PAGES] = tag;
        leaf->written |= model_bit(page);
        leaf->initial &= ~model_bit(page);
        return true;
    }
    return model_leaf_put(&memory->store, leaf, page % MODEL_WORD_PAGES, tag);
}

void model_memory_expect_writes(const struct model_memory *memory, uint64_t page, uint64_t sooner)
{
    if (memory->leaves == NULL) {
        return;
    }
    __builtin_prefetch(&memory->leaves[page / MODEL_WORD_PAGES], 1);
    /* This leaf was asked for some writes ago, so reading it costs little now, and its tags can be
     * asked for. */
    const struct model_leaf *leaf = &memory->leaves[sooner / MODEL_WORD_PAGES];
    if (leaf->capacity == MODEL_WORD_PAGES) {
        __builtin_prefetch(&leaf->tags[sooner % MODEL_WORD_PAGES], 1);
    }
}

bool model_memory_place_tags(
    struct model_memory *memory, uint64_t first, uint64_t count, const uint64_t *tags)
{
    assert_range(memory, first, count);
    assert(memory->bytes == NULL);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t page = first + i;
        struct model_leaf *leaf = &memory->leaves[page / MODEL_WORD_PAGES];
        uint64_t bit = model_bit(page);
        bool initial = tags[i] == model_tag_initial(memory->guest_id, page);
        if (tags[i] != 0 && !initial) {
            if (!model_leaf_put(&memory->store, leaf, page % MODEL_WORD_PAGES, tags[i])) {
                return false;
            }
            continue;
        }
        model_leaf_drop(leaf, bit);
        leaf->initial = initial ? leaf->initial | bit : leaf->initial & ~bit;
    }
    return true;
}

bool model_memory_place_bytes(
    struct model_memory *memory, uint64_t first, uint64_t count, const uint8_t *bytes)
{
    assert_range(memory, first, count);
    assert(memory->bytes != NULL);
    memcpy(memory->bytes + first * memory->page_size, bytes, (size_t)(count * memory->page_size));
    return true;
}

void model_memory_place_zero(struct model_memory *memory, uint64_t first, uint64_t count)
{
    assert_range(memory, first, count);
    if (memory->bytes != NULL) {
        memset(memory->bytes + first * memory->page_size, 0, (size_t)(count * memory->page_size));
        return;
    }
    struct leaf_range range;
    while (next_leaf(&first, &count, &range)) {
        struct model_leaf *leaf = &memory->leaves[range.word];
        if (((leaf->written | leaf->initial) & range.mask) != 0) { /* do not touch what is zero */
            model_leaf_drop(leaf, range.mask);
            leaf->initial &= ~range.mask;
        }
    }
}
