/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c -- what changes under the connections: bandwidth, latency, loss, blocks, hosts.
 *
 * A fault changes one number and then refreshes every direction that depends on it; what follows
 * from it (stall, retry, new rates) is direction.c's business alone. Faults are rare: walking over
 * all connections is cheap enough and keeps the order of what follows fixed.
 */
#include "sim/net/core.h"
#include "sim/net/memory.h"
#include "sim/net/tcp.h"

#include <stddef.h>

/* ---- questions ---- */

static const struct net_pair *
find_pair(const struct net_network *network, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < network->blocked_pair_count; i++) {
        if (network->blocked_pairs[i].from == from && network->blocked_pairs[i].to == to) {
            return &network->blocked_pairs[i];
        }
    }
    return NULL;
}

bool net_path_open(const struct net_core *core, uint32_t network, uint32_t from, uint32_t to)
{
    const struct net_network *on = &core->networks[network];
    return !core->hosts[to].down && on->blocked_all == 0 &&
           on->blocked_from[on->member_of[from]] == 0 && on->blocked_to[on->member_of[to]] == 0 &&
           (on->blocked_pair_count == 0 || find_pair(on, from, to) == NULL);
}

uint64_t net_path_link_bps(const struct net_network *network)
{
    bool backbone = network->has_backbone && network->backbone_bps < network->bandwidth_bps;
    return backbone ? network->backbone_bps : network->bandwidth_bps;
}

void net_path_recompute(struct net_network *network)
{
    int64_t rtt_ns = 2 * network->latency_ns;
    uint64_t window = net_tcp_window_bps(network->window_bytes, rtt_ns);
    uint64_t loss = net_tcp_loss_bps(network->loss_ppm, rtt_ns);
    network->path_bps = window < loss ? window : loss;
}

/* ---- refresh ---- */

static void refresh_slot(struct net_core *core, uint32_t slot)
{
    net_conn conn = net_conn_name(core, slot);
    net_direction_refresh(core, conn, NET_INITIATOR);
    net_direction_refresh(core, conn, NET_ACCEPTOR);
    net_conn_reap(core, conn);
}

void net_refresh_network(struct net_core *core, uint32_t network)
{
    for (uint32_t slot = 0; slot < core->connection_count; slot++) {
        if (net_conn_in_use(core, slot) && core->connections[slot].network == network) {
            refresh_slot(core, slot);
        }
    }
    for (uint32_t id = 0; id < core->background_count; id++) {
        if (core->background[id].what.network == network) {
            net_background_refresh(core, id);
        }
    }
}

void net_refresh_host(struct net_core *core, uint32_t host)
{
    for (uint32_t slot = 0; slot < core->connection_count; slot++) {
        const struct net_connection *connection = &core->connections[slot];
        if (net_conn_in_use(core, slot) &&
            (connection->host[NET_INITIATOR] == host || connection->host[NET_ACCEPTOR] == host)) {
            refresh_slot(core, slot);
        }
    }
    for (uint32_t id = 0; id < core->background_count; id++) {
        net_background_refresh(core, id);
    }
}

/* ---- networks ---- */

void net_fault_bandwidth(struct net *net, uint32_t network, uint64_t bandwidth_bps)
{
    struct net_core *core = net_core_of(net);
    net_core_network(core, network)->bandwidth_bps = bandwidth_bps;
    core->solver_ops->set_bandwidth(core->solver, core->now_ns, network, bandwidth_bps);
    net_refresh_network(core, network);
}

void net_fault_backbone(struct net *net, uint32_t network, uint64_t backbone_bps)
{
    struct net_core *core = net_core_of(net);
    net_require(net_core_network(core, network)->has_backbone, "the network has no backbone");
    core->networks[network].backbone_bps = backbone_bps;
    core->solver_ops->set_backbone(core->solver, core->now_ns, network, backbone_bps);
    net_refresh_network(core, network);
}

void net_fault_latency(struct net *net, uint32_t network, int64_t latency_ns)
{
    struct net_core *core = net_core_of(net);
    net_require(latency_ns >= 0, "a latency below 0");
    net_core_network(core, network)->latency_ns = latency_ns;
    net_path_recompute(&core->networks[network]);
    net_refresh_network(core, network);
}

void net_fault_loss(struct net *net, uint32_t network, uint32_t loss_ppm)
{
    struct net_core *core = net_core_of(net);
    net_require(loss_ppm <= 1000000, "a loss above 1000000 ppm");
    net_core_network(core, network)->loss_ppm = loss_ppm;
    net_path_recompute(&core->networks[network]);
    net_refresh_network(core, network);
}

