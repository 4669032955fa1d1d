/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h -- the command `ferry`: its verbs, and what they share.
 *
 * A verb is one or two words ("move", "vm run") with an argp parser and a function; verbs.c has the
 * table that help, manual page and completion are made from. What a verb asks of the daemon goes
 * through ask.h: one connection, every answer either printed or turned into an exit status.
 */
#ifndef FERRY_HOST_CLI_CLI_H
#define FERRY_HOST_CLI_CLI_H

#include "engine/host/base/error.h"

#include <argp.h>
#include <stdbool.h>

/* Exit statuses: part of the command's contract; docs/control.md has the codes behind them. */
#define CLI_OK          0
#define CLI_FAILED      1 /* it was tried, or cannot be done now */
#define CLI_USAGE       2 /* wrong usage, or no such thing */
#define CLI_REFUSED     3 /* somebody said no before anything moved */
#define CLI_CANCELLED   4
#define CLI_UNKNOWN     5 /* the target does not say what became of the guest */
#define CLI_UNREACHABLE 6 /* no ferryd answers */

/* What every verb that speaks with a daemon knows. */
struct cli_common {
    const char *socket;
    bool json;
};

struct cli_call {
    int argc; /* of the verb: argv[0] is "ferry vm run" */
    char **argv;
};

struct cli_verb {
    const char *name;    /* "vm run" */
    const char *summary; /* one line, for lists */
    const struct argp *argp;
    int (*run)(const struct cli_call *call);
};

extern const struct cli_verb cli_verbs[]; /* ends with a NULL name */
extern const struct argp cli_argp;        /* of the command itself */
extern const char cli_exit_status[];

/* --socket and --json, for the children of a verb's argp: the verb's parser hands its own
 * struct cli_common on with state->child_inputs[0]. */
extern const struct argp_child cli_common_children[];

/* The whole command. */
int cli_main(int argc, char **argv);

int cli_exit_of(enum host_code code);

/* `ferry: message` on stderr. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Parses a verb's arguments; argp ends the process on wrong usage. */
void cli_parse(const struct argp *argp, const struct cli_call *call, void *input);

/* The verbs, by file. */
extern const struct argp cli_vm_run_argp;
extern const struct argp cli_vm_list_argp;
extern const struct argp cli_vm_stop_argp;
extern const struct argp cli_move_argp;
extern const struct argp cli_status_argp;
extern const struct argp cli_cancel_argp;
extern const struct argp cli_set_argp;
extern const struct argp cli_events_argp;
extern const struct argp cli_session_list_argp;
extern const struct argp cli_session_show_argp;
extern const struct argp cli_session_claim_argp;
extern const struct argp cli_session_burn_argp;
extern const struct argp cli_record_argp;
extern const struct argp cli_host_argp;
extern const struct argp cli_cert_ca_argp;
extern const struct argp cli_cert_host_argp;
extern const struct argp cli_cert_show_argp;
extern const struct argp cli_completion_argp;
extern const struct argp cli_man_argp;
int cli_vm_run(const struct cli_call *call);
int cli_vm_list(const struct cli_call *call);
int cli_vm_stop(const struct cli_call *call);
int cli_move(const struct cli_call *call);
int cli_status(const struct cli_call *call);
int cli_cancel(const struct cli_call *call);
int cli_set(const struct cli_call *call);
int cli_events(const struct cli_call *call);
int cli_session_list(const struct cli_call *call);
int cli_session_show(const struct cli_call *call);
int cli_session_claim(const struct cli_call *call);
int cli_session_burn(const struct cli_call *call);
int cli_record(const struct cli_call *call);
int cli_host(const struct cli_call *call);
int cli_cert_ca(const struct cli_call *call);
int cli_cert_host(const struct cli_call *call);
int cli_cert_show(const struct cli_call *call);
int cli_completion(const struct cli_call *call);
int cli_man(const struct cli_call *call);

#endif
