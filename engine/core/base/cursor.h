/* SPDX-License-Identifier: Apache-2.0 */
/* base/cursor.h -- bounded little-endian reading and writing with one sticky error.
 *
 * A reader never reads past its bytes: from the first failure on, every read gives 0 (or no bytes)
 * and the first cause stays in `status`. So a decoder reads all its fields in order and asks once,
 * at the end. base_reader_end() also finds what is left over: nothing of a peer's message is ever
 * ignored. A writer is the mirror of it: what does not fit is not written, and `status` says
 * LIMIT_SIZE.
 *
 * A varint is little-endian base 128, 1 to 10 bytes, and only its shortest form is valid: equal
 * values have equal bytes. */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "ferry/status.h"
#include "ferry/types.h"

#define BASE_VARINT_MAX 10U /* bytes */

struct base_reader {
    const uint8_t *data;
    size_t size;
    size_t position;
    enum ferry_status status; /* the first cause */
};

void base_reader_init(struct base_reader *reader, struct ferry_bytes bytes);
uint8_t base_read_u8(struct base_reader *reader);
uint16_t base_read_u16(struct base_reader *reader);
uint32_t base_read_u32(struct base_reader *reader);
uint64_t base_read_u64(struct base_reader *reader);
int64_t base_read_i64(struct base_reader *reader);
uint64_t
base_read_varint(struct base_reader *reader); /* PEER_VALUE when not in its shortest form */
struct ferry_bytes base_read_bytes(struct base_reader *reader, size_t size); /* borrowed */
size_t base_reader_left(const struct base_reader *reader);
void base_reader_fail(
    struct base_reader *reader, enum ferry_status cause); /* the first cause stays */
/* The first cause; PEER_TRAILING when all went well but bytes are left. */
FERRY_NODISCARD
enum ferry_status base_reader_end(const struct base_reader *reader);

struct base_writer {
    uint8_t *data;
    size_t capacity;
    size_t used;
    enum ferry_status status;
};

void base_writer_init(struct base_writer *writer, uint8_t *data, size_t capacity);
void base_write_u8(struct base_writer *writer, uint8_t value);
void base_write_u16(struct base_writer *writer, uint16_t value);
void base_write_u32(struct base_writer *writer, uint32_t value);
void base_write_u64(struct base_writer *writer, uint64_t value);
void base_write_i64(struct base_writer *writer, int64_t value);
void base_write_varint(struct base_writer *writer, uint64_t value);
void base_write_bytes(struct base_writer *writer, struct ferry_bytes bytes);
size_t base_writer_left(const struct base_writer *writer);

#endif
