/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background.c -- traffic of others, which only competes for bandwidth.
 *
 * A background flow is an endless one: chunks so large that one lasts for days at any rate,
 * replaced when done. It has no connection, no TCP bound and no event, and does not keep the loop
 * running.
 */
#include "sim/net/core.h"
#include "sim/net/memory.h"
#include "sim/net/tcp.h"

#include <stdlib.h>

/* 1 PiB: nine days at 10 Gbit/s, and exact in a double. */
#define CHUNK_BYTES (UINT64_C(1) << 50)

static uint64_t flow_bps(const struct net_core *core, const struct net_background *what)
{
    const struct net_host *from = &core->hosts[what->from];
    if (from->down || from->paused || net_path_link_bps(&core->networks[what->network]) == 0 ||
        !net_path_open(core, what->network, what->from, what->to)) {
        return 0;
    }
    uint64_t all = net_tcp_bits(what->bytes_per_second);
    return all == NET_UNLIMITED ? NET_UNLIMITED : all / what->flows;
}

static void start_flow(struct net_core *core, uint32_t id, uint32_t which)
{
    struct net_background_state *state = &core->background[id];
    const struct net_network *network = &core->networks[state->what.network];
    struct net_flow_request request = {
        .network = state->what.network,
        .from_member = net_core_member(network, state->what.from),
        .to_member = net_core_member(network, state->what.to),
        .bytes = CHUNK_BYTES,
        .rate_bps = flow_bps(core, &state->what),
        .owner = NET_OWNER_BACKGROUND | (uint64_t)id << 32 | which,
    };
    state->flows[which].applied_bps = request.rate_bps;
    state->flows[which].flow = core->solver_ops->start(core->solver, core->now_ns, &request);
}

uint32_t net_background_add(struct net *net, const struct net_background *what)
{
    struct net_core *core = net_core_of(net);
    const struct net_network *network = net_core_network(core, what->network);
    (void)net_core_member(network, what->from);
    (void)net_core_member(network, what->to);
    net_require(what->from != what->to, "background traffic needs two hosts");
    net_require(what->flows > 0, "background traffic without a flow");

    uint32_t id = core->background_count;
    net_require(id < INT32_MAX, "too much background traffic");
    core->background =
        net_grow(core->background, &core->background_capacity, id + 1, sizeof(*core->background));
    core->background_count++;
    core->background[id] = (struct net_background_state){
        .what = *what,
        .active = true,
        .flows = net_zeroed(what->flows, sizeof(struct net_background_flow)),
    };
    for (uint32_t i = 0; i < what->flows; i++) {
        start_flow(core, id, i);
    }
    return id;
}

static uint64_t moved_bytes(const struct net_core *core, const struct net_background_state *state)
{
    uint64_t bytes = state->moved_bytes;
    for (uint32_t i = 0; state->active && i < state->what.flows; i++) {
        uint32_t flow = state->flows[i].flow;
        if (flow != NET_NO_FLOW) {
            bytes += CHUNK_BYTES - core->solver_ops->remaining(core->solver, core->now_ns, flow);
        }
    }
    return bytes;
}

void net_background_remove(struct net *net, uint32_t id)
{
    struct net_core *core = net_core_of(net);
    net_require(
        id < core->background_count && core->background[id].active,
        "background traffic that does not run is stopped");
    struct net_background_state *state = &core->background[id];
    state->moved_bytes = moved_bytes(core, state);
    state->active = false;
    for (uint32_t i = 0; i < state->what.flows; i++) {
        if (state->flows[i].flow != NET_NO_FLOW) {
            core->solver_ops->cancel(core->solver, core->now_ns, state->flows[i].flow);
        }
    }
    free(state->flows);
    state->flows = NULL;
}

void net_background_refresh(struct net_core *core, uint32_t id)
{
    struct net_background_state *state = &core->background[id];
    uint64_t rate = flow_bps(core, &state->what);
    for (uint32_t i = 0; state->active && i < state->what.flows; i++) {
        if (state->flows[i].flow != NET_NO_FLOW && state->flows[i].applied_bps != rate) {
            state->flows[i].applied_bps = rate;
            core->solver_ops->set_rate(core->solver, core->now_ns, state->flows[i].flow, rate);
        }
    }
}

void net_background_done(struct net_core *core, uint64_t owner)
{
    uint32_t id = (uint32_t)((owner & ~NET_OWNER_BACKGROUND) >> 32);
    core->background[id].moved_bytes += CHUNK_BYTES;
    core->background[id].flows[(uint32_t)owner].flow = NET_NO_FLOW;
    net_queue_push(
        &core->queue,
        &(struct net_item){
            .at_ns = core->now_ns,
            .kind = NET_ITEM_BACKGROUND,
            .stream = (uint32_t)owner,
            .subject = owner,
        });
}

void net_background_restart(struct net_core *core, uint64_t owner)
{
    uint32_t id = (uint32_t)((owner & ~NET_OWNER_BACKGROUND) >> 32);
    if (core->background[id].active) {
        start_flow(core, id, (uint32_t)owner);
    }
}

uint64_t net_background_bytes(const struct net_core *core, uint32_t network, uint32_t host)
{
    uint64_t bytes = 0;
    for (uint32_t id = 0; id < core->background_count; id++) {
        const struct net_background_state *state = &core->background[id];
        if (state->what.network == network && (host == NET_ANY_HOST || state->what.from == host)) {
            bytes += moved_bytes(core, state);
        }
    }
    return bytes;
}

void net_background_deinit(struct net_core *core)
{
    for (uint32_t id = 0; id < core->background_count; id++) {
        free(core->background[id].flows);
    }
    free(core->background);
}
