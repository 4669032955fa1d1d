/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c -- `ferry-sim run`: reads all scenarios, runs them, reports.
 *
 * Order of things, so that nothing is found out too late: usage; paths; scenarios, all errors of
 * all of them; outputs can be written; only then the first run. With --twice a run is two tasks of
 * the pool, one after the other in its list.
 */
#include "sim/cli/cli.h"
#include "sim/cli/collect.h"
#include "sim/cli/job.h"
#include "sim/cli/pool.h"
#include "sim/cli/progress.h"
#include "sim/cli/run_options.h"
#include "sim/cli/run_outcome.h"
#include "sim/report/junit.h"
#include "sim/report/memory.h"
#include "sim/report/quantity_text.h"
#include "sim/report/run_json.h"
#include "sim/report/screen.h"
#include "sim/report/table.h"
#include "sim/report/timeline.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Screens of one call: who has more failures than this needs the table, not the screens. */
#define SCREENS_MAX 8U

#define NS_PER_SECOND INT64_C(1000000000)

struct run_session {
    const struct cli_call *call;
    struct run_options options;
    FILE *text;     /* where people read: stdout, or stderr if a document goes to stdout */
    FILE *progress; /* NULL: no line */
    unsigned columns;
    struct scenario **scenarios;
    size_t scenario_count;
    uint64_t seeds; /* of each scenario */
    size_t run_count;
    struct run_outcome *runs;
    int64_t *reached_ns; /* virtual time that each run was last seen at */
    int interrupted;     /* the signal that came before all had ended; 0: none */
};

static int64_t clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* ---- before anything runs ---- */

static bool load_scenarios(struct run_session *session, const struct collection *collection)
{
    bool fine = true;

    session->scenarios = report_take(collection->count, sizeof(struct scenario *));
    for (size_t i = 0; i < collection->count; i++) {
        struct scenario_errors errors = {.items = NULL};
        const enum scenario_status status =
            scenario_load(collection->files[i].path, &session->scenarios[i], &errors);

        session->scenario_count++;
        if (status != SCENARIO_OK) {
            fine = false;
            cli_print_errors(collection->files[i].path, &errors);
        }
        scenario_errors_free(&errors);
    }
    if (!fine) {
        cli_complain("nothing was run");
    }
    return fine;
}

static bool read_paths(struct run_session *session)
{
    struct collection collection = {.files = NULL};
    bool fine = true;

    for (size_t i = 0; i < session->options.path_count; i++) {
        fine = collect_path(&collection, session->options.paths[i]) && fine;
    }
    fine = fine && load_scenarios(session, &collection);
    collection_free(&collection);
    return fine;
}

static bool open_outputs(struct run_options *options)
{
    const bool json = output_open(&options->json);
    const bool junit = output_open(&options->junit);
    const bool trace = output_open(&options->trace);

    return json && junit && trace;
}

static void discard_outputs(struct run_options *options)
{
    output_discard(&options->json);
    output_discard(&options->junit);
    output_discard(&options->trace);
}

static bool plan_runs(struct run_session *session)
{
    const struct run_options *options = &session->options;

    session->seeds = options->seeds_given ? options->last_seed - options->first_seed + 1 : 1;
    if (session->scenario_count * session->seeds > RUN_SEEDS_MAX) {
        cli_complain("more than %d million runs", (int)(RUN_SEEDS_MAX / 1000000));
        return false;
    }
    session->run_count = session->scenario_count * (size_t)session->seeds;
    session->runs = report_take(session->run_count, sizeof *session->runs);
    session->reached_ns = report_take(session->run_count, sizeof *session->reached_ns);
    for (size_t i = 0; i < session->run_count; i++) {
        const struct scenario *scenario = session->scenarios[i / session->seeds];
        const uint64_t seed =
            options->seeds_given ? options->first_seed + i % session->seeds : scenario->seed;

        run_outcome_init(&session->runs[i], scenario, seed);
        session->runs[i].report.options =
            options->network == SIM_NETWORK_LIGHT ? " --net light" : NULL;
        session->runs[i].report.commit = session->call->world->environment.commit;
    }
    return true;
}

/* ---- the pool's calls ---- */

static size_t tasks_per_run(const struct run_session *session)
{
    return session->options.twice ? 2 : 1;
}

