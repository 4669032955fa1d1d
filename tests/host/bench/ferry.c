/* SPDX-License-Identifier: Apache-2.0 */
/* ferry.c -- the same memory through ferry's senders and receivers: one round of batches as the
 * engine cuts them (some 10 ms of link time), two in the queue of each stream. */
#include "bench.h"
#include "engine/host/dataplane/receiver.h"
#include "engine/host/dataplane/sender.h"
#include "engine/host/transport/stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pages of one batch. */
#define WINDOW 4096U

struct bench_stream {
    struct transport_connection *out;
    struct transport_connection *in;
    struct dataplane_sender *sender;
    struct dataplane_receiver *receiver;
};

struct transfer {
    const struct run *run;
    struct ferry_region region;
    struct ferry_stream_shape shape;
    struct dataplane_memory *source;
    struct dataplane_memory *target;
    uint64_t *bitmap;
    struct bench_stream streams[BENCH_STREAMS_MAX];
    uint64_t next_page;
    uint64_t next_number;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t queued[BENCH_STREAMS_MAX];
    uint64_t placed_pages;
    unsigned closed;
    struct transport_connection *arrived; /* from the gate */
};

/* ---- reports ---- */

static void post(void *context, const struct dataplane_report *report)
{
    struct transfer *transfer = context;
    (void)pthread_mutex_lock(&transfer->lock);
    if (report->kind == DATAPLANE_REPORT_CLOSED) {
        transfer->closed++;
    } else if (report->event.kind == FERRY_EVENT_BATCH_SENT) {
        transfer->queued[report->event.stream]--;
    } else if (report->event.kind == FERRY_EVENT_BATCH_PLACED) {
        transfer->placed_pages += report->event.pages;
    } else {
        bench_fail(report->reason);
    }
    (void)pthread_cond_signal(&transfer->changed);
    (void)pthread_mutex_unlock(&transfer->lock);
}

static void gate_post(void *context, const struct transport_gate_report *report)
{
    struct transfer *transfer = context;
    if (report->kind == TRANSPORT_REPORT_STOPPED) {
        return;
    }
    if (report->connection == NULL) {
        bench_fail(report->failure.text);
    }
    (void)pthread_mutex_lock(&transfer->lock);
    transfer->arrived = report->connection;
    (void)pthread_cond_signal(&transfer->changed);
    (void)pthread_mutex_unlock(&transfer->lock);
}

static struct transport_connection *take_connection(struct transfer *transfer)
{
    (void)pthread_mutex_lock(&transfer->lock);
    while (transfer->arrived == NULL) {
        (void)pthread_cond_wait(&transfer->changed, &transfer->lock);
    }
    struct transport_connection *connection = transfer->arrived;
    transfer->arrived = NULL;
    (void)pthread_mutex_unlock(&transfer->lock);
    return connection;
}

/* ---- making ---- */

static struct dataplane_memory *
make_memory(const struct memory *memory, const struct ferry_region *region, bool fresh)
{
    const struct dataplane_region where = {
        .base = memory->base, .pages = region->pages, .fd = memory->fd};
    const struct dataplane_memory_config config = {
        .page_size = BENCH_PAGE, .region_count = 1, .regions = &where, .fresh = fresh};
    struct dataplane_memory *made = NULL;
    if (dataplane_memory_create(&config, &made) != FERRY_OK) {
        bench_fail("memory");
    }
    return made;
}

static void make_sender(struct transfer *transfer, uint16_t stream)
{
    struct dataplane_sender_config config = {
        .shape = transfer->shape,
        .memory = transfer->source,
        .connection = transfer->streams[stream].out,
        .rate = FERRY_RATE_UNLIMITED,
        .post = post,
        .post_context = transfer,
    };
    config.shape.stream = stream;
    if (dataplane_sender_create(&config, &transfer->streams[stream].sender) != FERRY_OK) {
        bench_fail("sender");
    }
}

static void make_receiver(struct transfer *transfer, uint16_t stream)
{
    struct dataplane_receiver_config config = {
        .shape = transfer->shape,
        .memory = transfer->target,
        .connection = transfer->streams[stream].in,
        .post = post,
        .post_context = transfer,
    };
    config.shape.stream = stream;
    if (dataplane_receiver_create(&config, &transfer->streams[stream].receiver) != FERRY_OK) {
        bench_fail("receiver");
    }
}

/* Plain sockets: the preface is read here. */
static void connect_plain(struct transfer *transfer)
{
    for (uint16_t i = 0; i < transfer->run->streams; i++) {
        int fds[2];
        uint8_t preface[FERRY_PREFACE_SIZE];
        const struct iovec vector = {.iov_base = preface, .iov_len = sizeof(preface)};
        link_sockets(fds);
        transfer->streams[i].out = transport_connection_plain(fds[0]);
        transfer->streams[i].in = transport_connection_plain(fds[1]);
        make_sender(transfer, i);
        if (transport_receive_some(transfer->streams[i].in, &vector, 1) != sizeof(preface)) {
            bench_fail("preface");
        }
    }
}

