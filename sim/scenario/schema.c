/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.c -- the tables of keys as a JSON Schema (2020-12), for editors.
 *
 * It knows forms, words, patterns of quantities and which keys go together.  What only the parser
 * can know (names, sums, ranges of quantities with units) is in the descriptions.  A schema that
 * was built in part because memory ran out is never printed: jansson refuses to store a missing
 * value, and `good` remembers it.
 */
#include "sim/scenario/quantity.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/walk.h"

#include <jansson.h>
#include <string.h>

#define NUMBER_PATTERN "[0-9]+(\\.[0-9]+)?"
#define NAME_PATTERN   "^[A-Za-z0-9][A-Za-z0-9_.-]*$"

/* Room for the pattern of a quantity with all units of its kind. */
#define PATTERN_SIZE 256

/* Room for a description. */
#define TEXT_SIZE 1024

static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static enum quantity_kind kind_of(enum key_type type)
{
    if (type == KEY_TIME || type == KEY_BOUND_TIME) {
        return QUANTITY_TIME;
    }
    if (type == KEY_SIZE || type == KEY_BOUND_SIZE) {
        return QUANTITY_SIZE;
    }
    if (type == KEY_BANDWIDTH || type == KEY_FLOW) {
        return QUANTITY_BANDWIDTH;
    }
    if (type == KEY_RATE) {
        return QUANTITY_RATE;
    }
    return type == KEY_SHARE ? QUANTITY_SHARE : QUANTITY_COUNT;
}

/* A number and one of the units of its kind, without anchors. */
static void quantity_pattern(enum quantity_kind kind, char text[PATTERN_SIZE])
{
    (void)snprintf(text, PATTERN_SIZE, "%s", NUMBER_PATTERN);
    const char *glue = " *(";
    for (const struct quantity_unit *unit = quantity_units; unit->name != NULL; unit++) {
        if (unit->kind == kind) {
            size_t length = strlen(text);
            (void)snprintf(text + length, PATTERN_SIZE - length, "%s%s", glue, unit->name);
            glue = "|";
        }
    }
    size_t length = strlen(text);
    (void)snprintf(text + length, PATTERN_SIZE - length, "%s", kind == QUANTITY_COUNT ? "" : ")");
}

static bool put_quantity(json_t *schema, const struct key *key)
{
    char quantity[PATTERN_SIZE];
    quantity_pattern(kind_of(key->type), quantity);
    json_t *pattern = key->word != NULL ? json_sprintf("^(%s|%s)$", key->word, quantity)
                                        : json_sprintf("^%s$", quantity);
    return put(schema, "type", json_string("string")) && put(schema, "pattern", pattern);
}

static bool put_bound(json_t *schema, const struct key *key)
{
    char quantity[PATTERN_SIZE];
    quantity_pattern(kind_of(key->type), quantity);
    json_t *pattern = json_sprintf(
        "^((<=|>=|==|<|>|=|at most|at least)? *%s|%s *\\.\\. *%s|%s *\\+- *%s *(%%|ppm))$",
        quantity,
        quantity,
        quantity,
        quantity,
        NUMBER_PATTERN);
    bool count = key->type == KEY_BOUND_COUNT;
    json_t *type = count ? json_pack("[ss]", "string", "integer") : json_string("string");
    return put(schema, "type", type) && put(schema, "pattern", pattern) &&
           (!count || put(schema, "minimum", json_integer(0)));
}

