/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c -- ferry-vmm: one process, one guest. Reads its arguments and the guest's configuration,
 * makes the machine, serves its socket. It never runs the guest by itself.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/vmm/privilege.h"
#include "engine/host/vmm/server.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum option_key { OPTION_SOCKET_FD = 256, OPTION_CONFIG_FD, OPTION_INCOMING, OPTION_NO_SECCOMP };

struct arguments {
    const char *socket;
    int socket_fd;
    const char *guest;
    const char *config;
    int config_fd;
    bool incoming;
    bool no_seccomp;
};

static const struct argp_option options[] = {
    {"socket",                                       's', "PATH", 0, "Listen there for the daemon (a Unix socket)", 0},
    {"socket-fd",                                        OPTION_SOCKET_FD, "NUMBER", 0, "Take over this listening socket instead", 0},
    {"guest", 'g', "NAME", 0, "The guest's name", 0},
    {"config",                                              'c', "FILE", 0, "The guest's configuration", 0},
    {"config-fd",OPTION_CONFIG_FD, "NUMBER", 0, "Read the configuration from this descriptor", 0},
    {"incoming",                                             OPTION_INCOMING, NULL, 0, "The guest comes from another host: load no program", 0},
    {"no-seccomp",                                             OPTION_NO_SECCOMP, NULL, 0, "Do not restrict the process's system calls", 0},
    {0                                       },
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    char *end = NULL;
    switch (key) {
    case 's': arguments->socket = text; return 0;
    case 'g': arguments->guest = text; return 0;
    case 'c': arguments->config = text; return 0;
    case OPTION_INCOMING: arguments->incoming = true; return 0;
    case OPTION_NO_SECCOMP: arguments->no_seccomp = true; return 0;
    case OPTION_SOCKET_FD:
    case OPTION_CONFIG_FD: {
        const long number = strtol(text, &end, 10);
        if (end == text || *end != '\0' || number < 0 || number > 1 << 20) {
            argp_error(state, "\"%s\" is no descriptor", text);
        }
        *(key == OPTION_SOCKET_FD ? &arguments->socket_fd : &arguments->config_fd) = (int)number;
        return 0;
    }
    case ARGP_KEY_END:
        if ((arguments->socket == NULL) == (arguments->socket_fd < 0)) {
            argp_error(state, "one of --socket and --socket-fd is needed");
        }
        if ((arguments->config == NULL) == (arguments->config_fd < 0)) {
            argp_error(state, "one of --config and --config-fd is needed");
        }
        if (arguments->guest == NULL || arguments->guest[0] == '\0' ||
            strlen(arguments->guest) > FERRY_NAME_MAX) {
            argp_error(state, "--guest needs a name of 1 to %d bytes", FERRY_NAME_MAX);
        }
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Holds one guest under /dev/kvm for ferryd.\v"
           "ferryd starts it; it is of little use by hand. The guest runs when the client on the "
           "socket says so, and goes on when the client goes away; another client may come. The "
           "protocol is told in docs/vmm-protocol.md.",
};

static int listen_at(const char *path, struct vmm_fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        vmm_fail(fault, VMMLINK_SYSTEM, "the socket's path is too long: %.100s...", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    const mode_t mask = umask(0077);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 4) != 0) {
        vmm_fail_errno(fault, VMMLINK_SYSTEM, "listening at %.100s", path);
        fd_close(&fd);
    }
    umask(mask);
    return fd;
}

static enum vmmlink_status
read_config(const struct arguments *arguments, struct machine *machine, struct vmm_fault *fault)
{
    int fd = arguments->config_fd;
    if (fd < 0) {
        fd = open(arguments->config, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        return vmm_fail_errno(fault, VMMLINK_SYSTEM, "configuration %s", arguments->config);
    }
    size_t size = 0;
    ssize_t got;
    while (
        size < sizeof(machine->config_text) &&
        (got = pread(
             fd, machine->config_text + size, sizeof(machine->config_text) - size, (off_t)size)) >
            0) {
        size += (size_t)got;
    }
    fd_close(&fd);
    machine->config_size = size;
    return VMMLINK_OK;
}

static enum vmmlink_status
make(const struct arguments *arguments, struct machine *machine, struct vmm_fault *fault)
{
    struct guestconfig config;
    char reason[GUESTCONFIG_REASON_MAX];
    VMM_TRY(read_config(arguments, machine, fault));
    const struct ferry_bytes text = {
        .data = (const uint8_t *)machine->config_text,
        .size = machine->config_size,
    };
    if (!guestconfig_decode(text, &config, reason)) {
        return vmm_fail(fault, VMMLINK_INVALID, "the guest's configuration: %s", reason);
    }
    memcpy(machine->name, arguments->guest, strlen(arguments->guest));
    machine->incoming = arguments->incoming;
    return machine_create(machine, &config, fault);
}

int main(int argc, char **argv)
{
    static struct machine machine;
    struct arguments arguments = {.socket_fd = -1, .config_fd = -1};
    struct vmm_fault fault = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0) {
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    int listener = arguments.socket_fd;
    if (listener < 0) {
        listener = listen_at(arguments.socket, &fault);
    }
    if (listener < 0) {
        (void)fprintf(stderr, "ferry-vmm: %s\n", fault.reason);
        return 1;
    }
    if (make(&arguments, &machine, &fault) != VMMLINK_OK ||
        privilege_drop(!arguments.no_seccomp, &fault) != VMMLINK_OK) {
        (void)fprintf(stderr, "ferry-vmm: guest %s: %s\n", arguments.guest, fault.reason);
        server_refuse(listener, &fault);
        return 1;
    }
    const int result = server_run(&machine, listener);
    machine_destroy(&machine);
    fd_close(&listener);
    return result;
}
