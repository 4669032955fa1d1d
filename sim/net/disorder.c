/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disorder.c -- what arrives, but not when it should: jitter, clogs, strays.
 *
 * TCP keeps the bytes of one direction in order whatever the network does, so disorder shows in two
 * ways alone: in times (jitter, a clog), and between connections (a stray: what an older connection
 * has said comes behind what its successor says). Draws come from a generator of the network's own,
 * in the order of the sends: the same calls give the same times.
 */
#include "sim/net/core.h"
#include "sim/net/memory.h"

/* SplitMix64: one addition and a mix, every seed is a good one. */
static uint64_t draw(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

int64_t net_disorder_delay(struct net_network *network)
{
    if (network->jitter_ns == 0) {
        return 0;
    }
    return (int64_t)(draw(&network->jitter_state) % ((uint64_t)network->jitter_ns + 1));
}

void net_disorder_jitter(struct net *net, uint32_t network, int64_t jitter_ns, uint64_t seed)
{
    struct net_network *on = net_core_network(net_core_of(net), network);
    net_require(jitter_ns >= 0, "a jitter below 0");
    on->jitter_ns = jitter_ns;
    on->jitter_state = seed;
}

/* ---- clogs ---- */

/* Takes arrivals back while the network is clogged, makes them anew when it is not. */
static void again(struct net_core *core, net_conn conn, enum net_side sender)
{
    const struct net_direction *direction = &net_conn_must(core, conn)->direction[sender];
    if (!direction->stalled) { /* else a retry is going to send it again */
        net_direction_again(core, conn, sender, core->now_ns);
    }
}

void net_disorder_clog(struct net *net, uint32_t network, bool clogged)
{
    struct net_core *core = net_core_of(net);
    struct net_network *on = net_core_network(core, network);
    const bool was = on->clogged > 0;
    net_require(clogged || was, "unclogged what was not clogged");
    on->clogged += clogged ? 1 : UINT32_MAX; /* plus or minus one */
    if (was == (on->clogged > 0)) {
        return;
    }
    for (uint32_t slot = 0; slot < core->connection_count; slot++) {
        if (net_conn_in_use(core, slot) && core->connections[slot].network == network) {
            net_conn conn = net_conn_name(core, slot);
            again(core, conn, NET_INITIATOR);
            again(core, conn, NET_ACCEPTOR);
        }
    }
}

/* ---- strays ---- */

void net_disorder_stray(struct net *net, uint32_t network, int64_t delay_ns)
{
    struct net_core *core = net_core_of(net);
    (void)net_core_network(core, network);
    net_require(delay_ns >= 0, "a delay below 0");
    for (uint32_t slot = 0; slot < core->connection_count; slot++) {
        if (net_conn_in_use(core, slot) && core->connections[slot].network == network) {
            net_conn_stray(core, net_conn_name(core, slot), delay_ns);
        }
    }
}
