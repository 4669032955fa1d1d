/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c -- the control thread.
 *
 *   ALONE --a newcomer says HELLO--> SERVING --QUIT--> the process ends
 *     ^                                |  |  ^
 *     |                                |  +--+ another newcomer says HELLO: it is the client now
 *     +-- vanished, broke the protocol, does not read
 *
 * Invariants: the guest runs on whatever becomes of a client; nothing here waits for a client (a
 * full socket ends the connection); a packet is judged by its size and type before a field is read.
 */
#include "engine/host/vmm/server.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/vmm/requests.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSE_LIMIT_MS 10000
#define URGENCY         (-10)

struct server {
    struct machine *machine;
    int listener;
    int client;   /* has said hello; -1: none */
    int newcomer; /* connected, has not said hello yet; -1: none */
    bool quit;
    bool died_told;
    int pidfd;
};

static void drop_client(struct server *server, const char *why)
{
    if (server->client >= 0) {
        host_log(HOST_LOG_INFO, "client gone: %s", why);
    }
    fd_close(&server->client);
}

static void say(struct server *server, const void *packet, size_t size)
{
    if (server->client >= 0 &&
        send(server->client, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size) {
        drop_client(server, "it does not read what it is told");
    }
}

/* ---- the greeting --------------------------------------------------------------------------- */

static void fill_answer(
    union answer *answer,
    const struct vmm_header *request,
    const struct vmm_fault *fault,
    enum vmmlink_guest_state state)
{
    answer->answer.header = (struct vmm_header){
        .magic = VMM_MAGIC,
        .type = request->type | VMM_ANSWER,
        .id = request->id,
    };
    answer->answer.status = (uint32_t)fault->status;
    answer->answer.guest_state = (uint32_t)state;
    (void)snprintf(answer->answer.reason, sizeof(answer->answer.reason), "%s", fault->reason);
}

static void describe(const struct server *server, struct vmm_hello_answer *hello)
{
    const struct machine *machine = server->machine;
    hello->version = VMM_VERSION;
    hello->region_count = machine->region_count;
    memcpy(hello->regions, machine->regions, sizeof(hello->regions));
    hello->ram_page_size = machine->config.huge_pages == GUESTCONFIG_HUGE_EXPLICIT
                               ? GUESTCONFIG_MEMORY_STEP
                               : GUEST_PAGE_SIZE;
    hello->bitmap_bytes = machine->bitmap_words * sizeof(uint64_t);
    hello->state_bytes = VMMLINK_STATE_MAX;
    hello->tsc_khz = machine->tsc_khz;
    hello->report_offset = GUEST_REPORT_PAGE;
    hello->last_run.session_high = machine->last_run.session.high;
    hello->last_run.session_low = machine->last_run.session.low;
    hello->last_run.epoch = machine->last_run.epoch;
    hello->last_run.attempt = machine->last_run.attempt;
    hello->last_run.logging = machine->logging;
    hello->vcpus = machine->config.vcpus;
    hello->pid = (uint32_t)getpid();
    hello->name_bytes = (uint32_t)strlen(machine->name);
    hello->config_bytes = (uint32_t)machine->config_size;
}

static void tell_text(struct server *server, uint32_t type, const char *reason)
{
    struct vmm_event_text event = {
        .header = {.magic = VMM_MAGIC, .type = type}
    };
    (void)snprintf(event.reason, sizeof(event.reason), "%s", reason);
    say(server, &event, sizeof(event));
}

/* The one who said hello is the client now; an old one may be a daemon that hangs. */
static void replace_client(struct server *server)
{
    if (server->client >= 0) {
        tell_text(server, VMM_EVENT_REPLACED, "replaced: another client connected");
        drop_client(server, "another client connected");
    }
    server->client = server->newcomer;
    server->newcomer = -1;
    server->died_told = false;
}

static void greet(struct server *server, const union packet *packet)
{
    static uint8_t buffer[VMM_PACKET_MAX];
    const struct machine *machine = server->machine;
    union answer answer = {0};
    struct vmm_fault fault = {0};
    if (packet->hello.version_min > VMM_VERSION || packet->hello.version_max < VMM_VERSION) {
        vmm_fail(
            &fault,
            VMMLINK_VERSION,
            "the client speaks versions %u to %u, this process %u",
            packet->hello.version_min,
            packet->hello.version_max,
            VMM_VERSION);
        fill_answer(&answer, &packet->header, &fault, machine->guest_state);
        send(server->newcomer, &answer, sizeof(answer.hello), MSG_DONTWAIT | MSG_NOSIGNAL);
        fd_close(&server->newcomer);
        return;
    }
    fill_answer(&answer, &packet->header, &fault, machine->guest_state);
    describe(server, &answer.hello);
    memcpy(buffer, &answer, sizeof(answer.hello));
    size_t size = sizeof(answer.hello);
    memcpy(buffer + size, machine->name, answer.hello.name_bytes);
    size += answer.hello.name_bytes;
    memcpy(buffer + size, machine->config_text, machine->config_size);
    size += machine->config_size;
    const int fds[VMM_FD_COUNT] = {
        machine->ram_fd, machine->bitmap_fd, machine->state_fd, server->pidfd};
    struct host_error error;
    const size_t count = server->pidfd >= 0 ? VMM_FD_COUNT : VMM_FD_PID;
    if (fd_send(server->newcomer, buffer, size, fds, count, &error) != HOST_OK) {
        host_log(HOST_LOG_INFO, "a client takes no hello: %s", error.text);
        fd_close(&server->newcomer);
        return;
    }
    replace_client(server);
    /* a new client hears again what the ring still holds */
    const struct guest_console *console =
        (const struct guest_console *)(const void *)(machine->ram + GUEST_CONSOLE);
    const uint64_t written = __atomic_load_n(&console->written, __ATOMIC_ACQUIRE);
    server->machine->serial_read =
        written > GUEST_CONSOLE_BYTES ? written - GUEST_CONSOLE_BYTES : 0;
    atomic_store(&server->machine->console_rung, true);
}

/* ---- events ----------------------------------------------------------------------------------- */

static void tell_report(struct server *server)
{
    struct vmm_event_report event = {
        .header = {.magic = VMM_MAGIC, .type = VMM_EVENT_REPORT}
    };
    memory_report(server->machine, &event.report);
    say(server, &event, sizeof(event));
}

/* What the guest wrote since, in packets; what its ring has lost meanwhile is skipped. */
static void tell_serial(struct server *server)
{
    struct machine *machine = server->machine;
    const struct guest_console *console =
        (const struct guest_console *)(const void *)(machine->ram + GUEST_CONSOLE);
    const uint64_t written = __atomic_load_n(&console->written, __ATOMIC_ACQUIRE);
    if (written - machine->serial_read > GUEST_CONSOLE_BYTES) {
        machine->serial_read = written - GUEST_CONSOLE_BYTES; /* also when the guest lies */
    }
    while (machine->serial_read != written && server->client >= 0) {
        struct vmm_event_serial event = {
            .header = {.magic = VMM_MAGIC, .type = VMM_EVENT_SERIAL},
            .offset = machine->serial_read,
        };
        while (event.bytes < VMM_SERIAL_MAX && machine->serial_read != written) {
            event.text[event.bytes++] = console->text[machine->serial_read % GUEST_CONSOLE_BYTES];
            machine->serial_read++;
        }
        say(server, &event, sizeof(event));
    }
}

static void on_notify(struct server *server)
{
    struct machine *machine = server->machine;
    uint64_t rings;
    if (read(machine->notify_fd, &rings, sizeof(rings)) < 0) {
        return;
    }
    if (atomic_load(&machine->died) && machine->guest_state == VMMLINK_GUEST_RUNNING) {
        struct pause_times times;
        struct vmm_fault fault;
        if (machine_pause(machine, &times, &fault) != VMMLINK_OK) {
            host_log(HOST_LOG_ERROR, "guest %s: %s", machine->name, fault.reason);
        }
        machine->guest_state = VMMLINK_GUEST_DIED;
        host_log(HOST_LOG_ERROR, "guest %s died: %s", machine->name, machine->died_reason);
    }
}

/* What is waiting to be told goes out when there is somebody to hear it. */
static void tell(struct server *server)
{
    struct machine *machine = server->machine;
    if (server->client < 0) {
        return;
    }
    if (atomic_exchange(&machine->console_rung, false)) {
        tell_serial(server);
    }
    if (atomic_exchange(&machine->report_rung, false)) {
        tell_report(server);
    }
    if (machine->guest_state == VMMLINK_GUEST_DIED && !server->died_told) {
        server->died_told = true;
        tell_text(server, VMM_EVENT_DIED, machine->died_reason);
    }
}

/* ---- packets ---------------------------------------------------------------------------------- */

static void carry_out(struct server *server, const union packet *packet)
{
    const ferry_time_ns begin = host_now();
    union answer answer = {0};
    struct vmm_fault fault = {0};
    fault.status = request_carry_out(server->machine, packet, &answer, &fault);
    server->quit = server->quit || packet->header.type == VMM_QUIT;
    fill_answer(&answer, &packet->header, &fault, server->machine->guest_state);
    answer.answer.took_ns = host_now() - begin;
    say(server, &answer, vmm_answer_size(packet->header.type));
}

/* A packet of the right size and type, or why not. */
static const char *receive(int fd, union packet *packet)
{
    memset(packet, 0, sizeof(*packet));
    const ssize_t got = recv(fd, packet, sizeof(*packet), MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0) {
        return strerror(errno);
    }
    if (got == 0) {
        return "it closed the connection";
    }
    if ((size_t)got < sizeof(packet->header) || packet->header.magic != VMM_MAGIC ||
        vmm_request_size(packet->header.type) != (size_t)got) {
        return "a packet that is none of the protocol's";
    }
    return NULL;
}

static void on_packet(struct server *server)
{
    union packet packet;
    const char *wrong = receive(server->client, &packet);
    if (wrong == NULL && packet.header.type == VMM_HELLO) {
        wrong = "a second hello";
    }
    if (wrong != NULL) {
        drop_client(server, wrong);
        return;
    }
    carry_out(server, &packet);
}

static void on_newcomer(struct server *server)
{
    union packet packet;
    const char *wrong = receive(server->newcomer, &packet);
    if (wrong == NULL && packet.header.type != VMM_HELLO) {
        wrong = "its first packet is no hello";
    }
    if (wrong != NULL) {
        host_log(HOST_LOG_INFO, "a connection ended: %s", wrong);
        fd_close(&server->newcomer);
        return;
    }
    greet(server, &packet);
}

/* Connecting alone disturbs nobody: the client is replaced by the hello. */
static void on_connection(struct server *server)
{
    const int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    fd_close(&server->newcomer);
    server->newcomer = fd;
}

int server_run(struct machine *machine, int listener)
{
    struct server server = {.machine = machine, .listener = listener, .client = -1, .newcomer = -1};
    server.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    /* what is done for a client is part of a blackout: on a busy host it comes before other work.
     * Without the right to it, it does not. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), URGENCY);
    int result = 0;
    while (!server.quit) {
        struct pollfd fds[] = {
            {.fd = machine->notify_fd, .events = POLLIN},
            {.fd = listener,           .events = POLLIN},
            {.fd = server.client,      .events = POLLIN},
            {.fd = server.newcomer,    .events = POLLIN},
        };
        if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR) {
            result = 1;
            break;
        }
        if ((fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
            result = 1;
            break;
        }
        if (fds[0].revents != 0) {
            on_notify(&server);
        }
        if (fds[2].revents != 0) {
            on_packet(&server);
        }
        if (fds[3].revents != 0) {
            on_newcomer(&server);
        }
        if (fds[1].revents != 0) {
            on_connection(&server);
        }
        tell(&server);
    }
    fd_close(&server.client);
    fd_close(&server.newcomer);
    fd_close(&server.pidfd);
    return result;
}

void server_refuse(int listener, const struct vmm_fault *fault)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    if (poll(&waiting, 1, REFUSE_LIMIT_MS) <= 0) {
        return;
    }
    struct server server = {
        .listener = listener, .client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};
    struct pollfd talking = {.fd = server.client, .events = POLLIN};
    union packet packet;
    if (server.client >= 0 && poll(&talking, 1, REFUSE_LIMIT_MS) > 0 &&
        recv(server.client, &packet, sizeof(packet), MSG_DONTWAIT) ==
            (ssize_t)sizeof(packet.hello)) {
        union answer answer = {0};
        fill_answer(&answer, &packet.header, fault, VMMLINK_GUEST_DIED);
        say(&server, &answer, sizeof(answer.hello));
    }
    fd_close(&server.client);
}
