/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox.c -- a bounded queue of reports from worker threads to the loop's thread.
 *
 * Workers say more than "look": each report counts, and in its order. The queue lies in one array,
 * so a worker that is faster than the loop waits for room instead of filling memory. The loop takes
 * out one report at a time and holds the lock only while it copies: what it does with a report may
 * take long, and may put an end to the very worker that sent it.
 */
#include "engine/host/daemon/mailbox.h"

#include <stdlib.h>
#include <string.h>

static bool take_one(struct mailbox *mailbox)
{
    bool taken = false;

    (void)pthread_mutex_lock(&mailbox->lock);
    if (mailbox->count > 0) {
        memcpy(
            mailbox->taken,
            mailbox->items + mailbox->first * mailbox->item_size,
            mailbox->item_size);
        mailbox->first = (mailbox->first + 1) % mailbox->capacity;
        mailbox->count--;
        taken = true;
        (void)pthread_cond_signal(&mailbox->room);
    }
    (void)pthread_mutex_unlock(&mailbox->lock);
    return taken;
}

static void look(void *context)
{
    struct mailbox *mailbox = context;

    /* one round of the array: a worker that never stops must not keep the loop here */
    for (size_t i = 0; i < mailbox->capacity; i++) {
        if (!take_one(mailbox)) {
            return;
        }
        mailbox->take(mailbox->context, mailbox->taken);
    }
    loop_post(mailbox->loop, &mailbox->message);
}

enum host_code mailbox_init(
    struct mailbox *mailbox,
    struct loop *loop,
    size_t item_size,
    size_t capacity,
    mailbox_take *take,
    void *context)
{
    *mailbox = (struct mailbox){
        .loop = loop,
        .take = take,
        .context = context,
        .item_size = item_size,
        .capacity = capacity,
        .items = calloc(capacity, item_size),
        .taken = calloc(1, item_size),
    };
    if (mailbox->items == NULL || mailbox->taken == NULL) {
        free(mailbox->items);
        free(mailbox->taken);
        return HOST_MEMORY;
    }
    (void)pthread_mutex_init(&mailbox->lock, NULL);
    (void)pthread_cond_init(&mailbox->room, NULL);
    loop_message_init(&mailbox->message, look, mailbox);
    return HOST_OK;
}

bool mailbox_put(struct mailbox *mailbox, const void *item)
{
    (void)pthread_mutex_lock(&mailbox->lock);
    while (mailbox->count == mailbox->capacity && !mailbox->dropping) {
        (void)pthread_cond_wait(&mailbox->room, &mailbox->lock);
    }
    const bool open = !mailbox->dropping;
    if (open) {
        const size_t at = (mailbox->first + mailbox->count) % mailbox->capacity;
        memcpy(mailbox->items + at * mailbox->item_size, item, mailbox->item_size);
        mailbox->count++;
    }
    (void)pthread_mutex_unlock(&mailbox->lock);
    if (open) {
        loop_post(mailbox->loop, &mailbox->message);
    }
    return open;
}

void mailbox_drop(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->lock);
    mailbox->dropping = true;
    (void)pthread_cond_broadcast(&mailbox->room);
    (void)pthread_mutex_unlock(&mailbox->lock);
}

void mailbox_deinit(struct mailbox *mailbox)
{
    if (mailbox->items == NULL) {
        return;
    }
    loop_message_cancel(mailbox->loop, &mailbox->message);
    while (take_one(mailbox)) {
        mailbox->take(mailbox->context, mailbox->taken);
    }
    (void)pthread_cond_destroy(&mailbox->room);
    (void)pthread_mutex_destroy(&mailbox->lock);
    free(mailbox->items);
    free(mailbox->taken);
    mailbox->items = NULL;
}
