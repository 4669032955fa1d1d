/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h -- memory for reports: it is there, or the process ends with a message.
 *
 * A report that lacks a part would be worse than none, and nobody can act on "out of memory" in
 * the middle of writing one; so callers have no path for it (R-5 of result.h).
 */
#ifndef FERRY_SIM_REPORT_MEMORY_H
#define FERRY_SIM_REPORT_MEMORY_H

#include <stddef.h>
#include <stdio.h>

/* Zeroed; never NULL. */
void *report_take(size_t count, size_t item_size);

/* Room for one more item: doubles *capacity when count has reached it. Returns the items. */
void *report_room(void *items, size_t count, size_t *capacity, size_t item_size);

/* A copy of a string; never NULL. */
char *report_copy(const char *text);

/* A stream whose bytes end up in *text, with a zero behind them, at report_text_close(). */
FILE *report_text_open(char **text, size_t *size);
void report_text_close(FILE *stream);

#endif
