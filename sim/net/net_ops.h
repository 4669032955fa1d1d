/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_ops.h -- what an implementation of struct net provides; only implementations and wrappers
 * include it.
 *
 * A wrapper (jitter, duplication, reordering) embeds struct net first, holds the net it wraps, and
 * forwards. All slots are required; each means what the function of the same name in net.h says,
 * and arguments arrive unchecked: the core that carries the call out checks them, once.
 */
#ifndef FERRY_SIM_NET_NET_OPS_H
#define FERRY_SIM_NET_NET_OPS_H

#include "sim/net/net.h"

struct net_ops {
    void (*destroy)(struct net *net); /* net is not NULL */
    enum net_run_result (*run)(struct net *net, net_handler *handler, void *context);
    void (*stop)(struct net *net);
    int64_t (*now)(const struct net *net);
    net_timer (*timer_at)(struct net *net, uint32_t host, int64_t when_ns, uint64_t cookie);
    bool (*timer_cancel)(struct net *net, net_timer timer);

    net_conn (*connect)(
        struct net *net, uint32_t network, uint32_t from, uint32_t to, uint64_t cookie);
    bool (*send)(
        struct net *net, net_conn conn, enum net_side side, uint64_t bytes, uint64_t cookie);
    bool (*set_rate)(struct net *net, net_conn conn, enum net_side side, uint64_t bytes_per_second);
    uint64_t (*unsent_bytes)(const struct net *net, net_conn conn, enum net_side side);
    bool (*close)(struct net *net, net_conn conn, enum net_side side);

    void (*set_bandwidth)(struct net *net, uint32_t network, uint64_t bandwidth_bps);
    void (*set_backbone)(struct net *net, uint32_t network, uint64_t backbone_bps);
    void (*set_latency)(struct net *net, uint32_t network, int64_t latency_ns);
    void (*set_loss)(struct net *net, uint32_t network, uint32_t loss_ppm);
    void (*block)(struct net *net, uint32_t network, uint32_t from, uint32_t to);
    void (*unblock)(struct net *net, uint32_t network, uint32_t from, uint32_t to);
    void (*reset)(struct net *net, uint32_t network, uint32_t host_a, uint32_t host_b);
    void (*set_jitter)(struct net *net, uint32_t network, int64_t jitter_ns, uint64_t seed);
    void (*clog)(struct net *net, uint32_t network, bool clogged);
    void (*stray)(struct net *net, uint32_t network, int64_t delay_ns);
    void (*set_refuse)(struct net *net, uint32_t network, uint32_t host, bool refuse);
    void (*host_down)(struct net *net, uint32_t host);
    void (*host_up)(struct net *net, uint32_t host);
    void (*host_pause)(struct net *net, uint32_t host);
    void (*host_resume)(struct net *net, uint32_t host);
    bool (*host_is_up)(const struct net *net, uint32_t host);

    uint32_t (*background_start)(struct net *net, const struct net_background *background);
    void (*background_stop)(struct net *net, uint32_t id);

    struct net_use (*use_of)(const struct net *net, uint32_t network, uint32_t host);
    uint64_t (*bandwidth_bps)(const struct net *net, uint32_t network);
    int64_t (*latency_ns)(const struct net *net, uint32_t network);
    uint32_t (*open_connections)(const struct net *net);
};

/* The base: first member of every implementation. */
struct net {
    const struct net_ops *ops;
};

#endif
