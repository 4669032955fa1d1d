/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c -- filling a fault. */
#include "engine/host/vmm/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
fill(struct vmm_fault *fault, enum vmmlink_status status, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));

static void
fill(struct vmm_fault *fault, enum vmmlink_status status, const char *format, va_list list)
{
    fault->status = status;
    (void)vsnprintf(fault->reason, sizeof(fault->reason), format, list);
}

enum vmmlink_status
vmm_fail(struct vmm_fault *fault, enum vmmlink_status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fill(fault, status, format, list);
    va_end(list);
    return status;
}

enum vmmlink_status
vmm_fail_errno(struct vmm_fault *fault, enum vmmlink_status status, const char *format, ...)
{
    const int number = errno;
    char what[VMM_REASON_MAX - 64];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    fault->status = status;
    (void)snprintf(fault->reason, sizeof(fault->reason), "%s: %.60s", what, strerror(number));
    return status;
}
