/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.c -- changes on their way to the disk.
 *
 *     waiting --look()--> writing --worker--> written() --> tables, done()
 *
 * One job is under way at a time; while it is, changes wait, and the next job takes all of them that
 * fit. A job is a piece of the open log, if that is usable and has the space; otherwise a whole new
 * log of the tables and all that waits. A new log is also made ahead of need, when a session begins
 * and the log is three quarters full: not in the blackout of that session.
 *
 *     usable   the open log may be written. Not after a write or fdatasync of it has failed
 *     broken   some write or sync failed: journal_write() takes no new session any more
 *     full     the last new log found no space. What fits into the open one still goes there
 */
#include "engine/host/journal/queue.h"

#include "engine/host/base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void look(void *context);

void journal_take_image(struct journal *journal, const struct image *image)
{
    journal->log = image->log;
    journal->sequence = image->sequence;
    journal->used = image->used;
    journal->space = image->size;
    journal->usable = true;
    journal->full = false;
}

/* Is this the change that brings the session into the tables? */
static bool begins_session(const struct journal *journal, const struct change *change)
{
    return change->about_session && !change->forget &&
           tables_session(&journal->tables, change->session, change->role) == NULL;
}

static bool has_waiting_session(
    const struct change *list, struct ferry_session_id session, enum journal_role role)
{
    bool there = false;

    for (; list != NULL; list = list->next) {
        if (list->about_session && list->session.high == session.high &&
            list->session.low == session.low && list->role == role) {
            there = !list->forget;
        }
    }
    return there;
}

/* Reports each change of a list and frees it. */
static void finish(
    struct journal *journal,
    struct change *list,
    enum host_code code,
    const struct host_error *error)
{
    while (list != NULL) {
        struct change *change = list;

        list = change->next;
        journal->pending--;
        if (code == HOST_OK) {
            tables_apply(&journal->tables, change);
        }
        change->done(change->context, code, code == HOST_OK ? NULL : error);
        change_destroy(change);
    }
}

/* -- a job ends --------------------------------------------------------------------------------- */

static void note_failure(struct journal *journal, const struct job_result *result)
{
    (void)host_fail_errno(
        &journal->cause, result->number, "journal %s: %s", journal->folder, result->act);
    if (journal->job.whole && result->full) {
        journal->full = true;
        host_log_error(HOST_LOG_ERROR, "no session can begin", &journal->cause);
        return;
    }
    if (journal->cause.code == HOST_DISK_FULL) {
        journal->cause.code = HOST_IO; /* DISK_FULL promises that nothing was written */
    }
    host_error_step(
        &journal->cause,
        "check the disk, then restart ferryd: it writes the journal anew and carries on with the "
        "open sessions");
    journal->usable = false;
    journal->broken = true;
    host_log_error(HOST_LOG_ERROR, "no session can begin until the next start", &journal->cause);
}

static void job_ended(struct journal *journal, const struct job_result *result)
{
    struct change *written = journal->writing;
    struct host_error error;

    journal->writing = NULL;
    journal->busy = false;
    free(journal->buffer);
    journal->buffer = NULL;
    if (result->number != 0) {
        note_failure(journal, result);
    } else if (journal->job.whole) {
        journal_take_image(journal, &journal->image);
    } else {
        journal->used += journal->job.size;
        journal->last_write_time = result->took;
        for (const struct change *change = written; change != NULL; change = change->next) {
            journal->sequence++;
        }
    }
    error = journal->cause;
    finish(journal, written, result->number == 0 ? HOST_OK : error.code, &error);
}

static void on_finished(void *context)
{
    struct journal *journal = context;
    const struct job_result result = journal->worker.result;

    job_ended(journal, &result);
    look(journal);
}

/* -- a job begins ------------------------------------------------------------------------------- */

/* Takes changes off the waiting list as long as they fit into the open log. */
static size_t take_fitting(struct journal *journal)
{
    struct change **end = &journal->writing;
    size_t size = 0;

    while (journal->waiting != NULL &&
           size + frame_space(journal->waiting) <= journal->space - journal->used) {
        struct change *change = journal->waiting;

        size += frame_space(change);
        journal->waiting = change->next;
        change->next = NULL;
        *end = change;
        end = &change->next;
    }
    if (journal->waiting == NULL) {
        journal->last_waiting = NULL;
    }
    return size;
}

static bool begin_piece(struct journal *journal)
{
    struct frame_head head = {
        .log = journal->log,
        .sequence = journal->sequence,
        .durable = journal->sequence,
    };
    const size_t size = take_fitting(journal);

    journal->buffer = malloc(size);
    if (journal->buffer == NULL) {
        return false;
    }
    uint8_t *out = journal->buffer;

    for (const struct change *change = journal->writing; change != NULL; change = change->next) {
        head.sequence++;
        frame_encode(&head, change, out);
        out += frame_space(change);
    }
    journal->job = (struct job){.data = journal->buffer, .size = size, .offset = journal->used};
    return true;
}

