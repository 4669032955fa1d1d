/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h -- the figures of one run, in either world, and the middle and spread of several. */
#ifndef FERRY_SIM_LAB_SAMPLE_H
#define FERRY_SIM_LAB_SAMPLE_H

#include "sim/lab/lab.h"

#define SAMPLE_RUNS_MAX 25U

enum sample_figure {
    SAMPLE_TOTAL = 0, /* ns; of the first move, as all figures */
    SAMPLE_BYTES,
    SAMPLE_ROUNDS,
    SAMPLE_BLACKOUT, /* ns */
    SAMPLE_FIGURES,
};

struct sample {
    bool completed;
    enum sim_verdict verdict;
    int64_t figure[SAMPLE_FIGURES];
    struct ferry_blackout blackout;
    int64_t final_bytes;    /* sent in the pause */
    char why[LAB_TEXT_MAX]; /* not completed: what was said */
};

struct sample_middle {
    int64_t median;
    int64_t low; /* of the middle half: a quarter of the runs lies below, a quarter above */
    int64_t high;
};

void sample_take(struct sample *sample, const struct sim_result *result);
struct sample_middle sample_middle(const int64_t *values, size_t count);

/* In a process of its own: the solver of the simulated network is there once a process. */
bool sample_simulated(const struct scenario *scenario, uint64_t seed, struct sample *sample);
bool sample_real(
    const struct scenario *scenario, const struct lab_options *options, struct sample *sample);

#endif
