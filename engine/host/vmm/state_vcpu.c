/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_vcpu.c -- registers, segments, MSRs, extended state, LAPIC, events, debug registers of a
 * vCPU, out of KVM and into it.
 *
 * Most sections are one struct of KVM's, saved by one call and loaded by another: a table. Its order
 * is the order of loading: segments (with the LAPIC's base) before the LAPIC, the LAPIC before the
 * MSRs (its timer's deadline is one), XCR0 before the extended state which it shapes. MSRs are a
 * list; extended state has the size that the host's KVM says.
 */
#include "engine/host/vmm/state_vcpu.h"

#include "engine/host/vmm/msr.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define MSR_BYTES sizeof(struct kvm_msr_entry)
/* The largest fixed section: the LAPIC's page. */
#define FIXED_MAX 4096U

struct fixed {
    enum blob_kind kind;
    uint64_t bytes;
    unsigned long get;
    unsigned long set;
};

static const struct fixed before_msrs[] = {
    {BLOB_SREGS, sizeof(struct kvm_sregs),       KVM_GET_SREGS, KVM_SET_SREGS},
    {BLOB_LAPIC, sizeof(struct kvm_lapic_state), KVM_GET_LAPIC, KVM_SET_LAPIC},
};
static const struct fixed after_msrs[] = {
    {BLOB_REGS, sizeof(struct kvm_regs), KVM_GET_REGS, KVM_SET_REGS},
    {BLOB_XCRS, sizeof(struct kvm_xcrs), KVM_GET_XCRS, KVM_SET_XCRS},
};
static const struct fixed at_the_end[] = {
    {BLOB_EVENTS,    sizeof(struct kvm_vcpu_events), KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS},
    {BLOB_DEBUGREGS, sizeof(struct kvm_debugregs),   KVM_GET_DEBUGREGS,   KVM_SET_DEBUGREGS  },
    {BLOB_MP_STATE,  sizeof(struct kvm_mp_state),    KVM_GET_MP_STATE,    KVM_SET_MP_STATE   },
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static enum vmmlink_status
get_failed(const struct vcpu *vcpu, enum blob_kind kind, struct vmm_fault *fault)
{
    return vmm_fail_errno(
        fault, VMMLINK_KVM, "saving %s of vCPU %u", blob_kind_name((uint32_t)kind), vcpu->number);
}

static enum vmmlink_status
set_failed(const struct vcpu *vcpu, enum blob_kind kind, struct vmm_fault *fault)
{
    return vmm_fail_errno(
        fault,
        VMMLINK_BAD_STATE_BLOB,
        "KVM refuses %s of vCPU %u",
        blob_kind_name((uint32_t)kind),
        vcpu->number);
}

static enum vmmlink_status no_room(enum blob_kind kind, struct vmm_fault *fault)
{
    return vmm_fail(
        fault,
        VMMLINK_MEMORY,
        "no room for %s in %u bytes of device state",
        blob_kind_name((uint32_t)kind),
        VMMLINK_STATE_MAX);
}

static enum vmmlink_status save_fixed(
    struct vcpu *vcpu,
    struct blob_writer *writer,
    const struct fixed *table,
    size_t count,
    struct vmm_fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        _Alignas(16) uint8_t content[FIXED_MAX] = {0};
        if (ioctl(vcpu->fd, table[i].get, content) != 0) {
            return get_failed(vcpu, table[i].kind, fault);
        }
        void *place = blob_add(writer, table[i].kind, vcpu->number, table[i].bytes);
        if (place == NULL) {
            return no_room(table[i].kind, fault);
        }
        memcpy(place, content, table[i].bytes);
    }
    return VMMLINK_OK;
}

static enum vmmlink_status
save_msrs(struct vcpu *vcpu, struct blob_writer *writer, struct vmm_fault *fault)
{
    const struct machine *machine = vcpu->machine;
    struct kvm_msr_entry entries[MACHINE_MSRS_MAX] = {{0}};
    for (uint32_t i = 0; i < machine->msr_count; i++) {
        entries[i].index = machine->msrs[i];
    }
    const int got = msr_read(vcpu->fd, entries, machine->msr_count);
    if (got < 0) {
        return get_failed(vcpu, BLOB_MSRS, fault);
    }
    if ((uint32_t)got != machine->msr_count) {
        return vmm_fail(
            fault,
            VMMLINK_KVM,
            "MSR %#x of vCPU %u cannot be read",
            machine->msrs[got],
            vcpu->number);
    }
    const uint64_t bytes = machine->msr_count * MSR_BYTES;
    void *place = blob_add(writer, BLOB_MSRS, vcpu->number, bytes);
    if (place == NULL) {
        return no_room(BLOB_MSRS, fault);
    }
    memcpy(place, entries, bytes);
    return VMMLINK_OK;
}

static enum vmmlink_status
save_xsave(struct vcpu *vcpu, struct blob_writer *writer, struct vmm_fault *fault)
{
    const size_t bytes = vcpu->machine->xsave_bytes;
    void *place = blob_add(writer, BLOB_XSAVE, vcpu->number, bytes);
    if (place == NULL) {
        return no_room(BLOB_XSAVE, fault);
    }
    const unsigned long call = bytes > sizeof(struct kvm_xsave) ? KVM_GET_XSAVE2 : KVM_GET_XSAVE;
    if (ioctl(vcpu->fd, call, place) != 0) {
        return get_failed(vcpu, BLOB_XSAVE, fault);
    }
    return VMMLINK_OK;
}

enum vmmlink_status
state_vcpu_save(struct vcpu *vcpu, struct blob_writer *writer, struct vmm_fault *fault)
{
    VMM_TRY(save_fixed(vcpu, writer, before_msrs, COUNT(before_msrs), fault));
    VMM_TRY(save_msrs(vcpu, writer, fault));
    VMM_TRY(save_fixed(vcpu, writer, after_msrs, COUNT(after_msrs), fault));
    VMM_TRY(save_xsave(vcpu, writer, fault));
    return save_fixed(vcpu, writer, at_the_end, COUNT(at_the_end), fault);
}

static enum vmmlink_status check_fixed(
    const struct vcpu *vcpu,
    const struct blob *blob,
    const struct fixed *table,
    size_t count,
    struct vmm_fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t content[FIXED_MAX];
        VMM_TRY(blob_copy(blob, table[i].kind, vcpu->number, content, table[i].bytes, fault));
    }
    return VMMLINK_OK;
}

enum vmmlink_status
state_vcpu_check(const struct vcpu *vcpu, const struct blob *blob, struct vmm_fault *fault)
{
    VMM_TRY(check_fixed(vcpu, blob, before_msrs, COUNT(before_msrs), fault));
    VMM_TRY(check_fixed(vcpu, blob, after_msrs, COUNT(after_msrs), fault));
    VMM_TRY(check_fixed(vcpu, blob, at_the_end, COUNT(at_the_end), fault));
    const uint64_t msrs = blob->contents[BLOB_MSRS][vcpu->number].bytes;
    if (msrs % MSR_BYTES != 0 || msrs / MSR_BYTES > MACHINE_MSRS_MAX) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "section MSRS of vCPU %u has %llu bytes",
            vcpu->number,
            (unsigned long long)msrs);
    }
    const uint64_t xsave = blob->contents[BLOB_XSAVE][vcpu->number].bytes;
    if (xsave < sizeof(struct kvm_xsave) || xsave > vcpu->machine->xsave_bytes) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "section XSAVE of vCPU %u has %llu bytes, this host takes %zu to %zu",
            vcpu->number,
            (unsigned long long)xsave,
            sizeof(struct kvm_xsave),
            vcpu->machine->xsave_bytes);
    }
    return VMMLINK_OK;
}

