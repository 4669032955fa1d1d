/* SPDX-License-Identifier: Apache-2.0 */
/* target.h -- receiving side of one migration. Owns no I/O: feed events, take actions.
 * ARCHITECTURE.md, "A migration".
 *
 * The world accepts connections, reads each one's preface (ferry_preface_decode) and looks the
 * session up: a control connection of a session that it does not hold makes a new target
 * (ferry_target_create), whatever its first message is; a payload connection goes to the session's
 * decoders, with the attach number of its preface. */
#ifndef FERRY_TARGET_H
#define FERRY_TARGET_H

#include "ferry/action.h"
#include "ferry/event.h"
#include "ferry/source.h"
#include "ferry/status.h"
#include "ferry/trace.h"
#include "ferry/types.h"

struct ferry_target; /* opaque; memory from config->allocator */

struct ferry_target_config {
    struct ferry_allocator allocator;
    struct ferry_trace_sink trace;
    /* Versions of the protocol that this side speaks, both ends included. The default is what this
     * build does; less of it lets old and new daemons meet while a cluster is upgraded. */
    uint16_t version_min;
    uint16_t version_max;
    struct ferry_session_id session; /* from the preface */
    uint64_t journal_id;             /* random, made when this host's journal was created */
    uint64_t memory_free;            /* bytes that a new guest may take here */
    uint64_t device_state_max;       /* bytes */
    uint16_t streams_max;
    bool refuse;                     /* admission says no ... */
    enum ferry_status refuse_status; /* ... for this reason (REFUSED_*) */
    ferry_time_ns orphan_limit;      /* source gone for so long before READY: burn and clean up (the
                                        source's own limit counts if longer) */
    ferry_time_ns hold_limit;        /* from READY on */
    ferry_time_ns action_limit;
    ferry_time_ns announce_interval; /* between repeated announcements */
    uint32_t announce_count;
    /* Estimates of this host's costs, told to the source for its prediction until they are
     * measured. */
    ferry_time_ns journal_estimate;      /* of one durable write */
    ferry_time_ns load_estimate;         /* device state in, whatever its size ... */
    ferry_time_ns load_per_mib_estimate; /* ... and for each MiB of it */
    ferry_time_ns resume_estimate;       /* the run call */
};

struct ferry_target_config ferry_target_config_default(void);

enum ferry_target_state {
    FERRY_TARGET_WAITING = 1, /* nothing heard yet */
    FERRY_TARGET_PREPARING,   /* session record and guest shell under way */
    FERRY_TARGET_RECEIVING,
    FERRY_TARGET_LOADING,  /* everything of an attempt is here: device state goes in */
    FERRY_TARGET_READY,    /* only the run call is left: may hold the only copy */
    FERRY_TARGET_OWNING,   /* the ownership record is being written */
    FERRY_TARGET_STARTING, /* owner; the run call is under way */
    FERRY_TARGET_RUNNING,  /* the guest runs here; waits for the source's END */
    FERRY_TARGET_BURNING,  /* the burn record is being written */
    FERRY_TARGET_BURNED,   /* never starts this guest; tells the source so */
    FERRY_TARGET_CLEANING, /* END heard or refused: frees and forgets */
    FERRY_TARGET_LOST,     /* no record of the session: says so */
    FERRY_TARGET_CLOSED,
};

const char *ferry_target_state_name(enum ferry_target_state state); /* never NULL */

FERRY_NODISCARD
enum ferry_status ferry_target_create(
    const struct ferry_target_config *config, ferry_time_ns now, struct ferry_target **target_out);

/* After a restart: continues from the journal's records of one session (at least SESSION).
 * guest_alive: the guest's process still lives on this host. */
FERRY_NODISCARD
enum ferry_status ferry_target_restart(
    const struct ferry_target_config *config,
    const struct ferry_record *records,
    size_t record_count,
    bool guest_alive,
    ferry_time_ns now,
    struct ferry_target **target_out);

void ferry_target_destroy(struct ferry_target *target); /* NULL is fine */

FERRY_NODISCARD
enum ferry_status
ferry_target_input(struct ferry_target *target, const struct ferry_event *event, ferry_time_ns now);
bool ferry_target_next_action(struct ferry_target *target, struct ferry_action *action_out);
ferry_time_ns ferry_target_deadline(const struct ferry_target *target);

/* For the world's decoders, known after OPEN was accepted (PREPARE_GUEST was asked for). NULL
 * before. */
const struct ferry_stream_shape *ferry_target_shape(const struct ferry_target *target);
/* First round whose payload may be placed now, for decoders of a new attach. */
uint32_t ferry_target_round(const struct ferry_target *target);

/* For reports and checkers only. */
enum ferry_target_state ferry_target_state(const struct ferry_target *target);
uint64_t ferry_target_guest_id(const struct ferry_target *target); /* 0 = not known yet */
uint64_t
ferry_target_epoch(const struct ferry_target *target); /* the source's; the target's is one more */

#endif
