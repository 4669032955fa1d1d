/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.h -- ferryd, opened up: for the files of this room only.
 *
 * Who owns what:
 *   daemon     configuration, loop, journal, gate (the network's door), control socket; one a process
 *   vm         a guest of this host and the link to its process (vms.h)
 *   session    one half of one migration: an engine object, the queue of events for it (session.h)
 *   outlet     source: one (re)connection of a session: a control link and a sender a stream
 *   inlet      target: the same with receivers
 *   link       a control connection (link.h)
 *
 * Invariants:
 *   D-1  an engine object is entered from session_run() alone: an event in, then every action out,
 *        then its deadline is armed; the time handed to it is host_now().
 *   D-2  what the world has to tell an object is posted to its session, never called in.
 *   D-3  whoever waits for the end of something (a request to a guest's process, a journal's write,
 *        a worker) holds its session: a session is freed when nobody holds it any more.
 *   D-4  nothing on the loop's thread waits for a disk, a peer or a guest: it asks, and hears.
 *   D-5  what is told to operators during a pause is kept, and told a moment later (trace.h).
 */
#ifndef FERRY_HOST_DAEMON_DAEMON_H
#define FERRY_HOST_DAEMON_DAEMON_H

#include "engine/host/base/error.h"
#include "engine/host/config/config.h"
#include "engine/host/control/control.h"
#include "engine/host/daemon/mailbox.h"
#include "engine/host/journal/journal.h"
#include "engine/host/loop/loop.h"
#include "engine/host/transport/gate.h"
#include "engine/host/transport/security.h"
#include "ferry/types.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct dial;
struct outcome_entry;
struct parked;
struct session;
struct vm;

/* Ended migrations that `ferry status` still tells of. */
#define DAEMON_HISTORY_MAX 64U

struct daemon {
    struct host_config *config;
    struct loop *loop;
    struct journal *journal;
    struct transport_security *security;
    struct transport_gate *gate;
    struct mailbox gate_mail;
    bool gate_open;
    struct control_server *control;
    struct ferry_allocator allocator; /* of engine objects */
    struct vm *vms;
    struct session *sessions;
    struct session *waiting_first; /* those with events */
    struct session *waiting_last;
    struct loop_timer run;
    struct loop_timer wind_down;
    ferry_time_ns wind_down_until;
    struct dial *dials;
    uint64_t next_dial;
    uint32_t connections;  /* accepted, of all peers */
    struct parked *parked; /* payload connections whose control connection has not come yet */
    struct loop_timer parked_timer;
    uint32_t loading; /* guests that were asked whether they live, at the start */
    bool ready;       /* sessions of an earlier life are back: connections may come */
    bool ending;
    bool failed;              /* it cannot work: the exit status says so */
    ferry_time_ns started_at; /* wall clock */
    json_t *history;          /* ended migrations, oldest first */
    struct host_log_budget refusals;
};

/* -- daemon.c -- */
FERRY_NODISCARD
enum host_code
daemon_start(struct daemon *daemon, struct host_config *config, struct host_error *error);
/* Told to end: moves that can still be called off are, so that no guest stands still until the next
 * start; then the loop stops. */
void daemon_wind_down(struct daemon *daemon);
/* Guests run on; sessions stay in the journal. */
void daemon_stop(struct daemon *daemon);

/* -- session.c -- */
void sessions_run(struct daemon *daemon);

/* -- inbound.c: the gate's reports -- */
FERRY_NODISCARD
enum host_code inbound_prepare(struct daemon *daemon, struct host_error *error);
FERRY_NODISCARD
enum host_code inbound_open(struct daemon *daemon, struct host_error *error);
void inbound_close(struct daemon *daemon);

/* -- restart.c -- */
FERRY_NODISCARD
enum host_code restart_begin(struct daemon *daemon, struct host_error *error);

/* -- handlers.c: the table of control calls -- */
extern const struct control_call daemon_calls[];

/* -- events.c -- */
/* Tells subscribers; takes fields over. */
void daemon_event(struct daemon *daemon, const char *event, json_t *fields);

/* Memory that another guest may take here, bytes. */
uint64_t daemon_memory_free(const struct daemon *daemon);

#endif
