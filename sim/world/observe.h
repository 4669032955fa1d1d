/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.h -- what the world says in public: to the checkers, and to the timeline.
 */
#ifndef FERRY_SIM_WORLD_OBSERVE_H
#define FERRY_SIM_WORLD_OBSERVE_H

#include "ferry/trace.h"
#include "sim/check/check.h"
#include "sim/report/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest;
struct host;
struct move;
struct side;
struct world;

void observe(struct world *world, struct sim_observation observation);
void observe_running(struct guest *guest, struct host *host, uint64_t epoch);
void observe_stopped(struct guest *guest, struct host *host, enum sim_stop stop);
void observe_started(struct move *move);
void observe_trace(struct side *side, const struct ferry_trace_event *event);
/* Spans of the timeline: 0 is none, and ending it does nothing. */
size_t span_begin(struct world *world, const struct sim_span *span);
void span_end(struct world *world, size_t *handle); /* sets it to 0 */
void observe_attempt_paused(struct move *move);
void observe_attempt_over(struct move *move);
void observe_samples(struct world *world, const struct move *move);
void observe_cables(struct world *world); /* after each event; notes now and then */

#endif
