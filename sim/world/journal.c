/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c -- the durable memory of a host: records by (session, kind), and who owns which guest.
 *
 * A record is there from the instant at which its fsync is done; a crash of the host before that
 * leaves the older one, or none. A crash of the daemon alone leaves the write to the kernel, which
 * finishes it before anybody can read the file again. A write during a fault is reported as failed
 * and is not there (under a fault of doubt it is there all the same); after one the journal takes no new session until the daemon has started again.
 *
 * The ownership of guests (highest epoch, here or not) is what stays when a session is forgotten.
 */
#include "sim/world/journal.h"

#include "sim/fault/fault.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/op.h"
#include "sim/world/side.h"
#include "sim/world/state.h"

#include <stdlib.h>
#include <string.h>

void journal_init(struct host *host)
{
    struct world *world = host->world;

    host->journal.id = model_rng_next(&world->ids);
    host->journal.owners =
        world_allocate(world->scenario->guest_count * sizeof *host->journal.owners);
}

static void drop_all(struct journal *journal)
{
    while (journal->records != NULL) {
        struct record *record = journal->records;
        journal->records = record->next;
        free(record);
    }
}

void journal_deinit(struct host *host)
{
    drop_all(&host->journal);
    free(host->journal.owners);
    host->journal.owners = NULL;
}

void journal_wipe(struct host *host)
{
    struct world *world = host->world;

    drop_all(&host->journal);
    host->journal.id = model_rng_next(&world->ids);
    memset(host->journal.owners, 0, world->scenario->guest_count * sizeof *host->journal.owners);
}

const struct record *
journal_find(const struct host *host, const struct move *move, enum ferry_record_kind kind)
{
    for (const struct record *record = host->journal.records; record != NULL;
         record = record->next) {
        if (record->move == move && record->kind == kind) {
            return record;
        }
    }
    return NULL;
}

bool journal_has(const struct host *host, const struct move *move)
{
    for (const struct record *record = host->journal.records; record != NULL;
         record = record->next) {
        if (record->move == move) {
            return true;
        }
    }
    return false;
}

/* In the order in which they were written first. */
size_t journal_collect(
    const struct host *host,
    const struct move *move,
    struct ferry_record *records_out,
    size_t capacity)
{
    size_t count = 0;

    for (const struct record *record = host->journal.records; record != NULL && count < capacity;
         record = record->next) {
        if (record->move == move) {
            records_out[count] = (struct ferry_record){
                .kind = record->kind,
                .bytes = {.data = record->bytes, .size = record->size},
            };
            count++;
        }
    }
    return count;
}

static struct record *record_of(struct journal *journal, const struct op *op)
{
    struct record **place = &journal->records;

    while (*place != NULL) {
        if ((*place)->move == op->move && (*place)->kind == op->record_kind) {
            return *place;
        }
        place = &(*place)->next;
    }
    *place = world_allocate(sizeof **place);
    (*place)->move = op->move;
    (*place)->kind = op->record_kind;
    return *place;
}

/* What the record means for who owns the guest. The bytes are the engine's; the truth is the world's. */
static void own(struct host *host, const struct op *op)
{
    struct move *move = op->move;
    struct guest *guest = move->guest;
    struct ownership *ownership = &host->journal.owners[guest->index];

    if (op->record_kind == FERRY_RECORD_OWNER) {
        ownership->epoch = move->epoch + 1;
        ownership->here = true;
        guest->epoch = ownership->epoch;
    } else if (op->record_kind == FERRY_RECORD_CLAIMED) {
        if (op->epoch > ownership->epoch) {
            ownership->epoch = op->epoch;
        }
        ownership->here = true;
        guest->epoch = ownership->epoch;
    } else if (op->record_kind == FERRY_RECORD_BURNED && op->epoch > ownership->epoch) {
        ownership->epoch = op->epoch; /* the source's by a claim, while this host owned it */
        ownership->here = false;
    } else if (op->record_kind == FERRY_RECORD_ENDED && !op->target && guest->epoch > move->epoch) {
        ownership->epoch = guest->epoch;
        ownership->here = journal_find(host, move, FERRY_RECORD_CLAIMED) != NULL;
    }
}

static void say_durable(struct op *op)
{
    struct move *move = op->move;

    if (op->record_kind == FERRY_RECORD_GRANTED) {
        move_instant(move, INSTANT_GRANT_DURABLE);
        trigger_phase(move, SCENARIO_PHASE_GRANTED, op->attempt);
    } else if (op->record_kind == FERRY_RECORD_OWNER) {
        move_instant(move, INSTANT_OWNER_DURABLE);
        trigger_phase(move, SCENARIO_PHASE_OWNED, op->attempt);
    }
}

static bool is_in_doubt(const struct op *op)
{
    return op->host->journal.doubtful > 0 && op->host->journal.failing == 0 &&
           op->status == FERRY_OK;
}

static bool is_failing(const struct op *op)
{
    return op->host->journal.failing > 0 || op->host->journal.doubtful > 0 ||
           op->status != FERRY_OK;
}

