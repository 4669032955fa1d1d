/* SPDX-License-Identifier: Apache-2.0 */
/* quantity_text.c -- from values back to texts, and texts of a file made fit for a message. */
#include "sim/scenario/quantity.h"

#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* Is `value` of `unit`, with three decimals at most, exact? */
static bool unit_fits(const struct quantity_unit *unit, uint64_t value)
{
    return value >= unit->factor && (wide)value * 1000 % unit->factor == 0;
}

/* Bandwidths are written in bits, however the file had them. */
static bool in_bytes_a_second(const struct quantity_unit *unit)
{
    return unit->kind == QUANTITY_BANDWIDTH && strchr(unit->name, 'B') != NULL;
}

void quantity_format(enum quantity_kind kind, uint64_t value, char *text_out, size_t text_size)
{
    const struct quantity_unit *best = NULL;
    for (const struct quantity_unit *unit = quantity_units; unit->name != NULL; unit++) {
        if (unit->kind == kind && !in_bytes_a_second(unit) &&
            (best == NULL || unit_fits(unit, value))) {
            best = unit;
        }
    }
    if (best == NULL) {
        (void)snprintf(text_out, text_size, "%llu", (unsigned long long)value);
        return;
    }
    uint64_t whole = value / best->factor;
    unsigned thousandths = (unsigned)((wide)(value % best->factor) * 1000 / best->factor);
    char decimals[16] = "";
    if (thousandths != 0) {
        (void)snprintf(decimals, sizeof(decimals), ".%03u", thousandths);
        size_t length = strlen(decimals);
        while (decimals[length - 1] == '0') {
            decimals[--length] = '\0';
        }
    }
    (void)snprintf(
        text_out, text_size, "%llu%s %s", (unsigned long long)whole, decimals, best->name);
}

struct quoted quote(const char *text)
{
    struct quoted quoted = {{0}};
    size_t length = 0;
    while (length < QUOTED_SIZE - 4 && text[length] != '\0') {
        unsigned char letter = (unsigned char)text[length];
        quoted.text[length] = text[length];
        if (letter < 0x20 || letter == 0x7f) {
            quoted.text[length] = '?';
        }
        length++;
    }
    if (text[length] != '\0') {
        /* Not in the middle of a UTF-8 sequence. */
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
        memcpy(quoted.text + length, "...", 4);
    } else {
        quoted.text[length] = '\0';
    }
    return quoted;
}
