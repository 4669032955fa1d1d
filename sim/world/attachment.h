/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attachment.h -- one (re)connection of a migration; see attachment.c.
 */
#ifndef FERRY_SIM_WORLD_ATTACHMENT_H
#define FERRY_SIM_WORLD_ATTACHMENT_H

#include "ferry/limits.h"
#include "sim/net/net.h"

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct ferry_action;
struct host;
struct move;
struct side;
struct world;

struct attach {
    struct move *move;
    uint32_t number;
    uint32_t network;
    uint64_t action_id;
    uint16_t streams;
    uint16_t connected;
    bool broken[2]; /* by side of its connections: DETACHED was posted, or the engine detached it */
    uint64_t serial[2]; /* the engine objects which know of it; 0: none yet */
    bool up;            /* ATTACHED was posted */
    struct channel *control;
    struct channel *ghost; /* a second control connection that no engine asked for; NULL: none */
    struct channel *payload[FERRY_STREAMS_MAX];
    struct attach *next; /* older */
};

void attachment_open(struct side *side, const struct ferry_action *action);
void attachment_detach(struct side *side, const struct ferry_action *action);
void attachment_drop_side(
    struct move *move,
    bool target,
    bool silent); /* the side is over: close, or forget without a word */
void attachment_connected(struct channel *channel);
void attachment_broken(struct channel *channel, enum net_side at);
/* What was said on this network comes twice: on the newest attach of each migration over it. */
void attachment_duplicate(struct world *world, uint32_t network);
void attachment_probe(struct side *side, const struct ferry_action *action);
struct attach *attachment_find(const struct move *move, uint32_t number);
void attachment_set_rate(struct move *move);
void attachment_host_rates(
    struct host *host); /* the number of streams that share its CPU has changed */
uint32_t attachment_open_ends(const struct move *move, bool target);
void attachment_destroy(struct attach *attach);

#endif
