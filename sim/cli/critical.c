/* SPDX-License-Identifier: Apache-2.0 */
/* critical.c -- `ferry-sim critical`: the event at which a failure becomes likely. */
#include "sim/chaos/moment.h"
#include "sim/cli/cli.h"
#include "sim/cli/pool.h"
#include "sim/cli/run_options.h"
#include "sim/cli/subject.h"

#include <inttypes.h>
#include <signal.h>

#define SAMPLES_DEFAULT 24U
#define SAMPLES_MAX     10000U
#define PATIENCE_S      5

enum { KEY_NET = 256, KEY_SAMPLES };

struct session {
    const char *argument;
    unsigned samples;
    unsigned jobs;
    bool network_given;
    struct subject subject;
    struct bench bench;
};

static const struct argp_option option_table[] = {
    {.name = "samples",
     .key = KEY_SAMPLES,
     .arg = "N",
     .doc = "So many runs for each event that is looked at; without it 24"},
    {.name = "jobs",
     .key = 'j',
     .arg = "N",
     .doc = "So many processes; without it as many as there are processors"},
    {.name = "net",
     .key = KEY_NET,
     .arg = "light|simgrid",
     .doc = "Who shares the bandwidth; without it the light network, or SimGrid where only that "
            "fails"},
    {.name = NULL       },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct session *session = state->input;
    uint64_t number = 0;

    switch (key) {
    case KEY_SAMPLES:
        if (!run_parse_number(argument, &number) || number == 0 || number > SAMPLES_MAX) {
            argp_error(
                state, "--samples %s: expected a whole number from 1 to %u", argument, SAMPLES_MAX);
        }
        session->samples = (unsigned)number;
        return 0;
    case KEY_NET:
        session->network_given = true;
        if (!run_parse_network(argument, &session->bench.network)) {
            argp_error(state, "--net %s: expected light or simgrid", argument);
        }
        return 0;
    case 'j': session->jobs = run_parse_jobs(argument, state); return 0;
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

const struct argp cli_critical_argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "SEED|FILE",
    .doc =
        "Find the event at which the failure of a run becomes likely.\v"
        "The run is repeated with the same past up to an event and another future: other draws of "
        "the guests, other faults. The event before which few of these runs fail, and after which "
        "most do, is where to look. SEED is one of chaos, FILE a scenario.",
};

static void print(const struct session *session, const struct moment *moment)
{
    (void)printf("     event  failing of %u\n", session->samples);
    for (size_t i = 0; i < moment->probe_count; i++) {
        (void)printf(
            "%10" PRIu64 "  %u%s\n",
            moment->probes[i].event,
            moment->probes[i].failing,
            moment->probes[i].event == moment->event && !moment->from_the_start ? "  <-" : "");
    }
    if (moment->from_the_start) {
        (void)printf(
            "It fails whatever happens after its beginning: the scenario itself decides it, not "
            "the moment of a fault.\n");
    } else {
        (void)printf(
            "The failure becomes likely with event %" PRIu64 " of %" PRIu64 ":\n  %s\n",
            moment->event,
            moment->events,
            moment->line);
    }
}

static int find(struct session *session, const struct cli_call *call)
{
    struct trial failure;
    struct moment moment;
    const struct subject *subject = &session->subject;

    if (!subject_fails(subject, &session->bench, session->network_given, call, &failure)) {
        return CLI_USAGE;
    }
    (void)printf("%s fails with %s: %s\n", subject->title, failure.id, failure.message);
    (void)fflush(stdout);
    const bool found = moment_find(
        &(struct moment_options){
            .bench = &session->bench,
            .name = subject->path,
            .text = subject->text,
            .size = subject->size,
            .failure = &failure,
            .samples = session->samples,
            .jobs = session->jobs < CREW_MAX ? session->jobs : CREW_MAX,
        },
        &moment);

    if (found) {
        print(session, &moment);
    }
    moment_free(&moment);
    return found ? CLI_PASS : CLI_USAGE;
}

int cli_critical(const struct cli_call *call)
{
    struct session session = {
        .samples = SAMPLES_DEFAULT,
        .jobs = run_processors(),
        .bench = {.run = call->world->run, .network = SIM_NETWORK_LIGHT, .patience_s = PATIENCE_S},
    };
    struct pool_signals signals;

    (void)argp_parse(&cli_critical_argp, call->argc, call->argv, 0, NULL, &session);
    if (!subject_read(&session.subject, session.argument)) {
        return CLI_USAGE;
    }
    pool_hold_signals(&signals);
    session.bench.watched = signals.watched;
    session.bench.old_mask = signals.old_mask;
    const int status = find(&session, call);

    subject_free(&session.subject);
    pool_release_signals(&signals);
    if (session.bench.ended > 0) {
        (void)signal(session.bench.ended, SIG_DFL);
        (void)raise(session.bench.ended);
    }
    return status;
}
