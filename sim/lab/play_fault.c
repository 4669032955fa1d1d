/* SPDX-License-Identifier: Apache-2.0 */
/* play_fault.c -- what goes wrong, done to real processes and virtual cables. */
#include "sim/lab/control.h"
#include "sim/lab/play.h"
#include "sim/lab/relay.h"

static bool heal_later(struct play *play, size_t fault, int64_t after_ns)
{
    if (after_ns == SCENARIO_FOREVER) {
        return true;
    }
    const struct play_act heal = {
        .kind = ACT_HEAL,
        .index = fault,
        .armed = true,
        .due_ns = lab_elapsed(play->lab) + after_ns,
    };
    return play_add_act(play, &heal);
}

/* Both directions of all pairs of a relayed network. */
static void each_way(
    struct play *play,
    size_t network,
    void (*change)(struct lab_relay_way *way, int64_t value),
    int64_t value)
{
    for (size_t pair = 0; pair < LAB_PAIRS_MAX; pair++) {
        change(
            lab_relay_way(play->lab, network, pair / LAB_HOSTS_MAX, pair % LAB_HOSTS_MAX), value);
    }
}

static void set_latency(struct lab_relay_way *way, int64_t value)
{
    atomic_store(&way->latency_ns, value);
}

static void set_loss(struct lab_relay_way *way, int64_t value)
{
    atomic_store(&way->loss_ppm, (uint32_t)value);
}

static void set_refuse(struct lab_relay_way *way, int64_t value)
{
    atomic_store(&way->refuse, value != 0);
}

static void reset(struct lab_relay_way *way, int64_t value)
{
    (void)value;
    atomic_fetch_add(&way->resets, 1);
}

static void set_cut(struct play *play, const struct scenario_fault *fault, bool cut)
{
    const size_t count = play->lab->scenario->network_count;
    for (size_t i = 0; i < count; i++) {
        if (fault->network == SCENARIO_NONE || fault->network == i) {
            atomic_store(&lab_relay_way(play->lab, i, fault->from, fault->to)->cut, cut);
        }
    }
}

static void daemon_gone(struct play *play, size_t host)
{
    lab_host_kill_daemon(play->lab, host);
    for (size_t i = 0; i < play->move_count; i++) {
        struct play_move *move = &play->moves[i];
        if (move->from == host && !move->ended) {
            move->entered[SCENARIO_PHASE_CONNECTING] = lab_now();
        }
    }
}

/* A host that crashes for good has told all that it will ever tell. */
static void moves_gone(struct play *play, size_t host)
{
    for (size_t i = 0; i < play->move_count; i++) {
        play->moves[i].ended = play->moves[i].ended || play->moves[i].from == host;
    }
}

static bool crash(struct play *play, size_t index, bool guests_too)
{
    const struct scenario_fault *fault = &play->lab->scenario->faults[index];
    if (guests_too) {
        /* Nobody hears a dying host's goodbye. */
        if (!lab_wires_host_up(play->lab, fault->host, false)) {
            return false;
        }
        lab_host_kill_guests(play->lab, fault->host);
    }
    daemon_gone(play, fault->host);
    if (fault->restart_after == SCENARIO_FOREVER) {
        moves_gone(play, fault->host);
    }
    return heal_later(play, index, fault->restart_after);
}

bool play_fault(struct play *play, size_t index)
{
    struct lab *lab = play->lab;
    const struct scenario_fault *fault = &lab->scenario->faults[index];
    lab_say(lab, "fault %zu (line %u)", index + 1, fault->mark.line);
    switch ((unsigned)fault->kind) {
    case SCENARIO_FAULT_HOST_CRASH: return crash(play, index, true);
    case SCENARIO_FAULT_DAEMON_CRASH: return crash(play, index, false);
    case SCENARIO_FAULT_HOST_PAUSE:
        lab_host_freeze(lab, fault->host, true);
        return heal_later(play, index, fault->duration);
    case SCENARIO_FAULT_NET_DOWN:
        return lab_wires_set_up(lab, fault->network, false) &&
               heal_later(play, index, fault->duration);
    case SCENARIO_FAULT_NET_BANDWIDTH:
        return lab_wires_set_bandwidth(lab, fault->network, fault->bandwidth) &&
               heal_later(play, index, fault->duration);
    case SCENARIO_FAULT_NET_RESET: each_way(play, fault->network, reset, 0); return true;
    case SCENARIO_FAULT_NET_REFUSE:
        each_way(play, fault->network, set_refuse, 1);
        return heal_later(play, index, fault->duration);
    case SCENARIO_FAULT_NET_LATENCY:
        each_way(play, fault->network, set_latency, fault->latency);
        return heal_later(play, index, fault->duration);
    case SCENARIO_FAULT_NET_LOSS:
        each_way(play, fault->network, set_loss, fault->loss_ppm);
        return heal_later(play, index, fault->duration);
    case SCENARIO_FAULT_NET_PARTITION:
        set_cut(play, fault, true);
        return heal_later(play, index, fault->duration);
    default: return lab_fail(lab, "line %u: a fault that the lab cannot make", fault->mark.line);
    }
}

bool play_heal(struct play *play, size_t index)
{
    struct lab *lab = play->lab;
    const struct scenario_fault *fault = &lab->scenario->faults[index];
    lab_say(lab, "fault %zu is over", index + 1);
    const struct scenario_network *network =
        fault->network == SCENARIO_NONE ? NULL : &lab->scenario->networks[fault->network];
    switch ((unsigned)fault->kind) {
    case SCENARIO_FAULT_HOST_CRASH:
        return lab_wires_host_up(lab, fault->host, true) && lab_host_start(lab, fault->host);
    case SCENARIO_FAULT_DAEMON_CRASH: return lab_host_start(lab, fault->host);
    case SCENARIO_FAULT_HOST_PAUSE: lab_host_freeze(lab, fault->host, false); return true;
    case SCENARIO_FAULT_NET_DOWN: return lab_wires_set_up(lab, fault->network, true);
    case SCENARIO_FAULT_NET_BANDWIDTH:
        return lab_wires_set_bandwidth(lab, fault->network, network->bandwidth);
    case SCENARIO_FAULT_NET_REFUSE: each_way(play, fault->network, set_refuse, 0); return true;
    case SCENARIO_FAULT_NET_LATENCY:
        each_way(play, fault->network, set_latency, network->latency);
        return true;
    case SCENARIO_FAULT_NET_LOSS:
        each_way(play, fault->network, set_loss, network->loss_ppm);
        return true;
    case SCENARIO_FAULT_NET_PARTITION: set_cut(play, fault, false); return true;
    default: return true;
    }
}
