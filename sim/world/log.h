/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h -- the one place through which every event goes.
 */
#ifndef FERRY_SIM_WORLD_LOG_H
#define FERRY_SIM_WORLD_LOG_H

#include "sim/report/result.h"

#include <stddef.h>
#include <stdint.h>

struct world;

#define LOG(world_, ...) log_event((world_), &(const struct sim_event){__VA_ARGS__})
void log_event(
    struct world *world, const struct sim_event *event); /* number, time and hash are filled in */
uint32_t log_digest(const void *data, size_t size);      /* of bytes which a message carries */

#endif
