/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drain.c -- the engine's coordinator, fed with the cluster as the world knows it.
 *
 * There is one coordinator for all drains, so that they do not plan the same room twice. It learns
 * of moves which it did not order when the guest settles, and of those which it ordered when they end.
 */
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/state.h"
#include "sim/world/steps.h"

static void broken(struct world *world, enum ferry_status status)
{
    if (status != FERRY_OK) {
        world_error(world, "the coordinator does not take what it is told");
    }
}

static bool may_take(const struct scenario_step *step, size_t host)
{
    for (size_t i = 0; i < step->target_count; i++) {
        if (step->targets[i] == host) {
            return true;
        }
    }
    return step->target_count == 0;
}

static void tell_cluster(struct world *world, const struct scenario_step *step)
{
    const struct scenario *scenario = world->scenario;

    for (uint32_t i = 0; i < scenario->host_count; i++) {
        const struct host *host = &world->hosts[i];
        broken(
            world,
            ferry_coordinator_set_host(
                world->coordinator,
                i,
                host->spec->memory,
                host->up && host->daemon_up && (may_take(step, i) || i == step->host)));
    }
    for (uint32_t i = 0; i < scenario->guest_count; i++) {
        const struct guest *guest = &world->guests[i];
        if (guest->live != NULL) {
            broken(
                world,
                ferry_coordinator_set_guest(
                    world->coordinator, i, guest->live->host->index, guest->spec->memory));
        }
    }
}

static bool of_drain(const struct move *move)
{
    return move->world->scenario->steps[move->step].kind == SCENARIO_STEP_DRAIN;
}

/* A move that nobody's drain asked for: room is kept for it, and it counts for no drain. */
void drain_moving(struct move *move)
{
    if (move->world->coordinator != NULL && !of_drain(move)) {
        move->planned =
            ferry_coordinator_moving(
                move->world->coordinator, move->guest->index, move->to->index) == FERRY_OK;
    }
}

static void create(struct world *world, const struct scenario_step *step)
{
    const struct ferry_coordinator_config config = {
        .allocator = world->allocator,
        .hosts_max = (uint32_t)world->scenario->host_count,
        .guests_max = (uint32_t)world->scenario->guest_count,
    };

    broken(world, ferry_coordinator_create(&config, &world->coordinator));
    if (world->coordinator == NULL) {
        return;
    }
    tell_cluster(world, step);
    for (size_t i = 0; i < world->scenario->guest_count; i++) {
        struct move *move = world->guests[i].move;
        if (move != NULL && !move->ended) {
            drain_moving(move);
        }
    }
}

static void no_room(struct world *world, const struct ferry_order *order)
{
    struct guest *guest = &world->guests[order->guest];

    LOG(world,
        .side = SIM_SIDE_WORLD,
        .host = order->from,
        .migration = SIM_RESULT_NONE,
        .kind = "NO_ROOM",
        .field_name = {"step"},
        .field = {order->drain},
        .text = guest->spec->name);
    move_no_room(world, order->drain, guest);
}

static void carry_out(struct world *world, const struct ferry_order *order)
{
    switch (order->kind) {
    case FERRY_ORDER_START: {
        struct move *move = move_begin(
            world,
            order->drain,
            &world->guests[order->guest],
            &world->hosts[order->to],
            world_now(world) - order->queued_ns);
        (void)move;
        break;
    }
    case FERRY_ORDER_NO_ROOM: no_room(world, order); break;
    case FERRY_ORDER_DRAINED:
        LOG(world,
            .side = SIM_SIDE_WORLD,
            .host = order->from,
            .migration = SIM_RESULT_NONE,
            .kind = "DRAINED",
            .field_name = {"step"},
            .field = {order->drain});
        break;
    }
}

/* An order may end at once (a refusal), which leads back here: one loop takes them all. */
static void take_orders(struct world *world)
{
    struct ferry_order order;

    if (world->ordering) {
        return;
    }
    world->ordering = true;
    while (!world->over && ferry_coordinator_next(world->coordinator, &order)) {
        carry_out(world, &order);
    }
    world->ordering = false;
}

void drain_begin(struct world *world, size_t step_index)
{
    const struct scenario_step *step = &world->scenario->steps[step_index];

    if (world->coordinator == NULL) {
        create(world, step);
    }
    if (world->coordinator == NULL) {
        return;
    }
    observe(
        world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_DRAIN_STARTED,
            .drain = (uint32_t)step_index,
            .host = (uint32_t)step->host,
            .parallel = step->parallel,
        });
    const enum ferry_status status = ferry_coordinator_drain(
        world->coordinator,
        (uint32_t)step->host,
        step->parallel,
        (uint32_t)step_index,
        world_now(world));
    if (status != FERRY_OK) {
        LOG(world,
            .side = SIM_SIDE_WORLD,
            .host = (uint32_t)step->host,
            .migration = SIM_RESULT_NONE,
            .kind = "DRAIN_TURNED_DOWN",
            .field_name = {"status"},
            .field = {(int64_t)status});
        return;
    }
    take_orders(world);
}

/* A guest has settled on another host by a move of its own: its room is taken there. */
void drain_moved(struct move *move)
{
    struct world *world = move->world;

    if (world->coordinator != NULL && !of_drain(move) && !move->planned) {
        broken(
            world,
            ferry_coordinator_set_guest(
                world->coordinator,
                move->guest->index,
                move->to->index,
                move->guest->spec->memory));
    }
}

void drain_ended(struct move *move)
{
    struct world *world = move->world;

    const bool mine = of_drain(move) || move->planned;

    if (world->coordinator == NULL || !mine || move->told || !move->ended) {
        return;
    }
    move->told = true;
    broken(
        world,
        ferry_coordinator_ended(
            world->coordinator, move->guest->index, move->resumed, world_now(world)));
    take_orders(world);
}
