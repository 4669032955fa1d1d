/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h -- all tables of keys, each once, in the order in which a reader meets them. */
#ifndef FERRY_SIM_SCENARIO_WALK_H
#define FERRY_SIM_SCENARIO_WALK_H

#include "sim/scenario/keys.h"

/* More than there are; a test says so. */
#define TABLES_MAX ((size_t)96)

struct table_list {
    const struct table *tables[TABLES_MAX];
    size_t count;
};

/* From scenario_table on: a table, then what its keys lead to; a choice before its variants. */
void walk_tables(struct table_list *list);

/* A row which every variant of the choice has, alike. */
bool is_common_key(const struct table *choice, const struct key *key);

/* The choice whose variant this is; NULL if it is none. */
const struct table *choice_of(const struct table_list *list, const struct table *table);

/* "a time", "one of: ..." are for people; this is the short word: "time", "list of hosts". */
const char *key_type_name(enum key_type type);

#endif
