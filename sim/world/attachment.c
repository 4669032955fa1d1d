/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attachment.c -- one (re)connection of a migration: a control channel and one channel a stream.
 *
 * The source's world connects them all and says ATTACHED when the last one stands. Each end says
 * DETACHED at most once an attach, whichever of its connections broke first, and nothing after its
 * engine has detached it. A side learns of an attach through the network alone: the source by
 * asking for it, the target from the preface of its control connection.
 */
#include "sim/world/attachment.h"

#include "model/bits.h"
#include "sim/fault/fault.h"
#include "sim/world/channel.h"
#include "sim/world/host.h"
#include "sim/world/memory.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/payload.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"

#include <stdlib.h>

/* Patience of a probe: a path that does not answer by then is not one to move to. */
#define PROBE_LIMIT_NS INT64_C(1000000000)

struct attach *attachment_find(const struct move *move, uint32_t number)
{
    for (struct attach *attach = move->attaches; attach != NULL; attach = attach->next) {
        if (attach->number == number) {
            return attach;
        }
    }
    return NULL;
}

static struct channel *add_channel(struct attach *attach, enum ferry_role role, uint16_t stream)
{
    struct channel *channel = channel_create(attach->move->world, attach->move, attach);

    channel->role = role;
    channel->stream = stream;
    channel_connect(channel, attach->network);
    return channel;
}

void attachment_open(struct side *side, const struct ferry_action *action)
{
    struct move *move = side->move;
    struct attach *attach = world_allocate(sizeof *attach);

    attach->move = move;
    attach->number = action->attach;
    attach->network = move->networks[action->path];
    attach->streams = action->streams;
    attach->serial[NET_INITIATOR] = side->serial;
    attach->next = move->attaches;
    move->attaches = attach;
    move->networks_used |= UINT32_C(1) << action->path;
    observe(
        move->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_NETWORK_USED,
            .migration = move->index,
            .network = attach->network,
        });
    attach->control = add_channel(attach, FERRY_ROLE_CONTROL, 0);
    for (uint16_t stream = 0; stream < attach->streams; stream++) {
        attach->payload[stream] = add_channel(attach, FERRY_ROLE_PAYLOAD, stream);
    }
    if (attach->next == NULL) {
        trigger_phase(move, SCENARIO_PHASE_CONNECTING, 0);
    }
}

/* ---- how connections fare ---- */

static void post_link(struct attach *attach, enum net_side at, enum ferry_event_kind kind)
{
    struct side *side = side_of_serial(attach->move, at == NET_ACCEPTOR, attach->serial[at]);

    if (side != NULL) {
        side_post(
            side,
            &(struct ferry_event){
                .kind = kind,
                .attach = attach->number,
                .status = kind == FERRY_EVENT_DETACHED ? FERRY_WORLD_LINK : FERRY_OK,
            });
    }
}

static void probe_over(struct channel *channel, enum ferry_status status)
{
    struct side *side = side_of_serial(channel->move, false, channel->probe_side);

    channel_close(channel, NET_INITIATOR, false);
    if (side != NULL && channel->probe_action != 0) {
        side_done(side, channel->probe_action, status);
    }
    channel->probe_action = 0;
}

void attachment_connected(struct channel *channel)
{
    struct attach *attach = channel->attach;

    if (attach == NULL) {
        probe_over(channel, FERRY_OK);
        return;
    }
    attach->connected++;
    if (attach->connected == attach->streams + 1U && !attach->broken[NET_INITIATOR]) {
        attach->up = true;
        attachment_set_rate(attach->move);
        trigger_phase(attach->move, SCENARIO_PHASE_OPENING, 0);
        post_link(attach, NET_INITIATOR, FERRY_EVENT_ATTACHED);
    }
}

void attachment_broken(struct channel *channel, enum net_side at)
{
    struct attach *attach = channel->attach;

    if (attach == NULL) {
        probe_over(channel, FERRY_WORLD_LINK);
        return;
    }
    if (!attach->broken[at]) {
        attach->broken[at] = true;
        post_link(attach, at, FERRY_EVENT_DETACHED);
    }
}

/* ---- the engines close them ---- */

static void close_side(struct attach *attach, enum net_side at, bool silent)
{
    attach->broken[at] = true;
    if (attach->ghost != NULL && at == NET_ACCEPTOR) {
        if (silent) {
            channel_forget(attach->ghost, at);
        } else {
            channel_close(attach->ghost, at, false);
        }
    }
    for (uint16_t i = 0; i <= attach->streams; i++) {
        struct channel *channel = i == 0 ? attach->control : attach->payload[i - 1];
        if (channel == NULL) {
            continue;
        }
        if (silent) {
            channel_forget(channel, at);
        } else {
            channel_close(channel, at, i == 0);
        }
    }
}

