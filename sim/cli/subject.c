/* SPDX-License-Identifier: Apache-2.0 */
/* subject.c -- reads a seed or a file, and runs it once. */
#include "sim/cli/subject.h"

#include "sim/chaos/plan.h"
#include "sim/cli/run_options.h"
#include "sim/report/memory.h"
#include "sim/scenario/quantity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* As large as the loader takes, and one more byte, so that it says so. */
#define FILE_SIZE_MAX ((size_t)1024 * 1024 + 1)

int64_t subject_clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t subject_time(const char *option, const char *text, const struct argp_state *state)
{
    char message[QUANTITY_MESSAGE_SIZE];
    uint64_t value = 0;

    if (!quantity_parse_whole(QUANTITY_TIME, text, &value, message)) {
        argp_error(state, "%s %s: %s", option, text, message);
    }
    if (value == 0 || value > INT64_MAX) {
        argp_error(state, "%s %s: expected more than nothing", option, text);
    }
    return (int64_t)value;
}

static char *format(const char *pattern, uint64_t number)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&text, &size);

    (void)fprintf(stream, "%s%" PRIu64, pattern, number);
    report_text_close(stream);
    return text;
}

/* "busy_database" of "scenarios/busy_database.yaml" */
static char *word_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *word = report_copy(slash == NULL ? path : slash + 1);
    char *dot = strrchr(word, '.');

    if (dot != NULL && dot != word) {
        *dot = '\0';
    }
    return word;
}

static bool read_file(struct subject *subject, const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        cli_complain("%s: %s", path, strerror(errno));
        return false;
    }
    subject->text = report_take(FILE_SIZE_MAX + 1, 1);
    subject->size = fread(subject->text, 1, FILE_SIZE_MAX, file);
    const bool fine = ferror(file) == 0;

    if (!fine) {
        cli_complain("%s: %s", path, strerror(errno));
    }
    (void)fclose(file);
    subject->path = report_copy(path);
    subject->word = word_of(path);
    subject->title = report_copy(path);
    return fine;
}

bool subject_read(struct subject *subject, const char *argument)
{
    uint64_t seed = 0;

    *subject = (struct subject){.path = NULL};
    if (run_parse_number(argument, &seed)) {
        subject->text = plan_text(seed, &subject->size);
        subject->path = report_copy("chaos.yaml");
        subject->word = format("chaos_", seed);
        subject->title = format("chaos seed ", seed);
        return true;
    }
    if (!read_file(subject, argument)) {
        subject_free(subject);
        return false;
    }
    return true;
}

void subject_free(struct subject *subject)
{
    free(subject->path);
    free(subject->word);
    free(subject->title);
    free(subject->text);
    *subject = (struct subject){.path = NULL};
}

static bool is_scenario(const struct subject *subject)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    const bool fine =
        scenario_load_text(subject->path, subject->text, subject->size, &scenario, &errors) ==
        SCENARIO_OK;

    if (!fine) {
        cli_print_errors(subject->path, &errors);
    }
    scenario_free(scenario);
    scenario_errors_free(&errors);
    return fine;
}

static bool fails(const struct subject *subject, struct bench *bench, struct trial *failure)
{
    return bench_run(bench, subject->path, subject->text, subject->size, failure) &&
           (failure->verdict == TRIAL_VIOLATED || failure->verdict == TRIAL_BROKEN);
}

bool subject_fails(
    const struct subject *subject,
    struct bench *bench,
    bool network_given,
    const struct cli_call *call,
    struct trial *failure)
{
    if (!is_scenario(subject)) {
        return false;
    }
    call->world->prepare();
    if (fails(subject, bench, failure)) {
        return true;
    }
    if (!network_given) {
        bench->network = SIM_NETWORK_SIMGRID;
        if (fails(subject, bench, failure)) {
            return true;
        }
    }
    if (bench->ended == 0) {
        cli_complain("%s does not fail", subject->title);
    }
    return false;
}
