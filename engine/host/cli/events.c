/* SPDX-License-Identifier: Apache-2.0 */
/* events.c -- `ferry events`: what happened, and with --follow what happens. */
#include "engine/host/base/fd.h"
#include "engine/host/base/units.h"
#include "engine/host/cli/ask.h"
#include "engine/host/cli/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_FOLLOW = 'f', KEY_LAST = 'n' };

struct events_options {
    struct cli_common common;
    const char *guest;
    bool follow;
    uint64_t last;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct events_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->common; return 0;
    case KEY_FOLLOW: options->follow = true; return 0;
    case KEY_LAST:
        if (!units_parse_count(argument, &options->last) || options->last > CONTROL_HISTORY_MAX) {
            argp_error(
                state,
                "--last %s: expected a whole number up to %u",
                argument,
                CONTROL_HISTORY_MAX);
        }
        return 0;
    case ARGP_KEY_ARG:
        if (options->guest != NULL) {
            argp_error(state, "one guest at a time");
        }
        options->guest = argument;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option option_table[] = {
    {.name = "follow",                                     .key = KEY_FOLLOW, .doc = "Stay, and print what happens, until Ctrl-C"},
    {.name = "last",
     .key = KEY_LAST,
     .arg = "N",
     .doc = "So many past events, 100 without it; the daemon keeps 1024"},
    {.name = NULL                                      },
};

const struct argp cli_events_argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "[GUEST]",
    .doc = "Show the daemon's events, of one guest or of all.\v"
           "One line an event: time, name, guest, and what it carries. With --json one object a "
           "line; docs/control.md lists them.",
    .children = cli_common_children,
};

/* A value of an event for people: rates, times and sizes by the ends of their names. */
static void put_value(const char *key, const json_t *value)
{
    char text[UNITS_TEXT_MAX];
    const size_t size = strlen(key);

    if (json_is_string(value)) {
        put_plain(json_string_value(value), stdout);
    } else if (json_is_integer(value) && size > 3 && strcmp(key + size - 3, "_ns") == 0) {
        (void)fputs(units_format_time(text, json_integer_value(value)), stdout);
    } else if (
        json_is_integer(value) &&
        (strcmp(key, "bandwidth") == 0 || strcmp(key, "dirty_rate") == 0)) {
        (void)fputs(units_format_rate(text, (uint64_t)json_integer_value(value)), stdout);
    } else {
        (void)json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
    }
}

static bool stands_in_front(const char *key)
{
    return strcmp(key, "event") == 0 || strcmp(key, "seq") == 0 || strcmp(key, "at") == 0 ||
           strcmp(key, "guest") == 0;
}

static void print_event(const struct cli_common *common, json_t *event)
{
    const char *key = NULL;
    json_t *value = NULL;

    if (common->json) {
        (void)json_dumpf(event, stdout, JSON_COMPACT);
        (void)fputc('\n', stdout);
        return;
    }
    put_plain(json_text(event, "at", "-"), stdout);
    (void)fputs("  ", stdout);
    put_plain(json_text(event, "event", "?"), stdout);
    if (json_text(event, "guest", NULL) != NULL) {
        (void)fputs("  ", stdout);
        put_plain(json_text(event, "guest", ""), stdout);
    }
    json_object_foreach(event, key, value)
    {
        if (!stands_in_front(key) && !json_is_null(value)) {
            (void)fputs("  ", stdout);
            put_plain(key, stdout);
            (void)fputc('=', stdout);
            put_value(strcmp(key, "bandwidth_cap") == 0 ? "bandwidth" : key, value);
        }
    }
    (void)fputc('\n', stdout);
}

/* Past events end with the one whose number the answer gave. */
static int
print_events(const struct events_options *options, struct control_client *client, int64_t last)
{
    struct control_message message;
    struct host_error error;

    for (;;) {
        const ferry_time_ns deadline =
            options->follow ? FERRY_TIME_NEVER : host_now() + FERRY_SECOND / 4;
        const enum host_code code = control_client_next(client, deadline, &message, &error);

        if (code == HOST_TIMEOUT) {
            return CLI_OK; /* the last ones are those of another guest */
        }
        if (code != HOST_OK) {
            const int status = ask_tell(&options->common, &error, NULL);

            return code == HOST_CLOSED ? CLI_UNREACHABLE : status;
        }
        const int64_t seq = json_number(message.event, "seq", 0);

        if (message.event != NULL) {
            print_event(&options->common, message.event);
            if (options->follow) {
                (void)fflush(stdout);
            }
        }
        control_message_release(&message);
        if ((!options->follow && seq >= last) || ferror(stdout) != 0) {
            return CLI_OK;
        }
    }
}

int cli_events(const struct cli_call *call)
{
    struct events_options options = {.last = 100};
    struct control_client *client = NULL;
    json_t *result = NULL;
    int status = CLI_OK;

    cli_parse(&cli_events_argp, call, &options);
    if (!ask_connect(&options.common, &client, &status)) {
        return status;
    }
    json_t *args =
        json_pack("{s:b, s:I}", "follow", (int)options.follow, "history", (json_int_t)options.last);

    if (options.guest != NULL) {
        (void)json_object_set_new(args, "guest", json_string(options.guest));
    }
    status = ask_on(&options.common, client, "events", args, ASK_LIMIT, &result);
    if (status == CLI_OK) {
        const int64_t last = json_number(result, "seq", 0);

        json_decref(result);
        if (options.follow || (last > 0 && options.last > 0)) {
            status = print_events(&options, client, last);
        }
    }
    control_client_destroy(client);
    return status;
}
