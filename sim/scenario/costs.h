/* SPDX-License-Identifier: Apache-2.0 */
/*
 * costs.h -- what each act of a simulated host takes.
 *
 * All in nanoseconds of that host's time, all may be 0 (`costs: none` makes every one of them 0).
 * The defaults are figures measured on real KVM hosts, rounded; see docs/scenarios.md.  They are
 * charged by the world, the engine learns them only by measuring.
 */
#ifndef FERRY_SIM_SCENARIO_COSTS_H
#define FERRY_SIM_SCENARIO_COSTS_H

#include <stdint.h>

struct sim_costs {
    int64_t pause;               /* order to stop until all vCPUs stand still */
    int64_t resume;              /* run call until the vCPUs run */
    int64_t collection_per_page; /* for each dirty page found */
    int64_t collection_per_gib;  /* for each GiB of guest memory looked at, in proportion */
    int64_t state_out;           /* capture of the device state, fixed part */
    int64_t state_out_per_mib;   /* and for each MiB of it, in proportion */
    int64_t state_in;            /* load of the device state, fixed part */
    int64_t state_in_per_mib;
    int64_t journal_fsync;     /* a journal record, until it is durable */
    int64_t first_write_fault; /* of the guest: first write to a page since a collection */
    int64_t announce;          /* guest runs at the target until its clients are redirected */
    uint64_t cpu_bandwidth;    /* bit/s of payload one host's CPU handles; UINT64_MAX: no limit */
};

struct sim_costs sim_costs_default(void);
struct sim_costs sim_costs_none(void);

#endif
