/* SPDX-License-Identifier: Apache-2.0 */
/* step.h -- what a step of either half says: up to three outputs, in order. For the files of this room only. */
#ifndef HANDOVER_STEP_H
#define HANDOVER_STEP_H

#include "handover/handover.h"

static inline struct handover_step step0(void)
{
    return (struct handover_step){0};
}

static inline struct handover_step step1(enum handover_output first)
{
    return (struct handover_step){.count = 1, .output = {(uint8_t)first}};
}

static inline struct handover_step step2(enum handover_output first, enum handover_output second)
{
    return (struct handover_step){
        .count = 2, .output = {(uint8_t)first, (uint8_t)second}
    };
}

#endif
