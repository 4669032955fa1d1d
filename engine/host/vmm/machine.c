/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine.c -- making and destroying a virtual machine.
 *
 * KVM's in-kernel interrupt controllers are there for their state alone, which moves with the guest:
 * the test guest polls. Their presence is also what lets a second vCPU be started by the VMM.
 */
#include "engine/host/vmm/machine.h"

#include "engine/host/base/fd.h"
#include "engine/host/vmm/dirtyring.h"
#include "engine/host/vmm/disk.h"
#include "engine/host/vmm/msr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

static enum vmmlink_status open_kvm(struct machine *machine, struct vmm_fault *fault)
{
    machine->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (machine->kvm < 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "/dev/kvm cannot be opened");
    }
    const int version = ioctl(machine->kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) {
        return vmm_fail(fault, VMMLINK_KVM, "KVM speaks version %d of its interface", version);
    }
    machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
    if (machine->vm < 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "KVM makes no virtual machine");
    }
    if (ioctl(machine->vm, KVM_CREATE_IRQCHIP, 0) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "KVM makes no interrupt controllers");
    }
    const int run_bytes = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    const int xsave = ioctl(machine->vm, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
    if (run_bytes < (int)sizeof(struct kvm_run)) {
        return vmm_fail(fault, VMMLINK_KVM, "KVM's run area has %d bytes", run_bytes);
    }
    machine->run_bytes = (size_t)run_bytes;
    machine->xsave_bytes =
        xsave > (int)sizeof(struct kvm_xsave) ? (size_t)xsave : sizeof(struct kvm_xsave);
    return VMMLINK_OK;
}

static enum vmmlink_status ask_cpuid(struct machine *machine, struct vmm_fault *fault)
{
    machine->cpuid =
        calloc(1, sizeof(*machine->cpuid) + MACHINE_CPUID_MAX * sizeof(struct kvm_cpuid_entry2));
    if (machine->cpuid == NULL) {
        return vmm_fail(fault, VMMLINK_MEMORY, "no memory for the table of CPU features");
    }
    machine->cpuid->nent = MACHINE_CPUID_MAX;
    if (ioctl(machine->kvm, KVM_GET_SUPPORTED_CPUID, machine->cpuid) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "reading the CPU features that KVM offers");
    }
    return VMMLINK_OK;
}

/* Which MSRs this KVM lets be read and written back: the ones that make up a vCPU's state here. */
static enum vmmlink_status ask_msrs(struct machine *machine, struct vmm_fault *fault)
{
    uint32_t indices[MACHINE_MSRS_MAX];
    const int count = msr_list(machine->kvm, indices);
    if (count < 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "reading the list of MSRs");
    }
    for (int i = 0; i < count; i++) {
        struct kvm_msr_entry entry = {.index = indices[i]};
        if (msr_read(machine->vcpus[0].fd, &entry, 1) == 1 &&
            msr_write(machine->vcpus[0].fd, &entry, 1) == 1) {
            machine->msrs[machine->msr_count++] = indices[i];
        }
    }
    return VMMLINK_OK;
}

static enum vmmlink_status make(struct machine *machine, struct vmm_fault *fault)
{
    machine->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (machine->notify_fd < 0) {
        return vmm_fail_errno(fault, VMMLINK_SYSTEM, "making an event descriptor");
    }
    VMM_TRY(open_kvm(machine, fault));
    VMM_TRY(memory_make(machine, fault));
    if (machine->config.dirty == GUESTCONFIG_DIRTY_RING) {
        VMM_TRY(dirtyring_enable(machine, fault));
    }
    VMM_TRY(dirty_enable(machine, fault));
    VMM_TRY(dirty_set_slots(machine, false, fault));
    VMM_TRY(ask_cpuid(machine, fault));
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        VMM_TRY(vcpu_make(machine, i, fault));
    }
    VMM_TRY(ask_msrs(machine, fault));
    const int khz = ioctl(machine->vcpus[0].fd, KVM_GET_TSC_KHZ, 0);
    machine->tsc_khz = khz > 0 ? (uint64_t)khz : 1000000U;
    if (machine->config.disk[0] != '\0') {
        VMM_TRY(disk_create(machine, fault));
    }
    if (!machine->incoming) {
        VMM_TRY(boot_guest(machine, fault));
    }
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        VMM_TRY(vcpu_start(&machine->vcpus[i], fault));
    }
    VMM_TRY(machine_wait_parked(machine, fault));
    return state_warm(machine, fault);
}

enum vmmlink_status
machine_create(struct machine *machine, const struct guestconfig *config, struct vmm_fault *fault)
{
    machine->config = *config;
    machine->kvm = -1;
    machine->vm = -1;
    machine->ram_fd = -1;
    machine->bitmap_fd = -1;
    machine->state_fd = -1;
    for (uint32_t i = 0; i < GUESTCONFIG_VCPUS_MAX; i++) {
        machine->vcpus[i].fd = -1;
    }
    atomic_store(&machine->order, MACHINE_STOP);
    machine->guest_state = machine->incoming ? VMMLINK_GUEST_INCOMING : VMMLINK_GUEST_FRESH;
    pthread_mutex_init(&machine->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&machine->parked_changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    const enum vmmlink_status status = make(machine, fault);
    if (status != VMMLINK_OK) {
        machine_destroy(machine);
    }
    return status;
}

void machine_destroy(struct machine *machine)
{
    atomic_store(&machine->order, MACHINE_END);
    vcpu_kick_all(machine);
    for (uint32_t i = 0; i < GUESTCONFIG_VCPUS_MAX; i++) {
        vcpu_end(&machine->vcpus[i]);
    }
    disk_destroy(machine->disk);
    machine->disk = NULL;
    fd_close(&machine->vm);
    fd_close(&machine->kvm);
    memory_free(machine);
    free(machine->cpuid);
    machine->cpuid = NULL;
    fd_close(&machine->notify_fd);
    pthread_cond_destroy(&machine->parked_changed);
    pthread_mutex_destroy(&machine->lock);
}

void machine_notify(struct machine *machine)
{
    const uint64_t one = 1;
    /* full only when it has been rung 2^64 - 2 times unheard */
    if (write(machine->notify_fd, &one, sizeof(one)) < 0) {
        return;
    }
}

void machine_die(struct machine *machine, const char *format, ...)
{
    pthread_mutex_lock(&machine->lock);
    if (!atomic_load(&machine->died)) {
        va_list list;
        va_start(list, format);
        (void)vsnprintf(machine->died_reason, sizeof(machine->died_reason), format, list);
        va_end(list);
        atomic_store(&machine->died, true);
        uint32_t going = MACHINE_GO;
        atomic_compare_exchange_strong(&machine->order, &going, MACHINE_STOP);
    }
    pthread_mutex_unlock(&machine->lock);
    vcpu_kick_all(machine);
    machine_notify(machine);
}
