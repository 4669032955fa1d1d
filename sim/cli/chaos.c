/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chaos.c -- `ferry-sim chaos`: many seeds, one table, and each failing seed with the commands that
 * show it again.
 */
#include "sim/chaos/crew.h"
#include "sim/chaos/matrix.h"
#include "sim/chaos/plan.h"
#include "sim/cli/chaos_options.h"
#include "sim/cli/cli.h"
#include "sim/cli/pool.h"
#include "sim/cli/progress.h"
#include "sim/cli/run_options.h"
#include "sim/report/junit.h"
#include "sim/report/memory.h"
#include "sim/report/quantity_text.h"
#include "sim/report/screen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Failing seeds that are printed; the file has all of them. */
#define SHOWN_MAX     20U
#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MINUTE (60 * NS_PER_SECOND)

struct session {
    const struct cli_call *call;
    struct chaos_options options;
    FILE *text;     /* where people read */
    FILE *progress; /* NULL: no line */
    struct matrix matrix;
    uint64_t last_seed; /* the highest that was run */
    int64_t begun_ns;
    int64_t next_progress_ns;
};

static int64_t clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* ---- the runs ---- */

/* In the worker. A plan that is no valid scenario is our own bug, and said as such. */
static void work(void *context, uint64_t seed, struct trial *trial)
{
    const struct session *session = context;
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    size_t size = 0;
    char *text = plan_text(seed, &size);

    if (scenario_load_text("chaos.yaml", text, size, &scenario, &errors) != SCENARIO_OK) {
        *trial = (struct trial){.verdict = TRIAL_BROKEN, .id = "plan"};
        (void)snprintf(
            trial->message,
            sizeof trial->message,
            "%s",
            errors.count > 0 ? errors.items[0].message : "no memory");
    } else if (!trial_run(
                   scenario,
                   &(struct trial_options){
                       .run = session->call->world->run,
                       .network = session->options.network,
                       .seed = scenario->seed,
                   },
                   trial)) {
        *trial = (struct trial){.verdict = TRIAL_BROKEN, .id = "begin"};
        (void)snprintf(
            trial->message, sizeof trial->message, "the simulated world could not begin");
    }
    scenario_free(scenario);
    scenario_errors_free(&errors);
    free(text);
}

static void show_progress(struct session *session)
{
    const int64_t now = clock_ns();

    if (session->progress == NULL || now < session->next_progress_ns) {
        return;
    }
    session->next_progress_ns = now + NS_PER_SECOND / 5;
    (void)fprintf(
        session->progress,
        "\r\033[K%" PRIu64 " seeds, %" PRIu64 " migrations, %zu failing",
        session->matrix.all.runs,
        session->matrix.migrations,
        session->matrix.failure_count);
    (void)fflush(session->progress);
}

static void done(void *context, uint64_t seed, const struct trial *trial)
{
    struct session *session = context;
    struct plan plan;

    plan_draw(&plan, seed);
    matrix_add(&session->matrix, seed, plan.kinds == 0 ? 1 : plan.kinds, trial);
    session->last_seed = seed > session->last_seed ? seed : session->last_seed;
    show_progress(session);
}

/* ---- afterwards ---- */

static void put_network(FILE *out, const struct session *session)
{
    if (session->options.network != SIM_NETWORK_LIGHT) {
        (void)fprintf(out, " --net %s", run_network_name(session->options.network));
    }
}

static void put_commands(FILE *out, const struct session *session, uint64_t seed)
{
    const char *command = session->call->command;

    (void)fputs("  reproduce: ", out);
    screen_put_quoted(out, command);
    (void)fprintf(out, " chaos --seed %" PRIu64, seed);
    put_network(out, session);
    (void)fputs("\n  as a file: ", out);
    screen_put_quoted(out, command);
    (void)fprintf(out, " chaos --print %" PRIu64 "\n", seed);
}

