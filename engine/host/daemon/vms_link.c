/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vms_link.c -- the link to a guest's process: made, watched, lost; and what the guest says on it.
 *
 *   connect --hello--> up --it breaks, or the process is gone--> lost, and closed later
 *
 * A link is never destroyed from inside of its own calls: they only note that it is lost (V-4).
 */
#include "engine/host/base/fd.h"
#include "engine/host/daemon/daemon.h"
#include "engine/host/daemon/vms_internal.h"

#include <stdio.h>
#include <string.h>

void vm_tell_started(struct vm *vm, const struct host_error *error)
{
    vm_done *done = vm->started;

    vm->started = NULL;
    if (done != NULL) {
        done(vm->started_context, vm, error);
    }
}

static void watch_link(struct vm *vm)
{
    if (vm->link == NULL) {
        return;
    }
    if (vm->watch != NULL) {
        loop_fd_events(
            vm->watch, vmmlink_wants_write(vm->link) ? EPOLLIN | EPOLLOUT : (uint32_t)EPOLLIN);
    }
    loop_timer_set(&vm->timer, vmmlink_deadline(vm->link));
}

static void link_ready(void *context, uint32_t events)
{
    struct vm *vm = context;

    (void)events;
    vmmlink_ready(vm->link, host_now());
    watch_link(vm);
}

void vm_link_deadline(void *context)
{
    struct vm *vm = context;

    if (vm->link != NULL) {
        vmmlink_tick(vm->link, host_now());
        watch_link(vm);
    }
}

/* Not from inside of the link's own calls. */
void vm_link_closed(struct vm *vm)
{
    loop_fd_remove(vm->watch);
    vm->watch = NULL;
    loop_timer_stop(&vm->timer);
    vm->guest = NULL;
    vmmlink_destroy(vm->link);
    vm->link = NULL;
}

static void on_up(void *context, const struct vmmlink_guest *guest)
{
    struct vm *vm = context;
    const struct host_error fine = {.code = HOST_OK};

    vm->guest = guest;
    vm->memory = guest->pages * FERRY_PAGE_SIZE_MIN;
    if (vm->state == VM_STARTING) {
        vm->state = VM_UP;
    }
    if (vm->process == NULL) { /* it outlived the daemon that started it */
        struct host_error error;
        if (loop_process_add(
                vm->daemon->loop, guest->pid, vm_process_ended, vm, &vm->process, &error) !=
            HOST_OK) {
            vm->process = NULL;
        }
    }
    vm_tell_started(vm, &fine);
}

static void on_lost(void *context, enum vmmlink_status status, const char *reason)
{
    struct vm *vm = context;
    struct host_error error = {.code = HOST_OK};

    (void)host_fail(
        &error,
        HOST_FAILED,
        "guest \"%s\": %s: %s",
        vm->file.name,
        vmmlink_status_sentence(status),
        reason);
    loop_fd_remove(vm->watch);
    vm->watch = NULL;
    if (vm->state == VM_STARTING || vm->state == VM_UP) {
        vm->state = VM_LOST;
        loop_timer_set(&vm->patience, host_now() + RECONNECT_REST);
    }
    vm_check_over(vm, &error);
    vm_tell_started(vm, &error);
}

static void on_died(void *context, const char *reason)
{
    struct vm *vm = context;

    vm->died = true;
    (void)snprintf(vm->died_reason, sizeof vm->died_reason, "%s", reason);
    daemon_event(
        vm->daemon,
        "vm.died",
        json_pack("{s:s, s:s}", "guest", vm->file.name, "status", vm->died_reason));
}

