/* SPDX-License-Identifier: Apache-2.0 */
/* protocol_test.c -- docs/protocol.md says of every control message what the code's tables say. */
#include "support/document.h"
#include "wire/schema.h"

#include <inttypes.h>
#include <stdio.h>

#define DOCUMENT "docs/protocol.md"

static void wire_column(const struct wire_field *field, char *out, size_t capacity)
{
    switch (field->kind) {
    case WIRE_INTEGER: (void)snprintf(out, capacity, "u%zu", 8 * field->width); break;
    case WIRE_TIME: (void)snprintf(out, capacity, "i64 ns"); break;
    case WIRE_BYTES: (void)snprintf(out, capacity, "u16 size, bytes"); break;
    case WIRE_TEXT: (void)snprintf(out, capacity, "u16 size, text"); break;
    case WIRE_LIST: (void)snprintf(out, capacity, "u16 count, elements"); break;
    }
}

static void range_column(const struct wire_field *field, char *out, size_t capacity)
{
    const uint64_t largest =
        field->width < 8 ? (UINT64_C(1) << (8 * field->width)) - 1 : UINT64_MAX;
    if (field->kind == WIRE_INTEGER && field->min == 0 && field->max == largest) {
        (void)snprintf(out, capacity, "any");
    } else if (field->kind == WIRE_TIME) {
        (void)snprintf(out, capacity, "not negative");
    } else if (field->kind == WIRE_INTEGER && field->max == largest) {
        (void)snprintf(out, capacity, "at least %" PRIu64, field->min);
    } else {
        (void)snprintf(out, capacity, "%" PRIu64 " to %" PRIu64, field->min, field->max);
    }
}

static void add_row(struct document_text *text, const char *list, const struct wire_field *field)
{
    char wire[64];
    char range[64];
    wire_column(field, wire, sizeof(wire));
    range_column(field, range, sizeof(range));
    if (list != NULL) {
        document_add(text, "| %s[].%s | %s | %s |\n", list, field->name, wire, range);
    } else {
        document_add(text, "| %s | %s | %s |\n", field->name, wire, range);
    }
}

static void add_field(struct document_text *text, const struct wire_field *field)
{
    add_row(text, NULL, field);
    for (size_t i = 0; i < field->element_count; i++) {
        add_row(text, field->name, &field->elements[i]);
    }
}

static void add_message(struct document_text *text, const struct wire_schema *schema)
{
    const size_t min = wire_schema_size_min(schema);
    const size_t max = wire_schema_size_max(schema);
    document_add(
        text,
        "\n### %s: type %d, %s, ",
        schema->name,
        (int)schema->type,
        schema->from_target ? "target to source" : "source to target");
    if (schema->field_count == 0) {
        document_add(text, "no fields\n");
        return;
    }
    if (min == max) {
        document_add(text, "%zu bytes\n\n", min);
    } else {
        document_add(text, "%zu to %zu bytes\n\n", min, max);
    }
    document_add(text, "| field | on the wire | range |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < schema->field_count; i++) {
        add_field(text, &schema->fields[i]);
    }
}

static void the_document_lists_every_message_as_it_is(void **unused)
{
    (void)unused;
    struct document_text text = {.data = NULL};
    for (size_t i = 0; wire_schema_at(i) != NULL; i++) {
        add_message(&text, wire_schema_at(i));
    }
    document_add(&text, "\n");
    document_check(DOCUMENT, "messages", &text);
}

static void the_document_says_what_every_message_is_for(void **unused)
{
    (void)unused;
    char start[64];
    for (size_t i = 0; wire_schema_at(i) != NULL; i++) {
        (void)snprintf(start, sizeof(start), "| %s | ", wire_schema_at(i)->name);
        document_has_line(DOCUMENT, start);
    }
    (void)snprintf(
        start, sizeof(start), "# The wire protocol, version %d\n", FERRY_PROTOCOL_VERSION_MAX);
    document_has_line(DOCUMENT, start);
}

static void the_document_lists_every_code(void **unused)
{
    (void)unused;
    struct document_text text = {.data = NULL};
    document_add(&text, "\n| code | what the receiver reports |\n| --- | --- |\n");
    for (int code = WIRE_CODE_OTHER; code <= WIRE_CODE_SIZE; code++) {
        document_add(
            &text,
            "| %d | %s |\n",
            code,
            ferry_status_sentence(wire_status_of_code((uint16_t)code)));
    }
    document_add(&text, "\n");
    document_check(DOCUMENT, "codes", &text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_lists_every_message_as_it_is),
        cmocka_unit_test(the_document_says_what_every_message_is_for),
        cmocka_unit_test(the_document_lists_every_code),
    };
    document_arguments(argc, argv);
    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
