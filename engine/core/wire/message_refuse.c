/* SPDX-License-Identifier: Apache-2.0 */
/* message_refuse.c -- REFUSE, target to source: no, before anything moved. A code that this side
 * does not know is no error: a newer peer may have more reasons. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_refuse, code, 1, UINT16_MAX),
    WIRE_FIELD_TEXT(struct wire_refuse, text, 0, FERRY_REASON_MAX - 1),
};
/* clang-format on */

const struct wire_schema wire_schema_refuse = {
    .type = WIRE_REFUSE,
    .name = "REFUSE",
    .from_target = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
