/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c -- the line is cut to the terminal's width: one that wraps cannot be rewritten. */
#include "sim/cli/progress.h"

#include "sim/report/memory.h"
#include "sim/report/quantity_text.h"
#include "sim/report/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool progress_possible(FILE *terminal)
{
    const char *kind = getenv("TERM");

    return isatty(fileno(terminal)) != 0 && kind != NULL && strcmp(kind, "dumb") != 0;
}

unsigned progress_columns(FILE *terminal, unsigned otherwise)
{
    struct winsize size;

    if (isatty(fileno(terminal)) == 0 || ioctl(fileno(terminal), TIOCGWINSZ, &size) != 0 ||
        size.ws_col == 0) {
        return otherwise;
    }
    return size.ws_col;
}

void progress_write(
    FILE *terminal, const struct pool_state *state, size_t total, const char *name, uint64_t seed)
{
    const struct pool_progress *oldest = state->progress[0];
    const uint32_t begun = atomic_load_explicit(&oldest->migrations_begun, memory_order_relaxed);
    const uint32_t ended = atomic_load_explicit(&oldest->migrations_ended, memory_order_relaxed);
    char *line = NULL;
    size_t size = 0;
    char at[QUANTITY_TEXT_SIZE];
    FILE *text = report_text_open(&line, &size);

    (void)fprintf(text, "[%zu/%zu] %s, seed %" PRIu64 ": ", state->done, total, name, seed);
    (void)fprintf(
        text,
        "%s of virtual time",
        duration_text(at, atomic_load_explicit(&oldest->virtual_ns, memory_order_relaxed)));
    if (begun > 1) {
        (void)fprintf(text, ", %" PRIu32 " of %" PRIu32 " moves ended", ended, begun);
    }
    if (state->running > 1) {
        (void)fprintf(text, "; and %zu more", state->running - 1);
    }
    report_text_close(text);
    (void)fputs("\r\033[K", terminal);
    (void)utf8_put_plain(terminal, line, progress_columns(terminal, 80) - 1);
    (void)fflush(terminal);
    free(line);
}

void progress_clear(FILE *terminal)
{
    (void)fputs("\r\033[K", terminal);
    (void)fflush(terminal);
}
