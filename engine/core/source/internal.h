/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h -- the source, opened up: for the files of this room only.
 *
 * One migration's sending side is composed of small machines which do not know each other's states:
 *
 *   link      which connection there is       link.c
 *   copy      the round under way             copy.c
 *   attempt   pause, state, pages, guard      attempt.c
 *   handover  who runs the guest              handover/ (pure; driven by grant.c)
 *   ending    outcome, cleaning up            ending.c
 *
 * and of one state which says what the whole is doing (state_table.c draws it). Losing a link
 * changes the link and stops its credit; everything else keeps its state. */
#ifndef SOURCE_INTERNAL_H
#define SOURCE_INTERNAL_H

#include "base/queue.h"
#include "ferry/policy.h"
#include "ferry/source.h"
#include "handover/handover.h"
#include "handover/record.h"
#include "memory/windows.h"
#include "wire/message.h"

/* ---- link ---- */

enum link_state {
    LINK_DOWN = 1,  /* no connection; tries again at retry_at */
    LINK_ATTACHING, /* the world is connecting */
    LINK_ASKING,    /* connected; OPEN or RESUME is out */
    LINK_UP,        /* the target has answered: payload may flow */
    LINK_LEAVING,   /* UP, but a better network answers: nothing new is sent, what is out is waited
                       for */
    LINK_DETACHING, /* the world is closing what there was */
};

/* Round trips that count: about two seconds of pings. The highest of them is what the prediction
 * uses. */
#define ROUND_TRIPS_KEPT 8U

struct link {
    enum link_state state;
    uint32_t attach;
    uint16_t streams; /* payload connections of this attach; 0: it only asks and answers */
    uint32_t ups;     /* how often it came up */
    uint32_t flaps;   /* in a row: up, and lost again at once */
    uint32_t damaged; /* times that what came on it made no sense */
    ferry_time_ns up_at;
    uint16_t path_count;
    uint16_t order[FERRY_PATHS_MAX];    /* paths, best first */
    uint32_t priority[FERRY_PATHS_MAX]; /* by path */
    uint16_t position;                  /* in order: the path in use, or to try next */
    uint16_t tried;                     /* paths tried since the link was last up */
    bool refused[FERRY_PATHS_MAX];      /* by path: the last try was refused, not only in vain */
    uint16_t probing;                   /* position in order that a PROBE is out for */
    ferry_time_ns retry_at;
    ferry_time_ns connect_until;
    ferry_time_ns lost_at; /* NEVER while up */
    ferry_time_ns last_heard;
    ferry_time_ns last_ping;
    ferry_time_ns probe_at;
    ferry_time_ns round_trips[ROUND_TRIPS_KEPT]; /* the newest measured on this attach, a ring; 0 =
                                                    none yet */
    uint32_t round_trip_count;
    enum ferry_status lost_status;
    struct wire_reader reader;
    uint8_t reader_buffer[WIRE_READER_CAPACITY];
};

/* ---- copy ---- */

enum copy_state {
    COPY_IDLE = 1,   /* nothing begun */
    COPY_COLLECTING, /* a collection is out */
    COPY_DECIDED,    /* its result belongs to the attempt that follows */
    COPY_SENDING,    /* windows of the round go out */
    COPY_DRAINING,   /* an aborted attempt: what is out is waited for, nothing new is sent */
};

struct stream_state {
    uint32_t queued; /* ISSUED windows */
    ferry_time_ns busy_since;
    struct wire_stream_sum sum; /* of the open attempt, on this attach */
};

/* bandwidth.c */
struct bandwidth {
    uint64_t measured_bytes; /* decaying sums, on this connection or since the probe */
    ferry_time_ns measured_ns;
    ferry_time_ns counted_from; /* the newest stretch of busy time in measured_ns */
    ferry_time_ns counted_until;
    uint64_t last;        /* the figure before these sums began; 0 = none */
    uint64_t round_bytes; /* what the round under way gave to measure by */
    uint64_t dense_first; /* the stretch of guest memory most of data: pages for a probe */
    uint64_t dense_end;
    uint64_t dense_pages; /* of data that a small probe meets there; 0 = none was sent yet */
    uint16_t probes_due;  /* streams that have not got their probe of this round */
};

