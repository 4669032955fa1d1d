/* SPDX-License-Identifier: Apache-2.0 */
/* verb_run.c -- `ferry-lab run`: each scenario once with real guests, judged and reported as ferry-sim does. */
#include "sim/cli/cli.h"
#include "sim/cli/collect.h"
#include "sim/cli/output.h"
#include "sim/lab/batch.h"
#include "sim/lab/verbs.h"
#include "sim/report/junit.h"
#include "sim/report/run_json.h"
#include "sim/report/table.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_JSON = 256, OPTION_JUNIT, OPTION_UNENCRYPTED, OPTION_KEEP, OPTION_PROGRAMS };

static const struct argp_option options[] = {
    {"json",
     OPTION_JSON, "FILE",
     0, "Write all results as JSON (docs/json.md, as `ferry-sim run`)",
     0},
    {"junit",                                                         OPTION_JUNIT, "FILE", 0, "Write a JUnit XML report", 0},
    {"unencrypted", OPTION_UNENCRYPTED, NULL, 0, "Without TLS between the hosts", 0},
    {"programs",
     OPTION_PROGRAMS, "FOLDER",
     0, "Where ferryd, ferry-vmm and ferry are; without it beside ferry-lab",
     0},
    {"keep",OPTION_KEEP, NULL, 0, "Keep logs and configurations also when all went well", 0},
    {"verbose",                                                              'v', NULL, 0, "Say what happens while it happens", 0},
    {0                                                             },
};

struct request {
    struct lab_options lab;
    struct output json;
    struct output junit;
    struct collection files;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case OPTION_JSON: request->json.path = argument; return 0;
    case OPTION_JUNIT: request->junit.path = argument; return 0;
    case OPTION_UNENCRYPTED: request->lab.unencrypted = true; return 0;
    case OPTION_PROGRAMS: request->lab.programs = argument; return 0;
    case OPTION_KEEP: request->lab.keep = true; return 0;
    case 'v': request->lab.verbose = true; return 0;
    case ARGP_KEY_ARG:
        if (!collect_path(&request->files, argument)) {
            exit(LAB_EXIT_USAGE);
        }
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which scenario?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int status_of(const struct batch *batch)
{
    int status = batch->count == 0 ? LAB_EXIT_SKIPPED : LAB_EXIT_OK;
    for (size_t i = 0; i < batch->count; i++) {
        const enum sim_verdict verdict = batch->reports[i].summary.verdict;
        if (verdict == SIM_VERDICT_ERROR) {
            status = LAB_EXIT_ERROR;
        } else if (verdict == SIM_VERDICT_FAIL && status != LAB_EXIT_ERROR) {
            status = LAB_EXIT_FAIL;
        }
    }
    return status;
}

static bool write_documents(struct request *request, const struct batch *batch)
{
    const struct environment environment = {
        .ferry = FERRY_VERSION, .architecture = "x86_64", .simgrid = "none: real hosts"};
    if (request->json.path != NULL) {
        run_json_document(
            request->json.stream, &environment, batch->reports, batch->count, lab_interrupted());
    }
    if (request->junit.path != NULL) {
        junit_document(request->junit.stream, batch->reports, batch->count);
    }
    const bool json = output_commit(&request->json);
    return output_commit(&request->junit) && json;
}

int lab_verb_run(int argc, char **argv)
{
    static const struct argp parser = {
        options,
        take,
        "SCENARIO...",
        "Run scenarios with real guests under KVM: a ferryd a host, each in a network namespace of "
        "its own.\vWhat a real host cannot do (coarse pages, faults of a journal) is skipped with "
        "its reason. A folder means every *.yaml below it.",
        NULL,
        NULL,
        NULL};
    struct request request = {.json = {.option = "--json"}, .junit = {.option = "--junit"}};
    argv[0] = (char[]){"ferry-lab run"};
    argp_parse(&parser, argc, argv, 0, NULL, &request);
    const char *lacks = lab_machine_lacks();
    if (lacks != NULL) {
        (void)fprintf(stderr, "ferry-lab: skipped: %s\n", lacks);
        return LAB_EXIT_SKIPPED;
    }
    if (!batch_find_programs(&request.lab)) {
        return LAB_EXIT_USAGE;
    }
    struct batch batch = {.count = 0};
    if (!batch_load(&batch, &request.files) || !output_open(&request.json) ||
        !output_open(&request.junit)) {
        return LAB_EXIT_USAGE;
    }
    const int64_t begun = lab_now();
    for (size_t i = 0; i < batch.loaded && !lab_interrupted(); i++) {
        batch_run_one(&batch, i, &request.lab);
    }
    FILE *out =
        output_is_stdout(&request.json) || output_is_stdout(&request.junit) ? stderr : stdout;
    table_write(out, batch.reports, batch.count);
    batch_print_failures(out, &batch);
    table_totals(out, batch.reports, batch.count, lab_now() - begun);
    if (batch.skipped != 0) {
        (void)fprintf(out, "%zu skipped, as said above\n", batch.skipped);
    }
    int status = status_of(&batch);
    if (!write_documents(&request, &batch)) {
        status = LAB_EXIT_ERROR;
    }
    batch_free(&batch);
    collection_free(&request.files);
    return lab_interrupted() ? 130 : status;
}
