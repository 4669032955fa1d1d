/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h -- one or two real engines on tiny hosts, for fuzz targets: whatever an input decides to happen to them happens
 * here, and the claims about the handover are checked after each step.
 *
 *   rig.c      lifetime, configurations, one input of an engine
 *   queue.c    what will happen, ordered by (time, order of scheduling)
 *   act.c      what a host does with an action: the world's half of ferry/action.h
 *   wire.c     attaches: one control connection and some streams each; several may be open at once
 *   payload.c  streams: the shipped encoder and decoder, 8 bytes for a page
 *   faults.c   what can go wrong, and how all of it is healed
 *   watch.c    the claims
 *   say.c      the transcript
 *
 * A host whose engine is not here (options.absent) is played by the fuzz target: it feeds bytes to the other side with
 * rig_say(), rig_payload() and the like, and sees what comes back in the witness.
 *
 * Time is virtual and nothing is random: the same input is the same run. */
#ifndef FUZZ_RIG_RIG_H
#define FUZZ_RIG_RIG_H

#include "ferry/source.h"
#include "ferry/target.h"
#include "wire/message.h"

#include <stdio.h>

#define RIG_PAGES_MAX    64U
#define RIG_STREAMS_MAX  4U
#define RIG_PATHS_MAX    2U
#define RIG_ATTACHES     4U
#define RIG_STEPS_MAX    512U
#define RIG_ACTION_KINDS (FERRY_ACTION_CLOSED + 1U)
#define RIG_RECORD_KINDS (FERRY_RECORD_CLAIMED + 1U)
#define RIG_SESSION_HIGH 1U
#define RIG_SESSION_LOW  2U
#define RIG_GUEST        7U
#define RIG_EPOCH        1U

enum rig_side { RIG_SOURCE = 0, RIG_TARGET = 1 };

struct rig_options {
    bool absent[2]; /* this side's engine is the fuzz target's to play */
    uint32_t pages; /* 1 .. RIG_PAGES_MAX */
    uint32_t zero_pages;
    uint16_t streams;
    uint16_t paths;
    enum ferry_mode mode;
    enum ferry_no_convergence on_no_convergence;
    ferry_time_ns blackout_limit;
    uint32_t dirty_pages_per_ms;
    FILE *log; /* transcript; NULL: none */
};

/* ---- what will happen ---- */

enum rig_step_kind {
    RIG_STEP_REPORT = 1, /* of an action, to `side` */
    RIG_STEP_ATTACHED,
    RIG_STEP_GONE,    /* the other end of the attach was closed */
    RIG_STEP_CONTROL, /* bytes for `side` */
    RIG_STEP_SEND,    /* the wire is free for this batch or barrier */
    RIG_STEP_PAYLOAD, /* bytes for the target's stream */
    RIG_STEP_DRAIN,   /* a round was released: look at what waits */
};

struct rig_step {
    ferry_time_ns at;
    uint64_t order;
    enum rig_step_kind kind;
    enum rig_side side; /* to whom it happens */
    uint32_t life;      /* of that side's daemon when it was scheduled */
    bool on_wire;       /* goes over `path` towards `side`: a cut holds it */
    bool held;
    uint16_t path;
    uint32_t attach;
    uint16_t stream;
    uint8_t *bytes; /* owned: what is on the wire, or the record that is being written */
    size_t size;
    enum ferry_record_kind record; /* REPORT of a journal write */
    bool record_lands;
    bool forgets; /* REPORT of a session forgotten */
    bool barrier; /* SEND: of this round */
    struct ferry_batch batch;
    struct ferry_event event;
};

/* ---- hosts ---- */

enum rig_journal {
    RIG_JOURNAL_GOOD = 0,
    RIG_JOURNAL_FAILS, /* the write is reported as failed, and is not there */
    RIG_JOURNAL_LIES,  /* the write is reported as failed, and is there all the same */
};

struct rig_record {
    uint8_t bytes[FERRY_RECORD_MAX];
    size_t size;
};

/* What happens to the next reports of an action kind. */
struct rig_tamper {
    uint8_t times;
    bool fails;
    bool mute;
    ferry_time_ns delay;
};

struct rig_host {
    bool up;          /* the daemon */
    bool guest_alive; /* its process */
    bool runs;
    bool sealed;        /* the engine's object exists: it allocates nothing more */
    bool needs_restart; /* a write failed, or a report never came: only a new start helps */
    uint32_t life;
    uint64_t journal_id;
    uint16_t incarnation;
    enum rig_journal journal;
    ferry_time_ns journal_delay;
    ferry_time_ns journal_at; /* a journal is one log: what is written later is there later */
    struct rig_record records[RIG_RECORD_KINDS];
    struct rig_tamper tampers[RIG_ACTION_KINDS];
    uint64_t tags[RIG_PAGES_MAX]; /* content of each page */
    uint64_t device_state;        /* content */
    size_t allocated;
    size_t allocated_max;
    uint64_t newest_action;
};

