/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crew.c -- workers, one pipe for all of them, and a page of shared memory.
 *
 * The next job is a counter in shared memory. A report is one write to the pipe, smaller than
 * PIPE_BUF, so reports never mix. Each worker says in shared memory which job it is at, which is how
 * the parent knows what a dead one took with it; its stderr is an unnamed file that is emptied
 * before each job.
 */
#include "sim/chaos/crew.h"

#include "sim/report/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NO_JOB    UINT64_MAX
#define TICK_MS   100
#define NS_PER_MS INT64_C(1000000)

struct report {
    uint64_t job;
    uint32_t slot;
    struct trial trial;
};

_Static_assert(sizeof(struct report) <= PIPE_BUF, "a report is one write");

struct shared {
    _Atomic uint64_t next;
    _Atomic uint64_t end;
    _Atomic uint64_t job[CREW_MAX]; /* NO_JOB: between two */
    _Atomic int64_t since_ns[CREW_MAX];
};

struct worker {
    pid_t pid; /* 0: none */
    bool hung;
    FILE *output;
};

struct crew {
    const struct crew_config *config;
    struct shared *shared;
    struct worker workers[CREW_MAX];
    unsigned running;
    int pipe[2];
    int64_t begun_ns;
};

static int64_t clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- the worker ---- */

static bool take_job(const struct crew *crew, uint64_t *job_out)
{
    if (crew->config->for_ns > 0 && clock_ns() - crew->begun_ns > crew->config->for_ns) {
        return false;
    }
    *job_out = atomic_fetch_add(&crew->shared->next, 1);
    return *job_out < atomic_load(&crew->shared->end);
}

static void send_report(const struct crew *crew, const struct report *report)
{
    ssize_t written = 0;

    do {
        written = write(crew->pipe[1], report, sizeof *report);
    } while (written < 0 && errno == EINTR);
    if (written != (ssize_t)sizeof *report) {
        _exit(2); /* the parent is gone */
    }
}

static _Noreturn void be_worker(const struct crew *crew, uint32_t slot, pid_t parent)
{
    const int output = fileno(crew->workers[slot].output);
    uint64_t job = 0;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) {
        _exit(2);
    }
    (void)close(crew->pipe[0]);
    (void)sigprocmask(SIG_SETMASK, &crew->config->old_mask, NULL);
    while (take_job(crew, &job)) {
        struct report report = {.job = job, .slot = slot};

        (void)fflush(stdout);
        (void)ftruncate(output, 0);
        (void)lseek(output, 0, SEEK_SET);
        atomic_store(&crew->shared->since_ns[slot], clock_ns());
        atomic_store(&crew->shared->job[slot], job);
        crew->config->work(crew->config->context, job, &report.trial);
        send_report(crew, &report);
        atomic_store(&crew->shared->job[slot], NO_JOB);
        if (crew->config->one_job_each) {
            break;
        }
    }
    _exit(0);
}

/* ---- the parent ---- */

static bool start_worker(struct crew *crew, uint32_t slot)
{
    struct worker *worker = &crew->workers[slot];
    const pid_t parent = getpid();

    if (worker->output == NULL) {
        worker->output = tmpfile();
    }
    atomic_store(&crew->shared->job[slot], NO_JOB);
    (void)fflush(NULL);
    const pid_t pid = worker->output == NULL ? -1 : fork();

    if (pid == 0) {
        be_worker(crew, slot, parent);
    }
    if (pid < 0) {
        (void)fprintf(stderr, "ferry-sim: cannot start a worker: %s\n", strerror(errno));
        return false;
    }
    worker->pid = pid;
    worker->hung = false;
    crew->running++;
    return true;
}

static unsigned patience_s(const struct crew *crew)
{
    return crew->config->patience_s > 0 ? crew->config->patience_s : CREW_PATIENCE_S;
}

/* The last line that a dead worker printed says most: an assert, or a sanitizer's summary. */
static void last_words(struct worker *worker, char *text, size_t size)
{
    char output[4096];
    const off_t end = lseek(fileno(worker->output), 0, SEEK_END);
    const off_t from = end > (off_t)sizeof output - 1 ? end - ((off_t)sizeof output - 1) : 0;
    const ssize_t got = pread(fileno(worker->output), output, sizeof output - 1, from);

    output[got > 0 ? got : 0] = '\0';
    for (size_t length = strlen(output); length > 0 && output[length - 1] == '\n'; length--) {
        output[length - 1] = '\0';
    }
    const char *line = strrchr(output, '\n');

    (void)snprintf(text, size, "%s", line == NULL ? output : line + 1);
}

