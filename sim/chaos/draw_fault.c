/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw_fault.c -- draws what goes wrong, and what operators do meanwhile.
 *
 * A swarm: each seed first decides which kinds of trouble it has at all, each kind with a
 * probability of its own, and then draws from those only. Runs with all kinds at once look much
 * alike; what is rare shows where most others are off.
 */
#include "sim/chaos/draw.h"
#include "sim/chaos/plan.h"

/* Of a hundred seeds, in how many a kind is on. What ends guests comes less often: it excuses much.
 */
static const uint32_t on_percent[PLAN_KINDS] = {
    [SCENARIO_FAULT_HOST_CRASH] = 35,
    [SCENARIO_FAULT_HOST_PAUSE] = 35,
    [SCENARIO_FAULT_HOST_REINSTALL] = 8,
    [SCENARIO_FAULT_DAEMON_CRASH] = 35,
    [SCENARIO_FAULT_JOURNAL_FAIL] = 20,
    [SCENARIO_FAULT_JOURNAL_SLOW] = 25,
    [SCENARIO_FAULT_NET_DOWN] = 50,
    [SCENARIO_FAULT_NET_RESET] = 50,
    [SCENARIO_FAULT_NET_REFUSE] = 30,
    [SCENARIO_FAULT_NET_BANDWIDTH] = 35,
    [SCENARIO_FAULT_NET_LATENCY] = 35,
    [SCENARIO_FAULT_NET_LOSS] = 30,
    [SCENARIO_FAULT_NET_PARTITION] = 40,
    [SCENARIO_FAULT_NET_BACKGROUND] = 30,
    [SCENARIO_FAULT_HOST_CRASH_KEPT] = 15,
    [SCENARIO_FAULT_HOST_CPU] = 20,
    [SCENARIO_FAULT_HOST_MEMORY] = 15,
    [SCENARIO_FAULT_JOURNAL_DOUBT] = 15,
    [SCENARIO_FAULT_DISK_FULL] = 12,
    [SCENARIO_FAULT_VERSION] = 10,
    [SCENARIO_FAULT_CLOCK_FAST] = 15,
    [SCENARIO_FAULT_CLOCK_SLOW] = 15,
    [SCENARIO_FAULT_CLOCK_FORWARD] = 15,
    [SCENARIO_FAULT_CLOCK_BACK] = 15,
    [SCENARIO_FAULT_NET_CLOG] = 30,
    [SCENARIO_FAULT_NET_REORDER] = 35,
    [SCENARIO_FAULT_NET_DUPLICATE] = 25,
    [SCENARIO_FAULT_NET_JITTER] = 25,
    [SCENARIO_FAULT_NET_CORRUPT] = 20,
    [SCENARIO_FAULT_GUEST_BURST] = 20,
    [SCENARIO_FAULT_GUEST_RATE] = 15,
    [SCENARIO_FAULT_GUEST_DEVICE] = 25,
    [PLAN_HOST_GONE] = 8,
    [PLAN_CANCEL] = 20,
    [PLAN_SET] = 20,
    [PLAN_SWITCH_NOW] = 15,
};

/* Of a hundred seeds, how many have nothing but outages of networks. */
#define GENTLE_PERCENT 30

static bool is_order(unsigned kind)
{
    return kind == PLAN_CANCEL || kind == PLAN_SET || kind == PLAN_SWITCH_NOW;
}

/* ---- when ---- */

/* At a time, or at a phase: faults meant for the switchover would miss it most of the time. */
static struct plan_when draw_when(const struct plan *plan, struct model_rng *rng)
{
    static const uint32_t afters[] = {0, 0, 0, 1, 30, 100, 1000, 20000};
    static const uint32_t spans[] = {100, 500, (uint32_t)(PLAN_FAULT_LATEST / PLAN_MS)};
    struct plan_when when = {.on_phase = draw_chance(rng, 60)};

    if (!when.on_phase) {
        const uint32_t span = PICK(rng, spans);

        when.at_us = (int64_t)draw_below(rng, span) * PLAN_MS;
        return when;
    }
    when.move = draw_below(rng, plan->guest_count); /* the first moves come first */
    when.phase = (enum scenario_phase)(
        SCENARIO_PHASE_CONNECTING + (int)draw_below(rng, SCENARIO_PHASE_CLOSING));
    when.at_us = PICK(rng, afters);
    if (when.phase == SCENARIO_PHASE_ROUND) {
        when.number = draw_below(rng, 3);
    } else if (when.phase >= SCENARIO_PHASE_PAUSED && draw_chance(rng, 20)) {
        when.number = 1 + draw_below(rng, 2);
    }
    return when;
}

