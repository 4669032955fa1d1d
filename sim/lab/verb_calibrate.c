/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_calibrate.c -- `ferry-lab calibrate`: this machine's costs, as a host profile for scenarios.
 *
 * An idle guest is moved over an unhurried network, again and again; the parts of its blackouts are the
 * costs that a model cannot know: device state out and in, the journal, the run call. What a blackout
 * does not show (a page's collection, the pause) keeps its default, and the profile says so.
 */
#include "sim/cli/cli.h"
#include "sim/cli/output.h"
#include "sim/lab/batch.h"
#include "sim/lab/sample.h"
#include "sim/lab/verbs.h"

#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define RUNS 7U

enum { OPTION_OUTPUT = 'o', OPTION_PROGRAMS = 256, OPTION_UNENCRYPTED };

static const struct argp_option options[] = {
    {"output",
     OPTION_OUTPUT, "FILE",
     0, "Write the profile there; without it to standard output",
     0},
    {"programs",
     OPTION_PROGRAMS, "FOLDER",
     0, "Where ferryd and ferry-vmm are; without it beside ferry-lab",
     0},
    {"unencrypted", OPTION_UNENCRYPTED, NULL, 0, "Without TLS between the hosts", 0},
    {0                                                        },
};

struct request {
    struct lab_options lab;
    struct output output;
};

static const char idle[] = "version: 1\n"
                           "name: calibration\n"
                           "hosts: {h1: {memory: 1 GiB}, h2: {memory: 1 GiB}}\n"
                           "networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s}}\n"
                           "guests: {g: {host: h1, memory: 128 MiB}}\n"
                           "steps: [{at: 500 ms, move: g, to: h2, blackout_limit: 1 s}]\n"
                           "expect: [{move: g, outcome: completed}]\n";

/* NOLINTNEXTLINE(readability-non-const-parameter): argp says what it looks like */
static error_t take(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case OPTION_OUTPUT: request->output.path = argument; return 0;
    case OPTION_PROGRAMS: request->lab.programs = argument; return 0;
    case OPTION_UNENCRYPTED: request->lab.unencrypted = true; return 0;
    case ARGP_KEY_ARG: argp_error(state, "no argument is taken"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int64_t
middle(const struct sample *samples, size_t count, int64_t (*part)(const struct ferry_blackout *))
{
    int64_t values[RUNS];
    for (size_t i = 0; i < count; i++) {
        values[i] = part(&samples[i].blackout);
    }
    return sample_middle(values, count).median;
}

static int64_t state_out(const struct ferry_blackout *parts)
{
    return parts->capture_ns;
}

static int64_t state_in(const struct ferry_blackout *parts)
{
    return parts->load_ns;
}

static int64_t journal(const struct ferry_blackout *parts)
{
    return (parts->grant_persist_ns + parts->owner_persist_ns) / 2;
}

static int64_t resume(const struct ferry_blackout *parts)
{
    return parts->resume_ns;
}

static int64_t collect(const struct ferry_blackout *parts)
{
    return parts->collect_ns;
}

static void write_profile(FILE *out, const struct sample *samples, size_t count)
{
    struct utsname machine;
    int64_t sizes[RUNS];
    (void)uname(&machine);
    for (size_t i = 0; i < count; i++) {
        sizes[i] = samples[i].final_bytes;
    }
    (void)fprintf(
        out,
        "# Host profile, measured by `ferry-lab calibrate` in %zu moves of an idle guest "
        "(medians).\n"
        "# What is not here could not be seen in a blackout, and has its default.\n"
        "# Sent in the pause, device state and last pages together: %" PRId64 " bytes.\n"
        "version: 1\n"
        "machine: \"%s %s %s\"\n"
        "costs:\n",
        count,
        sample_middle(sizes, count).median,
        machine.sysname,
        machine.release,
        machine.machine);
    /* Of a guest of 128 MiB: the fixed part of a collection, told for a GiB. */
    (void)fprintf(out, "  collection_per_gib: %" PRId64 " ns\n", middle(samples, count, collect));
    (void)fprintf(out, "  state_out: %" PRId64 " ns\n", middle(samples, count, state_out));
    (void)fprintf(out, "  state_out_per_mib: 0 ns\n");
    (void)fprintf(out, "  state_in: %" PRId64 " ns\n", middle(samples, count, state_in));
    (void)fprintf(out, "  state_in_per_mib: 0 ns\n");
    (void)fprintf(out, "  journal_fsync: %" PRId64 " ns\n", middle(samples, count, journal));
    (void)fprintf(out, "  resume: %" PRId64 " ns\n", middle(samples, count, resume));
}

static size_t
measure(const struct request *request, const struct scenario *scenario, struct sample samples[RUNS])
{
    size_t count = 0;
    for (size_t i = 0; i < RUNS && !lab_interrupted(); i++) {
        (void)fprintf(stderr, "calibrating: move %zu of %u\n", i + 1, RUNS);
        (void)sample_real(scenario, &request->lab, &samples[count]);
        if (!samples[count].completed) {
            cli_complain("a move did not complete: %s", samples[count].why);
            return 0;
        }
        count++;
    }
    return count;
}

int lab_verb_calibrate(int argc, char **argv)
{
    static const struct argp parser = {
        options,
        take,
        NULL,
        "Measure what this machine's daemons and guests cost, and write it as a host profile: "
        "`hosts: {h1: {profile: FILE}}` in a scenario then makes the simulated world as slow as "
        "this "
        "machine.",
        NULL,
        NULL,
        NULL};
    struct request request = {
        .output = {.option = "--output", .path = "-"}
    };
    argv[0] = (char[]){"ferry-lab calibrate"};
    argp_parse(&parser, argc, argv, 0, NULL, &request);
    const char *lacks = lab_machine_lacks();
    if (lacks != NULL) {
        (void)fprintf(stderr, "ferry-lab: skipped: %s\n", lacks);
        return LAB_EXIT_SKIPPED;
    }
    struct scenario *scenario = NULL;
    struct scenario_errors errors = {.items = NULL};
    struct sample samples[RUNS];
    if (!batch_find_programs(&request.lab) || !output_open(&request.output)) {
        return LAB_EXIT_USAGE;
    }
    int status = LAB_EXIT_ERROR;
    if (scenario_load_text("calibration", idle, sizeof(idle) - 1, &scenario, &errors) ==
        SCENARIO_OK) {
        const size_t count = measure(&request, scenario, samples);
        if (count == RUNS) {
            write_profile(request.output.stream, samples, count);
            status = output_commit(&request.output) ? LAB_EXIT_OK : LAB_EXIT_ERROR;
        }
    }
    output_discard(&request.output);
    scenario_errors_free(&errors);
    scenario_free(scenario);
    return lab_interrupted() ? 130 : status;
}
