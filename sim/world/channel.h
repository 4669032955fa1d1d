/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.h -- one network connection of a migration, with both of its ends; see channel.c.
 */
#ifndef FERRY_SIM_WORLD_CHANNEL_H
#define FERRY_SIM_WORLD_CHANNEL_H

#include "ferry/stream.h"
#include "sim/net/net.h"
#include "sim/world/message.h"
#include "sim/world/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attach;
struct ferry_action;
struct move;
struct side;
struct world;

struct end {
    bool open;                /* connected or accepted, and not over */
    bool over;                /* nothing more happens at this end */
    bool lingering;           /* closes as soon as what it handed over has left */
    struct message_queue out; /* handed to the network and not yet delivered, oldest first */
    struct message *unsent;   /* of these, the first whose last byte has not left; NULL: none */
};

struct channel {
    struct world *world;
    uint32_t index;        /* the network's cookie */
    struct attach *attach; /* NULL: a probe */
    struct move *move;
    enum ferry_role role;
    uint16_t stream;
    net_conn conn;
    struct end ends[2];
    /* initiator, payload */
    struct ferry_stream_shape shape;
    struct ferry_encoder *encoder;
    struct ferry_encoder *sizer; /* the same, run ahead to learn how many bytes a batch takes */
    struct message *encoding;    /* what either of them works on */
    /* acceptor */
    bool routed; /* the preface has been read */
    uint8_t preface[FERRY_PREFACE_SIZE];
    size_t preface_size;
    struct ferry_decoder *decoder;
    struct message_queue in; /* delivered, not yet decoded */
    bool counted;            /* in streams_live of both hosts */
    uint64_t rate;           /* as the network was told */
    /* what was said here comes a second time (fault `duplicate`) */
    struct message *said; /* control, initiator: its bytes so far; NULL: none */
    bool ghost;           /* this is the second time: nobody on the first host knows of it */
    /* a probe */
    uint64_t probe_action;
    uint64_t probe_side;
    world_timer probe_timer;
};

struct channel *channel_create(struct world *world, struct move *move, struct attach *attach);
void channel_connect(struct channel *channel, uint32_t network);
void channel_event(struct world *world, const struct net_event *event);
void channel_send(struct channel *channel, enum net_side from, struct message *message);
/* What the initiator has said so far comes to the acceptor again, on a connection of its own. */
void channel_duplicate(struct channel *channel);
void channel_send_control(struct side *side, const struct ferry_action *action);
void channel_close(struct channel *channel, enum net_side at, bool linger);
void channel_forget(
    struct channel *channel, enum net_side at); /* that host is gone: no word to anybody */
void channel_destroy(struct channel *channel);

#endif
