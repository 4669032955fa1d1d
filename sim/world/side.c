/* SPDX-License-Identifier: Apache-2.0 */
/*
 * side.c -- drives one engine object: an event in, then every action out, then its deadline.
 *
 * Whatever the world has to say waits in the side's queue, and sides with events wait in the world's
 * queue: so no engine is ever entered from inside of another, and the order is that of the posts. A
 * fault that a phase triggers is carried out between two actions; it may take this very side away,
 * which is why a destroyed side stays readable until the world is out of it (`gone`).
 */
#include "sim/world/side.h"

#include "sim/fault/fault.h"
#include "sim/world/host.h"
#include "sim/world/memory.h"
#include "sim/world/message.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"

#include <stdlib.h>

/* An engine that wants to be called again at the same instant so often will never stop. */
#define TICKS_AT_ONE_INSTANT_MAX 1000U

struct side *side_create(struct move *move, bool target)
{
    struct world *world = move->world;
    struct side *side = world_allocate(sizeof *side);

    side->world = world;
    side->move = move;
    side->host = target ? move->to : move->from;
    side->target = target;
    side->serial = ++world->next_serial;
    side->deadline_armed = FERRY_TIME_NEVER;
    world->sides_open++;
    if (move->source == NULL && move->target == NULL) {
        move->next_running = world->moves_running;
        world->moves_running = move;
    }
    return side;
}

struct side *side_of_serial(const struct move *move, bool target, uint64_t serial)
{
    struct side *side = target ? move->target : move->source;

    return side != NULL && side->serial == serial ? side : NULL;
}

/* ---- the queue of events ---- */

void side_kick(struct side *side)
{
    struct world *world = side->world;

    if (side->waiting || side->gone) {
        return;
    }
    side->waiting = true;
    side->next = NULL;
    if (world->ready_last == NULL) {
        world->ready_first = side;
    } else {
        world->ready_last->next = side;
    }
    world->ready_last = side;
}

static struct side_event *push(struct side *side, const struct ferry_event *event)
{
    struct side_event *entry = world_allocate(sizeof *entry);

    entry->event = *event;
    if (side->last == NULL) {
        side->first = entry;
    } else {
        side->last->next = entry;
    }
    side->last = entry;
    side_kick(side);
    return entry;
}

void side_post(struct side *side, const struct ferry_event *event)
{
    if (!side->gone && !side->closed) {
        (void)push(side, event);
    }
}

static struct side_event *
push_bytes(struct side *side, uint32_t attach, const uint8_t *bytes, size_t size)
{
    return push(
        side,
        &(struct ferry_event){
            .kind = FERRY_EVENT_CONTROL_BYTES,
            .attach = attach,
            .bytes = {.data = bytes, .size = size},
    });
}

/* A connection is a stream of bytes: its reader knows nothing of how the writer divided it. So what
 * waits to be read is read in one piece, and what comes alone comes in two. */
void side_post_bytes(struct side *side, uint32_t attach, struct message *message, size_t skip)
{
    if (side->gone || side->closed || message->size <= skip) {
        message_destroy(message);
        return;
    }
    struct side_event *last = side->last;
    if (last != NULL && last->message != NULL && last->event.attach == attach) {
        const size_t before = (size_t)(last->event.bytes.data - last->message->bytes);

        message_add_bytes(last->message, message->bytes + skip, message->size - skip);
        last->event.bytes.data = last->message->bytes + before;
        last->event.bytes.size = last->message->size - before;
        message_destroy(message);
        return;
    }
    const size_t half = (message->size - skip) / 2;
    if (half > 0) {
        (void)push_bytes(side, attach, message->bytes + skip, half);
    }
    struct side_event *entry =
        push_bytes(side, attach, message->bytes + skip + half, message->size - skip - half);
    entry->message = message;
}

void side_done(struct side *side, uint64_t action_id, enum ferry_status status)
{
    side_post(
        side,
        &(struct ferry_event){.kind = FERRY_EVENT_DONE, .action_id = action_id, .status = status});
}

static struct side_event *pop(struct side *side)
{
    struct side_event *entry = side->first;

    if (entry != NULL) {
        side->first = entry->next;
        if (side->first == NULL) {
            side->last = NULL;
        }
    }
    return entry;
}

static void drop_events(struct side *side)
{
    for (struct side_event *entry = pop(side); entry != NULL; entry = pop(side)) {
        message_destroy(entry->message);
        free(entry);
    }
}

/* ---- the engine, whichever of the two it is ---- */

int64_t side_now(const struct side *side)
{
    return clock_read(&side->host->clock, world_now(side->world));
}

static enum ferry_status input(struct side *side, const struct ferry_event *event)
{
    const int64_t now = side_now(side);

    return side->target ? ferry_target_input(side->target_engine, event, now)
                        : ferry_source_input(side->source_engine, event, now);
}

static bool next_action(struct side *side, struct ferry_action *action_out)
{
    return side->target ? ferry_target_next_action(side->target_engine, action_out)
                        : ferry_source_next_action(side->source_engine, action_out);
}

