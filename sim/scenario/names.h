/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h -- the names declared in a file, and what each one stands for.
 *
 * A name stands for one thing or for a fleet, which is a run of consecutive things.  All names of
 * a kind are added first; names_seal() sorts them and tells of doubles; then they can be found.
 */
#ifndef FERRY_SIM_SCENARIO_NAMES_H
#define FERRY_SIM_SCENARIO_NAMES_H

#include "sim/scenario/diagnose.h"
#include "sim/scenario/suggest.h"

struct named {
    const char *name;
    size_t first; /* index of the first thing */
    size_t count; /* things */
    bool fleet;   /* declared with `count:`, be it 1 */
    size_t order; /* of declaration */
    struct scenario_mark mark;
};

struct names {
    const char *kind; /* "host" */
    struct named *items;
    size_t count;
    size_t capacity;
};

void names_open(struct names *names, struct parse *parse, const char *kind, size_t capacity);
void names_add(struct names *names, struct named named);
void names_seal(struct names *names, struct parse *parse);

/* NULL: no such name. */
const struct named *names_find(const struct names *names, const char *name);

/* Offers all names to a search. */
void names_offer(const struct names *names, struct suggestion *suggestion);

/* names_find(); when there is none, tells so: "unknown host 'h9'; did you mean 'h1'?". */
const struct named *names_need(
    const struct names *names, struct parse *parse, const char *name, struct scenario_mark mark);

#endif
