/* SPDX-License-Identifier: Apache-2.0 */
/* messages.c -- what other threads say: a list under a lock, and an eventfd that wakes the loop. */
#include "engine/host/base/fd.h"
#include "engine/host/loop/internal.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_wake(void *context, uint32_t events)
{
    struct loop *loop = context;
    uint64_t count = 0;

    (void)events;
    const ssize_t got = read(loop->wake, &count, sizeof count);
    (void)got;
    /* What was posted between this turn's messages and now is served before the next wait. */
    loop_messages_run(loop);
}

enum host_code loop_messages_init(struct loop *loop, struct host_error *error)
{
    const int failed = pthread_mutex_init(&loop->lock, NULL);

    if (failed != 0) {
        return host_fail_errno(error, failed, "making a lock");
    }
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake < 0) {
        const int number = errno;

        (void)pthread_mutex_destroy(&loop->lock);
        return host_fail_errno(error, number, "making an eventfd");
    }
    const enum host_code code =
        loop_fd_add(loop, loop->wake, EPOLLIN, on_wake, loop, &loop->wake_watch);

    if (code != HOST_OK) {
        fd_close(&loop->wake);
        (void)pthread_mutex_destroy(&loop->lock);
        return host_fail(error, code, "watching an eventfd");
    }
    return HOST_OK;
}

void loop_messages_deinit(struct loop *loop)
{
    loop_fd_remove(loop->wake_watch);
    fd_close(&loop->wake);
    (void)pthread_mutex_destroy(&loop->lock);
}

void loop_message_init(struct loop_message *message, loop_message_function *function, void *context)
{
    *message = (struct loop_message){.function = function, .context = context};
}

void loop_post(struct loop *loop, struct loop_message *message)
{
    bool wake = false;

    (void)pthread_mutex_lock(&loop->lock);
    if (!message->queued) {
        message->queued = true;
        message->next = NULL;
        wake = loop->first == NULL;
        if (wake) {
            loop->first = message;
        } else {
            loop->last->next = message;
        }
        loop->last = message;
    }
    (void)pthread_mutex_unlock(&loop->lock);
    if (wake) {
        const uint64_t one = 1;
        const ssize_t written = write(loop->wake, &one, sizeof one);
        (void)written; /* fails only if the counter is full, and then the loop wakes up anyway */
    }
}

void loop_message_cancel(struct loop *loop, struct loop_message *message)
{
    struct loop_message *previous = NULL;

    (void)pthread_mutex_lock(&loop->lock);
    for (struct loop_message *at = loop->first; at != NULL; at = at->next) {
        if (at == message) {
            if (previous == NULL) {
                loop->first = message->next;
            } else {
                previous->next = message->next;
            }
            if (loop->last == message) {
                loop->last = previous;
            }
            message->queued = false;
            break;
        }
        previous = at;
    }
    (void)pthread_mutex_unlock(&loop->lock);
}

static size_t count_messages(struct loop *loop)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&loop->lock);
    for (const struct loop_message *at = loop->first; at != NULL; at = at->next) {
        count++;
    }
    (void)pthread_mutex_unlock(&loop->lock);
    return count;
}

/* As many as there were at the beginning: a sender that posts without end cannot hold the loop. */
void loop_messages_run(struct loop *loop)
{
    for (size_t count = count_messages(loop); count > 0; count--) {
        (void)pthread_mutex_lock(&loop->lock);
        struct loop_message *message = loop->first;

        if (message != NULL) {
            loop->first = message->next;
            if (loop->first == NULL) {
                loop->last = NULL;
            }
            message->queued = false;
        }
        (void)pthread_mutex_unlock(&loop->lock);
        if (message == NULL) {
            return; /* taken back by the one before */
        }
        message->function(message->context);
    }
}
