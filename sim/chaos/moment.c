/* SPDX-License-Identifier: Apache-2.0 */
/* moment.c -- one run with a log; then many with other futures. */
#include "sim/chaos/moment.h"

#include "model/rng.h"
#include "sim/chaos/draw.h"
#include "sim/report/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct search {
    const struct moment_options *options;
    struct moment *moment;
    FILE *log;
    uint64_t *begun; /* by fault: the event */
    size_t fault_count;
    int64_t *at_ns; /* by event, from 1 */
    char **lines;
    size_t capacity;
    uint64_t event; /* that is being looked at */
    unsigned failing;
};

static struct scenario *load(const struct moment_options *options)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;

    (void)scenario_load_text(options->name, options->text, options->size, &scenario, &errors);
    scenario_errors_free(&errors);
    return scenario;
}

/* ---- the run as it was, with its log ---- */

static void work_logged(void *context, uint64_t job, struct trial *trial)
{
    const struct search *search = context;
    struct scenario *scenario = load(search->options);

    (void)job;
    (void)setvbuf(search->log, NULL, _IOLBF, 0); /* it may crash at the end */
    (void)trial_run(
        scenario,
        &(struct trial_options){
            .run = search->options->bench->run,
            .network = search->options->bench->network,
            .seed = scenario->seed,
            .log = search->log,
        },
        trial);
    (void)fflush(search->log);
    scenario_free(scenario);
}

static void take_line(struct search *search, char *line)
{
    const uint64_t number = search->moment->events + 1;
    const char *space = strchr(line, ' ');
    const char *fault = strstr(line, "FAULT_BEGIN") == NULL ? NULL : strstr(line, " fault=");

    if (space == NULL || strtoull(line, NULL, 10) != number) {
        return; /* cut short by a crash */
    }
    if (number + 1 > search->capacity) {
        search->capacity = 2 * (number + 64);
        search->lines = realloc(search->lines, search->capacity * sizeof *search->lines);
        search->at_ns = realloc(search->at_ns, search->capacity * sizeof *search->at_ns);
        if (search->lines == NULL || search->at_ns == NULL) {
            abort();
        }
    }
    line[strcspn(line, "\n")] = '\0';
    char *hash = strrchr(line, ' '); /* the last word of a line of the log, of no use here */

    *hash = '\0';
    search->lines[number] = report_copy(line);
    search->at_ns[number] = trial_log_time(line);
    search->moment->events = number;
    if (fault != NULL) {
        const size_t index = (size_t)strtoull(fault + strlen(" fault="), NULL, 10);

        if (index < search->fault_count) {
            search->begun[index] = number;
        }
    }
}

static void read_log(struct search *search)
{
    char *line = NULL;
    size_t size = 0;

    rewind(search->log);
    while (getline(&line, &size, search->log) > 0) {
        take_line(search, line);
    }
    free(line);
}

/* ---- other futures ---- */

static void
redraw_fault(struct scenario_fault *fault, const struct moment_past *past, struct model_rng *rng)
{
    struct scenario_trigger *when = &fault->when;

    if (when->on_phase && draw_chance(rng, 50)) {
        when->phase = (enum scenario_phase)(
            SCENARIO_PHASE_CONNECTING + (int)draw_below(rng, SCENARIO_PHASE_CLOSING));
        when->round = 0;
        when->attempt = 0;
        return;
    }
    when->on_phase = false;
    when->after = 0;
    when->at = past->now + 1;
    if (past->horizon > past->now) {
        when->at += (int64_t)model_rng_below(rng, (uint64_t)(past->horizon - past->now));
    }
}

void moment_redraw(struct scenario *scenario, const struct moment_past *past, uint64_t seed)
{
    struct model_rng rng;
    size_t kept = 0;

    model_rng_init(&rng, seed, "moment/faults");
    for (size_t i = 0; i < scenario->fault_count; i++) {
        struct scenario_fault fault = scenario->faults[i];

        if (past->begun[i] == 0 || past->begun[i] > past->event) {
            if (draw_chance(&rng, 33)) {
                continue;
            }
            redraw_fault(&fault, past, &rng);
        }
        scenario->faults[kept] = fault;
        kept++;
    }
    scenario->fault_count = kept;
}

