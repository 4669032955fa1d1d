/* SPDX-License-Identifier: Apache-2.0 */
/* base/queue.h -- the actions that wait to be taken, in order, with the bytes that they borrow.
 *
 * Actions are values; the bytes that SEND_CONTROL, PERSIST and PREPARE_GUEST name live in a pool
 * which is emptied when the queue is empty. The world takes all actions after each event, so both
 * are bounded by what one event can ask for. */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include "ferry/action.h"
#include "ferry/limits.h"
#include "ferry/types.h"

/* The largest answer to one event: an OPEN or RESUME with its tables, a record, and a few small
 * messages. */
#define BASE_QUEUE_POOL (3U * FERRY_CONTROL_PAYLOAD_MAX)

struct base_queue {
    struct ferry_action actions[FERRY_ACTIONS_MAX];
    uint32_t first;
    uint32_t count;
    uint32_t pool_used;
    uint64_t last_id;
    uint8_t pool[BASE_QUEUE_POOL];
};

/* Room for `capacity` bytes that live until the action that names them was taken. NULL when the
 * pool is full. */
uint8_t *base_queue_reserve(struct base_queue *queue, size_t capacity);
/* Of the last reservation only `size` bytes are kept. */
void base_queue_commit(struct base_queue *queue, size_t size);
struct ferry_bytes base_queue_copy(struct base_queue *queue, struct ferry_bytes bytes);
/* Gives the action an id if it reports; returns the id, 0 otherwise. */
uint64_t base_queue_push(struct base_queue *queue, const struct ferry_action *action, bool reports);
/* Room for what one more message of a peer can ask for. */
bool base_queue_has_room(const struct base_queue *queue);
bool base_queue_pop(struct base_queue *queue, struct ferry_action *action_out);

#endif
