/* SPDX-License-Identifier: Apache-2.0 */
/* chaos_options.c -- the arguments of `ferry-sim chaos`. */
#include "sim/cli/chaos_options.h"

#include "model/rng.h"
#include "sim/cli/cli.h"
#include "sim/cli/run_options.h"
#include "sim/cli/subject.h"
#include "sim/cli/tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Derived seeds are round, so that the numbers of one run are recognised, and leave room for it. */
#define COMMIT_SEEDS UINT64_C(1000000)
#define COMMIT_STEPS UINT64_C(100000000)
#define COMMIT_LEAST 7U

enum {
    KEY_SEEDS = 256,
    KEY_SEED,
    KEY_COMMIT,
    KEY_FOR,
    KEY_NET,
    KEY_PRINT,
    KEY_FAILURES,
    KEY_JSON,
    KEY_JUNIT,
};

struct parse_state {
    struct chaos_options *options;
    bool seeds_given;
    bool first_given;
};

static const struct argp_option option_table[] = {
    {.name = "seeds",
     .key = KEY_SEEDS,
     .arg = "N|A..B",
     .doc = "So many seeds from 1 on, or these; without it 1000, or with --for as many as there is "
            "time for"},
    {.name = "seed",            .key = KEY_SEED, .arg = "N", .doc = "This seed alone"},
    {.name = "seed-from-commit",
     .key = KEY_COMMIT,
     .arg = "HASH",
     .flags = OPTION_ARG_OPTIONAL,
     .doc = "Begin at a seed which belongs to a commit: HASH, else $FERRY_COMMIT, else what `git "
            "rev-parse HEAD' says. So each commit has seeds of its own, and a run of CI can be "
            "repeated"},
    {.name = "jobs",
     .key = 'j',
     .arg = "N",
     .doc = "So many processes; without it as many as there are processors"},
    {.name = "for",  .key = KEY_FOR, .arg = "TIME", .doc = "Begin no run after this time: 60s"},
    {.name = "net",
     .key = KEY_NET,
     .arg = "light|simgrid",
     .doc = "Who shares the bandwidth: the light network, which is fast (the default), or SimGrid"},
    {.name = "print",
     .key = KEY_PRINT,
     .arg = "SEED",
     .doc = "Print the scenario of a seed, and run nothing"},
    {.name = "failures",
     .key = KEY_FAILURES,
     .arg = "FILE",
     .doc = "Add failing seeds to this file; without it " TALLY_FAILURES_DEFAULT},
    {.name = "json",             .key = KEY_JSON, .arg = "FILE", .doc = "Write counts and failures as JSON"},
    {.name = "junit",                 .key = KEY_JUNIT, .arg = "FILE", .doc = "Write failures as JUnit XML"},
    {.name = NULL                         },
};

static int lower(char letter)
{
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 'a' : letter;
}

static bool is_hexadecimal(char letter)
{
    const int small = lower(letter);

    return (small >= '0' && small <= '9') || (small >= 'a' && small <= 'f');
}

bool chaos_seed_of_commit(const char *hash, uint64_t *seed_out)
{
    uint64_t number = 0;
    size_t length = 0;

    for (; is_hexadecimal(hash[length]); length++) {
        /* all digits count: hashes that share their beginning have other seeds */
        number = model_rng_derive(number * 16 + (uint64_t)lower(hash[length]), "chaos/commit");
    }
    if (length < COMMIT_LEAST || hash[length] != '\0') {
        return false;
    }
    *seed_out = number % COMMIT_STEPS * COMMIT_SEEDS;
    return true;
}

/* What git says, when nobody said it. */
static bool head_of_git(char *hash, size_t size)
{
    /* NOLINTNEXTLINE(cert-env33-c): a constant command, and what it says is checked */
    FILE *git = popen("git rev-parse HEAD 2>/dev/null", "r");
    bool fine = git != NULL && fgets(hash, (int)size, git) != NULL;

    if (git != NULL && pclose(git) != 0) {
        fine = false;
    }
    if (fine) {
        hash[strcspn(hash, "\n")] = '\0';
    }
    return fine;
}

