/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator/internal.h -- the coordinator's tables: hosts, guests, and the queues between them.
 *
 * K-1  used memory of a host = its guests + those on their way to it + the moving ones that have
 * not left it yet.
 * K-2  a guest is in at most one queue, and in one only while it is IDLE; queues are linked
 * through the guests.
 * K-3  `under_way` of a drain counts exactly the MOVING guests that this drain has ordered; it
 * never exceeds `parallel`.
 * K-4  a drain ends when nothing is queued, nothing to be reported, and nobody moves from or to
 * its host any more. */
#ifndef COORDINATOR_INTERNAL_H
#define COORDINATOR_INTERNAL_H

#include "ferry/coordinator.h"

#define NOBODY UINT32_MAX

struct guest_queue {
    uint32_t first;
    uint32_t last;
};

enum guest_state {
    GUEST_UNKNOWN = 0,
    GUEST_IDLE,
    GUEST_QUEUED,  /* for its turn */
    GUEST_STUCK,   /* to be reported */
    GUEST_MOVING,  /* by order of a drain */
    GUEST_LEAVING, /* by order of somebody else */
};

struct guest {
    enum guest_state state;
    uint64_t memory;
    uint32_t host;       /* where it is */
    uint32_t to;         /* moving: where to */
    uint32_t drain_host; /* MOVING: the drain that ordered it is this host's */
    uint32_t avoid;      /* it failed to get there */
    uint32_t next;       /* in its queue */
    ferry_time_ns queued_at;
};

struct host {
    uint64_t memory;
    uint64_t used;
    uint64_t leaving; /* of `used`: of guests that are on their way to another host */
    bool usable;
    bool closed; /* drained, or being drained */
    /* the drain of this host */
    bool draining;
    bool restricted; /* only to its row of `allowed` */
    uint32_t drain;
    uint32_t parallel;
    uint32_t under_way;
    uint32_t around; /* moving guests that come here or leave from here */
    struct guest_queue queue;
    struct guest_queue stuck;
};

struct ferry_coordinator {
    struct ferry_allocator allocator;
    uint32_t hosts_max;
    uint32_t guests_max;
    ferry_time_ns now;
    struct host *hosts;
    struct guest *guests;
    uint8_t *allowed; /* [drained host x hosts_max + destination]: 1 = it may */
};

/* queue.c */
void queue_init(struct guest_queue *queue);
void queue_push(struct ferry_coordinator *coordinator, struct guest_queue *queue, uint32_t guest);
uint32_t
queue_pop(struct ferry_coordinator *coordinator, struct guest_queue *queue); /* NOBODY: empty */
void queue_remove(struct ferry_coordinator *coordinator, struct guest_queue *queue, uint32_t guest);
/* Largest memory first, then lowest index. */
void queue_sort(struct ferry_coordinator *coordinator, struct guest_queue *queue);

#endif
