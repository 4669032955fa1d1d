/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink.c -- `ferry-sim shrink`: from a failing seed or file to a small scenario file that fails for
 * the same reason.
 */
#include "sim/chaos/shrink.h"

#include "sim/chaos/bench.h"
#include "sim/chaos/plan.h"
#include "sim/cli/cli.h"
#include "sim/cli/output.h"
#include "sim/cli/pool.h"
#include "sim/cli/progress.h"
#include "sim/cli/run_options.h"
#include "sim/cli/subject.h"
#include "sim/report/memory.h"
#include "sim/report/screen.h"
#include "sim/scenario/quantity.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define FOR_DEFAULT   (50 * NS_PER_SECOND)
/* A try that takes longer hangs; the whole must not take a minute. */
#define PATIENCE_S 5
#define FOLDER     "scenarios/regressions"

enum { KEY_FOR = 256, KEY_NET, KEY_OUTPUT };

struct session {
    const struct cli_call *call;
    const char *argument; /* SEED|FILE */
    int64_t for_ns;
    bool network_given;
    struct output output;
    char *path; /* where it goes unless somebody said */
    FILE *progress;
    struct subject subject;
    struct bench bench;
};

static const struct argp_option option_table[] = {
    {.name = "output",
     .key = KEY_OUTPUT,
     .arg = "FILE",
     .doc = "Write it there (- is standard output) and not to " FOLDER "/"},
    {.name = "for",    .key = KEY_FOR, .arg = "TIME", .doc = "Stop cutting then; without it 50 s"},
    {.name = "net",
     .key = KEY_NET,
     .arg = "light|simgrid",
     .doc = "Who shares the bandwidth; without it the light network, or SimGrid where only that "
            "fails"},
    {.name = NULL},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct session *session = state->input;

    switch (key) {
    case KEY_OUTPUT: session->output.path = argument; return 0;
    case KEY_FOR: session->for_ns = subject_time("--for", argument, state); return 0;
    case KEY_NET:
        session->network_given = true;
        if (!run_parse_network(argument, &session->bench.network)) {
            argp_error(state, "--net %s: expected light or simgrid", argument);
        }
        return 0;
    case ARGP_KEY_ARG:
        if (session->argument != NULL) {
            argp_error(state, "one seed or file at a time");
        }
        session->argument = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which run? Give a seed of chaos, or a file");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_shrink_argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "SEED|FILE",
    .doc = "Reduce a failing run to a small scenario that fails for the same reason.\v"
           "SEED is one of chaos, FILE a scenario. Faults, steps, guests, networks, keys and "
           "numbers are taken away as long as the run fails as before. What is left is written "
           "to " FOLDER
           "/, where `ferry-sim run' finds it as a test that fails until the reason is gone.",
};

/* ---- what the shrinker asks for ---- */

static bool
run_text(void *context, const char *name, const char *text, size_t size, struct trial *trial)
{
    struct session *session = context;

    return bench_run(&session->bench, name, text, size, trial);
}

static void show_progress(void *context, const struct tree_node *root, uint64_t tries)
{
    struct session *session = context;

    if (session->progress != NULL) {
        (void)fprintf(
            session->progress,
            "\r\033[K%" PRIu64 " tries: %zu faults, %zu steps left",
            tries,
            shrink_count(root, "faults"),
            shrink_count(root, "steps"));
        (void)fflush(session->progress);
    }
}

/* ---- where it goes ---- */

static bool make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

/* scenarios/regressions/chaos_7_i3.yaml */
static bool choose_path(struct session *session, const struct trial *failure)
{
    char *text = NULL;
    size_t size = 0;

    if (session->output.path != NULL) {
        return true;
    }
    if (!make_folder("scenarios") || !make_folder(FOLDER)) {
        cli_complain("%s: %s; say --output", FOLDER, strerror(errno));
        return false;
    }
    FILE *path = report_text_open(&text, &size);

    (void)fprintf(path, FOLDER "/%s_", session->subject.word);
    for (const char *letter = failure->id; *letter != '\0'; letter++) {
        (void)fputc(*letter >= 'A' && *letter <= 'Z' ? *letter - 'A' + 'a' : *letter, path);
    }
    (void)fputs(".yaml", path);
    report_text_close(path);
    session->path = text;
    session->output.path = text;
    return true;
}

/* The message as a question: does that still happen? */
static void put_question(FILE *out, const struct session *session, const struct trial *failure)
{
    const char *message = failure->message;

    if (trial_is_expectation(failure) && strstr(message, ": ") != NULL) {
        message = strstr(message, ": ") + 2;
    }
    (void)fprintf(out, "is this mended, which %s found: %s, ", session->subject.title, failure->id);
    for (; *message != '\0'; message++) {
        (void)fputc(*message == '\n' ? ' ' : *message, out);
    }
    (void)fputc('?', out);
}

static bool
write_file(struct session *session, const struct tree_node *root, const struct trial *failure)
{
    char *question = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&question, &size);

    put_question(stream, session, failure);
    report_text_close(stream);
    tree_write(session->output.stream, root, question);
    free(question);
    return output_commit(&session->output);
}

