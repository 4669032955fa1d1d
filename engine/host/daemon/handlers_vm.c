/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers_vm.c -- vm.run, vm.list, vm.stop.
 *
 *   vm.run: the journal says that the guest is this host's, durably --> its process is started
 *           --> it answers --> run(epoch) --> the answer
 *
 * So a guest that anybody ever saw running is in the journal of its owner; and after a reboot, a host
 * whose journal says that a guest went away refuses to start it, whatever its disks still hold.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/handlers.h"
#include "engine/host/daemon/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For a guest's check of all its memory. */
#define CHECK_LIMIT (60 * FERRY_SECOND)

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

/* ---- vm.run: what is asked for ---- */

static enum host_code
set_key(struct guestconfig *config, const char *key, const char *value, struct host_error *error)
{
    char reason[GUESTCONFIG_REASON_MAX];

    if (!guestconfig_set(config, key, value, reason)) {
        return host_fail(error, HOST_USAGE, "%s: %s", key, reason);
    }
    return HOST_OK;
}

/* "hotset size=64MiB rate=200MB/s" */
static enum host_code
set_workload(struct guestconfig *config, const char *text, struct host_error *error)
{
    char copy[512];
    char *rest = NULL;

    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy) {
        return host_fail(error, HOST_USAGE, "the workload's text is too long");
    }
    const char *kind = strtok_r(copy, " ", &rest);
    HOST_TRY(set_key(config, "workload", kind == NULL ? "" : kind, error));
    for (char *word = strtok_r(NULL, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        if (value == NULL) {
            return host_fail(error, HOST_USAGE, "\"%s\" is not KEY=VALUE", word);
        }
        *value = '\0';
        HOST_TRY(set_key(config, word, value + 1, error));
    }
    return HOST_OK;
}

static enum host_code set_text(
    struct guestconfig *config,
    const json_t *args,
    const char *key,
    const char *name,
    struct host_error *error)
{
    const char *value = NULL;

    HOST_TRY(control_arg_text(args, name, CONTROL_OPTIONAL, &value, error));
    return value == NULL ? HOST_OK : set_key(config, key, value, error);
}

static enum host_code set_number(
    struct guestconfig *config, const json_t *args, const char *name, struct host_error *error)
{
    uint64_t value = UINT64_MAX;
    char text[32];

    HOST_TRY(control_arg_number(args, name, CONTROL_OPTIONAL, &value, error));
    if (value == UINT64_MAX) {
        return HOST_OK;
    }
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return set_key(config, name, text, error);
}

static enum host_code
read_config(struct guestconfig *config, const json_t *args, struct host_error *error)
{
    char reason[GUESTCONFIG_REASON_MAX];
    const char *workload = NULL;

    HOST_TRY(set_number(config, args, "memory", error));
    HOST_TRY(set_number(config, args, "vcpus", error));
    HOST_TRY(set_text(config, args, "disk", "disk", error));
    HOST_TRY(set_text(config, args, "tap", "tap", error));
    HOST_TRY(set_text(config, args, "huge_pages", "huge_pages", error));
    HOST_TRY(control_arg_text(args, "workload", CONTROL_OPTIONAL, &workload, error));
    if (workload != NULL) {
        HOST_TRY(set_workload(config, workload, error));
    }
    if (!guestconfig_check(config, reason)) {
        return host_fail(error, HOST_USAGE, "%s", reason);
    }
    return HOST_OK;
}

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
    HOST_TRY(set_key(&file->config, "huge_pages", huge_pages_word(order->daemon->config), error));
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
    HOST_TRY(read_config(&order->file.config, args, error));
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

/* ---- vm.list ---- */

struct listing {
    struct daemon *daemon;
    struct control_request *request;
    json_t *guests;
    unsigned waiting; /* for processes' answers, and for the walk itself */
};

struct asking {
    struct listing *listing;
    json_t *entry; /* of listing->guests */
};

static void listing_step(struct listing *listing)
{
    listing->waiting--;
    if (listing->waiting == 0) {
        control_reply(listing->request, json_pack("{s:o}", "guests", listing->guests));
        free(listing);
    }
}

static json_t *report_json(const struct vmmlink_report *report)
{
    return json_pack(
        "{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
        "ready",
        (int)(report->workload_ready != 0),
        "heartbeat",
        (json_int_t)report->heartbeats,
        "longest_gap_ns",
        (json_int_t)report->longest_gap_ns,
        "last_gap_ns",
        (json_int_t)report->last_gap_ns,
        "backward_steps",
        (json_int_t)report->backward_steps,
        "pages_owned",
        (json_int_t)report->pages_owned,
        "pages_written",
        (json_int_t)report->pages_written,
        "pages_checked",
        (json_int_t)report->pages_checked,
        "full_checks",
        (json_int_t)report->full_checks,
        "bad_pages",
        (json_int_t)report->bad_pages);
}

/* The same keys, of a guest that gives no account. */
static json_t *no_report_json(void)
{
    return json_pack(
        "{s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n}",
        "ready",
        "heartbeat",
        "longest_gap_ns",
        "last_gap_ns",
        "backward_steps",
        "pages_owned",
        "pages_written",
        "pages_checked",
        "full_checks",
        "bad_pages");
}

