/* SPDX-License-Identifier: Apache-2.0 */
/* encoder.c -- turns batches and barriers into pieces to send.
 *
 *   IDLE --batch--> BEGIN --> CONTENT <--> BODY        CONTENT makes the next frame's head, or END
 * when nothing is left |                          |                     BODY yields its runs (or
 * its piece of device state), one by one |                          +-- END --> DONE --> IDLE
 *     +----barrier--> BARRIER --> IDLE
 *
 * Invariants:
 *  E-1 Every set page of the window is asked for in exactly one call of the zero scan, and is in
 * the frame whose head that call was made for. A word is therefore cut to the pages that the frame
 * still has room for before it is scanned. E-2 A frame has at most stream_frame_pages_max() data
 * pages and a head of at most FERRY_STREAM_HEAD_MAX bytes. E-3 What is counted in END is what was
 * yielded.
 *
 * The walk costs a step for each word of 64 pages and for each change between data, zero and unset;
 * nothing for a page. */
#include "base/allocate.h"
#include "base/assert.h"
#include "base/bits.h"
#include "base/cursor.h"
#include "ferry/stream.h"
#include "stream/frames.h"

/* Two varints. */
#define EXTENT_MAX ((size_t)2 * BASE_VARINT_MAX)
/* What one word may add to a head: 64 extents, and the one that was open before it. */
#define WORD_EXTENTS_MAX ((BASE_WORD_BITS + 1U) * EXTENT_MAX)
/* One piece may hold BEGIN, a frame's head and END. */
#define BUFFER_SIZE (FERRY_STREAM_HEAD_MAX + 3U * WIRE_FRAME_HEADER_SIZE + 16U * BASE_VARINT_MAX)

enum state { IDLE, BARRIER, BEGIN, CONTENT, BODY, DONE };

struct run {
    uint64_t first;
    uint64_t count;
    bool data;
};

struct ferry_encoder {
    struct ferry_allocator allocator;
    struct ferry_stream_shape shape;
    ferry_zero_scan scan;
    void *scan_context;

    enum state state;
    bool preface_sent;
    bool awaiting_sent; /* a BODY or STATE piece is out */
    bool round_known;   /* the first batch or barrier says which round this stream begins with */
    uint32_t round;     /* under way */
    uint64_t last_number;

    struct ferry_batch batch; /* BARRIER uses its round and attempt */
    uint32_t region;
    uint64_t position;   /* next page to look at; device state: next byte */
    uint64_t extent_end; /* gaps count from here */

    uint64_t pages; /* of the batch, up to now */
    uint64_t zero_pages;
    uint64_t body_bytes;
    uint64_t wire_bytes;
    uint32_t digest;

    uint64_t piece_bytes; /* of the piece that is out */
    uint32_t run_count;   /* data runs of the frame */
    uint32_t run_next;    /* to be yielded */
    struct run runs[FERRY_FRAME_PAGES_MAX];
    size_t buffered; /* bytes of head */
    uint8_t buffer[BUFFER_SIZE];
};

