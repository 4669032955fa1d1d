/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.c -- a connection's life, seen from its two sides, each with a state of its own:
 *
 *   WAITING --accepted / connected--> OPEN --close, peer's close, reset--> OVER
 *      |  \--refused, reset, close----------------------------------------^
 *      +-- crash of the initiator --> GONE <-- crash -- OPEN
 *
 * Each row of net_conn_arrive() is one segment: what it does depends on the state of the side it
 * reaches. A slot is free again when nothing can reach either side any more; the number of a
 * connection contains the slot's generation, so that a stale number is never mistaken.
 */
#include "sim/net/core.h"
#include "sim/net/memory.h"

#include <stddef.h>

/* ---- slots ---- */

bool net_conn_in_use(const struct net_core *core, uint32_t slot)
{
    return (core->connections[slot].generation & 1U) != 0;
}

net_conn net_conn_name(const struct net_core *core, uint32_t slot)
{
    return (uint64_t)core->connections[slot].generation << 32 | (slot + 1);
}

struct net_connection *net_conn_find(const struct net_core *core, net_conn conn)
{
    uint32_t slot = (uint32_t)conn - 1; /* wraps for NET_NO_CONN */
    if (slot >= core->connection_count ||
        core->connections[slot].generation != (uint32_t)(conn >> 32)) {
        return NULL;
    }
    return &core->connections[slot];
}

struct net_connection *net_conn_must(const struct net_core *core, net_conn conn)
{
    struct net_connection *connection = net_conn_find(core, conn);
    if (connection == NULL) {
        net_die("work for a connection that is over");
    }
    return connection;
}

static uint32_t slot_new(struct net_core *core)
{
    uint32_t slot = core->connection_free;
    if (slot == NET_NO_SEGMENT) {
        slot = core->connection_count;
        core->connections = net_grow(
            core->connections, &core->connection_capacity, slot + 1, sizeof(*core->connections));
        core->connection_count++;
    } else {
        core->connection_free = core->connections[slot].next_free;
    }
    core->connections[slot].generation++;
    core->open_connections++;
    return slot;
}

static void slot_free(struct net_core *core, net_conn conn)
{
    net_direction_drop_all(core, conn, NET_INITIATOR);
    net_direction_drop_all(core, conn, NET_ACCEPTOR);
    uint32_t slot = (uint32_t)conn - 1;
    core->connections[slot].generation++;
    core->connections[slot].next_free = core->connection_free;
    core->connection_free = slot;
    core->open_connections--;
}

static bool finished(enum net_side_state state)
{
    return state == NET_SIDE_OVER || state == NET_SIDE_GONE;
}

void net_conn_reap(struct net_core *core, net_conn conn)
{
    const struct net_connection *connection = net_conn_must(core, conn);
    bool initiator = finished(connection->state[NET_INITIATOR]);
    bool acceptor = finished(connection->state[NET_ACCEPTOR]);
    const struct net_direction *attempt = &connection->direction[NET_INITIATOR];
    /* The initiator has given up and its attempt will not reach anybody. */
    bool unborn = initiator && connection->state[NET_ACCEPTOR] == NET_SIDE_WAITING &&
                  (attempt->stalled || attempt->wire.head == NET_NO_SEGMENT);
    if ((initiator && acceptor) || unborn) {
        slot_free(core, conn);
    }
}

/* ---- calls ---- */

net_conn
net_conn_open(struct net_core *core, uint32_t network, uint32_t from, uint32_t to, uint64_t cookie)
{
    const struct net_network *on = net_core_network(core, network);
    (void)net_core_member(on, from);
    (void)net_core_member(on, to);
    net_require(from != to, "a connection needs two hosts");
    net_require(!core->hosts[from].down, "a host that is down connects");

    uint32_t slot = slot_new(core);
    struct net_connection *connection = &core->connections[slot];
    connection->network = network;
    connection->host[NET_INITIATOR] = from;
    connection->host[NET_ACCEPTOR] = to;
    connection->cookie = cookie;
    for (int side = 0; side < 2; side++) {
        connection->state[side] = NET_SIDE_WAITING;
        net_direction_init(&connection->direction[side], on->initial_window_bytes);
    }
    net_conn conn = net_conn_name(core, slot);
    net_core_use(core, network, from)->connections++;
    net_direction_wire(core, conn, NET_INITIATOR, NET_SEGMENT_OPEN);
    return conn;
}

