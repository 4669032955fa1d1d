/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.c -- one network connection of a migration, with both of its ends.
 *
 *   connect --CONNECTED--> open at the initiator          each end is over by itself: it closed, it was told that the
 *           --ACCEPTED---> open at the acceptor           other did, the connection was reset, or its host is gone
 *
 * What one end hands over lies in its `out` queue until the network has delivered it: the network
 * delivers in order, so the oldest one is meant. An end that is over drops what has not left; what
 * has left still arrives, as with TCP. The control connection lingers: what was handed to it before
 * it was closed is still sent, as a kernel does it.
 */
#include "sim/world/channel.h"

#include "sim/world/attachment.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/message.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/payload.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"
#include "sim/world/weather.h"

#include <stdlib.h>
#include <string.h>

/* What is kept of a control connection: preface, OPEN or RESUME, and some messages more. */
#define SAID_MAX ((size_t)16384)

static enum net_side other_side(enum net_side side)
{
    return side == NET_INITIATOR ? NET_ACCEPTOR : NET_INITIATOR;
}

static bool carries_payload(const struct channel *channel)
{
    return channel->attach != NULL && channel->role == FERRY_ROLE_PAYLOAD;
}

struct channel *channel_create(struct world *world, struct move *move, struct attach *attach)
{
    struct channel *channel = world_allocate(sizeof *channel);
    size_t capacity = world->channel_capacity;

    channel->world = world;
    channel->move = move;
    channel->attach = attach;
    channel->index = world->channel_count;
    channel->rate = FERRY_RATE_UNLIMITED;
    world->channels = world_grow(
        world->channels, &capacity, (size_t)world->channel_count + 1, sizeof(struct channel *));
    world->channel_capacity = (uint32_t)capacity;
    world->channels[world->channel_count] = channel;
    world->channel_count++;
    return channel;
}

void channel_connect(struct channel *channel, uint32_t network)
{
    channel->conn = net_connect(
        channel->world->net,
        network,
        channel->move->from->index,
        channel->move->to->index,
        channel->index);
}

void channel_destroy(struct channel *channel)
{
    payload_out_close(channel);
    payload_in_close(channel);
    messages_clear(&channel->ends[NET_INITIATOR].out);
    messages_clear(&channel->ends[NET_ACCEPTOR].out);
    message_destroy(channel->said);
    free(channel);
}

/* ---- the life of an end ---- */

static void count_streams(struct channel *channel, bool more)
{
    struct move *move = channel->move;

    if (channel->counted == more) {
        return;
    }
    channel->counted = more;
    move->from->streams_live += more ? 1U : UINT32_MAX;
    move->to->streams_live += more ? 1U : UINT32_MAX;
    attachment_host_rates(move->from);
    attachment_host_rates(move->to);
}

/* What this end handed over is of no use to anybody any more. */
static void condemn(struct channel *channel, enum net_side from)
{
    messages_condemn(&channel->ends[from].out, &channel->world->condemned);
    channel->ends[from].unsent = NULL;
}

/* Nothing more happens at this end; what the network was to hear has been said. */
static void end_over(struct channel *channel, enum net_side at)
{
    struct end *end = &channel->ends[at];

    if (end->over) {
        return;
    }
    end->over = true;
    end->open = false;
    if (at == NET_INITIATOR) {
        if (carries_payload(channel)) {
            payload_out_cut(channel);
            count_streams(channel, false);
        }
        payload_out_close(channel);
        timer_cancel(channel->world, &channel->probe_timer);
    } else {
        payload_in_close(channel);
        condemn(channel, NET_INITIATOR);
    }
    if (channel->ends[other_side(at)].over) {
        condemn(channel, NET_INITIATOR);
        condemn(channel, NET_ACCEPTOR);
    }
}

static void drop_unsent(struct channel *channel, struct end *end)
{
    struct message_queue kept = {0};

    for (struct message *message = messages_pop(&end->out); message != NULL;
         message = messages_pop(&end->out)) {
        messages_push(message->sent ? &kept : &channel->world->condemned, message);
    }
    end->out = kept;
    end->unsent = NULL;
}

void channel_close(struct channel *channel, enum net_side at, bool linger)
{
    struct end *end = &channel->ends[at];

    if (end->over) {
        return;
    }
    if (linger && end->unsent != NULL) {
        end->lingering = true;
        return;
    }
    end_over(channel, at);
    drop_unsent(channel, end);
    (void)net_close(channel->world->net, channel->conn, at);
}

void channel_forget(struct channel *channel, enum net_side at)
{
    end_over(channel, at);
    drop_unsent(channel, &channel->ends[at]);
}

/* ---- sending ---- */

static void begun(struct channel *channel, struct message *message)
{
    message->begun_at = world_now(channel->world);
    if (carries_payload(channel) && message->kind != MESSAGE_BYTES) {
        observe(
            channel->world,
            (struct sim_observation){
                .kind = SIM_OBSERVED_PAYLOAD_BEGUN,
                .migration = channel->move->index,
                .stream = channel->stream,
            });
    }
}

