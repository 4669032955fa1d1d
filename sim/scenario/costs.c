/* SPDX-License-Identifier: Apache-2.0 */
/* costs.c -- the default costs, read from the table of keys so that they stand in one place. */
#include "sim/scenario/costs.h"

#include "sim/scenario/keys_cluster.h"
#include "sim/scenario/quantity.h"

#include <stdlib.h>
#include <string.h>

static uint64_t fallback_of(const char *name)
{
    char message[QUANTITY_MESSAGE_SIZE];
    uint64_t value = 0;
    const struct key *key = table_find(&costs_table, name);
    enum quantity_kind kind = key->type == KEY_TIME ? QUANTITY_TIME : QUANTITY_BANDWIDTH;
    if (!quantity_parse_whole(kind, key->fallback, &value, message)) {
        abort(); /* our own table is wrong, and a test says so */
    }
    return value;
}

struct sim_costs sim_costs_default(void)
{
    return (struct sim_costs){
        .pause = (int64_t)fallback_of("pause"),
        .resume = (int64_t)fallback_of("resume"),
        .collection_per_page = (int64_t)fallback_of("collection_per_page"),
        .collection_per_gib = (int64_t)fallback_of("collection_per_gib"),
        .state_out = (int64_t)fallback_of("state_out"),
        .state_out_per_mib = (int64_t)fallback_of("state_out_per_mib"),
        .state_in = (int64_t)fallback_of("state_in"),
        .state_in_per_mib = (int64_t)fallback_of("state_in_per_mib"),
        .journal_fsync = (int64_t)fallback_of("journal_fsync"),
        .first_write_fault = (int64_t)fallback_of("first_write_fault"),
        .announce = (int64_t)fallback_of("announce"),
        .cpu_bandwidth = fallback_of("cpu"),
    };
}

struct sim_costs sim_costs_none(void)
{
    return (struct sim_costs){.cpu_bandwidth = UINT64_MAX};
}
