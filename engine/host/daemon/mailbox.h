/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox.h -- a bounded queue of reports from worker threads to the loop's thread; see mailbox.c.
 */
#ifndef FERRY_HOST_DAEMON_MAILBOX_H
#define FERRY_HOST_DAEMON_MAILBOX_H

#include "engine/host/base/error.h"
#include "engine/host/loop/loop.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One report, on the loop's thread. It may be any number of them a turn. */
typedef void mailbox_take(void *context, const void *item);

struct mailbox {
    struct loop *loop;
    struct loop_message message;
    mailbox_take *take;
    void *context;
    uint8_t *items;
    uint8_t *taken; /* the one that is being handed out */
    size_t item_size;
    size_t capacity;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t room;
    size_t first;
    size_t count;
    bool dropping;
};

FERRY_NODISCARD
enum host_code mailbox_init(
    struct mailbox *mailbox,
    struct loop *loop,
    size_t item_size,
    size_t capacity,
    mailbox_take *take,
    void *context);
/* From any thread: copies the item; waits for room. False: nobody takes anything any more, and the
 * item was not taken. */
bool mailbox_put(struct mailbox *mailbox, const void *item);
/* Nothing is taken in any more, and nobody who puts waits any more. */
void mailbox_drop(struct mailbox *mailbox);
/* On the loop's thread, when every sender was joined. What is still inside is handed out first. */
void mailbox_deinit(struct mailbox *mailbox);

#endif
