/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finish.c -- the end of a run: what became of everybody, what is left behind, what the checkers say.
 */
#include "sim/world/attachment.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/log.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/side.h"
#include "sim/world/state.h"

/* ---- guests ---- */

/* A instance which could be run: complete, though nobody may. */
static const struct instance *complete_instance(const struct guest *guest)
{
    if (guest->live != NULL) {
        return guest->live;
    }
    for (const struct instance *instance = guest->instances; instance != NULL;
         instance = instance->next_of_guest) {
        if (instance->state_valid) {
            return instance;
        }
    }
    return NULL;
}

static void place_guest(const struct guest *guest)
{
    const struct instance *instance = complete_instance(guest);
    struct sim_guest_end *end = &guest->world->result->guests[guest->index];

    if (instance == NULL) {
        *end = (struct sim_guest_end){.place = SCENARIO_PLACE_LOST, .host = SIM_RESULT_NONE};
        return;
    }
    end->host = instance->host->index;
    end->place = instance == guest->live && instance->running ? SCENARIO_PLACE_RUNNING
                                                              : SCENARIO_PLACE_PAUSED;
}

/* The newest migration of a guest that had a session. */
static const struct move *last_move(const struct guest *guest)
{
    const struct move *last = NULL;

    for (size_t i = 0; i < guest->world->move_count; i++) {
        const struct move *move = guest->world->moves[i];
        if (move->guest == guest && move->epoch != 0) {
            last = move;
        }
    }
    return last;
}

static void excuse(const struct guest *guest, struct sim_observation *observation)
{
    const struct move *move = last_move(guest);

    observation->host = SIM_CHECK_NONE;
    if (guest->crashed_on != SIM_CHECK_NONE) {
        observation->excuse = SIM_EXCUSE_HOST_CRASH;
        observation->host = guest->crashed_on;
        return;
    }
    if (move == NULL || (guest->live != NULL && guest->live->running)) {
        return;
    }
    /* paused, and the target alone might run it, or says nothing */
    if (move->to->journal_lost || move->from->journal_lost) {
        observation->excuse = SIM_EXCUSE_JOURNAL_LOST;
        observation->host = move->to->journal_lost ? move->to->index : move->from->index;
    } else if (!move->to->up || !move->from->up) {
        observation->excuse = SIM_EXCUSE_HOST_CRASH;
        observation->host = !move->to->up ? move->to->index : move->from->index;
    } else if (move->to->journal.broken || move->from->journal.broken) {
        observation->excuse = SIM_EXCUSE_JOURNAL_BROKEN;
        observation->host = move->to->journal.broken ? move->to->index : move->from->index;
    }
}

static void report_guests(struct world *world)
{
    for (uint32_t i = 0; i < world->scenario->guest_count; i++) {
        const struct guest *guest = &world->guests[i];
        struct sim_observation observation = {.kind = SIM_OBSERVED_GUEST_AT_END, .guest = i};
        place_guest(guest);
        excuse(guest, &observation);
        observe(world, observation);
    }
}

static void report_clients(struct world *world)
{
    for (uint32_t i = 0; i < world->scenario->guest_count; i++) {
        struct guest *guest = &world->guests[i];
        struct model_clients_report report;
        if (guest->clients == NULL) {
            continue;
        }
        guest_advance(guest, world_now(world));
        model_clients_report(guest->clients, &report);
        const struct sim_client client = {
            .guest = i,
            .sent = report.sent,
            .failed = report.failed,
            .longest_gap_ns = report.longest_gap_ns,
            .p99_ns = report.p99_ns,
        };
        sim_result_add_client(world->result, &client);
        LOG(world,
            .side = SIM_SIDE_WORLD,
            .host = SIM_RESULT_NONE,
            .migration = SIM_RESULT_NONE,
            .kind = "CLIENTS",
            .field_name = {"sent", "failed", "longest_gap_ns", "p99_ns"},
            .field =
                {(int64_t)client.sent,
                 (int64_t)client.failed,
                 client.longest_gap_ns,
                 client.p99_ns},
            .text = guest->spec->name);
    }
}

