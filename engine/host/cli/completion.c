/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c -- `ferry completion`: a bash function made from the tables of verbs and options. */
#include "engine/host/cli/cli.h"

#include <stdio.h>
#include <string.h>

const struct argp cli_completion_argp = {
    .doc = "Print what bash needs to complete ferry.\v"
           "To use it: eval \"$(ferry completion)\"",
};

static void put_options(const struct argp *argp)
{
    for (const struct argp_option *option = argp->options; option != NULL && option->name != NULL;
         option++) {
        (void)fprintf(stdout, " --%s%s", option->name, option->arg == NULL ? "" : "=");
    }
    for (const struct argp_child *child = argp->children; child != NULL && child->argp != NULL;
         child++) {
        for (const struct argp_option *option = child->argp->options; option->name != NULL;
             option++) {
            (void)fprintf(stdout, " --%s%s", option->name, option->arg == NULL ? "" : "=");
        }
    }
}

static void put_verb(const struct cli_verb *verb)
{
    (void)fprintf(stdout, "    '%s') options='--help --usage --version", verb->name);
    put_options(verb->argp);
    (void)fputs("' ;;\n", stdout);
}

static size_t first_word(const char *name)
{
    return strcspn(name, " ");
}

/* The first words, each once; those of a group stand together in the table. */
static void put_first_words(void)
{
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        const size_t size = first_word(verb->name);

        if (verb == cli_verbs || strncmp(verb[-1].name, verb->name, size + 1) != 0) {
            (void)fprintf(stdout, " %.*s", (int)size, verb->name);
        }
    }
}

static void put_second_words(void)
{
    const struct cli_verb *verb = cli_verbs;

    while (verb->name != NULL) {
        const size_t size = first_word(verb->name);

        if (verb->name[size] == '\0') {
            verb++;
            continue;
        }
        const char *group = verb->name;

        (void)fprintf(stdout, "        %.*s) words='", (int)size, group);
        for (; verb->name != NULL && strncmp(verb->name, group, size + 1) == 0; verb++) {
            (void)fprintf(stdout, " %s", verb->name + size + 1);
        }
        (void)fputs("' ;;\n", stdout);
    }
}

int cli_completion(const struct cli_call *call)
{
    cli_parse(&cli_completion_argp, call, NULL);
    (void)fputs(
        "# SPDX-License-Identifier: Apache-2.0\n"
        "_ferry() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} words='' options='' verb\n"
        "    COMPREPLY=()\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "        mapfile -t COMPREPLY < <(compgen -W '--help --usage --version",
        stdout);
    put_first_words();
    (void)fputs(
        "' -- \"$word\")\n"
        "        return\n"
        "    fi\n"
        "    if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
        "        case ${COMP_WORDS[1]} in\n",
        stdout);
    put_second_words();
    (void)fputs(
        "        esac\n"
        "        if [ -n \"$words\" ]; then\n"
        "            mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
        "            return\n"
        "        fi\n"
        "    fi\n"
        "    verb=${COMP_WORDS[1]}\n"
        "    case $verb in vm | session | cert) verb+=\" ${COMP_WORDS[2]}\" ;; esac\n"
        "    case $verb in\n",
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
        "complete -o filenames -o nospace -F _ferry ferry\n",
        stdout);
    return CLI_OK;
}
