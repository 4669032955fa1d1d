/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.c -- the units, and reading one quantity.
 *
 * All arithmetic is on 128-bit integers with the digits bounded first, so nothing can overflow
 * silently: 19 digits times the largest factor stay below 2^117.
 */
#include "sim/scenario/quantity.h"

#include "sim/scenario/suggest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* Digits of a number, before and after the point together. */
#define DIGITS_MAX 19

const struct quantity_unit quantity_units[] = {
    {"ns",     QUANTITY_TIME,      1                       },
    {"us",     QUANTITY_TIME,      1000                    },
    {"ms",     QUANTITY_TIME,      1000000                 },
    {"s",      QUANTITY_TIME,      1000000000              },
    {"min",    QUANTITY_TIME,      60000000000             },
    {"h",      QUANTITY_TIME,      3600000000000           },
    {"B",      QUANTITY_SIZE,      1                       },
    {"KB",     QUANTITY_SIZE,      1000                    },
    {"KiB",    QUANTITY_SIZE,      1024                    },
    {"MB",     QUANTITY_SIZE,      1000000                 },
    {"MiB",    QUANTITY_SIZE,      1048576                 },
    {"GB",     QUANTITY_SIZE,      1000000000              },
    {"GiB",    QUANTITY_SIZE,      1073741824              },
    {"TB",     QUANTITY_SIZE,      1000000000000           },
    {"TiB",    QUANTITY_SIZE,      1099511627776           },
    {"bit/s",  QUANTITY_BANDWIDTH, 1                       },
    {"B/s",    QUANTITY_BANDWIDTH, 8                       },
    {"kbit/s", QUANTITY_BANDWIDTH, 1000                    },
    {"KB/s",   QUANTITY_BANDWIDTH, 8 * UINT64_C(1000)      },
    {"KiB/s",  QUANTITY_BANDWIDTH, 8 * UINT64_C(1024)      },
    {"Mbit/s", QUANTITY_BANDWIDTH, 1000000                 },
    {"MB/s",   QUANTITY_BANDWIDTH, 8 * UINT64_C(1000000)   },
    {"MiB/s",  QUANTITY_BANDWIDTH, 8 * UINT64_C(1048576)   },
    {"Gbit/s", QUANTITY_BANDWIDTH, 1000000000              },
    {"GB/s",   QUANTITY_BANDWIDTH, 8 * UINT64_C(1000000000)},
    {"GiB/s",  QUANTITY_BANDWIDTH, 8 * UINT64_C(1073741824)},
    {"Tbit/s", QUANTITY_BANDWIDTH, 1000000000000           },
    {"/s",     QUANTITY_RATE,      1                       },
    {"ppm",    QUANTITY_SHARE,     1000                    },
    {"%",      QUANTITY_SHARE,     10000000                },
    {NULL,     QUANTITY_COUNT,     0                       },
};

/* What people write instead, where the edit distance would not find it. */
static const char *const slips[][2] = {
    {"sec",     "s"     },
    {"secs",    "s"     },
    {"second",  "s"     },
    {"seconds", "s"     },
    {"msec",    "ms"    },
    {"usec",    "us"    },
    {"nsec",    "ns"    },
    {"m",       "min"   },
    {"minute",  "min"   },
    {"minutes", "min"   },
    {"hour",    "h"     },
    {"hours",   "h"     },
    {"hr",      "h"     },
    {"K",       "KiB"   },
    {"M",       "MiB"   },
    {"G",       "GiB"   },
    {"T",       "TiB"   },
    {"byte",    "B"     },
    {"bytes",   "B"     },
    {"bps",     "bit/s" },
    {"kbps",    "kbit/s"},
    {"Mbps",    "Mbit/s"},
    {"Gbps",    "Gbit/s"},
    {"Tbps",    "Tbit/s"},
    {"b/s",     "bit/s" },
    {"kb/s",    "kbit/s"},
    {"Kb/s",    "kbit/s"},
    {"Mb/s",    "Mbit/s"},
    {"Gb/s",    "Gbit/s"},
    {"Tb/s",    "Tbit/s"},
    {"MBps",    "MB/s"  },
    {"GBps",    "GB/s"  },
    {"Hz",      "/s"    },
    {"rps",     "/s"    },
    {"per s",   "/s"    },
    {"percent", "%"     },
};

