/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c -- see queue.h. Running out of room here would be a bug of ours, never a peer's doing: it
 * is asserted. */
#include "base/queue.h"

#include "base/assert.h"

#include <string.h>

uint8_t *base_queue_reserve(struct base_queue *queue, size_t capacity)
{
    if (capacity > BASE_QUEUE_POOL - queue->pool_used) {
        return NULL;
    }
    return queue->pool + queue->pool_used;
}

void base_queue_commit(struct base_queue *queue, size_t size)
{
    FERRY_ASSERT(size <= BASE_QUEUE_POOL - queue->pool_used);
    queue->pool_used += (uint32_t)size;
}

struct ferry_bytes base_queue_copy(struct base_queue *queue, struct ferry_bytes bytes)
{
    uint8_t *copy = base_queue_reserve(queue, bytes.size);
    FERRY_ASSERT(copy != NULL);
    if (bytes.size != 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    base_queue_commit(queue, bytes.size);
    return (struct ferry_bytes){.data = copy, .size = bytes.size};
}

uint64_t base_queue_push(struct base_queue *queue, const struct ferry_action *action, bool reports)
{
    FERRY_ASSERT(queue->count < FERRY_ACTIONS_MAX);
    struct ferry_action *slot = &queue->actions[(queue->first + queue->count) % FERRY_ACTIONS_MAX];
    *slot = *action;
    slot->id = reports ? ++queue->last_id : 0;
    queue->count++;
    return slot->id;
}

bool base_queue_has_room(const struct base_queue *queue)
{
    return queue->count <= FERRY_ACTIONS_MAX / 2 && queue->pool_used <= BASE_QUEUE_POOL / 3;
}

bool base_queue_pop(struct base_queue *queue, struct ferry_action *action_out)
{
    if (queue->count == 0) {
        queue->pool_used = 0; /* whoever took the last action is done with its bytes */
        return false;
    }
    *action_out = queue->actions[queue->first];
    queue->first = (queue->first + 1) % FERRY_ACTIONS_MAX;
    queue->count--;
    return true;
}