static void report_death(struct crew *crew, uint32_t slot, int status)
{
    struct worker *worker = &crew->workers[slot];
    const uint64_t job = atomic_load(&crew->shared->job[slot]);
    struct trial trial = {.verdict = TRIAL_BROKEN, .id = "crash"};
    char words[200];

    if (job == NO_JOB) {
        return;
    }
    last_words(worker, words, sizeof words);
    if (worker->hung) {
        (void)snprintf(trial.id, sizeof trial.id, "hang");
        (void)snprintf(
            trial.message,
            sizeof trial.message,
            "no end within %u s of real time",
            patience_s(crew));
    } else if (WIFSIGNALED(status)) {
        (void)snprintf(
            trial.message,
            sizeof trial.message,
            "killed by signal %d (%s)%s%s",
            WTERMSIG(status),
            strsignal(WTERMSIG(status)),
            words[0] == '\0' ? "" : ": ",
            words);
    } else {
        (void)snprintf(
            trial.message,
            sizeof trial.message,
            "the process ended with status %d%s%s",
            WEXITSTATUS(status),
            words[0] == '\0' ? "" : ": ",
            words);
    }
    crew->config->done(crew->config->context, job, &trial);
}

static void take_reports(struct crew *crew)
{
    struct report report;

    while (read(crew->pipe[0], &report, sizeof report) == (ssize_t)sizeof report) {
        crew->config->done(crew->config->context, report.job, &report.trial);
        /* so that a worker which dies right after its report is not blamed for it */
        uint64_t job = report.job;

        (void)atomic_compare_exchange_strong(&crew->shared->job[report.slot], &job, NO_JOB);
    }
}

static bool jobs_are_left(const struct crew *crew)
{
    return atomic_load(&crew->shared->next) < atomic_load(&crew->shared->end) &&
           (crew->config->for_ns == 0 || clock_ns() - crew->begun_ns <= crew->config->for_ns);
}

static bool collect_dead(struct crew *crew)
{
    for (uint32_t slot = 0; slot < crew->config->workers; slot++) {
        struct worker *worker = &crew->workers[slot];
        int status = 0;

        if (worker->pid == 0 || waitpid(worker->pid, &status, WNOHANG) != worker->pid) {
            continue;
        }
        worker->pid = 0;
        crew->running--;
        take_reports(crew); /* what it said before comes first */
        report_death(crew, slot, status);
        if (jobs_are_left(crew) && !start_worker(crew, slot)) {
            return false;
        }
    }
    return true;
}

static void end_hung(struct crew *crew)
{
    const int64_t now = clock_ns();

    for (uint32_t slot = 0; slot < crew->config->workers; slot++) {
        struct worker *worker = &crew->workers[slot];

        if (worker->pid != 0 && atomic_load(&crew->shared->job[slot]) != NO_JOB &&
            now - atomic_load(&crew->shared->since_ns[slot]) >
                patience_s(crew) * INT64_C(1000000000)) {
            worker->hung = true;
            (void)kill(worker->pid, SIGKILL);
        }
    }
}

static int pending_signal(const struct crew *crew)
{
    const struct timespec now = {.tv_sec = 0};
    const int number = sigtimedwait(&crew->config->watched, NULL, &now);

    return number > 0 && number != SIGCHLD ? number : 0;
}

static int supervise(struct crew *crew)
{
    for (uint32_t slot = 0; slot < crew->config->workers && jobs_are_left(crew); slot++) {
        if (!start_worker(crew, slot)) {
            return -1;
        }
    }
    while (crew->running > 0) {
        struct pollfd poll_for = {.fd = crew->pipe[0], .events = POLLIN};

        /* a process for each job ends all the time: its place should not stay empty for long */
        (void)poll(&poll_for, 1, crew->config->one_job_each ? 1 : TICK_MS);
        take_reports(crew);
        const int signal_number = pending_signal(crew);

        if (signal_number != 0) {
            return signal_number;
        }
        if (!collect_dead(crew)) {
            return -1;
        }
        end_hung(crew);
    }
    take_reports(crew);
    return 0;
}

static void dismiss(struct crew *crew)
{
    for (uint32_t slot = 0; slot < crew->config->workers; slot++) {
        struct worker *worker = &crew->workers[slot];
        int status = 0;

        if (worker->pid != 0) {
            (void)kill(worker->pid, SIGKILL);
            while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
            }
        }
        if (worker->output != NULL) {
            (void)fclose(worker->output);
        }
    }
}

int crew_run(const struct crew_config *config)
{
    struct crew crew = {.config = config, .begun_ns = clock_ns()};

    crew.shared =
        mmap(NULL, sizeof *crew.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crew.shared == MAP_FAILED || pipe2(crew.pipe, O_CLOEXEC) != 0 ||
        fcntl(crew.pipe[0], F_SETFL, O_NONBLOCK) != 0) {
        (void)fprintf(stderr, "ferry-sim: cannot start workers: %s\n", strerror(errno));
        return -1;
    }
    atomic_store(&crew.shared->next, config->first);
    atomic_store(&crew.shared->end, config->first + config->count);
    const int result = supervise(&crew);

    dismiss(&crew);
    take_reports(&crew); /* of jobs that ended while a signal came */
    (void)close(crew.pipe[0]);
    (void)close(crew.pipe[1]);
    (void)munmap(crew.shared, sizeof *crew.shared);
    return result;
}
