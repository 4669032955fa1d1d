/* SPDX-License-Identifier: Apache-2.0 */
/* pair_payload.c -- batches and barriers through the shipped encoder and decoder; a page is its
 * 8-byte tag.
 *
 * The wire is charged by pages, so that a test can reckon times in its head. */
#include "support/pair_internal.h"

static uint64_t zero_scan(void *context, uint64_t first_page, uint64_t wanted)
{
    const struct pair *pair = context;
    uint64_t zero = 0;
    for (uint32_t i = 0; i < 64; i++) {
        if ((wanted >> i & 1) != 0 && pair->tags[PAIR_SOURCE][first_page + i] == 0) {
            zero |= 1ULL << i;
        }
    }
    return zero;
}

static struct ferry_stream_shape shape(struct pair *pair, uint16_t stream)
{
    return (struct ferry_stream_shape){
        .session = {1, 2},
        .attach = pair->attach,
        .stream = stream,
        .page_size = 4096,
        .region_count = 1,
        .regions = &pair->region,
        .device_state_max = 1 << 20,
    };
}

void pair_open_streams(struct pair *pair)
{
    const struct ferry_allocator memory = pair_allocator(pair);
    for (uint16_t i = 0; i < pair->stream_count; i++) {
        const struct ferry_stream_shape shape_i = shape(pair, i);
        assert_int_equal(
            ferry_encoder_create(&memory, &shape_i, zero_scan, pair, &pair->streams[i].encoder),
            FERRY_OK);
        pair->streams[i].pipe = malloc(FRAMES_MAX);
        pair->streams[i].free_at = pair->now;
    }
}

uint32_t pair_tag_digest(const uint64_t *tags, uint64_t count)
{
    return ferry_crc32c(0, tags, count * sizeof(tags[0]));
}

static void pipe_add(struct stream_end *stream, const void *bytes, size_t size)
{
    assert_true(stream->pipe_used + size <= FRAMES_MAX);
    memcpy(stream->pipe + stream->pipe_used, bytes, size);
    stream->pipe_used += size;
}

/* Runs the encoder dry: heads as they are, 8 bytes a page, device state as 8 bytes a piece. */
static struct ferry_piece encode(struct pair *pair, struct stream_end *stream, uint32_t *digest_out)
{
    struct ferry_piece piece = {0};
    *digest_out = 0;
    while (ferry_encoder_next(stream->encoder, &piece)) {
        if (piece.kind == FERRY_PIECE_HEAD) {
            /* The preface is the acceptor's. */
            struct ferry_preface preface;
            if (piece.head.size != FERRY_PREFACE_SIZE ||
                ferry_preface_decode(piece.head.data, &preface) != FERRY_OK) {
                pipe_add(stream, piece.head.data, piece.head.size);
            }
        } else if (piece.kind == FERRY_PIECE_BODY) {
            const uint64_t *tags = &pair->tags[PAIR_SOURCE][piece.first_page];
            pipe_add(stream, tags, piece.page_count * sizeof(tags[0]));
            const uint32_t digest = pair_tag_digest(tags, piece.page_count);
            *digest_out = ferry_digest_chain(*digest_out, digest, piece.bytes);
            ferry_encoder_sent(stream->encoder, digest);
        } else if (piece.kind == FERRY_PIECE_STATE) {
            pipe_add(stream, &pair->state_now, sizeof(pair->state_now));
            const uint32_t digest = pair_tag_digest(&pair->state_now, 1);
            *digest_out = ferry_digest_chain(*digest_out, digest, piece.bytes);
            ferry_encoder_sent(stream->encoder, digest);
        } else {
            return piece;
        }
    }
    return piece;
}

