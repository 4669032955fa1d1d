/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h -- runs tasks in processes of their own, several at once.
 *
 * Why processes: a simulation may crash, hang or exhaust its memory, and SimGrid permits one engine
 * in a process; the others must not notice. A task gets unnamed files to write to; the parent reads
 * them when the task has ended. A child dies with its parent, and the parent ends its children, by
 * their ids, when a signal tells it to end. Tasks begin in their order and end in any.
 */
#ifndef FERRY_SIM_CLI_POOL_H
#define FERRY_SIM_CLI_POOL_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a running task shows of itself: in memory that parent and child share. */
struct pool_progress {
    _Atomic int64_t virtual_ns;
    _Atomic uint32_t migrations_begun;
    _Atomic uint32_t migrations_ended;
};

/* The files of one task. In the child `output` is its stdout and stderr. */
struct pool_files {
    FILE *package;
    FILE *log; /* NULL unless wanted */
    FILE *output;
};

/* How a task ended, seen by the parent, which may take files by setting them to NULL. */
struct pool_end {
    struct pool_files files;
    int status; /* of waitpid() */
    uint64_t peak_bytes;
};

/* What runs at the moment. */
struct pool_state {
    size_t done;
    size_t running;
    const size_t *tasks;                   /* of those that run, the oldest first */
    const struct pool_progress **progress; /* in the same order */
};

/* The signals which end us, held back from pool_hold_signals() on: so whoever has files that must
 * not stay behind decides when they come. Those that are ignored (nohup) stay ignored. */
struct pool_signals {
    sigset_t watched;
    sigset_t old_mask; /* what children get */
};

void pool_hold_signals(struct pool_signals *signals);
void pool_release_signals(const struct pool_signals *signals); /* what is pending comes now */

struct pool_config {
    const struct pool_signals *signals; /* held */
    unsigned workers;                   /* at once, at least 1 */
    size_t tasks;
    bool logs;
    void *context;
    /* In the child: returns its exit status. */
    int (*run)(
        void *context, size_t task, struct pool_files *files, struct pool_progress *progress);
    /* In the parent: once for each task. */
    void (*done)(void *context, size_t task, struct pool_end *end);
    /* In the parent: a few times a second; may be NULL. */
    void (*tick)(void *context, const struct pool_state *state);
};

/* 0: all tasks have ended. > 0: this signal came, children are ended and waited for. -1: no process
 * or file could be had, said on stderr; children likewise. */
int pool_run(const struct pool_config *config);

#endif
