/* SPDX-License-Identifier: Apache-2.0 */
/* message_resumed.c -- RESUMED, target to source: the answer to RESUME. Everything of older
 * attaches is closed and joined when it is sent, so last_batch is final: what it does not cover has
 * to be sent again. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field batch_fields[] = {
    WIRE_FIELD_ELEMENT("batch", uint64_t, 0, UINT64_MAX),
};

static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_resumed, attach, 1, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_resumed, phase, WIRE_TARGET_RECEIVING, WIRE_TARGET_UNDECIDED),
    WIRE_FIELD_INTEGER(struct wire_resumed, attempt, 0, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_resumed, epoch, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_resumed, target_journal_id, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_resumed, round, 0, WIRE_ROUND_NONE),
    WIRE_FIELD_INTEGER(struct wire_resumed, old_attach, 0, UINT32_MAX),
    WIRE_FIELD_LIST(struct wire_resumed, stream_count, last_batch,
                    0, FERRY_STREAMS_MAX, batch_fields),
};
/* clang-format on */

const struct wire_schema wire_schema_resumed = {
    .type = WIRE_RESUMED,
    .name = "RESUMED",
    .from_target = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
