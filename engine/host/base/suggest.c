/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.c -- edit distance with swaps of neighbours, over short words. */
#include "engine/host/base/suggest.h"

#include <stddef.h>
#include <string.h>

#define WORD_MAX 40U

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Three rows are enough: a swap looks two back. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_MAX + 1];

    for (size_t k = 0; k <= b_size; k++) {
        rows[0][k] = k;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t k = 1; k <= b_size; k++) {
            row[k] = smaller(above[k], row[k - 1]) + 1;
            row[k] = smaller(row[k], above[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) {
                row[k] = smaller(row[k], two_above[k - 2] + 1);
            }
        }
    }
    return rows[a_size % 3][b_size];
}

const char *suggest_nearest(const char *text, const char *const *words)
{
    const size_t size = strlen(text);
    const char *best = NULL;
    size_t best_distance = 0;

    if (size > WORD_MAX) {
        return NULL;
    }
    for (; *words != NULL; words++) {
        const size_t word_size = strlen(*words);

        if (word_size > WORD_MAX) {
            continue;
        }
        const size_t far = distance(text, size, *words, word_size);
        const size_t longest = size > word_size ? size : word_size;

        if (far * 3 <= longest && (best == NULL || far < best_distance)) {
            best = *words;
            best_distance = far;
        }
    }
    return best;
}
