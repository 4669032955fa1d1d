/* SPDX-License-Identifier: Apache-2.0 */
/* sender.c -- see sender.h.
 *
 *   loop's thread --queue--> worker: encoder -> gather -> (bucket) -> connection -> report
 *
 * Invariants:
 *  S-1 The worker alone touches encoder, gather, holes, bucket and connection, but for shut().
 *  S-2 The lock guards the queue, the wished rate and the wish to stop; it is never held while bytes
 *      are sent or a report is made.
 *  S-3 A batch is reported as sent when the connection has taken its last byte. */
#include "engine/host/dataplane/sender.h"

#include "engine/host/base/crc.h"
#include "engine/host/base/fd.h"
#include "engine/host/dataplane/bucket.h"
#include "engine/host/dataplane/common.h"
#include "engine/host/dataplane/gather.h"
#include "engine/host/dataplane/holes.h"
#include "engine/host/dataplane/worker.h"
#include "engine/host/transport/stream.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* What TLS adds to each record of at most 16 KiB: header, type, tag. */
#define TLS_RECORD   16384U
#define TLS_OVERHEAD 22U

/* Bytes that are digested and sent together: they fit into the second-level cache. */
#define DIGEST_STEP ((size_t)256 * 1024)

struct entry {
    bool is_barrier;
    struct ferry_batch batch; /* a barrier uses round and attempt */
    uint64_t action_id;
    const uint8_t *state;
};

struct dataplane_sender {
    struct worker worker;
    struct own_shape shape;
    struct dataplane_memory *memory;
    struct transport_connection *connection;
    struct reporter reporter;

    struct entry queue[DATAPLANE_QUEUE_MAX]; /* guarded by the worker's lock, as the next three */
    uint32_t queue_first;
    uint32_t queue_count;
    uint64_t rate_wished;
    bool over; /* the worker takes nothing more */

    struct ferry_encoder *encoder;
    struct holes holes;
    struct bucket bucket;
    struct gather gather;
    atomic_uint_fast64_t wire_bytes;
    atomic_uint_fast64_t pages;
    atomic_uint_fast64_t zero_pages;
};

/* ---- the worker: bytes ---- */

/* Waits until the next portion may go. False: to be stopped. */
static bool wait_for_tokens(struct dataplane_sender *sender)
{
    bool stop = false;
    (void)pthread_mutex_lock(&sender->worker.lock);
    for (;;) {
        const ferry_time_ns now = host_now();
        if (sender->bucket.rate != sender->rate_wished) {
            bucket_set_rate(&sender->bucket, sender->rate_wished, now);
        }
        const ferry_time_ns wait = bucket_wait(&sender->bucket, now);
        stop = sender->worker.stop;
        if (stop || wait == 0) {
            break;
        }
        worker_wait(&sender->worker, wait == FERRY_TIME_NEVER ? FERRY_TIME_NEVER : now + wait);
    }
    (void)pthread_mutex_unlock(&sender->worker.lock);
    return !stop;
}

/* Sends all that was gathered. */
static bool flush(struct dataplane_sender *sender)
{
    const bool encrypted = transport_connection_is_encrypted(sender->connection);
    while (sender->gather.bytes > 0) {
        struct iovec *vector = NULL;
        size_t count = 0;
        if (!wait_for_tokens(sender)) {
            return false;
        }
        const uint64_t most = bucket_portion(&sender->bucket);
        const uint64_t bytes = gather_take(&sender->gather, most, &vector, &count);
        if (bytes == 0) {
            break;
        }
        if (!transport_send_all(sender->connection, vector, count)) {
            return false;
        }
        const uint64_t added = encrypted ? (bytes / TLS_RECORD + count) * TLS_OVERHEAD : 0;
        bucket_take(&sender->bucket, bytes + added);
        (void)atomic_fetch_add_explicit(&sender->wire_bytes, bytes, memory_order_relaxed);
    }
    gather_clear(&sender->gather);
    return transport_send_flush(sender->connection);
}

/* ---- the worker: pieces ---- */

/* Gathers a body of which END wants a digest. In small steps, which are sent before the processor's
 * cache has forgotten what was digested. */
static bool gather_digested(struct dataplane_sender *sender, const uint8_t *data, uint64_t size)
{
    uint32_t digest = 0;
    for (uint64_t at = 0; at < size;) {
        const uint64_t left = size - at;
        const size_t step = left < DIGEST_STEP ? (size_t)left : DIGEST_STEP;
        if ((sender->gather.bytes >= DIGEST_STEP || gather_is_full(&sender->gather)) &&
            !flush(sender)) {
            return false;
        }
        digest = host_crc32c(digest, data + at, step);
        gather_body(&sender->gather, data + at, step);
        at += step;
    }
    ferry_encoder_sent(sender->encoder, digest);
    return true;
}

