/* SPDX-License-Identifier: Apache-2.0 */
/* vm.c -- `ferry vm run|list|stop`. */
#include "engine/host/base/units.h"
#include "engine/host/cli/ask.h"
#include "engine/host/cli/columns.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEY_MEMORY = 1, KEY_VCPUS, KEY_WORKLOAD, KEY_DISK, KEY_TAP, KEY_HUGE, KEY_FORCE };

struct vm_options {
    struct cli_common common;
    const char *guest;
    json_t *args;
};

static error_t take_guest(struct vm_options *options, char *argument, struct argp_state *state)
{
    if (options->guest != NULL) {
        argp_error(state, "one guest at a time");
    }
    options->guest = argument;
    (void)json_object_set_new(options->args, "guest", json_string(argument));
    return 0;
}

/* What all three share. */
static error_t parse_shared(int key, char *argument, struct argp_state *state, bool needs_guest)
{
    struct vm_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->common; return 0;
    case ARGP_KEY_ARG: return needs_guest ? take_guest(options, argument, state) : ARGP_ERR_UNKNOWN;
    case ARGP_KEY_END:
        if (needs_guest && options->guest == NULL) {
            argp_error(state, "which guest?");
        }
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* -- run ---------------------------------------------------------------------------------------- */

static void
set_memory(struct vm_options *options, const char *argument, const struct argp_state *state)
{
    uint64_t memory = 0;

    if (!units_parse_size(argument, &memory) || memory > INT64_MAX) {
        argp_error(state, "--memory %s: expected %s", argument, units_size_hint);
    }
    (void)json_object_set_new(options->args, "memory", json_integer((json_int_t)memory));
}

static void
set_vcpus(struct vm_options *options, const char *argument, const struct argp_state *state)
{
    uint64_t count = 0;

    if (!units_parse_count(argument, &count) || count == 0 || count > 255) {
        argp_error(state, "--vcpus %s: expected a whole number from 1", argument);
    }
    (void)json_object_set_new(options->args, "vcpus", json_integer((json_int_t)count));
}

static error_t parse_run(int key, char *argument, struct argp_state *state)
{
    struct vm_options *options = state->input;

    switch (key) {
    case KEY_MEMORY: set_memory(options, argument, state); return 0;
    case KEY_VCPUS: set_vcpus(options, argument, state); return 0;
    case KEY_WORKLOAD:
        (void)json_object_set_new(options->args, "workload", json_string(argument));
        return 0;
    case KEY_DISK:
        (void)json_object_set_new(options->args, "disk", json_string(argument));
        return 0;
    case KEY_TAP: (void)json_object_set_new(options->args, "tap", json_string(argument)); return 0;
    case KEY_HUGE:
        (void)json_object_set_new(options->args, "huge_pages", json_string(argument));
        return 0;
    default: return parse_shared(key, argument, state, true);
    }
}

static const struct argp_option run_options[] = {
    {.name = "memory",   .key = KEY_MEMORY, .arg = "SIZE", .doc = "Its memory, 64 MiB to 8 GiB"},
    {.name = "vcpus",     .key = KEY_VCPUS, .arg = "N", .doc = "1 or 2"},
    {.name = "workload",
     .key = KEY_WORKLOAD,
     .arg = "WORDS",
     .doc = "What the built-in test guest does: idle, sweep, uniform, hotset, kv or sort, then "
            "parameters as in \"hotset size=64MiB rate=200MB/s\""},
    {.name = "disk",.key = KEY_DISK, .arg = "FILE", .doc = "A block device's file"},
    {.name = "tap",   .key = KEY_TAP, .arg = "NAME", .doc = "Its network interface on this host"},
    {.name = "huge-pages", .key = KEY_HUGE, .arg = "WHAT", .doc = "none, transparent or explicit"},
    {.name = NULL    },
};

const struct argp cli_vm_run_argp = {
    .options = run_options,
    .parser = parse_run,
    .args_doc = "GUEST",
    .doc =
        "Start a guest on this host.\v"
        "A guest that was here before starts with the configuration that it had, changed by what "
        "is "
        "given. Only the owner starts a guest: what moved away, or was granted to another host, is "
        "refused.",
    .children = cli_common_children,
};

int cli_vm_run(const struct cli_call *call)
{
    struct vm_options options = {.args = json_object()};
    json_t *result = NULL;

    cli_parse(&cli_vm_run_argp, call, &options);
    const int status = ask(&options.common, "vm.run", options.args, ASK_LIMIT, &result);

    if (status != CLI_OK) {
        return status;
    }
    if (options.common.json) {
        ask_print(result);
        return CLI_OK;
    }
    (void)fprintf(
        stdout,
        "%s runs: process %" PRId64 ", epoch %" PRId64 "\n",
        options.guest,
        json_number(result, "pid", 0),
        json_number(result, "epoch", 0));
    json_decref(result);
    return CLI_OK;
}

/* -- list --------------------------------------------------------------------------------------- */

static error_t parse_list(int key, char *argument, struct argp_state *state)
{
    return parse_shared(key, argument, state, false);
}

const struct argp cli_vm_list_argp = {
    .parser = parse_list,
    .doc = "List the guests that this host knows of, also those that went away.",
    .children = cli_common_children,
};

static const char *where(const json_t *guest, char *buffer, size_t size)
{
    const char *fate = json_text(guest, "fate", "?");
    const char *peer = json_text(guest, "peer", NULL);

    (void)snprintf(buffer, size, "%s%s%s", fate, peer == NULL ? "" : " ", peer == NULL ? "" : peer);
    return buffer;
}

static void add_guest(struct columns *table, const json_t *guest)
{
    char memory[UNITS_TEXT_MAX];
    char numbers[4][32];
    char place[128];
    char session[9];
    const int64_t bad = json_number(guest, "bad_pages", -1);
    const int64_t pid = json_number(guest, "pid", -1);

    (void)snprintf(numbers[0], 32, "%" PRId64, json_number(guest, "epoch", 0));
    (void)snprintf(numbers[1], 32, "%" PRId64, pid);
    (void)snprintf(numbers[2], 32, "%" PRId64, json_number(guest, "vcpus", 0));
    (void)snprintf(numbers[3], 32, "%" PRId64, bad);
    const char *const cells[] = {
        json_text(guest, "guest", "?"),
        json_text(guest, "state", "?"),
        where(guest, place, sizeof place),
        numbers[0],
        units_format_size(memory, (uint64_t)json_number(guest, "memory", 0)),
        numbers[2],
        pid < 0 ? "-" : numbers[1],
        bad < 0 ? "-" : numbers[3],
        json_session(guest, session),
        json_text(guest, "workload", "-"),
    };

    columns_add(table, cells);
}

int cli_vm_list(const struct cli_call *call)
{
    static const char *const titles[] = {
        "GUEST", "STATE", "FATE", "EPOCH", "MEMORY", "VCPUS", "PID", "BAD", "SESSION", "WORKLOAD"};
    struct vm_options options = {.args = NULL};
    json_t *result = NULL;
    const json_t *guest = NULL;
    size_t index = 0;
    struct columns table;

    cli_parse(&cli_vm_list_argp, call, &options);
    const int status = ask(&options.common, "vm.list", NULL, ASK_LIMIT, &result);

    if (status != CLI_OK) {
        return status;
    }
    if (options.common.json) {
        ask_print(result);
        return CLI_OK;
    }
    columns_begin(&table, titles, sizeof titles / sizeof titles[0]);
    json_array_foreach(json_object_get(result, "guests"), index, guest)
    {
        add_guest(&table, guest);
    }
    columns_print(&table, stdout);
    columns_release(&table);
    json_decref(result);
    return CLI_OK;
}

/* -- stop --------------------------------------------------------------------------------------- */

static error_t parse_stop(int key, char *argument, struct argp_state *state)
{
    struct vm_options *options = state->input;

    if (key == KEY_FORCE) {
        (void)json_object_set_new(options->args, "force", json_true());
        return 0;
    }
    return parse_shared(key, argument, state, true);
}

static const struct argp_option stop_options[] = {
    {.name = "force",                               .key = KEY_FORCE, .doc = "Also if its process does not answer"},
    {.name = NULL},
};

const struct argp cli_vm_stop_argp = {
    .options = stop_options,
    .parser = parse_stop,
    .args_doc = "GUEST",
    .doc = "End a guest for good; what is in its memory is lost.\v"
           "A guest that is being moved is refused: cancel the move first.",
    .children = cli_common_children,
};

int cli_vm_stop(const struct cli_call *call)
{
    struct vm_options options = {.args = json_object()};
    json_t *result = NULL;

    cli_parse(&cli_vm_stop_argp, call, &options);
    const int status = ask(&options.common, "vm.stop", options.args, ASK_LIMIT, &result);

    if (status != CLI_OK) {
        return status;
    }
    if (options.common.json) {
        ask_print(result);
        return CLI_OK;
    }
    (void)fprintf(stdout, "%s is stopped\n", options.guest);
    json_decref(result);
    return CLI_OK;
}
