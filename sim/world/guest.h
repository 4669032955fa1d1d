/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.h -- guests, and their instances on hosts; see guest.c.
 */
#ifndef FERRY_SIM_WORLD_GUEST_H
#define FERRY_SIM_WORLD_GUEST_H

#include "ferry/types.h"
#include "model/clients.h"
#include "model/guest.h"
#include "model/memory.h"
#include "sim/check/check.h"
#include "sim/scenario/scenario.h"
#include "sim/world/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;
struct move;
struct world;

struct instance {
    struct guest *guest;
    struct host *host;
    struct model_memory *memory;
    uint64_t serial;    /* names it: a later one of the same guest may stand in the same place */
    bool running;       /* its vCPUs are let run */
    int64_t stopped_at; /* when they were stopped last */
    bool logging;
    uint32_t throttle_percent;
    int64_t busy_until; /* orders to a VMM are carried out one after the other */
    uint64_t *round;    /* bitmap of the migration's round; NULL before the first collection */
    uint64_t *scratch;  /* the log as it is read */
    uint32_t state;     /* digest of the device state in it */
    bool state_valid;
    uint32_t arriving; /* digest of the device state that came for `arriving_attempt` */
    uint32_t arriving_attempt;
    struct instance *next; /* of the host */
    struct instance *next_of_guest;
};

struct guest {
    struct world *world;
    uint32_t index;
    const struct scenario_guest *spec;
    uint64_t pages;
    uint32_t region_count;
    struct ferry_region regions[2];
    struct model_guest *model;
    struct model_clients *clients; /* NULL: none */
    struct instance *instances;    /* a few: where it is, where it goes, where it was */
    struct instance *live;         /* where the model is; NULL: nowhere, its host crashed */
    struct model_memory
        *remains;        /* of a live instance whose host crashed: for the comparison at a resume */
    struct move *move;   /* under way, or NULL */
    uint64_t epoch;      /* as the world knows it */
    uint32_t crashed_on; /* the host whose crash took it; SIM_CHECK_NONE */
    uint32_t announced_on; /* where its clients look for it */
    world_timer announce;
    size_t here_span;
    /* what faults make it write: see guest_writes.c */
    uint64_t owed_pages; /* at once, when it runs again */
    bool drained;        /* its devices are quiet: the state is being captured, or has been */
    uint64_t extra_rate; /* bytes a second, faults under way */
    uint64_t extra_part; /* bytes that are not a page yet */
    uint64_t extra_page; /* written next */
    bool extra_ticks;
};

void guest_init(struct world *world, uint32_t index);
void guest_deinit(struct guest *guest);
void guest_advance(struct guest *guest, int64_t now);
void guest_burst(struct guest *guest, uint64_t bytes);                /* by its vCPUs */
void guest_device_writes(struct guest *guest, uint64_t bytes);        /* by its devices */
void guest_set_extra(struct guest *guest, uint64_t bytes_per_second); /* by its vCPUs, on top */
void guest_pay(struct guest *guest); /* it runs: what it owes is written */
void guest_apply(
    struct guest *guest); /* lets the model run or stand as the instance and its host say */
uint32_t guest_state_digest(const struct guest *guest);
/* All pages zero, not running. NULL: the host has no room. */
struct instance *instance_create(struct guest *guest, struct host *host);
struct instance *instance_find(const struct guest *guest, const struct host *host);
/* The one that a side of a migration speaks of, which a later migration may have taken the place of; NULL: it is gone. */
struct instance *instance_of_move(const struct move *move, bool target);
void instance_destroy(struct instance *instance, bool crashed);
void instance_run(struct instance *instance, uint64_t epoch);
void instance_stop(struct instance *instance, enum sim_stop stop);
void guest_settle_at(
    struct guest *guest, struct instance *instance); /* the model goes on in this instance */

#endif
