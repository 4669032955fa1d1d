/* SPDX-License-Identifier: Apache-2.0 */
/*
 * double.c -- ferry-sim with a world that does what the name of the scenario says.
 *
 * All of the command is the real one; only sim_run() is not. So its tests can have runs which
 * crash, differ, fail an invariant, print or never end, within milliseconds. A name without one of
 * the words below is a run which passes: each step that moves a guest completes after a second.
 *
 *   crash    the process is killed by SIGSEGV      exits    it exits with status 7
 *   invariant  I3 fails                            stuck    the world gives up: an error
 *   differs  each time another hash from event 30  drifts   equal hashes, other numbers
 *   prints   writes to stdout and stderr           sleeps   never ends
 *   chaos 13  I3 fails                             chaos 17  killed by SIGSEGV
 *   chaos 9000000012  I3 fails                     chaos 9000000013  never ends
 *   reaches  says that it is at 5 s, and writes a file called "reached"
 *   leaks    passes, and then exits with status 23, as a sanitizer does
 */
#include "sim/cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS      60U
#define DIVERGES_AT 30U
#define EVENT_NS    INT64_C(33333333)

static const struct ferry_round rounds[] = {
    {.pages = 1000,
     .zero_pages = 100,
     .bytes = 3700000,
     .duration_ns = 900000000,
     .dirty_after = 10                                                                  },
    {.pages = 10,   .bytes = 41000, .duration_ns = 10000001, .final = true, .attempt = 1},
};

static struct ferry_outcome completed_outcome(void)
{
    struct ferry_outcome outcome = {
        .kind = FERRY_OUTCOME_COMPLETED,
        .reason = "the guest runs at the target",
        .verdict = {.decision = FERRY_DECIDE_SWITCH, .rule = FERRY_RULE_WITHIN_LIMIT},
        .total_ns = 1000000001,
        .predicted_blackout_ns = 40000000,
        .blackout =
            {
                    .total_ns = 45000000,
                    .capture_ns = 10000000,
                    .collect_ns = 5000000,
                    .transfer_ns = 15000000,
                    .load_ns = 10000000,
                    .ready_ns = 50000,
                    .grant_persist_ns = 1000000,
                    .grant_ns = 50000,
                    .owner_persist_ns = 1000000,
                    .resume_ns = 2900000,
                    },
        .aborted_count = 1,
        .aborted[0] =
            {
                    .attempt = 1,
                    .paused_ns = 290000000,
                    .predicted_ns = 100000000,
                    .reason = FERRY_LIMIT_NO_CONVERGENCE,
                    },
        .round_count = 2,
        .rounds = rounds,
        .wire_bytes = 3741000,
    };

    return outcome;
}

static bool is_called(const struct scenario *scenario, const char *word)
{
    return strstr(scenario->name, word) != NULL;
}

static void say_events(const struct scenario *scenario, struct sim_result *result)
{
    static const char *const kinds[] = {"ROUND_BEGUN", "BATCH_SENT", "MESSAGE_RECEIVED"};
    uint64_t hash = result->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (uint64_t number = 1; number <= EVENTS; number++) {
        const enum sim_side side = (enum sim_side)(number % SIM_SIDES);
        struct sim_event event = {
            .number = number,
            .at_ns = (int64_t)number * EVENT_NS,
            .side = side,
            .host = side == SIM_SIDE_TARGET ? 1 : 0,
            .migration = side == SIM_SIDE_WORLD ? SIM_RESULT_NONE : 0,
            .kind = kinds[number % 3],
            .field_name = {"round",                "bytes"                 },
            .field = {(int64_t)(number / 10), (int64_t)(number * 4096)},
        };

        if (number >= DIVERGES_AT && is_called(scenario, "differs")) {
            event.field[1] += (int64_t)getpid();
        }
        hash = (hash ^ (uint64_t)event.field[1]) * UINT64_C(0x100000001b3);
        event.hash = hash;
        sim_result_event(result, &event);
    }
    result->hash = hash;
    result->events = EVENTS;
    result->virtual_ns = (int64_t)EVENTS * EVENT_NS;
}

