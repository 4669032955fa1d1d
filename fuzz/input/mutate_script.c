/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_script.c -- a script changed record by record: taken out, put in, repeated, swapped, or changed in its kind or its
 * arguments; arguments that are frames are changed as frames. And two scripts made one. */
#include "fuzz/input/mutate.h"
#include "fuzz/input/script.h"

#include <string.h>

#define RECORDS_MAX 128U
#define SCRIPT_MAX  (1U << 16)

struct records {
    struct script_record items[RECORDS_MAX];
    uint32_t count;
};

static void read_records(struct records *records, const uint8_t *data, size_t size)
{
    struct script script = script_of(data, size);
    records->count = 0;
    while (records->count < RECORDS_MAX && script_next(&script, &records->items[records->count])) {
        records->count++;
    }
}

static size_t write_records(const struct records *records, uint8_t *out, size_t max_size)
{
    size_t size = 0;
    for (uint32_t i = 0; i < records->count; i++) {
        size = script_append(out, size, max_size, &records->items[i]);
    }
    return size;
}

static void insert(struct records *records, uint32_t at, struct script_record record)
{
    if (records->count == RECORDS_MAX) {
        return;
    }
    for (uint32_t i = records->count; i > at; i--) {
        records->items[i] = records->items[i - 1];
    }
    records->items[at] = record;
    records->count++;
}

static void erase(struct records *records, uint32_t at)
{
    records->count--;
    for (uint32_t i = at; i < records->count; i++) {
        records->items[i] = records->items[i + 1];
    }
}

static void change_arguments(
    struct mutate *mutate, const struct mutate_rules *rules, struct script_record *record)
{
    static uint8_t changed[SCRIPT_MAX];
    const uint8_t kind = (uint8_t)((record->kind & 0x7fU) % rules->kinds);
    const size_t skip = kind == rules->payload ? 1 : 0;
    const size_t room =
        record->size + 512U < sizeof(changed) ? record->size + 512U : sizeof(changed);
    memcpy(changed, record->bytes, record->size);
    if ((kind == rules->frames || kind == rules->payload) && record->size > skip) {
        record->size = skip + mutate_frames(
                                  mutate,
                                  changed + skip,
                                  record->size - skip,
                                  room - skip,
                                  rules->bodies,
                                  kind == rules->frames);
    } else if (record->size == 0 || mutate_draw(mutate, 8) == 0) {
        record->size = mutate->bytes(changed, record->size, rules->arguments + 8U);
    } else {
        const size_t at = (size_t)mutate_draw(mutate, record->size);
        changed[at] =
            (uint8_t)(mutate_draw(mutate, 2) == 0 ? mutate_draw(mutate, 256) : changed[at] + mutate_draw(mutate, 9) - 4);
    }
    record->bytes = changed;
}

static struct script_record fresh(struct mutate *mutate, const struct mutate_rules *rules)
{
    static uint8_t arguments[256];
    struct script_record record = {
        .kind = (uint8_t)mutate_draw(mutate, rules->kinds),
        .bytes = arguments,
        .size = (size_t)mutate_draw(mutate, rules->arguments + 1U),
    };
    for (size_t i = 0; i < record.size; i++) {
        arguments[i] =
            (uint8_t)(mutate_draw(mutate, 3) == 0 ? mutate_draw(mutate, 256) : mutate_draw(mutate, 8));
    }
    return record;
}

size_t mutate_script(
    struct mutate *mutate,
    const struct mutate_rules *rules,
    uint8_t *data,
    size_t size,
    size_t max_size)
{
    static struct records records;
    static uint8_t out[SCRIPT_MAX];
    read_records(&records, data, size);
    const uint64_t what = mutate_draw(mutate, 8);
    if (records.count == 0 || what == 0) {
        insert(&records, (uint32_t)mutate_draw(mutate, records.count + 1ULL), fresh(mutate, rules));
    } else {
        const uint32_t at = (uint32_t)mutate_draw(mutate, records.count);
        const uint32_t other = (uint32_t)mutate_draw(mutate, records.count);
        const struct script_record record = records.items[at];
        switch (what) {
        case 1: erase(&records, at); break;
        case 2: insert(&records, other, record); break;
        case 3:
            records.items[at] = records.items[other];
            records.items[other] = record;
            break;
        case 4:
            records.items[at].kind = (uint8_t)(mutate_draw(mutate, 3) == 0
                                                   ? record.kind ^ 0x80U
                                                   : mutate_draw(mutate, rules->kinds));
            break;
        default: change_arguments(mutate, rules, &records.items[at]); break;
        }
    }
    const size_t written =
        write_records(&records, out, max_size < sizeof(out) ? max_size : sizeof(out));
    memcpy(data, out, written);
    return written;
}

size_t mutate_input(
    struct mutate *mutate,
    const struct mutate_rules *rules,
    uint8_t *data,
    size_t size,
    size_t max_size)
{
    if (size <= rules->header || max_size <= rules->header || mutate_draw(mutate, 16) == 0) {
        return mutate->bytes(data, size, max_size);
    }
    if (mutate_draw(mutate, 12) == 0) {
        data[mutate_draw(mutate, rules->header)] = (uint8_t)mutate_draw(mutate, 256);
        return size;
    }
    uint8_t *body = data + rules->header;
    const size_t body_size = size - rules->header;
    const size_t room = max_size - rules->header;
    if (rules->form == MUTATE_SCRIPT) {
        return rules->header + mutate_script(mutate, rules, body, body_size, room);
    }
    const bool control = (data[0] & 1U) != 0;
    const enum frames_bodies bodies =
        (data[0] & 4U) != 0 ? FRAMES_BODIES_NONE : FRAMES_BODIES_WHOLE;
    return rules->header + mutate_frames(mutate, body, body_size, room, bodies, control);
}

size_t mutate_cross(
    struct mutate *mutate,
    const struct mutate_rules *rules,
    struct ferry_bytes first,
    struct ferry_bytes second,
    uint8_t *out,
    size_t max_size)
{
    static struct records one;
    static struct records two;
    if (rules->form != MUTATE_SCRIPT || first.size < rules->header || second.size < rules->header ||
        max_size < rules->header) {
        const size_t size = first.size < max_size ? first.size : max_size;
        if (size != 0) {
            memcpy(out, first.data, size);
        }
        return size;
    }
    read_records(&one, first.data + rules->header, first.size - rules->header);
    read_records(&two, second.data + rules->header, second.size - rules->header);
    memcpy(out, first.data, rules->header);
    const uint32_t cut = (uint32_t)mutate_draw(mutate, one.count + 1ULL);
    const uint32_t from = (uint32_t)mutate_draw(mutate, two.count + 1ULL);
    one.count = cut;
    for (uint32_t i = from; i < two.count; i++) {
        insert(&one, one.count, two.items[i]);
    }
    return rules->header + write_records(&one, out + rules->header, max_size - rules->header);
}
