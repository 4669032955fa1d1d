/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allow.c -- what may come of each move, given what goes wrong: written as expectations.
 *
 * The failure truth table, turned round: from the faults of a plan to the outcomes that are allowed.
 * An outcome that is missing in the list is a violation, so a fault may only add what its row of
 * the table says:
 *   nothing, or outages that end in time     the migration goes on where it was: completed
 *   a host or daemon of the pair crashes     failed too (its host took the guest with it, the target
 *                                            burned, the session was not recorded yet); refused, if
 *                                            the order found no daemon or no guest
 *   writes to a journal of the pair fail     failed, and refused from then on until it is mended; after that too,
 *                                            where the fault waits for a phase that comes after a long wait
 *   no room, no common version               refused; failed, if the room goes when it is taken
 *   bytes change under the checksum          failed too: after some damage nobody trusts the road
 *   something is slow, or stands still       failed, by a rule of the policy; never under keep-trying
 *                                            when there is time enough after the storm
 *   a journal is lost, a host stays away     unknown too
 *   an operator cancels                      cancelled too
 * What the sentence, the blackout and the place of the guest must be is judged by the invariants.
 */
#include "sim/chaos/plan.h"

#include <inttypes.h>

#define BIT(kind)  (1U << (unsigned)(kind)) /* of outcomes */
#define KIND(kind) PLAN_BIT(SCENARIO_FAULT_##kind)

static const unsigned ends = BIT(FERRY_OUTCOME_COMPLETED) | BIT(FERRY_OUTCOME_FAILED) |
                             BIT(FERRY_OUTCOME_CANCELLED) | BIT(FERRY_OUTCOME_REFUSED) |
                             BIT(FERRY_OUTCOME_UNKNOWN);

/* What happens to the hosts that may have the guest, and to all networks. */
struct trouble {
    unsigned hosts;    /* bits: where the guest may be before the probes */
    uint64_t kinds;    /* bits of enum plan_kind */
    int64_t outage_us; /* all outages, one after the other */
};

static unsigned hosts_of(const struct plan *plan, uint32_t guest)
{
    unsigned hosts = 1U << plan->guests[guest].host;

    for (uint32_t i = 0; i < plan->move_count; i++) {
        if (plan->moves[i].guest == guest && plan->moves[i].role != PLAN_PROBE) {
            hosts |= 1U << plan->moves[i].to;
        }
    }
    return hosts;
}

static bool is_of_host(unsigned kind)
{
    const enum scenario_scope scope = plan_scope(kind);

    return scope == SCENARIO_SCOPE_HOST || scope == SCENARIO_SCOPE_CLOCK;
}

/* How long nobody may get anywhere because of it: a clock that jumps takes that off every patience. */
static int64_t outage_of(const struct plan_fault *fault)
{
    const bool jump = fault->kind == SCENARIO_FAULT_CLOCK_FORWARD ||
                      fault->kind == SCENARIO_FAULT_CLOCK_BACK ||
                      fault->kind == SCENARIO_FAULT_NET_REORDER;

    return jump ? (int64_t)fault->value : fault->length_us;
}

static struct trouble trouble_of(const struct plan *plan, uint32_t guest)
{
    struct trouble trouble = {.hosts = hosts_of(plan, guest)};

    for (uint32_t i = 0; i < plan->fault_count; i++) {
        const struct plan_fault *fault = &plan->faults[i];

        if (is_of_host(fault->kind) && (trouble.hosts & 1U << fault->host) == 0) {
            continue;
        }
        if (plan_scope(fault->kind) == SCENARIO_SCOPE_GUEST && fault->guest != guest) {
            continue;
        }
        trouble.kinds |= PLAN_BIT(fault->kind);
        trouble.outage_us += outage_of(fault);
    }
    for (uint32_t i = 0; i < plan->order_count; i++) {
        if (plan->moves[plan->orders[i].move].guest == guest) {
            trouble.kinds |= PLAN_BIT(plan->orders[i].kind);
        }
    }
    return trouble;
}

/* ---- does it converge without any fault? ---- */

struct road {
    uint64_t mbit; /* what a guest gets of the slowest network, all of them under way at once */
    uint64_t latency_us;
    bool lossy;
};

static struct road road_of(const struct plan *plan, const struct plan_move *move)
{
    struct road road = {.mbit = UINT64_MAX};

    for (uint32_t i = 0; i < plan->network_count; i++) {
        const struct plan_network *network = &plan->networks[i];

        road.mbit = network->mbit < road.mbit ? network->mbit : road.mbit;
        road.latency_us =
            network->latency_us > road.latency_us ? network->latency_us : road.latency_us;
        road.lossy = road.lossy || network->loss_ppm >= 10000 ||
                     (network->loss_ppm > 0 && network->latency_us >= 1000);
    }
    road.mbit /= plan->guest_count;
    if (move->cap_mbit > 0 && move->cap_mbit < road.mbit) {
        road.mbit = move->cap_mbit;
    }
    return road;
}

