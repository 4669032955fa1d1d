/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h -- the target, opened up: for the files of this room only.
 *
 *   attach      which connections count, what older ones left   attach.c
 *   opening     admission, shell, SESSION record                opening.c
 *   receiving   batches, barriers, manifest                     receiving.c
 *   handover    who runs the guest                              handover/ (pure; see owning.c)
 *   closing     END, orphans, cleaning up                       closing.c
 *
 * state_table.c draws the states and says which message may come in which. */
#ifndef TARGET_INTERNAL_H
#define TARGET_INTERNAL_H

#include "base/queue.h"
#include "ferry/target.h"
#include "handover/handover.h"
#include "handover/record.h"
#include "wire/message.h"

struct target_stream {
    uint64_t last_batch; /* placed, of streams_attach; 0 = none */
    uint32_t barrier;    /* newest round closed on this stream; WIRE_ROUND_NONE = none */
    uint32_t sum_attempt;
    struct wire_stream_sum sum; /* of sum_attempt, on streams_attach */
};

enum target_pending {
    TARGET_PENDING_DETACH,
    TARGET_PENDING_PREPARE,
    TARGET_PENDING_LOAD,
    TARGET_PENDING_RESUME,
    TARGET_PENDING_FREE,
    TARGET_PENDING_FORGET,
    TARGET_PENDING_PERSIST_SESSION,
    TARGET_PENDING_PERSIST_OWNER,
    TARGET_PENDING_PERSIST_BURNED,
    TARGET_PENDING_COUNT,
};

struct target_action_out {
    uint64_t id; /* 0: none out */
    ferry_time_ns issued_at;
    ferry_time_ns until;
};

/* What the pause of one attempt has brought so far. */
struct target_attempt {
    uint32_t number;          /* of the manifest; 0 = none */
    uint32_t manifest_attach; /* attach on which it came */
    struct wire_manifest manifest;
    uint32_t state_attempt; /* whose device state is here; 0 = none */
    uint64_t state_size;
    uint64_t state_bytes; /* of it, placed */
    uint32_t state_digest;
    ferry_time_ns load_begun;
    ferry_time_ns load_ns;
};

struct ferry_target {
    struct ferry_allocator allocator;
    struct ferry_target_config config;
    ferry_time_ns now;
    enum ferry_target_state state;

    /* connections */
    uint32_t attach;   /* newest control connection; 0 = none yet */
    bool attached;     /* it is up */
    bool resume_waits; /* its RESUME is answered when the older attaches have stopped */
    struct wire_resume resume;
    uint32_t streams_attach; /* whose batches the table below counts */
    uint16_t stream_count;
    /* Answered, and not heard from since: until then the table keeps what the source may not know. */
    uint32_t next_attach;
    uint16_t next_stream_count;
    struct target_stream streams[FERRY_STREAMS_MAX];
    uint32_t
        told_attach;  /* attach on which a source that knew nothing was told that this host owns */
    uint32_t damaged; /* times that a stream made no sense */
    uint32_t round_done; /* WIRE_ROUND_NONE = none */
    struct wire_reader reader;
    uint8_t reader_buffer[WIRE_READER_CAPACITY];
    ferry_time_ns last_heard;

    /* the session */
    uint64_t guest_id; /* 0 = not known */
    uint64_t source_journal_id;
    ferry_time_ns abandon_after; /* the source's own limit */
    bool session_durable;
    bool
        begun; /* its source said or sent more than OPEN; also of a session that the journal told of */
    bool guest_here; /* a shell or a guest that FREE_GUEST would remove */
    bool shape_known;
    struct ferry_stream_shape shape;
    struct ferry_region regions[FERRY_REGIONS_MAX];
    uint16_t version;
    ferry_time_ns persist_ns;    /* of the last durable write; 0: none was measured */
    ferry_time_ns load_estimate; /* for a device state of the size that OPEN names */

