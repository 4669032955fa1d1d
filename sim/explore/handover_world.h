/* SPDX-License-Identifier: Apache-2.0 */
/* handover_world.h -- the handover as a space to be searched, and its transcript. */
#ifndef FERRY_SIM_EXPLORE_HANDOVER_WORLD_H
#define FERRY_SIM_EXPLORE_HANDOVER_WORLD_H

#include "sim/explore/explore.h"
#include "sim/explore/settle.h"

struct explore_state handover_world_start(const struct explore_budgets *budgets);
void handover_world_run(
    const struct explore_options *options,
    const struct explore_machine *machine,
    uint64_t checks,
    struct explore_result *result);
void handover_world_transcript(
    FILE *out,
    const struct explore_options *options,
    const struct explore_machine *machine,
    const struct explore_result *result);

#endif
