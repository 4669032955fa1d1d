/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c -- guest memory, and what is shared with the client: all of it memfds, sealed.
 *
 * The guest's memory is one mapping; its regions lie in it one after the other, so that a page's
 * index is its place. The second region begins at 4 GiB and exists with more than 3 GiB only.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmm/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define WORD_BITS 64U

static void lay_out(struct machine *machine)
{
    const uint64_t bytes = machine->config.memory;
    const uint64_t low = bytes < GUEST_LOW_BYTES ? bytes : GUEST_LOW_BYTES;
    machine->pages = bytes / GUEST_PAGE_SIZE;
    machine->regions[0] = (struct ferry_region){.guest_address = 0, .pages = low / GUEST_PAGE_SIZE};
    machine->region_count = 1;
    if (bytes > low) {
        machine->regions[1] = (struct ferry_region){
            .guest_address = GUEST_HIGH,
            .pages = (bytes - low) / GUEST_PAGE_SIZE,
        };
        machine->region_count = 2;
    }
    machine->bitmap_words = (machine->pages + WORD_BITS - 1) / WORD_BITS;
}

static enum vmmlink_status take(
    const char *what,
    uint64_t size,
    enum fd_huge huge,
    int *fd_out,
    void **address_out,
    struct vmm_fault *fault)
{
    struct host_error error;
    if (memory_create(what, size, huge, fd_out, &error) != HOST_OK ||
        memory_map(*fd_out, size, true, address_out, &error) != HOST_OK) {
        return vmm_fail(fault, VMMLINK_MEMORY, "%.200s", error.text);
    }
    return VMMLINK_OK;
}

static enum fd_huge huge_of(enum guestconfig_huge huge)
{
    switch (huge) {
    case GUESTCONFIG_HUGE_TRANSPARENT: return FD_HUGE_TRANSPARENT;
    case GUESTCONFIG_HUGE_EXPLICIT: return FD_HUGE_EXPLICIT;
    case GUESTCONFIG_HUGE_NONE: break;
    }
    return FD_HUGE_NONE;
}

static enum vmmlink_status take_all(struct machine *machine, struct vmm_fault *fault)
{
    const uint64_t bytes = machine->config.memory;
    void *ram = NULL;
    void *bitmap = NULL;
    void *state = NULL;
    VMM_TRY(take(
        "ferry-ram", bytes, huge_of(machine->config.huge_pages), &machine->ram_fd, &ram, fault));
    machine->ram = ram;
    VMM_TRY(take(
        "ferry-bitmap",
        machine->bitmap_words * sizeof(uint64_t),
        FD_HUGE_NONE,
        &machine->bitmap_fd,
        &bitmap,
        fault));
    machine->bitmap = bitmap;
    VMM_TRY(
        take("ferry-state", VMMLINK_STATE_MAX, FD_HUGE_NONE, &machine->state_fd, &state, fault));
    machine->state = state;
    machine->device_bitmap = calloc(machine->bitmap_words, sizeof(*machine->device_bitmap));
    machine->log = calloc(machine->bitmap_words, sizeof(*machine->log));
    if (machine->device_bitmap == NULL || machine->log == NULL) {
        return vmm_fail(fault, VMMLINK_MEMORY, "no memory for the dirty bitmaps");
    }
    return VMMLINK_OK;
}

enum vmmlink_status memory_make(struct machine *machine, struct vmm_fault *fault)
{
    lay_out(machine);
    VMM_TRY(take_all(machine, fault));
    const uint64_t bytes = machine->config.memory;
    if (machine->config.huge_pages == GUESTCONFIG_HUGE_TRANSPARENT) {
        /* a wish: without it the guest is slower, not wrong */
        (void)madvise(machine->ram, bytes, MADV_HUGEPAGE);
    }
    if (machine->config.prefault && madvise(machine->ram, bytes, MADV_POPULATE_WRITE) != 0) {
        return vmm_fail_errno(
            fault, VMMLINK_MEMORY, "%llu bytes of guest memory", (unsigned long long)bytes);
    }
    return VMMLINK_OK;
}

