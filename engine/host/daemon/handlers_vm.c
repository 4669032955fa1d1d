/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers_vm.c -- vm.run and vm.stop.
 *
 *   vm.run: the journal says that the guest is this host's, durably --> its process is started
 *           --> it answers --> run(epoch) --> the answer
 *
 * So a guest that anybody ever saw running is in the journal of its owner; and after a reboot, a host
 * whose journal says that a guest went away refuses to start it, whatever its disks still hold.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/guestargs.h"
#include "engine/host/daemon/handlers.h"
#include "engine/host/daemon/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One vm.run or vm.stop on its way through journal and process. */
struct order {
    struct daemon *daemon;
    struct control_request *request;
    struct guestfile file;
    uint64_t epoch;
    struct vm *vm;
};

static void order_failed(struct order *order, const struct host_error *error)
{
    control_fail(order->request, error, "down");
    free(order);
}

/* ---- vm.run: who may ---- */

static const char *huge_pages_word(const struct host_config *config)
{
    switch (config->vmm.huge_pages) {
    case CONFIG_HUGE_TRANSPARENT: return "transparent";
    case CONFIG_HUGE_EXPLICIT: return "explicit";
    case CONFIG_HUGE_NONE: break;
    }
    return "none";
}

static enum host_code
not_ours(const struct journal_guest *known, const char *name, struct host_error *error)
{
    const enum host_code code = host_fail(
        error,
        HOST_REFUSED,
        "guest \"%s\" is not this host's: %s, %s",
        name,
        journal_fate_name(known->fate),
        known->peer);

    host_error_step(error, "start it at %s, or choose another name", known->peer);
    return code;
}

/* Who may start it: this host owns it, or nobody ever did. */
static enum host_code take_identity(struct order *order, const char *name, struct host_error *error)
{
    const struct journal_guest *known = journal_guest_by_name(order->daemon->journal, name);
    struct guestfile *file = &order->file;

    file->config = guestconfig_default();
    HOST_TRY(
        guestargs_set(&file->config, "huge_pages", huge_pages_word(order->daemon->config), error));
    if (known == NULL || known->fate == JOURNAL_FATE_STOPPED) {
        host_random(&file->id, sizeof file->id);
        file->id |= 1U; /* never 0 */
        order->epoch = 1;
        (void)snprintf(file->name, sizeof file->name, "%s", name);
        return HOST_OK;
    }
    if (known->fate != JOURNAL_FATE_HERE) {
        return not_ours(known, name, error);
    }
    if (known->config.size != 0) {
        HOST_TRY(guestfile_decode(known->config, file, error));
    }
    file->id = known->guest_id;
    order->epoch = known->epoch;
    (void)snprintf(file->name, sizeof file->name, "%s", name);
    return HOST_OK;
}

static enum host_code check_room(const struct order *order, struct host_error *error)
{
    const struct daemon *daemon = order->daemon;
    const struct vm *vm = vms_find(daemon, order->file.name);

    if (!daemon->ready) {
        return host_fail(error, HOST_BUSY, "the daemon is still starting");
    }
    if (vm != NULL && (vm->state != VM_STOPPED || vm->session != NULL)) {
        return host_fail(error, HOST_EXISTS, "guest \"%s\" is here already", vm->file.name);
    }
    if (order->file.config.memory > daemon_memory_free(daemon)) {
        return host_fail(
            error,
            HOST_LIMIT,
            "guest \"%s\" wants more memory than is free on this host",
            order->file.name);
    }
    return HOST_OK;
}

/* ---- vm.run: the way ---- */

