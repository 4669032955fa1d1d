/* SPDX-License-Identifier: Apache-2.0 */
/* payload.c -- the streams: the shipped encoder and decoder, with 8 bytes of content for each page and for each piece of
 * device state. What a batch sends is read when its turn on the wire comes, and not when it was asked for.
 *
 * Where a batch vanishes, the rest of its stream vanishes too: TCP takes no bytes out of the middle, and nothing in the
 * protocol would find a whole batch of a live round that is missing on a stream which goes on.
 *
 * The target's end takes bytes from anywhere: of a real encoder, or of whoever plays the source. Bytes that a decoder
 * refuses end its stream. */
#include "fuzz/claim.h"
#include "fuzz/rig/rig.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_TIME (40 * FERRY_MICROSECOND) /* 100 MB/s */

static uint64_t zero_scan(void *context, uint64_t first_page, uint64_t wanted)
{
    const struct rig *rig = context;
    uint64_t zero = 0;
    for (uint32_t i = 0; i < 64 && first_page + i < RIG_PAGES_MAX; i++) {
        if ((wanted >> i & 1U) != 0 && rig->hosts[RIG_SOURCE].tags[first_page + i] == 0) {
            zero |= 1ULL << i;
        }
    }
    return zero;
}

static uint32_t digest_of(const uint64_t *tags, uint64_t count)
{
    return ferry_crc32c(0, tags, count * sizeof(tags[0]));
}

/* ---- lifetime ---- */

void rig_streams_open(struct rig *rig, struct rig_attach *attach)
{
    const struct ferry_allocator allocator = rig_stream_allocator(rig);
    for (uint16_t i = 0; i < attach->stream_count; i++) {
        const struct ferry_stream_shape shape = {
            .session = {RIG_SESSION_HIGH, RIG_SESSION_LOW},
            .attach = attach->number,
            .stream = i,
            .page_size = FERRY_PAGE_SIZE_MIN,
            .region_count = 1,
            .regions = &rig->region,
            .device_state_max = 2U << 20,
        };
        struct rig_stream *stream = &attach->streams[i];
        stream->free_at = rig->now;
        stream->barrier = WIRE_ROUND_NONE;
        claim(
            ferry_encoder_create(&allocator, &shape, zero_scan, rig, &stream->encoder) == FERRY_OK,
            "no encoder for a stream of the rig's own shape");
    }
}

void rig_streams_close(struct rig_attach *attach, enum rig_side side)
{
    for (uint16_t i = 0; i < RIG_STREAMS_MAX; i++) {
        struct rig_stream *stream = &attach->streams[i];
        if (side == RIG_SOURCE) {
            ferry_encoder_destroy(stream->encoder);
            stream->encoder = NULL;
        } else {
            ferry_decoder_destroy(stream->decoder);
            free(stream->pipe);
            stream->decoder = NULL;
            stream->pipe = NULL;
            stream->pipe_used = 0;
        }
    }
}

/* ---- sending ---- */

void rig_send_batch(struct rig *rig, const struct ferry_action *action)
{
    struct rig_attach *attach = rig_attach_find(rig, action->attach);
    if (attach == NULL || !attach->open[RIG_SOURCE]) {
        return;
    }
    claim(action->stream < attach->stream_count, "a batch for a stream that is not there");
    struct rig_stream *stream = &attach->streams[action->stream];
    uint32_t pages = 1;
    if (action->batch.bitmap != NULL) {
        claim(action->batch.end_page <= rig->options.pages, "a batch behind the guest's memory");
        pages += (uint32_t)__builtin_popcountll(*action->batch.bitmap);
    }
    const ferry_time_ns start = stream->free_at > rig->now ? stream->free_at : rig->now;
    stream->free_at = start + pages * PAGE_TIME;
    struct rig_step *step = rig_schedule(rig, stream->free_at, RIG_STEP_SEND, RIG_SOURCE);
    step->attach = action->attach;
    step->stream = action->stream;
    step->batch = action->batch;
    step->event.action_id = action->id;
}

void rig_send_barrier(struct rig *rig, const struct ferry_action *action)
{
    struct rig_attach *attach = rig_attach_find(rig, action->attach);
    if (attach == NULL || !attach->open[RIG_SOURCE]) {
        return;
    }
    for (uint16_t i = 0; i < attach->stream_count; i++) {
        const struct rig_stream *stream = &attach->streams[i];
        const ferry_time_ns at = stream->free_at > rig->now ? stream->free_at : rig->now;
        struct rig_step *step = rig_schedule(rig, at, RIG_STEP_SEND, RIG_SOURCE);
        step->attach = action->attach;
        step->stream = i;
        step->barrier = true;
        step->batch = (struct ferry_batch){.round = action->round, .attempt = action->attempt};
    }
}