/* ---- faults ---- */

static int64_t draw_length(struct model_rng *rng)
{
    static const uint32_t ms[] = {1, 20, 150, 400, 1200, 3000};

    return (int64_t)PICK(rng, ms) * PLAN_MS;
}

static void draw_way(const struct plan *plan, struct plan_fault *fault, struct model_rng *rng)
{
    fault->from = draw_below(rng, plan->host_count);
    const uint32_t step = 1 + draw_below(rng, plan->host_count - 1);

    fault->to = (fault->from + step) % plan->host_count;
}

/* What a value is picked from, as the kind has it: microseconds, ppm, a version. */
struct values {
    unsigned kind;
    uint32_t list[4];
};

static const struct values values[] = {
    {SCENARIO_FAULT_JOURNAL_SLOW,  {1000, 20000, 200000, 1000000}   },
    {SCENARIO_FAULT_NET_LATENCY,   {0, 500, 5000, 50000}            },
    {SCENARIO_FAULT_NET_JITTER,    {20, 500, 5000, 50000}           },
    {SCENARIO_FAULT_NET_REORDER,   {1, 1000, 50000, 500000}         },
    {SCENARIO_FAULT_NET_LOSS,      {1000, 20000, 200000, 1000000}   },
    {SCENARIO_FAULT_NET_CORRUPT,   {1000, 20000, 200000, 1000000}   },
    {SCENARIO_FAULT_HOST_CPU,      {10000, 100000, 100000, 500000}  },
    {SCENARIO_FAULT_CLOCK_FAST,    {50, 1000, 20000, 100000}        },
    {SCENARIO_FAULT_CLOCK_SLOW,    {50, 1000, 20000, 100000}        },
    {SCENARIO_FAULT_CLOCK_FORWARD, {1000, 100000, 1000000, 20000000}},
    {SCENARIO_FAULT_CLOCK_BACK,    {1000, 100000, 1000000, 5000000} },
    {SCENARIO_FAULT_HOST_MEMORY,   {1024, 32768, 63488, 65536}      },
    {SCENARIO_FAULT_VERSION,       {1, 2, 2, 3}                     },
};

static uint64_t draw_listed(unsigned kind, struct model_rng *rng)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i].kind == kind) {
            return PICK(rng, values[i].list);
        }
    }
    return 0;
}

static void draw_value(const struct plan *plan, struct plan_fault *fault, struct model_rng *rng)
{
    static const uint32_t divisors[] = {0, 2, 10, 100};
    static const uint32_t parts[] = {1, 4, 64};
    static const uint32_t mbit[] = {1, 10, 200};
    const uint64_t bits =
        (uint64_t)plan->networks[fault->network % PLAN_NETWORKS_MAX].mbit * 1000000;
    const uint32_t pages = plan->guests[fault->guest].pages;

    fault->value = draw_listed(fault->kind, rng);
    if (fault->kind == SCENARIO_FAULT_NET_BANDWIDTH) {
        const uint32_t divisor = PICK(rng, divisors);

        fault->value = divisor == 0 ? 0 : bits / divisor;
    } else if (fault->kind == SCENARIO_FAULT_NET_BACKGROUND) {
        fault->value = bits / (1 + draw_below(rng, 4));
    } else if (fault->kind == SCENARIO_FAULT_GUEST_RATE) {
        fault->value = (uint64_t)PICK(rng, mbit) * 1000000;
    } else if (plan_scope(fault->kind) == SCENARIO_SCOPE_GUEST) {
        fault->value = (uint64_t)(pages / PICK(rng, parts)) * 4;
    }
}

static void draw_fault(struct plan *plan, unsigned kind, struct model_rng *rng)
{
    struct plan_fault *fault = &plan->faults[plan->fault_count];

    plan->fault_count++;
    *fault = (struct plan_fault){.kind = kind, .when = draw_when(plan, rng)};
    fault->host = draw_below(rng, plan->host_count);
    fault->network = draw_below(rng, plan->network_count);
    fault->guest = draw_below(rng, plan->guest_count);
    fault->length_us = draw_length(rng);
    draw_way(plan, fault, rng);
    if (kind == SCENARIO_FAULT_NET_PARTITION && draw_chance(rng, 50)) {
        fault->network = PLAN_NONE;
    }
    draw_value(plan, fault, rng);
    plan->kinds |= PLAN_BIT(kind);
}

