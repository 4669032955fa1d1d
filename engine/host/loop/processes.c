/* SPDX-License-Identifier: Apache-2.0 */
/* processes.c -- signals by signalfd, the ends of processes by pidfd. */
#include "engine/host/base/fd.h"
#include "engine/host/loop/internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_signal(void *context, uint32_t events)
{
    struct loop *loop = context;
    struct signalfd_siginfo info;

    (void)events;
    while (loop->signal_fd >= 0 && read(loop->signal_fd, &info, sizeof info) == sizeof info) {
        const struct loop_signal_entry entry = loop->signal[info.ssi_signo];

        if (entry.function != NULL) {
            entry.function(entry.context, (int)info.ssi_signo);
        }
    }
}

enum host_code loop_signal(
    struct loop *loop,
    int number,
    loop_signal_function *function,
    void *context,
    struct host_error *error)
{
    sigset_t one;
    sigset_t all = loop->signals;

    assert(number > 0 && number < NSIG);
    if (loop->signal[number].function != NULL) {
        return host_fail(error, HOST_EXISTS, "signal %d is taken already", number);
    }
    (void)sigemptyset(&one);
    (void)sigaddset(&one, number);
    (void)sigaddset(&all, number);
    const int fd = signalfd(loop->signal_fd, &all, SFD_CLOEXEC | SFD_NONBLOCK);

    if (fd < 0) {
        return host_fail_errno(error, errno, "signal %d", number);
    }
    if (loop->signal_fd < 0) {
        const enum host_code code =
            loop_fd_add(loop, fd, EPOLLIN, on_signal, loop, &loop->signal_watch);

        if (code != HOST_OK) {
            (void)close(fd);
            return host_fail(error, code, "watching signal %d", number);
        }
    }
    loop->signal_fd = fd;
    loop->signals = all;
    loop->signal[number] = (struct loop_signal_entry){.function = function, .context = context};
    (void)pthread_sigmask(SIG_BLOCK, &one, NULL);
    return HOST_OK;
}

void loop_signals_deinit(struct loop *loop)
{
    if (loop->signal_fd >= 0) {
        loop_fd_remove(loop->signal_watch);
        fd_close(&loop->signal_fd);
        (void)pthread_sigmask(SIG_UNBLOCK, &loop->signals, NULL);
    }
}

void loop_signals_unblock(void)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

struct loop_child {
    int pidfd;
    bool ours; /* to be reaped */
    loop_child_function *function;
    void *context;
    struct loop_fd *watch;
};

static void on_end(void *context, uint32_t events)
{
    struct loop_child *child = context;
    siginfo_t info = {.si_pid = 0};
    bool exited = true;
    int value = 0;

    (void)events;
    if (child->ours && waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) == 0) {
        if (info.si_pid == 0) {
            return; /* not yet: a tracer holds it */
        }
        exited = info.si_code == CLD_EXITED;
        value = info.si_status;
    }
    loop_child_function *const function = child->function;
    void *const whose = child->context;

    loop_child_remove(child);
    function(whose, exited, value);
}

static enum host_code
watch_process(struct loop *loop, struct loop_child child, struct loop_child **child_out)
{
    struct loop_child *copy = malloc(sizeof *copy);

    if (copy == NULL) {
        return HOST_MEMORY;
    }
    *copy = child;
    const enum host_code code = loop_fd_add(loop, copy->pidfd, EPOLLIN, on_end, copy, &copy->watch);

    if (code != HOST_OK) {
        free(copy);
        return code;
    }
    *child_out = copy;
    return HOST_OK;
}

static enum host_code add_process(
    struct loop *loop,
    pid_t pid,
    struct loop_child child,
    struct loop_child **child_out,
    struct host_error *error)
{
    child.pidfd = pidfd_open(pid, 0);
    if (child.pidfd < 0) {
        const int number = errno;

        if (number == ESRCH) {
            return host_fail(error, HOST_NOT_FOUND, "there is no process %d", (int)pid);
        }
        return host_fail_errno(error, number, "process %d", (int)pid);
    }
    const enum host_code code = watch_process(loop, child, child_out);

    if (code != HOST_OK) {
        fd_close(&child.pidfd);
        return host_fail(error, code, "watching process %d", (int)pid);
    }
    return HOST_OK;
}

enum host_code loop_child_add(
    struct loop *loop,
    pid_t pid,
    loop_child_function *function,
    void *context,
    struct loop_child **child_out,
    struct host_error *error)
{
    const struct loop_child child = {.ours = true, .function = function, .context = context};

    return add_process(loop, pid, child, child_out, error);
}

enum host_code loop_process_add(
    struct loop *loop,
    pid_t pid,
    loop_child_function *function,
    void *context,
    struct loop_child **child_out,
    struct host_error *error)
{
    const struct loop_child child = {.ours = false, .function = function, .context = context};

    return add_process(loop, pid, child, child_out, error);
}

enum host_code loop_child_kill(struct loop_child *child, int number, struct host_error *error)
{
    if (pidfd_send_signal(child->pidfd, number, NULL, 0) != 0) {
        return host_fail_errno(error, errno, "sending signal %d", number);
    }
    return HOST_OK;
}

void loop_child_remove(struct loop_child *child)
{
    if (child != NULL) {
        loop_fd_remove(child->watch);
        fd_close(&child->pidfd);
        free(child);
    }
}