void attachment_detach(struct side *side, const struct ferry_action *action)
{
    const enum net_side at = side->target ? NET_ACCEPTOR : NET_INITIATOR;

    for (struct attach *attach = side->move->attaches; attach != NULL; attach = attach->next) {
        if (attach->number <= action->attach) {
            close_side(attach, at, false);
        }
    }
    if (side->detached < action->attach) {
        side->detached = action->attach;
    }
    side_done(side, action->id, FERRY_OK);
}

void attachment_drop_side(struct move *move, bool target, bool silent)
{
    const enum net_side at = target ? NET_ACCEPTOR : NET_INITIATOR;

    for (struct attach *attach = move->attaches; attach != NULL; attach = attach->next) {
        close_side(attach, at, silent);
    }
}

uint32_t attachment_open_ends(const struct move *move, bool target)
{
    const enum net_side at = target ? NET_ACCEPTOR : NET_INITIATOR;
    uint32_t open = 0;

    for (const struct attach *attach = move->attaches; attach != NULL; attach = attach->next) {
        const struct channel *ghost = attach->ghost;
        open += target && ghost != NULL && ghost->routed && ghost->ends[at].open ? 1U : 0U;
        for (uint16_t i = 0; i <= attach->streams; i++) {
            const struct channel *channel = i == 0 ? attach->control : attach->payload[i - 1];
            const bool routed = channel != NULL && (!target || channel->routed);
            if (routed && channel->ends[at].open && !channel->ends[at].lingering) {
                open++;
            }
        }
    }
    return open;
}

void attachment_destroy(struct attach *attach)
{
    free(attach); /* its channels are the world's */
}

/* ---- what comes twice ---- */

void attachment_duplicate(struct world *world, uint32_t network)
{
    for (size_t i = 0; i < world->move_count; i++) {
        struct attach *attach = world->moves[i]->attaches;

        while (attach != NULL && attach->network != network) {
            attach = attach->next;
        }
        if (attach != NULL && attach->control != NULL) {
            channel_duplicate(attach->control);
        }
    }
}

/* ---- probes ---- */

static void probe_late(void *owner, uint64_t argument)
{
    struct channel *channel = owner;

    (void)argument;
    channel->probe_timer = 0;
    probe_over(channel, FERRY_TIMEOUT_CONNECT);
}

void attachment_probe(struct side *side, const struct ferry_action *action)
{
    struct world *world = side->world;
    struct channel *channel = channel_create(world, side->move, NULL);

    channel->probe_action = action->id;
    channel->probe_side = side->serial;
    channel_connect(channel, side->move->networks[action->path]);
    channel->probe_timer = timer_at(
        world, side->host->index, world_now(world) + PROBE_LIMIT_NS, probe_late, channel, 0);
}

/* ---- rates ---- */

static uint64_t cpu_share(const struct host *host)
{
    const uint64_t bits = host->spec->costs.cpu_bandwidth;

    if (bits == UINT64_MAX || host->streams_live == 0) {
        return FERRY_RATE_UNLIMITED;
    }
    return model_mul_div(bits / 8, host->cpu_ppm, 1000000) / host->streams_live;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void attachment_set_rate(struct move *move)
{
    const uint64_t rate = smaller(move->rate, smaller(cpu_share(move->from), cpu_share(move->to)));

    for (struct attach *attach = move->attaches; attach != NULL; attach = attach->next) {
        if (attach->broken[NET_INITIATOR]) {
            continue;
        }
        for (uint16_t stream = 0; stream < attach->streams; stream++) {
            struct channel *channel = attach->payload[stream];
            if (channel != NULL && !channel->ends[NET_INITIATOR].over && channel->rate != rate) {
                payload_out_so_far(channel);
                channel->rate = rate;
                (void)net_set_rate(move->world->net, channel->conn, NET_INITIATOR, rate);
            }
        }
    }
}

void attachment_host_rates(struct host *host)
{
    struct world *world = host->world;

    if (host->spec->costs.cpu_bandwidth == UINT64_MAX) {
        return;
    }
    for (struct move *move = world->moves_running; move != NULL; move = move->next_running) {
        if (move->from == host || move->to == host) {
            attachment_set_rate(move);
        }
    }
}
