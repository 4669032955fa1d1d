/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers.c -- timers in a pairing heap, which lives in the timers themselves: arming and stopping
 * never allocate, and never fail.
 *
 * A node knows its first child, its next sibling, and in `previous` the sibling before it or, for a
 * first child, its parent. A node is before its children by (at, order). In a turn all timers that
 * are due are taken out into a list first, so that what callbacks set is for the next turn; a timer
 * in that list can still be stopped.
 */
#include "engine/host/loop/internal.h"

#include <assert.h>

static bool before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

/* Two heaps become one. Their roots have no siblings. */
static struct loop_timer *join(struct loop_timer *a, struct loop_timer *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    if (before(b, a)) {
        struct loop_timer *const swapped = a;

        a = b;
        b = swapped;
    }
    b->previous = a;
    b->next = a->child;
    if (a->child != NULL) {
        a->child->previous = b;
    }
    a->child = b;
    return a;
}

/* Siblings become one heap: neighbours by two, then all from the last to the first. */
static struct loop_timer *join_siblings(struct loop_timer *first)
{
    struct loop_timer *pairs = NULL; /* in reverse, linked by next */
    struct loop_timer *root = NULL;

    while (first != NULL) {
        struct loop_timer *const a = first;
        struct loop_timer *const b = a->next;

        first = b == NULL ? NULL : b->next;
        a->next = NULL;
        a->previous = NULL;
        if (b != NULL) {
            b->next = NULL;
            b->previous = NULL;
        }
        struct loop_timer *const pair = join(a, b);

        pair->next = pairs;
        pairs = pair;
    }
    while (pairs != NULL) {
        struct loop_timer *const pair = pairs;

        pairs = pair->next;
        pair->next = NULL;
        root = join(root, pair);
    }
    return root;
}

static void take_out(struct loop *loop, struct loop_timer *timer)
{
    struct loop_timer *const children = join_siblings(timer->child);

    if (loop->soonest == timer) {
        loop->soonest = children;
    } else {
        if (timer->previous->child == timer) {
            timer->previous->child = timer->next;
        } else {
            timer->previous->next = timer->next;
        }
        if (timer->next != NULL) {
            timer->next->previous = timer->previous;
        }
        loop->soonest = join(loop->soonest, children);
    }
    timer->child = NULL;
    timer->next = NULL;
    timer->previous = NULL;
}

void loop_timer_init(
    struct loop_timer *timer, struct loop *loop, loop_timer_function *function, void *context)
{
    *timer = (struct loop_timer){
        .loop = loop,
        .function = function,
        .context = context,
        .at = FERRY_TIME_NEVER,
    };
}

static void leave_due_list(struct loop *loop, struct loop_timer *timer)
{
    if (timer->previous != NULL) {
        timer->previous->next = timer->next;
    } else {
        loop->due = timer->next;
    }
    if (timer->next != NULL) {
        timer->next->previous = timer->previous;
    }
    timer->next = NULL;
    timer->previous = NULL;
    timer->due = false;
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer->at == FERRY_TIME_NEVER) {
        return;
    }
    if (timer->due) {
        leave_due_list(timer->loop, timer);
    } else {
        take_out(timer->loop, timer);
    }
    timer->at = FERRY_TIME_NEVER;
}

void loop_timer_set(struct loop_timer *timer, ferry_time_ns at)
{
    struct loop *loop = timer->loop;

    loop_timer_stop(timer);
    if (at == FERRY_TIME_NEVER) {
        return;
    }
    timer->at = at;
    timer->order = loop->order;
    loop->order++;
    loop->soonest = join(loop->soonest, timer);
}

ferry_time_ns loop_timers_next(const struct loop *loop)
{
    return loop->soonest == NULL ? FERRY_TIME_NEVER : loop->soonest->at;
}

void loop_timers_run(struct loop *loop)
{
    struct loop_timer *last = NULL;

    assert(loop->due == NULL);
    while (loop->soonest != NULL && loop->soonest->at <= loop->now) {
        struct loop_timer *const timer = loop->soonest;

        take_out(loop, timer);
        timer->due = true;
        timer->previous = last;
        if (last == NULL) {
            loop->due = timer;
        } else {
            last->next = timer;
        }
        last = timer;
    }
    while (loop->due != NULL) {
        struct loop_timer *const timer = loop->due;

        leave_due_list(loop, timer);
        timer->at = FERRY_TIME_NEVER;
        timer->function(timer->context);
    }
}
