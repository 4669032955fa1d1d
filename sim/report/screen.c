/* SPDX-License-Identifier: Apache-2.0 */
/* screen.c -- draws the screen of a run which did not pass; at most about 45 lines. */
#include "sim/report/screen.h"

#include "sim/report/concerned.h"
#include "sim/report/event_text.h"
#include "sim/report/quantity_text.h"
#include "sim/report/utf8.h"

#include <inttypes.h>
#include <string.h>

#define FAILURES_SHOWN 8U
#define ABORTED_SHOWN  FERRY_ATTEMPTS_MAX
#define BAR_COLUMNS    40U

/* ---- head and tail ---- */

void screen_head(FILE *out, const struct run_report *report)
{
    (void)fputs(report->summary.verdict == SIM_VERDICT_ERROR ? "ERROR  " : "FAIL  ", out);
    (void)utf8_put_plain(out, report->name, 80);
    (void)fputs("  (", out);
    (void)utf8_put_plain(out, report->file, SIZE_MAX);
    (void)fprintf(out, ", seed %" PRIu64 ")\n", report->seed);
    for (size_t i = 0; i < report->failure_count && i < FAILURES_SHOWN; i++) {
        const struct report_failure *failure = &report->failures[i];
        char seconds[QUANTITY_TEXT_SIZE];

        (void)fprintf(out, "  %-5s at %s s: ", failure->id, seconds_text(seconds, failure->at_ns));
        (void)utf8_put_plain(out, failure->message, SIZE_MAX);
        (void)fputc('\n', out);
    }
    const uint64_t hidden =
        report->failures_dropped +
        (report->failure_count > FAILURES_SHOWN ? report->failure_count - FAILURES_SHOWN : 0);

    if (hidden > 0) {
        (void)fprintf(out, "  and %" PRIu64 " more\n", hidden);
    }
}

void screen_put_quoted(FILE *out, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_./:=@%+,-";

    if (word[0] == '-') {
        (void)fputs("./", out);
    }
    if (word[0] != '\0' && strspn(word, safe) == strlen(word)) {
        (void)fputs(word, out);
        return;
    }
    (void)fputc('\'', out);
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            (void)fputs("'\\''", out);
        } else {
            (void)fputc(*word, out);
        }
    }
    (void)fputc('\'', out);
}

void screen_put_command(FILE *out, const struct run_report *report, const char *command, bool twice)
{
    screen_put_quoted(out, command);
    (void)fprintf(
        out,
        " run%s%s --seed %" PRIu64 " ",
        twice ? " --twice" : "",
        report->options == NULL ? "" : report->options,
        report->seed);
    screen_put_quoted(out, report->file);
}

void screen_tail(FILE *out, const struct run_report *report, const char *command, bool twice)
{
    char seconds[QUANTITY_TEXT_SIZE];

    (void)fprintf(
        out,
        "  ended at %s s, %" PRIu64 " events, hash %016" PRIx64 "%s%s\n  reproduce: ",
        seconds_text(seconds, report->summary.virtual_ns),
        report->summary.events,
        report->summary.hash,
        report->commit == NULL ? "" : ", built from commit ",
        report->commit == NULL ? "" : report->commit);
    screen_put_command(out, report, command, twice);
    (void)fputc('\n', out);
}

/* ---- the migration concerned ---- */

static void
write_summary(FILE *out, const struct scenario *scenario, const struct sim_migration *migration)
{
    const struct ferry_outcome *outcome = &migration->outcome;
    char total[QUANTITY_TEXT_SIZE];
    char sent[QUANTITY_TEXT_SIZE];

    (void)fprintf(
        out,
        "  move %s, %s -> %s: %s",
        scenario->guests[migration->guest].name,
        scenario->hosts[migration->from].name,
        migration->to < scenario->host_count ? scenario->hosts[migration->to].name : "nowhere",
        outcome->kind == FERRY_OUTCOME_NONE ? "not ended" : ferry_outcome_name(outcome->kind));
    (void)fprintf(out, " after %s", duration_text(total, outcome->total_ns));
    if (outcome->restarted) {
        (void)fputs(", rounds and bytes unknown (source restarted)", out);
    } else {
        (void)fprintf(
            out,
            ", %" PRIu32 " rounds, %s sent",
            outcome->round_count,
            bytes_text(sent, outcome->wire_bytes));
    }
    if (outcome->reason[0] != '\0') {
        (void)fprintf(out, ": %s", outcome->reason);
    }
    (void)fputc('\n', out);
}

static void write_part(FILE *out, const char *name, int64_t at, int64_t ns, int64_t whole)
{
    char length[QUANTITY_TEXT_SIZE];
    const double scale = whole > 0 ? (double)BAR_COLUMNS / (double)whole : 0.0;
    const unsigned from = (unsigned)((double)at * scale);
    const unsigned to = (unsigned)((double)(at + ns) * scale + 0.5);

    (void)fprintf(out, "    %-14s %10s  |", name, duration_text(length, ns));
    for (unsigned i = 0; i < BAR_COLUMNS; i++) {
        const bool filled = i >= from && (i < to || (i == from && ns > 0));

        (void)fputc(filled ? '#' : ' ', out);
    }
    (void)fputs("|\n", out);
}

