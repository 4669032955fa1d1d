/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.c -- the daemon's end of the socket to a guest's process; see vmmlink.h for its map and
 * invariants.
 *
 * Requests have ids that count up; the slot of a request is its id modulo their number. Answers come
 * in the order of requests, but one whose request timed out is dropped: its slot is free already.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmmlink/link_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define HELLO_TIMEOUT   (30 * FERRY_SECOND)
#define REQUEST_TIMEOUT (10 * FERRY_SECOND)
/* Packets taken in one call: the loop has others to serve. */
#define PACKETS_A_CALL 64

static struct slot *slot_of(struct vmmlink *link, uint64_t id)
{
    return &link->slots[id % VMMLINK_REQUESTS_MAX];
}

/* ---- the end of a link ----------------------------------------------------------------------- */

static void complete(struct slot *slot, const struct vmmlink_reply *reply)
{
    const vmmlink_done done = slot->done;
    void *context = slot->context;
    slot->id = 0;
    done(context, reply);
}

static void complete_with(
    struct vmmlink *link, struct slot *slot, enum vmmlink_status status, const char *reason)
{
    const struct vmmlink_reply reply = {
        .request = slot->id,
        .status = status,
        .reason = reason,
        .guest_state = link->guest.guest_state,
    };
    complete(slot, &reply);
}

/* link->reason may be `reason`. */
static void lose(struct vmmlink *link, enum vmmlink_status status, const char *reason)
{
    char text[sizeof(link->reason)];
    if (link->fd < 0) {
        return;
    }
    (void)snprintf(text, sizeof(text), "%s", reason);
    fd_close(&link->fd);
    link->up = false;
    const uint64_t end = link->next_id;
    for (uint64_t id = link->first_id; id < end; id++) {
        struct slot *slot = slot_of(link, id);
        if (slot->id == id) {
            complete_with(link, slot, VMMLINK_LOST, text);
        }
    }
    link->observer.lost(link->observer.context, status, text);
}

/* ---- sending ----------------------------------------------------------------------------------- */

/* 1: sent; 0: the socket is full; -1: the link is broken. */
static int send_packet(struct vmmlink *link, const void *packet, size_t size)
{
    const ssize_t sent = send(link->fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == (ssize_t)size) {
        return 1;
    }
    return sent < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) ? 0 : -1;
}

static void flush(struct vmmlink *link)
{
    for (uint64_t id = link->first_id; id < link->next_id; id++) {
        struct slot *slot = slot_of(link, id);
        if (slot->id != id || !slot->unsent) {
            continue;
        }
        const int sent = send_packet(link, slot->packet, slot->size);
        if (sent < 0) {
            lose(link, VMMLINK_LOST, "the guest's process went away");
        }
        if (sent <= 0) {
            return;
        }
        slot->unsent = false;
    }
}

static void advance_first(struct vmmlink *link)
{
    while (link->first_id < link->next_id && slot_of(link, link->first_id)->id == 0) {
        link->first_id++;
    }
}

static enum vmmlink_status
request(struct vmmlink *link, void *packet, size_t size, const struct vmmlink_call *call)
{
    struct vmm_header *header = packet;
    if (link->fd < 0) {
        return VMMLINK_LOST;
    }
    if (!link->up) {
        return VMMLINK_STATE;
    }
    advance_first(link);
    if (link->next_id - link->first_id >= VMMLINK_REQUESTS_MAX) {
        return VMMLINK_BUSY;
    }
    header->magic = VMM_MAGIC;
    header->id = link->next_id++;
    struct slot *slot = slot_of(link, header->id);
    *slot = (struct slot){
        .id = header->id,
        .type = header->type,
        .unsent = true,
        .done = call->done,
        .context = call->context,
        .deadline = call->now + (call->timeout > 0 ? call->timeout : REQUEST_TIMEOUT),
        .size = size,
    };
    memcpy(slot->packet, packet, size);
    /* at once where nothing waits before it; a broken socket is noticed by the next ready() */
    for (uint64_t id = link->first_id; id < header->id; id++) {
        if (slot_of(link, id)->id == id && slot_of(link, id)->unsent) {
            return VMMLINK_OK;
        }
    }
    slot->unsent = send_packet(link, slot->packet, size) != 1;
    return VMMLINK_OK;
}