/* The batch leaves when the wire is free; its content is taken when its last byte leaves. */
void pair_send_batch(struct pair *pair, const struct ferry_action *action)
{
    struct stream_end *stream = &pair->streams[action->stream];
    const uint64_t *bitmap = action->batch.bitmap; /* NULL: all pages */
    uint64_t pages = (action->batch.state_end - action->batch.state_first) / 4096 + 1;
    for (uint64_t i = action->batch.first_page; i < action->batch.end_page; i++) {
        pages += bitmap == NULL || (bitmap[i / 64] >> (i % 64) & 1) != 0;
    }
    uint64_t rate = pair->options.bytes_per_second / pair->stream_count;
    rate = pair->rate < rate ? pair->rate : rate;
    const ferry_time_ns start = stream->free_at > pair->now ? stream->free_at : pair->now;
    const ferry_time_ns took =
        rate == 0 ? HOUR : (ferry_time_ns)(pages * 4096 * (uint64_t)FERRY_SECOND / rate);
    stream->free_at = start + took;
    struct step *step = pair_schedule(pair, stream->free_at, STEP_BATCH_SENT, PAIR_SOURCE);
    step->event.stream = action->stream;
    step->event.attach = action->attach;
    step->batch = action->batch;
    step->path = pair->path;
    step->from = PAIR_SOURCE;
}

void pair_batch_sent(struct pair *pair, const struct step *step)
{
    if (step->event.attach != pair->attach || !pair->connected) {
        return;
    }
    struct stream_end *stream = &pair->streams[step->event.stream];
    pair_guest_dirty(pair);
    const size_t before = stream->pipe_used;
    assert_int_equal(ferry_encoder_batch(stream->encoder, &step->batch), FERRY_OK);
    uint32_t digest = 0;
    const struct ferry_piece done = encode(pair, stream, &digest);
    assert_int_equal(done.kind, FERRY_PIECE_DONE);
    if (pair->corrupt_next && stream->pipe_used > before + 64) {
        stream->pipe[stream->pipe_used - 40] ^= 0x10;
        pair->corrupt_next = false;
    }
    pair->payload_bytes += done.bytes;
    struct step *arrival =
        pair_schedule(pair, pair->now + pair->options.latency, STEP_BATCH_ARRIVED, PAIR_TARGET);
    arrival->event.stream = step->event.stream;
    arrival->event.attach = step->event.attach;
    arrival->event.wire_bytes = stream->pipe_used;
    arrival->path = pair->path;
    arrival->from = PAIR_SOURCE;
    pair_feed(
        pair,
        PAIR_SOURCE,
        &(struct ferry_event){
            .kind = FERRY_EVENT_BATCH_SENT,
            .stream = step->event.stream,
            .attach = step->event.attach,
            .batch = step->batch.number,
            .wire_bytes = done.bytes,
            .pages = done.pages,
            .zero_pages = done.zero_pages,
            .digest = digest,
        });
}

void pair_barrier_sent(struct pair *pair, const struct step *step)
{
    if (step->event.attach != pair->attach || !pair->connected) {
        return;
    }
    struct stream_end *stream = &pair->streams[step->event.stream];
    assert_int_equal(
        ferry_encoder_barrier(stream->encoder, step->round, step->event.attempt), FERRY_OK);
    uint32_t digest = 0;
    (void)encode(pair, stream, &digest);
    struct step *arrival =
        pair_schedule(pair, pair->now + pair->options.latency, STEP_BATCH_ARRIVED, PAIR_TARGET);
    arrival->event.stream = step->event.stream;
    arrival->event.attach = step->event.attach;
    arrival->path = pair->path;
    arrival->from = PAIR_SOURCE;
}

void pair_send_barrier(struct pair *pair, const struct ferry_action *action)
{
    for (uint16_t i = 0; i < pair->stream_count; i++) {
        struct stream_end *stream = &pair->streams[i];
        const ferry_time_ns at = stream->free_at > pair->now ? stream->free_at : pair->now;
        struct step *step = pair_schedule(pair, at, STEP_BARRIER, PAIR_SOURCE);
        step->event.stream = i;
        step->event.attach = action->attach;
        step->event.attempt = action->attempt;
        step->round = action->round;
        step->path = pair->path;
        step->from = PAIR_SOURCE;
    }
}

