/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c -- see batch.h. */
#include "sim/lab/batch.h"

#include "sim/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS 100U

bool batch_find_programs(struct lab_options *options)
{
    static char beside[PATH_MAX];
    if (options->programs == NULL) {
        const ssize_t size = readlink("/proc/self/exe", beside, sizeof(beside) - 1);
        char *slash = size <= 0 ? NULL : strrchr(beside, '/');
        if (slash == NULL) {
            cli_complain("cannot find out where this program is: say --programs FOLDER");
            return false;
        }
        *slash = '\0';
        options->programs = beside;
    }
    static const char *const needed[] = {"ferryd", "ferry-vmm"};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        char path[PATH_MAX + 16];
        (void)snprintf(path, sizeof(path), "%s/%s", options->programs, needed[i]);
        if (access(path, X_OK) != 0) {
            cli_complain("%s is not there: build it, or say --programs FOLDER", path);
            return false;
        }
    }
    return true;
}

bool batch_load(struct batch *batch, const struct collection *files)
{
    bool fine = true;
    batch->scenarios = calloc(files->count + 1, sizeof(struct scenario *));
    batch->reports = calloc(files->count + 1, sizeof(struct run_report));
    if (batch->scenarios == NULL || batch->reports == NULL) {
        cli_complain("out of memory");
        return false;
    }
    for (size_t i = 0; i < files->count; i++) {
        struct scenario_errors errors = {.items = NULL};
        if (scenario_load(files->files[i].path, &batch->scenarios[i], &errors) != SCENARIO_OK) {
            cli_print_errors(files->files[i].path, &errors);
            fine = false;
        }
        scenario_errors_free(&errors);
        batch->loaded++;
    }
    return fine;
}

void batch_run_one(struct batch *batch, size_t index, const struct lab_options *options)
{
    const struct scenario *scenario = batch->scenarios[index];
    char text[LAB_TEXT_MAX];
    const char *lacks = lab_scenario_lacks(scenario, text);
    if (lacks != NULL) {
        (void)fprintf(stderr, "skipped: %s: %s\n", scenario->file, lacks);
        batch->skipped++;
        return;
    }
    (void)fprintf(stderr, "running: %s\n", scenario->file);
    struct sim_result result;
    const struct report_wishes wishes = {.details = true, .columns = COLUMNS};
    struct run_report *report = &batch->reports[batch->count];
    sim_result_init(&result, scenario, scenario->seed);
    (void)lab_run(scenario, options, &result);
    run_report_init(report, scenario, scenario->seed);
    FILE *package = tmpfile();
    if (package == NULL || !report_pack(package, &result, &wishes)) {
        cli_complain("no room for the report of %s", scenario->file);
    } else {
        rewind(package);
        if (!report_unpack(package, report)) {
            cli_complain("the report of %s is not whole", scenario->file);
        }
    }
    if (package != NULL) {
        (void)fclose(package);
    }
    batch->count++;
    sim_result_deinit(&result);
}

void batch_print_failures(FILE *out, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct run_report *report = &batch->reports[i];
        for (size_t k = 0; k < report->failure_count; k++) {
            (void)fprintf(
                out,
                "  %-6s%s: %s\n",
                report->failures[k].id,
                report->name,
                report->failures[k].message);
        }
    }
}

void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        run_report_deinit(&batch->reports[i]);
    }
    for (size_t i = 0; i < batch->loaded; i++) {
        scenario_free(batch->scenarios[i]);
    }
    free(batch->scenarios);
    free(batch->reports);
}
