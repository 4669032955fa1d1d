/* SPDX-License-Identifier: Apache-2.0 */
/* world_hosts.c -- see world.h: what each half's outputs do, and the requirements that are about
 * one step. */
#include "handover/world.h"

#include <stddef.h>
#include <string.h>

const struct world_machines world_shipped = {
    .source = handover_source_step,
    .target = handover_target_step,
};

static void breaks(const char **broken_out, const char *requirement)
{
    if (*broken_out == NULL) {
        *broken_out = requirement;
    }
}

static void put(struct world *world, uint32_t message)
{
    world->messages |= 1U << message;
}

static void put_of(struct world *world, uint32_t kind, uint32_t attempt)
{
    if (attempt >= 1 && attempt <= WORLD_ATTEMPTS) {
        put(world, kind + attempt - 1);
    }
}

/* ---- source ---- */

static bool source_is_out(const struct world *world)
{
    const uint8_t phase = world->source.phase;
    return phase == HANDOVER_GRANTING || phase == HANDOVER_GRANTED || phase == HANDOVER_BURNING ||
           phase == HANDOVER_CLAIMING;
}

static void say_end(struct world *world)
{
    const bool moved = world->source.phase == HANDOVER_MOVED;
    put(world, moved ? MESSAGE_END_MOVED : MESSAGE_END_BACK);
}

static void source_output(struct world *world, enum handover_output output, const char **broken_out)
{
    const uint32_t attempt = world->source.attempt;
    switch (output) {
    case HANDOVER_OUT_PERSIST_GRANT: world->source_writing |= RECORD_GRANTED; return;
    case HANDOVER_OUT_PERSIST_CLAIM: world->source_writing |= RECORD_CLAIMED; return;
    case HANDOVER_OUT_SEND_ABORT: put_of(world, MESSAGE_ABORT, attempt); return;
    case HANDOVER_OUT_SEND_GRANT:
        if ((world->source_journal & RECORD_GRANTED) == 0 || world->granted_attempt != attempt) {
            breaks(broken_out, "H-1: GRANT is sent before its record is durable");
        }
        put_of(world, MESSAGE_GRANT, attempt);
        return;
    case HANDOVER_OUT_SEND_BURN: put(world, MESSAGE_BURN); return;
    case HANDOVER_OUT_SEND_END:
        if ((world->source_journal & RECORD_ENDED) != 0) {
            say_end(world);
        }
        return;
    case HANDOVER_OUT_RUN_HERE: world->source_runs = world->source_guest; return;
    case HANDOVER_OUT_MOVED:
    case HANDOVER_OUT_TAKEN:
        world->source_runs = 0;
        world->source_guest = 0;
        return;
    case HANDOVER_OUT_VIOLATION:
        if (world->source_host == HOST_UP && world->target_host != HOST_GONE &&
            world->fences != 0) {
            breaks(broken_out, "an honest target is called a liar");
        }
        return;
    case HANDOVER_OUT_NONE:
    case HANDOVER_OUT_STALE:
    case HANDOVER_OUT_TOO_LATE: return;
    case HANDOVER_OUT_PERSIST_OWNER:
    case HANDOVER_OUT_PERSIST_BURNED:
    case HANDOVER_OUT_SEND_READY:
    case HANDOVER_OUT_SEND_STARTED:
    case HANDOVER_OUT_SEND_ABORTED:
    case HANDOVER_OUT_SEND_RECEIVING:
    case HANDOVER_OUT_VOID:
    case HANDOVER_OUT_FORGET:
        breaks(broken_out, "the source asks for what is the target's");
        return;
    }
}

static bool failed_write(enum handover_source_input input)
{
    return input == HANDOVER_IN_GRANT_FAILED || input == HANDOVER_IN_CLAIM_FAILED;
}

void world_source_input(
    const struct world_machines *machines,
    struct world *world,
    enum handover_source_input input,
    uint32_t attempt,
    const char **broken_out)
{
    const bool out = source_is_out(world);
    const struct handover_source before = world->source;
    const uint64_t epoch = input == HANDOVER_IN_STARTED ? WORLD_EPOCH + 1 : WORLD_EPOCH;
    const struct handover_step step = machines->source(&world->source, input, attempt, epoch);
    const bool runs = handover_source_may_run(&world->source);
    if (out && runs && input != HANDOVER_IN_ABORTED && input != HANDOVER_IN_CLAIM_DURABLE) {
        breaks(broken_out, "H-2: the source runs a granted guest without proof");
    }
    if (input == HANDOVER_IN_LOST && out && world->source.phase != before.phase) {
        breaks(broken_out, "H-6: LOST is taken for proof");
    }
    const bool named = input == HANDOVER_IN_READY || input == HANDOVER_IN_STARTED;
    if (named && attempt != before.attempt && world->source.phase != before.phase) {
        breaks(broken_out, "H-7: a message of another attempt changes the source");
    }
    if (failed_write(input) && runs && !handover_source_may_run(&before)) {
        breaks(broken_out, "H-8: a failed write lets the source run the guest");
    }
    for (uint8_t i = 0; i < step.count; i++) {
        source_output(world, (enum handover_output)step.output[i], broken_out);
    }
    /* BACK and MOVED are written down before END is said (ending.c, E-2). */
    const uint8_t phase = world->source.phase;
    if (phase != before.phase && (phase == HANDOVER_BACK || phase == HANDOVER_MOVED)) {
        world->source_over = 1;
        world->source_writing |= RECORD_ENDED;
    }
    if (phase == HANDOVER_CLAIMED) {
        world->source_over = 1;
    }
}