bool net_conn_send(
    struct net_core *core, net_conn conn, enum net_side side, uint64_t bytes, uint64_t cookie)
{
    const struct net_connection *connection = net_conn_find(core, conn);
    if (connection == NULL || finished(connection->state[side])) {
        return false;
    }
    net_require(
        side == NET_INITIATOR || connection->state[side] == NET_SIDE_OPEN,
        "the acceptor sends before it has accepted");
    struct net_segment segment = {.kind = NET_SEGMENT_DATA, .bytes = bytes, .cookie = cookie};
    net_direction_queue(core, conn, side, &segment);
    return true;
}

bool net_conn_close(struct net_core *core, net_conn conn, enum net_side side)
{
    struct net_connection *connection = net_conn_find(core, conn);
    if (connection == NULL || finished(connection->state[side])) {
        return false;
    }
    net_direction_drop_queue(core, conn, side);
    net_loop_forget(core, conn, side);
    connection->state[side] = NET_SIDE_OVER;
    enum net_side_state peer = connection->state[net_other(side)];
    if (peer == NET_SIDE_OPEN || peer == NET_SIDE_WAITING) {
        net_direction_wire(core, conn, side, NET_SEGMENT_CLOSE);
    }
    net_conn_reap(core, conn);
    return true;
}

/* ---- faults ---- */

void net_conn_reset(struct net_core *core, net_conn conn)
{
    const struct net_connection *connection = net_conn_must(core, conn);
    enum net_side_state initiator = connection->state[NET_INITIATOR];
    if (initiator == NET_SIDE_OPEN || initiator == NET_SIDE_WAITING) {
        net_core_emit(core, conn, NET_INITIATOR, NET_RESET);
    }
    if (connection->state[NET_ACCEPTOR] == NET_SIDE_OPEN) {
        net_core_emit(core, conn, NET_ACCEPTOR, NET_RESET);
    }
    slot_free(core, conn);
}

void net_conn_stray(struct net_core *core, net_conn conn, int64_t delay_ns)
{
    struct net_connection *connection = net_conn_must(core, conn);
    if (connection->state[NET_INITIATOR] != NET_SIDE_OPEN ||
        connection->state[NET_ACCEPTOR] != NET_SIDE_OPEN ||
        connection->direction[NET_INITIATOR].stalled) {
        net_conn_reset(core, conn);
        return;
    }
    net_core_emit(core, conn, NET_INITIATOR, NET_RESET);
    net_direction_drop_queue(core, conn, NET_INITIATOR);
    net_direction_drop_all(core, conn, NET_ACCEPTOR);
    connection->state[NET_INITIATOR] = NET_SIDE_OVER;
    net_direction_again(core, conn, NET_INITIATOR, core->now_ns + delay_ns);
    net_direction_wire(core, conn, NET_INITIATOR, NET_SEGMENT_RESET);
}

void net_conn_crash(struct net_core *core, net_conn conn, enum net_side side)
{
    struct net_connection *connection = net_conn_must(core, conn);
    if (side == NET_ACCEPTOR && connection->state[side] == NET_SIDE_WAITING) {
        return; /* the attempt has not reached it: it may still reach it after the boot */
    }
    net_direction_drop_queue(core, conn, side);
    connection->state[side] = NET_SIDE_GONE;
    if (connection->direction[side].stalled) {
        net_direction_drop_all(core, conn, side);
    }
    net_conn_reap(core, conn);
}

/* ---- arrivals ---- */

