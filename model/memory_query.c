/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_query.c -- what a memory holds: tags, zero pages, runs, and the comparison of every page
 * of two memories.
 *
 * Comparison is by what a page holds, not by how it is stored. Leaves that are stored alike are
 * compared as such, 64 pages at a time; only where they differ are pages looked at one by one.
 */
#include "model/memory_store.h"

#include <assert.h>
#include <string.h>

uint64_t model_memory_page_count(const struct model_memory *memory)
{
    return memory->page_count;
}

uint64_t model_memory_page_size(const struct model_memory *memory)
{
    return memory->page_size;
}

uint32_t model_memory_guest_id(const struct model_memory *memory)
{
    return memory->guest_id;
}

bool model_memory_has_bytes(const struct model_memory *memory)
{
    return memory->bytes != NULL;
}

uint64_t model_memory_word_count(const struct model_memory *memory)
{
    return (memory->page_count + MODEL_WORD_PAGES - 1) / MODEL_WORD_PAGES;
}

uint8_t *model_memory_bytes(struct model_memory *memory, uint64_t page)
{
    assert(page < memory->page_count);
    return memory->bytes == NULL ? NULL : memory->bytes + page * memory->page_size;
}

const uint8_t *model_memory_const_bytes(const struct model_memory *memory, uint64_t page)
{
    assert(page < memory->page_count);
    return memory->bytes == NULL ? NULL : memory->bytes + page * memory->page_size;
}

bool model_page_is_zero(const uint8_t *page, uint64_t size)
{
    uint64_t head;
    memcpy(&head, page, sizeof(head));
    /* Equal to itself moved by 8 bytes, and the first 8 are zero: then all are. */
    return head == 0 && memcmp(page, page + sizeof(head), (size_t)(size - sizeof(head))) == 0;
}

uint64_t model_memory_tag(const struct model_memory *memory, uint64_t page)
{
    assert(page < memory->page_count);
    if (memory->bytes != NULL) {
        uint64_t tag;
        memcpy(&tag, model_memory_const_bytes(memory, page), sizeof(tag));
        return tag;
    }
    const struct model_leaf *leaf = &memory->leaves[page / MODEL_WORD_PAGES];
    uint64_t bit = model_bit(page);
    if ((leaf->written & bit) != 0) {
        return model_leaf_tag(leaf, page % MODEL_WORD_PAGES);
    }
    return (leaf->initial & bit) != 0 ? model_tag_initial(memory->guest_id, page) : 0;
}

void model_memory_read_tags(
    const struct model_memory *memory, uint64_t first, uint64_t count, uint64_t *tags_out)
{
    for (uint64_t i = 0; i < count; i++) {
        tags_out[i] = model_memory_tag(memory, first + i);
    }
}

uint64_t model_memory_zero_word(const struct model_memory *memory, uint64_t word)
{
    assert(word < model_memory_word_count(memory));
    uint64_t pages = model_memory_word_mask(memory, word);
    if (memory->bytes == NULL) {
        const struct model_leaf *leaf = &memory->leaves[word];
        return pages & ~(leaf->initial | leaf->written);
    }
    uint64_t zero = 0;
    for (uint64_t left = pages; left != 0; left &= left - 1) {
        uint64_t page = word * MODEL_WORD_PAGES + model_bit_lowest(left);
        if (model_page_is_zero(model_memory_const_bytes(memory, page), memory->page_size)) {
            zero |= model_bit(page);
        }
    }
    return zero;
}

/* Bits of `word` that lie in [from, end) and in the bitmap. */
static uint64_t selected(const uint64_t *bitmap, uint64_t word, uint64_t from, uint64_t end)
{
    uint64_t base = word * MODEL_WORD_PAGES;
    uint64_t low = from > base ? from - base : 0;
    uint64_t high = end - base < MODEL_WORD_PAGES ? end - base : MODEL_WORD_PAGES;
    uint64_t bits = model_bit_range(low, high - low);
    return bitmap == NULL ? bits : bits & bitmap[word];
}

uint64_t model_memory_count_zero(
    const struct model_memory *memory, const uint64_t *bitmap, uint64_t first, uint64_t count)
{
    assert(first <= memory->page_count && count <= memory->page_count - first);
    uint64_t zero = 0;
    uint64_t end = first + count;
    for (uint64_t word = first / MODEL_WORD_PAGES; word * MODEL_WORD_PAGES < end; word++) {
        uint64_t bits = selected(bitmap, word, first, end);
        if (bits != 0) {
            zero += model_bit_count(bits & model_memory_zero_word(memory, word));
        }
    }
    return zero;
}

