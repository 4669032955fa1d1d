/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h -- what went wrong in this process: a status of the protocol, and a sentence with its place. */
#ifndef FERRY_VMM_FAULT_H
#define FERRY_VMM_FAULT_H

#include "engine/host/vmmlink/protocol.h"

struct vmm_fault {
    enum vmmlink_status status;
    char reason[VMM_REASON_MAX];
};

/* Fills the fault and returns its status. */
enum vmmlink_status
vmm_fail(struct vmm_fault *fault, enum vmmlink_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with errno's text behind it. */
enum vmmlink_status
vmm_fail_errno(struct vmm_fault *fault, enum vmmlink_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define VMM_TRY(expression)                                      \
    do {                                                         \
        const enum vmmlink_status vmm_try_status = (expression); \
        if (vmm_try_status != VMMLINK_OK) {                      \
            return vmm_try_status;                               \
        }                                                        \
    } while (0)

#endif
