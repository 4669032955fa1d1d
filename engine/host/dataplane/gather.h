/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h -- collects the pieces of a stream (heads by copy, guest memory by address) into one
 * vector, so that a system call carries some MiB of them.
 *
 * Bounded: GATHER_BYTES of payload before it is full, GATHER_HEADS bytes of heads, GATHER_PARTS
 * parts. The owner sends and clears it when gather_is_full(), and always at a batch's end. */
#ifndef FERRY_HOST_DATAPLANE_GATHER_H
#define FERRY_HOST_DATAPLANE_GATHER_H

#include "ferry/types.h"

#include <sys/uio.h>

/* As many parts as the kernel takes at once (IOV_MAX). */
#define GATHER_PARTS 1024U
/* Payload of one system call: large enough that the call does not count, small enough that the first
 * byte goes out early. */
#define GATHER_BYTES ((size_t)2 << 20)
/* Heads of frames: the largest, a few times. */
#define GATHER_HEADS 65536U

struct gather {
    size_t count;
    size_t taken;      /* parts that were taken already */
    struct iovec rest; /* of the part that was cut by the last portion; it stands at `taken` */
    size_t bytes;
    size_t heads_used;
    bool open_head; /* the last part is a head that the next one may be joined to */
    struct iovec parts[GATHER_PARTS];
    uint8_t heads[GATHER_HEADS];
};

void gather_clear(struct gather *gather);
/* No room for one more head of the largest size, or for one more body? */
bool gather_is_full(const struct gather *gather);
/* Only when it is not full. */
void gather_head(struct gather *gather, struct ferry_bytes head);
void gather_body(struct gather *gather, const uint8_t *data, size_t size);

/* The next portion to send: parts with at most `most` (1 ..) bytes, in order; the caller may overwrite
 * them. Returns their bytes; 0: everything was taken (clear it then). */
size_t
gather_take(struct gather *gather, uint64_t most, struct iovec **vector_out, size_t *count_out);

#endif
