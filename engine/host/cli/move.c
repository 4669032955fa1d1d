/* SPDX-License-Identifier: Apache-2.0 */
/* move.c -- `ferry move`. */
#include "engine/host/base/units.h"
#include "engine/host/cli/follow.h"

#include <stdio.h>
#include <string.h>

enum {
    KEY_TO = 1,
    KEY_STREAMS,
    KEY_CAP,
    KEY_LIMIT,
    KEY_MODE,
    KEY_CONVERGENCE,
    KEY_GIVE_UP,
    KEY_DETACH,
};

struct move_options {
    struct cli_common common;
    const char *guest;
    const char *to;
    bool detach;
    json_t *args;
};

static void set(struct move_options *options, const char *key, json_t *value)
{
    (void)json_object_set_new(options->args, key, value);
}

static void
set_streams(struct move_options *options, const char *argument, const struct argp_state *state)
{
    uint64_t streams = 0;

    if (!units_parse_count(argument, &streams) || streams == 0 || streams > 64) {
        argp_error(state, "--streams %s: expected a whole number from 1 to 64", argument);
    }
    set(options, "streams", json_integer((json_int_t)streams));
}

static void
set_cap(struct move_options *options, const char *argument, const struct argp_state *state)
{
    uint64_t rate = 0;

    if (strcmp(argument, "none") == 0) {
        set(options, "bandwidth_cap", json_null());
        return;
    }
    if (!units_parse_rate(argument, &rate) || rate > INT64_MAX) {
        argp_error(state, "--bandwidth-cap %s: expected %s, or none", argument, units_rate_hint);
    }
    set(options, "bandwidth_cap", json_integer((json_int_t)rate));
}

static void
set_limit(struct move_options *options, const char *argument, const struct argp_state *state)
{
    ferry_time_ns limit = 0;

    if (strcmp(argument, "none") == 0) {
        set(options, "blackout_limit_ns", json_null());
        return;
    }
    if (!units_parse_time(argument, &limit) || limit == 0) {
        argp_error(state, "--blackout-limit %s: expected %s, or none", argument, units_time_hint);
    }
    set(options, "blackout_limit_ns", json_integer(limit));
}

static void
set_give_up(struct move_options *options, const char *argument, const struct argp_state *state)
{
    ferry_time_ns time = 0;

    if (!units_parse_time(argument, &time) || time == 0) {
        argp_error(state, "--give-up-after %s: expected %s", argument, units_time_hint);
    }
    set(options, "give_up_after_ns", json_integer(time));
}

static void set_word(
    struct move_options *options,
    const char *key,
    const char *argument,
    const char *const *words,
    const struct argp_state *state)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, argument) == 0) {
            set(options, key, json_string(argument));
            return;
        }
    }
    argp_error(state, "%s: \"%s\" is none of its words; see --help", key, argument);
}

static void check(const struct move_options *options, const struct argp_state *state)
{
    if (options->guest == NULL) {
        argp_error(state, "which guest?");
    }
    if (options->to == NULL) {
        argp_error(state, "to which host? Name it with --to");
    }
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    static const char *const modes[] = {"precopy", "stop-and-copy", NULL};
    static const char *const ways[] = {"give-up", "keep-trying", "switch-anyway", NULL};
    struct move_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->common; return 0;
    case KEY_TO:
        options->to = argument;
        set(options, "to", json_string(argument));
        return 0;
    case KEY_STREAMS: set_streams(options, argument, state); return 0;
    case KEY_CAP: set_cap(options, argument, state); return 0;
    case KEY_LIMIT: set_limit(options, argument, state); return 0;
    case KEY_MODE: set_word(options, "mode", argument, modes, state); return 0;
    case KEY_CONVERGENCE: set_word(options, "on_no_convergence", argument, ways, state); return 0;
    case KEY_GIVE_UP: set_give_up(options, argument, state); return 0;
    case KEY_DETACH: options->detach = true; return 0;
    case ARGP_KEY_ARG:
        if (options->guest != NULL) {
            argp_error(state, "one guest at a time");
        }
        options->guest = argument;
        set(options, "guest", json_string(argument));
        return 0;
    case ARGP_KEY_END: check(options, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option option_table[] = {
    {.name = "to",
     .key = KEY_TO,
     .arg = "HOST",
     .doc = "Where to: a peer of ferryd's configuration"},
    {.name = "streams",                              .key = KEY_STREAMS, .arg = "N", .doc = "Payload connections side by side"},
    {.name = "bandwidth-cap",
     .key = KEY_CAP,
     .arg = "RATE",
     .doc = "Sum over all streams, also in the pause: 8 Gbit/s, or none"},
    {.name = "blackout-limit",
     .key = KEY_LIMIT,
     .arg = "TIME",
     .doc = "The longest the guest may stand still at the switchover: 300 ms, or none"},
    {.name = "mode",
     .key = KEY_MODE,
     .arg = "MODE",
     .doc =
         "precopy: the guest runs while its memory is copied. stop-and-copy: it stands still for "
         "all of it"},
    {.name = "on-no-convergence",
     .key = KEY_CONVERGENCE,
     .arg = "WHAT",
     .doc = "When the limit cannot be reached: give-up, keep-trying, or switch-anyway"},
    {.name = "give-up-after",                              .key = KEY_GIVE_UP, .arg = "TIME", .doc = "Whatever else is set"},
    {.name = "detach",
     .key = KEY_DETACH,
     .doc = "Print the session and end; the move goes on, as it does whenever this command ends"},
    {.name = NULL                          },
};

const struct argp cli_move_argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "GUEST --to HOST",
    .doc = "Move a running guest to another host.\v"
           "What is not given comes from ferryd's configuration. The command stays until the move "
           "has ended, and shows round, rates and the predicted blackout where standard error is a "
           "terminal. The move is the daemon's: if this command ends, it goes on. Ctrl-C asks "
           "whether to cancel it; without a terminal the first Ctrl-C cancels and the second "
           "leaves. With --json the outcome is one object with the keys of docs/json.md.",
    .children = cli_common_children,
};

int cli_move(const struct cli_call *call)
{
    struct move_options options = {.args = json_object()};
    struct control_client *client = NULL;
    json_t *result = NULL;
    int status = CLI_OK;

    cli_parse(&cli_move_argp, call, &options);
    if (!ask_connect(&options.common, &client, &status)) {
        json_decref(options.args);
        return status;
    }
    status = ask_on(&options.common, client, "move", options.args, ASK_LIMIT, &result);
    if (status == CLI_OK && !options.detach) {
        status =
            follow_move(&options.common, client, json_text(result, "session", ""), options.guest);
        json_decref(result);
        return status;
    }
    control_client_destroy(client);
    if (status == CLI_OK && options.common.json) {
        ask_print(result);
    } else if (status == CLI_OK) {
        (void)fprintf(stdout, "%s\n", json_text(result, "session", "?"));
        json_decref(result);
    }
    return status;
}
