/* SPDX-License-Identifier: Apache-2.0 */
/* world_moves.c -- see world.h: everything that can happen, one thing at a time. */
#include "handover/world.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum move {
    MOVE_OPEN_ATTEMPT,
    MOVE_ABORT,
    MOVE_CANCEL_GRANT,
    MOVE_GIVE_UP,
    MOVE_SAY_END,
    MOVE_ASK,
    MOVE_LOADED_1,
    MOVE_LOADED_2,
    MOVE_TARGET_BURNS,
    MOVE_WRITE,                          /* + 4 * index of the record + how */
    MOVE_CRASH_SOURCE = MOVE_WRITE + 20, /* + kills the guest; + what was being written is there */
    MOVE_CRASH_TARGET = MOVE_CRASH_SOURCE + 4,
    MOVE_RESTART_SOURCE = MOVE_CRASH_TARGET + 4,
    MOVE_RESTART_TARGET,
    MOVE_CLAIM_AT_SOURCE,
    MOVE_CLAIM_AT_TARGET,
    MOVE_REINSTALL_TARGET,
    MOVE_DELIVER,
    MOVES = MOVE_DELIVER + MESSAGES,
};
const uint32_t world_moves = MOVES;

static const uint8_t written[] = {
    RECORD_GRANTED, RECORD_CLAIMED, RECORD_ENDED, RECORD_OWNER, RECORD_BURNED};

struct world world_start(const struct world_budget *budget)
{
    struct world world;
    memset(&world, 0, sizeof(world));
    world.source = handover_source_start(WORLD_EPOCH);
    world.target = handover_target_start(WORLD_EPOCH);
    world.source_journal = RECORD_SESSION;
    world.target_journal = RECORD_SESSION;
    world.source_guest = 1;
    world.source_runs = 1;
    world.target_guest = 1;
    world.crashes = budget->crashes;
    world.failures = budget->failures;
    world.fences = budget->fences;
    return world;
}

static bool can_deliver(const struct world *world, uint32_t message)
{
    const uint8_t host = message < MESSAGE_READY ? world->target_host : world->source_host;
    return (world->messages >> message & 1) != 0 && host == HOST_UP;
}

/* how: 0 durable, 1 failed and not there, 2 failed and there all the same */
static bool move_write(
    const struct world_machines *machines,
    struct world *world,
    uint32_t index,
    const char **broken_out)
{
    const uint8_t record = written[index / 4];
    const uint32_t how = index % 4;
    const bool targets = record == RECORD_OWNER || record == RECORD_BURNED;
    const uint8_t writing = targets ? world->target_writing : world->source_writing;
    const uint8_t host = targets ? world->target_host : world->source_host;
    if ((writing & record) == 0 || host != HOST_UP || how == 3) {
        return false;
    }
    if (how != 0) {
        if (world->failures == 0) {
            return false;
        }
        world->failures--;
    }
    world_write_done(machines, world, record, how != 1, how == 0, broken_out);
    return true;
}

/* ---- hosts ---- */

static bool crash(struct world *world, bool source, bool kills_guest, bool there)
{
    uint8_t *host = source ? &world->source_host : &world->target_host;
    uint8_t *writing = source ? &world->source_writing : &world->target_writing;
    if (*host != HOST_UP || world->crashes == 0 || (there && *writing == 0)) {
        return false;
    }
    world->crashes--;
    *host = HOST_DOWN;
    for (size_t i = 0; i < sizeof(written); i++) {
        if (there && (*writing & written[i]) != 0) {
            world_store(world, written[i]);
        }
    }
    *writing = 0;
    if (kills_guest) {
        *(source ? &world->source_guest : &world->target_guest) = 0;
        *(source ? &world->source_runs : &world->target_runs) = 0;
    }
    return true;
}

static bool fence(struct world *world, bool source)
{
    if (world->fences == 0) {
        return false;
    }
    world->fences--;
    *(source ? &world->source_host : &world->target_host) = HOST_GONE;
    *(source ? &world->source_guest : &world->target_guest) = 0;
    *(source ? &world->source_runs : &world->target_runs) = 0;
    *(source ? &world->source_writing : &world->target_writing) = 0;
    return true;
}

