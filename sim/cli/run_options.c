/* SPDX-License-Identifier: Apache-2.0 */
/* run_options.c -- the options of `ferry-sim run`. */
#include "sim/cli/run_options.h"

#include "sim/cli/cli.h"

#include <sched.h>
#include <string.h>

enum key { KEY_SEED = 0x100, KEY_SEEDS, KEY_JSON, KEY_JUNIT, KEY_TRACE, KEY_TWICE, KEY_NET };

static const struct argp_option options[] = {
    {.name = "seed",                                         .key = KEY_SEED, .arg = "N", .doc = "Use this seed instead of the scenario's"},
    {.name = "seeds",
     .key = KEY_SEEDS,
     .arg = "A..B",
     .doc = "Run each scenario with every seed from A to B"},
    {.name = "json",
     .key = KEY_JSON,
     .arg = "FILE",
     .doc = "Write all results as JSON; docs/json.md describes it"},
    {.name = "junit",
     .key = KEY_JUNIT,
     .arg = "FILE",
     .doc = "Write a JUnit XML report, one test case for each scenario and seed"},
    {.name = "trace",
     .key = KEY_TRACE,
     .arg = "FILE",
     .doc = "Write a timeline of all runs, for ui.perfetto.dev or chrome://tracing"},
    {.name = "twice",
     .key = KEY_TWICE,
     .doc = "Run each seed twice, and fail if the two are not the same, event for event"},
    {.name = "net",
     .key = KEY_NET,
     .arg = "light|simgrid",
     .doc = "Who shares the bandwidth: SimGrid (the default), or the light network of our own, "
            "which chaos uses"},
    {.name = "jobs",
     .key = 'j',
     .arg = "N",
     .doc = "So many runs at once; without it as many as there are processors"},
    {.name = NULL                                      },
};

bool run_parse_number(const char *text, uint64_t *value)
{
    uint64_t number = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        const uint64_t digit = (uint64_t)(*text - '0');

        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *value = number;
    return true;
}

bool run_parse_range(const char *text, uint64_t *first, uint64_t *last)
{
    const char *dots = strstr(text, "..");
    char begin[32];

    if (dots == NULL || (size_t)(dots - text) >= sizeof begin) {
        return false;
    }
    memcpy(begin, text, (size_t)(dots - text));
    begin[dots - text] = '\0';
    return run_parse_number(begin, first) && run_parse_number(dots + 2, last) && *first <= *last;
}

static void set_seed(struct run_options *run, const char *argument, const struct argp_state *state)
{
    if (run->seeds_given) {
        argp_error(state, "--seed and --seeds: each once, and not both");
    }
    if (!run_parse_number(argument, &run->first_seed)) {
        argp_error(
            state, "--seed %s: expected a whole number from 0 to 18446744073709551615", argument);
    }
    run->last_seed = run->first_seed;
    run->seeds_given = true;
}

static void set_seeds(struct run_options *run, const char *argument, const struct argp_state *state)
{
    uint64_t number = 0;

    if (run->seeds_given) {
        argp_error(state, "--seed and --seeds: each once, and not both");
    }
    if (run_parse_number(argument, &number)) {
        argp_error(
            state,
            "--seeds %s: expected a range A..B; for one seed: --seed %s",
            argument,
            argument);
    }
    if (!run_parse_range(argument, &run->first_seed, &run->last_seed)) {
        argp_error(
            state, "--seeds %s: expected A..B, two whole numbers, A not above B: 1..20", argument);
    }
    if (run->last_seed - run->first_seed >= RUN_SEEDS_MAX) {
        argp_error(
            state,
            "--seeds %s: more than %d million seeds",
            argument,
            (int)(RUN_SEEDS_MAX / 1000000));
    }
    run->seeds_given = true;
}

unsigned run_parse_jobs(const char *text, const struct argp_state *state)
{
    uint64_t jobs = 0;

    if (!run_parse_number(text, &jobs) || jobs == 0 || jobs > RUN_JOBS_MAX) {
        argp_error(state, "--jobs %s: expected a whole number from 1 to %u", text, RUN_JOBS_MAX);
    }
    return (unsigned)jobs;
}

bool run_parse_network(const char *text, enum sim_network *network_out)
{
    if (strcmp(text, "light") == 0) {
        *network_out = SIM_NETWORK_LIGHT;
    } else if (strcmp(text, "simgrid") == 0) {
        *network_out = SIM_NETWORK_SIMGRID;
    } else {
        return false;
    }
    return true;
}

const char *run_network_name(enum sim_network network)
{
    return network == SIM_NETWORK_LIGHT ? "light" : "simgrid";
}

static void
set_network(struct run_options *run, const char *argument, const struct argp_state *state)
{
    if (!run_parse_network(argument, &run->network)) {
        argp_error(state, "--net %s: expected light or simgrid", argument);
    }
}

static void set_output(struct output *output, const char *path, const struct argp_state *state)
{
    if (output->path != NULL) {
        argp_error(state, "%s: given twice", output->option);
    }
    if (path[0] == '\0') {
        argp_error(state, "%s: the name of the file is empty", output->option);
    }
    output->path = path;
}

/* Two documents in one file would be neither. */
static void check_outputs(const struct run_options *run, const struct argp_state *state)
{
    const struct output *const outputs[] = {&run->json, &run->junit, &run->trace};

    for (size_t i = 0; i < 3; i++) {
        for (size_t k = i + 1; k < 3; k++) {
            if (outputs[i]->path != NULL && outputs[k]->path != NULL &&
                strcmp(outputs[i]->path, outputs[k]->path) == 0) {
                argp_error(
                    state,
                    "%s and %s: both to %s",
                    outputs[i]->option,
                    outputs[k]->option,
                    outputs[i]->path);
            }
        }
    }
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct run_options *run = state->input;

    switch (key) {
    case KEY_SEED: set_seed(run, argument, state); return 0;
    case KEY_SEEDS: set_seeds(run, argument, state); return 0;
    case KEY_JSON: set_output(&run->json, argument, state); return 0;
    case KEY_JUNIT: set_output(&run->junit, argument, state); return 0;
    case KEY_TRACE: set_output(&run->trace, argument, state); return 0;
    case KEY_TWICE: run->twice = true; return 0;
    case 'j': run->jobs = run_parse_jobs(argument, state); return 0;
    case KEY_NET: set_network(run, argument, state); return 0;
    case ARGP_KEY_ARGS:
        run->paths = state->argv + state->next;
        run->path_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which scenarios? Name files, or folders to be searched for *.yaml");
        return 0;
    case ARGP_KEY_END: check_outputs(run, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_run_argp = {
    .options = options,
    .parser = parse_option,
    .args_doc = "PATH...",
    .doc = "Run scenarios and judge them.\v"
           "A PATH is a scenario file, or a folder which is searched for *.yaml, also in the "
           "folders below it, in the order of their names. Each run has a process of its own. "
           "FILE may be - for standard output; the table then goes to standard error. If any "
           "scenario is invalid, all errors are printed and nothing is run.",
};

unsigned run_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    return CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

void run_options_parse(struct run_options *run, int argc, char **argv)
{
    *run = (struct run_options){
        .jobs = run_processors(),
        .network = SIM_NETWORK_SIMGRID,
        .json.option = "--json",
        .junit.option = "--junit",
        .trace.option = "--trace",
    };
    /* argp_error() ends the process with argp_err_exit_status, which main set to CLI_USAGE */
    (void)argp_parse(&cli_run_argp, argc, argv, 0, NULL, run);
}
