/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h -- the command `ferry-sim`: its verbs, and what they share.
 *
 * A verb is a file of its own with its argp parser; verbs.c has the table which main's help, the
 * man page and shell completion are made from. The simulated world comes in as functions, so that
 * the whole command can be tested with a world that does what the test says.
 */
#ifndef FERRY_SIM_CLI_CLI_H
#define FERRY_SIM_CLI_CLI_H

#include "sim/report/environment.h"
#include "sim/world/world.h"

#include <argp.h>
#include <stddef.h>
#include <stdio.h>

/* Exit statuses: part of the command's contract. */
#define CLI_PASS  0 /* every run passed; or the verb did what it should */
#define CLI_FAIL  1 /* some run did not pass */
#define CLI_USAGE 2 /* wrong usage, an invalid scenario, a file that cannot be read or written */

struct cli_world {
    int (*run)(
        const struct scenario *scenario,
        const struct sim_run_options *options,
        struct sim_result *result);
    void (*prepare)(void); /* once, before processes are forked */
    struct environment environment;
};

/* What a verb is called with. */
struct cli_call {
    const struct cli_world *world;
    const char *command; /* argv[0] of the process: how to call ferry-sim again */
    int argc;            /* of the verb: argv[0] is "ferry-sim run" */
    char **argv;
};

struct cli_verb {
    const char *name;
    const char *summary; /* one line, for lists */
    const struct argp *argp;
    int (*run)(const struct cli_call *call);
};

extern const struct cli_verb cli_verbs[]; /* ends with a NULL name */
extern const struct argp cli_argp;        /* of the command itself */
extern const char cli_exit_status[];      /* the paragraph about them, for help and man page */

/* The verbs, one file each. */
extern const struct argp cli_run_argp;
extern const struct argp cli_chaos_argp;
extern const struct argp cli_shrink_argp;
extern const struct argp cli_critical_argp;
extern const struct argp cli_sweep_argp;
extern const struct argp cli_show_argp;
extern const struct argp cli_explore_argp;
extern const struct argp cli_schema_argp;
extern const struct argp cli_man_argp;
extern const struct argp cli_completion_argp;
int cli_run(const struct cli_call *call);
int cli_chaos(const struct cli_call *call);
int cli_shrink(const struct cli_call *call);
int cli_critical(const struct cli_call *call);
int cli_sweep(const struct cli_call *call);
int cli_show(const struct cli_call *call);
int cli_explore(const struct cli_call *call);
int cli_schema(const struct cli_call *call);
int cli_man(const struct cli_call *call);
int cli_completion(const struct cli_call *call);

/* The whole command. */
int cli_main(int argc, char **argv, const struct cli_world *world);

/* Nobody reads stdout any more. */
bool cli_reader_left(void);

/* `ferry-sim: message` on stderr. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the errors of a scenario file on stderr. */
struct scenario_errors;
void cli_print_errors(const char *path, const struct scenario_errors *errors);

#endif