/* With room to spare: three times what the pause needs, four times what the guest writes. */
static bool converges(const struct plan *plan, const struct plan_move *move)
{
    const struct plan_guest *guest = &plan->guests[move->guest];
    const struct road road = road_of(plan, move);
    const uint64_t page_bits = UINT64_C(4096) * 8;
    const uint64_t state_us = (uint64_t)guest->state_kib * 1024 * 8 / road.mbit;
    const uint64_t pages_us = 16 * page_bits / road.mbit;
    const uint64_t fixed_us = 4000 + UINT64_C(10) * road.latency_us;

    if (guest->pages_per_second * page_bits * 4 > road.mbit * 1000000 || road.lossy) {
        return false;
    }
    return move->mode == FERRY_MODE_STOP_AND_COPY ||
           (uint64_t)move->limit_ms * 1000 >= 3 * (state_us + pages_us + fixed_us);
}

/* ---- allowed ---- */

#define CRASHES \
    (KIND(HOST_CRASH) | KIND(HOST_CRASH_KEPT) | KIND(HOST_REINSTALL) | PLAN_BIT(PLAN_HOST_GONE))
#define WRITTEN_OFF (KIND(HOST_REINSTALL) | PLAN_BIT(PLAN_HOST_GONE))
/* A write to a journal fails, or is said to have failed. */
#define NOT_WRITTEN (KIND(JOURNAL_FAIL) | KIND(JOURNAL_DOUBT) | KIND(DISK_FULL))
/* The target says no before the first page. */
#define TURNED_AWAY (KIND(HOST_MEMORY) | KIND(VERSION))
#define SLOW                                                                         \
    (KIND(HOST_PAUSE) | KIND(HOST_CPU) | KIND(JOURNAL_SLOW) | KIND(NET_BANDWIDTH) |  \
     KIND(NET_LATENCY) | KIND(NET_JITTER) | KIND(NET_LOSS) | KIND(NET_BACKGROUND) |  \
     KIND(CLOCK_FORWARD) | KIND(CLOCK_BACK) | KIND(GUEST_BURST) | KIND(GUEST_RATE) | \
     KIND(GUEST_DEVICE))

/* The outages may last longer than somebody's patience. */
static bool
over_patience(const struct plan *plan, const struct plan_move *move, const struct trouble *trouble)
{
    const int64_t doubled_us = 2 * trouble->outage_us;

    return doubled_us > plan->reconnect_s * PLAN_SECOND ||
           doubled_us > plan->orphan_s * PLAN_SECOND || doubled_us > plan->hold_s * PLAN_SECOND ||
           doubled_us > (move->give_up_s - 10) * PLAN_SECOND;
}

/* The guest's other move of the storm may come first. */
static bool moved_before(const struct plan *plan, const struct plan_move *move)
{
    for (uint32_t i = 0; i < plan->move_count; i++) {
        const struct plan_move *other = &plan->moves[i];

        if (other->role == PLAN_AGAIN && other->guest == move->guest &&
            other->at_us <= move->at_us) {
            return true;
        }
    }
    return false;
}

static unsigned allowed_in_storm(
    const struct plan *plan, const struct plan_move *move, const struct trouble *trouble)
{
    const bool patient = move->on_no_convergence == FERRY_KEEP_TRYING && move->give_up_s >= 60 &&
                         (trouble->kinds & (PLAN_BIT(PLAN_SET) | PLAN_BIT(PLAN_SWITCH_NOW))) == 0;
    unsigned allowed = BIT(FERRY_OUTCOME_COMPLETED);

    if (moved_before(plan, move)) {
        return ends; /* from wherever that brought it; or it was under way */
    }
    if ((trouble->kinds & PLAN_BIT(PLAN_CANCEL)) != 0) {
        allowed |= BIT(FERRY_OUTCOME_CANCELLED);
    }
    if ((trouble->kinds & (CRASHES | KIND(DAEMON_CRASH))) != 0) {
        allowed |= BIT(FERRY_OUTCOME_FAILED) | BIT(FERRY_OUTCOME_REFUSED);
    }
    if ((trouble->kinds & (NOT_WRITTEN | TURNED_AWAY)) != 0) {
        allowed |= BIT(FERRY_OUTCOME_FAILED) | BIT(FERRY_OUTCOME_REFUSED);
    }
    if ((trouble->kinds & KIND(NET_CORRUPT)) != 0) {
        allowed |= BIT(FERRY_OUTCOME_FAILED); /* too much damage ends a migration */
    }
    if ((trouble->kinds & WRITTEN_OFF) != 0) {
        allowed |= BIT(FERRY_OUTCOME_UNKNOWN);
    }
    if (!converges(plan, move) || over_patience(plan, move, trouble) ||
        (trouble->kinds & (PLAN_BIT(PLAN_SET) | PLAN_BIT(PLAN_SWITCH_NOW))) != 0 ||
        ((trouble->kinds & SLOW) != 0 && !patient)) {
        allowed |= BIT(FERRY_OUTCOME_FAILED);
    }
    return allowed;
}

