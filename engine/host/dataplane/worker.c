/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c -- see worker.h. */
#include "engine/host/dataplane/worker.h"

#include <signal.h>
#include <time.h>

bool worker_init(struct worker *worker)
{
    pthread_condattr_t attributes;
    worker->stop = false;
    worker->started = false;
    if (pthread_mutex_init(&worker->lock, NULL) != 0) {
        return false;
    }
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const int result = pthread_cond_init(&worker->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (result != 0) {
        (void)pthread_mutex_destroy(&worker->lock);
    }
    return result == 0;
}

bool worker_start(
    struct worker *worker, void *(*function)(void *context), void *context, const char *name)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    worker->started = pthread_create(&worker->thread, NULL, function, context) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (worker->started) {
        (void)pthread_setname_np(worker->thread, name);
    }
    return worker->started;
}

void worker_wait(struct worker *worker, ferry_time_ns deadline)
{
    if (deadline == FERRY_TIME_NEVER) {
        (void)pthread_cond_wait(&worker->wake, &worker->lock);
        return;
    }
    const struct timespec until = {
        .tv_sec = (time_t)(deadline / FERRY_SECOND),
        .tv_nsec = (long)(deadline % FERRY_SECOND),
    };
    (void)pthread_cond_timedwait(&worker->wake, &worker->lock, &until);
}

void worker_stop(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    worker->stop = true;
    (void)pthread_cond_broadcast(&worker->wake);
    (void)pthread_mutex_unlock(&worker->lock);
}

void worker_deinit(struct worker *worker)
{
    if (worker->started) {
        (void)pthread_join(worker->thread, NULL);
    }
    (void)pthread_cond_destroy(&worker->wake);
    (void)pthread_mutex_destroy(&worker->lock);
}
