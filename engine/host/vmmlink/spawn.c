/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c -- starting a guest's process.
 *
 * The listening socket is made here and handed over: it can be connected to before the process has
 * looked at it, and a second process for the same guest is noticed before it is started.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmmlink/vmmlink.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PROGRAM "ferry-vmm"
#define BACKLOG 4

extern char **environ;

static enum vmmlink_status
refuse(char *reason, size_t size, enum vmmlink_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum vmmlink_status
refuse(char *reason, size_t size, enum vmmlink_status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(reason, size, format, list);
    va_end(list);
    return status;
}

static bool check(const struct vmmlink_spawn *spawn)
{
    const struct sockaddr_un address;
    return spawn->socket_path != NULL && strlen(spawn->socket_path) < sizeof(address.sun_path) &&
           spawn->guest != NULL && spawn->guest[0] != '\0' &&
           strlen(spawn->guest) <= FERRY_NAME_MAX && spawn->config.size <= FERRY_GUEST_CONFIG_MAX;
}

/* Is a process listening there? */
static bool is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* a full backlog (EAGAIN) has somebody behind it too */
    const bool alive =
        fd >= 0 &&
        (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN);
    fd_close(&fd);
    return alive;
}

static int listen_at(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    unlink(address->sun_path); /* what a process that died has left */
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
        chmod(address->sun_path, S_IRUSR | S_IWUSR) != 0 || listen(fd, BACKLOG) != 0) {
        const int number = errno;
        fd_close(&fd);
        errno = number;
        return -1;
    }
    return fd;
}

static int config_file(struct ferry_bytes config)
{
    int fd = memfd_create("ferry-guest-config", MFD_CLOEXEC);
    struct host_error error;
    if (fd >= 0 && fd_write_all(fd, config.data, config.size, &error) != HOST_OK) {
        fd_close(&fd);
    }
    return fd;
}

static void find_program(const char *given, char *path, size_t size)
{
    if (given != NULL) {
        (void)snprintf(path, size, "%s", given);
        return;
    }
    const ssize_t length = readlink("/proc/self/exe", path, size - sizeof(PROGRAM) - 1);
    char *slash = NULL;
    if (length > 0) {
        path[length] = '\0';
        slash = strrchr(path, '/');
    }
    if (slash != NULL) {
        memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
    }
    if (slash == NULL || access(path, X_OK) != 0) {
        (void)snprintf(path, size, "%s", PROGRAM); /* posix_spawnp looks along $PATH */
    }
}

struct files {
    int listener;
    int config;
};

/* Its own session, no inherited signal set, nothing open but what it was given. */
static int start(const struct vmmlink_spawn *spawn, const struct files *files, pid_t *pid_out)
{
    char program[4096];
    char listener[16];
    char config[16];
    find_program(spawn->program, program, sizeof(program));
    (void)snprintf(listener, sizeof(listener), "%d", files->listener);
    (void)snprintf(config, sizeof(config), "%d", files->config);
    char name[FERRY_NAME_MAX + 1];
    (void)snprintf(name, sizeof(name), "%s", spawn->guest);
    char *const arguments[] = {
        (char[]){PROGRAM},
        (char[]){"--guest"},
        name,
        (char[]){"--socket-fd"},
        listener,
        (char[]){"--config-fd"},
        config,
        spawn->incoming ? (char[]){"--incoming"} : NULL,
        NULL,
    };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    /* a descriptor onto itself: it stays open over exec */
    posix_spawn_file_actions_adddup2(&actions, files->listener, files->listener);
    posix_spawn_file_actions_adddup2(&actions, files->config, files->config);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (spawn->log_path != NULL) {
        posix_spawn_file_actions_addopen(
            &actions, 2, spawn->log_path, O_WRONLY | O_CREAT | O_APPEND, S_IRUSR | S_IWUSR);
    }
    const int error = posix_spawnp(pid_out, program, &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

enum vmmlink_status
vmmlink_spawn(const struct vmmlink_spawn *spawn, pid_t *pid_out, char *reason, size_t reason_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!check(spawn)) {
        return refuse(
            reason,
            reason_size,
            VMMLINK_INVALID,
            "a guest's process needs a name of 1 to %d bytes, a socket's path of at most %zu, and "
            "a configuration of at most %u",
            FERRY_NAME_MAX,
            sizeof(address.sun_path) - 1,
            FERRY_GUEST_CONFIG_MAX);
    }
    memcpy(address.sun_path, spawn->socket_path, strlen(spawn->socket_path));
    if (is_alive(&address)) {
        return refuse(
            reason,
            reason_size,
            VMMLINK_STATE,
            "a process for this guest is listening at %s already",
            spawn->socket_path);
    }
    struct files files = {.listener = listen_at(&address), .config = -1};
    if (files.listener < 0) {
        return refuse(
            reason,
            reason_size,
            VMMLINK_SYSTEM,
            "listening at %s: %s",
            spawn->socket_path,
            strerror(errno));
    }
    files.config = config_file(spawn->config);
    const int error = files.config < 0 ? errno : start(spawn, &files, pid_out);
    fd_close(&files.listener);
    fd_close(&files.config);
    if (error != 0) {
        unlink(address.sun_path);
        return refuse(
            reason,
            reason_size,
            VMMLINK_SYSTEM,
            "starting %s: %s",
            spawn->program != NULL ? spawn->program : PROGRAM,
            strerror(error));
    }
    return VMMLINK_OK;
}
