/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h -- what a host must not forget: who owns which guest, and how far each open session is.
 *
 * Two tables. Sessions: the engine's records by (session, kind), and the daemon's own notes beside
 * them, until the session is forgotten. Guests: for each guest that was ever here the highest epoch,
 * its fate, its configuration, for ever. A change of both (OWNER of a session and the new epoch of
 * its guest) is one transaction: all of it or nothing is there after a crash.
 *
 * On disk, in a folder of its own:
 *     lock       held as long as the daemon lives, so that two daemons never share a journal
 *     journal    a log of checksummed transactions, its space written with zeros beforehand
 *     journal.new   the next log while it is written; means nothing
 *
 * Why a log, and not one file a record with rename: a record inside the blackout must cost one
 * fdatasync. Replacing a file costs the fsync of the file, the rename and the fsync of the folder;
 * appending into space that exists already changes no metadata, so the fdatasync writes one place.
 * Whatever is not inside a blackout may be slow: at each open, and when the space is used up, all
 * that counts is written into journal.new, which then takes the log's name (fsync, rename, fsync of
 * the folder).
 *
 * A transaction fills whole sectors of 512 bytes, so that a torn write of one never touches another,
 * and stands there twice, so that a flipped byte of a durable one is repaired from its twin instead
 * of passing for a torn tail. What is torn at the end was never reported durable and is dropped. A
 * transaction that is missing in front of a good one is damage: the journal does not open, since it
 * no longer knows whom it may have granted.
 *
 * Writing happens in a worker thread, in the order of the calls; several waiting transactions share
 * one fdatasync. A failed write or fdatasync is never tried again: the transactions of that batch
 * are reported failed (whether they are durable is unknown), the log is written no more, and the
 * journal takes no new session until the daemon starts again. Records of open sessions are still
 * taken: for them a whole new log is written, without what failed, which trusts nothing that the
 * kernel may have dropped.
 *
 * A full disk does not break it: space is taken when a log is made. When the next log finds none,
 * the transaction that needed it is reported as DISK_FULL, nothing else is lost, and new sessions
 * are refused until a log could be made.
 */
#ifndef FERRY_HOST_JOURNAL_JOURNAL_H
#define FERRY_HOST_JOURNAL_JOURNAL_H

#include "engine/host/base/error.h"
#include "engine/host/journal/journal_io.h"
#include "engine/host/loop/loop.h"
#include "ferry/action.h"
#include "ferry/limits.h"
#include "ferry/source.h"
#include "ferry/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open sessions of both roles: far beyond what a host moves at once, and a bound on memory. */
#define JOURNAL_SESSIONS_MAX 1024U
/* Guests whose fate is kept. A host sees a few thousand in its life; 64 Ki bound the file. */
#define JOURNAL_GUESTS_MAX 65536U
/* Transactions that wait for the worker. */
#define JOURNAL_PENDING_MAX 256U
/* The daemon's note beside a session, bytes. */
#define JOURNAL_NOTE_MAX 16384U
/* Records of one session: the engine's kinds. */
#define JOURNAL_RECORDS_MAX 16U

struct journal; /* opaque */

struct journal_options {
    struct loop *loop;
    const char *folder;          /* made if it is not there, mode 0700 */
    const struct journal_io *io; /* NULL: the real one */
    uint64_t log_size;           /* bytes of a log's space; 0: 2 MiB */
};

/* Reads what is there, makes the higher incarnation durable, starts the worker. Blocks. LOCKED,
 * DAMAGED, DISK_FULL, IO, PERMISSION, MEMORY. */
FERRY_NODISCARD
enum host_code journal_open(
    const struct journal_options *options, struct journal **journal_out, struct host_error *error);
/* Waits for what is being written; what still waited is reported as CLOSED. NULL is fine. */
void journal_close(struct journal *journal);

/* Random, never 0, made with the journal; another one after a reinstallation. */
uint64_t journal_id(const struct journal *journal);
/* How often this journal was opened, from 1. After 65535 comes 1 again. */
uint16_t journal_incarnation(const struct journal *journal);
/* May a new session begin? JOURNAL_CLOSED after a failed write, DISK_FULL without space, LIMIT at
 * JOURNAL_SESSIONS_MAX. */
