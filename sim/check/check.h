/* SPDX-License-Identifier: Apache-2.0 */
/* check.h -- the invariants that every simulated run is judged by, without being asked.
 *
 * The world says what happens in public (`struct sim_observation`, one call each, in order of
 * time); the checkers see nothing else, never the engine's insides, so they cannot be wrong in the
 * same way as the engine. Each invariant is one file beside this one, which opens with its claim,
 * when it is checked, and what it does not cover.
 *
 * Rules for whoever emits:
 *   C-1  at_ns never goes backwards; every GUEST_RUNNING of time 0 comes before anything else of
 * that guest. C-2  a migration's index is never used twice; MIGRATION_STARTED comes before anything
 * that names it. C-3  at one instant the order is the causal one: RESUMED_AT_TARGET, then
 * GUEST_RUNNING at the target; GUEST_STOPPED, then ATTEMPT_PAUSED; ATTEMPT_RESUMED and
 * GUEST_RUNNING at the source in either order; FAULT_BEGIN before what the fault does, FAULT_END
 * after what it undoes. C-4  pointers in an observation are borrowed for the call; checkers copy
 * what they keep. Unused fields of an observation are zero. */
#ifndef FERRY_SIM_CHECK_CHECK_H
#define FERRY_SIM_CHECK_CHECK_H

#include "ferry/outcome.h"
#include "ferry/policy.h"
#include "ferry/trace.h"
#include "ferry/types.h"

#include <stddef.h>

#define SIM_CHECK_NONE UINT32_MAX /* no guest, host, network, migration, drain or fault */

/* A cluster of this folder has so many networks at most: a set of them is a word. */
#define SIM_CHECK_NETWORKS_MAX 64U

enum sim_observed {
    /* -- guests -- */
    /* guest, host, epoch: its vCPUs run on this host from now on. Also at time 0, and after an
       aborted attempt. */
    SIM_OBSERVED_GUEST_RUNNING = 1,
    /* guest, host, stop: its vCPUs do not run on this host any more. A host that crashes emits it
     * for each of its guests that ran; one that merely stands still (a host pause) does not: it may
     * go on at any moment. */
    SIM_OBSERVED_GUEST_STOPPED,
    /* guest, host, throttle_percent: 0 = full speed. */
    SIM_OBSERVED_THROTTLE,

    /* -- migrations -- */
    /* migration, guest, from, to, mode, on_no_convergence, blackout_limit (NEVER = none),
     * bandwidth_cap (bytes a second over all streams, FERRY_RATE_UNLIMITED), streams, drain
     * (SIM_CHECK_NONE: by a single move), parallel unused. */
    SIM_OBSERVED_MIGRATION_STARTED,
    /* migration, bandwidth_cap: the operator's command has reached the source's engine, and was
       accepted. */
    SIM_OBSERVED_CAP_CHANGED,
    /* migration, blackout_limit: likewise. */
    SIM_OBSERVED_LIMIT_CHANGED,
    /* migration, network: the source begins to connect over it; from now on this is the network that the migration uses,
     * for its control messages and for all its streams. */
    SIM_OBSERVED_NETWORK_USED,
    /* migration, attempt: all vCPUs have stopped at the source, for the switchover. */
    SIM_OBSERVED_ATTEMPT_PAUSED,
    /* migration, attempt: the guest runs again at the source: an aborted attempt, or proof that it
       never starts there. */
    SIM_OBSERVED_ATTEMPT_RESUMED,
    /* migration, attempt, epoch (the target's), total_pages, compared_pages, mismatching_pages,
     * first_mismatch (page), source_state_digest, target_state_digest: the run call is being
     * carried out at the target. The comparison is with what the guest's memory was at the source
     * when that attempt paused it, also if the source has crashed since. */
    SIM_OBSERVED_RESUMED_AT_TARGET,
    /* migration, outcome (the engine's FINISHED), blackout_ns (as the world saw it, 0 unless it
     * resumed at the target), round_trip_ns (of a control message on the control connection's network,
     * the slowest used). UNKNOWN may come before a final one. */
    SIM_OBSERVED_OUTCOME,
    /* migration, host: CLOSED of the side on this host; nothing of the session should be left
       there. */
    SIM_OBSERVED_CLOSED,
    /* migration, host: the side on this host is gone without CLOSED (its daemon or host crashed).
     */
    SIM_OBSERVED_SIDE_LOST,
    /* migration, host: the side on this host is back from its journal (FERRY_..._restart). */
    SIM_OBSERVED_SIDE_RESTARTED,
    /* guest, host, other (fenced, says the operator): a CLAIM was accepted by the engine on `host`.
     */
    SIM_OBSERVED_OPERATOR_CLAIM,
    /* migration: an order to switch over now was accepted. */
    SIM_OBSERVED_OPERATOR_SWITCH,
    /* migration, trace: what the engine of either side says about itself. */
    SIM_OBSERVED_TRACE,

