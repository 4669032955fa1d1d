/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h -- the durable memory of a host; see journal.c.
 */
#ifndef FERRY_SIM_WORLD_JOURNAL_H
#define FERRY_SIM_WORLD_JOURNAL_H

#include "ferry/action.h"
#include "ferry/source.h"
#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;
struct move;
struct side;

struct record {
    struct move *move; /* whose session this is */
    enum ferry_record_kind kind;
    uint64_t epoch;
    uint8_t bytes[FERRY_RECORD_MAX];
    size_t size;
    struct record *next;
};

/* What a host knows of a guest for ever: the highest epoch and what became of it. */
struct ownership {
    uint64_t epoch; /* 0: never had it */
    bool here;
};

struct journal {
    uint64_t id; /* random; another one after a reinstallation */
    struct record *records;
    struct ownership *owners; /* one a guest */
    uint32_t failing;         /* faults under way */
    uint32_t doubtful;        /* likewise: what is reported as failed is there */
    uint32_t full;            /* likewise: writes fail at once */
    int64_t slow_ns;          /* added to each fsync */
    bool broken; /* a write failed: takes no new session until the daemon starts again */
};

void journal_init(struct host *host);
void journal_deinit(struct host *host);
void journal_wipe(struct host *host);
void journal_persist(struct side *side, const struct ferry_action *action);
void journal_forget(struct side *side, const struct ferry_action *action);
size_t journal_collect(
    const struct host *host,
    const struct move *move,
    struct ferry_record *records_out,
    size_t capacity);
const struct record *
journal_find(const struct host *host, const struct move *move, enum ferry_record_kind kind);
bool journal_has(const struct host *host, const struct move *move);
enum scenario_session_state journal_session(const struct move *move, bool target);

#endif
