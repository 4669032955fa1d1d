/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h -- one run of one scenario, in its own process: from sim_run() to the package for the
 * parent.
 */
#ifndef FERRY_SIM_CLI_JOB_H
#define FERRY_SIM_CLI_JOB_H

#include "sim/cli/cli.h"
#include "sim/cli/pool.h"
#include "sim/report/run_report.h"

struct job {
    const struct scenario *scenario;
    uint64_t seed;
    enum sim_network network;
    struct report_wishes wishes;
};

/* The exit status of a child whose package is whole. Anything else is an error of the run. */
#define JOB_DONE       0
#define JOB_NO_PACKAGE 3

/* Returns the child's exit status. */
int job_run(
    const struct job *job,
    const struct cli_world *world,
    struct pool_files *files,
    struct pool_progress *progress);

#endif
