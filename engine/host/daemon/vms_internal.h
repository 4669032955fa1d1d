/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vms_internal.h -- what vms.c, vms_link.c and vms_process.c know of each other, and nobody else.
 */
#ifndef FERRY_HOST_DAEMON_VMS_INTERNAL_H
#define FERRY_HOST_DAEMON_VMS_INTERNAL_H

#include "engine/host/daemon/vms.h"

/* Between two tries to reach a process whose link went down. */
#define RECONNECT_REST (500 * FERRY_MILLISECOND)

/* vms.c */
/* A file in the guest's folder; LIMIT: too long for a socket's name. */
FERRY_NODISCARD
enum host_code
vm_path(const struct vm *vm, const char *what, char *path, size_t size, struct host_error *error);
void vm_leave_table(struct vm *vm); /* freed when nobody holds it any more */

/* vms_link.c */
FERRY_NODISCARD
enum host_code vm_link_connect(struct vm *vm, struct host_error *error);
void vm_link_closed(struct vm *vm);   /* not from inside of the link's own calls */
void vm_link_deadline(void *context); /* of vm->timer */
void vm_check_late(void *context);    /* of vm->check_timer */
void vm_tell_started(struct vm *vm, const struct host_error *error);

/* vms_process.c */
void vm_process_ended(void *context, bool exited, int value); /* of vm->process */
void vm_patience_over(void *context);                         /* of vm->patience */

#endif
