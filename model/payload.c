/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload.c -- a queue of page contents.
 *
 * Tag mode: an entry is a run of pages inside one leaf of 64, with the leaf's two bit sets;
 * explicit tags follow in a queue of their own. When an entry is placed where it came from (every
 * time, unless something is wrong) it is 2 words of bits; elsewhere it is placed page by page with
 * its true tags. Bytes mode: the queue holds the pages themselves.
 *
 * Invariant: an entry's pages [next, end) are still queued, and the tag queue holds exactly the
 * explicit tags of all queued pages, in order.
 */
#include "model/payload.h"

#include "model/memory_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t word;
    uint64_t initial;
    uint64_t written;
    uint32_t next; /* pages of the word, 0 to 63 */
    uint32_t end;  /* 1 to 64 */
};

/* A growing array whose first `head` elements have been taken. */
struct queue {
    void *data;
    size_t head;
    size_t used;
    size_t capacity; /* elements */
};

struct model_payload {
    struct queue entries; /* struct entry */
    struct queue tags;    /* uint64_t */
    struct queue bytes;   /* uint8_t */
    uint64_t pages;
    uint64_t page_size; /* of the contents; valid while pages > 0 */
    uint32_t guest_id;
    bool has_bytes;
    /* Where the last digest began to count: a sender digests piece by piece, and walking from the
     * head each time would cost the square of a batch. Valid while nothing is taken from the head. */
    struct {
        uint64_t pages; /* before that entry */
        size_t entry;   /* from entries.head */
        size_t tags;    /* from tags.head */
    } memo;
};

static bool queue_reserve(struct queue *queue, size_t more, size_t element_size)
{
    if (queue->head > 0 && queue->head == queue->used) {
        queue->head = 0;
        queue->used = 0;
    }
    if (more <= queue->capacity - queue->used) {
        return true;
    }
    if (more > SIZE_MAX / 4 / element_size - queue->used) {
        return false;
    }
    size_t capacity = queue->capacity == 0 ? 64 : queue->capacity;
    while (capacity - queue->used < more) {
        capacity *= 2;
    }
    void *data = realloc(queue->data, capacity * element_size);
    if (data == NULL) {
        return false;
    }
    queue->data = data;
    queue->capacity = capacity;
    return true;
}

struct model_payload *model_payload_create(void)
{
    return calloc(1, sizeof(struct model_payload));
}

void model_payload_destroy(struct model_payload *payload)
{
    if (payload == NULL) {
        return;
    }
    free(payload->entries.data);
    free(payload->tags.data);
    free(payload->bytes.data);
    free(payload);
}

void model_payload_clear(struct model_payload *payload)
{
    payload->entries.head = payload->entries.used = 0;
    payload->tags.head = payload->tags.used = 0;
    payload->bytes.head = payload->bytes.used = 0;
    payload->pages = 0;
    memset(&payload->memo, 0, sizeof(payload->memo));
}

uint64_t model_payload_pages(const struct model_payload *payload)
{
    return payload->pages;
}

static bool append_bytes(
    struct model_payload *payload,
    const struct model_memory *memory,
    uint64_t first,
    uint64_t count)
{
    size_t size = (size_t)(count * memory->page_size);
    if (!queue_reserve(&payload->bytes, size, 1)) {
        return false;
    }
    memcpy(
        (uint8_t *)payload->bytes.data + payload->bytes.used,
        model_memory_const_bytes(memory, first),
        size);
    payload->bytes.used += size;
    payload->pages += count;
    return true;
}

static bool append_leaf(
    struct model_payload *payload,
    const struct model_memory *memory,
    uint64_t first,
    uint64_t count)
{
    const struct model_leaf *leaf = &memory->leaves[first / MODEL_WORD_PAGES];
    uint64_t start = first % MODEL_WORD_PAGES;
    uint64_t mask = model_bit_range(start, count);
    uint64_t written = leaf->written & mask;
    if (!queue_reserve(&payload->entries, 1, sizeof(struct entry)) ||
        !queue_reserve(&payload->tags, (size_t)model_bit_count(written), sizeof(uint64_t))) {
        return false;
    }
    struct entry *entry = (struct entry *)payload->entries.data + payload->entries.used;
    *entry = (struct entry){
        .word = first / MODEL_WORD_PAGES,
        .initial = leaf->initial & mask,
        .written = written,
        .next = (uint32_t)start,
        .end = (uint32_t)(start + count),
    };
    payload->entries.used++;
    uint64_t *tags = payload->tags.data;
    for (uint64_t left = written; left != 0; left &= left - 1) {
        tags[payload->tags.used] = model_leaf_tag(leaf, model_bit_lowest(left));
        payload->tags.used++;
    }
    payload->pages += count;
    return true;
}

