/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c -- libfyaml's events become a tree; and the list of errors. */
#include "engine/host/config/tree.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- errors ------------------------------------------------------------------------------------- */

static bool stands_before(const struct config_error *error, unsigned line, unsigned column)
{
    if (error->line == 0 || line == 0) {
        return line == 0; /* what has no place comes last */
    }
    return error->line < line || (error->line == line && error->column <= column);
}

/* Keeps the list in the order of the file. */
static void insert_error(struct reading *reading, struct config_error error)
{
    struct config_errors *errors = reading->errors;
    size_t at = errors->count;

    while (at > 0 && !stands_before(&errors->items[at - 1], error.line, error.column)) {
        errors->items[at] = errors->items[at - 1];
        at--;
    }
    errors->items[at] = error;
    errors->count++;
}

void config_error(struct reading *reading, unsigned line, unsigned column, const char *format, ...)
{
    char what[HOST_ERROR_TEXT_MAX];
    char *message = NULL;
    va_list arguments;

    if (reading->errors->count == CONFIG_ERRORS_MAX) {
        reading->errors->suppressed++;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    const int length = line == 0
                           ? asprintf(&message, "%s: %s", reading->name, what)
                           : asprintf(&message, "%s:%u:%u: %s", reading->name, line, column, what);

    if (length < 0) {
        reading->no_memory = true;
        return;
    }
    insert_error(
        reading, (struct config_error){.line = line, .column = column, .message = message});
}

void config_errors_release(struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        free(errors->items[i].message);
    }
    *errors = (struct config_errors){.count = 0};
}

/* -- the tree ----------------------------------------------------------------------------------- */

struct growth {
    struct reading *reading;
    struct tree_node *open[TREE_DEPTH_MAX];
    size_t depth;
    struct tree_node *root;
    unsigned documents;
    bool stopped;
};

const char *tree_describe(const struct tree_node *node)
{
    switch (node->kind) {
    case TREE_LIST: return "a list";
    case TREE_MAP: return "a mapping";
    case TREE_SCALAR: break;
    }
    return node->plain && node->text[0] == '\0' ? "nothing" : "a text";
}

static struct tree_node *
add_node(struct growth *growth, enum tree_kind kind, const struct fy_mark *mark)
{
    struct reading *reading = growth->reading;
    struct tree_node *node = calloc(1, sizeof *node);

    if (node == NULL || reading->node_count == TREE_NODES_MAX) {
        free(node);
        growth->stopped = true;
        if (reading->node_count == TREE_NODES_MAX) {
            config_error(reading, 0, 0, "too many values for a configuration");
        } else {
            reading->no_memory = true;
        }
        return NULL;
    }
    node->kind = kind;
    node->line = mark == NULL ? 1 : (unsigned)mark->line + 1;
    node->column = mark == NULL ? 1 : (unsigned)mark->column + 1;
    node->older = reading->nodes;
    reading->nodes = node;
    reading->node_count++;
    if (growth->depth == 0) {
        growth->root = growth->root == NULL ? node : growth->root;
        return node;
    }
    struct tree_node *parent = growth->open[growth->depth - 1];

    if (parent->last == NULL) {
        parent->first = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
    return node;
}

static void open_node(struct growth *growth, enum tree_kind kind, const struct fy_mark *mark)
{
    struct tree_node *node = add_node(growth, kind, mark);

    if (node == NULL) {
        return;
    }
    if (growth->depth == TREE_DEPTH_MAX) {
        config_error(
            growth->reading, node->line, node->column, "nested too deeply for a configuration");
        growth->stopped = true;
        return;
    }
    growth->open[growth->depth] = node;
    growth->depth++;
}

static void add_scalar(struct growth *growth, struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    struct tree_node *node = add_node(growth, TREE_SCALAR, fy_event_start_mark(event));
    size_t size = 0;

    if (node == NULL) {
        return;
    }
    const char *text = token == NULL ? NULL : fy_token_get_text(token, &size);

    size = text == NULL ? 0 : size;
    node->plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
    node->text = calloc(1, size + 1);
    if (node->text == NULL) {
        growth->reading->no_memory = true;
        growth->stopped = true;
        return;
    }
    if (size > 0) {
        memcpy(node->text, text, size);
    }
    if (strlen(node->text) != size) {
        config_error(growth->reading, node->line, node->column, "a text with a zero byte in it");
    }
}

static void refuse(struct growth *growth, struct fy_event *event, const char *what)
{
    const struct fy_mark *mark = fy_event_start_mark(event);

    config_error(
        growth->reading,
        mark == NULL ? 1 : (unsigned)mark->line + 1,
        mark == NULL ? 1 : (unsigned)mark->column + 1,
        "%s are not read in a configuration",
        what);
}

static void refuse_extras(
    struct growth *growth,
    struct fy_event *event,
    const struct fy_token *anchor,
    const struct fy_token *tag)
{
    if (anchor != NULL) {
        refuse(growth, event, "anchors (&name)");
    }
    if (tag != NULL) {
        refuse(growth, event, "tags (!name)");
    }
}

static void take_event(struct growth *growth, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        growth->documents++;
        if (growth->documents == 2) {
            refuse(growth, event, "further documents (---)");
            growth->stopped = true;
        }
        break;
    case FYET_MAPPING_START:
        refuse_extras(growth, event, event->mapping_start.anchor, event->mapping_start.tag);
        open_node(growth, TREE_MAP, fy_event_start_mark(event));
        break;
    case FYET_SEQUENCE_START:
        refuse_extras(growth, event, event->sequence_start.anchor, event->sequence_start.tag);
        open_node(growth, TREE_LIST, fy_event_start_mark(event));
        break;
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        if (growth->depth > 0) {
            growth->depth--;
        }
        break;
    case FYET_SCALAR:
        refuse_extras(growth, event, event->scalar.anchor, event->scalar.tag);
        add_scalar(growth, event);
        break;
    case FYET_ALIAS:
        refuse(growth, event, "aliases (*name)");
        growth->stopped = true;
        break;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END: break;
    }
}

