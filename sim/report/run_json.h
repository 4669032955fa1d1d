/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_json.h -- the JSON document of `ferry-sim run --json`; docs/json.md describes every key.
 *
 * The document is stable: keys are added, never renamed or removed, within one `version`. A value
 * which does not exist (the blackout of a move that failed) is null, never a made-up zero.
 */
#ifndef FERRY_SIM_REPORT_RUN_JSON_H
#define FERRY_SIM_REPORT_RUN_JSON_H

#include "sim/report/environment.h"
#include "sim/report/json_writer.h"
#include "sim/report/result.h"
#include "sim/report/run_report.h"

#include <stdbool.h>
#include <stdio.h>

#define RUN_JSON_VERSION 1

/* Child: the members `"migrations":[...],"clients":[...],"screen":...` of one run. */
void run_json_details(FILE *out, const struct sim_result *result);

/* The member `"environment":{...}` of any document. */
void run_json_environment(struct json_writer *writer, const struct environment *environment);

/* Parent: the whole document, runs in their order. `interrupted`: a signal came before all had ended. */
void run_json_document(
    FILE *out,
    const struct environment *environment,
    const struct run_report *reports,
    size_t count,
    bool interrupted);

#endif
