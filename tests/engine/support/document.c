/* SPDX-License-Identifier: Apache-2.0 */
/* document.c -- see document.h. */
#include "support/document.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX ((size_t)256 * 1024)

static bool accept;

void document_arguments(int argc, char **argv)
{
    accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
}

void document_add(struct document_text *text, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was started one line above */
    const int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < sizeof(line));
    if (text->size + (size_t)size + 1 > text->capacity) {
        text->capacity = 2 * text->capacity + sizeof(line);
        text->data = realloc(text->data, text->capacity);
        assert_non_null(text->data);
    }
    memcpy(text->data + text->size, line, (size_t)size + 1);
    text->size += (size_t)size;
}

static char *read_document(const char *path)
{
    char *document = malloc(DOCUMENT_MAX);
    FILE *file = fopen(path, "rb");
    assert_non_null(document);
    if (file == NULL) {
        fail_msg("%s cannot be read: run this test from the top of the tree", path);
    }
    const size_t size = fread(document, 1, DOCUMENT_MAX - 1, file);
    (void)fclose(file);
    assert_true(size < DOCUMENT_MAX - 1);
    document[size] = '\0';
    return document;
}

void document_has_line(const char *path, const char *start)
{
    char *document = read_document(path);
    const size_t size = strlen(start);
    const char *line = document;
    while (line != NULL && strncmp(line, start, size) != 0) {
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    if (line == NULL) {
        fail_msg("%s has no line that begins with: %s", path, start);
    }
    free(document);
}

/* Writes the document with the bytes [begin, end) replaced. */
static void replace(
    const char *path, const char *document, const char *begin, const char *end, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(
        fwrite(document, 1, (size_t)(begin - document), file) == (size_t)(begin - document));
    assert_true(fputs(text, file) >= 0 && fputs(end, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void document_check(const char *path, const char *name, struct document_text *text)
{
    char mark[128];
    const int size = snprintf(mark, sizeof(mark), "<!-- generated: %s -->\n", name);
    assert_true(size > 0 && (size_t)size < sizeof(mark));
    char *document = read_document(path);
    const char *begin = strstr(document, mark);
    if (begin == NULL) {
        fail_msg("%s has no part %s", path, name);
        return;
    }
    begin += size;
    const char *end = strstr(begin, "<!-- end -->");
    assert_non_null(end);
    const size_t found = (size_t)(end - begin);
    if (found != text->size || memcmp(begin, text->data, found) != 0) {
        if (accept) {
            replace(path, document, begin, end, text->data);
        } else {
            fail_msg(
                "%s: part %s is not what the code says: run this test with --accept", path, name);
        }
    }
    free(document);
    free(text->data);
}
