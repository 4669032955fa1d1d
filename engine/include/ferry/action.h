/* SPDX-License-Identifier: Apache-2.0 */
/* action.h -- what the engine asks of its world: an ordered value with an id.
 *
 * The world takes actions one by one with ferry_source_next_action() / ferry_target_next_action()
 * and carries them out in that order (those marked "reports" may run in the background). Pointers
 * in an action are borrowed until the next call of the same object. An action that reports does so
 * exactly once, with the event that its line names and the action's id; a report for an action that
 * the engine has meanwhile abandoned is dropped by the engine. */
#ifndef FERRY_ACTION_H
#define FERRY_ACTION_H

#include "ferry/limits.h"
#include "ferry/outcome.h"
#include "ferry/status.h"
#include "ferry/stream.h"
#include "ferry/types.h"

enum ferry_action_kind {
    /* -- connections -- */
    /* Source: open a control connection and `streams` payload connections to the peer over network
     * `path`, each with its preface (payload: the encoder yields it; control: it stands at the
     * start of the first SEND_CONTROL). Reports ATTACHED once all are connected, or DETACHED. */
    FERRY_ACTION_ATTACH = 1,
    /* Close every connection whose attach number is <= attach, stop what they were doing, and, at
     * the target, report what was placed first (BATCH_PLACED events). Reports DONE: nothing of
     * those attaches happens after it. */
    FERRY_ACTION_DETACH,
    /* Source: find out whether network `path` reaches the peer now, without disturbing anything.
       Reports DONE (OK or not). */
    FERRY_ACTION_PROBE,
    /* Send these bytes on the control connection of `attach`. No report. */
    FERRY_ACTION_SEND_CONTROL,

    /* -- payload, source -- */
    /* Send this batch on stream `stream` of `attach`. Reports BATCH_SENT when its last byte was
       handed over. */
    FERRY_ACTION_SEND_BATCH,
    /* Close round `round` on every stream. No report: the target's engine acknowledges it. */
    FERRY_ACTION_SEND_BARRIER,
    /* No stream of this migration may send faster than `rate` bytes a second from now on. No
       report. */
    FERRY_ACTION_SET_RATE,
    /* -- payload, target -- */
    /* Payload of round `round` may be placed on every stream. No report. */
    FERRY_ACTION_RELEASE_ROUND,

    /* -- the guest -- */
    /* Target: make the guest's process with its memory (all zero) and devices, not running. Reports
       DONE. */
    FERRY_ACTION_PREPARE_GUEST,
    /* Source: read the dirty log and protect the pages again. `keep`: add to the bitmap of the
     * round; otherwise replace it. round 0: start logging and mark all pages. Reports COLLECTED. */
    FERRY_ACTION_COLLECT,
    /* Source: end dirty logging, if it is on: perhaps an earlier life began it. No report. */
    FERRY_ACTION_STOP_LOGGING,
    /* Source: stop the vCPUs, refuse and complete device requests, drain, flush. Reports DONE when
       nothing runs any more. */
    FERRY_ACTION_PAUSE,
    /* Run the guest on this host. Idempotent; carries (session, attempt, epoch). Source: after an
     * abort, or on proof. Target: only after the OWNER record is durable. Reports DONE; the source's
     * also says for how long the guest had stood still. */
    FERRY_ACTION_RESUME,
    /* Source: let the vCPUs run `throttle_percent` less; 0 = full speed. No report. */
    FERRY_ACTION_THROTTLE,
    /* Source: save the device state of the paused guest. Reports STATE_CAPTURED. */
    FERRY_ACTION_CAPTURE_STATE,
    /* Target: load the device state that arrived. Reports DONE when only the run call is left. */
    FERRY_ACTION_LOAD_STATE,
    /* Target: tell the network where the guest is now (RARP / gratuitous ARP); it is asked for
       several times. No report. */
    FERRY_ACTION_ANNOUNCE,
    /* Destroy this host's copy of the guest: source after it moved, target when it gives up.
       Reports DONE. */
    FERRY_ACTION_FREE_GUEST,

    /* -- the journal -- */
    /* Make `record` durable under (session, record_kind), replacing one of the same kind. Reports
       DONE: OK = durable, else = unknown whether durable. */
    FERRY_ACTION_PERSIST,
    /* Forget all records of this session except the guest's ownership record. Reports DONE. */
    FERRY_ACTION_FORGET_SESSION,

    /* -- the owner of the migration -- */
    /* The outcome is decided: `outcome` holds it. UNKNOWN may be followed by a second FINISHED,
       nothing else may. */
    FERRY_ACTION_FINISHED,
    /* Nothing is left to do: the object may be destroyed. */
    FERRY_ACTION_CLOSED,
};

enum ferry_record_kind {
    FERRY_RECORD_SESSION = 1, /* both sides, before the first page */
    FERRY_RECORD_GRANTED,     /* source, before GRANT is sent */
    FERRY_RECORD_OWNER,       /* target, before the guest runs */
    FERRY_RECORD_BURNED,      /* target: it never starts this guest in this session */
    FERRY_RECORD_ENDED,       /* source: what became of the guest (moved, or back here on proof) */
    FERRY_RECORD_CLAIMED, /* either side, by an operator who states that the other host is fenced */
};

struct ferry_action {
    enum ferry_action_kind kind;
    uint64_t id; /* counts up; 0 on actions without a report */
    uint32_t attach;
    uint16_t path;
    uint16_t streams;
    uint16_t stream;
    bool keep;
    uint32_t round;
    uint32_t attempt;
    uint64_t epoch;
    uint64_t rate;             /* SET_RATE: bytes a second for each stream */
    uint32_t throttle_percent; /* THROTTLE: 0 .. 99 */
    struct ferry_session_id session;
    struct ferry_bytes
        bytes; /* SEND_CONTROL, PERSIST (the record), PREPARE_GUEST (the guest's configuration) */
    enum ferry_record_kind record_kind;
    struct ferry_batch batch;            /* SEND_BATCH */
    uint64_t state_size;                 /* LOAD_STATE */
    const struct ferry_outcome *outcome; /* FINISHED: valid as long as the object lives */
};

const char *ferry_action_name(enum ferry_action_kind kind); /* "SEND_BATCH"; never NULL */
const char *ferry_record_name(enum ferry_record_kind kind); /* "GRANTED"; never NULL */

#endif