static void ran(void *context, const struct vmmlink_reply *reply)
{
    struct order *order = context;
    struct host_error error;

    if (reply->status != VMMLINK_OK) {
        (void)host_fail(
            &error, HOST_FAILED, "guest \"%s\" cannot be run: %s", order->file.name, reply->reason);
        order_failed(order, &error);
        return;
    }
    const pid_t pid = order->vm->guest->pid;
    host_log(HOST_LOG_NOTICE, "guest \"%s\" runs, process %d", order->file.name, (int)pid);
    daemon_event(
        order->daemon,
        "vm.started",
        json_pack(
            "{s:s, s:o, s:I, s:i}",
            "guest",
            order->file.name,
            "guest_id",
            report_hex(order->file.id),
            "epoch",
            (json_int_t)order->epoch,
            "pid",
            (int)pid));
    control_reply(
        order->request,
        json_pack(
            "{s:s, s:o, s:I, s:i}",
            "guest",
            order->file.name,
            "guest_id",
            report_hex(order->file.id),
            "epoch",
            (json_int_t)order->epoch,
            "pid",
            (int)pid));
    free(order);
}

static void nobody_waits(void *context, struct vm *vm, const struct host_error *error)
{
    (void)context;
    (void)vm;
    (void)error;
}

static void started(void *context, struct vm *vm, const struct host_error *error)
{
    struct order *order = context;
    const struct vmmlink_run_token token = {.epoch = order->epoch};

    if (error->code != HOST_OK) {
        if (vm->state != VM_STOPPED) {
            vm_end(vm, true, nobody_waits, NULL);
        } else {
            vm->remove = true;
        }
        order_failed(order, error);
        return;
    }
    const struct vmmlink_call call = vm_call(vm, ran, order);
    const enum vmmlink_status status = vmmlink_run(vm->link, &token, &call);
    vm_sent(vm);
    if (status != VMMLINK_OK) {
        order_failed(
            order,
            &(struct host_error){
                .code = HOST_FAILED, .text = "the guest's process takes no order"});
    }
}

static void recorded(void *context, enum host_code code, const struct host_error *error)
{
    struct order *order = context;
    struct host_error failure;
    struct vm *old = vms_find(order->daemon, order->file.name);

    if (code != HOST_OK) {
        order_failed(order, error);
        return;
    }
    if (old != NULL && old->state == VM_STOPPED && old->session == NULL) {
        vms_remove(old);
    }
    if (vms_add(order->daemon, &order->file, &order->vm, &failure) != HOST_OK) {
        order_failed(order, &failure);
        return;
    }
    if (vm_start(order->vm, false, started, order, &failure) != HOST_OK) {
        if (order->vm->state == VM_STOPPED) {
            vms_remove(order->vm);
        } else {
            order->vm->remove = true;
        }
        order_failed(order, &failure);
    }
}

static enum host_code record_owner(struct order *order, bool *taken, struct host_error *error)
{
    char text[FERRY_GUEST_CONFIG_MAX];
    struct journal_guest guest = {
        .guest_id = order->file.id,
        .epoch = order->epoch,
        .fate = JOURNAL_FATE_HERE,
    };
    size_t size = 0;

    HOST_TRY(guestfile_encode(&order->file, text, &size, error));
    guest.config = (struct ferry_bytes){.data = (const uint8_t *)text, .size = size};
    (void)snprintf(guest.name, sizeof guest.name, "%s", order->file.name);
    HOST_TRY(journal_write(
        order->daemon->journal,
        &(struct journal_transaction){.guest = &guest},
        recorded,
        order,
        error));
    *taken = true;
    return HOST_OK;
}

/* taken: the order is on its way, and answered at its end. */
static enum host_code
begin_run(struct order *order, const json_t *args, bool *taken, struct host_error *error)
{
    static const char *const names[] = {
        "guest", "memory", "vcpus", "workload", "disk", "tap", "huge_pages", NULL};
    const char *name = NULL;

    HOST_TRY(control_args_known(args, names, error));
    HOST_TRY(control_arg_text(args, "guest", CONTROL_REQUIRED, &name, error));
    if (!guestfile_name_valid(name)) {
        return host_fail(
            error, HOST_USAGE, "a guest's name is 1 to 63 letters, digits, '-', '_' and '.'");
    }
    HOST_TRY(take_identity(order, name, error));
    HOST_TRY(guestargs_read(&order->file.config, args, error));
    HOST_TRY(check_room(order, error));
    return record_owner(order, taken, error);
}

