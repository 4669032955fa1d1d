/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.c -- quantities to numbers and back.
 *
 * A text is DIGITS[.DIGITS] [blanks] UNIT. All of it is integer arithmetic: the digits become one
 * number and a count of decimals, and the value is number x unit / 10^decimals, which must come out
 * even.
 */
#include "engine/host/base/units.h"

#include <stdio.h>
#include <string.h>

const char units_time_hint[] = "a time with its unit, such as 300 ms, 1.5 s or 10 min";
const char units_size_hint[] = "a size with its unit, such as 512 MiB or 8 GiB";
const char units_rate_hint[] = "a bandwidth with its unit, such as 800 Mbit/s or 1 GB/s";

struct unit {
    const char *name;
    uint64_t factor;
    uint64_t divisor; /* bits to bytes */
};

static const struct unit times[] = {
    {"ns",  1,             1},
    {"us",  1000,          1},
    {"ms",  1000000,       1},
    {"s",   1000000000,    1},
    {"min", 60000000000,   1},
    {"h",   3600000000000, 1},
    {NULL,  0,             0},
};

static const struct unit sizes[] = {
    {"B",   1,             1},
    {"KiB", 1ULL << 10,    1},
    {"MiB", 1ULL << 20,    1},
    {"GiB", 1ULL << 30,    1},
    {"TiB", 1ULL << 40,    1},
    {"kB",  1000,          1},
    {"MB",  1000000,       1},
    {"GB",  1000000000,    1},
    {"TB",  1000000000000, 1},
    {NULL,  0,             0},
};

static const struct unit rates[] = {
    {"bit/s",  1,             8},
    {"kbit/s", 1000,          8},
    {"Mbit/s", 1000000,       8},
    {"Gbit/s", 1000000000,    8},
    {"Tbit/s", 1000000000000, 8},
    {"B/s",    1,             1},
    {"kB/s",   1000,          1},
    {"MB/s",   1000000,       1},
    {"GB/s",   1000000000,    1},
    {"KiB/s",  1ULL << 10,    1},
    {"MiB/s",  1ULL << 20,    1},
    {"GiB/s",  1ULL << 30,    1},
    {NULL,     0,             0},
};

