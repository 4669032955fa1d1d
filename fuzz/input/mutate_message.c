/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_message.c -- one field of a control message changed, found by the message table (wire/schema.h). */
#include "fuzz/input/mutate.h"
#include "wire/schema.h"

#include <string.h>

/* Where a field stands in a payload. */
struct place {
    const struct wire_field *field; /* an integer or time, or one whose length is meant */
    const struct wire_field *counted;
    size_t at;
    size_t width;
};

static uint64_t load(const uint8_t *bytes, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

static void store(uint8_t *bytes, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static size_t element_size(const struct wire_field *field)
{
    size_t size = field->kind == WIRE_LIST ? 0 : 1;
    for (size_t i = 0; field->kind == WIRE_LIST && i < field->element_count; i++) {
        size += field->elements[i].width;
    }
    return size;
}

/* The n-th number of a payload, lengths among them; false: there are fewer, or the payload ends before. */
static bool find(
    const struct wire_schema *schema,
    const uint8_t *payload,
    size_t size,
    uint32_t n,
    struct place *place_out)
{
    size_t at = 0;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct wire_field *field = &schema->fields[i];
        const bool number = field->kind == WIRE_INTEGER || field->kind == WIRE_TIME;
        const size_t width = number ? field->width : 2;
        if (at + width > size) {
            return false;
        }
        if (n == 0) {
            *place_out = (struct place){
                .field = field, .counted = number ? NULL : field, .at = at, .width = width};
            return true;
        }
        n--;
        const uint64_t count = number ? 0 : load(payload + at, 2);
        at += width;
        for (uint64_t k = 0; field->kind == WIRE_LIST && k < count * field->element_count; k++) {
            const struct wire_field *element = &field->elements[k % field->element_count];
            if (n == 0 && at + element->width <= size) {
                *place_out = (struct place){.field = element, .at = at, .width = element->width};
                return true;
            }
            n--;
            at += element->width;
        }
        at += field->kind == WIRE_LIST || number ? 0 : (size_t)count;
    }
    return false;
}

static uint64_t other_value(struct mutate *mutate, const struct wire_field *field, uint64_t value)
{
    switch (mutate_draw(mutate, 10)) {
    case 0: return field->min;
    case 1: return field->max;
    case 2: return field->min - 1;
    case 3: return field->max + 1;
    case 4: return value + 1;
    case 5: return value - 1;
    case 6: return mutate_draw(mutate, 8);
    case 7: return value ^ 1ULL << mutate_draw(mutate, 64);
    case 8: return field->min + mutate_draw(mutate, 16);
    default: return mutate_draw(mutate, UINT64_MAX);
    }
}

/* A length, and one element (or byte) more or less, so that the two agree. */
static size_t change_length(
    struct mutate *mutate, const struct place *place, uint8_t *payload, size_t size, size_t room)
{
    const size_t element = element_size(place->counted);
    const uint64_t count = load(payload + place->at, 2);
    const size_t body = place->at + 2;
    if (mutate_draw(mutate, 2) == 0 && count > 0 && size >= body + element) {
        memmove(payload + body, payload + body + element, size - body - element);
        store(payload + place->at, 2, count - 1);
        return size - element;
    }
    if (size < body || room < element) {
        return size;
    }
    memmove(payload + body + element, payload + body, size - body);
    memset(payload + body, (int)mutate_draw(mutate, 128), element);
    store(payload + place->at, 2, count + 1);
    return size + element;
}

size_t mutate_message(struct mutate *mutate, uint8_t *frame, size_t size, size_t max_size)
{
    struct wire_frame header = wire_frame_parse(frame);
    const struct wire_schema *schema = wire_schema_of(header.type);
    uint8_t *payload = frame + WIRE_FRAME_HEADER_SIZE;
    size_t payload_size = size - WIRE_FRAME_HEADER_SIZE;
    struct place place;
    if (schema == NULL || !find(
                              schema,
                              payload,
                              payload_size,
                              (uint32_t)mutate_draw(mutate, schema->field_count + 4),
                              &place)) {
        return size;
    }
    if (place.counted != NULL && mutate_draw(mutate, 4) != 0) {
        payload_size = change_length(mutate, &place, payload, payload_size, max_size - size);
    } else {
        const uint64_t value = load(payload + place.at, place.width);
        store(payload + place.at, place.width, other_value(mutate, place.field, value));
    }
    header.head_size = (uint32_t)payload_size;
    wire_frame_seal(&header, frame);
    return WIRE_FRAME_HEADER_SIZE + payload_size;
}
