/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h -- what `chaos` and `sweep` have in common: many numbered runs, a matrix, and each failing
 * number with the commands that show it again.
 */
#ifndef FERRY_SIM_CLI_TALLY_H
#define FERRY_SIM_CLI_TALLY_H

#include "sim/chaos/matrix.h"
#include "sim/cli/cli.h"
#include "sim/cli/output.h"
#include "sim/cli/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TALLY_FAILURES_DEFAULT "ferry-chaos-failures.txt"

struct tally {
    const struct cli_call *call;
    const char *verb; /* "chaos" */
    const char *noun; /* what a number is: "seed" */
    const char
        *options; /* what a command needs besides, with a blank before it: " --net simgrid" */
    matrix_name_fn *names; /* of the rows */
    uint64_t first;        /* number */
    uint64_t count;        /* how many there shall be; beyond what time allows */
    int interrupted;       /* the signal that came before all had run; 0: none */
    enum sim_network network;
    const char *failures; /* the file which failing numbers are added to */
    bool failures_lost;   /* it could not be written */
    struct output json;
    struct output junit;
    FILE *text;     /* where people read: stdout, or stderr if a document goes to stdout */
    FILE *progress; /* NULL: no line */
    struct matrix matrix;
    unsigned jobs;
    int64_t begun_ns;
    int64_t next_progress_ns;
};

/* Opens what is to be written. false: said on stderr. */
bool tally_open(struct tally *tally);
void tally_close(struct tally *tally); /* leaves nothing half written */

/* Loads and runs one text, in a worker; what is no scenario is our own bug, and broken. */
void tally_run(const struct tally *tally, const char *text, size_t size, struct trial *trial);

/* In the parent, for each run: counts it, adds it to the file if it failed, shows how far it is. */
void tally_add(struct tally *tally, uint64_t number, uint64_t rows, const struct trial *trial);

/* Prints, writes, and returns the exit status; minus `interrupted`, if that came. What has run until
 * then is reported like all, with a mark. */
int tally_conclude(struct tally *tally);

int64_t tally_clock_ns(void);

#endif
