/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.c -- what the operators of the scenario do, each at its time or phase.
 */
#include "sim/world/steps.h"

#include "sim/fault/fault.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/move.h"
#include "sim/world/side.h"
#include "sim/world/state.h"

static void say(struct world *world, size_t index, const char *text)
{
    const struct scenario_step *step = &world->scenario->steps[index];

    LOG(world,
        .side = SIM_SIDE_WORLD,
        .host = SIM_RESULT_NONE,
        .migration = SIM_RESULT_NONE,
        .kind = "STEP",
        .field_name = {"step"},
        .field = {(int64_t)index},
        .text = text != NULL ? text : scenario_step_kind_name(step->kind));
}

/* An order to a migration that has not begun, or whose engine is gone, reaches nobody. */
static void command(struct world *world, size_t index, bool target, struct ferry_event event)
{
    const struct scenario_step *step = &world->scenario->steps[index];
    const struct move *move = move_of_ref(world, step->move);
    struct side *side = NULL;

    if (move != NULL) {
        side = target ? move->target : move->source;
    }
    if (side == NULL) {
        say(world, index, "nobody is there to hear it");
        return;
    }
    side_post(side, &event);
}

static void set_limits(struct world *world, size_t index)
{
    const struct scenario_step *step = &world->scenario->steps[index];
    const uint64_t cap = step->options.bandwidth_cap;

    if (step->set_bandwidth_cap) {
        command(
            world,
            index,
            false,
            (struct ferry_event){
                .kind = FERRY_EVENT_SET_BANDWIDTH_CAP,
                .rate = cap == SCENARIO_UNLIMITED ? FERRY_RATE_UNLIMITED : cap / 8,
            });
    }
    if (step->set_blackout_limit) {
        command(
            world,
            index,
            false,
            (struct ferry_event){
                .kind = FERRY_EVENT_SET_BLACKOUT_LIMIT,
                .duration_ns = step->options.blackout_limit,
            });
    }
}

/* CLAIM and BURN go to whichever side of the migration is on the host which the step names. */
static bool is_target(const struct world *world, const struct scenario_step *step)
{
    const struct move *move = move_of_ref(world, step->move);

    return move != NULL && move->to->index == step->host;
}

static void fire(struct world *world, size_t index)
{
    const struct scenario_step *step = &world->scenario->steps[index];

    say(world, index, NULL);
    switch (step->kind) {
    case SCENARIO_STEP_MOVE:
        (void)move_begin(
            world,
            (uint32_t)index,
            &world->guests[step->move.guest],
            &world->hosts[step->host],
            world_now(world));
        break;
    case SCENARIO_STEP_CANCEL:
        command(world, index, false, (struct ferry_event){.kind = FERRY_EVENT_CANCEL});
        break;
    case SCENARIO_STEP_SET: set_limits(world, index); break;
    case SCENARIO_STEP_SWITCH_NOW:
        command(world, index, false, (struct ferry_event){.kind = FERRY_EVENT_SWITCH_NOW});
        break;
    case SCENARIO_STEP_DRAIN: drain_begin(world, index); break;
    case SCENARIO_STEP_CLAIM:
        command(
            world, index, is_target(world, step), (struct ferry_event){.kind = FERRY_EVENT_CLAIM});
        break;
    case SCENARIO_STEP_BURN:
        command(
            world, index, is_target(world, step), (struct ferry_event){.kind = FERRY_EVENT_BURN});
        break;
    }
}

void steps_init(struct world *world)
{
    for (size_t i = 0; i < world->scenario->step_count; i++) {
        trigger_add(world, &world->scenario->steps[i].when, fire, i);
    }
}
