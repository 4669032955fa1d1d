/* SPDX-License-Identifier: Apache-2.0 */
/* decoder.c -- turns received bytes into places for what follows them.
 *
 *   HEADER --16 bytes--> HEAD --head complete--> EXTENTS (PAGES frame)  --all yielded--> HEADER
 *     ^                                      +-> BODY    (STATE frame)  --placed-------> HEADER
 *     |                                      +-> REPORT  (END, BARRIER) --yielded------> HEADER
 *     +----- BEGIN has nothing to yield -----+
 *   any of them --protocol error--> FAILED, for good
 *
 * Invariants:
 *  D-1 No field is used before the frame's checksum was right, except head_size and body_bytes,
 * which are bounded first. D-2 A frame's extents are all checked (inside of the window, in rising
 * order, their data pages equal to the body) before the first of them is yielded. What is yielded
 * lies in one region of the guest's memory. D-3 Nothing of round n + 1 is read before release(n +
 * 1): the decoder stands at HOLD, without having read a byte of it. D-4 BATCH is yielded only when
 * counts, sums and running digest are those of END. D-5 Memory is the buffer of one head: nothing
 * is allocated after create. */
#include "base/allocate.h"
#include "base/assert.h"
#include "base/cursor.h"
#include "ferry/stream.h"
#include "stream/frames.h"

enum state { HEADER, HEAD, EXTENTS, BODY, REPORT, FAILED };

struct extent {
    uint64_t first;
    uint64_t count;
    bool data;
};

struct ferry_decoder {
    struct ferry_allocator allocator;
    struct ferry_stream_shape shape;

    enum state state;
    enum ferry_status status;
    bool awaiting_placed;
    uint32_t owed;     /* digests of bodies that were taken before they were there */
    uint32_t round;    /* under way on this stream */
    uint32_t released; /* newest round that may be placed */
    uint64_t last_number;

    /* The batch under way; section 0: none. Counted up to now, to be compared with END. */
    uint16_t section;
    struct ferry_item batch; /* what BATCH will say */
    uint64_t body_bytes;
    uint64_t position; /* end of the last extent, or of the device state received */
    uint64_t end;      /* of the window, or of the device state */

    struct wire_frame frame;
    struct base_reader extents; /* those of the frame that were not yielded yet */
    struct ferry_item item;     /* PLACE or STATE that is out; what REPORT will say */
    size_t filled;
    uint8_t buffer[WIRE_FRAME_HEADER_SIZE + FERRY_STREAM_HEAD_MAX];
};

