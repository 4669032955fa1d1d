/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator.h -- which guest moves where, and when: pure, over values. It sees migrations as requests and results.
 *
 * Hosts and guests are indices that the caller keeps. A move is asked for at once or queued by a drain; the coordinator says
 * START for what may run now. Room is memory: what runs, what is on its way in, and what is planned. */
#ifndef FERRY_COORDINATOR_H
#define FERRY_COORDINATOR_H

#include "ferry/status.h"
#include "ferry/types.h"

struct ferry_coordinator; /* opaque */

struct ferry_coordinator_config {
    struct ferry_allocator allocator;
    uint32_t hosts_max;
    uint32_t guests_max;
};

enum ferry_order_kind {
    FERRY_ORDER_START = 1, /* start the migration of `guest` from `from` to `to` */
    FERRY_ORDER_NO_ROOM,   /* `guest` of the drain of `from` fits on no host: it stays */
    FERRY_ORDER_DRAINED,   /* every guest of `from` has moved, or is reported */
};

struct ferry_order {
    enum ferry_order_kind kind;
    uint32_t guest;
    uint32_t from;
    uint32_t to;
    uint32_t drain; /* number of the drain that asked for it */
    ferry_time_ns queued_ns; /* START: how long it waited for its turn */
};

FERRY_NODISCARD enum ferry_status ferry_coordinator_create(
    const struct ferry_coordinator_config *config, struct ferry_coordinator **coordinator_out);
void ferry_coordinator_destroy(struct ferry_coordinator *coordinator); /* NULL is fine */

/* The cluster as it is. A host may be unusable (down, or closed for maintenance). LIMIT_SIZE. */
FERRY_NODISCARD enum ferry_status
ferry_coordinator_set_host(struct ferry_coordinator *coordinator, uint32_t host, uint64_t memory, bool usable);
FERRY_NODISCARD enum ferry_status
ferry_coordinator_set_guest(struct ferry_coordinator *coordinator, uint32_t guest, uint32_t host, uint64_t memory);

/* Move all guests of `host` to hosts with room, at most `parallel` at a time. Destinations: the usable host with most free
 * memory, ties by index, spread over what is planned already. USAGE_STATE when it is being drained already. */
FERRY_NODISCARD enum ferry_status ferry_coordinator_drain(
    struct ferry_coordinator *coordinator, uint32_t host, uint32_t parallel, uint32_t drain, ferry_time_ns now);
/* A migration that this coordinator ordered has ended. Failed ones are tried once more elsewhere, then reported with NO_ROOM. */
FERRY_NODISCARD enum ferry_status
ferry_coordinator_ended(struct ferry_coordinator *coordinator, uint32_t guest, bool moved, ferry_time_ns now);
bool ferry_coordinator_next(struct ferry_coordinator *coordinator, struct ferry_order *order_out);

#endif
