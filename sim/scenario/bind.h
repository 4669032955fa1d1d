/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.h -- a YAML tree read by the tables of keys: each value checked for itself.
 *
 * The result holds a value for every row of its table: what was written, or the default.  Whatever
 * was wrong has been told, is marked `bad` and holds something harmless, so that the checks which
 * come after (names, sums, places) can go on and say what else is wrong.
 */
#ifndef FERRY_SIM_SCENARIO_BIND_H
#define FERRY_SIM_SCENARIO_BIND_H

#include "sim/scenario/diagnose.h"
#include "sim/scenario/keys.h"
#include "sim/scenario/yaml.h"

struct record;

/* One element of a list or of a mapping of names. */
struct item {
    const char *name; /* list of names, mapping of names: the name; else NULL */
    struct scenario_mark mark;
    struct record *record; /* mapping of names, list of mappings; NULL if it was unreadable */
};

struct value {
    const struct key *key;
    bool given;                /* it stands in the file */
    bool bad;                  /* it does, and it is wrong */
    bool is_word;              /* key->word stands there ("none") */
    struct scenario_mark mark; /* of the value; of the mapping if it is not given */
    const char *text;          /* scalars, NULL if neither given nor defaulted */
    uint64_t number;           /* COUNT TIME SIZE BANDWIDTH SHARE; WORD: its value; WORDS: bits */
    struct model_rate rate;    /* FLOW RATE */
    struct scenario_bound bound;
    struct record *record; /* MAP */
    struct item *items;    /* HOSTS NETWORKS NAMED LIST */
    size_t count;
};

struct record {
    const struct table *table; /* never a choice: the variant */
    struct scenario_mark mark;
    struct value *values;
    size_t count;
};

/* NULL if the node is no mapping, or none of a choice's variants: told. */
struct record *bind_record(
    struct parse *parse,
    const struct yaml_node *node,
    const struct table *table,
    const char *who); /* in messages: "guest 'db1'", "this step", "'workload'" */

/* The value of a row.  The row must be there. */
const struct value *record_value(const struct record *record, const char *key);

/* NULL if the table has no such row. */
const struct value *record_find(const struct record *record, const char *key);

int64_t record_time(const struct record *record, const char *key);
uint64_t record_number(const struct record *record, const char *key);

/* Is anything wrong in it, however deep? */
bool record_is_bad(const struct record *record);

/* `db1` or `h-2.lab` */
bool is_name(const char *text);

#endif
