/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.c -- what goes wrong, and how it is undone: one row a kind.
 *
 * A fault begins when its trigger fires; `for` undoes it. Values of a network (bandwidth, latency,
 * loss) are those of the newest fault under way, else those of the scenario, so that overlapping
 * faults may end in any order. Crashes end with the restart.
 */
#include "sim/fault/fault.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/observe.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"

#include <stdio.h>

/* What a fault remembers until it is undone, in world->fault_memory: the order of its begin (0: not under way) for
 * values of networks, the id of background traffic. */

typedef void fault_fn(struct world *world, size_t index);

static const struct scenario_fault *spec_of(const struct world *world, size_t index)
{
    return &world->scenario->faults[index];
}

static struct host *host_of(struct world *world, size_t index)
{
    return &world->hosts[spec_of(world, index)->host];
}

static uint32_t network_of(const struct world *world, size_t index)
{
    return (uint32_t)spec_of(world, index)->network;
}

/* ---- hosts ---- */

static void crash(struct world *world, size_t index)
{
    host_crash(host_of(world, index), false);
}

static void reinstall(struct world *world, size_t index)
{
    host_crash(host_of(world, index), true);
}

static void boot(struct world *world, size_t index)
{
    host_boot(host_of(world, index));
}

static void pause_host(struct world *world, size_t index)
{
    host_pause(host_of(world, index));
}

static void resume_host(struct world *world, size_t index)
{
    host_resume(host_of(world, index));
}

static void daemon_crash(struct world *world, size_t index)
{
    host_daemon_crash(host_of(world, index));
}

static void daemon_start(struct world *world, size_t index)
{
    host_daemon_start(host_of(world, index));
}

static void journal_fail(struct world *world, size_t index)
{
    host_of(world, index)->journal.failing++;
}

static void journal_heal(struct world *world, size_t index)
{
    host_of(world, index)->journal.failing--;
}

static void journal_slow(struct world *world, size_t index)
{
    host_of(world, index)->journal.slow_ns += spec_of(world, index)->delay;
}

static void journal_quick(struct world *world, size_t index)
{
    host_of(world, index)->journal.slow_ns -= spec_of(world, index)->delay;
}

/* ---- networks ---- */

static void net_down(struct world *world, size_t index)
{
    net_block(world->net, network_of(world, index), NET_ANY_HOST, NET_ANY_HOST);
}

static void net_back(struct world *world, size_t index)
{
    net_unblock(world->net, network_of(world, index), NET_ANY_HOST, NET_ANY_HOST);
}

static void break_connections(struct world *world, size_t index)
{
    net_reset(world->net, network_of(world, index), NET_ANY_HOST, NET_ANY_HOST);
}

static void apply_refuse(struct world *world)
{
    for (size_t i = 0; i < world->scenario->host_count; i++) {
        host_apply_refuse(&world->hosts[i]);
    }
}

static void refuse(struct world *world, size_t index)
{
    world->refusing[network_of(world, index)]++;
    apply_refuse(world);
}

static void refuse_no_more(struct world *world, size_t index)
{
    world->refusing[network_of(world, index)]--;
    apply_refuse(world);
}

/* The newest fault of this kind which is under way on this network; NULL: none. */
static const struct scenario_fault *
newest(const struct world *world, enum scenario_fault_kind kind, uint32_t network)
{
    const struct scenario_fault *found = NULL;
    uint64_t order = 0;

    for (size_t i = 0; i < world->scenario->fault_count; i++) {
        const struct scenario_fault *fault = spec_of(world, i);
        if (fault->kind == kind && fault->network == network && world->fault_memory[i] > order) {
            order = world->fault_memory[i];
            found = fault;
        }
    }
    return found;
}

static void apply_value(struct world *world, size_t index)
{
    const enum scenario_fault_kind kind = spec_of(world, index)->kind;
    const uint32_t network = network_of(world, index);
    const struct scenario_network *spec = &world->scenario->networks[network];
    const struct scenario_fault *fault = newest(world, kind, network);

    if (kind == SCENARIO_FAULT_NET_BANDWIDTH) {
        net_set_bandwidth(world->net, network, fault == NULL ? spec->bandwidth : fault->bandwidth);
    } else if (kind == SCENARIO_FAULT_NET_LATENCY) {
        net_set_latency(world->net, network, fault == NULL ? spec->latency : fault->latency);
    } else {
        net_set_loss(world->net, network, fault == NULL ? spec->loss_ppm : fault->loss_ppm);
    }
}

