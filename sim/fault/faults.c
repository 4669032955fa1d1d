/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.c -- when a fault begins, and how it is undone: one row a kind.
 *
 * A fault begins when its trigger fires; `for` undoes it. What each kind does lies in fault_host.c,
 * fault_net.c and fault_guest.c. Values (bandwidth, a share of the CPU) are those of the newest fault
 * under way, else those of the scenario, so that overlapping faults may end in any order. Crashes
 * end with the restart.
 *
 * A row also says what its kind excuses (enum sim_fault_class): the checkers believe it, so it must
 * not say more than is true. OUTAGE: nothing works as measured; STEADY: until it has been measured;
 * HIDDEN: the costs of a pause, which nobody can measure before; CLOCK: the error of the clock;
 * NO_EXCUSE: nobody should notice.
 */
#include "sim/fault/fault.h"
#include "sim/fault/kinds.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/observe.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"

#include <stdio.h>

static const struct scenario_fault *spec_of(const struct world *world, size_t index)
{
    return fault_spec(world->scenario, index);
}

/* ---- the table ---- */

struct fault_kind {
    fault_fn *begin;
    fault_fn *end;   /* NULL: over when it has begun */
    fault_fn *apply; /* of a value: makes the newest one hold */
    enum sim_fault_class class;
    enum { LASTS_FOR = 0, LASTS_TO_RESTART, LASTS_FOR_DELAY } lasts;
};

#define VALUE(apply, class)                                         \
    {                                                               \
        fault_value_begin, fault_value_end, apply, class, LASTS_FOR \
    }
#define LASTING(begin, end, class)         \
    {                                      \
        begin, end, NULL, class, LASTS_FOR \
    }
#define CRASH(begin, end)                                    \
    {                                                        \
        begin, end, NULL, SIM_FAULT_OUTAGE, LASTS_TO_RESTART \
    }
#define ONCE(begin, class)                  \
    {                                       \
        begin, NULL, NULL, class, LASTS_FOR \
    }
#define DELAYED(begin, end, class)               \
    {                                            \
        begin, end, NULL, class, LASTS_FOR_DELAY \
    }
#define OUTAGE SIM_FAULT_OUTAGE
#define STEADY SIM_FAULT_STEADY
#define HIDDEN SIM_FAULT_HIDDEN
#define CLOCK  SIM_FAULT_CLOCK

static void nothing(struct world *world, size_t index)
{
    (void)world;
    (void)index;
}

/* clang-format off: a table reads best in one line a row */
static const struct fault_kind kinds[SCENARIO_FAULT_KINDS] = {
    [SCENARIO_FAULT_HOST_CRASH] = CRASH(fault_crash, fault_boot),
    [SCENARIO_FAULT_HOST_CRASH_KEPT] = CRASH(fault_crash_kept, fault_boot),
    [SCENARIO_FAULT_HOST_REINSTALL] = CRASH(fault_reinstall, fault_boot),
    [SCENARIO_FAULT_HOST_PAUSE] = LASTING(fault_pause, fault_resume, OUTAGE),
    [SCENARIO_FAULT_DAEMON_CRASH] = CRASH(fault_daemon_crash, fault_daemon_start),
    [SCENARIO_FAULT_HOST_CPU] = VALUE(fault_host_apply, HIDDEN),
    [SCENARIO_FAULT_HOST_MEMORY] =
        LASTING(fault_memory_take, fault_memory_give, SIM_FAULT_NO_EXCUSE),
    [SCENARIO_FAULT_JOURNAL_FAIL] = LASTING(fault_journal_fail, fault_journal_heal, OUTAGE),
    [SCENARIO_FAULT_JOURNAL_DOUBT] = LASTING(fault_journal_doubt, fault_journal_trust, OUTAGE),
    [SCENARIO_FAULT_DISK_FULL] = LASTING(fault_disk_fill, fault_disk_clear, OUTAGE),
    [SCENARIO_FAULT_JOURNAL_SLOW] = LASTING(fault_journal_slow, fault_journal_quick, OUTAGE),
    [SCENARIO_FAULT_VERSION] = VALUE(fault_host_apply, SIM_FAULT_NO_EXCUSE),
    [SCENARIO_FAULT_CLOCK_FAST] = VALUE(fault_host_apply, CLOCK),
    [SCENARIO_FAULT_CLOCK_SLOW] = VALUE(fault_host_apply, CLOCK),
    [SCENARIO_FAULT_CLOCK_FORWARD] = ONCE(fault_clock_forward, CLOCK),
    [SCENARIO_FAULT_CLOCK_BACK] = DELAYED(fault_clock_back, nothing, CLOCK),
    [SCENARIO_FAULT_NET_DOWN] = LASTING(fault_net_down, fault_net_back, OUTAGE),
    [SCENARIO_FAULT_NET_CLOG] = LASTING(fault_net_clog, fault_net_unclog, OUTAGE),
    [SCENARIO_FAULT_NET_RESET] = ONCE(fault_net_reset, OUTAGE),
    [SCENARIO_FAULT_NET_REORDER] = DELAYED(fault_net_stray, nothing, OUTAGE),
    [SCENARIO_FAULT_NET_DUPLICATE] = ONCE(fault_net_duplicate, SIM_FAULT_NO_EXCUSE),
    [SCENARIO_FAULT_NET_REFUSE] = LASTING(fault_net_refuse, fault_net_accept, OUTAGE),
    [SCENARIO_FAULT_NET_PARTITION] = LASTING(fault_net_cut, fault_net_mend, OUTAGE),
    [SCENARIO_FAULT_NET_BANDWIDTH] = VALUE(fault_net_apply, STEADY),
    [SCENARIO_FAULT_NET_LATENCY] = VALUE(fault_net_apply, STEADY),
    [SCENARIO_FAULT_NET_JITTER] = VALUE(fault_net_apply, HIDDEN),
    [SCENARIO_FAULT_NET_LOSS] = VALUE(fault_net_apply, STEADY),
    [SCENARIO_FAULT_NET_CORRUPT] = VALUE(fault_net_apply, OUTAGE),
    [SCENARIO_FAULT_NET_BACKGROUND] = LASTING(fault_net_noise, fault_net_quiet, STEADY),
    [SCENARIO_FAULT_GUEST_BURST] = ONCE(fault_guest_burst, STEADY),
    [SCENARIO_FAULT_GUEST_RATE] = LASTING(fault_guest_faster, fault_guest_slower, STEADY),
    [SCENARIO_FAULT_GUEST_DEVICE] = ONCE(fault_guest_device, STEADY),
};
/* clang-format on */

