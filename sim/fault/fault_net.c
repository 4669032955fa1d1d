/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_net.c -- what goes wrong with a network.
 */
#include "sim/fault/kinds.h"
#include "sim/world/attachment.h"
#include "sim/world/host.h"
#include "sim/world/state.h"

static const struct scenario_fault *spec_of(const struct world *world, size_t index)
{
    return fault_spec(world->scenario, index);
}

static uint32_t network_of(const struct world *world, size_t index)
{
    return (uint32_t)spec_of(world, index)->network;
}

/* ---- nothing gets through, or late ---- */

void fault_net_down(struct world *world, size_t index)
{
    net_block(world->net, network_of(world, index), NET_ANY_HOST, NET_ANY_HOST);
}

void fault_net_back(struct world *world, size_t index)
{
    net_unblock(world->net, network_of(world, index), NET_ANY_HOST, NET_ANY_HOST);
}

void fault_net_clog(struct world *world, size_t index)
{
    net_clog(world->net, network_of(world, index));
}

void fault_net_unclog(struct world *world, size_t index)
{
    net_unclog(world->net, network_of(world, index));
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

void fault_net_cut(struct world *world, size_t index)
{
    partition(world, index, true);
}

void fault_net_mend(struct world *world, size_t index)
{
    partition(world, index, false);
}

/* ---- connections ---- */

void fault_net_reset(struct world *world, size_t index)
{
    net_reset(world->net, network_of(world, index), NET_ANY_HOST, NET_ANY_HOST);
}

void fault_net_stray(struct world *world, size_t index)
{
    net_stray(world->net, network_of(world, index), spec_of(world, index)->delay);
}

void fault_net_duplicate(struct world *world, size_t index)
{
    attachment_duplicate(world, network_of(world, index));
}

static void apply_refuse(struct world *world)
{
    for (size_t i = 0; i < world->scenario->host_count; i++) {
        host_apply_refuse(&world->hosts[i]);
    }
}

void fault_net_refuse(struct world *world, size_t index)
{
    world->refusing[network_of(world, index)]++;
    apply_refuse(world);
}

void fault_net_accept(struct world *world, size_t index)
{
    world->refusing[network_of(world, index)]--;
    apply_refuse(world);
}

/* ---- values ---- */

void fault_net_apply(struct world *world, size_t index)
{
    const enum scenario_fault_kind kind = spec_of(world, index)->kind;
    const uint32_t network = network_of(world, index);
    const struct scenario_network *spec = &world->scenario->networks[network];
    const struct scenario_fault *fault = fault_newest(world, kind, index);

    if (kind == SCENARIO_FAULT_NET_BANDWIDTH) {
        net_set_bandwidth(world->net, network, fault == NULL ? spec->bandwidth : fault->bandwidth);
    } else if (kind == SCENARIO_FAULT_NET_LATENCY) {
        net_set_latency(world->net, network, fault == NULL ? spec->latency : fault->latency);
    } else if (kind == SCENARIO_FAULT_NET_LOSS) {
        net_set_loss(world->net, network, fault == NULL ? spec->loss_ppm : fault->loss_ppm);
    } else if (kind == SCENARIO_FAULT_NET_CORRUPT) {
        world->corrupt_ppm[network] = fault == NULL ? 0 : fault->share_ppm;
    } else {
        net_set_jitter(
            world->net,
            network,
            fault == NULL ? 0 : fault->latency,
            model_rng_next(&world->weather));
    }
}

/* ---- foreign traffic ---- */

void fault_net_noise(struct world *world, size_t index)
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

void fault_net_quiet(struct world *world, size_t index)
{
    net_background_stop(world->net, (uint32_t)world->fault_memory[index]);
}
