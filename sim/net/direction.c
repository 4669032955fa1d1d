/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direction.c -- one direction of a connection: what is queued, what is being sent, what is on the
 * wire.
 *
 *   queue --begin--> current (a flow, or timed when small) --sent--> wire --arrive--> conn.c
 *      ^                |                                         |
 *      +---- stall: a cut, or the receiver down: all stays where it is; a retry puts it in motion
 * ----+
 *
 * A stall begins when a cut meets something to send, not before: an idle connection notices
 * nothing, as in life. It ends at the first retransmission time-out after the path is whole again.
 */
#include "sim/net/core.h"
#include "sim/net/memory.h"
#include "sim/net/tcp.h"

static void begin(struct net_core *core, net_conn conn, enum net_side sender);

/* ---- segments and lists ---- */

static uint32_t segment_new(struct net_core *core, const struct net_segment *content)
{
    uint32_t index = core->segment_free;
    if (index == NET_NO_SEGMENT) {
        core->segments = net_grow(
            core->segments,
            &core->segment_capacity,
            core->segment_count + 1,
            sizeof(*core->segments));
        index = core->segment_count;
        core->segment_count++;
    } else {
        core->segment_free = core->segments[index].next;
    }
    core->segments[index] = *content;
    core->segments[index].next = NET_NO_SEGMENT;
    return index;
}

static void segment_free(struct net_core *core, uint32_t index)
{
    core->segments[index].next = core->segment_free;
    core->segment_free = index;
}

static void list_append(struct net_core *core, struct net_segment_list *list, uint32_t index)
{
    if (list->head == NET_NO_SEGMENT) {
        list->head = index;
    } else {
        core->segments[list->tail].next = index;
    }
    list->tail = index;
}

static uint32_t list_take(struct net_core *core, struct net_segment_list *list)
{
    uint32_t index = list->head;
    list->head = core->segments[index].next;
    core->segments[index].next = NET_NO_SEGMENT;
    return index;
}

static void list_clear(struct net_core *core, struct net_segment_list *list)
{
    while (list->head != NET_NO_SEGMENT) {
        segment_free(core, list_take(core, list));
    }
}

/* ---- questions ---- */

static uint32_t stream_of(net_conn conn, enum net_side side)
{
    return ((uint32_t)conn - 1) * 2 + (uint32_t)side;
}

static bool path_open(
    const struct net_core *core, const struct net_connection *connection, enum net_side sender)
{
    return net_path_open(
        core, connection->network, connection->host[sender], connection->host[net_other(sender)]);
}

/* Whether its own host lets this side send at all. */
static bool
may_send(const struct net_core *core, const struct net_connection *connection, enum net_side sender)
{
    const struct net_host *host = &core->hosts[connection->host[sender]];
    return connection->state[sender] == NET_SIDE_OPEN && !host->down && !host->paused;
}

static bool has_work(const struct net_direction *direction)
{
    return direction->queue.head != NET_NO_SEGMENT || direction->wire.head != NET_NO_SEGMENT;
}

/* The bound of the message under way. */
static uint64_t
rate_bps(const struct net_core *core, const struct net_connection *connection, enum net_side sender)
{
    const struct net_direction *direction = &connection->direction[sender];
    const struct net_network *network = &core->networks[connection->network];
    if (direction->stalled || !may_send(core, connection, sender) ||
        net_path_link_bps(network) == 0) {
        return 0;
    }
    uint64_t rate = direction->cap_bps < network->path_bps ? direction->cap_bps : network->path_bps;
    uint64_t slow = net_tcp_window_bps(direction->slow_start_bytes, 2 * network->latency_ns);
    return slow < rate ? slow : rate;
}

/* ---- items ---- */

static void
push(struct net_core *core, net_conn conn, enum net_side sender, const struct net_item *what)
{
    const struct net_connection *connection = net_conn_must(core, conn);
    struct net_item item = *what;
    /* What is sent belongs to the sender's host, what arrives to the receiver's. */
    enum net_side at = what->kind == NET_ITEM_ARRIVE ? net_other(sender) : sender;
    item.host = connection->host[at];
    item.stream = stream_of(conn, sender);
    item.subject = conn;
    item.side = (uint8_t)sender;
    net_queue_push(&core->queue, &item);
}

