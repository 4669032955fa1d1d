/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concerned.h -- what of a run that did not pass is worth a screen: one migration, and its last events.
 */
#ifndef FERRY_SIM_REPORT_CONCERNED_H
#define FERRY_SIM_REPORT_CONCERNED_H

#include "sim/report/result.h"

#include <stddef.h>

#define CONCERNED_EVENTS SIM_RESULT_ENDING

/* That of the first failure that names one; else the first which did not complete; else the last. */
uint32_t concerned_migration(const struct sim_result *result);

/* The events now in the rings of a migration and of the world, copied; the caller frees. */
struct sim_ending *concerned_ending(const struct sim_result *result, uint32_t migration);

/* What is wrong is the migration's own end (an expectation of it), and no invariant was broken on the way. */
bool concerned_at_outcome(const struct sim_result *result, uint32_t migration);

/*
 * Events of both its sides and of the world, the newest first; the count. They reach to a little after what went
 * wrong: the first alarm of an invariant, else the migration's outcome where that is not as expected, else the
 * end of the run.
 */
size_t concerned_events(
    const struct sim_result *result,
    uint32_t migration,
    const struct sim_event *events[CONCERNED_EVENTS]);

#endif
