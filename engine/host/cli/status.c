/* SPDX-License-Identifier: Apache-2.0 */
/* status.c -- `ferry status`: the moves under way, once or again and again. */
#include "engine/host/base/fd.h"
#include "engine/host/base/units.h"
#include "engine/host/cli/ask.h"
#include "engine/host/cli/bar.h"
#include "engine/host/cli/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { KEY_WATCH = 1, KEY_ALL };

struct status_options {
    struct cli_common common;
    const char *guest;
    bool watch;
    bool all;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct status_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->common; return 0;
    case KEY_WATCH: options->watch = true; return 0;
    case KEY_ALL: options->all = true; return 0;
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
    {.name = "watch",
     .key = KEY_WATCH,
     .doc = "Again every second, until Ctrl-C: a bar for each move, with its round, how much of it "
            "was sent, bandwidth against dirtying, and the predicted blackout"},
    {.name = "all", .key = KEY_ALL, .doc = "Also the moves that ended"},
    {.name = NULL                                                            },
};

const struct argp cli_status_argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "[GUEST]",
    .doc = "Show the moves under way, in both directions.",
    .children = cli_common_children,
};

static bool is_shown(const struct status_options *options, const json_t *move)
{
    return options->all || options->guest != NULL || json_is_null(json_object_get(move, "outcome"));
}

static void add_move(struct columns *table, const json_t *move)
{
    char round[64];
    char rate[UNITS_TEXT_MAX];
    char dirty[UNITS_TEXT_MAX];
    char predicted[UNITS_TEXT_MAX];
    char session[9];
    const int64_t pages = json_number(move, "round_pages", 0);
    const int64_t bandwidth = json_number(move, "bandwidth", -1);
    const int64_t dirtying = json_number(move, "dirty_rate", -1);
    const int64_t blackout = json_number(move, "predicted_blackout_ns", -1);

    (void)snprintf(
        round,
        sizeof round,
        "%" PRId64 " (%" PRId64 " %%)",
        json_number(move, "round", 0),
        pages <= 0 ? 0 : json_number(move, "round_pages_sent", 0) * 100 / pages);
    const char *const cells[] = {
        json_session(move, session),
        json_text(move, "guest", "?"),
        strcmp(json_text(move, "direction", "out"), "in") == 0 ? "from" : "to",
        json_text(move, "peer", "?"),
        json_text(move, "outcome", json_text(move, "state", "?")),
        pages > 0 ? round : "-",
        bandwidth < 0 ? "-" : units_format_rate(rate, (uint64_t)bandwidth),
        dirtying < 0 ? "-" : units_format_rate(dirty, (uint64_t)dirtying),
        blackout < 0 ? "-" : units_format_time(predicted, blackout),
        json_text(move, "guest_state", "?"),
    };

    columns_add(table, cells);
}

static void print_table(const struct status_options *options, const json_t *result)
{
    static const char *const titles[] = {
        "SESSION",
        "GUEST",
        "",
        "PEER",
        "STATE",
        "ROUND",
        "BANDWIDTH",
        "DIRTYING",
        "BLACKOUT",
        "THE GUEST"};
    struct columns table;
    const json_t *move = NULL;
    size_t index = 0;

    columns_begin(&table, titles, sizeof titles / sizeof titles[0]);
    json_array_foreach(json_object_get(result, "moves"), index, move)
    {
        if (is_shown(options, move)) {
            add_move(&table, move);
        }
    }
    if (table.rows == 1) {
        (void)fputs("no move is under way\n", stdout);
    } else {
        columns_print(&table, stdout);
    }
    columns_release(&table);
}

/* Bars below each other; the cursor goes back up before they are drawn anew. */
static void print_bars(const struct status_options *options, const json_t *result, int *lines)
{
    const bool terminal = bar_possible(stdout);
    const json_t *move = NULL;
    size_t index = 0;
    char text[BAR_TEXT_MAX];
    int drawn = 0;

    if (terminal && *lines > 0) {
        (void)fprintf(stdout, "\033[%dA\033[J", *lines);
    }
    json_array_foreach(json_object_get(result, "moves"), index, move)
    {
        if (!is_shown(options, move)) {
            continue;
        }
        bar_format(move, text);
        if (terminal) {
            bar_write(stdout, text);
            (void)fputc('\n', stdout);
        } else {
            put_plain(text, stdout);
            (void)fputc('\n', stdout);
        }
        drawn++;
    }
    if (drawn == 0 && terminal) {
        (void)fputs("no move is under way\n", stdout);
        drawn = 1;
    }
    (void)fflush(stdout);
    *lines = drawn;
}

static json_t *arguments(const struct status_options *options)
{
    return options->guest == NULL ? NULL : json_pack("{s:s}", "guest", options->guest);
}

static int watch(const struct status_options *options, struct control_client *client)
{
    const struct timespec second = {.tv_sec = 1};
    int lines = 0;

    while (ferror(stdout) == 0) {
        json_t *result = NULL;
        const int status =
            ask_on(&options->common, client, "status", arguments(options), ASK_LIMIT, &result);

        if (status != CLI_OK) {
            return status;
        }
        if (options->common.json) {
            ask_print(result);
            (void)fflush(stdout);
        } else {
            print_bars(options, result, &lines);
            json_decref(result);
        }
        (void)nanosleep(&second, NULL);
    }
    return CLI_OK;
}

int cli_status(const struct cli_call *call)
{
    struct status_options options = {.guest = NULL};
    struct control_client *client = NULL;
    json_t *result = NULL;
    int status = CLI_OK;

    cli_parse(&cli_status_argp, call, &options);
    if (!ask_connect(&options.common, &client, &status)) {
        return status;
    }
    if (options.watch) {
        status = watch(&options, client);
    } else {
        status = ask_on(&options.common, client, "status", arguments(&options), ASK_LIMIT, &result);
    }
    control_client_destroy(client);
    if (status == CLI_OK && result != NULL && options.common.json) {
        ask_print(result);
    } else if (status == CLI_OK && result != NULL) {
        print_table(&options, result);
        json_decref(result);
    }
    return status;
}
