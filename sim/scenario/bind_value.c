/* SPDX-License-Identifier: Apache-2.0 */
/* bind_value.c -- one value: its form, its unit, its range. */
#include "sim/scenario/bind_value.h"

#include "sim/scenario/quantity.h"

#include <stdio.h>
#include <string.h>

/* Longest text, bytes: a name, a reason, a path. */
#define TEXT_MAX 1024

const char *yaml_describe(const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_SCALAR: return node->plain && node->text[0] == '\0' ? "nothing" : "a text";
    case YAML_LIST: return node->count == 0 ? "an empty list" : "a list";
    case YAML_MAP: return "a mapping";
    }
    return "nothing";
}

static void tell(struct parse *parse, struct value *value, const char *problem)
{
    value->bad = true;
    parse_error(parse, value->mark, "%s: %s", value->key->name, problem);
}

static void tell_form(
    struct parse *parse, struct value *value, const struct yaml_node *node, const char *needed)
{
    char problem[128];
    (void)snprintf(
        problem, sizeof(problem), "%s is needed, this is %s", needed, yaml_describe(node));
    tell(parse, value, problem);
}

/* The kind of quantity of a type; 0: it is none. */
static enum quantity_kind kind_of(enum key_type type)
{
    switch (type) {
    case KEY_COUNT:
    case KEY_BOUND_COUNT: return QUANTITY_COUNT;
    case KEY_TIME:
    case KEY_BOUND_TIME: return QUANTITY_TIME;
    case KEY_SIZE:
    case KEY_BOUND_SIZE: return QUANTITY_SIZE;
    case KEY_BANDWIDTH:
    case KEY_FLOW: return QUANTITY_BANDWIDTH;
    case KEY_RATE: return QUANTITY_RATE;
    case KEY_SHARE: return QUANTITY_SHARE;
    case KEY_TEXT:
    case KEY_NAME:
    case KEY_FILE:
    case KEY_TRUE:
    case KEY_WORD:
    case KEY_WORDS:
    case KEY_HOST:
    case KEY_NETWORK:
    case KEY_GUEST:
    case KEY_MOVE:
    case KEY_DRAIN:
    case KEY_HOSTS:
    case KEY_NETWORKS:
    case KEY_MAP:
    case KEY_NAMED:
    case KEY_LIST: break;
    }
    return (enum quantity_kind)0;
}

/* Ranges come from our own tables: a text there that does not parse is found by the tests. */
static uint64_t limit_of(enum quantity_kind kind, const char *text, uint64_t otherwise)
{
    char message[QUANTITY_MESSAGE_SIZE];
    uint64_t limit = otherwise;
    if (text != NULL && !quantity_parse_whole(kind, text, &limit, message)) {
        return otherwise;
    }
    return limit;
}

static bool check_range(struct parse *parse, struct value *value, struct quantity quantity)
{
    enum quantity_kind kind = kind_of(value->key->type);
    uint64_t low = limit_of(kind, value->key->min, 0);
    uint64_t high = limit_of(kind, key_max(value->key), INT64_MAX);
    uint64_t whole = quantity.amount / quantity.divisor;
    bool above = whole > high || (whole == high && quantity.amount % quantity.divisor != 0);
    if (whole >= low && !above) {
        return true;
    }
    char problem[QUANTITY_MESSAGE_SIZE];
    const char *max = key_max(value->key);
    if (above) {
        (void)snprintf(
            problem, sizeof(problem), "'%s' is more than %s", quote(value->text).text, max);
    } else {
        (void)snprintf(
            problem,
            sizeof(problem),
            "'%s' is less than %s",
            quote(value->text).text,
            value->key->min);
    }
    tell(parse, value, problem);
    return false;
}

static void read_number(struct parse *parse, struct value *value)
{
    char problem[QUANTITY_MESSAGE_SIZE];
    uint64_t number = 0;
    if (value->key->word != NULL && strcmp(value->text, value->key->word) == 0) {
        value->is_word = true;
        value->number = value->key->type == KEY_TIME ? INT64_MAX : UINT64_MAX;
        return;
    }
    if (!quantity_parse_whole(kind_of(value->key->type), value->text, &number, problem)) {
        tell(parse, value, problem);
    } else if (check_range(parse, value, (struct quantity){number, 1})) {
        value->number = number;
    }
}

