/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h -- one half of one migration on this host: an engine object, the queue of events for
 * it, and what the host needs to carry out its actions; see session.c.
 */
#ifndef FERRY_HOST_DAEMON_SESSION_H
#define FERRY_HOST_DAEMON_SESSION_H

#include "engine/host/daemon/daemon.h"
#include "engine/host/daemon/note.h"
#include "engine/host/daemon/trace.h"
#include "engine/host/daemon/vms.h"
#include "engine/host/dataplane/memory.h"
#include "engine/host/dataplane/report.h"
#include "engine/host/vmmlink/vmmlink.h"
#include "ferry/action.h"
#include "ferry/event.h"
#include "ferry/source.h"
#include "ferry/target.h"

struct inlet;
struct outlet;
struct session_event;
struct waiter;

struct move_options {
    uint16_t streams;
    enum ferry_mode mode;
    enum ferry_no_convergence on_no_convergence;
    ferry_time_ns blackout_limit;
    ferry_time_ns give_up_after;
    uint64_t bandwidth_cap;
};

struct session {
    struct daemon *daemon;
    struct session *next;
    struct session *next_waiting;
    struct ferry_session_id id;
    bool target;
    struct ferry_source *source_engine;
    struct ferry_target *target_engine;
    int state;       /* of the engine, as it last said */
    bool waiting;    /* in the daemon's queue of sessions with events */
    bool called_off; /* by the end of the daemon */
    bool closed;     /* CLOSED was taken */
    bool gone;       /* not in the table any more; freed when nobody holds it */
    bool restarted;  /* from the journal */
    unsigned references;
    struct session_event *first;
    struct session_event *last;
    struct loop_timer deadline;
    ferry_time_ns begun_at;
    struct session_note note;
    bool note_durable;
    struct ferry_stream_shape shape; /* source: of its streams, but attach and stream */
    struct ferry_region regions[FERRY_REGIONS_MAX];
    uint64_t total_pages;
    uint64_t epoch; /* of the guest's ownership at the source */
    struct vm *vm;  /* held; NULL: not here, or not yet */
    struct dataplane_memory *memory;
    struct mailbox mail; /* what the workers of the data plane say */
    unsigned workers;    /* that have not said CLOSED */
    struct session_trace trace;
    /* source */
    struct outlet *outlets; /* newest first */
    uint64_t detach_action; /* both sides: the DETACH that is not reported yet; 0: none */
    char link_reason[HOST_ERROR_TEXT_MAX]; /* why the last connection broke, or never stood */
    uint64_t rate;
    struct move_options limits; /* as asked for, and changed since */
    ferry_time_ns paused_at;    /* wall clock, as the guest's process said */
    json_t *outcome;            /* as docs/json.md has it; NULL: none yet */
    enum ferry_outcome_kind outcome_kind;
    struct control_request *order; /* claim or burn, until its record is durable */
    struct waiter *waiters;        /* control requests that wait for the outcome */
    /* target */
    struct inlet *inlets; /* newest first */
    uint32_t detached;    /* no connection of this attach or an older one is taken any more */
    bool prepared;        /* the guest's shell stands: payload may be placed */
    uint64_t preparing;   /* action that waits for it */
    struct guestfile arriving;
    struct loop_timer retry; /* an older process of this guest is still ending */
    ferry_time_ns retry_until;
    bool was_ready; /* READY may have been said */
    bool running;   /* the run call was done here */
    ferry_time_ns clock_step;
    uint32_t announcements;
};

/* ---- life ---- */

/* Into the table, without an engine object. NULL: no memory. */
struct session *session_create(struct daemon *daemon, struct ferry_session_id id, bool target);
struct session *session_find(const struct daemon *daemon, struct ferry_session_id id, bool target);
void session_hold(struct session *session);
void session_release(struct session *session);
/* Out of the table, at the end or because it never began: connections are closed, workers joined. */
void session_destroy(struct session *session);
/* The daemon ends: nothing is told to anybody. */
void sessions_close(struct daemon *daemon);

#define SESSION_ID_TEXT 33U
const char *session_text(struct ferry_session_id id, char text[SESSION_ID_TEXT]);
const char *session_state_name(const struct session *session); /* "copying"; of its engine */

/* ---- events ---- */

void session_post(struct session *session, const struct ferry_event *event);
void session_post_bytes(struct session *session, uint32_t attach, const uint8_t *data, size_t size);
void session_done(struct session *session, uint64_t action_id, enum ferry_status status);
void session_kick(struct session *session); /* actions may be waiting: take them soon */
/* An operator's command, answered by the engine at once. */
enum ferry_status session_command(struct session *session, const struct ferry_event *event);

/* ---- what both sides' actions do: session_journal.c, session_vm.c ---- */

void session_persist(struct session *session, const struct ferry_action *action);
void session_forget(struct session *session, const struct ferry_action *action);
/* An operator's claim or burn, answered when the record of it is durable. */
void order_add(struct session *session, struct control_request *request);
void order_over(struct session *session, const struct host_error *error);

void session_collect(struct session *session, const struct ferry_action *action);
void session_stop_logging(struct session *session, const struct ferry_action *action);
void session_pause(struct session *session, const struct ferry_action *action);
void session_resume(struct session *session, const struct ferry_action *action);
void session_throttle(struct session *session, const struct ferry_action *action);
void session_capture(struct session *session, const struct ferry_action *action);
void session_load(struct session *session, const struct ferry_action *action);
void session_free_guest(struct session *session, const struct ferry_action *action);
/* The data plane's view of the guest's memory; its link is up. */
FERRY_NODISCARD
enum ferry_status session_map_memory(struct session *session, bool fresh);

/* ---- source_world.c, target_world.c ---- */

void source_act(struct session *session, const struct ferry_action *action);
void target_act(struct session *session, const struct ferry_action *action);

/* Begins to move a guest that runs here. */
FERRY_NODISCARD
enum host_code source_begin(
    struct vm *vm,
    const struct host_peer *peer,
    const struct move_options *options,
    struct session **session_out,
    struct host_error *error);
/* From the journal; vm NULL: the guest's process is gone. */
FERRY_NODISCARD
enum host_code source_restart(
    struct daemon *daemon,
    const struct journal_session *records,
    const struct session_note *note,
    struct vm *vm,
    struct host_error *error);
/* For an incoming session that nobody knows, of this peer. */
FERRY_NODISCARD
enum host_code target_begin(
    struct daemon *daemon,
    struct ferry_session_id id,
    const char *peer,
    struct session **session_out,
    struct host_error *error);
FERRY_NODISCARD
enum host_code target_restart(
    struct daemon *daemon,
    const struct journal_session *records,
    const struct session_note *note,
    struct vm *vm,
    struct session **session_out,
    struct host_error *error);

/* Target: the guest runs here. */
void session_arrived(struct session *session);
/* The end of it, for the books and for those who wait: outcome.c. */
void session_outcome(struct session *session, const struct ferry_outcome *outcome);
/* Where the guest is now, as a sentence's part. */
const char *session_guest_state(const struct session *session, char *text, size_t size);

#endif
