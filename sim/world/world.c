/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.c -- one run of a scenario: made, driven event by event, ended.
 *
 *   scenario --> hosts, guests, networks, triggers
 *   network's loop --event--> timer or channel --> posts to sides --> engines --> actions --> hosts, guests, network
 *                                  |                                                 |
 *                                  +------------- log (hash), checkers --------------+--> result
 *
 * The state is that of state.h. Time is the network's. After each of its events the sides which
 * have something to hear are driven until there are none; only then the next event comes.
 *
 * The run ends when nothing is pending (steps, faults, what undoes them, announcements), every
 * migration has its outcome and every engine object is closed, and a moment for what is on its way
 * has passed; or at the scenario's `end`. A source that will never learn what became of its guest
 * (UNKNOWN) keeps asking for ever: the run does not wait for it once nothing else moves. An hour of
 * virtual time without any progress otherwise is an error; a step or a fault that comes is progress.
 */
#include "sim/fault/fault.h"
#include "sim/world/channel.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/memory.h"
#include "sim/world/message.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/steps.h"
#include "sim/world/timers.h"

#include <assert.h>
#include <stdlib.h>

#define WATCH_INTERVAL_NS INT64_C(60000000000)
#define NO_PROGRESS_NS    INT64_C(3600000000000)
/* Nothing moves any more but sources that ask and targets that wait for a source: look no further after so long. */
#define STUCK_NS INT64_C(60000000000)
/* At least so long after the end of everything, for last bytes and answers; and at most. */
#define TAIL_MIN_NS INT64_C(1000000000)
#define TAIL_MAX_NS INT64_C(60000000000)

struct sim_run_options sim_run_options_default(const struct scenario *scenario)
{
    return (struct sim_run_options){.seed = scenario->seed, .network = SIM_NETWORK_SIMGRID};
}

int64_t world_now(const struct world *world)
{
    return net_now(world->net);
}

void world_progress(struct world *world)
{
    world->last_progress = world_now(world);
}

void world_check_end(struct world *world)
{
    world->check_wanted = true;
}

void world_error(struct world *world, const char *text)
{
    if (!world->failed) {
        sim_result_error(world->result, world->net == NULL ? 0 : world_now(world), "%s", text);
    }
    world->failed = true;
    world->over = true;
}

/* ---- the end ---- */

static bool outcomes_known(const struct world *world)
{
    for (size_t i = 0; i < world->move_count; i++) {
        if (world->moves[i]->outcome == FERRY_OUTCOME_NONE && world->moves[i]->source != NULL) {
            return false;
        }
    }
    return true;
}

/* It waits for a peer that cannot come any more, and has no limit of its own. */
static bool waits_for_ever(const struct side *side)
{
    if (side == NULL) {
        return true;
    }
    if (side->target) {
        switch ((enum ferry_target_state)side->state) {
        case FERRY_TARGET_OWNING:  /* its write failed: it says nothing any more */
        case FERRY_TARGET_BURNING: /* likewise */
        case FERRY_TARGET_RUNNING:
        case FERRY_TARGET_BURNED:
        case FERRY_TARGET_CLEANING:
        case FERRY_TARGET_LOST:
        case FERRY_TARGET_WAITING: return true;
        case FERRY_TARGET_PREPARING:
        case FERRY_TARGET_RECEIVING:
        case FERRY_TARGET_LOADING:
        case FERRY_TARGET_READY:
        case FERRY_TARGET_STARTING:
        case FERRY_TARGET_CLOSED: return false;
        }
    }
    return side->state == FERRY_SOURCE_UNKNOWN;
}

static bool only_waiting(const struct world *world)
{
    for (size_t i = 0; i < world->move_count; i++) {
        if (!waits_for_ever(world->moves[i]->source) || !waits_for_ever(world->moves[i]->target)) {
            return false;
        }
    }
    return true;
}

static void watch(void *owner, uint64_t argument)
{
    struct world *world = owner;
    const int64_t idle = world_now(world) - world->last_progress;

    (void)argument;
    (void)timer_at(world, NET_NO_HOST, world_now(world) + WATCH_INTERVAL_NS, watch, world, 0);
    if (world->pending > 0 || world->scenario->end != SCENARIO_FOREVER) {
        return;
    }
    if (idle >= STUCK_NS && outcomes_known(world) && only_waiting(world)) {
        world->over = true;
    } else if (idle >= NO_PROGRESS_NS) {
        if (outcomes_known(world)) {
            world->over = true;
        } else {
            world_error(world, "no progress for an hour of virtual time");
        }
    }
}

