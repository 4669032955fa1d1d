/* SPDX-License-Identifier: Apache-2.0 */
/* dictionary.c -- libFuzzer's dictionaries of the targets that take frames, made of the message table: for each message a
 * header as it stands behind the length, and for each field the edges of its range, as wide as it is on the wire.
 *
 * Run from the top of the tree; compares with fuzz/TARGET.dict, and with --accept rewrites them. */
#include "fuzz/claim.h"
#include "stream/frames.h"
#include "wire/schema.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 512U

static struct {
    uint8_t bytes[8];
    size_t size;
} known[ENTRIES_MAX];
static size_t known_count;

/* Once: two fields with the same edge are one entry. */
static void entry(FILE *out, const char *name, const char *what, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < known_count; i++) {
        if (known[i].size == size && memcmp(known[i].bytes, bytes, size) == 0) {
            return;
        }
    }
    holds(known_count < ENTRIES_MAX && size <= sizeof(known[0].bytes));
    memcpy(known[known_count].bytes, bytes, size);
    known[known_count].size = size;
    known_count++;
    (void)fprintf(out, "%s%s=\"", name, what);
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(out, "\\x%02x", bytes[i]);
    }
    (void)fprintf(out, "\"\n");
}

static void number(FILE *out, const char *name, const char *what, uint64_t value, size_t width)
{
    uint8_t bytes[8] = {0};
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    entry(out, name, what, bytes, width);
}

/* Type, section, and a body of no bytes. */
static void header(FILE *out, const char *name, uint16_t type, uint16_t section)
{
    const uint8_t bytes[8] = {
        (uint8_t)type, (uint8_t)(type >> 8), (uint8_t)section, (uint8_t)(section >> 8), 0, 0, 0, 0};
    entry(out, name, "", bytes, sizeof(bytes));
}

static void edges(FILE *out, const struct wire_field *field)
{
    const size_t width = field->kind == WIRE_INTEGER || field->kind == WIRE_TIME ? field->width : 2;
    number(out, field->name, "_min", field->min, width);
    number(out, field->name, "_below", field->min - 1, width);
    number(out, field->name, "_max", field->max, width);
    number(out, field->name, "_above", field->max + 1, width);
}

/* What may be anything has no edges. */
static void list_edges(FILE *out, const struct wire_field *field)
{
    for (size_t i = 0; i < field->element_count; i++) {
        if (field->elements[i].max != UINT64_MAX) {
            edges(out, &field->elements[i]);
        }
    }
}

static void messages(FILE *out, bool of_source, bool of_target)
{
    for (size_t i = 0; wire_schema_at(i) != NULL; i++) {
        const struct wire_schema *schema = wire_schema_at(i);
        if (schema->from_target ? !of_target : !of_source) {
            continue;
        }
        header(out, schema->name, (uint16_t)schema->type, WIRE_SECTION_CONTROL);
        for (size_t k = 0; k < schema->field_count; k++) {
            const struct wire_field *field = &schema->fields[k];
            edges(out, field);
            if (field->kind == WIRE_LIST) {
                list_edges(out, field);
            }
        }
    }
}

static void frames(FILE *out)
{
    header(out, "begin_memory", STREAM_BEGIN, WIRE_SECTION_MEMORY);
    header(out, "begin_devices", STREAM_BEGIN, WIRE_SECTION_DEVICES);
    header(out, "pages", STREAM_PAGES, WIRE_SECTION_MEMORY);
    header(out, "state", STREAM_STATE, WIRE_SECTION_DEVICES);
    header(out, "end_memory", STREAM_END, WIRE_SECTION_MEMORY);
    header(out, "end_devices", STREAM_END, WIRE_SECTION_DEVICES);
    header(out, "barrier", STREAM_BARRIER, WIRE_SECTION_MEMORY);
    number(out, "body_of_one_page", "", FERRY_PAGE_SIZE_MIN, 4);
    number(out, "body_of_the_largest_frame", "", STREAM_BODY_MAX, 4);
    number(out, "head_max", "", FERRY_STREAM_HEAD_MAX, 4);
    static const uint8_t varint_128[] = {0x80, 0x01};
    static const uint8_t varint_of_a_round[] = {0xff, 0xff, 0xff, 0xff, 0x0f};
    static const uint8_t varint_too_long[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
    entry(out, "varint_128", "", varint_128, sizeof(varint_128));
    entry(out, "varint_round_none", "", varint_of_a_round, sizeof(varint_of_a_round));
    entry(out, "varint_without_end", "", varint_too_long, sizeof(varint_too_long));
    static const uint8_t magic[] = {'F', 'E', 'R', 'R', 'Y', '\r', '\n', 0};
    entry(out, "magic", "", magic, sizeof(magic));
}

static bool dictionary(const char *target, bool of_source, bool of_target, bool accept)
{
    char path[64];
    char *text = NULL;
    size_t size = 0;
    const int length = snprintf(path, sizeof(path), "fuzz/%s.dict", target);
    FILE *out = open_memstream(&text, &size);
    holds(length > 0 && (size_t)length < sizeof(path) && out != NULL);
    (void)fprintf(
        out,
        "# SPDX-License-Identifier: Apache-2.0\n"
        "# Made of the message table by fuzz_dictionary --accept: headers of messages and frames, "
        "edges of fields.\n");
    known_count = 0;
    messages(out, of_source, of_target);
    if (of_source) {
        frames(out);
    }
    holds(fclose(out) == 0);
    static char found[1U << 16];
    FILE *file = fopen(path, accept ? "wb" : "rb");
    bool same = file != NULL;
    if (same) {
        size_t done = 0;
        if (accept) {
            done = fwrite(text, 1, size, file);
        } else {
            done = fread(found, 1, sizeof(found), file);
        }
        same = done == size && (accept || memcmp(found, text, size) == 0);
        same = fclose(file) == 0 && same;
    }
    printf(
        "%s: %zu entries%s\n",
        path,
        known_count,
        same ? "" : ", out of date: run fuzz_dictionary --accept");
    free(text);
    return same;
}

int main(int argc, char **argv)
{
    const bool accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
    bool good = dictionary("decoder", true, true, accept);
    good = dictionary("hostile_source", true, false, accept) && good;
    good = dictionary("hostile_target", false, true, accept) && good;
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
