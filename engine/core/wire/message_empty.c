/* SPDX-License-Identifier: Apache-2.0 */
/* message_empty.c -- the messages without a field: LOST (no record of this session here: proof of
 * nothing) and CLOSED (the session is forgotten), both target to source. */
#include "wire/schema.h"

const struct wire_schema wire_schema_lost = {
    .type = WIRE_LOST,
    .name = "LOST",
    .from_target = true,
    .fields = NULL,
    .field_count = 0,
    .check = wire_schema_no_check,
};

const struct wire_schema wire_schema_closed = {
    .type = WIRE_CLOSED,
    .name = "CLOSED",
    .from_target = true,
    .fields = NULL,
    .field_count = 0,
    .check = wire_schema_no_check,
};
