/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c -- fork, wait, signals.
 *
 * SIGCHLD and the signals that end us are held and waited for with sigtimedwait(): no handler, so
 * nothing runs at a moment which was not chosen. Children get the old mask back.
 */
#include "sim/cli/pool.h"

#include "sim/cli/cli.h"
#include "sim/report/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_NS       200000000L
#define BYTES_PER_KIB UINT64_C(1024)

struct worker {
    pid_t pid; /* 0: idle */
    size_t task;
    struct pool_files files;
};

struct pool {
    const struct pool_config *config;
    struct worker *workers;
    struct pool_progress *progress; /* shared, one for each worker */
    size_t *running;                /* workers, the oldest first */
    size_t running_count;
    size_t next;
    size_t done;
    size_t *state_tasks;
    const struct pool_progress **state_progress;
};

static void close_files(struct pool_files *files)
{
    FILE *const streams[] = {files->package, files->log, files->output};

    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        if (streams[i] != NULL) {
            (void)fclose(streams[i]);
        }
    }
    *files = (struct pool_files){.package = NULL};
}

static bool open_files(struct pool_files *files, bool log)
{
    files->package = tmpfile();
    files->output = tmpfile();
    files->log = log ? tmpfile() : NULL;
    if (files->package != NULL && files->output != NULL && (!log || files->log != NULL)) {
        return true;
    }
    const int error = errno;

    close_files(files);
    errno = error;
    return false;
}

static _Noreturn void be_child(struct pool *pool, struct worker *worker, pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(CLI_USAGE); /* the parent was gone before the line above */
    }
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &pool->config->signals->old_mask, NULL);
    if (dup2(fileno(worker->files.output), STDOUT_FILENO) < 0 ||
        dup2(fileno(worker->files.output), STDERR_FILENO) < 0) {
        _exit(CLI_USAGE);
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* so that it keeps its order with stderr */
    const size_t slot = (size_t)(worker - pool->workers);

    exit(pool->config->run(
        pool->config->context, worker->task, &worker->files, &pool->progress[slot]));
}

/* false: it cannot be done now. */
static bool start_task(struct pool *pool, size_t slot)
{
    struct worker *worker = &pool->workers[slot];
    const pid_t parent = getpid();

    if (!open_files(&worker->files, pool->config->logs)) {
        return false;
    }
    atomic_store(&pool->progress[slot].virtual_ns, 0);
    atomic_store(&pool->progress[slot].migrations_begun, 0);
    atomic_store(&pool->progress[slot].migrations_ended, 0);
    worker->task = pool->next;
    (void)fflush(NULL); /* or the child would write what is buffered once more */
    const pid_t pid = fork();

    if (pid == 0) {
        be_child(pool, worker, parent);
    }
    if (pid < 0) {
        const int error = errno;

        close_files(&worker->files);
        errno = error;
        return false;
    }
    worker->pid = pid;
    pool->running[pool->running_count++] = slot;
    pool->next++;
    return true;
}

/* Starts what there is room for. A failure matters only if nothing runs which may free something.
 */
static bool start_tasks(struct pool *pool)
{
    for (size_t slot = 0; slot < pool->config->workers; slot++) {
        if (pool->workers[slot].pid != 0 || pool->next == pool->config->tasks) {
            continue;
        }
        if (!start_task(pool, slot)) {
            if (pool->running_count == 0) {
                cli_complain("cannot start a run: %s", strerror(errno));
                return false;
            }
            return true;
        }
    }
    return true;
}

static void end_task(struct pool *pool, size_t position, int status, const struct rusage *usage)
{
    struct worker *worker = &pool->workers[pool->running[position]];
    struct pool_end end = {
        .files = worker->files,
        .status = status,
        .peak_bytes = (uint64_t)usage->ru_maxrss * BYTES_PER_KIB,
    };

    worker->files = (struct pool_files){.package = NULL};
    worker->pid = 0;
    pool->running_count--;
    memmove(
        &pool->running[position],
        &pool->running[position + 1],
        (pool->running_count - position) * sizeof pool->running[0]);
    pool->done++;
    pool->config->done(pool->config->context, worker->task, &end);
    close_files(&end.files);
}

