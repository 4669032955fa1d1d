/* SPDX-License-Identifier: Apache-2.0 */
/* msr.h -- KVM's calls for model-specific registers, which want a counted list in one piece. */
#ifndef FERRY_VMM_MSR_H
#define FERRY_VMM_MSR_H

#include "engine/host/vmm/machine.h"

/* Read or write so many entries of a vCPU, at most MACHINE_MSRS_MAX; how many of them KVM did, -1
 * with errno for none of its own will. */
int msr_read(int vcpu, struct kvm_msr_entry *entries, uint32_t count);
int msr_write(int vcpu, const struct kvm_msr_entry *entries, uint32_t count);
/* The indices that KVM knows; how many, -1 with errno. */
int msr_list(int kvm, uint32_t indices[MACHINE_MSRS_MAX]);

#endif
