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

bool transport_fail(
    struct transport_failure *failure_out, enum transport_error error, const char *format, ...)
{
    if (failure_out == NULL) {
        return false;
    }
    char particulars[TRANSPORT_ERROR_TEXT_MAX] = "";
    if (format != NULL) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(particulars, sizeof(particulars), format, arguments);
        va_end(arguments);
    }
    failure_out->error = error;
    const size_t room = sizeof(failure_out->text);
    const char *what = transport_error_sentence(error);
    size_t used = strlen(what);
    memcpy(failure_out->text, what, used + 1);
    if (particulars[0] != '\0' && used + 3 < room) {
        memcpy(failure_out->text + used, ": ", 2);
        used += 2;
        const size_t size = strnlen(particulars, room - used - 1);
        memcpy(failure_out->text + used, particulars, size);
        failure_out->text[used + size] = '\0';
    }
    for (char *byte = failure_out->text; *byte != '\0'; byte++) {
        if (*byte < ' ' || *byte > '~') {
            *byte = '?';
        }
    }
    return false;
}
