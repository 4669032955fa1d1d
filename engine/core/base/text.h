/* SPDX-License-Identifier: Apache-2.0 */
/* base/text.h -- makes the sentences of outcomes ("the best predicted blackout is 412 ms at 9.8
 * Gbit/s") without libc.
 *
 * The text is zero-terminated after every call. What does not fit is cut off at the end, and `cut`
 * says so. All numbers are integers: quantities are rounded to three significant digits, halves up,
 * so that a sentence is the same everywhere. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "ferry/types.h"

struct base_text {
    char *data;
    size_t capacity; /* at least 1: the terminating zero */
    size_t used;     /* without the terminating zero */
    bool cut;
};

void base_text_init(struct base_text *text, char *data, size_t capacity);
void base_text_add(struct base_text *text, const char *string);
/* Bytes from elsewhere: what is not printable ASCII becomes '?'. */
void base_text_add_bytes(struct base_text *text, struct ferry_bytes bytes);
void base_text_add_u64(struct base_text *text, uint64_t value);
void base_text_add_i64(struct base_text *text, int64_t value);
void base_text_add_duration(
    struct base_text *text, ferry_time_ns duration);             /* "12.3 ms"; NEVER: "for ever" */
void base_text_add_size(struct base_text *text, uint64_t bytes); /* "1.50 GiB" */
/* Bytes a second, shown as networks are sold: "9.80 Gbit/s"; FERRY_RATE_UNLIMITED: "unlimited". */
void base_text_add_rate(struct base_text *text, uint64_t bytes_per_second);

#endif