void world_restart_source(
    const struct world_machines *machines, struct world *world, const char **broken_out)
{
    (void)machines;
    const uint8_t journal = world->source_journal;
    world->source_host = HOST_UP;
    world->source_over = 1; /* a restarted source does not copy on */
    world->source = handover_source_restart(
        WORLD_EPOCH,
        (journal & RECORD_GRANTED) != 0 ? world->granted_attempt : 0,
        (journal & RECORD_GRANTED) != 0,
        (journal & RECORD_CLAIMED) != 0);
    if ((journal & RECORD_ENDED) != 0) {
        world->source.phase = (journal & RECORD_MOVED) != 0 ? HANDOVER_MOVED : HANDOVER_BACK;
    }
    const bool granted = (journal & RECORD_GRANTED) != 0;
    const bool proof = (journal & (RECORD_ENDED | RECORD_CLAIMED)) != 0;
    if (handover_source_may_run(&world->source)) {
        if (granted && !proof) {
            breaks(broken_out, "H-6: a restart is taken for proof");
        }
        world->source_runs = world->source_guest;
    }
}

/* ---- target ---- */

static void target_output(struct world *world, enum handover_output output, const char **broken_out)
{
    const uint32_t attempt = world->target.attempt;
    switch (output) {
    case HANDOVER_OUT_PERSIST_OWNER: world->target_writing |= RECORD_OWNER; return;
    case HANDOVER_OUT_PERSIST_BURNED: world->target_writing |= RECORD_BURNED; return;
    case HANDOVER_OUT_SEND_READY: put_of(world, MESSAGE_READY, attempt); return;
    case HANDOVER_OUT_SEND_STARTED: put_of(world, MESSAGE_STARTED, attempt); return;
    case HANDOVER_OUT_SEND_ABORTED:
        if ((world->target_journal & RECORD_BURNED) == 0) {
            breaks(broken_out, "H-5: ABORTED is said before BURNED is durable");
        }
        put(world, MESSAGE_ABORTED);
        return;
    case HANDOVER_OUT_SEND_RECEIVING: put(world, MESSAGE_RECEIVING); return;
    case HANDOVER_OUT_RUN_HERE:
        if ((world->target_journal & RECORD_OWNER) == 0) {
            breaks(broken_out, "H-4: the target runs the guest before OWNER is durable");
        }
        if ((world->target_journal & RECORD_BURNED) != 0) {
            breaks(broken_out, "H-5: a burned session runs");
        }
        world->target_runs = world->target_guest;
        put_of(world, MESSAGE_STARTED, attempt);
        return;
    case HANDOVER_OUT_FORGET:
        world->target_forgot = 1;
        world->target_journal = 0;
        world->target_writing = 0;
        if (world->target_runs == 0) {
            world->target_guest = 0;
        }
        return;
    case HANDOVER_OUT_VIOLATION:
        if (world->fences != 0) {
            breaks(broken_out, "an honest source is called a liar");
        }
        return;
    case HANDOVER_OUT_NONE:
    case HANDOVER_OUT_VOID:
    case HANDOVER_OUT_STALE:
    case HANDOVER_OUT_TOO_LATE: return;
    case HANDOVER_OUT_PERSIST_GRANT:
    case HANDOVER_OUT_PERSIST_CLAIM:
    case HANDOVER_OUT_SEND_ABORT:
    case HANDOVER_OUT_SEND_GRANT:
    case HANDOVER_OUT_SEND_BURN:
    case HANDOVER_OUT_SEND_END:
    case HANDOVER_OUT_MOVED:
    case HANDOVER_OUT_TAKEN: breaks(broken_out, "the target asks for what is the source's"); return;
    }
}

void world_target_input(
    const struct world_machines *machines,
    struct world *world,
    enum handover_target_input input,
    uint32_t attempt,
    const char **broken_out)
{
    const struct handover_target before = world->target;
    const struct handover_step step = machines->target(&world->target, input, attempt, WORLD_EPOCH);
    if (input == HANDOVER_IN_GRANT && attempt != before.attempt &&
        world->target.phase != before.phase) {
        breaks(broken_out, "H-7: a GRANT of another attempt changes the target");
    }
    if ((input == HANDOVER_IN_OWNER_FAILED || input == HANDOVER_IN_BURN_FAILED) &&
        step.count != 0) {
        breaks(broken_out, "H-8: something is concluded from a failed write");
    }
    for (uint8_t i = 0; i < step.count; i++) {
        target_output(world, (enum handover_output)step.output[i], broken_out);
    }
}

void world_restart_target(
    const struct world_machines *machines, struct world *world, const char **broken_out)
{
    world->target_host = HOST_UP;
    if (world->target_forgot != 0) {
        return;
    }
    const bool owner = (world->target_journal & RECORD_OWNER) != 0;
    const bool burned = (world->target_journal & RECORD_BURNED) != 0;
    world->target = handover_target_restart(
        WORLD_EPOCH, owner ? world->owner_attempt : world->burned_attempt, owner, burned);
    if (owner) {
        target_output(world, HANDOVER_OUT_RUN_HERE, broken_out);
    } else if (!burned) { /* without memory, or without trust in it (restart.c) */
        world_target_input(machines, world, HANDOVER_IN_BURN, 0, broken_out);
    }
}
