/* SPDX-License-Identifier: Apache-2.0 */
/*
 * light.c -- the light solver: max-min fair sharing in integers, for exploring, fuzzing and chaos.
 *
 * Rates are whole bits per second; what remains of a flow is counted in bits times 10^9, so that
 * rate times nanoseconds is exact and no rounding accumulates. A share is rounded down: at most one
 * bit per second and flow of a link stays unused.
 *
 * A change marks the links it touches. Before the next question the marked links' connected
 * component (all flows that share a link with them, and so on) is filled anew: every flow not fixed
 * gets the smallest fair share of any link; flows bounded below it are fixed at their bound first.
 * Flows whose rate comes out unchanged are not touched, so the order of the calls leaves no trace
 * in them.
 *
 * Invariants
 * - L-1 A flow with bound 0 is on no link and not in the heap.
 * - L-2 The heap holds the flows with a finish before NET_NEVER, ordered by (finish, start
 * sequence).
 */
#include "sim/net/memory.h"
#include "sim/net/net.h"
#include "sim/net/solver.h"

#include <stddef.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 wide;

#define LINKS_MAX   3
#define NOT_IN_HEAP UINT32_MAX
#define BIT_NS      UINT64_C(1000000000) /* one bit in units of `remaining` */

struct flow {
    uint64_t owner;
    uint64_t sequence;
    uint64_t bound_bps;
    uint64_t rate_bps;
    wide remaining; /* bits times 10^9, as of settled_ns */
    int64_t settled_ns;
    int64_t finish_ns;
    uint32_t link[LINKS_MAX];
    uint32_t link_count;
    uint32_t before[LINKS_MAX]; /* neighbours in each link's list, as flow * LINKS_MAX + place */
    uint32_t after[LINKS_MAX];
    uint32_t heap_at;
    uint32_t next_free;
    uint64_t visit;
    bool linked;
    bool fixed;
};

struct link {
    uint64_t capacity_bps;
    uint64_t left_bps; /* while filling */
    uint32_t first;    /* flow * LINKS_MAX + place, NET_NO_FLOW at the end */
    uint32_t unfixed;
    uint64_t visit;
    bool dirty;
};

struct net_solver {
    net_flow_done *done;
    void *context;
    int64_t now_ns;
    uint64_t visit;
    uint64_t next_sequence;
    uint32_t *first_link; /* by network: backbone, then up and down of each member */
    uint32_t *member_count;
    uint32_t network_count;
    bool *has_backbone;
    struct link *links;
    uint32_t link_count;
    uint32_t *dirty;
    uint32_t dirty_count;
    struct flow *flows;
    uint32_t flow_count;
    uint32_t flow_capacity;
    uint32_t flow_free;
    uint32_t *heap;
    uint32_t heap_count;
    uint32_t heap_capacity;
    uint32_t *component_links; /* scratch: of the component being filled */
    uint32_t component_link_count;
    uint32_t *component_flows;
    uint32_t component_flow_count;
    uint32_t component_flow_capacity;
};

/* ---- heap ---- */

static bool sooner(const struct net_solver *solver, uint32_t a, uint32_t b)
{
    const struct flow *x = &solver->flows[a];
    const struct flow *y = &solver->flows[b];
    return x->finish_ns != y->finish_ns ? x->finish_ns < y->finish_ns : x->sequence < y->sequence;
}

static void heap_place(struct net_solver *solver, uint32_t at, uint32_t flow)
{
    solver->heap[at] = flow;
    solver->flows[flow].heap_at = at;
}

/* Finds the place of `flow`, starting from the hole at `at`. */
static void heap_sift(struct net_solver *solver, uint32_t at, uint32_t flow)
{
    while (at > 0 && sooner(solver, flow, solver->heap[(at - 1) / 2])) {
        heap_place(solver, at, solver->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= solver->heap_count) {
            break;
        }
        if (child + 1 < solver->heap_count &&
            sooner(solver, solver->heap[child + 1], solver->heap[child])) {
            child++;
        }
        if (!sooner(solver, solver->heap[child], flow)) {
            break;
        }
        heap_place(solver, at, solver->heap[child]);
        at = child;
    }
    heap_place(solver, at, flow);
}

static void heap_remove(struct net_solver *solver, uint32_t flow)
{
    uint32_t at = solver->flows[flow].heap_at;
    if (at == NOT_IN_HEAP) {
        return;
    }
    solver->flows[flow].heap_at = NOT_IN_HEAP;
    solver->heap_count--;
    if (at < solver->heap_count) {
        heap_sift(solver, at, solver->heap[solver->heap_count]);
    }
}

