/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers_vm_check.c -- vm.check: the guest looks at all of its own memory.
 *
 *   asked --the process takes the order--> checking --the guest's report, or too late--> the answer
 *
 * One check a guest at a time; vm_check_over() answers, also when the process goes away.
 */
#include "engine/host/base/fd.h"
#include "engine/host/daemon/handlers.h"

/* For a guest's check of all its memory. */
#define CHECK_LIMIT (60 * FERRY_SECOND)

static void check_ordered(void *context, const struct vmmlink_reply *reply)
{
    struct vm *vm = context;

    if (reply->status != VMMLINK_OK) {
        vm_check_over(
            vm,
            &(struct host_error){
                .code = HOST_FAILED, .text = "the guest cannot be asked to check its memory"});
    }
}

static enum host_code find_checkable(
    struct daemon *daemon, const json_t *args, struct vm **vm_out, struct host_error *error)
{
    static const char *const names[] = {"guest", "wait", NULL};
    const char *name = NULL;
    bool wait = true;

    HOST_TRY(control_args_known(args, names, error));
    HOST_TRY(control_arg_text(args, "guest", CONTROL_REQUIRED, &name, error));
    HOST_TRY(control_arg_flag(args, "wait", CONTROL_OPTIONAL, &wait, error));
    if (!wait) {
        return host_fail(error, HOST_USAGE, "vm.check is answered at the end of the check alone");
    }
    struct vm *vm = vms_find(daemon, name);
    if (vm == NULL || vm->state != VM_UP || !vm_answers(vm)) {
        return host_fail(error, HOST_NOT_FOUND, "guest \"%s\" does not run here", name);
    }
    if (vm->check != NULL) {
        return host_fail(error, HOST_BUSY, "guest \"%s\" is checking its memory already", name);
    }
    *vm_out = vm;
    return HOST_OK;
}

void handle_vm_check(void *context, struct control_request *request, const json_t *args)
{
    struct vm *vm = NULL;
    struct host_error error;

    if (find_checkable(context, args, &vm, &error) != HOST_OK || vm == NULL) {
        control_fail(request, &error, NULL);
        return;
    }
    const struct vmmlink_call call = vm_call(vm, check_ordered, vm);
    const enum vmmlink_status status = vmmlink_check(vm->link, &call);
    vm_sent(vm);
    if (status != VMMLINK_OK) {
        (void)host_fail(&error, HOST_FAILED, "%s", vmmlink_status_sentence(status));
        control_fail(request, &error, vm_state_name(vm));
        return;
    }
    vm->check = request;
    loop_timer_set(&vm->check_timer, host_now() + CHECK_LIMIT);
}