/* ---- orders ---- */

static void draw_order(struct plan *plan, unsigned kind, struct model_rng *rng)
{
    static const uint32_t caps[] = {10, 100, 5000};
    static const uint32_t limits[] = {10, 50, 300, 2000};

    if (plan->order_count == PLAN_ORDERS_MAX) {
        return;
    }
    struct plan_order *order = &plan->orders[plan->order_count];

    *order = (struct plan_order){.kind = kind, .when = draw_when(plan, rng)};
    order->move = draw_below(rng, plan->guest_count);
    if (order->when.on_phase) {
        order->move = order->when.move;
    } else if (order->when.at_us < plan->moves[order->move].at_us) {
        order->when.at_us += plan->moves[order->move].at_us;
    }
    const bool cap = draw_chance(rng, 50);

    order->cap_mbit = cap ? PICK(rng, caps) : 0;
    order->limit_ms = cap ? 0 : PICK(rng, limits);
    if (kind == PLAN_SET && plan->moves[order->move].mode == FERRY_MODE_STOP_AND_COPY && !cap) {
        return; /* it would get a limit which its copy in the pause cannot keep */
    }
    plan->order_count++;
    plan->kinds |= PLAN_BIT(kind);
}

/* ---- the storm ---- */

/* What lets every migration go on where it was, so that nothing but completion is allowed. */
static bool is_gentle(unsigned kind)
{
    return kind == SCENARIO_FAULT_NET_DOWN || kind == SCENARIO_FAULT_NET_CLOG ||
           kind == SCENARIO_FAULT_NET_RESET || kind == SCENARIO_FAULT_NET_REORDER ||
           kind == SCENARIO_FAULT_NET_DUPLICATE || kind == SCENARIO_FAULT_NET_REFUSE ||
           kind == SCENARIO_FAULT_NET_PARTITION;
}

static uint32_t draw_swarm(struct model_rng *rng, unsigned *kinds)
{
    const bool gentle = draw_chance(rng, GENTLE_PERCENT);
    uint32_t count = 0;

    for (unsigned kind = 1; kind < PLAN_KINDS; kind++) {
        if (draw_chance(rng, on_percent[kind]) && (!gentle || is_gentle(kind))) {
            kinds[count] = kind;
            count++;
        }
    }
    return count;
}

static bool has_repair(const struct plan *plan, uint32_t host)
{
    for (uint32_t i = 0; i < plan->fault_count; i++) {
        if (plan->faults[i].mends && plan->faults[i].host == host) {
            return true;
        }
    }
    return false;
}

static bool breaks_journal(unsigned kind)
{
    return kind == SCENARIO_FAULT_JOURNAL_FAIL || kind == SCENARIO_FAULT_JOURNAL_DOUBT ||
           kind == SCENARIO_FAULT_DISK_FULL;
}

/* After a failed write the journal takes nothing until the daemon has started again. */
static void mend_journals(struct plan *plan)
{
    const uint32_t count = plan->fault_count;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t host = plan->faults[i].host;

        if (!breaks_journal(plan->faults[i].kind) || has_repair(plan, host)) {
            continue;
        }
        plan->faults[plan->fault_count] = (struct plan_fault){
            .kind = SCENARIO_FAULT_DAEMON_CRASH,
            .mends = true,
            .host = host,
            .when = {.at_us = PLAN_REPAIR_AT + (int64_t)host * PLAN_SECOND},
            .length_us = PLAN_SECOND / 10,
        };
        plan->fault_count++;
    }
}

void plan_draw_faults(struct plan *plan)
{
    struct model_rng rng;
    unsigned kinds[PLAN_KINDS];

    model_rng_init(&rng, plan->seed, "chaos/faults");
    const uint32_t kind_count = draw_swarm(&rng, kinds);
    const uint32_t wanted = kind_count == 0 ? 0 : draw_below(&rng, PLAN_FAULTS_MAX + 1);

    for (uint32_t i = 0; i < wanted; i++) {
        const unsigned kind = kinds[draw_below(&rng, kind_count)];

        if (is_order(kind)) {
            draw_order(plan, kind, &rng);
        } else if (kind < PLAN_HOST_GONE || (plan->kinds & PLAN_BIT(PLAN_HOST_GONE)) == 0) {
            draw_fault(plan, kind, &rng);
        }
    }
    mend_journals(plan);
}
