/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result.h -- all that one run of a scenario has to say: the world fills it, the reports read it.
 *
 * Who does what:
 *   the command   sim_result_init(), wishes (`log`, `want_timeline`), wall_ns, sim_result_deinit();
 *   the world     everything which happens: migrations, clients, guests, events, spans, failures of
 *                 invariants, hash, virtual_ns; in order of virtual time where it appends;
 *   judge.h       failures of the scenario's expectations, from what stands here. The world does
 *                 not judge them.
 *
 * Invariants:
 *   R-1  guests, hosts, networks and steps are indices into `scenario`, which outlives the result;
 *        SIM_RESULT_NONE where there is none.
 *   R-2  times are int64_t nanoseconds of virtual time; only the writers turn them into seconds.
 *   R-3  strings of events, spans and samples are literals or belong to the scenario: they are not
 *        copied. Messages of failures and reasons are copied.
 *   R-4  nothing here decides or is hashed: a run is the same with and without log or timeline.
 *   R-5  running out of memory aborts with a message; the process belongs to this one run.
 */
#ifndef FERRY_SIM_REPORT_RESULT_H
#define FERRY_SIM_REPORT_RESULT_H

#include "ferry/outcome.h"
#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SIM_RESULT_NONE UINT32_MAX

/* Events kept of each side of each migration, and of the world, for the screen of a failing run. */
#define SIM_RESULT_RECENT 24U

/* Of these so many may be later than an alarm. */
#define SIM_RESULT_AFTER_ALARM 6U

/* Of a migration and the world around it, as they were when its outcome came: so many, the last few later. */
#define SIM_RESULT_ENDING        16U
#define SIM_RESULT_AFTER_OUTCOME 4U

#define SIM_EVENT_FIELDS 4U

enum sim_verdict {
    SIM_VERDICT_PASS = 0,
    SIM_VERDICT_FAIL,  /* an expectation or an invariant does not hold */
    SIM_VERDICT_ERROR, /* the run itself did not come to its end, so nothing is known */
};

/* ---- migrations ---- */

struct sim_ending;

struct sim_migration {
    uint32_t guest;
    uint32_t from;
    uint32_t to;
    uint32_t step;         /* the move or drain which asked for it */
    int64_t asked_at_ns;   /* when the operator or the drain asked */
    int64_t queued_ns;     /* from then until its session started; not part of total_ns */
    int64_t started_at_ns; /* session start */
    int64_t paused_at_ns;  /* begin of the pause that ended at the target; 0 unless completed */
    struct ferry_outcome outcome;               /* set through sim_result_outcome() */
    struct ferry_round *rounds;                 /* owned copy of outcome.rounds */
    struct sim_ending *ending;                  /* owned; NULL: the run ended before it was whole */
    enum scenario_session_state source_session; /* at the end: what the journals say of it */
    enum scenario_session_state target_session;
};

/* ---- clients and guests ---- */

struct sim_client {
    uint32_t guest; /* the stream is named after its guest */
    uint64_t sent;
    uint64_t failed;
    int64_t longest_gap_ns;
    int64_t p99_ns;
};

/* Where a guest ended. */
struct sim_guest_end {
    enum scenario_place place; /* 0: the world did not say */
    uint32_t host;             /* RUNNING, PAUSED; else SIM_RESULT_NONE */
};

/* ---- failures ---- */

struct sim_failure_note {
    char id[16]; /* "I1".."I8", "E3" for the third expectation, "error" */
    int64_t at_ns;
    uint32_t migration; /* whose two sides the screen shows; SIM_RESULT_NONE: no single one */
    char *message;
};

/* ---- the log: every hashed event, in order ---- */

enum sim_side {
    SIM_SIDE_WORLD = 0, /* faults, operators, hosts, guests, clients */
    SIM_SIDE_SOURCE,
    SIM_SIDE_TARGET,
};
#define SIM_SIDES 3U

struct sim_event {
    uint64_t number; /* 1 is the first of the run */
    int64_t at_ns;
    uint64_t hash; /* the rolling hash with this event in it */
    enum sim_side side;
    uint32_t host;                            /* or SIM_RESULT_NONE */
    uint32_t migration;                       /* or SIM_RESULT_NONE */
    const char *kind;                         /* "ROUND_BEGUN"; upper case, never NULL */
    const char *field_name[SIM_EVENT_FIELDS]; /* NULL: not used */
    int64_t field[SIM_EVENT_FIELDS];
    const char *text; /* a name which belongs to it ("mig-a", "GRANT"); NULL: none */
};

/* The newest SIM_RESULT_RECENT events of one side of one migration. */
struct sim_recent {
    uint64_t count; /* ever logged; the newest is at (count - 1) % SIM_RESULT_RECENT */
    struct sim_event events[SIM_RESULT_RECENT];
};

/* What led to the outcome of a migration; the newest first. */
struct sim_ending {
    size_t count;
    struct sim_event events[SIM_RESULT_ENDING];
};

/* A migration whose outcome has just come. */
struct sim_closing {
    uint32_t migration;
    uint32_t after; /* events that still go into its ending */
};

/*
 * ---- the timeline: spans and counters, collected only when wanted ----
 *
 * Session, queue and blackout of a migration are drawn from its `struct sim_migration`; the world
 * says only what stands nowhere else.
 */

