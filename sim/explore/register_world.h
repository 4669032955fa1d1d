/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register_world.h -- the handover by the cluster's ownership register as a space to be searched.
 *
 * The store is one cell which swaps atomically. A request is carried out at some instant after it was
 * made and before its answer comes; it, or the answer, may be lost; one that was given up may still be
 * carried out at any later time. Hosts and daemons die and come back, or not. The offer of an attempt
 * (all its pages and its state) and the word that the target has started may be lost. The register itself
 * may be gone from some time on: then nothing is carried out and nothing is answered any more.
 */
#ifndef FERRY_SIM_EXPLORE_REGISTER_WORLD_H
#define FERRY_SIM_EXPLORE_REGISTER_WORLD_H

#include "handover/register.h"
#include "sim/explore/explore.h"

/* The code under test. */
struct register_machine {
    struct register_step (*source_step)(
        struct register_side *source,
        enum register_input input,
        const struct register_value *value);
    struct register_step (*target_step)(
        struct register_side *target,
        enum register_input input,
        uint32_t attempt,
        uint64_t epoch,
        const struct register_value *value);
};

extern const struct register_machine register_shipped;

void register_world_run(
    const struct explore_options *options, uint64_t checks, struct explore_result *result);
void register_world_transcript(
    FILE *out, const struct explore_options *options, const struct explore_result *result);

#endif
