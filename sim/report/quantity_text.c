/* SPDX-License-Identifier: Apache-2.0 */
/* quantity_text.c -- integers to text, with units. */
#include "sim/report/quantity_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* The absolute value, also of INT64_MIN. */
static uint64_t magnitude(int64_t value)
{
    return value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
}

const char *seconds_text(char text[static QUANTITY_TEXT_SIZE], int64_t ns)
{
    const uint64_t value = magnitude(ns);

    (void)snprintf(
        text,
        QUANTITY_TEXT_SIZE,
        "%s%" PRIu64 ".%09" PRIu64,
        ns < 0 ? "-" : "",
        value / NS_PER_SECOND,
        value % NS_PER_SECOND);
    return text;
}

const char *microseconds_text(char text[static QUANTITY_TEXT_SIZE], int64_t ns)
{
    const uint64_t value = magnitude(ns);

    (void)snprintf(
        text,
        QUANTITY_TEXT_SIZE,
        "%s%" PRIu64 ".%03" PRIu64,
        ns < 0 ? "-" : "",
        value / 1000,
        value % 1000);
    return text;
}

/* The `digits` decimals of rest / unit, rest < unit, rounded to the nearest: long division, so that nothing
 * overflows. May be 10^digits. */
static unsigned decimals(uint64_t rest, uint64_t unit, unsigned digits)
{
    unsigned result = 0;

    for (unsigned i = 0; i < digits; i++) {
        rest *= 10; /* unit is at most 2^60: fits */
        result = result * 10 + (unsigned)(rest / unit);
        rest %= unit;
    }
    return result + (rest >= unit - rest ? 1 : 0);
}

/* value / unit with three significant digits, all that stand before the point in any case; rounded as the engine
 * does in its reasons (base/text.c), so that one screen never says the same time in two ways. */
static void scaled_text(
    char text[static QUANTITY_TEXT_SIZE],
    const char *sign,
    uint64_t value,
    uint64_t unit,
    const char *name)
{
    const uint64_t whole = value / unit;
    const uint64_t rest = value % unit;
    const unsigned digits = whole >= 100 ? 0 : whole >= 10 ? 1 : 2;
    const unsigned scale = digits == 0 ? 1 : digits == 1 ? 10 : 100;

    if (rest == 0) {
        (void)snprintf(text, QUANTITY_TEXT_SIZE, "%s%" PRIu64 " %s", sign, whole, name);
        return;
    }
    const unsigned part = decimals(rest, unit, digits);
    const uint64_t shown = whole + part / scale;

    if (digits == 0) {
        (void)snprintf(text, QUANTITY_TEXT_SIZE, "%s%" PRIu64 " %s", sign, shown, name);
        return;
    }
    (void)snprintf(
        text,
        QUANTITY_TEXT_SIZE,
        "%s%" PRIu64 ".%0*u %s",
        sign,
        shown,
        (int)digits,
        part % scale,
        name);
}

const char *duration_text(char text[static QUANTITY_TEXT_SIZE], int64_t ns)
{
    const uint64_t value = magnitude(ns);
    const char *sign = ns < 0 ? "-" : "";

    if (ns == INT64_MAX) {
        (void)snprintf(text, QUANTITY_TEXT_SIZE, "never");
    } else if (value >= NS_PER_SECOND || value == 0) {
        scaled_text(text, sign, value, NS_PER_SECOND, "s");
    } else if (value >= NS_PER_SECOND / 1000) {
        scaled_text(text, sign, value, NS_PER_SECOND / 1000, "ms");
    } else if (value >= 1000) {
        scaled_text(text, sign, value, 1000, "us");
    } else {
        scaled_text(text, sign, value, 1, "ns");
    }
    return text;
}

const char *bytes_text(char text[static QUANTITY_TEXT_SIZE], uint64_t bytes)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t scale = 0;
    uint64_t unit = 1;

    while (scale + 1 < sizeof names / sizeof names[0] && bytes / unit >= 1024) {
        unit *= 1024;
        scale++;
    }
    scaled_text(text, "", bytes, unit, names[scale]);
    return text;
}

const char *ratio_text(char text[static QUANTITY_TEXT_SIZE], int64_t virtual_ns, int64_t wall_ns)
{
    if (wall_ns <= 0) {
        (void)snprintf(text, QUANTITY_TEXT_SIZE, "-");
        return text;
    }
    const double ratio = (double)virtual_ns / (double)wall_ns;

    (void)snprintf(text, QUANTITY_TEXT_SIZE, ratio < 10.0 ? "%.1fx" : "%.0fx", ratio);
    return text;
}