static bool move_claim(
    const struct world_machines *machines,
    struct world *world,
    bool at_source,
    const char **broken_out)
{
    const uint8_t phase = world->source.phase;
    const bool wanted =
        at_source
            ? phase == HANDOVER_GRANTING || phase == HANDOVER_GRANTED || phase == HANDOVER_BURNING
            : world->target.phase == HANDOVER_READY && world->target_forgot == 0;
    const uint8_t host = at_source ? world->source_host : world->target_host;
    const uint8_t other = at_source ? world->target_host : world->source_host;
    if (!wanted || host != HOST_UP || other == HOST_GONE || !fence(world, !at_source)) {
        return false;
    }
    if (at_source) {
        world_source_input(machines, world, HANDOVER_IN_CLAIM, world->source.attempt, broken_out);
    } else {
        world_target_input(
            machines, world, HANDOVER_IN_OPERATOR_CLAIM, world->target.attempt, broken_out);
    }
    return true;
}

static bool reinstall(struct world *world)
{
    if (world->target_host != HOST_DOWN || !fence(world, false)) {
        return false;
    }
    world->target_host = HOST_UP;
    world->target_forgot = 2; /* reinstalled */
    world->target_journal = 0;
    memset(&world->target, 0, sizeof(world->target));
    world->target = handover_target_start(WORLD_EPOCH);
    return true;
}

static bool move_host(
    const struct world_machines *machines,
    struct world *world,
    uint32_t move,
    const char **broken_out)
{
    if (move < MOVE_CRASH_TARGET) {
        const uint32_t how = move - MOVE_CRASH_SOURCE;
        return crash(world, true, (how & 1) != 0, (how & 2) != 0);
    }
    if (move < MOVE_RESTART_SOURCE) {
        const uint32_t how = move - MOVE_CRASH_TARGET;
        return crash(world, false, (how & 1) != 0, (how & 2) != 0);
    }
    if (move == MOVE_RESTART_SOURCE && world->source_host == HOST_DOWN) {
        world_restart_source(machines, world, broken_out);
        return true;
    }
    if (move == MOVE_RESTART_TARGET && world->target_host == HOST_DOWN) {
        world_restart_target(machines, world, broken_out);
        return true;
    }
    if (move == MOVE_CLAIM_AT_SOURCE || move == MOVE_CLAIM_AT_TARGET) {
        return move_claim(machines, world, move == MOVE_CLAIM_AT_SOURCE, broken_out);
    }
    return move == MOVE_REINSTALL_TARGET && reinstall(world);
}

/* ---- what the sides decide by themselves ---- */

static bool say_end(struct world *world)
{
    const uint8_t phase = world->source.phase;
    const bool written_down = (world->source_journal & RECORD_ENDED) != 0;
    const bool may = world->source_over != 0 &&
                     (phase == HANDOVER_RUNNING || phase == HANDOVER_CLAIMED ||
                      ((phase == HANDOVER_BACK || phase == HANDOVER_MOVED) && written_down));
    const uint32_t message = phase == HANDOVER_MOVED ? MESSAGE_END_MOVED : MESSAGE_END_BACK;
    if (!may || (world->messages >> message & 1) != 0) {
        return false;
    }
    world->messages |= 1U << message;
    return true;
}

static bool move_source(
    const struct world_machines *machines,
    struct world *world,
    uint32_t move,
    const char **broken_out)
{
    const uint8_t phase = world->source.phase;
    if (world->source_host != HOST_UP) {
        return false;
    }
    if (move == MOVE_OPEN_ATTEMPT && phase == HANDOVER_RUNNING && world->source_over == 0 &&
        world->source.attempt < WORLD_ATTEMPTS) {
        world_source_input(machines, world, HANDOVER_IN_OPEN_ATTEMPT, 0, broken_out);
        world->source_runs = 0;
        return true;
    }
    if (move == MOVE_ABORT && phase == HANDOVER_ATTEMPT) {
        world_source_input(machines, world, HANDOVER_IN_ABORT, 0, broken_out);
        return true;
    }
    if (move == MOVE_CANCEL_GRANT && phase == HANDOVER_GRANTING) {
        world_source_input(
            machines, world, HANDOVER_IN_STOP_GRANT, world->source.attempt, broken_out);
        return true;
    }
    if (move == MOVE_GIVE_UP && phase == HANDOVER_RUNNING && world->source_over == 0) {
        world->source_over = 1;
        return true;
    }
    if (move == MOVE_ASK && world->target_host == HOST_UP) {
        world_ask(machines, world, broken_out);
        return true;
    }
    return move == MOVE_SAY_END && say_end(world);
}

