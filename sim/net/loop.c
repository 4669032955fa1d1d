/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c -- the event loop: takes items in order, carries them out, hands events to the world.
 *
 * It asks two for the next instant: its own queue and the solver. What the solver reports at T is
 * put into the queue as an item of T before anything of T runs, so that the order within an instant
 * is the queue's alone, and a solver's order of reporting is never seen.
 */
#include "sim/net/core.h"
#include "sim/net/memory.h"

#include <stddef.h>

void net_core_emit(
    struct net_core *core, net_conn conn, enum net_side side, enum net_event_kind kind)
{
    struct net_event event = net_conn_event(core, conn, side, kind);
    struct net_item item = {
        .at_ns = core->now_ns,
        .kind = NET_ITEM_EMIT,
        .host = event.host,
        .stream = ((uint32_t)conn - 1) * 2 + (uint32_t)side,
        .subject = conn,
        .cookie = event.cookie,
        .peer = event.peer,
        .network = event.network,
        .side = (uint8_t)side,
        .code = (uint8_t)kind,
    };
    net_queue_push(&core->queue, &item);
}

/* Whether the reason for an item still holds. */
static bool item_live(const struct net_core *core, const struct net_item *item)
{
    if (item->kind == NET_ITEM_TIMER) {
        return net_timer_is_armed(core, item->subject);
    }
    if (item->kind == NET_ITEM_RELEASE || item->kind == NET_ITEM_EMIT ||
        item->kind == NET_ITEM_BACKGROUND) {
        return true;
    }
    const struct net_connection *connection = net_conn_find(core, item->subject);
    if (connection == NULL) {
        return false;
    }
    const struct net_direction *direction = &connection->direction[item->side];
    if (item->kind == NET_ITEM_RETRY) {
        return direction->retry_armed && item->generation == direction->retry_generation;
    }
    if (item->kind == NET_ITEM_SLOW_START) {
        return item->generation == direction->slow_generation;
    }
    if (item->kind == NET_ITEM_ARRIVE) {
        return item->generation == direction->wire_generation;
    }
    return item->generation == direction->send_generation;
}

/* The next event that waited for a resumed host. */
static bool release(struct net_core *core, uint32_t which, struct net_event *event_out)
{
    struct net_host *host = &core->hosts[which];
    while (!host->paused && !host->down && host->held_first < host->held_count) {
        struct net_held held = host->held[host->held_first];
        host->held_first++;
        if (host->held_first == host->held_count) {
            host->held_first = 0;
            host->held_count = 0;
        } else {
            net_queue_push(
                &core->queue,
                &(struct net_item){.at_ns = core->now_ns, .kind = NET_ITEM_RELEASE, .host = which});
        }
        if (held.is_void) {
            return false;
        }
        if (held.timer != 0) {
            if (!net_timer_is_armed(core, held.timer)) {
                return false; /* disarmed while it waited; the item just pushed goes on */
            }
            net_timer_fired(core, held.timer);
        }
        *event_out = held.event;
        event_out->now_ns = core->now_ns;
        return true;
    }
    return false;
}

static struct net_event item_event(const struct net_core *core, const struct net_item *item)
{
    return (struct net_event){
        .kind = item->kind == NET_ITEM_TIMER ? NET_TIMER : (enum net_event_kind)item->code,
        .side = (enum net_side)item->side,
        .now_ns = core->now_ns,
        .conn = item->kind == NET_ITEM_TIMER ? NET_NO_CONN : item->subject,
        .host = item->host,
        .peer = item->peer,
        .network = item->network,
        .cookie = item->cookie,
    };
}

/* Carries an item out; true: event_out is what the handler, or a paused host, gets. */
static bool step(struct net_core *core, const struct net_item *item, struct net_event *event_out)
{
    enum net_side sender = (enum net_side)item->side;
    switch (item->kind) {
    case NET_ITEM_RELEASE: return release(core, item->host, event_out);
    case NET_ITEM_EMIT:
    case NET_ITEM_TIMER: *event_out = item_event(core, item); return true;
    case NET_ITEM_RETRY: net_direction_retry(core, item->subject, sender); return false;
    case NET_ITEM_SLOW_START: net_direction_slow_start(core, item->subject, sender); return false;
    case NET_ITEM_BACKGROUND: net_background_restart(core, item->subject); return false;
    case NET_ITEM_FLOW_DONE:
    case NET_ITEM_SMALL_DONE: return net_direction_sent(core, item->subject, sender, event_out);
    case NET_ITEM_ARRIVE: return net_conn_arrive(core, item->subject, sender, event_out);
    }
    return false;
}

