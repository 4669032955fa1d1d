/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator.h -- which guest moves where, and when: pure, over values. It sees migrations as
 * requests and results.
 *
 * Hosts and guests are indices that the caller keeps. A move is asked for at once or queued by a
 * drain; the coordinator says START for what may run now. Room is memory: what runs, what is on its
 * way in, and what is planned. */
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
    FERRY_ORDER_NO_ROOM, /* `guest` of the drain of `from` fits on no host, also when all that move
                              now have left theirs; or it failed twice: it stays */
    FERRY_ORDER_DRAINED, /* every guest of `from` has moved, or is reported */
};

struct ferry_order {
    enum ferry_order_kind kind;
    uint32_t guest;
    uint32_t from;
    uint32_t to;
    uint32_t drain;          /* number of the drain that asked for it */
    ferry_time_ns queued_ns; /* START: how long it waited for its turn */
};

FERRY_NODISCARD
enum ferry_status ferry_coordinator_create(
    const struct ferry_coordinator_config *config, struct ferry_coordinator **coordinator_out);
void ferry_coordinator_destroy(struct ferry_coordinator *coordinator); /* NULL is fine */

/* The cluster as it is. A host may be unusable (down, or closed for maintenance): no guest is sent
 * there. LIMIT_SIZE. */
FERRY_NODISCARD
enum ferry_status ferry_coordinator_set_host(
    struct ferry_coordinator *coordinator, uint32_t host, uint64_t memory, bool usable);
/* Where a guest is; memory 0: it is gone. USAGE_STATE while a migration that was ordered here has
 * not ended. */
FERRY_NODISCARD
enum ferry_status ferry_coordinator_set_guest(
    struct ferry_coordinator *coordinator, uint32_t guest, uint32_t host, uint64_t memory);

/* Somebody else has started to move `guest`: room is kept for it at `to`, it is in no drain's queue
 * any more, and counts for none's `parallel`. ferry_coordinator_ended() tells the end of it, too;
 * if it stays on a host that is being drained, or comes to one, it is queued there. USAGE_STATE
 * when it is moving already. */
FERRY_NODISCARD
enum ferry_status
ferry_coordinator_moving(struct ferry_coordinator *coordinator, uint32_t guest, uint32_t to);

/* Move all guests of `host` to hosts with room, at most `parallel` at a time (at least 1), the
 * largest first, equal ones by index. Destinations: the usable host with most free memory, ties by
 * index, spread over what is planned already; never one that is being drained, nor one that was,
 * until ferry_coordinator_set_host() opens it again: it was emptied for a reason. USAGE_STATE when
 * it is being drained already, USAGE_CONFIG for parallel 0, LIMIT_SIZE. */
FERRY_NODISCARD
enum ferry_status ferry_coordinator_drain(
    struct ferry_coordinator *coordinator,
    uint32_t host,
    uint32_t parallel,
    uint32_t drain,
    ferry_time_ns now);
/* From now on the drain of `host` may use only these hosts. USAGE_STATE when it is not being
 * drained, LIMIT_SIZE. */
FERRY_NODISCARD
enum ferry_status ferry_coordinator_restrict(
    struct ferry_coordinator *coordinator,
    uint32_t host,
    const uint32_t *targets,
    size_t target_count);

/* A migration has ended. One that a drain ordered and that failed is tried once more, elsewhere and
 * last; then it is reported with NO_ROOM. USAGE_STATE when the guest is not moving. */
FERRY_NODISCARD
enum ferry_status ferry_coordinator_ended(
    struct ferry_coordinator *coordinator, uint32_t guest, bool moved, ferry_time_ns now);

/* False: nothing to do until the next call of another function. Orders come drain by drain, in
 * order of their hosts; DRAINED is the last one of its drain. */
bool ferry_coordinator_next(struct ferry_coordinator *coordinator, struct ferry_order *order_out);

#endif