struct copy {
    enum copy_state state;
    uint32_t round;          /* under way */
    uint32_t barrier_attach; /* attach on which the round's barrier was sent; 0 = not yet */
    uint32_t issued_attach;  /* attach on which a batch of the round was sent last; 0 = none was */
    uint32_t barrier_done;   /* newest round that the target has closed; WIRE_ROUND_NONE = none */
    const uint64_t *bitmap;
    uint64_t bitmap_pages;
    struct memory_windows windows;
    struct stream_state streams[FERRY_STREAMS_MAX];
    struct ferry_round round_now;
    bool round_open; /* round_now is not in the history yet */
    ferry_time_ns round_begun;
    ferry_time_ns collect_at; /* the round's end is not looked at before */
    struct bandwidth bandwidth;
    ferry_time_ns collected_at;  /* the newest collection's report */
    uint64_t acknowledged_pages; /* of the round */
    ferry_time_ns last_progress; /* something was acknowledged */
    uint64_t dirty_rate;         /* bytes a second over the last live round */
    uint32_t live_rounds;
    struct ferry_policy_memory policy;
};

/* ---- attempt ---- */

struct attempt {
    ferry_time_ns opened_at;
    ferry_time_ns abort_at; /* without READY by then the attempt is aborted; NEVER = no limit */
    ferry_time_ns predicted;
    ferry_time_ns paused_at; /* 0 = not yet */
    ferry_time_ns captured_at;
    ferry_time_ns collected_at;
    ferry_time_ns ready_at;
    ferry_time_ns durable_at;
    ferry_time_ns load_ns;
    ferry_time_ns not_before; /* back-off after an abort */
    enum ferry_status abort_reason;
    uint64_t state_size;
    uint32_t state_digest;
    uint64_t state_issued;    /* bytes of the device state that were issued in this attempt */
    bool state_due;           /* the device state has not been issued in this attempt */
    uint32_t manifest_attach; /* attach on which the manifest was sent; 0 = not yet */
};

/* ---- ending ---- */

struct ending {
    enum ferry_outcome_kind kind; /* NONE: no end is decided */
    enum ferry_status status;
    uint16_t peer_text_size;
    char peer_text[FERRY_REASON_MAX]; /* the target's sentence, if it gave one */
    bool moved;
    bool died;          /* moved, and died there with its process before it could run */
    bool record_wanted; /* ENDED must be durable before END may be sent */
    bool record_durable;
    bool freed;
    bool closed_heard; /* CLOSED came: forget the session as soon as no record is being written */
    ferry_time_ns close_until;
};

/* ---- actions that report, one of each at a time ---- */

enum pending_kind {
    PENDING_DETACH,
    PENDING_PROBE,
    PENDING_COLLECT,
    PENDING_PAUSE,
    PENDING_RESUME,
    PENDING_CAPTURE,
    PENDING_PERSIST_SESSION,
    PENDING_PERSIST_GRANTED,
    PENDING_PERSIST_CLAIMED,
    PENDING_PERSIST_ENDED,
    PENDING_FREE,
    PENDING_FORGET,
    PENDING_COUNT,
};

struct pending {
    uint64_t id; /* 0: none out */
    ferry_time_ns issued_at;
    ferry_time_ns until; /* NEVER: its own machine watches it */
};

struct ferry_source {
    struct ferry_allocator allocator;
    size_t allocated;
    struct ferry_source_config config; /* pointers inside point into this object */
    ferry_time_ns now;                 /* of the input under way */
    ferry_time_ns created_at;
    enum ferry_source_state state;
    bool guest_alive; /* the guest's process is on this host */
    bool session_durable;
    bool accepted; /* the target has a SESSION record, as far as we know */
    bool asked;    /* OPEN was sent: the target may have one */
    bool switch_now;
    bool cancel_wanted;         /* carried out as soon as the guest runs here */
    ferry_time_ns accept_until; /* OPEN must be answered by then */
    ferry_time_ns unknown_at;
    uint64_t target_journal_id;
    uint16_t version;
    struct ferry_switch_costs measured; /* 0 = not yet: then the configuration's estimate counts */
    struct handover_source handover;
    struct link link;
    struct copy copy;
    struct attempt attempt;
    struct ending ending;
    struct pending pending[PENDING_COUNT];
    struct ferry_outcome outcome;
    uint64_t total_pages;
    struct ferry_region regions[FERRY_REGIONS_MAX];
    struct ferry_path paths[FERRY_PATHS_MAX];
    uint8_t guest_name[FERRY_NAME_MAX];
    uint8_t guest_config[FERRY_GUEST_CONFIG_MAX];
    struct ferry_round rounds[FERRY_ROUNDS_KEPT];
    struct base_queue queue;
};

