/* SPDX-License-Identifier: Apache-2.0 */
/* run_outcome.c -- reads what a child left, judges how it ended, compares two times. */
#include "sim/cli/run_outcome.h"

#include "sim/cli/job.h"
#include "sim/report/divergence.h"
#include "sim/report/memory.h"
#include "sim/report/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Bytes kept of what a run printed: the end, where the cause of a crash stands. */
#define OUTPUT_KEPT 4000L

void run_outcome_init(struct run_outcome *run, const struct scenario *scenario, uint64_t seed)
{
    *run = (struct run_outcome){.taken = 0};
    run_report_init(&run->report, scenario, seed);
    run_report_init(&run->second, scenario, seed);
}

static void close_logs(struct run_outcome *run)
{
    for (size_t i = 0; i < 2; i++) {
        if (run->logs[i] != NULL) {
            (void)fclose(run->logs[i]);
            run->logs[i] = NULL;
        }
    }
}

void run_outcome_deinit(struct run_outcome *run)
{
    run_report_deinit(&run->report);
    run_report_deinit(&run->second);
    close_logs(run);
    free(run->output);
    run->output = NULL;
}

static char *read_end(FILE *stream)
{
    if (fseek(stream, 0, SEEK_END) != 0) {
        return NULL;
    }
    const long size = ftell(stream);
    const long kept = size < OUTPUT_KEPT ? size : OUTPUT_KEPT;

    if (kept <= 0 || fseek(stream, -kept, SEEK_END) != 0) {
        return NULL;
    }
    char *text = report_take((size_t)kept + 1, 1);

    text[fread(text, 1, (size_t)kept, stream)] = '\0';
    return text;
}

/* "killed by signal 11 (Segmentation fault)" */
static void describe_end(char *text, size_t size, int status)
{
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);

        (void)snprintf(
            text,
            size,
            "the run's process was killed by SIG%s (%s)",
            sigabbrev_np(number) == NULL ? "?" : sigabbrev_np(number),
            strsignal(number));
    } else if (WEXITSTATUS(status) == JOB_NO_PACKAGE) {
        (void)snprintf(
            text, size, "the run's result could not be written into a temporary file: disk full?");
    } else if (WEXITSTATUS(status) != JOB_DONE) {
        (void)snprintf(text, size, "the run's process ended with status %d", WEXITSTATUS(status));
    } else {
        (void)snprintf(text, size, "the run's process ended without a whole result");
    }
}

void run_outcome_take(struct run_outcome *run, size_t which, struct pool_end *end)
{
    struct run_report *report = which == 0 ? &run->report : &run->second;
    const bool whole = report_unpack(end->files.package, report);
    const bool fine = WIFEXITED(end->status) && WEXITSTATUS(end->status) == JOB_DONE;

    run->taken++;
    report->summary.peak_bytes = end->peak_bytes;
    run->logs[which] = end->files.log;
    end->files.log = NULL;
    if (run->output == NULL) {
        run->output = read_end(end->files.output);
    }
    if (!whole || !fine) {
        char message[160];

        run->broken = true;
        describe_end(message, sizeof message, end->status);
        run_report_fail(&run->report, SIM_VERDICT_ERROR, "error", message);
    }
}

static void append_screen(struct run_report *report, const char *text)
{
    const size_t size = strlen(report->screen) + strlen(text) + 1;
    char *both = report_take(size, 1);

    (void)snprintf(both, size, "%s%s", report->screen, text);
    free(report->screen);
    report->screen = both;
}

static void note_difference(struct run_outcome *run, const char *message)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&text, &size);

    if (!divergence_write(stream, run->logs[0], run->logs[1])) {
        (void)fputs("  every logged event is the same in both\n", stream);
    }
    report_text_close(stream);
    run_report_fail(&run->report, SIM_VERDICT_FAIL, "twice", message);
    append_screen(&run->report, text);
    free(text);
    run->differs = true;
}

void run_outcome_compare(struct run_outcome *run)
{
    const struct report_summary *first = &run->report.summary;
    const struct report_summary *second = &run->second.summary;
    char message[160];

    if (run->taken < 2 || run->broken) {
        close_logs(run);
        return;
    }
    if (first->hash != second->hash || first->events != second->events) {
        (void)snprintf(
            message,
            sizeof message,
            "the same seed twice: hashes %016" PRIx64 " (%" PRIu64 " events) and %016" PRIx64
            " (%" PRIu64 " events)",
            first->hash,
            first->events,
            second->hash,
            second->events);
        note_difference(run, message);
    } else if (
        first->verdict != second->verdict || first->virtual_ns != second->virtual_ns ||
        strcmp(run->report.details, run->second.details) != 0) {
        note_difference(run, "the same seed twice: equal hashes, but other results");
    }
    close_logs(run);
    run_report_deinit(&run->second);
}

void run_outcome_put_output(FILE *out, const struct run_outcome *run)
{
    const char *line = run->output;

    while (line != NULL && *line != '\0') {
        const size_t length = strcspn(line, "\n");
        char *copy = report_take(length + 1, 1);

        memcpy(copy, line, length);
        (void)fputs("    ", out);
        (void)utf8_put_plain(out, copy, SIZE_MAX);
        (void)fputc('\n', out);
        free(copy);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}
