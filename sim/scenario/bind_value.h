/* SPDX-License-Identifier: Apache-2.0 */
/* bind_value.h -- one value read as its row says. */
#ifndef FERRY_SIM_SCENARIO_BIND_VALUE_H
#define FERRY_SIM_SCENARIO_BIND_VALUE_H

#include "sim/scenario/bind.h"

/* Reads node into value, whose key is set. */
void bind_value(struct parse *parse, struct value *value, const struct yaml_node *node);

/* One of the words of value's key; false: told, and value is bad. */
bool bind_word(
    struct parse *parse,
    struct value *value,
    const char *text,
    struct scenario_mark mark,
    unsigned *word_out);

/* Reads the row's default into value. */
void bind_default(struct parse *parse, struct value *value);

/* After an error: a value within the range, so that later checks do not stumble over it. */
void bind_harmless(struct value *value);

/* "a text", "a list", "a mapping", "nothing" */
const char *yaml_describe(const struct yaml_node *node);

#endif
