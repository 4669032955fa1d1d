/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_compare.c -- `ferry-lab compare`: what was predicted, what came, and whether the model is right.
 *
 * Each scenario is run several times in both worlds; medians are compared. A figure agrees when the
 * real median lies within the tolerance of the simulated one. Where the middle half of the real runs
 * alone is wider than the tolerance, nothing can be said: `undecidable`, never `pass`.
 */
#include "sim/cli/cli.h"
#include "sim/cli/output.h"
#include "sim/lab/batch.h"
#include "sim/lab/sample.h"
#include "sim/lab/verbs.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000.0

enum { OPTION_JSON = 256, OPTION_UNENCRYPTED, OPTION_PROGRAMS, OPTION_RUNS };

static const struct argp_option options[] = {
    {"json",                       OPTION_JSON, "FILE", 0, "Write all figures as JSON", 0},
    {"runs",                      OPTION_RUNS, "N", 0, "So many runs in each world: 5, at most 25", 0},
    {"unencrypted", OPTION_UNENCRYPTED, NULL, 0, "Without TLS between the hosts", 0},
    {"programs",
     OPTION_PROGRAMS, "FOLDER",
     0, "Where ferryd and ferry-vmm are; without it beside ferry-lab",
     0},
    {"verbose",'v', NULL, 0, "Say what happens while it happens", 0},
    {0                          },
};

struct request {
    struct lab_options lab;
    struct output json;
    struct collection files;
    size_t runs;
};

static const struct figure {
    const char *name;
    const char *unit;
    double scale;
    double share;    /* tolerance, of the simulated figure */
    double absolute; /* or this, whichever is more; in units of the figure */
} figures[SAMPLE_FIGURES] = {
    {"total",    "s",   1e9,       0.05, 0.0     },
    {"bytes",    "MiB", 1048576.0, 0.05, 0.0     },
    {"rounds",   "",    1.0,       -1.0, 0.0     }, /* told, not judged */
    {"blackout", "ms",  MS,        0.20, 2.0 * MS},
};

enum agreement { AGREES, DIFFERS, UNDECIDABLE, NOT_JUDGED, AGREEMENTS };
static const char *const agreement_names[AGREEMENTS] = {"pass", "FAIL", "undecidable", "-"};

struct comparison {
    struct sample simulated[SAMPLE_RUNS_MAX];
    struct sample real[SAMPLE_RUNS_MAX];
    size_t runs;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    char *end = NULL;
    switch (key) {
    case OPTION_JSON: request->json.path = argument; return 0;
    case OPTION_UNENCRYPTED: request->lab.unencrypted = true; return 0;
    case OPTION_PROGRAMS: request->lab.programs = argument; return 0;
    case 'v': request->lab.verbose = true; return 0;
    case OPTION_RUNS: {
        const unsigned long runs = strtoul(argument, &end, 10);
        if (*end != '\0' || runs < 1 || runs > SAMPLE_RUNS_MAX) {
            argp_error(state, "--runs: a number from 1 to %u", SAMPLE_RUNS_MAX);
        }
        request->runs = (size_t)runs;
        return 0;
    }
    case ARGP_KEY_ARG:
        if (!collect_path(&request->files, argument)) {
            exit(LAB_EXIT_USAGE);
        }
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which scenario?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static struct sample_middle middle_of(const struct sample *samples, size_t count, size_t figure)
{
    int64_t values[SAMPLE_RUNS_MAX];
    for (size_t i = 0; i < count; i++) {
        values[i] = samples[i].figure[figure];
    }
    return sample_middle(values, count);
}

static enum agreement judge(
    const struct figure *figure,
    const struct sample_middle *expected,
    const struct sample_middle *real)
{
    if (figure->share < 0) {
        return NOT_JUDGED;
    }
    const double tolerance = fmax(figure->share * (double)expected->median, figure->absolute);
    if ((double)(real->high - real->low) > 2 * tolerance) {
        return UNDECIDABLE;
    }
    return fabs((double)(real->median - expected->median)) <= tolerance ? AGREES : DIFFERS;
}

static void print_row(
    FILE *out,
    const char *name,
    const struct figure *figure,
    const struct sample_middle *expected,
    const struct sample_middle *real,
    enum agreement agreement)
{
    (void)fprintf(
        out,
        "%-24s %-9s %10.3f %10.3f %-4s %+7.1f %%   %9.3f .. %-9.3f %s\n",
        name,
        figure->name,
        (double)expected->median / figure->scale,
        (double)real->median / figure->scale,
        figure->unit,
        expected->median == 0
            ? 0.0
            : 100.0 * (double)(real->median - expected->median) / (double)expected->median,
        (double)real->low / figure->scale,
        (double)real->high / figure->scale,
        agreement_names[agreement]);
}

static json_t *figure_json(
    const struct sample_middle *expected,
    const struct sample_middle *real,
    enum agreement agreement)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:s}",
        "simulated",
        (json_int_t)expected->median,
        "simulated_low",
        (json_int_t)expected->low,
        "simulated_high",
        (json_int_t)expected->high,
        "real",
        (json_int_t)real->median,
        "real_low",
        (json_int_t)real->low,
        "real_high",
        (json_int_t)real->high,
        "verdict",
        agreement == NOT_JUDGED ? "not-judged"
        : agreement == DIFFERS  ? "fail"
                                : agreement_names[agreement]);
}

