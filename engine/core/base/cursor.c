/* SPDX-License-Identifier: Apache-2.0 */
/* cursor.c -- see cursor.h. Every access goes through take() or reserve(): the only two places
 * which move a position. */
#include "base/cursor.h"

#include <string.h>

void base_reader_init(struct base_reader *reader, struct ferry_bytes bytes)
{
    *reader = (struct base_reader){.data = bytes.data, .size = bytes.size, .status = FERRY_OK};
}

void base_reader_fail(struct base_reader *reader, enum ferry_status cause)
{
    if (reader->status == FERRY_OK) {
        reader->status = cause;
    }
}

size_t base_reader_left(const struct base_reader *reader)
{
    return reader->size - reader->position;
}

/* The next `size` bytes, or NULL once anything has failed. */
static const uint8_t *take(struct base_reader *reader, size_t size)
{
    if (reader->status != FERRY_OK) {
        return NULL;
    }
    if (size > base_reader_left(reader)) {
        reader->status = FERRY_PEER_TRUNCATED;
        return NULL;
    }
    const uint8_t *bytes = reader->data + reader->position;
    reader->position += size;
    return bytes;
}

static uint64_t take_integer(struct base_reader *reader, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    uint64_t value = 0;
    if (bytes != NULL) {
        for (size_t i = 0; i < size; i++) {
            value |= (uint64_t)bytes[i] << (8 * i);
        }
    }
    return value;
}

uint8_t base_read_u8(struct base_reader *reader)
{
    return (uint8_t)take_integer(reader, 1);
}

uint16_t base_read_u16(struct base_reader *reader)
{
    return (uint16_t)take_integer(reader, 2);
}

uint32_t base_read_u32(struct base_reader *reader)
{
    return (uint32_t)take_integer(reader, 4);
}

uint64_t base_read_u64(struct base_reader *reader)
{
    return take_integer(reader, 8);
}

int64_t base_read_i64(struct base_reader *reader)
{
    const uint64_t bits = take_integer(reader, 8);
    int64_t value = 0;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

uint64_t base_read_varint(struct base_reader *reader)
{
    if (reader->status == FERRY_OK && base_reader_left(reader) > 0 &&
        reader->data[reader->position] <= 0x7f) {
        reader->position++; /* nearly all of them: a gap or count below 128 */
        return reader->data[reader->position - 1];
    }
    uint64_t value = 0;
    for (uint32_t i = 0; i < BASE_VARINT_MAX; i++) {
        const uint8_t *byte = take(reader, 1);
        if (byte == NULL) {
            return 0;
        }
        /* The tenth byte has room for the 64th bit alone; a last byte of 0 means that a shorter
         * form exists. */
        const bool overflow = i == BASE_VARINT_MAX - 1 && *byte > 1;
        const bool longer_than_needed = i > 0 && *byte == 0;
        if (overflow || longer_than_needed) {
            base_reader_fail(reader, FERRY_PEER_VALUE);
            return 0;
        }
        value |= (uint64_t)(*byte & 0x7fU) << (7 * i);
        if ((*byte & 0x80U) == 0) {
            return value;
        }
    }
    return value; /* not reached: the tenth byte ends above */
}

struct ferry_bytes base_read_bytes(struct base_reader *reader, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    return (struct ferry_bytes){.data = bytes, .size = bytes != NULL ? size : 0};
}

enum ferry_status base_reader_end(const struct base_reader *reader)
{
    if (reader->status != FERRY_OK) {
        return reader->status;
    }
    return base_reader_left(reader) == 0 ? FERRY_OK : FERRY_PEER_TRAILING;
}

void base_writer_init(struct base_writer *writer, uint8_t *data, size_t capacity)
{
    writer->data = data;
    writer->capacity = capacity;
    writer->used = 0;
    writer->status = FERRY_OK;
}

size_t base_writer_left(const struct base_writer *writer)
{
    return writer->capacity - writer->used;
}

/* Room for `size` bytes, or NULL once anything did not fit. */
static uint8_t *reserve(struct base_writer *writer, size_t size)
{
    if (writer->status != FERRY_OK) {
        return NULL;
    }
    if (size > base_writer_left(writer)) {
        writer->status = FERRY_LIMIT_SIZE;
        return NULL;
    }
    uint8_t *bytes = writer->data + writer->used;
    writer->used += size;
    return bytes;
}

static void put_integer(struct base_writer *writer, uint64_t value, size_t size)
{
    uint8_t *bytes = reserve(writer, size);
    if (bytes != NULL) {
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(value >> (8 * i));
        }
    }
}

void base_write_u8(struct base_writer *writer, uint8_t value)
{
    put_integer(writer, value, 1);
}

void base_write_u16(struct base_writer *writer, uint16_t value)
{
    put_integer(writer, value, 2);
}

void base_write_u32(struct base_writer *writer, uint32_t value)
{
    put_integer(writer, value, 4);
}

void base_write_u64(struct base_writer *writer, uint64_t value)
{
    put_integer(writer, value, 8);
}

void base_write_i64(struct base_writer *writer, int64_t value)
{
    put_integer(writer, (uint64_t)value, 8);
}

void base_write_varint(struct base_writer *writer, uint64_t value)
{
    if (value <= 0x7f) {
        base_write_u8(writer, (uint8_t)value);
        return;
    }
    uint8_t bytes[BASE_VARINT_MAX];
    size_t size = 0;
    while (value > 0x7f) {
        bytes[size] = (uint8_t)(value | 0x80U);
        size++;
        value >>= 7;
    }
    bytes[size] = (uint8_t)value;
    size++;
    base_write_bytes(writer, (struct ferry_bytes){.data = bytes, .size = size});
}

void base_write_bytes(struct base_writer *writer, struct ferry_bytes bytes)
{
    uint8_t *room = reserve(writer, bytes.size);
    if (room != NULL && bytes.size > 0) {
        memcpy(room, bytes.data, bytes.size);
    }
}
