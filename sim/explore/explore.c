/* SPDX-License-Identifier: Apache-2.0 */
/* explore.c -- the explorer's door: options in, result and report out. */
#include "sim/explore/explore.h"

#include "sim/explore/handover_world.h"
#include "sim/explore/register_world.h"

#include <inttypes.h>
#include <string.h>

/* clang-format off */
const struct explore_budget_item explore_budget_items[EXPLORE_BUDGET_COUNT] = {
#define EXPLORE_ITEM(field, option, most, with_register, what) \
    {option, most, with_register, offsetof(struct explore_budgets, field)},
    EXPLORE_BUDGETS(EXPLORE_ITEM)
#undef EXPLORE_ITEM
};
/* clang-format on */

unsigned *explore_budget(struct explore_budgets *budgets, size_t index)
{
    return (unsigned *)(void *)((char *)budgets + explore_budget_items[index].offset);
}

/* All of it is seen within half a minute: more than five million states. */
struct explore_budgets explore_budgets_default(void)
{
    return (struct explore_budgets){
        .attempts = 2,
        .crashes = 1,
        .restarts = 1,
        .drops = 1,
        .duplicates = 1,
        .late = 1,
        .failed_writes = 1,
        .timeouts = 1,
        .cancels = 1,
        .claims = 1,
    };
}

static const struct explore_machine *machine_of(const struct explore_options *options)
{
    return options->machine != NULL ? options->machine : &explore_shipped;
}

void explore_run(const struct explore_options *options, struct explore_result *result)
{
    const uint64_t checks = options->checks != 0 ? options->checks : UINT64_MAX;
    memset(result, 0, sizeof *result);
    if (options->use_register) {
        register_world_run(options, checks, result);
    } else {
        handover_world_run(options, machine_of(options), checks, result);
    }
}

void explore_transcript(
    FILE *out, const struct explore_options *options, const struct explore_result *result)
{
    if (options->use_register) {
        register_world_transcript(out, options, result);
    } else {
        handover_world_transcript(out, options, machine_of(options), result);
    }
}