static bool gather_pages(
    struct dataplane_sender *sender, const struct entry *entry, const struct ferry_piece *piece)
{
    const uint8_t *pages = dataplane_memory_at(sender->memory, piece->first_page);
    if (entry->batch.attempt != 0) {
        return gather_digested(sender, pages, piece->bytes);
    }
    gather_body(&sender->gather, pages, (size_t)piece->bytes);
    ferry_encoder_sent(sender->encoder, 0);
    return true;
}

static void report_sent(
    struct dataplane_sender *sender, const struct entry *entry, const struct ferry_piece *done)
{
    const struct ferry_event event = {
        .kind = FERRY_EVENT_BATCH_SENT,
        .action_id = entry->action_id,
        .batch = entry->batch.number,
        .round = entry->batch.round,
        .attempt = entry->batch.attempt,
        .wire_bytes = done->bytes,
        .pages = done->pages,
        .zero_pages = done->zero_pages,
        .digest = done->digest,
    };
    (void)atomic_fetch_add_explicit(&sender->pages, done->pages, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&sender->zero_pages, done->zero_pages, memory_order_relaxed);
    report_event(&sender->reporter, &event);
}

/* Sends all that the encoder has. */
static bool send_pieces(struct dataplane_sender *sender, const struct entry *entry)
{
    struct ferry_piece piece;
    bool good = true;
    while (ferry_encoder_next(sender->encoder, &piece)) {
        switch (piece.kind) {
        case FERRY_PIECE_HEAD: gather_head(&sender->gather, piece.head); break;
        case FERRY_PIECE_BODY: good = gather_pages(sender, entry, &piece); break;
        case FERRY_PIECE_STATE:
            good = gather_digested(sender, entry->state + piece.offset, piece.bytes);
            break;
        case FERRY_PIECE_DONE:
            good = flush(sender);
            if (good) {
                report_sent(sender, entry, &piece);
            }
            break;
        }
        if (!good || (gather_is_full(&sender->gather) && !flush(sender))) {
            return false;
        }
    }
    return flush(sender);
}

/* The connection is over: news, unless this side ended it. */
static void report_broken(struct dataplane_sender *sender)
{
    (void)pthread_mutex_lock(&sender->worker.lock);
    const bool stop = sender->worker.stop;
    (void)pthread_mutex_unlock(&sender->worker.lock);
    if (!stop) {
        report_detached(&sender->reporter, sender->connection);
    }
}

static bool send_entry(struct dataplane_sender *sender, const struct entry *entry)
{
    enum ferry_status status = FERRY_OK;
    if (entry->is_barrier) {
        status = ferry_encoder_barrier(sender->encoder, entry->batch.round, entry->batch.attempt);
    } else {
        holes_forget(&sender->holes);
        status = ferry_encoder_batch(sender->encoder, &entry->batch);
    }
    if (status != FERRY_OK) {
        report_error(&sender->reporter, FERRY_EVENT_DETACHED, status);
        return false;
    }
    if (!send_pieces(sender, entry)) {
        report_broken(sender);
        return false;
    }
    return true;
}

/* ---- the worker: life ---- */

/* Waits for the next entry. False: to be stopped. */
static bool next_entry(struct dataplane_sender *sender, struct entry *entry_out)
{
    (void)pthread_mutex_lock(&sender->worker.lock);
    while (sender->queue_count == 0 && !sender->worker.stop) {
        worker_wait(&sender->worker, FERRY_TIME_NEVER);
    }
    const bool stop = sender->worker.stop;
    if (!stop) {
        *entry_out = sender->queue[sender->queue_first];
        sender->queue_first = (sender->queue_first + 1) % DATAPLANE_QUEUE_MAX;
        sender->queue_count--;
    }
    (void)pthread_mutex_unlock(&sender->worker.lock);
    return !stop;
}

static void *run(void *context)
{
    struct dataplane_sender *sender = context;
    struct entry entry = {.is_barrier = false};
    bool good = send_pieces(sender, &entry); /* the preface */
    if (!good) {
        report_broken(sender);
    }
    while (good && next_entry(sender, &entry)) {
        good = send_entry(sender, &entry);
    }
    (void)pthread_mutex_lock(&sender->worker.lock);
    sender->over = true;
    (void)pthread_mutex_unlock(&sender->worker.lock);
    report_closed(&sender->reporter);
    return NULL;
}

