/* SPDX-License-Identifier: Apache-2.0 */
/* stream/frames.h -- the frames of a payload stream, and what encoder and decoder must agree on
 * about them.
 *
 * Every head is a row of varints (base/cursor.h), so that a small number costs one byte:
 *
 *   BEGIN, section MEMORY   number, round, attempt, region, first page in the region, pages of the
 *                           window
 *   BEGIN, section DEVICES  number, round, attempt, size of the device state, u32 digest of it,
 *                           first byte and bytes of the part in this batch
 *   PAGES                   extents up to the head's end: gap, 2 x count + (1 data, 0 zero)
 *                           body: the data pages, in order
 *   STATE                   offset
 *                           body: device state from there on
 *   END                     data pages, zero pages, body bytes, u32 running digest of the bodies
 *   BARRIER                 round, attempt
 *
 * A gap counts the pages between the end of the last extent of the batch (at first: the window's
 * first page) and this one. It cannot be negative, so no page is named twice in a batch. */
#ifndef STREAM_FRAMES_H
#define STREAM_FRAMES_H

#include "ferry/stream.h"
#include "wire/frame.h"

enum stream_frame_type {
    STREAM_BEGIN =
        64, /* above all control messages: a frame on the wrong connection is found at once */
    STREAM_PAGES,
    STREAM_STATE,
    STREAM_END,
    STREAM_BARRIER,
};

/* Body of one STATE frame, and of one PAGES frame unless a single page is larger; bytes. */
#define STREAM_BODY_MAX (1U << 20)

/* No round has this number: it means "none" in acknowledgements, and a round's successor must
 * exist. */
#define STREAM_ROUND_NONE UINT32_MAX

/* Data pages of one PAGES frame. */
static inline uint32_t stream_frame_pages_max(uint32_t page_size)
{
    const uint32_t pages = STREAM_BODY_MAX / page_size;
    if (pages == 0) {
        return 1;
    }
    return pages < FERRY_FRAME_PAGES_MAX ? pages : FERRY_FRAME_PAGES_MAX;
}

/* USAGE_CONFIG unless every field is within its limits. */
FERRY_NODISCARD
enum ferry_status stream_shape_check(const struct ferry_stream_shape *shape);

/* Flat index of a region's first page; index < region_count. */
uint64_t stream_region_first(const struct ferry_stream_shape *shape, uint32_t index);

#endif
