/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h -- one run of chaos as a value: a small cluster, what operators do, what goes wrong.
 *
 *   seed --draw--> plan --write--> scenario text --scenario_load_text()--> run
 *
 * A plan is drawn from its seed alone and written as an ordinary scenario, so that whatever fails
 * is a file which `ferry-sim run` takes, a user reads and the shrinker reduces. What must hold is
 * written into the file too, as expectations (allow.c).
 *
 * Winnable. Chaos never asks for more than the protocol promises, so a run that does not end well
 * is a bug and no bad luck:
 *   - every fault ends, and nearly all lie in the first seconds. Where outages together come near the patience of a
 *     daemon, the migration is allowed to fail;
 *   - a journal whose write failed takes nothing new until its daemon starts again: where writes
 *     fail, an operator restarts the daemon afterwards;
 *   - a crashed host comes back. Now and then one does not, or comes back without its journal: then
 *     a guest may be lost, and that is proved by the rule which says so (trial.h), never by waiting;
 *   - operators say nothing untrue: a claim swears that the other host is fenced, so chaos claims
 *     nothing;
 *   - a guest that writes faster than its network carries may fail to converge.
 * After the storm everything is whole, and a guest may be ordered to move once more (PLAN_PROBE):
 * then it has to get there.
 */
#ifndef FERRY_SIM_CHAOS_PLAN_H
#define FERRY_SIM_CHAOS_PLAN_H

#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PLAN_HOSTS_MAX    3U
#define PLAN_NETWORKS_MAX 3U
#define PLAN_GUESTS_MAX   3U
#define PLAN_MOVES_MAX    (2U * PLAN_GUESTS_MAX + 1U)
#define PLAN_ORDERS_MAX   4U
#define PLAN_FAULTS_MAX   8U

#define PLAN_NONE UINT32_MAX

/* Times of a plan are whole microseconds. */
#define PLAN_MS     INT64_C(1000)
#define PLAN_SECOND INT64_C(1000000)

/* No fault that has a time begins later than this. */
#define PLAN_FAULT_LATEST (3 * PLAN_SECOND)

/* When operators start daemons again whose journals failed. A phase that a fault waits for may come
 * late, but not later than give_up_after of the moves which may be long, and then nothing hits; or it comes because a
 * session waited for the mending, and then what is broken stays so (allow.c). */
#define PLAN_REPAIR_AT (100 * PLAN_SECOND)

/* When guests are moved once more: every fault is over, every limit of a session has passed. */
#define PLAN_PROBE_AT (150 * PLAN_SECOND)

/* What goes on in a run, for swarms and matrices: the kinds of faults that a scenario knows
 * (enum scenario_fault_kind, from 1), and behind them what operators do. */
enum plan_kind {
    PLAN_HOST_GONE = SCENARIO_FAULT_KINDS, /* a crash without a return */
    PLAN_CANCEL,
    PLAN_SET,
    PLAN_SWITCH_NOW,
    PLAN_SECOND_MOVE, /* the same guest is ordered elsewhere meanwhile */
    PLAN_KINDS,
};

#define PLAN_BIT(kind) (UINT64_C(1) << (unsigned)(kind))

/* What a fault hits; what is no fault has OPERATOR. */
enum scenario_scope plan_scope(unsigned kind);
const char *plan_kind_name(unsigned kind); /* "host crash", "cancel"; never NULL */

struct plan_when {
    bool on_phase;
    int64_t at_us; /* or: so long after the phase */
    uint32_t move; /* index */
    enum scenario_phase phase;
    uint32_t number; /* round, or attempt; 0: not said */
};

struct plan_network {
    uint32_t mbit;
    uint32_t latency_us;
    uint32_t priority;
    uint32_t loss_ppm;
};

struct plan_guest {
    uint32_t host;
    uint32_t pages;
    uint32_t nonzero_percent;
    uint32_t state_kib;
    uint32_t clients; /* requests a second; 0: none */
    bool bytes;
    uint32_t zeroed_percent; /* of its writes */
    uint32_t device_writes;  /* pages, while its device state is captured */
    enum model_workload_kind workload;
    uint32_t set_pages;
    uint32_t pages_per_second;
    uint32_t on_ms; /* burst */
    uint32_t off_ms;
};

enum plan_role {
    PLAN_FIRST = 1, /* while the storm blows */
    PLAN_AGAIN,     /* likewise, of a guest that was ordered elsewhere already */
    PLAN_PROBE,     /* after it */
};

struct plan_move {
    enum plan_role role;
    uint32_t guest;
    uint32_t to;
    int64_t at_us;
    uint32_t limit_ms; /* 0: none said */
    uint32_t streams;
    uint32_t cap_mbit; /* 0: none */
    uint32_t give_up_s;
    enum ferry_mode mode;
    enum ferry_no_convergence on_no_convergence;
};

struct plan_order {
    unsigned kind; /* PLAN_CANCEL, PLAN_SET, PLAN_SWITCH_NOW */
    uint32_t move;
    struct plan_when when;
    uint32_t cap_mbit; /* PLAN_SET: 0: not changed */
    uint32_t limit_ms; /* likewise */
};

struct plan_fault {
    unsigned kind; /* of a scenario, or PLAN_HOST_GONE */
    bool mends;    /* no fault of chance: the operator who starts a daemon again */
    struct plan_when when;
    uint32_t host;
    uint32_t network; /* PLAN_NONE: all (partition only) */
    uint32_t from;
    uint32_t to;
    uint32_t guest;
    int64_t length_us; /* how long, or until the restart */
    uint64_t value;    /* bit/s, microseconds, ppm, KiB or a number, as the kind has it */
};

struct plan {
    uint64_t seed;
    uint32_t host_count;
    bool free_hosts; /* costs: none */
    /* the patience of all daemons */
    uint32_t silence_ms;
    uint32_t connect_ms;
    uint32_t reconnect_s;
    uint32_t unknown_s;
    uint32_t orphan_s;
    uint32_t hold_s;
    uint32_t network_count;
    struct plan_network networks[PLAN_NETWORKS_MAX];
    uint32_t guest_count;
    struct plan_guest guests[PLAN_GUESTS_MAX];
    uint32_t move_count;
    struct plan_move moves[PLAN_MOVES_MAX];
    uint32_t order_count;
    struct plan_order orders[PLAN_ORDERS_MAX];
    uint32_t fault_count;
    struct plan_fault faults[2 * PLAN_FAULTS_MAX]; /* with what mends journals */
    uint64_t kinds;                                /* bits: what happens in it */
};

/* The plan of a seed. */
void plan_draw(struct plan *plan, uint64_t seed);

/* draw_fault.c: the second half of plan_draw(): faults and orders, once the moves are known. */
void plan_draw_faults(struct plan *plan);

/* The plan as a scenario; allow.c writes the last part of it, what is expected. */
void plan_write(FILE *out, const struct plan *plan);
void plan_write_expects(FILE *out, const struct plan *plan);
void plan_write_time(FILE *out, int64_t us);
void plan_write_when(FILE *out, const struct plan *plan, const struct plan_when *when);
void plan_write_fault(FILE *out, const struct plan *plan, const struct plan_fault *fault);

/* The name of a move's step: "m1", "again1", "probe1". */
struct plan_name {
    char text[24];
};
struct plan_name plan_move_name(const struct plan *plan, uint32_t move);

/* Both: the scenario text of a seed, the caller frees it. */
char *plan_text(uint64_t seed, size_t *size_out);

#endif
