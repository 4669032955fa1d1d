/* SPDX-License-Identifier: Apache-2.0 */
/* bind_word.c -- a word out of those which a key knows, and what is told when it is none of them. */
#include "sim/scenario/bind_value.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/suggest.h"

#include <stdio.h>
#include <string.h>

/* Words of a list in a message, bytes. */
#define WORD_LIST_SIZE 256

static void list_words(const struct key_word *words, char list[WORD_LIST_SIZE])
{
    list[0] = '\0';
    for (; words->name != NULL; words++) {
        size_t length = strlen(list);
        (void)snprintf(
            list + length, WORD_LIST_SIZE - length, "%s%s", length == 0 ? "" : ", ", words->name);
    }
}

bool bind_word(
    struct parse *parse,
    struct value *value,
    const char *text,
    struct scenario_mark mark,
    unsigned *word_out)
{
    struct suggestion suggestion;
    suggestion_start(&suggestion, text);
    for (const struct key_word *word = value->key->words; word->name != NULL; word++) {
        if (strcmp(word->name, text) == 0) {
            *word_out = word->value;
            return true;
        }
        suggestion_offer(&suggestion, word->name);
    }
    char list[WORD_LIST_SIZE];
    list_words(value->key->words, list);
    value->bad = true;
    parse_error(
        parse,
        mark,
        "%s: unknown word '%s'; %s%s%s",
        value->key->name,
        quote(text).text,
        suggestion.best == NULL ? "one of: " : "did you mean '",
        suggestion.best == NULL ? list : suggestion.best,
        suggestion.best == NULL ? "" : "'?");
    return false;
}
