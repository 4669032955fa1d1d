/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw.c -- draws the cluster, its guests and their moves.
 *
 * Values are picked from short lists rather than from ranges: the edges (nothing, one, equal
 * priorities, all pages zero) come often, and a file with round numbers is read more easily.
 */
#include "sim/chaos/draw.h"

#include "sim/chaos/plan.h"

#include <string.h>

uint32_t draw_below(struct model_rng *rng, uint32_t bound)
{
    return (uint32_t)model_rng_below(rng, bound);
}

bool draw_chance(struct model_rng *rng, uint32_t percent)
{
    return draw_below(rng, 100) < percent;
}

uint32_t draw_pick(struct model_rng *rng, const uint32_t *list, uint32_t count)
{
    return list[draw_below(rng, count)];
}

static void draw_hosts(struct plan *plan, struct model_rng *rng)
{
    static const uint32_t silence[] = {200, 500, 1000};
    static const uint32_t connect[] = {200, 1000};
    static const uint32_t reconnect[] = {20, 30, 60};
    static const uint32_t unknown[] = {2, 5, 10, 30};
    static const uint32_t orphan[] = {20, 40, 120};
    static const uint32_t hold[] = {40, 90, 86400};

    plan->host_count = draw_chance(rng, 40) ? 3 : 2;
    plan->free_hosts = draw_chance(rng, 15);
    plan->silence_ms = PICK(rng, silence);
    plan->connect_ms = PICK(rng, connect);
    plan->reconnect_s = PICK(rng, reconnect);
    plan->unknown_s = PICK(rng, unknown);
    plan->orphan_s = PICK(rng, orphan);
    plan->hold_s = PICK(rng, hold);
}

static void draw_networks(struct plan *plan, struct model_rng *rng)
{
    static const uint32_t counts[] = {1, 1, 2, 2, 3};
    static const uint32_t mbit[] = {100, 1000, 1000, 10000, 25000};
    static const uint32_t latency[] = {0, 10, 50, 50, 200, 1000, 5000};
    static const uint32_t loss[] = {0, 0, 0, 0, 100, 10000};

    plan->network_count = PICK(rng, counts);
    for (uint32_t i = 0; i < plan->network_count; i++) {
        struct plan_network *network = &plan->networks[i];

        network->mbit = PICK(rng, mbit);
        network->latency_us = PICK(rng, latency);
        network->loss_ppm = PICK(rng, loss);
        network->priority = 1 + draw_below(rng, 3);
    }
}

static uint32_t slowest_mbit(const struct plan *plan)
{
    uint32_t slowest = UINT32_MAX;

    for (uint32_t i = 0; i < plan->network_count; i++) {
        slowest = plan->networks[i].mbit < slowest ? plan->networks[i].mbit : slowest;
    }
    return slowest;
}

/* Most guests write little, so that they converge over any network; some write more than it takes.
 */
static void draw_workload(struct plan *plan, struct plan_guest *guest, struct model_rng *rng)
{
    static const enum model_workload_kind kinds[] = {
        MODEL_WORKLOAD_IDLE,
        MODEL_WORKLOAD_UNIFORM,
        MODEL_WORKLOAD_UNIFORM,
        MODEL_WORKLOAD_SWEEP,
        MODEL_WORKLOAD_HOTSET,
        MODEL_WORKLOAD_BURST,
    };
    static const uint32_t calm[] = {1, 20, 100, 250};
    static const uint32_t busy[] = {1000, 4000};
    static const uint32_t on[] = {10, 100, 500};
    static const uint32_t parts[] = {1, 2, 8, 32};

    guest->workload = kinds[draw_below(rng, sizeof kinds / sizeof kinds[0])];
    guest->set_pages = guest->pages / PICK(rng, parts);
    guest->pages_per_second = PICK(rng, calm);
    if (draw_chance(rng, slowest_mbit(plan) > 100 ? 10 : 5)) {
        guest->pages_per_second = PICK(rng, busy);
    }
    guest->on_ms = PICK(rng, on);
    guest->off_ms = PICK(rng, on);
}

static void draw_guests(struct plan *plan, struct model_rng *rng)
{
    static const uint32_t counts[] = {1, 1, 1, 2, 2, 3};
    static const uint32_t pages[] = {256, 256, 256, 512, 777, 1024};
    static const uint32_t nonzero[] = {0, 10, 50, 90, 100, 100};
    static const uint32_t state[] = {0, 4, 64, 256, 1024};
    static const uint32_t clients[] = {100, 1000};

    plan->guest_count = PICK(rng, counts);
    for (uint32_t i = 0; i < plan->guest_count; i++) {
        struct plan_guest *guest = &plan->guests[i];

        guest->host = draw_below(rng, plan->host_count);
        guest->pages = PICK(rng, pages);
        guest->nonzero_percent = PICK(rng, nonzero);
        guest->state_kib = PICK(rng, state);
        guest->bytes = draw_chance(rng, 10);
        guest->clients = draw_chance(rng, 20) ? PICK(rng, clients) : 0;
        draw_workload(plan, guest, rng);
    }
}

