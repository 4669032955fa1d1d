/* SPDX-License-Identifier: Apache-2.0 */
/* matrix.c -- counts, and their two writers. */
#include "sim/chaos/matrix.h"

#include "sim/report/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void add(struct matrix_row *row, const struct trial *trial)
{
    row->runs++;
    row->verdicts[trial->verdict]++;
    for (size_t i = 0; i < TRIAL_OUTCOMES; i++) {
        row->outcomes[i] += trial->outcomes[i];
    }
}

void matrix_add(struct matrix *matrix, uint64_t number, uint64_t rows, const struct trial *trial)
{
    for (unsigned row = 0; row < MATRIX_ROWS_MAX; row++) {
        if ((rows & UINT64_C(1) << row) != 0) {
            add(&matrix->rows[row], trial);
        }
    }
    add(&matrix->all, trial);
    matrix->rules[trial->rule]++;
    matrix->migrations += trial->migrations;
    matrix->events += trial->events;
    if (trial->verdict != TRIAL_VIOLATED && trial->verdict != TRIAL_BROKEN) {
        return;
    }
    matrix->failures = report_room(
        matrix->failures,
        matrix->failure_count,
        &matrix->failure_capacity,
        sizeof *matrix->failures);
    matrix->failures[matrix->failure_count] =
        (struct matrix_failure){.number = number, .trial = *trial};
    matrix->failure_count++;
}

static int by_number(const void *left, const void *right)
{
    const struct matrix_failure *one = left;
    const struct matrix_failure *other = right;

    return (one->number > other->number) - (one->number < other->number);
}

void matrix_sort(struct matrix *matrix)
{
    if (matrix->failure_count > 0) {
        qsort(matrix->failures, matrix->failure_count, sizeof *matrix->failures, by_number);
    }
}

void matrix_free(struct matrix *matrix)
{
    free(matrix->failures);
    *matrix = (struct matrix){.failures = NULL};
}

/* ---- for people ---- */

static void put_row(FILE *out, const char *name, const struct matrix_row *row)
{
    (void)fprintf(out, "%-26s %9" PRIu64 "  |", name, row->runs);
    for (unsigned kind = FERRY_OUTCOME_COMPLETED; kind <= FERRY_OUTCOME_UNKNOWN; kind++) {
        (void)fprintf(out, " %9" PRIu64, row->outcomes[kind]);
    }
    (void)fputs("  |", out);
    for (size_t i = 0; i < TRIAL_VERDICTS; i++) {
        (void)fprintf(out, " %10" PRIu64, row->verdicts[i]);
    }
    (void)fputc('\n', out);
}

void matrix_table(FILE *out, const struct matrix *matrix, matrix_name_fn *name)
{
    (void)fprintf(out, "%-26s %9s  |", "", "runs");
    for (unsigned kind = FERRY_OUTCOME_COMPLETED; kind <= FERRY_OUTCOME_UNKNOWN; kind++) {
        (void)fprintf(out, " %9s", ferry_outcome_name((enum ferry_outcome_kind)kind));
    }
    (void)fputs("  |", out);
    for (unsigned i = 0; i < TRIAL_VERDICTS; i++) {
        (void)fprintf(out, " %10s", trial_verdict_name((enum trial_verdict)i));
    }
    (void)fputc('\n', out);
    for (unsigned row = 0; row < MATRIX_ROWS_MAX; row++) {
        if (matrix->rows[row].runs > 0) {
            put_row(out, name(row), &matrix->rows[row]);
        }
    }
    put_row(out, "all", &matrix->all);
    for (unsigned rule = TRIAL_RULE_NONE + 1; rule < TRIAL_RULES; rule++) {
        if (matrix->rules[rule] > 0) {
            (void)fprintf(
                out,
                "unwinnable in %" PRIu64 ": %s\n",
                matrix->rules[rule],
                trial_rule_text((enum trial_rule)rule));
        }
    }
}

/* ---- for machines ---- */

static void put_counts(struct json_writer *writer, const struct matrix_row *row)
{
    writer_member_unsigned(writer, "runs", row->runs);
    writer_key(writer, "outcomes");
    writer_open(writer, '{');
    for (unsigned kind = FERRY_OUTCOME_COMPLETED; kind <= FERRY_OUTCOME_UNKNOWN; kind++) {
        writer_member_unsigned(
            writer, ferry_outcome_name((enum ferry_outcome_kind)kind), row->outcomes[kind]);
    }
    writer_close(writer, '}');
    writer_key(writer, "verdicts");
    writer_open(writer, '{');
    for (unsigned i = 0; i < TRIAL_VERDICTS; i++) {
        writer_member_unsigned(writer, trial_verdict_name((enum trial_verdict)i), row->verdicts[i]);
    }
    writer_close(writer, '}');
}

void matrix_json(struct json_writer *writer, const struct matrix *matrix, matrix_name_fn *name)
{
    put_counts(writer, &matrix->all);
    writer_member_unsigned(writer, "migrations", matrix->migrations);
    writer_member_unsigned(writer, "events", matrix->events);
    writer_key(writer, "unwinnable");
    writer_open(writer, '{');
    for (unsigned rule = TRIAL_RULE_NONE + 1; rule < TRIAL_RULES; rule++) {
        writer_member_unsigned(writer, trial_rule_text((enum trial_rule)rule), matrix->rules[rule]);
    }
    writer_close(writer, '}');
    writer_key(writer, "kinds");
    writer_open(writer, '[');
    for (unsigned row = 0; row < MATRIX_ROWS_MAX; row++) {
        if (matrix->rows[row].runs == 0) {
            continue;
        }
        writer_line(writer);
        writer_open(writer, '{');
        writer_member_string(writer, "kind", name(row));
        put_counts(writer, &matrix->rows[row]);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}