static int64_t tail(const struct world *world)
{
    int64_t longest = TAIL_MIN_NS;

    for (size_t i = 0; i < world->scenario->guest_count; i++) {
        const struct scenario_clients *clients = &world->scenario->guests[i].clients;
        if (clients->present && clients->timeout > longest) {
            longest = clients->timeout;
        }
    }
    return longest < TAIL_MAX_NS ? longest : TAIL_MAX_NS;
}

static void finish_at(void *owner, uint64_t argument)
{
    struct world *world = owner;

    (void)argument;
    world->over = true;
}

/* What was on its way may have begun something: an OPEN whose source has died makes a target. */
static void tail_over(void *owner, uint64_t argument)
{
    struct world *world = owner;

    (void)argument;
    world->ending = world->pending == 0 && world->sides_open == 0;
    world->over = world->ending;
}

static void consider_end(struct world *world)
{
    world->check_wanted = false;
    if (world->ending || world->pending > 0 || world->sides_open > 0 ||
        world->scenario->end != SCENARIO_FOREVER) {
        return;
    }
    world->ending = true;
    (void)timer_at(world, NET_NO_HOST, world_now(world) + tail(world), tail_over, world, 0);
}

/* ---- the loop ---- */

static void say_progress(struct world *world)
{
    const int64_t interval = world->options.progress_interval_ns > 0
                                 ? world->options.progress_interval_ns
                                 : INT64_C(1000000000);

    if (world->options.progress == NULL || world_now(world) < world->next_progress_call) {
        return;
    }
    world->next_progress_call = world_now(world) + interval;
    world->options.progress(
        world->options.progress_context,
        &(struct sim_progress){
            .now_ns = world_now(world),
            .events = world->events,
            .migrations_begun = (uint32_t)world->move_count,
            .migrations_ended = world->moves_ended,
        });
}

static void reseed(struct world *world)
{
    world->reseeded = true;
    model_rng_init(&world->ids, world->options.reseed, "world/ids");
    model_rng_init(&world->weather, world->options.reseed, "world/weather");
    for (size_t i = 0; i < world->scenario->guest_count; i++) {
        struct guest *guest = &world->guests[i];
        guest_advance(guest, world_now(world));
        if (guest->model != NULL) {
            model_guest_reseed(guest->model, world_now(world), world->options.reseed);
        }
    }
}

static bool handle(void *context, const struct net_event *event)
{
    struct world *world = context;

    if (world->options.reseed_event > 0 && !world->reseeded &&
        world->events >= world->options.reseed_event) {
        reseed(world);
    }
    if (event->kind == NET_TIMER) {
        timer_fired(world, event->cookie);
    } else {
        channel_event(world, event);
    }
    side_run_all(world);
    messages_clear(&world->condemned);
    if (world->check_wanted) {
        consider_end(world);
    }
    if (world->options.event_limit > 0 && world->events > world->options.event_limit) {
        world_error(world, "more events than a run of this kind can have: it does not end");
    }
    say_progress(world);
    observe_cables(world);
    return !world->over;
}

/* ---- making and unmaking ---- */

static void network_config(
    const struct scenario_network *spec, struct net_network_config *config_out, uint32_t *hosts)
{
    for (size_t i = 0; i < spec->host_count; i++) {
        hosts[i] = (uint32_t)spec->hosts[i];
    }
    *config_out = (struct net_network_config){
        .hosts = hosts,
        .host_count = (uint32_t)spec->host_count,
        .bandwidth_bps = spec->bandwidth,
        .backbone_bps = spec->backbone == SCENARIO_UNLIMITED ? 0 : spec->backbone,
        .latency_ns = spec->latency,
        .window_bytes = spec->window == SCENARIO_UNLIMITED ? 0 : spec->window,
        /* no slow start: what the scenario says of a network holds from the first byte on, so that a
         * round takes its bytes over the rate and at most one round trip */
        .initial_window_bytes = 0,
        .loss_ppm = spec->loss_ppm,
    };
}

static struct net *make_net(const struct scenario *scenario, enum sim_network kind)
{
    struct net_network_config *networks =
        world_allocate(scenario->network_count * sizeof *networks);
    uint32_t *hosts =
        world_allocate(scenario->network_count * scenario->host_count * sizeof *hosts);

