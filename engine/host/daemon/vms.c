/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vms.c -- the guests of this host: each a process of its own, which this daemon may find again.
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
#include "engine/host/daemon/vms.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/daemon.h"
#include "engine/host/daemon/handlers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For a process to end that was asked to, before it is killed. */
#define END_PATIENCE (3 * FERRY_SECOND)
/* Between two tries to reach a process whose link went down. */
#define RECONNECT_REST (500 * FERRY_MILLISECOND)

static void link_closed(struct vm *vm);
static void process_ended(void *context, bool exited, int value);

/* ---- the table ---- */

enum host_code vms_folder(const struct daemon *daemon, const char *name, char *path, size_t size)
{
    const int length = snprintf(path, size, "%s/vm/%s", daemon->config->state_dir, name);

    return length < 0 || (size_t)length >= size ? HOST_LIMIT : HOST_OK;
}

static enum host_code
path_of(const struct vm *vm, const char *what, char *path, size_t size, struct host_error *error)
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

static void link_deadline(void *context);
static void patience_over(void *context);
static void check_late(void *context);

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
    loop_timer_init(&vm->timer, daemon->loop, link_deadline, vm);
    loop_timer_init(&vm->patience, daemon->loop, patience_over, vm);
    loop_timer_init(&vm->check_timer, daemon->loop, check_late, vm);
    vm->next = daemon->vms;
    daemon->vms = vm;
    *vm_out = vm;
    return HOST_OK;
}

static void bury(struct vm *vm)
{
    if (vm->forgotten && vm->references == 0) {
        link_closed(vm);
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
        if (path_of(vm, names[i], path, sizeof path, NULL) == HOST_OK) {
            (void)unlink(path);
        }
    }
    if (vms_folder(vm->daemon, vm->file.name, path, sizeof path) == HOST_OK) {
        (void)rmdir(path);
    }
}

static void leave_table(struct vm *vm)
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
    leave_table(vm);
    bury(vm);
}

/* ---- who waits ---- */

static void tell_started(struct vm *vm, const struct host_error *error)
{
    vm_done *done = vm->started;

    vm->started = NULL;
    if (done != NULL) {
        done(vm->started_context, vm, error);
    }
}

static void tell_ended(struct vm *vm)
{
    static const struct host_error fine = {.code = HOST_OK};
    vm_done *done = vm->ended;

    vm->ended = NULL;
    if (done != NULL) {
        done(vm->ended_context, vm, &fine);
    }
}

/* ---- the link ---- */

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

static void link_deadline(void *context)
{
    struct vm *vm = context;

    if (vm->link != NULL) {
        vmmlink_tick(vm->link, host_now());
        watch_link(vm);
    }
}

/* Not from inside of the link's own calls. */
static void link_closed(struct vm *vm)
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
                vm->daemon->loop, guest->pid, process_ended, vm, &vm->process, &error) != HOST_OK) {
            vm->process = NULL;
        }
    }
    tell_started(vm, &fine);
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
    tell_started(vm, &error);
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

static void check_late(void *context)
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

static enum host_code connect_link(struct vm *vm, struct host_error *error)
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

    HOST_TRY(path_of(vm, "vmm.sock", path, sizeof path, error));
    link_closed(vm);
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
        link_closed(vm);
        return host_fail(error, HOST_MEMORY, "guest \"%s\" cannot be watched", vm->file.name);
    }
    vm->state = VM_STARTING;
    watch_link(vm);
    return HOST_OK;
}

/* ---- the process ---- */

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
    tell_started(
        vm, &(struct host_error){.code = HOST_FAILED, .text = "the guest's process has ended"});
    tell_ended(vm);
    if (remove) {
        leave_table(vm);
    }
    vm_release(vm, NULL);
}

static void process_ended(void *context, bool exited, int value)
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

static void patience_over(void *context)
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
    if (vm->state == VM_LOST && vm->references == 0 && connect_link(vm, &error) != HOST_OK) {
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

    HOST_TRY(path_of(vm, "vmm.sock", socket_path, sizeof socket_path, error));
    HOST_TRY(path_of(vm, "vmm.log", log_path, sizeof log_path, error));
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
        loop_child_add(vm->daemon->loop, pid, process_ended, vm, &vm->process, error);
    if (code == HOST_OK) {
        code = connect_link(vm, error);
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
    HOST_TRY(connect_link(vm, error));
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
        link_closed(vm); /* the memory of a process that is gone was kept for its holders alone */
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
        link_closed(vm);
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
