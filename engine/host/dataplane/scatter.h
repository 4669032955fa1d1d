/* SPDX-License-Identifier: Apache-2.0 */
/* scatter.h -- receives a stream into many places with few system calls.
 *
 * The bodies of one frame are collected first (scatter_add) and then received together, straight
 * into guest memory; the same call takes up to SCATTER_AHEAD bytes behind them, which are nearly
 * always the next heads. What of them is payload is copied to its place: that much and no more of a
 * frame of up to 1 MiB. Digests are made of what one call brought, while it is in the processor's
 * cache. */
#ifndef FERRY_HOST_DATAPLANE_SCATTER_H
#define FERRY_HOST_DATAPLANE_SCATTER_H

#include "engine/host/transport/stream.h"
#include "ferry/limits.h"

/* END, BEGIN and the next frame's head, of batches without much fragmentation. */
#define SCATTER_AHEAD 128U

struct scatter {
    struct transport_connection *connection;
    size_t count;
    bool digests_wanted;                             /* of the bodies that are added */
    uint32_t digests[FERRY_FRAME_PAGES_MAX];         /* CRC-32C, or 0 */
    struct iovec bodies[FERRY_FRAME_PAGES_MAX];      /* as they were added */
    struct iovec vector[FERRY_FRAME_PAGES_MAX + 1U]; /* what is left of them, and `ahead` */
    size_t ahead_first;
    size_t ahead_end;
    uint8_t ahead[SCATTER_AHEAD];
};

void scatter_init(struct scatter *scatter, struct transport_connection *connection);
/* At least one byte, at most `size`, of the stream. 0: the connection is over. Not between
 * scatter_add() and scatter_receive(). */
size_t scatter_fill(struct scatter *scatter, void *data, size_t size);
/* One more place for what comes next; a frame has never more than there is room for. */
void scatter_add(struct scatter *scatter, void *data, size_t size);
/* Receives all that was added. False: the connection is over. `bodies` and `count` stay until
 * scatter_clear(). */
bool scatter_receive(struct scatter *scatter);
void scatter_clear(struct scatter *scatter);

#endif