enum ferry_status ferry_decoder_create(
    const struct ferry_allocator *allocator,
    const struct ferry_stream_shape *shape,
    uint32_t round,
    struct ferry_decoder **decoder_out)
{
    FERRY_TRY(stream_shape_check(shape));
    if (round == STREAM_ROUND_NONE) {
        return FERRY_USAGE_CONFIG;
    }
    struct ferry_decoder *decoder = base_allocate(allocator, sizeof(*decoder));
    if (decoder == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    decoder->allocator = *allocator;
    decoder->shape = *shape;
    decoder->state = HEADER;
    decoder->status = FERRY_OK;
    decoder->round = round;
    decoder->released = round;
    *decoder_out = decoder;
    return FERRY_OK;
}

void ferry_decoder_destroy(struct ferry_decoder *decoder)
{
    if (decoder != NULL) {
        const struct ferry_allocator allocator = decoder->allocator;
        base_release(&allocator, decoder, sizeof(*decoder));
    }
}

/* ---- a header, before its head is here ---- */

static bool section_fits(const struct wire_frame *frame)
{
    const bool memory = frame->section == WIRE_SECTION_MEMORY;
    const bool devices = frame->section == WIRE_SECTION_DEVICES;
    switch ((enum stream_frame_type)frame->type) {
    case STREAM_BEGIN:
    case STREAM_END: return memory || devices;
    case STREAM_PAGES:
    case STREAM_BARRIER: return memory;
    case STREAM_STATE: return devices;
    }
    return false;
}

static bool body_fits(const struct ferry_decoder *decoder, const struct wire_frame *frame)
{
    const uint64_t page_size = decoder->shape.page_size;
    if (frame->type == STREAM_PAGES) {
        const uint64_t pages_max = stream_frame_pages_max(decoder->shape.page_size);
        return frame->body_bytes % page_size == 0 && frame->body_bytes / page_size <= pages_max;
    }
    if (frame->type == STREAM_STATE) {
        return frame->body_bytes > 0 && frame->body_bytes <= STREAM_BODY_MAX;
    }
    return frame->body_bytes == 0;
}

static enum ferry_status check_header(struct ferry_decoder *decoder)
{
    decoder->frame = wire_frame_parse(decoder->buffer);
    if (!section_fits(&decoder->frame)) {
        return FERRY_PEER_FRAME;
    }
    const bool head_fits =
        decoder->frame.head_size > 0 && decoder->frame.head_size <= FERRY_STREAM_HEAD_MAX;
    return head_fits && body_fits(decoder, &decoder->frame) ? FERRY_OK : FERRY_PEER_LENGTH;
}

/* ---- heads ---- */

static enum ferry_status read_window(struct ferry_decoder *decoder, struct base_reader *head)
{
    const uint64_t region = base_read_varint(head);
    const uint64_t first = base_read_varint(head);
    const uint64_t pages = base_read_varint(head);
    FERRY_TRY(base_reader_end(head));
    if (region >= decoder->shape.region_count) {
        return FERRY_PEER_RANGE;
    }
    const uint64_t region_pages = decoder->shape.regions[region].pages;
    if (first >= region_pages || pages == 0 || pages > region_pages - first) {
        return FERRY_PEER_RANGE;
    }
    decoder->position = stream_region_first(&decoder->shape, (uint32_t)region) + first;
    decoder->end = decoder->position + pages;
    return FERRY_OK;
}

static enum ferry_status read_state_size(struct ferry_decoder *decoder, struct base_reader *head)
{
    const uint64_t size = base_read_varint(head);
    const uint32_t digest = base_read_u32(head);
    const uint64_t first = base_read_varint(head);
    const uint64_t bytes = base_read_varint(head);
    FERRY_TRY(base_reader_end(head));
    if (size == 0 || size > decoder->shape.device_state_max) {
        return FERRY_PEER_LENGTH;
    }
    if (first >= size || bytes == 0 || bytes > size - first) {
        return FERRY_PEER_RANGE;
    }
    if (decoder->batch.attempt == 0) {
        return FERRY_PEER_VALUE; /* only a paused guest has a state to send */
    }
    decoder->position = first;
    decoder->end = first + bytes;
    decoder->batch.state_size = size;
    decoder->batch.state_bytes = bytes;
    decoder->batch.state_digest = digest;
    return FERRY_OK;
}

/* Round and attempt, as they stand in BEGIN and BARRIER. */
static enum ferry_status
read_round(struct ferry_decoder *decoder, struct base_reader *head, struct ferry_item *item)
{
    const uint64_t round = base_read_varint(head);
    const uint64_t attempt = base_read_varint(head);
    FERRY_TRY(head->status);
    if (round >= STREAM_ROUND_NONE || attempt > UINT32_MAX) {
        return FERRY_PEER_VALUE;
    }
    item->round = (uint32_t)round;
    item->attempt = (uint32_t)attempt;
    return item->round == decoder->round ? FERRY_OK : FERRY_PEER_UNEXPECTED;
}

static enum ferry_status
read_begin(struct ferry_decoder *decoder, struct base_reader *head, uint64_t frame_bytes)
{
    if (decoder->section != 0) {
        return FERRY_PEER_UNEXPECTED;
    }
    decoder->batch = (struct ferry_item){.kind = FERRY_ITEM_BATCH, .bytes = frame_bytes};
    decoder->batch.batch = base_read_varint(head);
    FERRY_TRY(read_round(decoder, head, &decoder->batch));
    if (decoder->batch.batch <= decoder->last_number) {
        return FERRY_PEER_UNEXPECTED;
    }
    if (decoder->frame.section == WIRE_SECTION_DEVICES) {
        FERRY_TRY(read_state_size(decoder, head));
    } else {
        FERRY_TRY(read_window(decoder, head));
    }
    decoder->last_number = decoder->batch.batch;
    decoder->section = decoder->frame.section;
    decoder->body_bytes = 0;
    decoder->state = HEADER;
    return FERRY_OK;
}

/* The next extent after `position`, checked against the window's end. */
static enum ferry_status
read_extent(struct base_reader *head, uint64_t position, uint64_t end, struct extent *extent_out)
{
    const uint64_t gap = base_read_varint(head);
    const uint64_t value = base_read_varint(head);
    FERRY_TRY(head->status);
    const uint64_t count = value >> 1;
    if (count == 0) {
        return FERRY_PEER_VALUE;
    }
    if (gap >= end - position || count > end - position - gap) {
        return FERRY_PEER_RANGE;
    }
    *extent_out = (struct extent){
        .first = position + gap,
        .count = count,
        .data = (value & 1U) != 0,
    };
    return FERRY_OK;
}

static enum ferry_status read_pages(struct ferry_decoder *decoder, const struct base_reader *head)
{
    if (decoder->section != WIRE_SECTION_MEMORY) {
        return FERRY_PEER_UNEXPECTED;
    }
    const uint64_t pages_max = stream_frame_pages_max(decoder->shape.page_size);
    struct base_reader walk = *head;
    uint64_t position = decoder->position;
    uint64_t pages = 0;
    while (base_reader_left(&walk) > 0) {
        struct extent extent;
        FERRY_TRY(read_extent(&walk, position, decoder->end, &extent));
        position = extent.first + extent.count;
        if (extent.data) {
            if (extent.count > pages_max - pages) {
                return FERRY_PEER_LENGTH;
            }
            pages += extent.count;
        }
    }
    if (pages * decoder->shape.page_size != decoder->frame.body_bytes) {
        return FERRY_PEER_LENGTH;
    }
    decoder->extents = *head;
    decoder->state = EXTENTS;
    return FERRY_OK;
}

static enum ferry_status read_state(struct ferry_decoder *decoder, struct base_reader *head)
{
    if (decoder->section != WIRE_SECTION_DEVICES) {
        return FERRY_PEER_UNEXPECTED;
    }
    const uint64_t offset = base_read_varint(head);
    FERRY_TRY(base_reader_end(head));
    if (offset != decoder->position || decoder->frame.body_bytes > decoder->end - offset) {
        return FERRY_PEER_RANGE;
    }
    decoder->item = (struct ferry_item){
        .kind = FERRY_ITEM_STATE,
        .offset = offset,
        .bytes = decoder->frame.body_bytes,
        .state_digest = decoder->batch.state_digest,
    };
    decoder->state = BODY;
    decoder->awaiting_placed = true;
    return FERRY_OK;
}

static enum ferry_status read_end(struct ferry_decoder *decoder, struct base_reader *head)
{
    if (decoder->section == 0 || decoder->section != decoder->frame.section) {
        return FERRY_PEER_UNEXPECTED;
    }
    const uint64_t pages = base_read_varint(head);
    const uint64_t zero_pages = base_read_varint(head);
    const uint64_t body_bytes = base_read_varint(head);
    const uint32_t digest = base_read_u32(head);
    FERRY_TRY(base_reader_end(head));
    const bool counts = pages == decoder->batch.pages && zero_pages == decoder->batch.zero_pages;
    const bool whole = decoder->section == WIRE_SECTION_MEMORY || decoder->position == decoder->end;
    if (!counts || !whole || body_bytes != decoder->body_bytes) {
        /* mark: stream-batch-incomplete -- a batch has not all that was sent */
        return FERRY_PEER_MANIFEST;
    }
    if (digest != decoder->batch.digest) {
        /* mark: stream-batch-damaged -- a batch is not what was sent */
        return FERRY_PEER_CHECKSUM;
    }
    decoder->section = 0;
    decoder->item = decoder->batch;
    decoder->state = REPORT;
    return FERRY_OK;
}

static enum ferry_status read_barrier(struct ferry_decoder *decoder, struct base_reader *head)
{
    if (decoder->section != 0) {
        return FERRY_PEER_UNEXPECTED;
    }
    struct ferry_item barrier = {.kind = FERRY_ITEM_BARRIER};
    FERRY_TRY(read_round(decoder, head, &barrier));
    FERRY_TRY(base_reader_end(head));
    decoder->round = barrier.round + 1;
    decoder->item = barrier;
    decoder->state = REPORT;
    return FERRY_OK;
}

static enum ferry_status read_head(struct ferry_decoder *decoder)
{
    FERRY_TRY(wire_frame_verify(decoder->buffer));
    struct base_reader head;
    base_reader_init(
        &head,
        (struct ferry_bytes){
            .data = decoder->buffer + WIRE_FRAME_HEADER_SIZE, .size = decoder->frame.head_size});
    const uint64_t frame_bytes =
        (uint64_t)WIRE_FRAME_HEADER_SIZE + decoder->frame.head_size + decoder->frame.body_bytes;
    decoder->batch.bytes += frame_bytes; /* BEGIN starts anew with its own */
    switch ((enum stream_frame_type)decoder->frame.type) {
    case STREAM_BEGIN: return read_begin(decoder, &head, frame_bytes);
    case STREAM_PAGES: return read_pages(decoder, &head);
    case STREAM_STATE: return read_state(decoder, &head);
    case STREAM_END: return read_end(decoder, &head);
    case STREAM_BARRIER: return read_barrier(decoder, &head);
    }
    return FERRY_PEER_FRAME;
}

/* ---- items ---- */

/* Bytes of header or of header and head. */
static size_t wanted_size(const struct ferry_decoder *decoder)
{
    return decoder->state == HEADER ? WIRE_FRAME_HEADER_SIZE
                                    : WIRE_FRAME_HEADER_SIZE + decoder->frame.head_size;
}

/* Yields the frame's next extent; false: there is none left. */
static bool next_extent(struct ferry_decoder *decoder, struct ferry_item *item_out)
{
    struct extent extent;
    if (base_reader_left(&decoder->extents) == 0) {
        return false;
    }
    const enum ferry_status status =
        read_extent(&decoder->extents, decoder->position, decoder->end, &extent);
    FERRY_ASSERT(status == FERRY_OK); /* D-2 */
    decoder->position = extent.first + extent.count;
    *item_out = (struct ferry_item){
        .kind = extent.data ? FERRY_ITEM_PLACE : FERRY_ITEM_ZERO,
        .first_page = extent.first,
        .page_count = extent.count,
        .bytes = extent.data ? extent.count * decoder->shape.page_size : 0,
        .round = decoder->batch.round,
        .attempt = decoder->batch.attempt,
    };
    if (extent.data) {
        decoder->batch.pages += extent.count;
        decoder->item = *item_out;
        decoder->awaiting_placed = true;
    } else {
        decoder->batch.zero_pages += extent.count;
    }
    return true;
}

static void next_fill(struct ferry_decoder *decoder, struct ferry_item *item_out)
{
    if (decoder->filled == 0 && decoder->round > decoder->released) {
        /* mark: stream-held -- waits at a barrier for other streams */
        *item_out = (struct ferry_item){.kind = FERRY_ITEM_HOLD, .round = decoder->round};
        return;
    }
    *item_out = (struct ferry_item){
        .kind = FERRY_ITEM_FILL,
        .fill = decoder->buffer + decoder->filled,
        .fill_size = wanted_size(decoder) - decoder->filled,
    };
}

static void next_frame(struct ferry_decoder *decoder)
{
    decoder->state = HEADER;
    decoder->filled = 0;
}

void ferry_decoder_next(struct ferry_decoder *decoder, struct ferry_item *item_out)
{
    if (decoder->awaiting_placed) {
        *item_out = decoder->item;
        return;
    }
    switch (decoder->state) {
    case EXTENTS:
        if (next_extent(decoder, item_out)) {
            return;
        }
        next_frame(decoder);
        break;
    case REPORT:
        *item_out = decoder->item;
        next_frame(decoder);
        return;
    case FAILED:
        *item_out = (struct ferry_item){.kind = FERRY_ITEM_ERROR, .status = decoder->status};
        return;
    case HEADER:
    case HEAD:
    case BODY: break; /* BODY is left by placed(), which this call waited for */
    }
    next_fill(decoder, item_out);
}

static void fail_unless_ok(struct ferry_decoder *decoder, enum ferry_status status)
{
    if (status != FERRY_OK) {
        /* mark: stream-failed -- a stream that makes no sense is over */
        decoder->state = FAILED;
        decoder->status = status;
    }
}

void ferry_decoder_filled(struct ferry_decoder *decoder, size_t size)
{
    FERRY_ASSERT(decoder->state == HEADER || decoder->state == HEAD);
    FERRY_ASSERT(decoder->owed == 0);
    FERRY_ASSERT(size >= 1 && size <= wanted_size(decoder) - decoder->filled);
    decoder->filled += size;
    if (decoder->filled < wanted_size(decoder)) {
        return;
    }
    if (decoder->state == HEADER) {
        decoder->state = HEAD;
        fail_unless_ok(decoder, check_header(decoder));
        return;
    }
    fail_unless_ok(decoder, read_head(decoder));
    if (decoder->state == HEADER) { /* a BEGIN: nothing to yield */
        decoder->filled = 0;
    }
}

void ferry_decoder_taken(struct ferry_decoder *decoder)
{
    FERRY_ASSERT(decoder->awaiting_placed);
    decoder->awaiting_placed = false;
    decoder->owed++;
    if (decoder->state == BODY) {
        decoder->position += decoder->item.bytes;
        next_frame(decoder);
    }
}

void ferry_decoder_digest(struct ferry_decoder *decoder, uint32_t digest, uint64_t bytes)
{
    FERRY_ASSERT(decoder->owed > 0);
    decoder->owed--;
    decoder->batch.digest = ferry_digest_chain(decoder->batch.digest, digest, bytes);
    decoder->body_bytes += bytes;
}

void ferry_decoder_placed(struct ferry_decoder *decoder, uint32_t digest)
{
    ferry_decoder_taken(decoder);
    ferry_decoder_digest(decoder, digest, decoder->item.bytes);
}

void ferry_decoder_release(struct ferry_decoder *decoder, uint32_t round)
{
    if (round > decoder->released) {
        decoder->released = round;
    }
}
