/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmm.h -- what the engine asks of a guest's process: one function an action. All that report do so when it is done.
 */
#ifndef FERRY_SIM_WORLD_VMM_H
#define FERRY_SIM_WORLD_VMM_H

#include <stdint.h>

struct ferry_action;
struct instance;
struct op;
struct side;

void vmm_prepare(struct side *side, const struct ferry_action *action);
void vmm_collect(struct side *side, const struct ferry_action *action);
void vmm_stop_logging(struct side *side, const struct ferry_action *action);
void vmm_pause(struct side *side, const struct ferry_action *action);
void vmm_resume(struct side *side, const struct ferry_action *action);
void vmm_throttle(struct side *side, const struct ferry_action *action);
void vmm_capture(struct side *side, const struct ferry_action *action);
void vmm_load(struct side *side, const struct ferry_action *action);
void vmm_announce(struct side *side, const struct ferry_action *action);
void vmm_free(struct side *side, const struct ferry_action *action);

/* ---- for the files of vmm_*.c ---- */

/* The instance that the op is about; NULL: it is gone. */
struct instance *vmm_instance(const struct op *op);
/* Starts the op: done `cost` after the VMM could begin with it. */
void vmm_order(struct op *op, int64_t cost);
/* What `bytes` cost at `cost` for each `unit` bytes. */
int64_t vmm_share(int64_t cost, uint64_t bytes, uint64_t unit);
void vmm_log(const struct op *op, const char *kind, const char *name, int64_t field);

#endif
