/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c -- decodes strictly: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "sim/report/utf8.h"

#include <stdbool.h>

struct lead {
    unsigned char mask; /* of the bits that tell the length */
    unsigned char bits;
    unsigned length;
    uint32_t smallest; /* less is an overlong form */
};

static const struct lead leads[] = {
    {0x80, 0x00, 1, 0x0    },
    {0xe0, 0xc0, 2, 0x80   },
    {0xf0, 0xe0, 3, 0x800  },
    {0xf8, 0xf0, 4, 0x10000},
};

static bool is_valid(uint32_t code, uint32_t smallest)
{
    return code >= smallest && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

uint32_t utf8_next(const char **text)
{
    const unsigned char *bytes = (const unsigned char *)*text;

    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        const struct lead *lead = &leads[i];

        if ((bytes[0] & lead->mask) != lead->bits) {
            continue;
        }
        uint32_t code = bytes[0] & (unsigned char)~lead->mask;
        unsigned used = 1;

        /* A zero byte ends the text and is no continuation, so this never reads past it. */
        while (used < lead->length && (bytes[used] & 0xc0) == 0x80) {
            code = code << 6 | (bytes[used] & 0x3f);
            used++;
        }
        if (used == lead->length && is_valid(code, lead->smallest)) {
            *text += used;
            return code;
        }
        break;
    }
    *text += 1;
    return UTF8_REPLACEMENT;
}

void utf8_put(FILE *out, uint32_t code)
{
    if (code < 0x80) {
        (void)fputc((int)code, out);
        return;
    }
    if (code < 0x800) {
        (void)fputc((int)(0xc0 | code >> 6), out);
    } else if (code < 0x10000) {
        (void)fputc((int)(0xe0 | code >> 12), out);
        (void)fputc((int)(0x80 | (code >> 6 & 0x3f)), out);
    } else {
        (void)fputc((int)(0xf0 | code >> 18), out);
        (void)fputc((int)(0x80 | (code >> 12 & 0x3f)), out);
        (void)fputc((int)(0x80 | (code >> 6 & 0x3f)), out);
    }
    (void)fputc((int)(0x80 | (code & 0x3f)), out);
}

size_t utf8_columns(const char *text)
{
    size_t columns = 0;

    while (*text != '\0') {
        (void)utf8_next(&text);
        columns++;
    }
    return columns;
}

size_t utf8_put_plain(FILE *out, const char *text, size_t columns)
{
    const bool cut = utf8_columns(text) > columns;
    const size_t room = cut && columns > 0 ? columns - 1 : columns;
    size_t used = 0;

    while (*text != '\0' && used < room) {
        const uint32_t code = utf8_next(&text);
        const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);

        utf8_put(out, control ? '?' : code);
        used++;
    }
    if (cut && columns > 0) {
        (void)fputc('~', out);
        used++;
    }
    return used;
}
