/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_report.h -- what the process of one run hands to the command that started it.
 *
 * A run lives in a process of its own and has the whole `struct sim_result`; the command needs a
 * row of a table, the failures, and finished pieces of documents. So the child writes those pieces
 * (report_pack) into an unnamed file which the parent reads (report_unpack): nothing is parsed, and
 * a package that is cut short, because the child died, is recognised by its missing end.
 * Both are the same program, so numbers are stored as they are in memory.
 */
#ifndef FERRY_SIM_REPORT_RUN_REPORT_H
#define FERRY_SIM_REPORT_RUN_REPORT_H

#include "sim/report/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define REPORT_OUTCOMES 6 /* of enum ferry_outcome_kind, NONE too */

/* The numbers of a row. Of several migrations: the longest times, most rounds, all bytes. */
struct report_summary {
    enum sim_verdict verdict;
    uint64_t hash;
    uint64_t events;
    int64_t virtual_ns;
    int64_t wall_ns;
    uint32_t migrations;
    uint32_t outcomes[REPORT_OUTCOMES];
    int64_t total_ns;
    int64_t blackout_ns;  /* 0: none */
    int64_t predicted_ns; /* of the migration with the longest blackout; NEVER: none */
    uint32_t
        without_history; /* migrations whose source was restarted: rounds, attempts, bytes are not known */
    uint32_t rounds;
    uint32_t aborted_attempts;
    uint64_t wire_bytes;
    uint32_t clients;
    int64_t longest_gap_ns;
    uint64_t peak_bytes; /* resident memory of the run's process, filled in by the parent */
};

struct report_failure {
    char id[16];
    int64_t at_ns;
    char *message;
};

/* The parent's view of one run. Owns its texts; file and name belong to the scenario. */
struct run_report {
    const char *file;
    const char *name;
    uint64_t seed;
    const char *which;   /* in JUnit, in place of "seed N"; NULL: that. Borrowed */
    const char *options; /* of the command, beyond the seed: " --net light"; NULL: none. Borrowed */
    const char *commit;  /* that the program was built from; NULL: not known. Borrowed */
    struct report_summary summary;
    struct report_failure *failures;
    size_t failure_count;
    size_t failure_capacity;
    uint64_t failures_dropped;
    char *details;  /* `"migrations":[...],"clients":[...]`, or "" */
    char *screen;   /* the middle of the screen of a run which did not pass, or "" */
    char *timeline; /* elements of `traceEvents`, or "" */
};

/* Which pieces the child makes, and for whom. */
struct report_wishes {
    bool details;
    bool timeline;
    unsigned columns;   /* of the screen */
    uint32_t run_index; /* keeps the tracks of several runs apart in one timeline */
};

void run_report_init(struct run_report *report, const struct scenario *scenario, uint64_t seed);
void run_report_deinit(struct run_report *report);

/* Child: writes the package; false if the stream failed. */
bool report_pack(FILE *out, const struct sim_result *result, const struct report_wishes *wishes);

/* Parent: reads it from the stream's beginning; false: there is no whole package, report untouched.
 */
bool report_unpack(FILE *in, struct run_report *report);

/* Adds a failure that only the parent can see (the child died, the hashes differ). */
void run_report_fail(
    struct run_report *report, enum sim_verdict verdict, const char *id, const char *message);

#endif
