/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c -- the table of all control messages, and the one walk over a message's fields which
 * both encodes and decodes.
 *
 * Members are reached by offset and copied with memcpy, so no struct is ever read as something that
 * it is not. */
#include "wire/schema.h"

#include "base/assert.h"

#include <string.h>

static const struct wire_schema *const schemas[] = {
    &wire_schema_open,   &wire_schema_resume, &wire_schema_manifest, &wire_schema_abort,
    &wire_schema_grant,  &wire_schema_burn,   &wire_schema_end,      &wire_schema_ping,
    &wire_schema_accept, &wire_schema_refuse, &wire_schema_resumed,  &wire_schema_lost,
    &wire_schema_ack,    &wire_schema_ready,  &wire_schema_started,  &wire_schema_aborted,
    &wire_schema_failed, &wire_schema_closed, &wire_schema_pong,
};

const struct wire_schema *wire_schema_at(size_t index)
{
    return index < sizeof(schemas) / sizeof(schemas[0]) ? schemas[index] : NULL;
}

const struct wire_schema *wire_schema_of(uint32_t type)
{
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        if ((uint32_t)schemas[i]->type == type) {
            return schemas[i];
        }
    }
    return NULL;
}

enum ferry_status wire_schema_no_check(const struct wire_message *message)
{
    (void)message;
    return FERRY_OK;
}

static size_t list_size(const struct wire_field *list, uint64_t count)
{
    size_t element = 0;
    for (size_t i = 0; i < list->element_count; i++) {
        element += list->elements[i].width;
    }
    return 2 + element * (size_t)count;
}

static size_t field_size(const struct wire_field *field, uint64_t length)
{
    switch (field->kind) {
    case WIRE_INTEGER:
    case WIRE_TIME: return field->width;
    case WIRE_BYTES:
    case WIRE_TEXT: return 2 + (size_t)length;
    case WIRE_LIST: return list_size(field, length);
    }
    return 0;
}

size_t wire_schema_size_min(const struct wire_schema *schema)
{
    size_t size = 0;
    for (size_t i = 0; i < schema->field_count; i++) {
        size += field_size(&schema->fields[i], schema->fields[i].min);
    }
    return size;
}

size_t wire_schema_size_max(const struct wire_schema *schema)
{
    size_t size = 0;
    for (size_t i = 0; i < schema->field_count; i++) {
        size += field_size(&schema->fields[i], schema->fields[i].max);
    }
    return size;
}

/* ---- members of structs ---- */

static uint64_t load(const uint8_t *member, size_t width)
{
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    switch (width) {
    case 1: memcpy(&u8, member, 1); return u8;
    case 2: memcpy(&u16, member, 2); return u16;
    case 4: memcpy(&u32, member, 4); return u32;
    default:
        FERRY_ASSERT(width == 8);
        memcpy(&u64, member, 8);
        return u64;
    }
}

static void store(uint8_t *member, size_t width, uint64_t value)
{
    const uint8_t u8 = (uint8_t)value;
    const uint16_t u16 = (uint16_t)value;
    const uint32_t u32 = (uint32_t)value;
    switch (width) {
    case 1: memcpy(member, &u8, 1); break;
    case 2: memcpy(member, &u16, 2); break;
    case 4: memcpy(member, &u32, 4); break;
    default:
        FERRY_ASSERT(width == 8);
        memcpy(member, &value, 8);
        break;
    }
}

static bool in_range(const struct wire_field *field, uint64_t value)
{
    return value >= field->min && value <= field->max;
}

