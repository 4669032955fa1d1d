/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core.c -- the common network core: topology, lifetime, checked calls, counters. core.h has the
 * map.
 *
 * The core is one implementation of struct net over any solver; light.c and simgrid.cpp only bring
 * the solver. Its table of calls stands at the end of this file.
 */
#include "sim/net/core.h"

#include "sim/net/memory.h"
#include "sim/net/tcp.h"

#include <stddef.h>
#include <stdlib.h>

/* ---- checked access ---- */

struct net_network *net_core_network(struct net_core *core, uint32_t network)
{
    net_require(network < core->network_count, "no such network");
    return &core->networks[network];
}

struct net_host *net_core_host(struct net_core *core, uint32_t host)
{
    net_require(host < core->host_count, "no such host");
    return &core->hosts[host];
}

uint32_t net_core_member(const struct net_network *network, uint32_t host)
{
    uint32_t member = host < network->member_of_count ? network->member_of[host] : NET_NO_MEMBER;
    net_require(member != NET_NO_MEMBER, "the host is no member of the network");
    return member;
}

struct net_use *net_core_use(struct net_core *core, uint32_t network, uint32_t host)
{
    struct net_network *on = &core->networks[network];
    return &on->use[on->member_of[host]];
}

/* ---- calls that only check and forward ---- */

static int64_t core_now(const struct net *net)
{
    return ((const struct net_core *)net)->now_ns;
}

static void check_side(enum net_side side)
{
    net_require(side == NET_INITIATOR || side == NET_ACCEPTOR, "no such side");
}

static net_conn
core_connect(struct net *net, uint32_t network, uint32_t from, uint32_t to, uint64_t cookie)
{
    return net_conn_open(net_core_of(net), network, from, to, cookie);
}

static bool
core_send(struct net *net, net_conn conn, enum net_side side, uint64_t bytes, uint64_t cookie)
{
    check_side(side);
    return net_conn_send(net_core_of(net), conn, side, bytes, cookie);
}

static bool
core_set_rate(struct net *net, net_conn conn, enum net_side side, uint64_t bytes_per_second)
{
    check_side(side);
    struct net_core *core = net_core_of(net);
    struct net_connection *connection = net_conn_find(core, conn);
    if (connection == NULL || connection->state[side] == NET_SIDE_OVER ||
        connection->state[side] == NET_SIDE_GONE) {
        return false;
    }
    connection->direction[side].cap_bps = net_tcp_bits(bytes_per_second);
    net_direction_refresh(core, conn, side);
    return true;
}

static uint64_t core_unsent_bytes(const struct net *net, net_conn conn, enum net_side side)
{
    check_side(side);
    const struct net_core *core = (const struct net_core *)net;
    const struct net_connection *connection = net_conn_find(core, conn);
    if (connection == NULL) {
        return 0;
    }
    const struct net_direction *direction = &connection->direction[side];
    if (direction->sending != NET_SENDING_FLOW) {
        return direction->queued_bytes;
    }
    uint64_t left = core->solver_ops->remaining(core->solver, core->now_ns, direction->flow);
    return direction->queued_bytes - core->segments[direction->queue.head].bytes + left;
}

static bool core_close(struct net *net, net_conn conn, enum net_side side)
{
    check_side(side);
    return net_conn_close(net_core_of(net), conn, side);
}

static bool core_host_is_up(const struct net *net, uint32_t host)
{
    const struct net_core *core = (const struct net_core *)net;
    net_require(host < core->host_count, "no such host");
    return !core->hosts[host].down;
}

/* ---- counters and questions ---- */

static struct net_use core_use_of(const struct net *net, uint32_t network, uint32_t host)
{
    const struct net_core *core = (const struct net_core *)net;
    net_require(network < core->network_count, "no such network");
    const struct net_network *on = &core->networks[network];
    struct net_use sum = {0};
    for (uint32_t member = 0; member < on->host_count; member++) {
        if (host == NET_ANY_HOST || on->hosts[member] == host) {
            sum.sent_bytes += on->use[member].sent_bytes;
            sum.delivered_bytes += on->use[member].delivered_bytes;
            sum.connections += on->use[member].connections;
            sum.stalls += on->use[member].stalls;
        }
    }
    sum.background_bytes = net_background_bytes(core, network, host);
    return sum;
}

static uint64_t core_bandwidth_bps(const struct net *net, uint32_t network)
{
    const struct net_core *core = (const struct net_core *)net;
    net_require(network < core->network_count, "no such network");
    return core->networks[network].bandwidth_bps;
}

static int64_t core_latency_ns(const struct net *net, uint32_t network)
{
    const struct net_core *core = (const struct net_core *)net;
    net_require(network < core->network_count, "no such network");
    return core->networks[network].latency_ns;
}

static uint32_t core_open_connections(const struct net *net)
{
    return ((const struct net_core *)net)->open_connections;
}

/* ---- lifetime ---- */