/* ---- the loop's thread ---- */

static enum ferry_status
sender_init(struct dataplane_sender *sender, const struct dataplane_sender_config *config)
{
    FERRY_TRY(own_shape_init(&sender->shape, &config->shape, config->memory));
    sender->memory = config->memory;
    sender->connection = config->connection;
    sender->reporter = (struct reporter){
        .post = config->post,
        .context = config->post_context,
        .attach = config->shape.attach,
        .stream = config->shape.stream,
    };
    sender->rate_wished = config->rate;
    bucket_init(&sender->bucket, config->rate, host_now());
    holes_init(&sender->holes, config->memory);
    return ferry_encoder_create(
        &dataplane_allocator, &sender->shape.is, holes_scan, &sender->holes, &sender->encoder);
}

enum ferry_status dataplane_sender_create(
    const struct dataplane_sender_config *config, struct dataplane_sender **sender_out)
{
    struct dataplane_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    const enum ferry_status status = sender_init(sender, config);
    if (status != FERRY_OK) {
        free(sender);
        return status;
    }
    char name[16];
    (void)snprintf(name, sizeof(name), "ferry-out-%hu", config->shape.stream);
    bool good = transport_stream_prepare(config->connection) && worker_init(&sender->worker);
    if (good && !worker_start(&sender->worker, run, sender, name)) {
        worker_deinit(&sender->worker);
        good = false;
    }
    if (!good) {
        ferry_encoder_destroy(sender->encoder);
        free(sender);
        return FERRY_LIMIT_MEMORY;
    }
    *sender_out = sender;
    return FERRY_OK;
}

static enum ferry_status enqueue(struct dataplane_sender *sender, const struct entry *entry)
{
    enum ferry_status status = FERRY_OK;
    (void)pthread_mutex_lock(&sender->worker.lock);
    if (sender->worker.stop || sender->over) {
        status = FERRY_USAGE_STATE;
    } else if (sender->queue_count == DATAPLANE_QUEUE_MAX) {
        status = FERRY_LIMIT_SIZE;
    } else {
        const uint32_t last = (sender->queue_first + sender->queue_count) % DATAPLANE_QUEUE_MAX;
        sender->queue[last] = *entry;
        sender->queue_count++;
        (void)pthread_cond_signal(&sender->worker.wake);
    }
    (void)pthread_mutex_unlock(&sender->worker.lock);
    return status;
}

enum ferry_status dataplane_sender_batch(
    struct dataplane_sender *sender,
    const struct ferry_batch *batch,
    uint64_t action_id,
    const uint8_t *state)
{
    if ((batch->state_size > 0) != (state != NULL)) {
        return FERRY_USAGE_CONFIG;
    }
    return enqueue(
        sender, &(struct entry){.batch = *batch, .action_id = action_id, .state = state});
}

enum ferry_status
dataplane_sender_barrier(struct dataplane_sender *sender, uint32_t round, uint32_t attempt)
{
    return enqueue(
        sender,
        &(struct entry){
            .is_barrier = true, .batch = {.round = round, .attempt = attempt}
    });
}

void dataplane_sender_set_rate(struct dataplane_sender *sender, uint64_t rate)
{
    (void)pthread_mutex_lock(&sender->worker.lock);
    sender->rate_wished = rate;
    (void)pthread_cond_signal(&sender->worker.wake);
    (void)pthread_mutex_unlock(&sender->worker.lock);
}

void dataplane_sender_stop(struct dataplane_sender *sender)
{
    worker_stop(&sender->worker);
    transport_connection_shut(sender->connection);
}

void dataplane_sender_destroy(struct dataplane_sender *sender)
{
    if (sender != NULL) {
        dataplane_sender_stop(sender);
        worker_deinit(&sender->worker);
        ferry_encoder_destroy(sender->encoder);
        transport_connection_destroy(sender->connection);
        free(sender);
    }
}

struct dataplane_sender_counts dataplane_sender_counts(const struct dataplane_sender *sender)
{
    return (struct dataplane_sender_counts){
        .wire_bytes = atomic_load_explicit(&sender->wire_bytes, memory_order_relaxed),
        .pages = atomic_load_explicit(&sender->pages, memory_order_relaxed),
        .zero_pages = atomic_load_explicit(&sender->zero_pages, memory_order_relaxed),
    };
}
