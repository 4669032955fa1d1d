/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simgrid.cpp -- the solver over SimGrid's CM02 model; the one C++ file, kept thin: flows and
 * bounds only.
 *
 * SimGrid shares bandwidth and nothing else. It runs without actors, and its clock follows the
 * core's: it is asked when the next flow will be done, and only moved when a flow starts, changes
 * or is done. So timers and small messages cost SimGrid nothing, and its peculiarities stay in
 * here:
 *
 * - A host is a host of SimGrid for each network it is in, on a star of one-way links, so that up
 * and down do not share; latency is 0 because propagation is the core's.
 * - A flow's rate is the bound of its action, set anew after each start: the bound that SimGrid
 *   sets itself is the bandwidth at the start, and would stay when the link gets faster.
 * - Bound 0 means unbounded to SimGrid: a flow with rate 0 is suspended.
 * - run_until() may stop a little early: it is called until the clock is there.
 * - A cancelled flow completes as well, perhaps twice: a flow forgets its communication first, and
 *   communications that are over are kept for two more moves of the clock.
 * - It also keeps its share until the engine's next round: it is suspended before it is cancelled.
 * - Only one engine can exist in a process.
 *
 * Rounding: SimGrid's doubles become integer nanoseconds in simgrid_next() and nowhere else.
 */
#include "sim/net/memory.h"
#include "sim/net/net.h"
#include "sim/net/solver.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <simgrid/kernel/resource/Action.hpp>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

namespace sg4 = simgrid::s4u;
using simgrid::kernel::resource::Action;
using simgrid::kernel::resource::Model;

namespace
{

constexpr double NS_PER_S = 1e9;
/* Capacity given to SimGrid for a link that stands still; no flow over it moves (S-2). */
constexpr double IDLE_LINK = 1.0;

struct flow {
    sg4::CommPtr comm; /* empty: free, or done */
    Action *action = nullptr;
    uint64_t owner = 0;
    bool suspended = false;
};

struct network {
    std::vector<sg4::Host *> members;
    std::vector<sg4::Link *> cables;
    sg4::Link *backbone = nullptr;
};

sg4::Engine *engine = nullptr;
bool engine_taken = false;

} // namespace

struct net_solver {
    net_flow_done *done = nullptr;
    void *context = nullptr;
    Model *model = nullptr;
    std::vector<network> networks;
    std::vector<flow> flows;
    std::vector<uint32_t> free_flows;
    std::vector<sg4::CommPtr> over[3]; /* by the move of the clock in which they ended, mod 3 */
    unsigned moves = 0;
    bool next_known = false;
    double next_date = 0; /* what next_ns was rounded from */
    int64_t next_ns = NET_NEVER;
};

