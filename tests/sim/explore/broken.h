/* SPDX-License-Identifier: Apache-2.0 */
/* broken.h -- broken variants of the handover: each takes one rule away from the shipped code, as a
 * wrapper round it. The explorer has to find every one of them. */
#ifndef TESTS_SIM_EXPLORE_BROKEN_H
#define TESTS_SIM_EXPLORE_BROKEN_H

#include "sim/explore/explore.h"

struct broken_variant {
    const char *name;
    struct explore_machine machine;
    struct explore_budgets budgets; /* the least with which it can show */
    /* What finds it first, if only such checks are made. CHECK_NONE: it does no such harm. */
    enum explore_check requirement; /* of a state or a step */
    enum explore_check who_runs;    /* I1 or H-3 */
    enum explore_check end;         /* truth table, liveness */
};

extern const struct broken_variant broken_variants[];
extern const size_t broken_variant_count;

#endif
