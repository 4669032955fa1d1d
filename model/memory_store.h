/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_store.h -- inside of memory.c, memory_query.c and payload.c: how tags are kept. Nobody
 * else includes it.
 *
 * 64 pages are a leaf, one bitmap word wide. A page whose bit is in `initial` has the initial tag
 * of its own number, one whose bit is in `written` has an explicit tag, others are zero; no page is
 * in both. Explicit tags are packed in page order while there are few (room for 4 or 16), and
 * indexed by page once there is room for all 64: scattered writes to a huge guest then cost tens of
 * bytes, not a leaf of tags each, and the hot set is one array access.
 */
#ifndef MODEL_MEMORY_STORE_H
#define MODEL_MEMORY_STORE_H

#include "model/bits.h"
#include "model/memory.h"

struct model_leaf {
    uint64_t initial;
    uint64_t written;
    uint64_t *tags;
    uint64_t capacity; /* of tags: 0, 4, 16 or 64 */
};

#define MODEL_STORE_CLASSES 3

struct model_store_block;

/* Hands out arrays of 4, 16 or 64 tags; takes them back for re-use; frees everything at once. */
struct model_store {
    struct model_store_block *blocks;
    size_t block_left; /* bytes at the end of the newest block */
    size_t block_size; /* of the newest block; each is larger than the one before, up to a limit */
    uint64_t *free[MODEL_STORE_CLASSES];
};

struct model_memory {
    uint64_t page_count;
    uint64_t page_size;
    uint32_t guest_id;
    struct model_leaf *leaves; /* tag mode, else NULL */
    uint8_t *bytes;            /* bytes mode, else NULL */
    struct model_store store;
};

void model_store_deinit(struct model_store *store); /* leaves it empty and usable */

/* One page's explicit tag; false: no memory. tag is not 0. */
bool model_leaf_put(
    struct model_store *store, struct model_leaf *leaf, uint64_t index, uint64_t tag);

/* Takes explicit tags away; the pages of `mask` are then zero, or initial if their bit says so. */
void model_leaf_drop(struct model_leaf *leaf, uint64_t mask);

/* The explicit tag of a page that has one. */
static inline uint64_t model_leaf_tag(const struct model_leaf *leaf, uint64_t index)
{
    if (leaf->capacity == MODEL_WORD_PAGES) {
        return leaf->tags[index];
    }
    return leaf->tags[model_bit_count(leaf->written & (model_bit(index) - 1))];
}

/* Is the page all zero bytes? For bytes mode. */
bool model_page_is_zero(const uint8_t *page, uint64_t size);

/* Bits of the word that are pages at all. */
static inline uint64_t model_memory_word_mask(const struct model_memory *memory, uint64_t word)
{
    uint64_t left = memory->page_count - word * MODEL_WORD_PAGES;
    return left >= MODEL_WORD_PAGES ? UINT64_MAX : model_bit_range(0, left);
}

#endif
