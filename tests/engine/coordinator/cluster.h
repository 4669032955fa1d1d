/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h -- a coordinator and the cluster that a test tells it of, memory in round numbers. */
#ifndef TESTS_ENGINE_COORDINATOR_CLUSTER_H
#define TESTS_ENGINE_COORDINATOR_CLUSTER_H

#include "ferry/coordinator.h"
#include "support/harness.h"

struct cluster {
    struct harness_memory memory;
    struct ferry_coordinator *coordinator;
    ferry_time_ns now;
    uint32_t guests;
};

static inline void cluster_begin(struct cluster *cluster, uint32_t hosts, uint32_t guests)
{
    *cluster = (struct cluster){0};
    const struct ferry_coordinator_config config = {
        .allocator = harness_allocator(&cluster->memory),
        .hosts_max = hosts,
        .guests_max = guests,
    };

    assert_status(ferry_coordinator_create(&config, &cluster->coordinator), FERRY_OK);
}

static inline void cluster_end(struct cluster *cluster)
{
    ferry_coordinator_destroy(cluster->coordinator);
    harness_assert_all_released(&cluster->memory);
}

static inline void cluster_host(struct cluster *cluster, uint32_t host, uint64_t memory)
{
    assert_status(ferry_coordinator_set_host(cluster->coordinator, host, memory, true), FERRY_OK);
}

/* The next guest, on this host. */
static inline void cluster_guest(struct cluster *cluster, uint32_t host, uint64_t memory)
{
    assert_status(
        ferry_coordinator_set_guest(cluster->coordinator, cluster->guests++, host, memory),
        FERRY_OK);
}

static inline void cluster_drain(struct cluster *cluster, uint32_t host, uint32_t parallel)
{
    assert_status(
        ferry_coordinator_drain(cluster->coordinator, host, parallel, 100 + host, cluster->now),
        FERRY_OK);
}

static inline void cluster_ended(struct cluster *cluster, uint32_t guest, bool moved)
{
    assert_status(
        ferry_coordinator_ended(cluster->coordinator, guest, moved, cluster->now), FERRY_OK);
}

static inline struct ferry_order cluster_next(struct cluster *cluster)
{
    struct ferry_order order = {0};

    assert_true(ferry_coordinator_next(cluster->coordinator, &order));
    return order;
}

static inline void cluster_expect_start(struct cluster *cluster, uint32_t guest, uint32_t to)
{
    const struct ferry_order order = cluster_next(cluster);

    assert_int_equal(order.kind, FERRY_ORDER_START);
    assert_int_equal(order.guest, guest);
    assert_int_equal(order.to, to);
    assert_int_equal(order.drain, 100 + order.from);
}

static inline void cluster_expect_no_room(struct cluster *cluster, uint32_t guest)
{
    const struct ferry_order order = cluster_next(cluster);

    assert_int_equal(order.kind, FERRY_ORDER_NO_ROOM);
    assert_int_equal(order.guest, guest);
    assert_int_equal(order.drain, 100 + order.from);
}

static inline void cluster_expect_drained(struct cluster *cluster, uint32_t host)
{
    const struct ferry_order order = cluster_next(cluster);

    assert_int_equal(order.kind, FERRY_ORDER_DRAINED);
    assert_int_equal(order.from, host);
    assert_int_equal(order.drain, 100 + host);
}

static inline void cluster_expect_nothing(struct cluster *cluster)
{
    struct ferry_order order;

    assert_false(ferry_coordinator_next(cluster->coordinator, &order));
}

#endif
