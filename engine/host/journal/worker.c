/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c -- the thread that waits for the disk, one job at a time. */
#include "engine/host/base/fd.h"
#include "engine/host/journal/internal.h"

#include <errno.h>
#include <signal.h>

static bool is_full(int number)
{
    return number == ENOSPC || number == EDQUOT;
}

static struct job_result run_piece(const struct journal_io *io, const struct job *job)
{
    struct job_result result = {.act = "writing to it"};

    result.number = io->write_log(io->context, job->offset, job->data, job->size);
    if (result.number == 0) {
        result.act = "fdatasync";
        result.number = io->sync_log(io->context);
    }
    return result;
}

static struct job_result run_whole(const struct journal_io *io, const struct job *job)
{
    struct job_result result = {.act = "making a new one"};

    result.number = io->create_next(io->context);
    if (result.number == 0) {
        result.act = "writing a new one";
        result.number = io->write_next(io->context, job->data, job->size);
    }
    if (result.number != 0) {
        result.full = is_full(result.number);
        (void)io->create_next(io->context); /* gives back the space that it took */
        return result;
    }
    result.act = "fsync of a new one";
    result.number = io->sync_next(io->context);
    if (result.number == 0) {
        result.act = "renaming a new one";
        result.number = io->adopt_next(io->context);
    }
    if (result.number == 0) {
        result.act = "fsync of its folder";
        result.number = io->sync_folder(io->context);
    }
    return result;
}

struct job_result job_run(const struct journal_io *io, const struct job *job)
{
    const ferry_time_ns began = host_now();
    struct job_result result = job->whole ? run_whole(io, job) : run_piece(io, job);

    result.took = host_now() - began;
    return result;
}

static void *work(void *context)
{
    struct worker *worker = context;

    (void)pthread_mutex_lock(&worker->lock);
    for (;;) {
        while (worker->job == NULL && !worker->quit) {
            (void)pthread_cond_wait(&worker->news, &worker->lock);
        }
        if (worker->job == NULL) {
            break;
        }
        const struct job *job = worker->job;

        (void)pthread_mutex_unlock(&worker->lock);
        const struct job_result result = job_run(worker->io, job);

        (void)pthread_mutex_lock(&worker->lock);
        worker->result = result;
        worker->job = NULL;
        loop_post(worker->loop, &worker->finished);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/* Signals are the loop's: the thread is started with all of them blocked. */
static int start_thread(struct worker *worker)
{
    sigset_t all;
    sigset_t old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    const int failed = pthread_create(&worker->thread, NULL, work, worker);

    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed;
}

enum host_code journal_worker_start(
    struct worker *worker,
    const struct journal_io *io,
    struct loop *loop,
    struct loop_message finished,
    struct host_error *error)
{
    worker->io = io;
    worker->loop = loop;
    worker->finished = finished;
    (void)pthread_mutex_init(&worker->lock, NULL);
    (void)pthread_cond_init(&worker->news, NULL);
    const int failed = start_thread(worker);

    if (failed != 0) {
        (void)pthread_cond_destroy(&worker->news);
        (void)pthread_mutex_destroy(&worker->lock);
        return host_fail_errno(error, failed, "starting the journal's thread");
    }
    worker->running = true;
    return HOST_OK;
}

void journal_worker_give(struct worker *worker, const struct job *job)
{
    (void)pthread_mutex_lock(&worker->lock);
    worker->job = job;
    (void)pthread_cond_signal(&worker->news);
    (void)pthread_mutex_unlock(&worker->lock);
}

void journal_worker_stop(struct worker *worker)
{
    if (!worker->running) {
        return;
    }
    (void)pthread_mutex_lock(&worker->lock);
    worker->quit = true;
    (void)pthread_cond_signal(&worker->news);
    (void)pthread_mutex_unlock(&worker->lock);
    (void)pthread_join(worker->thread, NULL);
    worker->running = false;
    loop_message_cancel(worker->loop, &worker->finished);
    (void)pthread_cond_destroy(&worker->news);
    (void)pthread_mutex_destroy(&worker->lock);
}
