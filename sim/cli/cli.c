/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c -- the command itself: its own options, then the verb. */
#include "sim/cli/cli.h"

#include "sim/report/memory.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cli_complain(const char *format, ...)
{
    va_list arguments;

    (void)fputs("ferry-sim: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

void cli_print_errors(const char *path, const struct scenario_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        (void)fprintf(stderr, "%s\n", errors->items[i].message);
    }
    if (errors->suppressed > 0) {
        (void)fprintf(stderr, "%s: and %zu more errors\n", path, errors->suppressed);
    }
    if (errors->count == 0) {
        (void)fprintf(stderr, "%s: cannot be read: out of memory\n", path);
    }
}

struct chosen {
    const struct cli_verb *verb;
    int first; /* where the verb stands in argv */
};

static const struct cli_verb *find_verb(const char *name)
{
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct chosen *chosen = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        chosen->verb = find_verb(argument);
        if (chosen->verb == NULL) {
            argp_error(state, "there is no verb \"%s\"", argument);
        }
        chosen->first = state->next - 1;
        state->next = state->argc; /* the rest belongs to the verb */
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "what shall be done? Name a verb"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* The list of verbs is made from their table. */
static char *filter_help(int key, const char *text, void *input)
{
    char *list = NULL;
    size_t size = 0;

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC) {
        return text == NULL ? NULL : report_copy(text); /* argp frees what is not `text` itself */
    }
    FILE *stream = report_text_open(&list, &size);

    (void)fputs("Verbs:\n", stream);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        (void)fprintf(stream, "  %-12s%s\n", verb->name, verb->summary);
    }
    (void)fprintf(stream, "\n`ferry-sim VERB --help' tells more of each.\n\n%s", cli_exit_status);
    report_text_close(stream);
    return list;
}

const struct argp cli_argp = {
    .parser = parse_option,
    .args_doc = "VERB [ARGUMENT...]",
    .doc = "Runs the ferry live-migration engine in a simulated cluster and judges what it does.\v",
    .help_filter = filter_help,
};

/* `ferry-sim ... | head`: who read the output has seen enough. That is no error, and no news to anybody. */
bool cli_reader_left(void)
{
    struct pollfd stream = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&stream, 1, 0) > 0 && (stream.revents & (POLLERR | POLLHUP)) != 0;
}

/* stdout is buffered: whether all of it was written is known at the end only. */
static int finish(int status)
{
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && !cli_reader_left()) {
        cli_complain("standard output: %s", strerror(errno));
        return CLI_USAGE;
    }
    return status;
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    (void)fprintf(stream, "ferry-sim %s\n", FERRY_VERSION);
}

int cli_main(int argc, char **argv, const struct cli_world *world)
{
    struct chosen chosen = {.verb = NULL};
    char name[64];

    argp_err_exit_status = CLI_USAGE;
    argp_program_version_hook = print_version;
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of writing like others */
    if (argp_parse(&cli_argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen) != 0) {
        return CLI_USAGE;
    }
    (void)snprintf(name, sizeof name, "ferry-sim %s", chosen.verb->name);
    const char *command = argv[0];

    argv[chosen.first] = name;
    const struct cli_call call = {
        .world = world,
        .command = command,
        .argc = argc - chosen.first,
        .argv = argv + chosen.first,
    };

    return finish(chosen.verb->run(&call));
}
