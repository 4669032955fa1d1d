/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c -- a main for fuzz targets where there is no libFuzzer: runs the target once on each file that is named, and on
 * each file of a folder that is named, in the order of their names. A run that finds nothing to replay fails.
 *
 * After --transcript a target with engines in it writes what happens, a line for each thing. */
#include "fuzz/claim.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    uint8_t *data = NULL;
    size_t size = 0;
    size_t capacity = 0;
    size_t got = 0;
    do {
        if (size == capacity) {
            capacity = 2 * capacity + 4096;
            uint8_t *larger = realloc(data, capacity);
            if (larger == NULL) {
                abort();
            }
            data = larger;
        }
        got = fread(data + size, 1, capacity - size, file);
        size += got;
    } while (got > 0);
    const bool whole = ferror(file) == 0;
    (void)fclose(file);
    if (whole) {
        printf("%s: %zu bytes\n", path, size);
        (void)fflush(stdout); /* whatever happens next, its input is known */
        (void)LLVMFuzzerTestOneInput(data, size);
        replayed++;
    } else {
        perror(path);
    }
    free(data);
    return whole;
}

static bool replay_folder(const char *path)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, NULL, alphasort);
    bool ok = count >= 0;
    if (!ok) {
        perror(path);
    }
    for (int i = 0; i < count; i++) {
        char name[4096];
        if (entries[i]->d_name[0] != '.') {
            const int size = snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
            struct stat status;
            const bool fits = size > 0 && (size_t)size < sizeof(name);
            const bool folder = fits && stat(name, &status) == 0 && S_ISDIR(status.st_mode);
            ok = fits && (folder || replay_file(name)) && ok;
        }
        free(entries[i]);
    }
    free(entries);
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = true;
    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* what was said before a crash is seen */
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (strcmp(argv[i], "--transcript") == 0) {
            fuzz_transcript = stdout;
            continue;
        }
        const bool folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        ok = (folder ? replay_folder(argv[i]) : replay_file(argv[i])) && ok;
    }
    printf("%zu inputs replayed\n", replayed);
    return ok && replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