/* Rates stay fractions: `0.1 MiB/s` is 1048576 bytes in 10 seconds. */
static void read_rate(struct parse *parse, struct value *value)
{
    char problem[QUANTITY_MESSAGE_SIZE];
    struct quantity quantity;
    if (!quantity_parse(kind_of(value->key->type), value->text, &quantity, problem)) {
        tell(parse, value, problem);
        return;
    }
    if (!check_range(parse, value, quantity)) {
        return;
    }
    if (value->key->type == KEY_FLOW) { /* bits to bytes */
        unsigned shared = 8;
        while (quantity.amount % shared != 0) {
            shared /= 2;
        }
        quantity.amount /= shared;
        quantity.divisor *= 8 / shared;
    }
    if (quantity.divisor > MODEL_RATE_SECONDS_MAX) {
        (void)snprintf(
            problem, sizeof(problem), "'%s' has too many decimals", quote(value->text).text);
        tell(parse, value, problem);
        return;
    }
    value->rate = (struct model_rate){.amount = quantity.amount, .seconds = quantity.divisor};
}

static void read_bound(struct parse *parse, struct value *value)
{
    char problem[QUANTITY_MESSAGE_SIZE];
    enum quantity_kind kind = kind_of(value->key->type);
    if (!quantity_parse_bound(kind, value->text, &value->bound, problem)) {
        tell(parse, value, problem);
    }
}

static void read_word(struct parse *parse, struct value *value)
{
    unsigned word = 0;
    if (bind_word(parse, value, value->text, value->mark, &word)) {
        value->number = word;
    }
}

static void read_text(struct parse *parse, struct value *value)
{
    size_t length = strlen(value->text);
    if (length == 0) {
        tell(parse, value, "the text is empty");
    } else if (length > TEXT_MAX) {
        tell(parse, value, "the text is too long");
    } else if (value->key->type == KEY_NAME && (!is_name(value->text) || length > FERRY_NAME_MAX)) {
        tell(parse, value, "a name has letters, digits, '-', '_' and '.', at most 63 of them");
    }
}

static void read_scalar(struct parse *parse, struct value *value)
{
    switch (value->key->type) {
    case KEY_TEXT:
    case KEY_NAME:
    case KEY_FILE:
    case KEY_HOST:
    case KEY_NETWORK:
    case KEY_GUEST:
    case KEY_MOVE:
    case KEY_DRAIN: read_text(parse, value); break;
    case KEY_TRUE:
        if (strcmp(value->text, "true") != 0) {
            tell(parse, value, "write 'true', or leave the key out");
        }
        break;
    case KEY_WORD: read_word(parse, value); break;
    case KEY_COUNT:
    case KEY_TIME:
    case KEY_SIZE:
    case KEY_BANDWIDTH:
    case KEY_SHARE: read_number(parse, value); break;
    case KEY_FLOW:
    case KEY_RATE: read_rate(parse, value); break;
    case KEY_BOUND_COUNT:
    case KEY_BOUND_TIME:
    case KEY_BOUND_SIZE: read_bound(parse, value); break;
    case KEY_WORDS:
    case KEY_HOSTS:
    case KEY_NETWORKS:
    case KEY_MAP:
    case KEY_NAMED:
    case KEY_LIST: break;
    }
}

