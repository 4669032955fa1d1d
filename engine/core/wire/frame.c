/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c -- see frame.h. */
#include "wire/frame.h"

#include "base/cursor.h"
#include "ferry/stream.h"

#define CHECKED_SIZE (WIRE_FRAME_HEADER_SIZE - 4U)

static uint32_t checksum(const uint8_t *bytes, uint32_t head_size)
{
    const uint32_t crc = ferry_crc32c(0, bytes, CHECKED_SIZE);
    return ferry_crc32c(crc, bytes + WIRE_FRAME_HEADER_SIZE, head_size);
}

void wire_frame_seal(const struct wire_frame *frame, uint8_t *bytes)
{
    struct base_writer writer;
    base_writer_init(&writer, bytes, WIRE_FRAME_HEADER_SIZE);
    base_write_u32(&writer, frame->head_size);
    base_write_u16(&writer, frame->type);
    base_write_u16(&writer, frame->section);
    base_write_u32(&writer, frame->body_bytes);
    base_write_u32(&writer, checksum(bytes, frame->head_size));
}

struct wire_frame wire_frame_parse(const uint8_t header[WIRE_FRAME_HEADER_SIZE])
{
    struct base_reader reader;
    struct wire_frame frame;
    base_reader_init(&reader, (struct ferry_bytes){.data = header, .size = WIRE_FRAME_HEADER_SIZE});
    frame.head_size = base_read_u32(&reader);
    frame.type = base_read_u16(&reader);
    frame.section = base_read_u16(&reader);
    frame.body_bytes = base_read_u32(&reader);
    frame.checksum = base_read_u32(&reader);
    return frame;
}

enum ferry_status wire_frame_verify(const uint8_t *bytes)
{
    const struct wire_frame frame = wire_frame_parse(bytes);
    return frame.checksum == checksum(bytes, frame.head_size) ? FERRY_OK : FERRY_PEER_CHECKSUM;
}
