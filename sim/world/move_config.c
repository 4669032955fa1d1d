/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move_config.c -- what the two engines of a migration are told of their hosts, networks and guest.
 *
 * Each side hears what its own daemon would know: the source the operator's options and the guest as
 * it is, the target its free memory and its journal. Neither hears what the other knows.
 */
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/move.h"
#include "sim/world/state.h"

#include <string.h>

/* What a host knows of itself before it has measured anything in this migration. */
static struct ferry_switch_costs estimates(const struct move *move)
{
    const struct sim_costs *costs = &move->from->spec->costs;
    const struct scenario_guest *guest = move->guest->spec;

    return (struct ferry_switch_costs){
        .pause = costs->pause,
        .capture =
            costs->state_out + costs->state_out_per_mib * (int64_t)(guest->device_state >> 20),
        .collect = costs->collection_per_gib * (int64_t)(guest->memory >> 20) / 1024,
        .grant_persist = costs->journal_fsync,
        .owner_persist = costs->journal_fsync,
        .resume = costs->resume,
    };
}

void move_source_config(struct move *move, struct ferry_source_config *config_out)
{
    struct ferry_source_config config = ferry_source_config_default();
    const struct scenario_move_options *options = move->options;
    const struct scenario_timeouts *timeouts = &move->from->spec->timeouts;
    const struct guest *guest = move->guest;
    const uint32_t index = guest->index;
    const size_t name_size = strlen(guest->spec->name);

    for (unsigned byte = 0; byte < 4; byte++) {
        move->guest_config[byte] = (uint8_t)(index >> (8 * byte));
    }
    config.allocator = move->world->allocator;
    config.session = move->session;
    config.guest_id = (uint64_t)index + 1;
    config.epoch = move->epoch;
    config.journal_id = move->from->journal.id;
    config.incarnation = move->from->incarnation;
    config.version_min = move->from->version_min;
    config.version_max = move->from->version_max;
    config.guest_name = (struct ferry_bytes){
        .data = (const uint8_t *)guest->spec->name,
        .size = name_size < FERRY_NAME_MAX ? name_size : FERRY_NAME_MAX};
    config.guest_config =
        (struct ferry_bytes){.data = move->guest_config, .size = sizeof move->guest_config};
    config.page_size = guest->spec->page;
    config.region_count = (uint16_t)guest->region_count;
    config.regions = guest->regions;
    config.device_state_estimate = guest->spec->device_state;
    config.path_count = move->path_count;
    config.paths = move->paths;
    config.streams = (uint16_t)options->streams;
    config.mode = options->mode;
    config.on_no_convergence = options->on_no_convergence;
    config.blackout_limit = options->blackout_limit;
    config.give_up_after = options->give_up_after;
    config.bandwidth_cap = options->bandwidth_cap == SCENARIO_UNLIMITED
                               ? FERRY_RATE_UNLIMITED
                               : options->bandwidth_cap / 8;
    config.batch_time = options->batch;
    config.silence_limit = timeouts->silence;
    config.connect_limit = timeouts->connect;
    config.reconnect_limit = timeouts->reconnect;
    config.probe_interval = timeouts->probe;
    config.action_limit = timeouts->action;
    config.unknown_after = timeouts->unknown;
    config.costs = estimates(move);
    *config_out = config;
}

/* REFUSED_*, or OK: what the admission of the target's host says before it knows more than the session. */
static enum ferry_status admission(const struct move *move)
{
    if (move->to->journal.broken) {
        return FERRY_REFUSED_JOURNAL;
    }
    return instance_find(move->guest, move->to) != NULL && !journal_has(move->to, move)
               ? FERRY_REFUSED_BUSY /* the last migration of this guest has not cleaned up here */
               : FERRY_OK;
}

void move_target_config(const struct move *move, struct ferry_target_config *config_out)
{
    struct ferry_target_config config = ferry_target_config_default();
    const struct host *host = move->to;
    const struct scenario_timeouts *timeouts = &host->spec->timeouts;

    config.allocator = move->world->allocator;
    config.session = move->session;
    config.version_min = host->version_min;
    config.version_max = host->version_max;
    config.journal_id = host->journal.id;
    config.memory_free = host_memory_free(host);
    config.refuse_status = admission(move);
    config.refuse = config.refuse_status != FERRY_OK;
    config.orphan_limit = timeouts->orphan;
    config.hold_limit = timeouts->hold;
    config.action_limit = timeouts->action;
    config.journal_estimate = host->spec->costs.journal_fsync;
    config.load_estimate = host->spec->costs.state_in;
    config.load_per_mib_estimate = host->spec->costs.state_in_per_mib;
    config.resume_estimate = host->spec->costs.resume;
    *config_out = config;
}
