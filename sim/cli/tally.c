/* SPDX-License-Identifier: Apache-2.0 */
/* tally.c -- counting, and the reports of many numbered runs. */
#include "sim/cli/tally.h"

#include "sim/cli/progress.h"
#include "sim/cli/run_options.h"
#include "sim/report/junit.h"
#include "sim/report/memory.h"
#include "sim/report/quantity_text.h"
#include "sim/report/run_json.h"
#include "sim/report/screen.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Failing numbers that are printed; the file has all of them. */
#define SHOWN_MAX     20U
#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MINUTE (60 * NS_PER_SECOND)

int64_t tally_clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* A failing number that finds no file would be lost at the end of hours. Looked at and not opened:
 * while nothing fails there shall be no file, and another run may be adding to the same. */
static bool failures_can_be_kept(const char *path)
{
    struct stat status;
    bool fine = false;

    if (stat(path, &status) == 0) {
        errno = EISDIR;
        fine = !S_ISDIR(status.st_mode) && access(path, W_OK) == 0;
    } else if (errno == ENOENT) {
        char *copy = report_copy(path); /* dirname() wants to be able to change it */

        fine = path[0] != '\0' && access(dirname(copy), W_OK | X_OK) == 0;
        free(copy);
    }
    if (!fine) {
        cli_complain("--failures %s: cannot be written: %s", path, strerror(errno));
    }
    return fine;
}

bool tally_open(struct tally *tally)
{
    const bool failures = failures_can_be_kept(tally->failures);
    const bool json = output_open(&tally->json);
    const bool junit = output_open(&tally->junit);

    tally->text =
        output_is_stdout(&tally->json) || output_is_stdout(&tally->junit) ? stderr : stdout;
    tally->progress = progress_possible(stderr) ? stderr : NULL;
    tally->begun_ns = tally_clock_ns();
    return failures && json && junit;
}

void tally_close(struct tally *tally)
{
    output_discard(&tally->json);
    output_discard(&tally->junit);
    matrix_free(&tally->matrix);
}

/* ---- runs ---- */

static void broken(struct trial *trial, const char *id, const char *message)
{
    *trial = (struct trial){.verdict = TRIAL_BROKEN};
    (void)snprintf(trial->id, sizeof trial->id, "%s", id);
    (void)snprintf(trial->message, sizeof trial->message, "%s", message);
}

void tally_run(const struct tally *tally, const char *text, size_t size, struct trial *trial)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    char name[32];

    (void)snprintf(name, sizeof name, "%s.yaml", tally->verb);
    if (scenario_load_text(name, text, size, &scenario, &errors) != SCENARIO_OK) {
        broken(trial, "scenario", errors.count > 0 ? errors.items[0].message : "no memory");
    } else if (!trial_run(
                   scenario,
                   &(struct trial_options){
                       .run = tally->call->world->run,
                       .network = tally->network,
                       .seed = scenario->seed,
                   },
                   trial)) {
        broken(trial, "begin", "the simulated world could not begin");
    }
    scenario_free(scenario);
    scenario_errors_free(&errors);
}

static void show_progress(struct tally *tally)
{
    const int64_t now = tally_clock_ns();

    if (tally->progress == NULL || now < tally->next_progress_ns) {
        return;
    }
    tally->next_progress_ns = now + NS_PER_SECOND / 5;
    (void)fprintf(
        tally->progress,
        "\r\033[K%" PRIu64 " %ss, %" PRIu64 " migrations, %zu failing",
        tally->matrix.all.runs,
        tally->noun,
        tally->matrix.migrations,
        tally->matrix.failure_count);
    (void)fflush(tally->progress);
}

static bool is_failure(const struct trial *trial)
{
    return trial->verdict == TRIAL_VIOLATED || trial->verdict == TRIAL_BROKEN;
}

/* One line: verb, number, network, verdict, id and message. Written as soon as it is known, so that
 * whatever ends the process leaves what was found. What cannot be written is said once. */
static void append_failure(struct tally *tally, uint64_t number, const struct trial *trial)
{
    if (tally->failures_lost) {
        return;
    }
    FILE *file = fopen(tally->failures, "ae");
    bool fine = file != NULL && fprintf(
                                    file,
                                    "%s %" PRIu64 " %s %s %s: %s\n",
                                    tally->verb,
                                    number,
                                    run_network_name(tally->network),
                                    trial_verdict_name(trial->verdict),
                                    trial->id,
                                    trial->message) > 0;

    if (file != NULL && fclose(file) != 0) {
        fine = false;
    }
    if (!fine) {
        cli_complain("--failures %s: %s", tally->failures, strerror(errno));
        tally->failures_lost = true;
    }
}

