/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenario.h -- a scenario file, fully resolved: what the world builds and what the report judges.
 *
 * Whoever holds a `struct scenario` may rely on all of this, the parser has checked it:
 *   S-1  every name is resolved: hosts, networks, guests and steps are indices into the arrays
 * here; S-2  every default is filled in, every fleet (`count:`) is expanded, every number is in
 * range; S-3  guests fit their hosts at time 0, and the first move of each guest goes to another
 * host over a network which joins the two; S-4  everything is owned by the scenario and lives until
 * scenario_free(). Units: time is int64_t nanoseconds, sizes are bytes, bandwidths are bits per
 * second (goodput of ferry's streams, one direction), loss is in packets of a million. The order of
 * each array is the order of mention in the file, so a world which walks them in order is
 * deterministic.  docs/scenarios.md says what each key means to the person who writes it.
 */
#ifndef FERRY_SIM_SCENARIO_SCENARIO_H
#define FERRY_SIM_SCENARIO_SCENARIO_H

#include "ferry/outcome.h"
#include "ferry/policy.h"
#include "model/workload.h"
#include "sim/scenario/costs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct model_trace; /* model/trace.h */

#define SCENARIO_FOREVER   INT64_MAX  /* a time: does not end, never comes */
#define SCENARIO_UNLIMITED UINT64_MAX /* a bandwidth or size: no limit */
#define SCENARIO_NONE      SIZE_MAX   /* an index: refers to nothing */

/* Where something stands in its file, 1-based; for messages such as `file:line: expected ...`. */
struct scenario_mark {
    unsigned line;
    unsigned column;
};

/* ---- the cluster ---- */

/* How patient a host's daemon is; as source and as target. */
struct scenario_timeouts {
    int64_t silence;   /* nothing heard on a connection for so long: use the next network */
    int64_t connect;   /* one try of one network */
    int64_t reconnect; /* no network answers for so long: give up, the guest stays at the source */
    int64_t probe;     /* on a worse network: look for a better one this often */
    int64_t action;    /* an action of the host other than sending */
    int64_t unknown;   /* granted and no answer for so long: the outcome is UNKNOWN */
    int64_t orphan;    /* target before READY without its source: so long until it cleans up */
    int64_t hold;      /* target after READY without its source: so long until it burns */
};

struct scenario_host {
    const char *name;
    uint64_t memory;        /* bytes */
    struct sim_costs costs; /* resolved: defaults, then `costs:`; all zero with `costs: none` */
    struct scenario_timeouts timeouts;
    size_t fleet; /* index of its fleet in scenario.fleets, or SCENARIO_NONE */
    struct scenario_mark mark;
};

/*
 * A network is a switch with one full-duplex port for each of its hosts.  `bandwidth` is what a
 * port carries in each direction; `backbone` is what the switch carries in all, both directions
 * together with all pairs of hosts (SCENARIO_UNLIMITED: a switch that is never the bottleneck).
 */
struct scenario_network {
    const char *name;
    size_t *hosts;
    size_t host_count;
    uint64_t bandwidth; /* bit/s of a port, each direction */
    uint64_t backbone;  /* bit/s */
    int64_t latency;    /* one way; a round trip is twice that */
    uint32_t loss_ppm;  /* packets lost of a million; 0 none */
    uint64_t window;    /* bytes a stream may have in flight; SCENARIO_UNLIMITED: no limit */
    uint32_t priority;  /* the lowest is used first */
    struct scenario_mark mark;
};

/* An open-loop stream of requests to one guest. */
struct scenario_clients {
    bool present;
    struct model_rate rate; /* requests; an amount of 0 is legal: none */
    int64_t timeout;
    int64_t rtt; /* of an answer while the guest runs */
};

enum scenario_content {
    SCENARIO_CONTENT_TAGS = 1, /* an 8-byte generation tag for each page */
    SCENARIO_CONTENT_BYTES,    /* real pages, small guests only */
};

struct scenario_guest {
    const char *name;
    size_t host;             /* where it runs at time 0 */
    uint64_t memory;         /* bytes, a multiple of page */
    uint32_t page;           /* bytes */
    uint64_t nonzero_pages;  /* pages [0, n) hold data at time 0; with a replay the trace says */
    bool nonzero_from_trace; /* the trace's list is the non-zero set, nonzero_pages its size */
    uint64_t device_state;   /* bytes */
    uint32_t zeroed_ppm;     /* of a million writes, those that leave a page of zeros */
    uint32_t device_writes;  /* pages that its devices write while their state is saved */
    enum scenario_content content;
    const struct model_workload_spec *workload; /* never NULL, checked; traces are loaded */
    const char *real; /* what a real guest does instead, for ferry-lab; NULL: the workload */
    struct scenario_clients clients;
    size_t fleet; /* index in scenario.fleets, or SCENARIO_NONE */
    struct scenario_mark mark;
};

/* Members h1..hN of `h: {count: N}`: consecutive in scenario.hosts or scenario.guests. */
enum scenario_fleet_kind {
    SCENARIO_FLEET_HOSTS = 1,
    SCENARIO_FLEET_GUESTS,
};

struct scenario_fleet {
    const char *name;
    enum scenario_fleet_kind kind;
    size_t first;
    size_t count;
};

/* ---- when something happens ---- */

/*
 * A phase of one migration.  Each is entered at the host named here; a `when` fires at that very
 * instant, before anything that follows from it (so a crash at GRANTED lets no GRANT out).
 */
enum scenario_phase {
    SCENARIO_PHASE_CONNECTING = 1, /* source: asked to move, not yet connected */
    SCENARIO_PHASE_OPENING,        /* source: connected; versions and SESSION records exchanged */
    SCENARIO_PHASE_ROUND,      /* source: collection of round `round` reported, sending begins */
    SCENARIO_PHASE_PAUSED,     /* source: vCPUs stopped for attempt `attempt` */
    SCENARIO_PHASE_STATE_SENT, /* source: device state handed to the network */
    SCENARIO_PHASE_READY,      /* source: READY of this attempt received */
    SCENARIO_PHASE_GRANTING,   /* source: write of the grant record issued, not yet durable */
    SCENARIO_PHASE_GRANTED,    /* source: grant record durable, GRANT not yet sent */
    SCENARIO_PHASE_DELIVERED,  /* target: GRANT received, OWNER write issued, not yet durable */
    SCENARIO_PHASE_OWNED,      /* target: OWNER durable, guest not yet resumed */
    SCENARIO_PHASE_STARTED,    /* target: guest resumed, STARTED not yet sent */
    SCENARIO_PHASE_CLOSING,    /* source: STARTED received, clean-up not yet acknowledged */
};

/* One migration: the one which step `step` (a move or a drain) begins for `guest`. */
struct scenario_move_ref {
    size_t guest;
    size_t step;
};

/* Either at an instant, or when a migration enters a phase for the first time (and `after`). */
struct scenario_trigger {
    bool on_phase;
    int64_t at;                    /* !on_phase: since time 0 */
    struct scenario_move_ref move; /* on_phase: */
    enum scenario_phase phase;
    uint32_t round;   /* only PHASE_ROUND: 0 is the one with all pages */
    uint32_t attempt; /* from PHASE_PAUSED on: 1 is the first pause */
    int64_t after;    /* so long after the phase was entered */
};

/* ---- steps: what operators do ---- */

struct scenario_move_options {
    enum ferry_mode mode;
    enum ferry_no_convergence on_no_convergence;
    int64_t blackout_limit; /* SCENARIO_FOREVER: none (the default of stop-and-copy) */
    int64_t give_up_after;  /* since session start */
    uint32_t streams;
    uint64_t bandwidth_cap; /* bit/s, sum over the streams; SCENARIO_UNLIMITED; 0 is legal */
    int64_t batch;          /* link time which one batch takes */
    size_t *networks;       /* the only ones to use; all which join the two hosts if none given */
    size_t network_count;
};

enum scenario_step_kind {
    SCENARIO_STEP_MOVE = 1,
    SCENARIO_STEP_CANCEL,
    SCENARIO_STEP_SET,        /* change limits of a migration in flight */
    SCENARIO_STEP_SWITCH_NOW, /* pause at once, whatever the policy says */
    SCENARIO_STEP_DRAIN,
    SCENARIO_STEP_CLAIM, /* operator: this host owns the guest, the other one is fenced */
    SCENARIO_STEP_BURN,  /* operator: this host gives up what it holds of the session */
};

struct scenario_step {
    enum scenario_step_kind kind;
    const char *id; /* NULL if none */
    struct scenario_trigger when;
    struct scenario_move_ref move; /* all but DRAIN; for MOVE it names itself */
    size_t host;                   /* MOVE: to; DRAIN: the one drained; CLAIM, BURN: at which */
    struct scenario_move_options options; /* MOVE, DRAIN */
    uint32_t parallel;                    /* DRAIN: so many migrations at a time */
    size_t *targets;                      /* DRAIN: hosts which may take guests; all drains agree */
    size_t target_count;
    bool set_bandwidth_cap;  /* SET: take options.bandwidth_cap */
    bool set_blackout_limit; /* SET: take options.blackout_limit */
    struct scenario_mark mark;
};

/* ---- faults ---- */

/* In the order of the catalogue (catalogue.c): hosts, clocks, networks, guests. */
enum scenario_fault_kind {
    SCENARIO_FAULT_HOST_CRASH = 1,  /* guests, memory, daemon gone; journal's durable part stays */
    SCENARIO_FAULT_HOST_CRASH_KEPT, /* likewise, and what was being written is durable */
    SCENARIO_FAULT_HOST_REINSTALL,  /* crash, and the journal is gone (new journal id) */
    SCENARIO_FAULT_HOST_PAUSE,      /* everything on the host stands still for `duration` */
    SCENARIO_FAULT_DAEMON_CRASH,    /* the engine is gone, the guests live on */
    SCENARIO_FAULT_HOST_CPU,        /* `share_ppm` of the CPU is left for migrations */
    SCENARIO_FAULT_HOST_MEMORY,     /* `bytes` of the memory belong to somebody else */
    SCENARIO_FAULT_JOURNAL_FAIL,    /* writes and fsyncs of the journal fail for `duration` */
    SCENARIO_FAULT_JOURNAL_DOUBT,   /* they are said to fail, and are durable all the same */
    SCENARIO_FAULT_DISK_FULL,       /* they fail at once: nothing was written */
    SCENARIO_FAULT_JOURNAL_SLOW,    /* each fsync takes `delay` longer, for `duration` */
    SCENARIO_FAULT_VERSION,         /* the daemon speaks other versions of the protocol */
    SCENARIO_FAULT_CLOCK_FAST,      /* the daemon's clock gains `share_ppm` */
    SCENARIO_FAULT_CLOCK_SLOW,      /* and loses it */
    SCENARIO_FAULT_CLOCK_FORWARD,   /* it jumps by `delay` */
    SCENARIO_FAULT_CLOCK_BACK,      /* it is set back: it stands still until it has caught up */
    SCENARIO_FAULT_NET_DOWN,        /* packets vanish for `duration`, nobody is told */
    SCENARIO_FAULT_NET_CLOG,        /* packets wait in a queue, and come all at once after it */
    SCENARIO_FAULT_NET_RESET,       /* breaks the connections on it, once */
    SCENARIO_FAULT_NET_REORDER,     /* as reset, at the caller's end: what had left comes `delay`
                                       later, behind what a newer connection says */
    SCENARIO_FAULT_NET_DUPLICATE,   /* what control connections have said comes a second time */
    SCENARIO_FAULT_NET_REFUSE,      /* new connections are refused for `duration` */
    SCENARIO_FAULT_NET_PARTITION,   /* packets from `from` to `to` vanish, the others arrive */
    SCENARIO_FAULT_NET_BANDWIDTH,   /* the value is another for `duration`, then as before */
    SCENARIO_FAULT_NET_LATENCY,
    SCENARIO_FAULT_NET_JITTER,
    SCENARIO_FAULT_NET_LOSS,
    SCENARIO_FAULT_NET_CORRUPT,    /* `share_ppm` of the messages arrive with a byte changed */
    SCENARIO_FAULT_NET_BACKGROUND, /* foreign traffic `from` to `to`, at most `bandwidth` */
    SCENARIO_FAULT_GUEST_BURST,    /* the guest writes `bytes` at once */
    SCENARIO_FAULT_GUEST_RATE,     /* it writes `bandwidth` more, for `duration` */
    SCENARIO_FAULT_GUEST_DEVICE,   /* its devices write `bytes`, also while its vCPUs stand still */
    SCENARIO_FAULT_KINDS,
};

/* What a fault hits, and by whom it is written into a file. */
enum scenario_scope {
    SCENARIO_SCOPE_HOST = 1,
    SCENARIO_SCOPE_CLOCK, /* of a host */
    SCENARIO_SCOPE_NETWORK,
    SCENARIO_SCOPE_GUEST,
    SCENARIO_SCOPE_OPERATOR, /* a step */
};

struct scenario_fault {
    enum scenario_fault_kind kind;
    struct scenario_trigger when;
    int64_t duration;      /* SCENARIO_FOREVER: never healed */
    int64_t restart_after; /* crashes: back after so long; SCENARIO_FOREVER: not at all */
    size_t host;           /* host faults */
    size_t network;        /* network faults; SCENARIO_NONE: all networks (PARTITION only) */
    size_t guest;          /* guest faults */
    size_t from;           /* PARTITION, BACKGROUND: hosts */
    size_t to;
    uint64_t bandwidth;   /* bit/s: BANDWIDTH, BACKGROUND, GUEST_RATE */
    int64_t latency;      /* LATENCY, JITTER */
    uint32_t loss_ppm;    /* LOSS */
    uint32_t share_ppm;   /* HOST_CPU, CORRUPT, CLOCK_FAST, CLOCK_SLOW */
    int64_t delay;        /* JOURNAL_SLOW, REORDER, CLOCK_FORWARD, CLOCK_BACK */
    uint64_t bytes;       /* HOST_MEMORY, GUEST_BURST, GUEST_DEVICE */
    uint16_t version_min; /* VERSION: what the daemon speaks, both ends included */
    uint16_t version_max;
    struct scenario_mark mark;
};

/* ---- expectations ---- */

/*
 * What a number must be: low <= value <= high.  `<= 300 ms`, `>= 3`, `< 5`, `> 5`, `7`,
 * `3 .. 5` and `53.7 s +- 2 %` all come down to that.
 */
struct scenario_bound {
    bool set;
    int64_t low;
    int64_t high;
    const char *text; /* as written, for messages */
};

/* Outcomes as bits, so that one expectation may allow several. */
#define SCENARIO_OUTCOME_BIT(kind) (1U << (unsigned)(kind))

enum scenario_expect_kind {
    SCENARIO_EXPECT_MOVE = 1, /* one migration's outcome object */
    SCENARIO_EXPECT_DRAIN,    /* all migrations which one drain step began */
    SCENARIO_EXPECT_GUEST,    /* where it runs at the end */
    SCENARIO_EXPECT_CLIENTS,  /* what the clients of one guest saw */
    SCENARIO_EXPECT_SESSION,  /* what one host's journal says of a migration at the end */
};

enum scenario_place {
    SCENARIO_PLACE_RUNNING = 1, /* runs on one of `hosts` */
    SCENARIO_PLACE_PAUSED, /* has its memory on one of `hosts`, runs nowhere: waits for proof */
    SCENARIO_PLACE_LOST,   /* runs nowhere and no host has it: its host crashed */
};

/* A host's own view of the session of a migration. */
enum scenario_session_state {
    SCENARIO_SESSION_NONE = 1, /* no record: never opened here, closed, or the journal was lost */
    SCENARIO_SESSION_OPEN,     /* SESSION is durable, nothing decided */
    SCENARIO_SESSION_GRANTED,  /* source: granted, the end not yet known */
    SCENARIO_SESSION_UNKNOWN,  /* source: granted, the peer does not answer or is LOST */
    SCENARIO_SESSION_OWNED,    /* target: OWNER is durable */
    SCENARIO_SESSION_BURNED,   /* target: will never start it */
};

struct scenario_expect {
    enum scenario_expect_kind kind;
    struct scenario_move_ref move; /* MOVE, SESSION; DRAIN: only .step */
    size_t guest;                  /* GUEST, CLIENTS */

    unsigned outcomes;    /* MOVE: bits of enum ferry_outcome_kind; 0: any */
    const char *reason;   /* MOVE: text which the reason contains; NULL: any */
    enum ferry_rule rule; /* MOVE: the rule that fired; NONE: any */
    struct scenario_bound blackout, total, queued;              /* MOVE, ns; DRAIN: total only */
    struct scenario_bound predicted_blackout;                   /* MOVE, ns */
    struct scenario_bound rounds, aborted_attempts, reconnects; /* MOVE, counts */
    struct scenario_bound wire_bytes;                           /* MOVE, bytes */
    struct scenario_bound resent;           /* MOVE, bytes sent again after a lost connection */
    struct scenario_bound moved, not_moved; /* DRAIN: migrations completed, and ended otherwise */

    enum scenario_place place; /* GUEST */
    size_t *hosts;             /* GUEST: one of these; SESSION: exactly one */
    size_t host_count;
    enum scenario_session_state session; /* SESSION */

    struct scenario_bound sent, failed;     /* CLIENTS, counts */
    struct scenario_bound longest_gap, p99; /* CLIENTS, ns */
    struct scenario_mark mark;
};

/* ---- the whole ---- */

struct scenario {
    const char *file; /* as given to scenario_load() */
    const char *name;
    const char *question; /* the `# Question:` line at the top; "" if there is none */
    uint64_t seed;
    int64_t end; /* SCENARIO_FOREVER: when expectations can be judged */
    struct scenario_host *hosts;
    size_t host_count;
    struct scenario_network *networks;
    size_t network_count;
    struct scenario_guest *guests;
    size_t guest_count;
    struct scenario_fleet *fleets;
    size_t fleet_count;
    struct scenario_step *steps;
    size_t step_count;
    struct scenario_fault *faults;
    size_t fault_count;
    struct scenario_expect *expects;
    size_t expect_count;
    struct model_trace **traces; /* those which the workloads borrow */
    size_t trace_count;
    struct scenario_arena *arena; /* owns all of the above but the traces' contents */
};

/* ---- reading ---- */

enum scenario_status {
    SCENARIO_OK = 0,
    SCENARIO_INVALID, /* the file is wrong: see the errors */
    SCENARIO_OUT_OF_MEMORY,
};

struct scenario_error {
    unsigned line; /* 1-based; 0: the file as a whole */
    unsigned column;
    char *message; /* `file:line:col: what is wrong; did you mean ...` */
};

/* All errors of one file, in the order of their places.  Zero-initialise before use. */
struct scenario_errors {
    struct scenario_error *items;
    size_t count;
    size_t capacity;
    size_t suppressed; /* over SCENARIO_ERRORS_MAX */
};

/* Reads a file.  On SCENARIO_OK *scenario_out is the caller's; else it is NULL and errors tell. */
enum scenario_status
scenario_load(const char *path, struct scenario **scenario_out, struct scenario_errors *errors);

/* The same for text in memory; `name` stands for the path (trace files are looked up beside it). */
enum scenario_status scenario_load_text(
    const char *name,
    const void *text,
    size_t text_size,
    struct scenario **scenario_out,
    struct scenario_errors *errors);

void scenario_free(struct scenario *scenario);             /* NULL is fine */
void scenario_errors_free(struct scenario_errors *errors); /* leaves it empty and usable */

/* The scenario in plain words: who, where, what happens when, what is expected. */
void scenario_show(FILE *out, const struct scenario *scenario);

/* The JSON Schema (2020-12) of scenario files; false: out of memory, or the stream failed. */
bool scenario_schema(FILE *out);

/* The reference part of docs/scenarios.md. */
void scenario_reference(FILE *out);

/* ---- the catalogue of what can go wrong ---- */

/* One kind: of the faults, or (SCOPE_OPERATOR, kind 0) of the steps that get in the way of a move. */
struct scenario_catalogue_row {
    enum scenario_fault_kind kind;
    enum scenario_scope scope;
    const char *key;    /* which chooses it in a file: "crash", "partition" */
    const char *name;   /* "one-way partition" */
    const char *effect; /* a sentence, without the full stop */
    const char *ends;   /* when it is over */
};

size_t scenario_catalogue_count(void);
const struct scenario_catalogue_row *scenario_catalogue_row(size_t index);
enum scenario_scope scenario_fault_scope(enum scenario_fault_kind kind);
const char *scenario_scope_name(enum scenario_scope scope); /* "hosts" */
/* The table of docs/scenarios.md. */
void scenario_catalogue(FILE *out);

/* The words used in files, for messages and reports: "state-sent", "unknown" ... */
const char *scenario_phase_name(enum scenario_phase phase);
const char *scenario_session_state_name(enum scenario_session_state state);
const char *scenario_fault_kind_name(enum scenario_fault_kind kind);
const char *scenario_step_kind_name(enum scenario_step_kind kind);

#endif
