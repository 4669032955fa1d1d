/* SPDX-License-Identifier: Apache-2.0 */
/* state_vcpu.h -- one vCPU's part of the device state. The vCPU is parked. */
#ifndef FERRY_VMM_STATE_VCPU_H
#define FERRY_VMM_STATE_VCPU_H

#include "engine/host/vmm/blob.h"
#include "engine/host/vmm/machine.h"

FERRY_NODISCARD
enum vmmlink_status
state_vcpu_save(struct vcpu *vcpu, struct blob_writer *writer, struct vmm_fault *fault);
/* Do its sections have the lengths that they must have? Before anything is loaded. */
FERRY_NODISCARD
enum vmmlink_status
state_vcpu_check(const struct vcpu *vcpu, const struct blob *blob, struct vmm_fault *fault);
FERRY_NODISCARD
enum vmmlink_status
state_vcpu_load(struct vcpu *vcpu, const struct blob *blob, struct vmm_fault *fault);

#endif
