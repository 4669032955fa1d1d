/* SPDX-License-Identifier: Apache-2.0 */
/* message_ack.c -- ACK, target to source: what has been placed, stream by stream. A local "handed
 * over" at the source is no acknowledgement; this is. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field batch_fields[] = {
    WIRE_FIELD_ELEMENT("batch", uint64_t, 0, UINT64_MAX),
};

static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_ack, attach, 1, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_ack, round, 0, WIRE_ROUND_NONE),
    WIRE_FIELD_LIST(struct wire_ack, stream_count, last_batch, 1, FERRY_STREAMS_MAX, batch_fields),
};
/* clang-format on */

const struct wire_schema wire_schema_ack = {
    .type = WIRE_ACK,
    .name = "ACK",
    .from_target = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