namespace
{

double capacity(uint64_t bps)
{
    return bps == 0 ? IDLE_LINK : static_cast<double>(bps) / 8.0;
}

/* Runs SimGrid until `date`, at least one round of it. */
void run_to(net_solver *solver, double date)
{
    for (;;) {
        const double before = sg4::Engine::get_clock();
        engine->run_until(std::max(date, before));
        if (sg4::Engine::get_clock() >= date || sg4::Engine::get_clock() <= before) {
            break;
        }
    }
    solver->moves++;
    solver->over[solver->moves % 3].clear();
    solver->next_known = false;
}

/* Before a change: brings SimGrid's clock to now_ns, unless rounding has put it there or just after. */
void change(net_solver *solver, int64_t now_ns)
{
    const double now = static_cast<double>(now_ns) / NS_PER_S;
    if (now > sg4::Engine::get_clock()) {
        run_to(solver, now);
    }
    solver->next_known = false;
}

void apply_rate(flow &which, uint64_t rate_bps)
{
    if (rate_bps == 0) {
        if (!which.suspended) {
            which.action->suspend();
            which.suspended = true;
        }
        return;
    }
    if (which.suspended) {
        which.action->resume();
        which.suspended = false;
    }
    which.action->set_bound(rate_bps == NET_UNLIMITED ? -1.0 : static_cast<double>(rate_bps) / 8.0);
}

/* Takes the communication away from its flow, whose number is free from now on. */
sg4::CommPtr forget(net_solver *solver, uint32_t number)
{
    flow &which = solver->flows[number];
    sg4::CommPtr comm = which.comm;
    which.comm = nullptr;
    which.action = nullptr;
    solver->over[solver->moves % 3].push_back(comm);
    solver->free_flows.push_back(number);
    return comm;
}

void completed(net_solver *solver, const sg4::Activity &activity)
{
    const auto number =
        static_cast<uint32_t>(reinterpret_cast<uintptr_t>(activity.get_data<void>()));
    if (number >= solver->flows.size() || solver->flows[number].comm.get() != &activity) {
        return; /* cancelled: the core has forgotten it */
    }
    const uint64_t owner = solver->flows[number].owner;
    forget(solver, number);
    solver->next_known = false;
    solver->done(solver->context, owner);
}

int64_t simgrid_next(net_solver *solver)
{
    if (!solver->next_known) {
        const double clock = sg4::Engine::get_clock();
        const double delta = solver->model->next_occurring_event(clock);
        const double when_ns = (clock + delta) * NS_PER_S;
        solver->next_date = clock + delta;
        solver->next_ns = delta < 0 || when_ns > 9e18 ? NET_NEVER : std::llround(when_ns);
        solver->next_known = true;
    }
    return solver->next_ns;
}

/* What is due by now_ns may be due a fraction of a nanosecond later, or at a date where SimGrid's clock
 * already is: so it is the unrounded date that SimGrid runs to. */
void simgrid_advance(net_solver *solver, int64_t now_ns)
{
    while (simgrid_next(solver) <= now_ns) {
        run_to(solver, solver->next_date);
    }
    change(solver, now_ns);
}

uint32_t simgrid_start(net_solver *solver, int64_t now_ns, const net_flow_request *request)
{
    change(solver, now_ns);
    uint32_t number;
    if (solver->free_flows.empty()) {
        number = static_cast<uint32_t>(solver->flows.size());
        solver->flows.emplace_back();
    } else {
        number = solver->free_flows.back();
        solver->free_flows.pop_back();
    }
    const network &on = solver->networks[request->network];
    sg4::CommPtr comm =
        sg4::Comm::sendto_init(on.members[request->from_member], on.members[request->to_member]);
    comm->set_payload_size(request->bytes);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a number is what is given, and taken back
    comm->set_data(reinterpret_cast<void *>(static_cast<uintptr_t>(number)));
    comm->start();
    flow &which = solver->flows[number];
    which.comm = comm;
    which.owner = request->owner;
    which.suspended = false;
    which.action = &solver->model->get_started_action_set()->back();
    net_require(
        which.action->get_activity() == comm->get_impl(), "SimGrid's newest action is ours");
    apply_rate(which, request->rate_bps);
    return number;
}

void simgrid_set_rate(net_solver *solver, int64_t now_ns, uint32_t number, uint64_t rate_bps)
{
    change(solver, now_ns);
    if (solver->flows[number].comm) {
        apply_rate(solver->flows[number], rate_bps);
    }
}

void simgrid_cancel(net_solver *solver, int64_t now_ns, uint32_t number)
{
    change(solver, now_ns);
    if (solver->flows[number].comm) {
        solver->flows[number].action->suspend();
        forget(solver, number)->cancel();
    }
}

/* Only looks: moving the clock or settling the flow here would round differently and let a reader
 * of counters change the run. */
uint64_t simgrid_remaining(net_solver *solver, int64_t now_ns, uint32_t number)
{
    const flow &which = solver->flows[number];
    if (!which.comm) {
        return 0;
    }
    const double since = static_cast<double>(now_ns) / NS_PER_S - which.action->get_last_update();
    const double rate = which.suspended ? 0.0 : which.action->get_last_value();
    const double left = which.action->get_remains_no_update() - rate * std::max(since, 0.0);
    return left > 0 ? static_cast<uint64_t>(std::ceil(left)) : 0;
}

void simgrid_set_bandwidth(
    net_solver *solver, int64_t now_ns, uint32_t network, uint64_t bandwidth_bps)
{
    change(solver, now_ns);
    for (sg4::Link *link : solver->networks[network].cables) {
        link->set_bandwidth(capacity(bandwidth_bps));
    }
}

void simgrid_set_backbone(
    net_solver *solver, int64_t now_ns, uint32_t network, uint64_t backbone_bps)
{
    change(solver, now_ns);
    solver->networks[network].backbone->set_bandwidth(capacity(backbone_bps));
}

void simgrid_destroy(net_solver *solver)
{
    for (uint32_t number = 0; number < solver->flows.size(); number++) {
        if (solver->flows[number].comm) {
            forget(solver, number)->cancel();
        }
    }
    for (auto &over : solver->over) {
        over.clear();
    }
    solver->flows.clear(); /* the rest stays: the engine's callback knows its address */
}

const net_solver_ops simgrid_ops = {
    simgrid_destroy,
    simgrid_next,
    simgrid_advance,
    simgrid_start,
    simgrid_set_rate,
    simgrid_cancel,
    simgrid_remaining,
    simgrid_set_bandwidth,
    simgrid_set_backbone,
};

void build_network(
    net_solver *solver, sg4::NetZone *root, uint32_t index, const net_network_config &config)
{
    const std::string prefix = "n" + std::to_string(index);
    sg4::NetZone *zone = sg4::create_star_zone(prefix);
    zone->set_parent(root);
    network built;
    if (config.backbone_bps != 0) {
        built.backbone =
            zone->create_link(prefix + "-backbone", capacity(config.backbone_bps))->seal();
    }
    for (uint32_t member = 0; member < config.host_count; member++) {
        const std::string name = prefix + "-" + std::to_string(member);
        const double bandwidth = capacity(config.bandwidth_bps);
        sg4::Host *host = zone->create_host(name, 1e9)->seal();
        sg4::Link *up = zone->create_link(name + "-up", bandwidth)->set_latency(0.0)->seal();
        sg4::Link *down = zone->create_link(name + "-down", bandwidth)->set_latency(0.0)->seal();
        std::vector<sg4::LinkInRoute> out{sg4::LinkInRoute(up)};
        if (built.backbone != nullptr) {
            out.emplace_back(built.backbone);
        }
        zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, out, false);
        zone->add_route(
            nullptr, host->get_netpoint(), nullptr, nullptr, {sg4::LinkInRoute(down)}, false);
        built.members.push_back(host);
        built.cables.push_back(up);
        built.cables.push_back(down);
    }
    zone->seal();
    solver->networks.push_back(built);
}

