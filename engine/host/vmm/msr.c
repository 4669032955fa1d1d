/* SPDX-License-Identifier: Apache-2.0 */
/* msr.c -- see msr.h. */
#include "engine/host/vmm/msr.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define HEAD  sizeof(struct kvm_msrs)
#define ENTRY sizeof(struct kvm_msr_entry)

struct list {
    _Alignas(8) uint8_t bytes[HEAD + MACHINE_MSRS_MAX * ENTRY];
};

static int call(
    int vcpu,
    unsigned long request,
    struct list *list,
    const struct kvm_msr_entry *entries,
    uint32_t count)
{
    const struct kvm_msrs head = {.nmsrs = count};
    if (count > MACHINE_MSRS_MAX) {
        errno = E2BIG;
        return -1;
    }
    memcpy(list->bytes, &head, HEAD);
    memcpy(list->bytes + HEAD, entries, count * ENTRY);
    return ioctl(vcpu, request, list->bytes);
}

int msr_read(int vcpu, struct kvm_msr_entry *entries, uint32_t count)
{
    struct list list;
    const int done = call(vcpu, KVM_GET_MSRS, &list, entries, count);
    if (done > 0) {
        memcpy(entries, list.bytes + HEAD, count * ENTRY);
    }
    return done;
}

int msr_write(int vcpu, const struct kvm_msr_entry *entries, uint32_t count)
{
    struct list list;
    return call(vcpu, KVM_SET_MSRS, &list, entries, count);
}

int msr_list(int kvm, uint32_t indices[MACHINE_MSRS_MAX])
{
    struct kvm_msr_list head = {.nmsrs = MACHINE_MSRS_MAX};
    _Alignas(8) uint8_t bytes[sizeof(head) + MACHINE_MSRS_MAX * sizeof(uint32_t)];
    memcpy(bytes, &head, sizeof(head));
    if (ioctl(kvm, KVM_GET_MSR_INDEX_LIST, bytes) != 0) {
        return -1;
    }
    memcpy(&head, bytes, sizeof(head));
    memcpy(indices, bytes + sizeof(head), head.nmsrs * sizeof(uint32_t));
    return (int)head.nmsrs;
}
