/* SPDX-License-Identifier: Apache-2.0 */
/* collect.c -- walks folders. */
#include "sim/cli/collect.h"

#include "sim/cli/cli.h"
#include "sim/report/memory.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".yaml"

static bool has_suffix(const char *name)
{
    const size_t length = strlen(name);
    const size_t suffix = sizeof SUFFIX - 1;

    return length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
}

static int by_name(const FTSENT **first, const FTSENT **second)
{
    return strcmp((*first)->fts_name, (*second)->fts_name);
}

static void add_file(struct collection *collection, const char *path, const struct stat *status)
{
    for (size_t i = 0; i < collection->count; i++) {
        if (collection->files[i].device == status->st_dev &&
            collection->files[i].inode == status->st_ino) {
            return;
        }
    }
    collection->files = report_room(
        collection->files, collection->count, &collection->capacity, sizeof *collection->files);
    collection->files[collection->count++] = (struct collected){
        .path = report_copy(path),
        .device = status->st_dev,
        .inode = status->st_ino,
    };
}

static bool is_hidden(const FTSENT *entry)
{
    return entry->fts_level > FTS_ROOTLEVEL && entry->fts_name[0] == '.';
}

/* One entry of the walk; false: something is wrong with it. */
static bool visit(struct collection *collection, FTS *walk, FTSENT *entry)
{
    struct stat status;

    switch (entry->fts_info) {
    case FTS_D:
        if (is_hidden(entry)) {
            (void)fts_set(walk, entry, FTS_SKIP);
        }
        return true;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS: cli_complain("%s: %s", entry->fts_path, strerror(entry->fts_errno)); return false;
    case FTS_F:
    case FTS_SL: break;
    default: return true;
    }
    if (is_hidden(entry) || !has_suffix(entry->fts_name)) {
        return true;
    }
    if (stat(entry->fts_accpath, &status) != 0) { /* a link to nothing */
        cli_complain("%s: %s", entry->fts_path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        add_file(collection, entry->fts_path, &status);
    }
    return true;
}

static bool walk_folder(struct collection *collection, const char *folder)
{
    char *path = report_copy(folder); /* fts wants to be able to change it */
    char *paths[] = {path, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    bool fine = walk != NULL;

    if (!fine) {
        cli_complain("%s: %s", folder, strerror(errno));
    }
    while (walk != NULL) {
        FTSENT *entry = fts_read(walk);

        if (entry == NULL) {
            break;
        }
        fine = visit(collection, walk, entry) && fine;
    }
    if (walk != NULL) {
        (void)fts_close(walk);
    }
    free(path);
    return fine;
}

bool collect_path(struct collection *collection, const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        cli_complain("%s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        add_file(collection, path, &status);
        return true;
    }
    struct collection below = {.files = NULL};
    bool fine = walk_folder(&below, path);

    if (fine && below.count == 0) {
        cli_complain("%s: there is no *" SUFFIX " in this folder, nor in any below it", path);
        fine = false;
    }
    for (size_t i = 0; i < below.count; i++) {
        add_file(
            collection,
            below.files[i].path,
            &(struct stat){
                .st_dev = below.files[i].device,
                .st_ino = below.files[i].inode,
            });
    }
    collection_free(&below);
    return fine;
}

void collection_free(struct collection *collection)
{
    for (size_t i = 0; i < collection->count; i++) {
        free(collection->files[i].path);
    }
    free(collection->files);
    *collection = (struct collection){.files = NULL};
}