/* ---- the network ---- */

struct rig_stream {
    struct ferry_encoder *encoder;
    struct ferry_decoder *decoder;
    uint8_t *pipe; /* bytes that wait for the decoder */
    size_t pipe_used;
    ferry_time_ns free_at;    /* the sender's wire is busy until then */
    ferry_time_ns arrived_at; /* bytes do not overtake each other on one stream */
    bool failed;              /* the decoder has said ERROR */
    bool cut_short;           /* something vanished from it: so does all that comes after */
    uint64_t last_batch;      /* that left */
    uint32_t barrier;         /* that left; WIRE_ROUND_NONE: none */
};

struct rig_attach {
    uint32_t number; /* 0: this slot is free */
    uint16_t path;
    uint16_t stream_count;
    bool open[2];                /* that side still holds it */
    bool up[2];                  /* that side has been told ATTACHED */
    ferry_time_ns arrived_at[2]; /* on the control connection, towards that side */
    struct rig_stream streams[RIG_STREAMS_MAX];
};

/* Tampering with single items on their way to a side. */
struct rig_way {
    uint8_t drop; /* so many of the next ones vanish */
    uint8_t repeat;
    ferry_time_ns delay; /* of the next one */
    uint16_t cut;        /* bit for each path */
};

/* ---- what was said and done so far: the witness that the claims rest on ---- */

struct rig_witness {
    /* source */
    bool grant_issued;
    bool grant_durable;
    bool grant_said;
    bool claim_issued;
    bool aborted_heard; /* of this epoch: proof that the target never runs it */
    bool started_heard; /* proof that the target owns it */
    bool completed;
    uint32_t outcomes;
    struct ferry_outcome outcome; /* the last one */
    /* target */
    uint32_t ready_attempt; /* that it is READY for, unless it was voided since */
    uint64_t ready_epoch;
    uint32_t loaded_attempt; /* whose device state it was to load */
    uint64_t loaded_epoch;
    bool granted;        /* a GRANT of the attempt it was READY for was heard */
    bool source_claimed; /* END said that its operator claimed the guest at the source */
    bool claimed;        /* by the own operator */
    bool owned_once;
    bool owner_issued; /* by the daemon that is up, or in the journal */
    bool burn_issued;
    uint32_t protocol_errors;
    /* both */
    bool guest_lost; /* its process died with a host: nobody has to run it */
    bool tampered;   /* bytes vanished from or were added to a live connection */
};

/* The witness's own reading of what arrives on the newest connection. */
struct rig_heard {
    uint32_t attach;
    bool broken;
    struct wire_reader reader;
};

/* What arrives at a side, before its engine has it: control bytes (stream UINT16_MAX) or a stream's. */
typedef void (*rig_listener)(
    void *context, enum rig_side to, uint16_t stream, struct ferry_bytes bytes);

struct rig {
    rig_listener listener; /* NULL: nobody listens */
    void *listener_context;
    struct rig_options options;
    struct ferry_region region;
    ferry_time_ns now;
    uint64_t order;
    uint64_t steps_done;
    struct ferry_source *source;
    struct ferry_target *target;
    bool source_closed;
    bool target_closed;
    struct rig_host hosts[2];
    struct rig_attach attaches[RIG_ATTACHES];
    struct rig_way ways[2]; /* towards that side */
    struct rig_step *steps;
    uint32_t step_count;
    uint64_t bitmap; /* of the round */
    uint64_t dirty;
    uint64_t next_tag;
    uint64_t next_dirty;
    ferry_time_ns dirtied_until;
    uint64_t state_sent; /* content that the last capture saw */
    uint64_t state_received;
    ferry_time_ns idle_since; /* for the claim that time goes on */
    uint32_t idle_ticks;
    uint32_t asked_attach; /* that a source wants of a target which is not here */
    uint32_t decoders;     /* blocks of encoders and decoders */
    struct rig_heard heard[2];
    struct rig_witness witness;
};

/* ---- rig.c ---- */

struct rig *rig_create(const struct rig_options *options);
void rig_destroy(struct rig *rig); /* claims that no memory is left */
/* One event into an engine that is there; then all actions that come of it. */
void rig_feed(struct rig *rig, enum rig_side side, const struct ferry_event *event);
/* An operator's order; its refusal is no error. */
void rig_order(struct rig *rig, enum rig_side side, const struct ferry_event *order);
void rig_make_target(struct rig *rig);
void rig_make_source(struct rig *rig);
size_t rig_records(struct rig *rig, enum rig_side side, struct ferry_record *records);
uint32_t rig_source_state(const struct rig *rig); /* 0: there is none */
uint32_t rig_target_state(const struct rig *rig);
struct ferry_allocator rig_stream_allocator(struct rig *rig);

