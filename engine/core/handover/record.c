/* SPDX-License-Identifier: Apache-2.0 */
/* record.c -- one layout for all kinds: version, kind, role, moved, attempt, guest, epoch, both
 * journals' ids, checksum. */
#include "handover/record.h"

#include "base/assert.h"
#include "base/cursor.h"
#include "ferry/stream.h"

#define CHECKSUM_SIZE 4U

size_t handover_record_encode(
    enum ferry_record_kind kind, const struct handover_record_body *body, uint8_t *out)
{
    struct base_writer writer;
    base_writer_init(&writer, out, FERRY_RECORD_MAX);
    base_write_u8(&writer, HANDOVER_RECORD_VERSION);
    base_write_u8(&writer, (uint8_t)kind);
    base_write_u8(&writer, body->role);
    base_write_u8(&writer, body->moved);
    base_write_u32(&writer, body->attempt);
    base_write_u64(&writer, body->guest_id);
    base_write_u64(&writer, body->epoch);
    base_write_u64(&writer, body->own_journal_id);
    base_write_u64(&writer, body->peer_journal_id);
    base_write_u32(&writer, ferry_crc32c(0, out, writer.used));
    FERRY_ASSERT(writer.status == FERRY_OK);
    return writer.used;
}

enum ferry_status
handover_record_decode(const struct ferry_record *record, struct handover_record_body *body_out)
{
    struct base_reader reader;
    base_reader_init(&reader, record->bytes);
    const uint8_t version = base_read_u8(&reader);
    const uint8_t kind = base_read_u8(&reader);
    struct handover_record_body body = {0};
    body.role = base_read_u8(&reader);
    body.moved = base_read_u8(&reader);
    body.attempt = base_read_u32(&reader);
    body.guest_id = base_read_u64(&reader);
    body.epoch = base_read_u64(&reader);
    body.own_journal_id = base_read_u64(&reader);
    body.peer_journal_id = base_read_u64(&reader);
    const uint32_t checksum = base_read_u32(&reader);
    FERRY_TRY(base_reader_end(&reader));
    if (checksum != ferry_crc32c(0, record->bytes.data, record->bytes.size - CHECKSUM_SIZE)) {
        return FERRY_PEER_CHECKSUM;
    }
    const bool known_role = body.role == HANDOVER_ROLE_SOURCE || body.role == HANDOVER_ROLE_TARGET;
    if (version != HANDOVER_RECORD_VERSION || kind != (uint8_t)record->kind || !known_role ||
        body.moved > 1 || body.epoch == 0) {
        return FERRY_PEER_VALUE;
    }
    *body_out = body;
    return FERRY_OK;
}