/* TLS through two gates, as in a host. */
static void connect_tls(struct transfer *transfer)
{
    static const char *const names[] = {"h1", "h2"};
    const struct tls_paths *paths = links_paths();
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    struct transport_security *security[2];
    struct transport_gate *gates[2];
    uint16_t port = 0;
    for (int i = 0; i < 2; i++) {
        security[i] =
            transport_security_tls(paths->certificate[i], paths->key[i], paths->ca, &failure);
        const struct transport_gate_config config = {
            .security = security[i],
            .peers = names,
            .peer_count = 2,
            .post = gate_post,
            .post_context = transfer,
        };
        gates[i] = security[i] == NULL ? NULL : transport_gate_create(&config, &failure);
        if (gates[i] == NULL) {
            bench_fail(failure.text);
        }
    }
    if (!transport_gate_listen(gates[1], "127.0.0.1", 0, &port, &failure)) {
        bench_fail(failure.text);
    }
    const struct transport_dial dial = {
        .address = "127.0.0.1", .peer = "h2", .port = port, .deadline = 10 * FERRY_SECOND};
    for (uint16_t i = 0; i < transfer->run->streams; i++) {
        if (!transport_gate_dial(gates[0], &dial)) {
            bench_fail("dial");
        }
        transfer->streams[i].out = take_connection(transfer);
        make_sender(transfer, i);
        transfer->streams[i].in = take_connection(transfer);
    }
    for (int i = 0; i < 2; i++) {
        transport_gate_destroy(gates[i]);
        transport_security_destroy(security[i]);
    }
}

static struct transfer *make_transfer(const struct run *run)
{
    struct transfer *transfer = bench_allocate(sizeof(*transfer));
    const uint64_t pages = run->source->size / BENCH_PAGE;
    transfer->bitmap = bench_allocate(pages / 8 + 8);
    memset(transfer->bitmap, 0xff, pages / 8 + 8);
    (void)pthread_mutex_init(&transfer->lock, NULL);
    (void)pthread_cond_init(&transfer->changed, NULL);
    transfer->run = run;
    transfer->region.pages = pages;
    transfer->shape = (struct ferry_stream_shape){
        .session = {.high = 1, .low = 2},
        .attach = 1,
        .page_size = BENCH_PAGE,
        .region_count = 1,
        .regions = &transfer->region,
    };
    transfer->source = make_memory(run->source, &transfer->region, false);
    transfer->target = make_memory(run->target, &transfer->region, run->fresh);
    return transfer;
}

/* ---- moving ---- */

/* Queues the next batch if a stream has room. The lock is held. */
static bool feed(struct transfer *transfer, uint16_t stream)
{
    const uint64_t pages = transfer->region.pages;
    if (transfer->queued[stream] >= FERRY_STREAM_QUEUE_MAX || transfer->next_page >= pages) {
        return false;
    }
    const uint64_t left = pages - transfer->next_page;
    const struct ferry_batch batch = {
        .number = ++transfer->next_number,
        .attempt = transfer->run->paused ? 1 : 0,
        .bitmap = transfer->bitmap,
        .first_page = transfer->next_page,
        .end_page = transfer->next_page + (left < WINDOW ? left : WINDOW),
    };
    transfer->next_page = batch.end_page;
    transfer->queued[stream]++;
    if (dataplane_sender_batch(transfer->streams[stream].sender, &batch, 1, NULL) != FERRY_OK) {
        bench_fail("batch");
    }
    return true;
}

static void move(struct transfer *transfer)
{
    (void)pthread_mutex_lock(&transfer->lock);
    while (transfer->placed_pages < transfer->region.pages) {
        bool fed = false;
        for (uint16_t i = 0; i < transfer->run->streams; i++) {
            fed = feed(transfer, i) || fed;
        }
        if (!fed) {
            (void)pthread_cond_wait(&transfer->changed, &transfer->lock);
        }
    }
    (void)pthread_mutex_unlock(&transfer->lock);
}

struct measurement measure_ferry(const struct run *run)
{
    struct transfer *transfer = make_transfer(run);
    if (run->kind == KIND_FERRY_TLS) {
        connect_tls(transfer);
    } else {
        connect_plain(transfer);
    }
    for (uint16_t i = 0; i < run->streams; i++) {
        make_receiver(transfer, i);
    }
    const struct watch_start start = watch_start();
    move(transfer);
    const struct measurement measurement = watch_stop(start);
    for (uint16_t i = 0; i < run->streams; i++) {
        dataplane_receiver_stop(transfer->streams[i].receiver);
        dataplane_receiver_destroy(transfer->streams[i].receiver);
        dataplane_sender_destroy(transfer->streams[i].sender);
    }
    dataplane_memory_destroy(transfer->source);
    dataplane_memory_destroy(transfer->target);
    (void)pthread_cond_destroy(&transfer->changed);
    (void)pthread_mutex_destroy(&transfer->lock);
    free(transfer->bitmap);
    free(transfer);
    return measurement;
}