/* The first run that did not end as it should; NULL: all did. */
static const struct sample *broken_one(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->runs; i++) {
        if (comparison->real[i].verdict != SIM_VERDICT_PASS) {
            return &comparison->real[i];
        }
        if (comparison->simulated[i].verdict != SIM_VERDICT_PASS) {
            return &comparison->simulated[i];
        }
    }
    return NULL;
}

static unsigned report(
    FILE *out, const struct scenario *scenario, const struct comparison *comparison, json_t *list)
{
    unsigned seen = 0; /* bits of enum agreement */
    json_t *entry = json_pack(
        "{s:s, s:s, s:I}",
        "scenario",
        scenario->file,
        "name",
        scenario->name,
        "runs",
        (json_int_t)comparison->runs);
    const struct sample *broken = broken_one(comparison);
    if (broken != NULL) {
        (void)fprintf(out, "%-24s did not pass: %s\n", scenario->name, broken->why);
        json_object_set_new(entry, "error", json_string(broken->why));
        json_array_append_new(list, entry);
        return 1U << DIFFERS;
    }
    for (size_t i = 0; i < SAMPLE_FIGURES; i++) {
        const struct sample_middle expected = middle_of(comparison->simulated, comparison->runs, i);
        const struct sample_middle real = middle_of(comparison->real, comparison->runs, i);
        const enum agreement agreement = judge(&figures[i], &expected, &real);
        seen |= 1U << agreement;
        print_row(out, i == 0 ? scenario->name : "", &figures[i], &expected, &real, agreement);
        json_object_set_new(entry, figures[i].name, figure_json(&expected, &real, agreement));
    }
    json_array_append_new(list, entry);
    (void)fflush(out);
    return seen;
}

static unsigned
compare_one(const struct request *request, const struct scenario *scenario, FILE *out, json_t *list)
{
    static struct comparison comparison;
    memset(&comparison, 0, sizeof(comparison));
    for (size_t i = 0; i < request->runs && !lab_interrupted(); i++) {
        (void)fprintf(stderr, "%s: run %zu of %zu\n", scenario->name, i + 1, request->runs);
        if (!sample_simulated(scenario, scenario->seed + i, &comparison.simulated[i])) {
            comparison.simulated[i].verdict = SIM_VERDICT_ERROR;
            (void)snprintf(
                comparison.simulated[i].why, LAB_TEXT_MAX, "the simulated run did not end");
        }
        (void)sample_real(scenario, &request->lab, &comparison.real[i]);
        comparison.runs = i + 1;
    }
    return report(out, scenario, &comparison, list);
}

int lab_verb_compare(int argc, char **argv)
{
    static const struct argp parser = {
        options,
        take,
        "SCENARIO...",
        "Run scenarios several times in both worlds, and print predicted against real.\v"
        "Total and bytes agree within 5 %, the blackout within 20 % or 2 ms, of medians. Where the "
        "middle half of the real runs is wider than that, the verdict is `undecidable`. Status 1 "
        "when a figure is off or a run did not pass.",
        NULL,
        NULL,
        NULL};
    struct request request = {.json = {.option = "--json"}, .runs = 5};
    argv[0] = (char[]){"ferry-lab compare"};
    argp_parse(&parser, argc, argv, 0, NULL, &request);
    const char *lacks = lab_machine_lacks();
    if (lacks != NULL) {
        (void)fprintf(stderr, "ferry-lab: skipped: %s\n", lacks);
        return LAB_EXIT_SKIPPED;
    }
    struct batch batch = {.count = 0};
    if (!batch_find_programs(&request.lab) || !batch_load(&batch, &request.files) ||
        !output_open(&request.json)) {
        return LAB_EXIT_USAGE;
    }
    FILE *out = output_is_stdout(&request.json) ? stderr : stdout;
    (void)fprintf(
        out,
        "%-24s %-9s %10s %10s %-4s %9s   %-22s %s\n",
        "scenario",
        "figure",
        "predicted",
        "real",
        "",
        "off by",
        "middle half of real",
        "verdict");
    json_t *list = json_array();
    unsigned seen = 0;
    for (size_t i = 0; i < batch.loaded && !lab_interrupted(); i++) {
        char text[LAB_TEXT_MAX];
        const char *why = lab_scenario_lacks(batch.scenarios[i], text);
        if (why != NULL) {
            (void)fprintf(stderr, "skipped: %s: %s\n", batch.scenarios[i]->file, why);
            continue;
        }
        seen |= compare_one(&request, batch.scenarios[i], out, list);
    }
    json_t *whole = json_pack("{s:i, s:o}", "version", 1, "comparisons", list);
    if (request.json.path != NULL) {
        json_dumpf(whole, request.json.stream, JSON_INDENT(2));
    }
    json_decref(whole);
    const bool written = output_commit(&request.json);
    batch_free(&batch);
    collection_free(&request.files);
    if (lab_interrupted()) {
        return 130;
    }
    return (seen & 1U << DIFFERS) != 0 ? LAB_EXIT_FAIL : !written ? LAB_EXIT_ERROR : LAB_EXIT_OK;
}
