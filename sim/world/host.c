/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c -- hosts and their daemons: up, down, paused, back again.
 *
 *   up --crash--> down --boot--> up with a new daemon          crash: guests, memory, engine objects, connections,
 *    |                                                         unsynced writes are gone; the journal's durable part stays
 *    +--daemon crash--> up without daemon --start--> up        guests live on; connections are reset by the kernel
 *    +--pause--> stands still --resume--> up                   nobody is told
 *
 * A daemon that starts reads its journal: each session with a SESSION record gets its engine object
 * back. What the VMMs hold that belongs to no session and is not the guest itself is freed.
 */
#include "sim/world/host.h"

#include "ferry/limits.h"
#include "model/bits.h"
#include "sim/world/attachment.h"
#include "sim/world/guest.h"
#include "sim/world/journal.h"
#include "sim/world/log.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/op.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"

#include <stdlib.h>

void host_init(struct world *world, uint32_t index)
{
    struct host *host = &world->hosts[index];

    host->world = world;
    host->index = index;
    host->spec = &world->scenario->hosts[index];
    host->up = true;
    host->daemon_up = true;
    host->incarnation = 1;
    host->cpu_ppm = 1000000;
    host->version_min = FERRY_PROTOCOL_VERSION_MIN;
    host->version_max = FERRY_PROTOCOL_VERSION_MAX;
    journal_init(host);
}

void host_deinit(struct host *host)
{
    op_host_down(host);
    while (host->instances != NULL) {
        struct instance *instance = host->instances;
        host->instances = instance->next;
        model_memory_destroy(instance->memory);
        free(instance->round);
        free(instance->scratch);
        free(instance);
    }
    journal_deinit(host);
}

static void say(struct host *host, const char *kind, enum sim_observed observed)
{
    LOG(host->world,
        .side = SIM_SIDE_WORLD,
        .host = host->index,
        .migration = SIM_RESULT_NONE,
        .kind = kind,
        .text = host->spec->name);
    if (observed != 0) {
        observe(host->world, (struct sim_observation){.kind = observed, .host = host->index});
    }
    world_progress(host->world);
}

static size_t host_span(struct host *host, enum sim_span_kind kind)
{
    return span_begin(
        host->world,
        &(struct sim_span){
            .kind = kind,
            .begin_ns = world_now(host->world),
            .migration = SIM_RESULT_NONE,
            .guest = SIM_RESULT_NONE,
            .host = host->index,
        });
}

void host_apply_refuse(struct host *host)
{
    struct world *world = host->world;

    for (uint32_t network = 0; network < world->scenario->network_count; network++) {
        const struct scenario_network *spec = &world->scenario->networks[network];
        for (size_t i = 0; i < spec->host_count; i++) {
            if (spec->hosts[i] == host->index) {
                net_set_refuse(
                    world->net,
                    network,
                    host->index,
                    !host->daemon_up || world->refusing[network] > 0);
            }
        }
    }
}

/* All engine objects of this host are gone; `silent`: so are their connections, without a word. */
static void lose_sides(struct host *host, bool silent)
{
    struct world *world = host->world;

    for (size_t i = 0; i < world->move_count; i++) {
        struct move *move = world->moves[i];
        if (move->from == host) {
            attachment_drop_side(move, false, silent);
            move_side_lost(move, false);
        }
        if (move->to == host) {
            attachment_drop_side(move, true, silent);
            move_side_lost(move, true);
        }
    }
}

void host_crash(struct host *host, enum host_loss loss)
{
    struct world *world = host->world;

    if (!host->up) {
        return;
    }
    if (loss == HOST_KEEPS_WRITES) {
        host->dying = true;
        op_daemon_down(host);
        host->dying = false;
    }
    while (host->instances != NULL) {
        instance_destroy(host->instances, true);
    }
    lose_sides(host, true);
    op_host_down(host);
    net_host_down(world->net, host->index);
    timer_host_down(world, host->index);
    span_end(world, &host->daemon_span);
    span_end(world, &host->paused_span);
    host->up = false;
    host->daemon_up = false;
    host->paused = 0;
    host->down_span = host_span(host, SIM_SPAN_HOST_DOWN);
    say(host, "HOST_DOWN", SIM_OBSERVED_HOST_DOWN);
    if (loss == HOST_LOSES_JOURNAL) {
        journal_wipe(host);
        host->journal_lost = true;
        say(host, "JOURNAL_LOST", SIM_OBSERVED_JOURNAL_LOST);
    }
}