static void append(uint8_t **bytes, size_t *size, const void *more, size_t more_size)
{
    uint8_t *larger = realloc(*bytes, *size + more_size + 1);
    claim(larger != NULL, "no memory for a batch");
    memcpy(larger + *size, more, more_size);
    *bytes = larger;
    *size += more_size;
}

struct ferry_piece rig_encode(
    struct rig *rig, struct rig_stream *stream, uint8_t **bytes, size_t *size, uint32_t *digest)
{
    struct ferry_piece piece = {0};
    *digest = 0;
    while (ferry_encoder_next(stream->encoder, &piece)) {
        struct ferry_preface preface;
        const uint64_t *content = &rig->hosts[RIG_SOURCE].device_state;
        uint64_t count = 1;
        if (piece.kind == FERRY_PIECE_DONE) {
            return piece;
        }
        if (piece.kind == FERRY_PIECE_HEAD) {
            if (piece.head.size != FERRY_PREFACE_SIZE ||
                ferry_preface_decode(piece.head.data, &preface) != FERRY_OK) {
                append(bytes, size, piece.head.data, piece.head.size);
            }
            continue;
        }
        if (piece.kind == FERRY_PIECE_BODY) {
            content = &rig->hosts[RIG_SOURCE].tags[piece.first_page];
            count = piece.page_count;
        }
        const uint32_t one = digest_of(content, count);
        append(bytes, size, content, count * RIG_BODY);
        *digest = ferry_digest_chain(*digest, one, piece.bytes);
        ferry_encoder_sent(stream->encoder, one);
    }
    return piece;
}

void rig_batch_leaves(struct rig *rig, struct rig_step *step)
{
    struct rig_attach *attach = rig_attach_find(rig, step->attach);
    if (attach == NULL || !attach->open[RIG_SOURCE]) {
        return;
    }
    struct rig_stream *stream = &attach->streams[step->stream];
    uint8_t *bytes = NULL;
    size_t size = 0;
    uint32_t digest = 0;
    rig_guest_writes(rig);
    const enum ferry_status status =
        step->barrier
            ? ferry_encoder_barrier(stream->encoder, step->batch.round, step->batch.attempt)
            : ferry_encoder_batch(stream->encoder, &step->batch);
    claim(status == FERRY_OK, "the engine's batches do not fit its streams");
    const struct ferry_piece piece = rig_encode(rig, stream, &bytes, &size, &digest);
    if (!rig->options.absent[RIG_TARGET]) {
        rig_payload(rig, attach, step->stream, (struct ferry_bytes){.data = bytes, .size = size});
    }
    free(bytes);
    if (step->barrier) {
        stream->barrier = step->batch.round;
    } else {
        stream->last_batch = step->batch.number;
        rig_feed(
            rig,
            RIG_SOURCE,
            &(struct ferry_event){
                .kind = FERRY_EVENT_BATCH_SENT,
                .action_id = step->event.action_id,
                .attach = step->attach,
                .stream = step->stream,
                .batch = step->batch.number,
                .wire_bytes = piece.bytes,
                .pages = piece.pages,
                .zero_pages = piece.zero_pages,
                .digest = digest,
            });
    }
}

void rig_payload(
    struct rig *rig, struct rig_attach *attach, uint16_t stream, struct ferry_bytes bytes)
{
    struct rig_stream *own = &attach->streams[stream];
    if (own->cut_short || bytes.size == 0) {
        return;
    }
    struct rig_step *step =
        rig_put_on_wire(rig, RIG_STEP_PAYLOAD, attach, RIG_TARGET, &own->arrived_at);
    if (step == NULL) {
        own->cut_short = true;
        return;
    }
    step->stream = stream;
    step->bytes = malloc(bytes.size);
    claim(step->bytes != NULL, "no memory for a batch");
    memcpy(step->bytes, bytes.data, bytes.size);
    step->size = bytes.size;
}

/* ---- receiving ---- */

static void pipe_take(struct rig_stream *stream, void *out, size_t size)
{
    memcpy(out, stream->pipe, size);
    memmove(stream->pipe, stream->pipe + size, stream->pipe_used - size);
    stream->pipe_used -= size;
}

