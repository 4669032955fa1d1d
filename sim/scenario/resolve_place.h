/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_place.h -- where migrations can go, and over which networks. */
#ifndef FERRY_SIM_SCENARIO_RESOLVE_PLACE_H
#define FERRY_SIM_SCENARIO_RESOLVE_PLACE_H

#include "sim/scenario/resolve.h"

/* The hosts which drains may use: one list for all of a file. */
void resolve_drain_targets(struct resolve *resolve);

/* Is every migration's way there, as far as the file alone tells? */
void check_ways(struct resolve *resolve);

#endif
