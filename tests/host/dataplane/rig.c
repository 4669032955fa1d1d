/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c -- see rig.h. */
#include "rig.h"

#include "engine/host/base/crc.h"
#include "engine/host/transport/stream.h"
#include "tests/host/support/check.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- links ---- */

void rig_connect(enum rig_link link, int fds_out[2])
{
    if (link == RIG_PAIR) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_out), 0);
        return;
    }
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    fds_out[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds_out[0], (struct sockaddr *)&address, sizeof(address)), 0);
    fds_out[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fds_out[1] >= 0);
    (void)close(listener);
}

void rig_connections(enum rig_link link, struct transport_connection *connections_out[2])
{
    int fds[2];
    rig_connect(link, fds);
    for (int side = 0; side < 2; side++) {
        connections_out[side] = transport_connection_plain(fds[side]);
        assert_non_null(connections_out[side]);
    }
}

/* Reads the preface, which the acceptor reads in a host. */
static void read_preface(struct transport_connection *connection, uint16_t stream)
{
    uint8_t bytes[FERRY_PREFACE_SIZE];
    struct ferry_preface preface;
    size_t size = 0;
    while (size < sizeof(bytes)) {
        const struct iovec rest = {.iov_base = bytes + size, .iov_len = sizeof(bytes) - size};
        const size_t received = transport_receive_some(connection, &rest, 1);
        assert_true(received > 0);
        size += received;
    }
    assert_int_equal(ferry_preface_decode(bytes, &preface), FERRY_OK);
    assert_int_equal(preface.role, FERRY_ROLE_PAYLOAD);
    assert_int_equal(preface.stream, stream);
}

/* ---- life ---- */

