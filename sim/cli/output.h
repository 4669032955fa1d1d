/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h -- a file that a run writes: checked before, whole or not there afterwards.
 *
 * The document goes into a temporary file beside its place, which takes the name only when all of
 * it is written. So a process that is killed, or a full disk, leaves nothing, and not half of anything; an
 * earlier file of that name stays as it was. `-` is stdout. What is no ordinary file (a pipe,
 * /dev/null) is written directly.
 */
#ifndef FERRY_SIM_CLI_OUTPUT_H
#define FERRY_SIM_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
    const char *option; /* "--json", for messages */
    const char *path;   /* as given; NULL: not wanted */
    FILE *stream;
    char *target;    /* where it ends up, links resolved; NULL for `-` */
    char *temporary; /* NULL: written directly */
};

/* Opens it; false: it was said on stderr what is wrong. Without a path nothing happens. */
bool output_open(struct output *output);

/* Ends it and gives it its name; false: it was said what is wrong, and nothing is left. */
bool output_commit(struct output *output);

/* Leaves nothing; also after output_commit(), then it does nothing. */
void output_discard(struct output *output);

bool output_is_stdout(const struct output *output);

#endif
