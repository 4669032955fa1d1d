/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support.h -- what the tests of the model share: cmocka with what it needs, and memories and
 * guests in one line.
 */
#ifndef TESTS_MODEL_SUPPORT_H
#define TESTS_MODEL_SUPPORT_H

#include "model/guest.h"
#include "model/memory.h"

/* cmocka.h wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
/* clang-format on */

#define PAGE_4K UINT64_C(4096)
#define US      INT64_C(1000)
#define MS      INT64_C(1000000)
#define SECOND  INT64_C(1000000000)
#define MIB     (UINT64_C(1) << 20)

static inline struct model_memory *memory_of(uint64_t pages, uint64_t nonzero)
{
    struct model_memory *memory = model_memory_create(
        &(struct model_memory_config){.page_count = pages, .page_size = PAGE_4K, .guest_id = 7});
    assert_non_null(memory);
    assert_true(model_memory_fill_initial(memory, 0, nonzero));
    return memory;
}

static inline struct model_memory *byte_memory_of(uint64_t pages)
{
    struct model_memory *memory = model_memory_create(&(struct model_memory_config){
        .page_count = pages, .page_size = PAGE_4K, .guest_id = 7, .bytes = true});
    assert_non_null(memory);
    return memory;
}

static inline struct model_guest *guest_of(
    struct model_memory *memory,
    const struct model_workload_spec *workload,
    uint64_t seed,
    int64_t fault_ns)
{
    struct model_guest *guest = model_guest_create(&(struct model_guest_config){
        .name = "db1",
        .seed = seed,
        .workload = workload,
        .memory = memory,
        .fault_ns = fault_ns,
    });
    assert_non_null(guest);
    return guest;
}

/* An empty bitmap for the memory; free() it. */
static inline uint64_t *bitmap_of(const struct model_memory *memory)
{
    uint64_t *bitmap = calloc((size_t)model_memory_word_count(memory), sizeof(*bitmap));
    assert_non_null(bitmap);
    return bitmap;
}

static inline bool bitmap_has(const uint64_t *bitmap, uint64_t page)
{
    return (bitmap[page / 64] >> (page % 64) & 1) != 0;
}

static inline uint64_t bitmap_count(const uint64_t *bitmap, uint64_t pages)
{
    uint64_t count = 0;
    for (uint64_t page = 0; page < pages; page++) {
        count += bitmap_has(bitmap, page) ? 1 : 0;
    }
    return count;
}

static inline void
assert_equal_memories(const struct model_memory *left, const struct model_memory *right)
{
    struct model_difference difference;
    if (!model_memory_compare(left, right, &difference)) {
        fail_msg(
            "%llu pages differ, the first is %llu",
            (unsigned long long)difference.count,
            (unsigned long long)difference.first_page);
    }
}

#endif
