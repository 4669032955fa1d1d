/* SPDX-License-Identifier: Apache-2.0 */
/* sender.h -- the sending end of one payload stream: one worker thread, fed through a queue.
 *
 * The worker drives a ferry_encoder and sends heads and page runs, many of them with one system
 * call, straight from guest memory, while the guest may go on writing to it. It sends the payload
 * preface first.
 *
 * Digests: 0 for the bodies of live batches (attempt 0; the guest may write between digest and send,
 * and the link's own check guards the bytes); CRC-32C (host_crc32c) for those of an attempt and of the device
 * state. Both ends follow this rule.
 *
 * Rate: in any 100 ms not more than rate x 100 ms + what one batch has. A rate of 0 stops.
 *
 * All functions are called by one thread (the loop's). */
#ifndef FERRY_HOST_DATAPLANE_SENDER_H
#define FERRY_HOST_DATAPLANE_SENDER_H

#include "engine/host/dataplane/memory.h"
#include "engine/host/dataplane/report.h"
#include "engine/host/transport/connection.h"
#include "ferry/stream.h"

/* Batches and barriers that may wait in one sender. The engine hands over FERRY_STREAM_QUEUE_MAX
 * batches at most, and a barrier beside each. */
#define DATAPLANE_QUEUE_MAX 8U

struct dataplane_sender_config {
    struct ferry_stream_shape shape; /* regions are copied; session, attach and stream go into the
                                        preface and into each report */
    struct dataplane_memory *memory; /* borrowed until destroy() */
    struct transport_connection *connection; /* taken over, unless create fails */
    uint64_t rate;                           /* bytes a second; FERRY_RATE_UNLIMITED */
    dataplane_post post;
    void *post_context;
};

struct dataplane_sender;

/* Starts the worker; it sends the preface at once. USAGE_CONFIG, LIMIT_MEMORY. */
FERRY_NODISCARD
enum ferry_status dataplane_sender_create(
    const struct dataplane_sender_config *config, struct dataplane_sender **sender_out);

/* Queues a batch (FERRY_ACTION_SEND_BATCH). `state` is the mapped device state for a batch of that
 * (all of state_size bytes), else NULL. Bitmap and state are borrowed until its BATCH_SENT, or until
 * CLOSED. LIMIT_SIZE: the queue is full; USAGE_STATE: the sender is stopping or broken. */
FERRY_NODISCARD
enum ferry_status dataplane_sender_batch(
    struct dataplane_sender *sender,
    const struct ferry_batch *batch,
    uint64_t action_id,
    const uint8_t *state);
/* Queues a barrier (FERRY_ACTION_SEND_BARRIER). Same errors. */
FERRY_NODISCARD
enum ferry_status
dataplane_sender_barrier(struct dataplane_sender *sender, uint32_t round, uint32_t attempt);
/* At once, also for the batch that is under way. */
void dataplane_sender_set_rate(struct dataplane_sender *sender, uint64_t rate);

/* Ends the stream wherever it is, without waiting; CLOSED is reported soon (one system call at
 * most). What was not reported as sent must be taken as not sent. Repeated calls are fine. */
void dataplane_sender_stop(struct dataplane_sender *sender);
/* Stops, joins the worker, closes the connection. Bounded; at once after CLOSED. NULL is fine. */
void dataplane_sender_destroy(struct dataplane_sender *sender);

struct dataplane_sender_counts {
    uint64_t wire_bytes; /* handed to the connection: preface, framing, payload */
    uint64_t pages;
    uint64_t zero_pages;
};
/* Of what was sent until now, for status displays; may be behind by a batch's part. */
struct dataplane_sender_counts dataplane_sender_counts(const struct dataplane_sender *sender);

#endif
