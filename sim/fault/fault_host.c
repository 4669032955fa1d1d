/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_host.c -- what goes wrong with a host: itself, its daemon, its CPU, memory, disk and clock.
 */
#include "sim/fault/clock.h"
#include "sim/fault/kinds.h"
#include "sim/world/attachment.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/state.h"

#define MILLION 1000000U

static const struct scenario_fault *spec_of(const struct world *world, size_t index)
{
    return fault_spec(world->scenario, index);
}

static struct host *host_of(struct world *world, size_t index)
{
    return &world->hosts[spec_of(world, index)->host];
}

/* ---- the host and its daemon ---- */

void fault_crash(struct world *world, size_t index)
{
    host_crash(host_of(world, index), HOST_LOSES_UNSYNCED);
}

void fault_crash_kept(struct world *world, size_t index)
{
    host_crash(host_of(world, index), HOST_KEEPS_WRITES);
}

void fault_reinstall(struct world *world, size_t index)
{
    host_crash(host_of(world, index), HOST_LOSES_JOURNAL);
}

void fault_boot(struct world *world, size_t index)
{
    host_boot(host_of(world, index));
}

void fault_pause(struct world *world, size_t index)
{
    host_pause(host_of(world, index));
}

void fault_resume(struct world *world, size_t index)
{
    host_resume(host_of(world, index));
}

void fault_daemon_crash(struct world *world, size_t index)
{
    host_daemon_crash(host_of(world, index));
}

void fault_daemon_start(struct world *world, size_t index)
{
    host_daemon_start(host_of(world, index));
}

/* ---- memory: what several take adds up ---- */

void fault_memory_take(struct world *world, size_t index)
{
    host_of(world, index)->memory_taken += spec_of(world, index)->bytes;
}

void fault_memory_give(struct world *world, size_t index)
{
    host_of(world, index)->memory_taken -= spec_of(world, index)->bytes;
}

/* ---- the disk that the journal is on ---- */

void fault_journal_fail(struct world *world, size_t index)
{
    host_of(world, index)->journal.failing++;
}

void fault_journal_heal(struct world *world, size_t index)
{
    host_of(world, index)->journal.failing--;
}

void fault_journal_doubt(struct world *world, size_t index)
{
    host_of(world, index)->journal.doubtful++;
}

void fault_journal_trust(struct world *world, size_t index)
{
    host_of(world, index)->journal.doubtful--;
}

void fault_disk_fill(struct world *world, size_t index)
{
    host_of(world, index)->journal.full++;
}

void fault_disk_clear(struct world *world, size_t index)
{
    host_of(world, index)->journal.full--;
}

void fault_journal_slow(struct world *world, size_t index)
{
    host_of(world, index)->journal.slow_ns += spec_of(world, index)->delay;
}

void fault_journal_quick(struct world *world, size_t index)
{
    host_of(world, index)->journal.slow_ns -= spec_of(world, index)->delay;
}

/* ---- the clock ---- */

void fault_clock_forward(struct world *world, size_t index)
{
    struct host *host = host_of(world, index);

    clock_step(&host->clock, world_now(world), spec_of(world, index)->delay);
    host_clock_changed(host);
}

void fault_clock_back(struct world *world, size_t index)
{
    struct host *host = host_of(world, index);

    clock_step(&host->clock, world_now(world), -spec_of(world, index)->delay);
    host_clock_changed(host);
}

/* Fast and slow are two kinds: where both are under way, they add up. */
static void apply_drift(struct world *world, size_t index)
{
    struct host *host = host_of(world, index);
    const struct scenario_fault *fast = fault_newest(world, SCENARIO_FAULT_CLOCK_FAST, index);
    const struct scenario_fault *slow = fault_newest(world, SCENARIO_FAULT_CLOCK_SLOW, index);
    int32_t gain = 0;

    gain += fast == NULL ? 0 : (int32_t)fast->share_ppm;
    gain -= slow == NULL ? 0 : (int32_t)slow->share_ppm;
    clock_set_gain(&host->clock, world_now(world), gain);
    host_clock_changed(host);
}

/* ---- values ---- */

void fault_host_apply(struct world *world, size_t index)
{
    const enum scenario_fault_kind kind = spec_of(world, index)->kind;
    const struct scenario_fault *fault = fault_newest(world, kind, index);
    struct host *host = host_of(world, index);

    if (kind == SCENARIO_FAULT_HOST_CPU) {
        host->cpu_ppm = fault == NULL ? MILLION : fault->share_ppm;
        attachment_host_rates(host);
    } else if (kind == SCENARIO_FAULT_VERSION) {
        host->version_min = fault == NULL ? FERRY_PROTOCOL_VERSION_MIN : fault->version_min;
        host->version_max = fault == NULL ? FERRY_PROTOCOL_VERSION_MAX : fault->version_max;
    } else {
        apply_drift(world, index);
    }
}