static int
run_task(void *context, size_t task, struct pool_files *files, struct pool_progress *progress)
{
    const struct run_session *session = context;
    const size_t index = task / tasks_per_run(session);
    const struct run_report *report = &session->runs[index].report;
    const struct job job = {
        .scenario = session->scenarios[index / session->seeds],
        .seed = report->seed,
        .network = session->options.network,
        .wishes =
            {
                     .details = session->options.json.path != NULL || session->options.twice,
                     .timeline = session->options.trace.path != NULL,
                     .columns = session->columns,
                     .run_index = (uint32_t)index,
                     },
    };

    return job_run(&job, session->call->world, files, progress);
}

static void task_done(void *context, size_t task, struct pool_end *end)
{
    struct run_session *session = context;
    struct run_outcome *run = &session->runs[task / tasks_per_run(session)];

    run_outcome_take(run, task % tasks_per_run(session), end);
    if (run->taken == tasks_per_run(session)) {
        run_outcome_compare(run);
    }
}

static void show_state(void *context, const struct pool_state *state)
{
    struct run_session *session = context;

    for (size_t i = 0; i < state->running; i++) {
        session->reached_ns[state->tasks[i] / tasks_per_run(session)] =
            atomic_load(&state->progress[i]->virtual_ns);
    }
    if (session->progress == NULL || state->running == 0) {
        return;
    }
    const size_t per_run = tasks_per_run(session);
    const struct run_report *report = &session->runs[state->tasks[0] / per_run].report;
    const struct pool_state runs = {
        .done = state->done / per_run,
        .running = state->running,
        .tasks = state->tasks,
        .progress = state->progress,
    };

    progress_write(session->progress, &runs, session->run_count, report->name, report->seed);
}

/* ---- afterwards ---- */

static void print_screen(struct run_session *session, const struct run_outcome *run)
{
    FILE *out = session->text;

    screen_head(out, &run->report);
    if (run->output != NULL) {
        (void)fputs("  the run printed:\n", out);
        run_outcome_put_output(out, run);
    }
    (void)fputs(run->report.screen, out);
    screen_tail(out, &run->report, session->call->command, run->differs);
    (void)fputc('\n', out);
}

static void
print_results(struct run_session *session, const struct run_report *reports, int64_t elapsed_ns)
{
    size_t screens = 0;
    size_t hidden = 0;

    for (size_t i = 0; i < session->run_count; i++) {
        const struct run_outcome *run = &session->runs[i];

        if (run->report.summary.verdict == SIM_VERDICT_PASS) {
            if (run->output != NULL) {
                (void)fprintf(stderr, "%s printed:\n", run->report.file);
                run_outcome_put_output(stderr, run);
            }
        } else if (screens < SCREENS_MAX) {
            print_screen(session, run);
            screens++;
        } else {
            hidden++;
        }
    }
    if (hidden > 0) {
        (void)fprintf(
            session->text, "and %zu more which did not pass: run one alone to see it\n\n", hidden);
    }
    table_write(session->text, reports, session->run_count);
    table_totals(session->text, reports, session->run_count, elapsed_ns);
}

/* `cases`: of JUnit, the reports and at most one more behind them. */
static bool write_outputs(
    struct run_session *session, const struct run_report *reports, size_t count, size_t cases)
{
    struct run_options *options = &session->options;
    bool fine = true;

    if (options->json.stream != NULL) {
        struct environment environment = session->call->world->environment;

        environment.command = session->call->command;
        run_json_document(
            options->json.stream, &environment, reports, count, session->interrupted != 0);
        fine = output_commit(&options->json) && fine;
    }
    if (options->junit.stream != NULL) {
        junit_document(options->junit.stream, reports, cases);
        fine = output_commit(&options->junit) && fine;
    }
    if (options->trace.stream != NULL) {
        timeline_document(options->trace.stream, reports, count);
        fine = output_commit(&options->trace) && fine;
    }
    return fine;
}

/* All reports side by side, as the writers want them; the texts stay with the runs. */
static struct run_report *gather(const struct run_session *session)
{
    struct run_report *reports = report_take(session->run_count, sizeof *reports);

    for (size_t i = 0; i < session->run_count; i++) {
        reports[i] = session->runs[i].report;
    }
    return reports;
}

static int conclude(struct run_session *session, int64_t elapsed_ns)
{
    struct run_report *reports = gather(session);
    int status = CLI_PASS;

    for (size_t i = 0; i < session->run_count; i++) {
        if (reports[i].summary.verdict != SIM_VERDICT_PASS) {
            status = CLI_FAIL;
        }
    }
    print_results(session, reports, elapsed_ns);
    if (!write_outputs(session, reports, session->run_count, session->run_count)) {
        status = CLI_USAGE;
    }
    free(reports);
    return status;
}

