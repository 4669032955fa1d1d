/* SPDX-License-Identifier: Apache-2.0 */
/*
 * man.c -- `ferry man`: the manual pages, made from the tables that the programs themselves use.
 *
 * So a page cannot say anything else than the program does. The build writes them to files and
 * installs those.
 */
#include "engine/host/cli/man.h"

#include "engine/host/cli/cli.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void man_text(const char *text, size_t size)
{
    bool line_begins = true;

    for (size_t i = 0; i < size; i++) {
        const char letter = text[i];

        if (line_begins && (letter == '.' || letter == '\'')) {
            (void)fputs("\\&", stdout);
        }
        if (letter == '\\') {
            (void)fputs("\\e", stdout);
        } else if (letter == '-') {
            (void)fputs("\\-", stdout);
        } else {
            (void)fputc(letter, stdout);
        }
        line_begins = letter == '\n';
    }
    (void)fputc('\n', stdout);
}

void man_string(const char *text)
{
    man_text(text, strlen(text));
}

struct man_options {
    const char *page;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct man_options *options = state->input;

    if (key != ARGP_KEY_ARG) {
        return ARGP_ERR_UNKNOWN;
    }
    if (strcmp(argument, "ferry") != 0 && strcmp(argument, "ferryd") != 0 &&
        strcmp(argument, "ferryd.conf") != 0) {
        argp_error(state, "the pages are ferry, ferryd, ferryd.conf");
    }
    options->page = argument;
    return 0;
}

const struct argp cli_man_argp = {
    .parser = parse_option,
    .args_doc = "[ferry|ferryd|ferryd.conf]",
    .doc = "Print a manual page, that of ferry itself without a name.\v"
           "To read it: ferry man ferryd.conf | man -l -",
};

/* An option of argp's is a letter too if its key is a character. */
static void put_option(const struct argp_option *option)
{
    (void)fputs(".TP\n", stdout);
    if (option->key > 0 && option->key < 128 && isalnum(option->key) != 0) {
        (void)fprintf(
            stdout,
            "\\fB\\-%c\\fR%s%s, ",
            option->key,
            option->arg == NULL ? "" : " ",
            option->arg == NULL ? "" : option->arg);
    }
    (void)fputs("\\fB\\-\\-", stdout);
    for (const char *letter = option->name; *letter != '\0'; letter++) {
        (void)fprintf(stdout, "%s%c", *letter == '-' ? "\\" : "", *letter);
    }
    (void)fputs("\\fR", stdout);
    if (option->arg != NULL) {
        (void)fprintf(stdout, "=\\fI%s\\fR", option->arg);
    }
    (void)fputc('\n', stdout);
    man_string(option->doc);
}

static void put_options(const struct argp_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        put_option(options);
    }
}

/* Several ways to call a verb stand on lines of their own. */
static void put_synopsis(const struct cli_verb *verb)
{
    const char *args = verb->argp->args_doc == NULL ? "" : verb->argp->args_doc;

    for (;;) {
        const size_t size = strcspn(args, "\n");

        (void)fprintf(stdout, "\\fBferry %s\\fR [\\fIOPTION\\fR...] ", verb->name);
        man_text(args, size);
        if (args[size] == '\0') {
            break;
        }
        (void)fputs(".br\n", stdout);
        args += size + 1;
    }
    (void)fputs(".PP\n", stdout);
}

static void put_verb(const struct cli_verb *verb)
{
    const char *doc = verb->argp->doc;
    const char *more = strchr(doc, '\v');

    (void)fprintf(stdout, ".SS \"ferry %s\"\n", verb->name);
    put_synopsis(verb);
    man_text(doc, more == NULL ? strlen(doc) : (size_t)(more - doc));
    if (more != NULL) {
        (void)fputs(".PP\n", stdout);
        man_string(more + 1);
    }
    put_options(verb->argp->options);
}

static void man_ferry(void)
{
    (void)fprintf(
        stdout,
        ".\\\" SPDX-License-Identifier: Apache-2.0\n"
        ".TH FERRY 1 \"\" \"ferry %s\" \"User Commands\"\n"
        ".SH NAME\n"
        "ferry \\- move running guests between KVM hosts\n"
        ".SH SYNOPSIS\n"
        "\\fBferry\\fR \\fIVERB\\fR [\\fIARGUMENT\\fR...]\n"
        ".SH DESCRIPTION\n",
        FERRY_VERSION);
    man_text(cli_argp.doc, strcspn(cli_argp.doc, "\v"));
    (void)fputs(
        ".PP\nThe command asks the host's daemon, \\fBferryd\\fR(8), over its control socket. A "
        "move belongs to the daemons of its two hosts: it goes on when the command ends.\n"
        ".SH VERBS\n",
        stdout);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        put_verb(verb);
    }
    (void)fputs(".SH OPTIONS\nEach verb that asks the daemon also knows:\n", stdout);
    put_options(cli_common_children[0].argp->options);
    (void)fputs(
        ".PP\nThe command and each verb know:\n"
        ".TP\n\\fB\\-?\\fR, \\fB\\-\\-help\\fR\nSay what it does and which options there are\n"
        ".TP\n\\fB\\-\\-usage\\fR\nSay it in one line\n"
        ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nPrint the version\n"
        ".SH ENVIRONMENT\n"
        ".TP\n\\fBFERRY_SOCKET\\fR\nferryd's control socket, where \\-\\-socket is not given\n"
        ".SH \"EXIT STATUS\"\n",
        stdout);
    man_string(cli_exit_status);
    (void)fputs(
        ".SH EXAMPLES\n"
        ".TP\n\\fBferry move db1 \\-\\-to h2 \\-\\-blackout\\-limit=100ms\\fR\n"
        "Moves db1 to h2; it stands still for at most 100 ms.\n"
        ".TP\n\\fBferry set db1 cap 2Gbit/s\\fR\n"
        "Slows a move down that is under way.\n"
        ".TP\n\\fBferry cert ca lab; ferry cert host h1; ferry cert host h2\\fR\n"
        "Makes what two hosts need to trust each other.\n"
        ".SH \"SEE ALSO\"\n"
        "\\fBferryd\\fR(8), \\fBferryd.conf\\fR(5), \\fBferry\\-sim\\fR(1)\n",
        stdout);
}

int cli_man(const struct cli_call *call)
{
    struct man_options options = {.page = "ferry"};

    cli_parse(&cli_man_argp, call, &options);
    if (strcmp(options.page, "ferryd") == 0) {
        man_ferryd();
    } else if (strcmp(options.page, "ferryd.conf") == 0) {
        man_config();
    } else {
        man_ferry();
    }
    return CLI_OK;
}
