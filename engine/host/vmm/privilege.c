/* SPDX-License-Identifier: Apache-2.0 */
/* privilege.c -- see privilege.h. */
#include "engine/host/vmm/privilege.h"

#include <sys/prctl.h>
#include <sys/resource.h>

enum vmmlink_status privilege_drop(struct vmm_fault *fault)
{
    const struct rlimit none = {0, 0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0 ||
        prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0 || setrlimit(RLIMIT_CORE, &none) != 0) {
        return vmm_fail_errno(fault, VMMLINK_SYSTEM, "giving up privileges");
    }
    return VMMLINK_OK;
}