    /* -- payload -- */
    /* migration, stream: the first byte of a batch or barrier is about to leave the source. */
    SIM_OBSERVED_PAYLOAD_BEGUN,
    /* migration, stream, bytes: so much of the batch or barrier under way has left by now. Said when the rate at which
     * it leaves is about to change. */
    SIM_OBSERVED_PAYLOAD_SO_FAR,
    /* migration, stream, payload, bytes, begun_ns, ended_ns (= at_ns): its last byte has left
     * (placed on the first link, not: arrived). A stream has at most one batch or barrier between
     * BEGUN and this. */
    SIM_OBSERVED_PAYLOAD,

    /* -- drains -- */
    /* drain, host, parallel: at most so many of its migrations at a time. */
    SIM_OBSERVED_DRAIN_STARTED,

    /* -- faults -- */
    /* fault (its index), fault_class, host (SIM_CHECK_NONE: not one host's), network (SIM_CHECK_NONE: not one network's),
     * clock_ppm, clock_step_ns (class CLOCK), text ("network mig-a down"). One that happens at an instant (a reset) begins and ends at the same time. Never
     * healed: never ends. */
    SIM_OBSERVED_FAULT_BEGIN,
    SIM_OBSERVED_FAULT_END,    /* fault */
    SIM_OBSERVED_HOST_DOWN,    /* host: crashed; comes after the GUEST_STOPPED and SIDE_LOST of what
                                  was on it */
    SIM_OBSERVED_HOST_UP,      /* host: booted again, without guests */
    SIM_OBSERVED_DAEMON_DOWN,  /* host */
    SIM_OBSERVED_DAEMON_UP,    /* host */
    SIM_OBSERVED_JOURNAL_LOST, /* host: reinstalled, its records are gone */
    /* host: a write to its journal failed: it takes no new session, and what the write was for waits, until its daemon
     * starts again (DAEMON_UP). Said at the first one alone. */
    SIM_OBSERVED_JOURNAL_BROKEN,

    /* -- the end, in this order -- */
    /* migration, host, text (what: "memory", "dirty log", "session record", "connection"), once for
     * each thing that the host still holds for a migration that has ended; memory also where it may
     * be the only copy. Not for hosts that are down. */
    SIM_OBSERVED_LEFTOVER,
    /* guest, excuse, host (the one that the excuse names): for each guest, whatever became of it.
     */
    SIM_OBSERVED_GUEST_AT_END,
    /* healed: every fault is over, every host that was to return is back, and the migrations had
       time to settle. cut: the scenario's `end` came before that. */
    SIM_OBSERVED_END,

    SIM_OBSERVED_COUNT,
};

enum sim_stop { SIM_STOP_PAUSED = 1, SIM_STOP_CRASHED, SIM_STOP_FREED };

enum sim_payload {
    SIM_PAYLOAD_BATCH = 1, /* whole: the engine got BATCH_SENT with these bytes */
    SIM_PAYLOAD_CUT,       /* a batch or barrier whose connection broke: the bytes that had left */
    SIM_PAYLOAD_FRAMING,   /* barriers and prefaces: no batch, and not reported to the engine */
};

/* What a fault does to a blackout. */
enum sim_fault_class {
    SIM_FAULT_OUTAGE = 1, /* something does not work, or stands still, for as long as it lasts:
                             nothing can be measured */
    SIM_FAULT_STEADY,     /* everything works, with other numbers (bandwidth, latency, loss, foreign
                             traffic) */
    SIM_FAULT_HIDDEN,     /* likewise, but the numbers of a pause cannot be known before it (what
                             pausing and resuming cost, how late the next message is) */
    SIM_FAULT_CLOCK,      /* a host's clock is wrong: a limit that is kept by it is stretched by the
                             clock's error, and no more */
    SIM_FAULT_NO_EXCUSE,  /* nobody should notice */
};

