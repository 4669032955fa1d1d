/* SPDX-License-Identifier: Apache-2.0 */
/* chaos.c -- `ferry-sim chaos`: many seeds, each a small cluster under random faults. */
#include "sim/chaos/crew.h"
#include "sim/chaos/plan.h"
#include "sim/cli/chaos_options.h"
#include "sim/cli/cli.h"
#include "sim/cli/pool.h"
#include "sim/cli/run_options.h"
#include "sim/cli/tally.h"

#include <signal.h>
#include <stdlib.h>

static void work(void *context, uint64_t seed, struct trial *trial)
{
    size_t size = 0;
    char *text = plan_text(seed, &size);

    tally_run(context, text, size, trial);
    free(text);
}

static void done(void *context, uint64_t seed, const struct trial *trial)
{
    struct plan plan;

    plan_draw(&plan, seed);
    tally_add(context, seed, plan.kinds == 0 ? 1 : plan.kinds, trial);
}

/* Returns the exit status, or minus the signal that shall end us. */
static int run_all(
    struct tally *tally, const struct chaos_options *options, const struct pool_signals *signals)
{
    const struct crew_config config = {
        .workers = tally->jobs,
        .first = options->first_seed,
        .count = options->count,
        .for_ns = options->for_ns,
        .one_job_each = options->network == SIM_NETWORK_SIMGRID,
        .watched = signals->watched,
        .old_mask = signals->old_mask,
        .context = tally,
        .work = work,
        .done = done,
    };

    if (options->network == SIM_NETWORK_SIMGRID) {
        tally->call->world->prepare();
    }
    const int ended = crew_run(&config);

    if (ended < 0) {
        return CLI_USAGE;
    }
    tally->interrupted = ended;
    return tally_conclude(tally);
}

static int print_plan(uint64_t seed)
{
    size_t size = 0;
    char *text = plan_text(seed, &size);

    (void)fputs(text, stdout);
    free(text);
    return CLI_PASS;
}

static unsigned workers(const struct chaos_options *options)
{
    const unsigned jobs = options->jobs < CREW_MAX ? options->jobs : CREW_MAX;

    return jobs < options->count ? jobs : (unsigned)options->count;
}

int cli_chaos(const struct cli_call *call)
{
    struct chaos_options options;
    struct pool_signals signals;
    int status = CLI_USAGE;

    chaos_options_parse(&options, call->argc, call->argv);
    if (options.print) {
        return print_plan(options.first_seed);
    }
    struct tally tally = {
        .call = call,
        .verb = "chaos",
        .noun = "seed",
        .options = options.network == SIM_NETWORK_SIMGRID ? " --net simgrid" : "",
        .names = plan_kind_name,
        .first = options.first_seed,
        .count = options.count,
        .network = options.network,
        .failures = options.failures,
        .json = options.json,
        .junit = options.junit,
        .jobs = workers(&options),
    };

    pool_hold_signals(&signals);
    if (tally_open(&tally)) {
        status = run_all(&tally, &options, &signals);
    }
    tally_close(&tally);
    pool_release_signals(&signals);
    if (status < 0) {
        (void)signal(-status, SIG_DFL);
        (void)raise(-status);
        return CLI_USAGE;
    }
    return status;
}
