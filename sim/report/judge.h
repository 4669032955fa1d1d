/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h -- holds the result of a run against what its scenario expects.
 *
 * Expectation number n (from 1, in the order of the file) that does not hold becomes a failure
 * "En" which names its line, what was expected in the file's words, and what came. A run which
 * ended in an error is not judged: nothing is known.
 */
#ifndef FERRY_SIM_REPORT_JUDGE_H
#define FERRY_SIM_REPORT_JUDGE_H

#include "sim/report/result.h"

void sim_judge(struct sim_result *result);

#endif