/* The phases at which a session arrives that has waited for the mending of a journal. */
static bool comes_after_a_wait(const struct plan_when *when)
{
    return when->on_phase && when->phase >= SCENARIO_PHASE_DELIVERED;
}

/* A fault that waits for a phase may hit a journal when its operator has been there already: no session begins on that
 * host any more. */
static bool breaks_after_the_mending(
    const struct plan *plan, const struct plan_move *move, const struct trouble *trouble)
{
    const unsigned hosts = trouble->hosts | 1U << move->to;

    for (uint32_t i = 0; i < plan->fault_count; i++) {
        const struct plan_fault *fault = &plan->faults[i];

        if ((NOT_WRITTEN & PLAN_BIT(fault->kind)) != 0 && (hosts & 1U << fault->host) != 0 &&
            comes_after_a_wait(&fault->when)) {
            return true;
        }
    }
    return false;
}

/* Everything is whole again. The guest is where it may be, or it died with its host. */
static unsigned
allowed_after(const struct plan *plan, const struct plan_move *move, const struct trouble *trouble)
{
    unsigned allowed = BIT(FERRY_OUTCOME_COMPLETED);

    if ((trouble->hosts & 1U << move->to) != 0 || (trouble->kinds & CRASHES) != 0) {
        allowed |= BIT(FERRY_OUTCOME_REFUSED); /* it is there, or gone */
    }
    if (breaks_after_the_mending(plan, move, trouble)) {
        allowed |= BIT(FERRY_OUTCOME_REFUSED);
    }
    if (!converges(plan, move) || (plan->kinds & PLAN_BIT(PLAN_HOST_GONE)) != 0) {
        allowed |= BIT(FERRY_OUTCOME_FAILED);
    }
    return allowed;
}

static unsigned
allowed(const struct plan *plan, const struct plan_move *move, const struct trouble *trouble)
{
    switch (move->role) {
    case PLAN_FIRST: return allowed_in_storm(plan, move, trouble);
    case PLAN_AGAIN: return ends;
    case PLAN_PROBE: return allowed_after(plan, move, trouble);
    }
    return ends;
}

/* ---- written ---- */

static void put_outcomes(FILE *out, const struct plan_name *move, unsigned outcomes)
{
    const char *comma = "";

    (void)fprintf(out, "  - {move: %s, outcome: [", move->text);
    for (unsigned kind = FERRY_OUTCOME_COMPLETED; kind <= FERRY_OUTCOME_UNKNOWN; kind++) {
        if ((outcomes & BIT(kind)) != 0) {
            (void)fprintf(out, "%s%s", comma, ferry_outcome_name((enum ferry_outcome_kind)kind));
            comma = ", ";
        }
    }
    (void)fputs("]}\n", out);
}

static void put_guest(FILE *out, const struct plan *plan, uint32_t guest, unsigned hosts)
{
    const char *comma = "";

    (void)fprintf(out, "  - {guest: g%" PRIu32 ", on: [", guest + 1);
    for (uint32_t host = 0; host < plan->host_count; host++) {
        if ((hosts & 1U << host) != 0) {
            (void)fprintf(out, "%sh%" PRIu32, comma, host + 1);
            comma = ", ";
        }
    }
    (void)fputs("]}\n", out);
}

void plan_write_expects(FILE *out, const struct plan *plan)
{
    (void)fputs("expect:\n", out);
    for (uint32_t i = 0; i < plan->move_count; i++) {
        const struct plan_move *move = &plan->moves[i];
        const struct trouble trouble = trouble_of(plan, move->guest);
        const struct plan_name name = plan_move_name(plan, i);

        put_outcomes(out, &name, allowed(plan, move, &trouble));
    }
    for (uint32_t guest = 0; guest < plan->guest_count; guest++) {
        const struct trouble trouble = trouble_of(plan, guest);
        unsigned hosts = trouble.hosts;

        for (uint32_t i = 0; i < plan->move_count; i++) {
            hosts |= plan->moves[i].guest == guest ? 1U << plan->moves[i].to : 0U;
        }
        if ((trouble.kinds & CRASHES) == 0) {
            put_guest(out, plan, guest, hosts);
        }
    }
}
