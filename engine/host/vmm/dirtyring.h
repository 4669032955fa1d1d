/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirtyring.h -- KVM's dirty ring: each vCPU writes the pages that it dirties into a ring of its
 * own, instead of a bitmap for the whole memory. Collecting costs what was written, not what there
 * is; a full ring stops the vCPU until it is emptied.
 */
#ifndef FERRY_VMM_DIRTYRING_H
#define FERRY_VMM_DIRTYRING_H

#include "engine/host/vmm/machine.h"

/* Entries of a vCPU's ring: 64 Ki pages are 256 MiB between two collections. */
#define DIRTYRING_ENTRIES 65536U

/* Before vCPUs are made. */
FERRY_NODISCARD
enum vmmlink_status dirtyring_enable(struct machine *machine, struct vmm_fault *fault);
FERRY_NODISCARD
enum vmmlink_status dirtyring_map(struct vcpu *vcpu, struct vmm_fault *fault);
void dirtyring_unmap(struct vcpu *vcpu);
/* The ring is full: its pages go into the device bitmap, where the next collection finds them. The
 * vCPU's own thread. */
void dirtyring_full(struct vcpu *vcpu);
/* Moves what all rings hold into the device bitmap and protects the pages again. */
FERRY_NODISCARD
enum vmmlink_status dirtyring_harvest(struct machine *machine, struct vmm_fault *fault);

#endif
