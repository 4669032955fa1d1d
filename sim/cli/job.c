/* SPDX-License-Identifier: Apache-2.0 */
/* job.c -- runs, measures, judges, packs. */
#include "sim/cli/job.h"

#include "sim/report/judge.h"

#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)

static int64_t clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void show_progress(void *context, const struct sim_progress *now)
{
    struct pool_progress *progress = context;

    atomic_store_explicit(&progress->virtual_ns, now->now_ns, memory_order_relaxed);
    atomic_store_explicit(&progress->migrations_begun, now->migrations_begun, memory_order_relaxed);
    atomic_store_explicit(&progress->migrations_ended, now->migrations_ended, memory_order_relaxed);
}

int job_run(
    const struct job *job,
    const struct cli_world *world,
    struct pool_files *files,
    struct pool_progress *progress)
{
    const struct sim_run_options options = {
        .seed = job->seed,
        .network = job->network,
        .progress = show_progress,
        .progress_context = progress,
    };
    struct sim_result result;
    const int64_t begin = clock_ns();

    sim_result_init(&result, job->scenario, job->seed);
    result.log = files->log;
    result.want_timeline = job->wishes.timeline;
    if (world->run(job->scenario, &options, &result) != 0) {
        sim_result_error(&result, 0, "the simulated world could not begin");
    }
    result.wall_ns = clock_ns() - begin;
    sim_judge(&result);
    bool whole = report_pack(files->package, &result, &job->wishes);

    if (files->log != NULL && (fflush(files->log) != 0 || ferror(files->log) != 0)) {
        whole = false; /* a log cut short would look like a run which ended earlier */
        (void)fputs("the log of events could not be written\n", stderr);
    }
    sim_result_deinit(&result);
    return whole ? JOB_DONE : JOB_NO_PACKAGE;
}