static void make_memory(struct rig *rig, int side)
{
    struct dataplane_region regions[RIG_REGIONS];
    for (uint16_t i = 0; i < RIG_REGIONS; i++) {
        const size_t size = rig->regions[i].pages * rig->options.page_size;
        const int fd = memfd_create("ferry-test", MFD_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        rig->fds[side][i] = fd;
        rig->bases[side][i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(rig->bases[side][i], MAP_FAILED);
        regions[i] = (struct dataplane_region){
            .base = rig->bases[side][i],
            .pages = rig->regions[i].pages,
            .fd = fd,
        };
    }
    const struct dataplane_memory_config config = {
        .page_size = rig->options.page_size,
        .region_count = RIG_REGIONS,
        .regions = regions,
        .fresh = side == 1 && !rig->options.old_target,
    };
    assert_int_equal(dataplane_memory_create(&config, &rig->memories[side]), FERRY_OK);
    rig->state[side] = calloc(1, RIG_STATE_MAX);
    assert_non_null(rig->state[side]);
}

static void make_sender(
    struct rig *rig,
    const struct ferry_stream_shape *shape,
    struct transport_connection *connection)
{
    const struct dataplane_sender_config config = {
        .shape = *shape,
        .memory = rig->memories[0],
        .connection = connection,
        .rate = rig->options.rate,
        .post = mailbox_post,
        .post_context = &rig->out,
    };
    assert_int_equal(dataplane_sender_create(&config, &rig->senders[shape->stream]), FERRY_OK);
}

static void make_receiver(
    struct rig *rig,
    const struct ferry_stream_shape *shape,
    struct transport_connection *connection)
{
    const struct dataplane_receiver_config config = {
        .shape = *shape,
        .memory = rig->memories[1],
        .state = rig->state[1],
        .state_capacity = RIG_STATE_MAX,
        .connection = connection,
        .post = mailbox_post,
        .post_context = &rig->in,
    };
    assert_int_equal(dataplane_receiver_create(&config, &rig->receivers[shape->stream]), FERRY_OK);
}

static void make_stream(struct rig *rig, uint16_t stream)
{
    struct ferry_stream_shape shape = rig->shape;
    shape.stream = stream;
    if (rig->options.link == RIG_TLS) {
        desk_dial(rig->here, rig->there->port, "h2", 10 * FERRY_SECOND);
        make_sender(rig, &shape, desk_next(rig->here).connection);
        const struct transport_gate_report accepted = desk_next(rig->there);
        assert_int_equal(accepted.preface.stream, stream);
        make_receiver(rig, &shape, accepted.connection);
    } else {
        struct transport_connection *connections[2];
        rig_connections(rig->options.link, connections);
        make_sender(rig, &shape, connections[0]);
        read_preface(connections[1], stream);
        make_receiver(rig, &shape, connections[1]);
    }
}

struct rig *rig_create(const struct rig_options *options)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    rig->options = *options;
    rig->options.streams = options->streams != 0 ? options->streams : 1;
    rig->options.page_size = options->page_size != 0 ? options->page_size : 4096;
    rig->options.rate = options->rate != 0 ? options->rate : FERRY_RATE_UNLIMITED;
    rig->options.window = options->window != 0 ? options->window : 600;
    rig->regions[0].pages = options->pages != 0 ? options->pages : 4096;
    rig->regions[1].pages = options->pages_above != 0 ? options->pages_above : 512;
    rig->regions[1].guest_address = UINT64_C(1) << 40;
    rig->shape = (struct ferry_stream_shape){
        .session = {.high = 1, .low = 2},
        .attach = 1,
        .page_size = rig->options.page_size,
        .region_count = RIG_REGIONS,
        .regions = rig->regions,
        .device_state_max = FERRY_DEVICE_STATE_MAX,
    };
    rig->bitmap = calloc(rig_pages(rig) / 64 + 1, sizeof(*rig->bitmap));
    assert_non_null(rig->bitmap);
    mailbox_init(&rig->out);
    mailbox_init(&rig->in);
    make_memory(rig, 0);
    make_memory(rig, 1);
    if (options->link == RIG_TLS) {
        rig->here = desk_create(&(struct desk_options){.identity = HOST_H1});
        rig->there = desk_create(&(struct desk_options){.identity = HOST_H2, .listens = true});
    }
    for (uint16_t stream = 0; stream < rig->options.streams; stream++) {
        make_stream(rig, stream);
    }
    return rig;
}

/* Takes reports until one says closed, which is the last of all. */
static void wait_for_closed(struct mailbox *mailbox)
{
    struct dataplane_report report = {.kind = DATAPLANE_REPORT_EVENT};
    while (report.kind != DATAPLANE_REPORT_CLOSED) {
        report = mailbox_next(mailbox);
    }
}

void rig_destroy(struct rig *rig)
{
    for (uint16_t stream = 0; stream < rig->options.streams; stream++) {
        if (rig->senders[stream] != NULL) {
            dataplane_sender_stop(rig->senders[stream]);
            wait_for_closed(&rig->out);
            dataplane_sender_destroy(rig->senders[stream]);
        }
        if (rig->receivers[stream] != NULL) {
            dataplane_receiver_stop(rig->receivers[stream]);
            wait_for_closed(&rig->in);
            dataplane_receiver_destroy(rig->receivers[stream]);
        }
    }
    for (int side = 0; side < 2; side++) {
        dataplane_memory_destroy(rig->memories[side]);
        free(rig->state[side]);
        for (uint16_t i = 0; i < RIG_REGIONS; i++) {
            (void)munmap(rig->bases[side][i], rig->regions[i].pages * rig->options.page_size);
            (void)close(rig->fds[side][i]);
        }
    }
    if (rig->here != NULL) {
        desk_destroy(rig->here);
        desk_destroy(rig->there);
    }
    mailbox_deinit(&rig->out);
    mailbox_deinit(&rig->in);
    free(rig->bitmap);
    free(rig);
}

/* ---- memory ---- */

uint64_t rig_pages(const struct rig *rig)
{
    return rig->regions[0].pages + rig->regions[1].pages;
}

static uint8_t *page_at(const struct rig *rig, int side, uint64_t page)
{
    const uint64_t below = rig->regions[0].pages;
    const uint64_t size = rig->options.page_size;
    assert_true(page < rig_pages(rig));
    return page < below ? rig->bases[side][0] + page * size
                        : rig->bases[side][1] + (page - below) * size;
}

uint8_t *rig_source_page(const struct rig *rig, uint64_t page)
{
    return page_at(rig, 0, page);
}

uint8_t *rig_target_page(const struct rig *rig, uint64_t page)
{
    return page_at(rig, 1, page);
}

void rig_fill_page(const struct rig *rig, uint64_t page, uint64_t seed)
{
    uint8_t *bytes = rig_source_page(rig, page);
    uint64_t value = seed * 0x9e3779b97f4a7c15U + page + 1;
    for (size_t at = 0; at < rig->options.page_size; at += sizeof(value)) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        memcpy(bytes + at, &value, sizeof(value));
    }
}

