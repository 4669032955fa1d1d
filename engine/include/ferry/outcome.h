/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h -- how a migration ended, and the numbers that explain it. Times are nanoseconds, sizes
 * bytes. */
#ifndef FERRY_OUTCOME_H
#define FERRY_OUTCOME_H

#include "ferry/limits.h"
#include "ferry/policy.h"
#include "ferry/status.h"
#include "ferry/types.h"

enum ferry_outcome_kind {
    FERRY_OUTCOME_NONE = 0, /* still under way */
    FERRY_OUTCOME_COMPLETED,
    FERRY_OUTCOME_FAILED,    /* the guest runs on at the source (or died there with its host) */
    FERRY_OUTCOME_CANCELLED, /* the same, by order */
    FERRY_OUTCOME_REFUSED,   /* before the first page */
    FERRY_OUTCOME_UNKNOWN,   /* granted, and the target does not say what became of it */
};

/* One round: a collection (round 0: all pages) and the sending of it. */
struct ferry_round {
    uint64_t pages;      /* set in the round's bitmap */
    uint64_t zero_pages; /* of these, sent as zero records */
    uint64_t bytes;      /* on the payload streams, with framing, probes, and what was sent again */
    ferry_time_ns duration_ns; /* from the collection's report to the barrier acknowledged */
    uint64_t dirty_after;      /* what the next collection found; 0 after the last */
    bool final;                /* sent while the guest was paused */
    uint32_t attempt;          /* of a final round; else 0 */
};

/* The blackout as the source measures it: from all vCPUs stopped to the guest running at the
 * target. The parts add up. */
struct ferry_blackout {
    ferry_time_ns total_ns;
    ferry_time_ns capture_ns;  /* device state out */
    ferry_time_ns collect_ns;  /* last collection */
    ferry_time_ns transfer_ns; /* last pages, device state and manifest, until the target has all */
    ferry_time_ns load_ns;     /* device state in, at the target */
    ferry_time_ns ready_ns;    /* READY on its way */
    ferry_time_ns grant_persist_ns; /* the grant made durable at the source */
    ferry_time_ns grant_ns;         /* GRANT on its way */
    ferry_time_ns owner_persist_ns; /* the ownership made durable at the target */
    ferry_time_ns resume_ns;        /* the run call */
};

struct ferry_aborted_attempt {
    uint32_t attempt;
    ferry_time_ns paused_ns; /* from the vCPUs stopped to running again at the source */
    ferry_time_ns predicted_ns;
    enum ferry_status
        reason; /* LIMIT_NO_CONVERGENCE: about to miss the limit; WORLD_LINK; USAGE_CANCELLED ... */
};

struct ferry_outcome {
    enum ferry_outcome_kind kind;
    enum ferry_status status;              /* first cause; OK when completed */
    char reason[FERRY_OUTCOME_REASON_MAX]; /* a sentence, zero-terminated */
    /* Told by a source that came back from its journal. What its earlier life knew is not known any
     * more: verdict, prediction, blackout, attempts, rounds, bytes and counts are 0 and mean nothing. */
    bool restarted;
    struct ferry_verdict
        verdict;            /* the last one of the policy: the rule that fired and its numbers */
    ferry_time_ns total_ns; /* from creation to STARTED heard, or to this report */
    ferry_time_ns predicted_blackout_ns;
    struct ferry_blackout blackout; /* all 0 unless completed */
    uint32_t aborted_count;
    struct ferry_aborted_attempt aborted[FERRY_ATTEMPTS_MAX];
    uint32_t round_count; /* all rounds; the first FERRY_ROUNDS_KEPT - 1 and the newest are kept */
    const struct ferry_round *rounds; /* min(round_count, FERRY_ROUNDS_KEPT) */
    uint64_t wire_bytes;      /* payload streams, with framing, probes, and what was sent again */
    uint64_t resent_bytes;    /* of these, batches sent again after a lost connection */
    uint32_t reconnects;      /* attaches after the first that came up */
    uint64_t dropped_reports; /* reports of abandoned actions */
};

const char *ferry_outcome_name(enum ferry_outcome_kind kind); /* "completed"; never NULL */

#endif
