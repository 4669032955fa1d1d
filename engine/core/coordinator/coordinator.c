/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator.c -- drains: who moves next, and where to.
 *
 *   IDLE --drain--> QUEUED --room, and a turn--> MOVING --moved--> IDLE there
 *                     |  ^                         |
 *                  no room +------ failed once ----+
 *                     v                            | failed twice
 *                   STUCK <------------------------+   STUCK --reported--> IDLE where it was
 *   any of the first two --somebody else moves it--> LEAVING --ended--> IDLE, or QUEUED if its host
 *                                                                        is being drained
 *
 * Nobody waits for room: hosts that may take guests only fill up while drains run, so that a guest
 * which fits nowhere at its turn is reported then, and smaller ones behind it still get theirs.
 * Largest first, since large guests are the ones that find no room in what the small ones have left
 * over. */
#include "base/allocate.h"
#include "internal.h"

static bool valid(const struct ferry_coordinator *coordinator, uint32_t guest, uint32_t host)
{
    return guest < coordinator->guests_max && host < coordinator->hosts_max;
}

/* ---- lifetime ---- */

enum ferry_status ferry_coordinator_create(
    const struct ferry_coordinator_config *config, struct ferry_coordinator **coordinator_out)
{
    struct ferry_coordinator *coordinator;

    if (config->hosts_max == 0 || config->guests_max == 0 || config->hosts_max == NOBODY ||
        config->guests_max == NOBODY) {
        return FERRY_USAGE_CONFIG;
    }
    coordinator = base_allocate(&config->allocator, sizeof(*coordinator));
    if (coordinator == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    coordinator->allocator = config->allocator;
    coordinator->hosts_max = config->hosts_max;
    coordinator->guests_max = config->guests_max;
    coordinator->hosts =
        base_allocate(&config->allocator, config->hosts_max * sizeof(*coordinator->hosts));
    coordinator->guests =
        base_allocate(&config->allocator, config->guests_max * sizeof(*coordinator->guests));
    coordinator->allowed =
        base_allocate(&config->allocator, (size_t)config->hosts_max * config->hosts_max);
    if (coordinator->hosts == NULL || coordinator->guests == NULL || coordinator->allowed == NULL) {
        ferry_coordinator_destroy(coordinator);
        return FERRY_LIMIT_MEMORY;
    }
    for (uint32_t i = 0; i < config->hosts_max; i++) {
        queue_init(&coordinator->hosts[i].queue);
        queue_init(&coordinator->hosts[i].stuck);
    }
    *coordinator_out = coordinator;
    return FERRY_OK;
}

void ferry_coordinator_destroy(struct ferry_coordinator *coordinator)
{
    if (coordinator != NULL) {
        const struct ferry_allocator allocator = coordinator->allocator;
        const size_t hosts = coordinator->hosts_max;

        base_release(&allocator, coordinator->allowed, hosts * hosts);
        base_release(
            &allocator,
            coordinator->guests,
            coordinator->guests_max * sizeof(*coordinator->guests));
        base_release(&allocator, coordinator->hosts, hosts * sizeof(*coordinator->hosts));
        base_release(&allocator, coordinator, sizeof(*coordinator));
    }
}

/* ---- queues of drains ---- */

static void unqueue(struct ferry_coordinator *coordinator, uint32_t index)
{
    struct guest *guest = &coordinator->guests[index];
    struct host *host = &coordinator->hosts[guest->host];

    if (guest->state == GUEST_QUEUED) {
        queue_remove(coordinator, &host->queue, index);
        guest->state = GUEST_IDLE;
    } else if (guest->state == GUEST_STUCK) {
        queue_remove(coordinator, &host->stuck, index);
        guest->state = GUEST_IDLE;
    }
}

static void enqueue(struct ferry_coordinator *coordinator, uint32_t index)
{
    struct guest *guest = &coordinator->guests[index];

    guest->state = GUEST_QUEUED;
    queue_push(coordinator, &coordinator->hosts[guest->host].queue, index);
}

/* A guest has come to rest on a host: if that is being drained, it is one more of its guests. */
static void settle(struct ferry_coordinator *coordinator, uint32_t index)
{
    struct guest *guest = &coordinator->guests[index];

    guest->state = GUEST_IDLE;
    guest->avoid = NOBODY;
    guest->queued_at = coordinator->now;
    if (coordinator->hosts[guest->host].draining) {
        enqueue(coordinator, index);
    }
}

static void stick(struct ferry_coordinator *coordinator, uint32_t index)
{
    struct guest *guest = &coordinator->guests[index];

    guest->state = GUEST_STUCK;
    queue_push(coordinator, &coordinator->hosts[guest->host].stuck, index);
}

/* ---- the cluster as it is ---- */

enum ferry_status ferry_coordinator_set_host(
    struct ferry_coordinator *coordinator, uint32_t host, uint64_t memory, bool usable)
{
    struct host *entry;

    if (host >= coordinator->hosts_max) {
        return FERRY_LIMIT_SIZE;
    }
    entry = &coordinator->hosts[host];
    entry->memory = memory;
    entry->usable = usable;
    if (!entry->draining) {
        entry->closed = false;
    }
    return FERRY_OK;
}

enum ferry_status ferry_coordinator_set_guest(
    struct ferry_coordinator *coordinator, uint32_t guest, uint32_t host, uint64_t memory)
{
    struct guest *entry;

    if (!valid(coordinator, guest, host)) {
        return FERRY_LIMIT_SIZE;
    }
    entry = &coordinator->guests[guest];
    if (entry->state == GUEST_MOVING || entry->state == GUEST_LEAVING) {
        return FERRY_USAGE_STATE;
    }
    if (entry->state != GUEST_UNKNOWN) {
        if (entry->host == host && entry->memory == memory) {
            return FERRY_OK; /* keeps its place in the queue */
        }
        unqueue(coordinator, guest);
        coordinator->hosts[entry->host].used -= entry->memory;
    }
    entry->state = GUEST_UNKNOWN;
    entry->host = host;
    entry->memory = memory;
    coordinator->hosts[host].used += memory;
    if (memory != 0) {
        settle(coordinator, guest);
    }
    return FERRY_OK;
}

/* ---- moves ---- */

static void depart(struct ferry_coordinator *coordinator, uint32_t index, uint32_t to)
{
    struct guest *guest = &coordinator->guests[index];

    guest->to = to;
    coordinator->hosts[to].used += guest->memory;
    coordinator->hosts[guest->host].leaving += guest->memory;
    coordinator->hosts[to].around++;
    coordinator->hosts[guest->host].around++;
}

static void arrive(struct ferry_coordinator *coordinator, uint32_t index, bool moved)
{
    struct guest *guest = &coordinator->guests[index];
    const uint32_t left = moved ? guest->host : guest->to;

    coordinator->hosts[guest->to].around--;
    coordinator->hosts[guest->host].around--;
    coordinator->hosts[left].used -= guest->memory;
    coordinator->hosts[guest->host].leaving -= guest->memory;
    if (moved) {
        guest->host = guest->to;
    }
}

enum ferry_status
ferry_coordinator_moving(struct ferry_coordinator *coordinator, uint32_t guest, uint32_t to)
{
    struct guest *entry;

    if (!valid(coordinator, guest, to)) {
        return FERRY_LIMIT_SIZE;
    }
    entry = &coordinator->guests[guest];
    if (entry->state == GUEST_UNKNOWN || entry->state == GUEST_MOVING ||
        entry->state == GUEST_LEAVING || entry->host == to) {
        return FERRY_USAGE_STATE;
    }
    unqueue(coordinator, guest);
    entry->state = GUEST_LEAVING;
    depart(coordinator, guest, to);
    return FERRY_OK;
}

enum ferry_status ferry_coordinator_ended(
    struct ferry_coordinator *coordinator, uint32_t guest, bool moved, ferry_time_ns now)
{
    struct guest *entry;
    bool ordered;

    if (guest >= coordinator->guests_max) {
        return FERRY_LIMIT_SIZE;
    }
    entry = &coordinator->guests[guest];
    ordered = entry->state == GUEST_MOVING;
    if (!ordered && entry->state != GUEST_LEAVING) {
        return FERRY_USAGE_STATE;
    }
    coordinator->now = now;
    arrive(coordinator, guest, moved);
    if (ordered) {
        coordinator->hosts[entry->drain_host].under_way--;
    }
    if (moved || !ordered) {
        settle(coordinator, guest);
    } else if (entry->avoid == NOBODY) {
        entry->avoid = entry->to;
        /* mark: drain-tries-elsewhere -- a move of a drain failed: tried once more elsewhere */
        entry->queued_at = now;
        enqueue(coordinator, guest);
    } else {
        /* mark: drain-gives-up-guest -- a move of a drain failed twice */
        stick(coordinator, guest);
    }
    return FERRY_OK;
}

/* ---- drains ---- */

enum ferry_status ferry_coordinator_drain(
    struct ferry_coordinator *coordinator,
    uint32_t host,
    uint32_t parallel,
    uint32_t drain,
    ferry_time_ns now)
{
    struct host *entry;

    if (host >= coordinator->hosts_max) {
        return FERRY_LIMIT_SIZE;
    }
    entry = &coordinator->hosts[host];
    if (entry->draining) {
        return FERRY_USAGE_STATE;
    }
    if (parallel == 0) {
        return FERRY_USAGE_CONFIG;
    }
    coordinator->now = now;
    entry->draining = true;
    entry->closed = true;
    entry->restricted = false;
    entry->drain = drain;
    entry->parallel = parallel;
    for (uint32_t i = 0; i < coordinator->guests_max; i++) {
        if (coordinator->guests[i].state == GUEST_IDLE && coordinator->guests[i].host == host) {
            settle(coordinator, i);
        }
    }
    queue_sort(coordinator, &entry->queue);
    return FERRY_OK;
}

enum ferry_status ferry_coordinator_restrict(
    struct ferry_coordinator *coordinator,
    uint32_t host,
    const uint32_t *targets,
    size_t target_count)
{
    uint8_t *row;

    if (host >= coordinator->hosts_max) {
        return FERRY_LIMIT_SIZE;
    }
    for (size_t i = 0; i < target_count; i++) {
        if (targets[i] >= coordinator->hosts_max) {
            return FERRY_LIMIT_SIZE;
        }
    }
    if (!coordinator->hosts[host].draining) {
        return FERRY_USAGE_STATE;
    }
    row = &coordinator->allowed[(size_t)host * coordinator->hosts_max];
    for (uint32_t i = 0; i < coordinator->hosts_max; i++) {
        row[i] = 0;
    }
    for (size_t i = 0; i < target_count; i++) {
        row[targets[i]] = 1;
    }
    coordinator->hosts[host].restricted = true;
    return FERRY_OK;
}

/* Whether this host is a place for the guest at all, full or not. */
static bool may_be_sent(
    const struct ferry_coordinator *coordinator, const struct guest *guest, uint32_t destination)
{
    const struct host *from = &coordinator->hosts[guest->host];
    const struct host *to = &coordinator->hosts[destination];

    if (!to->usable || to->closed || destination == guest->avoid || destination == guest->host) {
        return false;
    }
    return !from->restricted ||
           coordinator->allowed[(size_t)guest->host * coordinator->hosts_max + destination] != 0;
}

static bool has_room(const struct host *host, uint64_t used, uint64_t memory)
{
    return used <= host->memory && host->memory - used >= memory;
}

static bool may_take(
    const struct ferry_coordinator *coordinator, const struct guest *guest, uint32_t destination)
{
    const struct host *to = &coordinator->hosts[destination];

    return may_be_sent(coordinator, guest, destination) && has_room(to, to->used, guest->memory);
}

/* Some host has room as soon as those that are leaving it have left. Each of these moves ends, and is told. */
static bool room_is_coming(const struct ferry_coordinator *coordinator, const struct guest *guest)
{
    for (uint32_t i = 0; i < coordinator->hosts_max; i++) {
        const struct host *to = &coordinator->hosts[i];

        if (to->leaving != 0 && may_be_sent(coordinator, guest, i) &&
            has_room(to, to->used - to->leaving, guest->memory)) {
            /* mark: drain-waits-for-room -- room is coming: waits */
            return true;
        }
    }
    return false;
}

/* The host with most free memory, the first of equals; NOBODY: no host has room. */
static uint32_t place(const struct ferry_coordinator *coordinator, const struct guest *guest)
{
    uint32_t best = NOBODY;
    uint64_t best_free = 0;

    for (uint32_t i = 0; i < coordinator->hosts_max; i++) {
        if (may_take(coordinator, guest, i)) {
            const uint64_t free = coordinator->hosts[i].memory - coordinator->hosts[i].used;

            if (best == NOBODY || free > best_free) {
                best = i;
                best_free = free;
            }
        }
    }
    return best;
}

/* The next guest in the queue that fits somewhere. Of those before it that do not, some wait in their place for
 * room that is coming, and the others get stuck. */
static bool
start_one(struct ferry_coordinator *coordinator, uint32_t from, struct ferry_order *order_out)
{
    struct host *host = &coordinator->hosts[from];
    uint32_t index = host->queue.first;

    while (host->under_way < host->parallel && index != NOBODY) {
        struct guest *guest = &coordinator->guests[index];
        const uint32_t next = guest->next;
        const uint32_t to = place(coordinator, guest);

        if (to != NOBODY) {
            queue_remove(coordinator, &host->queue, index);
            guest->state = GUEST_MOVING;
            guest->drain_host = from;
            depart(coordinator, index, to);
            host->under_way++;
            *order_out = (struct ferry_order){
                .kind = FERRY_ORDER_START,
                .guest = index,
                .from = from,
                .to = to,
                .drain = host->drain,
                .queued_ns = coordinator->now - guest->queued_at,
            };
            return true;
        }
        if (!room_is_coming(coordinator, guest)) {
            queue_remove(coordinator, &host->queue, index);
            /* mark: drain-no-room -- no host has room */
            stick(coordinator, index);
        }
        index = next;
    }
    return false;
}

static bool
report_one(struct ferry_coordinator *coordinator, uint32_t from, struct ferry_order *order_out)
{
    struct host *host = &coordinator->hosts[from];
    const uint32_t index = queue_pop(coordinator, &host->stuck);

    if (index == NOBODY) {
        return false;
    }
    coordinator->guests[index].state = GUEST_IDLE;
    *order_out = (struct ferry_order){
        .kind = FERRY_ORDER_NO_ROOM,
        .guest = index,
        .from = from,
        .to = NOBODY,
        .drain = host->drain,
    };
    return true;
}

static bool
finish(struct ferry_coordinator *coordinator, uint32_t from, struct ferry_order *order_out)
{
    struct host *host = &coordinator->hosts[from];

    if (host->queue.first != NOBODY || host->around != 0) {
        return false;
    }
    host->draining = false;
    *order_out = (struct ferry_order){
        .kind = FERRY_ORDER_DRAINED,
        .guest = NOBODY,
        .from = from,
        .to = NOBODY,
        .drain = host->drain,
    };
    return true;
}

bool ferry_coordinator_next(struct ferry_coordinator *coordinator, struct ferry_order *order_out)
{
    for (uint32_t i = 0; i < coordinator->hosts_max; i++) {
        if (coordinator->hosts[i].draining &&
            (start_one(coordinator, i, order_out) || report_one(coordinator, i, order_out) ||
             finish(coordinator, i, order_out))) {
            return true;
        }
    }
    return false;
}
