/* SPDX-License-Identifier: Apache-2.0 */
/* receiver.h -- the receiving end of one payload stream: one worker thread, and a helper that makes
 * fresh memory ready ahead of it.
 *
 * Made after the preface was read and routed (transport/gate.h). The worker drives a ferry_decoder
 * and receives page runs straight into guest memory. Zero pages are not touched unless something was
 * placed there before. The guest must not run while a receiver lives that is not sealed.
 *
 * The worker reports, in the order of the stream, what is in memory (BATCH_PLACED) and which
 * barriers it stands at (BARRIER_REACHED); behind a barrier it waits for release(). A protocol error
 * (STREAM_ERROR with its status), a broken or closed connection (DETACHED) ends it.
 *
 * All functions are called by one thread (the loop's). */
#ifndef FERRY_HOST_DATAPLANE_RECEIVER_H
#define FERRY_HOST_DATAPLANE_RECEIVER_H

#include "engine/host/dataplane/memory.h"
#include "engine/host/dataplane/report.h"
#include "engine/host/transport/connection.h"
#include "ferry/stream.h"

struct dataplane_receiver_config {
    struct ferry_stream_shape shape; /* ferry_target_shape(), with attach and stream of the preface;
                                        regions are copied */
    uint32_t round;                  /* ferry_target_round() */
    struct dataplane_memory *memory; /* borrowed until destroy() */
    uint8_t *state;                  /* device state is put here; borrowed until destroy() */
    uint64_t
        state_capacity; /* more than this is an error (LIMIT_SIZE), before a byte of it is read */
    struct transport_connection *connection; /* taken over, unless create fails */
    dataplane_post post;
    void *post_context;
};

struct dataplane_receiver;

/* USAGE_CONFIG, LIMIT_MEMORY. */
FERRY_NODISCARD
enum ferry_status dataplane_receiver_create(
    const struct dataplane_receiver_config *config, struct dataplane_receiver **receiver_out);

/* Payload of `round` may be placed (FERRY_ACTION_RELEASE_ROUND). */
void dataplane_receiver_release(struct dataplane_receiver *receiver, uint32_t round);

/* The guest is about to run: from here on nothing is placed. What comes all the same is a protocol
 * error (PEER_UNEXPECTED); the connection stays, but for one that is in the middle of a body, which no
 * honest source is. */
void dataplane_receiver_seal(struct dataplane_receiver *receiver);

/* Ends the stream wherever it is, without waiting; what was placed is reported first, then CLOSED.
 * Repeated calls are fine. */
void dataplane_receiver_stop(struct dataplane_receiver *receiver);
/* Stops, joins the threads, closes the connection. Bounded; at once after CLOSED. NULL is fine. */
void dataplane_receiver_destroy(struct dataplane_receiver *receiver);

#endif
