/* SPDX-License-Identifier: Apache-2.0 */
/* world_heal.c -- see world.h: from any state, with the network whole, the journals writing and
 * every daemon back, exactly one host ends up with the guest. Where a host is gone for good, an
 * operator decides at the other one. */
#include "handover/world.h"

#include <stddef.h>

#define PASSES 6

/* New connections: nothing of the old ones arrives any more, and answers come in order. */
static void talk(const struct world_machines *machines, struct world *world)
{
    const char *ignored = NULL;
    if (world->source_host != HOST_UP || world->target_host != HOST_UP) {
        return;
    }
    world_ask(machines, world, &ignored);
    for (uint32_t message = 0; message < MESSAGES; message++) {
        if ((world->messages >> message & 1) != 0) {
            world->messages &= ~(1U << message);
            world_deliver(machines, world, message, &ignored);
        }
    }
}

static void finish_writes(const struct world_machines *machines, struct world *world)
{
    static const uint8_t sources[] = {RECORD_GRANTED, RECORD_CLAIMED, RECORD_ENDED};
    static const uint8_t targets[] = {RECORD_OWNER, RECORD_BURNED};
    const char *ignored = NULL;
    for (size_t i = 0; i < sizeof(sources); i++) {
        if ((world->source_writing & sources[i]) != 0) {
            world_write_done(machines, world, sources[i], true, true, &ignored);
        }
    }
    for (size_t i = 0; i < sizeof(targets); i++) {
        if ((world->target_writing & targets[i]) != 0) {
            world_write_done(machines, world, targets[i], true, true, &ignored);
        }
    }
}

static bool has_guest(const struct world *world, bool source)
{
    if (source) {
        return world->source_host == HOST_UP && handover_source_may_run(&world->source);
    }
    return world->target_host == HOST_UP && handover_target_may_run(&world->target);
}

static bool settled(const struct world *world)
{
    return has_guest(world, true) || has_guest(world, false);
}

static void operator_decides(const struct world_machines *machines, struct world *world)
{
    const char *ignored = NULL;
    const uint8_t phase = world->source.phase;
    const bool lost = world->target_host == HOST_GONE || world->target_forgot == 2;
    const bool waits =
        phase == HANDOVER_GRANTING || phase == HANDOVER_GRANTED || phase == HANDOVER_BURNING;
    if (lost && world->source_host == HOST_UP && waits) {
        world_source_input(machines, world, HANDOVER_IN_CLAIM, world->source.attempt, &ignored);
    }
    if (world->source_host == HOST_GONE && world->target_host == HOST_UP &&
        world->target.phase == HANDOVER_READY) {
        world_target_input(
            machines, world, HANDOVER_IN_OPERATOR_CLAIM, world->target.attempt, &ignored);
    }
}

static void come_back(const struct world_machines *machines, struct world *world, bool all)
{
    const char *ignored = NULL;
    /* A failed write leaves its side silent: a restart, which reads what is there, is the way. */
    if (world->source_host == HOST_DOWN || (all && world->source_host == HOST_UP)) {
        world->source_writing = 0;
        world_restart_source(machines, world, &ignored);
    }
    if (world->target_host == HOST_DOWN || (all && world->target_host == HOST_UP)) {
        world->target_writing = 0;
        world_restart_target(machines, world, &ignored);
    }
}

/* The guest is dead with both: its owner's disks are gone, or it never left a host that is. */
static bool beyond_help(const struct world *world)
{
    if (world->source_host == HOST_GONE) {
        return true; /* unless the target had it all: then settled() is true */
    }
    /* moved, and the new owner is gone: restarted from its disks by its owner only */
    return world->source.phase == HANDOVER_MOVED &&
           (world->target_host == HOST_GONE || world->target_forgot == 2);
}

const char *world_heal(const struct world_machines *machines, struct world world)
{
    const char *ignored = NULL;
    world.messages = 0;
    come_back(machines, &world, false);
    for (int pass = 0; pass < PASSES && !settled(&world); pass++) {
        if (world.source_host == HOST_UP && world.source.phase == HANDOVER_ATTEMPT) {
            world_source_input(machines, &world, HANDOVER_IN_ABORT, 0, &ignored);
        }
        finish_writes(machines, &world);
        talk(machines, &world);
        finish_writes(machines, &world);
        operator_decides(machines, &world);
        finish_writes(machines, &world);
        if (pass >= PASSES / 2 && !settled(&world)) {
            come_back(machines, &world, true);
        }
    }
    if (has_guest(&world, true) && has_guest(&world, false)) {
        return "healed, the guest may run on both hosts";
    }
    if (!settled(&world) && !beyond_help(&world)) {
        return "healed, the guest ends up nowhere";
    }
    return NULL;
}