static bool move_target(
    const struct world_machines *machines,
    struct world *world,
    uint32_t move,
    const char **broken_out)
{
    const uint8_t phase = world->target.phase;
    if (world->target_host != HOST_UP || world->target_forgot != 0) {
        return false;
    }
    if (move == MOVE_TARGET_BURNS) { /* orphan limit, hold limit, or an operator */
        if (phase != HANDOVER_RECEIVING && phase != HANDOVER_READY) {
            return false;
        }
        world_target_input(machines, world, HANDOVER_IN_BURN, 0, broken_out);
        return true;
    }
    const uint32_t attempt = move - MOVE_LOADED_1 + 1;
    if (phase != HANDOVER_RECEIVING || attempt > world->source.attempt ||
        attempt <= world->target.attempt) {
        return false;
    }
    world_target_input(machines, world, HANDOVER_IN_LOADED, attempt, broken_out);
    return true;
}

bool world_move(
    const struct world_machines *machines,
    struct world *world,
    uint32_t move,
    const char **broken_out)
{
    *broken_out = NULL;
    if (move >= MOVE_DELIVER) {
        if (!can_deliver(world, move - MOVE_DELIVER)) {
            return false;
        }
        world_deliver(machines, world, move - MOVE_DELIVER, broken_out);
        return true;
    }
    if (move >= MOVE_CRASH_SOURCE) {
        return move_host(machines, world, move, broken_out);
    }
    if (move >= MOVE_WRITE) {
        return move_write(machines, world, move - MOVE_WRITE, broken_out);
    }
    if (move >= MOVE_LOADED_1) {
        return move_target(machines, world, move, broken_out);
    }
    return move_source(machines, world, move, broken_out);
}

const char *world_broken(const struct world *world)
{
    if (world->source_runs != 0 && world->target_runs != 0) {
        return "H-3: the guest runs on both hosts";
    }
    const bool source_may =
        world->source_host == HOST_UP && handover_source_may_run(&world->source);
    const bool target_may =
        world->target_host == HOST_UP && handover_target_may_run(&world->target);
    if (source_may && target_may) {
        return "H-3: the guest may run on both hosts";
    }
    return NULL;
}

void world_move_name(uint32_t move, char *out, size_t size)
{
    static const char *const simple[] = {
        [MOVE_OPEN_ATTEMPT] = "the source pauses the guest: a new attempt",
        [MOVE_ABORT] = "the source aborts the attempt",
        [MOVE_CANCEL_GRANT] = "cancel, or the grant's write is late",
        [MOVE_GIVE_UP] = "the source gives up while the guest runs",
        [MOVE_SAY_END] = "the source says END",
        [MOVE_ASK] = "the source asks on a new connection",
        [MOVE_LOADED_1] = "the target has loaded attempt 1",
        [MOVE_LOADED_2] = "the target has loaded attempt 2",
        [MOVE_TARGET_BURNS] = "the target burns by itself",
        [MOVE_RESTART_SOURCE] = "the source's daemon is back",
        [MOVE_RESTART_TARGET] = "the target's daemon is back",
        [MOVE_CLAIM_AT_SOURCE] = "the target is fenced, the source's operator claims",
        [MOVE_CLAIM_AT_TARGET] = "the source is fenced, the target's operator claims",
        [MOVE_REINSTALL_TARGET] = "the target is reinstalled",
        [MOVE_DELIVER] = NULL,
    };
    static const char *const records[] = {"GRANTED", "CLAIMED", "ENDED", "OWNER", "BURNED"};
    static const char *const how[] = {
        "is durable", "failed, and is not there", "failed, and is there all the same", ""};
    static const char *const messages[MESSAGES] = {
        "ABORT 1",
        "ABORT 2",
        "GRANT 1",
        "GRANT 2",
        "BURN",
        "END back",
        "END moved",
        "READY 1",
        "READY 2",
        "STARTED 1",
        "STARTED 2",
        "ABORTED",
        "LOST",
        "RECEIVING"};
    if (move >= MOVE_DELIVER) {
        (void)snprintf(out, size, "%s arrives", messages[move - MOVE_DELIVER]);
    } else if (simple[move] != NULL) {
        (void)snprintf(out, size, "%s", simple[move]);
    } else if (move >= MOVE_CRASH_SOURCE) {
        const bool source = move < MOVE_CRASH_TARGET;
        const uint32_t kind = move - (source ? MOVE_CRASH_SOURCE : MOVE_CRASH_TARGET);
        (void)snprintf(
            out,
            size,
            "the %s's %s dies%s",
            source ? "source" : "target",
            (kind & 1) != 0 ? "host" : "daemon",
            (kind & 2) != 0 ? ", what it was writing is there" : "");
    } else {
        (void)snprintf(
            out,
            size,
            "the record %s %s",
            records[(move - MOVE_WRITE) / 4],
            how[(move - MOVE_WRITE) % 4]);
    }
}