/* ---- what is left of migrations that are over ---- */

static void leftover(const struct move *move, const struct host *host, const char *what)
{
    LOG(move->world,
        .side = SIM_SIDE_WORLD,
        .host = host->index,
        .migration = move->index,
        .kind = "LEFTOVER",
        .text = what);
    observe(
        move->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_LEFTOVER,
            .migration = move->index,
            .host = host->index,
            .text = what,
        });
}

/* A side that could not reach its peer keeps its record for a later retry. It had to reach it from the beginning of its
 * migration until it closed: an outage before or after that is none of its business. One that never closed may have been
 * hindered until now. */
static bool was_hindered(const struct move *move, bool target)
{
    const bool closed = target ? move->target_done : move->source_done;
    const uint32_t until = closed ? move->outages_until[target ? 1 : 0] : move->world->outages;

    return until > move->outages_before;
}

static void look_for_leftovers(const struct move *move, bool target)
{
    const struct host *host = target ? move->to : move->from;
    const struct side *side = target ? move->target : move->source;
    const struct instance *instance = instance_of_move(move, target);

    if (!host->up) {
        return;
    }
    if (instance != NULL && instance != move->guest->live) {
        leftover(move, host, "memory"); /* it may be the only copy: the checker knows */
    }
    if (side != NULL) {
        return;
    }
    if (!target && instance != NULL && instance->logging && last_move(move->guest) == move) {
        leftover(move, host, "dirty log");
    }
    if (journal_has(host, move) && !was_hindered(move, target)) {
        leftover(move, host, "session record");
    }
    if (attachment_open_ends(move, target) > 0) {
        leftover(move, host, "connection");
    }
}

static void report_moves(struct world *world)
{
    for (size_t i = 0; i < world->move_count; i++) {
        const struct move *move = world->moves[i];
        struct sim_migration *entry = &world->result->migrations[move->index];
        if (move->epoch == 0) {
            continue; /* turned down before there was a session */
        }
        entry->source_session = journal_session(move, false);
        entry->target_session = journal_session(move, true);
        if (move->ended) {
            look_for_leftovers(move, false);
            look_for_leftovers(move, true);
        }
    }
}

/* ---- the checkers ---- */

static bool settled(const struct world *world)
{
    if (world->pending > 0 || world->unhealed > 0 || world->failed) {
        return false;
    }
    for (size_t i = 0; i < world->move_count; i++) {
        const struct move *move = world->moves[i];
        if (move->source != NULL && move->source->state != FERRY_SOURCE_UNKNOWN) {
            return false;
        }
    }
    return true;
}

static void report_failures(struct world *world)
{
    for (size_t i = 0; i < sim_checks_failure_count(world->checks); i++) {
        const struct sim_failure *failure = sim_checks_failure(world->checks, i);
        sim_result_fail(
            world->result,
            failure->id,
            failure->at_ns,
            failure->migration == SIM_CHECK_NONE ? SIM_RESULT_NONE : failure->migration,
            "%s",
            failure->message);
    }
}

static void drop_sides(struct world *world)
{
    for (size_t i = 0; i < world->move_count; i++) {
        struct move *move = world->moves[i];
        struct side *source = move->source;
        struct side *target = move->target;
        move->source = NULL;
        move->target = NULL;
        if (source != NULL) {
            side_destroy(source);
        }
        if (target != NULL) {
            side_destroy(target);
        }
    }
    side_bury(world);
}

void finish_run(struct world *world)
{
    for (size_t i = 0; i < world->move_count; i++) {
        move_conclude(world->moves[i]);
    }
    report_clients(world);
    report_moves(world);
    report_guests(world);
    const bool healed = settled(world);
    observe(
        world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_END,
            .healed = healed,
            .cut = !healed && world->scenario->end != SCENARIO_FOREVER,
        });
    sim_checks_finish(world->checks, world_now(world));
    report_failures(world);
    drop_sides(world);
    world->result->hash = world->hash;
    world->result->events = world->events;
    world->result->virtual_ns = world_now(world);
}