static void pair_change(struct net_network *network, uint32_t from, uint32_t to, bool block)
{
    for (uint32_t i = 0; i < network->blocked_pair_count; i++) {
        struct net_pair *pair = &network->blocked_pairs[i];
        if (pair->from != from || pair->to != to) {
            continue;
        }
        pair->depth += block ? 1 : UINT32_MAX;
        if (pair->depth == 0) {
            network->blocked_pair_count--;
            *pair = network->blocked_pairs[network->blocked_pair_count];
        }
        return;
    }
    net_require(block, "unblocked what was not blocked");
    network->blocked_pairs = net_grow(
        network->blocked_pairs,
        &network->blocked_pair_capacity,
        network->blocked_pair_count + 1,
        sizeof(*network->blocked_pairs));
    network->blocked_pairs[network->blocked_pair_count] = (struct net_pair){from, to, 1};
    network->blocked_pair_count++;
}

static void block_change(struct net *net, uint32_t network, uint32_t from, uint32_t to, bool block)
{
    struct net_core *core = net_core_of(net);
    struct net_network *on = net_core_network(core, network);
    if (from != NET_ANY_HOST && to != NET_ANY_HOST) {
        (void)net_core_member(on, from);
        (void)net_core_member(on, to);
        pair_change(on, from, to, block);
    } else {
        uint32_t *depth = &on->blocked_all;
        if (from != NET_ANY_HOST) {
            depth = &on->blocked_from[net_core_member(on, from)];
        } else if (to != NET_ANY_HOST) {
            depth = &on->blocked_to[net_core_member(on, to)];
        }
        net_require(block || *depth > 0, "unblocked what was not blocked");
        *depth += block ? 1 : UINT32_MAX;
    }
    net_refresh_network(core, network);
}

void net_fault_block(struct net *net, uint32_t network, uint32_t from, uint32_t to)
{
    block_change(net, network, from, to, true);
}

void net_fault_unblock(struct net *net, uint32_t network, uint32_t from, uint32_t to)
{
    block_change(net, network, from, to, false);
}

static bool between(const struct net_connection *connection, uint32_t a, uint32_t b)
{
    uint32_t x = connection->host[NET_INITIATOR];
    uint32_t y = connection->host[NET_ACCEPTOR];
    bool forth = (a == NET_ANY_HOST || a == x) && (b == NET_ANY_HOST || b == y);
    bool back = (a == NET_ANY_HOST || a == y) && (b == NET_ANY_HOST || b == x);
    return forth || back;
}

void net_fault_reset(struct net *net, uint32_t network, uint32_t host_a, uint32_t host_b)
{
    struct net_core *core = net_core_of(net);
    for (uint32_t slot = 0; slot < core->connection_count; slot++) {
        const struct net_connection *connection = &core->connections[slot];
        if (net_conn_in_use(core, slot) &&
            (network == NET_ANY_NETWORK || connection->network == network) &&
            between(connection, host_a, host_b)) {
            net_conn_reset(core, net_conn_name(core, slot));
        }
    }
}

void net_fault_refuse(struct net *net, uint32_t network, uint32_t host, bool refuse)
{
    struct net_core *core = net_core_of(net);
    (void)net_core_host(core, host);
    if (network != NET_ANY_NETWORK) {
        struct net_network *on = net_core_network(core, network);
        on->refuses[net_core_member(on, host)] = refuse;
        return;
    }
    for (uint32_t i = 0; i < core->network_count; i++) {
        uint32_t member = core->networks[i].member_of[host];
        if (member != NET_NO_MEMBER) {
            core->networks[i].refuses[member] = refuse;
        }
    }
}

/* ---- hosts ---- */

void net_fault_host_down(struct net *net, uint32_t host)
{
    struct net_core *core = net_core_of(net);
    struct net_host *which = net_core_host(core, host);
    net_require(!which->down, "the host is down already");
    which->down = true;
    which->paused = false;
    which->held_first = 0;
    which->held_count = 0;
    net_core_drop_timers(core, host);
    for (uint32_t slot = 0; slot < core->connection_count; slot++) {
        for (int side = 0; side < 2; side++) {
            if (net_conn_in_use(core, slot) && core->connections[slot].host[side] == host) {
                net_conn_crash(core, net_conn_name(core, slot), (enum net_side)side);
            }
        }
    }
    net_refresh_host(core, host);
}

void net_fault_host_up(struct net *net, uint32_t host)
{
    struct net_core *core = net_core_of(net);
    net_require(net_core_host(core, host)->down, "the host is up already");
    core->hosts[host].down = false;
    net_refresh_host(core, host);
}

void net_fault_host_pause(struct net *net, uint32_t host)
{
    struct net_core *core = net_core_of(net);
    net_require(!net_core_host(core, host)->down, "a host that is down cannot be paused");
    core->hosts[host].paused = true;
    net_refresh_host(core, host);
}

void net_fault_host_resume(struct net *net, uint32_t host)
{
    struct net_core *core = net_core_of(net);
    struct net_host *which = net_core_host(core, host);
    if (!which->paused) {
        return; /* a crash has ended the pause */
    }
    which->paused = false;
    if (which->held_first < which->held_count) {
        net_queue_push(
            &core->queue,
            &(struct net_item){.at_ns = core->now_ns, .kind = NET_ITEM_RELEASE, .host = host});
    }
    net_refresh_host(core, host);
}
