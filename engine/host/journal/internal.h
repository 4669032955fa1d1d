/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h -- the parts of the journal: changes, tables, the log's format, the worker.
 *
 * A change is a transaction with memory of its own. It is made when journal_write() is called (or
 * when a log is read), and carries everything that the tables will need, so that applying it after
 * it became durable only moves pointers and cannot fail.
 */
#ifndef FERRY_HOST_JOURNAL_INTERNAL_H
#define FERRY_HOST_JOURNAL_INTERNAL_H

#include "engine/host/journal/journal.h"

#include <pthread.h>

#define JOURNAL_SECTOR 512U
/* The largest transaction: a note, a record, a guest's configuration, and what frames them. */
#define JOURNAL_FRAME_MAX 65536U
#define JOURNAL_LOG_SIZE  (2U << 20)
/* No journal is larger: all guests with the largest configuration. */
#define JOURNAL_FILE_MAX ((uint64_t)4 << 30)
#define JOURNAL_NAME     "journal"
#define JOURNAL_NAME_NEW "journal.new"

/* -- changes: change.c -------------------------------------------------------------------------- */

struct stored_session {
    struct journal_session view; /* its bytes point into memory that is this session's own */
};

struct stored_guest {
    struct journal_guest view; /* config too */
};

struct change {
    bool about_session; /* session and role count */
    struct ferry_session_id session;
    enum journal_role role;
    struct stored_session *fresh; /* for the table, if the session is not in it yet */
    const uint8_t *record;        /* own memory; NULL: none */
    size_t record_size;
    enum ferry_record_kind record_kind;
    const uint8_t *note;
    size_t note_size;
    bool has_note;
    bool forget;
    struct stored_guest *guest; /* NULL: none */

    /* of a log's first transaction */
    bool about_journal;
    uint64_t journal_id;
    uint16_t incarnation;
    uint32_t snapshot_frames;

    /* while it waits */
    struct change *next;
    journal_done_function *done;
    void *context;
};

/* Frees memory that is read through a pointer to const. */
void bytes_free(const uint8_t *bytes);

/* NULL: no memory. */
struct change *change_create(const struct journal_transaction *transaction);
void change_destroy(struct change *change); /* NULL is fine */

/* -- the log's format: format.c ----------------------------------------------------------------- */

struct frame_head {
    uint64_t log;      /* random: of this log file */
    uint64_t sequence; /* from 1 */
    uint64_t durable;  /* the last transaction that was known durable when this one was written */
};

/* Bytes in the log, both copies. */
size_t frame_space(const struct change *change);
/* Writes both copies; out has frame_space() bytes. */
void frame_encode(const struct frame_head *head, const struct change *change, uint8_t *out);
/* Is there a good frame at data? size_out: of one copy, padded. */
bool frame_check(const uint8_t *data, size_t size, struct frame_head *head_out, size_t *size_out);
/* PROTOCOL if a good checksum holds nonsense (another version), MEMORY. */
enum host_code frame_decode(const uint8_t *data, struct change **change_out);

/* -- tables: tables.c --------------------------------------------------------------------------- */

struct tables {
    uint64_t journal_id;
    uint16_t incarnation;
    uint32_t snapshot_frames;
    struct stored_session **sessions;
    size_t session_count;
    size_t session_room;
    struct stored_guest **guests;
    size_t guest_count;
    size_t guest_room;
};

/* Room for so many more of each: nothing in tables_apply() allocates. */
bool tables_reserve(struct tables *tables, size_t sessions, size_t guests);
/* Moves what the change holds into the tables. */
void tables_apply(struct tables *tables, struct change *change);
struct stored_session *tables_session(
    const struct tables *tables, struct ferry_session_id session, enum journal_role role);
struct stored_guest *tables_guest(const struct tables *tables, uint64_t guest_id);
void tables_release(struct tables *tables);

/* -- reading: recover.c ------------------------------------------------------------------------- */

struct recovery {
    uint64_t frames;
    uint64_t repaired; /* one copy of two was bad */
    uint64_t torn_at;  /* offset of a tail that was dropped; 0: none */
};

enum host_code journal_recover(
    const uint8_t *data,
    size_t size,
    struct tables *tables,
    struct recovery *recovery_out,
    struct host_error *error);

/* -- writing: image.c, worker.c ----------------------------------------------------------------- */

/* A whole new log: tables, the changes of a list, zeros. */
struct image {
    uint8_t *data;
    size_t size; /* with the zeros */
    size_t used;
    uint64_t log;
    uint64_t sequence; /* of the last transaction in it */
};
/* MEMORY, LIMIT. */
enum host_code image_create(
    const struct tables *tables,
    const struct change *changes,
    uint64_t log_size,
    struct image *image_out,
    struct host_error *error);

struct job {
    bool whole; /* a new log; else a piece of the open one */
    const uint8_t *data;
    size_t size;
    uint64_t offset; /* of a piece */
};

struct job_result {
    int number;      /* errno's value, 0 */
    const char *act; /* what failed */
    bool full;       /* no space for a new log; the open one is as it was */
    ferry_time_ns took;
};

/* Carries out a job: called by the worker, and while opening. */
struct job_result job_run(const struct journal_io *io, const struct job *job);

struct worker {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t news;
    const struct journal_io *io;
    struct loop *loop;
    struct loop_message finished;
    const struct job *job; /* under way; NULL: idle */
    struct job_result result;
    bool quit;
};

enum host_code journal_worker_start(
    struct worker *worker,
    const struct journal_io *io,
    struct loop *loop,
    struct loop_message finished,
    struct host_error *error);
void journal_worker_give(struct worker *worker, const struct job *job);
/* Joins the thread, which ends the job that it has; the result stays in worker->result. */
void journal_worker_stop(struct worker *worker);

struct journal {
    struct journal_io own_io; /* used when none was given */
    const struct journal_io *io;
    struct loop *loop;
    char *folder;
    uint64_t log_size;
    struct tables tables;
    struct worker worker;
    bool folder_open;

    /* the log */
    uint64_t log;
    uint64_t sequence; /* the last that is in it, and durable */
    uint64_t used;     /* bytes */
    uint64_t space;
    bool usable; /* it can be appended to */
    bool broken; /* a write failed: no new session until the next start */
    bool full;   /* the last new log found no space */
    bool closing;
    bool renew;              /* a new log is wanted, though nothing needs it yet */
    struct host_error cause; /* why broken or full */
    ferry_time_ns last_write_time;

    /* changes: those being written, then those that wait */
    struct change *writing;
    bool busy; /* the worker has `job` */
    struct job job;
    uint8_t *buffer;
    struct image image; /* of a whole job */
    struct change *waiting;
    struct change *last_waiting;
    size_t pending;
    struct loop_message kick; /* from journal_write() to itself: look at what waits */
};

#endif
