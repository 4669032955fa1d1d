/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_frames.c -- a row of frames changed: one taken out, put in, repeated, moved, or changed in itself; all whole
 * frames are sealed afterwards. */
#include "fuzz/input/mutate.h"
#include "stream/frames.h"
#include "wire/schema.h"

#include <string.h>

#define FRAME_MAX (1U << 16)

uint64_t mutate_draw(struct mutate *mutate, uint64_t below)
{
    uint64_t x = mutate->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    mutate->random = x;
    return (x * UINT64_C(0x2545F4914F6CDD1D) >> 3) % below;
}

static bool pick(
    struct mutate *mutate,
    const uint8_t *data,
    size_t size,
    enum frames_bodies bodies,
    struct frames_frame *frame_out)
{
    struct frames_frame frame;
    uint32_t count = 0;
    for (size_t at = 0; frames_at(data, size, at, bodies, &frame); at += frame.size) {
        count++;
    }
    if (count == 0) {
        return false;
    }
    uint64_t n = mutate_draw(mutate, count);
    size_t at = 0;
    while (frames_at(data, size, at, bodies, frame_out) && n > 0) {
        n--;
        at += frame_out->size;
    }
    return true;
}

static size_t take_out(uint8_t *data, size_t size, size_t at, size_t count)
{
    memmove(data + at, data + at + count, size - at - count);
    return size - count;
}

static size_t
put_in(uint8_t *data, size_t size, size_t max_size, size_t at, const uint8_t *bytes, size_t count)
{
    if (count > max_size - size) {
        return size;
    }
    memmove(data + at + count, data + at, size - at);
    memcpy(data + at, bytes, count);
    return size + count;
}

/* A control message with zeros (in range or not), or a frame of a stream with small numbers. */
static size_t fresh(struct mutate *mutate, bool control, uint8_t frame[FRAME_MAX])
{
    struct wire_frame header = {.section = WIRE_SECTION_CONTROL};
    if (control) {
        size_t count = 0;
        while (wire_schema_at(count) != NULL) {
            count++;
        }
        const struct wire_schema *schema = wire_schema_at(mutate_draw(mutate, count));
        header.type = (uint16_t)schema->type;
        header.head_size = (uint32_t)wire_schema_size_min(schema);
        memset(frame, 0, WIRE_FRAME_HEADER_SIZE + header.head_size);
    } else {
        static const uint16_t types[] = {
            STREAM_BEGIN, STREAM_PAGES, STREAM_STATE, STREAM_END, STREAM_BARRIER};
        header.type = types[mutate_draw(mutate, 5)];
        header.section = header.type == STREAM_STATE ? WIRE_SECTION_DEVICES : WIRE_SECTION_MEMORY;
        header.head_size = (uint32_t)(1 + mutate_draw(mutate, 8));
        for (uint32_t i = 0; i < header.head_size; i++) {
            frame[WIRE_FRAME_HEADER_SIZE + i] = (uint8_t)mutate_draw(mutate, 6);
        }
        header.body_bytes = (uint32_t)mutate_draw(mutate, 3) * FERRY_PAGE_SIZE_MIN;
    }
    wire_frame_seal(&header, frame);
    return WIRE_FRAME_HEADER_SIZE + header.head_size;
}

/* Bytes of the head, and its length with them; sometimes a field of the header. */
static size_t change_head(struct mutate *mutate, uint8_t *frame, size_t size, size_t max_size)
{
    struct wire_frame header = wire_frame_parse(frame);
    uint8_t *head = frame + WIRE_FRAME_HEADER_SIZE;
    size_t head_size = size - WIRE_FRAME_HEADER_SIZE;
    switch (mutate_draw(mutate, 6)) {
    case 0: header.type = (uint16_t)(header.type + mutate_draw(mutate, 3) - 1); break;
    case 1: header.section = (uint16_t)mutate_draw(mutate, 5); break;
    case 2:
        header.body_bytes =
            (uint32_t)(mutate_draw(mutate, 3) * FERRY_PAGE_SIZE_MIN + mutate_draw(mutate, 2));
        break;
    default: head_size = mutate->bytes(head, head_size, max_size - WIRE_FRAME_HEADER_SIZE); break;
    }
    header.head_size = (uint32_t)head_size;
    wire_frame_seal(&header, frame);
    return WIRE_FRAME_HEADER_SIZE + head_size;
}

static size_t change(
    struct mutate *mutate,
    uint8_t *data,
    size_t size,
    size_t max_size,
    const struct frames_frame *frame)
{
    static uint8_t changed[FRAME_MAX];
    const size_t rest = size - frame->head;
    const size_t room = max_size - rest < sizeof(changed) ? max_size - rest : sizeof(changed);
    if (!frame->whole || frame->head > room) {
        return mutate->bytes(data, size, max_size);
    }
    memcpy(changed, data + frame->at, frame->head);
    const bool known = wire_schema_of(wire_frame_parse(changed).type) != NULL;
    const size_t changed_size = known && mutate_draw(mutate, 4) != 0
                                    ? mutate_message(mutate, changed, frame->head, room)
                                    : change_head(mutate, changed, frame->head, room);
    size = take_out(data, size, frame->at, frame->head);
    return put_in(data, size, max_size, frame->at, changed, changed_size);
}

size_t mutate_frames(
    struct mutate *mutate,
    uint8_t *data,
    size_t size,
    size_t max_size,
    enum frames_bodies bodies,
    bool control)
{
    static uint8_t copy[FRAME_MAX];
    struct frames_frame frame;
    struct frames_frame to;
    const uint64_t what = mutate_draw(mutate, 8);
    if (what == 0 || !pick(mutate, data, size, bodies, &frame)) {
        const size_t count = fresh(mutate, control, copy);
        const size_t at = size != 0 && pick(mutate, data, size, bodies, &to) ? to.at : 0;
        return put_in(data, size, max_size, at, copy, count);
    }
    if (what == 1 && size > frame.size) {
        return take_out(data, size, frame.at, frame.size);
    }
    if ((what == 2 || what == 3) && frame.size <= sizeof(copy)) {
        memcpy(copy, data + frame.at, frame.size);
        if (what == 3) { /* moved, not repeated */
            size = take_out(data, size, frame.at, frame.size);
        }
        const size_t at = size != 0 && pick(mutate, data, size, bodies, &to) ? to.at : 0;
        return put_in(data, size, max_size, at, copy, frame.size);
    }
    size = change(mutate, data, size, max_size, &frame);
    if (mutate_draw(mutate, 16) != 0) {
        frames_seal(data, size, bodies);
    }
    return size;
}
