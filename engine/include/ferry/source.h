/* SPDX-License-Identifier: Apache-2.0 */
/* source.h -- sending side of one migration. Owns no I/O: feed events, take actions.
 * ARCHITECTURE.md, "A migration". */
#ifndef FERRY_SOURCE_H
#define FERRY_SOURCE_H

#include "ferry/action.h"
#include "ferry/event.h"
#include "ferry/policy.h"
#include "ferry/status.h"
#include "ferry/trace.h"
#include "ferry/types.h"

struct ferry_source; /* opaque; memory from config->allocator, all of it at create */

/* One network to the target. Lower priority numbers are better; equal ones in order of the array.
 */
struct ferry_path {
    uint32_t priority;
};

struct ferry_record {
    enum ferry_record_kind kind;
    struct ferry_bytes bytes;
};

struct ferry_source_config {
    struct ferry_allocator allocator;
    struct ferry_trace_sink trace;
    /* Versions of the protocol that this side speaks, both ends included. The default is what this
     * build does; less of it lets old and new daemons meet while a cluster is upgraded. */
    uint16_t version_min;
    uint16_t version_max;
    struct ferry_session_id session; /* random, never used before */
    uint64_t guest_id;
    uint64_t epoch;       /* of the guest's ownership here, at least 1 */
    uint64_t journal_id;  /* random, made when this host's journal was created */
    uint16_t incarnation; /* how often this host's daemon has started: attach numbers of a restarted
                             source are newer */
    struct ferry_bytes guest_name;   /* 1 .. FERRY_NAME_MAX bytes; copied */
    struct ferry_bytes guest_config; /* opaque, for the target's PREPARE_GUEST; copied */
    uint32_t page_size;
    uint16_t region_count;
    const struct ferry_region *regions; /* copied */
    uint64_t device_state_estimate;     /* bytes, for the prediction */
    uint16_t path_count;
    const struct ferry_path *paths; /* copied */
    uint16_t streams;
    enum ferry_mode mode;
    enum ferry_no_convergence on_no_convergence;
    ferry_time_ns blackout_limit;    /* NEVER = none (the default of stop-and-copy) */
    ferry_time_ns give_up_after;     /* from creation */
    uint64_t bandwidth_cap;          /* bytes a second over all streams; FERRY_RATE_UNLIMITED */
    ferry_time_ns batch_time;        /* link time of one batch; 10 ms is a good size */
    ferry_time_ns silence_limit;     /* no byte from the target for so long: next network */
    ferry_time_ns connect_limit;     /* for one try of one network */
    ferry_time_ns reconnect_limit;   /* without any connection for so long: give up (pre-copy) */
    ferry_time_ns probe_interval;    /* on a worse network: look for a better one this often */
    ferry_time_ns action_limit;      /* host actions other than sending; longer is a failure */
    ferry_time_ns unknown_after;     /* granted and no answer for so long: UNKNOWN is reported */
    ferry_time_ns close_limit;       /* cleaning up with a silent peer: leave it to a later retry */
    struct ferry_switch_costs costs; /* estimates until they are measured */
};

/* Every field that has a sensible default gets it; the rest is zero. */
struct ferry_source_config ferry_source_config_default(void);

enum ferry_source_state {
    FERRY_SOURCE_OPENING =
        1,                 /* session record, connection, target's admission: the guest runs here */
    FERRY_SOURCE_COPYING,  /* live rounds: the guest runs here */
    FERRY_SOURCE_PAUSING,  /* an attempt is open, vCPUs are being stopped */
    FERRY_SOURCE_SENDING,  /* paused: state and last pages on their way; waits for READY */
    FERRY_SOURCE_RESUMING, /* the attempt was aborted: the guest is being run here again */
    FERRY_SOURCE_GRANTING, /* the grant record is being written: from here on only proof brings the
                              guest back */
    FERRY_SOURCE_GRANTED,  /* GRANT is out, waits for STARTED or ABORTED */
    FERRY_SOURCE_BURNING, /* granted on paper, GRANT never sent: asks the target to burn the session
                           */
    FERRY_SOURCE_UNKNOWN, /* the target does not say; keeps asking */
    FERRY_SOURCE_CLOSING, /* outcome reported; cleaning up */
    FERRY_SOURCE_CLOSED,
};

const char *ferry_source_state_name(enum ferry_source_state state); /* never NULL */

/* Starts at once. USAGE_CONFIG, LIMIT_MEMORY. */
FERRY_NODISCARD
enum ferry_status ferry_source_create(
    const struct ferry_source_config *config, ferry_time_ns now, struct ferry_source **source_out);

/* What a daemon finds of the guest's process on its host when it starts again. */
enum ferry_guest_found {
    FERRY_GUEST_GONE = 0, /* it died, or another process has taken its place */
    FERRY_GUEST_PAUSED,   /* it lives, and its vCPUs stand still (or nobody knows) */
    FERRY_GUEST_RUNNING,  /* its vCPUs run. A process never resumes by itself: it was told to */
};

/* After a restart of the daemon: continues from the journal's records of one session, and from what
 * became of the guest's process, which the source makes run if it may. */
FERRY_NODISCARD
enum ferry_status ferry_source_restart(
    const struct ferry_source_config *config,
    const struct ferry_record *records,
    size_t record_count,
    enum ferry_guest_found guest,
    ferry_time_ns now,
    struct ferry_source **source_out);

void ferry_source_destroy(struct ferry_source *source); /* NULL is fine */

/* USAGE_STATE and USAGE_TOO_LATE for an operator's command that is not possible now; anything else
 * is handled inside. */
FERRY_NODISCARD
enum ferry_status
ferry_source_input(struct ferry_source *source, const struct ferry_event *event, ferry_time_ns now);
bool ferry_source_next_action(struct ferry_source *source, struct ferry_action *action_out);
ferry_time_ns
ferry_source_deadline(const struct ferry_source *source); /* FERRY_TIME_NEVER if none */

/* For reports and checkers only. */
enum ferry_source_state ferry_source_state(const struct ferry_source *source);

struct ferry_progress {
    enum ferry_source_state state;
    uint32_t round;            /* under way */
    uint64_t round_pages;      /* in it */
    uint64_t round_pages_sent; /* of these, acknowledged */
    uint64_t total_pages;
    uint64_t wire_bytes;
    uint64_t bandwidth;              /* measured, bytes a second */
    uint64_t dirty_bytes_per_second; /* measured */
    ferry_time_ns predicted_blackout;
    uint16_t path;    /* network in use */
    bool attached;    /* connected now */
    uint32_t attempt; /* open, or 0 */
};
void ferry_source_progress(const struct ferry_source *source, struct ferry_progress *progress_out);

#endif
