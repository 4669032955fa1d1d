/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect.h -- from the paths of a command line to the scenario files they mean.
 *
 * A file is itself, whatever its name. A folder is every *.yaml below it, in the order of their
 * names, byte by byte, so that every machine runs the same list. Names which begin with a dot and
 * links to folders are not followed. A file that is named twice is taken once, at its first place.
 */
#ifndef FERRY_SIM_CLI_COLLECT_H
#define FERRY_SIM_CLI_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct collected {
    char *path;
    dev_t device; /* with the inode: which file it is, by whatever name */
    ino_t inode;
};

struct collection {
    struct collected *files;
    size_t count;
    size_t capacity;
};

/* Adds what `path` means; false: it was said on stderr what is wrong. */
bool collect_path(struct collection *collection, const char *path);

void collection_free(struct collection *collection);

#endif