/* The digits as one number, how many stand behind the point, and where they end. */
static bool
parse_digits(const char *text, uint64_t *number_out, uint64_t *scale_out, const char **end_out)
{
    uint64_t number = 0;
    uint64_t scale = 1;
    bool point = false;
    bool any = false;

    for (;; text++) {
        if (*text == '.' && any && !point) {
            point = true;
            any = false; /* a digit must follow */
            continue;
        }
        if (*text < '0' || *text > '9') {
            break;
        }
        const uint64_t digit = (uint64_t)(*text - '0');

        if (number > (UINT64_MAX - digit) / 10 || (point && scale > UINT64_MAX / 10)) {
            return false;
        }
        number = number * 10 + digit;
        scale *= point ? 10 : 1;
        any = true;
    }
    *number_out = number;
    *scale_out = scale;
    *end_out = text;
    return any;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* number x factor / (scale x divisor), if that is whole and fits. */
static bool scale_exactly(
    uint64_t number, uint64_t factor, uint64_t scale, uint64_t divisor, uint64_t *value_out)
{
    uint64_t below = 0;

    if (__builtin_mul_overflow(scale, divisor, &below)) {
        return false;
    }
    const uint64_t common = common_divisor(factor, below);

    factor /= common;
    below /= common;
    return number % below == 0 && !__builtin_mul_overflow(number / below, factor, value_out);
}

static bool parse(const char *text, const struct unit *units, uint64_t *value_out)
{
    uint64_t number = 0;
    uint64_t scale = 1;

    if (!parse_digits(text, &number, &scale, &text)) {
        return false;
    }
    while (*text == ' ') {
        text++;
    }
    for (; units->name != NULL; units++) {
        if (strcmp(text, units->name) == 0) {
            return scale_exactly(number, units->factor, scale, units->divisor, value_out);
        }
    }
    return false;
}

bool units_parse_time(const char *text, ferry_time_ns *time_out)
{
    uint64_t value = 0;

    if (!parse(text, times, &value) || value >= (uint64_t)FERRY_TIME_NEVER) {
        return false;
    }
    *time_out = (ferry_time_ns)value;
    return true;
}

bool units_parse_size(const char *text, uint64_t *size_out)
{
    return parse(text, sizes, size_out);
}

bool units_parse_rate(const char *text, uint64_t *bytes_per_second_out)
{
    uint64_t value = 0;

    if (!parse(text, rates, &value) || value == FERRY_RATE_UNLIMITED) {
        return false;
    }
    *bytes_per_second_out = value;
    return true;
}

bool units_parse_count(const char *text, uint64_t *count_out)
{
    uint64_t number = 0;
    uint64_t scale = 1;

    if (!parse_digits(text, &number, &scale, &text) || *text != '\0' || scale != 1) {
        return false;
    }
    *count_out = number;
    return true;
}

struct step {
    uint64_t factor;
    const char *unit;
};

/* The largest unit that leaves at least 1, with two decimals where it is not the smallest. */
static const char *format(char buffer[UNITS_TEXT_MAX], uint64_t value, const struct step *steps)
{
    while (steps->factor > 1 && value < steps->factor) {
        steps++;
    }
    const uint64_t whole = value / steps->factor;
    const uint64_t hundredths = value % steps->factor * 100 / steps->factor;

    if (hundredths == 0) {
        (void)snprintf(buffer, UNITS_TEXT_MAX, "%llu %s", (unsigned long long)whole, steps->unit);
    } else if (hundredths % 10 == 0) {
        (void)snprintf(
            buffer,
            UNITS_TEXT_MAX,
            "%llu.%llu %s",
            (unsigned long long)whole,
            (unsigned long long)(hundredths / 10),
            steps->unit);
    } else {
        (void)snprintf(
            buffer,
            UNITS_TEXT_MAX,
            "%llu.%02llu %s",
            (unsigned long long)whole,
            (unsigned long long)hundredths,
            steps->unit);
    }
    return buffer;
}

const char *units_format_time(char buffer[UNITS_TEXT_MAX], ferry_time_ns time)
{
    static const struct step steps[] = {
        {3600000000000, "h"  },
        {60000000000,   "min"},
        {1000000000,    "s"  },
        {1000000,       "ms" },
        {1000,          "us" },
        {1,             "ns" },
    };

    if (time == FERRY_TIME_NEVER) {
        return strcpy(buffer, "none");
    }
    return format(buffer, time < 0 ? 0 : (uint64_t)time, steps);
}

const char *units_format_size(char buffer[UNITS_TEXT_MAX], uint64_t size)
{
    static const struct step steps[] = {
        {1ULL << 40, "TiB"},
        {1ULL << 30, "GiB"},
        {1ULL << 20, "MiB"},
        {1ULL << 10, "KiB"},
        {1,          "B"  },
    };

    if (size == UINT64_MAX) {
        return strcpy(buffer, "none");
    }
    return format(buffer, size, steps);
}

const char *units_format_rate(char buffer[UNITS_TEXT_MAX], uint64_t bytes_per_second)
{
    static const struct step steps[] = {
        {1000000000000, "Tbit/s"},
        {1000000000,    "Gbit/s"},
        {1000000,       "Mbit/s"},
        {1000,          "kbit/s"},
        {1,             "bit/s" },
    };

    if (bytes_per_second == FERRY_RATE_UNLIMITED) {
        return strcpy(buffer, "none");
    }
    return format(
        buffer, bytes_per_second > UINT64_MAX / 8 ? UINT64_MAX : bytes_per_second * 8, steps);
}