static void heap_update(struct net_solver *solver, uint32_t flow)
{
    struct flow *what = &solver->flows[flow];
    if (what->finish_ns == NET_NEVER) {
        heap_remove(solver, flow);
        return;
    }
    if (what->heap_at == NOT_IN_HEAP) {
        solver->heap = net_grow(
            solver->heap, &solver->heap_capacity, solver->heap_count + 1, sizeof(*solver->heap));
        what->heap_at = solver->heap_count;
        solver->heap_count++;
    }
    heap_sift(solver, what->heap_at, flow);
}

/* ---- links ---- */

static void mark(struct net_solver *solver, uint32_t link)
{
    if (!solver->links[link].dirty) {
        solver->links[link].dirty = true;
        solver->dirty[solver->dirty_count] = link;
        solver->dirty_count++;
    }
}

static void link_flow(struct net_solver *solver, uint32_t flow)
{
    struct flow *what = &solver->flows[flow];
    for (uint32_t place = 0; place < what->link_count; place++) {
        struct link *link = &solver->links[what->link[place]];
        uint32_t entry = flow * LINKS_MAX + place;
        what->before[place] = NET_NO_FLOW;
        what->after[place] = link->first;
        if (link->first != NET_NO_FLOW) {
            solver->flows[link->first / LINKS_MAX].before[link->first % LINKS_MAX] = entry;
        }
        link->first = entry;
        mark(solver, what->link[place]);
    }
    what->linked = true;
}

static void unlink_flow(struct net_solver *solver, uint32_t flow)
{
    struct flow *what = &solver->flows[flow];
    for (uint32_t place = 0; what->linked && place < what->link_count; place++) {
        uint32_t before = what->before[place];
        uint32_t after = what->after[place];
        if (before == NET_NO_FLOW) {
            solver->links[what->link[place]].first = after;
        } else {
            solver->flows[before / LINKS_MAX].after[before % LINKS_MAX] = after;
        }
        if (after != NET_NO_FLOW) {
            solver->flows[after / LINKS_MAX].before[after % LINKS_MAX] = before;
        }
        mark(solver, what->link[place]);
    }
    what->linked = false;
}

/* ---- rates ---- */

static void settle(struct net_solver *solver, struct flow *flow)
{
    wide moved = (wide)flow->rate_bps * (uint64_t)(solver->now_ns - flow->settled_ns);
    flow->remaining = moved < flow->remaining ? flow->remaining - moved : 0;
    flow->settled_ns = solver->now_ns;
}

static void set_flow_rate(struct net_solver *solver, uint32_t flow, uint64_t rate_bps)
{
    struct flow *what = &solver->flows[flow];
    if (what->rate_bps == rate_bps) {
        return;
    }
    settle(solver, what);
    what->rate_bps = rate_bps;
    what->finish_ns = NET_NEVER;
    if (rate_bps > 0) {
        wide needed_ns = (what->remaining + rate_bps - 1) / rate_bps;
        if (needed_ns < (wide)(NET_NEVER - solver->now_ns)) {
            what->finish_ns = solver->now_ns + (int64_t)needed_ns;
        }
    }
    heap_update(solver, flow);
}

static void component_add_link(struct net_solver *solver, uint32_t link)
{
    struct link *what = &solver->links[link];
    if (what->visit != solver->visit) {
        what->visit = solver->visit;
        what->left_bps = what->capacity_bps;
        what->unfixed = 0;
        solver->component_links[solver->component_link_count] = link;
        solver->component_link_count++;
    }
}

static void component_add_flow(struct net_solver *solver, uint32_t number)
{
    struct flow *flow = &solver->flows[number];
    if (flow->visit == solver->visit) {
        return;
    }
    flow->visit = solver->visit;
    flow->fixed = false;
    solver->component_flows[solver->component_flow_count] = number;
    solver->component_flow_count++;
    for (uint32_t place = 0; place < flow->link_count; place++) {
        component_add_link(solver, flow->link[place]);
        solver->links[flow->link[place]].unfixed++;
    }
}

/* Everything that shares a link with `start`, directly or not. */
static void component_collect(struct net_solver *solver, uint32_t start)
{
    component_add_link(solver, start);
    for (uint32_t i = 0; i < solver->component_link_count; i++) {
        uint32_t entry = solver->links[solver->component_links[i]].first;
        while (entry != NET_NO_FLOW) {
            component_add_flow(solver, entry / LINKS_MAX);
            entry = solver->flows[entry / LINKS_MAX].after[entry % LINKS_MAX];
        }
    }
}

static void fix(struct net_solver *solver, uint32_t flow, uint64_t rate_bps)
{
    struct flow *what = &solver->flows[flow];
    what->fixed = true;
    for (uint32_t place = 0; place < what->link_count; place++) {
        solver->links[what->link[place]].left_bps -= rate_bps;
        solver->links[what->link[place]].unfixed--;
    }
    set_flow_rate(solver, flow, rate_bps);
}

