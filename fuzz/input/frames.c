/* SPDX-License-Identifier: Apache-2.0 */
/* frames.c -- see frames.h. */
#include "fuzz/input/frames.h"

#include "ferry/limits.h"
#include "stream/frames.h"

static size_t body_size(const struct wire_frame *frame, enum frames_bodies bodies)
{
    switch (bodies) {
    case FRAMES_BODIES_WHOLE: return frame->body_bytes;
    case FRAMES_BODIES_NONE: return 0;
    case FRAMES_BODIES_TAGS:
        if (frame->type == STREAM_PAGES) {
            return (size_t)frame->body_bytes / FERRY_PAGE_SIZE_MIN * sizeof(uint64_t);
        }
        return frame->type == STREAM_STATE ? sizeof(uint64_t) : 0;
    }
    return 0;
}

bool frames_at(
    const uint8_t *bytes,
    size_t size,
    size_t at,
    enum frames_bodies bodies,
    struct frames_frame *frame_out)
{
    if (at >= size) {
        return false;
    }
    const size_t left = size - at;
    *frame_out = (struct frames_frame){.at = at, .head = left, .size = left};
    if (left < WIRE_FRAME_HEADER_SIZE) {
        return true;
    }
    const struct wire_frame frame = wire_frame_parse(bytes + at);
    if (frame.head_size > left - WIRE_FRAME_HEADER_SIZE) {
        return true;
    }
    frame_out->head = WIRE_FRAME_HEADER_SIZE + frame.head_size;
    frame_out->whole = true;
    const size_t body = body_size(&frame, bodies);
    frame_out->size = body < left - frame_out->head ? frame_out->head + body : left;
    return true;
}

void frames_seal(uint8_t *bytes, size_t size, enum frames_bodies bodies)
{
    struct frames_frame frame;
    for (size_t at = 0; frames_at(bytes, size, at, bodies, &frame); at += frame.size) {
        if (frame.whole) {
            const struct wire_frame header = wire_frame_parse(bytes + at);
            wire_frame_seal(&header, bytes + at);
        }
    }
}
