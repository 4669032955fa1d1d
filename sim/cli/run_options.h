/* SPDX-License-Identifier: Apache-2.0 */
/* run_options.h -- what `ferry-sim run` was asked for; wrong usage ends the process with status 2.
 */
#ifndef FERRY_SIM_CLI_RUN_OPTIONS_H
#define FERRY_SIM_CLI_RUN_OPTIONS_H

#include "sim/cli/output.h"
#include "sim/world/world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than anybody waits for; keeps the list of runs in memory. */
#define RUN_SEEDS_MAX UINT64_C(10000000)
#define RUN_JOBS_MAX  4096U

struct run_options {
    bool seeds_given; /* else the seed of each scenario */
    uint64_t first_seed;
    uint64_t last_seed;
    bool twice;
    unsigned jobs;
    enum sim_network network;
    struct output json;
    struct output junit;
    struct output trace;
    char *const *paths;
    size_t path_count;
};

void run_options_parse(struct run_options *options, int argc, char **argv);

/* "17": digits alone, at most UINT64_MAX. */
bool run_parse_number(const char *text, uint64_t *value);

/* The argument of --jobs; ends the process if it is none. */
struct argp_state;
unsigned run_parse_jobs(const char *text, const struct argp_state *state);
unsigned run_processors(void); /* jobs when nobody said how many */

/* "light", "simgrid"; false: neither. */
bool run_parse_network(const char *text, enum sim_network *network_out);
const char *run_network_name(enum sim_network network);

/* "1..20": both ends belong to it. */
bool run_parse_range(const char *text, uint64_t *first, uint64_t *last);

#endif