static void print_failures(const struct session *session)
{
    const struct matrix *matrix = &session->matrix;

    for (size_t i = 0; i < matrix->failure_count && i < SHOWN_MAX; i++) {
        const struct matrix_failure *failure = &matrix->failures[i];
        char at[QUANTITY_TEXT_SIZE];

        (void)fprintf(
            session->text,
            "%s  seed %" PRIu64 "  %s at %s s: %s\n",
            failure->trial.verdict == TRIAL_BROKEN ? "BROKEN" : "FAIL",
            failure->number,
            failure->trial.id,
            seconds_text(at, failure->trial.at_ns),
            failure->trial.message);
        put_commands(session->text, session, failure->number);
    }
    if (matrix->failure_count > SHOWN_MAX) {
        (void)fprintf(
            session->text,
            "and %zu more in %s\n",
            matrix->failure_count - SHOWN_MAX,
            session->options.failures);
    }
    if (matrix->failure_count > 0) {
        (void)fputc('\n', session->text);
    }
}

static void print_totals(const struct session *session, int64_t elapsed_ns)
{
    const struct matrix *matrix = &session->matrix;
    char elapsed[QUANTITY_TEXT_SIZE];
    const uint64_t a_minute =
        elapsed_ns > 0 ? (uint64_t)((double)matrix->migrations * (double)NS_PER_MINUTE /
                                    (double)elapsed_ns / session->options.jobs)
                       : 0;

    matrix_table(session->text, matrix, plan_kind_name);
    (void)fprintf(
        session->text,
        "%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " ok, %" PRIu64 " unwinnable, %" PRIu64
        " violated, %" PRIu64 " broken; %" PRIu64 " migrations in %s, %" PRIu64
        " a minute and process\n",
        matrix->all.runs,
        session->options.first_seed,
        matrix->all.verdicts[TRIAL_OK],
        matrix->all.verdicts[TRIAL_UNWINNABLE],
        matrix->all.verdicts[TRIAL_VIOLATED],
        matrix->all.verdicts[TRIAL_BROKEN],
        matrix->migrations,
        duration_text(elapsed, elapsed_ns),
        a_minute);
}

/* A line for each: seed, network, id and message, as `chaos --seed` and people take them. */
static bool append_failures(const struct session *session)
{
    const struct matrix *matrix = &session->matrix;

    if (matrix->failure_count == 0) {
        return true;
    }
    FILE *file = fopen(session->options.failures, "a");
    bool fine = file != NULL;

    for (size_t i = 0; fine && i < matrix->failure_count; i++) {
        const struct matrix_failure *failure = &matrix->failures[i];

        fine = fprintf(
                   file,
                   "%" PRIu64 " %s %s %s: %s\n",
                   failure->number,
                   run_network_name(session->options.network),
                   trial_verdict_name(failure->trial.verdict),
                   failure->trial.id,
                   failure->trial.message) > 0;
    }
    if (file != NULL && fclose(file) != 0) {
        fine = false;
    }
    if (!fine) {
        cli_complain("%s: %s", session->options.failures, strerror(errno));
    }
    return fine;
}

