/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.c -- what the world says in public: to the checkers, and to the timeline.
 *
 * Nothing here decides anything: a run is the same without it, but for what is found wrong in it.
 */
#include "sim/world/observe.h"

#include "sim/fault/fault.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/move.h"
#include "sim/world/side.h"
#include "sim/world/state.h"

void observe(struct world *world, struct sim_observation observation)
{
    observation.at_ns = world_now(world);
    sim_checks_observe(world->checks, &observation);
    if (sim_checks_failure_count(world->checks) > 0) {
        sim_result_alarm(world->result);
    }
}

size_t span_begin(struct world *world, const struct sim_span *span)
{
    return world->result->want_timeline ? sim_result_span_begin(world->result, span) + 1 : 0;
}

void span_end(struct world *world, size_t *handle)
{
    if (*handle != 0) {
        sim_result_span_end(world->result, *handle - 1, world_now(world));
    }
    *handle = 0;
}

static size_t span(struct move *move, enum sim_span_kind kind, uint64_t number)
{
    return span_begin(
        move->world,
        &(struct sim_span){
            .kind = kind,
            .begin_ns = world_now(move->world),
            .migration = move->index,
            .guest = move->guest->index,
            .host = move->from->index,
            .number = number,
        });
}

/* ---- guests ---- */

void observe_running(struct guest *guest, struct host *host, uint64_t epoch)
{
    struct world *world = guest->world;

    LOG(world,
        .side = SIM_SIDE_WORLD,
        .host = host->index,
        .migration = SIM_RESULT_NONE,
        .kind = "VCPUS_RUN",
        .field_name = {"epoch"},
        .field = {(int64_t)epoch},
        .text = guest->spec->name);
    observe(
        world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_GUEST_RUNNING,
            .guest = guest->index,
            .host = host->index,
            .epoch = epoch,
        });
    guest->here_span = span_begin(
        world,
        &(struct sim_span){
            .kind = SIM_SPAN_GUEST_HERE,
            .begin_ns = world_now(world),
            .migration = SIM_RESULT_NONE,
            .guest = guest->index,
            .host = host->index,
        });
}

void observe_stopped(struct guest *guest, struct host *host, enum sim_stop stop)
{
    struct world *world = guest->world;

    LOG(world,
        .side = SIM_SIDE_WORLD,
        .host = host->index,
        .migration = SIM_RESULT_NONE,
        .kind = "VCPUS_STOP",
        .field_name = {"why"},
        .field = {(int64_t)stop},
        .text = guest->spec->name);
    observe(
        world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_GUEST_STOPPED,
            .guest = guest->index,
            .host = host->index,
            .stop = stop,
        });
    span_end(world, &guest->here_span);
}

/* ---- migrations ---- */

void observe_started(struct move *move)
{
    const struct scenario_move_options *options = move->options;
    const struct scenario_step *step = &move->world->scenario->steps[move->step];

    LOG(move->world,
        .side = SIM_SIDE_WORLD,
        .host = move->from->index,
        .migration = move->index,
        .kind = "MIGRATION_STARTED",
        .field_name = {"guest", "from", "to", "epoch"},
        .field = {move->guest->index, move->from->index, move->to->index, (int64_t)move->epoch},
        .text = move->guest->spec->name);
    observe(
        move->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_MIGRATION_STARTED,
            .migration = move->index,
            .guest = move->guest->index,
            .from = move->from->index,
            .to = move->to->index,
            .mode = options->mode,
            .on_no_convergence = options->on_no_convergence,
            .blackout_limit = options->blackout_limit,
            .bandwidth_cap = options->bandwidth_cap == SCENARIO_UNLIMITED
                                 ? FERRY_RATE_UNLIMITED
                                 : options->bandwidth_cap / 8,
            .streams = options->streams,
            .drain = step->kind == SCENARIO_STEP_DRAIN ? move->step : SIM_CHECK_NONE,
        });
}

/* ---- what an engine says about itself ---- */

static const char *text_of(const struct side *side, const struct ferry_trace_event *event)
{
    if (event->kind == FERRY_TRACE_SOURCE_STATE) {
        return ferry_source_state_name((enum ferry_source_state)event->field[1]);
    }
    if (event->kind == FERRY_TRACE_TARGET_STATE) {
        return ferry_target_state_name((enum ferry_target_state)event->field[1]);
    }
    if (event->kind == FERRY_TRACE_VERDICT) {
        return ferry_rule_name((enum ferry_rule)event->field[1]);
    }
    if (event->kind == FERRY_TRACE_OUTCOME) {
        return ferry_outcome_name((enum ferry_outcome_kind)event->field[0]);
    }
    (void)side;
    return NULL;
}

