/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_side.c -- a source engine on its host: how it is made, and what each of its actions does.
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

static void act_set_rate(struct side *side, const struct ferry_action *action)
{
    side->move->rate = action->rate;
    attachment_set_rate(side->move);
}

static void act_finished(struct side *side, const struct ferry_action *action)
{
    move_outcome(side->move, action->outcome);
}

static void act_closed(struct side *side, const struct ferry_action *action)
{
    (void)action;
    side->closed = true;
}

static act_fn *const acts[] = {
    [FERRY_ACTION_ATTACH] = attachment_open,
    [FERRY_ACTION_DETACH] = attachment_detach,
    [FERRY_ACTION_PROBE] = attachment_probe,
    [FERRY_ACTION_SEND_CONTROL] = channel_send_control,
    [FERRY_ACTION_SEND_BATCH] = payload_out_batch,
    [FERRY_ACTION_SEND_BARRIER] = payload_out_barrier,
    [FERRY_ACTION_SET_RATE] = act_set_rate,
    [FERRY_ACTION_COLLECT] = vmm_collect,
    [FERRY_ACTION_STOP_LOGGING] = vmm_stop_logging,
    [FERRY_ACTION_PAUSE] = vmm_pause,
    [FERRY_ACTION_RESUME] = vmm_resume,
    [FERRY_ACTION_THROTTLE] = vmm_throttle,
    [FERRY_ACTION_CAPTURE_STATE] = vmm_capture,
    [FERRY_ACTION_FREE_GUEST] = vmm_free,
    [FERRY_ACTION_PERSIST] = journal_persist,
    [FERRY_ACTION_FORGET_SESSION] = journal_forget,
    [FERRY_ACTION_FINISHED] = act_finished,
    [FERRY_ACTION_CLOSED] = act_closed,
};

void source_side_act(struct side *side, const struct ferry_action *action)
{
    const size_t kinds = sizeof acts / sizeof acts[0];

    if ((size_t)action->kind >= kinds || acts[action->kind] == NULL) {
        world_error(side->world, "a source asks for an action that no source may ask for");
        return;
    }
    side_log_action(side, action);
    acts[action->kind](side, action);
}

bool source_side_start(struct move *move)
{
    struct side *side = side_create(move, false);
    struct ferry_source_config config;

    move_source_config(move, &config);
    config.trace = side_trace_sink(side);
    move->source = side;
    struct side *outer = side_enter(side);
    const enum ferry_status status =
        ferry_source_create(&config, side_now(side), &side->source_engine);
    side_leave(side, outer);
    if (status != FERRY_OK) {
        move->source = NULL;
        side_destroy(side);
        return false;
    }
    side_kick(side);
    return true;
}

void source_side_restart(struct move *move)
{
    struct world *world = move->world;
    struct ferry_record records[FERRY_RECORD_CLAIMED];
    const size_t count =
        journal_collect(move->from, move, records, sizeof records / sizeof records[0]);
    struct side *side = side_create(move, false);
    struct ferry_source_config config;

    move_source_config(move, &config);
    config.trace = side_trace_sink(side);
    move->source = side;
    move->restarted = true;
    observe(
        world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_SIDE_RESTARTED,
            .migration = move->index,
            .host = move->from->index,
        });
    const struct instance *instance = instance_of_move(move, false);
    enum ferry_guest_found guest = FERRY_GUEST_GONE;
    if (instance != NULL) {
        guest = instance->running ? FERRY_GUEST_RUNNING : FERRY_GUEST_PAUSED;
    }
    struct side *outer = side_enter(side);
    const enum ferry_status status =
        ferry_source_restart(&config, records, count, guest, side_now(side), &side->source_engine);
    side_leave(side, outer);
    if (status != FERRY_OK) {
        world_error(world, "a source cannot be restarted from its journal");
        return;
    }
    side_kick(side);
}
