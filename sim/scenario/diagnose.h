/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnose.h -- what is passed through the parser: where to get memory, where to put errors.
 *
 * Reading goes on after an error, so that one run tells all of them; hence errors are collected
 * here and nothing is printed.
 */
#ifndef FERRY_SIM_SCENARIO_DIAGNOSE_H
#define FERRY_SIM_SCENARIO_DIAGNOSE_H

#include "sim/scenario/arena.h"
#include "sim/scenario/scenario.h"

/* Errors kept of one file: more would not be read by anybody; the rest are counted. */
#define SCENARIO_ERRORS_MAX 100

struct parse {
    const char *file;
    struct scenario_arena *arena;
    struct scenario_errors *errors;
};

/* Adds `file:line:column: message`.  A mark of line 0 means the file as a whole. */
void parse_error(struct parse *parse, struct scenario_mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4), nonnull(3)));

/* Sorts by place, so that messages come in the order of the file. */
void parse_errors_sort(struct scenario_errors *errors);

#endif
