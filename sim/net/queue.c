/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c -- a binary heap; see queue.h for the order and why it is total. */
#include "sim/net/queue.h"

#include "sim/net/memory.h"

#include <stddef.h>
#include <stdlib.h>

static bool before(const struct net_item *a, const struct net_item *b)
{
    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind;
    }
    if (a->host != b->host) {
        return a->host < b->host;
    }
    if (a->stream != b->stream) {
        return a->stream < b->stream;
    }
    return a->sequence < b->sequence;
}

void net_queue_deinit(struct net_queue *queue)
{
    free(queue->items);
    *queue = (struct net_queue){0};
}

void net_queue_push(struct net_queue *queue, const struct net_item *item)
{
    queue->items =
        net_grow(queue->items, &queue->capacity, queue->count + 1, sizeof(*queue->items));
    struct net_item entry = *item;
    entry.sequence = queue->next_sequence;
    queue->next_sequence++;

    uint32_t at = queue->count;
    queue->count++;
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!before(&entry, &queue->items[parent])) {
            break;
        }
        queue->items[at] = queue->items[parent];
        at = parent;
    }
    queue->items[at] = entry;
}

const struct net_item *net_queue_front(const struct net_queue *queue)
{
    return queue->count == 0 ? NULL : &queue->items[0];
}

void net_queue_pop(struct net_queue *queue)
{
    net_require(queue->count > 0, "pop of an empty queue");
    queue->count--;
    struct net_item last = queue->items[queue->count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= queue->count) {
            break;
        }
        if (child + 1 < queue->count && before(&queue->items[child + 1], &queue->items[child])) {
            child++;
        }
        if (!before(&queue->items[child], &last)) {
            break;
        }
        queue->items[at] = queue->items[child];
        at = child;
    }
    queue->items[at] = last;
}