bool model_payload_append(
    struct model_payload *payload,
    const struct model_memory *memory,
    uint64_t first,
    uint64_t count)
{
    assert(first <= memory->page_count && count <= memory->page_count - first);
    if (payload->pages == 0) {
        payload->page_size = memory->page_size;
        payload->guest_id = memory->guest_id;
        payload->has_bytes = memory->bytes != NULL;
    }
    assert(payload->page_size == memory->page_size);
    assert(payload->guest_id == memory->guest_id);
    assert(payload->has_bytes == (memory->bytes != NULL));
    if (count == 0) {
        return true;
    }
    if (payload->has_bytes) {
        return append_bytes(payload, memory, first, count);
    }
    while (count > 0) {
        uint64_t here = MODEL_WORD_PAGES - first % MODEL_WORD_PAGES;
        here = here < count ? here : count;
        if (!append_leaf(payload, memory, first, here)) {
            return false;
        }
        first += here;
        count -= here;
    }
    return true;
}

/* The true tag of the entry's page at bit `index`; *tags is the next explicit tag, and moves on if
 * it is used. */
static uint64_t
entry_tag(const struct entry *entry, uint32_t guest_id, uint64_t index, const uint64_t **tags)
{
    if ((entry->written & model_bit(index)) != 0) {
        uint64_t tag = **tags;
        (*tags)++;
        return tag;
    }
    if ((entry->initial & model_bit(index)) != 0) {
        return model_tag_initial(guest_id, entry->word * MODEL_WORD_PAGES + index);
    }
    return 0;
}

/* Places bits [next, next + count) of the entry in the leaf they came from. */
static bool place_at_home(
    struct model_memory *memory, const struct entry *entry, uint64_t count, const uint64_t *tags)
{
    struct model_leaf *leaf = &memory->leaves[entry->word];
    uint64_t mask = model_bit_range(entry->next, count);
    uint64_t written = entry->written & mask;
    model_leaf_drop(leaf, mask & ~written);
    leaf->initial = (leaf->initial & ~mask) | (entry->initial & mask);
    for (; written != 0; written &= written - 1) {
        if (!model_leaf_put(&memory->store, leaf, model_bit_lowest(written), *tags)) {
            return false;
        }
        tags++;
    }
    return true;
}

static bool place_elsewhere(
    const struct model_payload *payload,
    struct model_memory *memory,
    uint64_t first,
    uint64_t count)
{
    const struct entry *entry = (const struct entry *)payload->entries.data + payload->entries.head;
    const uint64_t *tags = (const uint64_t *)payload->tags.data + payload->tags.head;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t tag = entry_tag(entry, payload->guest_id, entry->next + i, &tags);
        if (!model_memory_place_tags(memory, first + i, 1, &tag)) {
            return false;
        }
    }
    return true;
}

/* Takes `count` pages off the head entry, which has as many. */
static void take_from_head(struct model_payload *payload, uint64_t count)
{
    struct entry *entry = (struct entry *)payload->entries.data + payload->entries.head;
    uint64_t taken = model_bit_range(entry->next, count);
    memset(&payload->memo, 0, sizeof(payload->memo));
    payload->tags.head += (size_t)model_bit_count(entry->written & taken);
    entry->next += (uint32_t)count;
    if (entry->next == entry->end) {
        payload->entries.head++;
    }
    payload->pages -= count;
}

static uint64_t head_pages(const struct model_payload *payload, uint64_t count)
{
    const struct entry *entry = (const struct entry *)payload->entries.data + payload->entries.head;
    uint64_t here = entry->end - entry->next;
    return here < count ? here : count;
}

bool model_payload_place(
    struct model_payload *payload, struct model_memory *memory, uint64_t first, uint64_t count)
{
    assert(first <= memory->page_count && count <= memory->page_count - first);
    if (count > payload->pages) {
        return false;
    }
    if (count == 0) {
        return true;
    }
    assert(payload->page_size == memory->page_size);
    assert(payload->has_bytes == (memory->bytes != NULL));
    if (payload->has_bytes) {
        const uint8_t *bytes = (const uint8_t *)payload->bytes.data + payload->bytes.head;
        bool placed = model_memory_place_bytes(memory, first, count, bytes);
        model_payload_drop(payload, count);
        return placed;
    }
    while (count > 0) {
        const struct entry *entry =
            (const struct entry *)payload->entries.data + payload->entries.head;
        uint64_t here = head_pages(payload, count);
        bool at_home = first == entry->word * MODEL_WORD_PAGES + entry->next &&
                       payload->guest_id == memory->guest_id;
        const uint64_t *tags = (const uint64_t *)payload->tags.data + payload->tags.head;
        bool placed = at_home ? place_at_home(memory, entry, here, tags)
                              : place_elsewhere(payload, memory, first, here);
        if (!placed) {
            return false;
        }
        take_from_head(payload, here);
        first += here;
        count -= here;
    }
    return true;
}