static bool begin_whole(struct journal *journal, bool with_waiting, struct host_error *error)
{
    if (with_waiting) {
        journal->writing = journal->waiting;
        journal->waiting = NULL;
        journal->last_waiting = NULL;
    }
    journal->renew = false;
    if (image_create(
            &journal->tables, journal->writing, journal->log_size, &journal->image, error) !=
        HOST_OK) {
        return false;
    }
    journal->buffer = journal->image.data;
    journal->job = (struct job){
        .whole = true,
        .data = journal->image.data,
        .size = journal->image.size,
    };
    return true;
}

static bool wants_room(const struct journal *journal)
{
    if (journal->renew) {
        return true;
    }
    if (journal->full || journal->space - journal->used >= journal->space / 4) {
        return false;
    }
    for (const struct change *change = journal->waiting; change != NULL; change = change->next) {
        if (begins_session(journal, change)) {
            return true;
        }
    }
    return false;
}

static void look(void *context)
{
    struct journal *journal = context;
    struct host_error error;
    bool good = true;

    if (journal->busy || (journal->waiting == NULL && !journal->renew)) {
        return;
    }
    const bool fits =
        journal->waiting == NULL || frame_space(journal->waiting) <= journal->space - journal->used;

    (void)host_fail(&error, HOST_MEMORY, "no memory for the journal");
    if (!journal->usable || !fits) {
        good = begin_whole(journal, true, &error);
    } else if (!wants_room(journal) || !begin_whole(journal, false, &error)) {
        if (journal->waiting == NULL) {
            return;
        }
        good = begin_piece(journal);
    }
    if (!good) {
        struct change *failed = journal->writing;

        journal->writing = NULL;
        finish(journal, failed, error.code, &error);
        if (journal->waiting != NULL) {
            loop_post(journal->loop, &journal->kick);
        }
        return;
    }
    journal->busy = true;
    journal_worker_give(&journal->worker, &journal->job);
}

/* -- the doors ---------------------------------------------------------------------------------- */

enum host_code journal_takes_sessions(const struct journal *journal, struct host_error *error)
{
    size_t waiting = 0;

    if (journal->broken || journal->full) {
        if (error != NULL) {
            *error = journal->cause;
            error->code = journal->broken ? HOST_JOURNAL_CLOSED : HOST_DISK_FULL;
        }
        return journal->broken ? HOST_JOURNAL_CLOSED : HOST_DISK_FULL;
    }
    for (const struct change *change = journal->waiting; change != NULL; change = change->next) {
        waiting += begins_session(journal, change);
    }
    for (const struct change *change = journal->writing; change != NULL; change = change->next) {
        waiting += begins_session(journal, change);
    }
    if (journal->tables.session_count + waiting >= JOURNAL_SESSIONS_MAX) {
        (void)host_fail(
            error, HOST_LIMIT, "the journal holds %u open sessions", JOURNAL_SESSIONS_MAX);
        host_error_step(error, "end old sessions: ferry session list");
        return HOST_LIMIT;
    }
    return HOST_OK;
}

static enum host_code
check_sizes(const struct journal_transaction *transaction, struct host_error *error)
{
    const struct journal_guest *guest = transaction->guest;
    const struct ferry_record *record = transaction->record;

    if (record == NULL && transaction->note == NULL && !transaction->forget && guest == NULL) {
        return host_fail(error, HOST_USAGE, "a journal transaction without anything in it");
    }
    if ((record != NULL || transaction->note != NULL) && transaction->forget) {
        return host_fail(error, HOST_USAGE, "a session cannot be written and forgotten at once");
    }
    if (record != NULL && (record->kind < 1 || (unsigned)record->kind > JOURNAL_RECORDS_MAX ||
                           record->bytes.size > FERRY_RECORD_MAX)) {
        return host_fail(
            error,
            HOST_LIMIT,
            "a journal record of kind %d with %zu bytes",
            (int)record->kind,
            record->bytes.size);
    }
    if (transaction->note != NULL && transaction->note->size > JOURNAL_NOTE_MAX) {
        return host_fail(
            error, HOST_LIMIT, "a session's note of %zu bytes", transaction->note->size);
    }
    if (guest != NULL && guest->config.size > FERRY_GUEST_CONFIG_MAX) {
        return host_fail(
            error,
            HOST_LIMIT,
            "guest \"%s\": a configuration of %zu bytes; %u are allowed",
            guest->name,
            guest->config.size,
            FERRY_GUEST_CONFIG_MAX);
    }
    if (guest != NULL && (guest->guest_id == 0 || guest->fate < JOURNAL_FATE_HERE ||
                          guest->fate > JOURNAL_FATE_NOT_HERE)) {
        return host_fail(error, HOST_USAGE, "guest \"%s\": no id, or no fate", guest->name);
    }
    return HOST_OK;
}

