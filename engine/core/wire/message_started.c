/* SPDX-License-Identifier: Apache-2.0 */
/* message_started.c -- STARTED, target to source: the ownership is durable at the target and the
 * guest runs there. Its epoch is the new one. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_started, attempt, 1, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_started, epoch, 1, UINT64_MAX),
    WIRE_FIELD_TIME(struct wire_started, owner_persist_ns),
    WIRE_FIELD_TIME(struct wire_started, resume_ns),
    WIRE_FIELD_TIME(struct wire_started, running_for_ns),
    WIRE_FIELD_INTEGER(struct wire_started, alive, 0, 1),
};
/* clang-format on */

const struct wire_schema wire_schema_started = {
    .type = WIRE_STARTED,
    .name = "STARTED",
    .from_target = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
