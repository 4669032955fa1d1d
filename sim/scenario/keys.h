/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.h -- what a scenario file may say, as constant tables.
 *
 * One row a key: type, range, default, and a sentence for people.  The parser's checks, the JSON
 * Schema, the reference in docs/scenarios.md and the defaults themselves are all made from these
 * rows, so they cannot disagree.  Defaults and ranges are texts, written as in a file, and are read
 * by the parser's own reader of quantities.
 *
 * A table is either a mapping with `keys`, or a choice between such mappings (`variants`): by the
 * value of one key (`kind:` of a workload), or by which key is there (`move:`, `drain:` of a step).
 */
#ifndef FERRY_SIM_SCENARIO_KEYS_H
#define FERRY_SIM_SCENARIO_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_type {
    KEY_TEXT = 1,  /* any text */
    KEY_NAME,      /* a new name: letters, digits, - _ . */
    KEY_FILE,      /* a path, relative to the scenario file */
    KEY_TRUE,      /* `true`, or the key is left out */
    KEY_WORD,      /* one of `words` */
    KEY_WORDS,     /* one of `words`, or a list of them */
    KEY_COUNT,     /* a whole number */
    KEY_TIME,      /* ns */
    KEY_SIZE,      /* bytes */
    KEY_BANDWIDTH, /* bit/s */
    KEY_FLOW,      /* bytes a second, exact: what a guest writes */
    KEY_RATE,      /* events a second, exact */
    KEY_SHARE,     /* parts per billion */
    KEY_HOST,      /* names of things in this file */
    KEY_NETWORK,
    KEY_GUEST,
    KEY_MOVE,  /* the id of a step, or a guest which is moved once */
    KEY_DRAIN, /* the id of a step, or a host which is drained once */
    KEY_HOSTS, /* one or a list */
    KEY_NETWORKS,
    KEY_BOUND_COUNT, /* what a number must be */
    KEY_BOUND_TIME,
    KEY_BOUND_SIZE,
    KEY_MAP,   /* a mapping: `table` */
    KEY_NAMED, /* a mapping of names to mappings: `table` */
    KEY_LIST,  /* a list of mappings: `table` */
};

struct key_word {
    const char *name;
    unsigned value;
    const char *help;
};

struct table;

struct key {
    const char *name;
    enum key_type type;
    bool required;
    const char *fallback;         /* the default as one would write it; NULL: see fallback_says */
    const char *fallback_says;    /* the default in words, where it is no fixed value */
    const char *word;             /* a word that may stand instead of a number or mapping: "none" */
    const char *min;              /* NULL: 0 */
    const char *max;              /* NULL: what the type allows, key_max() */
    const struct key_word *words; /* ends with name NULL */
    const struct table *table;
    const char *help; /* a sentence, without the full stop */
};

struct table {
    const char *name;                    /* "guest": in messages, and in the schema's $defs */
    const char *help;                    /* a sentence: what this is */
    const struct key *keys;              /* ends with name NULL; NULL for a choice */
    const struct table *const *variants; /* ends with NULL; NULL for a mapping */
    const char *kind_key; /* choice: its value names the variant; NULL: see selector */
    const char *selector; /* of a variant: the key, or the value, that chooses it */
};

extern const struct table scenario_table; /* the whole file; all others hang on it */
extern const struct table step_table;
extern const struct table fault_table;
extern const struct table expect_table;
extern const struct table workload_table;
extern const struct key_word phase_words[];
extern const struct key_word session_state_words[];
extern const struct key_word outcome_words[];
extern const struct key_word rule_words[];

/* The largest value of a type, as one would write it; NULL: the type has no range. */
const char *key_max(const struct key *key);

/* NULL: no such row. */
const struct key *table_find(const struct table *table, const char *name);
const char *key_word_name(const struct key_word *words, unsigned value);

#endif
