/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core.h -- what the files of the common network core share; nobody else includes it.
 *
 *   core.c        topology, lifetime, checked calls, counters
 *   loop.c        the loop: items in order, events to the world
 *   timer.c       timers
 *   conn.c        a connection's life: attempt, arrivals, close, reset
 *   direction.c   one direction of it: queue, serialising, wire, outage and retry
 *   fault.c       blocks, changes of a network, hosts
 *   disorder.c    jitter, clogs, strays: what arrives, but not when it should
 *   background.c  competing traffic
 *
 * The life of a message: queue --(rate permits)--> current --(serialised: NET_SENT)--> wire
 * --(one latency later: NET_DELIVERED)--> gone. Handshake, close and reset travel on the wire as
 * segments of their own, so that order and outages hold for them without further rules.
 *
 * Invariants
 * - C-1 A direction that is stalled has no live item in the queue but a retry, and its flow stands
 * still.
 * - C-2 A direction with anything on the wire or under way, on a path that is cut, is stalled.
 * - C-3 Whoever changes what a direction depends on calls net_direction_refresh() for it.
 * - C-4 No pointer into an array is kept across a call that may grow it.
 */
#ifndef FERRY_SIM_NET_CORE_H
#define FERRY_SIM_NET_CORE_H

#include "sim/net/net_ops.h"
#include "sim/net/queue.h"
#include "sim/net/solver.h"

#define NET_NO_SEGMENT UINT32_MAX
#define NET_NO_MEMBER  UINT32_MAX
/* An owner with this bit is background traffic; the rest is its id and which of its flows. */
#define NET_OWNER_BACKGROUND (UINT64_C(1) << 63)

enum net_segment_kind {
    NET_SEGMENT_DATA = 1,
    NET_SEGMENT_OPEN,   /* initiator to acceptor */
    NET_SEGMENT_ACCEPT, /* acceptor to initiator */
    NET_SEGMENT_REFUSE, /* acceptor's host to initiator */
    NET_SEGMENT_CLOSE,  /* the last of its direction */
    NET_SEGMENT_RESET,  /* answer of a host that knows nothing of the connection */
    NET_SEGMENT_PROBE,  /* first packet of a message to such a host: it will be answered so */
};

/* A message or a segment of the protocol: in a direction's queue, under way, or on its wire. */
struct net_segment {
    uint64_t bytes;
    uint64_t cookie;
    enum net_segment_kind kind;
    uint32_t next; /* in its list, or in the list of free ones */
};

struct net_segment_list {
    uint32_t head;
    uint32_t tail;
};

enum net_sending {
    NET_SENDING_NOTHING = 1,
    NET_SENDING_FLOW,  /* the solver has it */
    NET_SENDING_DONE,  /* the solver reported it; its item is in the queue */
    NET_SENDING_SMALL, /* a timed item stands for it */
};

struct net_direction {
    struct net_segment_list queue; /* the head is what is being sent */
    struct net_segment_list wire;
    uint64_t queued_bytes;
    uint64_t cap_bps;
    uint64_t applied_bps;      /* what the solver knows */
    uint64_t slow_start_bytes; /* window of slow start; 0: it is over */
    int64_t last_arrival_ns;   /* of the wire's tail, or of the last that arrived */
    int64_t stalled_since_ns;
    enum net_sending sending;
    uint32_t flow;
    uint32_t send_generation;
    uint32_t wire_generation;
    uint32_t retry_generation;
    uint32_t slow_generation;
    bool stalled;
    bool retry_armed;
    bool slow_armed;
};

enum net_side_state {
    NET_SIDE_WAITING = 1, /* initiator: attempt under way; acceptor: knows nothing yet */
    NET_SIDE_OPEN,
    NET_SIDE_OVER, /* closed, failed or reset: no more events, no more calls */
    NET_SIDE_GONE, /* its host crashed: packets to it are answered by a reset, if it is up again */
};

struct net_connection {
    uint32_t generation; /* odd while in use */
    uint32_t next_free;
    uint32_t network;
    uint32_t host[2];
    uint64_t cookie;
    enum net_side_state state[2];
    struct net_direction direction[2]; /* by the side that sends */
};

struct net_timer_slot {
    uint32_t generation; /* odd while armed */
    uint32_t next_free;
    uint32_t host;
};

/* An event that waits for a paused host. */
struct net_held {
    struct net_event event;
    net_timer timer; /* 0 unless it is one */
    bool is_void;    /* its side has closed meanwhile */
};

struct net_host {
    bool down;
    bool paused;
    struct net_held *held; /* first in first out from `held_first` */
    uint32_t held_first;
    uint32_t held_count; /* end of the array, not the difference */
    uint32_t held_capacity;
};

struct net_pair {
    uint32_t from;
    uint32_t to;
    uint32_t depth;
};

