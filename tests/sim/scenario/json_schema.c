/* SPDX-License-Identifier: Apache-2.0 */
/* json_schema.c -- a checker for the part of JSON Schema that our schema uses. */
#include "json_schema.h"

#include "sim/scenario/yaml.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

static json_t *scalar_as_json(const struct yaml_node *node)
{
    char *end = NULL;
    long long number = strtoll(node->text, &end, 10);
    if (node->plain && end != node->text && *end == '\0') {
        return json_integer(number);
    }
    if (node->plain && (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)) {
        return json_boolean(node->text[0] == 't');
    }
    return json_string(node->text);
}

// NOLINTBEGIN(misc-no-recursion): bounded by the depth of the file and of our own schema
static json_t *as_json(const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) {
        return scalar_as_json(node);
    }
    json_t *value = node->kind == YAML_LIST ? json_array() : json_object();
    for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
        if (node->kind == YAML_LIST) {
            json_array_append_new(value, as_json(child));
        } else {
            json_object_set_new(value, child->text, as_json(child->next));
            child = child->next;
        }
    }
    return value;
}

json_t *yaml_as_json(const char *text, size_t size)
{
    jmp_buf exhausted;
    struct scenario_arena arena = {.exhausted = &exhausted};
    struct scenario_errors errors = {0};
    struct parse parse = {.file = "s.yaml", .arena = &arena, .errors = &errors};
    struct yaml_reader reader = {0};
    if (setjmp(exhausted) != 0) {
        abort();
    }
    struct yaml_node *tree = yaml_read(&reader, &parse, text, size);
    json_t *value = tree == NULL ? NULL : as_json(tree);
    yaml_close(&reader);
    arena_release(&arena);
    scenario_errors_free(&errors);
    return value;
}

static bool has_type(const char *type, json_t *value)
{
    return (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(value));
}

static bool allows_type(json_t *types, json_t *value)
{
    if (json_is_string(types)) {
        return has_type(json_string_value(types), value);
    }
    for (size_t index = 0; index < json_array_size(types); index++) {
        if (has_type(json_string_value(json_array_get(types, index)), value)) {
            return true;
        }
    }
    return false;
}

static bool matches(const char *pattern, json_t *value)
{
    regex_t regex;
    if (!json_is_string(value)) {
        return true;
    }
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        abort();
    }
    bool good = regexec(&regex, json_string_value(value), 0, NULL, 0) == 0;
    regfree(&regex);
    return good;
}

static size_t allowing(json_t *root, json_t *schemas, json_t *value)
{
    size_t count = 0;
    for (size_t index = 0; index < json_array_size(schemas); index++) {
        count += json_schema_allows(root, json_array_get(schemas, index), value) ? 1 : 0;
    }
    return count;
}

static bool contains(json_t *list, json_t *value)
{
    for (size_t index = 0; index < json_array_size(list); index++) {
        if (json_equal(json_array_get(list, index), value)) {
            return true;
        }
    }
    return false;
}

static bool allows_items(json_t *root, json_t *schema, json_t *value)
{
    for (size_t index = 0; index < json_array_size(value); index++) {
        if (!json_schema_allows(root, schema, json_array_get(value, index))) {
            return false;
        }
    }
    return true;
}

static bool has_all(json_t *required, json_t *value)
{
    for (size_t index = 0; json_is_object(value) && index < json_array_size(required); index++) {
        if (json_object_get(value, json_string_value(json_array_get(required, index))) == NULL) {
            return false;
        }
    }
    return true;
}

/* Each member by `properties`, or else by `additionalProperties`. */
static bool allows_members(json_t *root, json_t *schema, json_t *value)
{
    json_t *properties = json_object_get(schema, "properties");
    json_t *others = json_object_get(schema, "additionalProperties");
    for (void *member = json_object_iter(value); member != NULL;
         member = json_object_iter_next(value, member)) {
        json_t *known = json_object_get(properties, json_object_iter_key(member));
        json_t *with = known != NULL ? known : others;
        if (json_is_false(with) ||
            (with != NULL && !json_schema_allows(root, with, json_object_iter_value(member)))) {
            return false;
        }
    }
    return true;
}

static bool allows_names(json_t *schema, json_t *value)
{
    const char *pattern = json_string_value(json_object_get(schema, "pattern"));
    for (void *member = json_object_iter(value); member != NULL;
         member = json_object_iter_next(value, member)) {
        json_t *name = json_string(json_object_iter_key(member));
        bool good = matches(pattern, name);
        json_decref(name);
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool allows_number(const char *word, json_t *limit, json_t *value)
{
    if (!json_is_integer(value)) {
        return true;
    }
    json_int_t number = json_integer_value(value);
    json_int_t bound = json_integer_value(limit);
    return strcmp(word, "minimum") == 0 ? number >= bound : number <= bound;
}

/* What one word of a schema says of a value. */
static bool word_allows(json_t *root, json_t *schema, const char *word, json_t *said, json_t *value)
{
    static const char *const annotations[] = {
        "description", "default", "title", "$schema", "$defs"};
    for (size_t index = 0; index < sizeof(annotations) / sizeof(annotations[0]); index++) {
        if (strcmp(word, annotations[index]) == 0) {
            return true;
        }
    }
    if (strcmp(word, "$ref") == 0) {
        const char *name = strrchr(json_string_value(said), '/') + 1;
        json_t *target = json_object_get(json_object_get(root, "$defs"), name);
        return target != NULL && json_schema_allows(root, target, value);
    }
    if (strcmp(word, "type") == 0) {
        return allows_type(said, value);
    }
    if (strcmp(word, "const") == 0) {
        return json_equal(said, value);
    }
    if (strcmp(word, "enum") == 0) {
        return contains(said, value);
    }
    if (strcmp(word, "pattern") == 0) {
        return matches(json_string_value(said), value);
    }
    if (strcmp(word, "minimum") == 0 || strcmp(word, "maximum") == 0) {
        return allows_number(word, said, value);
    }
    if (strcmp(word, "minLength") == 0) {
        return !json_is_string(value) ||
               (json_int_t)json_string_length(value) >= json_integer_value(said);
    }
    if (strcmp(word, "minItems") == 0) {
        return !json_is_array(value) ||
               (json_int_t)json_array_size(value) >= json_integer_value(said);
    }
    if (strcmp(word, "items") == 0) {
        return allows_items(root, said, value);
    }
    if (strcmp(word, "required") == 0) {
        return has_all(said, value);
    }
    if (strcmp(word, "properties") == 0 || strcmp(word, "additionalProperties") == 0) {
        return !json_is_object(value) || allows_members(root, schema, value);
    }
    if (strcmp(word, "propertyNames") == 0) {
        return !json_is_object(value) || allows_names(said, value);
    }
    if (strcmp(word, "anyOf") == 0) {
        return allowing(root, said, value) >= 1;
    }
    if (strcmp(word, "oneOf") == 0) {
        return allowing(root, said, value) == 1;
    }
    return false;
}

bool json_schema_allows(json_t *root, json_t *schema, json_t *value)
{
    for (void *member = json_object_iter(schema); member != NULL;
         member = json_object_iter_next(schema, member)) {
        const char *word = json_object_iter_key(member);
        if (!word_allows(root, schema, word, json_object_iter_value(member), value)) {
            return false;
        }
    }
    return true;
}
// NOLINTEND(misc-no-recursion)
