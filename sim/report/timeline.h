/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h -- `ferry-sim run --trace`: a trace which ui.perfetto.dev and chrome://tracing open.
 *
 * The format is the Chrome trace event format: spans (`X`), counters (`C`) and names (`M`), time in
 * microseconds, here virtual ones with three decimals. Each run has four groups ("processes" in
 * that format): migrations with tracks for session, rounds, attempts, blackout and lost
 * connections; networks with a counter for each host's cable; faults; hosts. Spans of one track
 * never overlap unless one lies within the other, as the viewers want it.
 */
#ifndef FERRY_SIM_REPORT_TIMELINE_H
#define FERRY_SIM_REPORT_TIMELINE_H

#include "sim/report/result.h"
#include "sim/report/run_report.h"

#include <stdint.h>
#include <stdio.h>

/* Child: the events of one run, elements of `traceEvents` without the brackets. */
void timeline_write(FILE *out, const struct sim_result *result, uint32_t run_index);

/* Parent: the whole document. */
void timeline_document(FILE *out, const struct run_report *reports, size_t count);

#endif
