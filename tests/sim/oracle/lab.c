/* SPDX-License-Identifier: Apache-2.0 */
/* lab.c -- see lab.h. The child writes its numbers into memory that it shares with the test. */
#include "lab.h"

#include "sim/net/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

const enum sim_network lab_networks[2] = {SIM_NETWORK_SIMGRID, SIM_NETWORK_LIGHT};

static struct lab_run *shared;

int lab_prepare(void **unused)
{
    (void)unused;
    void *memory =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return 1;
    }
    shared = memory;
    net_simgrid_prepare();
    return 0;
}

static struct scenario *load(const char *text)
{
    struct scenario_errors errors = {0};
    struct scenario *scenario = NULL;

    (void)scenario_load_text("lab.yaml", text, strlen(text), &scenario, &errors);
    for (size_t i = 0; i < errors.count; i++) {
        (void)fprintf(stderr, "%s\n", errors.items[i].message);
    }
    scenario_errors_free(&errors);
    if (scenario == NULL) {
        (void)fprintf(stderr, "in:\n%s\n", text);
        _exit(1);
    }
    return scenario;
}

static void keep_migration(const struct sim_migration *from, struct lab_migration *to)
{
    const struct ferry_outcome *outcome = &from->outcome;
    const uint32_t kept =
        outcome->round_count < LAB_ROUNDS_MAX ? outcome->round_count : LAB_ROUNDS_MAX;

    to->outcome = outcome->kind;
    to->rule = outcome->verdict.rule;
    to->cause = outcome->verdict.cause;
    to->started_at_ns = from->started_at_ns;
    to->total_ns = outcome->total_ns;
    to->blackout_ns = outcome->blackout.total_ns;
    to->wire_bytes = outcome->wire_bytes;
    to->round_count = kept;
    if (kept != 0) {
        memcpy(to->rounds, from->rounds, kept * sizeof *to->rounds);
    }
}

static void run_here(const struct lab_options *wanted, const char *text)
{
    struct scenario *scenario = load(text);
    struct sim_run_options options = sim_run_options_default(scenario);
    struct sim_result result;

    options.network = wanted->network;
    options.seed = wanted->seed == 0 ? 1 : wanted->seed;
    sim_result_init(&result, scenario, options.seed);
    if (sim_run(scenario, &options, &result) != 0) {
        _exit(1);
    }
    shared->verdict = result.verdict;
    if (result.failure_count != 0) {
        (void)snprintf(
            shared->failure,
            sizeof shared->failure,
            "%s: %s",
            result.failures[0].id,
            result.failures[0].message);
    }
    shared->migration_count =
        result.migration_count < LAB_MIGRATIONS_MAX ? result.migration_count : LAB_MIGRATIONS_MAX;
    for (size_t i = 0; i < shared->migration_count; i++) {
        keep_migration(&result.migrations[i], &shared->migrations[i]);
    }
    shared->done = true;
    sim_result_deinit(&result);
    scenario_free(scenario);
}

const struct lab_run *lab_run(const struct lab_options *options, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    const int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    assert_true(size > 0);
    shared->done = false;
    shared->failure[0] = '\0';
    (void)fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run_here(options, text);
        _exit(0);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !shared->done) {
        fail_msg("the run ended with status %d, in:\n%s", status, text);
    }
    if (!options->may_fail && shared->verdict != SIM_VERDICT_PASS) {
        fail_msg("%s, in:\n%s", shared->failure, text);
    }
    free(text);
    return shared;
}

double lab_framing(const struct lab_migration *migration)
{
    uint64_t pages = 0;
    uint64_t data = 0;

    for (uint32_t i = 0; i < migration->round_count; i++) {
        pages += migration->rounds[i].pages;
        data += migration->rounds[i].pages - migration->rounds[i].zero_pages;
    }
    return ((double)migration->wire_bytes - (double)data * LAB_PAGE) / (double)pages;
}

double lab_first_pages(const struct lab_migration *migration)
{
    return (double)(migration->rounds[0].pages - migration->rounds[0].zero_pages);
}

struct model_oracle_copy lab_copy(const struct lab_migration *migration, double bytes_per_second)
{
    return (struct model_oracle_copy){
        .first_pages = lab_first_pages(migration),
        .page_bytes = LAB_PAGE,
        .framing_bytes = lab_framing(migration),
        .bytes_per_second = bytes_per_second,
        .dead_s = LAB_DEAD_BYTES / bytes_per_second,
    };
}

static double framing_of(const struct ferry_round *round)
{
    const double data = (double)(round->pages - round->zero_pages);

    return data == 0.0 ? 0.0 : ((double)round->bytes - data * LAB_PAGE) / data;
}

void lab_check_rounds(
    const struct lab_migration *migration,
    double bytes_per_second,
    model_oracle_dirty dirty,
    const void *guest,
    double steepness)
{
    struct model_oracle_copy copy = lab_copy(migration, bytes_per_second);
    const double page_s = (copy.page_bytes + copy.framing_bytes) / bytes_per_second;
    double slack = 0.0;

    for (uint32_t i = 0; i < migration->round_count; i++) {
        const struct ferry_round *round = &migration->rounds[i];
        struct model_oracle_round two[2];
        copy.framing_bytes = framing_of(round);
        model_oracle_rounds(&copy, dirty, guest, two, COUNT_OF(two));
        lab_within((double)round->pages, two[0].pages, slack, "pages of round", i);
        if (!round->final) {
            const double took_s = lab_seconds(round->duration_ns);
            lab_within(
                took_s,
                two[0].seconds + copy.dead_s,
                (slack + 1.0) * page_s,
                "seconds of round",
                i);
            lab_within(
                (double)round->dirty_after, dirty(guest, took_s), 1.0, "dirtied in round", i);
        }
        copy.first_pages = two[1].pages;
        slack = 1.0 + slack * steepness;
        if (i + 1 < migration->round_count && migration->rounds[i + 1].final) {
            assert_int_equal(migration->rounds[i + 1].pages, round->dirty_after);
        }
    }
}

void lab_within(double value, double expected, double slack, const char *what, size_t index)
{
    if (!(fabs(value - expected) <= slack)) {
        fail_msg("%s %zu is %.9g, expected %.9g within %.3g", what, index, value, expected, slack);
    }
}
