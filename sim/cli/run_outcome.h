/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_outcome.h -- what the parent knows of one run: the child's package, or why there is none, and
 * with --twice whether both times were the same.
 */
#ifndef FERRY_SIM_CLI_RUN_OUTCOME_H
#define FERRY_SIM_CLI_RUN_OUTCOME_H

#include "sim/cli/pool.h"
#include "sim/report/run_report.h"

struct run_outcome {
    struct run_report report; /* of the first time */
    struct run_report second; /* with --twice */
    FILE *logs[2];
    size_t taken; /* times that have ended */
    bool broken;  /* a time ended without its package: there is nothing to compare */
    bool differs; /* the two times were not the same */
    char *output; /* what the process printed, its end; NULL: nothing */
};

void run_outcome_init(struct run_outcome *run, const struct scenario *scenario, uint64_t seed);
void run_outcome_deinit(struct run_outcome *run);

/* The end of time 0 or 1 of the run. */
void run_outcome_take(struct run_outcome *run, size_t which, struct pool_end *end);

/* After all times have been taken: a difference becomes a failure, with its place in the screen. */
void run_outcome_compare(struct run_outcome *run);

/* What it printed, indented. */
void run_outcome_put_output(FILE *out, const struct run_outcome *run);

#endif