static void say_timeline(struct sim_result *result)
{
    for (uint32_t round = 0; round < 2 && result->migration_count > 0; round++) {
        const size_t handle = sim_result_span_begin(
            result,
            &(struct sim_span){
                .kind = SIM_SPAN_ROUND,
                .begin_ns = (int64_t)round * 900000000,
                .migration = 0,
                .number = round,
            });

        sim_result_span_end(result, handle, 900000000 + (int64_t)round * 10000001);
    }
    (void)sim_result_span_begin(
        result, &(struct sim_span){.kind = SIM_SPAN_GUEST_HERE, .guest = 0, .host = 0});
    for (int i = 0; i < 3; i++) {
        sim_result_sample(
            result,
            &(struct sim_link_sample){
                .at_ns = (int64_t)i * 100000000,
                .sent_bytes = (uint64_t)i * 125000000,
            });
    }
}

static void say_migrations(const struct scenario *scenario, struct sim_result *result)
{
    struct ferry_outcome outcome = completed_outcome();

    if (is_called(scenario, "drifts")) {
        outcome.wire_bytes += (uint64_t)getpid();
    }
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];

        if (step->kind != SCENARIO_STEP_MOVE) {
            continue;
        }
        const struct scenario_guest *guest = &scenario->guests[step->move.guest];
        const uint32_t migration = sim_result_add_migration(
            result,
            (uint32_t)i,
            (uint32_t)step->move.guest,
            (uint32_t)guest->host,
            (uint32_t)step->host);

        sim_result_outcome(result, migration, &outcome);
        result->migrations[migration].asked_at_ns = step->when.at;
        result->migrations[migration].started_at_ns = step->when.at;
        result->migrations[migration].paused_at_ns = step->when.at + 950000000;
        result->migrations[migration].source_session = SCENARIO_SESSION_NONE;
        result->migrations[migration].target_session = SCENARIO_SESSION_NONE;
        result->guests[step->move.guest].host = (uint32_t)step->host;
    }
}

static void leak(void)
{
    _exit(23);
}

static int
run(const struct scenario *scenario,
    const struct sim_run_options *options,
    struct sim_result *result)
{
    for (size_t i = 0; i < scenario->guest_count; i++) {
        result->guests[i].place = SCENARIO_PLACE_RUNNING;
        result->guests[i].host = (uint32_t)scenario->guests[i].host;
        if (scenario->guests[i].clients.present) {
            sim_result_add_client(
                result,
                &(struct sim_client){
                    .guest = (uint32_t)i,
                    .sent = 2000,
                    .longest_gap_ns = 45200000,
                    .p99_ns = 200000,
                });
        }
    }
    if (is_called(scenario, "prints")) {
        (void)printf("a line on stdout\n");
        (void)fprintf(stderr, "a line on stderr\n");
    }
    if (is_called(scenario, "crash") || is_called(scenario, "chaos 17")) {
        (void)fprintf(stderr, "about to crash\n");
        (void)fflush(NULL);
        (void)signal(SIGSEGV, SIG_DFL); /* sanitizers would make it an exit */
        (void)raise(SIGSEGV);
    }
    if (is_called(scenario, "exits")) {
        exit(7);
    }
    if (is_called(scenario, "leaks")) {
        (void)atexit(leak);
    }
    if (is_called(scenario, "reaches")) {
        FILE *file = NULL;

        options->progress(
            options->progress_context, &(struct sim_progress){.now_ns = INT64_C(5000000000)});
        file = fopen("reached", "w");

        (void)(file != NULL && fclose(file) == 0);
    }
    while (is_called(scenario, "sleeps") || is_called(scenario, "chaos 9000000013")) {
        (void)pause();
    }
    say_migrations(scenario, result);
    say_events(scenario, result);
    say_timeline(result);
    if (is_called(scenario, "invariant") || is_called(scenario, "chaos 13") ||
        is_called(scenario, "chaos 9000000012")) {
        sim_result_fail(result, "I3", 995000000, 0, "page 17 of guest g differs at the resume");
    }
    if (is_called(scenario, "stuck")) {
        sim_result_error(result, result->virtual_ns, "no progress for one virtual hour");
    }
    return 0;
}

static void prepare(void)
{
}

int main(int argc, char **argv)
{
    const struct cli_world world = {
        .run = run,
        .prepare = prepare,
        .environment = {.ferry = "0.1.0", .architecture = "x86_64", .simgrid = "3.32.0"},
    };

    return cli_main(argc, argv, &world);
}
