/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h -- one line on a terminal which says how far it is; nothing anywhere else.
 */
#ifndef FERRY_SIM_CLI_PROGRESS_H
#define FERRY_SIM_CLI_PROGRESS_H

#include "sim/cli/pool.h"

#include <stdbool.h>
#include <stdio.h>

/* Whether a line that rewrites itself makes sense on this stream. */
bool progress_possible(FILE *terminal);

/* Columns of the terminal behind a stream; `otherwise` if it is none. */
unsigned progress_columns(FILE *terminal, unsigned otherwise);

/* `[3/24] name, seed 1: 53.7 s, 12 of 40 moves` for the oldest run. */
void progress_write(
    FILE *terminal, const struct pool_state *state, size_t total, const char *name, uint64_t seed);

/* Takes the line away. */
void progress_clear(FILE *terminal);

#endif
