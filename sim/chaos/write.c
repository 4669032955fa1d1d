/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.c -- a plan as a scenario file: what people read, and what the run is made from.
 *
 * There is no second way from a plan to a run, so a file that was printed fails as its seed did.
 */
#include "sim/chaos/draw.h"
#include "sim/chaos/plan.h"
#include "sim/report/memory.h"

#include <inttypes.h>

static const char *const kind_names[PLAN_KINDS] = {
    [0] = "nothing",
    [PLAN_HOST_GONE] = "host gone for good",
    [PLAN_CANCEL] = "cancel",
    [PLAN_SET] = "change of limits",
    [PLAN_SWITCH_NOW] = "switch now",
    [PLAN_SECOND_MOVE] = "second move",
};

const char *plan_kind_name(unsigned kind)
{
    if (kind >= PLAN_KINDS) {
        return "?";
    }
    return kind_names[kind] != NULL ? kind_names[kind]
                                    : scenario_fault_kind_name((enum scenario_fault_kind)kind);
}

enum scenario_scope plan_scope(unsigned kind)
{
    return kind == PLAN_HOST_GONE ? SCENARIO_SCOPE_HOST
                                  : scenario_fault_scope((enum scenario_fault_kind)kind);
}

struct plan_name plan_move_name(const struct plan *plan, uint32_t index)
{
    static const char *const words[] = {
        [PLAN_FIRST] = "m",
        [PLAN_AGAIN] = "again",
        [PLAN_PROBE] = "probe",
    };
    const struct plan_move *move = &plan->moves[index];
    struct plan_name name;

    (void)snprintf(name.text, sizeof name.text, "%s%" PRIu32, words[move->role], move->guest + 1);
    return name;
}

/* ---- the cluster ---- */

static void put_host_names(FILE *out, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->host_count; i++) {
        (void)fprintf(out, "%sh%" PRIu32, i == 0 ? "" : ", ", i + 1);
    }
}

static void put_hosts(FILE *out, const struct plan *plan)
{
    (void)fputs("hosts:\n", out);
    for (uint32_t i = 0; i < plan->host_count; i++) {
        (void)fprintf(
            out,
            "  h%" PRIu32 ": {memory: 64 MiB, silence_timeout: %" PRIu32
            " ms, connect_timeout: %" PRIu32 " ms, reconnect_limit: %" PRIu32
            " s, unknown_after: %" PRIu32 " s, orphan_limit: %" PRIu32 " s, hold_time: %" PRIu32
            " s%s}\n",
            i + 1,
            plan->silence_ms,
            plan->connect_ms,
            plan->reconnect_s,
            plan->unknown_s,
            plan->orphan_s,
            plan->hold_s,
            plan->free_hosts ? ", costs: none" : "");
    }
}

static void put_networks(FILE *out, const struct plan *plan)
{
    (void)fputs("networks:\n", out);
    for (uint32_t i = 0; i < plan->network_count; i++) {
        const struct plan_network *network = &plan->networks[i];

        (void)fprintf(out, "  n%" PRIu32 ": {hosts: [", i + 1);
        put_host_names(out, plan);
        (void)fprintf(out, "], bandwidth: %" PRIu32 " Mbit/s, latency: ", network->mbit);
        plan_write_time(out, network->latency_us);
        (void)fprintf(out, ", priority: %" PRIu32, network->priority);
        if (network->loss_ppm > 0) {
            (void)fprintf(out, ", loss: %" PRIu32 " ppm", network->loss_ppm);
        }
        (void)fputs("}\n", out);
    }
}

static void put_set(FILE *out, uint32_t pages, uint32_t rate)
{
    (void)fprintf(out, "size: %" PRIu32 " KiB, rate: %" PRIu32 " KiB/s", pages * 4, rate * 4);
}

static void put_workload(FILE *out, const struct plan_guest *guest)
{
    const uint32_t pages = guest->set_pages;
    const uint32_t rate = guest->pages_per_second;

    (void)fputs("    workload: {", out);
    switch (guest->workload) {
    case MODEL_WORKLOAD_SWEEP:
        (void)fputs("kind: sweep, ", out);
        put_set(out, pages, rate);
        break;
    case MODEL_WORKLOAD_UNIFORM:
        (void)fputs("kind: uniform, ", out);
        put_set(out, pages, rate);
        break;
    case MODEL_WORKLOAD_HOTSET:
        (void)fputs("kind: hotset, hot: {", out);
        put_set(out, pages / 4 + 1, rate);
        (void)fputs("}, cold: {", out);
        put_set(out, pages / 2 + 1, rate / 10 + 1);
        (void)fputc('}', out);
        break;
    case MODEL_WORKLOAD_BURST:
        (void)fputs("kind: burst, ", out);
        put_set(out, pages, rate);
        (void)fprintf(
            out, ", on: %" PRIu32 " ms, off: %" PRIu32 " ms", guest->on_ms, guest->off_ms);
        break;
    case MODEL_WORKLOAD_IDLE:
    case MODEL_WORKLOAD_PHASES:
    case MODEL_WORKLOAD_CURVE:
    case MODEL_WORKLOAD_REPLAY: (void)fputs("kind: idle", out); break;
    }
    (void)fputs("}\n", out);
}