static void log_trace(const struct side *side, const struct ferry_trace_event *event)
{
    const struct ferry_trace_info *info = ferry_trace_describe(event->kind);
    struct sim_event entry = {
        .side = side->target ? SIM_SIDE_TARGET : SIM_SIDE_SOURCE,
        .host = side->host->index,
        .migration = side->move->index,
        .kind = info->name,
        .text = text_of(side, event),
    };

    for (size_t i = 0; i < SIM_EVENT_FIELDS; i++) {
        entry.field_name[i] = info->field[i];
        entry.field[i] = event->field[i];
    }
    log_event(side->world, &entry);
}

static void source_state(struct side *side, const struct ferry_trace_event *event)
{
    struct move *move = side->move;

    side->state = (int)event->field[1];
    world_progress(side->world);
    if (event->field[1] == FERRY_SOURCE_GRANTING) {
        trigger_phase(move, SCENARIO_PHASE_READY, move->attempt);
    } else if (event->field[1] == FERRY_SOURCE_CLOSING) {
        trigger_phase(move, SCENARIO_PHASE_CLOSING, 0);
    }
}

static void round_begun(struct side *side, const struct ferry_trace_event *event)
{
    struct move *move = side->move;

    span_end(move->world, &move->round_span);
    move->round_span = span(move, SIM_SPAN_ROUND, (uint64_t)event->field[0]);
    world_progress(side->world);
    observe_samples(side->world, move);
    if (event->field[2] == 0) {
        trigger_phase(move, SCENARIO_PHASE_ROUND, (uint32_t)event->field[0]);
    }
}

void observe_trace(struct side *side, const struct ferry_trace_event *told)
{
    struct ferry_trace_event truth = *told;
    const struct ferry_trace_event *event = &truth;

    truth.at = world_now(side->world); /* checkers do not look at a host's clock */
    log_trace(side, event);
    observe(
        side->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_TRACE,
            .migration = side->move->index,
            .host = side->host->index,
            .trace = event,
        });
    if (event->kind == FERRY_TRACE_TARGET_STATE) {
        side->state = (int)event->field[1];
    } else if (event->kind == FERRY_TRACE_SOURCE_STATE) {
        source_state(side, event);
    } else if (event->kind == FERRY_TRACE_ROUND_BEGUN) {
        round_begun(side, event);
    } else if (event->kind == FERRY_TRACE_ROUND_ENDED) {
        span_end(side->world, &side->move->round_span);
        observe_samples(side->world, side->move);
    } else if (event->kind == FERRY_TRACE_LINK_DOWN && !side->target) {
        span_end(side->world, &side->move->link_span);
        side->move->link_span = span(side->move, SIM_SPAN_LINK_LOST, 0);
    } else if (event->kind == FERRY_TRACE_LINK_UP && !side->target) {
        span_end(side->world, &side->move->link_span);
    }
}

/* ---- pauses, for the timeline ---- */

void observe_attempt_paused(struct move *move)
{
    move->attempt_span = span(move, SIM_SPAN_ATTEMPT, move->attempt);
}

void observe_attempt_over(struct move *move)
{
    span_end(move->world, &move->attempt_span);
}

/* ---- use of cables: at the edges of rounds, and about ten times a second in between ---- */

#define CABLES_INTERVAL_NS INT64_C(100000000)
/* More cables than these are looked at less often, so that a fleet's timeline still opens. */
#define CABLES_PER_INTERVAL 16U

static void sample(struct world *world, uint32_t network, uint32_t host)
{
    const struct net_use use = net_use_of(world->net, network, host);

    sim_result_sample(
        world->result,
        &(struct sim_link_sample){
            .at_ns = world_now(world),
            .network = network,
            .host = host,
            .sent_bytes = use.sent_bytes,
            .received_bytes = use.delivered_bytes,
            .background_bytes = use.background_bytes,
        });
}

void observe_samples(struct world *world, const struct move *move)
{
    if (!world->result->want_timeline) {
        return;
    }
    for (uint16_t path = 0; path < move->path_count; path++) {
        sample(world, move->networks[path], move->from->index);
        sample(world, move->networks[path], move->to->index);
    }
}

/* No timer is armed for it, so the events of a run are the same with and without a timeline. */
void observe_cables(struct world *world)
{
    const struct scenario *scenario = world->scenario;
    size_t cables = 0;

    if (!world->result->want_timeline || world_now(world) < world->next_cables) {
        return;
    }
    for (size_t network = 0; network < scenario->network_count; network++) {
        for (size_t i = 0; i < scenario->networks[network].host_count; i++) {
            sample(world, (uint32_t)network, (uint32_t)scenario->networks[network].hosts[i]);
            cables++;
        }
    }
    world->next_cables =
        world_now(world) + CABLES_INTERVAL_NS * (int64_t)(1 + cables / CABLES_PER_INTERVAL);
}
