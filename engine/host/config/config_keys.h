/* SPDX-License-Identifier: Apache-2.0 */
/* config_keys.h -- what a configuration may say: one row a key. The loader, its messages and the
 * manual page are made from the table. */
#ifndef FERRY_HOST_CONFIG_CONFIG_KEYS_H
#define FERRY_HOST_CONFIG_CONFIG_KEYS_H

#include "engine/host/config/config.h"

enum config_type {
    CONFIG_TYPE_NAME = 1, /* char[FERRY_NAME_MAX + 1] */
    CONFIG_TYPE_PATH,     /* char *, absolute */
    CONFIG_TYPE_TEXT,     /* char * */
    CONFIG_TYPE_TIME,     /* ferry_time_ns */
    CONFIG_TYPE_SIZE,     /* uint64_t */
    CONFIG_TYPE_RATE,     /* uint64_t, bytes a second */
    CONFIG_TYPE_COUNT32,
    CONFIG_TYPE_COUNT16,
    CONFIG_TYPE_WORD,    /* an enum */
    CONFIG_TYPE_SPECIAL, /* read by code of its own: only listed here */
};

struct config_word {
    const char *word;
    int value;
};

struct config_key {
    const char *section; /* "": at the top */
    const char *name;
    enum config_type type;
    size_t offset; /* in struct host_config */
    uint64_t min;  /* TIME SIZE RATE COUNT: in the unit of the field */
    uint64_t max;
    bool none;            /* TIME SIZE RATE: "none" may stand there: no limit */
    const char *fallback; /* as it could stand in the file; NULL: none, or required */
    const struct config_word *words;
    const char *kind;     /* for people, where the type does not say it */
    const char *sentence; /* for the manual */
};

extern const struct config_key config_keys[]; /* ends with a NULL name; sections stand together */

extern const struct config_word config_mode_words[]; /* both end with a NULL word */
extern const struct config_word config_no_convergence_words[];

/* Sections besides "", in the order of the table; NULL behind the last. */
extern const char *const config_sections[];

#endif
