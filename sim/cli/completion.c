/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c -- `ferry-sim completion`: a bash function made from the tables of verbs and
 * options. */
#include "sim/cli/cli.h"

#include <string.h>

const struct argp cli_completion_argp = {
    .doc = "Print what bash needs to complete ferry-sim.\v"
           "To use it: eval \"$(ferry-sim completion)\"",
};

static void put_verb(const struct cli_verb *verb)
{
    (void)fprintf(stdout, "    %s) options='--help --usage --version", verb->name);
    for (const struct argp_option *option = verb->argp->options;
         option != NULL && option->name != NULL;
         option++) {
        (void)fprintf(stdout, " --%s%s", option->name, option->arg == NULL ? "" : "=");
    }
    (void)fputs("' ;;\n", stdout);
}

int cli_completion(const struct cli_call *call)
{
    (void)argp_parse(&cli_completion_argp, call->argc, call->argv, 0, NULL, NULL);
    (void)fputs(
        "# SPDX-License-Identifier: Apache-2.0\n"
        "_ferry_sim() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} options\n"
        "    COMPREPLY=()\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "        mapfile -t COMPREPLY < <(compgen -W '--help --usage --version",
        stdout);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        (void)fprintf(stdout, " %s", verb->name);
    }
    (void)fputs(
        "' -- \"$word\")\n"
        "        return\n"
        "    fi\n"
        "    case ${COMP_WORDS[1]} in\n",
        stdout);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        put_verb(verb);
    }
    (void)fputs(
        "    *) return ;;\n"
        "    esac\n"
        "    case $word in\n"
        "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\") ;;\n"
        "    *) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
        "    esac\n"
        "}\n"
        "complete -o filenames -o nospace -F _ferry_sim ferry-sim\n",
        stdout);
    return CLI_PASS;
}