static json_t *word_list(const struct key_word *words)
{
    json_t *list = json_array();
    for (; words->name != NULL; words++) {
        if (json_array_append_new(list, json_string(words->name)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *reference_to(const struct table *table)
{
    return json_pack("{s:s+}", "$ref", "#/$defs/", table->name);
}

/* One thing, or a list of such things. */
static bool put_one_or_list(json_t *schema, json_t *one)
{
    json_t *choice =
        json_pack("[o{s:s,s:O,s:i}]", one, "type", "array", "items", one, "minItems", 1);
    return put(schema, "anyOf", choice);
}

/* A whole number of our own tables. */
static json_t *whole(const char *text)
{
    char message[QUANTITY_MESSAGE_SIZE];
    uint64_t value = 0;
    if (!quantity_parse_whole(QUANTITY_COUNT, text, &value, message)) {
        return NULL;
    }
    return json_integer((json_int_t)value);
}

static bool put_count(json_t *schema, const struct key *key)
{
    return put(schema, "type", json_string("integer")) &&
           put(schema, "minimum", whole(key->min == NULL ? "0" : key->min)) &&
           put(schema, "maximum", whole(key_max(key)));
}

static bool put_map(json_t *schema, const struct key *key)
{
    if (key->word == NULL) {
        return put(schema, "$ref", json_sprintf("#/$defs/%s", key->table->name));
    }
    json_t *choice = json_pack("[{s:s},o]", "const", key->word, reference_to(key->table));
    return put(schema, "anyOf", choice);
}

static bool put_type(json_t *schema, const struct key *key)
{
    switch (key->type) {
    case KEY_TRUE: return put(schema, "const", json_true());
    case KEY_WORD: return put(schema, "enum", word_list(key->words));
    case KEY_WORDS:
        return put_one_or_list(schema, json_pack("{s:o}", "enum", word_list(key->words)));
    case KEY_COUNT: return put_count(schema, key);
    case KEY_TIME:
    case KEY_SIZE:
    case KEY_BANDWIDTH:
    case KEY_FLOW:
    case KEY_RATE:
    case KEY_SHARE: return put_quantity(schema, key);
    case KEY_BOUND_COUNT:
    case KEY_BOUND_TIME:
    case KEY_BOUND_SIZE: return put_bound(schema, key);
    case KEY_HOSTS:
    case KEY_NETWORKS: return put_one_or_list(schema, json_pack("{s:s}", "type", "string"));
    case KEY_MAP: return put_map(schema, key);
    case KEY_NAMED:
        return put(schema, "type", json_string("object")) &&
               put(schema, "propertyNames", json_pack("{s:s}", "pattern", NAME_PATTERN)) &&
               put(schema, "additionalProperties", reference_to(key->table));
    case KEY_LIST:
        return put(schema, "type", json_string("array")) &&
               put(schema, "items", reference_to(key->table));
    case KEY_NAME:
        return put(schema, "type", json_string("string")) &&
               put(schema, "pattern", json_string(NAME_PATTERN));
    case KEY_TEXT:
    case KEY_FILE:
    case KEY_HOST:
    case KEY_NETWORK:
    case KEY_GUEST:
    case KEY_MOVE:
    case KEY_DRAIN:
        return put(schema, "type", json_string("string")) &&
               put(schema, "minLength", json_integer(1));
    }
    return false;
}

static bool is_ranged(enum key_type type)
{
    return type == KEY_COUNT || type == KEY_TIME || type == KEY_SIZE || type == KEY_BANDWIDTH ||
           type == KEY_FLOW || type == KEY_RATE || type == KEY_SHARE;
}

static bool put_description(json_t *schema, const struct key *key)
{
    char text[TEXT_SIZE];
    int length = snprintf(text, sizeof(text), "%s.", key->help);
    if (length > 0 && is_ranged(key->type)) {
        length += snprintf(
            text + length,
            sizeof(text) - (size_t)length,
            " From %s to %s.",
            key->min == NULL ? "0" : key->min,
            key_max(key));
    }
    if (length > 0 && key->fallback_says != NULL) {
        (void)snprintf(
            text + length, sizeof(text) - (size_t)length, " Default: %s.", key->fallback_says);
    }
    if (text[0] >= 'a' && text[0] <= 'z') {
        text[0] = (char)(text[0] - 'a' + 'A');
    }
    return put(schema, "description", json_string(text));
}

static json_t *property(const struct key *key, const struct table *owner)
{
    json_t *schema = json_object();
    bool good = put_description(schema, key);
    if (strcmp(key->name, "kind") == 0 && owner->selector != NULL) {
        good = good && put(schema, "const", json_string(owner->selector));
    } else {
        good = good && put_type(schema, key);
    }
    if (key->fallback != NULL) {
        json_t *fallback =
            key->type == KEY_COUNT ? whole(key->fallback) : json_string(key->fallback);
        good = good && put(schema, "default", fallback);
    }
    if (!good) {
        json_decref(schema);
        return NULL;
    }
    return schema;
}

static json_t *mapping_schema(const struct table *table)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    bool good = true;
    for (const struct key *key = table->keys; key->name != NULL; key++) {
        good = good && put(properties, key->name, property(key, table));
        if (key->required) {
            good = good && json_array_append_new(required, json_string(key->name)) == 0;
        }
    }
    json_t *schema = json_pack(
        "{s:s,s:s,s:o,s:o,s:b}",
        "description",
        table->help,
        "type",
        "object",
        "properties",
        properties,
        "required",
        required,
        "additionalProperties",
        0);
    if (table_find(table, "at") != NULL && table_find(table, "when") != NULL) {
        json_t *either = json_pack("[{s:[s]},{s:[s]}]", "required", "at", "required", "when");
        good = good && put(schema, "oneOf", either);
    }
    if (!good) {
        json_decref(schema);
        return NULL;
    }
    return schema;
}

static json_t *choice_schema(const struct table *choice)
{
    json_t *variants = json_array();
    for (size_t index = 0; choice->variants[index] != NULL; index++) {
        if (json_array_append_new(variants, reference_to(choice->variants[index])) != 0) {
            json_decref(variants);
            return NULL;
        }
    }
    return json_pack("{s:s,s:o}", "description", choice->help, "oneOf", variants);
}

static json_t *build(void)
{
    struct table_list list;
    walk_tables(&list);
    json_t *definitions = json_object();
    bool good = true;
    for (size_t index = 1; index < list.count; index++) {
        const struct table *table = list.tables[index];
        json_t *schema = table->variants != NULL ? choice_schema(table) : mapping_schema(table);
        good = good && put(definitions, table->name, schema);
    }
    json_t *root = mapping_schema(&scenario_table);
    good = good &&
           put(root, "$schema", json_string("https://json-schema.org/draft/2020-12/schema")) &&
           put(root, "title", json_string("ferry scenario"));
    good = json_object_set_new(root, "$defs", definitions) == 0 && good;
    if (!good) {
        json_decref(root);
        return NULL;
    }
    return root;
}

bool scenario_schema(FILE *out)
{
    json_t *schema = build();
    if (schema == NULL) {
        return false;
    }
    bool good = json_dumpf(schema, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;
    json_decref(schema);
    return good;
}