enum sim_span_kind {
    SIM_SPAN_ROUND = 1,   /* migration; number: the round, also the final ones */
    SIM_SPAN_ATTEMPT,     /* migration; number: the attempt; from its pause to its end */
    SIM_SPAN_LINK_LOST,   /* migration: connection lost until it is back */
    SIM_SPAN_FAULT,       /* number: index in scenario.faults */
    SIM_SPAN_HOST_DOWN,   /* host */
    SIM_SPAN_HOST_PAUSED, /* host */
    SIM_SPAN_DAEMON_DOWN, /* host */
    SIM_SPAN_GUEST_HERE,  /* guest, host: its vCPUs run there */
};

struct sim_span {
    enum sim_span_kind kind;
    uint32_t migration; /* those not named by the kind are not looked at */
    int64_t begin_ns;
    int64_t end_ns; /* 0 or INT64_MAX at the begin: span_end() says it, or it goes on */
    uint32_t guest;
    uint32_t host;
    uint64_t number;
};

/* Counters of one host's cable to one network since time 0; the difference of two is its use. */
struct sim_link_sample {
    int64_t at_ns;
    uint32_t network;
    uint32_t host;
    uint64_t sent_bytes;
    uint64_t received_bytes;
    uint64_t background_bytes;
};

/* ---- the whole ---- */

struct sim_result {
    const struct scenario *scenario;
    uint64_t seed;
    enum sim_verdict verdict; /* moved by sim_result_fail() and sim_result_error() only */
    uint64_t hash;            /* the rolling hash after the last event */
    uint64_t events;          /* hashed events */
    int64_t virtual_ns;       /* virtual time at the end */
    int64_t wall_ns;          /* real time of the run, set by the command */

    struct sim_migration *migrations;
    size_t migration_count;
    size_t migration_capacity;
    struct sim_client *clients;
    size_t client_count;
    size_t client_capacity;
    struct sim_guest_end *guests; /* scenario->guest_count of them */
    struct sim_failure_note *failures;
    size_t failure_count;
    size_t failure_capacity;
    uint64_t failures_dropped; /* over SIM_RESULT_FAILURES_MAX */

    struct sim_recent **recent; /* [0] the world's, then source, target of each migration; lazy */
    size_t recent_capacity;
    bool alarmed;
    uint32_t after_alarm; /* events that still go into the recent ones */
    struct sim_closing *closing;
    size_t closing_count;
    size_t closing_capacity;

    FILE *log;          /* wish: every event as a line of text; NULL: not asked for */
    bool want_timeline; /* wish: the world says spans and samples; otherwise they are dropped */
    struct sim_span *spans;
    size_t span_count;
    size_t span_capacity;
    struct sim_link_sample *samples;
    size_t sample_count;
    size_t sample_capacity;
};

#define SIM_RESULT_FAILURES_MAX 64U

void sim_result_init(struct sim_result *result, const struct scenario *scenario, uint64_t seed);
void sim_result_deinit(struct sim_result *result);

/* A migration that was asked for, with neither outcome nor sessions yet; returns its index. */
uint32_t sim_result_add_migration(
    struct sim_result *result, uint32_t step, uint32_t guest, uint32_t from, uint32_t to);

/* The outcome object of a migration, copied; a later one (after UNKNOWN) replaces it. The events before it are
 * kept, with a few more, because what is expected of a move is judged at the end of the run only. */
void sim_result_outcome(
    struct sim_result *result, uint32_t migration, const struct ferry_outcome *outcome);

void sim_result_add_client(struct sim_result *result, const struct sim_client *client);

/* Something does not hold: id is "I3", "E2". The verdict becomes FAIL unless it is ERROR. */
void sim_result_fail(
    struct sim_result *result,
    const char *id,
    int64_t at_ns,
    uint32_t migration,
    const char *format,
    ...) __attribute__((format(printf, 5, 6)));

/* The run cannot go on (no progress, a bug of the world): the verdict is ERROR. */
void sim_result_error(struct sim_result *result, int64_t at_ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Something has just gone wrong, whoever will tell it later: the first time, the recent events are
 * kept as they are now, with a few more, so that the screen shows how it came and not how it ended. */
void sim_result_alarm(struct sim_result *result);

/* Each hashed event, in order: goes into the recent ones, and into the log if one is wanted. */
void sim_result_event(struct sim_result *result, const struct sim_event *event);

/* Returns a handle for sim_result_span_end(); both do nothing unless the timeline is wanted. */
size_t sim_result_span_begin(struct sim_result *result, const struct sim_span *span);
void sim_result_span_end(struct sim_result *result, size_t handle, int64_t end_ns);
void sim_result_sample(struct sim_result *result, const struct sim_link_sample *sample);

/* The newest events of one side; NULL if there were none. WORLD takes no migration. */
const struct sim_recent *
sim_result_recent(const struct sim_result *result, uint32_t migration, enum sim_side side);

/* Whether there was a blackout that somebody measured: not if the move did not complete, nor if the
 * side which knew it crashed. */
bool sim_blackout_known(const struct ferry_outcome *outcome);

const char *sim_verdict_name(enum sim_verdict verdict); /* "pass" */
const char *sim_side_name(enum sim_side side);          /* "source" */

#endif