void memory_free(struct machine *machine)
{
    memory_unmap(machine->ram, machine->config.memory);
    memory_unmap(machine->bitmap, machine->bitmap_words * sizeof(uint64_t));
    memory_unmap(machine->state, VMMLINK_STATE_MAX);
    machine->ram = NULL;
    machine->bitmap = NULL;
    machine->state = NULL;
    fd_close(&machine->ram_fd);
    fd_close(&machine->bitmap_fd);
    fd_close(&machine->state_fd);
    free(machine->device_bitmap);
    free(machine->log);
    machine->device_bitmap = NULL;
    machine->log = NULL;
}

/* Byte offset in RAM of a guest address, UINT64_MAX when [address, +bytes) is not all memory. */
static uint64_t offset_of(const struct machine *machine, uint64_t address, uint64_t bytes)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < machine->region_count; i++) {
        const struct ferry_region *region = &machine->regions[i];
        const uint64_t size = region->pages * GUEST_PAGE_SIZE;
        if (address >= region->guest_address && address - region->guest_address < size &&
            bytes <= size - (address - region->guest_address)) {
            return before + (address - region->guest_address);
        }
        before += size;
    }
    return UINT64_MAX;
}

void *memory_at(const struct machine *machine, uint64_t guest_address, uint64_t bytes)
{
    const uint64_t offset = offset_of(machine, guest_address, bytes);
    return offset == UINT64_MAX ? NULL : machine->ram + offset;
}

void memory_written(struct machine *machine, uint64_t guest_address, uint64_t bytes)
{
    const uint64_t offset = offset_of(machine, guest_address, bytes);
    if (offset == UINT64_MAX || bytes == 0) {
        return;
    }
    const uint64_t last = (offset + bytes - 1) / GUEST_PAGE_SIZE;
    for (uint64_t page = offset / GUEST_PAGE_SIZE; page <= last; page++) {
        atomic_fetch_or(&machine->device_bitmap[page / WORD_BITS], 1ULL << page % WORD_BITS);
    }
}

struct guest_host *memory_host_page(const struct machine *machine)
{
    return (struct guest_host *)(void *)(machine->ram + GUEST_HOST_PAGE);
}

static void add_report(struct vmmlink_report *sum, const struct guest_report *one, bool first)
{
    const uint64_t since_start = one->now_ns > one->started_ns ? one->now_ns - one->started_ns : 0;
    sum->heartbeats += one->heartbeats;
    if (first || since_start < sum->heartbeat_ns) {
        sum->heartbeat_ns = since_start;
    }
    if (one->longest_gap_ns > sum->longest_gap_ns) {
        sum->longest_gap_ns = one->longest_gap_ns;
    }
    if (one->last_gap_ns > sum->last_gap_ns) {
        sum->last_gap_ns = one->last_gap_ns;
    }
    sum->backward_steps += one->backward_steps;
    sum->pages_owned += one->pages_owned;
    sum->pages_written += one->pages_written;
    sum->pages_checked += one->pages_checked;
    if (first || one->full_checks < sum->full_checks) {
        sum->full_checks = one->full_checks;
    }
    if (sum->bad_pages == 0 && one->bad_pages > 0) {
        sum->first_bad_page = one->first_bad_page;
        sum->first_bad_reason = one->first_bad_reason;
    }
    sum->bad_pages += one->bad_pages;
    sum->workload_ready = (first || sum->workload_ready != 0) && one->ready != 0;
}

void memory_report(const struct machine *machine, struct vmmlink_report *report_out)
{
    memset(report_out, 0, sizeof(*report_out));
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        struct guest_report one;
        memcpy(&one, machine->ram + GUEST_REPORT_PAGE + (size_t)i * GUEST_REPORT_STEP, sizeof(one));
        add_report(report_out, &one, i == 0);
    }
}
