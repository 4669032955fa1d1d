/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vms_process.c -- the process of a guest: started, found again, asked to end, killed, gone.
 *
 *   asked to quit --END_PATIENCE--> killed --the kernel's word--> gone
 *
 * Whoever waits for a start or an end is told once, whichever way it goes.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/daemon.h"
#include "engine/host/daemon/vms_internal.h"

#include <signal.h>

/* For a process to end that was asked to, before it is killed. */
#define END_PATIENCE (3 * FERRY_SECOND)

static void tell_ended(struct vm *vm)
{
    static const struct host_error fine = {.code = HOST_OK};
    vm_done *done = vm->ended;

    vm->ended = NULL;
    if (done != NULL) {
        done(vm->ended_context, vm, &fine);
    }
}

static void gone(struct vm *vm)
{
    const bool expected = vm->state == VM_ENDING;
    const bool remove = vm->remove;

    vm->memory = 0;
    vm->state = VM_STOPPED;
    loop_timer_stop(&vm->patience);
    if (!expected) {
        host_log(HOST_LOG_WARNING, "the process of guest \"%s\" has ended", vm->file.name);
        daemon_event(
            vm->daemon,
            "vm.died",
            json_pack("{s:s, s:s}", "guest", vm->file.name, "status", "its process has ended"));
    }
    vm_hold(vm, NULL); /* whoever is told may let go of it */
    vm_tell_started(
        vm, &(struct host_error){.code = HOST_FAILED, .text = "the guest's process has ended"});
    tell_ended(vm);
    if (remove) {
        vm_leave_table(vm);
    }
    vm_release(vm, NULL);
}

void vm_process_ended(void *context, bool exited, int value)
{
    struct vm *vm = context;

    (void)exited;
    (void)value;
    vm->process = NULL;
    if (vm->link != NULL && vmmlink_is_up(vm->link)) {
        vmmlink_ready(vm->link, host_now()); /* answers that are still in the socket come first */
    }
    gone(vm);
}

void vm_patience_over(void *context)
{
    struct vm *vm = context;
    struct host_error error;

    if (vm->state == VM_ENDING) {
        if (vm->link != NULL) {
            vmmlink_kill(vm->link);
        }
        if (vm->process == NULL || loop_child_kill(vm->process, SIGKILL, &error) != HOST_OK) {
            gone(vm); /* nobody there that could be watched */
        } else {
            loop_timer_set(&vm->patience, host_now() + END_PATIENCE);
        }
        return;
    }
    if (vm->state == VM_LOST && vm->references == 0 && vm_link_connect(vm, &error) != HOST_OK) {
        if (vm->process == NULL) {
            gone(vm);
        } else {
            loop_timer_set(&vm->patience, host_now() + RECONNECT_REST);
        }
    }
}

static enum host_code spawn(struct vm *vm, bool incoming, pid_t *pid_out, struct host_error *error)
{
    char socket_path[CONFIG_PATH_MAX];
    char log_path[CONFIG_PATH_MAX];
    char folder[CONFIG_PATH_MAX];
    char config[FERRY_GUEST_CONFIG_MAX];
    char reason[HOST_ERROR_TEXT_MAX] = "";
    size_t size = 0;

    HOST_TRY(vm_path(vm, "vmm.sock", socket_path, sizeof socket_path, error));
    HOST_TRY(vm_path(vm, "vmm.log", log_path, sizeof log_path, error));
    HOST_TRY(vms_folder(vm->daemon, vm->file.name, folder, sizeof folder));
    HOST_TRY(folder_make(folder, 0700, error));
    HOST_TRY(guestfile_process_config(&vm->file, config, &size, error));
    const enum vmmlink_status status = vmmlink_spawn(
        &(struct vmmlink_spawn){
            .program = vm->daemon->config->vmm.program,
            .socket_path = socket_path,
            .guest = vm->file.name,
            .config = {.data = (const uint8_t *)config, .size = size},
            .incoming = incoming,
            .log_path = log_path,
    },
        pid_out,
        reason,
        sizeof reason);
    if (status != VMMLINK_OK) {
        return host_fail(
            error,
            status == VMMLINK_STATE ? HOST_EXISTS : HOST_FAILED,
            "the process of guest \"%s\" cannot be started: %s",
            vm->file.name,
            reason);
    }
    return HOST_OK;
}

enum host_code
vm_start(struct vm *vm, bool incoming, vm_done *done, void *context, struct host_error *error)
{
    pid_t pid = 0;

    if (vm->state != VM_STOPPED || vm->references != 0) {
        return host_fail(error, HOST_BUSY, "guest \"%s\" has a process already", vm->file.name);
    }
    vm->died = false;
    HOST_TRY(spawn(vm, incoming, &pid, error));
    vm->memory = vm->file.config.memory;
    vm->shell = incoming;
    enum host_code code =
        loop_child_add(vm->daemon->loop, pid, vm_process_ended, vm, &vm->process, error);
    if (code == HOST_OK) {
        code = vm_link_connect(vm, error);
    }
    if (code != HOST_OK) {
        (void)kill(pid, SIGKILL);
        if (vm->process == NULL) {
            vm->memory = 0;
        } else {
            vm->state = VM_ENDING; /* until the kernel says that it is gone */
        }
        return code;
    }
    vm->started = done;
    vm->started_context = context;
    return HOST_OK;
}

enum host_code vm_connect(struct vm *vm, vm_done *done, void *context, struct host_error *error)
{
    HOST_TRY(vm_link_connect(vm, error));
    vm->started = done;
    vm->started_context = context;
    return HOST_OK;
}

static void quit_answered(void *context, const struct vmmlink_reply *reply)
{
    (void)context;
    (void)reply;
}

void vm_end(struct vm *vm, bool remove, vm_done *done, void *context)
{
    vm->remove = vm->remove || remove;
    vm->ended = done;
    vm->ended_context = context;
    if (vm->state == VM_STOPPED) {
        loop_timer_set(&vm->patience, host_now()); /* told in a turn of its own */
        vm->state = VM_ENDING;
        return;
    }
    const bool first = vm->state != VM_ENDING;
    vm->state = VM_ENDING;
    ferry_time_ns patience = 0;
    if (first && vm_answers(vm)) {
        const struct vmmlink_call call = vm_call(vm, quit_answered, NULL);
        if (vmmlink_quit(vm->link, &call) == VMMLINK_OK) {
            patience = END_PATIENCE;
        }
        vm_sent(vm);
    }
    if (first) {
        loop_timer_set(&vm->patience, host_now() + patience);
    }
}
