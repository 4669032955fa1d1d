/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h -- several scenarios on real hosts, one after the other: they share two cores. */
#ifndef FERRY_SIM_LAB_BATCH_H
#define FERRY_SIM_LAB_BATCH_H

#include "sim/cli/collect.h"
#include "sim/lab/lab.h"
#include "sim/report/run_report.h"

struct batch {
    struct scenario **scenarios;
    size_t loaded;
    struct run_report *reports; /* of those that were run */
    size_t count;
    size_t skipped;
};

/* Where ferryd and ferry-vmm are; false: it was said that they are not there. */
bool batch_find_programs(struct lab_options *options);
/* Loads all; false: it was said what is wrong with which. */
bool batch_load(struct batch *batch, const struct collection *files);
/* Runs scenario `index`, or says why it is skipped. */
void batch_run_one(struct batch *batch, size_t index, const struct lab_options *options);
void batch_print_failures(FILE *out, const struct batch *batch);
void batch_free(struct batch *batch);

#endif