/* ---- the whole ---- */

static void
report(const struct session *session, const struct tree_node *root, const struct shrink_result *end)
{
    FILE *out = output_is_stdout(&session->output) ? stderr : stdout;

    (void)fprintf(
        out,
        "%s: %zu faults, %zu steps after %" PRIu64 " tries%s\n  fails with %s: %s\n",
        session->output.path,
        shrink_count(root, "faults"),
        shrink_count(root, "steps"),
        end->tries,
        end->complete ? "" : " (the time was over; it may become smaller)",
        end->failure.id,
        end->failure.message);
    if (!output_is_stdout(&session->output)) {
        (void)fputs("  reproduce: ", out);
        screen_put_quoted(out, session->call->command);
        (void)fprintf(out, " run --net %s ", run_network_name(session->bench.network));
        screen_put_quoted(out, session->output.path);
        (void)fputc('\n', out);
    }
}

static int shrink_it(struct session *session, const struct trial *failure)
{
    const struct subject *subject = &session->subject;
    struct tree_node *root = tree_read(subject->text, subject->size);
    struct shrink_result end;
    const struct shrink_options options = {
        .name = subject->path,
        .run = run_text,
        .context = session,
        .clock_ns = subject_clock_ns,
        .deadline_ns = subject_clock_ns() + session->for_ns,
        .progress = show_progress,
    };
    int status = CLI_USAGE;

    if (root == NULL) {
        cli_complain("%s: cannot be cut", subject->path);
        return CLI_USAGE;
    }
    shrink(&root, failure, &options, &end);
    if (session->progress != NULL) {
        progress_clear(session->progress);
    }
    if (session->bench.ended == 0 && choose_path(session, &end.failure) &&
        output_open(&session->output) && write_file(session, root, &end.failure)) {
        report(session, root, &end);
        status = CLI_PASS;
    }
    tree_free(root);
    return status;
}

static int run_session(struct session *session)
{
    struct trial failure;

    if (!subject_fails(
            &session->subject, &session->bench, session->network_given, session->call, &failure)) {
        return CLI_USAGE;
    }
    return shrink_it(session, &failure);
}

int cli_shrink(const struct cli_call *call)
{
    struct session session = {
        .call = call,
        .for_ns = FOR_DEFAULT,
        .output.option = "--output",
        .bench = {.run = call->world->run, .network = SIM_NETWORK_LIGHT, .patience_s = PATIENCE_S},
    };
    struct pool_signals signals;
    int status = CLI_USAGE;

    (void)argp_parse(&cli_shrink_argp, call->argc, call->argv, 0, NULL, &session);
    session.progress = progress_possible(stderr) ? stderr : NULL;
    if (!subject_read(&session.subject, session.argument)) {
        return CLI_USAGE;
    }
    pool_hold_signals(&signals);
    session.bench.watched = signals.watched;
    session.bench.old_mask = signals.old_mask;
    status = run_session(&session);
    const int ended = session.bench.ended;

    output_discard(&session.output);
    subject_free(&session.subject);
    free(session.path);
    pool_release_signals(&signals);
    if (ended > 0) {
        (void)signal(ended, SIG_DFL);
        (void)raise(ended);
    }
    return status;
}
