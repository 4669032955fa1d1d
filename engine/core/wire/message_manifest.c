/* SPDX-License-Identifier: Apache-2.0 */
/* message_manifest.c -- MANIFEST, source to target: all that was sent in attempt n, stream by
 * stream. READY is only said when what arrived is this, and nothing else. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field sum_fields[] = {
    WIRE_FIELD_INTEGER(struct wire_stream_sum, batches, 0, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_stream_sum, bytes, 0, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_stream_sum, digest, 0, UINT32_MAX),
};

static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_manifest, attempt, 1, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_manifest, epoch, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_manifest, round, 0, WIRE_ROUND_NONE - 1),
    WIRE_FIELD_INTEGER(struct wire_manifest, state_size, 0, FERRY_DEVICE_STATE_MAX),
    WIRE_FIELD_INTEGER(struct wire_manifest, state_digest, 0, UINT32_MAX),
    WIRE_FIELD_LIST(struct wire_manifest, stream_count, streams, 1, FERRY_STREAMS_MAX, sum_fields),
};
/* clang-format on */

const struct wire_schema wire_schema_manifest = {
    .type = WIRE_MANIFEST,
    .name = "MANIFEST",
    .from_target = false,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
