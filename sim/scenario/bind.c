/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.c -- mappings: which keys are there, which are unknown, doubled or missing.
 *
 * bind_record() and bind_value() call each other; a file cannot make them go deeper than
 * YAML_DEPTH_MAX, the tree has been built within that.
 */
#include "sim/scenario/bind.h"

#include "sim/scenario/bind_value.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/suggest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Longest list of keys in a message, bytes. */
#define KEY_LIST_SIZE 512

const struct value *record_find(const struct record *record, const char *key)
{
    for (size_t index = 0; index < record->count; index++) {
        if (strcmp(record->values[index].key->name, key) == 0) {
            return &record->values[index];
        }
    }
    return NULL;
}

const struct value *record_value(const struct record *record, const char *key)
{
    const struct value *value = record_find(record, key);
    assert(value != NULL);
    return value;
}

int64_t record_time(const struct record *record, const char *key)
{
    return (int64_t)record_value(record, key)->number;
}

uint64_t record_number(const struct record *record, const char *key)
{
    return record_value(record, key)->number;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
bool record_is_bad(const struct record *record)
{
    bool bad = false;
    for (size_t index = 0; index < record->count; index++) {
        const struct value *value = &record->values[index];
        bool lists_records = value->key->type == KEY_LIST || value->key->type == KEY_NAMED;
        bad = bad || value->bad || (value->record != NULL && record_is_bad(value->record));
        for (size_t item = 0; lists_records && item < value->count; item++) {
            const struct record *inner = value->items[item].record;
            bad = bad || inner == NULL || record_is_bad(inner);
        }
    }
    return bad;
}

static void append(char list[KEY_LIST_SIZE], const char *name)
{
    size_t length = strlen(list);
    (void)snprintf(list + length, KEY_LIST_SIZE - length, "%s%s", length == 0 ? "" : ", ", name);
}

static void offer_rows(struct suggestion *suggestion, const struct table *table)
{
    for (const struct key *key = table->keys; key != NULL && key->name != NULL; key++) {
        suggestion_offer(suggestion, key->name);
    }
}

/* Offers the keys of a mapping, or of all variants of a choice. */
static void offer_keys(struct suggestion *suggestion, const struct table *table)
{
    offer_rows(suggestion, table);
    for (size_t index = 0; table->variants != NULL && table->variants[index] != NULL; index++) {
        offer_rows(suggestion, table->variants[index]);
    }
}

/* The variants' selectors, or the mapping's keys. */
static void list_keys(const struct table *table, char list[KEY_LIST_SIZE])
{
    list[0] = '\0';
    for (const struct key *key = table->keys; key != NULL && key->name != NULL; key++) {
        append(list, key->name);
    }
    for (size_t index = 0; table->variants != NULL && table->variants[index] != NULL; index++) {
        append(list, table->variants[index]->selector);
    }
}

static void
tell_unknown_key(struct parse *parse, const struct yaml_node *key, const struct table *table)
{
    struct suggestion suggestion;
    suggestion_start(&suggestion, key->text);
    offer_keys(&suggestion, table);
    if (suggestion.best != NULL) {
        parse_error(
            parse,
            key->mark,
            "unknown key '%s'; did you mean '%s'?",
            quote(key->text).text,
            suggestion.best);
        return;
    }
    char list[KEY_LIST_SIZE];
    list_keys(table, list);
    parse_error(parse, key->mark, "unknown key '%s'; known here: %s", quote(key->text).text, list);
}

static const struct yaml_node *find_pair(const struct yaml_node *map, const char *name)
{
    for (const struct yaml_node *key = map->first; key != NULL; key = key->next->next) {
        if (key->kind == YAML_SCALAR && strcmp(key->text, name) == 0) {
            return key;
        }
    }
    return NULL;
}

static const struct table *variant_by_value(
    struct parse *parse, const struct yaml_node *map, const struct table *choice, const char *who)
{
    const struct yaml_node *key = find_pair(map, choice->kind_key);
    if (key == NULL) {
        char list[KEY_LIST_SIZE];
        list_keys(choice, list);
        parse_error(parse, map->mark, "%s needs '%s': one of %s", who, choice->kind_key, list);
        return NULL;
    }
    const struct yaml_node *value = key->next;
    struct suggestion suggestion;
    suggestion_start(&suggestion, value->text);
    for (size_t index = 0; choice->variants[index] != NULL; index++) {
        if (strcmp(choice->variants[index]->selector, value->text) == 0) {
            return choice->variants[index];
        }
        suggestion_offer(&suggestion, choice->variants[index]->selector);
    }
    char list[KEY_LIST_SIZE];
    list_keys(choice, list);
    parse_error(
        parse,
        value->mark,
        "%s: unknown word '%s'; %s%s%s",
        choice->kind_key,
        quote(value->text).text,
        suggestion.best == NULL ? "one of: " : "did you mean '",
        suggestion.best == NULL ? list : suggestion.best,
        suggestion.best == NULL ? "" : "'?");
    return NULL;
}

/* Nothing says what this is: then the unknown keys are the best clue. */
static void tell_no_variant(
    struct parse *parse, const struct yaml_node *map, const struct table *choice, const char *who)
{
    size_t told = 0;
    for (const struct yaml_node *key = map->first; key != NULL; key = key->next->next) {
        bool known = false;
        for (size_t index = 0; choice->variants[index] != NULL; index++) {
            known = known || table_find(choice->variants[index], key->text) != NULL;
        }
        if (!known) {
            tell_unknown_key(parse, key, choice);
            told++;
        }
    }
    if (told == 0) {
        char list[KEY_LIST_SIZE];
        list_keys(choice, list);
        parse_error(parse, map->mark, "%s needs one of: %s", who, list);
    }
}

static const struct table *variant_by_key(
    struct parse *parse, const struct yaml_node *map, const struct table *choice, const char *who)
{
    const struct table *found = NULL;
    for (const struct yaml_node *key = map->first; key != NULL; key = key->next->next) {
        for (size_t index = 0; choice->variants[index] != NULL; index++) {
            const struct table *variant = choice->variants[index];
            if (strcmp(variant->selector, key->text) != 0 || variant == found) {
                continue;
            }
            if (found != NULL && table_find(found, key->text) == NULL) {
                parse_error(
                    parse,
                    key->mark,
                    "'%s' and '%s' do not go together: write two entries",
                    found->selector,
                    variant->selector);
                return NULL;
            }
            found = found == NULL ? variant : found;
        }
    }
    if (found == NULL) {
        tell_no_variant(parse, map, choice, who);
    }
    return found;
}

static bool same_text(const char *first, const char *second)
{
    return first == second || (first != NULL && second != NULL && strcmp(first, second) == 0);
}

static bool same_row(const struct key *first, const struct key *second)
{
    return first->type == second->type && first->table == second->table &&
           first->words == second->words && same_text(first->min, second->min) &&
           same_text(first->max, second->max) && same_text(first->word, second->word);
}

/* The row that all variants which know this key have for it; NULL: none, or they differ. */
static const struct key *common_row(const struct table *choice, const char *name)
{
    const struct key *row = NULL;
    for (size_t index = 0; choice->variants[index] != NULL; index++) {
        const struct key *other = table_find(choice->variants[index], name);
        if (row != NULL && other != NULL && !same_row(row, other)) {
            return NULL;
        }
        row = other != NULL ? other : row;
    }
    return row;
}

/* A mapping of which nobody knows what it is: its values can be wrong by themselves all the same. */
// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
static void
bind_without_variant(struct parse *parse, const struct yaml_node *map, const struct table *choice)
{
    for (const struct yaml_node *key = map->first; key != NULL; key = key->next->next) {
        struct value value = {0};
        if (key->kind != YAML_SCALAR || key->broken) {
            continue;
        }
        value.key = common_row(choice, key->text);
        if (value.key != NULL) {
            bind_value(parse, &value, key->next);
        }
    }
}

static struct record *new_record(struct parse *parse, const struct table *table)
{
    struct record *record = arena_take(parse->arena, 1, sizeof(*record));
    record->table = table;
    while (table->keys[record->count].name != NULL) {
        record->count++;
    }
    record->values = arena_take(parse->arena, record->count, sizeof(*record->values));
    for (size_t index = 0; index < record->count; index++) {
        record->values[index].key = &table->keys[index];
    }
    return record;
}

/* A key which this mapping has no row for. */
static void tell_misplaced_key(
    struct parse *parse,
    const struct yaml_node *key,
    const struct table *table,
    const struct table *choice)
{
    for (size_t index = 0; choice->variants != NULL && choice->variants[index] != NULL; index++) {
        if (table_find(choice->variants[index], key->text) != NULL) {
            parse_error(
                parse,
                key->mark,
                "'%s' does not go with '%s'",
                quote(key->text).text,
                table->selector);
            return;
        }
    }
    tell_unknown_key(parse, key, table);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
static void bind_pair(
    struct parse *parse,
    struct record *record,
    const struct yaml_node *key,
    const struct table *choice)
{
    if (key->kind != YAML_SCALAR) {
        parse_error(parse, key->mark, "a key must be a word");
        return;
    }
    if (key->broken) {
        return;
    }
    for (size_t index = 0; index < record->count; index++) {
        struct value *value = &record->values[index];
        if (strcmp(value->key->name, key->text) != 0) {
            continue;
        }
        if (value->given) {
            parse_error(
                parse,
                key->mark,
                "'%s' is given twice, first in line %u",
                value->key->name,
                value->mark.line);
            return;
        }
        bind_value(parse, value, key->next);
        return;
    }
    tell_misplaced_key(parse, key, record->table, choice);
}

static void fill_defaults(struct parse *parse, struct record *record, const char *who)
{
    for (size_t index = 0; index < record->count; index++) {
        struct value *value = &record->values[index];
        if (value->given) {
            continue;
        }
        value->mark = record->mark;
        if (value->key->required) {
            value->bad = true;
            bind_harmless(value);
            parse_error(parse, record->mark, "%s needs '%s'", who, value->key->name);
        } else if (value->key->fallback != NULL) {
            bind_default(parse, value);
        }
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
struct record *bind_record(
    struct parse *parse, const struct yaml_node *node, const struct table *table, const char *who)
{
    if (node->broken) {
        return NULL;
    }
    if (node->kind != YAML_MAP) {
        parse_error(
            parse,
            node->mark,
            "%s: a mapping {key: value} is needed, this is %s",
            table->name,
            yaml_describe(node));
        return NULL;
    }
    const struct table *variant = table;
    if (table->variants != NULL) {
        variant = table->kind_key != NULL ? variant_by_value(parse, node, table, who)
                                          : variant_by_key(parse, node, table, who);
    }
    if (variant == NULL) {
        bind_without_variant(parse, node, table);
        return NULL;
    }
    struct record *record = new_record(parse, variant);
    record->mark = node->mark;
    for (const struct yaml_node *key = node->first; key != NULL; key = key->next->next) {
        bind_pair(parse, record, key, table);
    }
    fill_defaults(parse, record, who);
    return record;
}

bool is_name(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t length = strlen(text);
    return length > 0 && strchr(first, text[0]) != NULL &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
               length;
}