static void set_value(struct world *world, size_t index)
{
    world->faults_begun++;
    world->fault_memory[index] = world->faults_begun;
    apply_value(world, index);
}

static void restore_value(struct world *world, size_t index)
{
    world->fault_memory[index] = 0;
    apply_value(world, index);
}

static bool joins(const struct scenario_network *network, size_t from, size_t to)
{
    unsigned found = 0;

    for (size_t i = 0; i < network->host_count; i++) {
        found += network->hosts[i] == from || network->hosts[i] == to ? 1U : 0U;
    }
    return found == 2;
}

static void partition(struct world *world, size_t index, bool begin)
{
    const struct scenario_fault *fault = spec_of(world, index);

    for (uint32_t network = 0; network < world->scenario->network_count; network++) {
        if ((fault->network != SCENARIO_NONE && fault->network != network) ||
            !joins(&world->scenario->networks[network], fault->from, fault->to)) {
            continue;
        }
        if (begin) {
            net_block(world->net, network, (uint32_t)fault->from, (uint32_t)fault->to);
        } else {
            net_unblock(world->net, network, (uint32_t)fault->from, (uint32_t)fault->to);
        }
    }
}

static void cut(struct world *world, size_t index)
{
    partition(world, index, true);
}

static void mend(struct world *world, size_t index)
{
    partition(world, index, false);
}

static void background(struct world *world, size_t index)
{
    const struct scenario_fault *fault = spec_of(world, index);
    const bool greedy = fault->bandwidth == SCENARIO_UNLIMITED;

    world->fault_memory[index] = net_background_start(
        world->net,
        &(struct net_background){
            .network = network_of(world, index),
            .from = (uint32_t)fault->from,
            .to = (uint32_t)fault->to,
            .flows = 1,
            .bytes_per_second = greedy ? NET_UNLIMITED : fault->bandwidth / 8,
        });
}

static void quiet(struct world *world, size_t index)
{
    net_background_stop(world->net, (uint32_t)world->fault_memory[index]);
}

/* ---- the table ---- */

struct fault_kind {
    fault_fn *begin;
    fault_fn *end; /* NULL: over when it has begun */
    enum sim_fault_class class;
    bool restarts; /* ends `restart_after`, not after `for` */
};

static const struct fault_kind kinds[] = {
    [SCENARIO_FAULT_HOST_CRASH] = {crash,             boot,           SIM_FAULT_OUTAGE, true },
    [SCENARIO_FAULT_HOST_PAUSE] = {pause_host,        resume_host,    SIM_FAULT_OUTAGE, false},
    [SCENARIO_FAULT_HOST_REINSTALL] = {reinstall,         boot,           SIM_FAULT_OUTAGE, true },
    [SCENARIO_FAULT_DAEMON_CRASH] = {daemon_crash,      daemon_start,   SIM_FAULT_OUTAGE, true },
    [SCENARIO_FAULT_JOURNAL_FAIL] = {journal_fail,      journal_heal,   SIM_FAULT_OUTAGE, false},
    [SCENARIO_FAULT_JOURNAL_SLOW] = {journal_slow,      journal_quick,  SIM_FAULT_OUTAGE, false},
    [SCENARIO_FAULT_NET_DOWN] = {net_down,          net_back,       SIM_FAULT_OUTAGE, false},
    [SCENARIO_FAULT_NET_RESET] = {break_connections, NULL,           SIM_FAULT_OUTAGE, false},
    [SCENARIO_FAULT_NET_REFUSE] = {refuse,            refuse_no_more, SIM_FAULT_OUTAGE, false},
    [SCENARIO_FAULT_NET_BANDWIDTH] = {set_value,         restore_value,  SIM_FAULT_STEADY, false},
    [SCENARIO_FAULT_NET_LATENCY] = {set_value,         restore_value,  SIM_FAULT_STEADY, false},
    [SCENARIO_FAULT_NET_LOSS] = {set_value,         restore_value,  SIM_FAULT_STEADY, false},
    [SCENARIO_FAULT_NET_PARTITION] = {cut,               mend,           SIM_FAULT_OUTAGE, false},
    [SCENARIO_FAULT_NET_BACKGROUND] = {background,        quiet,          SIM_FAULT_STEADY, false},
};

