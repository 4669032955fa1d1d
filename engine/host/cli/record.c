/* SPDX-License-Identifier: Apache-2.0 */
/* record.c -- `ferry record`: the trace of which pages a running guest writes, for replaying. */
#include "engine/host/base/fd.h"
#include "engine/host/base/units.h"
#include "engine/host/cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FOR = 1, KEY_INTERVAL };

#define INTERVAL_MIN (10 * FERRY_MILLISECOND)
#define TIME_MIN     (100 * FERRY_MILLISECOND)
#define TIME_MAX     (600 * FERRY_SECOND)

struct record_options {
    struct cli_common common;
    const char *guest;
    const char *output;
    ferry_time_ns duration;
    ferry_time_ns interval;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct record_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->common; return 0;
    case KEY_FOR:
        if (!units_parse_time(argument, &options->duration) || options->duration < TIME_MIN ||
            options->duration > TIME_MAX) {
            argp_error(state, "--for %s: expected a time from 100 ms to 10 min", argument);
        }
        return 0;
    case KEY_INTERVAL:
        if (!units_parse_time(argument, &options->interval) || options->interval < INTERVAL_MIN ||
            options->interval > 10 * FERRY_SECOND) {
            argp_error(state, "--interval %s: expected a time from 10 ms to 10 s", argument);
        }
        return 0;
    case 'o': options->output = argument; return 0;
    case ARGP_KEY_ARG:
        if (options->guest != NULL) {
            argp_error(state, "one guest at a time");
        }
        options->guest = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which guest?"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option option_table[] = {
    {.name = "for",       .key = KEY_FOR, .arg = "TIME", .doc = "How long, 30 s without it"},
    {.name = "interval",
     .key = KEY_INTERVAL,
     .arg = "TIME",
     .doc = "From one collection to the next, 100 ms without it"},
    {.name = "output",
     .key = 'o',
     .arg = "FILE",
     .doc = "The trace; GUEST.trace without it, - is standard output"},
    {.name = NULL},
};

const struct argp cli_record_argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "GUEST",
    .doc = "Write down which pages a running guest writes.\v"
           "The trace is one that the replay workload of scenarios reads (docs/scenarios.md). The "
           "guest runs on; each collection costs it a little.",
    .children = cli_common_children,
};

/* Copies to a new file beside the output, which then takes its name: no half a trace is left. */
static enum host_code copy_file(int from, const char *path, struct host_error *error)
{
    char buffer[65536];
    char *beside = NULL;
    int to = STDOUT_FILENO;
    const bool named = strcmp(path, "-") != 0;
    enum host_code code = HOST_OK;
    ssize_t got = 0;

    if (named) {
        if (asprintf(&beside, "%s.part", path) < 0) {
            return host_fail(error, HOST_MEMORY, "no memory");
        }
        to = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (to < 0) {
            code = host_fail_errno(error, errno, "%s", beside);
        }
    }
    while (code == HOST_OK && (got = read(from, buffer, sizeof buffer)) > 0) {
        code = fd_write_all(to, buffer, (size_t)got, error);
    }
    if (code == HOST_OK && got < 0) {
        code = host_fail_errno(error, errno, "reading the trace");
    }
    if (named) {
        if (code == HOST_OK && rename(beside, path) != 0) {
            code = host_fail_errno(error, errno, "%s", path);
        }
        if (code != HOST_OK) {
            (void)unlink(beside);
        }
        fd_close(&to);
        free(beside);
    }
    return code;
}

static int fetch(const struct record_options *options, const char *file, const char *output)
{
    struct host_error error;
    int from = open(file, O_RDONLY | O_CLOEXEC);

    if (from < 0) {
        (void)host_fail_errno(&error, errno, "the daemon's trace %s", file);
        return ask_tell(&options->common, &error, NULL);
    }
    const enum host_code code = copy_file(from, output, &error);

    fd_close(&from);
    if (code != HOST_OK) {
        host_error_step(&error, "the trace is still at %s", file);
        return ask_tell(&options->common, &error, NULL);
    }
    (void)unlink(file); /* without the right to do so it stays; the daemon clears its folder */
    return CLI_OK;
}

int cli_record(const struct cli_call *call)
{
    struct record_options options = {
        .duration = 30 * FERRY_SECOND, .interval = 100 * FERRY_MILLISECOND};
    json_t *result = NULL;
    char *output = NULL;

    cli_parse(&cli_record_argp, call, &options);
    json_t *args = json_pack(
        "{s:s, s:I, s:I}",
        "guest",
        options.guest,
        "duration_ns",
        (json_int_t)options.duration,
        "interval_ns",
        (json_int_t)options.interval);

    if (options.output == NULL && asprintf(&output, "%s.trace", options.guest) < 0) {
        json_decref(args);
        cli_complain("no memory");
        return CLI_FAILED;
    }
    int status = ask(&options.common, "record", args, options.duration + ASK_LIMIT, &result);

    if (status == CLI_OK) {
        status = fetch(
            &options,
            json_text(result, "file", ""),
            options.output == NULL ? output : options.output);
    }
    if (status == CLI_OK && options.common.json) {
        ask_print(json_incref(result));
    } else if (status == CLI_OK) {
        (void)fprintf(
            stderr,
            "%s: %" PRId64 " collections, %" PRId64 " dirty pages in all\n",
            options.guest,
            json_number(result, "intervals", 0),
            json_number(result, "dirty_pages", 0));
    }
    json_decref(result);
    free(output);
    return status;
}
