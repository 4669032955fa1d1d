/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmm_collect.c -- the dirty log of a guest, as its VMM reads it for a migration.
 *
 * The log is read, and its pages are protected again, at the instant of the order; the report comes
 * after what that costs. So a write in between is in the next collection. The engine holds the
 * round's bitmap until it asks for the next one: there are two, which change places.
 */
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/move.h"
#include "sim/world/op.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/vmm.h"

#include <string.h>

#define GIB (UINT64_C(1) << 30)

static void collected(struct op *op)
{
    struct side *side = op_side(op);
    struct instance *instance = vmm_instance(op);

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
        cost = vmm_share(costs->collection_per_gib, instance->guest->spec->memory, GIB);
        if (action->round != 0) {
            cost += costs->collection_per_page * (int64_t)op->new_pages;
        }
    }
    vmm_order(op, cost);
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
