/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h -- the RAM of one guest on one host.
 *
 * Each page holds an 8-byte generation tag instead of its bytes; tag 0 is a zero page. A tag names
 * one write of one page of one guest for ever, so that a page that was lost, is old, or was put in
 * the wrong place cannot look right. With `bytes` set, real pages are kept as well, tags are only
 * the first 8 bytes of a page, and everything is decided by content.
 *
 * Invariants. A page is zero, or it carries the initial tag of its own number, or an explicit tag:
 * exactly one of the three. Which of them never shows in an answer: equal tags compare equal
 * however they are stored. Storage is bounded by 11 bytes a page; explicit tags take room only
 * where there are any, so an untouched guest needs half a byte a page.
 *
 * Bitmaps are arrays of uint64_t: bit i of word w is page 64w + i.
 */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 16 TiB of 4 KiB pages. A tag has room for more, the arrays of other modules need not. */
#define MODEL_MEMORY_PAGES_MAX (UINT64_C(1) << 32)

/* Guests that tags can tell apart, and writes of one guest. */
#define MODEL_GUEST_ID_MAX     ((UINT32_C(1) << 23) - 1)
#define MODEL_WRITE_NUMBER_MAX ((UINT64_C(1) << 40) - 1)

/* Most memory that `bytes` may ask for: it is meant for small guests. */
#define MODEL_MEMORY_BYTES_MAX (UINT64_C(4) << 30)

struct model_memory;

struct model_memory_config {
    uint64_t page_count; /* 1 to MODEL_MEMORY_PAGES_MAX */
    uint64_t page_size;  /* a power of two, 4 KiB to 1 GiB */
    uint32_t guest_id;   /* the same at the source and at the target */
    bool bytes;          /* keep real pages */
};

/* A maximal run of pages that are all zero, or all not. */
struct model_run {
    uint64_t first;
    uint64_t count;
    bool zero;
};

struct model_difference {
    uint64_t count; /* pages that differ; 0: the memories are equal */
    uint64_t first_page;
    uint64_t left_tag; /* of first_page; in bytes mode its first 8 bytes */
    uint64_t right_tag;
};

/* ---- tags ---- */

/* What page holds at the start if it is not zero. */
uint64_t model_tag_initial(uint32_t guest_id, uint64_t page);

/* What write number n (from 1) of this guest leaves in its page. */
uint64_t model_tag_written(uint32_t guest_id, uint64_t number);

/* Puts a tag in words for a report ("zero", "initial page 17", "write 1234 of guest 3"), cut to
 * size. */
void model_tag_describe(uint64_t tag, char *text, size_t size);

/* ---- lifetime ---- */

/* All pages zero. NULL when the config is out of range or memory is short. */
struct model_memory *model_memory_create(const struct model_memory_config *config);
void model_memory_destroy(struct model_memory *memory); /* NULL is fine */

/* ---- changes: those that may need storage give false when there is none left, and the pages are
 * undefined then ---- */

/* Pages [first, first + count) hold their initial data. */
bool model_memory_fill_initial(struct model_memory *memory, uint64_t first, uint64_t count);

/* All pages become zero, as in a new memory. */
void model_memory_clear(struct model_memory *memory);

/* The guest writes to a page. In bytes mode this changes the head of the page and one line inside
 * it, not all of it. */
bool model_memory_write(struct model_memory *memory, uint64_t page, uint64_t tag);

/* Hints that these two pages will be written to, the second one very soon: they change nothing. */
void model_memory_expect_writes(const struct model_memory *memory, uint64_t page, uint64_t sooner);

/* Puts contents into place, as a receiver does. The tag calls are for tag mode, the byte call is
 * for bytes mode. */
bool model_memory_place_tags(
    struct model_memory *memory, uint64_t first, uint64_t count, const uint64_t *tags);
bool model_memory_place_bytes(
    struct model_memory *memory, uint64_t first, uint64_t count, const uint8_t *bytes);
void model_memory_place_zero(struct model_memory *memory, uint64_t first, uint64_t count);

/* ---- questions ---- */

uint64_t model_memory_page_count(const struct model_memory *memory);
uint64_t model_memory_page_size(const struct model_memory *memory);
uint32_t model_memory_guest_id(const struct model_memory *memory);
bool model_memory_has_bytes(const struct model_memory *memory);

/* Words that a bitmap over this memory has. */
uint64_t model_memory_word_count(const struct model_memory *memory);

uint64_t model_memory_tag(const struct model_memory *memory, uint64_t page);
void model_memory_read_tags(
    const struct model_memory *memory, uint64_t first, uint64_t count, uint64_t *tags_out);

/* The page itself, page_size bytes; NULL in tag mode. May be written to: zero or not is found out
 * by content. */
uint8_t *model_memory_bytes(struct model_memory *memory, uint64_t page);
const uint8_t *model_memory_const_bytes(const struct model_memory *memory, uint64_t page);

/* Which of the 64 pages of a bitmap word are zero. Bits past the last page are clear. */
uint64_t model_memory_zero_word(const struct model_memory *memory, uint64_t word);

/* Zero pages among [first, first + count) that are in the bitmap (NULL: all are). */
uint64_t model_memory_count_zero(
    const struct model_memory *memory, const uint64_t *bitmap, uint64_t first, uint64_t count);

/* The first maximal run of equal kind at or after `from` and before `end`, of pages in the bitmap
 * (NULL: all are). false: there is none. */
bool model_memory_next_run(
    const struct model_memory *memory,
    const uint64_t *bitmap,
    uint64_t from,
    uint64_t end,
    struct model_run *run_out);

/* Compares every page. Both memories must have the same number and size of pages and the same mode.
 * true: equal. */
bool model_memory_compare(
    const struct model_memory *left,
    const struct model_memory *right,
    struct model_difference *difference_out);

/* A digest of all contents which does not depend on how they came about. For tests. */
uint64_t model_memory_digest(const struct model_memory *memory);

#endif
