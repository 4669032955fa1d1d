/* SPDX-License-Identifier: Apache-2.0 */
/* host.c -- `ferry host`: this host, its peers, its limits and what of them is used. */
#include "engine/host/base/units.h"
#include "engine/host/cli/ask.h"
#include "engine/host/cli/columns.h"

#include <inttypes.h>
#include <stdio.h>

struct host_options {
    struct cli_common common;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct host_options *options = state->input;

    (void)argument;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &options->common;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

const struct argp cli_host_argp = {
    .parser = parse_option,
    .doc = "Show this host, its peers, its limits, and what of them is used.",
    .children = cli_common_children,
};

static void put_list(const json_t *list)
{
    const json_t *item = NULL;
    size_t index = 0;

    json_array_foreach(list, index, item)
    {
        const char *text = json_string_value(item);

        (void)fputs(index == 0 ? "" : ", ", stdout);
        put_plain(text == NULL ? "?" : text, stdout);
    }
}

static void put_use(const json_t *host, const char *title, const char *used, const char *most)
{
    (void)fprintf(
        stdout,
        "%-12s%" PRId64 " of %" PRId64 "\n",
        title,
        json_number(host, used, 0),
        json_number(host, most, 0));
}

static void put_peers(const json_t *host)
{
    const json_t *peer = NULL;
    size_t index = 0;

    json_array_foreach(json_object_get(host, "peers"), index, peer)
    {
        (void)fputs(index == 0 ? "peers       " : "            ", stdout);
        put_plain(json_text(peer, "name", "?"), stdout);
        (void)fputs(": ", stdout);
        put_list(json_object_get(peer, "addresses"));
        (void)fputc('\n', stdout);
    }
}

static void put_host(const json_t *host)
{
    char used[UNITS_TEXT_MAX];
    char most[UNITS_TEXT_MAX];

    (void)fputs("host        ", stdout);
    put_plain(json_text(host, "host", "?"), stdout);
    (void)fprintf(
        stdout,
        "\nferryd      %s, process %" PRId64 ", since ",
        json_text(host, "version", "?"),
        json_number(host, "pid", 0));
    put_plain(json_text(host, "started_at", "?"), stdout);
    (void)fprintf(
        stdout,
        "\njournal     %s, opened %" PRId64 " times\n",
        json_text(host, "journal_id", "?"),
        json_number(host, "incarnation", 0));
    if (!json_flag(host, "takes_sessions")) {
        (void)fputs("            takes no new session: ", stdout);
        put_plain(json_text(host, "takes_sessions_why", "?"), stdout);
        (void)fputc('\n', stdout);
    }
    (void)fprintf(
        stdout,
        "network     %s, listens on ",
        json_flag(host, "encrypted") ? "TLS 1.3" : "NOT ENCRYPTED");
    put_list(json_object_get(host, "listen"));
    (void)fputc('\n', stdout);
    put_peers(host);
    put_use(host, "guests", "guests", "guests_max");
    (void)fprintf(
        stdout,
        "memory      %s of %s\n",
        units_format_size(used, (uint64_t)json_number(host, "guest_memory", 0)),
        units_format_size(most, (uint64_t)json_number(host, "guest_memory_max", 0)));
    put_use(host, "moves out", "moves_out", "moves_out_max");
    put_use(host, "moves in", "moves_in", "moves_in_max");
    put_use(host, "connections", "connections", "connections_max");
}

int cli_host(const struct cli_call *call)
{
    struct host_options options = {.common = {.json = false}};
    json_t *result = NULL;

    cli_parse(&cli_host_argp, call, &options);
    const int status = ask(&options.common, "host.info", NULL, ASK_LIMIT, &result);

    if (status != CLI_OK) {
        return status;
    }
    if (options.common.json) {
        ask_print(result);
        return CLI_OK;
    }
    put_host(result);
    json_decref(result);
    return CLI_OK;
}