static void check_network(const struct net_network_config *network, uint32_t host_count)
{
    net_require(network->host_count > 0, "a network without hosts");
    net_require(network->latency_ns >= 0, "a latency below 0");
    net_require(network->loss_ppm <= 1000000, "a loss above 1000000 ppm");
    for (uint32_t i = 0; i < network->host_count; i++) {
        net_require(network->hosts[i] < host_count, "a member that is no host");
    }
}

void net_core_check_config(const struct net_config *config)
{
    for (uint32_t i = 0; i < config->network_count; i++) {
        check_network(&config->networks[i], config->host_count);
    }
}

static void network_init(
    struct net_network *network, const struct net_network_config *config, uint32_t host_count)
{
    *network = (struct net_network){
        .member_of = net_zeroed(host_count, sizeof(uint32_t)),
        .member_of_count = host_count,
        .hosts = net_zeroed(config->host_count, sizeof(uint32_t)),
        .host_count = config->host_count,
        .bandwidth_bps = config->bandwidth_bps,
        .backbone_bps = config->backbone_bps,
        .has_backbone = config->backbone_bps != 0,
        .latency_ns = config->latency_ns,
        .window_bytes = config->window_bytes,
        .initial_window_bytes = config->initial_window_bytes,
        .loss_ppm = config->loss_ppm,
        .blocked_from = net_zeroed(config->host_count, sizeof(uint32_t)),
        .blocked_to = net_zeroed(config->host_count, sizeof(uint32_t)),
        .refuses = net_zeroed(config->host_count, sizeof(bool)),
        .use = net_zeroed(config->host_count, sizeof(struct net_use)),
    };
    for (uint32_t host = 0; host < host_count; host++) {
        network->member_of[host] = NET_NO_MEMBER;
    }
    for (uint32_t member = 0; member < config->host_count; member++) {
        uint32_t host = config->hosts[member];
        net_require(network->member_of[host] == NET_NO_MEMBER, "a host is a member twice");
        network->member_of[host] = member;
        network->hosts[member] = host;
    }
    net_path_recompute(network);
}

static void core_destroy(struct net *net)
{
    struct net_core *core = net_core_of(net);
    core->solver_ops->destroy(core->solver);
    net_background_deinit(core);
    for (uint32_t i = 0; i < core->network_count; i++) {
        free(core->networks[i].member_of);
        free(core->networks[i].hosts);
        free(core->networks[i].blocked_from);
        free(core->networks[i].blocked_to);
        free(core->networks[i].blocked_pairs);
        free(core->networks[i].refuses);
        free(core->networks[i].use);
    }
    for (uint32_t i = 0; i < core->host_count; i++) {
        free(core->hosts[i].held);
    }
    net_queue_deinit(&core->queue);
    free(core->networks);
    free(core->hosts);
    free(core->connections);
    free(core->segments);
    free(core->timers);
    free(core);
}

static const struct net_ops core_ops = {
    .destroy = core_destroy,
    .run = net_loop_run,
    .stop = net_loop_stop,
    .now = core_now,
    .timer_at = net_timer_arm,
    .timer_cancel = net_timer_disarm,
    .connect = core_connect,
    .send = core_send,
    .set_rate = core_set_rate,
    .unsent_bytes = core_unsent_bytes,
    .close = core_close,
    .set_bandwidth = net_fault_bandwidth,
    .set_backbone = net_fault_backbone,
    .set_latency = net_fault_latency,
    .set_loss = net_fault_loss,
    .block = net_fault_block,
    .unblock = net_fault_unblock,
    .reset = net_fault_reset,
    .set_jitter = net_disorder_jitter,
    .clog = net_disorder_clog,
    .stray = net_disorder_stray,
    .set_refuse = net_fault_refuse,
    .host_down = net_fault_host_down,
    .host_up = net_fault_host_up,
    .host_pause = net_fault_host_pause,
    .host_resume = net_fault_host_resume,
    .host_is_up = core_host_is_up,
    .background_start = net_background_add,
    .background_stop = net_background_remove,
    .use_of = core_use_of,
    .bandwidth_bps = core_bandwidth_bps,
    .latency_ns = core_latency_ns,
    .open_connections = core_open_connections,
};

struct net *
net_core_create(const struct net_config *config, const struct net_solver_binding *binding)
{
    struct net_core *core = net_zeroed(1, sizeof(*core));
    core->base.ops = &core_ops;
    core->solver = binding->solver;
    core->solver_ops = binding->ops;
    *binding->done_slot = net_loop_flow_done;
    *binding->context_slot = core;
    core->connection_free = NET_NO_SEGMENT;
    core->segment_free = NET_NO_SEGMENT;
    core->timer_free = NET_NO_SEGMENT;
    core->host_count = config->host_count;
    core->hosts = net_zeroed(config->host_count, sizeof(*core->hosts));
    core->network_count = config->network_count;
    core->networks = net_zeroed(config->network_count, sizeof(*core->networks));
    for (uint32_t i = 0; i < config->network_count; i++) {
        network_init(&core->networks[i], &config->networks[i], config->host_count);
    }
    return &core->base;
}