const char *quantity_kind_name(enum quantity_kind kind)
{
    static const char *const names[QUANTITY_KIND_COUNT] = {
        [QUANTITY_COUNT] = "whole number",
        [QUANTITY_TIME] = "time",
        [QUANTITY_SIZE] = "size",
        [QUANTITY_BANDWIDTH] = "bandwidth",
        [QUANTITY_RATE] = "rate",
        [QUANTITY_SHARE] = "share",
    };
    return names[kind];
}

const char *quantity_kind_example(enum quantity_kind kind)
{
    static const char *const examples[QUANTITY_KIND_COUNT] = {
        [QUANTITY_COUNT] = "3",
        [QUANTITY_TIME] = "300 ms",
        [QUANTITY_SIZE] = "64 GiB",
        [QUANTITY_BANDWIDTH] = "10 Gbit/s",
        [QUANTITY_RATE] = "2000 /s",
        [QUANTITY_SHARE] = "80 %",
    };
    return examples[kind];
}

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/* A decimal number as mantissa / scale, and what comes behind it. */
struct number {
    uint64_t mantissa;
    uint64_t scale; /* a power of ten */
    const char *rest;
    bool too_long;
};

static bool read_digits(const char **text, struct number *number, unsigned *digits, bool fraction)
{
    if (!is_digit(**text)) {
        return false;
    }
    for (; is_digit(**text); (*text)++) {
        unsigned digit = (unsigned)(**text - '0');
        if (number->mantissa != 0 || digit != 0 || fraction) {
            (*digits)++;
        }
        if (*digits > DIGITS_MAX) {
            number->too_long = true;
            continue;
        }
        number->mantissa = number->mantissa * 10 + digit;
        number->scale *= fraction ? 10 : 1;
    }
    return true;
}

/* false: the text does not begin with a plain decimal number. */
static bool read_number(const char *text, struct number *number)
{
    *number = (struct number){.scale = 1};
    unsigned digits = 0;
    if (!read_digits(&text, number, &digits, false)) {
        return false;
    }
    if (*text == '.') {
        text++;
        if (!read_digits(&text, number, &digits, true)) {
            return false;
        }
    }
    number->rest = text;
    return true;
}

static uint64_t common_divisor(uint64_t first, uint64_t second)
{
    while (second != 0) {
        uint64_t rest = first % second;
        first = second;
        second = rest;
    }
    return first;
}

static const struct quantity_unit *find_unit(const char *name)
{
    for (const struct quantity_unit *unit = quantity_units; unit->name != NULL; unit++) {
        if (strcmp(unit->name, name) == 0) {
            return unit;
        }
    }
    return NULL;
}

static const char *suggest_unit(enum quantity_kind kind, const char *name)
{
    for (size_t index = 0; index < sizeof(slips) / sizeof(slips[0]); index++) {
        const struct quantity_unit *unit = find_unit(slips[index][1]);
        if (strcmp(slips[index][0], name) == 0 && unit != NULL && unit->kind == kind) {
            return unit->name;
        }
    }
    struct suggestion suggestion;
    suggestion_start(&suggestion, name);
    for (const struct quantity_unit *unit = quantity_units; unit->name != NULL; unit++) {
        if (unit->kind == kind) {
            suggestion_offer(&suggestion, unit->name);
        }
    }
    return suggestion.best;
}

static void
complain_of_unit(enum quantity_kind kind, const char *text, const char *name, char *message)
{
    const struct quantity_unit *other = find_unit(name);
    if (other != NULL) {
        (void)snprintf(
            message,
            QUANTITY_MESSAGE_SIZE,
            "'%s' is a %s; a %s is needed, such as '%s'",
            quote(text).text,
            quantity_kind_name(other->kind),
            quantity_kind_name(kind),
            quantity_kind_example(kind));
        return;
    }
    const char *suggested = suggest_unit(kind, name);
    (void)snprintf(
        message,
        QUANTITY_MESSAGE_SIZE,
        "unknown unit '%s' in '%s'; %s '%s'%s",
        quote(name).text,
        quote(text).text,
        suggested == NULL ? "write it like" : "did you mean",
        suggested == NULL ? quantity_kind_example(kind) : suggested,
        suggested == NULL ? "" : "?");
}

