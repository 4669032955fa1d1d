/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packets.c -- from bytes of a guest's process to what the daemon works with. Everything is checked
 * here: sizes against what was passed, counts against their limits, texts for their end.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmmlink/link_internal.h"

#include <stdio.h>
#include <string.h>

#define PAGE_SIZE  4096U
#define LARGE_PAGE (2U << 20)
#define WORD_BITS  64U
#define PAGES_MAX  (64ULL << 30 >> 12) /* 64 GiB: other VMMs may be larger than ferry's own */
#define STATUS_OF(raw) \
    ((raw) < VMMLINK_STATUS_COUNT ? (enum vmmlink_status)(raw) : VMMLINK_PROTOCOL)

static enum vmmlink_status bad(struct vmmlink *link, const char *what)
{
    (void)snprintf(link->reason, sizeof(link->reason), "the answer to the hello: %s", what);
    return VMMLINK_PROTOCOL;
}

static bool state_is_known(uint32_t state)
{
    return state >= VMMLINK_GUEST_FRESH && state <= VMMLINK_GUEST_DIED;
}

/* Regions in order, without overlap, whole words of the bitmap each but the last. */
static bool regions_are_good(const struct vmm_hello_answer *hello, uint64_t *pages_out)
{
    uint64_t pages = 0;
    uint64_t end = 0;
    if (hello->region_count < 1 || hello->region_count > VMMLINK_REGIONS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < hello->region_count; i++) {
        const struct ferry_region *region = &hello->regions[i];
        if (region->pages == 0 || region->pages > PAGES_MAX || region->guest_address < end ||
            region->guest_address % PAGE_SIZE != 0 ||
            region->guest_address > UINT64_MAX - region->pages * PAGE_SIZE ||
            pages % WORD_BITS != 0) {
            return false;
        }
        end = region->guest_address + region->pages * PAGE_SIZE;
        pages += region->pages;
    }
    *pages_out = pages;
    return pages <= PAGES_MAX;
}

static enum vmmlink_status
check_hello(struct vmmlink *link, const struct vmm_hello_answer *hello, size_t size)
{
    uint64_t pages = 0;
    if (hello->version != VMM_VERSION) {
        return bad(link, "a version that was not offered");
    }
    if (!state_is_known(hello->answer.guest_state)) {
        return bad(link, "an unknown state of the guest");
    }
    if (hello->name_bytes < 1 || hello->name_bytes > FERRY_NAME_MAX ||
        hello->config_bytes > FERRY_GUEST_CONFIG_MAX ||
        size != sizeof(*hello) + hello->name_bytes + hello->config_bytes) {
        return bad(link, "lengths of name and configuration");
    }
    if (!regions_are_good(hello, &pages)) {
        return bad(link, "the regions of memory");
    }
    if (hello->bitmap_bytes != (pages + WORD_BITS - 1) / WORD_BITS * sizeof(uint64_t) ||
        hello->state_bytes != VMMLINK_STATE_MAX ||
        (hello->ram_page_size != PAGE_SIZE && hello->ram_page_size != LARGE_PAGE)) {
        return bad(link, "sizes of shared memory");
    }
    if (hello->report_offset % sizeof(uint64_t) != 0 ||
        hello->report_offset > pages * PAGE_SIZE - PAGE_SIZE) {
        return bad(link, "the place of the report page");
    }
    link->guest.pages = pages;
    return VMMLINK_OK;
}

static enum vmmlink_status
map_all(struct vmmlink *link, const struct vmm_hello_answer *hello, int *fds)
{
    struct vmmlink_guest *guest = &link->guest;
    struct host_error error;
    void *ram = NULL;
    void *state = NULL;
    if (memory_map(fds[VMM_FD_RAM], guest->pages * PAGE_SIZE, true, &ram, &error) != HOST_OK ||
        memory_map(fds[VMM_FD_BITMAP], hello->bitmap_bytes, false, &link->bitmap, &error) !=
            HOST_OK ||
        memory_map(fds[VMM_FD_STATE], VMMLINK_STATE_MAX, true, &state, &error) != HOST_OK) {
        memory_unmap(ram, guest->pages * PAGE_SIZE);
        memory_unmap(link->bitmap, hello->bitmap_bytes);
        link->bitmap = NULL;
        (void)snprintf(link->reason, sizeof(link->reason), "%.250s", error.text);
        return VMMLINK_PROTOCOL;
    }
    guest->ram = ram;
    guest->state = state;
    guest->bitmap = link->bitmap;
    guest->bitmap_words = hello->bitmap_bytes / sizeof(uint64_t);
    return VMMLINK_OK;
}

static void
fill_guest(struct vmmlink *link, const struct vmm_hello_answer *hello, const uint8_t *behind)
{
    struct vmmlink_guest *guest = &link->guest;
    memcpy(link->name, behind, hello->name_bytes);
    memcpy(link->config, behind + hello->name_bytes, hello->config_bytes);
    guest->name = link->name;
    guest->config = (struct ferry_bytes){.data = link->config, .size = hello->config_bytes};
    guest->pid = (pid_t)hello->pid;
    guest->region_count = hello->region_count;
    memcpy(guest->regions, hello->regions, sizeof(guest->regions));
    guest->ram_page_size = hello->ram_page_size;
    guest->vcpus = hello->vcpus;
    guest->tsc_khz = hello->tsc_khz;
    guest->guest_state = (enum vmmlink_guest_state)hello->answer.guest_state;
    guest->logging = hello->last_run.logging != 0;
    guest->last_run = (struct vmmlink_run_token){
        .session = {hello->last_run.session_high, hello->last_run.session_low},
        .attempt = hello->last_run.attempt,
        .epoch = hello->last_run.epoch,
    };
    link->report_offset = hello->report_offset;
}

