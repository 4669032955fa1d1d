/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmm.c -- what the engine asks of a guest's process, and what it costs.
 *
 * Orders to one VMM are carried out one after the other: one that comes while another is under way
 * begins when that is done. When a deed counts:
 *   PAUSE    the guest runs until the report; the blackout begins with it
 *   COLLECT  the log is read, and its pages protected again, when the order comes; the report comes after the cost, so
 *            what is written meanwhile is in the next collection
 *   CAPTURE  the guest is stopped: it is the same state whenever it is read
 *   LOAD     with the report
 *   RESUME   with the report; every page and the device state are compared at that instant
 * A VMM that is not there (its host crashed) reports a failure.
 */
#include "sim/world/vmm.h"

#include "model/bits.h"
#include "sim/fault/fault.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/op.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/steps.h"
#include "sim/world/timers.h"

#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static struct instance *instance_of(const struct op *op)
{
    return instance_of_move(op->move, op->target);
}

/* The order is done `cost` after the VMM could begin with it. */
static void order(struct op *op, int64_t cost)
{
    struct instance *instance = instance_of(op);
    const int64_t now = world_now(op->host->world);
    int64_t begin = now;

    if (instance != NULL) {
        begin = instance->busy_until > now ? instance->busy_until : now;
        instance->busy_until = begin + cost;
    }
    op_start(op, begin - now + cost);
}

/* What `bytes` cost at `cost` for each `unit` bytes. */
static int64_t share(int64_t cost, uint64_t bytes, uint64_t unit)
{
    return (int64_t)model_mul_div(bytes, (uint64_t)cost, unit);
}

static void log_guest(const struct op *op, const char *kind, const char *name, int64_t field)
{
    LOG(op->host->world,
        .side = op->target ? SIM_SIDE_TARGET : SIM_SIDE_SOURCE,
        .host = op->host->index,
        .migration = op->move->index,
        .kind = kind,
        .field_name = {"attempt", name},
        .field = {op->attempt, field},
        .text = op->move->guest->spec->name);
}

/* ---- an instance comes and goes ---- */

static void prepared(struct op *op)
{
    struct guest *guest = op->move->guest;

    struct instance *instance =
        instance_find(guest, op->host) == NULL ? instance_create(guest, op->host) : NULL;
    if (instance == NULL) {
        op_report(op, FERRY_WORLD_GUEST);
        return;
    }
    op->move->instances[1] = instance->serial;
    log_guest(op, "GUEST_PREPARED", "pages", (int64_t)guest->pages);
    op_report(op, FERRY_OK);
}

void vmm_prepare(struct side *side, const struct ferry_action *action)
{
    op_start(op_create(side, action, prepared), 0);
}

static void freed(struct op *op)
{
    struct instance *instance = instance_of(op);

    if (instance != NULL) {
        log_guest(op, "GUEST_FREED", "running", instance->running);
        instance_destroy(instance, false);
    }
    op_report(op, FERRY_OK);
}

void vmm_free(struct side *side, const struct ferry_action *action)
{
    order(op_create(side, action, freed), 0);
}

/* ---- the dirty log ---- */

static void collected(struct op *op)
{
    struct side *side = op_side(op);
    struct instance *instance = instance_of(op);

    LOG(op->host->world,
        .side = SIM_SIDE_SOURCE,
        .host = op->host->index,
        .migration = op->move->index,
        .kind = "COLLECTED",
        .field_name = {"dirty_pages", "new_pages"},
        .field = {(int64_t)op->dirty_pages, (int64_t)op->new_pages});
    if (side == NULL) {
        return;
    }
    if (instance == NULL) {
        op->status = FERRY_WORLD_GUEST;
    }
    move_instant(op->move, INSTANT_COLLECTED);
    side_post(
        side,
        &(struct ferry_event){
            .kind = FERRY_EVENT_COLLECTED,
            .action_id = op->action_id,
            .status = op->status,
            .bitmap = instance == NULL ? NULL : instance->round,
            .dirty_pages = op->dirty_pages,
            .new_pages = op->new_pages,
        });
}

static void mark_all(struct instance *instance, uint64_t words)
{
    const uint64_t tail = instance->guest->pages % 64;

    memset(instance->round, 0xff, words * sizeof *instance->round);
    if (tail != 0) {
        instance->round[words - 1] = (UINT64_C(1) << tail) - 1;
    }
}

static uint64_t merge(struct instance *instance, uint64_t words)
{
    uint64_t set = 0;

    for (uint64_t word = 0; word < words; word++) {
        instance->round[word] |= instance->scratch[word];
        set += (uint64_t)__builtin_popcountll(instance->round[word]);
    }
    return set;
}