static void write_json(const struct session *session, FILE *out)
{
    const struct environment *environment = &session->call->world->environment;
    struct json_writer writer = json_writer_on(out);

    writer_open(&writer, '{');
    writer_member_unsigned(&writer, "version", 1);
    writer_key(&writer, "environment");
    writer_open(&writer, '{');
    writer_member_string(&writer, "ferry", environment->ferry);
    writer_member_string(&writer, "architecture", environment->architecture);
    writer_member_string(&writer, "simgrid", environment->simgrid);
    writer_close(&writer, '}');
    writer_key(&writer, "chaos");
    writer_open(&writer, '{');
    writer_member_string(&writer, "network", run_network_name(session->options.network));
    writer_member_unsigned(&writer, "first_seed", session->options.first_seed);
    matrix_json(&writer, &session->matrix, plan_kind_name);
    writer_key(&writer, "failures");
    writer_open(&writer, '[');
    for (size_t i = 0; i < session->matrix.failure_count; i++) {
        const struct matrix_failure *failure = &session->matrix.failures[i];

        writer_line(&writer);
        writer_open(&writer, '{');
        writer_member_unsigned(&writer, "seed", failure->number);
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

/* One case for all seeds together, which passes if all do, and one for each that does not. */
static void write_junit(const struct session *session, FILE *out, int64_t elapsed_ns)
{
    const struct matrix *matrix = &session->matrix;
    struct run_report *reports = report_take(matrix->failure_count + 1, sizeof *reports);

    reports[0] = (struct run_report){
        .file = "chaos",
        .name = "chaos",
        .seed = session->options.first_seed,
        .summary.wall_ns = elapsed_ns,
        .details = report_copy(""),
        .screen = report_copy(""),
        .timeline = report_copy(""),
    };
    for (size_t i = 0; i < matrix->failure_count; i++) {
        const struct matrix_failure *failure = &matrix->failures[i];
        const bool broken = failure->trial.verdict == TRIAL_BROKEN;
        struct run_report *report = &reports[i + 1];

        *report = reports[0];
        report->seed = failure->number;
        report->summary.wall_ns = 0;
        report->details = report_copy("");
        report->screen = report_copy("");
        report->timeline = report_copy("");
        run_report_fail(
            report,
            broken ? SIM_VERDICT_ERROR : SIM_VERDICT_FAIL,
            failure->trial.id,
            failure->trial.message);
    }
    junit_document(out, reports, matrix->failure_count + 1);
    for (size_t i = 0; i <= matrix->failure_count; i++) {
        run_report_deinit(&reports[i]);
    }
    free(reports);
}

static bool write_outputs(struct session *session, int64_t elapsed_ns)
{
    struct chaos_options *options = &session->options;
    bool fine = append_failures(session);

    if (options->json.stream != NULL) {
        write_json(session, options->json.stream);
        fine = output_commit(&options->json) && fine;
    }
    if (options->junit.stream != NULL) {
        write_junit(session, options->junit.stream, elapsed_ns);
        fine = output_commit(&options->junit) && fine;
    }
    return fine;
}

static int conclude(struct session *session)
{
    const int64_t elapsed_ns = clock_ns() - session->begun_ns;

    matrix_sort(&session->matrix);
    if (session->progress != NULL) {
        progress_clear(session->progress);
    }
    print_failures(session);
    print_totals(session, elapsed_ns);
    if (!write_outputs(session, elapsed_ns)) {
        return CLI_USAGE;
    }
    return session->matrix.failure_count > 0 ? CLI_FAIL : CLI_PASS;
}

/* Returns the exit status, or minus the signal that shall end us. */
static int run_all(struct session *session, const struct pool_signals *signals)
{
    const struct chaos_options *options = &session->options;
    const unsigned jobs = options->jobs < CREW_MAX ? options->jobs : CREW_MAX;
    const struct crew_config config = {
        .workers = jobs < options->count ? jobs : (unsigned)options->count,
        .first = options->first_seed,
        .count = options->count,
        .for_ns = options->for_ns,
        .one_job_each = options->network == SIM_NETWORK_SIMGRID,
        .watched = signals->watched,
        .old_mask = signals->old_mask,
        .context = session,
        .work = work,
        .done = done,
    };

    if (options->network == SIM_NETWORK_SIMGRID) {
        session->call->world->prepare();
    }
    session->options.jobs = config.workers;
    session->begun_ns = clock_ns();
    const int ended = crew_run(&config);

    if (ended != 0) {
        return ended > 0 ? -ended : CLI_USAGE;
    }
    return conclude(session);
}

static int print_plan(uint64_t seed)
{
    size_t size = 0;
    char *text = plan_text(seed, &size);

    (void)fputs(text, stdout);
    free(text);
    return CLI_PASS;
}

int cli_chaos(const struct cli_call *call)
{
    struct session session = {.call = call};
    struct chaos_options *options = &session.options;
    struct pool_signals signals;
    int status = CLI_USAGE;

    chaos_options_parse(options, call->argc, call->argv);
    if (options->print) {
        return print_plan(options->first_seed);
    }
    session.text =
        output_is_stdout(&options->json) || output_is_stdout(&options->junit) ? stderr : stdout;
    session.progress = progress_possible(stderr) ? stderr : NULL;
    pool_hold_signals(&signals);
    const bool json = output_open(&options->json);
    const bool junit = output_open(&options->junit);

    if (json && junit) {
        status = run_all(&session, &signals);
    }
    output_discard(&options->json);
    output_discard(&options->junit);
    matrix_free(&session.matrix);
    pool_release_signals(&signals);
    if (status < 0) {
        (void)signal(-status, SIG_DFL);
        (void)raise(-status);
        return CLI_USAGE;
    }
    return status;
}
