/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_store.c -- leaves of 64 pages, and the store of their tag arrays.
 *
 * A leaf grows from room for 4 tags to 16 to 64 and never shrinks until it is cleared; the arrays
 * it outgrew go to free lists and serve other leaves. So no leaf ever holds more than 512 bytes of
 * tags, which is the bound promised.
 */
#include "model/memory_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE_FIRST ((size_t)4096)
#define BLOCK_SIZE_LAST  ((size_t)1 << 20)

struct model_store_block {
    struct model_store_block *next;
    uint64_t data[];
};

static const uint64_t class_capacity[MODEL_STORE_CLASSES] = {4, 16, MODEL_WORD_PAGES};

static uint64_t *store_take(struct model_store *store, unsigned class)
{
    uint64_t *array = store->free[class];
    if (array != NULL) {
        /* A free array's first 8 bytes point to the next one. */
        memcpy(&store->free[class], array, sizeof(store->free[class]));
        return array;
    }
    size_t size = (size_t)class_capacity[class] * sizeof(uint64_t);
    if (store->block_left < size) {
        size_t block_size = store->block_size == 0 ? BLOCK_SIZE_FIRST : store->block_size * 2;
        if (block_size > BLOCK_SIZE_LAST) {
            block_size = BLOCK_SIZE_LAST;
        }
        struct model_store_block *block = malloc(sizeof(*block) + block_size);
        if (block == NULL) {
            return NULL;
        }
        block->next = store->blocks;
        store->blocks = block;
        store->block_size = block_size;
        store->block_left = block_size;
    }
    size_t used = store->block_size - store->block_left;
    store->block_left -= size;
    return store->blocks->data + used / sizeof(uint64_t);
}

static void store_give(struct model_store *store, unsigned class, uint64_t *array)
{
    memcpy(array, &store->free[class], sizeof(store->free[class]));
    store->free[class] = array;
}

void model_store_deinit(struct model_store *store)
{
    struct model_store_block *block = store->blocks;
    while (block != NULL) {
        struct model_store_block *next = block->next;
        free(block);
        block = next;
    }
    *store = (struct model_store){0};
}

static bool leaf_grow(struct model_store *store, struct model_leaf *leaf)
{
    assert(leaf->capacity < MODEL_WORD_PAGES);
    unsigned class = 0;
    while (class < MODEL_STORE_CLASSES - 1 && class_capacity[class] <= leaf->capacity) {
        class ++;
    }
    uint64_t *array = store_take(store, class);
    if (array == NULL) {
        return false;
    }
    uint64_t *old = leaf->tags;
    if (class_capacity[class] == MODEL_WORD_PAGES) {
        uint64_t rank = 0;
        for (uint64_t left = leaf->written; left != 0; left &= left - 1) {
            array[model_bit_lowest(left)] = old[rank];
            rank++;
        }
    } else if (leaf->written != 0) {
        memcpy(array, old, (size_t)model_bit_count(leaf->written) * sizeof(*array));
    }
    if (old != NULL) {
        store_give(store, class - 1, old);
    }
    leaf->tags = array;
    leaf->capacity = class_capacity[class];
    return true;
}

bool model_leaf_put(
    struct model_store *store, struct model_leaf *leaf, uint64_t index, uint64_t tag)
{
    assert(tag != 0);
    uint64_t bit = model_bit(index);
    uint64_t held = model_bit_count(leaf->written);
    while ((leaf->written & bit) == 0 && held == leaf->capacity) {
        if (!leaf_grow(store, leaf)) {
            return false;
        }
    }
    if (leaf->capacity == MODEL_WORD_PAGES) {
        leaf->tags[index] = tag;
    } else {
        uint64_t rank = model_bit_count(leaf->written & (bit - 1));
        if ((leaf->written & bit) == 0) {
            memmove(
                leaf->tags + rank + 1,
                leaf->tags + rank,
                (size_t)(held - rank) * sizeof(*leaf->tags));
        }
        leaf->tags[rank] = tag;
    }
    leaf->written |= bit;
    leaf->initial &= ~bit;
    return true;
}

void model_leaf_drop(struct model_leaf *leaf, uint64_t mask)
{
    uint64_t kept = leaf->written & ~mask;
    if (kept == leaf->written) {
        return;
    }
    if (leaf->capacity != MODEL_WORD_PAGES) {
        uint64_t from = 0;
        uint64_t to = 0;
        for (uint64_t left = leaf->written; left != 0; left &= left - 1) {
            if ((left & (0 - left) & mask) == 0) {
                leaf->tags[to] = leaf->tags[from];
                to++;
            }
            from++;
        }
    }
    leaf->written = kept;
}
