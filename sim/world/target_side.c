/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_side.c -- a target engine on its host: how it is made, and what each of its actions does.
 */
#include "sim/world/attachment.h"
#include "sim/world/channel.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/payload.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/vmm.h"

#include <string.h>

typedef void act_fn(struct side *side, const struct ferry_action *action);

static void act_closed(struct side *side, const struct ferry_action *action)
{
    (void)action;
    side->closed = true;
}

static act_fn *const acts[] = {
    [FERRY_ACTION_DETACH] = attachment_detach,
    [FERRY_ACTION_SEND_CONTROL] = channel_send_control,
    [FERRY_ACTION_RELEASE_ROUND] = payload_in_release,
    [FERRY_ACTION_PREPARE_GUEST] = vmm_prepare,
    [FERRY_ACTION_RESUME] = vmm_resume,
    [FERRY_ACTION_LOAD_STATE] = vmm_load,
    [FERRY_ACTION_ANNOUNCE] = vmm_announce,
    [FERRY_ACTION_FREE_GUEST] = vmm_free,
    [FERRY_ACTION_PERSIST] = journal_persist,
    [FERRY_ACTION_FORGET_SESSION] = journal_forget,
    [FERRY_ACTION_CLOSED] = act_closed,
};

void target_side_act(struct side *side, const struct ferry_action *action)
{
    const size_t kinds = sizeof acts / sizeof acts[0];

    if ((size_t)action->kind >= kinds || acts[action->kind] == NULL) {
        world_error(side->world, "a target asks for an action that no target may ask for");
        return;
    }
    side_log_action(side, action);
    acts[action->kind](side, action);
}

struct side *target_side_start(struct move *move)
{
    struct side *side = side_create(move, true);
    struct ferry_target_config config;

    move_target_config(move, &config);
    config.trace = side_trace_sink(side);
    move->target = side;
    struct side *outer = side_enter(side);
    const enum ferry_status status =
        ferry_target_create(&config, side_now(side), &side->target_engine);
    side_leave(side, outer);
    if (status != FERRY_OK) {
        move->target = NULL;
        side_destroy(side);
        return NULL;
    }
    side_kick(side);
    return side;
}

void target_side_restart(struct move *move)
{
    struct world *world = move->world;
    struct ferry_record records[FERRY_RECORD_CLAIMED];
    const size_t count =
        journal_collect(move->to, move, records, sizeof records / sizeof records[0]);
    struct side *side = side_create(move, true);
    struct ferry_target_config config;

    move_target_config(move, &config);
    config.trace = side_trace_sink(side);
    move->target = side;
    observe(
        world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_SIDE_RESTARTED,
            .migration = move->index,
            .host = move->to->index,
        });
    struct side *outer = side_enter(side);
    const enum ferry_status status = ferry_target_restart(
        &config,
        records,
        count,
        instance_of_move(move, true) != NULL,
        side_now(side),
        &side->target_engine);
    side_leave(side, outer);
    if (status != FERRY_OK) {
        world_error(world, "a target cannot be restarted from its journal");
        return;
    }
    side_kick(side);
}
