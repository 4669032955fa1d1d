/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c -- allocation that cannot fail, but for the whole process. */
#include "sim/report/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void exhausted(void)
{
    (void)fputs("ferry-sim: out of memory while writing a report\n", stderr);
    abort();
}

void *report_take(size_t count, size_t item_size)
{
    void *items = calloc(count == 0 ? 1 : count, item_size);

    if (items == NULL) {
        exhausted();
    }
    return items;
}

void *report_room(void *items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity) {
        return items;
    }
    const size_t wanted = *capacity == 0 ? 8 : *capacity * 2;

    if (wanted > SIZE_MAX / item_size) {
        exhausted();
    }
    void *grown = realloc(items, wanted * item_size);

    if (grown == NULL) {
        exhausted();
    }
    *capacity = wanted;
    return grown;
}

char *report_copy(const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL) {
        exhausted();
    }
    return copy;
}

FILE *report_text_open(char **text, size_t *size)
{
    FILE *stream = open_memstream(text, size);

    if (stream == NULL) {
        exhausted();
    }
    return stream;
}

void report_text_close(FILE *stream)
{
    if (fclose(stream) != 0) {
        exhausted();
    }
}