static void put_guests(FILE *out, const struct plan *plan)
{
    (void)fputs("guests:\n", out);
    for (uint32_t i = 0; i < plan->guest_count; i++) {
        const struct plan_guest *guest = &plan->guests[i];

        (void)fprintf(
            out,
            "  g%" PRIu32 ":\n"
            "    host: h%" PRIu32 "\n"
            "    memory: %" PRIu32 " KiB\n"
            "    nonzero: %" PRIu32 " %%\n"
            "    device_state: %" PRIu32 " KiB\n",
            i + 1,
            guest->host + 1,
            guest->pages * 4,
            guest->nonzero_percent,
            guest->state_kib);
        if (guest->bytes) {
            (void)fputs("    content: bytes\n", out);
        }
        if (guest->zeroed_percent > 0) {
            (void)fprintf(out, "    zeroed: %" PRIu32 " %%\n", guest->zeroed_percent);
        }
        if (guest->device_writes > 0) {
            (void)fprintf(out, "    device_writes: %" PRIu32 "\n", guest->device_writes);
        }
        put_workload(out, guest);
        if (guest->clients > 0) {
            (void)fprintf(
                out, "    clients: {rate: %" PRIu32 " /s, timeout: 1 s}\n", guest->clients);
        }
    }
}

/* ---- what happens ---- */

void plan_write_when(FILE *out, const struct plan *plan, const struct plan_when *when)
{
    if (!when->on_phase) {
        (void)fputs("at: ", out);
        plan_write_time(out, when->at_us);
        return;
    }
    (void)fprintf(
        out,
        "when: {move: %s, phase: %s",
        plan_move_name(plan, when->move).text,
        scenario_phase_name(when->phase));
    if (when->number > 0) {
        (void)fprintf(
            out,
            ", %s: %" PRIu32,
            when->phase == SCENARIO_PHASE_ROUND ? "round" : "attempt",
            when->number);
    }
    (void)fputc('}', out);
    if (when->at_us > 0) {
        (void)fputs(", after: ", out);
        plan_write_time(out, when->at_us);
    }
}

static void put_move(FILE *out, const struct plan *plan, uint32_t index)
{
    const struct plan_move *move = &plan->moves[index];

    (void)fprintf(out, "  - {id: %s, at: ", plan_move_name(plan, index).text);
    plan_write_time(out, move->at_us);
    (void)fprintf(out, ", move: g%" PRIu32 ", to: h%" PRIu32, move->guest + 1, move->to + 1);
    if (move->mode == FERRY_MODE_STOP_AND_COPY) {
        (void)fputs(", mode: stop-and-copy", out);
    }
    if (move->limit_ms > 0) {
        (void)fprintf(out, ", blackout_limit: %" PRIu32 " ms", move->limit_ms);
    }
    if (move->streams > 1) {
        (void)fprintf(out, ", streams: %" PRIu32, move->streams);
    }
    if (move->cap_mbit > 0) {
        (void)fprintf(out, ", bandwidth_cap: %" PRIu32 " Mbit/s", move->cap_mbit);
    }
    if (move->on_no_convergence != FERRY_GIVE_UP) {
        (void)fprintf(
            out,
            ", on_no_convergence: %s",
            move->on_no_convergence == FERRY_KEEP_TRYING ? "keep-trying" : "switch-anyway");
    }
    (void)fprintf(out, ", give_up_after: %" PRIu32 " s}\n", move->give_up_s);
}

static void put_order(FILE *out, const struct plan *plan, const struct plan_order *order)
{
    const struct plan_name move = plan_move_name(plan, order->move);

    (void)fputs("  - {", out);
    plan_write_when(out, plan, &order->when);
    (void)fprintf(
        out,
        ", %s: %s",
        order->kind == PLAN_CANCEL ? "cancel"
        : order->kind == PLAN_SET  ? "set"
                                   : "switch_now",
        move.text);
    if (order->kind == PLAN_SET && order->cap_mbit > 0) {
        (void)fprintf(out, ", bandwidth_cap: %" PRIu32 " Mbit/s", order->cap_mbit);
    }
    if (order->kind == PLAN_SET && order->limit_ms > 0) {
        (void)fprintf(out, ", blackout_limit: %" PRIu32 " ms", order->limit_ms);
    }
    (void)fputs("}\n", out);
}

void plan_write(FILE *out, const struct plan *plan)
{
    (void)fprintf(
        out,
        "# Question: does everything end well under the faults of chaos seed %" PRIu64 "?\n"
        "version: 1\n"
        "name: chaos %" PRIu64 "\n"
        "seed: %" PRIu64 "\n",
        plan->seed,
        plan->seed,
        plan->seed & INT64_MAX);
    put_hosts(out, plan);
    put_networks(out, plan);
    put_guests(out, plan);
    (void)fputs("steps:\n", out);
    for (uint32_t i = 0; i < plan->move_count; i++) {
        put_move(out, plan, i);
    }
    for (uint32_t i = 0; i < plan->order_count; i++) {
        put_order(out, plan, &plan->orders[i]);
    }
    if (plan->fault_count > 0) {
        (void)fputs("faults:\n", out);
    }
    for (uint32_t i = 0; i < plan->fault_count; i++) {
        plan_write_fault(out, plan, &plan->faults[i]);
    }
    plan_write_expects(out, plan);
}

char *plan_text(uint64_t seed, size_t *size_out)
{
    struct plan plan;
    char *text = NULL;
    FILE *out = report_text_open(&text, size_out);

    plan_draw(&plan, seed);
    plan_write(out, &plan);
    report_text_close(out);
    return text;
}
