/* SPDX-License-Identifier: Apache-2.0 */
/* change.c -- `ferry cancel` and `ferry set`: orders to a move under way. */
#include "engine/host/base/units.h"
#include "engine/host/cli/ask.h"

#include <stdio.h>
#include <string.h>

struct change_options {
    struct cli_common common;
    const char *guest;
    const char *word;  /* set: cap, limit */
    const char *value; /* set */
    json_t *args;
};

#define SESSION_DIGITS 32

/* 32 hexadecimal digits are a session, anything else is a guest. */
static void name_move(json_t *args, const char *text)
{
    const bool session =
        strlen(text) == SESSION_DIGITS && strspn(text, "0123456789abcdef") == SESSION_DIGITS;

    (void)json_object_set_new(args, session ? "session" : "guest", json_string(text));
}

static error_t parse_cancel(int key, char *argument, struct argp_state *state)
{
    struct change_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->common; return 0;
    case ARGP_KEY_ARG:
        if (options->guest != NULL) {
            argp_error(state, "one guest at a time");
        }
        options->guest = argument;
        name_move(options->args, argument);
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which guest, or session?"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_cancel_argp = {
    .parser = parse_cancel,
    .args_doc = "GUEST|SESSION",
    .doc = "Cancel a move: the guest stays where it is.\v"
           "Once the guest may already run at the target it is too late, and said so. The command "
           "ends when the order was given; whoever waits for the move hears how it ended.",
    .children = cli_common_children,
};

static int order(const struct change_options *options, const char *call, const char *done)
{
    json_t *result = NULL;
    const int status = ask(&options->common, call, options->args, ASK_LIMIT, &result);

    if (status != CLI_OK) {
        return status;
    }
    if (options->common.json) {
        ask_print(result);
        return CLI_OK;
    }
    (void)fprintf(stdout, "%s: %s\n", options->guest, done);
    json_decref(result);
    return CLI_OK;
}

int cli_cancel(const struct cli_call *call)
{
    struct change_options options = {.args = json_object()};

    cli_parse(&cli_cancel_argp, call, &options);
    return order(&options, "cancel", "the order to cancel was given");
}

static void
set_cap(const struct change_options *options, const char *text, const struct argp_state *state)
{
    uint64_t rate = 0;

    if (strcmp(text, "none") == 0) {
        (void)json_object_set_new(options->args, "bandwidth_cap", json_null());
        return;
    }
    if (!units_parse_rate(text, &rate) || rate > INT64_MAX) {
        argp_error(state, "cap %s: expected %s, or none", text, units_rate_hint);
    }
    (void)json_object_set_new(options->args, "bandwidth_cap", json_integer((json_int_t)rate));
}

static void
set_limit(const struct change_options *options, const char *text, const struct argp_state *state)
{
    ferry_time_ns limit = 0;

    if (strcmp(text, "none") == 0) {
        (void)json_object_set_new(options->args, "blackout_limit_ns", json_null());
        return;
    }
    if (!units_parse_time(text, &limit) || limit == 0) {
        argp_error(state, "limit %s: expected %s, or none", text, units_time_hint);
    }
    (void)json_object_set_new(options->args, "blackout_limit_ns", json_integer(limit));
}

/* Words after the guest: "cap RATE", "limit TIME", "switch-now", in any order. */
static void
take_word(struct change_options *options, char *argument, const struct argp_state *state)
{
    if (options->word != NULL) {
        if (strcmp(options->word, "cap") == 0) {
            set_cap(options, argument, state);
        } else {
            set_limit(options, argument, state);
        }
        options->value = argument;
        options->word = NULL;
    } else if (strcmp(argument, "switch-now") == 0) {
        (void)json_object_set_new(options->args, "switch_now", json_true());
        options->value = argument;
    } else if (strcmp(argument, "cap") == 0 || strcmp(argument, "limit") == 0) {
        options->word = argument;
    } else {
        argp_error(state, "\"%s\" is none of cap, limit, switch-now", argument);
    }
}

static error_t parse_set(int key, char *argument, struct argp_state *state)
{
    struct change_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->common; return 0;
    case ARGP_KEY_ARG:
        if (options->guest == NULL) {
            options->guest = argument;
            name_move(options->args, argument);
        } else {
            take_word(options, argument, state);
        }
        return 0;
    case ARGP_KEY_END:
        if (options->guest == NULL) {
            argp_error(state, "which guest, or session?");
        } else if (options->word != NULL) {
            argp_error(state, "%s: which value?", options->word);
        } else if (options->value == NULL) {
            argp_error(state, "what shall be set? cap RATE, limit TIME, switch-now");
        }
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_set_argp = {
    .parser = parse_set,
    .args_doc = "GUEST|SESSION cap RATE\nGUEST|SESSION limit TIME\nGUEST|SESSION switch-now",
    .doc =
        "Change a move under way.\v"
        "cap: the sum over all streams, or none. limit: the longest the guest may stand still, or "
        "none. switch-now: pause at the end of this round, whatever is predicted; the limit "
        "still holds.",
    .children = cli_common_children,
};

int cli_set(const struct cli_call *call)
{
    struct change_options options = {.args = json_object()};

    cli_parse(&cli_set_argp, call, &options);
    return order(&options, "set", "set");
}