static void write_blackout(FILE *out, const struct sim_migration *migration)
{
    const struct ferry_blackout *blackout = &migration->outcome.blackout;
    const struct {
        const char *name;
        int64_t ns;
    } parts[] = {
        {"capture",       blackout->capture_ns      },
        {"collect",       blackout->collect_ns      },
        {"transfer",      blackout->transfer_ns     },
        {"load",          blackout->load_ns         },
        {"ready",         blackout->ready_ns        },
        {"grant persist", blackout->grant_persist_ns},
        {"grant",         blackout->grant_ns        },
        {"owner persist", blackout->owner_persist_ns},
        {"resume",        blackout->resume_ns       },
    };
    char length[QUANTITY_TEXT_SIZE];
    char predicted[QUANTITY_TEXT_SIZE];
    char begin[QUANTITY_TEXT_SIZE];
    int64_t at = 0;

    (void)fprintf(
        out,
        "  blackout: %s (predicted %s), began at %s s\n",
        duration_text(length, blackout->total_ns),
        migration->outcome.restarted
            ? "unknown: source restarted"
            : duration_text(predicted, migration->outcome.predicted_blackout_ns),
        seconds_text(begin, migration->paused_at_ns));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        write_part(out, parts[i].name, at, parts[i].ns, blackout->total_ns);
        at += parts[i].ns;
    }
}

static void write_attempts(FILE *out, const struct ferry_outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->aborted_count && i < ABORTED_SHOWN; i++) {
        const struct ferry_aborted_attempt *aborted = &outcome->aborted[i];
        char paused[QUANTITY_TEXT_SIZE];
        char predicted[QUANTITY_TEXT_SIZE];

        (void)fprintf(
            out,
            "  attempt %" PRIu32 " aborted: paused for %s (predicted %s): %s\n",
            aborted->attempt,
            duration_text(paused, aborted->paused_ns),
            duration_text(predicted, aborted->predicted_ns),
            ferry_status_sentence(aborted->reason));
    }
}

/* ---- the last events, in two columns ---- */

static void write_padded(FILE *out, const char *text, size_t columns)
{
    for (size_t used = utf8_put_plain(out, text, columns); used < columns; used++) {
        (void)fputc(' ', out);
    }
}

static void write_event(FILE *out, const struct sim_event *event, size_t width)
{
    char text[SCREEN_COLUMNS_MAX * 2];

    event_write_short(text, sizeof text, event);
    (void)fputs("  ", out);
    switch (event->side) {
    case SIM_SIDE_SOURCE:
        write_padded(out, text, width);
        (void)fputs(" |", out);
        break;
    case SIM_SIDE_TARGET:
        write_padded(out, "", width);
        (void)fputs(" | ", out);
        (void)utf8_put_plain(out, text, width);
        break;
    case SIM_SIDE_WORLD:
        (void)fputs("* ", out);
        (void)utf8_put_plain(out, text, width * 2);
        break;
    }
    (void)fputc('\n', out);
}

static void write_title(FILE *out, const struct sim_result *result, uint32_t index, size_t width)
{
    const struct scenario *scenario = result->scenario;
    char text[SCREEN_COLUMNS_MAX];

    if (index == SIM_RESULT_NONE) {
        (void)fputs("  last events\n", out);
        return;
    }
    const struct sim_migration *migration = &result->migrations[index];

    (void)snprintf(
        text,
        sizeof text,
        "%s: source %s",
        concerned_at_outcome(result, index) ? "events up to its outcome" : "last events",
        scenario->hosts[migration->from].name);
    (void)fputs("  ", out);
    write_padded(out, text, width);
    (void)snprintf(
        text,
        sizeof text,
        "target %s",
        migration->to < scenario->host_count ? scenario->hosts[migration->to].name : "-");
    (void)fputs(" | ", out);
    (void)utf8_put_plain(out, text, width);
    (void)fputc('\n', out);
}

static void
write_events(FILE *out, const struct sim_result *result, uint32_t migration, unsigned columns)
{
    const size_t width = (columns - 5) / 2;
    const struct sim_event *events[CONCERNED_EVENTS];
    const size_t count = concerned_events(result, migration, events);

    write_title(out, result, migration, width);
    for (size_t i = count; i > 0; i--) {
        write_event(out, events[i - 1], width);
    }
    if (count == 0) {
        (void)fputs("  none\n", out);
    }
}

static unsigned usable(unsigned columns)
{
    if (columns < SCREEN_COLUMNS_MIN) {
        return SCREEN_COLUMNS_MIN;
    }
    return columns > SCREEN_COLUMNS_MAX ? SCREEN_COLUMNS_MAX : columns;
}

void screen_middle(FILE *out, const struct sim_result *result, unsigned columns)
{
    const uint32_t index = concerned_migration(result);

    if (index != SIM_RESULT_NONE) {
        const struct sim_migration *migration = &result->migrations[index];

        write_summary(out, result->scenario, migration);
        if (sim_blackout_known(&migration->outcome)) {
            write_blackout(out, migration);
        }
        write_attempts(out, &migration->outcome);
    }
    write_events(out, result, index, usable(columns));
}
