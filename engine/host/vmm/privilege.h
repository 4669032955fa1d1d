/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privilege.h -- what the process gives up once its machine is made, so that a guest which breaks
 * out of it finds little: new privileges, core dumps of guest memory, children, further files,
 * sockets and programs.
 */
#ifndef FERRY_VMM_PRIVILEGE_H
#define FERRY_VMM_PRIVILEGE_H

#include "engine/host/vmm/fault.h"

/* After all threads have been started. filter: restrict system calls too. */
FERRY_NODISCARD
enum vmmlink_status privilege_drop(bool filter, struct vmm_fault *fault);

#endif
