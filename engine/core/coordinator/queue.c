/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c -- queues of guests, linked through the guests themselves: a guest is in one at most, so
 * no memory is needed. */
#include "internal.h"

void queue_init(struct guest_queue *queue)
{
    queue->first = NOBODY;
    queue->last = NOBODY;
}

void queue_push(struct ferry_coordinator *coordinator, struct guest_queue *queue, uint32_t guest)
{
    coordinator->guests[guest].next = NOBODY;
    if (queue->last == NOBODY) {
        queue->first = guest;
    } else {
        coordinator->guests[queue->last].next = guest;
    }
    queue->last = guest;
}

uint32_t queue_pop(struct ferry_coordinator *coordinator, struct guest_queue *queue)
{
    const uint32_t guest = queue->first;

    if (guest != NOBODY) {
        queue->first = coordinator->guests[guest].next;
        if (queue->first == NOBODY) {
            queue->last = NOBODY;
        }
    }
    return guest;
}

void queue_remove(struct ferry_coordinator *coordinator, struct guest_queue *queue, uint32_t guest)
{
    uint32_t before = NOBODY;

    for (uint32_t at = queue->first; at != NOBODY; at = coordinator->guests[at].next) {
        if (at == guest) {
            const uint32_t after = coordinator->guests[at].next;

            if (before == NOBODY) {
                queue->first = after;
            } else {
                coordinator->guests[before].next = after;
            }
            if (queue->last == guest) {
                queue->last = before;
            }
            return;
        }
        before = at;
    }
}

static bool goes_before(const struct ferry_coordinator *coordinator, uint32_t a, uint32_t b)
{
    const uint64_t memory_a = coordinator->guests[a].memory;
    const uint64_t memory_b = coordinator->guests[b].memory;

    return memory_a != memory_b ? memory_a > memory_b : a < b;
}

/* Takes `count` guests off the front of `queue`, in order, into `run_out`. */
static void take(
    struct ferry_coordinator *coordinator,
    struct guest_queue *queue,
    uint32_t count,
    struct guest_queue *run_out)
{
    queue_init(run_out);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t guest = queue_pop(coordinator, queue);

        if (guest == NOBODY) {
            return;
        }
        queue_push(coordinator, run_out, guest);
    }
}

static void merge(
    struct ferry_coordinator *coordinator,
    struct guest_queue *left,
    struct guest_queue *right,
    struct guest_queue *sorted)
{
    while (left->first != NOBODY || right->first != NOBODY) {
        const bool from_left =
            right->first == NOBODY ||
            (left->first != NOBODY && goes_before(coordinator, left->first, right->first));

        queue_push(coordinator, sorted, queue_pop(coordinator, from_left ? left : right));
    }
}

/* Merges runs of 1, 2, 4 ... guests until one run is left: n log n for fleets, and no recursion. */
void queue_sort(struct ferry_coordinator *coordinator, struct guest_queue *queue)
{
    uint32_t runs = 2;

    for (uint32_t length = 1; runs > 1 && length != 0; length *= 2) {
        struct guest_queue sorted;

        queue_init(&sorted);
        runs = 0;
        while (queue->first != NOBODY) {
            struct guest_queue left;
            struct guest_queue right;

            take(coordinator, queue, length, &left);
            take(coordinator, queue, length, &right);
            merge(coordinator, &left, &right, &sorted);
            runs++;
        }
        *queue = sorted;
    }
}
