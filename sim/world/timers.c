/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers.c -- timers with a function to call, on top of the network's timers with a number.
 *
 * A timer belongs to a host, whose crash discards it and whose pause holds it back, or to the world.
 * A handle names one arming: a slot and how often it was used, so that a handle which outlives its
 * timer does no harm.
 */
#include "sim/world/timers.h"

#include "sim/world/memory.h"
#include "sim/world/state.h"

#include <stdlib.h>

static uint32_t take_slot(struct world_timers *timers)
{
    if (timers->free_first != 0) {
        uint32_t slot = timers->free_first;
        timers->free_first = timers->slots[slot].next_free;
        return slot;
    }
    if (timers->count == 0) {
        timers->count = 1;
    }
    size_t capacity = timers->capacity;
    timers->slots =
        world_grow(timers->slots, &capacity, (size_t)timers->count + 1, sizeof *timers->slots);
    timers->capacity = (uint32_t)capacity;
    uint32_t slot = timers->count;
    timers->count++;
    timers->slots[slot] = (struct timer_slot){.generation = 1};
    return slot;
}

static void give_slot(struct world_timers *timers, uint32_t slot)
{
    timers->slots[slot].armed = false;
    timers->slots[slot].generation++;
    timers->slots[slot].next_free = timers->free_first;
    timers->free_first = slot;
}

world_timer timer_at(
    struct world *world,
    uint32_t host,
    int64_t when,
    world_timer_fn *fire,
    void *owner,
    uint64_t argument)
{
    int64_t now = world_now(world);
    uint32_t slot = take_slot(&world->timers);
    struct timer_slot *timer = &world->timers.slots[slot];
    timer->fire = fire;
    timer->owner = owner;
    timer->argument = argument;
    timer->host = host;
    timer->armed = true;
    timer->handle = net_timer_at(world->net, host, when < now ? now : when, slot);
    return (uint64_t)timer->generation << 32 | slot;
}

void timer_cancel(struct world *world, world_timer *timer)
{
    uint32_t slot = (uint32_t)*timer;
    uint32_t generation = (uint32_t)(*timer >> 32);
    *timer = 0;
    if (slot == 0 || world->timers.slots[slot].generation != generation ||
        !world->timers.slots[slot].armed) {
        return;
    }
    (void)net_timer_cancel(world->net, world->timers.slots[slot].handle);
    give_slot(&world->timers, slot);
}

void timer_fired(struct world *world, uint64_t cookie)
{
    uint32_t slot = (uint32_t)cookie;
    struct timer_slot timer = world->timers.slots[slot];
    give_slot(&world->timers, slot);
    timer.fire(timer.owner, timer.argument);
}

void timer_host_down(struct world *world, uint32_t host)
{
    for (uint32_t slot = 1; slot < world->timers.count; slot++) {
        if (world->timers.slots[slot].armed && world->timers.slots[slot].host == host) {
            give_slot(&world->timers, slot);
        }
    }
}

void timer_deinit(struct world *world)
{
    free(world->timers.slots);
    world->timers = (struct world_timers){0};
}
