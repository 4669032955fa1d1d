/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concerned.h -- what of a run that did not pass is worth a screen: one migration, and its last events.
 */
#ifndef FERRY_SIM_REPORT_CONCERNED_H
#define FERRY_SIM_REPORT_CONCERNED_H

#include "sim/report/result.h"

#include <stddef.h>

#define CONCERNED_EVENTS 16U

/* That of the first failure that names one; else the first which did not complete; else the last. */
uint32_t concerned_migration(const struct sim_result *result);

/* The last events of both its sides and of the world, the newest first; the count. */
size_t concerned_events(
    const struct sim_result *result,
    uint32_t migration,
    const struct sim_event *events[CONCERNED_EVENTS]);

#endif