/* ---- queue.c ---- */

struct rig_step *
rig_schedule(struct rig *rig, ferry_time_ns at, enum rig_step_kind kind, enum rig_side side);
bool rig_step(struct rig *rig);                            /* false: nothing is left to happen */
void rig_advance(struct rig *rig, ferry_time_ns duration); /* all steps up to now + duration */
void rig_let_go(struct rig *rig);                          /* what no cut holds any more goes on */
void rig_drop_steps(struct rig *rig, enum rig_side side);  /* of a daemon that died */

void rig_drop_attach(struct rig *rig, uint32_t number);

/* ---- act.c ---- */

void rig_take_actions(struct rig *rig, enum rig_side side);
void rig_guest_writes(struct rig *rig);
/* What was being written is in the journal now, unless it never will be. */
void rig_journal_lands(struct rig *rig, const struct rig_step *step);

/* ---- wire.c ---- */

#define RIG_LATENCY (100 * FERRY_MICROSECOND)

struct rig_attach *rig_attach_find(struct rig *rig, uint32_t number); /* NULL: none */
/* Both ends; towards a daemon that is down it is refused. */
void rig_attach_open(struct rig *rig, uint32_t number, uint16_t path, uint16_t streams);
void rig_attach_close(struct rig *rig, struct rig_attach *attach, enum rig_side side);
void rig_attach_free(struct rig *rig, struct rig_attach *attach); /* both ends, nobody is told */
void rig_close_up_to(struct rig *rig, enum rig_side side, uint32_t number);
bool rig_is_cut(const struct rig *rig, const struct rig_step *step);
void rig_send_control(
    struct rig *rig, enum rig_side from, uint32_t attach, struct ferry_bytes bytes);
void rig_attached(struct rig *rig, const struct rig_step *step);
void rig_gone(struct rig *rig, const struct rig_step *step);
void rig_control(struct rig *rig, const struct rig_step *step);
/* A step towards `side` on the wire, after all that is before it. NULL: it vanished. */
struct rig_step *rig_put_on_wire(
    struct rig *rig,
    enum rig_step_kind kind,
    const struct rig_attach *attach,
    enum rig_side side,
    ferry_time_ns *arrived_at);

/* ---- payload.c ---- */

/* Bytes of a body on the rig's wire: 8 for a page, 8 for a piece of device state. */
#define RIG_BODY 8U
void rig_streams_open(struct rig *rig, struct rig_attach *attach);
void rig_streams_close(struct rig_attach *attach, enum rig_side side);
void rig_send_batch(struct rig *rig, const struct ferry_action *action);
void rig_send_barrier(struct rig *rig, const struct ferry_action *action);
void rig_batch_leaves(struct rig *rig, struct rig_step *step);
/* What the encoder of a stream yields for it; appended to *bytes. */
struct ferry_piece rig_encode(
    struct rig *rig, struct rig_stream *stream, uint8_t **bytes, size_t *size, uint32_t *digest);
void rig_payload(
    struct rig *rig, struct rig_attach *attach, uint16_t stream, struct ferry_bytes bytes);
void rig_payload_arrives(struct rig *rig, const struct rig_step *step);
void rig_drain(struct rig *rig, const struct rig_step *step);
void rig_release_round(struct rig *rig, uint32_t attach, uint32_t round);

/* ---- faults.c ---- */

void rig_crash(struct rig *rig, enum rig_side side, bool guest_survives, bool writes_land);
void rig_restart(struct rig *rig, enum rig_side side);
void rig_revive_target(struct rig *rig); /* from its journal, or anew */
void rig_cut(struct rig *rig, enum rig_side towards, uint16_t path, bool cut);
void rig_reset(struct rig *rig); /* all attaches break, both ends are told */
void rig_heal(struct rig *rig);  /* whatever was done can be lived with from now on */

/* ---- watch.c ---- */

void rig_watch_action(struct rig *rig, enum rig_side side, const struct ferry_action *action);
void rig_watch_delivery(
    struct rig *rig, enum rig_side to, uint32_t attach, struct ferry_bytes bytes);
void rig_watch_order(struct rig *rig, enum rig_side side, const struct ferry_event *order);
void rig_watch_restart(struct rig *rig, enum rig_side side);
void rig_watch_record(struct rig *rig, enum rig_side side, enum ferry_record_kind kind);
void rig_watch_step(struct rig *rig);
void rig_watch_trace(void *context, const struct ferry_trace_event *event);
/* After healing: everything has ended, and as it should. */
void rig_watch_end(struct rig *rig);

/* ---- say.c ---- */

void rig_say(struct rig *rig, enum rig_side side, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void rig_say_action(struct rig *rig, enum rig_side side, const struct ferry_action *action);
const char *rig_side_name(enum rig_side side);

#endif
