/* SPDX-License-Identifier: Apache-2.0 */
/* wire/schema.h -- what a control message looks like on the wire, as constant data.
 *
 * Each message's file declares its fields once, in order; encode and decode (schema.c) are the same
 * walk over that one list, so they cannot disagree, and docs/protocol.md is checked against it.
 * Integers are little-endian and as wide as the member of the struct. What no range of one field
 * can say stands in the message's check function.
 *
 * A field out of its range is PEER_VALUE; a size or count out of its range is PEER_LENGTH, found
 * before it is used. */
#ifndef WIRE_SCHEMA_H
#define WIRE_SCHEMA_H

#include "base/cursor.h"
#include "wire/message.h"

enum wire_kind {
    WIRE_INTEGER = 1, /* unsigned, min .. max */
    WIRE_TIME,        /* nanoseconds, i64, never negative */
    WIRE_BYTES,       /* u16 size, min .. max, then the bytes */
    WIRE_TEXT, /* the same, and no byte is a control character: it may end up on somebody's terminal
                */
    WIRE_LIST, /* u16 count, min .. max, then the elements */
};

struct wire_field {
    const char *name;
    enum wire_kind kind;
    size_t offset; /* in the message's struct, or in the list's element */
    size_t width;  /* of an integer, bytes; of a list: the distance of its elements */
    uint64_t min;
    uint64_t max;
    /* WIRE_LIST only: */
    size_t array; /* offset of the first element */
    const struct wire_field *elements;
    size_t element_count;
};

/* clang-format off */
#define WIRE_WIDTH(type, member) sizeof(((type *)NULL)->member)
#define WIRE_FIELD_INTEGER(type, member, min, max)                                                 \
    {#member, WIRE_INTEGER, offsetof(type, member), WIRE_WIDTH(type, member), min, max, 0, NULL, 0}
#define WIRE_FIELD_TIME(type, member)                                                              \
    {#member, WIRE_TIME, offsetof(type, member), WIRE_WIDTH(type, member), 0, INT64_MAX, 0, NULL, 0}
#define WIRE_FIELD_BYTES(type, member, min, max)                                                   \
    {#member, WIRE_BYTES, offsetof(type, member), 0, min, max, 0, NULL, 0}
#define WIRE_FIELD_TEXT(type, member, min, max)                                                    \
    {#member, WIRE_TEXT, offsetof(type, member), 0, min, max, 0, NULL, 0}
/* `count` is a uint16_t member, `member` the array that it counts. */
#define WIRE_FIELD_LIST(type, count, member, min, max, fields)                                     \
    {#member, WIRE_LIST, offsetof(type, count), sizeof(*((type *)NULL)->member), min, max,             \
     offsetof(type, member), (fields), sizeof(fields) / sizeof((fields)[0])}
/* An element which is one integer and no struct. */
#define WIRE_FIELD_ELEMENT(name, type, min, max)                                                   \
    {name, WIRE_INTEGER, 0, sizeof(type), min, max, 0, NULL, 0}
/* clang-format on */

struct wire_schema {
    enum wire_type type;
    const char *name;
    bool from_target;
    const struct wire_field *fields; /* NULL: none */
    size_t field_count;
    /* Relations between fields; the ranges hold already. All messages have one. */
    enum ferry_status (*check)(const struct wire_message *message);
};

/* NULL: no such type. */
const struct wire_schema *wire_schema_of(uint32_t type);
/* All of them, in the order of their numbers; NULL from the end on. */
const struct wire_schema *wire_schema_at(size_t index);
/* The check of a message whose fields have no relations. */
enum ferry_status wire_schema_no_check(const struct wire_message *message);

/* The smallest and largest size of a message's payload, bytes. */
size_t wire_schema_size_min(const struct wire_schema *schema);
size_t wire_schema_size_max(const struct wire_schema *schema);

/* The fields alone, without a frame. Encoding a message that decode would refuse is a bug of ours:
 * an assert. */
void wire_schema_encode(
    const struct wire_schema *schema, const struct wire_message *message, struct base_writer *out);
FERRY_NODISCARD
enum ferry_status wire_schema_decode(
    const struct wire_schema *schema, struct ferry_bytes payload, struct wire_message *message_out);

/* One for each type, each in the file of its message. */
extern const struct wire_schema wire_schema_open;
extern const struct wire_schema wire_schema_resume;
extern const struct wire_schema wire_schema_manifest;
extern const struct wire_schema wire_schema_abort;
extern const struct wire_schema wire_schema_grant;
extern const struct wire_schema wire_schema_burn;
extern const struct wire_schema wire_schema_end;
extern const struct wire_schema wire_schema_ping;
extern const struct wire_schema wire_schema_accept;
extern const struct wire_schema wire_schema_refuse;
extern const struct wire_schema wire_schema_resumed;
extern const struct wire_schema wire_schema_lost;
extern const struct wire_schema wire_schema_ack;
extern const struct wire_schema wire_schema_ready;
extern const struct wire_schema wire_schema_started;
extern const struct wire_schema wire_schema_aborted;
extern const struct wire_schema wire_schema_failed;
extern const struct wire_schema wire_schema_closed;
extern const struct wire_schema wire_schema_pong;

#endif
