/* SPDX-License-Identifier: Apache-2.0 */
/* columns.c -- see columns.h. Widths count characters, not bytes. */
#include "engine/host/cli/columns.h"

#include "engine/host/cli/cli.h"

#include <stdlib.h>
#include <string.h>

static char *copy_plain(const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL) {
        cli_complain("no memory");
        exit(CLI_FAILED);
    }
    for (char *at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = '?';
        }
    }
    return copy;
}

void put_plain(const char *text, FILE *stream)
{
    char *copy = copy_plain(text);

    (void)fputs(copy, stream);
    free(copy);
}

void columns_add(struct columns *table, const char *const *cells)
{
    if (table->rows == table->room) {
        const size_t room = table->room == 0 ? 16 : table->room * 2;
        char **larger = realloc(table->cells, room * table->count * sizeof *larger);

        if (larger == NULL) {
            cli_complain("no memory");
            exit(CLI_FAILED);
        }
        table->cells = larger;
        table->room = room;
    }
    for (size_t i = 0; i < table->count; i++) {
        table->cells[table->rows * table->count + i] = copy_plain(cells[i]);
    }
    table->rows++;
}

void columns_begin(struct columns *table, const char *const *titles, size_t count)
{
    *table = (struct columns){.count = count};
    columns_add(table, titles);
}

static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

void columns_print(const struct columns *table, FILE *stream)
{
    size_t widths[COLUMNS_MAX] = {0};

    for (size_t i = 0; i < table->rows * table->count; i++) {
        const size_t width = width_of(table->cells[i]);

        widths[i % table->count] =
            width > widths[i % table->count] ? width : widths[i % table->count];
    }
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t i = 0; i < table->count; i++) {
            const char *text = table->cells[row * table->count + i];

            (void)fputs(text, stream);
            if (i + 1 < table->count) {
                (void)fprintf(stream, "%*s", (int)(widths[i] - width_of(text) + 2), "");
            }
        }
        (void)fputc('\n', stream);
    }
}

void columns_release(struct columns *table)
{
    for (size_t i = 0; i < table->rows * table->count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
}
