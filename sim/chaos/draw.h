/* SPDX-License-Identifier: Apache-2.0 */
/* draw.h -- draws from lists and ranges, for the files which draw a plan. Never two in one
 * expression. */
#ifndef FERRY_SIM_CHAOS_DRAW_H
#define FERRY_SIM_CHAOS_DRAW_H

#include "model/rng.h"

#include <stdbool.h>
#include <stdint.h>

uint32_t draw_below(struct model_rng *rng, uint32_t bound);
bool draw_chance(struct model_rng *rng, uint32_t percent);
uint32_t draw_pick(struct model_rng *rng, const uint32_t *list, uint32_t count);

#define PICK(rng, list) draw_pick((rng), (list), (uint32_t)(sizeof(list) / sizeof(list)[0]))

#endif