    struct target_attempt attempt;
    struct handover_target handover;
    ferry_time_ns ready_at;
    ferry_time_ns owner_persist_ns;
    ferry_time_ns resume_ns;
    ferry_time_ns running_at;
    uint32_t announced;
    ferry_time_ns announce_at;
    bool forgotten; /* FORGET_SESSION was asked for */
    bool closed_said;
    ferry_time_ns leave_at; /* CLEANING, LOST: nobody waits any longer */

    struct target_action_out pending[TARGET_PENDING_COUNT];
    uint64_t dropped_reports;
    struct base_queue queue;
};

/* target.c */
ferry_time_ns target_after_last_heard(const struct ferry_target *target, ferry_time_ns duration);
struct ferry_target *target_allocate(const struct ferry_target_config *config, ferry_time_ns now);
void target_trace(
    struct ferry_target *target,
    enum ferry_trace_kind kind,
    int64_t a,
    int64_t b,
    int64_t c,
    int64_t d);
void target_tell(struct ferry_target *target, struct ferry_action action);
void target_ask(
    struct ferry_target *target,
    enum target_pending pending,
    struct ferry_action action,
    ferry_time_ns limit);
void target_abandon(struct ferry_target *target, enum target_pending pending);
void target_send(struct ferry_target *target, const struct wire_message *message);
void target_persist(
    struct ferry_target *target,
    enum target_pending pending,
    enum ferry_record_kind kind,
    uint64_t epoch,
    ferry_time_ns limit);

/* state_table.c */
void target_set_state(struct ferry_target *target, enum ferry_target_state state, int64_t cause);
void target_message(struct ferry_target *target, const struct wire_message *message);
void target_violation(struct ferry_target *target, enum ferry_status status, int64_t type);

/* attach.c */
void target_attach_up(struct ferry_target *target, uint32_t attach);
void target_attach_down(struct ferry_target *target, uint32_t attach);
void target_attach_bytes(struct ferry_target *target, uint32_t attach, struct ferry_bytes bytes);
void target_attach_resume(struct ferry_target *target, const struct wire_message *message);
void target_attach_detach_done(struct ferry_target *target);
void target_attach_drop(struct ferry_target *target); /* closes the newest connections; the source
                                                         comes back or does not */

/* opening.c */
void target_opening_open(struct ferry_target *target, const struct wire_message *message);
void target_opening_prepared(struct ferry_target *target, enum ferry_status status);
void target_opening_persisted(struct ferry_target *target, enum ferry_status status);
void target_opening_send_lost(struct ferry_target *target);
void target_opening_persist(
    struct ferry_target *target); /* SESSION, for the first time or to measure the journal */

/* receiving.c */
void target_receiving_begin_attach(struct ferry_target *target, uint32_t attach, uint16_t streams);
void target_receiving_batch(struct ferry_target *target, const struct ferry_event *event);
void target_receiving_barrier(struct ferry_target *target, const struct ferry_event *event);
void target_receiving_error(struct ferry_target *target, const struct ferry_event *event);
void target_receiving_manifest(struct ferry_target *target, const struct wire_message *message);
void target_receiving_loaded(struct ferry_target *target, enum ferry_status status);
/* What came for attempts up to `attempt` is void; a newer one that is under way goes on. */
void target_receiving_void(struct ferry_target *target, uint32_t attempt);
void target_receiving_fail(struct ferry_target *target, enum ferry_status status, const char *text);

/* owning.c */
void target_owning_step(
    struct ferry_target *target,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch);
FERRY_NODISCARD
enum ferry_status
target_owning_command(struct ferry_target *target, enum handover_target_input input);
void target_owning_persisted(struct ferry_target *target, enum ferry_status status);
void target_owning_burned(struct ferry_target *target, enum ferry_status status);
void target_owning_resumed(struct ferry_target *target, enum ferry_status status);
void target_owning_tick(struct ferry_target *target);
ferry_time_ns target_owning_deadline(const struct ferry_target *target);

/* closing.c */
void target_closing_begin(struct ferry_target *target);
void target_closing_step_done(struct ferry_target *target);
void target_closing_tick(struct ferry_target *target);
ferry_time_ns target_closing_deadline(const struct ferry_target *target);

#endif
