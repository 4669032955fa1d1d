/* SPDX-License-Identifier: Apache-2.0 */
/* message_ready.c -- READY, target to source: the manifest matches, the device state is loaded,
 * only the run call is left. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_ready, attempt, 1, UINT32_MAX),
    WIRE_FIELD_INTEGER(struct wire_ready, epoch, 1, UINT64_MAX),
    WIRE_FIELD_TIME(struct wire_ready, load_ns),
};
/* clang-format on */

const struct wire_schema wire_schema_ready = {
    .type = WIRE_READY,
    .name = "READY",
    .from_target = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = wire_schema_no_check,
};
