/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move.c -- one migration from its order to its end, as the world keeps it.
 *
 *   ordered --turned down here--> REFUSED               (no session: nothing is observed but the result)
 *      +--session--> engine objects come and go --FINISHED--> outcome --both sides gone--> over
 *
 * The world knows the truth of both hosts; the outcome is the source engine's. Only where nobody is
 * left who could report one (the source's host lost the session, or never comes back) the world says
 * what became of the guest.
 */
#include "sim/world/move.h"

#include "sim/world/attachment.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/observe.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/steps.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- from the order to the session ---- */

static bool host_is_on(const struct scenario_network *network, const struct host *host)
{
    for (size_t i = 0; i < network->host_count; i++) {
        if (network->hosts[i] == host->index) {
            return true;
        }
    }
    return false;
}

static void add_path(struct move *move, size_t index)
{
    const struct scenario_network *network = &move->world->scenario->networks[index];

    if (move->path_count == FERRY_PATHS_MAX || !host_is_on(network, move->from) ||
        !host_is_on(network, move->to)) {
        return;
    }
    move->networks[move->path_count] = (uint32_t)index;
    move->paths[move->path_count] = (struct ferry_path){.priority = network->priority};
    move->path_count++;
}

static void find_paths(struct move *move)
{
    const struct scenario_move_options *options = move->options;
    const bool all = options->network_count == 0;
    const size_t count = all ? move->world->scenario->network_count : options->network_count;

    for (size_t i = 0; i < count; i++) {
        add_path(move, all ? i : options->networks[i]);
    }
}

/* Why no session can begin; OK: it can. */
static enum ferry_status obstacle(const struct move *move)
{
    const struct guest *guest = move->guest;

    if (guest->move != NULL) {
        return FERRY_REFUSED_BUSY;
    }
    if (guest->live == NULL || !guest->live->running || !move->from->daemon_up) {
        return FERRY_REFUSED_OWNER;
    }
    if (move->from->journal.broken) {
        return FERRY_REFUSED_JOURNAL;
    }
    return move->from == move->to || move->path_count == 0 ? FERRY_USAGE_CONFIG : FERRY_OK;
}

/* An outcome which no source said. The checkers are not told: it is not the engine's word. */
void move_say_outcome(struct move *move, const struct ferry_outcome *outcome)
{
    sim_result_outcome(move->world->result, move->index, outcome);
    LOG(move->world,
        .side = SIM_SIDE_WORLD,
        .host = move->from->index,
        .migration = move->index,
        .kind = "OUTCOME_WITHOUT_SOURCE",
        .field_name = {"kind", "status"},
        .field = {(int64_t)outcome->kind, (int64_t)outcome->status},
        .text = ferry_outcome_name(outcome->kind));
}

/* Turned down before there was a session. */
static void refuse(struct move *move, enum ferry_status status, const char *reason)
{
    struct ferry_outcome outcome = {.kind = FERRY_OUTCOME_REFUSED, .status = status};

    (void)snprintf(outcome.reason, sizeof outcome.reason, "%s", reason);
    move->outcome = FERRY_OUTCOME_REFUSED;
    move->ended = true;
    move->world->moves_ended++;
    move_say_outcome(move, &outcome);
}

static struct move *
make(struct world *world, uint32_t step, struct guest *guest, struct host *to, int64_t asked_at)
{
    struct move *move = world_allocate(sizeof *move);
    struct host *from =
        &world->hosts[guest->live != NULL ? guest->live->host->index : guest->spec->host];

    move->world = world;
    move->step = step;
    move->guest = guest;
    move->from = from;
    move->to = to;
    move->options = &world->scenario->steps[step].options;
    move->rate = FERRY_RATE_UNLIMITED;
    move->index =
        sim_result_add_migration(world->result, step, guest->index, from->index, to->index);
    world->moves = world_grow(
        world->moves, &world->move_capacity, world->move_count + 1, sizeof(struct move *));
    world->moves[world->move_count] = move;
    world->move_count++;
    struct sim_migration *entry = &world->result->migrations[move->index];
    entry->asked_at_ns = asked_at;
    entry->queued_ns = world_now(world) - asked_at;
    entry->started_at_ns = world_now(world);
    move->outages_before = world->outages_over;
    entry->source_session = SCENARIO_SESSION_NONE;
    entry->target_session = SCENARIO_SESSION_NONE;
    return move;
}

struct move *move_begin(
    struct world *world, uint32_t step, struct guest *guest, struct host *to, int64_t asked_at)
{
    struct move *move = make(world, step, guest, to, asked_at);

    find_paths(move);
    move->session.high = model_rng_next(&world->ids);
    move->session.low = model_rng_next(&world->ids);
    const enum ferry_status status = obstacle(move);
    if (status != FERRY_OK) {
        refuse(move, status, ferry_status_sentence(status));
        drain_ended(move);
        return move;
    }
    guest->move = move;
    move->instances[0] = guest->live->serial;
    move->epoch = move->from->journal.owners[guest->index].epoch;
    observe_started(move);
    drain_moving(move);
    if (!source_side_start(move)) {
        world_error(world, "a source cannot be made");
    }
    return move;
}

void move_no_room(struct world *world, uint32_t step, struct guest *guest)
{
    struct move *move =
        make(world, step, guest, &world->hosts[guest->spec->host], world_now(world));

    move->told = true;
    refuse(move, FERRY_REFUSED_MEMORY, "no other host has room for this guest");
}

void move_deinit(struct move *move)
{
    while (move->attaches != NULL) {
        struct attach *attach = move->attaches;
        move->attaches = attach->next;
        attachment_destroy(attach);
    }
    free(move);
}

/* ---- finding one ---- */

struct move *move_of_session(const struct world *world, struct ferry_session_id session)
{
    for (size_t i = world->move_count; i > 0; i--) {
        struct move *move = world->moves[i - 1];
        if (move->session.high == session.high && move->session.low == session.low) {
            return move;
        }
    }
    return NULL;
}

struct move *move_of_ref(const struct world *world, struct scenario_move_ref ref)
{
    for (size_t i = world->move_count; i > 0; i--) {
        struct move *move = world->moves[i - 1];
        if (move->step == ref.step && move->guest->index == ref.guest) {
            return move;
        }
    }
    return NULL;
}