    for (size_t i = 0; i < scenario->network_count; i++) {
        network_config(&scenario->networks[i], &networks[i], hosts + i * scenario->host_count);
    }
    const struct net_config config = {
        .host_count = (uint32_t)scenario->host_count,
        .networks = networks,
        .network_count = (uint32_t)scenario->network_count,
    };
    struct net *net =
        kind == SIM_NETWORK_LIGHT ? net_create_light(&config) : net_create_simgrid(&config);
    free(networks);
    free(hosts);
    return net;
}

static struct sim_checks *make_checks(struct world *world)
{
    const struct scenario *scenario = world->scenario;
    const char **guest_names = world_allocate(scenario->guest_count * sizeof *guest_names);
    const char **host_names = world_allocate(scenario->host_count * sizeof *host_names);
    uint64_t *pages = world_allocate(scenario->guest_count * sizeof *pages);

    for (size_t i = 0; i < scenario->guest_count; i++) {
        guest_names[i] = scenario->guests[i].name;
        pages[i] = scenario->guests[i].memory / scenario->guests[i].page;
    }
    for (size_t i = 0; i < scenario->host_count; i++) {
        host_names[i] = scenario->hosts[i].name;
    }
    struct sim_checks *checks = sim_checks_create(&(struct sim_check_context){
        .host_count = (uint32_t)scenario->host_count,
        .guest_count = (uint32_t)scenario->guest_count,
        .guest_pages = pages,
        .guest_names = guest_names,
        .host_names = host_names,
    });
    free(pages);
    world->guest_names = guest_names;
    world->host_names = host_names;
    return checks;
}

static void make_cluster(struct world *world)
{
    const struct scenario *scenario = world->scenario;

    world->hosts = world_allocate(scenario->host_count * sizeof *world->hosts);
    world->guests = world_allocate(scenario->guest_count * sizeof *world->guests);
    for (uint32_t i = 0; i < scenario->host_count; i++) {
        host_init(world, i);
    }
    for (uint32_t i = 0; i < scenario->guest_count; i++) {
        guest_init(world, i);
    }
    trigger_init(world);
    steps_init(world);
    faults_init(world);
    (void)timer_at(world, NET_NO_HOST, WATCH_INTERVAL_NS, watch, world, 0);
    if (scenario->end != SCENARIO_FOREVER) {
        (void)timer_at(world, NET_NO_HOST, scenario->end, finish_at, world, 0);
    }
}

static void unmake(struct world *world)
{
    for (uint32_t i = 0; i < world->channel_count; i++) {
        channel_destroy(world->channels[i]);
    }
    for (size_t i = 0; i < world->move_count; i++) {
        move_deinit(world->moves[i]);
    }
    for (size_t i = 0; i < world->scenario->host_count; i++) {
        host_deinit(&world->hosts[i]);
    }
    for (size_t i = 0; i < world->scenario->guest_count; i++) {
        guest_deinit(&world->guests[i]);
    }
    messages_clear(&world->condemned);
    ferry_coordinator_destroy(world->coordinator);
    if (world->allocations != 0) {
        sim_result_error(
            world->result,
            world_now(world),
            "the engine did not give back %llu pieces of memory",
            (unsigned long long)world->allocations);
    }
    sim_checks_destroy(world->checks);
    timer_deinit(world);
    net_destroy(world->net);
    free(world->channels);
    free(world->moves);
    free(world->hosts);
    free(world->guests);
    free(world->triggers);
    free(world->due);
    free(world->fault_memory);
    free(world->fault_spans);
    free(world->refusing);
    free(world->corrupt_ppm);
    free(world->guest_names);
    free(world->host_names);
}

int sim_run(
    const struct scenario *scenario,
    const struct sim_run_options *options,
    struct sim_result *result)
{
    struct world world = {
        .scenario = scenario,
        .options = *options,
        .result = result,
        .seed = options->seed,
        .hash = options->seed,
    };

    world.net = make_net(scenario, options->network);
    if (world.net == NULL) {
        return -1;
    }
    world.allocator = world_engine_allocator(&world);
    model_rng_init(&world.ids, options->seed, "world/ids");
    model_rng_init(&world.weather, options->seed, "world/weather");
    world.checks = make_checks(&world);
    make_cluster(&world);
    world_check_end(&world);
    consider_end(&world);
    if (!world.over) {
        (void)net_run(world.net, handle, &world);
    }
    finish_run(&world);
    unmake(&world);
    return 0;
}
