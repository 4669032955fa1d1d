/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart.c -- a daemon that starts finds what an earlier one left: guests that run, and sessions
 * that are not over.
 *
 *   the folder of guests' processes --> connect to each --hello, or nobody there--> all asked
 *   all asked --> each session of the journal gets its engine object, told whether its guest lives
 *             --> processes that belong to no session and to no guest of this host are ended
 *             --> the door is opened
 *
 * Only then: a peer that asks earlier would be told of a session by somebody who does not know yet
 * whether its guest lives.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/daemon.h"
#include "engine/host/daemon/session.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* ---- sessions ---- */

static void bring_back(struct daemon *daemon, const struct journal_session *records)
{
    struct session_note note;
    struct session *session = NULL;
    struct host_error error;
    char text[SESSION_ID_TEXT];

    enum host_code code = note_decode(records->note, &note, &error);
    if (code == HOST_OK) {
        struct vm *vm = vms_find_id(daemon, note.guest_id);
        code = records->role == JOURNAL_ROLE_TARGET
                   ? target_restart(daemon, records, &note, vm, &session, &error)
                   : source_restart(daemon, records, &note, vm, &error);
    }
    if (code != HOST_OK) {
        host_error_prefix(&error, "session %s", session_text(records->session, text));
        host_log_error(HOST_LOG_ERROR, "the journal", &error);
    }
}

static void bring_all_back(struct daemon *daemon)
{
    const struct journal_session *records = NULL;

    for (size_t n = 0; (records = journal_session_at(daemon->journal, n)) != NULL; n++) {
        bring_back(daemon, records);
    }
}

/* ---- processes that nobody asks for any more ---- */

static void unwanted_ended(void *context, struct vm *vm, const struct host_error *error)
{
    (void)context;
    (void)vm;
    (void)error;
}

static void logging_stopped(void *context, const struct vmmlink_reply *reply)
{
    (void)context;
    (void)reply;
}

static void reconcile_one(struct daemon *daemon, struct vm *vm)
{
    const struct journal_guest *guest = journal_guest_by_id(daemon->journal, vm->file.id);
    const bool ours = guest != NULL && guest->fate == JOURNAL_FATE_HERE;

    if (vm->session != NULL) {
        return;
    }
    if (!ours) {
        host_log(HOST_LOG_NOTICE, "the process of guest \"%s\" is not wanted here", vm->file.name);
        vm_end(vm, true, unwanted_ended, NULL);
    } else if (vm_answers(vm) && vm->guest->logging) {
        const struct vmmlink_call call = vm_call(vm, logging_stopped, NULL);
        if (vmmlink_stop_logging(vm->link, &call) != VMMLINK_OK) {
            host_log(HOST_LOG_WARNING, "guest \"%s\" goes on logging", vm->file.name);
        }
        vm_sent(vm);
    }
}

static void reconcile(struct daemon *daemon)
{
    struct vm *next = NULL;

    for (struct vm *vm = daemon->vms; vm != NULL; vm = next) {
        next = vm->next;
        reconcile_one(daemon, vm);
    }
}

static void all_asked(struct daemon *daemon)
{
    struct host_error error;

    bring_all_back(daemon);
    reconcile(daemon);
    if (inbound_open(daemon, &error) != HOST_OK) {
        host_log_error(HOST_LOG_ERROR, "listening", &error);
        daemon->failed = true;
        loop_stop(daemon->loop);
        return;
    }
    daemon->ready = true;
    host_log(
        HOST_LOG_NOTICE,
        "ferryd of %s is ready, incarnation %u",
        daemon->config->host,
        journal_incarnation(daemon->journal));
    (void)sd_notify(0, "READY=1");
    daemon_event(
        daemon,
        "daemon.started",
        json_pack(
            "{s:s, s:i}",
            "host",
            daemon->config->host,
            "incarnation",
            (int)journal_incarnation(daemon->journal)));
}

/* ---- processes ---- */

static void one_asked(struct daemon *daemon)
{
    daemon->loading--;
    if (daemon->loading == 0) {
        all_asked(daemon);
    }
}

static void found(void *context, struct vm *vm, const struct host_error *error)
{
    (void)vm;
    if (error->code != HOST_OK) {
        host_log_error(HOST_LOG_WARNING, "a guest of an earlier life", error);
    }
    one_asked(context);
}

/* The identity of a guest whose process was found: from the journal, or from a session's note. */
static bool identify(const struct daemon *daemon, const char *name, struct guestfile *file)
{
    const struct journal_guest *guest = journal_guest_by_name(daemon->journal, name);
    const struct journal_session *records = NULL;
    struct session_note note;

    *file = (struct guestfile){.config = guestconfig_default()};
    (void)snprintf(file->name, sizeof file->name, "%.*s", FERRY_NAME_MAX, name);
    for (size_t n = 0; (records = journal_session_at(daemon->journal, n)) != NULL; n++) {
        if (note_decode(records->note, &note, NULL) == HOST_OK && strcmp(note.guest, name) == 0) {
            file->id = note.guest_id;
        }
    }
    if (guest != NULL && file->id == 0) {
        file->id = guest->guest_id;
    }
    if (guest != NULL && guest->config.size != 0 && guest->guest_id == file->id) {
        return guestfile_decode(guest->config, file, NULL) == HOST_OK;
    }
    if (file->id == 0) {
        file->id = UINT64_MAX - daemon->loading; /* nobody's: it is ended when all were asked */
    }
    return true;
}

static void look_at(struct daemon *daemon, const char *name)
{
    struct guestfile file;
    struct host_error error;
    struct vm *vm = NULL;

    if (!guestfile_name_valid(name) || !identify(daemon, name, &file) ||
        vms_add(daemon, &file, &vm, &error) != HOST_OK) {
        return;
    }
    daemon->loading++;
    if (vm_connect(vm, found, daemon, &error) != HOST_OK) {
        vms_remove(vm); /* nobody there: what is known of the guest is in the journal */
        daemon->loading--;
    }
}

enum host_code restart_begin(struct daemon *daemon, struct host_error *error)
{
    char path[CONFIG_PATH_MAX];

    HOST_TRY(vms_folder(daemon, "", path, sizeof path));
    HOST_TRY(folder_make(path, 0700, error));
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return host_fail_errno(error, errno, "%s cannot be read", path);
    }
    daemon->loading = 1; /* this reading itself */
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            look_at(daemon, entry->d_name);
        }
    }
    (void)closedir(folder);
    one_asked(daemon);
    return daemon->failed ? host_fail(error, HOST_FAILED, "the daemon cannot listen") : HOST_OK;
}