static void name_those_under_way(const struct run_session *session, unsigned workers)
{
    unsigned running = 0;

    for (size_t i = 0; i < session->run_count && running < workers; i++) {
        const struct run_report *report = &session->runs[i].report;

        if (session->runs[i].taken < tasks_per_run(session)) {
            char reached[QUANTITY_TEXT_SIZE];

            running++;
            cli_complain(
                "interrupted: %s, seed %llu, was under way, at %s of virtual time",
                report->file,
                (unsigned long long)report->seed,
                duration_text(reached, session->reached_ns[i]));
        }
    }
}

/* Somebody does not want to wait: what is done is theirs all the same, in documents that say that
 * they are not whole, and the name of what was under way is what they need if it hangs. Tasks begin
 * in their order, so the first that have not ended are those under way. */
static void interrupted(struct run_session *session, unsigned workers, int64_t elapsed_ns)
{
    struct run_report *reports = report_take(session->run_count + 1, sizeof *reports);
    size_t finished = 0;
    char text[120];

    for (size_t i = 0; i < session->run_count; i++) {
        if (session->runs[i].taken == tasks_per_run(session)) {
            reports[finished++] = session->runs[i].report;
        }
    }
    if (finished > 0) {
        table_write(session->text, reports, finished);
        table_totals(session->text, reports, finished, elapsed_ns);
    }
    (void)fflush(session->text); /* the signal ends us without another word */
    name_those_under_way(session, workers);
    (void)snprintf(
        text,
        sizeof text,
        "interrupted by SIG%s: %zu of %zu runs had ended",
        sigabbrev_np(session->interrupted),
        finished,
        session->run_count);
    cli_complain("%s", text);
    reports[finished] = (struct run_report){
        .file = "run",
        .name = "run",
        .which = "interrupted",
        .details = report_copy(""),
        .screen = report_copy(""),
        .timeline = report_copy(""),
    };
    run_report_fail(&reports[finished], SIM_VERDICT_ERROR, "interrupted", text);
    (void)write_outputs(session, reports, finished, finished + 1);
    run_report_deinit(&reports[finished]);
    free(reports);
}

/* Returns the exit status, or minus the signal that shall end us. */
static int run_all(struct run_session *session, const struct pool_signals *signals)
{
    const size_t tasks = session->run_count * tasks_per_run(session);
    const struct pool_config config = {
        .signals = signals,
        .workers = session->options.jobs < tasks ? session->options.jobs : (unsigned)tasks,
        .tasks = tasks,
        .logs = session->options.twice,
        .context = session,
        .run = run_task,
        .done = task_done,
        .tick = show_state,
    };
    const int64_t begin = clock_ns();

    session->call->world->prepare();
    const int ended = pool_run(&config);

    if (session->progress != NULL) {
        progress_clear(session->progress);
    }
    if (ended > 0) {
        session->interrupted = ended;
        interrupted(session, config.workers, clock_ns() - begin);
        return -ended;
    }
    if (ended != 0) {
        return CLI_USAGE;
    }
    return conclude(session, clock_ns() - begin);
}

static void choose_streams(struct run_session *session)
{
    const struct run_options *options = &session->options;
    const bool document_on_stdout = output_is_stdout(&options->json) ||
                                    output_is_stdout(&options->junit) ||
                                    output_is_stdout(&options->trace);

    session->text = document_on_stdout ? stderr : stdout;
    session->progress = progress_possible(stderr) ? stderr : NULL;
    session->columns = progress_columns(session->text, SCREEN_COLUMNS_DEFAULT);
}

static void free_session(struct run_session *session)
{
    for (size_t i = 0; i < session->run_count; i++) {
        run_outcome_deinit(&session->runs[i]);
    }
    free(session->runs);
    free(session->reached_ns);
    for (size_t i = 0; i < session->scenario_count; i++) {
        scenario_free(session->scenarios[i]);
    }
    free(session->scenarios);
}

int cli_run(const struct cli_call *call)
{
    struct run_session session = {.call = call};
    struct pool_signals signals;
    int status = CLI_USAGE;

    run_options_parse(&session.options, call->argc, call->argv);
    choose_streams(&session);
    if (!read_paths(&session) || !plan_runs(&session)) {
        free_session(&session);
        return CLI_USAGE;
    }
    pool_hold_signals(&signals);
    if (open_outputs(&session.options)) {
        status = run_all(&session, &signals);
    }
    discard_outputs(&session.options);
    free_session(&session);
    pool_release_signals(&signals);
    if (status < 0) {
        (void)signal(-status, SIG_DFL);
        (void)raise(-status);
        return CLI_USAGE;
    }
    return status;
}