static void collect_ended(struct pool *pool)
{
    for (size_t i = 0; i < pool->running_count;) {
        struct rusage usage;
        int status = 0;
        const pid_t pid = pool->workers[pool->running[i]].pid;

        if (wait4(pid, &status, WNOHANG, &usage) == pid) {
            end_task(pool, i, status, &usage);
        } else {
            i++;
        }
    }
}

static void kill_children(struct pool *pool)
{
    for (size_t i = 0; i < pool->running_count; i++) {
        (void)kill(pool->workers[pool->running[i]].pid, SIGKILL);
    }
    for (size_t i = 0; i < pool->running_count; i++) {
        struct worker *worker = &pool->workers[pool->running[i]];
        int status = 0;

        while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
        }
        close_files(&worker->files);
    }
    pool->running_count = 0;
}

static void tell(struct pool *pool)
{
    if (pool->config->tick == NULL) {
        return;
    }
    for (size_t i = 0; i < pool->running_count; i++) {
        pool->state_tasks[i] = pool->workers[pool->running[i]].task;
        pool->state_progress[i] = &pool->progress[pool->running[i]];
    }
    const struct pool_state state = {
        .done = pool->done,
        .running = pool->running_count,
        .tasks = pool->state_tasks,
        .progress = pool->state_progress,
    };

    pool->config->tick(pool->config->context, &state);
}

/* The signal that ends us, or 0. */
static int wait_for_news(const struct pool *pool)
{
    const struct timespec patience = {.tv_nsec = TICK_NS};
    const int number = sigtimedwait(&pool->config->signals->watched, NULL, &patience);

    return number > 0 && number != SIGCHLD ? number : 0;
}

static int run_tasks(struct pool *pool)
{
    while (pool->done < pool->config->tasks) {
        if (!start_tasks(pool)) {
            kill_children(pool);
            return -1;
        }
        tell(pool);
        const int ending = wait_for_news(pool);

        if (ending != 0) {
            tell(pool); /* how far they were */
            kill_children(pool);
            return ending;
        }
        collect_ended(pool);
    }
    return 0;
}

void pool_hold_signals(struct pool_signals *signals)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    (void)signal(SIGCHLD, SIG_DFL); /* were it ignored, there would be nothing to wait for */
    (void)sigemptyset(&signals->watched);
    (void)sigaddset(&signals->watched, SIGCHLD);
    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++) {
        struct sigaction action;

        /* A blocked signal is kept although it is ignored, so it must not be blocked. */
        if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            (void)sigaddset(&signals->watched, ending[i]);
        }
    }
    (void)sigprocmask(SIG_BLOCK, &signals->watched, &signals->old_mask);
}

void pool_release_signals(const struct pool_signals *signals)
{
    (void)sigprocmask(SIG_SETMASK, &signals->old_mask, NULL);
}

int pool_run(const struct pool_config *config)
{
    struct pool pool = {.config = config};
    const size_t shared_size = config->workers * sizeof *pool.progress;
    void *shared =
        mmap(NULL, shared_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        cli_complain("cannot start a run: %s", strerror(errno));
        return -1;
    }
    pool.progress = shared;
    pool.workers = report_take(config->workers, sizeof *pool.workers);
    pool.running = report_take(config->workers, sizeof *pool.running);
    pool.state_tasks = report_take(config->workers, sizeof *pool.state_tasks);
    pool.state_progress = report_take(config->workers, sizeof(struct pool_progress *));
    const int result = run_tasks(&pool);

    free(pool.workers);
    free(pool.running);
    free(pool.state_tasks);
    free(pool.state_progress);
    (void)munmap(shared, shared_size);
    return result;
}
