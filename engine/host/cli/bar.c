/* SPDX-License-Identifier: Apache-2.0 */
/* bar.c -- see bar.h. */
#include "engine/host/cli/bar.h"

#include "engine/host/base/units.h"
#include "engine/host/cli/ask.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 10

static void format_bar(const json_t *move, char text[64])
{
    const int64_t pages = json_number(move, "round_pages", 0);
    const int64_t sent = json_number(move, "round_pages_sent", 0);
    char bar[BAR_WIDTH + 1];
    /* Pages are at most 2^36: no product overflows. */
    const int64_t percent = pages <= 0 ? 0 : (sent > pages ? 100 : sent * 100 / pages);

    for (int64_t i = 0; i < BAR_WIDTH; i++) {
        bar[i] = (i + 1) * 100 <= percent * BAR_WIDTH ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    (void)snprintf(text, 64, "[%s] %3" PRId64 " %%", bar, percent);
}

static void append(char text[BAR_TEXT_MAX], const char *what, const char *value)
{
    const size_t used = strlen(text);

    (void)snprintf(text + used, BAR_TEXT_MAX - used, "%s%s", what, value);
}

/* The blackout first: it is what a narrow terminal must not cut off. */
static void append_rates(const json_t *move, char text[BAR_TEXT_MAX])
{
    char value[UNITS_TEXT_MAX];
    const int64_t bandwidth = json_number(move, "bandwidth", -1);
    const int64_t dirty = json_number(move, "dirty_rate", -1);
    const int64_t predicted = json_number(move, "predicted_blackout_ns", -1);
    const int64_t limit = json_number(move, "blackout_limit_ns", -1);

    if (predicted >= 0) {
        append(text, "  blackout ", units_format_time(value, predicted));
        if (limit >= 0) {
            append(text, " of ", units_format_time(value, limit));
        }
    }
    if (bandwidth >= 0) {
        append(text, predicted >= 0 ? ", " : "  ", units_format_rate(value, (uint64_t)bandwidth));
    }
    if (dirty >= 0) {
        append(text, ", dirtying ", units_format_rate(value, (uint64_t)dirty));
    }
}

void bar_format(const json_t *move, char text[BAR_TEXT_MAX])
{
    char bar[64];
    const bool out = strcmp(json_text(move, "direction", "out"), "in") != 0;
    const char *state = json_text(move, "state", "?");
    const int64_t round = json_number(move, "round", -1);
    const bool in_round = round >= 0 && json_number(move, "round_pages", 0) > 0;

    (void)snprintf(
        text,
        BAR_TEXT_MAX,
        "%s %s %s  %s",
        json_text(move, "guest", "?"),
        out ? "->" : "<-",
        json_text(move, "peer", "?"),
        in_round && strcmp(state, "copying") == 0 ? "round" : state);
    if (in_round) {
        const size_t used = strlen(text);

        format_bar(move, bar);
        (void)snprintf(text + used, BAR_TEXT_MAX - used, " %" PRId64 " %s", round, bar);
    }
    append_rates(move, text);
    if (json_object_get(move, "attached") != NULL && !json_flag(move, "attached") &&
        json_is_null(json_object_get(move, "outcome"))) {
        append(text, "", "  (no connection)");
    }
}

bool bar_possible(FILE *terminal)
{
    const char *kind = getenv("TERM");

    return isatty(fileno(terminal)) != 0 && kind != NULL && strcmp(kind, "dumb") != 0;
}

static size_t columns_of(FILE *terminal)
{
    struct winsize size;

    if (ioctl(fileno(terminal), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col;
}

void bar_write(FILE *terminal, const char *text)
{
    size_t left = columns_of(terminal) - 1;

    (void)fputs("\r\033[K", terminal);
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;

        if ((byte & 0xc0) != 0x80) {
            if (left == 0) {
                break;
            }
            left--;
        }
        (void)fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, terminal);
    }
    (void)fflush(terminal);
}

void bar_clear(FILE *terminal)
{
    (void)fputs("\r\033[K", terminal);
    (void)fflush(terminal);
}
