/* SPDX-License-Identifier: Apache-2.0 */
/* text.c -- see text.h. A quantity is shown in the largest unit of which it has at least one, as
 * three digits. */
#include "base/text.h"

#include "base/assert.h"

#include <string.h>

struct unit {
    const char *name;
    uint64_t size; /* in the smallest unit; largest first, the last one is 1 */
};

void base_text_init(struct base_text *text, char *data, size_t capacity)
{
    FERRY_ASSERT(capacity > 0);
    *text = (struct base_text){.data = data, .capacity = capacity};
    data[0] = '\0';
}

static void append(struct base_text *text, const char *data, size_t size)
{
    const size_t room = text->capacity - 1 - text->used;
    if (size > room) {
        size = room;
        text->cut = true;
    }
    if (size > 0) {
        memcpy(text->data + text->used, data, size);
    }
    text->used += size;
    text->data[text->used] = '\0';
}

void base_text_add(struct base_text *text, const char *string)
{
    append(text, string, strlen(string));
}

void base_text_add_bytes(struct base_text *text, struct ferry_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        const uint8_t byte = bytes.data[i];
        const bool printable = byte >= 0x20 && byte < 0x7f;
        append(text, printable ? (const char *)&bytes.data[i] : "?", 1);
    }
}

/* Decimal, at least `digits` digits. */
static void append_number(struct base_text *text, uint64_t value, size_t digits)
{
    char reversed[20];
    char forward[20];
    size_t size = 0;
    while (value > 0 || size < digits) {
        reversed[size] = "0123456789"[value % 10];
        value /= 10;
        size++;
    }
    for (size_t i = 0; i < size; i++) {
        forward[i] = reversed[size - 1 - i];
    }
    append(text, forward, size);
}

void base_text_add_u64(struct base_text *text, uint64_t value)
{
    append_number(text, value, 1);
}

void base_text_add_i64(struct base_text *text, int64_t value)
{
    if (value < 0) {
        append(text, "-", 1);
    }
    append_number(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
}

/* floor(remainder * factor / unit) for remainder < unit, without overflow: one decimal digit at a
 * time. */
static uint64_t decimals(uint64_t remainder, uint64_t unit, uint32_t digits, bool *round_up_out)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < digits; i++) {
        uint64_t digit = 0;
        uint64_t sum = 0;
        for (uint32_t k = 0; k < 10; k++) { /* remainder x 10, by adding: units reach 2^60 */
            sum += remainder;
            if (sum >= unit) {
                sum -= unit;
                digit++;
            }
        }
        value = value * 10 + digit;
        remainder = sum;
    }
    *round_up_out = remainder >= unit - remainder;
    return value;
}

static void append_quantity(struct base_text *text, uint64_t value, const struct unit *units)
{
    const struct unit *unit = units;
    while (unit->size > 1 && value < unit->size) {
        unit++;
    }
    uint64_t whole = value / unit->size;
    if (unit->size == 1) {
        append_number(text, whole, 1);
    } else {
        const uint32_t digits = whole >= 100 ? 0 : whole >= 10 ? 1 : 2;
        const uint64_t scale = digits == 0 ? 1 : digits == 1 ? 10 : 100;
        bool round_up = false;
        uint64_t fraction = decimals(value % unit->size, unit->size, digits, &round_up);
        fraction += round_up ? 1 : 0;
        whole += fraction / scale; /* with no decimals the scale is 1: the carry is all there is */
        fraction %= scale;
        append_number(text, whole, 1);
        if (digits > 0) {
            append(text, ".", 1);
            append_number(text, fraction, digits);
        }
    }
    append(text, " ", 1);
    base_text_add(text, unit->name);
}

void base_text_add_duration(struct base_text *text, ferry_time_ns duration)
{
    static const struct unit units[] = {
        {"s",  1000000000},
        {"ms", 1000000   },
        {"us", 1000      },
        {"ns", 1         },
    };
    if (duration == FERRY_TIME_NEVER) {
        base_text_add(text, "for ever");
        return;
    }
    if (duration < 0) {
        append(text, "-", 1);
    }
    append_quantity(text, duration < 0 ? 0 - (uint64_t)duration : (uint64_t)duration, units);
}

void base_text_add_size(struct base_text *text, uint64_t bytes)
{
    static const struct unit units[] = {
        {"EiB",   1ULL << 60},
        {"PiB",   1ULL << 50},
        {"TiB",   1ULL << 40},
        {"GiB",   1ULL << 30},
        {"MiB",   1ULL << 20},
        {"KiB",   1ULL << 10},
        {"bytes", 1         },
    };
    append_quantity(text, bytes, units);
}

void base_text_add_rate(struct base_text *text, uint64_t bytes_per_second)
{
    static const struct unit units[] = {
        {"Tbit/s", 1000000000000},
        {"Gbit/s", 1000000000   },
        {"Mbit/s", 1000000      },
        {"kbit/s", 1000         },
        {"bit/s",  1            },
    };
    if (bytes_per_second == FERRY_RATE_UNLIMITED) {
        base_text_add(text, "unlimited");
    } else if (bytes_per_second > UINT64_MAX / 8) {
        base_text_add(text, "more than 18 Ebit/s");
    } else {
        append_quantity(text, bytes_per_second * 8, units);
    }
}