static void complain_of_number(enum quantity_kind kind, const char *text, char *message)
{
    if (text[0] == '-') {
        (void)snprintf(message, QUANTITY_MESSAGE_SIZE, "'%s' is negative", quote(text).text);
        return;
    }
    (void)snprintf(
        message,
        QUANTITY_MESSAGE_SIZE,
        "'%s' is not a %s; write %s such as '%s'",
        quote(text).text,
        quantity_kind_name(kind),
        kind == QUANTITY_COUNT ? "digits only," : "a number and a unit,",
        quantity_kind_example(kind));
}

/* Sets *factor to what one of the unit behind the number is. */
static bool read_unit(
    enum quantity_kind kind, const char *text, const char *rest, uint64_t *factor, char *message)
{
    while (*rest == ' ') {
        rest++;
    }
    if (kind == QUANTITY_COUNT) {
        *factor = 1;
        if (*rest != '\0') {
            complain_of_number(kind, text, message);
        }
        return *rest == '\0';
    }
    if (*rest == '\0') {
        (void)snprintf(
            message,
            QUANTITY_MESSAGE_SIZE,
            "'%s' needs a unit, such as '%s'",
            quote(text).text,
            quantity_kind_example(kind));
        return false;
    }
    /* `1e5 s`, `1,000 s`, `1_000 s`, `5. s`: the number itself is not one of ours. */
    if (strchr(".,_+-", *rest) != NULL || (*rest == 'e' && is_digit(rest[1])) || is_digit(*rest)) {
        complain_of_number(kind, text, message);
        return false;
    }
    const struct quantity_unit *unit = find_unit(rest);
    if (unit == NULL || unit->kind != kind) {
        complain_of_unit(kind, text, rest, message);
        return false;
    }
    *factor = unit->factor;
    return true;
}

bool quantity_parse(
    enum quantity_kind kind,
    const char *text,
    struct quantity *quantity_out,
    char message_out[QUANTITY_MESSAGE_SIZE])
{
    struct number number;
    uint64_t factor = 0;
    if (!read_number(text, &number)) {
        complain_of_number(kind, text, message_out);
        return false;
    }
    if (!read_unit(kind, text, number.rest, &factor, message_out)) {
        return false;
    }
    if (number.too_long) {
        (void)snprintf(
            message_out,
            QUANTITY_MESSAGE_SIZE,
            "'%s' has more than %d digits",
            quote(text).text,
            DIGITS_MAX);
        return false;
    }
    assert(factor != 0 && number.scale != 0);
    uint64_t shared = common_divisor(factor, number.scale);
    wide amount = (wide)number.mantissa * (factor / shared);
    uint64_t divisor = number.scale / shared;
    shared = common_divisor(number.mantissa, divisor);
    assert(shared != 0); /* divisor is not */
    amount /= shared;
    divisor /= shared;
    assert(divisor != 0);
    if (amount / divisor > INT64_MAX || amount > UINT64_MAX) {
        (void)snprintf(message_out, QUANTITY_MESSAGE_SIZE, "'%s' is too large", quote(text).text);
        return false;
    }
    *quantity_out = (struct quantity){.amount = (uint64_t)amount, .divisor = divisor};
    return true;
}

bool quantity_parse_whole(
    enum quantity_kind kind,
    const char *text,
    uint64_t *value_out,
    char message_out[QUANTITY_MESSAGE_SIZE])
{
    static const char *const base[QUANTITY_KIND_COUNT] = {
        [QUANTITY_COUNT] = "ones",
        [QUANTITY_TIME] = "nanoseconds",
        [QUANTITY_SIZE] = "bytes",
        [QUANTITY_BANDWIDTH] = "bits a second",
        [QUANTITY_RATE] = "a second",
        [QUANTITY_SHARE] = "parts per billion",
    };
    struct quantity quantity;
    if (!quantity_parse(kind, text, &quantity, message_out)) {
        return false;
    }
    if (quantity.divisor != 1) {
        (void)snprintf(
            message_out,
            QUANTITY_MESSAGE_SIZE,
            "'%s' is not a whole number%s%s",
            quote(text).text,
            kind == QUANTITY_COUNT ? "" : " of ",
            kind == QUANTITY_COUNT ? "" : base[kind]);
        return false;
    }
    if (quantity.amount > INT64_MAX) {
        (void)snprintf(message_out, QUANTITY_MESSAGE_SIZE, "'%s' is too large", quote(text).text);
        return false;
    }
    *value_out = quantity.amount;
    return true;
}
