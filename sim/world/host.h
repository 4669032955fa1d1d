/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h -- a host and its daemon; see host.c.
 */
#ifndef FERRY_SIM_WORLD_HOST_H
#define FERRY_SIM_WORLD_HOST_H

#include "sim/fault/clock.h"
#include "sim/scenario/scenario.h"
#include "sim/world/journal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct instance;
struct op;
struct world;

struct host {
    struct world *world;
    uint32_t index;
    bool journal_lost; /* reinstalled in this run */
    const struct scenario_host *spec;
    bool up;
    bool daemon_up;
    uint32_t paused;       /* faults under way */
    uint16_t incarnation;  /* starts of the daemon */
    uint64_t memory_used;  /* bytes, of all instances */
    uint64_t memory_taken; /* by somebody else: faults under way */
    uint32_t cpu_ppm;      /* what is left of the CPU for migrations; a million: all of it */
    uint16_t version_min;  /* of the protocol, as its daemon speaks it */
    uint16_t version_max;
    bool dying;            /* its last writes reach the disk, and nobody hears of them */
    struct clock clock;    /* what its daemon reads */
    uint32_t streams_live; /* payload channels with an end here: they share the CPU */
    struct journal journal;
    struct instance *instances;
    struct op *ops; /* under way */
    size_t down_span;
    size_t paused_span;
    size_t daemon_span;
};

void host_init(struct world *world, uint32_t index);
void host_deinit(struct host *host);
/* What becomes of its journal. */
enum host_loss {
    HOST_LOSES_UNSYNCED = 1, /* what was being written is not there */
    HOST_KEEPS_WRITES,       /* it is */
    HOST_LOSES_JOURNAL,
};

void host_crash(struct host *host, enum host_loss loss);
uint64_t host_memory_free(const struct host *host);
int64_t host_cpu_time(const struct host *host, int64_t cost); /* with the CPU that is left */
void host_clock_changed(struct host *host); /* deadlines fall on other instants from now on */
void host_boot(struct host *host);
void host_daemon_crash(struct host *host);
void host_daemon_start(struct host *host);
void host_pause(struct host *host);
void host_resume(struct host *host);
void host_apply_refuse(struct host *host); /* a host without a daemon takes no connections */

#endif