static enum vmmlink_status
request_plain(struct vmmlink *link, enum vmm_type type, const struct vmmlink_call *call)
{
    struct vmm_header packet = {.type = type};
    return request(link, &packet, sizeof(packet), call);
}

enum vmmlink_status
vmmlink_collect(struct vmmlink *link, enum vmmlink_collect how, const struct vmmlink_call *call)
{
    struct vmm_collect packet = {.header = {.type = VMM_COLLECT}, .how = (uint32_t)how};
    return request(link, &packet, sizeof(packet), call);
}

enum vmmlink_status vmmlink_stop_logging(struct vmmlink *link, const struct vmmlink_call *call)
{
    return request_plain(link, VMM_STOP_LOGGING, call);
}

enum vmmlink_status vmmlink_pause(struct vmmlink *link, const struct vmmlink_call *call)
{
    return request_plain(link, VMM_PAUSE, call);
}

enum vmmlink_status vmmlink_capture(struct vmmlink *link, const struct vmmlink_call *call)
{
    return request_plain(link, VMM_CAPTURE, call);
}

enum vmmlink_status
vmmlink_load(struct vmmlink *link, uint64_t size, const struct vmmlink_call *call)
{
    struct vmm_load packet = {.header = {.type = VMM_LOAD}, .size = size};
    return request(link, &packet, sizeof(packet), call);
}

enum vmmlink_status vmmlink_run(
    struct vmmlink *link, const struct vmmlink_run_token *token, const struct vmmlink_call *call)
{
    struct vmm_run packet = {
        .header = {.type = VMM_RUN},
        .session_high = token->session.high,
        .session_low = token->session.low,
        .epoch = token->epoch,
        .attempt = token->attempt,
    };
    return request(link, &packet, sizeof(packet), call);
}

enum vmmlink_status
vmmlink_throttle(struct vmmlink *link, uint32_t percent, const struct vmmlink_call *call)
{
    struct vmm_throttle packet = {.header = {.type = VMM_THROTTLE}, .percent = percent};
    return request(link, &packet, sizeof(packet), call);
}

enum vmmlink_status vmmlink_status(struct vmmlink *link, const struct vmmlink_call *call)
{
    return request_plain(link, VMM_STATUS, call);
}

enum vmmlink_status vmmlink_check(struct vmmlink *link, const struct vmmlink_call *call)
{
    return request_plain(link, VMM_CHECK, call);
}

enum vmmlink_status vmmlink_quit(struct vmmlink *link, const struct vmmlink_call *call)
{
    return request_plain(link, VMM_QUIT, call);
}

/* ---- receiving --------------------------------------------------------------------------------- */

static bool on_answer(struct vmmlink *link, const uint8_t *packet, size_t size)
{
    struct vmm_header header;
    char reason[VMM_REASON_MAX];
    struct vmmlink_reply reply;
    memcpy(&header, packet, sizeof(header));
    const uint32_t type = header.type & ~VMM_ANSWER;
    if (header.id == 0 || header.id >= link->next_id || type == VMM_HELLO ||
        vmm_answer_size(type) != size) {
        return false;
    }
    struct slot *slot = slot_of(link, header.id);
    if (slot->id != header.id) {
        return true; /* its request timed out */
    }
    if (slot->type != type || !packets_reply(type, packet, reason, &reply)) {
        return false;
    }
    link->guest.guest_state = reply.guest_state;
    if (type == VMM_COLLECT && reply.status == VMMLINK_OK) {
        link->guest.logging = true;
    } else if (type == VMM_STOP_LOGGING && reply.status == VMMLINK_OK) {
        link->guest.logging = false;
    }
    complete(slot, &reply);
    return true;
}

static bool on_text(struct vmmlink *link, const uint8_t *packet, size_t size)
{
    struct vmm_event_text event;
    if (size != sizeof(event)) {
        return false;
    }
    memcpy(&event, packet, sizeof(event));
    event.reason[VMM_REASON_MAX - 1] = '\0';
    if (event.header.type == VMM_EVENT_REPLACED) {
        lose(link, VMMLINK_LOST, event.reason);
    } else {
        link->guest.guest_state = VMMLINK_GUEST_DIED;
        link->observer.died(link->observer.context, event.reason);
    }
    return true;
}