/* What memory gets apart from data: pages of zeros, and what devices write in the pause. */
static void draw_memory(struct plan *plan, struct model_rng *rng)
{
    static const uint32_t zeroed[] = {1, 10, 50};
    static const uint32_t pages[] = {1, 4, 16};

    for (uint32_t i = 0; i < plan->guest_count; i++) {
        struct plan_guest *guest = &plan->guests[i];

        guest->zeroed_percent = draw_chance(rng, 40) ? PICK(rng, zeroed) : 0;
        guest->device_writes = draw_chance(rng, 30) ? PICK(rng, pages) : 0;
    }
}

static uint32_t other_host(const struct plan *plan, uint32_t host, struct model_rng *rng)
{
    const uint32_t step = 1 + draw_below(rng, plan->host_count - 1);

    return (host + step) % plan->host_count;
}

static struct plan_move *
add_move(struct plan *plan, enum plan_role role, uint32_t guest, struct model_rng *rng)
{
    static const uint32_t limits[] = {30, 100, 300, 300, 1000};
    static const uint32_t streams[] = {1, 1, 1, 2, 4};
    static const uint32_t caps[] = {50, 200, 800};
    static const uint32_t give_up[] = {15, 60, 3600, 3600};
    struct plan_move *move = &plan->moves[plan->move_count];

    plan->move_count++;
    *move = (struct plan_move){.role = role, .guest = guest};
    move->to = other_host(plan, plan->guests[guest].host, rng);
    move->limit_ms = PICK(rng, limits);
    move->streams = PICK(rng, streams);
    move->cap_mbit = draw_chance(rng, 15) ? PICK(rng, caps) : 0;
    move->give_up_s = PICK(rng, give_up);
    move->mode = draw_chance(rng, 8) ? FERRY_MODE_STOP_AND_COPY : FERRY_MODE_PRECOPY;
    const uint32_t no = draw_below(rng, 6);

    move->on_no_convergence = no == 0   ? FERRY_KEEP_TRYING
                              : no == 1 ? FERRY_SWITCH_ANYWAY
                                        : FERRY_GIVE_UP;
    if (move->on_no_convergence == FERRY_KEEP_TRYING && move->give_up_s > 60) {
        move->give_up_s = 60; /* it would try on, all the time */
    }
    if (move->mode == FERRY_MODE_STOP_AND_COPY) {
        move->limit_ms = 0;
    }
    return move;
}

static void draw_moves(struct plan *plan, struct model_rng *rng)
{
    const bool probes = draw_chance(rng, 50);

    for (uint32_t guest = 0; guest < plan->guest_count; guest++) {
        struct plan_move *move = add_move(plan, PLAN_FIRST, guest, rng);

        move->at_us = (int64_t)draw_below(rng, 200) * PLAN_MS;
    }
    if (draw_chance(rng, 10)) {
        const uint32_t guest = draw_below(rng, plan->guest_count);
        struct plan_move *move = add_move(plan, PLAN_AGAIN, guest, rng);

        move->at_us = (int64_t)draw_below(rng, 2000) * PLAN_MS;
        move->to = draw_below(rng, plan->host_count);
        plan->kinds |= PLAN_BIT(PLAN_SECOND_MOVE);
    }
    for (uint32_t guest = 0; probes && guest < plan->guest_count; guest++) {
        struct plan_move *move = add_move(plan, PLAN_PROBE, guest, rng);

        move->at_us = PLAN_PROBE_AT;
        move->to = draw_below(rng, plan->host_count);
    }
}

void plan_draw(struct plan *plan, uint64_t seed)
{
    struct model_rng rng;

    memset(plan, 0, sizeof *plan);
    plan->seed = seed;
    model_rng_init(&rng, seed, "chaos/cluster");
    draw_hosts(plan, &rng);
    draw_networks(plan, &rng);
    model_rng_init(&rng, seed, "chaos/guests");
    draw_guests(plan, &rng);
    model_rng_init(&rng, seed, "chaos/memory");
    draw_memory(plan, &rng);
    model_rng_init(&rng, seed, "chaos/moves");
    draw_moves(plan, &rng);
    plan_draw_faults(plan);
}
