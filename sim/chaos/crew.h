/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crew.h -- many short runs in few processes.
 *
 * A run on the light network takes a millisecond, less than to fork; so a worker takes one job after
 * the other. A worker that dies takes one job with it, which is reported as broken with what the
 * process printed; another worker takes its place. Over SimGrid, which permits one engine in a
 * process, a worker ends after its job.
 *
 * Jobs are numbers, taken in their order; what a number means is the caller's. Reports come in any
 * order. A job that takes longer than CREW_PATIENCE_S of real time hangs: its worker is ended.
 */
#ifndef FERRY_SIM_CHAOS_CREW_H
#define FERRY_SIM_CHAOS_CREW_H

#include "sim/chaos/trial.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define CREW_PATIENCE_S 60
#define CREW_MAX        64U

struct crew_config {
    unsigned workers; /* 1 to CREW_MAX */
    uint64_t first;   /* jobs [first, first + count) */
    uint64_t count;
    int64_t for_ns;      /* no job begins later than this after the start; 0: no limit */
    bool one_job_each;   /* a process for each job */
    unsigned patience_s; /* with a job; 0: CREW_PATIENCE_S */
    sigset_t watched;    /* held signals; one that is pending ends the crew */
    sigset_t old_mask;   /* what workers get */
    void *context;
    /* In the worker. */
    void (*work)(void *context, uint64_t job, struct trial *trial);
    /* In the parent: once for each job that was taken. */
    void (*done)(void *context, uint64_t job, const struct trial *trial);
};

/* 0: no job is left, or the time is over. > 0: this signal came. -1: no process could be had, said on
 * stderr. */
int crew_run(const struct crew_config *config);

#endif
