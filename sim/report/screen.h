/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.h -- what is printed of a run which did not pass: one screen, no scrolling.
 *
 * Head: verdict, scenario, seed, each failure with its time. Middle: the blackout of the migration
 * concerned, part by part, and the last events of its two sides in two columns. Tail: the one
 * command which does the same again. The middle needs the whole result and so is made in the
 * process of the run; head and tail are made by the command, also for a run which died.
 */
#ifndef FERRY_SIM_REPORT_SCREEN_H
#define FERRY_SIM_REPORT_SCREEN_H

#include "sim/report/result.h"
#include "sim/report/run_report.h"

#include <stdio.h>

#define SCREEN_COLUMNS_DEFAULT 120U
#define SCREEN_COLUMNS_MIN     80U
#define SCREEN_COLUMNS_MAX     200U

void screen_head(FILE *out, const struct run_report *report);
void screen_middle(FILE *out, const struct sim_result *result, unsigned columns);
/* `command` is how ferry-sim was called, for example argv[0]; `twice`: only two runs show it. */
/* The one command which does the same again. */
void screen_put_command(
    FILE *out, const struct run_report *report, const char *command, bool twice);
void screen_tail(FILE *out, const struct run_report *report, const char *command, bool twice);

/* The middle as a member of a JSON object: `"screen":{...}`, or null of a run that passed. */
void screen_json(FILE *out, const struct sim_result *result);

/* A word as a shell wants it: quoted only if it must be. A leading `-` becomes `./-`. */
void screen_put_quoted(FILE *out, const char *word);

#endif
