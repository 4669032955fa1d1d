/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.c -- edit distance with transpositions (optimal string alignment).
 *
 * A word is near enough if a third of its letters, at least one, are wrong at most; letters which
 * differ only in case count as equal, because `mib` for `MiB` is the commonest slip of all.
 */
#include "sim/scenario/suggest.h"

#include <ctype.h>
#include <string.h>

/* Longer words are never suggested: bounds the rows below. */
#define SUGGEST_LENGTH_MAX 64

static size_t least(size_t first, size_t second)
{
    return first < second ? first : second;
}

static int same_letter(char first, char second)
{
    return tolower((unsigned char)first) == tolower((unsigned char)second);
}

static size_t edit_distance(const char *first, size_t rows, const char *second, size_t columns)
{
    size_t table[3][SUGGEST_LENGTH_MAX + 1];
    for (size_t column = 0; column <= columns; column++) {
        table[0][column] = column;
    }
    for (size_t row = 1; row <= rows; row++) {
        size_t *now = table[row % 3];
        const size_t *above = table[(row + 2) % 3];
        const size_t *two_above = table[(row + 1) % 3];
        now[0] = row;
        for (size_t column = 1; column <= columns; column++) {
            int same = same_letter(first[row - 1], second[column - 1]);
            now[column] = above[column - 1] + (same ? 0 : 1);
            now[column] = least(now[column], least(above[column], now[column - 1]) + 1);
            if (row > 1 && column > 1 && same_letter(first[row - 1], second[column - 2]) &&
                same_letter(first[row - 2], second[column - 1])) {
                now[column] = least(now[column], two_above[column - 2] + 1);
            }
        }
    }
    return table[rows % 3][columns];
}

void suggestion_start(struct suggestion *suggestion, const char *wanted)
{
    size_t length = strlen(wanted);
    *suggestion = (struct suggestion){.wanted = wanted, .distance = length / 3 + 1};
    if (length == 1) {
        suggestion->distance = 1; /* one letter, one wrong: that is any other letter */
    }
    if (length == 2) {
        suggestion->distance = 2;
    }
    if (length > 2 && suggestion->distance < 2) {
        suggestion->distance = 2;
    }
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
    size_t wanted_length = strlen(suggestion->wanted);
    size_t length = strlen(candidate);
    if (wanted_length > SUGGEST_LENGTH_MAX || length > SUGGEST_LENGTH_MAX) {
        return;
    }
    size_t distance = edit_distance(suggestion->wanted, wanted_length, candidate, length);
    if (distance < suggestion->distance) {
        suggestion->distance = distance;
        suggestion->best = candidate;
    }
}
