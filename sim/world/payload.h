/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload.h -- the two ends of a payload stream; see payload_out.c and payload_in.c.
 */
#ifndef FERRY_SIM_WORLD_PAYLOAD_H
#define FERRY_SIM_WORLD_PAYLOAD_H

#include "model/memory.h"
#include "model/payload.h"

#include <stdint.h>

struct channel;
struct ferry_action;
struct message;
struct side;

/* ---- sending ---- */

void payload_out_open(struct channel *channel);
void payload_out_batch(struct side *side, const struct ferry_action *action);
void payload_out_barrier(struct side *side, const struct ferry_action *action);
void payload_out_sent(struct channel *channel, struct message *message);
void payload_out_cut(
    struct channel *channel); /* the connection is over: what has left of the first message */
/* The rate is about to change: tells the checkers what has left of the first message until now. */
void payload_out_so_far(const struct channel *channel);
void payload_out_close(struct channel *channel);

/* ---- receiving ---- */

void payload_in_arrived(struct channel *channel);
void payload_in_release(struct side *side, const struct ferry_action *action);
void payload_in_close(struct channel *channel);
/* Of `count` pages as the sender read them, or as the receiver placed them: over tags, or over the real bytes. */
uint32_t payload_digest(
    struct model_payload *contents,
    const struct model_memory *memory,
    uint64_t first_page,
    uint64_t skip,
    uint64_t count);

#endif
