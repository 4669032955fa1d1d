/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move_end.c -- how a migration ends: its outcome, its blackout as the world saw it, its sides.
 *
 * The outcome is the source engine's, but for the blackout: its parts are the instants at which the
 * world saw each step done. Where nobody is left who could report an outcome (the source's host lost
 * the session, or never comes back) the world says what became of the guest.
 */
#include "sim/world/attachment.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/steps.h"

#include <stdio.h>

void move_instant(struct move *move, enum instant instant)
{
    move->instants[instant] = world_now(move->world);
}

/* The parts add up: an instant that is missing, or lies before the one it follows, makes its part 0. */
static struct ferry_blackout blackout_of(const struct move *move)
{
    int64_t at[INSTANT_COUNT];

    at[0] = move->instants[INSTANT_PAUSED];
    for (size_t i = 1; i < INSTANT_COUNT; i++) {
        at[i] = move->instants[i] > at[i - 1] ? move->instants[i] : at[i - 1];
    }
    return (struct ferry_blackout){
        .total_ns = at[INSTANT_RUNNING] - at[INSTANT_PAUSED],
        .capture_ns = at[INSTANT_CAPTURED] - at[INSTANT_PAUSED],
        .collect_ns = at[INSTANT_COLLECTED] - at[INSTANT_CAPTURED],
        .transfer_ns = at[INSTANT_LOAD_ISSUED] - at[INSTANT_COLLECTED],
        .load_ns = at[INSTANT_LOADED] - at[INSTANT_LOAD_ISSUED],
        .ready_ns = at[INSTANT_GRANT_ISSUED] - at[INSTANT_LOADED],
        .grant_persist_ns = at[INSTANT_GRANT_DURABLE] - at[INSTANT_GRANT_ISSUED],
        .grant_ns = at[INSTANT_OWNER_ISSUED] - at[INSTANT_GRANT_DURABLE],
        .owner_persist_ns = at[INSTANT_OWNER_DURABLE] - at[INSTANT_OWNER_ISSUED],
        .resume_ns = at[INSTANT_RUNNING] - at[INSTANT_OWNER_DURABLE],
    };
}

/* The largest answer that a source judges its target's instants by (STARTED in its frame), rounded up. On a slow
 * network it is under way for longer than the latency, and than the PONG that the round trip was measured with. */
#define ANSWER_BYTES 64U

static int64_t slowest_round_trip(const struct move *move)
{
    const struct net *net = move->world->net;
    int64_t slowest = 0;

    for (uint16_t path = 0; path < move->path_count; path++) {
        if ((move->networks_used >> path & 1U) != 0) {
            const uint64_t rate = net_bandwidth_bps(net, move->networks[path]);
            const uint64_t bits = ANSWER_BYTES * UINT64_C(8);
            const int64_t sending = rate != 0 ? (int64_t)(bits * (uint64_t)FERRY_SECOND / rate) : 0;
            const int64_t one_way = net_latency_ns(net, move->networks[path]) + sending;
            slowest = one_way > slowest ? one_way : slowest;
        }
    }
    return 2 * slowest;
}

static void end(struct move *move, enum ferry_outcome_kind kind)
{
    struct world *world = move->world;

    move->outcome = kind;
    if (kind == FERRY_OUTCOME_UNKNOWN || move->ended) {
        return;
    }
    move->ended = true;
    world->moves_ended++;
    if (move->guest->move == move) {
        move->guest->move = NULL; /* what is left is cleaning up: the guest may move again */
    }
    world_progress(world);
}

