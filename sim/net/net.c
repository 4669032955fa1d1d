/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.c -- the face of the simulated network: each call goes to the implementation behind it.
 *
 * Nothing is decided here, so that a wrapper sees exactly what the world said.
 */
#include "sim/net/net.h"

#include "sim/net/net_ops.h"

#include <stddef.h>

void net_destroy(struct net *net)
{
    if (net != NULL) {
        net->ops->destroy(net);
    }
}

enum net_run_result net_run(struct net *net, net_handler *handler, void *context)
{
    return net->ops->run(net, handler, context);
}

void net_stop(struct net *net)
{
    net->ops->stop(net);
}

int64_t net_now(const struct net *net)
{
    return net->ops->now(net);
}

net_timer net_timer_at(struct net *net, uint32_t host, int64_t when_ns, uint64_t cookie)
{
    return net->ops->timer_at(net, host, when_ns, cookie);
}

bool net_timer_cancel(struct net *net, net_timer timer)
{
    return net->ops->timer_cancel(net, timer);
}

net_conn net_connect(struct net *net, uint32_t network, uint32_t from, uint32_t to, uint64_t cookie)
{
    return net->ops->connect(net, network, from, to, cookie);
}

bool net_send(struct net *net, net_conn conn, enum net_side side, uint64_t bytes, uint64_t cookie)
{
    return net->ops->send(net, conn, side, bytes, cookie);
}

bool net_set_rate(struct net *net, net_conn conn, enum net_side side, uint64_t bytes_per_second)
{
    return net->ops->set_rate(net, conn, side, bytes_per_second);
}

uint64_t net_unsent_bytes(const struct net *net, net_conn conn, enum net_side side)
{
    return net->ops->unsent_bytes(net, conn, side);
}

bool net_close(struct net *net, net_conn conn, enum net_side side)
{
    return net->ops->close(net, conn, side);
}

void net_set_bandwidth(struct net *net, uint32_t network, uint64_t bandwidth_bps)
{
    net->ops->set_bandwidth(net, network, bandwidth_bps);
}

void net_set_backbone(struct net *net, uint32_t network, uint64_t backbone_bps)
{
    net->ops->set_backbone(net, network, backbone_bps);
}

void net_set_latency(struct net *net, uint32_t network, int64_t latency_ns)
{
    net->ops->set_latency(net, network, latency_ns);
}

void net_set_loss(struct net *net, uint32_t network, uint32_t loss_ppm)
{
    net->ops->set_loss(net, network, loss_ppm);
}

void net_block(struct net *net, uint32_t network, uint32_t from, uint32_t to)
{
    net->ops->block(net, network, from, to);
}

void net_unblock(struct net *net, uint32_t network, uint32_t from, uint32_t to)
{
    net->ops->unblock(net, network, from, to);
}

void net_reset(struct net *net, uint32_t network, uint32_t host_a, uint32_t host_b)
{
    net->ops->reset(net, network, host_a, host_b);
}

void net_set_jitter(struct net *net, uint32_t network, int64_t jitter_ns, uint64_t seed)
{
    net->ops->set_jitter(net, network, jitter_ns, seed);
}

void net_clog(struct net *net, uint32_t network)
{
    net->ops->clog(net, network, true);
}

void net_unclog(struct net *net, uint32_t network)
{
    net->ops->clog(net, network, false);
}

void net_stray(struct net *net, uint32_t network, int64_t delay_ns)
{
    net->ops->stray(net, network, delay_ns);
}

void net_set_refuse(struct net *net, uint32_t network, uint32_t host, bool refuse)
{
    net->ops->set_refuse(net, network, host, refuse);
}

void net_host_down(struct net *net, uint32_t host)
{
    net->ops->host_down(net, host);
}

void net_host_up(struct net *net, uint32_t host)
{
    net->ops->host_up(net, host);
}

void net_host_pause(struct net *net, uint32_t host)
{
    net->ops->host_pause(net, host);
}

void net_host_resume(struct net *net, uint32_t host)
{
    net->ops->host_resume(net, host);
}

bool net_host_is_up(const struct net *net, uint32_t host)
{
    return net->ops->host_is_up(net, host);
}

uint32_t net_background_start(struct net *net, const struct net_background *background)
{
    return net->ops->background_start(net, background);
}

void net_background_stop(struct net *net, uint32_t id)
{
    net->ops->background_stop(net, id);
}

struct net_use net_use_of(const struct net *net, uint32_t network, uint32_t host)
{
    return net->ops->use_of(net, network, host);
}

uint64_t net_bandwidth_bps(const struct net *net, uint32_t network)
{
    return net->ops->bandwidth_bps(net, network);
}

int64_t net_latency_ns(const struct net *net, uint32_t network)
{
    return net->ops->latency_ns(net, network);
}

uint32_t net_open_connections(const struct net *net)
{
    return net->ops->open_connections(net);
}
