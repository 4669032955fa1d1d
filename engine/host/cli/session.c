/* SPDX-License-Identifier: Apache-2.0 */
/* session.c -- `ferry session list|show|claim|burn`: the way out where a host does not come back. */
#include "engine/host/cli/ask.h"
#include "engine/host/cli/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FENCED = 1 };

struct session_options {
    struct cli_common common;
    const char *session;
    bool fenced;
};

static error_t parse_none(int key, char *argument, struct argp_state *state)
{
    struct session_options *options = state->input;

    (void)argument;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &options->common;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static error_t parse_one(int key, char *argument, struct argp_state *state)
{
    struct session_options *options = state->input;

    switch (key) {
    case KEY_FENCED: options->fenced = true; return 0;
    case ARGP_KEY_ARG:
        if (options->session != NULL) {
            argp_error(state, "one session at a time");
        }
        options->session = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which session? See ferry session list"); return 0;
    default: return parse_none(key, argument, state);
    }
}

static const struct argp_option fenced_options[] = {
    {.name = "yes-i-fenced-the-other-host",
     .key = KEY_FENCED,
     .doc = "Do not ask: the other host is fenced (powered off, or cut from everything that the "
            "guest reaches), and will not come back with this guest"},
    {.name = NULL},
};

const struct argp cli_session_list_argp = {
    .parser = parse_none,
    .doc = "List the sessions that this host's journal holds open.",
    .children = cli_common_children,
};

const struct argp cli_session_show_argp = {
    .parser = parse_one,
    .args_doc = "SESSION",
    .doc =
        "Explain a session: what is on record, where the guest is, and what claim and burn would "
        "risk.\vThe first digits of a session will do.",
    .children = cli_common_children,
};

const struct argp cli_session_claim_argp = {
    .options = fenced_options,
    .parser = parse_one,
    .args_doc = "SESSION",
    .doc =
        "Declare that the guest of a session belongs to this host.\v"
        "This is for an outcome that is unknown because the other host does not come back. It "
        "risks the guest: if the other host runs it after all, there are two of it, and both "
        "write. So the other host must be fenced first. The command says what is risked and asks "
        "for the guest's name, or takes --yes-i-fenced-the-other-host.",
    .children = cli_common_children,
};

const struct argp cli_session_burn_argp = {
    .options = fenced_options,
    .parser = parse_one,
    .args_doc = "SESSION",
    .doc =
        "Make sure that the guest of a session never starts on this host.\v"
        "This frees what a target holds for a source that does not come back. It risks the "
        "guest: if the source granted it and is gone for good, this host has the only copy, and "
        "throws it away. The command says what is risked and asks for the guest's name, or takes "
        "--yes-i-fenced-the-other-host.",
    .children = cli_common_children,
};

/* -- list --------------------------------------------------------------------------------------- */

static const char *records_text(const json_t *session, char *buffer, size_t size)
{
    const json_t *records = json_object_get(session, "records");
    const json_t *record = NULL;
    size_t index = 0;
    size_t used = 0;

    buffer[0] = '\0';
    json_array_foreach(records, index, record)
    {
        const char *name = json_string_value(record);

        if (name != NULL && used < size) {
            used +=
                (size_t)snprintf(buffer + used, size - used, "%s%s", index == 0 ? "" : " ", name);
        }
    }
    return buffer;
}

int cli_session_list(const struct cli_call *call)
{
    static const char *const titles[] = {
        "SESSION", "GUEST", "ROLE", "PEER", "STATE", "RECORDS", "THE GUEST"};
    struct session_options options = {.session = NULL};
    json_t *result = NULL;
    const json_t *session = NULL;
    size_t index = 0;
    struct columns table;

    cli_parse(&cli_session_list_argp, call, &options);
    const int status = ask(&options.common, "session.list", NULL, ASK_LIMIT, &result);

    if (status != CLI_OK) {
        return status;
    }
    if (options.common.json) {
        ask_print(result);
        return CLI_OK;
    }
    columns_begin(&table, titles, sizeof titles / sizeof titles[0]);
    json_array_foreach(json_object_get(result, "sessions"), index, session)
    {
        char digits[9];
        char records[128];
        const char *const cells[] = {
            json_session(session, digits),
            json_text(session, "guest", "?"),
            json_text(session, "role", "?"),
            json_text(session, "peer", "?"),
            json_text(session, "state", "?"),
            records_text(session, records, sizeof records),
            json_text(session, "guest_state", "?"),
        };

        columns_add(&table, cells);
    }
    if (table.rows == 1) {
        (void)fputs("no session is open\n", stdout);
    } else {
        columns_print(&table, stdout);
    }
    columns_release(&table);
    json_decref(result);
    return CLI_OK;
}

/* -- show --------------------------------------------------------------------------------------- */

static void put_line(FILE *stream, const char *title, const char *text)
{
    (void)fprintf(stream, "%-10s", title);
    put_plain(text, stream);
    (void)fputc('\n', stream);
}

static void put_way_out(FILE *stream, const json_t *session, const char *what)
{
    char key[32];
    const char *risk = NULL;

    (void)snprintf(key, sizeof key, "may_%s", what);
    const bool possible = json_flag(session, key);

    (void)snprintf(key, sizeof key, "%s_risk", what);
    risk = json_text(session, key, possible ? "the guest" : "not possible now");
    (void)fprintf(stream, "%-10s%s", what, possible ? "possible. Risk: " : "");
    put_plain(risk, stream);
    (void)fputc('\n', stream);
}

static void put_session(FILE *stream, const json_t *session)
{
    char text[256];

    put_line(stream, "session", json_text(session, "session", "?"));
    (void)snprintf(
        text,
        sizeof text,
        "%s, epoch %" PRId64,
        json_text(session, "guest", "?"),
        json_number(session, "epoch", 0));
    put_line(stream, "guest", text);
    put_line(stream, "", json_text(session, "guest_state", "?"));
    (void)snprintf(
        text,
        sizeof text,
        "%s; the other host is %s",
        json_text(session, "role", "?"),
        json_text(session, "peer", "?"));
    put_line(stream, "role", text);
    put_line(stream, "state", json_text(session, "state", "?"));
    put_line(stream, "records", records_text(session, text, sizeof text));
}

int cli_session_show(const struct cli_call *call)
{
    struct session_options options = {.session = NULL};
    json_t *result = NULL;

    cli_parse(&cli_session_show_argp, call, &options);
    json_t *args = json_pack("{s:s}", "session", options.session);
    const int status = ask(&options.common, "session.show", args, ASK_LIMIT, &result);

    if (status != CLI_OK) {
        return status;
    }
    if (options.common.json) {
        ask_print(result);
        return CLI_OK;
    }
    put_session(stdout, result);
    put_way_out(stdout, result, "claim");
    put_way_out(stdout, result, "burn");
    json_decref(result);
    return CLI_OK;
}

/* -- claim and burn ----------------------------------------------------------------------------- */

/* True: the user typed the guest's name. */
static bool confirm(const json_t *session, const char *what)
{
    char line[128];
    const char *guest = json_text(session, "guest", "");

    put_session(stderr, session);
    put_way_out(stderr, session, what);
    (void)fprintf(
        stderr,
        "\nIs %s fenced (powered off, or cut from everything that the guest reaches)?\n"
        "Then type the guest's name to %s this session: ",
        json_text(session, "peer", "the other host"),
        what);
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\n")] = '\0';
    return guest[0] != '\0' && strcmp(line, guest) == 0;
}

/* CLI_OK: go on. */
static int
may_decide(const struct session_options *options, struct control_client *client, const char *what)
{
    json_t *session = NULL;
    struct host_error error;

    if (options->fenced) {
        return CLI_OK;
    }
    if (isatty(STDIN_FILENO) == 0) {
        (void)host_fail(
            &error, HOST_USAGE, "%s risks the guest, and nobody can be asked here", what);
        host_error_step(
            &error,
            "read ferry session show %s, fence the other host, then add "
            "--yes-i-fenced-the-other-host",
            options->session);
        return ask_tell(&options->common, &error, NULL);
    }
    json_t *args = json_pack("{s:s}", "session", options->session);
    const int status = ask_on(&options->common, client, "session.show", args, ASK_LIMIT, &session);

    if (status != CLI_OK) {
        return status;
    }
    const bool good = confirm(session, what);

    json_decref(session);
    if (!good) {
        (void)host_fail(&error, HOST_CANCELLED, "not confirmed: nothing was changed");
        return ask_tell(&options->common, &error, NULL);
    }
    return CLI_OK;
}

static int decide(const struct cli_call *call, const struct argp *argp, const char *what)
{
    struct session_options options = {.session = NULL};
    struct control_client *client = NULL;
    json_t *result = NULL;
    char name[32];
    int status = CLI_OK;

    cli_parse(argp, call, &options);
    if (!ask_connect(&options.common, &client, &status)) {
        return status;
    }
    status = may_decide(&options, client, what);
    if (status == CLI_OK) {
        json_t *args = json_pack("{s:s, s:b}", "session", options.session, "fenced", 1);

        (void)snprintf(name, sizeof name, "session.%s", what);
        status = ask_on(&options.common, client, name, args, ASK_LIMIT, &result);
    }
    control_client_destroy(client);
    if (status != CLI_OK) {
        return status;
    }
    if (options.common.json) {
        ask_print(result);
        return CLI_OK;
    }
    put_plain(json_text(result, "guest", "?"), stdout);
    (void)fputs(": ", stdout);
    put_plain(json_text(result, "guest_state", "done"), stdout);
    (void)fputc('\n', stdout);
    json_decref(result);
    return CLI_OK;
}

int cli_session_claim(const struct cli_call *call)
{
    return decide(call, &cli_session_claim_argp, "claim");
}

int cli_session_burn(const struct cli_call *call)
{
    return decide(call, &cli_session_burn_argp, "burn");
}
