/* SPDX-License-Identifier: Apache-2.0 */
/* world_network.c -- see world.h: what a message does where it arrives, and what a write's end
 * does. */
#include "handover/world.h"

/* ---- the network ---- */

static void answer_lost(struct world *world)
{
    world->messages |= 1U << MESSAGE_LOST;
}

/* RESUME over a new connection: what was under way on older ones may still come (world.h). */
void world_ask(const struct world_machines *machines, struct world *world, const char **broken_out)
{
    const uint32_t attempt = world->source.attempt;
    if (world->target_forgot != 0) {
        answer_lost(world);
        return;
    }
    switch ((enum handover_source_phase)world->source.phase) {
    case HANDOVER_RUNNING:
        world_target_input(machines, world, HANDOVER_IN_VOID, attempt, broken_out);
        return;
    case HANDOVER_ATTEMPT:
    case HANDOVER_GRANTING:
        if (attempt > world->target.attempt) {
            world_target_input(machines, world, HANDOVER_IN_VOID, attempt - 1, broken_out);
        }
        world_target_input(machines, world, HANDOVER_IN_ASK_READY, attempt, broken_out);
        return;
    case HANDOVER_GRANTED:
        world_target_input(machines, world, HANDOVER_IN_ASK_READY, attempt, broken_out);
        return;
    case HANDOVER_BURNING:
        world_target_input(machines, world, HANDOVER_IN_BURN, attempt, broken_out);
        return;
    case HANDOVER_BACK:
    case HANDOVER_MOVED:
    case HANDOVER_CLAIMING:
    case HANDOVER_CLAIMED: return; /* END follows, when its record is durable */
    }
}

static void deliver_end(
    const struct world_machines *machines, struct world *world, bool moved, const char **broken_out)
{
    const bool owner = world->target.phase == HANDOVER_OWNER;
    if (moved == owner) { /* otherwise an operator's claim: all records are kept (state_table.c) */
        world_target_input(machines, world, HANDOVER_IN_END, 0, broken_out);
    }
}

static void deliver_to_target(
    const struct world_machines *machines,
    struct world *world,
    uint32_t message,
    const char **broken_out)
{
    if (world->target_forgot != 0) {
        return;
    }
    if (message < MESSAGE_GRANT) {
        world_target_input(
            machines, world, HANDOVER_IN_VOID, message - MESSAGE_ABORT + 1, broken_out);
    } else if (message < MESSAGE_BURN) {
        world_target_input(
            machines, world, HANDOVER_IN_GRANT, message - MESSAGE_GRANT + 1, broken_out);
    } else if (message == MESSAGE_BURN) {
        world_target_input(machines, world, HANDOVER_IN_BURN, world->source.attempt, broken_out);
    } else {
        deliver_end(machines, world, message == MESSAGE_END_MOVED, broken_out);
    }
}

static void deliver_to_source(
    const struct world_machines *machines,
    struct world *world,
    uint32_t message,
    const char **broken_out)
{
    if (message < MESSAGE_STARTED) {
        world_source_input(
            machines, world, HANDOVER_IN_READY, message - MESSAGE_READY + 1, broken_out);
    } else if (message < MESSAGE_ABORTED) {
        world_source_input(
            machines, world, HANDOVER_IN_STARTED, message - MESSAGE_STARTED + 1, broken_out);
    } else {
        static const enum handover_source_input inputs[] = {
            HANDOVER_IN_ABORTED, HANDOVER_IN_LOST, HANDOVER_IN_TARGET_RECEIVING};
        world_source_input(
            machines, world, inputs[message - MESSAGE_ABORTED], world->source.attempt, broken_out);
    }
}

void world_deliver(
    const struct world_machines *machines,
    struct world *world,
    uint32_t message,
    const char **broken_out)
{
    if (message < MESSAGE_READY) {
        deliver_to_target(machines, world, message, broken_out);
    } else {
        deliver_to_source(machines, world, message, broken_out);
    }
}

/* ---- the journals ---- */

void world_store(struct world *world, uint8_t record)
{
    if (record == RECORD_GRANTED) {
        world->granted_attempt = (uint8_t)world->source.attempt;
    } else if (record == RECORD_OWNER) {
        world->owner_attempt = (uint8_t)world->target.attempt;
    } else if (record == RECORD_BURNED) {
        world->burned_attempt = (uint8_t)world->target.attempt;
    } else if (record == RECORD_ENDED && world->source.phase == HANDOVER_MOVED) {
        world->source_journal |= RECORD_MOVED;
    }
    const bool targets = record == RECORD_OWNER || record == RECORD_BURNED;
    uint8_t *journal = targets ? &world->target_journal : &world->source_journal;
    *journal |= record;
}

void world_write_done(
    const struct world_machines *machines,
    struct world *world,
    uint8_t record,
    bool durable,
    bool reported_ok,
    const char **broken_out)
{
    if (durable) {
        world_store(world, record);
    }
    world->source_writing &= (uint8_t)~record;
    world->target_writing &= (uint8_t)~record;
    const uint32_t attempt = world->source.attempt;
    if (record == RECORD_GRANTED) {
        world_source_input(
            machines,
            world,
            reported_ok ? HANDOVER_IN_GRANT_DURABLE : HANDOVER_IN_GRANT_FAILED,
            attempt,
            broken_out);
    } else if (record == RECORD_CLAIMED) {
        world_source_input(
            machines,
            world,
            reported_ok ? HANDOVER_IN_CLAIM_DURABLE : HANDOVER_IN_CLAIM_FAILED,
            attempt,
            broken_out);
    } else if (record == RECORD_OWNER) {
        world_target_input(
            machines,
            world,
            reported_ok ? HANDOVER_IN_OWNER_DURABLE : HANDOVER_IN_OWNER_FAILED,
            world->target.attempt,
            broken_out);
    } else if (record == RECORD_BURNED) {
        world_target_input(
            machines,
            world,
            reported_ok ? HANDOVER_IN_BURN_DURABLE : HANDOVER_IN_BURN_FAILED,
            world->target.attempt,
            broken_out);
    }
}