static void
set_commit(struct parse_state *parse, const char *argument, const struct argp_state *state)
{
    char head[128] = "";
    const char *hash = argument == NULL ? getenv("FERRY_COMMIT") : argument;

    if (hash == NULL) {
        if (!head_of_git(head, sizeof head)) {
            argp_error(
                state,
                "--seed-from-commit: there is no commit: give its hash, or set FERRY_COMMIT");
        }
        hash = head;
    }
    if (!chaos_seed_of_commit(hash, &parse->options->first_seed)) {
        argp_error(state, "--seed-from-commit %s: expected the hexadecimal hash of a commit", hash);
    }
    parse->first_given = true;
}

static void
set_seeds(struct parse_state *parse, const char *argument, const struct argp_state *state)
{
    struct chaos_options *options = parse->options;
    uint64_t last = 0;

    if (parse->seeds_given) {
        argp_error(state, "--seed and --seeds: each once, and not both");
    }
    parse->seeds_given = true;
    if (run_parse_number(argument, &options->count) && options->count > 0) {
        return;
    }
    if (!run_parse_range(argument, &options->first_seed, &last) || last > INT64_MAX) {
        argp_error(
            state,
            "--seeds %s: expected how many, or A..B with A not above B, and B at most %" PRIi64
            ": 1..20",
            argument,
            INT64_MAX);
    }
    options->count = last - options->first_seed + 1;
    parse->first_given = true;
}

static void
set_seed(struct parse_state *parse, const char *argument, const struct argp_state *state)
{
    if (parse->seeds_given) {
        argp_error(state, "--seed and --seeds: each once, and not both");
    }
    if (!run_parse_number(argument, &parse->options->first_seed) ||
        parse->options->first_seed > INT64_MAX) {
        argp_error(
            state, "seed %s: expected a whole number from 0 to %" PRIi64, argument, INT64_MAX);
    }
    parse->options->count = 1;
    parse->seeds_given = true;
    parse->first_given = true;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct parse_state *parse = state->input;
    struct chaos_options *options = parse->options;

    switch (key) {
    case KEY_SEEDS: set_seeds(parse, argument, state); return 0;
    case KEY_SEED: set_seed(parse, argument, state); return 0;
    case KEY_COMMIT: set_commit(parse, argument, state); return 0;
    case KEY_FOR: options->for_ns = subject_time("--for", argument, state); return 0;
    case KEY_NET:
        if (!run_parse_network(argument, &options->network)) {
            argp_error(state, "--net %s: expected light or simgrid", argument);
        }
        return 0;
    case KEY_PRINT:
        set_seed(parse, argument, state);
        options->print = true;
        return 0;
    case KEY_FAILURES: options->failures = argument; return 0;
    case KEY_JSON: options->json.path = argument; return 0;
    case KEY_JUNIT: options->junit.path = argument; return 0;
    case 'j': options->jobs = run_parse_jobs(argument, state); return 0;
    case ARGP_KEY_END:
        if (!parse->seeds_given && options->for_ns > 0) {
            options->count = COMMIT_SEEDS;
        }
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_chaos_argp = {
    .options = option_table,
    .parser = parse_option,
    .doc =
        "Run small clusters under random faults that the protocol promises to survive.\v"
        "Each seed is a scenario of its own: some guests, hosts and networks, moves, and a swarm "
        "of faults which all end; then everything has to end well. Verdicts: ok; unwinnable, "
        "by a rule which is named; violated; broken. The table shows kinds of faults against "
        "outcomes and verdicts. FILE may be - for standard output.",
};

void chaos_options_parse(struct chaos_options *options, int argc, char **argv)
{
    struct parse_state parse = {.options = options};

    *options = (struct chaos_options){
        .first_seed = 1,
        .count = CHAOS_SEEDS_DEFAULT,
        .jobs = run_processors(),
        .network = SIM_NETWORK_LIGHT,
        .failures = TALLY_FAILURES_DEFAULT,
        .json.option = "--json",
        .junit.option = "--junit",
    };
    (void)argp_parse(&cli_chaos_argp, argc, argv, 0, NULL, &parse);
}
