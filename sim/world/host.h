/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h -- a host and its daemon; see host.c.
 */
#ifndef FERRY_SIM_WORLD_HOST_H
#define FERRY_SIM_WORLD_HOST_H

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
void host_crash(struct host *host, bool reinstall);
void host_boot(struct host *host);
void host_daemon_crash(struct host *host);
void host_daemon_start(struct host *host);
void host_pause(struct host *host);
void host_resume(struct host *host);
void host_apply_refuse(struct host *host); /* a host without a daemon takes no connections */

#endif