void handle_vm_run(void *context, struct control_request *request, const json_t *args)
{
    struct order *order = calloc(1, sizeof *order);
    struct host_error error = {.code = HOST_MEMORY, .text = "no memory to start a guest"};
    bool taken = false;

    if (order == NULL) {
        control_fail(request, &error, NULL);
        return;
    }
    order->daemon = context;
    order->request = request;
    (void)begin_run(order, args, &taken, &error);
    if (!taken) {
        order_failed(order, &error);
    }
}

/* ---- vm.stop ---- */

static void stop_recorded(void *context, enum host_code code, const struct host_error *error)
{
    struct order *order = context;

    if (code != HOST_OK) {
        order_failed(order, error);
        return;
    }
    daemon_event(
        order->daemon,
        "vm.stopped",
        json_pack("{s:s, s:I}", "guest", order->file.name, "epoch", (json_int_t)order->epoch));
    control_reply(
        order->request,
        json_pack("{s:s, s:I}", "guest", order->file.name, "epoch", (json_int_t)order->epoch));
    free(order);
}

static void record_stop(struct order *order)
{
    const struct journal_guest *known = journal_guest_by_id(order->daemon->journal, order->file.id);
    struct host_error error;

    if (known == NULL || known->fate != JOURNAL_FATE_HERE) {
        stop_recorded(order, HOST_OK, NULL); /* it is not ours to say more of */
        return;
    }
    struct journal_guest guest = *known;
    guest.fate = JOURNAL_FATE_STOPPED;
    if (journal_write(
            order->daemon->journal,
            &(struct journal_transaction){.guest = &guest},
            stop_recorded,
            order,
            &error) != HOST_OK) {
        order_failed(order, &error);
    }
}

static void stopped(void *context, struct vm *vm, const struct host_error *error)
{
    (void)vm;
    (void)error;
    record_stop(context);
}

static enum host_code
begin_stop(struct order *order, const json_t *args, bool *taken, struct host_error *error)
{
    static const char *const names[] = {"guest", "force", NULL};
    const char *name = NULL;
    bool force = false;

    HOST_TRY(control_args_known(args, names, error));
    HOST_TRY(control_arg_text(args, "guest", CONTROL_REQUIRED, &name, error));
    HOST_TRY(control_arg_flag(args, "force", CONTROL_OPTIONAL, &force, error));
    struct vm *vm = vms_find(order->daemon, name);
    const struct journal_guest *known = journal_guest_by_name(order->daemon->journal, name);
    if (known == NULL || known->fate != JOURNAL_FATE_HERE) {
        return host_fail(error, HOST_NOT_FOUND, "guest \"%s\" is not this host's", name);
    }
    if (vm != NULL && vm->session != NULL && !force) {
        const enum host_code code =
            host_fail(error, HOST_BUSY, "guest \"%s\" is being moved", name);
        host_error_step(error, "cancel the move first, or use force");
        return code;
    }
    order->file.id = known->guest_id;
    order->epoch = known->epoch;
    (void)snprintf(order->file.name, sizeof order->file.name, "%s", name);
    *taken = true;
    if (vm == NULL) {
        record_stop(order);
    } else {
        vm_end(vm, true, stopped, order);
    }
    return HOST_OK;
}

void handle_vm_stop(void *context, struct control_request *request, const json_t *args)
{
    struct order *order = calloc(1, sizeof *order);
    struct host_error error = {.code = HOST_MEMORY, .text = "no memory to stop a guest"};
    bool taken = false;

    if (order == NULL) {
        control_fail(request, &error, NULL);
        return;
    }
    order->daemon = context;
    order->request = request;
    (void)begin_stop(order, args, &taken, &error);
    if (!taken) {
        const char *name = json_string_value(json_object_get(args, "guest"));
        const struct vm *vm = name == NULL ? NULL : vms_find(context, name);
        control_fail(request, &error, vm == NULL ? NULL : vm_state_name(vm));
        free(order);
    }
}
