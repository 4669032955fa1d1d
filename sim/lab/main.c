/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- ferry-lab: scenarios on real hosts, and beside it what the simulated world says of them. */
#include "sim/lab/verbs.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} verbs[] = {
    {"run",       lab_verb_run,     "run scenarios with real guests, one ferryd a host, and judge them"},
    {"compare",   lab_verb_compare, "run scenarios in both worlds, and compare predicted with real"    },
    {"calibrate",
     lab_verb_calibrate,            "measure this machine's costs and write them as a host profile"    },
};

static int help(FILE *out)
{
    (void)fputs("Usage: ferry-lab VERB [OPTION...] ...\n\n", out);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        (void)fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
    }
    (void)fputs(
        "\nEach verb has --help. Root and /dev/kvm are needed; without them a verb says which is\n"
        "missing and ends with status 77. Everything is done in network namespaces of its own.\n",
        out);
    return out == stdout ? 0 : LAB_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return help(stderr);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return help(stdout);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("ferry-lab %s\n", FERRY_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    (void)fprintf(stderr, "ferry-lab: there is no verb `%s`\n", argv[1]);
    return help(stderr);
}
