/* SPDX-License-Identifier: Apache-2.0 */
/* keys_trigger.h -- the rows with which each step and each fault says when it happens. */
#ifndef FERRY_SIM_SCENARIO_KEYS_TRIGGER_H
#define FERRY_SIM_SCENARIO_KEYS_TRIGGER_H

#include "sim/scenario/keys.h"

extern const struct table when_table;

/* clang-format off */
#define TRIGGER_ROWS                                                                               \
    {.name = "at", .type = KEY_TIME, .fallback_says = "give this or `when`",                       \
     .help = "at this instant, counted from time 0"},                                              \
    {.name = "when", .type = KEY_MAP, .table = &when_table, .fallback_says = "give this or `at`",  \
     .help = "when a migration enters a phase"},                                                   \
    {.name = "after", .type = KEY_TIME, .fallback = "0 ns",                                        \
     .help = "so long after `when`"}
/* clang-format on */

#endif
