/* SPDX-License-Identifier: Apache-2.0 */
/* keys_workload.c -- the table of workloads, chosen by `kind`. */
#include "model/workload.h"
#include "sim/scenario/keys.h"

#define SET_HELP  "the pages it writes to, from the first page that no earlier set has taken"
#define RATE_HELP "what it writes: rate / 4096 page writes a second, evenly spaced"

static const struct key_word kind_words[] = {
    {"idle",    MODEL_WORKLOAD_IDLE,    "writes nothing"                                      },
    {"sweep",   MODEL_WORKLOAD_SWEEP,   "writes page after page, and begins again at the end" },
    {"uniform", MODEL_WORKLOAD_UNIFORM, "writes pages drawn at random"                        },
    {"hotset",  MODEL_WORKLOAD_HOTSET,  "two uniform sets which share no page"                },
    {"burst",   MODEL_WORKLOAD_BURST,   "uniform for a time, then idle for a time; begins on" },
    {"phases",  MODEL_WORKLOAD_PHASES,  "other workloads one after the other, again and again"},
    {"curve",   MODEL_WORKLOAD_CURVE,   "a measured curve of unique dirty pages against time" },
    {"replay",  MODEL_WORKLOAD_REPLAY,  "a dirty log recorded from a real guest"              },
    {NULL,      0,                      NULL                                                  },
};

/* clang-format off */
#define KIND_ROW                                                                                   \
    {.name = "kind", .type = KEY_WORD, .required = true, .words = kind_words,                      \
     .help = "which workload this is"}
#define SIZE_ROW {.name = "size", .type = KEY_SIZE, .required = true, .min = "1 B", .help = SET_HELP}
#define RATE_ROW {.name = "rate", .type = KEY_FLOW, .required = true, .help = RATE_HELP}

static const struct key set_keys[] = {SIZE_ROW, RATE_ROW, {0}};

static const struct table set_table = {
    .name = "set",
    .help = "A set of pages, and how fast it is written.",
    .keys = set_keys,
};

static const struct key idle_keys[] = {KIND_ROW, {0}};
static const struct key sweep_keys[] = {KIND_ROW, SIZE_ROW, RATE_ROW, {0}};

static const struct key hotset_keys[] = {
    KIND_ROW,
    {.name = "hot", .type = KEY_MAP, .required = true, .table = &set_table,
     .help = "the set that lies first"},
    {.name = "cold", .type = KEY_MAP, .required = true, .table = &set_table,
     .help = "the set behind it"},
    {0},
};

static const struct key burst_keys[] = {
    KIND_ROW, SIZE_ROW, RATE_ROW,
    {.name = "on", .type = KEY_TIME, .required = true, .min = "1 ns",
     .help = "how long it writes"},
    {.name = "off", .type = KEY_TIME, .required = true,
     .help = "how long it does not"},
    {0},
};

static const struct key phase_keys[] = {
    {.name = "for", .type = KEY_TIME, .required = true, .min = "1 ns",
     .help = "how long, in guest time"},
    {.name = "workload", .type = KEY_MAP, .required = true, .table = &workload_table,
     .help = "what goes on then"},
    {0},
};

static const struct table phase_table = {
    .name = "phase",
    .help = "One part of a workload in phases.",
    .keys = phase_keys,
};

static const struct key phases_keys[] = {
    KIND_ROW,
    {.name = "phases", .type = KEY_LIST, .required = true, .table = &phase_table,
     .help = "one after the other, then from the beginning"},
    {0},
};

static const struct key point_keys[] = {
    {.name = "t", .type = KEY_TIME, .required = true,
     .help = "time since the collection before"},
    {.name = "pages", .type = KEY_COUNT, .required = true, .max = "4294967296",
     .help = "pages that are dirty then, each counted once"},
    {0},
};

static const struct table point_table = {
    .name = "point",
    .help = "A point of a measured curve; (0, 0) is implied, between points the curve is straight.",
    .keys = point_keys,
};

static const struct key curve_keys[] = {
    KIND_ROW,
    {.name = "points", .type = KEY_LIST, .required = true, .table = &point_table,
     .help = "times increase, pages do not decrease; flat after the last"},
    {0},
};

static const struct key replay_keys[] = {
    KIND_ROW,
    {.name = "trace", .type = KEY_FILE, .required = true,
     .help = "the recording, plain or .zst, relative to the scenario file; it must fit `memory` and `page`"},
    {0},
};
/* clang-format on */

static const struct table idle_table = {
    .name = "idle", .selector = "idle", .help = "Writes nothing.", .keys = idle_keys};
static const struct table sweep_table = {
    .name = "sweep", .selector = "sweep", .help = "In order, wraps.", .keys = sweep_keys};
static const struct table uniform_table = {
    .name = "uniform",
    .selector = "uniform",
    .help = "Independent draws from one set.",
    .keys = sweep_keys,
};
static const struct table hotset_table = {
    .name = "hotset",
    .selector = "hotset",
    .help = "Two uniform sets which share no page.",
    .keys = hotset_keys,
};
static const struct table burst_table = {
    .name = "burst",
    .selector = "burst",
    .help = "Uniform while it is on; begins on.",
    .keys = burst_keys,
};
static const struct table phases_table = {
    .name = "phases",
    .selector = "phases",
    .help = "Other workloads in turn.",
    .keys = phases_keys,
};
static const struct table curve_table = {
    .name = "curve",
    .selector = "curve",
    .help = "A measured curve, which restarts at each collection: the first floor(n) pages of one "
            "seeded permutation are dirty.",
    .keys = curve_keys,
};
static const struct table replay_table = {
    .name = "replay",
    .selector = "replay",
    .help = "A dirty log recorded from a real guest; each page of a line is written once, at a "
            "seeded instant of its interval; repeats at the end.",
    .keys = replay_keys,
};

static const struct table *const workload_variants[] = {
    &idle_table,
    &sweep_table,
    &uniform_table,
    &hotset_table,
    &burst_table,
    &phases_table,
    &curve_table,
    &replay_table,
    NULL,
};

const struct table workload_table = {
    .name = "workload",
    .help = "How a guest writes to its memory.",
    .variants = workload_variants,
    .kind_key = "kind",
};
