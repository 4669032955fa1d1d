/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.c -- libfyaml's events, turned into a tree.
 *
 * The event interface is used, not libfyaml's documents: those are built without bounds and stop
 * at the first duplicate key.  Nothing here recurses, a file cannot choose how deep our stack goes.
 */
#include "sim/scenario/yaml.h"

#include "sim/scenario/quantity.h"

#include <libfyaml.h>
#include <stdint.h>
#include <string.h>

/* The tree while it grows: the open lists and mappings, the innermost last. */
struct growth {
    struct parse *parse;
    struct yaml_node *open[YAML_DEPTH_MAX];
    size_t depth;
    struct yaml_node *root;
    size_t nodes;
    size_t documents;
    struct scenario_mark last_mark; /* of the last token that had one */
    bool stopped;                   /* a bound was reached: read no further */
};

static struct scenario_mark place_of(const char *text, size_t offset)
{
    struct scenario_mark mark = {.line = 1, .column = 1};
    for (size_t index = 0; index < offset; index++) {
        mark.column++;
        if (text[index] == '\n') {
            mark.line++;
            mark.column = 1;
        }
    }
    return mark;
}

/* Bytes of the UTF-8 sequence at `text`, 0 if there is none. */
static size_t utf8_length(const unsigned char *text, size_t size)
{
    if (text[0] < 0x80) {
        return 1;
    }
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4 || size < length) {
        return 0;
    }
    for (size_t index = 1; index < length; index++) {
        if ((text[index] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates, and what lies above the last code point. */
    bool bad = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
               (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f);
    return bad ? 0 : length;
}

/* Is this text at all?  The YAML reader never sees a file that is not. */
static bool check_text(struct parse *parse, const char *text, size_t size)
{
    if (size > YAML_SIZE_MAX) {
        parse_error(
            parse,
            place_of(text, 0),
            "the file is too large for a scenario, the limit is %zu bytes",
            YAML_SIZE_MAX);
        return false;
    }
    for (size_t offset = 0; offset < size;) {
        const unsigned char *here = (const unsigned char *)text + offset;
        size_t length = utf8_length(here, size - offset);
        bool control = here[0] < 0x20 && here[0] != '\n' && here[0] != '\r' && here[0] != '\t';
        if (length == 0 || control || here[0] == 0x7f) {
            parse_error(
                parse,
                place_of(text, offset),
                "byte 0x%02x is not text: a scenario is a YAML file in UTF-8",
                here[0]);
            return false;
        }
        offset += length;
    }
    return true;
}

static struct scenario_mark event_mark(struct growth *growth, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark != NULL) {
        growth->last_mark = (struct scenario_mark){
            .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1};
    }
    return growth->last_mark;
}

/* libfyaml's marks stand behind the sign: a quote, the star of an alias. */
static struct scenario_mark at_sign(struct scenario_mark mark)
{
    mark.column -= mark.column > 1 ? 1 : 0;
    return mark;
}

static bool is_quoted(struct fy_token *token)
{
    enum fy_scalar_style style = token == NULL ? FYSS_PLAIN : fy_token_scalar_style(token);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static void stop(struct growth *growth, struct scenario_mark mark, const char *why)
{
    parse_error(growth->parse, mark, "%s", why);
    growth->stopped = true;
}

static struct yaml_node *
add_node(struct growth *growth, enum yaml_kind kind, struct scenario_mark mark)
{
    if (growth->nodes == YAML_NODES_MAX) {
        stop(growth, mark, "the file has too many values for a scenario");
        return NULL;
    }
    growth->nodes++;
    struct yaml_node *node = arena_take(growth->parse->arena, 1, sizeof(*node));
    *node = (struct yaml_node){.kind = kind, .mark = mark, .text = ""};
    if (growth->depth == 0) {
        growth->root = growth->root == NULL ? node : growth->root;
        return node;
    }
    struct yaml_node *parent = growth->open[growth->depth - 1];
    if (parent->last == NULL) {
        parent->first = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
    parent->count++;
    return node;
}

static void open_node(struct growth *growth, enum yaml_kind kind, struct scenario_mark mark)
{
    if (growth->depth == YAML_DEPTH_MAX) {
        stop(growth, mark, "lists and mappings are nested too deeply for a scenario");
        return;
    }
    struct yaml_node *node = add_node(growth, kind, mark);
    if (node != NULL) {
        growth->open[growth->depth++] = node;
    }
}

static void close_node(struct growth *growth)
{
    if (growth->depth == 0) {
        return;
    }
    struct yaml_node *node = growth->open[--growth->depth];
    if (node->kind == YAML_MAP) {
        node->count /= 2; /* keys and values were counted */
    }
}

static void add_scalar(struct growth *growth, struct fy_event *event, struct scenario_mark mark)
{
    struct fy_token *token = event->scalar.value;
    mark = is_quoted(token) ? at_sign(mark) : mark;
    struct yaml_node *node = add_node(growth, YAML_SCALAR, mark);
    if (node == NULL) {
        return;
    }
    size_t size = 0;
    const char *text = token == NULL ? NULL : fy_token_get_text(token, &size);
    if (text == NULL) {
        size = 0;
    }
    if (size != 0 && memchr(text, 0, size) != NULL) {
        parse_error(growth->parse, mark, "a text must not contain a zero byte");
        node->broken = true;
        return;
    }
    node->text = arena_copy(growth->parse->arena, text, size);
    node->plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
}

static void refuse_extras(
    struct growth *growth,
    const struct fy_token *anchor,
    const struct fy_token *tag,
    struct scenario_mark mark)
{
    if (anchor != NULL) {
        parse_error(growth->parse, mark, "anchors (&name) are not read: write the value out");
    }
    if (tag != NULL) {
        parse_error(growth->parse, mark, "tags (!name) are not read: remove it");
    }
}

static void take_event(struct growth *growth, struct fy_event *event)
{
    struct scenario_mark mark = event_mark(growth, event);
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (growth->documents++ == 1) {
            stop(growth, mark, "a second document: a scenario file holds one");
        }
        break;
    case FYET_MAPPING_START:
        refuse_extras(growth, event->mapping_start.anchor, event->mapping_start.tag, mark);
        open_node(growth, YAML_MAP, mark);
        break;
    case FYET_SEQUENCE_START:
        refuse_extras(growth, event->sequence_start.anchor, event->sequence_start.tag, mark);
        open_node(growth, YAML_LIST, mark);
        break;
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END: close_node(growth); break;
    case FYET_SCALAR:
        refuse_extras(growth, event->scalar.anchor, event->scalar.tag, mark);
        add_scalar(growth, event, mark);
        break;
    case FYET_ALIAS: {
        mark = at_sign(mark);
        struct yaml_node *node = add_node(growth, YAML_SCALAR, mark);
        if (node != NULL) {
            node->broken = true;
        }
        parse_error(growth->parse, mark, "aliases (*name) are not read: write the value out");
        break;
    }
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END: break;
    }
}

/* `rounds: >= 3`: the slip that everybody makes once, and what libfyaml says of it helps nobody. */
static bool begins_with_greater(const char *text, size_t size, struct scenario_mark mark)
{
    const char *line = text;
    for (unsigned number = 1; number < mark.line; number++) {
        const char *end = memchr(line, '\n', size - (size_t)(line - text));
        if (end == NULL) {
            return false;
        }
        line = end + 1;
    }
    size_t rest = size - (size_t)(line - text);
    const char *end = memchr(line, '\n', rest);
    size_t length = end == NULL ? rest : (size_t)(end - line);
    for (size_t index = 0; index + 2 < length; index++) {
        if (line[index] == ':' && line[index + 1] == ' ' && line[index + 2] == '>') {
            return true;
        }
    }
    return false;
}

static void
tell_syntax_errors(struct yaml_reader *reader, struct parse *parse, const char *text, size_t size)
{
    void *position = NULL;
    size_t told = 0;
    const struct fy_diag_error *error;
    while ((error = fy_diag_errors_iterate(reader->diag, &position)) != NULL) {
        struct scenario_mark mark = {
            .line = error->line > 0 ? (unsigned)error->line : 1,
            .column = error->column > 0 ? (unsigned)error->column : 1,
        };
        bool greater = begins_with_greater(text, size, mark);
        parse_error(
            parse,
            mark,
            "not YAML: %s%s",
            error->msg == NULL ? "cannot be read" : error->msg,
            greater ? "; a value that begins with '>' needs quotes: '>= 3', or write: at least 3"
                    : "");
        told++;
    }
    if (told == 0) {
        parse_error(parse, place_of(text, 0), "not YAML: cannot be read");
    }
}

static bool open_reader(struct yaml_reader *reader, const char *text, size_t size)
{
    struct fy_diag_cfg diagnosis;
    fy_diag_cfg_default(&diagnosis);
    diagnosis.fp = NULL;
    diagnosis.output_fn = NULL;
    diagnosis.level = FYET_ERROR;
    reader->diag = fy_diag_create(&diagnosis);
    if (reader->diag == NULL) {
        return false;
    }
    fy_diag_set_collect_errors(reader->diag, true);
    struct fy_parse_cfg config = {
        .flags =
            FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
        .diag = reader->diag,
    };
    reader->parser = fy_parser_create(&config);
    return reader->parser != NULL && fy_parser_set_string(reader->parser, text, size) == 0;
}

struct yaml_node *
yaml_read(struct yaml_reader *reader, struct parse *parse, const char *text, size_t size)
{
    if (!check_text(parse, text, size)) {
        return NULL;
    }
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3; /* a byte order mark means nothing in UTF-8 */
        size -= 3;
    }
    if (size != 0 && !open_reader(reader, text, size)) {
        longjmp(*parse->arena->exhausted, 1);
    }
    struct growth growth = {
        .parse = parse, .last_mark = {.line = 1, .column = 1}
    };
    while (size != 0 && !growth.stopped) {
        reader->event = fy_parser_parse(reader->parser);
        if (reader->event == NULL) {
            break;
        }
        take_event(&growth, reader->event);
        fy_parser_event_free(reader->parser, reader->event);
        reader->event = NULL;
    }
    if (growth.stopped) {
        return NULL;
    }
    if (size != 0 && fy_parser_get_stream_error(reader->parser)) {
        tell_syntax_errors(reader, parse, text, size);
        return NULL;
    }
    if (growth.root == NULL) {
        parse_error(parse, place_of(text, 0), "the file is empty: begin with 'version: 1'");
    }
    return growth.root;
}

void yaml_close(struct yaml_reader *reader)
{
    if (reader->event != NULL) {
        fy_parser_event_free(reader->parser, reader->event);
    }
    if (reader->parser != NULL) {
        fy_parser_destroy(reader->parser);
    }
    if (reader->diag != NULL) {
        fy_diag_destroy(reader->diag);
    }
    *reader = (struct yaml_reader){0};
}
