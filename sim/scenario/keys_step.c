/* SPDX-License-Identifier: Apache-2.0 */
/* keys_step.c -- the tables of what operators do, chosen by the key that names the deed. */
#include "sim/scenario/keys_trigger.h"
#include "sim/scenario/scenario.h"

const struct key_word phase_words[] = {
    {"connecting", SCENARIO_PHASE_CONNECTING, "source: asked to move, not yet connected"                 },
    {"opening",    SCENARIO_PHASE_OPENING,    "source: connected; the session is being opened"           },
    {"round",      SCENARIO_PHASE_ROUND,      "source: a round's collection is there, its sending begins"},
    {"paused",     SCENARIO_PHASE_PAUSED,     "source: the vCPUs stand still"                            },
    {"state-sent", SCENARIO_PHASE_STATE_SENT, "source: the device state is on its way"                   },
    {"ready",      SCENARIO_PHASE_READY,      "source: the target has said READY"                        },
    {"granting",   SCENARIO_PHASE_GRANTING,   "source: the grant record is being written"                },
    {"granted",    SCENARIO_PHASE_GRANTED,    "source: the grant record is durable, GRANT is not sent"   },
    {"delivered",  SCENARIO_PHASE_DELIVERED,  "target: GRANT is there, OWNER is being written"           },
    {"owned",      SCENARIO_PHASE_OWNED,      "target: OWNER is durable, the guest does not run yet"     },
    {"started",    SCENARIO_PHASE_STARTED,    "target: the guest runs, STARTED is not sent"              },
    {"closing",    SCENARIO_PHASE_CLOSING,    "source: STARTED is there, cleaning up"                    },
    {NULL,         0,                         NULL                                                       },
};

/* clang-format off */
static const struct key when_keys[] = {
    {.name = "move", .type = KEY_MOVE, .required = true,
     .help = "which migration: the step's id, or the guest if it is moved once"},
    {.name = "phase", .type = KEY_WORD, .required = true, .words = phase_words,
     .help = "the phase it enters"},
    {.name = "round", .type = KEY_COUNT, .fallback = "0", .max = "1000000",
     .help = "with phase `round`: which one; 0 is the one with all pages"},
    {.name = "attempt", .type = KEY_COUNT, .fallback = "1", .min = "1", .max = "5",
     .help = "from phase `paused` on: at which attempt to switch over"},
    {0},
};

#define ID_ROW                                                                                     \
    {.name = "id", .type = KEY_NAME, .fallback_says = "none",                                      \
     .help = "a name for this step, needed where its guest is moved more than once"}

#define LIMIT_ROW                                                                                  \
    {.name = "blackout_limit", .type = KEY_TIME, .word = "none", .min = "1 ns",                    \
     .fallback_says = "300 ms; none with mode stop-and-copy",                                      \
     .help = "the longest the guest may stand still at the switchover"}

#define CAP_ROW                                                                                    \
    {.name = "bandwidth_cap", .type = KEY_BANDWIDTH, .fallback = "none", .word = "none",           \
     .help = "sum over all streams, also in the pause; 0 lets nothing through"}

static const struct key_word mode_words[] = {
    {"precopy", FERRY_MODE_PRECOPY, "pages are copied while the guest runs"},
    {"stop-and-copy", FERRY_MODE_STOP_AND_COPY, "the guest is paused first, then copied"},
    {NULL, 0, NULL},
};

static const struct key_word no_convergence_words[] = {
    {"give-up", FERRY_GIVE_UP, "the migration fails, the guest stays at the source"},
    {"keep-trying", FERRY_KEEP_TRYING, "goes on until give_up_after"},
    {"switch-anyway", FERRY_SWITCH_ANYWAY, "pauses all the same, whatever the blackout"},
    {NULL, 0, NULL},
};

#define OPTION_ROWS                                                                                \
    LIMIT_ROW,                                                                                     \
    {.name = "streams", .type = KEY_COUNT, .fallback = "1", .min = "1", .max = "64",               \
     .help = "payload connections side by side"},                                                  \
    CAP_ROW,                                                                                       \
    {.name = "mode", .type = KEY_WORD, .fallback = "precopy", .words = mode_words,                 \
     .help = "how the memory is moved"},                                                           \
    {.name = "on_no_convergence", .type = KEY_WORD, .fallback = "give-up",                         \
     .words = no_convergence_words,                                                                \
     .help = "what to do when the limit cannot be reached: no progress of 1 % in 10 rounds"},      \
    {.name = "give_up_after", .type = KEY_TIME, .fallback = "3600 s", .min = "1 ns",               \
     .help = "from session start, whatever else is set"},                                          \
    {.name = "batch", .type = KEY_TIME, .fallback = "10 ms", .min = "100 us", .max = "10 s",       \
     .help = "link time of the pages which are sent as one piece; fleets set more, to run faster"},\
    {.name = "networks", .type = KEY_NETWORKS, .fallback_says = "all which join the two hosts",    \
     .help = "the only networks to use"}