void tally_add(struct tally *tally, uint64_t number, uint64_t rows, const struct trial *trial)
{
    matrix_add(&tally->matrix, number, rows, trial);
    if (is_failure(trial)) {
        append_failure(tally, number, trial);
    }
    show_progress(tally);
}

/* ---- afterwards ---- */

static void put_commands(FILE *out, const struct tally *tally, uint64_t number)
{
    const char *command = tally->call->command;

    (void)fputs("  reproduce: ", out);
    screen_put_quoted(out, command);
    (void)fprintf(
        out, " %s%s --%s %" PRIu64 "\n", tally->verb, tally->options, tally->noun, number);
    (void)fputs("  as a file: ", out);
    screen_put_quoted(out, command);
    (void)fprintf(out, " %s%s --print %" PRIu64 "\n", tally->verb, tally->options, number);
}

static void print_failures(const struct tally *tally)
{
    const struct matrix *matrix = &tally->matrix;

    for (size_t i = 0; i < matrix->failure_count && i < SHOWN_MAX; i++) {
        const struct matrix_failure *failure = &matrix->failures[i];
        char at[QUANTITY_TEXT_SIZE];

        (void)fprintf(
            tally->text,
            "%s  %s %" PRIu64 "  %s at %s s: %s\n",
            failure->trial.verdict == TRIAL_BROKEN ? "BROKEN" : "FAIL",
            tally->noun,
            failure->number,
            failure->trial.id,
            seconds_text(at, failure->trial.at_ns),
            failure->trial.message);
        put_commands(tally->text, tally, failure->number);
    }
    if (matrix->failure_count > SHOWN_MAX) {
        (void)fprintf(
            tally->text,
            "and %zu more in %s\n",
            matrix->failure_count - SHOWN_MAX,
            tally->failures);
    }
    if (matrix->failure_count > 0) {
        (void)fputc('\n', tally->text);
    }
}

static void print_totals(const struct tally *tally, int64_t elapsed_ns)
{
    const struct matrix *matrix = &tally->matrix;
    char elapsed[QUANTITY_TEXT_SIZE];
    const uint64_t a_minute =
        elapsed_ns > 0 ? (uint64_t)((double)matrix->migrations * (double)NS_PER_MINUTE /
                                    (double)elapsed_ns / tally->jobs)
                       : 0;

    matrix_table(tally->text, matrix, tally->names);
    (void)fprintf(
        tally->text,
        "%" PRIu64 " %ss from %" PRIu64 ": %" PRIu64 " ok, %" PRIu64 " unwinnable, %" PRIu64
        " violated, %" PRIu64 " broken; %" PRIu64 " migrations in %s, %" PRIu64
        " a minute and process\n",
        matrix->all.runs,
        tally->noun,
        tally->first,
        matrix->all.verdicts[TRIAL_OK],
        matrix->all.verdicts[TRIAL_UNWINNABLE],
        matrix->all.verdicts[TRIAL_VIOLATED],
        matrix->all.verdicts[TRIAL_BROKEN],
        matrix->migrations,
        duration_text(elapsed, elapsed_ns),
        a_minute);
}