enum ferry_status ferry_encoder_create(
    const struct ferry_allocator *allocator,
    const struct ferry_stream_shape *shape,
    ferry_zero_scan scan,
    void *scan_context,
    struct ferry_encoder **encoder_out)
{
    FERRY_TRY(stream_shape_check(shape));
    if (scan == NULL) {
        return FERRY_USAGE_CONFIG;
    }
    struct ferry_encoder *encoder = base_allocate(allocator, sizeof(*encoder));
    if (encoder == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    encoder->allocator = *allocator;
    encoder->shape = *shape;
    encoder->scan = scan;
    encoder->scan_context = scan_context;
    encoder->state = IDLE;
    *encoder_out = encoder;
    return FERRY_OK;
}

void ferry_encoder_destroy(struct ferry_encoder *encoder)
{
    if (encoder != NULL) {
        const struct ferry_allocator allocator = encoder->allocator;
        base_release(&allocator, encoder, sizeof(*encoder));
    }
}

/* ---- what is to be sent ---- */

static bool is_state(const struct ferry_batch *batch)
{
    return batch->state_size > 0;
}

/* Finds the region that holds the whole window. */
static bool find_region(
    const struct ferry_stream_shape *shape, const struct ferry_batch *batch, uint32_t *region_out)
{
    uint64_t first = 0;
    for (uint32_t i = 0; i < shape->region_count; i++) {
        const uint64_t end = first + shape->regions[i].pages;
        if (batch->first_page >= first && batch->end_page <= end) {
            *region_out = i;
            return true;
        }
        first = end;
    }
    return false;
}

static enum ferry_status check_round(const struct ferry_encoder *encoder, uint32_t round)
{
    if (encoder->state != IDLE) {
        return FERRY_USAGE_STATE;
    }
    const bool in_order = !encoder->round_known || round == encoder->round;
    return in_order && round != STREAM_ROUND_NONE ? FERRY_OK : FERRY_USAGE_CONFIG;
}

enum ferry_status
ferry_encoder_batch(struct ferry_encoder *encoder, const struct ferry_batch *batch)
{
    uint32_t region = 0;
    FERRY_TRY(check_round(encoder, batch->round));
    if (batch->number <= encoder->last_number) {
        return FERRY_USAGE_CONFIG;
    }
    if (is_state(batch)) {
        if (batch->first_page != 0 || batch->end_page != 0 || batch->attempt == 0 ||
            batch->state_size > encoder->shape.device_state_max ||
            batch->state_end > batch->state_size ||
            batch->state_first >= (batch->state_end != 0 ? batch->state_end : batch->state_size)) {
            return FERRY_USAGE_CONFIG;
        }
    } else if (
        batch->first_page >= batch->end_page || !find_region(&encoder->shape, batch, &region)) {
        return FERRY_USAGE_CONFIG;
    }
    encoder->batch = *batch;
    if (is_state(batch) && batch->state_end == 0) {
        encoder->batch.state_end = batch->state_size;
    }
    encoder->region = region;
    encoder->round = batch->round;
    encoder->round_known = true;
    encoder->last_number = batch->number;
    encoder->position = is_state(batch) ? batch->state_first : batch->first_page;
    encoder->extent_end = batch->first_page;
    encoder->pages = 0;
    encoder->zero_pages = 0;
    encoder->body_bytes = 0;
    encoder->wire_bytes = 0;
    encoder->digest = 0;
    encoder->state = BEGIN;
    return FERRY_OK;
}

enum ferry_status
ferry_encoder_barrier(struct ferry_encoder *encoder, uint32_t round, uint32_t attempt)
{
    FERRY_TRY(check_round(encoder, round));
    encoder->batch = (struct ferry_batch){.round = round, .attempt = attempt};
    encoder->round = round + 1;
    encoder->round_known = true;
    encoder->state = BARRIER;
    return FERRY_OK;
}

/* ---- heads ---- */

/* A writer for the head of the next frame in the buffer. */
static struct base_writer open_frame(struct ferry_encoder *encoder)
{
    const size_t start = encoder->buffered + WIRE_FRAME_HEADER_SIZE;
    struct base_writer head;
    base_writer_init(&head, encoder->buffer + start, sizeof(encoder->buffer) - start);
    return head;
}

static void close_frame(
    struct ferry_encoder *encoder,
    const struct base_writer *head,
    enum stream_frame_type type,
    uint64_t body_bytes)
{
    FERRY_ASSERT(head->status == FERRY_OK && head->used <= FERRY_STREAM_HEAD_MAX);
    FERRY_ASSERT(body_bytes <= UINT32_MAX);
    const struct wire_frame frame = {
        .head_size = (uint32_t)head->used,
        .type = (uint16_t)type,
        .section = is_state(&encoder->batch) ? WIRE_SECTION_DEVICES : WIRE_SECTION_MEMORY,
        .body_bytes = (uint32_t)body_bytes,
    };
    wire_frame_seal(&frame, encoder->buffer + encoder->buffered);
    encoder->buffered += WIRE_FRAME_HEADER_SIZE + head->used;
    encoder->wire_bytes += WIRE_FRAME_HEADER_SIZE + head->used + body_bytes;
    encoder->body_bytes += body_bytes;
}

static void write_begin(struct ferry_encoder *encoder)
{
    const struct ferry_batch *batch = &encoder->batch;
    struct base_writer head = open_frame(encoder);
    base_write_varint(&head, batch->number);
    base_write_varint(&head, batch->round);
    base_write_varint(&head, batch->attempt);
    if (is_state(batch)) {
        base_write_varint(&head, batch->state_size);
        base_write_u32(&head, batch->state_digest);
        base_write_varint(&head, batch->state_first);
        base_write_varint(&head, batch->state_end - batch->state_first);
    } else {
        const uint64_t region_first = stream_region_first(&encoder->shape, encoder->region);
        base_write_varint(&head, encoder->region);
        base_write_varint(&head, batch->first_page - region_first);
        base_write_varint(&head, batch->end_page - batch->first_page);
    }
    close_frame(encoder, &head, STREAM_BEGIN, 0);
}

static void write_end(struct ferry_encoder *encoder)
{
    struct base_writer head = open_frame(encoder);
    base_write_varint(&head, encoder->pages);
    base_write_varint(&head, encoder->zero_pages);
    base_write_varint(&head, encoder->body_bytes);
    base_write_u32(&head, encoder->digest);
    close_frame(encoder, &head, STREAM_END, 0);
}

static void write_barrier(struct ferry_encoder *encoder)
{
    struct base_writer head = open_frame(encoder);
    base_write_varint(&head, encoder->batch.round);
    base_write_varint(&head, encoder->batch.attempt);
    close_frame(encoder, &head, STREAM_BARRIER, 0);
}

/* ---- a PAGES frame ---- */

static void flush_run(struct ferry_encoder *encoder, struct base_writer *head, struct run *open)
{
    if (open->count == 0) {
        return;
    }
    base_write_varint(head, open->first - encoder->extent_end);
    base_write_varint(head, open->count << 1 | (open->data ? 1U : 0U));
    encoder->extent_end = open->first + open->count;
    if (open->data) {
        encoder->runs[encoder->run_count] = *open;
        encoder->run_count++;
        encoder->pages += open->count;
    } else {
        encoder->zero_pages += open->count;
    }
    open->count = 0;
}

/* Puts the pages of one word into extents: those in `zero` are zero, the others of `wanted` are
 * data. */
static void add_word(
    struct ferry_encoder *encoder,
    struct base_writer *head,
    struct run *open,
    uint64_t first_page,
    uint64_t wanted,
    uint64_t zero)
{
    uint32_t bit = 0;
    while (wanted != 0) {
        const uint32_t skip = base_trailing_zeros(wanted);
        wanted >>= skip;
        zero >>= skip;
        bit += skip;
        const bool data = (zero & 1U) == 0;
        const uint32_t count = base_trailing_ones(data ? wanted & ~zero : zero);
        const uint64_t first = first_page + bit;
        if (open->count > 0 && open->data == data && open->first + open->count == first) {
            open->count += count;
        } else {
            flush_run(encoder, head, open);
            *open = (struct run){.first = first, .count = count, .data = data};
        }
        bit += count;
        wanted = count < BASE_WORD_BITS ? wanted >> count : 0;
        zero = count < BASE_WORD_BITS ? zero >> count : 0;
    }
}

/* The set pages of the word at the position, within the window; the position is in it. */
static uint64_t word_at_position(const struct ferry_encoder *encoder)
{
    const uint64_t base = encoder->position - encoder->position % BASE_WORD_BITS;
    const uint64_t *bitmap = encoder->batch.bitmap;
    uint64_t word = bitmap == NULL ? UINT64_MAX : bitmap[base / BASE_WORD_BITS];
    word &= ~base_low_mask((uint32_t)(encoder->position - base));
    if (encoder->batch.end_page - base < BASE_WORD_BITS) {
        word &= base_low_mask((uint32_t)(encoder->batch.end_page - base));
    }
    return word;
}

/* Makes the next frame's head. No frame if no set page is left. */
static void write_pages(struct ferry_encoder *encoder)
{
    struct base_writer head = open_frame(encoder);
    struct run open = {.count = 0};
    uint32_t room = stream_frame_pages_max(encoder->shape.page_size);
    const uint64_t pages_before = encoder->pages;
    encoder->run_count = 0;
    encoder->run_next = 0;
    while (encoder->position < encoder->batch.end_page && room > 0 &&
           head.used + WORD_EXTENTS_MAX <= FERRY_STREAM_HEAD_MAX) {
        const uint64_t base = encoder->position - encoder->position % BASE_WORD_BITS;
        const uint64_t word = word_at_position(encoder);
        uint64_t wanted = word;
        if (room < BASE_WORD_BITS) {
            wanted = base_lowest_set(word, room);
        }
        encoder->position =
            wanted == word ? base + BASE_WORD_BITS : base + base_highest_bit(wanted) + 1;
        if (wanted != 0) {
            const uint64_t zero = encoder->scan(encoder->scan_context, base, wanted) & wanted;
            add_word(encoder, &head, &open, base, wanted, zero);
            room -= base_popcount(wanted & ~zero);
        }
    }
    flush_run(encoder, &head, &open);
    if (head.used > 0) {
        const uint64_t pages = encoder->pages - pages_before;
        close_frame(encoder, &head, STREAM_PAGES, pages * encoder->shape.page_size);
    }
}

/* ---- pieces ---- */

static void write_state(struct ferry_encoder *encoder)
{
    const uint64_t left = encoder->batch.state_end - encoder->position;
    struct base_writer head = open_frame(encoder);
    base_write_varint(&head, encoder->position);
    encoder->piece_bytes = left < STREAM_BODY_MAX ? left : STREAM_BODY_MAX;
    close_frame(encoder, &head, STREAM_STATE, encoder->piece_bytes);
}

/* The next frame of the batch, or its END. */
static enum state write_content(struct ferry_encoder *encoder)
{
    if (is_state(&encoder->batch)) {
        if (encoder->position < encoder->batch.state_end) {
            write_state(encoder);
            return BODY;
        }
    } else if (encoder->position < encoder->batch.end_page) {
        write_pages(encoder);
        if (encoder->run_count > 0) {
            return BODY;
        }
        if (encoder->position < encoder->batch.end_page) {
            return CONTENT;
        }
    }
    write_end(encoder);
    return DONE;
}

static void yield_body(struct ferry_encoder *encoder, struct ferry_piece *piece_out)
{
    if (is_state(&encoder->batch)) {
        *piece_out = (struct ferry_piece){
            .kind = FERRY_PIECE_STATE,
            .offset = encoder->position,
            .bytes = encoder->piece_bytes,
        };
    } else {
        const struct run *run = &encoder->runs[encoder->run_next];
        encoder->piece_bytes = run->count * encoder->shape.page_size;
        *piece_out = (struct ferry_piece){
            .kind = FERRY_PIECE_BODY,
            .first_page = run->first,
            .page_count = (uint32_t)run->count,
            .bytes = encoder->piece_bytes,
        };
    }
    encoder->awaiting_sent = true;
}

static void yield_head(struct ferry_encoder *encoder, struct ferry_piece *piece_out)
{
    *piece_out = (struct ferry_piece){
        .kind = FERRY_PIECE_HEAD,
        .head = {.data = encoder->buffer, .size = encoder->buffered},
    };
}

static void write_preface(struct ferry_encoder *encoder)
{
    const struct ferry_preface preface = {
        .role = FERRY_ROLE_PAYLOAD,
        .version_min = FERRY_PROTOCOL_VERSION_MIN,
        .version_max = FERRY_PROTOCOL_VERSION_MAX,
        .session = encoder->shape.session,
        .attach = encoder->shape.attach,
        .stream = encoder->shape.stream,
    };
    ferry_preface_encode(&preface, encoder->buffer);
    encoder->buffered = FERRY_PREFACE_SIZE;
    encoder->preface_sent = true;
}

bool ferry_encoder_next(struct ferry_encoder *encoder, struct ferry_piece *piece_out)
{
    FERRY_ASSERT(!encoder->awaiting_sent);
    encoder->buffered = 0;
    if (!encoder->preface_sent) {
        write_preface(encoder);
        yield_head(encoder, piece_out);
        return true;
    }
    switch (encoder->state) {
    case IDLE: return false;
    case BARRIER:
        write_barrier(encoder);
        encoder->state = IDLE;
        break;
    case BEGIN:
        write_begin(encoder);
        encoder->state = write_content(encoder);
        break;
    case CONTENT: encoder->state = write_content(encoder); break;
    case BODY: yield_body(encoder, piece_out); return true;
    case DONE:
        *piece_out = (struct ferry_piece){
            .kind = FERRY_PIECE_DONE,
            .bytes = encoder->wire_bytes,
            .pages = encoder->pages,
            .zero_pages = encoder->zero_pages,
            .digest = encoder->digest,
        };
        encoder->state = IDLE;
        return true;
    }
    yield_head(encoder, piece_out);
    return true;
}

void ferry_encoder_sent(struct ferry_encoder *encoder, uint32_t digest)
{
    FERRY_ASSERT(encoder->awaiting_sent);
    encoder->awaiting_sent = false;
    encoder->digest = ferry_digest_chain(encoder->digest, digest, encoder->piece_bytes);
    if (is_state(&encoder->batch)) {
        encoder->position += encoder->piece_bytes;
        encoder->state = CONTENT;
    } else {
        encoder->run_next++;
        encoder->state = encoder->run_next < encoder->run_count ? BODY : CONTENT;
    }
}