static bool on_event(struct vmmlink *link, uint32_t type, const uint8_t *packet, size_t size)
{
    const struct vmmlink_observer *observer = &link->observer;
    if (type == VMM_EVENT_DIED || type == VMM_EVENT_REPLACED) {
        return on_text(link, packet, size);
    }
    if (type == VMM_EVENT_SERIAL) {
        struct vmm_event_serial event;
        if (size != sizeof(event)) {
            return false;
        }
        memcpy(&event, packet, sizeof(event));
        if (event.bytes > VMM_SERIAL_MAX) {
            return false;
        }
        observer->serial(observer->context, event.offset, event.text, event.bytes);
        return true;
    }
    if (type == VMM_EVENT_REPORT) {
        struct vmm_event_report event;
        if (size != sizeof(event)) {
            return false;
        }
        memcpy(&event, packet, sizeof(event));
        observer->report(observer->context, &event.report);
        return true;
    }
    return false;
}

static bool on_packet(struct vmmlink *link, const uint8_t *packet, size_t size)
{
    struct vmm_header header;
    if (size < sizeof(header)) {
        return false;
    }
    memcpy(&header, packet, sizeof(header));
    if (header.magic != VMM_MAGIC) {
        return false;
    }
    if ((header.type & VMM_ANSWER) != 0) {
        return on_answer(link, packet, size);
    }
    return header.id == 0 && on_event(link, header.type, packet, size);
}

static void greet(struct vmmlink *link, const uint8_t *packet, size_t size, int *fds, size_t count)
{
    const enum vmmlink_status status = packets_adopt(link, packet, size, fds, count);
    if (status != VMMLINK_OK) {
        lose(link, status, link->reason);
        return;
    }
    link->up = true;
    link->observer.up(link->observer.context, &link->guest);
}

/* One packet; false when there is none or the link is lost. */
static bool receive(struct vmmlink *link)
{
    static _Thread_local _Alignas(8) uint8_t packet[VMM_PACKET_MAX];
    struct pollfd ready = {.fd = link->fd, .events = POLLIN};
    struct host_error error;
    struct fd_received came = {.size = 0};
    if (link->fd < 0 || poll(&ready, 1, 0) <= 0) {
        return false;
    }
    const enum host_code code = fd_receive(link->fd, packet, sizeof(packet), &came, &error);
    if (code == HOST_PROTOCOL) {
        lose(link, VMMLINK_PROTOCOL, error.text);
        return false;
    }
    if (code != HOST_OK || came.size == 0) {
        lose(link, VMMLINK_LOST, "the guest's process closed the connection or died");
        return false;
    }
    if (!link->up) {
        greet(link, packet, came.size, came.fds, came.fd_count);
        return link->fd >= 0;
    }
    for (size_t i = 0; i < came.fd_count; i++) {
        fd_close(&came.fds[i]);
    }
    if (came.fd_count != 0 || !on_packet(link, packet, came.size)) {
        lose(link, VMMLINK_PROTOCOL, "a packet that is none of the protocol's");
    }
    return link->fd >= 0;
}

/* ---- the loop's doors -------------------------------------------------------------------------- */

void vmmlink_ready(struct vmmlink *link, ferry_time_ns now)
{
    (void)now;
    if (link->fd >= 0 && link->up) {
        flush(link);
    }
    for (int i = 0; i < PACKETS_A_CALL && receive(link); i++) {
    }
}

void vmmlink_tick(struct vmmlink *link, ferry_time_ns now)
{
    if (link->fd < 0) {
        return;
    }
    if (!link->up) {
        if (now >= link->hello_deadline) {
            lose(link, VMMLINK_TIMEOUT, "the guest's process does not answer the hello");
        }
        return;
    }
    const uint64_t end = link->next_id;
    for (uint64_t id = link->first_id; id < end && link->fd >= 0; id++) {
        struct slot *slot = slot_of(link, id);
        if (slot->id == id && now >= slot->deadline) {
            const bool unsent = slot->unsent;
            complete_with(link, slot, VMMLINK_TIMEOUT, vmmlink_status_sentence(VMMLINK_TIMEOUT));
            slot->unsent = slot->unsent && !unsent;
        }
    }
}

