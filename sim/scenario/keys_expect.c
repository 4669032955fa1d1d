/* SPDX-License-Identifier: Apache-2.0 */
/* keys_expect.c -- the tables of what must hold at the end, chosen by what they speak of. */
#include "sim/scenario/keys.h"
#include "sim/scenario/scenario.h"

const struct key_word outcome_words[] = {
    {"completed", FERRY_OUTCOME_COMPLETED, "the guest runs at the target"                          },
    {"failed",    FERRY_OUTCOME_FAILED,    "the guest stays at the source"                         },
    {"cancelled", FERRY_OUTCOME_CANCELLED, "the same, by order"                                    },
    {"refused",   FERRY_OUTCOME_REFUSED,   "before the first page"                                 },
    {"unknown",   FERRY_OUTCOME_UNKNOWN,   "granted, and the target does not say what became of it"},
    {NULL,        0,                       NULL                                                    },
};

/* The names are the engine's, ferry_rule_name(); a test keeps them equal. */
const struct key_word rule_words[] = {
    {"stop-and-copy", FERRY_RULE_STOP_AND_COPY, "the mode has no live rounds"                           },
    {"within-limit",  FERRY_RULE_WITHIN_LIMIT,  "the predicted blackout is within the limit"            },
    {"operator",      FERRY_RULE_OPERATOR,      "switched over by order"                                },
    {"shrinking",     FERRY_RULE_SHRINKING,     "over the limit, and still coming down"                 },
    {"backing-off",   FERRY_RULE_BACKING_OFF,   "waiting after an aborted attempt"                      },
    {"stalled",       FERRY_RULE_STALLED,       "the best prediction fell by less than 1 % in 10 rounds"},
    {"give-up-after", FERRY_RULE_GIVE_UP_AFTER, "the time given has passed"                             },
    {"attempts",      FERRY_RULE_ATTEMPTS,      "as many attempts were aborted as are allowed"          },
    {"switch-anyway", FERRY_RULE_SWITCH_ANYWAY, "no convergence, switched all the same"                 },
    {NULL,            0,                        NULL                                                    },
};

const struct key_word session_state_words[] = {
    {"none",    SCENARIO_SESSION_NONE,    "no record: never opened here, closed, or the journal is lost"},
    {"open",    SCENARIO_SESSION_OPEN,    "opened, nothing is decided"                                  },
    {"granted", SCENARIO_SESSION_GRANTED, "source: granted, the end is not yet known"                   },
    {"unknown", SCENARIO_SESSION_UNKNOWN, "source: granted, the peer cannot say what became of it"      },
    {"owned",   SCENARIO_SESSION_OWNED,   "target: it owns the guest"                                   },
    {"burned",  SCENARIO_SESSION_BURNED,  "target: it never starts the guest"                           },
    {NULL,      0,                        NULL                                                          },
};

/* clang-format off */
static const struct key move_keys[] = {
    {.name = "move", .type = KEY_MOVE, .required = true,
     .help = "a migration: the step's id, or the guest if it is moved once; a fleet's name means each"},
    {.name = "outcome", .type = KEY_WORDS, .words = outcome_words,
     .help = "how it ended, or a list of what is allowed"},
    {.name = "reason", .type = KEY_TEXT,
     .help = "words that stand in the reason it gave"},
    {.name = "rule", .type = KEY_WORD, .words = rule_words,
     .help = "the rule of the policy that fired last"},
    {.name = "blackout", .type = KEY_BOUND_TIME,
     .help = "from the vCPUs stopped at the source to running at the target"},
    {.name = "predicted_blackout", .type = KEY_BOUND_TIME,
     .help = "what the policy predicted when it decided to switch over"},
    {.name = "total", .type = KEY_BOUND_TIME,
     .help = "from session start until the source has STARTED, else until the outcome"},
    {.name = "queued", .type = KEY_BOUND_TIME,
     .help = "how long it waited for its turn in a drain"},
    {.name = "rounds", .type = KEY_BOUND_COUNT,
     .help = "rounds, with the one in the pause"},
    {.name = "aborted_attempts", .type = KEY_BOUND_COUNT,
     .help = "pauses that were given up because the limit was about to be missed, or a fault came"},
    {.name = "reconnects", .type = KEY_BOUND_COUNT,
     .help = "times it was attached again, over the same or another network"},
    {.name = "wire_bytes", .type = KEY_BOUND_SIZE,
     .help = "bytes on the payload streams, with framing and what was sent again"},
    {.name = "resent", .type = KEY_BOUND_SIZE,
     .help = "of these, what was sent again after a connection was lost"},
    {0},
};

static const struct key drain_keys[] = {
    {.name = "drain", .type = KEY_DRAIN, .required = true,
     .help = "a drain: the step's id, or the host if it is drained once; a fleet's name means each"},
    {.name = "moved", .type = KEY_BOUND_COUNT, .help = "guests which it moved"},
    {.name = "not_moved", .type = KEY_BOUND_COUNT, .help = "guests which it did not move"},
    {.name = "total", .type = KEY_BOUND_TIME,
     .help = "from the step until the last of its migrations has ended"},
    {0},
};

static const struct key guest_keys[] = {
    {.name = "guest", .type = KEY_GUEST, .required = true,
     .help = "a guest; a fleet's name means each"},
    {.name = "on", .type = KEY_HOSTS, .word = "lost",
     .help = "runs on this host, or on one of these; `lost`: nowhere, its host has crashed"},
    {.name = "paused_on", .type = KEY_HOST,
     .help = "stands still on this host, and runs nowhere: its owner is not known"},
    {0},
};

static const struct key clients_keys[] = {
    {.name = "clients", .type = KEY_GUEST, .required = true,
     .help = "the clients of this guest; a fleet's name means those of each"},
    {.name = "sent", .type = KEY_BOUND_COUNT, .help = "requests"},
    {.name = "failed", .type = KEY_BOUND_COUNT, .help = "requests without an answer in time"},
    {.name = "longest_gap", .type = KEY_BOUND_TIME, .help = "longest time between two answers"},
    {.name = "p99", .type = KEY_BOUND_TIME,
     .help = "99 of 100 requests were answered within this"},
    {0},
};

static const struct key session_keys[] = {
    {.name = "session", .type = KEY_MOVE, .required = true, .help = "the session of a migration"},
    {.name = "on", .type = KEY_HOST, .required = true, .help = "the host whose journal is asked"},
    {.name = "state", .type = KEY_WORD, .required = true, .words = session_state_words,
     .help = "what it says"},
    {0},
};
/* clang-format on */

static const struct table move_table = {
    .name = "expect_move",
    .selector = "move",
    .help = "How a migration ended.",
    .keys = move_keys,
};
static const struct table drain_table = {
    .name = "expect_drain",
    .selector = "drain",
    .help = "What a drain came to.",
    .keys = drain_keys,
};
static const struct table guest_table = {
    .name = "expect_guest",
    .selector = "guest",
    .help = "Where a guest is at the end.",
    .keys = guest_keys,
};
static const struct table clients_table = {
    .name = "expect_clients",
    .selector = "clients",
    .help = "What the clients of a guest saw, over the whole run.",
    .keys = clients_keys,
};
static const struct table session_table = {
    .name = "expect_session",
    .selector = "session",
    .help = "What a journal says of a migration at the end.",
    .keys = session_keys,
};

static const struct table *const expect_variants[] = {
    &move_table,
    &drain_table,
    &guest_table,
    &clients_table,
    &session_table,
    NULL,
};

const struct table expect_table = {
    .name = "expectation",
    .help = "What must hold at the end.",
    .variants = expect_variants,
};