static void pipe_take(struct stream_end *stream, void *out, size_t size)
{
    assert_true(size <= stream->pipe_used);
    if (out != NULL) {
        memcpy(out, stream->pipe, size);
    }
    memmove(stream->pipe, stream->pipe + size, stream->pipe_used - size);
    stream->pipe_used -= size;
}

static void place(struct pair *pair, struct stream_end *stream, const struct ferry_item *item)
{
    uint64_t *tags = &pair->tags[PAIR_TARGET][item->first_page];
    assert_true(item->first_page + item->page_count <= pair->options.ram_pages);
    pipe_take(stream, tags, item->page_count * sizeof(tags[0]));
    ferry_decoder_placed(stream->decoder, pair_tag_digest(tags, item->page_count));
}

static void report_item(struct pair *pair, uint16_t index, const struct ferry_item *item)
{
    struct ferry_event event = {
        .kind = item->kind == FERRY_ITEM_BATCH     ? FERRY_EVENT_BATCH_PLACED
                : item->kind == FERRY_ITEM_BARRIER ? FERRY_EVENT_BARRIER_REACHED
                                                   : FERRY_EVENT_STREAM_ERROR,
        .status = item->status,
        .attach = pair->attach,
        .stream = index,
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
    if (item->kind != FERRY_ITEM_BATCH && item->kind != FERRY_ITEM_BARRIER &&
        item->kind != FERRY_ITEM_ERROR) {
        return;
    }
    pair_feed(pair, PAIR_TARGET, &event);
}

/* Feeds the decoder with what has come until it wants more, holds, or fails. */
static void drain_stream(struct pair *pair, uint16_t index)
{
    struct stream_end *stream = &pair->streams[index];
    const uint32_t attach_number = pair->attach;
    if (stream->decoder == NULL) {
        const struct ferry_allocator memory = pair_allocator(pair);
        const struct ferry_stream_shape shape_i = shape(pair, index);
        assert_int_equal(
            ferry_decoder_create(
                &memory, &shape_i, ferry_target_round(pair->target), &stream->decoder),
            FERRY_OK);
    }
    while (attach_number == pair->attach && pair->connected) {
        struct ferry_item item = {0};
        ferry_decoder_next(stream->decoder, &item);
        if (item.kind == FERRY_ITEM_FILL) {
            const size_t size =
                item.fill_size < stream->pipe_used ? item.fill_size : stream->pipe_used;
            if (size == 0) {
                return;
            }
            pipe_take(stream, item.fill, size);
            ferry_decoder_filled(stream->decoder, size);
        } else if (item.kind == FERRY_ITEM_PLACE) {
            place(pair, stream, &item);
        } else if (item.kind == FERRY_ITEM_ZERO) {
            memset(
                &pair->tags[PAIR_TARGET][item.first_page], 0, item.page_count * sizeof(uint64_t));
        } else if (item.kind == FERRY_ITEM_STATE) {
            uint64_t state = 0;
            pipe_take(stream, &state, sizeof(state));
            ferry_decoder_placed(stream->decoder, pair_tag_digest(&state, 1));
        } else {
            report_item(pair, index, &item);
            if (item.kind == FERRY_ITEM_HOLD || item.kind == FERRY_ITEM_ERROR) {
                return;
            }
        }
    }
}

void pair_batch_arrived(struct pair *pair, const struct step *step)
{
    if (step->event.attach == pair->attach && pair->connected && pair->target != NULL &&
        ferry_target_shape(pair->target) != NULL) {
        drain_stream(pair, step->event.stream);
    }
}

void pair_release_round(struct pair *pair, uint32_t round)
{
    for (uint16_t i = 0; i < pair->stream_count; i++) {
        if (pair->streams[i].decoder != NULL) {
            ferry_decoder_release(pair->streams[i].decoder, round);
            struct step *step = pair_schedule(pair, pair->now, STEP_BATCH_ARRIVED, PAIR_TARGET);
            step->event.stream = i;
            step->event.attach = pair->attach;
        }
    }
}
