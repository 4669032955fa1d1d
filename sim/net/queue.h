/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h -- the network's own event queue, ordered by (time, class, host, stream, sequence).
 *
 * The order is total, because sequence numbers differ: so it depends on no address and no sort.
 * Invariant: an entry is never taken out but at the front. Whoever outlives its reason is
 * recognised by its generation when it gets there, and dropped.
 */
#ifndef FERRY_SIM_NET_QUEUE_H
#define FERRY_SIM_NET_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

/* The kind is the class: at one instant, kinds run in this order. */
enum net_item_kind {
    NET_ITEM_RELEASE =
        1,          /* a resumed host gets the next event that waited for it: before all others */
    NET_ITEM_EMIT,  /* hand out an event decided earlier (a reset) */
    NET_ITEM_RETRY, /* a retransmission time-out fires on a healed path */
    NET_ITEM_SLOW_START, /* one RTT of slow start is over */
    NET_ITEM_FLOW_DONE,  /* the solver reported a flow */
    NET_ITEM_BACKGROUND, /* a chunk of background traffic is to be replaced */
    NET_ITEM_SMALL_DONE, /* a small message is serialised */
    NET_ITEM_ARRIVE,     /* the front of a wire arrives */
    NET_ITEM_TIMER,      /* last: what happens at T has happened when a timer of T fires */
};

struct net_item {
    int64_t at_ns;
    enum net_item_kind kind;
    uint32_t host;
    uint32_t stream; /* slot and side of the connection; 0 for timers */
    uint64_t sequence;
    uint64_t subject;    /* connection, or timer */
    uint64_t cookie;     /* EMIT, TIMER */
    uint32_t generation; /* of the subject's reason for this item */
    uint32_t peer;       /* EMIT */
    uint32_t network;    /* EMIT */
    uint8_t side;
    uint8_t code; /* EMIT: the net_event_kind */
};

struct net_queue {
    struct net_item *items; /* binary heap */
    uint32_t count;
    uint32_t capacity;
    uint64_t next_sequence;
};

void net_queue_deinit(struct net_queue *queue);
void net_queue_push(struct net_queue *queue, const struct net_item *item); /* numbers it */
/* The front, or NULL when empty; valid until the next push or pop. */
const struct net_item *net_queue_front(const struct net_queue *queue);
void net_queue_pop(struct net_queue *queue); /* must not be empty */

#endif
