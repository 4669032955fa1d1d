/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.c -- the reference part of docs/scenarios.md, written from the tables of keys.
 *
 * A test compares it with the document, so the document cannot fall behind the parser.
 */
#include "sim/scenario/keys.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/walk.h"

#include <assert.h>
#include <string.h>

/* `word` with the words that explain it, below a mapping's rows. */
static void write_words(FILE *out, const struct key *key)
{
    (void)fprintf(out, "\n`%s` is one of:\n\n", key->name);
    for (const struct key_word *word = key->words; word->name != NULL; word++) {
        (void)fprintf(out, "- `%s`: %s\n", word->name, word->help);
    }
}

static void write_range(FILE *out, const struct key *key)
{
    const char *max = key_max(key);
    bool bound =
        key->type == KEY_BOUND_COUNT || key->type == KEY_BOUND_TIME || key->type == KEY_BOUND_SIZE;
    if (max == NULL || bound) {
        (void)fprintf(
            out,
            "%s%s%s",
            key->word == NULL ? "" : "or `",
            key->word == NULL ? "" : key->word,
            key->word == NULL ? "" : "`");
        return;
    }
    (void)fprintf(out, "%s to %s", key->min == NULL ? "0" : key->min, max);
    if (key->word != NULL) {
        (void)fprintf(out, ", or `%s`", key->word);
    }
}

static void write_default(FILE *out, const struct key *key)
{
    if (key->required) {
        (void)fprintf(out, "*needed*");
    } else if (key->fallback != NULL) {
        (void)fprintf(out, "%s", key->fallback);
    } else if (key->fallback_says != NULL) {
        (void)fprintf(out, "%s", key->fallback_says);
    } else {
        bool things = key->type == KEY_NAMED || key->type == KEY_LIST;
        (void)fprintf(out, "%s", things ? "none" : "not judged");
    }
}

static void write_row(FILE *out, const struct key *key)
{
    (void)fprintf(out, "| `%s` | %s | %s", key->name, key->help, key_type_name(key->type));
    if (key->table != NULL) {
        (void)fprintf(out, " ([%s](#%s))", key->table->name, key->table->name);
    }
    (void)fprintf(out, " | ");
    write_range(out, key);
    (void)fprintf(out, " | ");
    write_default(out, key);
    (void)fprintf(out, " |\n");
}

static void write_head(FILE *out)
{
    (void)fprintf(
        out, "\n| key | meaning | value | range | default |\n| --- | --- | --- | --- | --- |\n");
}

/* The rows of a mapping; of a variant those which are its own. */
static void write_mapping(FILE *out, const struct table *table, const struct table *choice)
{
    write_head(out);
    for (const struct key *key = table->keys; key->name != NULL; key++) {
        if (choice == NULL || !is_common_key(choice, key)) {
            write_row(out, key);
        }
    }
    for (const struct key *key = table->keys; key->name != NULL; key++) {
        if (key->words != NULL && (choice == NULL || !is_common_key(choice, key))) {
            write_words(out, key);
        }
    }
}

/* A choice: how it is made, and the rows which all variants have. */
static void write_choice(FILE *out, const struct table *choice)
{
    (void)fprintf(out, "\nOne of:");
    for (size_t index = 0; choice->variants[index] != NULL; index++) {
        const struct table *variant = choice->variants[index];
        (void)fprintf(out, "%s [%s](#%s)", index == 0 ? "" : ",", variant->selector, variant->name);
    }
    (void)fprintf(
        out,
        ".\n%s\n",
        choice->kind_key != NULL ? "The key `kind` says which."
                                 : "The key of that name says which.");
    const struct table *first = choice->variants[0];
    assert(first != NULL);
    size_t common = 0;
    for (const struct key *key = first->keys; key->name != NULL; key++) {
        common += is_common_key(choice, key) ? 1 : 0;
    }
    if (common == 0) {
        return;
    }
    (void)fprintf(out, "\nAll of them take:\n");
    write_head(out);
    for (const struct key *key = first->keys; key->name != NULL; key++) {
        if (is_common_key(choice, key)) {
            write_row(out, key);
        }
    }
    for (const struct key *key = first->keys; key->name != NULL; key++) {
        if (is_common_key(choice, key) && key->words != NULL) {
            write_words(out, key);
        }
    }
}

void scenario_reference(FILE *out)
{
    struct table_list list;
    walk_tables(&list);
    for (size_t index = 0; index < list.count; index++) {
        const struct table *table = list.tables[index];
        const struct table *choice = choice_of(&list, table);
        (void)fprintf(out, "%s### %s\n\n", index == 0 ? "" : "\n", table->name);
        (void)fprintf(out, "%s\n", table->help);
        if (table->variants != NULL) {
            write_choice(out, table);
            continue;
        }
        bool any = choice == NULL;
        for (const struct key *key = table->keys; key->name != NULL; key++) {
            any = any || !is_common_key(choice, key);
        }
        if (any) {
            write_mapping(out, table, choice);
        } else {
            (void)fprintf(out, "\nIt has no keys of its own.\n");
        }
    }
}
