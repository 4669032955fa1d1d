/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.c -- see spawn.h. fork and exec rather than posix_spawn: a daemon needs its namespace first. */
#include "sim/lab/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 2000000L

static int64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

bool spawn_enter(const char *space)
{
    char path[128];
    snprintf(path, sizeof(path), "/run/netns/%s", space);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool entered = setns(fd, CLONE_NEWNET) == 0;
    close(fd);
    return entered;
}

static void become(const char *const *argv)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    dprintf(2, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static void read_some(int fd, char *text, size_t size, size_t *used)
{
    char rest[512];
    const bool room = *used + 1 < size;
    const ssize_t got =
        room ? read(fd, text + *used, size - 1 - *used) : read(fd, rest, sizeof(rest));
    if (got > 0 && room) {
        *used += (size_t)got;
    }
}

bool spawn_wait(pid_t pid, int64_t limit_ns)
{
    const int64_t end = now_ns() + limit_ns;
    for (;;) {
        const pid_t got = waitpid(pid, NULL, WNOHANG);
        if (got == pid || (got < 0 && errno == ECHILD)) {
            return true;
        }
        if (now_ns() >= end) {
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
    }
}

void spawn_end(pid_t pid, int64_t grace_ns)
{
    if (pid <= 0) {
        return;
    }
    kill(pid, SIGTERM);
    if (!spawn_wait(pid, grace_ns)) {
        kill(pid, SIGKILL);
        (void)spawn_wait(pid, 10000000000);
    }
}

bool spawn_run(const char *const *argv, int64_t limit_ns, char *text, size_t size)
{
    int out[2];
    text[0] = '\0';
    if (pipe2(out, O_CLOEXEC) != 0) {
        snprintf(text, size, "%s", strerror(errno));
        return false;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        dup2(out[1], 2);
        become(argv);
    }
    close(out[1]);
    if (pid < 0) {
        close(out[0]);
        snprintf(text, size, "%s", strerror(errno));
        return false;
    }
    const int64_t end = now_ns() + limit_ns;
    size_t used = 0;
    int status = 0;
    pid_t done = 0;
    while (done == 0 && now_ns() < end) {
        struct pollfd wait = {.fd = out[0], .events = POLLIN};
        if (poll(&wait, 1, 20) > 0) {
            read_some(out[0], text, size, &used);
        }
        done = waitpid(pid, &status, WNOHANG);
    }
    if (done == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        snprintf(text, size, "%s did not end in time", argv[0]);
        close(out[0]);
        return false;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    read_some(out[0], text, size, &used);
    text[used] = '\0';
    for (size_t i = 0; i < used; i++) {
        text[i] = text[i] == '\n' ? ' ' : text[i];
    }
    close(out[0]);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

pid_t spawn_start(const char *space, const char *const *argv, const char *log)
{
    const pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    setsid();
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (null < 0 || out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
        _exit(127);
    }
    if (space != NULL && !spawn_enter(space)) {
        dprintf(2, "cannot enter network namespace %s: %s\n", space, strerror(errno));
        _exit(127);
    }
    become(argv);
    _exit(127);
}
