/* SPDX-License-Identifier: Apache-2.0 */
/* message_accept.c -- ACCEPT, target to source: SESSION is durable at the target, the guest's shell
 * is ready; the version and features in use from here on, and this host's part of the predicted
 * blackout. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_accept, version, 1, UINT16_MAX),
    WIRE_FIELD_INTEGER(struct wire_accept, features, 0, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_accept, target_journal_id, 1, UINT64_MAX),
    WIRE_FIELD_TIME(struct wire_accept, persist_ns),
    WIRE_FIELD_TIME(struct wire_accept, load_ns),
    WIRE_FIELD_TIME(struct wire_accept, resume_ns),
};
/* clang-format on */

const struct wire_schema wire_schema_accept = {
    .type = WIRE_ACCEPT,
    .name = "ACCEPT",
    .from_target = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
