/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c -- cuts a byte stream into control frames.
 *
 * The buffer holds at most one frame: a byte is taken from the input only when the frame under way
 * needs it, so nothing is ever moved, and a peer that stops in the middle of a frame costs one
 * buffer. A frame that is refused stays in the buffer, so every further call refuses it again: a
 * byte stream whose frames are lost is of no more use. */
#include "base/assert.h"
#include "wire/frame.h"
#include "wire/message.h"
#include "wire/schema.h"

#include <string.h>

void wire_reader_reset(struct wire_reader *reader)
{
    reader->used = 0;
    reader->consumed = 0;
}

/* Takes input until `size` bytes are there. False: the input was not enough. */
static bool gather(struct wire_reader *reader, struct ferry_bytes *input, size_t size)
{
    if (reader->used < size) {
        size_t taken = size - reader->used;
        taken = taken < input->size ? taken : input->size;
        if (taken > 0) {
            memcpy(reader->buffer + reader->used, input->data, taken);
            reader->used += taken;
            input->data += taken;
            input->size -= taken;
        }
    }
    return reader->used >= size;
}

/* What can be said before the head is here. */
static enum ferry_status check_header(const struct wire_frame *frame)
{
    const struct wire_schema *schema = wire_schema_of(frame->type);
    if (schema == NULL || frame->section != WIRE_SECTION_CONTROL || frame->body_bytes != 0) {
        return FERRY_PEER_FRAME;
    }
    return frame->head_size <= wire_schema_size_max(schema) ? FERRY_OK : FERRY_PEER_LENGTH;
}

static enum ferry_status next(
    struct wire_reader *reader,
    struct ferry_bytes *input,
    bool *found_out,
    struct wire_message *message_out)
{
    if (!gather(reader, input, WIRE_FRAME_HEADER_SIZE)) {
        return FERRY_OK;
    }
    const struct wire_frame frame = wire_frame_parse(reader->buffer);
    FERRY_TRY(check_header(&frame));
    const size_t size = WIRE_FRAME_HEADER_SIZE + frame.head_size;
    if (!gather(reader, input, size)) {
        return FERRY_OK;
    }
    FERRY_TRY(wire_frame_verify(reader->buffer));
    const struct ferry_bytes payload = {
        .data = reader->buffer + WIRE_FRAME_HEADER_SIZE, .size = frame.head_size};
    FERRY_TRY(wire_message_decode((enum wire_type)frame.type, payload, message_out));
    reader->consumed = size;
    *found_out = true;
    return FERRY_OK;
}

enum ferry_status wire_reader_next(
    struct wire_reader *reader,
    struct ferry_bytes *input,
    bool *found_out,
    struct wire_message *message_out)
{
    FERRY_ASSERT(reader->capacity >= WIRE_READER_CAPACITY);
    *found_out = false;
    if (reader->consumed > 0) {
        reader->used = 0;
        reader->consumed = 0;
    }
    return next(reader, input, found_out, message_out);
}