static void push_arrival(
    struct net_core *core, net_conn conn, enum net_side sender, struct net_direction *direction)
{
    const struct net_connection *connection = net_conn_must(core, conn);
    struct net_network *network = &core->networks[connection->network];
    if (network->clogged > 0) {
        return; /* it lies on the wire: net_disorder_clog() sends it on */
    }
    int64_t at_ns = core->now_ns + network->latency_ns + net_disorder_delay(network);
    if (at_ns < direction->last_arrival_ns) {
        at_ns = direction->last_arrival_ns;
    }
    direction->last_arrival_ns = at_ns;
    push(
        core,
        conn,
        sender,
        &(struct net_item){
            .at_ns = at_ns,
            .kind = NET_ITEM_ARRIVE,
            .generation = direction->wire_generation,
        });
}

/* ---- flows ---- */

static void flow_set(struct net_core *core, struct net_direction *direction, uint64_t bps)
{
    if (bps == direction->applied_bps) {
        return;
    }
    if ((bps == 0) != (direction->applied_bps == 0)) {
        core->moving += bps == 0 ? UINT32_MAX : 1; /* minus or plus one */
    }
    direction->applied_bps = bps;
    core->solver_ops->set_rate(core->solver, core->now_ns, direction->flow, bps);
}

static void sending_cancel(struct net_core *core, struct net_direction *direction)
{
    if (direction->sending == NET_SENDING_FLOW) {
        if (direction->applied_bps != 0) {
            core->moving--;
        }
        core->solver_ops->cancel(core->solver, core->now_ns, direction->flow);
    }
    direction->flow = NET_NO_FLOW;
    direction->sending = NET_SENDING_NOTHING;
    direction->send_generation++;
}

/* ---- slow start ---- */

static void slow_start_arm(struct net_core *core, net_conn conn, enum net_side sender)
{
    const struct net_connection *connection = net_conn_must(core, conn);
    const struct net_network *network = &core->networks[connection->network];
    struct net_direction *direction = &net_conn_must(core, conn)->direction[sender];
    if (direction->slow_start_bytes == 0 || direction->slow_armed) {
        return;
    }
    if (network->latency_ns == 0) {
        direction->slow_start_bytes = 0;
        return;
    }
    direction->slow_armed = true;
    push(
        core,
        conn,
        sender,
        &(struct net_item){
            .at_ns = core->now_ns + 2 * network->latency_ns,
            .kind = NET_ITEM_SLOW_START,
            .generation = direction->slow_generation,
        });
}

void net_direction_slow_start(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_connection *connection = net_conn_must(core, conn);
    struct net_direction *direction = &connection->direction[sender];
    const struct net_network *network = &core->networks[connection->network];
    direction->slow_armed = false;
    if (direction->sending != NET_SENDING_FLOW || direction->applied_bps == 0) {
        return; /* nothing went: the window does not grow; the next message goes on from here */
    }
    uint64_t limit = net_path_link_bps(network);
    limit = network->path_bps < limit ? network->path_bps : limit;
    direction->slow_start_bytes *= 2;
    if (net_tcp_window_bps(direction->slow_start_bytes, 2 * network->latency_ns) >= limit) {
        direction->slow_start_bytes = 0;
    }
    slow_start_arm(core, conn, sender);
    net_direction_refresh(core, conn, sender);
}

static void slow_start_again(const struct net_network *network, struct net_direction *direction)
{
    direction->slow_start_bytes = network->initial_window_bytes;
    direction->slow_armed = false;
    direction->slow_generation++;
}

/* ---- outage and retry ---- */

static void stall(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_connection *connection = net_conn_must(core, conn);
    struct net_direction *direction = &connection->direction[sender];
    direction->stalled = true;
    direction->retry_armed = false;
    direction->stalled_since_ns = core->now_ns;
    direction->wire_generation++; /* arrivals are void */
    net_core_use(core, connection->network, connection->host[sender])->stalls++;
    if (direction->sending == NET_SENDING_FLOW) {
        flow_set(core, direction, 0);
    } else if (direction->sending == NET_SENDING_SMALL) {
        sending_cancel(core, direction);
    }
    slow_start_again(&core->networks[connection->network], direction);
    if (connection->state[sender] == NET_SIDE_GONE && direction->wire.head != NET_NO_SEGMENT &&
        core->segments[direction->wire.head].kind != NET_SEGMENT_RESET) {
        list_clear(core, &direction->wire); /* nobody is left who would send it again */
    }
}

