/* SPDX-License-Identifier: Apache-2.0 */
/*
 * solver.h -- who shares bandwidth: the small door between the common network core and a solver.
 *
 * A solver knows networks of members with one up and one down link each and perhaps a backbone, and
 * flows over them. It knows no latency, no connection, no order and no fault: those are the core's.
 * Time comes in as integer nanoseconds; a solver that computes in floating point rounds in next().
 *
 * Invariants
 * - S-1 The core never moves time beyond next() without advance(), and asks next() after the last
 *   change of an instant before it moves time.
 * - S-2 The core gives rate 0 to every flow over a link of bandwidth 0, and sets the rates again
 * after each change of a bandwidth. So a solver never divides by a bandwidth of 0.
 * - S-3 A flow's number is free for reuse once it is cancelled or reported done.
 */
#ifndef FERRY_SIM_NET_SOLVER_H
#define FERRY_SIM_NET_SOLVER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* next() when nothing will be done by itself. */
#define NET_NEVER INT64_MAX
/* Never a flow. */
#define NET_NO_FLOW UINT32_MAX

struct net_solver; /* each implementation's own */

struct net_flow_request {
    uint32_t network;
    uint32_t from_member; /* position in the network's list of hosts */
    uint32_t to_member;
    uint64_t bytes;    /* at least 1 */
    uint64_t rate_bps; /* bound, bits per second; 0: stands still; NET_UNLIMITED */
    uint64_t owner;    /* given back when it is done */
};

/* Reports a flow that is done. Called from inside any solver call; must only take note. */
typedef void net_flow_done(void *context, uint64_t owner);

struct net_solver_ops {
    void (*destroy)(struct net_solver *solver);
    /* When the next flow is done if nothing changes; NET_NEVER. */
    int64_t (*next)(struct net_solver *solver);
    /* Time is now_ns: reports what is done by then. */
    void (*advance)(struct net_solver *solver, int64_t now_ns);
    uint32_t (*start)(
        struct net_solver *solver, int64_t now_ns, const struct net_flow_request *request);
    void (*set_rate)(struct net_solver *solver, int64_t now_ns, uint32_t flow, uint64_t rate_bps);
    void (*cancel)(struct net_solver *solver, int64_t now_ns, uint32_t flow);
    /* Bytes still to move, rounded up. */
    uint64_t (*remaining)(struct net_solver *solver, int64_t now_ns, uint32_t flow);
    void (*set_bandwidth)(
        struct net_solver *solver, int64_t now_ns, uint32_t network, uint64_t bandwidth_bps);
    void (*set_backbone)(
        struct net_solver *solver, int64_t now_ns, uint32_t network, uint64_t backbone_bps);
};

/* How a core is put together with a solver: the solver, its calls, and where it reports. */
struct net_solver_binding {
    struct net_solver *solver;
    const struct net_solver_ops *ops;
    net_flow_done **done_slot; /* the core stores its function and context here */
    void **context_slot;
};

struct net;
struct net_config;

/* Makes the common core over a solver, which it owns from then on. The topology must have been
 * checked with net_core_check_config(). */
struct net *
net_core_create(const struct net_config *config, const struct net_solver_binding *binding);

/* Aborts with a message unless the topology is sound. */
void net_core_check_config(const struct net_config *config);

#ifdef __cplusplus
}
#endif
#endif
