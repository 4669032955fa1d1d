/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h -- a thread with one lock, one condition to wait for, and a wish to stop.
 *
 * Workers take no signals: those are the loop's. */
#ifndef FERRY_HOST_DATAPLANE_WORKER_H
#define FERRY_HOST_DATAPLANE_WORKER_H

#include "ferry/types.h"

#include <pthread.h>

struct worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* something that is guarded by the lock has changed */
    bool stop;           /* guarded by the lock */
    bool started;
};

/* False: the system has no room for it. */
bool worker_init(struct worker *worker);
bool worker_start(
    struct worker *worker, void *(*function)(void *context), void *context, const char *name);
/* With the lock held: waits for `wake`, until `deadline` (CLOCK_MONOTONIC) at most. */
void worker_wait(struct worker *worker, ferry_time_ns deadline);
/* Sets `stop` and wakes the thread. */
void worker_stop(struct worker *worker);
/* Joins the thread if there is one; then frees what init made. */
void worker_deinit(struct worker *worker);

#endif