static enum vmmlink_status
adopt(struct vmmlink *link, const uint8_t *packet, size_t size, int *fds, size_t fd_count)
{
    struct vmm_hello_answer hello;
    if (size < sizeof(hello)) {
        return bad(link, "too short");
    }
    memcpy(&hello, packet, sizeof(hello));
    if (hello.answer.header.magic != VMM_MAGIC ||
        hello.answer.header.type != (VMM_HELLO | VMM_ANSWER)) {
        return bad(link, "another packet");
    }
    if (hello.answer.status != VMMLINK_OK) {
        hello.answer.reason[VMM_REASON_MAX - 1] = '\0';
        (void)snprintf(link->reason, sizeof(link->reason), "%s", hello.answer.reason);
        return STATUS_OF(hello.answer.status);
    }
    if (fd_count != VMM_FD_COUNT && fd_count != VMM_FD_PID) {
        return bad(link, "the number of descriptors");
    }
    const enum vmmlink_status status = check_hello(link, &hello, size);
    if (status != VMMLINK_OK) {
        return status;
    }
    fill_guest(link, &hello, packet + sizeof(hello));
    return map_all(link, &hello, fds);
}

enum vmmlink_status
packets_adopt(struct vmmlink *link, const uint8_t *packet, size_t size, int *fds, size_t fd_count)
{
    const enum vmmlink_status status = adopt(link, packet, size, fds, fd_count);
    if (status != VMMLINK_OK) {
        for (size_t i = 0; i < fd_count; i++) {
            fd_close(&fds[i]);
        }
        return status;
    }
    link->guest.ram_fd = fds[VMM_FD_RAM];
    link->bitmap_fd = fds[VMM_FD_BITMAP];
    link->guest.state_fd = fds[VMM_FD_STATE];
    link->guest.pidfd = fd_count == VMM_FD_COUNT ? fds[VMM_FD_PID] : -1;
    return VMMLINK_OK;
}

void packets_forget(struct vmmlink *link)
{
    struct vmmlink_guest *guest = &link->guest;
    memory_unmap(guest->ram, guest->pages * PAGE_SIZE);
    memory_unmap(link->bitmap, guest->bitmap_words * sizeof(uint64_t));
    memory_unmap(guest->state, VMMLINK_STATE_MAX);
    fd_close(&guest->ram_fd);
    fd_close(&link->bitmap_fd);
    fd_close(&guest->state_fd);
    fd_close(&guest->pidfd);
}

static bool reply_capture(const void *packet, struct vmmlink_reply *reply)
{
    struct vmm_capture_answer answer;
    memcpy(&answer, packet, sizeof(answer));
    reply->capture.size = answer.size;
    reply->capture.crc32c = (uint32_t)answer.crc32c;
    return answer.size <= VMMLINK_STATE_MAX;
}

static void reply_status(const void *packet, struct vmmlink_reply *reply)
{
    struct vmm_status_answer answer;
    memcpy(&answer, packet, sizeof(answer));
    reply->counters.report = answer.report;
    reply->counters.report_valid = answer.report_valid != 0;
    reply->counters.logging = answer.logging != 0;
    reply->counters.throttle_percent = answer.throttle_percent;
    reply->counters.vcpu_time = answer.vcpu_time_ns;
    reply->counters.exits = answer.exits;
    reply->counters.serial_bytes = answer.serial_bytes;
    reply->counters.disk_requests = answer.disk_requests;
    reply->counters.last_run = (struct vmmlink_run_token){
        .session = {answer.session_high, answer.session_low},
        .attempt = answer.attempt,
        .epoch = answer.epoch,
    };
}

/* The part of an answer that its type has. */
static bool reply_body(uint32_t type, const void *packet, struct vmmlink_reply *reply)
{
    if (type == VMM_COLLECT) {
        struct vmm_collect_answer answer;
        memcpy(&answer, packet, sizeof(answer));
        reply->collect.dirty_pages = answer.dirty_pages;
        reply->collect.new_pages = answer.new_pages;
        reply->collect.device_pages = answer.device_pages;
    } else if (type == VMM_PAUSE) {
        struct vmm_pause_answer answer;
        memcpy(&answer, packet, sizeof(answer));
        reply->pause.stopping = answer.stopping_ns;
        reply->pause.draining = answer.draining_ns;
        reply->pause.paused_at = answer.paused_at;
    } else if (type == VMM_CAPTURE) {
        return reply_capture(packet, reply);
    } else if (type == VMM_RUN) {
        struct vmm_run_answer answer;
        memcpy(&answer, packet, sizeof(answer));
        reply->run.was_running = answer.was_running != 0;
        reply->run.clock_step = answer.clock_step_ns;
        reply->run.running_at = answer.running_at;
    } else if (type == VMM_STATUS) {
        reply_status(packet, reply);
    }
    return true;
}

bool packets_reply(uint32_t type, const void *packet, char *reason, struct vmmlink_reply *reply_out)
{
    struct vmm_answer head;
    memcpy(&head, packet, sizeof(head));
    if (head.status >= VMMLINK_STATUS_COUNT || !state_is_known(head.guest_state)) {
        return false;
    }
    head.reason[VMM_REASON_MAX - 1] = '\0';
    memcpy(reason, head.reason, VMM_REASON_MAX);
    *reply_out = (struct vmmlink_reply){
        .request = head.header.id,
        .status = (enum vmmlink_status)head.status,
        .reason = reason,
        .took = head.took_ns,
        .guest_state = (enum vmmlink_guest_state)head.guest_state,
    };
    return head.status != VMMLINK_OK || reply_body(type, packet, reply_out);
}
