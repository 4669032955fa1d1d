/* SPDX-License-Identifier: Apache-2.0 */
/* message_resume.c -- RESUME, source to target: the first message of every attach after the first.
 * Asks what was placed and what became of the guest, and says where the source stands, so that the
 * answer can be in kind. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_resume, guest_id, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_resume, epoch, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_resume, source_journal_id, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_resume, target_journal_id, 0, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_resume, attempt, 0, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_resume, phase, WIRE_SOURCE_COPYING, WIRE_SOURCE_ENDED),
    WIRE_FIELD_INTEGER(struct wire_resume, round, 0, WIRE_ROUND_NONE - 1),
    WIRE_FIELD_INTEGER(struct wire_resume, streams, 0, FERRY_STREAMS_MAX),
};
/* clang-format on */

const struct wire_schema wire_schema_resume = {
    .type = WIRE_RESUME,
    .name = "RESUME",
    .from_target = false,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
