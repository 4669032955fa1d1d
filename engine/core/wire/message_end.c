/* SPDX-License-Identifier: Apache-2.0 */
/* message_end.c -- END, source to target: the session is over, forget it; whose the guest is now.
 */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_end, attempt, 0, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_end, epoch, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_end, moved, WIRE_END_STAYED, WIRE_END_CLAIMED),
};
/* clang-format on */

const struct wire_schema wire_schema_end = {
    .type = WIRE_END,
    .name = "END",
    .from_target = false,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
