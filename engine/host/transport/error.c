/* SPDX-License-Identifier: Apache-2.0 */
/* error.c -- see error.h: names, sentences and next steps out of the one table. */
#include "engine/host/transport/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct row {
    const char *name;
    const char *what;
    const char *next;
};

#define ROW(name, what, next) {#name, what, next},
static const struct row rows[] = {TRANSPORT_ERROR_TABLE(ROW)};
#undef ROW

static const struct row *row_of(enum transport_error error)
{
    const size_t index = (size_t)error;
    return &rows[index < TRANSPORT_ERROR_COUNT ? index : (size_t)TRANSPORT_SYSTEM];
}

const char *transport_error_name(enum transport_error error)
{
    return row_of(error)->name;
}

const char *transport_error_sentence(enum transport_error error)
{
    return row_of(error)->what;
}

const char *transport_error_next_step(enum transport_error error)
{
    return row_of(error)->next;
}

/* Names in certificates come from a peer. */
static void make_printable(char *text)
{
    for (char *byte = text; *byte != '\0'; byte++) {
        if (*byte < ' ' || *byte > '~') {
            *byte = '?';
        }
    }
}

bool transport_fail(
    struct transport_failure *failure_out, enum transport_error error, const char *format, ...)
{
    if (failure_out == NULL) {
        return false;
    }
    char particulars[TRANSPORT_ERROR_TEXT_MAX / 2] = "";
    if (format != NULL) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(particulars, sizeof(particulars), format, arguments);
        va_end(arguments);
    }
    failure_out->error = error;
    (void)snprintf(
        failure_out->text,
        sizeof(failure_out->text),
        "%s%s%s",
        transport_error_sentence(error),
        particulars[0] != '\0' ? ": " : "",
        particulars);
    make_printable(failure_out->text);
    return false;
}

void transport_fail_at(struct transport_failure *failure, const char *place)
{
    const size_t used = strlen(failure->text);
    if (place[0] != '\0') {
        (void)snprintf(failure->text + used, sizeof(failure->text) - used, " (%s)", place);
        make_printable(failure->text);
    }
}
