/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h -- "did you mean ...": the nearest of several words to one that nobody knows. */
#ifndef FERRY_SIM_SCENARIO_SUGGEST_H
#define FERRY_SIM_SCENARIO_SUGGEST_H

#include <stddef.h>

struct suggestion {
    const char *wanted;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;
};

/* Starts a search for `wanted`, which must outlive it. */
void suggestion_start(struct suggestion *suggestion, const char *wanted);

/* Offers one candidate; of equally near ones the first offered stays. */
void suggestion_offer(struct suggestion *suggestion, const char *candidate);

#endif
