/* SPDX-License-Identifier: Apache-2.0 */
/*
 * junit.h -- JUnit XML of `ferry-sim run --junit`: one test case for each scenario and seed.
 *
 * CI systems show such files. A run which did not pass carries its failures and its screen.
 */
#ifndef FERRY_SIM_REPORT_JUNIT_H
#define FERRY_SIM_REPORT_JUNIT_H

#include "sim/report/run_report.h"

#include <stdio.h>

void junit_document(FILE *out, const struct run_report *reports, size_t count);

#endif
