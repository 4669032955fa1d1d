/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h -- when to switch over: a pure function over numbers. One struct of samples in, one
 * verdict out; the verdict names the rule that fired and carries the numbers that it used.
 *
 * Predicted blackout = (remaining + unacknowledged bytes + dirty rate x time from report to pause)
 * / min(cap, measured bandwidth) + every fixed cost. Costs are measured during the same migration
 * where that is possible (the highest seen), and are the world's estimates before that. */
#ifndef FERRY_POLICY_H
#define FERRY_POLICY_H

#include "ferry/status.h"
#include "ferry/types.h"

enum ferry_mode { FERRY_MODE_PRECOPY = 1, FERRY_MODE_STOP_AND_COPY };

enum ferry_no_convergence { FERRY_GIVE_UP = 1, FERRY_KEEP_TRYING, FERRY_SWITCH_ANYWAY };

/* Fixed costs of a switchover, ns. */
struct ferry_switch_costs {
    ferry_time_ns pause;
    ferry_time_ns capture;       /* device state out */
    ferry_time_ns collect;       /* last collection */
    ferry_time_ns load;          /* device state in */
    ferry_time_ns grant_persist; /* source's journal write */
    ferry_time_ns owner_persist; /* target's journal write */
    ferry_time_ns resume;
    ferry_time_ns round_trip; /* of the control connection */
};

/* The state of one migration at a round's end, just after the collection's report. */
struct ferry_policy_samples {
    ferry_time_ns now;
    ferry_time_ns started_at;
    ferry_time_ns give_up_after;  /* from started_at; NEVER = no limit */
    ferry_time_ns blackout_limit; /* NEVER = no limit */
    enum ferry_mode mode;
    enum ferry_no_convergence on_no_convergence;
    uint32_t live_rounds;     /* completed */
    uint32_t attempts;        /* opened so far */
    ferry_time_ns not_before; /* back-off after an aborted attempt */
    bool switch_now;          /* the operator's order */
    uint64_t remaining_bytes; /* what the collection found, as it will cross the wire */
    uint64_t unacknowledged_bytes;
    uint64_t state_bytes;            /* device state */
    uint64_t dirty_bytes_per_second; /* unique, over the last round */
    uint64_t bandwidth;              /* measured, bytes a second; 0 = nothing measured yet */
    uint64_t cap;                    /* FERRY_RATE_UNLIMITED = none */
    struct ferry_switch_costs costs;
};

/* The stall rule looks so many live rounds back. */
#define FERRY_STALL_ROUNDS 10U

/* Carried from verdict to verdict; all zero at the start. */
struct ferry_policy_memory {
    bool any;             /* a prediction has been made */
    uint32_t last_round;  /* live rounds at the last one */
    uint32_t rounds_seen; /* how many entries of `best` are filled, at most all */
    ferry_time_ns
        best[FERRY_STALL_ROUNDS + 1]; /* best prediction up to live round r, at index r mod size */
    uint32_t
        diverging_rounds; /* in a row: dirtied as fast as sent, and no less to send than before */
    uint64_t last_remaining;
    bool warned; /* the early warning has been given */
};

enum ferry_rule {
    FERRY_RULE_NONE = 0,
    FERRY_RULE_STOP_AND_COPY, /* the mode has no live rounds */
    FERRY_RULE_WITHIN_LIMIT,  /* the predicted blackout is within the limit */
    FERRY_RULE_OPERATOR,      /* switch over now, by order */
    FERRY_RULE_SHRINKING,     /* over the limit, but still coming down: another round */
    FERRY_RULE_BACKING_OFF,   /* within the limit, but the last attempt was aborted a moment ago */
    FERRY_RULE_STALLED,       /* the best prediction fell by less than 1 % over 10 live rounds */
    FERRY_RULE_GIVE_UP_AFTER, /* the time given has passed */
    FERRY_RULE_ATTEMPTS,      /* as many attempts were aborted as are allowed */
    FERRY_RULE_SWITCH_ANYWAY, /* no convergence, and the operator wants the switch all the same */
};

enum ferry_decision { FERRY_DECIDE_CONTINUE = 1, FERRY_DECIDE_SWITCH, FERRY_DECIDE_GIVE_UP };

struct ferry_verdict {
    enum ferry_decision decision; /* 0: none yet */
    enum ferry_rule rule;
    enum ferry_rule cause;  /* rule is SWITCH_ANYWAY: why there is no convergence (STALLED,
                               GIVE_UP_AFTER, ATTEMPTS); else NONE */
    bool will_not_converge; /* early warning: as things are, this does not end. An event, not an end
                             */
    ferry_time_ns predicted_blackout;
    ferry_time_ns blackout_limit;
    ferry_time_ns fixed_costs; /* the part of the prediction that is no transfer */
    uint64_t transfer_bytes;   /* the part that is */
    uint64_t bandwidth;        /* bytes a second that it was divided by */
    uint64_t dirty_bytes_per_second;
    ferry_time_ns best_predicted;
    uint32_t live_rounds;
};

const char *ferry_rule_name(enum ferry_rule rule); /* "within-limit"; never NULL */

/* The prediction alone. NEVER when nothing moves (bandwidth 0 and something remains), and when it
 * does not fit 63 bits. */
ferry_time_ns ferry_policy_predict(const struct ferry_policy_samples *samples);

/* To be asked once at the end of each live round (and, in stop-and-copy mode, before the first).
 * Decides: SWITCH    open an attempt. It is bound by blackout_limit (NEVER: by nothing), except
 * under the rule SWITCH_ANYWAY. CONTINUE  another live round. The rule says why: SHRINKING,
 * BACKING_OFF, or STALLED under keep-trying. GIVE_UP   the migration has failed. keep-trying comes
 * here by GIVE_UP_AFTER, and by ATTEMPTS: no further attempt is allowed, so that more rounds could
 * not end it. */
struct ferry_verdict
ferry_policy_decide(const struct ferry_policy_samples *samples, struct ferry_policy_memory *memory);

/* The best prediction was no good (an attempt has shown that it was too low): it is looked for anew,
 * so that a stall is seen again. The early warning is not given twice. */
void ferry_policy_refuted(struct ferry_policy_memory *memory);

#endif
