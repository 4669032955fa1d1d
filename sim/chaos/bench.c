/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c -- loads here, where errors are cheap; runs in a crew of one. */
#include "sim/chaos/bench.h"

struct task {
    const struct bench *bench;
    const struct scenario *scenario;
    struct trial *trial;
    bool done;
};

static void work(void *context, uint64_t job, struct trial *trial)
{
    const struct task *task = context;
    const struct trial_options options = {
        .run = task->bench->run,
        .network = task->bench->network,
        .seed = task->scenario->seed,
        .log = task->bench->log,
    };

    (void)job;
    if (!trial_run(task->scenario, &options, trial)) {
        *trial = (struct trial){.verdict = TRIAL_BROKEN, .id = "begin"};
    }
    if (task->bench->log != NULL) {
        (void)fflush(task->bench->log);
    }
}

static void done(void *context, uint64_t job, const struct trial *trial)
{
    struct task *task = context;

    (void)job;
    *task->trial = *trial;
    task->done = true;
}

bool bench_run(
    struct bench *bench, const char *name, const char *text, size_t size, struct trial *trial)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    struct task task = {.bench = bench, .trial = trial};

    if (bench->ended == 0 &&
        scenario_load_text(name, text, size, &scenario, &errors) == SCENARIO_OK) {
        task.scenario = scenario;
        bench->ended = crew_run(&(struct crew_config){
            .workers = 1,
            .count = 1,
            .one_job_each = true,
            .patience_s = bench->patience_s,
            .watched = bench->watched,
            .old_mask = bench->old_mask,
            .context = &task,
            .work = work,
            .done = done,
        });
    }
    scenario_free(scenario);
    scenario_errors_free(&errors);
    return task.done;
}