static const struct fault_kind *kind_of(const struct world *world, size_t index)
{
    return &kinds[spec_of(world, index)->kind];
}

/* ---- values ---- */

const struct scenario_fault *
fault_newest(const struct world *world, enum scenario_fault_kind kind, size_t index)
{
    const struct scenario_fault *like = spec_of(world, index);
    const struct scenario_fault *found = NULL;
    uint64_t order = 0;

    for (size_t i = 0; i < world->scenario->fault_count; i++) {
        const struct scenario_fault *fault = spec_of(world, i);
        if (fault->kind == kind && fault->network == like->network && fault->host == like->host &&
            world->fault_memory[i] > order) {
            order = world->fault_memory[i];
            found = fault;
        }
    }
    return found;
}

void fault_value_begin(struct world *world, size_t index)
{
    world->faults_begun++;
    world->fault_memory[index] = world->faults_begun;
    kind_of(world, index)->apply(world, index);
}

void fault_value_end(struct world *world, size_t index)
{
    world->fault_memory[index] = 0;
    kind_of(world, index)->apply(world, index);
}

/* ---- what the checkers hear ---- */

static bool is_of_host(enum scenario_fault_kind kind)
{
    const enum scenario_scope scope = scenario_fault_scope(kind);

    return scope == SCENARIO_SCOPE_HOST || scope == SCENARIO_SCOPE_CLOCK;
}

/* The one network that it hits, for the checkers. */
static uint32_t network_of(const struct scenario_fault *fault)
{
    const enum scenario_scope scope = scenario_fault_scope(fault->kind);

    if (scope == SCENARIO_SCOPE_HOST || scope == SCENARIO_SCOPE_CLOCK ||
        scope == SCENARIO_SCOPE_GUEST || fault->network == SCENARIO_NONE) {
        return SIM_CHECK_NONE;
    }
    return (uint32_t)fault->network;
}

/* "network mig-a down", "host h1 crash": for the checker that names it. */
static void describe(const struct world *world, size_t index, char *text, size_t size)
{
    const struct scenario_fault *fault = spec_of(world, index);
    const char *name = "of all networks";

    if (is_of_host(fault->kind)) {
        name = world->scenario->hosts[fault->host].name;
    } else if (fault->guest != SCENARIO_NONE) {
        name = world->scenario->guests[fault->guest].name;
    } else if (fault->network != SCENARIO_NONE) {
        name = world->scenario->networks[fault->network].name;
    }
    (void)snprintf(text, size, "%s %s", scenario_fault_kind_name(fault->kind), name);
}

static enum sim_fault_class class_of(const struct world *world, size_t index)
{
    const struct scenario_fault *fault = spec_of(world, index);