void channel_send(struct channel *channel, enum net_side from, struct message *message)
{
    struct world *world = channel->world;
    struct end *end = &channel->ends[from];
    const bool idle = end->unsent == NULL;

    if (end->over || end->lingering ||
        !net_send(world->net, channel->conn, from, message->wire_bytes, channel->index)) {
        message_destroy(message); /* the end of this connection is on its way to the engine */
        return;
    }
    message->issued_at = world_now(world);
    messages_push(&end->out, message);
    if (idle) {
        end->unsent = message;
        begun(channel, message);
    }
}

/* The first bytes of a control connection are kept, in case that they come twice. */
static void remember(struct channel *channel, const struct message *message)
{
    if (channel->said == NULL) {
        channel->said = message_create(MESSAGE_BYTES);
    }
    if (channel->said->size + message->size <= SAID_MAX) {
        message_add_bytes(channel->said, message->bytes, message->size);
    }
}

void channel_send_control(struct side *side, const struct ferry_action *action)
{
    struct attach *attach = attachment_find(side->move, action->attach);

    if (attach == NULL || attach->control == NULL) {
        return;
    }
    struct message *message = message_create(MESSAGE_BYTES);
    message_add_bytes(message, action->bytes.data, action->bytes.size);
    message->wire_bytes = action->bytes.size;
    LOG(side->world,
        .side = side->target ? SIM_SIDE_TARGET : SIM_SIDE_SOURCE,
        .host = side->host->index,
        .migration = side->move->index,
        .kind = "CONTROL_BYTES",
        .field_name = {"attach", "bytes", "digest"},
        .field = {
            action->attach, (int64_t)message->size, log_digest(message->bytes, message->size)});
    if (!side->target) {
        remember(attach->control, message);
    }
    channel_send(attach->control, side->target ? NET_ACCEPTOR : NET_INITIATOR, message);
}

void channel_duplicate(struct channel *channel)
{
    struct attach *attach = channel->attach;

    if (channel->said == NULL || !channel->move->from->up ||
        (attach->ghost != NULL && !attach->ghost->ends[NET_ACCEPTOR].over)) {
        return;
    }
    struct channel *ghost = channel_create(channel->world, channel->move, attach);
    ghost->role = FERRY_ROLE_CONTROL;
    ghost->ghost = true;
    ghost->said = message_create(MESSAGE_BYTES);
    message_add_bytes(ghost->said, channel->said->bytes, channel->said->size);
    attach->ghost = ghost;
    channel_connect(ghost, attach->network);
}

/* The ghost stands: it says what it has to, and goes. */
static void speak(struct channel *ghost)
{
    struct message *message = ghost->said;

    ghost->said = NULL;
    message->wire_bytes = message->size;
    channel_send(ghost, NET_INITIATOR, message);
    channel_close(ghost, NET_INITIATOR, true);
}

/* ---- what the network says ---- */

static void sent(struct channel *channel, enum net_side from)
{
    struct end *end = &channel->ends[from];
    struct message *message = end->unsent;

    if (message == NULL) {
        return; /* a frozen host hears only now what had to be settled when the message arrived */
    }
    message->sent = true;
    end->unsent = message->next;
    if (carries_payload(channel) && from == NET_INITIATOR) {
        payload_out_sent(channel, message);
    }
    if (end->unsent != NULL) { /* a phase may have ended this connection meanwhile */
        begun(channel, end->unsent);
    } else if (end->lingering) {
        end->lingering = false;
        channel_close(channel, from, false);
    }
}

static struct attach *route(struct channel *channel)
{
    struct world *world = channel->world;
    struct ferry_preface preface;

    if (ferry_preface_decode(channel->preface, &preface) != FERRY_OK) {
        return NULL;
    }
    struct move *move = move_of_session(world, preface.session);
    if (move == NULL || move != channel->move) {
        return NULL;
    }
    struct attach *attach = attachment_find(move, preface.attach);
    if (attach == NULL || attach != channel->attach || preface.role != channel->role ||
        preface.stream != channel->stream) {
        return NULL;
    }
    if (move->target != NULL && preface.attach <= move->target->detached) {
        return NULL; /* this side has already done away with that attach */
    }
    return attach;
}

/* The acceptor has read the preface of a control connection: whose is it? */
static struct side *host_session(struct channel *channel, struct attach *attach)
{
    struct move *move = channel->move;

    if (move->target == NULL && journal_has(move->to, move)) {
        target_side_restart(move); /* it had closed, and kept what it knows */
    } else if (move->target == NULL) {
        (void)target_side_start(move);
    }
    struct side *side = move->target;
    if (side != NULL && attach->serial[NET_ACCEPTOR] == side->serial) {
        return NULL; /* it has the control connection of this attach: this is another one */
    }
    if (side != NULL) {
        attach->serial[NET_ACCEPTOR] = side->serial;
        side_post(
            side, &(struct ferry_event){.kind = FERRY_EVENT_ATTACHED, .attach = attach->number});
    }
    return side;
}