/* Whatever failed write comes after the first says nothing new. */
static void break_journal(struct host *host)
{
    if (!host->journal.broken) {
        host->journal.broken = true;
        observe(
            host->world,
            (struct sim_observation){
                .kind = SIM_OBSERVED_JOURNAL_BROKEN,
                .host = host->index,
            });
    }
}

/* The record is on the disk. */
static void keep(const struct op *op)
{
    struct host *host = op->host;
    struct record *record = record_of(&host->journal, op);

    record->epoch = op->epoch;
    record->size = op->size;
    memcpy(record->bytes, op->bytes, op->size);
    own(host, op);
}

static void journal_written(struct op *op)
{
    struct host *host = op->host;
    struct world *world = host->world;
    const bool failed = is_failing(op);

    LOG(world,
        .side = op->target ? SIM_SIDE_TARGET : SIM_SIDE_SOURCE,
        .host = host->index,
        .migration = op->move->index,
        .kind = failed ? "JOURNAL_FAILED" : "JOURNAL_DURABLE",
        .field_name = {"attempt", "bytes", "digest"},
        .field = {op->attempt, (int64_t)op->size, log_digest(op->bytes, op->size)},
        .text = ferry_record_name(op->record_kind));
    if (failed) {
        break_journal(host);
        if (is_in_doubt(op)) {
            keep(op);
        }
        op_report(op, FERRY_WORLD_JOURNAL);
        return;
    }
    keep(op);
    world_progress(world);
    if (op_side(op) != NULL && !host->dying) {
        say_durable(op);
    }
    op_report(
        op, FERRY_OK); /* to nobody, if the fault that this phase triggered took the side away */
}

static int64_t fsync_time(const struct host *host)
{
    return host->spec->costs.journal_fsync + host->journal.slow_ns;
}

/* A full disk says so before anything is written. */
static void start(struct op *op)
{
    const bool full = op->host->journal.full > 0;

    op->status = full ? FERRY_WORLD_JOURNAL : FERRY_OK;
    op_start(op, full ? 0 : fsync_time(op->host));
}

void journal_persist(struct side *side, const struct ferry_action *action)
{
    struct op *op = op_create(side, action, journal_written);

    if (action->bytes.size > FERRY_RECORD_MAX) {
        world_error(side->world, "the engine asks for a journal record over its own limit");
        op->size = 0;
    }
    op->daemon = true;
    if (action->record_kind == FERRY_RECORD_GRANTED) {
        move_instant(side->move, INSTANT_GRANT_ISSUED);
    } else if (action->record_kind == FERRY_RECORD_OWNER) {
        move_instant(side->move, INSTANT_OWNER_ISSUED);
    }
    start(op);
    if (action->record_kind == FERRY_RECORD_GRANTED) {
        trigger_phase(side->move, SCENARIO_PHASE_GRANTING, action->attempt);
    } else if (action->record_kind == FERRY_RECORD_OWNER) {
        trigger_phase(side->move, SCENARIO_PHASE_DELIVERED, action->attempt);
    }
}

static void forget(struct journal *journal, const struct move *move)
{
    struct record **place = &journal->records;

    while (*place != NULL) {
        struct record *record = *place;
        if (record->move == move) {
            *place = record->next;
            free(record);
        } else {
            place = &record->next;
        }
    }
}

static void journal_forgotten(struct op *op)
{
    struct host *host = op->host;
    const bool failed = is_failing(op);

    LOG(host->world,
        .side = op->target ? SIM_SIDE_TARGET : SIM_SIDE_SOURCE,
        .host = host->index,
        .migration = op->move->index,
        .kind = failed ? "JOURNAL_FAILED" : "JOURNAL_FORGOTTEN");
    if (!failed || is_in_doubt(op)) {
        forget(&host->journal, op->move);
    }
    if (failed) {
        break_journal(host);
    }
    op_report(op, failed ? FERRY_WORLD_JOURNAL : FERRY_OK);
}

void journal_forget(struct side *side, const struct ferry_action *action)
{
    struct op *op = op_create(side, action, journal_forgotten);

    op->daemon = true;
    start(op);
}

enum scenario_session_state journal_session(const struct move *move, bool target)
{
    const struct host *host = target ? move->to : move->from;
    const struct side *side = target ? move->target : move->source;

    if (!journal_has(host, move)) {
        return SCENARIO_SESSION_NONE;
    }
    if (target) {
        if (journal_find(host, move, FERRY_RECORD_BURNED) != NULL) {
            return SCENARIO_SESSION_BURNED;
        }
        return journal_find(host, move, FERRY_RECORD_OWNER) != NULL ? SCENARIO_SESSION_OWNED
                                                                    : SCENARIO_SESSION_OPEN;
    }
    if (side != NULL && side->state == FERRY_SOURCE_UNKNOWN) {
        return SCENARIO_SESSION_UNKNOWN;
    }
    return journal_find(host, move, FERRY_RECORD_GRANTED) != NULL ? SCENARIO_SESSION_GRANTED
                                                                  : SCENARIO_SESSION_OPEN;
}
