/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trigger.c -- when steps and faults happen: at an instant, or when a migration enters a phase.
 *
 * A phase is noticed at the very instant at which it is entered. Where that is inside of an engine
 * (its trace says so) the deed waits until the engine has returned, and is done before the next of
 * its actions: so a crash at `granted` lets no GRANT out. Each trigger fires once.
 */
#include "sim/fault/fault.h"
#include "sim/world/guest.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/move.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"

static void carry_out(struct world *world, size_t index)
{
    const struct trigger *trigger = &world->triggers[index];

    world_progress(
        world); /* what it begins has its hour from now on, however long nothing was to do */
    trigger->fire(world, trigger->index);
    world->pending--;
    world_check_end(world);
}

static void later(void *owner, uint64_t index)
{
    carry_out(owner, (size_t)index);
}

void trigger_init(struct world *world)
{
    const size_t count = world->scenario->step_count + world->scenario->fault_count;

    world->triggers = world_allocate(count * sizeof *world->triggers);
    world->due = world_allocate(count * sizeof *world->due);
}

void trigger_add(
    struct world *world, const struct scenario_trigger *when, trigger_fn *fire, size_t index)
{
    const size_t place = world->trigger_count;

    world->triggers[place] = (struct trigger){.when = when, .fire = fire, .index = index};
    world->trigger_count++;
    if (when->on_phase) {
        world->phase_triggers++;
        return;
    }
    world->pending++;
    world->triggers[place].fired = true;
    (void)timer_at(world, NET_NO_HOST, when->at, later, world, place);
}

static bool matches(
    const struct trigger *trigger,
    const struct move *move,
    enum scenario_phase phase,
    uint32_t number)
{
    const struct scenario_trigger *when = trigger->when;

    if (!when->on_phase || trigger->fired || when->phase != phase ||
        when->move.guest != move->guest->index || when->move.step != move->step) {
        return false;
    }
    if (phase == SCENARIO_PHASE_ROUND) {
        return when->round == number;
    }
    return number == 0 || when->attempt == 0 || when->attempt == number;
}

void trigger_phase(struct move *move, enum scenario_phase phase, uint32_t number)
{
    struct world *world = move->world;

    for (size_t i = 0; world->phase_triggers > 0 && i < world->trigger_count; i++) {
        struct trigger *trigger = &world->triggers[i];
        if (!matches(trigger, move, phase, number)) {
            continue;
        }
        trigger->fired = true;
        world->phase_triggers--;
        world->pending++;
        LOG(world,
            .side = SIM_SIDE_WORLD,
            .host = SIM_RESULT_NONE,
            .migration = move->index,
            .kind = "PHASE",
            .field_name = {"number"},
            .field = {number},
            .text = scenario_phase_name(phase));
        if (trigger->when->after > 0) {
            (void)timer_at(
                world, NET_NO_HOST, world_now(world) + trigger->when->after, later, world, i);
        } else if (world->inside != NULL) {
            world->due[world->due_count] = i;
            world->due_count++;
        } else {
            carry_out(world, i);
        }
    }
}

void trigger_run_due(struct world *world)
{
    /* what is done may enter phases itself: they come behind */
    for (size_t i = 0; i < world->due_count; i++) {
        carry_out(world, world->due[i]);
    }
    world->due_count = 0;
}
