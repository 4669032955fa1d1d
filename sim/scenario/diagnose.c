/* SPDX-License-Identifier: Apache-2.0 */
/* diagnose.c -- the list of errors of one file. */
#include "sim/scenario/diagnose.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest message, bytes: texts quoted from the file are cut before they come here. */
#define MESSAGE_MAX 1024

static bool make_room(struct scenario_errors *errors)
{
    if (errors->count < errors->capacity) {
        return true;
    }
    size_t capacity = errors->capacity == 0 ? 8 : errors->capacity * 2;
    struct scenario_error *items = realloc(errors->items, capacity * sizeof(*items));
    if (items == NULL) {
        return false;
    }
    errors->items = items;
    errors->capacity = capacity;
    return true;
}

/* Two rows that go wrong for one reason (an expectation of two moves, each set of a curve) tell it once. */
static bool
told_already(const struct scenario_errors *errors, struct scenario_mark mark, const char *message)
{
    for (size_t index = 0; index < errors->count; index++) {
        const struct scenario_error *error = &errors->items[index];
        if (error->line == mark.line && error->column == mark.column &&
            strcmp(error->message, message) == 0) {
            return true;
        }
    }
    return false;
}

void parse_error(struct parse *parse, struct scenario_mark mark, const char *format, ...)
{
    struct scenario_errors *errors = parse->errors;
    char message[MESSAGE_MAX];
    int length =
        mark.line == 0
            ? snprintf(message, sizeof(message), "%s: ", parse->file)
            : snprintf(message, sizeof(message), "%s:%u:%u: ", parse->file, mark.line, mark.column);
    va_list arguments;
    va_start(arguments, format);
    if (length > 0 && (size_t)length < sizeof(message)) {
        // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): begun three lines above
        length += vsnprintf(message + length, sizeof(message) - (size_t)length, format, arguments);
    }
    va_end(arguments);
    if (length < 0 || told_already(errors, mark, message)) {
        return;
    }
    if (errors->count == SCENARIO_ERRORS_MAX) {
        errors->suppressed++;
        return;
    }
    size_t size = (size_t)length < sizeof(message) ? (size_t)length : sizeof(message) - 1;
    char *copy = malloc(size + 1);
    if (copy == NULL || !make_room(errors)) {
        free(copy);
        errors->suppressed++;
        return;
    }
    for (size_t index = 0; index < size; index++) {
        copy[index] = message[index];
    }
    copy[size] = '\0';
    errors->items[errors->count++] =
        (struct scenario_error){.line = mark.line, .column = mark.column, .message = copy};
}

static bool comes_before(const struct scenario_error *first, const struct scenario_error *second)
{
    if (first->line != second->line) {
        return first->line < second->line;
    }
    return first->column < second->column;
}

/* Insertion: stable, and there are at most SCENARIO_ERRORS_MAX. */
void parse_errors_sort(struct scenario_errors *errors)
{
    for (size_t index = 1; index < errors->count; index++) {
        struct scenario_error moving = errors->items[index];
        size_t place = index;
        while (place > 0 && comes_before(&moving, &errors->items[place - 1])) {
            errors->items[place] = errors->items[place - 1];
            place--;
        }
        errors->items[place] = moving;
    }
}

void scenario_errors_free(struct scenario_errors *errors)
{
    for (size_t index = 0; index < errors->count; index++) {
        free(errors->items[index].message);
    }
    free(errors->items);
    *errors = (struct scenario_errors){0};
}
