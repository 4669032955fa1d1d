/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject.h -- the failing run that `shrink` and `critical` are about: a seed of chaos or a file.
 */
#ifndef FERRY_SIM_CLI_SUBJECT_H
#define FERRY_SIM_CLI_SUBJECT_H

#include "sim/chaos/bench.h"
#include "sim/cli/cli.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct subject {
    char *path;  /* of the file, or what stands for it */
    char *word;  /* for names of files: "chaos_7", "busy_database" */
    char *title; /* for people: "chaos seed 7" */
    char *text;
    size_t size;
};

/* SEED or FILE; false: it was said what is wrong. */
bool subject_read(struct subject *subject, const char *argument);
void subject_free(struct subject *subject);

/* Runs it. true: it fails, and how. Without --net the light network comes first, then SimGrid, and
 * the bench keeps the one on which it fails. false: it does not, or is no scenario; said on stderr. */
bool subject_fails(
    const struct subject *subject,
    struct bench *bench,
    bool network_given,
    const struct cli_call *call,
    struct trial *failure);

int64_t subject_clock_ns(void);

/* The argument of an option that takes a time; ends the process if it is none. */
int64_t subject_time(const char *option, const char *text, const struct argp_state *state);

#endif
