/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c -- opening, closing, and what is asked of the tables.
 *
 * To open is: take the lock, read the log, count the incarnation up, write all of it as a new log.
 * So a journal that is open has always a whole log behind it, whatever the old one looked like, and
 * the incarnation is durable before anybody sees it.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/journal/queue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum host_code open_folder(struct journal *journal, struct host_error *error)
{
    const int failed = journal->io->open_folder(journal->io->context, journal->folder);

    if (failed == EWOULDBLOCK) {
        (void)host_fail(error, HOST_LOCKED, "journal %s: another ferryd uses it", journal->folder);
        host_error_step(
            error, "stop that daemon (its process id stands in %s/lock)", journal->folder);
        return HOST_LOCKED;
    }
    if (failed != 0) {
        return host_fail_errno(error, failed, "journal %s", journal->folder);
    }
    journal->folder_open = true;
    return HOST_OK;
}

static void tell_recovery(const struct journal *journal, const struct recovery *recovery)
{
    host_log(
        HOST_LOG_INFO,
        "journal %s: %" PRIu64 " transactions, %zu guests, %zu open sessions",
        journal->folder,
        recovery->frames,
        journal->tables.guest_count,
        journal->tables.session_count);
    if (recovery->repaired > 0) {
        host_log(
            HOST_LOG_WARNING,
            "journal %s: %" PRIu64 " transactions had one bad copy and were read from the other; "
            "the disk may be failing",
            journal->folder,
            recovery->repaired);
    }
    if (recovery->torn_at != 0) {
        host_log(
            HOST_LOG_NOTICE,
            "journal %s: a write at byte %" PRIu64 " was never ended and is dropped",
            journal->folder,
            recovery->torn_at);
    }
}

static enum host_code read_log(struct journal *journal, struct host_error *error)
{
    uint8_t *data = NULL;
    size_t size = 0;
    struct recovery recovery;
    const int failed = journal->io->read_log(journal->io->context, JOURNAL_FILE_MAX, &data, &size);

    if (failed == ENOENT) {
        do {
            host_random(&journal->tables.journal_id, sizeof journal->tables.journal_id);
        } while (journal->tables.journal_id == 0);
        host_log(HOST_LOG_NOTICE, "journal %s: a new one", journal->folder);
        return HOST_OK;
    }
    if (failed != 0) {
        return host_fail_errno(error, failed, "journal %s: reading it", journal->folder);
    }
    const enum host_code code = journal_recover(data, size, &journal->tables, &recovery, error);

    free(data);
    if (code != HOST_OK) {
        host_error_prefix(error, "journal %s", journal->folder);
        return code;
    }
    tell_recovery(journal, &recovery);
    return HOST_OK;
}

/* The first log of this life. */
static enum host_code write_first(struct journal *journal, struct host_error *error)
{
    struct image image = {.data = NULL};

    journal->tables.incarnation++;
    if (journal->tables.incarnation == 0) {
        journal->tables.incarnation = 1;
    }
    HOST_TRY(image_create(&journal->tables, NULL, journal->log_size, &image, error));
    const struct job job = {.whole = true, .data = image.data, .size = image.size};
    const struct job_result result = job_run(journal->io, &job);

    free(image.data);
    if (result.number != 0) {
        return host_fail_errno(error, result.number, "journal %s: %s", journal->folder, result.act);
    }
    journal_take_image(journal, &image);
    return HOST_OK;
}

static void release(struct journal *journal)
{
    if (journal->folder_open) {
        journal->io->close_folder(journal->io->context);
    }
    if (journal->io == &journal->own_io) {
        journal_files_destroy(&journal->own_io);
    }
    tables_release(&journal->tables);
    free(journal->folder);
    free(journal);
}

enum host_code journal_open(
    const struct journal_options *options, struct journal **journal_out, struct host_error *error)
{
    struct journal *journal = calloc(1, sizeof *journal);
    char *folder = strdup(options->folder);

    if (journal == NULL || folder == NULL) {
        free(journal);
        free(folder);
        return host_fail(error, HOST_MEMORY, "no memory for the journal");
    }
    journal->folder = folder;
    journal->loop = options->loop;
    journal->log_size = options->log_size == 0 ? JOURNAL_LOG_SIZE : options->log_size;
    journal->io = options->io;
    if (journal->io == NULL) {
        if (journal_files_create(&journal->own_io) != 0) {
            release(journal);
            return host_fail(error, HOST_MEMORY, "no memory for the journal");
        }
        journal->io = &journal->own_io;
    }
    enum host_code code = open_folder(journal, error);

    if (code == HOST_OK) {
        code = read_log(journal, error);
    }
    if (code == HOST_OK) {
        code = write_first(journal, error);
    }
    if (code == HOST_OK) {
        code = journal_queue_start(journal, error);
    }
    if (code != HOST_OK) {
        release(journal);
        return code;
    }
    *journal_out = journal;
    return HOST_OK;
}

void journal_close(struct journal *journal)
{
    if (journal != NULL) {
        journal_queue_stop(journal);
        release(journal);
    }
}

uint64_t journal_id(const struct journal *journal)
{
    return journal->tables.journal_id;
}

uint16_t journal_incarnation(const struct journal *journal)
{
    return journal->tables.incarnation;
}

ferry_time_ns journal_last_write_time(const struct journal *journal)
{
    return journal->last_write_time;
}

const char *journal_fate_name(enum journal_fate fate)
{
    switch (fate) {
    case JOURNAL_FATE_HERE: return "here";
    case JOURNAL_FATE_MOVED: return "moved";
    case JOURNAL_FATE_GRANTED: return "granted";
    case JOURNAL_FATE_STOPPED: return "stopped";
    case JOURNAL_FATE_NOT_HERE: return "not-here";
    }
    return "?";
}

const struct journal_guest *journal_guest_at(const struct journal *journal, size_t n)
{
    return n < journal->tables.guest_count ? &journal->tables.guests[n]->view : NULL;
}

const struct journal_guest *journal_guest_by_id(const struct journal *journal, uint64_t guest_id)
{
    const struct stored_guest *guest = tables_guest(&journal->tables, guest_id);

    return guest == NULL ? NULL : &guest->view;
}

const struct journal_guest *journal_guest_by_name(const struct journal *journal, const char *name)
{
    const struct journal_guest *best = NULL;

    for (size_t i = 0; i < journal->tables.guest_count; i++) {
        const struct journal_guest *guest = &journal->tables.guests[i]->view;

        if (strcmp(guest->name, name) == 0 && (best == NULL || best->fate != JOURNAL_FATE_HERE)) {
            best = guest;
        }
    }
    return best;
}

const struct journal_session *journal_session_at(const struct journal *journal, size_t n)
{
    return n < journal->tables.session_count ? &journal->tables.sessions[n]->view : NULL;
}

const struct journal_session *journal_session_find(
    const struct journal *journal, struct ferry_session_id session, enum journal_role role)
{
    const struct stored_session *found = tables_session(&journal->tables, session, role);

    return found == NULL ? NULL : &found->view;
}

const struct ferry_record *
journal_record_find(const struct journal_session *session, enum ferry_record_kind kind)
{
    for (size_t i = 0; i < session->record_count; i++) {
        if (session->records[i].kind == kind) {
            return &session->records[i];
        }
    }
    return NULL;
}
