/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_text.h -- an event as text: whole as a line of the log, short as a cell of a screen.
 *
 * Two lines of the log are equal if and only if the events are: all that is in the event is in the
 * line, so a comparison of two logs line by line finds the first event which differs.
 */
#ifndef FERRY_SIM_REPORT_EVENT_TEXT_H
#define FERRY_SIM_REPORT_EVENT_TEXT_H

#include "sim/report/result.h"

#include <stddef.h>
#include <stdio.h>

/* `number seconds side host guest KIND text name=value ... hash`, and a newline. */
void event_write_line(FILE *out, const struct scenario *scenario, const struct sim_event *event);

/* `seconds KIND text name=value ...` in at most `size - 1` bytes; messages by name. */
void event_write_short(char *buffer, size_t size, const struct sim_event *event);

#endif