static void read_log(struct instance *instance, struct op *op, bool first, bool keep)
{
    struct guest *guest = instance->guest;
    const uint64_t words = model_memory_word_count(instance->memory);
    const int64_t now = world_now(guest->world);

    if (instance->round == NULL) {
        instance->round = world_allocate(words * sizeof *instance->round);
        instance->scratch = world_allocate(words * sizeof *instance->scratch);
    }
    if (first || !instance->logging) {
        model_guest_begin_logging(guest->model, now);
        instance->logging = true;
        mark_all(instance, words);
        op->dirty_pages = guest->pages;
        op->new_pages = guest->pages;
        return;
    }
    op->new_pages = model_guest_collect(guest->model, now, instance->scratch);
    if (keep) {
        op->dirty_pages = merge(instance, words);
    } else {
        uint64_t *older = instance->round;
        instance->round = instance->scratch;
        instance->scratch = older;
        op->dirty_pages = op->new_pages;
    }
}

void vmm_collect(struct side *side, const struct ferry_action *action)
{
    struct op *op = op_create(side, action, collected);
    struct instance *instance = instance_of_move(side->move, side->target);
    const struct sim_costs *costs = &side->host->spec->costs;
    int64_t cost = 0;

    if (instance == NULL || side->move->guest->live != instance) {
        op->status = FERRY_WORLD_GUEST;
    } else {
        guest_advance(instance->guest, world_now(side->world));
        read_log(instance, op, action->round == 0 && !action->keep, action->keep);
        cost = share(costs->collection_per_gib, instance->guest->spec->memory, GIB);
        if (action->round != 0) {
            cost += costs->collection_per_page * (int64_t)op->new_pages;
        }
    }
    order(op, cost);
}

void vmm_stop_logging(struct side *side, const struct ferry_action *action)
{
    struct instance *instance = instance_of_move(side->move, side->target);
    const int64_t now = world_now(side->world);

    (void)action;
    if (instance == NULL || !instance->logging) {
        return;
    }
    instance->logging = false;
    if (instance->guest->live == instance) {
        guest_advance(instance->guest, now);
        model_guest_end_logging(instance->guest->model, now);
    }
}

/* ---- stop and go ---- */

static void paused(struct op *op)
{
    struct instance *instance = instance_of(op);
    struct move *move = op->move;

    if (instance == NULL) {
        op_report(op, FERRY_WORLD_GUEST);
        return;
    }
    instance_stop(instance, SIM_STOP_PAUSED);
    move->attempt = op->attempt;
    move->aborting = op->attempt;
    move_instant(move, INSTANT_PAUSED);
    log_guest(op, "GUEST_PAUSED", "writes", (int64_t)model_guest_writes(move->guest->model));
    observe(
        op->host->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_ATTEMPT_PAUSED,
            .migration = move->index,
            .attempt = op->attempt,
        });
    observe_attempt_paused(move);
    world_progress(op->host->world);
    trigger_phase(move, SCENARIO_PHASE_PAUSED, op->attempt);
    op_report(op, FERRY_OK);
}

void vmm_pause(struct side *side, const struct ferry_action *action)
{
    order(op_create(side, action, paused), side->host->spec->costs.pause);
}

static void resume_here(struct op *op, struct instance *instance)
{
    struct move *move = op->move;

    instance_run(instance, op->host->journal.owners[move->guest->index].epoch);
    log_guest(op, "GUEST_RESUMED", "writes", (int64_t)model_guest_writes(move->guest->model));
    if (move->aborting != 0) {
        observe(
            op->host->world,
            (struct sim_observation){
                .kind = SIM_OBSERVED_ATTEMPT_RESUMED,
                .migration = move->index,
                .attempt = move->aborting,
            });
        move->aborting = 0;
        observe_attempt_over(move);
    }
}

/* I3: every page, and the device state, as they were at the pause. */
static void compare(const struct op *op, struct instance *instance, uint64_t epoch)
{
    struct guest *guest = instance->guest;
    const struct model_memory *source = guest->live != NULL ? guest->live->memory : guest->remains;
    struct model_difference difference = {0};

    (void)model_memory_compare(source, instance->memory, &difference);
    const uint32_t state = guest_state_digest(guest);
    log_guest(op, "MEMORY_COMPARED", "mismatches", (int64_t)difference.count);
    observe(
        op->host->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_RESUMED_AT_TARGET,
            .migration = op->move->index,
            .guest = guest->index,
            .host = op->host->index,
            .attempt = op->move->attempt,
            .epoch = epoch,
            .total_pages = guest->pages,
            .compared_pages = guest->pages,
            .mismatching_pages = difference.count,
            .first_mismatch = difference.first_page,
            .source_state_digest = state,
            .target_state_digest = instance->state_valid ? instance->state : ~state,
        });
}

static void resume_there(struct op *op, struct instance *instance)
{
    struct move *move = op->move;
    struct guest *guest = instance->guest;
    const uint64_t epoch = op->host->journal.owners[guest->index].epoch;

    compare(op, instance, epoch);
    guest_settle_at(guest, instance);
    move->resumed = true;
    move->aborting = 0;
    move_instant(move, INSTANT_RUNNING);
    instance_run(instance, epoch);
    log_guest(op, "GUEST_RUNNING", "writes", (int64_t)model_guest_writes(guest->model));
    observe_attempt_over(move);
    drain_moved(move);
    world_progress(op->host->world);
    trigger_phase(move, SCENARIO_PHASE_STARTED, op->attempt);
}

