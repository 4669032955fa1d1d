/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matrix.h -- what came of many runs: kinds of trouble against outcomes and verdicts, and the
 * failures.
 *
 * A row for each kind: how many seeds had it, what became of their migrations, how the runs were
 * judged. A seed with three kinds counts in three rows. Adding is commutative and failures are
 * sorted by seed, so the report does not depend on the order in which runs end.
 */
#ifndef FERRY_SIM_CHAOS_MATRIX_H
#define FERRY_SIM_CHAOS_MATRIX_H

#include "sim/chaos/trial.h"
#include "sim/report/json_writer.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MATRIX_ROWS_MAX 64U

struct matrix_row {
    uint64_t runs;
    uint64_t outcomes[TRIAL_OUTCOMES];
    uint64_t verdicts[TRIAL_VERDICTS];
};

struct matrix_failure {
    uint64_t number; /* seed, or place in a sweep */
    struct trial trial;
};

struct matrix {
    struct matrix_row rows[MATRIX_ROWS_MAX];
    struct matrix_row all;
    uint64_t rules[TRIAL_RULES];
    uint64_t migrations;
    uint64_t events;
    struct matrix_failure *failures;
    size_t failure_count;
    size_t failure_capacity;
};

typedef const char *matrix_name_fn(unsigned row);

/* `rows`: a bit for each row that the run belongs to. */
void matrix_add(struct matrix *matrix, uint64_t number, uint64_t rows, const struct trial *trial);
void matrix_sort(struct matrix *matrix); /* failures by number */
void matrix_free(struct matrix *matrix);

/* Rows without a run are left out. */
void matrix_table(FILE *out, const struct matrix *matrix, matrix_name_fn *name);
void matrix_json(struct json_writer *writer, const struct matrix *matrix, matrix_name_fn *name);

#endif
