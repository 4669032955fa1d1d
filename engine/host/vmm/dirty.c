/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirty.c -- which pages were written since the last collection.
 *
 * Two sources: KVM, for what vCPUs (and KVM itself) wrote; and the device bitmap, for what this
 * process wrote. A collection reads both and protects again before it answers, so whatever is
 * written later is in the next one. With the log, only words that have a bit are given back to be
 * protected, in spans that are not too long: KVM holds its lock for a span, and vCPUs wait for it.
 * With rings, KVM's pages pass through the device bitmap too.
 */
#include "engine/host/vmm/dirtyring.h"
#include "engine/host/vmm/machine.h"

#include <string.h>
#include <sys/ioctl.h>

#define WORD_BITS  64U
#define SPAN_WORDS 256U /* 64 MiB of memory */
#define GAP_WORDS  8U   /* clean words that do not end a span */

enum vmmlink_status dirty_enable(struct machine *machine, struct vmm_fault *fault)
{
    if (machine->config.dirty == GUESTCONFIG_DIRTY_RING) {
        return VMMLINK_OK;
    }
    const struct kvm_enable_cap cap = {
        .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
        .args = {KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE},
    };
    if (ioctl(machine->vm, KVM_ENABLE_CAP, &cap) != 0) {
        return vmm_fail_errno(
            fault, VMMLINK_KVM, "this KVM has no dirty log with manual protection");
    }
    return VMMLINK_OK;
}

enum vmmlink_status dirty_set_slots(struct machine *machine, bool logging, struct vmm_fault *fault)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < machine->region_count; i++) {
        const uint64_t bytes = machine->regions[i].pages * GUEST_PAGE_SIZE;
        const struct kvm_userspace_memory_region slot = {
            .slot = i,
            .flags = logging ? KVM_MEM_LOG_DIRTY_PAGES : 0,
            .guest_phys_addr = machine->regions[i].guest_address,
            .memory_size = bytes,
            .userspace_addr = (uint64_t)(uintptr_t)(machine->ram + before),
        };
        if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &slot) != 0) {
            return vmm_fail_errno(fault, VMMLINK_KVM, "setting memory region %u", i);
        }
        before += bytes;
    }
    return VMMLINK_OK;
}

static enum vmmlink_status clear_span(
    struct machine *machine,
    uint32_t slot,
    uint64_t base,
    uint64_t first,
    uint64_t count,
    struct vmm_fault *fault)
{
    const uint64_t pages = machine->regions[slot].pages - first * WORD_BITS;
    const struct kvm_clear_dirty_log clear = {
        .slot = slot,
        .first_page = first * WORD_BITS,
        .num_pages = (uint32_t)(pages < count * WORD_BITS ? pages : count * WORD_BITS),
        .dirty_bitmap = machine->log + base + first,
    };
    if (ioctl(machine->vm, KVM_CLEAR_DIRTY_LOG, &clear) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "protecting the pages of region %u", slot);
    }
    return VMMLINK_OK;
}

static enum vmmlink_status
clear_region(struct machine *machine, uint32_t slot, uint64_t base, struct vmm_fault *fault)
{
    const uint64_t *words = machine->log + base;
    const uint64_t count = (machine->regions[slot].pages + WORD_BITS - 1) / WORD_BITS;
    for (uint64_t first = 0; first < count;) {
        if (words[first] == 0) {
            first++;
            continue;
        }
        uint64_t last = first;
        for (uint64_t i = first + 1; i < count && i - first < SPAN_WORDS && i - last <= GAP_WORDS;
             i++) {
            last = words[i] != 0 ? i : last;
        }
        VMM_TRY(clear_span(machine, slot, base, first, last - first + 1, fault));
        first = last + 1;
    }
    return VMMLINK_OK;
}

/* KVM's log of all regions into machine->log, and all of it protected again. */
static enum vmmlink_status read_log(struct machine *machine, struct vmm_fault *fault)
{
    uint64_t base = 0; /* a region's first word */
    for (uint32_t i = 0; i < machine->region_count; i++) {
        const struct kvm_dirty_log get = {.slot = i, .dirty_bitmap = machine->log + base};
        if (ioctl(machine->vm, KVM_GET_DIRTY_LOG, &get) != 0) {
            return vmm_fail_errno(fault, VMMLINK_KVM, "reading the dirty log of region %u", i);
        }
        VMM_TRY(clear_region(machine, i, base, fault));
        base += machine->regions[i].pages / WORD_BITS;
    }
    return VMMLINK_OK;
}

static void merge(struct machine *machine, bool keep, struct collection *collection)
{
    for (uint64_t i = 0; i < machine->bitmap_words; i++) {
        uint64_t device = 0;
        if (atomic_load_explicit(&machine->device_bitmap[i], memory_order_relaxed) != 0) {
            device = atomic_exchange(&machine->device_bitmap[i], 0);
        }
        const uint64_t fresh = machine->log[i] | device;
        const uint64_t old = keep ? machine->bitmap[i] : 0;
        if (old != (old | fresh) || !keep) {
            machine->bitmap[i] = old | fresh;
        }
        collection->dirty_pages += (uint64_t)__builtin_popcountll(old | fresh);
        collection->new_pages += (uint64_t)__builtin_popcountll(fresh & ~old);
        collection->device_pages +=
            (uint64_t)__builtin_popcountll(device & ~machine->log[i] & ~old);
    }
}

static enum vmmlink_status
begin(struct machine *machine, struct collection *collection, struct vmm_fault *fault)
{
    if (machine->logging) {
        VMM_TRY(dirty_stop(machine, fault));
    }
    for (uint64_t i = 0; i < machine->bitmap_words; i++) {
        atomic_store_explicit(&machine->device_bitmap[i], 0, memory_order_relaxed);
    }
    atomic_thread_fence(memory_order_seq_cst);
    VMM_TRY(dirty_set_slots(machine, true, fault));
    machine->logging = true;
    memset(machine->bitmap, 0xff, machine->bitmap_words * sizeof(uint64_t));
    /* the last word's bits beyond the last page stay 0 */
    const uint64_t rest = machine->pages % WORD_BITS;
    if (rest != 0) {
        machine->bitmap[machine->bitmap_words - 1] = (1ULL << rest) - 1;
    }
    collection->dirty_pages = machine->pages;
    collection->new_pages = machine->pages;
    return VMMLINK_OK;
}

enum vmmlink_status dirty_collect(
    struct machine *machine,
    enum vmmlink_collect how,
    struct collection *collection_out,
    struct vmm_fault *fault)
{
    struct collection collection = {0};
    if (how == VMMLINK_COLLECT_FIRST) {
        VMM_TRY(begin(machine, &collection, fault));
        *collection_out = collection;
        return VMMLINK_OK;
    }
    if (!machine->logging) {
        return vmm_fail(fault, VMMLINK_STATE, "dirty logging is off: collect FIRST before others");
    }
    if (machine->config.dirty == GUESTCONFIG_DIRTY_RING) {
        VMM_TRY(dirtyring_harvest(machine, fault));
    } else {
        VMM_TRY(read_log(machine, fault));
    }
    merge(machine, how == VMMLINK_COLLECT_KEEP, &collection);
    *collection_out = collection;
    return VMMLINK_OK;
}

enum vmmlink_status dirty_stop(struct machine *machine, struct vmm_fault *fault)
{
    if (!machine->logging) {
        return VMMLINK_OK;
    }
    VMM_TRY(dirty_set_slots(machine, false, fault));
    machine->logging = false;
    return VMMLINK_OK;
}
