/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bound.c -- what an expectation says of a number, brought to `low <= value <= high`.
 *
 * An operator in front (`<= 300 ms`), a range (`3 .. 5`), a tolerance (`53.7 s +- 2 %`), or a
 * plain quantity which is meant exactly.  A text that begins with `>` must be quoted in YAML, so
 * `at least 3` says the same without quotes.
 */
#include "sim/scenario/quantity.h"

#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* Longest text of one side. */
#define SIDE_SIZE 64

enum bound_operator {
    AT_MOST = 1,
    AT_LEAST,
    BELOW,
    ABOVE,
    EXACTLY,
};

/* Longer signs stand before those which they begin with. */
static const struct {
    const char *sign;
    enum bound_operator meaning;
} operators[] = {
    {"<=",       AT_MOST },
    {">=",       AT_LEAST},
    {"==",       EXACTLY },
    {"<",        BELOW   },
    {">",        ABOVE   },
    {"=",        EXACTLY },
    {"at most",  AT_MOST },
    {"at least", AT_LEAST},
};

static const char *skip_blanks(const char *text)
{
    while (*text == ' ') {
        text++;
    }
    return text;
}

/* Copies [text, end) without blanks at its ends. */
static bool cut(const char *text, const char *end, char side_out[SIDE_SIZE])
{
    text = skip_blanks(text);
    while (end > text && end[-1] == ' ') {
        end--;
    }
    if (end < text || (size_t)(end - text) >= SIDE_SIZE) {
        return false;
    }
    memcpy(side_out, text, (size_t)(end - text));
    side_out[end - text] = '\0';
    return true;
}

static bool
apply(enum bound_operator meaning, int64_t value, struct scenario_bound *bound, char *message)
{
    bound->low = 0;
    bound->high = INT64_MAX;
    switch (meaning) {
    case AT_MOST: bound->high = value; break;
    case AT_LEAST: bound->low = value; break;
    case BELOW:
        if (value == 0) {
            snprintf(message, QUANTITY_MESSAGE_SIZE, "nothing is below 0");
            return false;
        }
        bound->high = value - 1;
        break;
    case ABOVE:
        if (value == INT64_MAX) {
            snprintf(message, QUANTITY_MESSAGE_SIZE, "nothing is above that");
            return false;
        }
        bound->low = value + 1;
        break;
    case EXACTLY:
        bound->low = value;
        bound->high = value;
        break;
    }
    return true;
}

static bool parse_side(
    enum quantity_kind kind, const char *text, const char *end, int64_t *value_out, char *message)
{
    char side[SIDE_SIZE];
    uint64_t value = 0;
    if (!cut(text, end, side)) {
        snprintf(message, QUANTITY_MESSAGE_SIZE, "'%s' is too long", quote(text).text);
        return false;
    }
    if (!quantity_parse_whole(kind, side, &value, message)) {
        return false;
    }
    *value_out = (int64_t)value;
    return true;
}

static bool parse_range(
    enum quantity_kind kind,
    const char *text,
    const char *dots,
    struct scenario_bound *bound,
    char *message)
{
    if (!parse_side(kind, text, dots, &bound->low, message) ||
        !parse_side(kind, dots + 2, dots + strlen(dots), &bound->high, message)) {
        return false;
    }
    if (bound->low > bound->high) {
        snprintf(
            message,
            QUANTITY_MESSAGE_SIZE,
            "'%s' is empty: the first is larger than the second",
            quote(text).text);
        return false;
    }
    return true;
}

static bool parse_tolerance(
    enum quantity_kind kind,
    const char *text,
    const char *sign,
    struct scenario_bound *bound,
    char *message)
{
    int64_t middle = 0;
    int64_t share = 0;
    if (!parse_side(kind, text, sign, &middle, message) ||
        !parse_side(QUANTITY_SHARE, sign + 2, sign + strlen(sign), &share, message)) {
        return false;
    }
    if ((uint64_t)share > QUANTITY_SHARE_ONE) {
        snprintf(
            message,
            QUANTITY_MESSAGE_SIZE,
            "'%s': a tolerance is at most 100 %%",
            quote(text).text);
        return false;
    }
    int64_t margin = (int64_t)((wide)(uint64_t)middle * (uint64_t)share / QUANTITY_SHARE_ONE);
    bound->low = middle - margin;
    bound->high = margin > INT64_MAX - middle ? INT64_MAX : middle + margin;
    return true;
}

bool quantity_parse_bound(
    enum quantity_kind kind,
    const char *text,
    struct scenario_bound *bound_out,
    char message_out[QUANTITY_MESSAGE_SIZE])
{
    struct scenario_bound bound = {.set = true, .text = text};
    enum bound_operator meaning = EXACTLY;
    const char *value = text;
    for (size_t index = 0; index < sizeof(operators) / sizeof(operators[0]); index++) {
        size_t length = strlen(operators[index].sign);
        if (strncmp(text, operators[index].sign, length) == 0) {
            meaning = operators[index].meaning;
            value = skip_blanks(text + length);
            break;
        }
    }
    const char *dots = value == text ? strstr(text, "..") : NULL;
    const char *tolerance = value == text ? strstr(text, "+-") : NULL;
    if (dots != NULL || tolerance != NULL) {
        bool good = dots != NULL ? parse_range(kind, text, dots, &bound, message_out)
                                 : parse_tolerance(kind, text, tolerance, &bound, message_out);
        if (good) {
            *bound_out = bound;
        }
        return good;
    }
    uint64_t number = 0;
    if (!quantity_parse_whole(kind, value, &number, message_out) ||
        !apply(meaning, (int64_t)number, &bound, message_out)) {
        return false;
    }
    *bound_out = bound;
    return true;
}
