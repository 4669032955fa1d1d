/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_write.c -- a tree as a file that people like to read.
 *
 * Sections one below the other; an entry on one line, unless it is long and can be opened up.
 */
#include "sim/chaos/tree.h"
#include "sim/report/memory.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 120U

/* What YAML would take for something else, plain and inside of brackets, is quoted. */
static bool needs_quotes(const char *text)
{
    const size_t length = strlen(text);

    return length == 0 || strchr("&*!|>'\"%@`?:-#,[]{} ", text[0]) != NULL ||
           text[length - 1] == ' ' || text[length - 1] == ':' ||
           strpbrk(text, ",[]{}\n\"") != NULL || strstr(text, ": ") != NULL ||
           strstr(text, " #") != NULL;
}

static void put_scalar(FILE *out, const char *text)
{
    if (!needs_quotes(text)) {
        (void)fputs(text, out);
        return;
    }
    (void)fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            (void)fputc('\'', out);
        }
        (void)fputc(*text == '\n' ? ' ' : *text, out);
    }
    (void)fputc('\'', out);
}

static void put_flow(FILE *out, const struct tree_node *node)
{
    const bool map = node->kind == TREE_MAP;

    if (node->kind == TREE_SCALAR) {
        put_scalar(out, node->text);
        return;
    }
    (void)fputc(map ? '{' : '[', out);
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0) {
            (void)fputs(map && i % 2 == 1 ? ": " : ", ", out);
        }
        put_flow(out, node->items[i]);
    }
    (void)fputc(map ? '}' : ']', out);
}

static size_t flow_length(const struct tree_node *node)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&text, &size);

    put_flow(stream, node);
    report_text_close(stream);
    free(text);
    return size;
}

static void put_entry(FILE *out, const char *key, const struct tree_node *value)
{
    (void)fputs("  ", out);
    put_scalar(out, key);
    if (value->kind != TREE_MAP || strlen(key) + flow_length(value) + 4 <= COLUMNS_MAX) {
        (void)fputs(": ", out);
        put_flow(out, value);
        (void)fputc('\n', out);
        return;
    }
    (void)fputs(":\n", out);
    for (size_t i = 0; i + 1 < value->count; i += 2) {
        (void)fputs("    ", out);
        put_flow(out, value->items[i]);
        (void)fputs(": ", out);
        put_flow(out, value->items[i + 1]);
        (void)fputc('\n', out);
    }
}

static void put_section(FILE *out, const struct tree_node *key, const struct tree_node *value)
{
    put_flow(out, key);
    if (value->kind == TREE_SCALAR || value->count == 0) {
        (void)fputs(": ", out);
        put_flow(out, value);
        (void)fputc('\n', out);
        return;
    }
    (void)fputs(":\n", out);
    for (size_t i = 0; i < value->count; i++) {
        if (value->kind == TREE_MAP) {
            put_entry(out, value->items[i]->text, value->items[i + 1]);
            i++;
        } else {
            (void)fputs("  - ", out);
            put_flow(out, value->items[i]);
            (void)fputc('\n', out);
        }
    }
}

void tree_write(FILE *out, const struct tree_node *root, const char *question)
{
    if (question != NULL) {
        (void)fprintf(out, "# Question: %s\n# SPDX-License-Identifier: Apache-2.0\n", question);
    }
    for (size_t i = 0; i + 1 < root->count; i += 2) {
        put_section(out, root->items[i], root->items[i + 1]);
    }
}
