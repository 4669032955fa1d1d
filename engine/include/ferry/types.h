/* SPDX-License-Identifier: Apache-2.0 */
/* types.h -- the few types that every door of the engine shares. */
#ifndef FERRY_TYPES_H
#define FERRY_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FERRY_NODISCARD __attribute__((warn_unused_result))

/* Nanoseconds since an origin that the caller chooses; it must never go backwards. */
typedef int64_t ferry_time_ns;

/* "No deadline". Larger than any real time. */
#define FERRY_TIME_NEVER INT64_MAX

#define FERRY_MICROSECOND ((ferry_time_ns)1000)
#define FERRY_MILLISECOND ((ferry_time_ns)1000000)
#define FERRY_SECOND      ((ferry_time_ns)1000000000)

/* No cap. Rates are bytes a second; 0 is a legal rate (nothing moves). */
#define FERRY_RATE_UNLIMITED UINT64_MAX

/* A session's name: 128 random bits, handed in by whoever starts the migration. All zero is no
 * session. */
struct ferry_session_id {
    uint64_t high;
    uint64_t low;
};

/* Borrowed bytes: valid until the call that was given them, or that gave them, returns, unless it
 * says otherwise. */
struct ferry_bytes {
    const uint8_t *data;
    size_t size;
};

/* Where the engine gets memory: once, when an object is created. No slot may be NULL. */
struct ferry_allocator {
    void *(*allocate)(void *context, size_t size); /* zeroed memory, or NULL when there is none */
    void (*release)(void *context, void *memory, size_t size); /* size as it was asked for */
    void *context;
};

/* A contiguous range of guest memory. Pages have an index in one flat space: region i's first page
 * has the index which is the sum of the pages of the regions before it. */
struct ferry_region {
    uint64_t guest_address; /* where the guest sees it, bytes, a multiple of the page size */
    uint64_t pages;         /* at least 1 */
};

#endif
