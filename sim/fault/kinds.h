/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.h -- what each kind of fault does when it begins and when it ends: for faults.c alone.
 *
 * Each function carries out fault number `index` of the scenario. What a fault has to remember until
 * it is undone lies in world->fault_memory: the order of its begin (0: not under way) where the
 * newest one counts, the id of background traffic.
 */
#ifndef FERRY_SIM_FAULT_KINDS_H
#define FERRY_SIM_FAULT_KINDS_H

#include "sim/scenario/scenario.h"

#include <stddef.h>

struct world;

typedef void fault_fn(struct world *world, size_t index);

static inline const struct scenario_fault *fault_spec(const struct scenario *scenario, size_t index)
{
    return &scenario->faults[index];
}

/* ---- faults.c ---- */

/* Values (a network's bandwidth, a host's share of the CPU): the newest fault under way of the same
 * kind on the same thing counts, so that overlapping ones may end in any order. */
fault_fn fault_value_begin, fault_value_end;
/* The newest one under way of this kind on what fault `index` hits; NULL: none. */
const struct scenario_fault *
fault_newest(const struct world *world, enum scenario_fault_kind kind, size_t index);

/* ---- fault_host.c ---- */

fault_fn fault_crash, fault_crash_kept, fault_reinstall, fault_boot;
fault_fn fault_pause, fault_resume;
fault_fn fault_daemon_crash, fault_daemon_start;
fault_fn fault_memory_take, fault_memory_give;
fault_fn fault_journal_fail, fault_journal_heal;
fault_fn fault_journal_doubt, fault_journal_trust;
fault_fn fault_disk_fill, fault_disk_clear;
fault_fn fault_journal_slow, fault_journal_quick;
fault_fn fault_clock_forward, fault_clock_back;
fault_fn fault_host_apply; /* cpu, versions, drift */

/* ---- fault_net.c ---- */

fault_fn fault_net_down, fault_net_back;
fault_fn fault_net_clog, fault_net_unclog;
fault_fn fault_net_reset, fault_net_stray, fault_net_duplicate;
fault_fn fault_net_refuse, fault_net_accept;
fault_fn fault_net_cut, fault_net_mend;
fault_fn fault_net_noise, fault_net_quiet;
fault_fn fault_net_apply; /* bandwidth, latency, jitter, loss, corruption */

/* ---- fault_guest.c ---- */

fault_fn fault_guest_burst, fault_guest_device;
fault_fn fault_guest_faster, fault_guest_slower;

#endif