static void
report_item(struct rig *rig, uint32_t attach, uint16_t stream, const struct ferry_item *item)
{
    const struct ferry_event event = {
        .kind = item->kind == FERRY_ITEM_BATCH     ? FERRY_EVENT_BATCH_PLACED
                : item->kind == FERRY_ITEM_BARRIER ? FERRY_EVENT_BARRIER_REACHED
                                                   : FERRY_EVENT_STREAM_ERROR,
        .status = item->status,
        .attach = attach,
        .stream = stream,
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
    rig_feed(rig, RIG_TARGET, &event);
}

/* False: more bytes are needed. */
static bool place(struct rig *rig, struct rig_stream *stream, const struct ferry_item *item)
{
    uint64_t *tags = &rig->hosts[RIG_TARGET].tags[item->first_page];
    const uint64_t pages = rig->options.pages;
    claim(
        item->first_page < pages && item->page_count <= pages - item->first_page,
        "a page behind the guest's memory");
    if (item->kind == FERRY_ITEM_ZERO) {
        memset(tags, 0, item->page_count * sizeof(tags[0]));
        return true;
    }
    const size_t size = item->page_count * RIG_BODY;
    if (stream->pipe_used < size) {
        return false;
    }
    pipe_take(stream, tags, size);
    ferry_decoder_placed(stream->decoder, digest_of(tags, item->page_count));
    return true;
}

static bool place_state(struct rig *rig, struct rig_stream *stream)
{
    if (stream->pipe_used < RIG_BODY) {
        return false;
    }
    pipe_take(stream, &rig->state_received, RIG_BODY);
    ferry_decoder_placed(stream->decoder, digest_of(&rig->state_received, 1));
    return true;
}

static bool fill(struct rig_stream *stream, const struct ferry_item *item)
{
    const size_t size = item->fill_size < stream->pipe_used ? item->fill_size : stream->pipe_used;
    if (size == 0) {
        return false;
    }
    pipe_take(stream, item->fill, size);
    ferry_decoder_filled(stream->decoder, size);
    return true;
}

/* One item of the decoder; false: it can't go on now. */
static bool drain_item(struct rig *rig, uint32_t number, uint16_t index, struct rig_stream *stream)
{
    struct ferry_item item = {0};
    ferry_decoder_next(stream->decoder, &item);
    switch (item.kind) {
    case FERRY_ITEM_FILL: return fill(stream, &item);
    case FERRY_ITEM_PLACE:
    case FERRY_ITEM_ZERO: return place(rig, stream, &item);
    case FERRY_ITEM_STATE: return place_state(rig, stream);
    case FERRY_ITEM_BATCH:
    case FERRY_ITEM_BARRIER: report_item(rig, number, index, &item); return true;
    case FERRY_ITEM_HOLD: return false;
    case FERRY_ITEM_ERROR:
        stream->failed = true;
        report_item(rig, number, index, &item);
        return false;
    }
    claim(false, "an item that is none");
    return false;
}

/* The engine may close the attach at any of the reports. */
static void drain(struct rig *rig, uint32_t number, uint16_t index)
{
    for (;;) {
        struct rig_attach *attach = rig_attach_find(rig, number);
        if (attach == NULL || !attach->open[RIG_TARGET] || index >= attach->stream_count) {
            return;
        }
        struct rig_stream *stream = &attach->streams[index];
        const struct ferry_stream_shape *shape =
            rig->target == NULL ? NULL : ferry_target_shape(rig->target);
        if (shape == NULL || stream->failed || rig->target_closed) {
            return;
        }
        if (stream->decoder == NULL) {
            const struct ferry_allocator allocator = rig_stream_allocator(rig);
            struct ferry_stream_shape own = *shape;
            own.attach = number;
            own.stream = index;
            claim(
                ferry_decoder_create(
                    &allocator, &own, ferry_target_round(rig->target), &stream->decoder) ==
                    FERRY_OK,
                "no decoder for a shape that the target has accepted");
        }
        if (!drain_item(rig, number, index, stream)) {
            return;
        }
    }
}

void rig_payload_arrives(struct rig *rig, const struct rig_step *step)
{
    struct rig_attach *attach = rig_attach_find(rig, step->attach);
    if (attach == NULL || !attach->open[RIG_TARGET] || step->stream >= attach->stream_count) {
        return;
    }
    struct rig_stream *stream = &attach->streams[step->stream];
    if (rig->listener != NULL) {
        const struct ferry_bytes bytes = {.data = step->bytes, .size = step->size};
        rig->listener(rig->listener_context, RIG_TARGET, step->stream, bytes);
    }
    uint32_t times = 1;
    if (rig->ways[RIG_TARGET].repeat != 0) {
        rig->ways[RIG_TARGET].repeat--;
        rig->witness.tampered = true;
        times = 2;
    }
    for (uint32_t i = 0; i < times && !stream->failed; i++) {
        append(&stream->pipe, &stream->pipe_used, step->bytes, step->size);
    }
    drain(rig, step->attach, step->stream);
}

void rig_drain(struct rig *rig, const struct rig_step *step)
{
    drain(rig, step->attach, step->stream);
}

void rig_release_round(struct rig *rig, uint32_t number, uint32_t round)
{
    struct rig_attach *attach = rig_attach_find(rig, number);
    if (attach == NULL || !attach->open[RIG_TARGET]) {
        return;
    }
    for (uint16_t i = 0; i < attach->stream_count; i++) {
        if (attach->streams[i].decoder != NULL) {
            ferry_decoder_release(attach->streams[i].decoder, round);
            struct rig_step *step = rig_schedule(rig, rig->now, RIG_STEP_DRAIN, RIG_TARGET);
            step->attach = number;
            step->stream = i;
        }
    }
}
