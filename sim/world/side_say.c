/* SPDX-License-Identifier: Apache-2.0 */
/*
 * side_say.c -- what is logged and observed of a side: its actions, and the answers to operators.
 *
 * A change of a cap or a limit counts for the checkers from the instant at which the engine took it,
 * not when it was ordered.
 */
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/side.h"

/* What is sent is logged where it is sent, with what it is. */
void side_log_action(struct side *side, const struct ferry_action *action)
{
    const bool batch = action->kind == FERRY_ACTION_SEND_BATCH;

    if (action->kind == FERRY_ACTION_SEND_CONTROL) {
        return;
    }
    LOG(side->world,
        .side = side->target ? SIM_SIDE_TARGET : SIM_SIDE_SOURCE,
        .host = side->host->index,
        .migration = side->move->index,
        .kind = ferry_action_name(action->kind),
        .field_name = {"id", "attach", batch ? "number" : "round", batch ? "stream" : "attempt"},
        .field = {
            (int64_t)action->id,
            action->attach,
            batch ? (int64_t)action->batch.number : action->round,
            batch ? action->stream : action->attempt});
}

bool side_is_command(enum ferry_event_kind kind)
{
    return kind >= FERRY_EVENT_CANCEL;
}

void side_command_answered(
    struct side *side, const struct ferry_event *event, enum ferry_status status)
{
    struct world *world = side->world;
    const uint32_t other = side->target ? side->move->from->index : side->move->to->index;

    LOG(world,
        .side = side->target ? SIM_SIDE_TARGET : SIM_SIDE_SOURCE,
        .host = side->host->index,
        .migration = side->move->index,
        .kind = status == FERRY_OK ? "COMMAND" : "COMMAND_TURNED_DOWN",
        .field_name = {"status"},
        .field = {(int64_t)status},
        .text = ferry_event_name(event->kind));
    if (status != FERRY_OK) {
        return;
    }
    if (event->kind == FERRY_EVENT_SET_BANDWIDTH_CAP) {
        observe(
            world,
            (struct sim_observation){
                .kind = SIM_OBSERVED_CAP_CHANGED,
                .migration = side->move->index,
                .bandwidth_cap = event->rate,
            });
    } else if (event->kind == FERRY_EVENT_SET_BLACKOUT_LIMIT) {
        observe(
            world,
            (struct sim_observation){
                .kind = SIM_OBSERVED_LIMIT_CHANGED,
                .migration = side->move->index,
                .blackout_limit = event->duration_ns,
            });
    } else if (event->kind == FERRY_EVENT_SWITCH_NOW) {
        observe(
            world,
            (struct sim_observation){
                .kind = SIM_OBSERVED_OPERATOR_SWITCH,
                .migration = side->move->index,
            });
    } else if (event->kind == FERRY_EVENT_CLAIM) {
        observe(
            world,
            (struct sim_observation){
                .kind = SIM_OBSERVED_OPERATOR_CLAIM,
                .guest = side->move->guest->index,
                .host = side->host->index,
                .other = other,
            });
    }
}
