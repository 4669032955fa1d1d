/* SPDX-License-Identifier: Apache-2.0 */
/* corpus.c -- see corpus.h. */
#include "support/corpus.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREAMBLE 4U

static bool accept;

void corpus_arguments(int argc, char **argv)
{
    accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void compare_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s is missing: run this test with --accept from the top of the tree", path);
    }
    uint8_t *found = malloc(size + 1);
    assert_non_null(found);
    const size_t found_size = fread(found, 1, size + 1, file);
    (void)fclose(file);
    if (found_size != size || memcmp(found, bytes, size) != 0) {
        fail_msg("%s is not what this test sends: run it with --accept", path);
    }
    free(found);
}

void corpus_check(const char *name, uint8_t flags, const uint8_t *bytes, size_t size)
{
    char path[256];
    const int length = snprintf(path, sizeof(path), "fuzz/corpus/decoder/%s", name);
    assert_true(length > 0 && (size_t)length < sizeof(path));
    uint8_t *seed = malloc(PREAMBLE + size);
    assert_non_null(seed);
    memcpy(seed, (const uint8_t[PREAMBLE]){flags, 0, 0, 0}, PREAMBLE);
    memcpy(seed + PREAMBLE, bytes, size);
    if (accept) {
        write_file(path, seed, PREAMBLE + size);
    } else {
        compare_file(path, seed, PREAMBLE + size);
    }
    free(seed);
}
