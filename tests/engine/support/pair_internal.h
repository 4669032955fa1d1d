/* SPDX-License-Identifier: Apache-2.0 */
/* pair_internal.h -- the pair, opened up: for the files pair*.c only.
 *
 *   pair.c          lifetime, configurations, questions
 *   pair_run.c      the queue of steps, and running it
 *   pair_world.c    both hosts: the guest, the journal, what each action does
 *   pair_wire.c     connections and control messages
 *   pair_payload.c  streams: the shipped encoder and decoder with 8-byte tags for pages
 *   pair_faults.c   what can go wrong
 *   pair_states.c   pairs that have come to a state by themselves
 *   pair_ends.c     how it has to end
 *   pair_log.c      the transcript */
#ifndef TESTS_SUPPORT_PAIR_INTERNAL_H
#define TESTS_SUPPORT_PAIR_INTERNAL_H

#include "support/harness.h"
#include "support/pair.h"
#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX    4096
#define STREAMS_MAX  8
#define RECORD_KINDS (FERRY_RECORD_CLAIMED + 1)
#define ACTION_KINDS (FERRY_ACTION_CLOSED + 1)
#define HOUR         (3600 * FERRY_SECOND)
#define FRAMES_MAX   262144U

enum step_kind {
    STEP_EVENT = 1,
    STEP_BATCH_SENT,
    STEP_BATCH_ARRIVED,
    STEP_BARRIER,
};

/* One thing that will happen. Payload: what a batch's encoder yields, heads and tags, flattened. */
struct step {
    ferry_time_ns at;
    uint64_t order;
    enum step_kind kind;
    enum pair_side side;
    uint32_t life; /* of the side when it was scheduled: dropped when the host has crashed since */
    uint16_t path; /* UINT16_MAX: not on the wire */
    bool held;     /* the wire is cut under it: goes on when that heals, if its connection lives */
    enum pair_side from; /* which way it goes on the wire */
    struct ferry_event event;
    uint8_t *bytes; /* of the event, owned */
    struct ferry_batch batch;
    uint32_t round;
};

struct stream_end {
    struct ferry_encoder *encoder;
    struct ferry_decoder *decoder;
    uint8_t *pipe; /* bytes that wait for the decoder (HOLD), heads and tags in wire order */
    size_t pipe_used;
    ferry_time_ns free_at; /* the wire is busy with this stream until then */
};

struct record {
    uint8_t bytes[FERRY_RECORD_MAX];
    size_t size;
};

/* Consecutive batches in the transcript. */
struct batch_run {
    bool open;
    uint32_t more; /* after the one that was shown */
    ferry_time_ns at;
    const char *state;
    uint64_t end_page;
};

struct pair {
    struct pair_options options;
    ferry_time_ns now;
    uint64_t order;
    struct step steps[STEPS_MAX];
    uint32_t step_count;
    struct ferry_source *source;
    struct ferry_target *target;
    uint32_t life[2];
    bool alive[2];       /* the daemon */
    bool guest_alive[2]; /* its process */
    bool runs[2];
    bool journal_broken[2];
    ferry_time_ns journal_cost[2];
    uint64_t journal_id[2];
    uint16_t incarnation;
    struct record records[2][RECORD_KINDS];
    uint16_t cut_mask[2]; /* paths on which nothing gets through that this side sends */
    struct pair_tamper tampers[2][ACTION_KINDS];
    uint32_t drops[PAIR_TYPES]; /* so many more messages of this type vanish */
    uint16_t path;              /* of the current attach */
    uint32_t attach;
    bool connected;
    uint16_t stream_count;
    struct stream_end streams[STREAMS_MAX];
    uint64_t rate;
    bool corrupt_next;
    uint64_t tags[2][PAIR_PAGES_MAX];
    uint64_t bitmap[PAIR_PAGES_MAX / 64];
    uint64_t dirty[PAIR_PAGES_MAX / 64];
    uint64_t next_tag;
    uint64_t next_dirty;
    ferry_time_ns dirtied_until;
    ferry_time_ns paused_at;
    ferry_time_ns true_blackout;
    uint32_t different;
    struct ferry_outcome outcome;
    uint32_t outcomes;
    uint64_t traces[FERRY_TRACE_COUNT];
    struct ferry_trace_event last[FERRY_TRACE_COUNT];
    uint32_t actions[2][ACTION_KINDS];
    uint32_t sent[PAIR_TYPES];
    uint32_t digest; /* of every action, in order */
    uint32_t ended;  /* CLOSED actions */
    struct batch_run batch_run;
    uint64_t payload_bytes;
    uint64_t state_now; /* content of the device state */
    int64_t allocated;
    struct ferry_region region;
};

/* pair.c */
struct ferry_allocator pair_allocator(struct pair *pair);
struct ferry_source_config pair_source_config(struct pair *pair);
struct ferry_target_config pair_target_config(struct pair *pair);
void pair_make_target(struct pair *pair);

/* pair_run.c */
struct step *
pair_schedule(struct pair *pair, ferry_time_ns at, enum step_kind kind, enum pair_side side);
void pair_feed(struct pair *pair, enum pair_side side, const struct ferry_event *event);

/* pair_world.c */
void pair_guest_dirty(struct pair *pair);
void pair_take_actions(struct pair *pair, enum pair_side side);

/* pair_wire.c */
bool pair_is_cut(const struct pair *pair, uint16_t path, enum pair_side from);
void pair_wire_close(struct pair *pair);
void pair_attach(struct pair *pair, const struct ferry_action *action);
void pair_send_control(struct pair *pair, enum pair_side from, const struct ferry_action *action);

/* pair_payload.c */
uint32_t pair_tag_digest(const uint64_t *tags, uint64_t count);
void pair_open_streams(struct pair *pair);
void pair_send_batch(struct pair *pair, const struct ferry_action *action);
void pair_send_barrier(struct pair *pair, const struct ferry_action *action);
void pair_batch_sent(struct pair *pair, const struct step *step);
void pair_barrier_sent(struct pair *pair, const struct step *step);
void pair_batch_arrived(struct pair *pair, const struct step *step);
void pair_release_round(struct pair *pair, uint32_t round);

/* pair_faults.c */
void pair_revive_target(
    struct pair *pair); /* a connection of a session that only the journal knows */

/* pair_log.c */
void pair_say(struct pair *pair, enum pair_side side, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void pair_describe(struct pair *pair, enum pair_side side, const struct ferry_action *action);
void pair_trace(void *context, const struct ferry_trace_event *event);

#endif