static uint64_t smallest_share(const struct net_solver *solver)
{
    uint64_t share = NET_UNLIMITED;
    for (uint32_t i = 0; i < solver->component_link_count; i++) {
        const struct link *link = &solver->links[solver->component_links[i]];
        if (link->unfixed > 0 && link->left_bps / link->unfixed < share) {
            share = link->left_bps / link->unfixed;
        }
    }
    return share;
}

static bool on_bottleneck(const struct net_solver *solver, const struct flow *flow, uint64_t share)
{
    for (uint32_t place = 0; place < flow->link_count; place++) {
        const struct link *link = &solver->links[flow->link[place]];
        if (link->left_bps / link->unfixed == share) {
            return true;
        }
    }
    return false;
}

/* One level of the filling: fixes the flows bounded at or below the smallest share or, without any,
 * those of the links which give no more than it. Returns how many it fixed. */
static uint32_t fill_level(struct net_solver *solver)
{
    uint64_t share = smallest_share(solver);
    uint32_t fixed = 0;
    for (uint32_t i = 0; i < solver->component_flow_count; i++) {
        const struct flow *flow = &solver->flows[solver->component_flows[i]];
        if (!flow->fixed && flow->bound_bps <= share) {
            fix(solver, solver->component_flows[i], flow->bound_bps);
            fixed++;
        }
    }
    if (fixed > 0) {
        return fixed;
    }
    for (uint32_t i = 0; i < solver->component_flow_count; i++) {
        const struct flow *flow = &solver->flows[solver->component_flows[i]];
        if (!flow->fixed && on_bottleneck(solver, flow, share)) {
            fix(solver, solver->component_flows[i], share);
            fixed++;
        }
    }
    return fixed;
}

static void resolve(struct net_solver *solver)
{
    if (solver->dirty_count == 0) {
        return;
    }
    solver->component_flows = net_grow(
        solver->component_flows,
        &solver->component_flow_capacity,
        solver->flow_count,
        sizeof(*solver->component_flows));
    solver->visit++;
    for (uint32_t i = 0; i < solver->dirty_count; i++) {
        solver->links[solver->dirty[i]].dirty = false;
        if (solver->links[solver->dirty[i]].visit == solver->visit) {
            continue; /* in a component that is done */
        }
        solver->component_link_count = 0;
        solver->component_flow_count = 0;
        component_collect(solver, solver->dirty[i]);
        uint32_t left = solver->component_flow_count;
        while (left > 0) {
            left -= fill_level(solver);
        }
    }
    solver->dirty_count = 0;
}

/* ---- the solver's calls ---- */

static int64_t light_next(struct net_solver *solver)
{
    resolve(solver);
    return solver->heap_count == 0 ? NET_NEVER : solver->flows[solver->heap[0]].finish_ns;
}

static void release(struct net_solver *solver, uint32_t flow)
{
    unlink_flow(solver, flow);
    heap_remove(solver, flow);
    solver->flows[flow].next_free = solver->flow_free;
    solver->flow_free = flow;
}

/* Time moves to now_ns. By S-1 next() was asked since the last change, so all rates are those of
 * the time that ends here. */
static void at(struct net_solver *solver, int64_t now_ns)
{
    net_require(now_ns == solver->now_ns || solver->dirty_count == 0, "time moved unasked");
    solver->now_ns = now_ns;
}

static void light_advance(struct net_solver *solver, int64_t now_ns)
{
    at(solver, now_ns);
    while (solver->heap_count > 0 && solver->flows[solver->heap[0]].finish_ns <= now_ns) {
        uint32_t flow = solver->heap[0];
        uint64_t owner = solver->flows[flow].owner;
        release(solver, flow);
        solver->done(solver->context, owner);
    }
}

static uint32_t
light_start(struct net_solver *solver, int64_t now_ns, const struct net_flow_request *request)
{
    at(solver, now_ns);
    uint32_t flow = solver->flow_free;
    if (flow == NET_NO_FLOW) {
        flow = solver->flow_count;
        net_require(flow < UINT32_MAX / LINKS_MAX - 1, "too many flows");
        solver->flows =
            net_grow(solver->flows, &solver->flow_capacity, flow + 1, sizeof(*solver->flows));
        solver->flow_count++;
    } else {
        solver->flow_free = solver->flows[flow].next_free;
    }
    uint32_t first = solver->first_link[request->network];
    struct flow *what = &solver->flows[flow];
    *what = (struct flow){
        .owner = request->owner,
        .sequence = solver->next_sequence,
        .bound_bps = request->rate_bps,
        .remaining = (wide)request->bytes * 8 * BIT_NS,
        .settled_ns = now_ns,
        .finish_ns = NET_NEVER,
        .link = {first + 1 + 2 * request->from_member, first + 2 + 2 * request->to_member, first},
        .link_count = solver->has_backbone[request->network] ? 3 : 2,
        .heap_at = NOT_IN_HEAP,
    };
    solver->next_sequence++;
    if (request->rate_bps > 0) {
        link_flow(solver, flow);
    }
    return flow;
}