static void counted(void *context, const struct vmmlink_reply *reply)
{
    struct asking *asking = context;

    if (reply->status == VMMLINK_OK && reply->counters.report_valid) {
        json_t *report = report_json(&reply->counters.report);
        (void)json_object_update(asking->entry, report);
        json_decref(report);
    }
    listing_step(asking->listing);
    free(asking);
}

static const char *list_state(const struct journal_guest *guest, const struct vm *vm)
{
    if (vm != NULL && vm->session != NULL && vm->session->outcome == NULL) {
        if (vm->session->target && !vm->session->running) {
            return "arriving";
        }
        if (!vm->session->target) {
            return "leaving";
        }
    }
    if (vm != NULL) {
        return vm_state_name(vm);
    }
    return guest != NULL && guest->fate == JOURNAL_FATE_HERE ? "down" : "away";
}

static const char *workload_name(enum guestconfig_workload workload)
{
    static const char *const names[] = {
        [GUESTCONFIG_IDLE] = "idle",
        [GUESTCONFIG_SWEEP] = "sweep",
        [GUESTCONFIG_UNIFORM] = "uniform",
        [GUESTCONFIG_HOTSET] = "hotset",
        [GUESTCONFIG_KV] = "kv",
        [GUESTCONFIG_SORT] = "sort",
    };

    return names[workload];
}

static json_t *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *
list_entry(const struct journal_guest *guest, const struct vm *vm, const struct guestfile *file)
{
    char id[SESSION_ID_TEXT];
    const bool alive = vm != NULL && vm->guest != NULL && vm->state == VM_UP;
    const bool moving = vm != NULL && vm->session != NULL;
    const bool moved = vm != NULL && vm->moved_in;
    json_t *entry = json_pack(
        "{s:s, s:o, s:I, s:s, s:o, s:s, s:o, s:I, s:I, s:s, s:o, s:o, s:o, s:o}",
        "guest",
        file->name,
        "guest_id",
        report_hex(file->id),
        "epoch",
        (json_int_t)(guest == NULL ? 0 : guest->epoch),
        "fate",
        guest == NULL ? "not-here" : journal_fate_name(guest->fate),
        "peer",
        text_or_null(guest == NULL ? NULL : guest->peer),
        "state",
        list_state(guest, vm),
        "pid",
        alive ? json_integer(vm->guest->pid) : json_null(),
        "memory",
        (json_int_t)file->config.memory,
        "vcpus",
        (json_int_t)file->config.vcpus,
        "workload",
        workload_name(file->config.workload),
        "session",
        moving ? json_string(session_text(vm->session->id, id)) : json_null(),
        "serial",
        text_or_null(vm == NULL ? NULL : vm->last_line),
        "clock_step_ns",
        moved ? json_integer(vm->clock_step) : json_null(),
        "moved_from",
        text_or_null(moved ? vm->moved_from : NULL));
    json_t *nothing = no_report_json();
    (void)json_object_update(entry, nothing);
    json_decref(nothing);
    return entry;
}

static void add_entry(
    struct listing *listing,
    const struct journal_guest *guest,
    struct vm *vm,
    const struct guestfile *file)
{
    json_t *entry = list_entry(guest, vm, file);

    (void)json_array_append_new(listing->guests, entry);
    struct asking *asking =
        vm != NULL && vm->state == VM_UP && vm_answers(vm) ? malloc(sizeof *asking) : NULL;
    if (asking == NULL) {
        return;
    }
    *asking = (struct asking){.listing = listing, .entry = entry};
    struct vmmlink_call call = vm_call(vm, counted, asking);
    call.timeout = FERRY_SECOND; /* a list shall not wait for the slowest guest */
    if (vmmlink_status(vm->link, &call) == VMMLINK_OK) {
        listing->waiting++;
    } else {
        free(asking);
    }
    vm_sent(vm);
}

static void add_guests(struct listing *listing)
{
    struct daemon *daemon = listing->daemon;
    const struct journal_guest *guest = NULL;

    for (size_t n = 0; (guest = journal_guest_at(daemon->journal, n)) != NULL; n++) {
        struct guestfile file = {.id = guest->guest_id, .config = guestconfig_default()};
        struct vm *vm = vms_find_id(daemon, guest->guest_id);
        (void)snprintf(file.name, sizeof file.name, "%s", guest->name);
        if (vm != NULL) {
            file = vm->file;
        } else if (guest->config.size != 0) {
            if (guestfile_decode(guest->config, &file, NULL) != HOST_OK) {
                host_log(HOST_LOG_WARNING, "the journal's entry of guest \"%s\" is odd", file.name);
            }
        }
        add_entry(listing, guest, vm, &file);
    }
    for (struct vm *vm = daemon->vms; vm != NULL; vm = vm->next) {
        if (journal_guest_by_id(daemon->journal, vm->file.id) == NULL) {
            add_entry(listing, NULL, vm, &vm->file);
        }
    }
}

void handle_vm_list(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {NULL};
    struct listing *listing = NULL;
    struct host_error error = {.code = HOST_MEMORY, .text = "no memory for the list of guests"};

    if (control_args_known(args, names, &error) == HOST_OK) {
        listing = calloc(1, sizeof *listing);
    }
    if (listing == NULL) {
        control_fail(request, &error, NULL);
        return;
    }
    *listing = (struct listing){
        .daemon = context, .request = request, .guests = json_array(), .waiting = 1};
    add_guests(listing);
    listing_step(listing);
}

/* ---- vm.check ---- */

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