/* What a target tells of its own times is believed up to a year: longer is no figure, and sums would overflow. */
#define SOURCE_TOLD_MAX ((ferry_time_ns)1 << 55)

/* source.c */
ferry_time_ns source_told(ferry_time_ns duration);
struct ferry_source *source_allocate(const struct ferry_source_config *config, ferry_time_ns now);
FERRY_NODISCARD
enum ferry_status source_check_config(const struct ferry_source_config *config);
void source_trace(
    struct ferry_source *source,
    enum ferry_trace_kind kind,
    int64_t a,
    int64_t b,
    int64_t c,
    int64_t d);
/* Pushes an action that reports, and remembers it. `limit`: how long it may take; NEVER = its
 * machine watches it. */
void source_ask(
    struct ferry_source *source,
    enum pending_kind pending,
    struct ferry_action action,
    ferry_time_ns limit);
void source_tell(
    struct ferry_source *source, struct ferry_action action); /* one without a report */
void source_abandon(struct ferry_source *source, enum pending_kind pending);
void source_send(
    struct ferry_source *source, const struct wire_message *message); /* dropped unless connected */
void source_persist(
    struct ferry_source *source,
    enum pending_kind pending,
    enum ferry_record_kind kind,
    const struct handover_record_body *body);

/* state_table.c */
void source_set_state(struct ferry_source *source, enum ferry_source_state state, int64_t cause);
void source_message(struct ferry_source *source, const struct wire_message *message);
/* The target said what no honest target says here. */
void source_violation(struct ferry_source *source, enum ferry_status status, int64_t type);

/* link.c */
void source_link_init(struct ferry_source *source);
void source_link_start(struct ferry_source *source);
ferry_time_ns source_link_round_trip(
    const struct ferry_source *source); /* a high one of the last; 0 = none yet */
ferry_time_ns source_link_ping_interval(const struct ferry_source *source);
bool source_link_connected(const struct ferry_source *source); /* control bytes may be sent */
bool source_link_carries(const struct ferry_source *source);   /* payload may be sent */
bool source_link_is_of_this_life(
    const struct ferry_source *source, uint32_t attach); /* not of before a restart */
void source_link_attached(struct ferry_source *source, uint32_t attach);
void source_link_detached(struct ferry_source *source, uint32_t attach, enum ferry_status status);
void source_link_detach_done(struct ferry_source *source);
void source_link_probe_done(struct ferry_source *source, enum ferry_status status);
void source_link_lose(struct ferry_source *source, enum ferry_status status);
void source_link_bytes(struct ferry_source *source, uint32_t attach, struct ferry_bytes bytes);
void source_link_answered(struct ferry_source *source); /* ACCEPT or RESUMED has come */
void source_link_ping(struct ferry_source *source);
void source_link_pong(struct ferry_source *source, const struct wire_message *message);
void source_link_leave_when_idle(struct ferry_source *source);
void source_link_tick(struct ferry_source *source);
ferry_time_ns source_link_deadline(const struct ferry_source *source);

/* opening.c */
void source_opening_ask(
    struct ferry_source *source); /* first words on a new connection: OPEN or RESUME */
void source_opening_accept(struct ferry_source *source, const struct wire_message *message);
void source_opening_refuse(struct ferry_source *source, const struct wire_message *message);
void source_opening_persist(
    struct ferry_source *source); /* SESSION, for the first time or to measure the journal */
void source_opening_session_persisted(struct ferry_source *source, enum ferry_status status);
void source_opening_resumed(struct ferry_source *source, const struct wire_message *message);

#define NS_PER_SECOND 1000000000ULL

