/* SPDX-License-Identifier: Apache-2.0 */
/* sample.c -- see sample.h. */
#include "sim/lab/sample.h"

#include "sim/lab/spawn.h"
#include "sim/report/judge.h"
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIMULATED_NS 600000000000

void sample_take(struct sample *sample, const struct sim_result *result)
{
    *sample = (struct sample){.verdict = result->verdict};
    if (result->failure_count != 0) {
        (void)snprintf(sample->why, sizeof(sample->why), "%.500s", result->failures[0].message);
    }
    if (result->migration_count == 0) {
        return;
    }
    const struct ferry_outcome *outcome = &result->migrations[0].outcome;
    sample->completed = outcome->kind == FERRY_OUTCOME_COMPLETED;
    sample->figure[SAMPLE_TOTAL] = outcome->total_ns;
    sample->figure[SAMPLE_BYTES] = (int64_t)outcome->wire_bytes;
    sample->figure[SAMPLE_ROUNDS] = outcome->round_count;
    sample->figure[SAMPLE_BLACKOUT] = outcome->blackout.total_ns;
    sample->blackout = outcome->blackout;
    if (outcome->rounds != NULL && outcome->round_count > 0 &&
        outcome->round_count <= FERRY_ROUNDS_KEPT) {
        sample->final_bytes = (int64_t)outcome->rounds[outcome->round_count - 1].bytes;
    }
    if (!sample->completed && sample->why[0] == '\0') {
        (void)snprintf(sample->why, sizeof(sample->why), "%.500s", outcome->reason);
    }
}

static int by_size(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

struct sample_middle sample_middle(const int64_t *values, size_t count)
{
    int64_t sorted[SAMPLE_RUNS_MAX];
    if (count == 0 || count > SAMPLE_RUNS_MAX) {
        return (struct sample_middle){0};
    }
    memcpy(sorted, values, count * sizeof(*values));
    qsort(sorted, count, sizeof(*sorted), by_size);
    return (struct sample_middle){
        .median = sorted[count / 2],
        .low = sorted[count / 4],
        .high = sorted[count - 1 - count / 4],
    };
}

bool sample_simulated(const struct scenario *scenario, uint64_t seed, struct sample *sample)
{
    struct sample *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return false;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        struct sim_run_options options = sim_run_options_default(scenario);
        struct sim_result result;
        options.seed = seed;
        sim_result_init(&result, scenario, seed);
        if (sim_run(scenario, &options, &result) != 0) {
            _exit(1);
        }
        sim_judge(&result);
        sample_take(shared, &result);
        _exit(0);
    }
    const bool ended = pid > 0 && spawn_wait(pid, SIMULATED_NS);
    if (!ended && pid > 0) {
        spawn_end(pid, 0);
    }
    *sample = *shared;
    munmap(shared, sizeof(*shared));
    return ended;
}

bool sample_real(
    const struct scenario *scenario, const struct lab_options *options, struct sample *sample)
{
    struct sim_result result;
    sim_result_init(&result, scenario, scenario->seed);
    const bool played = lab_run(scenario, options, &result);
    sample_take(sample, &result);
    sim_result_deinit(&result);
    return played;
}