/* Why a guest may run nowhere after everything is healed. */
enum sim_excuse {
    SIM_EXCUSE_NONE = 0,
    SIM_EXCUSE_HOST_CRASH, /* it, or the only copy that was allowed to run, was on `host` when that
                              crashed */
    SIM_EXCUSE_JOURNAL_LOST, /* `host` lost its journal after the grant: only an operator can
                                decide, and none did */
    SIM_EXCUSE_JOURNAL_BROKEN, /* a write to the journal of `host` failed, and its daemon was not started again since:
                                  only that tells whether it is on the disk */
};

struct sim_observation {
    enum sim_observed kind;
    ferry_time_ns at_ns;
    uint32_t guest;
    uint32_t host;
    uint32_t other;
    uint32_t from;
    uint32_t to;
    uint32_t migration;
    uint32_t drain;
    uint32_t fault;
    uint32_t network;
    uint32_t attempt;
    uint32_t streams;
    uint32_t stream;
    uint32_t parallel;
    uint32_t throttle_percent;
    enum sim_stop stop;
    enum sim_payload payload;
    enum sim_fault_class fault_class;
    enum sim_excuse excuse;
    enum ferry_mode mode;
    enum ferry_no_convergence on_no_convergence;
    bool healed;
    bool cut;
    uint64_t epoch;
    uint64_t bandwidth_cap;
    uint64_t bytes;
    uint64_t total_pages;
    uint64_t compared_pages;
    uint64_t mismatching_pages;
    uint64_t first_mismatch;
    uint32_t source_state_digest;
    uint32_t target_state_digest;
    ferry_time_ns blackout_limit;
    ferry_time_ns blackout_ns;
    ferry_time_ns round_trip_ns;
    uint32_t clock_ppm; /* by how much it runs fast or slow; a million: it stands still */
    ferry_time_ns clock_step_ns;
    ferry_time_ns begun_ns;
    ferry_time_ns ended_ns;
    const struct ferry_outcome *outcome;
    const struct ferry_trace_event *trace;
    const char *text;
};

struct sim_check_context {
    uint32_t host_count;
    uint32_t guest_count;
    const uint64_t *guest_pages; /* guest_count entries; copied */
    const char *const
        *guest_names; /* for messages; may be NULL; borrowed until sim_checks_destroy() */
    const char *const *host_names; /* likewise */
};

#define SIM_CHECK_MESSAGE_MAX 300

struct sim_failure {
    const char *id; /* "I1" */
    ferry_time_ns at_ns;
    uint32_t migration; /* SIM_CHECK_NONE: about no single one */
    uint32_t guest;     /* likewise */
    char message[SIM_CHECK_MESSAGE_MAX];
};

/* Failures kept; one invariant that is broken at every step must not drown the others, nor the
 * memory. */
#define SIM_CHECK_FAILURES_PER_INVARIANT 8

struct sim_checks;

struct sim_checks *
sim_checks_create(const struct sim_check_context *context); /* aborts without memory; never NULL */
void sim_checks_destroy(struct sim_checks *checks);         /* NULL is fine */

void sim_checks_observe(struct sim_checks *checks, const struct sim_observation *observation);
/* After END. What can only be judged at the end is judged now; nothing may be observed after it. */
void sim_checks_finish(struct sim_checks *checks, ferry_time_ns now);

size_t sim_checks_failure_count(
    const struct sim_checks *checks); /* kept ones, in the order in which they were found */
const struct sim_failure *sim_checks_failure(const struct sim_checks *checks, size_t index);
uint64_t sim_checks_suppressed(const struct sim_checks *checks); /* failures that were not kept */

/* What would have been a failure, but is excused by a fault which the message names; kept like
 * failures, never judged. */
size_t sim_checks_excuse_count(const struct sim_checks *checks);
const struct sim_failure *sim_checks_excuse(const struct sim_checks *checks, size_t index);

/* All invariants that are checked, for reports: "I1", and its claim in one sentence. */
size_t sim_checks_count(void);
const char *sim_checks_id(size_t index);
const char *sim_checks_claim(size_t index);

const char *sim_observed_name(enum sim_observed kind); /* "GUEST_RUNNING"; never NULL */

#endif
