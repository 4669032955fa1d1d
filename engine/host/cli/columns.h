/* SPDX-License-Identifier: Apache-2.0 */
/* columns.h -- a table of texts whose columns are as wide as their longest text; and texts from
 * elsewhere without what a terminal would obey. */
#ifndef FERRY_HOST_CLI_COLUMNS_H
#define FERRY_HOST_CLI_COLUMNS_H

#include <stddef.h>
#include <stdio.h>

#define COLUMNS_MAX 12

struct columns {
    size_t count; /* of columns */
    size_t rows;
    size_t room;
    char **cells; /* rows x count, own memory */
};

/* The first row is the titles. Ends the process without memory. */
void columns_begin(struct columns *table, const char *const *titles, size_t count);
void columns_add(struct columns *table, const char *const *cells);
void columns_print(const struct columns *table, FILE *stream);
void columns_release(struct columns *table);

/* Control characters become '?'. */
void put_plain(const char *text, FILE *stream);

#endif
