/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_schema.h -- a checker for the part of JSON Schema that our schema uses.
 *
 * It knows $ref into $defs, type, const, enum, pattern, minimum, maximum, minLength, minItems,
 * items, properties, required, additionalProperties, propertyNames, anyOf and oneOf; any other word
 * but an annotation makes it fail, so that it can never pass what it does not understand.
 */
#ifndef TESTS_SIM_SCENARIO_JSON_SCHEMA_H
#define TESTS_SIM_SCENARIO_JSON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A YAML text as an editor sees it: plain scalars become numbers and truth values. */
json_t *yaml_as_json(const char *text, size_t size);

/* Does the schema (whose $defs are at root) allow the value? */
bool json_schema_allows(json_t *root, json_t *schema, json_t *value);

#endif
