/* SPDX-License-Identifier: Apache-2.0 */
/* script.c -- see script.h. */
#include "fuzz/input/script.h"

#include <string.h>

struct script script_of(const uint8_t *data, size_t size)
{
    return (struct script){.at = data, .left = size};
}

bool script_next(struct script *script, struct script_record *record_out)
{
    if (script->left == 0) {
        return false;
    }
    struct script_record header = {.bytes = script->at, .size = script->left};
    record_out->kind = script_u8(&header);
    const size_t size = script_u16(&header);
    record_out->bytes = header.bytes;
    record_out->size = size < header.size ? size : header.size;
    script->at = header.bytes + record_out->size;
    script->left = header.size - record_out->size;
    return true;
}

uint8_t script_u8(struct script_record *record)
{
    if (record->size == 0) {
        return 0;
    }
    const uint8_t value = record->bytes[0];
    record->bytes++;
    record->size--;
    return value;
}

uint16_t script_u16(struct script_record *record)
{
    const uint8_t low = script_u8(record);
    const uint8_t high = script_u8(record);
    return (uint16_t)(low | high << 8);
}

uint32_t script_u32(struct script_record *record)
{
    const uint32_t low = script_u16(record);
    const uint32_t high = script_u16(record);
    return low | high << 16;
}

uint64_t script_power(struct script_record *record, uint32_t bits)
{
    const uint8_t value = script_u8(record);
    return value == 0 ? 0 : 1ULL << (value - 1U) % bits;
}

size_t
script_append(uint8_t *data, size_t size, size_t capacity, const struct script_record *record)
{
    if (record->size > UINT16_MAX || capacity - size < SCRIPT_HEADER + record->size) {
        return size;
    }
    data[size] = record->kind;
    data[size + 1] = (uint8_t)record->size;
    data[size + 2] = (uint8_t)(record->size >> 8);
    if (record->size != 0) {
        memmove(data + size + SCRIPT_HEADER, record->bytes, record->size);
    }
    return size + SCRIPT_HEADER + record->size;
}
