/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c -- `ferry-sim sweep`: each fault at each step of a small migration, and pairs of them. */
#include "sim/chaos/sweep.h"

#include "sim/cli/cli.h"
#include "sim/cli/pool.h"
#include "sim/cli/run_options.h"
#include "sim/cli/tally.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_PAIRS = 256, KEY_RUN, KEY_PRINT, KEY_FAILURES, KEY_JSON, KEY_JUNIT };

struct options {
    enum sweep_pairs pairs;
    bool one; /* run or print `number` alone */
    bool print;
    uint64_t number;
    unsigned jobs;
    const char *failures;
    const char *json;
    const char *junit;
};

struct session {
    struct tally tally; /* first: what the workers get */
    struct sweep sweep;
    struct bench bench;
};

static const struct argp_option option_table[] = {
    {.name = "pairs",
     .key = KEY_PAIRS,
     .arg = "none|phases|steps",
     .doc = "Two faults at every two phases of the switchover (the default), at every two steps of "
            "it (some hundred times as many), or none"},
    {.name = "run",            .key = KEY_RUN, .arg = "N", .doc = "This run of the sweep alone"},
    {.name = "print",
     .key = KEY_PRINT,
     .arg = "N",
     .doc = "Print the scenario of a run, and run nothing else"},
    {.name = "jobs",
     .key = 'j',
     .arg = "N",
     .doc = "So many processes; without it as many as there are processors"},
    {.name = "failures",
     .key = KEY_FAILURES,
     .arg = "FILE",
     .doc = "Add failing runs to this file; without it " TALLY_FAILURES_DEFAULT},
    {.name = "json",                       .key = KEY_JSON, .arg = "FILE", .doc = "Write counts and failures as JSON"},
    {.name = "junit",                            .key = KEY_JUNIT, .arg = "FILE", .doc = "Write failures as JUnit XML"},
    {.name = NULL                                    },
};

static const char *const pair_words[] = {
    [SWEEP_NO_PAIRS] = "none",
    [SWEEP_PAIRS_OF_PHASES] = "phases",
    [SWEEP_PAIRS_OF_STEPS] = "steps",
};

static void set_pairs(struct options *options, const char *word, const struct argp_state *state)
{
    for (unsigned i = 0; i < sizeof pair_words / sizeof pair_words[0]; i++) {
        if (strcmp(word, pair_words[i]) == 0) {
            options->pairs = (enum sweep_pairs)i;
            return;
        }
    }
    argp_error(state, "--pairs %s: expected none, phases or steps", word);
}

static void set_number(struct options *options, const char *text, const struct argp_state *state)
{
    if (options->one || !run_parse_number(text, &options->number)) {
        argp_error(state, "run %s: expected one whole number", text);
    }
    options->one = true;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case KEY_PAIRS: set_pairs(options, argument, state); return 0;
    case KEY_RUN: set_number(options, argument, state); return 0;
    case KEY_PRINT:
        set_number(options, argument, state);
        options->print = true;
        return 0;
    case KEY_FAILURES: options->failures = argument; return 0;
    case KEY_JSON: options->json = argument; return 0;
    case KEY_JUNIT: options->junit = argument; return 0;
    case 'j': options->jobs = run_parse_jobs(argument, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_sweep_argp = {
    .options = option_table,
    .parser = parse_option,
    .doc =
        "Run a small migration with each fault at each of its steps, and with pairs.\v"
        "Where chaos draws, a sweep leaves nothing out: every kind of fault and order, just "
        "before and just after each instant at which anything happens; then every two of them at "
        "every two phases of the switchover. On the light network. FILE may be - for standard "
        "output.",
};

/* ---- the runs ---- */

static void work(void *context, uint64_t number, struct trial *trial)
{
    struct session *session = context;
    size_t size = 0;
    char *text = sweep_text(&session->sweep, number, &size);

    tally_run(&session->tally, text, size, trial);
    free(text);
}

static void done(void *context, uint64_t number, const struct trial *trial)
{
    struct session *session = context;

    tally_add(&session->tally, number, sweep_kinds(&session->sweep, number), trial);
}

static int run_all(struct session *session, uint64_t first, uint64_t count)
{
    struct tally *tally = &session->tally;

    tally->first = first;
    tally->count = count;
    tally->jobs = tally->jobs < CREW_MAX ? tally->jobs : CREW_MAX;
    tally->jobs = tally->jobs < count ? tally->jobs : (unsigned)count;
    const int ended = crew_run(&(struct crew_config){
        .workers = tally->jobs,
        .first = first,
        .count = count,
        .watched = session->bench.watched,
        .old_mask = session->bench.old_mask,
        .context = session,
        .work = work,
        .done = done,
    });
    if (ended < 0) {
        return CLI_USAGE;
    }
    session->bench.ended = ended;
    tally->interrupted = ended;
    return tally_conclude(tally);
}

static int print_run(const struct sweep *sweep, uint64_t number)
{
    size_t size = 0;
    char *text = sweep_text(sweep, number, &size);

    (void)fputs(text, stdout);
    free(text);
    return CLI_PASS;
}

static int sweep(struct session *session, const struct options *options)
{
    const struct sweep *runs = &session->sweep;
    const uint64_t single = sweep_single_count(runs);
    const uint64_t count = single + sweep_pair_count(runs);

    if (options->one && options->number >= count) {
        cli_complain("run %" PRIu64 ": there are %" PRIu64, options->number, count);
        return CLI_USAGE;
    }
    if (options->print) {
        return print_run(runs, options->number);
    }
    if (!tally_open(&session->tally)) {
        return CLI_USAGE;
    }
    if (options->one) {
        return run_all(session, options->number, 1);
    }
    (void)fprintf(
        session->tally.text,
        "%zu steps, %u kinds: %" PRIu64 " runs with one, %" PRIu64 " with two\n",
        runs->step_count,
        sweep_kind_count(),
        single,
        count - single);
    (void)fflush(session->tally.text);
    return run_all(session, 0, count);
}

int cli_sweep(const struct cli_call *call)
{
    struct options options = {
        .pairs = SWEEP_PAIRS_OF_PHASES,
        .jobs = run_processors(),
        .failures = TALLY_FAILURES_DEFAULT,
    };
    struct pool_signals signals;
    int status = CLI_USAGE;

    (void)argp_parse(&cli_sweep_argp, call->argc, call->argv, 0, NULL, &options);
    struct session session = {
        .tally =
            {
                    .call = call,
                    .verb = "sweep",
                    .noun = "run",
                    .options = options.pairs == SWEEP_PAIRS_OF_STEPS ? " --pairs steps" : "",
                    .names = sweep_kind_name,
                    .network = SIM_NETWORK_LIGHT,
                    .failures = options.failures,
                    .json = {.option = "--json", .path = options.json},
                    .junit = {.option = "--junit", .path = options.junit},
                    .jobs = options.jobs,
                    },
        .bench = {.run = call->world->run, .network = SIM_NETWORK_LIGHT},
    };

    pool_hold_signals(&signals);
    session.bench.watched = signals.watched;
    session.bench.old_mask = signals.old_mask;
    if (sweep_begin(&session.sweep, &session.bench, options.pairs)) {
        status = sweep(&session, &options);
    }
    sweep_end(&session.sweep);
    tally_close(&session.tally);
    pool_release_signals(&signals);
    if (session.bench.ended > 0) {
        (void)signal(session.bench.ended, SIG_DFL);
        (void)raise(session.bench.ended);
    }
    return status;
}
