/* SPDX-License-Identifier: Apache-2.0 */
/* names.c -- a sorted array: thousands of names are looked up thousands of times. */
#include "sim/scenario/names.h"

#include "sim/scenario/quantity.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Candidates for "did you mean": a fleet of 100,000 need not be searched to the end. */
#define OFFER_MAX 2000

void names_open(struct names *names, struct parse *parse, const char *kind, size_t capacity)
{
    *names = (struct names){.kind = kind, .capacity = capacity};
    names->items = arena_take(parse->arena, capacity, sizeof(*names->items));
}

void names_add(struct names *names, struct named named)
{
    assert(names->count < names->capacity);
    named.order = names->count;
    names->items[names->count++] = named;
}

static int compare(const void *first, const void *second)
{
    const struct named *one = first;
    const struct named *other = second;
    int order = strcmp(one->name, other->name);
    if (order != 0) {
        return order;
    }
    return one->order < other->order ? -1 : one->order > other->order ? 1 : 0;
}

void names_seal(struct names *names, struct parse *parse)
{
    if (names->count == 0) {
        return;
    }
    qsort(names->items, names->count, sizeof(*names->items), compare);
    for (size_t index = 1; index < names->count; index++) {
        const struct named *named = &names->items[index];
        const struct named *before = &names->items[index - 1];
        if (strcmp(named->name, before->name) == 0) {
            parse_error(
                parse,
                named->mark,
                "%s '%s' is declared twice, first in line %u",
                names->kind,
                quote(named->name).text,
                before->mark.line);
        }
    }
}

const struct named *names_find(const struct names *names, const char *name)
{
    size_t low = 0;
    size_t high = names->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(names->items[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < names->count && strcmp(names->items[low].name, name) == 0) {
        return &names->items[low];
    }
    return NULL;
}

void names_offer(const struct names *names, struct suggestion *suggestion)
{
    for (size_t index = 0; index < names->count && index < OFFER_MAX; index++) {
        suggestion_offer(suggestion, names->items[index].name);
    }
}

const struct named *names_need(
    const struct names *names, struct parse *parse, const char *name, struct scenario_mark mark)
{
    const struct named *named = names_find(names, name);
    if (named != NULL) {
        return named;
    }
    struct suggestion suggestion;
    suggestion_start(&suggestion, name);
    names_offer(names, &suggestion);
    parse_error(
        parse,
        mark,
        "unknown %s '%s'%s%s%s",
        names->kind,
        quote(name).text,
        suggestion.best == NULL ? "" : "; did you mean '",
        suggestion.best == NULL ? "" : suggestion.best,
        suggestion.best == NULL ? "" : "'?");
    return NULL;
}
