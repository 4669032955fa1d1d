/* SPDX-License-Identifier: Apache-2.0 */
/* divergence.c -- walks two logs side by side and keeps the last lines which were equal. */
#include "sim/report/divergence.h"

#include "sim/report/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct line {
    char *text;
    size_t capacity;
    ssize_t length; /* < 0: the log has ended */
};

static void next_line(FILE *log, struct line *line)
{
    line->length = getline(&line->text, &line->capacity, log);
    if (line->length > 0 && line->text[line->length - 1] == '\n') {
        line->text[line->length - 1] = '\0';
    }
}

static bool are_equal(const struct line *first, const struct line *second)
{
    if (first->length != second->length) {
        return false;
    }
    return first->length < 0 || strcmp(first->text, second->text) == 0;
}

static void write_line(FILE *out, const char *prefix, const struct line *line)
{
    (void)fputs(prefix, out);
    (void)utf8_put_plain(out, line->length < 0 ? "the run has ended" : line->text, SIZE_MAX);
    (void)fputc('\n', out);
}

/* Equal lines go into a ring by swapping buffers, so nothing is copied. */
static void keep_line(struct line ring[static DIVERGENCE_BEFORE], size_t count, struct line *line)
{
    struct line *slot = &ring[count % DIVERGENCE_BEFORE];
    const struct line old = *slot;

    *slot = *line;
    *line = old;
}

bool divergence_write(FILE *out, FILE *first, FILE *second)
{
    struct line ring[DIVERGENCE_BEFORE] = {{.text = NULL}};
    struct line one = {.text = NULL};
    struct line two = {.text = NULL};
    size_t equal = 0;
    bool differs = false;

    rewind(first);
    rewind(second);
    for (;;) {
        next_line(first, &one);
        next_line(second, &two);
        differs = !are_equal(&one, &two);
        if (differs || one.length < 0) {
            break;
        }
        keep_line(ring, equal++, &one);
    }
    if (differs) {
        const size_t before = equal < DIVERGENCE_BEFORE ? equal : DIVERGENCE_BEFORE;

        (void)fprintf(
            out, "  first diverging event, after %zu which are the same in both:\n", equal);
        for (size_t i = equal - before; i < equal; i++) {
            write_line(out, "    both    ", &ring[i % DIVERGENCE_BEFORE]);
        }
        write_line(out, "  > first   ", &one);
        write_line(out, "  > second  ", &two);
    }
    for (size_t i = 0; i < DIVERGENCE_BEFORE; i++) {
        free(ring[i].text);
    }
    free(one.text);
    free(two.text);
    return differs;
}