static void resumed(struct op *op)
{
    struct instance *instance = instance_of(op);

    if (instance == NULL) {
        op_report(op, FERRY_WORLD_GUEST);
        return;
    }
    if (op->target && instance->guest->live != instance) {
        resume_there(op, instance);
    } else {
        resume_here(op, instance);
    }
    op_report(op, FERRY_OK);
}

void vmm_resume(struct side *side, const struct ferry_action *action)
{
    order(op_create(side, action, resumed), side->host->spec->costs.resume);
}

void vmm_throttle(struct side *side, const struct ferry_action *action)
{
    struct instance *instance = instance_of_move(side->move, side->target);
    const int64_t now = world_now(side->world);

    if (instance == NULL || instance->guest->live != instance || action->throttle_percent > 99) {
        return;
    }
    instance->throttle_percent = action->throttle_percent;
    guest_advance(instance->guest, now);
    model_guest_throttle(instance->guest->model, now, 100 - action->throttle_percent);
    observe(
        side->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_THROTTLE,
            .guest = instance->guest->index,
            .host = side->host->index,
            .throttle_percent = action->throttle_percent,
        });
}

/* ---- device state ---- */

static void captured(struct op *op)
{
    struct side *side = op_side(op);
    struct instance *instance = instance_of(op);
    struct guest *guest = op->move->guest;

    if (side == NULL) {
        return;
    }
    if (instance == NULL || guest->live != instance) {
        op->status = FERRY_WORLD_GUEST;
    } else {
        guest_advance(guest, world_now(side->world));
        instance->state = guest_state_digest(guest);
        instance->state_valid = true;
    }
    move_instant(op->move, INSTANT_CAPTURED);
    log_guest(op, "STATE_CAPTURED", "digest", instance == NULL ? 0 : instance->state);
    side_post(
        side,
        &(struct ferry_event){
            .kind = FERRY_EVENT_STATE_CAPTURED,
            .action_id = op->action_id,
            .status = op->status,
            .state_size = guest->spec->device_state,
            .state_digest = instance == NULL ? 0 : instance->state,
        });
}

void vmm_capture(struct side *side, const struct ferry_action *action)
{
    const struct sim_costs *costs = &side->host->spec->costs;
    const uint64_t size = side->move->guest->spec->device_state;

    order(
        op_create(side, action, captured),
        costs->state_out + share(costs->state_out_per_mib, size, MIB));
}

static void loaded(struct op *op)
{
    struct instance *instance = instance_of(op);

    if (instance != NULL && op->state_size == 0) {
        instance->arriving = 0; /* nothing had to come */
        instance->arriving_attempt = op->attempt;
    }
    if (instance == NULL || instance->arriving_attempt != op->attempt) {
        op_report(op, FERRY_WORLD_GUEST);
        return;
    }
    instance->state = instance->arriving;
    instance->state_valid = true;
    move_instant(op->move, INSTANT_LOADED);
    log_guest(op, "STATE_LOADED", "digest", instance->state);
    op_report(op, FERRY_OK);
}

void vmm_load(struct side *side, const struct ferry_action *action)
{
    const struct sim_costs *costs = &side->host->spec->costs;

    move_instant(side->move, INSTANT_LOAD_ISSUED);
    order(
        op_create(side, action, loaded),
        costs->state_in + share(costs->state_in_per_mib, action->state_size, MIB));
}

/* ---- where the guest is now ---- */

static void announced(void *owner, uint64_t host)
{
    struct guest *guest = owner;
    struct world *world = guest->world;

    guest->announce = 0;
    guest->announced_on = (uint32_t)host;
    world->pending--;
    LOG(world,
        .side = SIM_SIDE_WORLD,
        .host = (uint32_t)host,
        .migration = SIM_RESULT_NONE,
        .kind = "CLIENTS_REDIRECTED",
        .text = guest->spec->name);
    if (guest->clients != NULL && guest->live != NULL && guest->live->host->index == host) {
        guest_advance(guest, world_now(world));
        (void)model_clients_redirect(guest->clients, world_now(world));
    }
    world_check_end(world);
}

void vmm_announce(struct side *side, const struct ferry_action *action)
{
    struct world *world = side->world;
    struct guest *guest = side->move->guest;
    const uint32_t host = side->host->index;

    (void)action;
    if (guest->announce != 0 || guest->announced_on == host) {
        return;
    }
    const int64_t delay = side->host->spec->costs.announce;
    world->pending++;
    guest->announce =
        timer_at(world, NET_NO_HOST, world_now(world) + delay, announced, guest, host);
}
