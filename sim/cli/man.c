/* SPDX-License-Identifier: Apache-2.0 */
/*
 * man.c -- `ferry-sim man`: the manual page, made from the same tables as --help.
 *
 * So the page cannot say anything else than the command does. The build writes it to a file and
 * installs that.
 */
#include "sim/cli/cli.h"

#include <ctype.h>
#include <string.h>

/* Text as roff wants it: backslashes and dashes escaped, no line that looks like a request. */
static void put_text(const char *text, size_t length)
{
    bool line_begins = true;

    for (size_t i = 0; i < length; i++) {
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

static void put_string(const char *text)
{
    put_text(text, strlen(text));
}

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
    (void)fprintf(stdout, "\\fB\\-\\-%s\\fR", option->name);
    if (option->arg != NULL) {
        (void)fprintf(stdout, "=\\fI%s\\fR", option->arg);
    }
    (void)fputc('\n', stdout);
    put_string(option->doc);
}

static void put_verb(const struct cli_verb *verb)
{
    const char *doc = verb->argp->doc;
    const char *more = strchr(doc, '\v');

    (void)fprintf(stdout, ".SS \"ferry\\-sim %s\"\n", verb->name);
    (void)fprintf(
        stdout,
        "\\fBferry\\-sim %s\\fR [\\fIOPTION\\fR...] %s\n.PP\n",
        verb->name,
        verb->argp->args_doc == NULL ? "" : verb->argp->args_doc);
    put_text(doc, more == NULL ? strlen(doc) : (size_t)(more - doc));
    if (more != NULL) {
        (void)fputs(".PP\n", stdout);
        put_string(more + 1);
    }
    for (const struct argp_option *option = verb->argp->options;
         option != NULL && option->name != NULL;
         option++) {
        put_option(option);
    }
}

const struct argp cli_man_argp = {
    .doc = "Print the manual page of ferry-sim.\v"
           "To read it: ferry-sim man | man -l -",
};

int cli_man(const struct cli_call *call)
{
    const size_t doc = strcspn(cli_argp.doc, "\v");

    (void)argp_parse(&cli_man_argp, call->argc, call->argv, 0, NULL, NULL);
    (void)fprintf(
        stdout,
        ".\\\" SPDX-License-Identifier: Apache-2.0\n"
        ".TH FERRY\\-SIM 1 \"\" \"ferry %s\" \"User Commands\"\n"
        ".SH NAME\n"
        "ferry\\-sim \\- live migrations in a simulated cluster\n"
        ".SH SYNOPSIS\n"
        "\\fBferry\\-sim\\fR \\fIVERB\\fR [\\fIARGUMENT\\fR...]\n"
        ".SH DESCRIPTION\n",
        FERRY_VERSION);
    put_text(cli_argp.doc, doc);
    (void)fputs(".SH VERBS\n", stdout);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        put_verb(verb);
    }
    (void)fputs(
        ".SH OPTIONS\nThe command and each verb also know:\n"
        ".TP\n\\fB\\-?\\fR, \\fB\\-\\-help\\fR\nSay what it does and which options there are\n"
        ".TP\n\\fB\\-\\-usage\\fR\nSay it in one line\n"
        ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nPrint the version\n"
        ".SH \"EXIT STATUS\"\n",
        stdout);
    put_string(cli_exit_status);
    (void)fputs(
        ".SH EXAMPLES\n"
        ".TP\n\\fBferry\\-sim run scenarios\\fR\nRuns and judges all scenarios of a folder.\n"
        ".TP\n\\fBferry\\-sim run \\-\\-seeds=1..100 \\-\\-json=out.json busy.yaml\\fR\n"
        "Runs one scenario with a hundred seeds and keeps all results.\n"
        ".TP\n\\fBferry\\-sim run \\-\\-trace=out.json busy.yaml\\fR\n"
        "Draws a timeline; open it in ui.perfetto.dev.\n",
        stdout);
    return CLI_PASS;
}
