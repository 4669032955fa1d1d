/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers_vm_list.c -- vm.list: what the journal, the table of guests and their processes know.
 *
 *   every guest of the journal, then those that only the table has --> each process is asked for its
 *   guest's own account --> all have answered, or are too late --> the answer
 */
#include "engine/host/base/log.h"
#include "engine/host/daemon/handlers.h"
#include "engine/host/daemon/report.h"

#include <stdio.h>
#include <stdlib.h>

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