/* Takes the preface out of the first bytes of a connection. Gives the bytes taken; `routed` is set when it is complete. */
static size_t read_preface(struct channel *channel, const struct message *message)
{
    const size_t missing = FERRY_PREFACE_SIZE - channel->preface_size;
    const size_t taken = message->size < missing ? message->size : missing;

    memcpy(channel->preface + channel->preface_size, message->bytes, taken);
    channel->preface_size += taken;
    if (channel->preface_size < FERRY_PREFACE_SIZE) {
        return taken;
    }
    struct attach *attach = route(channel);
    if (attach == NULL || !channel->move->to->daemon_up ||
        (channel->role == FERRY_ROLE_CONTROL && host_session(channel, attach) == NULL)) {
        channel_close(channel, NET_ACCEPTOR, false);
        return taken;
    }
    channel->routed = true;
    return taken;
}

static void control_arrived(struct channel *channel, enum net_side at, struct message *message)
{
    struct attach *attach = channel->attach;
    size_t skip = 0;

    if (at == NET_ACCEPTOR && !channel->routed) {
        skip = read_preface(channel, message);
    }
    struct side *side = side_of_serial(channel->move, at == NET_ACCEPTOR, attach->serial[at]);
    if (side == NULL || channel->ends[at].over) {
        message_destroy(message);
        return;
    }
    side_post_bytes(side, attach->number, message, skip);
}

static void payload_arrived(struct channel *channel, struct message *message)
{
    if (!channel->routed) {
        (void)read_preface(channel, message); /* a message of its own */
        message_destroy(message);
        return;
    }
    messages_push(&channel->in, message);
    payload_in_arrived(channel);
}

/* A connection breaks in the middle of what was on its way: half of the oldest message is here. */
static void half_arrived(struct channel *channel, enum net_side at)
{
    const struct message *whole = channel->ends[other_side(at)].out.first;

    if (channel->attach == NULL || channel->role != FERRY_ROLE_CONTROL || !channel->routed ||
        whole == NULL || whole->size < 2) {
        return;
    }
    struct message *half = message_create(MESSAGE_BYTES);
    message_add_bytes(half, whole->bytes, whole->size / 2);
    control_arrived(channel, at, half);
}

static void delivered(struct channel *channel, enum net_side at)
{
    struct end *sender = &channel->ends[other_side(at)];

    if (sender->out.first == NULL) {
        return;
    }
    if (!sender->out.first->sent) {
        sent(channel, other_side(at)); /* its host stands still since, and has not been told */
    }
    struct message *message = messages_pop(&sender->out);
    weather_damage(channel, message);
    if (channel->attach == NULL || channel->ends[at].over) {
        message_destroy(message);
    } else if (channel->role == FERRY_ROLE_CONTROL) {
        control_arrived(channel, at, message);
    } else {
        payload_arrived(channel, message);
    }
}

static void connected(struct channel *channel)
{
    if (channel->ends[NET_INITIATOR].over) {
        return; /* a host that stood still hears of it after it has given it up */
    }
    channel->ends[NET_INITIATOR].open = true;
    if (channel->ghost) {
        speak(channel);
        return;
    }
    if (carries_payload(channel)) {
        count_streams(channel, true);
        payload_out_open(channel);
    }
    attachment_connected(channel);
}

/* Log of what happens to connections; messages on them are logged where they mean something. */
static void log_connection(const struct channel *channel, const struct net_event *event)
{
    static const char *const names[] = {
        [NET_CONNECTED] = "CONNECTED",
        [NET_ACCEPTED] = "ACCEPTED",
        [NET_CONNECT_FAILED] = "CONNECT_FAILED",
        [NET_CLOSED] = "CONNECTION_CLOSED",
        [NET_RESET] = "CONNECTION_RESET",
    };

    if (event->kind == NET_SENT || event->kind == NET_DELIVERED) {
        return;
    }
    LOG(channel->world,
        .side = event->side == NET_INITIATOR ? SIM_SIDE_SOURCE : SIM_SIDE_TARGET,
        .host = event->host,
        .migration = channel->move->index,
        .kind = names[event->kind],
        .field_name = {"attach", "stream", "role"},
        .field =
            {channel->attach == NULL ? 0 : channel->attach->number,
             channel->stream,
             (int64_t)channel->role},
        .text = channel->world->scenario->networks[event->network].name);
}

void channel_event(struct world *world, const struct net_event *event)
{
    struct channel *channel = world->channels[event->cookie];

    log_connection(channel, event);
    switch (event->kind) {
    case NET_TIMER: break;
    case NET_CONNECTED: connected(channel); break;
    case NET_ACCEPTED: channel->ends[NET_ACCEPTOR].open = !channel->ends[NET_ACCEPTOR].over; break;
    case NET_SENT: sent(channel, event->side); break;
    case NET_DELIVERED: delivered(channel, event->side); break;
    case NET_CONNECT_FAILED:
    case NET_CLOSED:
    case NET_RESET:
        if (!channel->ends[event->side].over) {
            if (event->kind == NET_RESET) {
                half_arrived(channel, event->side);
            }
            end_over(channel, event->side);
            if (!channel->ghost || (event->side == NET_ACCEPTOR && channel->routed)) {
                attachment_broken(channel, event->side);
            }
        }
        break;
    }
}