void model_payload_drop(struct model_payload *payload, uint64_t count)
{
    if (count >= payload->pages) {
        model_payload_clear(payload);
        return;
    }
    if (payload->has_bytes) {
        payload->bytes.head += (size_t)(count * payload->page_size);
        payload->pages -= count;
        return;
    }
    while (count > 0) {
        uint64_t here = head_pages(payload, count);
        take_from_head(payload, here);
        count -= here;
    }
}

/* Explicit tags among bits [from, from + count) of an entry. */
static size_t entry_tags(const struct entry *entry, uint64_t from, uint64_t count)
{
    return entry->written == 0
               ? 0
               : (size_t)model_bit_count(entry->written & model_bit_range(from, count));
}

/* Sum of the tags of bits [from, from + count) of an entry. */
static uint64_t entry_sum(
    const struct entry *entry,
    uint32_t guest_id,
    uint64_t from,
    uint64_t count,
    const uint64_t *tags)
{
    uint64_t mask = model_bit_range(from, count);
    if ((entry->initial & mask) ==
        mask) { /* an untouched run: initial tags are consecutive numbers */
        uint64_t lowest = model_tag_initial(guest_id, entry->word * MODEL_WORD_PAGES + from);
        return lowest * count + count * (count - 1) / 2;
    }
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += entry_tag(entry, guest_id, from + i, &tags);
    }
    return sum;
}

static uint64_t sum_of_tags(struct model_payload *payload, uint64_t skip, uint64_t count)
{
    if (skip < payload->memo.pages) {
        memset(&payload->memo, 0, sizeof(payload->memo));
    }
    const struct entry *first = (const struct entry *)payload->entries.data + payload->entries.head;
    const uint64_t *all_tags = (const uint64_t *)payload->tags.data + payload->tags.head;
    const struct entry *entry = first + payload->memo.entry;
    size_t tags = payload->memo.tags;
    uint64_t sum = 0;
    for (skip -= payload->memo.pages; count > 0; entry++) {
        uint64_t here = entry->end - entry->next;
        uint64_t skipped = skip < here ? skip : here;
        uint64_t from = entry->next + skipped;
        uint64_t taken = here - skipped < count ? here - skipped : count;
        if (skipped == here) {
            payload->memo.pages += here;
            payload->memo.entry++;
            payload->memo.tags += entry_tags(entry, entry->next, here);
        }
        tags += entry_tags(entry, entry->next, skipped);
        if (taken > 0) {
            sum += entry_sum(entry, payload->guest_id, from, taken, all_tags + tags);
        }
        tags += entry_tags(entry, from, taken);
        skip -= skipped;
        count -= taken;
    }
    return sum;
}

uint32_t model_payload_digest(struct model_payload *payload, uint64_t skip, uint64_t count)
{
    assert(skip <= payload->pages && count <= payload->pages - skip);
    uint64_t sum = 0;
    if (count > 0 && payload->has_bytes) {
        const uint8_t *bytes =
            (const uint8_t *)payload->bytes.data + payload->bytes.head + skip * payload->page_size;
        for (uint64_t i = 0; i < count * payload->page_size; i += sizeof(uint64_t)) {
            uint64_t word;
            memcpy(&word, bytes + i, sizeof(word));
            sum += model_mix(word ^ model_mix(i % payload->page_size + 1));
        }
    } else if (count > 0) {
        sum = sum_of_tags(payload, skip, count);
    }
    uint64_t mixed = model_mix(sum ^ model_mix(count));
    return (uint32_t)(mixed ^ (mixed >> 32));
}

/* ---- corruption ---- */

/* In tag mode a page that holds its initial data loses it, a written one gets another write's tag. */
static void corrupt_tag(struct model_payload *payload, uint64_t index)
{
    struct entry *entry = (struct entry *)payload->entries.data + payload->entries.head;
    uint64_t *tag = (uint64_t *)payload->tags.data + payload->tags.head;

    while (index >= entry->end - entry->next) {
        index -= entry->end - entry->next;
        tag += model_bit_count(
            entry->written & model_bit_range(entry->next, entry->end - entry->next));
        entry++;
    }
    const uint64_t at = entry->next + index;
    if ((entry->written & model_bit(at)) != 0) {
        tag += model_bit_count(entry->written & model_bit_range(entry->next, index));
        *tag ^= 1;
    } else {
        entry->initial ^= model_bit(at);
    }
}

void model_payload_corrupt(struct model_payload *payload, uint64_t index)
{
    assert(index < payload->pages);
    if (payload->has_bytes) {
        uint8_t *bytes = (uint8_t *)payload->bytes.data + payload->bytes.head;
        bytes[index * payload->page_size + payload->page_size / 2] ^= 0x10;
    } else {
        corrupt_tag(payload, index);
    }
}
