/* SPDX-License-Identifier: Apache-2.0 */
/* values.c -- see values.h. The message table (wire/schema.h) says which fields there are and what may stand in them, so
 * a new message is made here without a line of its own. */
#include "fuzz/input/values.h"

#include "wire/schema.h"

#include <string.h>

static uint64_t load(const uint8_t *member, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)member[i] << (8 * i);
    }
    return value;
}

static void store(uint8_t *member, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++) {
        member[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t fit(const struct wire_field *field, uint64_t value)
{
    if (value < field->min) {
        return field->min;
    }
    return value > field->max ? field->max : value;
}

static void fit_number(const struct wire_field *field, uint8_t *member)
{
    store(member, field->width, fit(field, load(member, field->width)));
}

static void fit_bytes(const struct wire_field *field, uint8_t *member)
{
    static const uint8_t filler[64] =
        "................................................................";
    struct ferry_bytes bytes;
    memcpy(&bytes, member, sizeof(bytes));
    bool good = fit(field, bytes.size) <= bytes.size;
    bytes.size = (size_t)fit(field, bytes.size);
    for (size_t i = 0; good && field->kind == WIRE_TEXT && i < bytes.size; i++) {
        good = bytes.data[i] >= 0x20 && bytes.data[i] != 0x7f;
    }
    if (!good) {
        bytes.data = filler;
        bytes.size = bytes.size < sizeof(filler) ? bytes.size : sizeof(filler);
        bytes.size = (size_t)fit(field, bytes.size);
    }
    memcpy(member, &bytes, sizeof(bytes));
}

static void fit_list(const struct wire_field *field, uint8_t *body)
{
    const uint64_t count = fit(field, load(body + field->offset, sizeof(uint16_t)));
    store(body + field->offset, sizeof(uint16_t), count);
    for (uint64_t k = 0; k < count * field->element_count; k++) {
        const struct wire_field *element = &field->elements[k % field->element_count];
        uint8_t *at = body + field->array + k / field->element_count * field->width;
        fit_number(element, at + element->offset);
    }
}

bool values_fit(struct wire_message *message)
{
    const struct wire_schema *schema = wire_schema_of(message->type);
    uint8_t *body = (uint8_t *)&message->body;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct wire_field *field = &schema->fields[i];
        switch (field->kind) {
        case WIRE_INTEGER:
        case WIRE_TIME: fit_number(field, body + field->offset); break;
        case WIRE_BYTES:
        case WIRE_TEXT: fit_bytes(field, body + field->offset); break;
        case WIRE_LIST: fit_list(field, body); break;
        }
    }
    return schema->check(message) == FERRY_OK;
}

/* Small numbers, numbers at an edge of their range, and any number. */
static uint64_t draw(const struct wire_field *field, struct script_record *input)
{
    const uint8_t how = script_u8(input);
    switch (how >> 6) {
    case 0: return how & 0x3fU;
    case 1: return field->min + (how & 0x3fU);
    case 2: return field->max - (how & 0x3fU);
    default: {
        const uint64_t low = script_u32(input);
        return low | (uint64_t)script_u32(input) << 32;
    }
    }
}

static void draw_field(const struct wire_field *field, struct script_record *input, uint8_t *body)
{
    struct ferry_bytes bytes = {0};
    switch (field->kind) {
    case WIRE_INTEGER:
    case WIRE_TIME: store(body + field->offset, field->width, draw(field, input)); return;
    case WIRE_BYTES:
    case WIRE_TEXT:
        bytes.size = script_u8(input);
        bytes.size = bytes.size < input->size ? bytes.size : input->size;
        bytes.data = input->bytes;
        input->bytes += bytes.size;
        input->size -= bytes.size;
        memcpy(body + field->offset, &bytes, sizeof(bytes));
        return;
    case WIRE_LIST: {
        const uint64_t count = fit(field, script_u8(input));
        store(body + field->offset, sizeof(uint16_t), count);
        for (uint64_t k = 0; k < count * field->element_count; k++) {
            const struct wire_field *element = &field->elements[k % field->element_count];
            uint8_t *at = body + field->array + k / field->element_count * field->width;
            store(at + element->offset, element->width, draw(element, input));
        }
        return;
    }
    }
}

bool values_message(struct script_record *input, struct wire_message *message_out)
{
    size_t count = 0;
    while (wire_schema_at(count) != NULL) {
        count++;
    }
    const struct wire_schema *schema = wire_schema_at(script_u8(input) % count);
    memset(message_out, 0, sizeof(*message_out));
    message_out->type = schema->type;
    for (size_t i = 0; i < schema->field_count; i++) {
        draw_field(&schema->fields[i], input, (uint8_t *)&message_out->body);
    }
    return values_fit(message_out);
}