/* The highest epoch of a guest, with what is on its way. */
static uint64_t highest_epoch(const struct journal *journal, uint64_t guest_id, bool *known_out)
{
    const struct stored_guest *stored = tables_guest(&journal->tables, guest_id);
    const struct change *const lists[] = {journal->writing, journal->waiting};
    uint64_t epoch = stored == NULL ? 0 : stored->view.epoch;

    *known_out = stored != NULL;
    for (size_t i = 0; i < 2; i++) {
        for (const struct change *change = lists[i]; change != NULL; change = change->next) {
            if (change->guest != NULL && change->guest->view.guest_id == guest_id) {
                *known_out = true;
                epoch = change->guest->view.epoch > epoch ? change->guest->view.epoch : epoch;
            }
        }
    }
    return epoch;
}

static enum host_code check_guest(
    const struct journal *journal, const struct journal_guest *guest, struct host_error *error)
{
    bool known = false;
    const uint64_t epoch = highest_epoch(journal, guest->guest_id, &known);

    if (guest->epoch < epoch) {
        return host_fail(
            error,
            HOST_USAGE,
            "guest \"%s\": epoch %" PRIu64 " is older than %" PRIu64 ", which is in the journal",
            guest->name,
            guest->epoch,
            epoch);
    }
    if (!known && journal->tables.guest_count + journal->pending >= JOURNAL_GUESTS_MAX) {
        return host_fail(
            error, HOST_LIMIT, "the journal holds the fate of %u guests", JOURNAL_GUESTS_MAX);
    }
    return HOST_OK;
}

static bool
is_new_session(const struct journal *journal, const struct journal_transaction *transaction)
{
    if (transaction->record == NULL && transaction->note == NULL) {
        return false;
    }
    return tables_session(&journal->tables, transaction->session, transaction->role) == NULL &&
           !has_waiting_session(journal->writing, transaction->session, transaction->role) &&
           !has_waiting_session(journal->waiting, transaction->session, transaction->role);
}

enum host_code journal_write(
    struct journal *journal,
    const struct journal_transaction *transaction,
    journal_done_function *done,
    void *context,
    struct host_error *error)
{
    HOST_TRY(check_sizes(transaction, error));
    if (journal->closing) {
        return host_fail(error, HOST_CLOSED, "the journal is being closed");
    }
    if (journal->pending >= JOURNAL_PENDING_MAX) {
        return host_fail(
            error, HOST_LIMIT, "%u journal transactions wait for the disk", JOURNAL_PENDING_MAX);
    }
    if (is_new_session(journal, transaction)) {
        const enum host_code code = journal_takes_sessions(journal, error);

        if (code == HOST_DISK_FULL) { /* there may be space again when it is asked the next time */
            journal->renew = true;
            loop_post(journal->loop, &journal->kick);
        }
        HOST_TRY(code);
    }
    if (transaction->guest != NULL) {
        HOST_TRY(check_guest(journal, transaction->guest, error));
    }
    struct change *change = change_create(transaction);

    if (change == NULL ||
        !tables_reserve(&journal->tables, journal->pending + 1, journal->pending + 1)) {
        change_destroy(change);
        return host_fail(error, HOST_MEMORY, "no memory for a journal transaction");
    }
    change->done = done;
    change->context = context;
    if (journal->waiting == NULL) {
        journal->waiting = change;
    } else {
        journal->last_waiting->next = change;
    }
    journal->last_waiting = change;
    journal->pending++;
    loop_post(journal->loop, &journal->kick);
    return HOST_OK;
}

bool journal_idle(const struct journal *journal)
{
    return journal->pending == 0 && !journal->busy && !journal->renew;
}

enum host_code journal_queue_start(struct journal *journal, struct host_error *error)
{
    struct loop_message finished;

    loop_message_init(&journal->kick, look, journal);
    loop_message_init(&finished, on_finished, journal);
    return journal_worker_start(&journal->worker, journal->io, journal->loop, finished, error);
}

void journal_queue_stop(struct journal *journal)
{
    struct host_error error;

    journal->closing = true;
    loop_message_cancel(journal->loop, &journal->kick);
    journal_worker_stop(&journal->worker);
    if (journal->busy) {
        const struct job_result result = journal->worker.result;

        job_ended(journal, &result);
    }
    (void)host_fail(&error, HOST_CLOSED, "the journal is being closed");
    struct change *waiting = journal->waiting;

    journal->waiting = NULL;
    finish(journal, waiting, HOST_CLOSED, &error);
}