/* The blackout, as the world saw it, takes the place of what the source could measure. */
void move_outcome(struct move *move, const struct ferry_outcome *outcome)
{
    struct world *world = move->world;
    struct ferry_outcome truth = *outcome;

    if (move->restarted) { /* a source that came back counts from there */
        truth.total_ns = world_now(world) - world->result->migrations[move->index].started_at_ns;
    }
    truth.blackout = (struct ferry_blackout){0};
    if (move->resumed && outcome->kind == FERRY_OUTCOME_COMPLETED) {
        truth.blackout = blackout_of(move);
        world->result->migrations[move->index].paused_at_ns = move->instants[INSTANT_PAUSED];
    }
    sim_result_outcome(world->result, move->index, &truth);
    observe(
        world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_OUTCOME,
            .migration = move->index,
            .guest = move->guest->index,
            .outcome = outcome,
            .blackout_ns = move->resumed ? blackout_of(move).total_ns : 0,
            .round_trip_ns = slowest_round_trip(move),
        });
    end(move, outcome->kind);
    drain_ended(move);
}

static const char *gone_reason(const struct move *move, enum ferry_outcome_kind kind)
{
    if (kind == FERRY_OUTCOME_COMPLETED) {
        return "the source's host is gone; the guest runs at the target";
    }
    if (kind == FERRY_OUTCOME_UNKNOWN) {
        return "granted, and the source's host is gone: only an operator can say where the guest "
               "is";
    }
    return move->from->up ? "the source's daemon was restarted before the session was recorded"
                          : "the source's host is gone, and the guest with it";
}

/* Nobody is left who could report an outcome. */
static void conclude(struct move *move)
{
    if (move->ended || move->outcome != FERRY_OUTCOME_NONE) {
        return;
    }
    const bool granted = move->instants[INSTANT_GRANT_ISSUED] != 0 && move->aborting != 0;
    enum ferry_outcome_kind kind = FERRY_OUTCOME_FAILED;
    if (move->resumed) {
        kind = FERRY_OUTCOME_COMPLETED;
    } else if (granted) {
        kind = FERRY_OUTCOME_UNKNOWN;
    }
    struct ferry_outcome outcome = {
        .kind = kind,
        .status = FERRY_WORLD_RESTARTED,
        .restarted = true,
    };
    if (kind == FERRY_OUTCOME_COMPLETED) {
        outcome.status = FERRY_OK;
    }
    outcome.total_ns =
        world_now(move->world) - move->world->result->migrations[move->index].started_at_ns;
    (void)snprintf(outcome.reason, sizeof outcome.reason, "%s", gone_reason(move, kind));
    if (move->resumed) {
        outcome.blackout = blackout_of(move);
        move->world->result->migrations[move->index].paused_at_ns = move->instants[INSTANT_PAUSED];
    }
    move_say_outcome(move, &outcome);
    end(move, kind);
    drain_ended(move);
}

static void tell(const struct move *move, bool target, enum sim_observed kind)
{
    observe(
        move->world,
        (struct sim_observation){
            .kind = kind,
            .migration = move->index,
            .host = target ? move->to->index : move->from->index,
        });
}

void move_side_lost(struct move *move, bool target)
{
    struct side *side = target ? move->target : move->source;

    if (side == NULL) {
        return;
    }
    if (target) {
        move->target = NULL;
    } else {
        move->source = NULL;
    }
    side_destroy(side);
    tell(move, target, SIM_OBSERVED_SIDE_LOST);
    world_check_end(move->world);
}

void move_side_closed(struct move *move, bool target)
{
    struct side *side = target ? move->target : move->source;

    if (target) {
        move->target = NULL;
        move->target_done = true;
    } else {
        move->source = NULL;
        move->source_done = true;
    }
    move->outages_until[target ? 1 : 0] = move->world->outages;
    attachment_drop_side(move, target, false);
    side_destroy(side);
    LOG(move->world,
        .side = target ? SIM_SIDE_TARGET : SIM_SIDE_SOURCE,
        .host = target ? move->to->index : move->from->index,
        .migration = move->index,
        .kind = "SIDE_CLOSED");
    tell(move, target, SIM_OBSERVED_CLOSED);
    world_check_end(move->world);
}

void move_forgotten(struct move *move)
{
    if (move->source != NULL || move->source_done || move->guest->move != move) {
        return;
    }
    conclude(move);
    world_check_end(move->world);
}

void move_conclude(struct move *move)
{
    if (move->source == NULL) {
        conclude(move);
    }
}
