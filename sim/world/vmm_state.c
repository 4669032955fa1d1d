/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmm_state.c -- the device state: out of the stopped guest, into the one that waits.
 *
 * What it holds is one digest, of the guest's own time and writes: so a state of another attempt, or
 * of another guest, is not taken for this one when the guest resumes.
 */
#include "model/bits.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/move.h"
#include "sim/world/op.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/vmm.h"

#define MIB (UINT64_C(1) << 20)

/* Saving a device may complete its requests: rings and buffers are written after the vCPUs have
 * stopped. Whoever collects before that loses these pages. */
static void write_by_devices(struct guest *guest, int64_t now)
{
    for (uint32_t i = 0; i < guest->spec->device_writes; i++) {
        const uint64_t page = model_mix(model_guest_writes(guest->model)) % guest->pages;

        if (!model_guest_write_page(guest->model, now, page)) {
            world_error(guest->world, "the memory of a modelled guest ran out");
        }
    }
}

static void captured(struct op *op)
{
    struct side *side = op_side(op);
    struct instance *instance = vmm_instance(op);
    struct guest *guest = op->move->guest;

    if (side == NULL) {
        return;
    }
    if (instance == NULL || guest->live != instance) {
        op->status = FERRY_WORLD_GUEST;
    } else {
        guest_advance(guest, world_now(side->world));
        write_by_devices(guest, world_now(side->world));
        guest->drained = true; /* before the last collection */
        instance->state = guest_state_digest(guest);
        instance->state_valid = true;
    }
    move_instant(op->move, INSTANT_CAPTURED);
    vmm_log(op, "STATE_CAPTURED", "digest", instance == NULL ? 0 : instance->state);
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

    vmm_order(
        op_create(side, action, captured),
        costs->state_out + vmm_share(costs->state_out_per_mib, size, MIB));
}

static void loaded(struct op *op)
{
    struct instance *instance = vmm_instance(op);

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
    vmm_log(op, "STATE_LOADED", "digest", instance->state);
    op_report(op, FERRY_OK);
}

void vmm_load(struct side *side, const struct ferry_action *action)
{
    const struct sim_costs *costs = &side->host->spec->costs;

    move_instant(side->move, INSTANT_LOAD_ISSUED);
    vmm_order(
        op_create(side, action, loaded),
        costs->state_in + vmm_share(costs->state_in_per_mib, action->state_size, MIB));
}
