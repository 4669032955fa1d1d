/* SPDX-License-Identifier: Apache-2.0 */
/* args.c -- reading the arguments of a call, with errors that say what was expected. */
#include "engine/host/base/suggest.h"
#include "engine/host/control/control.h"

#include <string.h>

enum host_code
control_args_known(const json_t *args, const char *const *names, struct host_error *error)
{
    union {
        const json_t *in;
        json_t *out;
    } both = {.in = args}; /* iterating changes nothing, but its type does not say so */

    for (void *at = json_object_iter(both.out); at != NULL;
         at = json_object_iter_next(both.out, at)) {
        const char *key = json_object_iter_key(at);
        const char *const *name = names;

        while (*name != NULL && strcmp(*name, key) != 0) {
            name++;
        }
        if (*name == NULL) {
            const char *near = suggest_nearest(key, names);

            return near == NULL
                       ? host_fail(error, HOST_USAGE, "there is no argument \"%.64s\"", key)
                       : host_fail(
                             error,
                             HOST_USAGE,
                             "there is no argument \"%.64s\"; did you mean \"%s\"?",
                             key,
                             near);
        }
    }
    return HOST_OK;
}

static const char *describe(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "a list";
    case JSON_STRING: return "a string";
    case JSON_INTEGER: return json_integer_value(value) < 0 ? "a negative number" : "an integer";
    case JSON_REAL: return "a number with decimals";
    case JSON_TRUE:
    case JSON_FALSE: return "a boolean";
    case JSON_NULL: return "null";
    }
    return "something else";
}

/* *value_out NULL: not there, and need not be. */
static enum host_code find(
    const json_t *args,
    const char *name,
    enum control_need need,
    const json_t **value_out,
    struct host_error *error)
{
    *value_out = json_object_get(args, name);
    if (*value_out == NULL && need == CONTROL_REQUIRED) {
        return host_fail(error, HOST_USAGE, "the argument \"%s\" is missing", name);
    }
    return HOST_OK;
}

static enum host_code
wrong(const char *name, const char *expected, const json_t *value, struct host_error *error)
{
    return host_fail(
        error,
        HOST_USAGE,
        "the argument \"%s\" must be %s, and is %s",
        name,
        expected,
        describe(value));
}

enum host_code control_arg_text(
    const json_t *args,
    const char *name,
    enum control_need need,
    const char **out,
    struct host_error *error)
{
    const json_t *value = NULL;

    HOST_TRY(find(args, name, need, &value, error));
    if (value != NULL && !json_is_string(value)) {
        return wrong(name, "a string", value, error);
    }
    if (value != NULL) {
        *out = json_string_value(value);
    }
    return HOST_OK;
}

enum host_code control_arg_number(
    const json_t *args,
    const char *name,
    enum control_need need,
    uint64_t *out,
    struct host_error *error)
{
    const json_t *value = NULL;

    HOST_TRY(find(args, name, need, &value, error));
    if (value != NULL && (!json_is_integer(value) || json_integer_value(value) < 0)) {
        return wrong(name, "an integer from 0", value, error);
    }
    if (value != NULL) {
        *out = (uint64_t)json_integer_value(value);
    }
    return HOST_OK;
}

enum host_code control_arg_flag(
    const json_t *args,
    const char *name,
    enum control_need need,
    bool *out,
    struct host_error *error)
{
    const json_t *value = NULL;

    HOST_TRY(find(args, name, need, &value, error));
    if (value != NULL && !json_is_boolean(value)) {
        return wrong(name, "true or false", value, error);
    }
    if (value != NULL) {
        *out = json_is_true(value);
    }
    return HOST_OK;
}
