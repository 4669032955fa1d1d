/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_report.c -- packs a result into pieces and unpacks them.
 *
 * A package is: magic, summary, failures dropped, number of failures, for each its id, time and
 * message, three texts, magic again. A text is its size and its bytes.
 */
#include "sim/report/run_report.h"

#include "sim/report/memory.h"
#include "sim/report/run_json.h"
#include "sim/report/screen.h"
#include "sim/report/timeline.h"

#include <stdlib.h>
#include <string.h>

#define PACKAGE_MAGIC UINT64_C(0x66657272792d7031)

/* A text or count beyond this is no package of ours. */
#define PACKAGE_TEXT_MAX (UINT64_C(1) << 36)

void run_report_init(struct run_report *report, const struct scenario *scenario, uint64_t seed)
{
    *report = (struct run_report){.file = scenario->file, .name = scenario->name, .seed = seed};
    report->details = report_copy("");
    report->screen = report_copy("");
    report->timeline = report_copy("");
    report->summary.predicted_ns = FERRY_TIME_NEVER;
}

void run_report_deinit(struct run_report *report)
{
    for (size_t i = 0; i < report->failure_count; i++) {
        free(report->failures[i].message);
    }
    free(report->failures);
    free(report->details);
    free(report->screen);
    free(report->timeline);
    *report = (struct run_report){.file = NULL};
}

static void summarise_migration(struct report_summary *summary, const struct ferry_outcome *outcome)
{
    summary->outcomes[outcome->kind]++;
    if (outcome->total_ns > summary->total_ns) {
        summary->total_ns = outcome->total_ns;
    }
    if (sim_blackout_known(outcome) && outcome->blackout.total_ns >= summary->blackout_ns) {
        summary->blackout_ns = outcome->blackout.total_ns;
        summary->predicted_ns = outcome->predicted_blackout_ns;
    }
    summary->without_history += outcome->restarted ? 1 : 0;
    if (outcome->round_count > summary->rounds) {
        summary->rounds = outcome->round_count;
    }
    summary->aborted_attempts += outcome->aborted_count;
    summary->wire_bytes += outcome->wire_bytes;
}

static struct report_summary summarise(const struct sim_result *result)
{
    struct report_summary summary = {
        .verdict = result->verdict,
        .hash = result->hash,
        .events = result->events,
        .virtual_ns = result->virtual_ns,
        .wall_ns = result->wall_ns,
        .migrations = (uint32_t)result->migration_count,
        .predicted_ns = FERRY_TIME_NEVER,
        .clients = (uint32_t)result->client_count,
    };

    for (size_t i = 0; i < result->migration_count; i++) {
        summarise_migration(&summary, &result->migrations[i].outcome);
    }
    for (size_t i = 0; i < result->client_count; i++) {
        if (result->clients[i].longest_gap_ns > summary.longest_gap_ns) {
            summary.longest_gap_ns = result->clients[i].longest_gap_ns;
        }
    }
    return summary;
}

/* ---- writing ---- */

static void pack_bytes(FILE *out, const void *bytes, size_t size)
{
    if (size > 0) {
        (void)fwrite(bytes, 1, size, out); /* report_pack() looks at ferror() once */
    }
}

static void pack_number(FILE *out, uint64_t number)
{
    pack_bytes(out, &number, sizeof number);
}

static void pack_text(FILE *out, const char *text, size_t size)
{
    pack_number(out, size);
    pack_bytes(out, text, size);
}

static void pack_details(FILE *out, const struct sim_result *result, bool wanted)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&text, &size);

    if (wanted) {
        run_json_details(stream, result);
    }
    report_text_close(stream);
    pack_text(out, text, size);
    free(text);
}

static void pack_screen(FILE *out, const struct sim_result *result, unsigned columns)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&text, &size);

    if (result->verdict != SIM_VERDICT_PASS) {
        screen_middle(stream, result, columns);
    }
    report_text_close(stream);
    pack_text(out, text, size);
    free(text);
}