/* value * factor / divisor without overflow in between; saturates. divisor is not 0. */
static inline uint64_t source_scale(uint64_t value, uint64_t factor, uint64_t divisor)
{
    __extension__ typedef unsigned __int128 wide;
    const wide result = (wide)value * factor / divisor;
    return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

/* copy.c: the rounds and the decision; sending.c: what goes out, and what comes back of it */
void source_copy_start(struct ferry_source *source);
void source_copy_collect(struct ferry_source *source, bool keep);
void source_copy_collected(struct ferry_source *source, const struct ferry_event *event);
void source_copy_begin_round(struct ferry_source *source, bool final);
void source_copy_end_round(struct ferry_source *source, uint64_t dirty_after);
void source_copy_pump(struct ferry_source *source); /* issues what the link may carry now, and
                                                       notices that a round is over */
ferry_time_ns source_copy_deadline(const struct ferry_source *source);
void source_copy_sent(struct ferry_source *source, const struct ferry_event *event);
void source_copy_acknowledged(
    struct ferry_source *source,
    uint32_t attach,
    uint32_t round,
    uint16_t stream_count,
    const uint64_t *last_batch);
void source_copy_link_lost(struct ferry_source *source);
void source_copy_requeue(
    struct ferry_source *source); /* the target has told what it placed: the rest is sent again */
struct ferry_switch_costs
source_copy_costs(const struct ferry_source *source); /* measured where possible, else estimated */
void source_copy_set_rate(struct ferry_source *source);
uint64_t source_copy_bandwidth(
    const struct ferry_source *source); /* measured, bytes a second; 0 = not yet */
/* bandwidth.c: measured with what is sent, or by a probe */
void source_bandwidth_forget(
    struct ferry_source *source); /* the figure counts on until there is a new one */
void source_bandwidth_measure(
    struct ferry_source *source,
    const struct stream_state *stream,
    const struct memory_window *window,
    uint64_t bytes);
void source_bandwidth_plan_probe(
    struct ferry_source *source, const struct ferry_policy_samples *samples);
struct memory_window *source_bandwidth_issue_probe(struct ferry_source *source, uint16_t index);
void source_copy_samples(
    const struct ferry_source *source, struct ferry_policy_samples *samples_out);
bool source_copy_paused_phase(const struct ferry_source *source);

/* attempt.c */
void source_attempt_open(struct ferry_source *source, ferry_time_ns predicted);
void source_attempt_round_trip(
    struct ferry_source *source); /* a round trip was measured: the guard takes note */
void source_attempt_paused(struct ferry_source *source, enum ferry_status status);
void source_attempt_captured(struct ferry_source *source, const struct ferry_event *event);
void source_attempt_collected(struct ferry_source *source);
void source_attempt_pump(struct ferry_source *source); /* sends the manifest when all is sent */
void source_attempt_ready(struct ferry_source *source, const struct wire_message *message);
void source_attempt_give_back(
    struct ferry_source *source); /* the handover lets the guest run here again */
void source_attempt_abort(struct ferry_source *source, enum ferry_status reason);
/* `stood_still`: of the guest, as its process saw it; 0: it did not, or nobody knows. */
void source_attempt_resumed(
    struct ferry_source *source, enum ferry_status status, ferry_time_ns stood_still);
void source_attempt_tick(struct ferry_source *source);
ferry_time_ns source_attempt_deadline(const struct ferry_source *source);

/* grant.c */
/* One input to the handover machine, and its outputs carried out. */
void source_grant_step(
    struct ferry_source *source,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch);
void source_grant_started(struct ferry_source *source, const struct wire_message *message);
void source_grant_aborted(struct ferry_source *source, const struct wire_message *message);
void source_grant_lost(struct ferry_source *source);
void source_grant_persisted(struct ferry_source *source, enum ferry_status status);
void source_grant_claim_persisted(struct ferry_source *source, enum ferry_status status);
FERRY_NODISCARD
enum ferry_status source_grant_claim(struct ferry_source *source);
void source_grant_unknown(struct ferry_source *source, enum ferry_status status);
bool source_grant_is_out(const struct ferry_source *source); /* only proof brings the guest back */

/* ending.c */
void source_ending_keep_text(
    struct ferry_source *source, struct ferry_bytes text); /* the target's sentence */
/* Decides the end. Where the guest is paused and nothing is granted, it is resumed first. */
void source_ending_decide(
    struct ferry_source *source, enum ferry_outcome_kind kind, enum ferry_status status);
void source_ending_report(
    struct ferry_source *source, enum ferry_outcome_kind kind, enum ferry_status status);
void source_ending_begin(
    struct ferry_source *source); /* the guest is where it belongs: report, then clean up */
void source_ending_moved_after_all(struct ferry_source *source);
void source_ending_say_end(struct ferry_source *source);
void source_ending_persisted(struct ferry_source *source, enum ferry_status status);
void source_ending_freed(struct ferry_source *source);
void source_ending_closed_heard(struct ferry_source *source);
void source_ending_forgotten(struct ferry_source *source);
void source_ending_close(struct ferry_source *source);
void source_ending_tick(struct ferry_source *source);
ferry_time_ns source_ending_deadline(const struct ferry_source *source);
FERRY_NODISCARD
enum ferry_status source_ending_cancel(struct ferry_source *source);

/* reason.c */
void source_reason_write(const struct ferry_source *source, struct ferry_outcome *outcome);

#endif
