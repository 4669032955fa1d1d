/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers.h -- timers with a function to call; see timers.c.
 */
#ifndef FERRY_SIM_WORLD_TIMERS_H
#define FERRY_SIM_WORLD_TIMERS_H

#include "sim/net/net.h"

#include <stdbool.h>
#include <stdint.h>

struct world;

typedef uint64_t world_timer; /* 0: none */
typedef void world_timer_fn(void *owner, uint64_t argument);

struct timer_slot {
    world_timer_fn *fire;
    void *owner;
    uint64_t argument;
    net_timer handle;
    uint32_t host;
    uint32_t generation;
    uint32_t next_free;
    bool armed;
};

struct world_timers {
    struct timer_slot *slots; /* slot 0 is never used */
    uint32_t count;
    uint32_t capacity;
    uint32_t free_first; /* 0: none */
};

world_timer timer_at(
    struct world *world,
    uint32_t host,
    int64_t when,
    world_timer_fn *fire,
    void *owner,
    uint64_t argument);
void timer_cancel(struct world *world, world_timer *timer); /* 0 is fine; sets it to 0 */
void timer_fired(struct world *world, uint64_t cookie);
void timer_host_down(
    struct world *world, uint32_t host); /* forgets what the network has discarded */
void timer_deinit(struct world *world);

#endif