ferry_time_ns vmmlink_deadline(const struct vmmlink *link)
{
    if (link->fd < 0) {
        return FERRY_TIME_NEVER;
    }
    if (!link->up) {
        return link->hello_deadline;
    }
    ferry_time_ns first = FERRY_TIME_NEVER;
    for (size_t i = 0; i < VMMLINK_REQUESTS_MAX; i++) {
        if (link->slots[i].id != 0 && link->slots[i].deadline < first) {
            first = link->slots[i].deadline;
        }
    }
    return first;
}

bool vmmlink_wants_write(const struct vmmlink *link)
{
    for (size_t i = 0; i < VMMLINK_REQUESTS_MAX; i++) {
        if (link->slots[i].id != 0 && link->slots[i].unsent) {
            return link->fd >= 0;
        }
    }
    return false;
}

int vmmlink_fd(const struct vmmlink *link)
{
    return link->fd;
}

bool vmmlink_is_up(const struct vmmlink *link)
{
    return link->up;
}

const struct vmmlink_guest *vmmlink_guest(const struct vmmlink *link)
{
    return link->guest.ram != NULL ? &link->guest : NULL;
}

uint64_t vmmlink_heartbeats(const struct vmmlink *link)
{
    if (link->guest.ram == NULL || link->report_offset == 0) {
        return 0;
    }
    /* the first word of the report page counts the first vCPU's beats */
    const uint8_t *at = link->guest.ram + link->report_offset;
    return __atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_RELAXED);
}

void vmmlink_kill(struct vmmlink *link)
{
    if (link->guest.pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, link->guest.pidfd, SIGKILL, NULL, 0);
    } else if (link->guest.pid > 1) {
        kill(link->guest.pid, SIGKILL);
    }
}

/* ---- making one -------------------------------------------------------------------------------- */

static enum vmmlink_status
connect_to(const char *path, int *fd_out, char *reason, size_t reason_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof(address.sun_path)) {
        (void)snprintf(reason, reason_size, "the path of the socket is too long, or missing");
        return VMMLINK_INVALID;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        (void)snprintf(reason, reason_size, "making a socket: %s", strerror(errno));
        return VMMLINK_SYSTEM;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)snprintf(reason, reason_size, "connecting to %s: %s", path, strerror(errno));
        fd_close(&fd);
        return VMMLINK_LOST;
    }
    *fd_out = fd;
    return VMMLINK_OK;
}

enum vmmlink_status vmmlink_create(
    const struct vmmlink_config *config,
    ferry_time_ns now,
    struct vmmlink **link_out,
    char *reason,
    size_t reason_size)
{
    struct vmmlink *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        (void)snprintf(reason, reason_size, "no memory for a link");
        return VMMLINK_MEMORY;
    }
    link->fd = -1;
    link->bitmap_fd = -1;
    link->guest.ram_fd = -1;
    link->guest.state_fd = -1;
    link->guest.pidfd = -1;
    link->observer = *config->observer;
    link->next_id = 1;
    link->first_id = 1;
    link->hello_deadline =
        now + (config->hello_timeout > 0 ? config->hello_timeout : HELLO_TIMEOUT);
    enum vmmlink_status status = connect_to(config->socket_path, &link->fd, reason, reason_size);
    const struct vmm_hello hello = {
        .header = {.magic = VMM_MAGIC, .type = VMM_HELLO, .id = link->next_id++},
        .version_min = VMM_VERSION,
        .version_max = VMM_VERSION,
    };
    if (status == VMMLINK_OK && send_packet(link, &hello, sizeof(hello)) != 1) {
        (void)snprintf(reason, reason_size, "%s takes no hello", config->socket_path);
        status = VMMLINK_LOST;
    }
    if (status != VMMLINK_OK) {
        vmmlink_destroy(link);
        return status;
    }
    *link_out = link;
    return VMMLINK_OK;
}

void vmmlink_destroy(struct vmmlink *link)
{
    if (link == NULL) {
        return;
    }
    fd_close(&link->fd);
    packets_forget(link);
    free(link);
}