    /* a cable that carries nothing is no slow cable */
    return fault->kind == SCENARIO_FAULT_NET_BANDWIDTH && fault->bandwidth == 0
               ? SIM_FAULT_OUTAGE
               : kind_of(world, index)->class;
}

/* How fast the clock gains or loses while the fault lasts: one that was set back stands still. */
static uint32_t clock_ppm(const struct scenario_fault *fault)
{
    if (fault->kind == SCENARIO_FAULT_CLOCK_BACK) {
        return 1000000;
    }
    return scenario_fault_scope(fault->kind) == SCENARIO_SCOPE_CLOCK ? fault->share_ppm : 0;
}

static void say(struct world *world, size_t index, bool begins)
{
    const struct scenario_fault *fault = spec_of(world, index);
    const uint32_t host = is_of_host(fault->kind) ? (uint32_t)fault->host : SIM_CHECK_NONE;
    char text[128];

    LOG(world,
        .side = SIM_SIDE_WORLD,
        .host = host,
        .migration = SIM_RESULT_NONE,
        .kind = begins ? "FAULT_BEGIN" : "FAULT_END",
        .field_name = {"fault"},
        .field = {(int64_t)index},
        .text = scenario_fault_kind_name(fault->kind));
    describe(world, index, text, sizeof text);
    observe(
        world,
        (struct sim_observation){
            .kind = begins ? SIM_OBSERVED_FAULT_BEGIN : SIM_OBSERVED_FAULT_END,
            .fault = (uint32_t)index,
            .fault_class = class_of(world, index),
            .host = host,
            .network = network_of(fault),
            .clock_ppm = clock_ppm(fault),
            .clock_step_ns = fault->kind == SCENARIO_FAULT_CLOCK_FORWARD ? fault->delay : 0,
            .text = text,
        });
    world_progress(world);
}

static size_t span(struct world *world, size_t index)
{
    return span_begin(
        world,
        &(struct sim_span){
            .kind = SIM_SPAN_FAULT,
            .begin_ns = world_now(world),
            .migration = SIM_RESULT_NONE,
            .guest = SIM_RESULT_NONE,
            .host = SIM_RESULT_NONE,
            .number = index,
        });
}

/* After it a side may keep its session's record for a peer that does not come: a clock that jumps
 * ends somebody's patience as an outage does. */
static bool leaves_records(enum sim_fault_class class)
{
    return class == SIM_FAULT_OUTAGE || class == SIM_FAULT_CLOCK;
}

static void undo(void *owner, uint64_t index)
{
    struct world *world = owner;

    kind_of(world, (size_t)index)->end(world, (size_t)index);
    say(world, (size_t)index, false);
    world->outages_over += leaves_records(class_of(world, (size_t)index)) ? 1U : 0U;
    span_end(world, &world->fault_spans[index]);
    world->pending--;
    world_check_end(world);
}

static int64_t length_of(const struct scenario_fault *fault)
{
    switch (kinds[fault->kind].lasts) {
    case LASTS_FOR: return fault->duration;
    case LASTS_TO_RESTART: return fault->restart_after;
    case LASTS_FOR_DELAY: return fault->delay;
    }
    return 0;
}

static void begin(struct world *world, size_t index)
{
    const struct scenario_fault *fault = spec_of(world, index);
    const struct fault_kind *kind = kind_of(world, index);
    const int64_t length = length_of(fault);
    const enum sim_fault_class class = class_of(world, index);

    say(world, index, true);
    world->outages += leaves_records(class) ? 1U : 0U;
    world->fault_spans[index] = span(world, index);
    kind->begin(world, index);
    if (kind->end == NULL) {
        say(world, index, false);
        world->outages_over += leaves_records(class) ? 1U : 0U;
        span_end(world, &world->fault_spans[index]);
        return;
    }
    if (length == SCENARIO_FOREVER) {
        /* What works with other numbers for good is healed: everything must still end well. */
        world->unhealed += class == SIM_FAULT_OUTAGE ? 1U : 0U;
        return;
    }
    world->pending++;
    (void)timer_at(world, NET_NO_HOST, world_now(world) + length, undo, world, index);
}

void faults_init(struct world *world)
{
    const size_t count = world->scenario->fault_count;

    world->fault_memory = world_allocate(count * sizeof *world->fault_memory);
    world->fault_spans = world_allocate(count * sizeof *world->fault_spans);
    world->refusing = world_allocate(world->scenario->network_count * sizeof *world->refusing);
    world->corrupt_ppm =
        world_allocate(world->scenario->network_count * sizeof *world->corrupt_ppm);
    for (size_t i = 0; i < count; i++) {
        trigger_add(world, &world->scenario->faults[i].when, begin, i);
    }
}