static enum vmmlink_status load_fixed(
    struct vcpu *vcpu,
    const struct blob *blob,
    const struct fixed *table,
    size_t count,
    struct vmm_fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        _Alignas(16) uint8_t content[FIXED_MAX];
        VMM_TRY(blob_copy(blob, table[i].kind, vcpu->number, content, table[i].bytes, fault));
        if (ioctl(vcpu->fd, table[i].set, content) != 0) {
            return set_failed(vcpu, table[i].kind, fault);
        }
    }
    return VMMLINK_OK;
}

static enum vmmlink_status
load_msrs(struct vcpu *vcpu, const struct blob *blob, struct vmm_fault *fault)
{
    const struct blob_content *content = &blob->contents[BLOB_MSRS][vcpu->number];
    const uint32_t count = (uint32_t)(content->bytes / MSR_BYTES);
    struct kvm_msr_entry entries[MACHINE_MSRS_MAX] = {{0}};
    memcpy(entries, content->data, content->bytes);
    const int set = msr_write(vcpu->fd, entries, count);
    if (set < 0) {
        return set_failed(vcpu, BLOB_MSRS, fault);
    }
    if ((uint32_t)set != count) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "KVM refuses MSR %#x = %#llx of vCPU %u",
            entries[set].index,
            entries[set].data,
            vcpu->number);
    }
    return VMMLINK_OK;
}

static enum vmmlink_status
load_xsave(struct vcpu *vcpu, const struct blob *blob, struct vmm_fault *fault)
{
    const struct blob_content *content = &blob->contents[BLOB_XSAVE][vcpu->number];
    void *area = calloc(1, vcpu->machine->xsave_bytes);
    if (area == NULL) {
        return vmm_fail(fault, VMMLINK_MEMORY, "no memory for XSAVE");
    }
    memcpy(area, content->data, content->bytes);
    const int result = ioctl(vcpu->fd, KVM_SET_XSAVE, area);
    enum vmmlink_status status = VMMLINK_OK;
    if (result != 0) {
        status = set_failed(vcpu, BLOB_XSAVE, fault);
    }
    free(area);
    return status;
}

enum vmmlink_status
state_vcpu_load(struct vcpu *vcpu, const struct blob *blob, struct vmm_fault *fault)
{
    VMM_TRY(load_fixed(vcpu, blob, before_msrs, COUNT(before_msrs), fault));
    VMM_TRY(load_msrs(vcpu, blob, fault));
    VMM_TRY(load_fixed(vcpu, blob, after_msrs, COUNT(after_msrs), fault));
    VMM_TRY(load_xsave(vcpu, blob, fault));
    return load_fixed(vcpu, blob, at_the_end, COUNT(at_the_end), fault);
}