static void say_lines(struct vm *vm, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const bool full = vm->line_size + 1 == sizeof vm->line;
        if (text[i] == '\n' || full) {
            vm->line[vm->line_size] = '\0';
            (void)snprintf(vm->last_line, sizeof vm->last_line, "%s", vm->line);
            vm->line_size = 0;
            daemon_event(
                vm->daemon,
                "vm.serial",
                json_pack(
                    "{s:s, s:s%}",
                    "guest",
                    vm->file.name,
                    "line",
                    vm->last_line,
                    strlen(vm->last_line)));
        }
        if (text[i] >= ' ' && text[i] < 0x7f) {
            vm->line[vm->line_size] = text[i];
            vm->line_size++;
        }
    }
}

static void on_serial(void *context, uint64_t offset, const char *text, size_t size)
{
    (void)offset;
    say_lines(context, text, size);
}

void vm_check_over(struct vm *vm, const struct host_error *error)
{
    struct control_request *request = vm->check;

    vm->check = NULL;
    loop_timer_stop(&vm->check_timer);
    if (request == NULL) {
        return;
    }
    if (error != NULL) {
        control_fail(request, error, vm_state_name(vm));
        return;
    }
    control_reply(
        request,
        json_pack(
            "{s:s, s:I, s:I, s:I, s:s, s:I, s:I, s:I}",
            "guest",
            vm->file.name,
            "pages_owned",
            (json_int_t)vm->report.pages_owned,
            "bad_pages",
            (json_int_t)vm->report.bad_pages,
            "first_bad_page",
            (json_int_t)vm->report.first_bad_page,
            "first_bad_reason",
            vmmlink_bad_page_name(vm->report.first_bad_reason),
            "full_checks",
            (json_int_t)vm->report.full_checks,
            "longest_gap_ns",
            (json_int_t)vm->report.longest_gap_ns,
            "last_gap_ns",
            (json_int_t)vm->report.last_gap_ns));
}

void vm_check_late(void *context)
{
    vm_check_over(
        context,
        &(struct host_error){.code = HOST_TIMEOUT, .text = "the guest does not end its check"});
}

static void on_report(void *context, const struct vmmlink_report *report)
{
    struct vm *vm = context;
    const bool over = report->full_checks != vm->report.full_checks;

    vm->report = *report;
    if (over) {
        vm_check_over(vm, NULL);
    }
}

enum host_code vm_link_connect(struct vm *vm, struct host_error *error)
{
    const struct vmmlink_observer observer = {
        .up = on_up,
        .lost = on_lost,
        .died = on_died,
        .serial = on_serial,
        .report = on_report,
        .context = vm,
    };
    char path[CONFIG_PATH_MAX];
    char reason[HOST_ERROR_TEXT_MAX] = "";

    HOST_TRY(vm_path(vm, "vmm.sock", path, sizeof path, error));
    vm_link_closed(vm);
    const enum vmmlink_status status = vmmlink_create(
        &(struct vmmlink_config){.socket_path = path, .observer = &observer},
        host_now(),
        &vm->link,
        reason,
        sizeof reason);
    if (status != VMMLINK_OK) {
        vm->link = NULL;
        return host_fail(error, HOST_NOT_FOUND, "guest \"%s\": %s", vm->file.name, reason);
    }
    if (loop_fd_add(vm->daemon->loop, vmmlink_fd(vm->link), EPOLLIN, link_ready, vm, &vm->watch) !=
        HOST_OK) {
        vm_link_closed(vm);
        return host_fail(error, HOST_MEMORY, "guest \"%s\" cannot be watched", vm->file.name);
    }
    vm->state = VM_STARTING;
    watch_link(vm);
    return HOST_OK;
}

/* ---- requests ---- */

bool vm_answers(const struct vm *vm)
{
    return vm->link != NULL && vmmlink_is_up(vm->link);
}

struct vmmlink_call vm_call(const struct vm *vm, vmmlink_done done, void *context)
{
    return (struct vmmlink_call){
        .done = done,
        .context = context,
        .timeout = vm->daemon->config->timeouts.action,
        .now = host_now(),
    };
}

void vm_sent(struct vm *vm)
{
    watch_link(vm);
}