static const struct key move_keys[] = {
    {.name = "move", .type = KEY_GUEST, .required = true,
     .help = "moves this guest; a fleet's name moves each of its guests"},
    {.name = "to", .type = KEY_HOST, .required = true, .help = "where to"},
    TRIGGER_ROWS, ID_ROW, OPTION_ROWS,
    {0},
};

static const struct key drain_keys[] = {
    {.name = "drain", .type = KEY_HOST, .required = true,
     .help = "moves all guests off this host; a fleet's name drains each of its hosts"},
    {.name = "parallel", .type = KEY_COUNT, .fallback = "2", .min = "1", .max = "1000",
     .help = "migrations of one host at a time"},
    {.name = "to", .type = KEY_HOSTS, .fallback_says = "all hosts which no step drains",
     .help = "hosts that may take guests, the same for all drains of a file"},
    TRIGGER_ROWS, ID_ROW, OPTION_ROWS,
    {0},
};

static const struct key cancel_keys[] = {
    {.name = "cancel", .type = KEY_MOVE, .required = true, .help = "cancels this migration"},
    TRIGGER_ROWS, ID_ROW,
    {0},
};

static const struct key set_keys[] = {
    {.name = "set", .type = KEY_MOVE, .required = true,
     .help = "changes limits of this migration while it is under way"},
    {.name = "bandwidth_cap", .type = KEY_BANDWIDTH, .word = "none", .fallback_says = "unchanged",
     .help = "the new cap"},
    {.name = "blackout_limit", .type = KEY_TIME, .word = "none", .min = "1 ns",
     .fallback_says = "unchanged", .help = "the new limit"},
    TRIGGER_ROWS, ID_ROW,
    {0},
};

static const struct key switch_keys[] = {
    {.name = "switch_now", .type = KEY_MOVE, .required = true,
     .help = "switches this migration over when the round under way ends; whatever the prediction and the blackout limit say"},
    TRIGGER_ROWS, ID_ROW,
    {0},
};

#define ON_ROW {.name = "on", .type = KEY_HOST, .required = true, .help = "the host that is told so"}

static const struct key claim_keys[] = {
    {.name = "claim", .type = KEY_MOVE, .required = true,
     .help = "says that the guest of this migration belongs to the host, and that the other is fenced"},
    ON_ROW, TRIGGER_ROWS, ID_ROW,
    {0},
};

static const struct key burn_keys[] = {
    {.name = "burn", .type = KEY_MOVE, .required = true,
     .help = "makes the host give up for ever what it holds of this migration"},
    ON_ROW, TRIGGER_ROWS, ID_ROW,
    {0},
};
/* clang-format on */

const struct table when_table = {
    .name = "when",
    .help = "The first time that a migration enters a phase; what happens then, happens before "
            "anything that would follow.",
    .keys = when_keys,
};

static const struct table move_table = {
    .name = "move", .selector = "move", .help = "Moves a guest.", .keys = move_keys};
static const struct table drain_table = {
    .name = "drain", .selector = "drain", .help = "Empties a host.", .keys = drain_keys};
static const struct table cancel_table = {
    .name = "cancel", .selector = "cancel", .help = "Cancels a migration.", .keys = cancel_keys};
static const struct table set_step_table = {
    .name = "set_limits",
    .selector = "set",
    .help = "Changes limits of a migration in flight.",
    .keys = set_keys,
};
static const struct table switch_table = {
    .name = "switch_now",
    .selector = "switch_now",
    .help = "Switches over by order.",
    .keys = switch_keys,
};
static const struct table claim_table = {
    .name = "claim",
    .selector = "claim",
    .help = "The operator's word that a host owns a guest whose fate is unknown.",
    .keys = claim_keys,
};
static const struct table burn_table = {
    .name = "burn",
    .selector = "burn",
    .help = "The operator's word that a host never starts a guest.",
    .keys = burn_keys,
};

static const struct table *const step_variants[] = {
    &move_table,
    &drain_table,
    &cancel_table,
    &set_step_table,
    &switch_table,
    &claim_table,
    &burn_table,
    NULL,
};

const struct table step_table = {
    .name = "step",
    .help = "What an operator does.",
    .variants = step_variants,
};
