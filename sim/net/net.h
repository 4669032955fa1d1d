/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h -- the simulated network: hosts, networks, connections, faults, timers and the one event
 * loop.
 *
 * Two implementations stand behind it: net_create_simgrid() (bandwidth sharing by SimGrid) and
 * net_create_light() (an integer max-min solver of our own: fast, for exploring and fuzzing). They
 * promise the same contract, which one set of tests checks on both; they agree to the nanosecond
 * wherever no bandwidth is shared, and to about a part in a million where it is.
 *
 * What is modelled
 * - Every member of a network has a full-duplex cable: an up link and a down link of bandwidth_bps.
 *   A network may have a backbone which all its flows share. Shares are max-min fair per
 * connection.
 * - Bandwidth is goodput: no header is charged. Latency is one way, added after the last byte left.
 * - A connection is a TCP connection: per direction first in first out, one message serialised at a
 *   time, its rate bounded by min(caller's cap, window / RTT, loss formula, slow start).
 * - An outage loses packets and tells nobody. A transfer that was hit stands still, tries again
 * when its retransmission time-out fires (doubling, as in RFC 6298) and goes on; nothing is lost
 *   while the connection lives. What was in flight is delivered one latency after that retry.
 * - Acknowledgements are not modelled: a one-way block stops the payload of that way alone.
 * - Messages of at most NET_SMALL_BYTES do not compete for bandwidth: they take bytes / rate. They
 *   obey order, caps, outages and rate 0 like all others.
 *
 * Invariants
 * - N-1 Events come in order of (time, class, host, stream, sequence). The same calls give the same
 *   events, bit for bit. Time never runs backwards.
 * - N-2 Every message of a living connection is delivered at most once, and in order per direction.
 * - N-3 The handler is never called from inside another call of this interface but net_run().
 * - N-4 A host that is down or paused gets no event.
 *
 * Misuse (an index out of range, a time in the past, a host that is no member) is a bug of the
 * caller and aborts with a message. Calls on a connection that is over are no bug (its end may be
 * under way to the caller) and return false.
 */
#ifndef FERRY_SIM_NET_NET_H
#define FERRY_SIM_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* No limit: for rates, bandwidths of a backbone. (0 is a legal rate: nothing moves.) */
#define NET_UNLIMITED UINT64_MAX
/* Every host of the network, for block and reset. */
#define NET_ANY_HOST UINT32_MAX
/* Owner of timers that belong to the world and not to a host: neither crash nor pause holds them.
 */
#define NET_NO_HOST UINT32_MAX
/* Every network, for reset and refuse. */
#define NET_ANY_NETWORK UINT32_MAX
/* Never a valid connection. */
#define NET_NO_CONN UINT64_C(0)
/* Largest message that does not go through the bandwidth solver: a control message, not payload. */
#define NET_SMALL_BYTES UINT64_C(4096)
/* TCP segment: 1500 bytes of Ethernet payload less IP and TCP headers; used by loss and slow start.
 */
#define NET_SEGMENT_BYTES UINT64_C(1460)
/* The usual initial window, ten segments (RFC 6928): a value for net_network_config. */
#define NET_INITIAL_WINDOW_BYTES (10 * NET_SEGMENT_BYTES)
/* First retransmission time-out: max(this, 4 RTT); it doubles up to NET_RTO_MAX_NS. */
#define NET_RTO_MIN_NS INT64_C(200000000)
#define NET_RTO_MAX_NS INT64_C(60000000000)
/* First time-out of a connection attempt whose packets vanished; it doubles as well (RFC 6298). */
#define NET_CONNECT_RTO_NS INT64_C(1000000000)

struct net; /* opaque */

typedef uint64_t net_conn;  /* one connection; never reused within a run */
typedef uint64_t net_timer; /* one armed timer; never reused within a run */

/* The two ends of a connection. A direction is named by the side that sends. */
enum net_side {
    NET_INITIATOR = 0,
    NET_ACCEPTOR = 1,
};

/* ---- topology ---- */

struct net_network_config {
    const uint32_t *hosts;         /* members, each once */
    uint32_t host_count;           /* at least 1 */
    uint64_t bandwidth_bps;        /* bits per second of each cable and direction; 0 is legal */
    uint64_t backbone_bps;         /* bits per second all flows share; 0: there is no backbone */
    int64_t latency_ns;            /* one way, between any two members; >= 0 */
    uint64_t window_bytes;         /* TCP window: rate <= window / RTT; 0: unlimited */
    uint64_t initial_window_bytes; /* slow start begins with this much per RTT; 0: no slow start */
    uint32_t loss_ppm;             /* random packet loss, as a bound on the rate; <= 1000000 */
};

struct net_config {
    uint32_t host_count; /* hosts are 0 .. host_count - 1 */
    const struct net_network_config *networks;
    uint32_t network_count; /* networks are 0 .. network_count - 1 */
};

/* ---- events ---- */

enum net_event_kind {
    NET_TIMER = 1,      /* a timer is due (host: its owner; cookie: the timer's) */
    NET_CONNECTED,      /* at the initiator, one RTT after net_connect() */
    NET_ACCEPTED,       /* at the acceptor, half an RTT after net_connect(): new for it */
    NET_CONNECT_FAILED, /* at the initiator: refused. Unreachable is silence: no event at all */
    NET_SENT,           /* at the sender: the last byte left; no acknowledgement by anybody */
    NET_DELIVERED,      /* at the receiver: the message is complete */
    NET_CLOSED,         /* at the side which did not close; what the peer had sent came before */
    NET_RESET,          /* the connection is broken; what was on its way is lost */
};

/* CONNECT_FAILED, CLOSED and RESET are the last event of a connection at that side; after
 * net_close() there is none at that side. */
struct net_event {
    enum net_event_kind kind;
    enum net_side side; /* which end of the connection this event is for */
    int64_t now_ns;     /* equals net_now() */
    net_conn conn;      /* NET_NO_CONN for timers */
    uint32_t host;      /* the host this event is for; NET_NO_HOST for a timer of the world */
    uint32_t peer;      /* the other host of the connection */
    uint32_t network;   /* the connection's */
    uint64_t bytes;     /* SENT, DELIVERED: of the message */
    uint64_t cookie;    /* TIMER, SENT, DELIVERED: its own; else the one given to net_connect() */
};

/* Called for each event. May call everything but net_run() and net_destroy(). false: net_run()
 * returns after this event (events left stay where they are, net_run() may be called again). */
typedef bool net_handler(void *context, const struct net_event *event);

enum net_run_result {
    NET_RUN_IDLE = 1, /* nothing is left that would give an event without another call */
    NET_RUN_STOPPED,  /* the handler returned false or somebody called net_stop() */
};

/* ---- lifetime ---- */

/* The fast implementation: any number in a process, independent of each other. */
struct net *net_create_light(const struct net_config *config);

/* The one over SimGrid: once in a process, NULL the second time (SimGrid permits one engine). */
struct net *net_create_simgrid(const struct net_config *config);

/* Does the part of net_create_simgrid() that depends on no topology, so that a parent may pay for
 * it once and fork for each run. Optional; twice is fine. */
void net_simgrid_prepare(void);

void net_destroy(struct net *net); /* NULL is fine */

/* ---- the loop ---- */

/* Dispatches events until idle or stopped. Background traffic alone does not keep it running. */
enum net_run_result net_run(struct net *net, net_handler *handler, void *context);

/* Makes net_run() return after the current event; without effect outside of it. */
void net_stop(struct net *net);

/* Virtual time; 0 at creation. */
int64_t net_now(const struct net *net);

/* Arms a timer for `host` (or NET_NO_HOST) at when_ns >= net_now(). A crash of the host discards
 * it, a pause holds it back. */
net_timer net_timer_at(struct net *net, uint32_t host, int64_t when_ns, uint64_t cookie);

/* Disarms; false: it has fired, was discarded or disarmed already. Time does not advance to a
 * disarmed timer, nor does it keep net_run() going. */
bool net_timer_cancel(struct net *net, net_timer timer);

/* ---- connections ---- */

/* Opens a connection; `from` must be up, both must be members of the network and differ. An attempt
 * whose packets vanish is repeated after NET_CONNECT_RTO_NS, doubling, as long as nobody closes it:
 * the caller decides how long to wait. */
net_conn
net_connect(struct net *net, uint32_t network, uint32_t from, uint32_t to, uint64_t cookie);

/* Queues a message (bytes may be 0) from `side`. Before the connection stands at that side it
 * waits. false: the connection is over at this side, nothing was queued and no event comes. */
bool net_send(struct net *net, net_conn conn, enum net_side side, uint64_t bytes, uint64_t cookie);

/* Caps what `side` sends on this connection, from now on, also the message under way. 0 holds it,
 * NET_UNLIMITED takes the cap away. false: the connection is over at this side. */
bool net_set_rate(struct net *net, net_conn conn, enum net_side side, uint64_t bytes_per_second);

/* Bytes that `side` queued and that have not left yet, also those of the message under way; 0 for one that is over. */
uint64_t net_unsent_bytes(const struct net *net, net_conn conn, enum net_side side);

/* Closes from `side`: its messages not yet NET_SENT are dropped, the others still arrive, then the
 * peer gets NET_CLOSED. The closing side gets nothing more. false: it is over already, and the
 * event which says so may still be under way to it. */
bool net_close(struct net *net, net_conn conn, enum net_side side);

/* ---- changes and faults: effective at once, at any time ---- */

void net_set_bandwidth(struct net *net, uint32_t network, uint64_t bandwidth_bps);
/* Only for a network created with a backbone. */
void net_set_backbone(struct net *net, uint32_t network, uint64_t backbone_bps);
/* For what leaves from now on; an earlier message is never overtaken by a later one. */
void net_set_latency(struct net *net, uint32_t network, int64_t latency_ns);
void net_set_loss(struct net *net, uint32_t network, uint32_t loss_ppm);
/* Everything that leaves from now on takes up to jitter_ns longer, drawn anew each time from `seed`;
 * messages of one direction of a connection stay in order. 0: no more. */
void net_set_jitter(struct net *net, uint32_t network, int64_t jitter_ns, uint64_t seed);

/* From now on what is on its way, and what leaves, waits inside the network; nothing is lost, and
 * nobody sends anything again. net_unclog() lets it go, and it arrives one latency later. Clogs
 * nest. */
void net_clog(struct net *net, uint32_t network);
void net_unclog(struct net *net, uint32_t network);

/* Breaks the connections of the network at the initiators' end alone: those get NET_RESET now. What
 * had left them arrives delay_ns from now, and after it the acceptor gets its NET_RESET. A connection
 * that does not stand, or whose path is cut, breaks as with net_reset(). */
void net_stray(struct net *net, uint32_t network, int64_t delay_ns);

/* From now on packets of `from` to `to` vanish, also those in flight; nobody is told. Either may be
 * NET_ANY_HOST. Blocks nest: each needs its own net_unblock() with the same arguments. One way:
 * call twice for both. */
void net_block(struct net *net, uint32_t network, uint32_t from, uint32_t to);
void net_unblock(struct net *net, uint32_t network, uint32_t from, uint32_t to);

/* Breaks the connections between a and b (either may be NET_ANY_HOST) on the network (or
 * NET_ANY_NETWORK), attempts included: both ends get NET_RESET now, also while blocked. */
void net_reset(struct net *net, uint32_t network, uint32_t host_a, uint32_t host_b);

/* While `refuse`, the host answers attempts on the network (or NET_ANY_NETWORK) with a refusal. */
void net_set_refuse(struct net *net, uint32_t network, uint32_t host, bool refuse);

/* Crash: the host's timers, connections and unsent messages vanish without a word; what had left it
 * (NET_SENT) still arrives, unless a cut meets it: nobody sends it again. Its peers see silence. */
void net_host_down(struct net *net, uint32_t host);
/* Boots again, without any connection, not paused. A peer that sends on an old one, or whose
 * transfer the crash interrupted, gets NET_RESET one RTT after it tries (again). */
void net_host_up(struct net *net, uint32_t host);
/* Freezes the host's programs: no event for it, what it sends stands still. Its kernel lives: what
 * is sent to it arrives and waits, attempts are accepted. Twice is as once. */
void net_host_pause(struct net *net, uint32_t host);
/* Delivers what waited, in its order, at the present time, and lets its transfers go on. Without
 * effect on a host that is not paused (a crash ends a pause). */
void net_host_resume(struct net *net, uint32_t host);
bool net_host_is_up(const struct net *net, uint32_t host);

/* ---- background traffic: others' flows, which compete for bandwidth ---- */

struct net_background {
    uint32_t network;
    uint32_t from;
    uint32_t to;
    uint32_t flows;            /* that many competing flows, at least 1 */
    uint64_t bytes_per_second; /* of all of them together; NET_UNLIMITED: greedy */
};

/* Starts it and returns its id. Blocks, crashes and pauses hold it; it goes on at once after. */
uint32_t net_background_start(struct net *net, const struct net_background *background);
/* Stops it; once only. */
void net_background_stop(struct net *net, uint32_t id);

/* ---- counters, since creation ---- */

struct net_use {
    uint64_t sent_bytes;       /* of messages, when they have left (NET_SENT) */
    uint64_t delivered_bytes;  /* of messages, when they arrived (NET_DELIVERED) */
    uint64_t background_bytes; /* moved by background flows */
    uint64_t connections;      /* attempts made */
    uint64_t stalls;           /* transfers or attempts hit by an outage */
};

/* What one member sent (sent, connections, background) and received (delivered) on a network, or
 * all of them with NET_ANY_HOST: the difference between two readings is the use of the up and down
 * link. */
struct net_use net_use_of(const struct net *net, uint32_t network, uint32_t host);

/* ---- questions ---- */

uint64_t net_bandwidth_bps(const struct net *net, uint32_t network);
int64_t net_latency_ns(const struct net *net, uint32_t network);
/* Connections not yet over at both ends: 0 after a clean teardown. */
uint32_t net_open_connections(const struct net *net);

#ifdef __cplusplus
}
#endif
#endif
