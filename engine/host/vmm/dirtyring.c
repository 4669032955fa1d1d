/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirtyring.c -- emptying KVM's dirty rings.
 *
 * A ring is read under the machine's lock, by the control thread or by the vCPU whose ring is full.
 * Entries are acknowledged only after their pages stand in the device bitmap, and protected again by
 * KVM_RESET_DIRTY_RINGS after that: a page that is written in between is in the bitmap already, and
 * what is sent is read later.
 */
#include "engine/host/vmm/dirtyring.h"

#include <sys/ioctl.h>
#include <sys/mman.h>

enum vmmlink_status dirtyring_enable(struct machine *machine, struct vmm_fault *fault)
{
    const size_t bytes = DIRTYRING_ENTRIES * sizeof(struct kvm_dirty_gfn);
    const int most = ioctl(machine->vm, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING);
    if (most < (int)bytes) {
        return vmm_fail(
            fault,
            VMMLINK_KVM,
            "this KVM has no dirty ring of %zu bytes; use \"dirty log\"",
            bytes);
    }
    const struct kvm_enable_cap cap = {.cap = KVM_CAP_DIRTY_LOG_RING, .args = {bytes}};
    if (ioctl(machine->vm, KVM_ENABLE_CAP, &cap) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "enabling the dirty ring");
    }
    return VMMLINK_OK;
}

enum vmmlink_status dirtyring_map(struct vcpu *vcpu, struct vmm_fault *fault)
{
    const size_t bytes = DIRTYRING_ENTRIES * sizeof(struct kvm_dirty_gfn);
    void *ring = mmap(
        NULL,
        bytes,
        PROT_READ | PROT_WRITE,
        MAP_SHARED,
        vcpu->fd,
        (off_t)KVM_DIRTY_LOG_PAGE_OFFSET * GUEST_PAGE_SIZE);
    if (ring == MAP_FAILED) {
        return vmm_fail_errno(
            fault, VMMLINK_KVM, "mapping the dirty ring of vCPU %u", vcpu->number);
    }
    vcpu->ring = ring;
    vcpu->ring_next = 0;
    return VMMLINK_OK;
}

void dirtyring_unmap(struct vcpu *vcpu)
{
    if (vcpu->ring != NULL) {
        munmap(vcpu->ring, DIRTYRING_ENTRIES * sizeof(struct kvm_dirty_gfn));
        vcpu->ring = NULL;
    }
}

static void empty(struct vcpu *vcpu)
{
    struct machine *machine = vcpu->machine;
    for (uint32_t i = 0; i < DIRTYRING_ENTRIES; i++) {
        struct kvm_dirty_gfn *entry = &vcpu->ring[vcpu->ring_next % DIRTYRING_ENTRIES];
        if (__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY) {
            return;
        }
        const uint32_t slot = entry->slot & 0xffffU;
        if (slot < machine->region_count && entry->offset < machine->regions[slot].pages) {
            memory_written(
                machine,
                machine->regions[slot].guest_address + entry->offset * GUEST_PAGE_SIZE,
                GUEST_PAGE_SIZE);
        }
        __atomic_store_n(&entry->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
        vcpu->ring_next++;
    }
}

void dirtyring_full(struct vcpu *vcpu)
{
    struct machine *machine = vcpu->machine;
    pthread_mutex_lock(&machine->lock);
    empty(vcpu);
    const int reset = ioctl(machine->vm, KVM_RESET_DIRTY_RINGS, 0);
    pthread_mutex_unlock(&machine->lock);
    if (reset < 0) {
        machine_die(machine, "vCPU %u: the dirty ring cannot be reset", vcpu->number);
    }
}

enum vmmlink_status dirtyring_harvest(struct machine *machine, struct vmm_fault *fault)
{
    pthread_mutex_lock(&machine->lock);
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        empty(&machine->vcpus[i]);
    }
    const int reset = ioctl(machine->vm, KVM_RESET_DIRTY_RINGS, 0);
    pthread_mutex_unlock(&machine->lock);
    if (reset < 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "protecting the pages of the dirty rings");
    }
    return VMMLINK_OK;
}
