/* SPDX-License-Identifier: Apache-2.0 */
/* document.h -- parts of documents that are written from the code's own tables.
 *
 * Such a part stands between the lines "<!-- generated: NAME -->" and "<!-- end -->". A test makes its text and
 * compares; started with --accept it writes the part anew instead. */
#ifndef TESTS_ENGINE_DOCUMENT_H
#define TESTS_ENGINE_DOCUMENT_H

#include "support/harness.h"

void document_arguments(int argc, char **argv);

struct document_text {
    char *data;
    size_t size;
    size_t capacity;
};
void document_add(struct document_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The document has this line, or a line that begins like it. */
void document_has_line(const char *path, const char *start);
/* Compares and frees the text. */
void document_check(const char *path, const char *name, struct document_text *text);

#endif