static void
light_set_rate(struct net_solver *solver, int64_t now_ns, uint32_t flow, uint64_t rate_bps)
{
    at(solver, now_ns);
    struct flow *what = &solver->flows[flow];
    what->bound_bps = rate_bps;
    if (rate_bps == 0) {
        set_flow_rate(solver, flow, 0);
        unlink_flow(solver, flow);
    } else if (!what->linked) {
        link_flow(solver, flow);
    } else {
        mark(solver, what->link[0]);
    }
}

static void light_cancel(struct net_solver *solver, int64_t now_ns, uint32_t flow)
{
    at(solver, now_ns);
    release(solver, flow);
}

static uint64_t light_remaining(struct net_solver *solver, int64_t now_ns, uint32_t flow)
{
    at(solver, now_ns);
    struct flow *what = &solver->flows[flow];
    wide moved = (wide)what->rate_bps * (uint64_t)(now_ns - what->settled_ns);
    wide left = moved < what->remaining ? what->remaining - moved : 0;
    return (uint64_t)((left + (wide)8 * BIT_NS - 1) / ((wide)8 * BIT_NS));
}

static void light_set_bandwidth(
    struct net_solver *solver, int64_t now_ns, uint32_t network, uint64_t bandwidth_bps)
{
    at(solver, now_ns);
    uint32_t first = solver->first_link[network];
    for (uint32_t i = 1; i <= 2 * solver->member_count[network]; i++) {
        solver->links[first + i].capacity_bps = bandwidth_bps;
        mark(solver, first + i);
    }
}

static void light_set_backbone(
    struct net_solver *solver, int64_t now_ns, uint32_t network, uint64_t backbone_bps)
{
    at(solver, now_ns);
    solver->links[solver->first_link[network]].capacity_bps = backbone_bps;
    mark(solver, solver->first_link[network]);
}

/* ---- lifetime ---- */

static void light_destroy(struct net_solver *solver)
{
    free(solver->first_link);
    free(solver->member_count);
    free(solver->has_backbone);
    free(solver->links);
    free(solver->dirty);
    free(solver->flows);
    free(solver->heap);
    free(solver->component_links);
    free(solver->component_flows);
    free(solver);
}

static const struct net_solver_ops light_ops = {
    .destroy = light_destroy,
    .next = light_next,
    .advance = light_advance,
    .start = light_start,
    .set_rate = light_set_rate,
    .cancel = light_cancel,
    .remaining = light_remaining,
    .set_bandwidth = light_set_bandwidth,
    .set_backbone = light_set_backbone,
};

static void light_topology(struct net_solver *solver, const struct net_config *config)
{
    solver->network_count = config->network_count;
    solver->first_link = net_zeroed(config->network_count, sizeof(uint32_t));
    solver->member_count = net_zeroed(config->network_count, sizeof(uint32_t));
    solver->has_backbone = net_zeroed(config->network_count, sizeof(bool));
    for (uint32_t i = 0; i < config->network_count; i++) {
        solver->first_link[i] = solver->link_count;
        solver->member_count[i] = config->networks[i].host_count;
        solver->has_backbone[i] = config->networks[i].backbone_bps != 0;
        solver->link_count += 1 + 2 * config->networks[i].host_count;
    }
    solver->links = net_zeroed(solver->link_count, sizeof(struct link));
    solver->dirty = net_zeroed(solver->link_count, sizeof(uint32_t));
    solver->component_links = net_zeroed(solver->link_count, sizeof(uint32_t));
    for (uint32_t i = 0; i < config->network_count; i++) {
        struct link *links = &solver->links[solver->first_link[i]];
        links[0].capacity_bps = config->networks[i].backbone_bps;
        links[0].first = NET_NO_FLOW;
        for (uint32_t k = 1; k <= 2 * config->networks[i].host_count; k++) {
            links[k].capacity_bps = config->networks[i].bandwidth_bps;
            links[k].first = NET_NO_FLOW;
        }
    }
}

struct net *net_create_light(const struct net_config *config)
{
    net_core_check_config(config);
    struct net_solver *solver = net_zeroed(1, sizeof(*solver));
    solver->flow_free = NET_NO_FLOW;
    light_topology(solver, config);
    struct net_solver_binding binding = {
        .solver = solver,
        .ops = &light_ops,
        .done_slot = &solver->done,
        .context_slot = &solver->context,
    };
    return net_core_create(config, &binding);
}
