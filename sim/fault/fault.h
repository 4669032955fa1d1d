/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h -- when steps and faults happen (trigger.c), and what faults do (faults.c).
 */
#ifndef FERRY_SIM_FAULT_FAULT_H
#define FERRY_SIM_FAULT_FAULT_H

#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct move;
struct world;

typedef void trigger_fn(struct world *world, size_t index);

struct trigger {
    const struct scenario_trigger *when;
    trigger_fn *fire;
    size_t index;
    bool fired;
};

void trigger_init(struct world *world);
void trigger_add(
    struct world *world, const struct scenario_trigger *when, trigger_fn *fire, size_t index);
void trigger_phase(struct move *move, enum scenario_phase phase, uint32_t number);
void trigger_run_due(struct world *world);

void faults_init(struct world *world);

#endif
