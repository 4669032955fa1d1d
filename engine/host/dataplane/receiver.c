/* SPDX-License-Identifier: Apache-2.0 */
/* receiver.c -- see receiver.h.
 *
 *   connection -> scatter -> guest memory         decoder says where, prefault makes it ahead
 *                        \-> decoder -> report
 *
 * Invariants:
 *  R-1 The worker alone touches decoder, scatter, memory and connection, but for shut().
 *  R-2 All bodies of a frame are in memory before a byte of the next head is given to the decoder, so
 *      what the decoder reports is there.
 *  R-3 The lock guards the released round and the wish to stop; it is never held while bytes are
 *      received or a report is made. */
#include "engine/host/dataplane/receiver.h"

#include "engine/host/dataplane/common.h"
#include "engine/host/dataplane/memory_internal.h"
#include "engine/host/dataplane/scatter.h"
#include "engine/host/dataplane/worker.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct dataplane_receiver {
    struct worker worker;
    struct own_shape shape;
    struct dataplane_memory *memory;
    uint8_t *state;
    uint64_t state_capacity;
    struct transport_connection *connection;
    struct reporter reporter;

    uint32_t released;   /* guarded by the worker's lock */
    atomic_bool sealed;  /* nothing may be placed any more */
    atomic_bool placing; /* the worker writes into guest memory, or waits for bytes that go there */

    struct ferry_decoder *decoder;
    struct scatter scatter;
};

enum step { STEP_ON, STEP_BROKEN, STEP_END };

/* ---- bytes ---- */

/* Receives the bodies that were collected and hands their digests to the decoder. */
static bool receive_bodies(struct dataplane_receiver *receiver)
{
    struct scatter *scatter = &receiver->scatter;
    if (!scatter_receive(scatter)) {
        return false;
    }
    for (size_t i = 0; i < scatter->count; i++) {
        ferry_decoder_digest(receiver->decoder, scatter->digests[i], scatter->bodies[i].iov_len);
    }
    scatter_clear(scatter);
    return true;
}

/* The worker says that it places before it looks at the seal, seal() sets it before it looks at who
 * places: one of them sees the other. */
static bool begin_placing(struct dataplane_receiver *receiver)
{
    atomic_store(&receiver->placing, true);
    return !atomic_load(&receiver->sealed);
}

static void end_placing(struct dataplane_receiver *receiver)
{
    atomic_store(&receiver->placing, false);
}

static enum step refuse(struct dataplane_receiver *receiver)
{
    report_error(&receiver->reporter, FERRY_EVENT_STREAM_ERROR, FERRY_PEER_UNEXPECTED);
    return STEP_END;
}

static enum step fill(struct dataplane_receiver *receiver, const struct ferry_item *item)
{
    if (receiver->scatter.count > 0) {
        if (!begin_placing(receiver)) {
            return refuse(receiver);
        }
        if (!receive_bodies(receiver)) {
            return STEP_BROKEN;
        }
        end_placing(receiver);
    }
    const size_t size = scatter_fill(&receiver->scatter, item->fill, item->fill_size);
    if (size == 0) {
        return STEP_BROKEN;
    }
    ferry_decoder_filled(receiver->decoder, size);
    return STEP_ON;
}

static void place(struct dataplane_receiver *receiver, const struct ferry_item *item)
{
    uint8_t *pages = dataplane_memory_at(receiver->memory, item->first_page);
    memory_place(receiver->memory, item->first_page, item->page_count);
    receiver->scatter.digests_wanted = item->attempt != 0;
    scatter_add(&receiver->scatter, pages, (size_t)item->bytes);
    ferry_decoder_taken(receiver->decoder);
}

static enum step place_state(struct dataplane_receiver *receiver, const struct ferry_item *item)
{
    const uint64_t capacity = receiver->state == NULL ? 0 : receiver->state_capacity;
    if (item->offset > capacity || item->bytes > capacity - item->offset) {
        report_error(&receiver->reporter, FERRY_EVENT_STREAM_ERROR, FERRY_LIMIT_SIZE);
        return STEP_END;
    }
    receiver->scatter.digests_wanted = true;
    scatter_add(&receiver->scatter, receiver->state + item->offset, (size_t)item->bytes);
    ferry_decoder_taken(receiver->decoder);
    return STEP_ON;
}

/* ---- reports ---- */

static void report_placed(struct dataplane_receiver *receiver, const struct ferry_item *item)
{
    const struct ferry_event event = {
        .kind = FERRY_EVENT_BATCH_PLACED,
        .batch = item->batch,
        .round = item->round,
        .attempt = item->attempt,
        .wire_bytes = item->bytes,
        .pages = item->pages,
        .zero_pages = item->zero_pages,
        .digest = item->digest,
        .state_size = item->state_size,
        .state_bytes = item->state_bytes,
        .state_digest = item->state_digest,
    };
    report_event(&receiver->reporter, &event);
}

static void report_barrier(struct dataplane_receiver *receiver, const struct ferry_item *item)
{
    const struct ferry_event event = {
        .kind = FERRY_EVENT_BARRIER_REACHED,
        .round = item->round,
        .attempt = item->attempt,
    };
    report_event(&receiver->reporter, &event);
}