struct net_network {
    uint32_t *member_of; /* by host; NET_NO_MEMBER */
    uint32_t member_of_count;
    uint32_t *hosts; /* by member */
    uint32_t host_count;
    uint64_t bandwidth_bps;
    uint64_t backbone_bps;
    bool has_backbone;
    int64_t latency_ns;
    uint64_t window_bytes;
    uint64_t initial_window_bytes;
    uint32_t loss_ppm;
    int64_t jitter_ns;     /* 0: none */
    uint64_t jitter_state; /* of its generator */
    uint32_t clogged;      /* depth */
    uint64_t path_bps;     /* min(window, loss): recomputed when one of its inputs changes */
    uint32_t blocked_all;
    uint32_t *blocked_from; /* by member: depth of (member, any) */
    uint32_t *blocked_to;   /* by member: depth of (any, member) */
    struct net_pair *blocked_pairs;
    uint32_t blocked_pair_count;
    uint32_t blocked_pair_capacity;
    bool *refuses;       /* by member */
    struct net_use *use; /* by member */
};

struct net_background_flow {
    uint32_t flow;
    uint64_t applied_bps;
};

struct net_background_state {
    struct net_background what;
    bool active;
    struct net_background_flow *flows;
    uint64_t moved_bytes; /* of chunks that are finished */
};

struct net_core {
    struct net base; /* first */
    struct net_solver *solver;
    const struct net_solver_ops *solver_ops;
    struct net_queue queue;
    int64_t now_ns;
    bool running;
    bool stop;
    uint32_t moving; /* connections' flows with a rate above 0: they keep the loop running */
    uint32_t open_connections;

    struct net_host *hosts;
    uint32_t host_count;
    struct net_network *networks;
    uint32_t network_count;

    struct net_connection *connections;
    uint32_t connection_count;
    uint32_t connection_capacity;
    uint32_t connection_free; /* first in the list of free slots, NET_NO_SEGMENT at its end */
    struct net_segment *segments;
    uint32_t segment_count;
    uint32_t segment_capacity;
    uint32_t segment_free;
    struct net_timer_slot *timers;
    uint32_t timer_count;
    uint32_t timer_capacity;
    uint32_t timer_free;
    struct net_background_state *background;
    uint32_t background_count;
    uint32_t background_capacity;
};

static inline struct net_core *net_core_of(struct net *net)
{
    return (struct net_core *)net;
}

static inline enum net_side net_other(enum net_side side)
{
    return side == NET_INITIATOR ? NET_ACCEPTOR : NET_INITIATOR;
}

/* ---- core.c ---- */

struct net_network *net_core_network(struct net_core *core, uint32_t network); /* checked */
uint32_t net_core_member(const struct net_network *network, uint32_t host);    /* checked */
struct net_host *net_core_host(struct net_core *core, uint32_t host);          /* checked */
/* The use counters of a host on a network. */
struct net_use *net_core_use(struct net_core *core, uint32_t network, uint32_t host);

/* ---- loop.c ---- */

enum net_run_result net_loop_run(struct net *net, net_handler *handler, void *context);
void net_loop_stop(struct net *net);
/* The solver's report. */
void net_loop_flow_done(void *context, uint64_t owner);
/* Queues an event of a connection for one of its sides, now. */
void net_core_emit(
    struct net_core *core, net_conn conn, enum net_side side, enum net_event_kind kind);

/* A side has closed: what waits for it at a paused host is void. */
void net_loop_forget(struct net_core *core, net_conn conn, enum net_side side);

/* ---- timer.c ---- */

net_timer net_timer_arm(struct net *net, uint32_t host, int64_t when_ns, uint64_t cookie);
bool net_timer_disarm(struct net *net, net_timer timer);
bool net_timer_is_armed(const struct net_core *core, net_timer timer);
/* An armed one has fired: its number is over. */
void net_timer_fired(struct net_core *core, net_timer timer);
void net_core_drop_timers(struct net_core *core, uint32_t host);

/* ---- conn.c ---- */

/* The connection, or NULL when that number is over. */
struct net_connection *net_conn_find(const struct net_core *core, net_conn conn);
/* The same for one that must not be over: the core's own work. */
struct net_connection *net_conn_must(const struct net_core *core, net_conn conn);
net_conn net_conn_name(const struct net_core *core, uint32_t slot); /* of a slot in use */
bool net_conn_in_use(const struct net_core *core, uint32_t slot);
net_conn
net_conn_open(struct net_core *core, uint32_t network, uint32_t from, uint32_t to, uint64_t cookie);
bool net_conn_send(
    struct net_core *core, net_conn conn, enum net_side side, uint64_t bytes, uint64_t cookie);
