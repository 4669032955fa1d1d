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

/* The whole numbers around a side: 8.1 GiB lies between two bytes, and `<=` means the lower one. */
struct side {
    int64_t floor;
    int64_t ceiling;
};

/* false: nothing is like that, told. */
static bool
apply(enum bound_operator meaning, struct side side, struct scenario_bound *bound, char *message)
{
    bound->low = 0;
    bound->high = INT64_MAX;
    switch (meaning) {
    case AT_MOST: bound->high = side.floor; break;
    case AT_LEAST: bound->low = side.ceiling; break;
    case BELOW:
        if (side.ceiling == 0) {
            (void)snprintf(message, QUANTITY_MESSAGE_SIZE, "nothing is below 0");
            return false;
        }
        bound->high = side.ceiling - 1;
        break;
    case ABOVE:
        if (side.floor == INT64_MAX) {
            (void)snprintf(message, QUANTITY_MESSAGE_SIZE, "nothing is above that");
            return false;
        }
        bound->low = side.floor + 1;
        break;
    case EXACTLY:
        bound->low = side.ceiling;
        bound->high = side.floor;
        break;
    }
    return true;
}

static bool parse_side(
    enum quantity_kind kind,
    const char *text,
    const char *end,
    struct side *side_out,
    char *message)
{
    char side[SIDE_SIZE];
    struct quantity quantity;
    if (!cut(text, end, side)) {
        (void)snprintf(message, QUANTITY_MESSAGE_SIZE, "'%s' is too long", quote(text).text);
        return false;
    }
    if (!quantity_parse(kind, side, &quantity, message)) {
        return false;
    }
    uint64_t floor = quantity.amount / quantity.divisor;
    bool whole = quantity.amount % quantity.divisor == 0;
    if (kind == QUANTITY_COUNT && !whole) {
        (void)snprintf(
            message, QUANTITY_MESSAGE_SIZE, "'%s' is not a whole number", quote(side).text);
        return false;
    }
    if (floor >= INT64_MAX && !(whole && floor == INT64_MAX)) {
        (void)snprintf(message, QUANTITY_MESSAGE_SIZE, "'%s' is too large", quote(side).text);
        return false;
    }
    side_out->floor = (int64_t)floor;
    side_out->ceiling = side_out->floor + (whole ? 0 : 1);
    return true;
}

/* A range, or an exact value, with no whole number in it. */
static bool check_not_empty(
    const struct scenario_bound *bound, const char *text, const char *why, char *message)
{
    if (bound->low > bound->high) {
        (void)snprintf(message, QUANTITY_MESSAGE_SIZE, "'%s' %s", quote(text).text, why);
        return false;
    }
    return true;
}

static bool parse_range(
    enum quantity_kind kind,
    const char *text,
    const char *dots,
    struct scenario_bound *bound,
    char *message)
{
    struct side low;
    struct side high;
    if (!parse_side(kind, text, dots, &low, message) ||
        !parse_side(kind, dots + 2, dots + strlen(dots), &high, message)) {
        return false;
    }
    bound->low = low.ceiling;
    bound->high = high.floor;
    return check_not_empty(bound, text, "is empty: the first is larger than the second", message);
}

static bool parse_tolerance(
    enum quantity_kind kind,
    const char *text,
    const char *sign,
    struct scenario_bound *bound,
    char *message)
{
    struct side middle;
    struct side share;
    if (!parse_side(kind, text, sign, &middle, message) ||
        !parse_side(QUANTITY_SHARE, sign + 2, sign + strlen(sign), &share, message)) {
        return false;
    }
    if ((uint64_t)share.ceiling > QUANTITY_SHARE_ONE) {
        (void)snprintf(
            message,
            QUANTITY_MESSAGE_SIZE,
            "'%s': a tolerance is at most 100 %%",
            quote(text).text);
        return false;
    }
    wide margin = (wide)(uint64_t)middle.floor * (uint64_t)share.floor / QUANTITY_SHARE_ONE;
    bool beyond = margin > (wide)(INT64_MAX - middle.floor);
    bound->low = middle.ceiling - (int64_t)margin;
    bound->high = beyond ? INT64_MAX : middle.floor + (int64_t)margin;
    return check_not_empty(bound, text, "lies between two whole numbers", message);
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
    struct side side;
    if (!parse_side(kind, value, value + strlen(value), &side, message_out) ||
        !apply(meaning, side, &bound, message_out) ||
        !check_not_empty(&bound, text, "lies between two whole numbers", message_out)) {
        return false;
    }
    *bound_out = bound;
    return true;
}
