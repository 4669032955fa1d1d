/* SPDX-License-Identifier: Apache-2.0 */
/* collect.c -- walks folders. */
#include "sim/cli/collect.h"

#include "sim/cli/cli.h"
#include "sim/report/memory.h"

#include <dirent.h>
#include <errno.h>
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

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **first, const struct dirent **second)
{
    return strcmp((*first)->d_name, (*second)->d_name);
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

static char *join(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const bool slash = length > 0 && folder[length - 1] == '/';
    char *path = report_take(length + strlen(name) + 2, 1);

    (void)sprintf(path, "%s%s%s", folder, slash ? "" : "/", name);
    return path;
}

static bool walk(struct collection *collection, const char *folder);

static bool visit(struct collection *collection, const char *path, const char *name)
{
    struct stat link;
    struct stat status;

    if (lstat(path, &link) != 0 || stat(path, &status) != 0) {
        if (!has_suffix(name)) {
            return true; /* a dangling link to something else is nobody's business */
        }
        cli_complain("%s: %s", path, strerror(errno));
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        return S_ISLNK(link.st_mode) ? true : walk(collection, path);
    }
    if (has_suffix(name)) {
        add_file(collection, path, &status);
    }
    return true;
}

static bool walk(struct collection *collection, const char *folder)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_visible, by_name);
    bool fine = count >= 0;

    if (!fine) {
        cli_complain("%s: %s", folder, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        char *path = join(folder, entries[i]->d_name);

        fine = visit(collection, path, entries[i]->d_name) && fine;
        free(path);
        free(entries[i]);
    }
    free(entries);
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
    bool fine = walk(&below, path);

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