bool net_conn_close(struct net_core *core, net_conn conn, enum net_side side);
/* Breaks it: both ends that know of it get NET_RESET. */
void net_conn_reset(struct net_core *core, net_conn conn);
/* Breaks it at the initiator's end; what had left it arrives `delay_ns` later, then a reset. */
void net_conn_stray(struct net_core *core, net_conn conn, int64_t delay_ns);
/* Forgets a connection that nothing can happen to any more. */
void net_conn_reap(struct net_core *core, net_conn conn);
/* The host of this side crashed. */
void net_conn_crash(struct net_core *core, net_conn conn, enum net_side side);
/* The front of a wire arrives; true: event_out is for the handler. */
bool net_conn_arrive(
    struct net_core *core, net_conn conn, enum net_side sender, struct net_event *event_out);
/* Fills in what every event of a connection carries. */
struct net_event net_conn_event(
    const struct net_core *core, net_conn conn, enum net_side side, enum net_event_kind kind);

/* ---- direction.c ---- */

void net_direction_init(struct net_direction *direction, uint64_t initial_window_bytes);
/* Something it depends on has changed: cut, healed, rate, pause, host. */
void net_direction_refresh(struct net_core *core, net_conn conn, enum net_side sender);
void net_direction_queue(
    struct net_core *core, net_conn conn, enum net_side sender, const struct net_segment *segment);
/* Puts a segment of the protocol on the wire. */
void net_direction_wire(
    struct net_core *core, net_conn conn, enum net_side sender, enum net_segment_kind kind);
/* Forgets what has not left yet. */
void net_direction_drop_queue(struct net_core *core, net_conn conn, enum net_side sender);
/* Forgets everything. */
void net_direction_drop_all(struct net_core *core, net_conn conn, enum net_side sender);
/* Takes the front off the wire, which must have one. */
struct net_segment net_direction_take(struct net_core *core, net_conn conn, enum net_side sender);
/* The message under way has left; true: event_out is the NET_SENT. */
bool net_direction_sent(
    struct net_core *core, net_conn conn, enum net_side sender, struct net_event *event_out);
void net_direction_retry(struct net_core *core, net_conn conn, enum net_side sender);
/* Arrivals under way are void; what is on the wire arrives from `earliest_ns` on, in its order. */
void net_direction_again(
    struct net_core *core, net_conn conn, enum net_side sender, int64_t earliest_ns);
void net_direction_slow_start(struct net_core *core, net_conn conn, enum net_side sender);

/* ---- fault.c ---- */

/* Whether packets get through at present: no block, and the receiving host is up. */
bool net_path_open(const struct net_core *core, uint32_t network, uint32_t from, uint32_t to);
/* What the cables permit: 0 if one of the links stands still. */
uint64_t net_path_link_bps(const struct net_network *network);
void net_path_recompute(struct net_network *network);
/* C-3 for a whole network, or for one host on all. */
void net_refresh_network(struct net_core *core, uint32_t network);
void net_refresh_host(struct net_core *core, uint32_t host);

void net_fault_bandwidth(struct net *net, uint32_t network, uint64_t bandwidth_bps);
void net_fault_backbone(struct net *net, uint32_t network, uint64_t backbone_bps);
void net_fault_latency(struct net *net, uint32_t network, int64_t latency_ns);
void net_fault_loss(struct net *net, uint32_t network, uint32_t loss_ppm);
void net_fault_block(struct net *net, uint32_t network, uint32_t from, uint32_t to);
void net_fault_unblock(struct net *net, uint32_t network, uint32_t from, uint32_t to);
void net_fault_reset(struct net *net, uint32_t network, uint32_t host_a, uint32_t host_b);
void net_fault_refuse(struct net *net, uint32_t network, uint32_t host, bool refuse);
void net_fault_host_down(struct net *net, uint32_t host);
void net_fault_host_up(struct net *net, uint32_t host);
void net_fault_host_pause(struct net *net, uint32_t host);
void net_fault_host_resume(struct net *net, uint32_t host);

/* ---- disorder.c ---- */

/* How much longer the next message takes. */
int64_t net_disorder_delay(struct net_network *network);
void net_disorder_jitter(struct net *net, uint32_t network, int64_t jitter_ns, uint64_t seed);
void net_disorder_clog(struct net *net, uint32_t network, bool clogged);
void net_disorder_stray(struct net *net, uint32_t network, int64_t delay_ns);

/* ---- background.c ---- */

uint32_t net_background_add(struct net *net, const struct net_background *what);
void net_background_remove(struct net *net, uint32_t id);
void net_background_refresh(struct net_core *core, uint32_t id);
/* The solver reported one of its flows: takes note. */
void net_background_done(struct net_core *core, uint64_t owner);
/* Carries that note out. */
void net_background_restart(struct net_core *core, uint64_t owner);
/* Bytes moved on a network by host (or all) so far. */
uint64_t net_background_bytes(const struct net_core *core, uint32_t network, uint32_t host);
void net_background_deinit(struct net_core *core);

#endif