FERRY_NODISCARD
enum host_code journal_takes_sessions(const struct journal *journal, struct host_error *error);

/* -- guests ------------------------------------------------------------------------------------- */

/* Never 0; the numbers are on disk. */
enum journal_fate {
    JOURNAL_FATE_HERE = 1, /* this host owns it and may start it */
    JOURNAL_FATE_MOVED,    /* another host owns it: `peer` */
    JOURNAL_FATE_GRANTED,  /* granted to `peer`, which has not answered: nobody here may start it */
    JOURNAL_FATE_STOPPED,  /* ended here by order; nobody runs it, the name is free */
    JOURNAL_FATE_NOT_HERE, /* was about to come here and did not (burned): the peer owns it */
};
const char *journal_fate_name(enum journal_fate fate); /* "here", "moved" ..; never NULL */

struct journal_guest {
    uint64_t guest_id; /* never 0 */
    uint64_t epoch;    /* the highest that this host knows of */
    enum journal_fate fate;
    char name[FERRY_NAME_MAX + 1];
    char peer[FERRY_NAME_MAX + 1]; /* "" where there is none */
    struct ferry_bytes config;     /* as given to vm.run, at most FERRY_GUEST_CONFIG_MAX */
};

/* The n-th guest, in the order in which they came; NULL behind the last. Valid until the next turn
 * of the loop. */
const struct journal_guest *journal_guest_at(const struct journal *journal, size_t n);
const struct journal_guest *journal_guest_by_id(const struct journal *journal, uint64_t guest_id);
/* The one with fate HERE, else the one that came last. */
const struct journal_guest *journal_guest_by_name(const struct journal *journal, const char *name);

/* -- sessions ----------------------------------------------------------------------------------- */

enum journal_role { JOURNAL_ROLE_SOURCE = 1, JOURNAL_ROLE_TARGET };

struct journal_session {
    struct ferry_session_id session;
    enum journal_role role;
    struct ferry_bytes note; /* the daemon's: peer, options ..; empty where none was written */
    size_t record_count;
    struct ferry_record records[JOURNAL_RECORDS_MAX]; /* in the order of their first writing */
};

/* The n-th open session; NULL behind the last. Valid until the next turn of the loop. Both roles of
 * one session id may be here (a guest moved within one host in a test): they are two sessions. */
const struct journal_session *journal_session_at(const struct journal *journal, size_t n);
const struct journal_session *journal_session_find(
    const struct journal *journal, struct ferry_session_id session, enum journal_role role);
const struct ferry_record *
journal_record_find(const struct journal_session *session, enum ferry_record_kind kind);

/* -- transactions ------------------------------------------------------------------------------- */

/* code OK: durable, and in the tables. Otherwise nothing is in the tables; whether it is on the
 * disk is unknown (but not after DISK_FULL, LIMIT and CLOSED: then it is not). */
typedef void
journal_done_function(void *context, enum host_code code, const struct host_error *error);

/* All parts are optional; those that are given become durable together. */
struct journal_transaction {
    struct ferry_session_id session; /* with record, note or forget */
    enum journal_role role;
    const struct ferry_record *record; /* replaces the one of its kind */
    const struct ferry_bytes *note;    /* replaces the session's */
    bool forget;                       /* the session with all its records and its note */
    const struct journal_guest *guest; /* replaces the guest's entry; a lower epoch is refused */
};

/* Copies what it needs. `done` is called on the loop's thread, once, never from inside this call,
 * in the order of the calls. Not taken, and `done` never called, if the code is not OK: LIMIT (256
 * are waiting, a size, the tables are full), JOURNAL_CLOSED (the session is new, and the journal
 * takes none), USAGE (nothing given, epoch too low). */
FERRY_NODISCARD
enum host_code journal_write(
    struct journal *journal,
    const struct journal_transaction *transaction,
    journal_done_function *done,
    void *context,
    struct host_error *error);

/* Nothing waits and nothing is being written. */
bool journal_idle(const struct journal *journal);
/* How long the last write and fdatasync took: the engine's journal_estimate. 0: none yet. */
ferry_time_ns journal_last_write_time(const struct journal *journal);

#endif
