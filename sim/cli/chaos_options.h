/* SPDX-License-Identifier: Apache-2.0 */
/* chaos_options.h -- what `ferry-sim chaos` was asked for. */
#ifndef FERRY_SIM_CLI_CHAOS_OPTIONS_H
#define FERRY_SIM_CLI_CHAOS_OPTIONS_H

#include "sim/cli/output.h"
#include "sim/world/world.h"

#include <stdbool.h>
#include <stdint.h>

#define CHAOS_SEEDS_DEFAULT UINT64_C(1000)

struct chaos_options {
    uint64_t first_seed;
    uint64_t count; /* of seeds */
    int64_t for_ns; /* 0: no limit */
    unsigned jobs;
    enum sim_network network;
    bool print; /* the scenario of first_seed, and nothing else */
    const char *failures;
    struct output json;
    struct output junit;
};

void chaos_options_parse(struct chaos_options *options, int argc, char **argv);

/* The first seed that belongs to a commit, from its hash in hexadecimal; false: it is none. */
bool chaos_seed_of_commit(const char *hash, uint64_t *seed_out);

#endif
