/* SPDX-License-Identifier: Apache-2.0 */
/* bar.h -- a move under way as one line: round, how much of it, rates, predicted blackout. */
#ifndef FERRY_HOST_CLI_BAR_H
#define FERRY_HOST_CLI_BAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define BAR_TEXT_MAX 512

/* One move of the result of `status`. */
void bar_format(const json_t *move, char text[BAR_TEXT_MAX]);

/* Can a line be rewritten there? */
bool bar_possible(FILE *terminal);
/* Rewrites the line, cut to the terminal's width: one that wraps cannot be rewritten. */
void bar_write(FILE *terminal, const char *text);
void bar_clear(FILE *terminal);

#endif
