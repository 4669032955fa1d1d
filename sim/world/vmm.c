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
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/op.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/steps.h"
#include "sim/world/timers.h"

struct instance *vmm_instance(const struct op *op)
{
    return instance_of_move(op->move, op->target);
}

/* The order is done `cost` after the VMM could begin with it. */
void vmm_order(struct op *op, int64_t cost)
{
    struct instance *instance = vmm_instance(op);
    const int64_t now = world_now(op->host->world);
    int64_t begin = now;

    cost = host_cpu_time(op->host, cost);
    if (instance != NULL) {
        begin = instance->busy_until > now ? instance->busy_until : now;
        instance->busy_until = begin + cost;
    }
    op_start(op, begin - now + cost);
}

/* What `bytes` cost at `cost` for each `unit` bytes. */
int64_t vmm_share(int64_t cost, uint64_t bytes, uint64_t unit)
{
    return (int64_t)model_mul_div(bytes, (uint64_t)cost, unit);
}

void vmm_log(const struct op *op, const char *kind, const char *name, int64_t field)
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
    vmm_log(op, "GUEST_PREPARED", "pages", (int64_t)guest->pages);
    op_report(op, FERRY_OK);
}

void vmm_prepare(struct side *side, const struct ferry_action *action)
{
    op_start(op_create(side, action, prepared), 0);
}

static void freed(struct op *op)
{
    struct instance *instance = vmm_instance(op);

    if (instance != NULL) {
        vmm_log(op, "GUEST_FREED", "running", instance->running);
        instance_destroy(instance, false);
    }
    op_report(op, FERRY_OK);
}

void vmm_free(struct side *side, const struct ferry_action *action)
{
    vmm_order(op_create(side, action, freed), 0);
}

/* ---- stop and go ---- */

static void paused(struct op *op)
{
    struct instance *instance = vmm_instance(op);
    struct move *move = op->move;

    if (instance == NULL) {
        op_report(op, FERRY_WORLD_GUEST);
        return;
    }
    instance_stop(instance, SIM_STOP_PAUSED);
    move->attempt = op->attempt;
    move->aborting = op->attempt;
    move_instant(move, INSTANT_PAUSED);
    vmm_log(op, "GUEST_PAUSED", "writes", (int64_t)model_guest_writes(move->guest->model));
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
    vmm_order(op_create(side, action, paused), side->host->spec->costs.pause);
}

static void resume_here(struct op *op, struct instance *instance)
{
    struct move *move = op->move;

    op->stood_still = instance->running ? 0 : world_now(op->host->world) - instance->stopped_at;
    instance_run(instance, op->host->journal.owners[move->guest->index].epoch);
    vmm_log(op, "GUEST_RESUMED", "writes", (int64_t)model_guest_writes(move->guest->model));
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
    vmm_log(op, "MEMORY_COMPARED", "mismatches", (int64_t)difference.count);
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
    vmm_log(op, "GUEST_RUNNING", "writes", (int64_t)model_guest_writes(guest->model));
    observe_attempt_over(move);
    drain_moved(move);
    world_progress(op->host->world);
    trigger_phase(move, SCENARIO_PHASE_STARTED, op->attempt);
}

static void resumed(struct op *op)
{
    struct instance *instance = vmm_instance(op);

    if (instance == NULL) {
        op_report(op, FERRY_WORLD_GUEST);
        return;
    }
    if (op->target && instance->guest->live != instance) {
        resume_there(op, instance);
    } else {
        if (instance->guest->live != instance) {
            guest_settle_at(
                instance->guest, instance); /* claimed back after it had run elsewhere */
        }
        resume_here(op, instance);
    }
    op_report(op, FERRY_OK);
}

void vmm_resume(struct side *side, const struct ferry_action *action)
{
    vmm_order(op_create(side, action, resumed), side->host->spec->costs.resume);
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