void rig_mark(struct rig *rig, uint64_t page)
{
    rig->bitmap[page / 64] |= UINT64_C(1) << page % 64;
}

void rig_mark_all(struct rig *rig)
{
    for (uint64_t page = 0; page < rig_pages(rig); page++) {
        rig_mark(rig, page);
    }
}

bool rig_equal(const struct rig *rig)
{
    for (uint64_t page = 0; page < rig_pages(rig); page++) {
        if (memcmp(
                rig_source_page(rig, page), rig_target_page(rig, page), rig->options.page_size) !=
            0) {
            print_message("page %llu differs\n", (unsigned long long)page);
            return false;
        }
    }
    return true;
}

uint64_t rig_target_bytes(const struct rig *rig)
{
    uint64_t bytes = 0;
    for (uint16_t i = 0; i < RIG_REGIONS; i++) {
        struct stat status;
        assert_int_equal(fstat(rig->fds[1][i], &status), 0);
        bytes += (uint64_t)status.st_blocks * 512;
    }
    return bytes;
}

/* ---- rounds ---- */

/* Takes reports of one side until `count` events of this kind have come; nothing else may come. */
static void
expect(struct rig *rig, struct mailbox *mailbox, enum ferry_event_kind kind, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct dataplane_report report = mailbox_next(mailbox);
        assert_int_equal(report.kind, DATAPLANE_REPORT_EVENT);
        if (report.event.kind != kind) {
            fail_msg("%s came: %s", ferry_event_name(report.event.kind), report.reason);
        }
        if (kind == FERRY_EVENT_BATCH_PLACED) {
            rig->pages_placed += report.event.pages;
            rig->zero_pages_placed += report.event.zero_pages;
        }
    }
}

static uint64_t send_region(struct rig *rig, uint64_t first, uint64_t pages, uint32_t attempt)
{
    const uint64_t end = first + pages;
    const uint64_t window = rig->options.window;
    uint64_t batches = 0;
    for (uint64_t at = first; at < end; at += window) {
        const struct ferry_batch batch = {
            .number = ++rig->batch,
            .round = rig->round,
            .attempt = attempt,
            .bitmap = rig->bitmap,
            .first_page = at,
            .end_page = at + window < end ? at + window : end,
        };
        const uint16_t stream = (uint16_t)(batches % rig->options.streams);
        assert_int_equal(
            dataplane_sender_batch(rig->senders[stream], &batch, rig->batch, NULL), FERRY_OK);
        expect(rig, &rig->out, FERRY_EVENT_BATCH_SENT, 1);
        batches++;
    }
    return batches;
}

void rig_send_state(struct rig *rig, uint64_t size, uint32_t attempt)
{
    const struct ferry_batch batch = {
        .number = ++rig->batch,
        .round = rig->round,
        .attempt = attempt,
        .state_size = size,
        .state_digest = host_crc32c(0, rig->state[0], size),
    };
    assert_int_equal(
        dataplane_sender_batch(rig->senders[0], &batch, rig->batch, rig->state[0]), FERRY_OK);
    expect(rig, &rig->out, FERRY_EVENT_BATCH_SENT, 1);
    const struct dataplane_report report = mailbox_next(&rig->in);
    assert_int_equal(report.event.kind, FERRY_EVENT_BATCH_PLACED);
    assert_int_equal(report.event.state_bytes, size);
    assert_int_equal(report.event.state_digest, batch.state_digest);
}

void rig_round(struct rig *rig, uint32_t attempt)
{
    uint64_t batches = send_region(rig, 0, rig->regions[0].pages, attempt);
    batches += send_region(rig, rig->regions[0].pages, rig->regions[1].pages, attempt);
    expect(rig, &rig->in, FERRY_EVENT_BATCH_PLACED, batches);
    for (uint16_t stream = 0; stream < rig->options.streams; stream++) {
        assert_int_equal(
            dataplane_sender_barrier(rig->senders[stream], rig->round, attempt), FERRY_OK);
    }
    expect(rig, &rig->in, FERRY_EVENT_BARRIER_REACHED, rig->options.streams);
    rig->round++;
    for (uint16_t stream = 0; stream < rig->options.streams; stream++) {
        dataplane_receiver_release(rig->receivers[stream], rig->round);
    }
    memset(rig->bitmap, 0, (rig_pages(rig) / 64 + 1) * sizeof(*rig->bitmap));
}