static void write_json(const struct tally *tally, FILE *out)
{
    const struct environment *environment = &tally->call->world->environment;
    struct json_writer writer = json_writer_on(out);

    writer_open(&writer, '{');
    writer_member_unsigned(&writer, "version", 1);
    run_json_environment(&writer, environment);
    writer_key(&writer, tally->verb);
    writer_open(&writer, '{');
    writer_member_string(&writer, "network", run_network_name(tally->network));
    writer_member_unsigned(&writer, "first", tally->first);
    writer_key(&writer, "interrupted");
    writer_bool(&writer, tally->interrupted != 0);
    matrix_json(&writer, &tally->matrix, tally->names);
    writer_key(&writer, "failures");
    writer_open(&writer, '[');
    for (size_t i = 0; i < tally->matrix.failure_count; i++) {
        const struct matrix_failure *failure = &tally->matrix.failures[i];

        writer_line(&writer);
        writer_open(&writer, '{');
        writer_member_unsigned(&writer, tally->noun, failure->number);
        writer_member_string(&writer, "verdict", trial_verdict_name(failure->trial.verdict));
        writer_member_string(&writer, "id", failure->trial.id);
        writer_member_seconds(&writer, "at_s", failure->trial.at_ns);
        writer_member_string(&writer, "message", failure->trial.message);
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    writer_close(&writer, '}');
    (void)fputc('\n', out);
}

static void say_interrupted(const struct tally *tally, char *text, size_t size)
{
    (void)snprintf(
        text,
        size,
        "interrupted by SIG%s: %" PRIu64 " of %" PRIu64 " %ss had ended",
        sigabbrev_np(tally->interrupted),
        tally->matrix.all.runs,
        tally->count,
        tally->noun);
}

/* The case of one failing number, or of an interruption. */
static void junit_fail(
    struct run_report *report,
    const struct tally *tally,
    const char *which,
    const struct trial *trial)
{
    *report = (struct run_report){
        .file = tally->verb,
        .name = tally->verb,
        .which = which,
        .details = report_copy(""),
        .screen = report_copy(""),
        .timeline = report_copy(""),
    };
    run_report_fail(
        report,
        trial->verdict == TRIAL_BROKEN ? SIM_VERDICT_ERROR : SIM_VERDICT_FAIL,
        trial->id,
        trial->message);
}

struct name {
    char text[64];
};

/* "seeds 1..535": jobs are taken in their order, so those that have run have no gap, unless they were
 * interrupted. */
static void all_numbers(const struct tally *tally, struct name *name)
{
    char *text = name->text;
    const size_t size = sizeof name->text;
    const uint64_t runs = tally->matrix.all.runs;

    if (runs == 0 || tally->interrupted != 0) {
        (void)snprintf(
            text, size, "%" PRIu64 " %ss from %" PRIu64, runs, tally->noun, tally->first);
    } else if (runs == 1) {
        (void)snprintf(text, size, "%s %" PRIu64, tally->noun, tally->first);
    } else {
        (void)snprintf(
            text,
            size,
            "%ss %" PRIu64 "..%" PRIu64,
            tally->noun,
            tally->first,
            tally->first + runs - 1);
    }
}

/* One case for all runs together, which passes if all do, and one for each that does not; an
 * interruption is one more, which is broken: what was not run has not passed. */
static void write_junit(const struct tally *tally, FILE *out, int64_t elapsed_ns)
{
    const struct matrix *matrix = &tally->matrix;
    const size_t room = matrix->failure_count + 2;
    struct run_report *reports = report_take(room, sizeof *reports);
    struct name *names = report_take(room, sizeof *names);
    size_t count = 0;

    all_numbers(tally, &names[0]);
    reports[count++] = (struct run_report){
        .file = tally->verb,
        .name = tally->verb,
        .which = names[0].text,
        .seed = tally->first,
        .summary.wall_ns = elapsed_ns,
        .details = report_copy(""),
        .screen = report_copy(""),
        .timeline = report_copy(""),
    };
    for (size_t i = 0; i < matrix->failure_count; i++) {
        const struct matrix_failure *failure = &matrix->failures[i];

        (void)snprintf(
            names[count].text,
            sizeof names[count].text,
            "%s %" PRIu64,
            tally->noun,
            failure->number);
        junit_fail(&reports[count], tally, names[count].text, &failure->trial);
        count++;
    }
    if (tally->interrupted != 0) {
        struct trial trial = {.verdict = TRIAL_BROKEN, .id = "interrupted"};

        say_interrupted(tally, trial.message, sizeof trial.message);
        junit_fail(&reports[count++], tally, "interrupted", &trial);
    }
    junit_document(out, reports, count);
    for (size_t i = 0; i < count; i++) {
        run_report_deinit(&reports[i]);
    }
    free(reports);
    free(names);
}

static bool write_outputs(struct tally *tally, int64_t elapsed_ns)
{
    bool fine = !tally->failures_lost;

    if (tally->json.stream != NULL) {
        write_json(tally, tally->json.stream);
        fine = output_commit(&tally->json) && fine;
    }
    if (tally->junit.stream != NULL) {
        write_junit(tally, tally->junit.stream, elapsed_ns);
        fine = output_commit(&tally->junit) && fine;
    }
    return fine;
}

int tally_conclude(struct tally *tally)
{
    const int64_t elapsed_ns = tally_clock_ns() - tally->begun_ns;

    matrix_sort(&tally->matrix);
    if (tally->progress != NULL) {
        progress_clear(tally->progress);
    }
    print_failures(tally);
    print_totals(tally, elapsed_ns);
    const bool written = write_outputs(tally, elapsed_ns);

    if (tally->interrupted != 0) {
        char text[160];

        (void)fflush(tally->text); /* the signal ends us without another word */
        say_interrupted(tally, text, sizeof text);
        cli_complain("%s", text);
        return -tally->interrupted;
    }
    if (!written) {
        return CLI_USAGE;
    }
    return tally->matrix.failure_count > 0 ? CLI_FAIL : CLI_PASS;
}