static void tell_syntax_errors(struct reading *reading, struct fy_diag *diag)
{
    void *position = NULL;
    const struct fy_diag_error *error = NULL;
    bool told = false;

    while ((error = fy_diag_errors_iterate(diag, &position)) != NULL) {
        config_error(
            reading,
            error->line > 0 ? (unsigned)error->line : 1,
            error->column > 0 ? (unsigned)error->column : 1,
            "no YAML: %s",
            error->msg == NULL ? "cannot be read" : error->msg);
        told = true;
    }
    if (!told) {
        config_error(reading, 0, 0, "no YAML: cannot be read");
    }
}

static struct tree_node *
parse(struct reading *reading, struct fy_diag *diag, const char *text, size_t size)
{
    const struct fy_parse_cfg config = {
        .flags =
            FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
        .diag = diag,
    };
    struct growth growth = {.reading = reading};
    struct fy_parser *parser = fy_parser_create(&config);
    struct fy_event *event = NULL;

    if (parser == NULL || fy_parser_set_string(parser, text, size) != 0) {
        reading->no_memory = true;
        growth.stopped = true;
    }
    while (!growth.stopped && (event = fy_parser_parse(parser)) != NULL) {
        take_event(&growth, event);
        fy_parser_event_free(parser, event);
    }
    if (!growth.stopped && fy_parser_get_stream_error(parser)) {
        tell_syntax_errors(reading, diag);
        growth.stopped = true;
    }
    fy_parser_destroy(parser);
    return growth.stopped ? NULL : growth.root;
}

/* Bytes of the UTF-8 sequence at `text`, 0 if there is none: RFC 3629's table. */
static size_t character_size(const unsigned char *text, size_t size)
{
    const unsigned char first = text[0];
    size_t length = 2;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;

    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xe0) {
        length = first >= 0xf0 ? 4 : 3;
        low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    }
    if (first < 0xc2 || first > 0xf4 || size < length || text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

/* The reader of YAML never sees what is no text: libfyaml reads for ever where a line that begins
 * with '%' has a byte that is not UTF-8. */
static bool is_text(struct reading *reading, const char *text, size_t size)
{
    unsigned line = 1;
    unsigned column = 1;

    if (size > CONFIG_FILE_MAX) {
        config_error(reading, 0, 0, "larger than %u bytes", CONFIG_FILE_MAX);
        return false;
    }
    for (size_t i = 0; i < size;) {
        const unsigned char byte = (unsigned char)text[i];
        const size_t length = character_size((const unsigned char *)text + i, size - i);
        const bool control = byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t';

        if (length == 0 || control || byte == 0x7f) {
            config_error(reading, line, column, "byte 0x%02x is not text", byte);
            return false;
        }
        i += length;
        column++;
        if (byte == '\n') {
            line++;
            column = 1;
        }
    }
    return true;
}

struct tree_node *tree_read(struct reading *reading, const char *text, size_t size)
{
    struct fy_diag_cfg diagnosis;

    if (!is_text(reading, text, size)) {
        return NULL;
    }
    if (size == 0) {
        config_error(reading, 0, 0, "the file is empty");
        return NULL;
    }
    fy_diag_cfg_default(&diagnosis);
    diagnosis.fp = NULL;
    diagnosis.output_fn = NULL;
    diagnosis.level = FYET_ERROR;
    struct fy_diag *diag = fy_diag_create(&diagnosis);

    if (diag == NULL) {
        reading->no_memory = true;
        return NULL;
    }
    fy_diag_set_collect_errors(diag, true);
    struct tree_node *root = parse(reading, diag, text, size);

    fy_diag_destroy(diag);
    if (root == NULL && reading->errors->count == 0 && !reading->no_memory) {
        config_error(reading, 0, 0, "the file holds nothing");
    }
    return root;
}

void tree_release(struct reading *reading)
{
    while (reading->nodes != NULL) {
        struct tree_node *node = reading->nodes;

        reading->nodes = node->older;
        free(node->text);
        free(node);
    }
}