static void work_sample(void *context, uint64_t job, struct trial *trial)
{
    const struct search *search = context;
    struct scenario *scenario = load(search->options);
    const struct moment_past past = {
        .event = search->event,
        .now = search->at_ns[search->event],
        .horizon = search->at_ns[search->moment->events],
        .begun = search->begun,
    };

    moment_redraw(scenario, &past, job);
    (void)trial_run(
        scenario,
        &(struct trial_options){
            .run = search->options->bench->run,
            .network = search->options->bench->network,
            .seed = scenario->seed,
            .reseed_event = search->event,
            .reseed = model_rng_derive(job, "moment"),
        },
        trial);
    scenario_free(scenario);
}

static void count_sample(void *context, uint64_t job, const struct trial *trial)
{
    struct search *search = context;

    (void)job;
    if (trial_same_failure(trial, search->options->failure)) {
        search->failing++;
    }
}

static void note(struct moment *moment, uint64_t event, unsigned failing)
{
    size_t place = moment->probe_count;

    if (place == MOMENT_PROBES_MAX) {
        return;
    }
    for (; place > 0 && moment->probes[place - 1].event > event; place--) {
        moment->probes[place] = moment->probes[place - 1];
    }
    moment->probes[place] = (struct moment_probe){.event = event, .failing = failing};
    moment->probe_count++;
}

/* Whether it is likely, given what has happened by this event. */
static bool likely(struct search *search, uint64_t event)
{
    struct bench *bench = search->options->bench;

    search->event = event;
    search->failing = 0;
    if (bench->ended == 0) {
        bench->ended = crew_run(&(struct crew_config){
            .workers = search->options->jobs,
            .count = search->options->samples,
            .one_job_each = bench->network == SIM_NETWORK_SIMGRID,
            .patience_s = bench->patience_s,
            .watched = bench->watched,
            .old_mask = bench->old_mask,
            .context = search,
            .work = work_sample,
            .done = count_sample,
        });
    }
    note(search->moment, event, search->failing);
    return 2 * search->failing >= search->options->samples;
}

static void bisect(struct search *search)
{
    struct moment *moment = search->moment;
    uint64_t unlikely_at = 1;
    uint64_t likely_at = moment->events;

    moment->event = 1;
    if (likely(search, 1)) {
        moment->from_the_start = true;
        return;
    }
    while (likely_at - unlikely_at > 1 && search->options->bench->ended == 0) {
        const uint64_t middle = unlikely_at + (likely_at - unlikely_at) / 2;

        if (likely(search, middle)) {
            likely_at = middle;
        } else {
            unlikely_at = middle;
        }
    }
    moment->event = likely_at;
}

/* ---- the whole ---- */

static void ignore(void *context, uint64_t job, const struct trial *trial)
{
    (void)context;
    (void)job;
    (void)trial;
}

bool moment_find(const struct moment_options *options, struct moment *moment)
{
    struct search search = {.options = options, .moment = moment, .log = tmpfile()};
    struct scenario *scenario = load(options);

    *moment = (struct moment){.events = 0};
    if (scenario != NULL && search.log != NULL) {
        search.fault_count = scenario->fault_count;
        search.begun = report_take(scenario->fault_count + 1, sizeof *search.begun);
        options->bench->ended = crew_run(&(struct crew_config){
            .workers = 1,
            .count = 1,
            .one_job_each = true,
            .watched = options->bench->watched,
            .old_mask = options->bench->old_mask,
            .context = &search,
            .work = work_logged,
            .done = ignore,
        });
        read_log(&search);
    }
    scenario_free(scenario);
    if (search.log != NULL) {
        (void)fclose(search.log);
    }
    if (moment->events > 0 && options->bench->ended == 0) {
        bisect(&search);
    }
    moment->line = report_copy(search.lines == NULL ? "" : search.lines[moment->event]);
    for (uint64_t i = 1; search.lines != NULL && i <= moment->events; i++) {
        free(search.lines[i]);
    }
    free(search.lines);
    free(search.at_ns);
    free(search.begun);
    return moment->events > 0 && options->bench->ended == 0;
}

void moment_free(struct moment *moment)
{
    free(moment->line);
    moment->line = NULL;
}