void host_daemon_crash(struct host *host)
{
    if (!host->up || !host->daemon_up) {
        return;
    }
    host->daemon_up = false;
    lose_sides(host, true);
    net_reset(host->world->net, NET_ANY_NETWORK, host->index, NET_ANY_HOST);
    op_daemon_down(host);
    host_apply_refuse(host);
    host->daemon_span = host_span(host, SIM_SPAN_DAEMON_DOWN);
    say(host, "DAEMON_DOWN", SIM_OBSERVED_DAEMON_DOWN);
}

static bool knows_guest(const struct host *host, const struct guest *guest)
{
    for (const struct record *record = host->journal.records; record != NULL;
         record = record->next) {
        if (record->move->guest == guest) {
            return true;
        }
    }
    return false;
}

/* Instances which belong to no session and are not the guest itself: nobody will ever ask for them. */
static void reconcile(struct host *host)
{
    struct world *world = host->world;
    struct instance *next = NULL;

    for (struct instance *instance = host->instances; instance != NULL; instance = next) {
        next = instance->next;
        if (knows_guest(host, instance->guest)) {
            continue;
        }
        if (instance->guest->live != instance) {
            instance_destroy(instance, false);
        } else if (instance->logging) {
            instance->logging = false;
            guest_advance(instance->guest, world_now(world));
            model_guest_end_logging(instance->guest->model, world_now(world));
        }
    }
}

static void restart_sessions(struct host *host)
{
    struct world *world = host->world;

    /* a session that comes back may enter a phase which takes the daemon away again */
    for (size_t i = 0; i < world->move_count && host->daemon_up; i++) {
        struct move *move = world->moves[i];
        if (!journal_has(host, move)) {
            if (move->from == host) {
                move_forgotten(move);
            }
            continue;
        }
        if (move->from == host) {
            source_side_restart(move);
        } else if (move->to == host) {
            target_side_restart(move);
        }
    }
}

void host_daemon_start(struct host *host)
{
    if (!host->up || host->daemon_up) {
        return;
    }
    host->daemon_up = true;
    host->incarnation++;
    host->journal.broken = false;
    host_apply_refuse(host);
    span_end(host->world, &host->daemon_span);
    say(host, "DAEMON_UP", SIM_OBSERVED_DAEMON_UP);
    reconcile(host);
    restart_sessions(host);
}

void host_boot(struct host *host)
{
    if (host->up) {
        return;
    }
    net_host_up(host->world->net, host->index);
    host->up = true;
    span_end(host->world, &host->down_span);
    say(host, "HOST_UP", SIM_OBSERVED_HOST_UP);
    host->daemon_span = host_span(host, SIM_SPAN_DAEMON_DOWN);
    host_daemon_start(host);
}

uint64_t host_memory_free(const struct host *host)
{
    const uint64_t used = host->memory_used + host->memory_taken;

    return used < host->spec->memory ? host->spec->memory - used : 0;
}

int64_t host_cpu_time(const struct host *host, int64_t cost)
{
    return host->cpu_ppm == 1000000
               ? cost
               : (int64_t)model_mul_div_up((uint64_t)cost, 1000000, host->cpu_ppm);
}

void host_clock_changed(struct host *host)
{
    const struct world *world = host->world;

    for (size_t i = 0; i < world->move_count; i++) {
        const struct move *move = world->moves[i];
        if (move->from == host && move->source != NULL) {
            side_rearm(move->source);
        }
        if (move->to == host && move->target != NULL) {
            side_rearm(move->target);
        }
    }
}

static void apply_guests(struct host *host)
{
    for (struct instance *instance = host->instances; instance != NULL; instance = instance->next) {
        if (instance->guest->live == instance) {
            guest_apply(instance->guest);
        }
    }
}

void host_pause(struct host *host)
{
    if (!host->up) {
        return;
    }
    host->paused++;
    if (host->paused == 1) {
        net_host_pause(host->world->net, host->index);
        apply_guests(host);
        host->paused_span = host_span(host, SIM_SPAN_HOST_PAUSED);
        say(host, "HOST_PAUSED", 0);
    }
}

void host_resume(struct host *host)
{
    if (!host->up || host->paused == 0) {
        return;
    }
    host->paused--;
    if (host->paused == 0) {
        apply_guests(host);
        net_host_resume(host->world->net, host->index);
        span_end(host->world, &host->paused_span);
        say(host, "HOST_RESUMED", 0);
    }
}
