/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h -- the table at the end of `ferry-sim run`: a row for each run, then one line of totals.
 *
 * With many runs (a range of seeds) nobody reads rows of what is fine: beyond TABLE_ROWS_MAX only
 * the runs that did not pass get a row, and the rest are counted for each scenario.
 */
#ifndef FERRY_SIM_REPORT_TABLE_H
#define FERRY_SIM_REPORT_TABLE_H

#include "sim/report/run_report.h"

#include <stdint.h>
#include <stdio.h>

#define TABLE_ROWS_MAX 100U

void table_write(FILE *out, const struct run_report *reports, size_t count);

/* "24 runs: 23 pass, 1 fail; 1 h of virtual time in 12.3 s; ..." */
void table_totals(FILE *out, const struct run_report *reports, size_t count, int64_t elapsed_ns);

#endif
