/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c -- questions about the tables, and the table of a whole file. */
#include "sim/scenario/keys.h"

#include "sim/scenario/keys_cluster.h"

#include <string.h>

const char *key_max(const struct key *key)
{
    if (key->max != NULL) {
        return key->max;
    }
    switch (key->type) {
    case KEY_COUNT:
    case KEY_BOUND_COUNT: return "1000000000";
    case KEY_TIME:
    case KEY_BOUND_TIME: return "10000 h";
    case KEY_SIZE:
    case KEY_BOUND_SIZE: return "1024 TiB";
    case KEY_BANDWIDTH: return "100 Tbit/s";
    case KEY_FLOW: return "1000 GiB/s";
    case KEY_RATE: return "10000000 /s";
    case KEY_SHARE: return "100 %";
    case KEY_TEXT:
    case KEY_NAME:
    case KEY_FILE:
    case KEY_TRUE:
    case KEY_WORD:
    case KEY_WORDS:
    case KEY_HOST:
    case KEY_NETWORK:
    case KEY_GUEST:
    case KEY_MOVE:
    case KEY_DRAIN:
    case KEY_HOSTS:
    case KEY_NETWORKS:
    case KEY_MAP:
    case KEY_NAMED:
    case KEY_LIST: break;
    }
    return NULL;
}

const struct key *table_find(const struct table *table, const char *name)
{
    for (const struct key *key = table->keys; key != NULL && key->name != NULL; key++) {
        if (strcmp(key->name, name) == 0) {
            return key;
        }
    }
    return NULL;
}

const char *key_word_name(const struct key_word *words, unsigned value)
{
    for (const struct key_word *word = words; word->name != NULL; word++) {
        if (word->value == value) {
            return word->name;
        }
    }
    return "?";
}

/* clang-format off */
static const struct key scenario_keys[] = {
    {.name = "version", .type = KEY_COUNT, .required = true, .min = "1", .max = "1",
     .help = "the version of this format"},
    {.name = "name", .type = KEY_TEXT, .fallback_says = "the file's name",
     .help = "a few words, shown in tables and reports"},
    {.name = "seed", .type = KEY_COUNT, .fallback = "1", .max = "9223372036854775807",
     .help = "all random draws come from it; the same seed gives the same run, `--seed` overrides it"},
    {.name = "end", .type = KEY_TIME, .min = "1 ns",
     .fallback_says = "when steps and faults are over and every expectation can be judged",
     .help = "the run is cut off here and judged as it stands"},
    {.name = "hosts", .type = KEY_NAMED, .required = true, .table = &host_table,
     .help = "the machines"},
    {.name = "networks", .type = KEY_NAMED, .table = &network_table,
     .help = "what joins them"},
    {.name = "guests", .type = KEY_NAMED, .table = &guest_table,
     .help = "the virtual machines, and what goes on in them"},
    {.name = "steps", .type = KEY_LIST, .table = &step_table,
     .help = "what operators do, and when"},
    {.name = "faults", .type = KEY_LIST, .table = &fault_table,
     .help = "what goes wrong, and when"},
    {.name = "expect", .type = KEY_LIST, .table = &expect_table,
     .fallback_says = "only the invariants are judged",
     .help = "what must hold at the end"},
    {0},
};
/* clang-format on */

const struct table scenario_table = {
    .name = "scenario",
    .help = "A whole file.",
    .keys = scenario_keys,
};
