/* SPDX-License-Identifier: Apache-2.0 */
/* message_attempt.c -- ABORT, GRANT, BURN (source to target) and ABORTED (target to source): the
 * same two fields say which attempt of which ownership is meant. A burn may come before any attempt
 * was opened: its attempt is 0 then. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_attempt, attempt, 1, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_attempt, epoch, 1, UINT64_MAX),
};

static const struct wire_field burn_fields[] = {
    WIRE_FIELD_INTEGER(struct wire_attempt, attempt, 0, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_attempt, epoch, 1, UINT64_MAX),
};
/* clang-format on */

const struct wire_schema wire_schema_abort = {
    .type = WIRE_ABORT,
    .name = "ABORT",
    .from_target = false,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};

const struct wire_schema wire_schema_grant = {
    .type = WIRE_GRANT,
    .name = "GRANT",
    .from_target = false,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};

const struct wire_schema wire_schema_burn = {
    .type = WIRE_BURN,
    .name = "BURN",
    .from_target = false,
    .fields = burn_fields,
    .field_count = sizeof(burn_fields) / sizeof(burn_fields[0]),
    .check = wire_schema_no_check,
};

const struct wire_schema wire_schema_aborted = {
    .type = WIRE_ABORTED,
    .name = "ABORTED",
    .from_target = true,
    .fields = burn_fields,
    .field_count = sizeof(burn_fields) / sizeof(burn_fields[0]),
    .check = wire_schema_no_check,
};