Model *network_model()
{
    for (Model *model : engine->get_all_models()) {
        if (model->get_name() == "Network_CM02") {
            return model;
        }
    }
    net_die("SimGrid has no CM02 network model");
}

} // namespace

extern "C" void net_simgrid_prepare(void)
{
    if (engine != nullptr) {
        return;
    }
    static char name[] = "ferry";
    static char quiet[] = "--log=xbt_cfg.thresh:warning";
    static char *arguments[] = {name, quiet, nullptr};
    int count = 2;
    engine = new sg4::Engine(&count, arguments); /* lives as long as the process */
    sg4::Engine::set_config("network/model:CM02");
    sg4::Engine::set_config("network/optim:Lazy");
    sg4::Engine::set_config("network/crosstraffic:0");
    sg4::Engine::set_config("network/loopback-lat:0");
}

extern "C" struct net *net_create_simgrid(const struct net_config *config)
{
    net_core_check_config(config);
    if (engine_taken) {
        return nullptr;
    }
    engine_taken = true;
    net_simgrid_prepare();
    auto *solver = new net_solver; /* lives as long as the engine, whose callback knows it */
    sg4::NetZone *root = sg4::create_full_zone("root");
    for (uint32_t i = 0; i < config->network_count; i++) {
        build_network(solver, root, i, config->networks[i]);
    }
    root->seal();
    engine->seal_platform();
    solver->model = network_model();
    sg4::Activity::on_completion_cb(
        [solver](const sg4::Activity &activity) { completed(solver, activity); });
    const net_solver_binding binding = {
        solver,
        &simgrid_ops,
        &solver->done,
        &solver->context,
    };
    return net_core_create(config, &binding);
}
