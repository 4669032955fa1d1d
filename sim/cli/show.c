/* SPDX-License-Identifier: Apache-2.0 */
/* show.c -- `ferry-sim show`: scenarios in words. */
#include "sim/cli/cli.h"

struct paths {
    char **items;
    int count;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is argp's */
static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct paths *paths = state->input;

    (void)argument;
    switch (key) {
    case ARGP_KEY_ARGS:
        paths->items = state->argv + state->next;
        paths->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which scenario? Name a file"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_show_argp = {
    .parser = parse_option,
    .args_doc = "FILE...",
    .doc = "Explain scenarios in words: who, where, what happens when, what is expected.",
};

int cli_show(const struct cli_call *call)
{
    struct paths paths = {.count = 0};
    int status = CLI_PASS;

    (void)argp_parse(&cli_show_argp, call->argc, call->argv, 0, NULL, &paths);
    for (int i = 0; i < paths.count; i++) {
        struct scenario_errors errors = {.items = NULL};
        struct scenario *scenario = NULL;

        if (scenario_load(paths.items[i], &scenario, &errors) == SCENARIO_OK) {
            if (i > 0) {
                (void)fputc('\n', stdout);
            }
            scenario_show(stdout, scenario);
            scenario_free(scenario);
        } else {
            cli_print_errors(paths.items[i], &errors);
            status = CLI_USAGE;
        }
        scenario_errors_free(&errors);
    }
    return status;
}