/* One scalar, or a list of them: into items, and for words into number as bits. */
static void bind_scalars(struct parse *parse, struct value *value, const struct yaml_node *node)
{
    bool list = node->kind == YAML_LIST;
    const struct yaml_node *item = list ? node->first : node;
    if (node->kind == YAML_MAP || (list && node->count == 0)) {
        tell_form(parse, value, node, "a name, or a list of names in [ ]");
        return;
    }
    value->items = arena_take(parse->arena, list ? node->count : 1, sizeof(*value->items));
    for (; item != NULL; item = list ? item->next : NULL) {
        if (item->broken) {
            value->bad = true;
            continue;
        }
        if (item->kind != YAML_SCALAR || item->text[0] == '\0') {
            value->bad = true;
            parse_error(
                parse,
                item->mark,
                "%s: a name is needed, this is %s",
                value->key->name,
                yaml_describe(item));
            continue;
        }
        unsigned word = 0;
        if (value->key->type == KEY_WORDS) {
            if (bind_word(parse, value, item->text, item->mark, &word)) {
                value->number |= SCENARIO_OUTCOME_BIT(word);
            }
            continue;
        }
        value->items[value->count++] = (struct item){.name = item->text, .mark = item->mark};
    }
    value->is_word = !list && value->key->word != NULL && strcmp(node->text, value->key->word) == 0;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
static void bind_list(struct parse *parse, struct value *value, const struct yaml_node *node)
{
    if (node->kind != YAML_LIST) {
        tell_form(parse, value, node, "a list");
        return;
    }
    const char *who = arena_format(parse->arena, "this %s", value->key->table->name);
    value->items = arena_take(parse->arena, node->count, sizeof(*value->items));
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        struct record *record = bind_record(parse, item, value->key->table, who);
        value->items[value->count++] = (struct item){.mark = item->mark, .record = record};
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
static void bind_named(struct parse *parse, struct value *value, const struct yaml_node *node)
{
    if (node->kind != YAML_MAP) {
        tell_form(parse, value, node, "a mapping of names");
        return;
    }
    value->items = arena_take(parse->arena, node->count, sizeof(*value->items));
    for (const struct yaml_node *key = node->first; key != NULL; key = key->next->next) {
        if (key->kind != YAML_SCALAR || !is_name(key->text) || strlen(key->text) > FERRY_NAME_MAX) {
            parse_error(
                parse,
                key->mark,
                "%s: a name has letters, digits, '-', '_' and '.', at most 63 of them",
                value->key->name);
            value->bad = true;
            continue;
        }
        const char *who = arena_format(parse->arena, "%s '%s'", value->key->table->name, key->text);
        struct record *record = bind_record(parse, key->next, value->key->table, who);
        value->items[value->count++] =
            (struct item){.name = key->text, .mark = key->mark, .record = record};
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
static void bind_map(struct parse *parse, struct value *value, const struct yaml_node *node)
{
    if (value->key->word != NULL && node->kind == YAML_SCALAR &&
        strcmp(node->text, value->key->word) == 0) {
        value->is_word = true;
        return;
    }
    if (value->key->word != NULL && node->kind == YAML_SCALAR) {
        char needed[64];
        (void)snprintf(needed, sizeof(needed), "'%s' or a mapping", value->key->word);
        tell_form(parse, value, node, needed);
        return;
    }
    const char *who = arena_format(parse->arena, "'%s'", value->key->name);
    value->record = bind_record(parse, node, value->key->table, who);
    value->bad = value->record == NULL;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
void bind_value(struct parse *parse, struct value *value, const struct yaml_node *node)
{
    value->given = true;
    value->mark = node->mark;
    if (node->broken) {
        value->bad = true;
        return;
    }
    switch (value->key->type) {
    case KEY_MAP: bind_map(parse, value, node); return;
    case KEY_NAMED: bind_named(parse, value, node); return;
    case KEY_LIST: bind_list(parse, value, node); return;
    case KEY_WORDS:
    case KEY_HOSTS:
    case KEY_NETWORKS: bind_scalars(parse, value, node); return;
    case KEY_TEXT:
    case KEY_NAME:
    case KEY_FILE:
    case KEY_TRUE:
    case KEY_WORD:
    case KEY_COUNT:
    case KEY_TIME:
    case KEY_SIZE:
    case KEY_BANDWIDTH:
    case KEY_FLOW:
    case KEY_RATE:
    case KEY_SHARE:
    case KEY_HOST:
    case KEY_NETWORK:
    case KEY_GUEST:
    case KEY_MOVE:
    case KEY_DRAIN:
    case KEY_BOUND_COUNT:
    case KEY_BOUND_TIME:
    case KEY_BOUND_SIZE: break;
    }
    if (node->kind != YAML_SCALAR) {
        tell_form(parse, value, node, "one value");
        return;
    }
    value->text = node->text;
    if (node->plain && node->text[0] == '\0') {
        tell(parse, value, "no value stands here");
    } else {
        read_scalar(parse, value);
    }
    if (value->bad) {
        bind_harmless(value);
    }
}

void bind_harmless(struct value *value)
{
    const char *text = value->key->fallback != NULL ? value->key->fallback : value->key->min;
    enum quantity_kind kind = kind_of(value->key->type);
    value->number = kind == 0 ? 0 : limit_of(kind, text, 0);
    value->rate = (struct model_rate){.amount = 0, .seconds = 1};
}

void bind_default(struct parse *parse, struct value *value)
{
    value->text = value->key->fallback;
    read_scalar(parse, value);
}
