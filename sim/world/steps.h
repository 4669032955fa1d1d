/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.h -- what the operators of the scenario do (steps.c), and the drains (drain.c).
 */
#ifndef FERRY_SIM_WORLD_STEPS_H
#define FERRY_SIM_WORLD_STEPS_H

#include <stddef.h>

struct move;
struct world;

void steps_init(struct world *world);
void drain_begin(struct world *world, size_t step);
void drain_ended(struct move *move);
void drain_moved(struct move *move);
void drain_moving(struct move *move);

#endif
