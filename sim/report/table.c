/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c -- cells first, then the widths, then the lines: so columns fit whatever is in them.
 */
#include "sim/report/table.h"

#include "sim/report/memory.h"
#include "sim/report/quantity_text.h"
#include "sim/report/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CELL_SIZE        96
#define NAME_COLUMNS_MAX 60U

enum column {
    COLUMN_SCENARIO,
    COLUMN_SEED,
    COLUMN_VERDICT,
    COLUMN_OUTCOME,
    COLUMN_TOTAL,
    COLUMN_BLACKOUT,
    COLUMN_PREDICTED,
    COLUMN_ROUNDS,
    COLUMN_WIRE,
    COLUMN_GAP,
    COLUMN_RATIO,
    COLUMNS,
};

static const struct {
    const char *title;
    bool right;
} columns[COLUMNS] = {
    [COLUMN_SCENARIO] = {"scenario",     false},
    [COLUMN_SEED] = {"seed",         true },
    [COLUMN_VERDICT] = {"verdict",      false},
    [COLUMN_OUTCOME] = {"outcome",      false},
    [COLUMN_TOTAL] = {"total",        true },
    [COLUMN_BLACKOUT] = {"blackout",     true },
    [COLUMN_PREDICTED] = {"predicted",    true },
    [COLUMN_ROUNDS] = {"rounds",       true },
    [COLUMN_WIRE] = {"wire",         true },
    [COLUMN_GAP] = {"client gap",   true },
    [COLUMN_RATIO] = {"virtual/wall", true },
};

struct row {
    const char *name; /* COLUMN_SCENARIO */
    char cells[COLUMNS][CELL_SIZE];
};

/* "completed", or of several migrations "38 completed, 2 failed". */
static void outcome_cell(char cell[static CELL_SIZE], const struct report_summary *summary)
{
    size_t used = 0;

    for (int kind = 0; kind < REPORT_OUTCOMES && used < CELL_SIZE; kind++) {
        const char *name = kind == FERRY_OUTCOME_NONE
                               ? "not ended"
                               : ferry_outcome_name((enum ferry_outcome_kind)kind);

        if (summary->outcomes[kind] == 0) {
            continue;
        }
        if (summary->migrations == 1) {
            (void)snprintf(cell, CELL_SIZE, "%s", name);
            return;
        }
        used += (size_t)snprintf(
            cell + used,
            CELL_SIZE - used,
            "%s%" PRIu32 " %s",
            used == 0 ? "" : ", ",
            summary->outcomes[kind],
            name);
    }
}

static void fill_cell(char cell[static CELL_SIZE], const char *text)
{
    (void)snprintf(cell, CELL_SIZE, "%s", text);
}

static void fill_row(struct row *row, const struct run_report *report)
{
    const struct report_summary *summary = &report->summary;
    char text[QUANTITY_TEXT_SIZE];

    row->name = report->name;
    (void)snprintf(row->cells[COLUMN_SEED], CELL_SIZE, "%" PRIu64, report->seed);
    fill_cell(row->cells[COLUMN_VERDICT], sim_verdict_name(summary->verdict));
    fill_cell(row->cells[COLUMN_RATIO], ratio_text(text, summary->virtual_ns, summary->wall_ns));
    for (int column = COLUMN_OUTCOME; column < COLUMN_RATIO; column++) {
        fill_cell(row->cells[column], "-");
    }
    if (summary->clients > 0) {
        fill_cell(row->cells[COLUMN_GAP], duration_text(text, summary->longest_gap_ns));
    }
    if (summary->migrations == 0) {
        return;
    }
    outcome_cell(row->cells[COLUMN_OUTCOME], summary);
    fill_cell(row->cells[COLUMN_TOTAL], duration_text(text, summary->total_ns));
    if (summary->blackout_ns > 0) {
        fill_cell(row->cells[COLUMN_BLACKOUT], duration_text(text, summary->blackout_ns));
    }
    if (summary->predicted_ns > 0 && summary->predicted_ns != FERRY_TIME_NEVER) {
        fill_cell(row->cells[COLUMN_PREDICTED], duration_text(text, summary->predicted_ns));
    }
    if (summary->without_history == summary->migrations) {
        fill_cell(row->cells[COLUMN_ROUNDS], "unknown"); /* with the source's first life */
        fill_cell(row->cells[COLUMN_WIRE], "unknown");
        return;
    }
    (void)snprintf(row->cells[COLUMN_ROUNDS], CELL_SIZE, "%" PRIu32, summary->rounds);
    fill_cell(row->cells[COLUMN_WIRE], bytes_text(text, summary->wire_bytes));
}