static void
pack_timeline(FILE *out, const struct sim_result *result, const struct report_wishes *wishes)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&text, &size);

    if (wishes->timeline) {
        timeline_write(stream, result, wishes->run_index);
    }
    report_text_close(stream);
    pack_text(out, text, size);
    free(text);
}

bool report_pack(FILE *out, const struct sim_result *result, const struct report_wishes *wishes)
{
    const struct report_summary summary = summarise(result);

    pack_number(out, PACKAGE_MAGIC);
    pack_bytes(out, &summary, sizeof summary);
    pack_number(out, result->failures_dropped);
    pack_number(out, result->failure_count);
    for (size_t i = 0; i < result->failure_count; i++) {
        const struct sim_failure_note *note = &result->failures[i];

        pack_bytes(out, note->id, sizeof note->id);
        pack_number(out, (uint64_t)note->at_ns);
        pack_text(out, note->message, strlen(note->message));
    }
    pack_details(out, result, wishes->details);
    pack_screen(out, result, wishes->columns);
    pack_timeline(out, result, wishes);
    pack_number(out, PACKAGE_MAGIC);
    return fflush(out) == 0 && ferror(out) == 0;
}

/* ---- reading ---- */

static bool unpack_bytes(FILE *in, void *bytes, size_t size)
{
    return fread(bytes, 1, size, in) == size;
}

static bool unpack_number(FILE *in, uint64_t *number)
{
    return unpack_bytes(in, number, sizeof *number);
}

static bool unpack_text(FILE *in, char **text)
{
    uint64_t size = 0;

    if (!unpack_number(in, &size) || size > PACKAGE_TEXT_MAX) {
        return false;
    }
    char *fresh = report_take((size_t)size + 1, 1);

    if (!unpack_bytes(in, fresh, (size_t)size)) {
        free(fresh);
        return false;
    }
    free(*text);
    *text = fresh;
    return true;
}

static struct report_failure *add_failure(struct run_report *report)
{
    report->failures = report_room(
        report->failures,
        report->failure_count,
        &report->failure_capacity,
        sizeof *report->failures);
    report->failures[report->failure_count] = (struct report_failure){.message = NULL};
    return &report->failures[report->failure_count++];
}

static bool unpack_failures(FILE *in, struct run_report *report)
{
    uint64_t count = 0;

    if (!unpack_number(in, &report->failures_dropped) || !unpack_number(in, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct report_failure *failure = add_failure(report);
        uint64_t at = 0;

        failure->message = report_copy("");
        if (!unpack_bytes(in, failure->id, sizeof failure->id) || !unpack_number(in, &at) ||
            !unpack_text(in, &failure->message)) {
            return false;
        }
        failure->id[sizeof failure->id - 1] = '\0';
        failure->at_ns = (int64_t)at;
    }
    return true;
}

static bool unpack_into(FILE *in, struct run_report *report)
{
    uint64_t magic = 0;

    if (!unpack_number(in, &magic) || magic != PACKAGE_MAGIC ||
        !unpack_bytes(in, &report->summary, sizeof report->summary) ||
        !unpack_failures(in, report) || !unpack_text(in, &report->details) ||
        !unpack_text(in, &report->screen) || !unpack_text(in, &report->timeline)) {
        return false;
    }
    return unpack_number(in, &magic) && magic == PACKAGE_MAGIC;
}

bool report_unpack(FILE *in, struct run_report *report)
{
    struct run_report fresh = {
        .file = report->file,
        .name = report->name,
        .seed = report->seed,
        .options = report->options,
        .commit = report->commit,
    };

    rewind(in);
    if (!unpack_into(in, &fresh)) {
        run_report_deinit(&fresh);
        return false;
    }
    run_report_deinit(report);
    *report = fresh;
    return true;
}

void run_report_fail(
    struct run_report *report, enum sim_verdict verdict, const char *id, const char *message)
{
    struct report_failure *failure = add_failure(report);

    (void)snprintf(failure->id, sizeof failure->id, "%s", id);
    failure->at_ns = report->summary.virtual_ns;
    failure->message = report_copy(message);
    if (report->summary.verdict < verdict) {
        report->summary.verdict = verdict;
    }
}
