/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c -- the command itself: its own options, then the verb. */
#include "engine/host/cli/cli.h"

#include "engine/host/control/control.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_complain(const char *format, ...)
{
    va_list arguments;

    (void)fputs("ferry: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

struct chosen {
    const struct cli_verb *verb;
    int first; /* where the verb stands in argv */
    int words; /* of its name */
};

/* Does `name` begin with this word, alone or before a second one? */
static bool begins_with(const char *name, const char *word)
{
    const size_t size = strlen(word);

    return strncmp(name, word, size) == 0 && (name[size] == '\0' || name[size] == ' ');
}

static const struct cli_verb *find_verb(const char *name)
{
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

static bool is_group(const char *word)
{
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        if (begins_with(verb->name, word) && strcmp(verb->name, word) != 0) {
            return true;
        }
    }
    return false;
}

/* "vm" alone: what may follow. */
static void tell_group(const char *word, const struct argp_state *state)
{
    char list[256] = "";
    size_t used = 0;

    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        if (begins_with(verb->name, word) && used < sizeof list) {
            used += (size_t)snprintf(
                list + used,
                sizeof list - used,
                "%s%s",
                used == 0 ? "" : ", ",
                verb->name + strlen(word) + 1);
        }
    }
    argp_error(state, "%s needs one of: %s", word, list);
}

static void choose(struct chosen *chosen, const char *word, struct argp_state *state)
{
    char name[64];

    chosen->first = state->next - 1;
    chosen->words = 1;
    if (is_group(word)) {
        const char *second = state->next < state->argc ? state->argv[state->next] : "";

        chosen->words = 2;
        (void)snprintf(name, sizeof name, "%s %s", word, second);
        chosen->verb = find_verb(name);
        if (chosen->verb == NULL) {
            tell_group(word, state);
        }
    } else {
        chosen->verb = find_verb(word);
        if (chosen->verb == NULL) {
            argp_error(state, "there is no verb \"%s\"", word);
        }
    }
    state->next = state->argc; /* the rest belongs to the verb */
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_ARG: choose(state->input, argument, state); return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "what shall be done? Name a verb"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* The list of verbs is made from their table; argp frees what is not `text` itself. */
static char *filter_help(int key, const char *text, void *input)
{
    char *list = NULL;
    size_t size = 0;

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC) {
        return text == NULL ? NULL : strdup(text);
    }
    FILE *stream = open_memstream(&list, &size);

    if (stream == NULL) {
        return NULL;
    }
    (void)fputs("Verbs:\n", stream);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        (void)fprintf(stream, "  %-15s%s\n", verb->name, verb->summary);
    }
    (void)fprintf(stream, "\n`ferry VERB --help' tells more of each.\n\n%s", cli_exit_status);
    (void)fclose(stream);
    return list;
}

const struct argp cli_argp = {
    .parser = parse_option,
    .args_doc = "VERB [ARGUMENT...]",
    .doc = "Moves running guests between KVM hosts, and shows what is under way.\v",
    .help_filter = filter_help,
};

enum { KEY_SOCKET = 0x1000, KEY_JSON };

static const struct argp_option common_options[] = {
    {.name = "socket",
     .key = KEY_SOCKET,
     .arg = "PATH",
     .doc = "ferryd's control socket; without it $FERRY_SOCKET, or " CONTROL_SOCKET_DEFAULT},
    {.name = "json",    .key = KEY_JSON, .doc = "Print what the daemon says, as JSON"},
    {.name = NULL               },
};

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
    struct cli_common *common = state->input;
    const char *named = NULL;

    switch (key) {
    case ARGP_KEY_INIT:
        named = getenv("FERRY_SOCKET");
        common->socket = named == NULL || named[0] == '\0' ? CONTROL_SOCKET_DEFAULT : named;
        return 0;
    case KEY_SOCKET: common->socket = argument; return 0;
    case KEY_JSON: common->json = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp common_argp = {.options = common_options, .parser = parse_common};

const struct argp_child cli_common_children[] = {
    {.argp = &common_argp},
    {.argp = NULL},
};

void cli_parse(const struct argp *argp, const struct cli_call *call, void *input)
{
    (void)argp_parse(argp, call->argc, call->argv, 0, NULL, input);
}

int cli_exit_of(enum host_code code)
{
    switch (code) {
    case HOST_OK: return CLI_OK;
    case HOST_USAGE:
    case HOST_CONFIG:
    case HOST_NOT_FOUND:
    case HOST_EXISTS: return CLI_USAGE;
    case HOST_REFUSED:
    case HOST_PERMISSION:
    case HOST_LOCKED: return CLI_REFUSED;
    case HOST_CANCELLED: return CLI_CANCELLED;
    case HOST_UNKNOWN: return CLI_UNKNOWN;
    case HOST_UNREACHABLE: return CLI_UNREACHABLE;
    case HOST_BUSY:
    case HOST_FAILED:
    case HOST_TOO_LATE:
    case HOST_LIMIT:
    case HOST_MEMORY:
    case HOST_DISK_FULL:
    case HOST_IO:
    case HOST_JOURNAL_CLOSED:
    case HOST_DAMAGED:
    case HOST_TIMEOUT:
    case HOST_CLOSED:
    case HOST_PROTOCOL:
    case HOST_CERTIFICATE:
    case HOST_UNSUPPORTED:
    case HOST_INTERNAL:
    case HOST_CODE_COUNT: break;
    }
    return CLI_FAILED;
}

/* stdout is buffered: whether all of it was written is known at the end only. */
static int finish(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        cli_complain("standard output: %s", strerror(errno));
        return status == CLI_OK ? CLI_FAILED : status;
    }
    return status;
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    (void)fprintf(stream, "ferry %s\n", FERRY_VERSION);
}

int cli_main(int argc, char **argv)
{
    struct chosen chosen = {.verb = NULL};
    char name[64];

    argp_err_exit_status = CLI_USAGE;
    argp_program_version_hook = print_version;
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of writing like others */
    if (argp_parse(&cli_argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen) != 0) {
        return CLI_USAGE;
    }
    const int first = chosen.first + chosen.words - 1;

    (void)snprintf(name, sizeof name, "ferry %s", chosen.verb->name);
    argv[first] = name;
    const struct cli_call call = {.argc = argc - first, .argv = argv + first};

    return finish(chosen.verb->run(&call));
}
