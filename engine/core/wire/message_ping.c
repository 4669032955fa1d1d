/* SPDX-License-Identifier: Apache-2.0 */
/* message_ping.c -- PING (source to target) and PONG (target to source): is anybody there? The
 * answer carries the same nonce, which makes it a measurement of the round trip, and what a durable
 * write costs there now. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field ping_fields[] = {
    WIRE_FIELD_INTEGER(struct wire_ping, nonce, 0, UINT64_MAX),
};

static const struct wire_field pong_fields[] = {
    WIRE_FIELD_INTEGER(struct wire_pong, nonce, 0, UINT64_MAX),
    WIRE_FIELD_TIME(struct wire_pong, persist_ns),
};
/* clang-format on */

const struct wire_schema wire_schema_ping = {
    .type = WIRE_PING,
    .name = "PING",
    .from_target = false,
    .fields = ping_fields,
    .field_count = sizeof(ping_fields) / sizeof(ping_fields[0]),
    .check = wire_schema_no_check,
};

const struct wire_schema wire_schema_pong = {
    .type = WIRE_PONG,
    .name = "PONG",
    .from_target = true,
    .fields = pong_fields,
    .field_count = sizeof(pong_fields) / sizeof(pong_fields[0]),
    .check = wire_schema_no_check,
};