static bool is_text(struct ferry_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* ---- encode ---- */

static void
encode_number(const struct wire_field *field, const uint8_t *member, struct base_writer *out)
{
    const uint64_t value = load(member, field->width);
    FERRY_ASSERT(in_range(field, value));
    switch (field->width) {
    case 1: base_write_u8(out, (uint8_t)value); break;
    case 2: base_write_u16(out, (uint16_t)value); break;
    case 4: base_write_u32(out, (uint32_t)value); break;
    default: base_write_u64(out, value); break;
    }
}

static void
encode_bytes(const struct wire_field *field, const uint8_t *member, struct base_writer *out)
{
    struct ferry_bytes bytes;
    memcpy(&bytes, member, sizeof(bytes));
    FERRY_ASSERT(in_range(field, bytes.size));
    FERRY_ASSERT(field->kind != WIRE_TEXT || is_text(bytes));
    base_write_u16(out, (uint16_t)bytes.size);
    base_write_bytes(out, bytes);
}

static void
encode_list(const struct wire_field *field, const uint8_t *body, struct base_writer *out)
{
    const uint64_t count = load(body + field->offset, sizeof(uint16_t));
    FERRY_ASSERT(in_range(field, count));
    base_write_u16(out, (uint16_t)count);
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *element = body + field->array + i * field->width;
        for (size_t k = 0; k < field->element_count; k++) {
            encode_number(&field->elements[k], element + field->elements[k].offset, out);
        }
    }
}

void wire_schema_encode(
    const struct wire_schema *schema, const struct wire_message *message, struct base_writer *out)
{
    const uint8_t *body = (const uint8_t *)&message->body;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct wire_field *field = &schema->fields[i];
        switch (field->kind) {
        case WIRE_INTEGER:
        case WIRE_TIME: encode_number(field, body + field->offset, out); break;
        case WIRE_BYTES:
        case WIRE_TEXT: encode_bytes(field, body + field->offset, out); break;
        case WIRE_LIST: encode_list(field, body, out); break;
        }
    }
    FERRY_ASSERT(schema->check(message) == FERRY_OK);
}

/* ---- decode ---- */

static void decode_number(const struct wire_field *field, struct base_reader *in, uint8_t *member)
{
    uint64_t value = 0;
    switch (field->width) {
    case 1: value = base_read_u8(in); break;
    case 2: value = base_read_u16(in); break;
    case 4: value = base_read_u32(in); break;
    default: value = base_read_u64(in); break;
    }
    if (!in_range(field, value)) {
        base_reader_fail(in, FERRY_PEER_VALUE);
        return;
    }
    store(member, field->width, value);
}

/* A size or count: 0 once anything has failed. */
static uint16_t decode_length(const struct wire_field *field, struct base_reader *in)
{
    const uint16_t length = base_read_u16(in);
    if (!in_range(field, length)) {
        base_reader_fail(in, FERRY_PEER_LENGTH);
    }
    return in->status == FERRY_OK ? length : 0;
}

static void decode_bytes(const struct wire_field *field, struct base_reader *in, uint8_t *member)
{
    const struct ferry_bytes bytes = base_read_bytes(in, decode_length(field, in));
    if (field->kind == WIRE_TEXT && !is_text(bytes)) {
        base_reader_fail(in, FERRY_PEER_VALUE);
    }
    memcpy(member, &bytes, sizeof(bytes));
}

static void decode_list(const struct wire_field *field, struct base_reader *in, uint8_t *body)
{
    const uint16_t count = decode_length(field, in);
    store(body + field->offset, sizeof(count), count);
    for (size_t i = 0; i < count; i++) {
        uint8_t *element = body + field->array + i * field->width;
        for (size_t k = 0; k < field->element_count; k++) {
            decode_number(&field->elements[k], in, element + field->elements[k].offset);
        }
    }
}

enum ferry_status wire_schema_decode(
    const struct wire_schema *schema, struct ferry_bytes payload, struct wire_message *message_out)
{
    struct wire_message message;
    struct base_reader in;
    uint8_t *body = (uint8_t *)&message.body;
    memset(&message, 0, sizeof(message));
    message.type = schema->type;
    base_reader_init(&in, payload);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct wire_field *field = &schema->fields[i];
        switch (field->kind) {
        case WIRE_INTEGER:
        case WIRE_TIME: decode_number(field, &in, body + field->offset); break;
        case WIRE_BYTES:
        case WIRE_TEXT: decode_bytes(field, &in, body + field->offset); break;
        case WIRE_LIST: decode_list(field, &in, body); break;
        }
    }
    FERRY_TRY(base_reader_end(&in));
    FERRY_TRY(schema->check(&message));
    *message_out = message;
    return FERRY_OK;
}