static const struct fault_kind *kind_of(const struct world *world, size_t index)
{
    return &kinds[spec_of(world, index)->kind];
}

static bool is_of_host(enum scenario_fault_kind kind)
{
    return kind <= SCENARIO_FAULT_JOURNAL_SLOW;
}

/* ---- begin and end, in public ---- */

/* "network mig-a down", "host h1 crash": for the checker that names it. */
static void describe(const struct world *world, size_t index, char *text, size_t size)
{
    const struct scenario_fault *fault = spec_of(world, index);
    const char *name = "of all networks";

    if (is_of_host(fault->kind)) {
        name = world->scenario->hosts[fault->host].name;
    } else if (fault->network != SCENARIO_NONE) {
        name = world->scenario->networks[fault->network].name;
    }
    (void)snprintf(text, size, "%s %s", scenario_fault_kind_name(fault->kind), name);
}

static enum sim_fault_class class_of(const struct world *world, size_t index)
{
    const struct scenario_fault *fault = spec_of(world, index);

    /* a cable that carries nothing is no slow cable */
    return fault->kind == SCENARIO_FAULT_NET_BANDWIDTH && fault->bandwidth == 0
               ? SIM_FAULT_OUTAGE
               : kind_of(world, index)->class;
}

static void say(struct world *world, size_t index, bool begins)
{
    const struct scenario_fault *fault = spec_of(world, index);
    const uint32_t host = is_of_host(fault->kind) ? (uint32_t)fault->host : SIM_CHECK_NONE;
    char text[128];

    LOG(world,
        .side = SIM_SIDE_WORLD,
        .host = host,
        .migration = SIM_RESULT_NONE,
        .kind = begins ? "FAULT_BEGIN" : "FAULT_END",
        .field_name = {"fault"},
        .field = {(int64_t)index},
        .text = scenario_fault_kind_name(fault->kind));
    describe(world, index, text, sizeof text);
    observe(
        world,
        (struct sim_observation){
            .kind = begins ? SIM_OBSERVED_FAULT_BEGIN : SIM_OBSERVED_FAULT_END,
            .fault = (uint32_t)index,
            .fault_class = class_of(world, index),
            .host = host,
            .text = text,
        });
    world_progress(world);
}

static size_t span(struct world *world, size_t index)
{
    return span_begin(
        world,
        &(struct sim_span){
            .kind = SIM_SPAN_FAULT,
            .begin_ns = world_now(world),
            .migration = SIM_RESULT_NONE,
            .guest = SIM_RESULT_NONE,
            .host = SIM_RESULT_NONE,
            .number = index,
        });
}

static void undo(void *owner, uint64_t index)
{
    struct world *world = owner;

    kind_of(world, (size_t)index)->end(world, (size_t)index);
    say(world, (size_t)index, false);
    span_end(world, &world->fault_spans[index]);
    world->pending--;
    world_check_end(world);
}

static void begin(struct world *world, size_t index)
{
    const struct scenario_fault *fault = spec_of(world, index);
    const struct fault_kind *kind = kind_of(world, index);
    const int64_t length = kind->restarts ? fault->restart_after : fault->duration;

    say(world, index, true);
    world->outages += class_of(world, index) == SIM_FAULT_OUTAGE ? 1U : 0U;
    world->fault_spans[index] = span(world, index);
    kind->begin(world, index);
    if (kind->end == NULL) {
        say(world, index, false);
        span_end(world, &world->fault_spans[index]);
        return;
    }
    if (length == SCENARIO_FOREVER) {
        /* What works with other numbers for good is healed: everything must still end well. */
        world->unhealed += class_of(world, index) == SIM_FAULT_OUTAGE ? 1U : 0U;
        return;
    }
    world->pending++;
    (void)timer_at(world, NET_NO_HOST, world_now(world) + length, undo, world, index);
}

void faults_init(struct world *world)
{
    const size_t count = world->scenario->fault_count;

    world->fault_memory = world_allocate(count * sizeof *world->fault_memory);
    world->fault_spans = world_allocate(count * sizeof *world->fault_spans);
    world->refusing = world_allocate(world->scenario->network_count * sizeof *world->refusing);
    for (size_t i = 0; i < count; i++) {
        trigger_add(world, &world->scenario->faults[i].when, begin, i);
    }
}
