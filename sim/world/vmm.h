/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmm.h -- what the engine asks of a guest's process: one function an action. All that report do so when it is done.
 */
#ifndef FERRY_SIM_WORLD_VMM_H
#define FERRY_SIM_WORLD_VMM_H

struct ferry_action;
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

#endif