bool model_memory_next_run(
    const struct model_memory *memory,
    const uint64_t *bitmap,
    uint64_t from,
    uint64_t end,
    struct model_run *run_out)
{
    assert(end <= memory->page_count);
    bool found = false;
    struct model_run run = {0};
    for (uint64_t word = from / MODEL_WORD_PAGES; word * MODEL_WORD_PAGES < end; word++) {
        uint64_t bits = selected(bitmap, word, from, end);
        uint64_t start = 0;
        if (!found && bits == 0) {
            continue;
        }
        uint64_t zero = bits == 0 ? 0 : model_memory_zero_word(memory, word);
        if (!found) {
            start = model_bit_lowest(bits);
            found = true;
            run.first = word * MODEL_WORD_PAGES + start;
            run.zero = (zero & model_bit(start)) != 0;
        }
        uint64_t alike = bits & (run.zero ? zero : ~zero);
        uint64_t gap = ~(alike >> start); /* its lowest bit is where the run ends in this word */
        uint64_t here = gap == 0 ? MODEL_WORD_PAGES : model_bit_lowest(gap);
        run.count += here;
        if (start + here < MODEL_WORD_PAGES) {
            break;
        }
    }
    if (found) {
        *run_out = run;
    }
    return found;
}

/* Same contents for certain? Only then are the pages not looked at one by one. */
static bool leaves_alike(const struct model_leaf *left, const struct model_leaf *right)
{
    if (left->initial != right->initial || left->written != right->written) {
        return false;
    }
    if (left->written == 0) {
        return true;
    }
    if (left->capacity != MODEL_WORD_PAGES && right->capacity != MODEL_WORD_PAGES) {
        size_t size = (size_t)model_bit_count(left->written) * sizeof(*left->tags);
        return memcmp(left->tags, right->tags, size) == 0;
    }
    for (uint64_t bits = left->written; bits != 0; bits &= bits - 1) {
        uint64_t index = model_bit_lowest(bits);
        if (model_leaf_tag(left, index) != model_leaf_tag(right, index)) {
            return false;
        }
    }
    return true;
}

static bool
pages_equal(const struct model_memory *left, const struct model_memory *right, uint64_t page)
{
    if (left->bytes != NULL) {
        const uint8_t *left_bytes = model_memory_const_bytes(left, page);
        const uint8_t *right_bytes = model_memory_const_bytes(right, page);
        return memcmp(left_bytes, right_bytes, (size_t)left->page_size) == 0;
    }
    return model_memory_tag(left, page) == model_memory_tag(right, page);
}

bool model_memory_compare(
    const struct model_memory *left,
    const struct model_memory *right,
    struct model_difference *difference_out)
{
    assert(left->page_count == right->page_count);
    assert(left->page_size == right->page_size);
    assert((left->bytes == NULL) == (right->bytes == NULL));
    struct model_difference difference = {0};
    bool by_leaf = left->bytes == NULL && left->guest_id == right->guest_id;
    uint64_t words = model_memory_word_count(left);
    for (uint64_t word = 0; word < words; word++) {
        if (by_leaf && leaves_alike(&left->leaves[word], &right->leaves[word])) {
            continue;
        }
        uint64_t pages = model_memory_word_mask(left, word);
        for (; pages != 0; pages &= pages - 1) {
            uint64_t page = word * MODEL_WORD_PAGES + model_bit_lowest(pages);
            if (pages_equal(left, right, page)) {
                continue;
            }
            if (difference.count == 0) {
                difference.first_page = page;
                difference.left_tag = model_memory_tag(left, page);
                difference.right_tag = model_memory_tag(right, page);
            }
            difference.count++;
        }
    }
    *difference_out = difference;
    return difference.count == 0;
}

uint64_t model_memory_digest(const struct model_memory *memory)
{
    uint64_t digest = model_mix(memory->page_count);
    uint64_t words = memory->bytes != NULL ? memory->page_size / sizeof(uint64_t) : 1;
    for (uint64_t page = 0; page < memory->page_count; page++) {
        for (uint64_t i = 0; i < words; i++) {
            uint64_t value;
            if (memory->bytes != NULL) {
                memcpy(&value, memory->bytes + page * memory->page_size + i * 8, sizeof(value));
            } else {
                value = model_memory_tag(memory, page);
            }
            if (value != 0) { /* a sum of terms that know their place: zero pages need no term */
                digest += model_mix(value ^ model_mix((page * words + i) ^ UINT64_C(0x5bd1e995)));
            }
        }
    }
    return digest;
}
