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
#include <string.h>

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
static void say_outcome(struct move *move, const struct ferry_outcome *outcome)
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
    say_outcome(move, &outcome);
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

/* ---- what its engines are told ---- */

/* What a host knows of itself before it has measured anything in this migration. */
static struct ferry_switch_costs estimates(const struct move *move)
{
    const struct sim_costs *costs = &move->from->spec->costs;
    const struct scenario_guest *guest = move->guest->spec;

    return (struct ferry_switch_costs){
        .pause = costs->pause,
        .capture =
            costs->state_out + costs->state_out_per_mib * (int64_t)(guest->device_state >> 20),
        .collect = costs->collection_per_gib * (int64_t)(guest->memory >> 20) / 1024,
        .grant_persist = costs->journal_fsync,
        .owner_persist = costs->journal_fsync,
        .resume = costs->resume,
    };
}

void move_source_config(struct move *move, struct ferry_source_config *config_out)
{
    struct ferry_source_config config = ferry_source_config_default();
    const struct scenario_move_options *options = move->options;
    const struct scenario_timeouts *timeouts = &move->from->spec->timeouts;
    const struct guest *guest = move->guest;
    const uint32_t index = guest->index;
    const size_t name_size = strlen(guest->spec->name);

    for (unsigned byte = 0; byte < 4; byte++) {
        move->guest_config[byte] = (uint8_t)(index >> (8 * byte));
    }
    config.allocator = move->world->allocator;
    config.session = move->session;
    config.guest_id = (uint64_t)index + 1;
    config.epoch = move->epoch;
    config.journal_id = move->from->journal.id;
    config.incarnation = move->from->incarnation;
    config.guest_name = (struct ferry_bytes){
        .data = (const uint8_t *)guest->spec->name,
        .size = name_size < FERRY_NAME_MAX ? name_size : FERRY_NAME_MAX};
    config.guest_config =
        (struct ferry_bytes){.data = move->guest_config, .size = sizeof move->guest_config};
    config.page_size = guest->spec->page;
    config.region_count = (uint16_t)guest->region_count;
    config.regions = guest->regions;
    config.device_state_estimate = guest->spec->device_state;
    config.path_count = move->path_count;
    config.paths = move->paths;
    config.streams = (uint16_t)options->streams;
    config.mode = options->mode;
    config.on_no_convergence = options->on_no_convergence;
    config.blackout_limit = options->blackout_limit;
    config.give_up_after = options->give_up_after;
    config.bandwidth_cap = options->bandwidth_cap == SCENARIO_UNLIMITED
                               ? FERRY_RATE_UNLIMITED
                               : options->bandwidth_cap / 8;
    config.batch_time = options->batch;
    config.silence_limit = timeouts->silence;
    config.connect_limit = timeouts->connect;
    config.reconnect_limit = timeouts->reconnect;
    config.probe_interval = timeouts->probe;
    config.action_limit = timeouts->action;
    config.unknown_after = timeouts->unknown;
    config.costs = estimates(move);
    *config_out = config;
}

/* REFUSED_*, or OK: what the admission of the target's host says before it knows more than the session. */
static enum ferry_status admission(const struct move *move)
{
    if (move->to->journal.broken) {
        return FERRY_REFUSED_JOURNAL;
    }
    return instance_find(move->guest, move->to) != NULL && !journal_has(move->to, move)
               ? FERRY_REFUSED_BUSY /* the last migration of this guest has not cleaned up here */
               : FERRY_OK;
}

void move_target_config(const struct move *move, struct ferry_target_config *config_out)
{
    struct ferry_target_config config = ferry_target_config_default();
    const struct host *host = move->to;
    const struct scenario_timeouts *timeouts = &host->spec->timeouts;

    config.allocator = move->world->allocator;
    config.session = move->session;
    config.journal_id = host->journal.id;
    config.memory_free = host->spec->memory - host->memory_used;
    config.refuse_status = admission(move);
    config.refuse = config.refuse_status != FERRY_OK;
    config.orphan_limit = timeouts->orphan;
    config.hold_limit = timeouts->hold;
    config.action_limit = timeouts->action;
    config.journal_estimate = host->spec->costs.journal_fsync;
    config.load_estimate = host->spec->costs.state_in;
    config.load_per_mib_estimate = host->spec->costs.state_in_per_mib;
    config.resume_estimate = host->spec->costs.resume;
    *config_out = config;
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

/* ---- the end ---- */

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

static int64_t slowest_round_trip(const struct move *move)
{
    int64_t slowest = 0;

    for (uint16_t path = 0; path < move->path_count; path++) {
        if ((move->networks_used >> path & 1U) != 0) {
            const int64_t latency = net_latency_ns(move->world->net, move->networks[path]);
            slowest = latency > slowest ? latency : slowest;
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
    struct ferry_outcome outcome = {.kind = kind, .status = FERRY_WORLD_RESTARTED};
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
    say_outcome(move, &outcome);
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