static int64_t deadline(const struct side *side)
{
    return side->target ? ferry_target_deadline(side->target_engine)
                        : ferry_source_deadline(side->source_engine);
}

static void emit(void *context, const struct ferry_trace_event *event)
{
    observe_trace(context, event);
}

struct ferry_trace_sink side_trace_sink(struct side *side)
{
    return (struct ferry_trace_sink){.emit = emit, .context = side};
}

static void take_actions(struct side *side)
{
    struct ferry_action action;

    while (!side->gone && next_action(side, &action)) {
        if (side->target) {
            target_side_act(side, &action);
        } else {
            source_side_act(side, &action);
        }
        trigger_run_due(side->world);
    }
}

/* ---- the drive ---- */

static void deadline_reached(void *owner, uint64_t argument);

static void arm_deadline(struct side *side)
{
    const int64_t wanted = deadline(side);

    /* a timer that is too early is left: it looks again when it fires, and most deadlines only move away */
    if (side->deadline_timer != 0 && (side->deadline_armed <= wanted)) {
        return;
    }
    timer_cancel(side->world, &side->deadline_timer);
    side->deadline_armed = wanted;
    if (wanted != FERRY_TIME_NEVER) {
        const int64_t when = clock_when(&side->host->clock, world_now(side->world), wanted);
        side->deadline_timer =
            timer_at(side->world, side->host->index, when, deadline_reached, side, 0);
    }
}

void side_rearm(struct side *side)
{
    timer_cancel(side->world, &side->deadline_timer);
    if (!side->gone && !side->closed) {
        arm_deadline(side);
    }
}

static void deadline_reached(void *owner, uint64_t argument)
{
    struct side *side = owner;
    const int64_t now = side_now(side);

    (void)argument;
    side->deadline_timer = 0;
    if (deadline(side) > now) {
        arm_deadline(side);
        return;
    }
    side->ticks = side->ticked_at == now ? side->ticks + 1 : 1;
    side->ticked_at = now;
    if (side->ticks > TICKS_AT_ONE_INSTANT_MAX) {
        world_error(side->world, "an engine object asks for the same deadline again and again");
        return;
    }
    side_post(side, &(struct ferry_event){.kind = FERRY_EVENT_TICK});
}

static void drive(struct side *side)
{
    take_actions(side);
    while (!side->gone && !side->closed && !side->world->over) {
        struct side_event *entry = pop(side);
        if (entry == NULL) {
            break;
        }
        const enum ferry_status status = input(side, &entry->event);
        if (side_is_command(entry->event.kind)) {
            side_command_answered(side, &entry->event, status);
        }
        message_destroy(entry->message);
        free(entry);
        trigger_run_due(side->world);
        take_actions(side);
    }
}

struct side *side_enter(struct side *side)
{
    struct side *outer = side->world->inside;

    side->world->inside = side;
    return outer;
}

void side_leave(struct side *side, struct side *outer)
{
    side->world->inside = outer;
    if (outer == NULL) {
        trigger_run_due(side->world);
    }
}

static void side_run(struct side *side)
{
    struct side *outer = side_enter(side);

    drive(side);
    side_leave(side, outer);
    if (side->gone) {
        return;
    }
    if (side->closed) {
        move_side_closed(side->move, side->target);
    } else {
        arm_deadline(side);
    }
}

void side_bury(struct world *world)
{
    while (world->gone != NULL) {
        struct side *side = world->gone;
        world->gone = side->next;
        free(side);
    }
}

void side_run_all(struct world *world)
{
    while (world->ready_first != NULL && !world->over) {
        struct side *side = world->ready_first;
        world->ready_first = side->next;
        if (world->ready_first == NULL) {
            world->ready_last = NULL;
        }
        side->waiting = false;
        side->next = NULL;
        side_run(side);
    }
    side_bury(world);
}

static void leave_ready(struct side *side)
{
    struct world *world = side->world;
    struct side *before = NULL;

    if (!side->waiting) {
        return;
    }
    for (struct side *other = world->ready_first; other != side; other = other->next) {
        before = other;
    }
    if (before == NULL) {
        world->ready_first = side->next;
    } else {
        before->next = side->next;
    }
    if (world->ready_last == side) {
        world->ready_last = before;
    }
    side->waiting = false;
}

static void leave_running(struct move *move)
{
    struct move **place = &move->world->moves_running;

    if (move->source != NULL || move->target != NULL) {
        return;
    }
    while (*place != NULL && *place != move) {
        place = &(*place)->next_running;
    }
    if (*place != NULL) {
        *place = move->next_running;
    }
}

/* The move does not know it any more. */
void side_destroy(struct side *side)
{
    struct world *world = side->world;

    leave_running(side->move);

    leave_ready(side);
    drop_events(side);
    timer_cancel(world, &side->deadline_timer);
    ferry_source_destroy(side->source_engine);
    ferry_target_destroy(side->target_engine);
    side->source_engine = NULL;
    side->target_engine = NULL;
    side->gone = true;
    side->next = world->gone;
    world->gone = side;
    world->sides_open--;
}