/* N-4: a paused host's event waits, one that is down has none. True: the handler gets it. */
static bool admit(struct net_core *core, const struct net_event *event, net_timer timer)
{
    if (event->host == NET_NO_HOST) {
        return true;
    }
    struct net_host *host = &core->hosts[event->host];
    if (host->down) {
        return false;
    }
    if (!host->paused) {
        return true;
    }
    host->held =
        net_grow(host->held, &host->held_capacity, host->held_count + 1, sizeof(*host->held));
    host->held[host->held_count] = (struct net_held){.event = *event, .timer = timer};
    host->held_count++;
    return false;
}

static void
run_item(struct net_core *core, const struct net_item *item, net_handler *handler, void *context)
{
    struct net_event event;
    if (!step(core, item, &event)) {
        return;
    }
    net_timer timer = item->kind == NET_ITEM_TIMER ? item->subject : 0;
    if (!admit(core, &event, timer)) {
        return;
    }
    if (timer != 0) {
        net_timer_fired(core, timer);
    }
    if (!handler(context, &event)) {
        core->stop = true;
    }
}

static const struct net_item *next_live(struct net_core *core)
{
    const struct net_item *front = net_queue_front(&core->queue);
    while (front != NULL && !item_live(core, front)) {
        net_queue_pop(&core->queue);
        front = net_queue_front(&core->queue);
    }
    return front;
}

enum net_run_result net_loop_run(struct net *net, net_handler *handler, void *context)
{
    struct net_core *core = net_core_of(net);
    net_require(!core->running, "net_run() inside net_run()");
    core->running = true;
    core->stop = false;
    enum net_run_result result = NET_RUN_STOPPED;
    while (!core->stop) {
        const struct net_item *front = next_live(core);
        if (front == NULL && core->moving == 0) {
            result = NET_RUN_IDLE;
            break;
        }
        int64_t solver_ns = core->solver_ops->next(core->solver);
        int64_t item_ns = front == NULL ? NET_NEVER : front->at_ns;
        if (solver_ns == NET_NEVER && item_ns == NET_NEVER) {
            result = NET_RUN_IDLE; /* what is under way takes longer than time lasts */
            break;
        }
        if (solver_ns <= item_ns) {
            core->now_ns = solver_ns > core->now_ns ? solver_ns : core->now_ns;
            core->solver_ops->advance(core->solver, core->now_ns);
            continue;
        }
        struct net_item item = *front;
        net_queue_pop(&core->queue);
        core->now_ns = item.at_ns;
        run_item(core, &item, handler, context);
    }
    core->running = false;
    return result;
}

void net_loop_stop(struct net *net)
{
    net_core_of(net)->stop = true;
}

void net_loop_forget(struct net_core *core, net_conn conn, enum net_side side)
{
    struct net_host *host = &core->hosts[net_conn_must(core, conn)->host[side]];
    for (uint32_t i = host->held_first; i < host->held_count; i++) {
        if (host->held[i].event.conn == conn) {
            host->held[i].is_void = true;
        }
    }
}

/* The solver's report: takes note, nothing else. */
void net_loop_flow_done(void *context, uint64_t owner)
{
    struct net_core *core = context;
    if ((owner & NET_OWNER_BACKGROUND) != 0) {
        net_background_done(core, owner);
        return;
    }
    uint32_t slot = (uint32_t)(owner / 2);
    struct net_connection *connection = &core->connections[slot];
    struct net_direction *direction = &connection->direction[owner % 2];
    core->moving -= direction->applied_bps != 0;
    direction->sending = NET_SENDING_DONE;
    direction->flow = NET_NO_FLOW;
    struct net_item item = {
        .at_ns = core->now_ns,
        .kind = NET_ITEM_FLOW_DONE,
        .host = connection->host[owner % 2],
        .stream = (uint32_t)owner,
        .subject = net_conn_name(core, slot),
        .generation = direction->send_generation,
        .side = (uint8_t)(owner % 2),
    };
    net_queue_push(&core->queue, &item);
}