static void retry_arm(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_connection *connection = net_conn_must(core, conn);
    struct net_direction *direction = &connection->direction[sender];
    int64_t rto_ns = net_tcp_rto_ns(2 * core->networks[connection->network].latency_ns);
    if (direction->wire.head != NET_NO_SEGMENT) {
        enum net_segment_kind kind = core->segments[direction->wire.head].kind;
        if (kind == NET_SEGMENT_OPEN || kind == NET_SEGMENT_ACCEPT) {
            rto_ns = rto_ns < NET_CONNECT_RTO_NS ? NET_CONNECT_RTO_NS : rto_ns;
        }
    }
    direction->retry_armed = true;
    direction->retry_generation++;
    push(
        core,
        conn,
        sender,
        &(struct net_item){
            .at_ns = net_tcp_retry_at_ns(direction->stalled_since_ns, rto_ns, core->now_ns),
            .kind = NET_ITEM_RETRY,
            .generation = direction->retry_generation,
        });
}

void net_direction_retry(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_connection *connection = net_conn_must(core, conn);
    struct net_direction *direction = &connection->direction[sender];
    direction->retry_armed = false;
    if (!path_open(core, connection, sender)) {
        return; /* cut again meanwhile: the next heal arms the next time-out */
    }
    direction->stalled = false;
    net_direction_again(core, conn, sender, core->now_ns);
    if (direction->sending == NET_SENDING_FLOW &&
        connection->state[net_other(sender)] == NET_SIDE_GONE) {
        sending_cancel(core, direction); /* nobody is there for the rest: begin() finds out */
    }
    net_direction_refresh(core, conn, sender);
}

void net_direction_again(
    struct net_core *core, net_conn conn, enum net_side sender, int64_t earliest_ns)
{
    struct net_direction *direction = &net_conn_must(core, conn)->direction[sender];
    direction->wire_generation++;
    direction->last_arrival_ns = earliest_ns;
    for (uint32_t i = direction->wire.head; i != NET_NO_SEGMENT; i = core->segments[i].next) {
        push_arrival(core, conn, sender, direction);
    }
}

/* ---- sending ---- */

/* Starts the head of the queue if nothing is in the way. */
static void begin(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_connection *connection = net_conn_must(core, conn);
    struct net_direction *direction = &connection->direction[sender];
    const struct net_network *network = &core->networks[connection->network];
    if (direction->sending != NET_SENDING_NOTHING || direction->stalled ||
        direction->queue.head == NET_NO_SEGMENT || !may_send(core, connection, sender)) {
        return;
    }
    if (connection->state[net_other(sender)] == NET_SIDE_GONE) {
        list_clear(core, &direction->queue);
        direction->queued_bytes = 0;
        net_direction_wire(core, conn, sender, NET_SEGMENT_PROBE);
        return;
    }
    uint64_t bytes = core->segments[direction->queue.head].bytes;
    if (bytes <= NET_SMALL_BYTES) {
        uint64_t rate = rate_bps(core, connection, sender);
        uint64_t link = net_path_link_bps(network);
        rate = link < rate ? link : rate;
        if (rate == 0) {
            return;
        }
        int64_t took_ns = net_tcp_serialise_ns(bytes, rate);
        direction->sending = NET_SENDING_SMALL;
        push(
            core,
            conn,
            sender,
            &(struct net_item){
                .at_ns = took_ns > NET_NEVER - core->now_ns ? NET_NEVER : core->now_ns + took_ns,
                .kind = NET_ITEM_SMALL_DONE,
                .generation = direction->send_generation,
            });
        return;
    }
    slow_start_arm(core, conn, sender);
    struct net_flow_request request = {
        .network = connection->network,
        .from_member = net_core_member(network, connection->host[sender]),
        .to_member = net_core_member(network, connection->host[net_other(sender)]),
        .bytes = bytes,
        .rate_bps = rate_bps(core, connection, sender),
        .owner = stream_of(conn, sender),
    };
    direction->sending = NET_SENDING_FLOW;
    direction->applied_bps = request.rate_bps;
    core->moving += request.rate_bps != 0;
    direction->flow = core->solver_ops->start(core->solver, core->now_ns, &request);
}