static const char *cell_of(const struct row *row, int column)
{
    return column == COLUMN_SCENARIO ? row->name : row->cells[column];
}

static void write_cell(FILE *out, const char *text, size_t width, int column)
{
    const size_t used = utf8_columns(text) < width ? utf8_columns(text) : width;
    const size_t blanks = width - used;

    if (column > 0) {
        (void)fputs("  ", out);
    }
    for (size_t i = 0; columns[column].right && i < blanks; i++) {
        (void)fputc(' ', out);
    }
    (void)utf8_put_plain(out, text, width);
    for (size_t i = 0; !columns[column].right && i < blanks; i++) {
        (void)fputc(' ', out);
    }
}

static void write_rows(FILE *out, const struct row *rows, size_t count)
{
    size_t widths[COLUMNS];

    for (int column = 0; column < COLUMNS; column++) {
        widths[column] = utf8_columns(columns[column].title);
        for (size_t i = 0; i < count; i++) {
            const size_t width = utf8_columns(cell_of(&rows[i], column));

            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    if (widths[COLUMN_SCENARIO] > NAME_COLUMNS_MAX) {
        widths[COLUMN_SCENARIO] = NAME_COLUMNS_MAX;
    }
    for (int column = 0; column < COLUMNS; column++) {
        write_cell(out, columns[column].title, widths[column], column);
    }
    (void)fputc('\n', out);
    for (size_t i = 0; i < count; i++) {
        for (int column = 0; column < COLUMNS; column++) {
            write_cell(out, cell_of(&rows[i], column), widths[column], column);
        }
        (void)fputc('\n', out);
    }
}

/* "name: 998 of 1000 seeds pass" for the runs of each scenario, which stand side by side. */
static void write_counts(FILE *out, const struct run_report *reports, size_t count)
{
    for (size_t i = 0; i < count;) {
        const char *file = reports[i].file;
        size_t runs = 0;
        size_t passed = 0;

        (void)utf8_put_plain(out, reports[i].name, NAME_COLUMNS_MAX);
        for (; i < count && strcmp(reports[i].file, file) == 0; i++) {
            runs++;
            passed += reports[i].summary.verdict == SIM_VERDICT_PASS ? 1 : 0;
        }
        (void)fprintf(out, ": %zu of %zu runs pass\n", passed, runs);
    }
}

void table_write(FILE *out, const struct run_report *reports, size_t count)
{
    const bool all = count <= TABLE_ROWS_MAX;
    struct row *rows = report_take(all ? count : TABLE_ROWS_MAX, sizeof *rows);
    size_t filled = 0;
    size_t left_out = 0;

    for (size_t i = 0; i < count; i++) {
        if (!all && reports[i].summary.verdict == SIM_VERDICT_PASS) {
            continue;
        }
        if (filled == TABLE_ROWS_MAX) {
            left_out++;
            continue;
        }
        fill_row(&rows[filled++], &reports[i]);
    }
    if (filled > 0) {
        write_rows(out, rows, filled);
    }
    if (left_out > 0) {
        (void)fprintf(out, "and %zu more which did not pass\n", left_out);
    }
    if (!all) {
        write_counts(out, reports, count);
    }
    free(rows);
}

void table_totals(FILE *out, const struct run_report *reports, size_t count, int64_t elapsed_ns)
{
    size_t verdicts[SIM_VERDICT_ERROR + 1] = {0};
    int64_t virtual_ns = 0;
    uint64_t peak = 0;
    uint64_t migrations = 0;
    char text[QUANTITY_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        const struct report_summary *summary = &reports[i].summary;

        verdicts[summary->verdict]++;
        virtual_ns += summary->virtual_ns;
        migrations += summary->migrations;
        peak = summary->peak_bytes > peak ? summary->peak_bytes : peak;
    }
    (void)fprintf(
        out,
        "%zu run%s: %zu pass, %zu fail, %zu error; %" PRIu64 " migration%s; ",
        count,
        count == 1 ? "" : "s",
        verdicts[SIM_VERDICT_PASS],
        verdicts[SIM_VERDICT_FAIL],
        verdicts[SIM_VERDICT_ERROR],
        migrations,
        migrations == 1 ? "" : "s");
    (void)fprintf(out, "%s of virtual time ", duration_text(text, virtual_ns));
    (void)fprintf(out, "in %s; ", duration_text(text, elapsed_ns));
    (void)fprintf(out, "at most %s of memory a run\n", bytes_text(text, peak));
}
