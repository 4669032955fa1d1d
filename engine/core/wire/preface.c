/* SPDX-License-Identifier: Apache-2.0 */
/* preface.c -- the 40 bytes that open every connection: who is calling, in which role, for which
 * session and attach.
 *
 *   0  8 bytes magic    the letters of ferry, a line end and a zero: a text protocol or a line-end
 * "repair" is found at once 8  u16 role         1 control, 2 payload; never inferred from the order
 * in which connections arrive 10  u16 version_min  of the protocol, as the opening side speaks it
 *  12  u16 version_max
 *  14  u16 stream       0 on a control connection
 *  16  u32 attach       number of this (re)connection of the migration, from 1
 *  20  u64 session, high half
 *  28  u64 session, low half
 *  36  u32 checksum     CRC-32C over bytes 0 .. 35
 *
 * This layout is the same in all versions. A range without a version that is spoken here is no error
 * of the preface: whoever opened the connection is to hear so, as REFUSE to its OPEN. */
#include "base/cursor.h"
#include "ferry/stream.h"

#include <string.h>

#define CHECKED_SIZE (FERRY_PREFACE_SIZE - 4U)

static const uint8_t magic[8] = {'F', 'E', 'R', 'R', 'Y', '\r', '\n', 0};

void ferry_preface_encode(
    const struct ferry_preface *preface, uint8_t bytes_out[FERRY_PREFACE_SIZE])
{
    struct base_writer writer;
    base_writer_init(&writer, bytes_out, FERRY_PREFACE_SIZE);
    base_write_bytes(&writer, (struct ferry_bytes){.data = magic, .size = sizeof(magic)});
    base_write_u16(&writer, (uint16_t)preface->role);
    base_write_u16(&writer, preface->version_min);
    base_write_u16(&writer, preface->version_max);
    base_write_u16(&writer, preface->stream);
    base_write_u32(&writer, preface->attach);
    base_write_u64(&writer, preface->session.high);
    base_write_u64(&writer, preface->session.low);
    base_write_u32(&writer, ferry_crc32c(0, bytes_out, CHECKED_SIZE));
}

static enum ferry_status check(const struct ferry_preface *preface)
{
    const bool control = preface->role == FERRY_ROLE_CONTROL;
    const bool payload = preface->role == FERRY_ROLE_PAYLOAD;
    const bool session = preface->session.high != 0 || preface->session.low != 0;
    const uint16_t streams = control ? 1 : FERRY_STREAMS_MAX;
    if ((!control && !payload) || !session || preface->attach == 0 || preface->stream >= streams) {
        return FERRY_PEER_VALUE;
    }
    if (preface->version_min == 0 || preface->version_min > preface->version_max) {
        return FERRY_PEER_VALUE;
    }
    return FERRY_OK;
}

enum ferry_status
ferry_preface_decode(const uint8_t bytes[FERRY_PREFACE_SIZE], struct ferry_preface *preface_out)
{
    struct base_reader reader;
    struct ferry_preface preface;
    if (memcmp(bytes, magic, sizeof(magic)) != 0) {
        return FERRY_PEER_FRAME;
    }
    base_reader_init(
        &reader,
        (struct ferry_bytes){
            .data = bytes + sizeof(magic), .size = FERRY_PREFACE_SIZE - sizeof(magic)});
    const uint16_t role = base_read_u16(&reader);
    preface.version_min = base_read_u16(&reader);
    preface.version_max = base_read_u16(&reader);
    preface.stream = base_read_u16(&reader);
    preface.attach = base_read_u32(&reader);
    preface.session.high = base_read_u64(&reader);
    preface.session.low = base_read_u64(&reader);
    if (base_read_u32(&reader) != ferry_crc32c(0, bytes, CHECKED_SIZE)) {
        return FERRY_PEER_CHECKSUM;
    }
    preface.role = (enum ferry_role)role;
    FERRY_TRY(check(&preface));
    *preface_out = preface;
    return FERRY_OK;
}
