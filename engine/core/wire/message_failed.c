/* SPDX-License-Identifier: Apache-2.0 */
/* message_failed.c -- FAILED, target to source: this target cannot go on with the session (only
 * before READY). */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_failed, code, 1, UINT16_MAX),
    WIRE_FIELD_TEXT(struct wire_failed, text, 0, FERRY_REASON_MAX - 1),
};
/* clang-format on */

const struct wire_schema wire_schema_failed = {
    .type = WIRE_FAILED,
    .name = "FAILED",
    .from_target = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