struct net_event net_conn_event(
    const struct net_core *core, net_conn conn, enum net_side side, enum net_event_kind kind)
{
    const struct net_connection *connection = net_conn_must(core, conn);
    return (struct net_event){
        .kind = kind,
        .side = side,
        .now_ns = core->now_ns,
        .conn = conn,
        .host = connection->host[side],
        .peer = connection->host[net_other(side)],
        .network = connection->network,
        .cookie = connection->cookie,
    };
}

/* A side learns that the connection has ended. */
static bool end_side(
    struct net_core *core,
    net_conn conn,
    enum net_side side,
    enum net_event_kind kind,
    struct net_event *event_out)
{
    struct net_connection *connection = net_conn_must(core, conn);
    *event_out = net_conn_event(core, conn, side, kind);
    connection->state[side] = NET_SIDE_OVER;
    if (!finished(connection->state[net_other(side)])) {
        connection->state[net_other(side)] = NET_SIDE_OVER;
    }
    net_conn_reap(core, conn);
    return true;
}

static bool attempt_arrives(struct net_core *core, net_conn conn, struct net_event *event_out)
{
    struct net_connection *connection = net_conn_must(core, conn);
    const struct net_network *network = &core->networks[connection->network];
    uint32_t member = net_core_member(network, connection->host[NET_ACCEPTOR]);
    if (network->refuses[member]) {
        connection->state[NET_ACCEPTOR] = NET_SIDE_OVER;
        net_direction_wire(core, conn, NET_ACCEPTOR, NET_SEGMENT_REFUSE);
        net_conn_reap(core, conn);
        return false;
    }
    connection->state[NET_ACCEPTOR] = NET_SIDE_OPEN;
    *event_out = net_conn_event(core, conn, NET_ACCEPTOR, NET_ACCEPTED);
    net_direction_wire(core, conn, NET_ACCEPTOR, NET_SEGMENT_ACCEPT);
    return true;
}

static bool data_arrives(
    struct net_core *core,
    net_conn conn,
    enum net_side at,
    const struct net_segment *segment,
    struct net_event *event_out)
{
    const struct net_connection *connection = net_conn_must(core, conn);
    *event_out = net_conn_event(core, conn, at, NET_DELIVERED);
    event_out->bytes = segment->bytes;
    event_out->cookie = segment->cookie;
    net_core_use(core, connection->network, connection->host[at])->delivered_bytes +=
        segment->bytes;
    return true;
}

bool net_conn_arrive(
    struct net_core *core, net_conn conn, enum net_side sender, struct net_event *event_out)
{
    struct net_segment segment = net_direction_take(core, conn, sender);
    struct net_connection *connection = net_conn_must(core, conn);
    enum net_side at = net_other(sender);
    if (connection->state[at] == NET_SIDE_OVER) {
        return false; /* it has closed: what still comes is dropped */
    }
    if (connection->state[at] == NET_SIDE_GONE) {
        net_direction_wire(core, conn, at, NET_SEGMENT_RESET);
        return false;
    }
    switch (segment.kind) {
    case NET_SEGMENT_OPEN: return attempt_arrives(core, conn, event_out);
    case NET_SEGMENT_ACCEPT:
        connection->state[at] = NET_SIDE_OPEN;
        *event_out = net_conn_event(core, conn, at, NET_CONNECTED);
        net_direction_refresh(core, conn, at);
        return true;
    case NET_SEGMENT_DATA: return data_arrives(core, conn, at, &segment, event_out);
    case NET_SEGMENT_REFUSE: return end_side(core, conn, at, NET_CONNECT_FAILED, event_out);
    case NET_SEGMENT_CLOSE: return end_side(core, conn, at, NET_CLOSED, event_out);
    case NET_SEGMENT_RESET: return end_side(core, conn, at, NET_RESET, event_out);
    case NET_SEGMENT_PROBE: break; /* only ever sent to a side that is gone */
    }
    return false;
}