/* The connection is over: news, unless this side ended it. */
static void report_broken(struct dataplane_receiver *receiver)
{
    (void)pthread_mutex_lock(&receiver->worker.lock);
    const bool stop = receiver->worker.stop;
    (void)pthread_mutex_unlock(&receiver->worker.lock);
    if (!stop) {
        report_detached(&receiver->reporter, receiver->connection);
    }
}

/* ---- the worker ---- */

/* Waits until payload of `round` may be placed. */
static enum step hold(struct dataplane_receiver *receiver, uint32_t round)
{
    (void)pthread_mutex_lock(&receiver->worker.lock);
    while (receiver->released < round && !receiver->worker.stop) {
        worker_wait(&receiver->worker, FERRY_TIME_NEVER);
    }
    const bool stop = receiver->worker.stop;
    (void)pthread_mutex_unlock(&receiver->worker.lock);
    ferry_decoder_release(receiver->decoder, round);
    return stop ? STEP_END : STEP_ON;
}

static enum step zero(struct dataplane_receiver *receiver, const struct ferry_item *item)
{
    if (!begin_placing(receiver)) {
        return refuse(receiver);
    }
    memory_zero(receiver->memory, item->first_page, item->page_count);
    end_placing(receiver);
    return STEP_ON;
}

static enum step step(struct dataplane_receiver *receiver)
{
    struct ferry_item item;
    ferry_decoder_next(receiver->decoder, &item);
    switch (item.kind) {
    case FERRY_ITEM_FILL: return fill(receiver, &item);
    case FERRY_ITEM_PLACE: place(receiver, &item); return STEP_ON;
    case FERRY_ITEM_ZERO: return zero(receiver, &item);
    case FERRY_ITEM_STATE: return place_state(receiver, &item);
    case FERRY_ITEM_BATCH: report_placed(receiver, &item); return STEP_ON;
    case FERRY_ITEM_BARRIER: report_barrier(receiver, &item); return STEP_ON;
    case FERRY_ITEM_HOLD: return hold(receiver, item.round);
    case FERRY_ITEM_ERROR:
        report_error(&receiver->reporter, FERRY_EVENT_STREAM_ERROR, item.status);
        return STEP_END;
    }
    return STEP_END;
}

static void *run(void *context)
{
    struct dataplane_receiver *receiver = context;
    enum step next = STEP_ON;
    while (next == STEP_ON) {
        next = step(receiver);
    }
    if (next == STEP_BROKEN) {
        report_broken(receiver);
    }
    report_closed(&receiver->reporter);
    return NULL;
}

/* ---- the loop's thread ---- */

static enum ferry_status
receiver_init(struct dataplane_receiver *receiver, const struct dataplane_receiver_config *config)
{
    FERRY_TRY(own_shape_init(&receiver->shape, &config->shape, config->memory));
    receiver->memory = config->memory;
    receiver->state = config->state;
    receiver->state_capacity = config->state_capacity;
    receiver->connection = config->connection;
    receiver->reporter = (struct reporter){
        .post = config->post,
        .context = config->post_context,
        .attach = config->shape.attach,
        .stream = config->shape.stream,
    };
    receiver->released = config->round;
    scatter_init(&receiver->scatter, config->connection);
    return ferry_decoder_create(
        &dataplane_allocator, &receiver->shape.is, config->round, &receiver->decoder);
}

enum ferry_status dataplane_receiver_create(
    const struct dataplane_receiver_config *config, struct dataplane_receiver **receiver_out)
{
    struct dataplane_receiver *receiver = calloc(1, sizeof(*receiver));
    if (receiver == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    const enum ferry_status status = receiver_init(receiver, config);
    if (status != FERRY_OK) {
        free(receiver);
        return status;
    }
    char name[16];
    (void)snprintf(name, sizeof(name), "ferry-in-%hu", config->shape.stream);
    bool good = transport_stream_prepare(config->connection) && worker_init(&receiver->worker);
    if (good && !worker_start(&receiver->worker, run, receiver, name)) {
        worker_deinit(&receiver->worker);
        good = false;
    }
    if (!good) {
        ferry_decoder_destroy(receiver->decoder);
        free(receiver);
        return FERRY_LIMIT_MEMORY;
    }
    *receiver_out = receiver;
    return FERRY_OK;
}

void dataplane_receiver_release(struct dataplane_receiver *receiver, uint32_t round)
{
    (void)pthread_mutex_lock(&receiver->worker.lock);
    if (round > receiver->released) {
        receiver->released = round;
        (void)pthread_cond_signal(&receiver->worker.wake);
    }
    (void)pthread_mutex_unlock(&receiver->worker.lock);
}

void dataplane_receiver_seal(struct dataplane_receiver *receiver)
{
    atomic_store(&receiver->sealed, true);
    if (atomic_load(&receiver->placing)) {
        transport_connection_shut(receiver->connection);
    }
}

void dataplane_receiver_stop(struct dataplane_receiver *receiver)
{
    worker_stop(&receiver->worker);
    transport_connection_shut(receiver->connection);
}

void dataplane_receiver_destroy(struct dataplane_receiver *receiver)
{
    if (receiver != NULL) {
        dataplane_receiver_stop(receiver);
        worker_deinit(&receiver->worker);
        ferry_decoder_destroy(receiver->decoder);
        transport_connection_destroy(receiver->connection);
        free(receiver);
    }
}
