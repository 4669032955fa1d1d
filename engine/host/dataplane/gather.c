/* SPDX-License-Identifier: Apache-2.0 */
/* gather.c -- see gather.h. */
#include "engine/host/dataplane/gather.h"

#include "ferry/limits.h"

#include <string.h>

/* The largest piece of head that an encoder yields: BEGIN, a frame's head, END, and their headers. */
#define HEAD_MAX (FERRY_STREAM_HEAD_MAX + 512U)

void gather_clear(struct gather *gather)
{
    gather->count = 0;
    gather->taken = 0;
    gather->rest = (struct iovec){.iov_base = NULL, .iov_len = 0};
    gather->bytes = 0;
    gather->heads_used = 0;
    gather->open_head = false;
}

bool gather_is_full(const struct gather *gather)
{
    return gather->bytes >= GATHER_BYTES || gather->count == GATHER_PARTS ||
           gather->heads_used + HEAD_MAX > GATHER_HEADS;
}

static void add(struct gather *gather, const void *data, size_t size)
{
    struct iovec *part = &gather->parts[gather->count];
    memcpy(&part->iov_base, &data, sizeof(data)); /* iovec has no const; nobody writes here */
    part->iov_len = size;
    gather->count++;
}

void gather_head(struct gather *gather, struct ferry_bytes head)
{
    uint8_t *at = gather->heads + gather->heads_used;
    memcpy(at, head.data, head.size);
    gather->heads_used += head.size;
    gather->bytes += head.size;
    if (gather->open_head) {
        gather->parts[gather->count - 1].iov_len += head.size;
    } else {
        add(gather, at, head.size);
        gather->open_head = true;
    }
}

void gather_body(struct gather *gather, const uint8_t *data, size_t size)
{
    add(gather, data, size);
    gather->bytes += size;
    gather->open_head = false;
}

size_t
gather_take(struct gather *gather, uint64_t most, struct iovec **vector_out, size_t *count_out)
{
    size_t bytes = 0;
    if (gather->rest.iov_len > 0) {
        gather->parts[gather->taken] = gather->rest;
        gather->rest.iov_len = 0;
    }
    *vector_out = &gather->parts[gather->taken];
    *count_out = 0;
    while (gather->taken < gather->count && bytes < most) {
        struct iovec *part = &gather->parts[gather->taken];
        (*count_out)++;
        if (part->iov_len > most - bytes) {
            const size_t cut = (size_t)(most - bytes);
            gather->rest.iov_base = (uint8_t *)part->iov_base + cut;
            gather->rest.iov_len = part->iov_len - cut;
            part->iov_len = cut;
            return bytes + cut;
        }
        bytes += part->iov_len;
        gather->taken++;
    }
    return bytes;
}
