/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vms.c -- the guests of this host: each a process of its own, which this daemon may find again.
 * Here the table, and who holds a guest; its link is in vms_link.c, its process in vms_process.c.
 *
 *   STOPPED --start--> STARTING --hello--> UP --link down--> LOST --connects again--> STARTING
 *      ^                  |                 |                  |
 *      +-- process gone --+-----------------+------------------+      (the guest is dead, or freed)
 *      +-- process gone -- ENDING <-- vm_end() from any of them
 *
 * Invariants:
 *   V-1 A guest's process is watched from its start to its end; its memory counts meanwhile.
 *   V-2 The end of the daemon does nothing to a guest's process: links are closed, no more.
 *   V-3 Memory of a guest that a session works on stays mapped until the session lets go, whatever
 *       becomes of the process; so no worker ever touches what is not there.
 *   V-4 A link that went down is made again while the process lives; not while somebody holds it,
 *       whose workers know the old one's memory.
 */
#include "engine/host/base/fd.h"
#include "engine/host/daemon/daemon.h"
#include "engine/host/daemon/handlers.h"
#include "engine/host/daemon/vms_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the table ---- */

enum host_code vms_folder(const struct daemon *daemon, const char *name, char *path, size_t size)
{
    const int length = snprintf(path, size, "%s/vm/%s", daemon->config->state_dir, name);

    return length < 0 || (size_t)length >= size ? HOST_LIMIT : HOST_OK;
}

enum host_code
vm_path(const struct vm *vm, const char *what, char *path, size_t size, struct host_error *error)
{
    const int length =
        snprintf(path, size, "%s/vm/%s/%s", vm->daemon->config->state_dir, vm->file.name, what);

    if (length < 0 || (size_t)length >= size) {
        return host_fail(
            error,
            HOST_LIMIT,
            "the path of guest \"%s\" below %s is too long for a socket",
            vm->file.name,
            vm->daemon->config->state_dir);
    }
    return HOST_OK;
}

struct vm *vms_find(const struct daemon *daemon, const char *name)
{
    for (struct vm *vm = daemon->vms; vm != NULL; vm = vm->next) {
        if (strcmp(vm->file.name, name) == 0) {
            return vm;
        }
    }
    return NULL;
}

struct vm *vms_find_id(const struct daemon *daemon, uint64_t id)
{
    for (struct vm *vm = daemon->vms; vm != NULL; vm = vm->next) {
        if (vm->file.id == id) {
            return vm;
        }
    }
    return NULL;
}

uint64_t vms_memory_used(const struct daemon *daemon)
{
    uint64_t used = 0;

    for (const struct vm *vm = daemon->vms; vm != NULL; vm = vm->next) {
        used += vm->memory;
    }
    return used;
}

unsigned vms_count(const struct daemon *daemon)
{
    unsigned count = 0;

    for (const struct vm *vm = daemon->vms; vm != NULL; vm = vm->next) {
        count++;
    }
    return count;
}

enum host_code vms_add(
    struct daemon *daemon,
    const struct guestfile *file,
    struct vm **vm_out,
    struct host_error *error)
{
    if (vms_find(daemon, file->name) != NULL || vms_find_id(daemon, file->id) != NULL) {
        return host_fail(error, HOST_EXISTS, "guest \"%s\" is on this host already", file->name);
    }
    if (vms_count(daemon) >= daemon->config->limits.guests) {
        return host_fail(
            error, HOST_LIMIT, "this host takes no more than %u guests", vms_count(daemon));
    }
    struct vm *vm = calloc(1, sizeof *vm);
    if (vm == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory for guest \"%s\"", file->name);
    }
    vm->daemon = daemon;
    vm->file = *file;
    vm->state = VM_STOPPED;
    loop_timer_init(&vm->timer, daemon->loop, vm_link_deadline, vm);
    loop_timer_init(&vm->patience, daemon->loop, vm_patience_over, vm);
    loop_timer_init(&vm->check_timer, daemon->loop, vm_check_late, vm);
    vm->next = daemon->vms;
    daemon->vms = vm;
    *vm_out = vm;
    return HOST_OK;
}

static void bury(struct vm *vm)
{
    if (vm->forgotten && vm->references == 0) {
        vm_link_closed(vm);
        loop_timer_stop(&vm->timer);
        loop_timer_stop(&vm->patience);
        loop_timer_stop(&vm->check_timer);
        free(vm);
    }
}

static void remove_files(const struct vm *vm)
{
    static const char *const names[] = {"vmm.sock", "vmm.log"};
    char path[CONFIG_PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (vm_path(vm, names[i], path, sizeof path, NULL) == HOST_OK) {
            (void)unlink(path);
        }
    }
    if (vms_folder(vm->daemon, vm->file.name, path, sizeof path) == HOST_OK) {
        (void)rmdir(path);
    }
}

void vm_leave_table(struct vm *vm)
{
    struct vm **place = &vm->daemon->vms;

    while (*place != NULL && *place != vm) {
        place = &(*place)->next;
    }
    if (*place == vm) {
        *place = vm->next;
    }
    remove_files(vm);
    vm->forgotten = true;
}

void vms_remove(struct vm *vm)
{
    vm_leave_table(vm);
    bury(vm);
}

/* ---- who holds it ---- */

void vm_hold(struct vm *vm, struct session *session)
{
    vm->references++;
    if (session != NULL) {
        vm->session = session;
    }
}

void vm_release(struct vm *vm, struct session *session)
{
    vm->references--;
    if (session != NULL && vm->session == session) {
        vm->session = NULL;
    }
    if (vm->references == 0 && vm->state == VM_LOST) {
        loop_timer_set(&vm->patience, host_now());
    }
    if (vm->references == 0 && vm->state == VM_STOPPED) {
        vm_link_closed(
            vm); /* the memory of a process that is gone was kept for its holders alone */
    }
    bury(vm);
}

void vm_settled(struct vm *vm, const struct session *session)
{
    if (vm->session == session) {
        vm->session = NULL;
    }
}

void vms_close(struct daemon *daemon)
{
    while (daemon->vms != NULL) {
        struct vm *vm = daemon->vms;
        daemon->vms = vm->next;
        vm->check = NULL; /* answered by the end of the control socket */
        recording_abandon(vm->recording);
        vm_link_closed(vm);
        loop_child_remove(vm->process);
        loop_timer_stop(&vm->timer);
        loop_timer_stop(&vm->patience);
        loop_timer_stop(&vm->check_timer);
        free(vm);
    }
}

const char *vm_state_name(const struct vm *vm)
{
    if (vm->state == VM_STOPPED || vm->state == VM_ENDING || vm->guest == NULL || vm->died) {
        return "down";
    }
    return vm->guest->guest_state == VMMLINK_GUEST_RUNNING ? "running" : "paused";
}
