/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.c -- see spawn.h. fork and exec rather than posix_spawn: a daemon needs its namespace first. */
#include "sim/lab/spawn.h"

#include <dirent.h>
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

#define STEP_NS   2000000L
#define WORDS_MAX 31U

static int64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

bool spawn_enter(const char *space)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "/run/netns/%s", space);
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
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGPIPE, SIG_DFL);
    char *words[WORDS_MAX + 1] = {NULL}; /* exec does not write to them, but does not promise it */
    for (size_t i = 0; i < WORDS_MAX && argv[i] != NULL; i++) {
        memcpy(&words[i], &argv[i], sizeof(words[i]));
    }
    execvp(words[0], words);
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

/* The mark in a process's environment; false: none, or it is gone. */
static bool read_mark(pid_t pid, char mark[128])
{
    char path[64];
    char text[65536];
    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (size <= 0) {
        return false;
    }
    text[size] = '\0';
    for (const char *at = text; at < text + size; at += strlen(at) + 1) {
        if (strncmp(at, SPAWN_MARK "=", sizeof(SPAWN_MARK)) == 0) {
            (void)snprintf(mark, 128, "%s", at + sizeof(SPAWN_MARK));
            return true;
        }
    }
    return false;
}

static size_t each_marked(
    bool (*wanted)(const char *mark, const char *with),
    const char *with,
    pid_t spared,
    int signal_number)
{
    size_t count = 0;
    DIR *folder = opendir("/proc");
    if (folder == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char mark[128];
        const long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 1 && pid != spared && pid != getpid() && read_mark((pid_t)pid, mark) &&
            wanted(mark, with)) {
            kill((pid_t)pid, signal_number);
            count++;
        }
    }
    closedir(folder);
    return count;
}

static bool is_this(const char *mark, const char *with)
{
    return strcmp(mark, with) == 0;
}

static bool is_stale(const char *mark, const char *with)
{
    (void)with;
    const long pid = strncmp(mark, "fl", 2) == 0 ? strtol(mark + 2, NULL, 10) : 0;
    return pid > 1 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

size_t spawn_signal_marked(const char *mark, pid_t spared, int signal_number)
{
    return each_marked(is_this, mark, spared, signal_number);
}

void spawn_kill_stale(void)
{
    (void)each_marked(is_stale, NULL, 0, SIGKILL);
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
        (void)snprintf(text, size, "%s", strerror(errno));
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
        (void)snprintf(text, size, "%s", strerror(errno));
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
        (void)snprintf(text, size, "%s did not end in time", argv[0]);
        close(out[0]);
        return false;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    read_some(out[0], text, size, &used);
    text[used] = '\0';
    for (size_t i = 0; i < used; i++) {
        if (text[i] == '\n') {
            text[i] = ' ';
        }
    }
    close(out[0]);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

pid_t spawn_start(const char *space, const char *mark, const char *const *argv, const char *log)
{
    const pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    setsid();
    if (setenv(SPAWN_MARK, mark, 1) != 0) {
        _exit(127);
    }
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