bool net_direction_sent(
    struct net_core *core, net_conn conn, enum net_side sender, struct net_event *event_out)
{
    struct net_connection *connection = net_conn_must(core, conn);
    struct net_direction *direction = &connection->direction[sender];
    uint32_t index = list_take(core, &direction->queue);
    const struct net_segment *segment = &core->segments[index];
    direction->sending = NET_SENDING_NOTHING;
    direction->send_generation++;
    direction->queued_bytes -= segment->bytes;
    net_core_use(core, connection->network, connection->host[sender])->sent_bytes += segment->bytes;

    *event_out = net_conn_event(core, conn, sender, NET_SENT);
    event_out->bytes = segment->bytes;
    event_out->cookie = segment->cookie;

    list_append(core, &direction->wire, index);
    if (!direction->stalled) {
        push_arrival(core, conn, sender, direction);
    }
    begin(core, conn, sender);
    return true;
}

void net_direction_refresh(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_connection *connection = net_conn_must(core, conn);
    struct net_direction *direction = &connection->direction[sender];
    bool open = path_open(core, connection, sender);
    if (!open && !direction->stalled && has_work(direction)) {
        stall(core, conn, sender);
    }
    if (direction->stalled) {
        if (open && !direction->retry_armed) {
            retry_arm(core, conn, sender);
        }
        return;
    }
    uint64_t rate = rate_bps(core, connection, sender);
    switch (direction->sending) {
    case NET_SENDING_FLOW:
        flow_set(core, direction, rate);
        if (rate != 0) {
            slow_start_arm(core, conn, sender);
        }
        break;
    case NET_SENDING_SMALL:
        if (rate == 0) {
            sending_cancel(core, direction);
        }
        break;
    case NET_SENDING_NOTHING: begin(core, conn, sender); break;
    case NET_SENDING_DONE: break;
    }
}

/* ---- what conn.c asks for ---- */

void net_direction_init(struct net_direction *direction, uint64_t initial_window_bytes)
{
    *direction = (struct net_direction){
        .queue = {NET_NO_SEGMENT, NET_NO_SEGMENT},
        .wire = {NET_NO_SEGMENT, NET_NO_SEGMENT},
        .cap_bps = NET_UNLIMITED,
        .slow_start_bytes = initial_window_bytes,
        .sending = NET_SENDING_NOTHING,
        .flow = NET_NO_FLOW,
    };
}

void net_direction_queue(
    struct net_core *core, net_conn conn, enum net_side sender, const struct net_segment *segment)
{
    struct net_direction *direction = &net_conn_must(core, conn)->direction[sender];
    list_append(core, &direction->queue, segment_new(core, segment));
    direction->queued_bytes += segment->bytes;
    net_direction_refresh(core, conn, sender);
}

void net_direction_wire(
    struct net_core *core, net_conn conn, enum net_side sender, enum net_segment_kind kind)
{
    struct net_connection *connection = net_conn_must(core, conn);
    struct net_direction *direction = &connection->direction[sender];
    uint32_t index = segment_new(core, &(struct net_segment){.kind = kind});
    list_append(core, &direction->wire, index);
    if (!direction->stalled && path_open(core, connection, sender)) {
        push_arrival(core, conn, sender, direction);
    } else {
        net_direction_refresh(core, conn, sender);
    }
}

void net_direction_drop_queue(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_direction *direction = &net_conn_must(core, conn)->direction[sender];
    sending_cancel(core, direction);
    list_clear(core, &direction->queue);
    direction->queued_bytes = 0;
}

void net_direction_drop_all(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_direction *direction = &net_conn_must(core, conn)->direction[sender];
    net_direction_drop_queue(core, conn, sender);
    list_clear(core, &direction->wire);
    direction->wire_generation++;
    direction->retry_generation++;
    direction->slow_generation++;
    direction->stalled = false;
    direction->retry_armed = false;
}

struct net_segment net_direction_take(struct net_core *core, net_conn conn, enum net_side sender)
{
    struct net_direction *direction = &net_conn_must(core, conn)->direction[sender];
    net_require(direction->wire.head != NET_NO_SEGMENT, "arrival on an empty wire");
    uint32_t index = list_take(core, &direction->wire);
    struct net_segment segment = core->segments[index];
    segment_free(core, index);
    return segment;
}
