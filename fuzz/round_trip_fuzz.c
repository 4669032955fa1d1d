/* SPDX-License-Identifier: Apache-2.0 */
/* round_trip_fuzz.c -- what one side encodes is what the other decodes, and the other way round.
 *
 * An input begins with a byte that says what it is:
 *   0  a control message, field by field: encoded, read in two chunks, and the same again
 *   1  a type and a payload: if it is accepted, it encodes to the very bytes that it came in
 *   2  a preface, likewise in both directions
 *   3  a guest with its pages and device state, and batches of it: what was to be sent is at the other end, and no
 *      other page was touched */
#include "ferry/stream.h"
#include "fuzz/claim.h"
#include "fuzz/input/script.h"
#include "fuzz/input/values.h"
#include "wire/frame.h"
#include "wire/schema.h"

#include <stdlib.h>
#include <string.h>

#define PAGES    512U
#define WORDS    (PAGES / 64U)
#define BATCHES  8U
#define WIRE_MAX (1U << 18)
#define BODY     8U /* of a page, or of a piece of device state */

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- control messages ---- */

static bool same_bytes(struct ferry_bytes a, struct ferry_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Every byte of the two values, but for the addresses of borrowed bytes. */
static bool same_message(const struct wire_message *a, const struct wire_message *b)
{
    const struct wire_schema *schema = wire_schema_of(a->type);
    struct wire_message left = *a;
    struct wire_message right = *b;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct wire_field *field = &schema->fields[i];
        if (field->kind == WIRE_BYTES || field->kind == WIRE_TEXT) {
            struct ferry_bytes one;
            struct ferry_bytes other;
            uint8_t *left_member = (uint8_t *)&left.body + field->offset;
            uint8_t *right_member = (uint8_t *)&right.body + field->offset;
            memcpy(&one, left_member, sizeof(one));
            memcpy(&other, right_member, sizeof(other));
            if (!same_bytes(one, other)) {
                return false;
            }
            memset(left_member, 0, sizeof(one));
            memset(right_member, 0, sizeof(other));
        }
    }
    /* Both began as zeros, padding too. */
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
    return memcmp(&left, &right, sizeof(left)) == 0;
}

static void value_and_back(struct script_record *input)
{
    static uint8_t frame[WIRE_READER_CAPACITY];
    static uint8_t buffer[WIRE_READER_CAPACITY];
    struct wire_message message;
    struct wire_message back;
    size_t size = 0;
    const uint8_t cut = script_u8(input);
    if (!values_message(input, &message)) {
        return;
    }
    holds(wire_message_encode(&message, frame, sizeof(frame), &size) == FERRY_OK);
    struct wire_reader reader = {.buffer = buffer, .capacity = sizeof(buffer)};
    wire_reader_reset(&reader);
    struct ferry_bytes first = {.data = frame, .size = cut < size ? cut : size};
    struct ferry_bytes rest = {.data = frame + first.size, .size = size - first.size};
    bool found = false;
    memset(&back, 0, sizeof(back));
    holds(wire_reader_next(&reader, &first, &found, &back) == FERRY_OK);
    holds(found == (rest.size == 0) && first.size == 0);
    if (!found) {
        holds(wire_reader_next(&reader, &rest, &found, &back) == FERRY_OK);
    }
    holds(found && rest.size == 0);
    claim(same_message(&message, &back), "a message that comes back is another one");
}

static void bytes_and_back(struct script_record *input)
{
    static uint8_t frame[WIRE_READER_CAPACITY];
    struct wire_message message;
    const enum wire_type type = (enum wire_type)script_u8(input);
    const struct ferry_bytes payload = {.data = input->bytes, .size = input->size};
    if (wire_message_decode(type, payload, &message) != FERRY_OK) {
        return;
    }
    size_t size = 0;
    holds(wire_message_encode(&message, frame, sizeof(frame), &size) == FERRY_OK);
    holds(size == WIRE_FRAME_HEADER_SIZE + payload.size);
    holds(memcmp(frame + WIRE_FRAME_HEADER_SIZE, payload.data, payload.size) == 0);
}

static void preface_and_back(struct script_record *input)
{
    struct ferry_preface preface = {
        .role = (script_u8(input) & 1U) != 0 ? FERRY_ROLE_PAYLOAD : FERRY_ROLE_CONTROL,
        .version_min = (uint16_t)(script_u8(input) + 1U),
        .session = {.high = script_u32(input), .low = script_u32(input) + 1ULL},
        .attach = script_u32(input) | 1U,
    };
    preface.version_max = (uint16_t)(preface.version_min + script_u8(input));
    if (preface.role == FERRY_ROLE_PAYLOAD) {
        preface.stream = script_u8(input) % FERRY_STREAMS_MAX;
    }
    uint8_t bytes[FERRY_PREFACE_SIZE];
    uint8_t again[FERRY_PREFACE_SIZE];
    struct ferry_preface back;
    memset(&back, 0, sizeof(back));
    ferry_preface_encode(&preface, bytes);
    holds(ferry_preface_decode(bytes, &back) == FERRY_OK);
    holds(back.role == preface.role && back.stream == preface.stream);
    holds(back.version_min == preface.version_min && back.version_max == preface.version_max);
    holds(back.session.high == preface.session.high && back.session.low == preface.session.low);
    holds(back.attach == preface.attach);
    if (input->size >= FERRY_PREFACE_SIZE &&
        ferry_preface_decode(input->bytes, &back) == FERRY_OK) {
        ferry_preface_encode(&back, again);
        holds(memcmp(again, input->bytes, sizeof(again)) == 0);
    }
}

/* ---- batches ---- */

static void *allocate(void *context, size_t size)
{
    (void)context;
    return calloc(1, size);
}

static void release(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

struct transfer {
    struct ferry_stream_shape shape;
    struct ferry_region regions[2];
    struct ferry_encoder *encoder;
    struct ferry_decoder *decoder;
    uint64_t content[PAGES];
    uint64_t arrived[PAGES];
    uint64_t bitmap[WORDS];
    struct ferry_batch batch;
    struct ferry_piece sent; /* DONE */
    uint8_t *wire;
    size_t wire_size;
    uint64_t state_next;
    bool preface_seen;
    uint32_t results; /* batches and barriers that arrived */
};

static uint64_t zero_scan(void *context, uint64_t first_page, uint64_t wanted)
{
    const struct transfer *transfer = context;
    uint64_t zero = 0;
    for (uint32_t i = 0; i < 64 && first_page + i < PAGES; i++) {
        if ((wanted >> i & 1U) != 0 && transfer->content[first_page + i] == 0) {
            zero |= 1ULL << i;
        }
    }
    return zero;
}

static void put(struct transfer *transfer, const void *bytes, size_t size)
{
    holds(size <= WIRE_MAX - transfer->wire_size);
    memcpy(transfer->wire + transfer->wire_size, bytes, size);
    transfer->wire_size += size;
}

static void encode(struct transfer *transfer)
{
    struct ferry_piece piece;
    const uint64_t state = 7;
    while (ferry_encoder_next(transfer->encoder, &piece)) {
        if (piece.kind == FERRY_PIECE_DONE) {
            transfer->sent = piece;
            return;
        }
        if (piece.kind == FERRY_PIECE_HEAD) {
            if (transfer->preface_seen) {
                put(transfer, piece.head.data, piece.head.size);
            }
            transfer->preface_seen = true;
            continue;
        }
        const void *body = &state;
        size_t size = BODY;
        if (piece.kind == FERRY_PIECE_BODY) {
            holds(piece.first_page + piece.page_count <= PAGES);
            body = &transfer->content[piece.first_page];
            size = piece.page_count * BODY;
        }
        put(transfer, body, size);
        ferry_encoder_sent(transfer->encoder, ferry_crc32c(0, body, size));
    }
}

/* What the window says has come, and nothing else was touched: each page counts once. */
static void check_batch(struct transfer *transfer, const struct ferry_item *item)
{
    const struct ferry_batch *batch = &transfer->batch;
    holds(item->batch == batch->number && item->round == batch->round);
    holds(item->attempt == batch->attempt && item->state_size == batch->state_size);
    holds(item->pages == transfer->sent.pages && item->zero_pages == transfer->sent.zero_pages);
    holds(item->bytes == transfer->sent.bytes && item->digest == transfer->sent.digest);
    uint64_t pages = 0;
    for (uint32_t i = 0; i < PAGES; i++) {
        const bool wanted = batch->bitmap != NULL && i >= batch->first_page &&
                            i < batch->end_page && (batch->bitmap[i / 64] >> i % 64 & 1U) != 0;
        pages += wanted;
        claim(
            transfer->arrived[i] == (wanted ? transfer->content[i] : UINT64_MAX),
            "a page is not what was sent");
        transfer->arrived[i] = UINT64_MAX;
    }
    holds(pages == item->pages + item->zero_pages);
    transfer->results++;
}

/* One item; returns the bytes that it took. */
static size_t receive(struct transfer *transfer, const struct ferry_item *item, size_t at)
{
    const uint8_t *wire = transfer->wire + at;
    const size_t left = transfer->wire_size - at;
    size_t size = 0;
    switch (item->kind) {
    case FERRY_ITEM_FILL:
        size = left < item->fill_size ? left : item->fill_size;
        memcpy(item->fill, wire, size);
        ferry_decoder_filled(transfer->decoder, size);
        return size;
    case FERRY_ITEM_PLACE:
        size = item->page_count * BODY;
        holds(size <= left);
        memcpy(&transfer->arrived[item->first_page], wire, size);
        ferry_decoder_placed(transfer->decoder, ferry_crc32c(0, wire, size));
        return size;
    case FERRY_ITEM_ZERO:
        memset(&transfer->arrived[item->first_page], 0, item->page_count * BODY);
        return 0;
    case FERRY_ITEM_STATE:
        holds(BODY <= left && item->offset == transfer->state_next);
        transfer->state_next += item->bytes;
        ferry_decoder_placed(transfer->decoder, ferry_crc32c(0, wire, BODY));
        return BODY;
    case FERRY_ITEM_BATCH: check_batch(transfer, item); return 0;
    case FERRY_ITEM_BARRIER:
        holds(item->round == transfer->batch.round && item->attempt == transfer->batch.attempt);
        transfer->results++;
        return 0;
    case FERRY_ITEM_HOLD: ferry_decoder_release(transfer->decoder, item->round); return 0;
    case FERRY_ITEM_ERROR: claim(false, "what was encoded is an error to the decoder");
    }
    claim(false, "an item that is none");
    return 0;
}

static void decode(struct transfer *transfer)
{
    struct ferry_item item;
    size_t at = 0;
    const uint32_t results = transfer->results;
    while (transfer->results == results) {
        ferry_decoder_next(transfer->decoder, &item);
        claim(
            item.kind != FERRY_ITEM_FILL || at < transfer->wire_size,
            "the decoder wants more than was encoded");
        at += receive(transfer, &item, at);
    }
    holds(at == transfer->wire_size);
    transfer->wire_size = 0;
}

/* Content and bitmap: a pattern for each word, so that a few bytes make all kinds of runs. */
static void draw_pages(struct transfer *transfer, struct script_record *input)
{
    static const uint64_t patterns[] = {
        0, UINT64_MAX, 1, 1ULL << 63, 0x5555555555555555, 0xff00ff00ff00ff00, 0xffffffff, 0xf0f0};
    for (uint32_t word = 0; word < WORDS; word++) {
        const uint8_t how = script_u8(input);
        uint64_t zero = patterns[how >> 3 & 7U];
        transfer->bitmap[word] = patterns[how & 7U];
        if (how >> 6 == 3) {
            transfer->bitmap[word] ^= script_u32(input);
            zero ^= (uint64_t)script_u16(input) << 24;
        }
        for (uint32_t i = 0; i < 64; i++) {
            transfer->content[64 * word + i] = (zero >> i & 1U) != 0 ? 0 : 1000U + 64 * word + i;
        }
    }
}

static bool draw_batch(struct transfer *transfer, struct script_record *input)
{
    const uint8_t how = script_u8(input);
    struct ferry_batch *batch = &transfer->batch;
    const uint64_t number = batch->number;
    *batch = (struct ferry_batch){
        .number = number + 1 + (how >> 4), .round = batch->round, .attempt = how >> 2 & 3U};
    if ((how & 3U) == 1) {
        batch->state_size = 1 + script_power(input, 21);
        batch->state_first = script_u16(input) % batch->state_size;
        batch->state_digest = script_u8(input);
        batch->attempt += batch->attempt == 0;
        transfer->state_next = batch->state_first;
    } else {
        batch->bitmap = transfer->bitmap;
        batch->first_page = script_u16(input) % PAGES;
        batch->end_page = batch->first_page + 1 + script_u16(input) % PAGES;
    }
    return (how & 3U) == 2; /* a barrier */
}

static void transfer_batches(struct transfer *transfer, struct script_record *input)
{
    for (uint32_t i = 0; i < BATCHES && input->size > 0; i++) {
        const struct ferry_batch before = transfer->batch;
        const bool barrier = draw_batch(transfer, input);
        enum ferry_status status = FERRY_OK;
        if (barrier) {
            transfer->batch.number = before.number;
            status = ferry_encoder_barrier(
                transfer->encoder, transfer->batch.round, transfer->batch.attempt);
        } else {
            status = ferry_encoder_batch(transfer->encoder, &transfer->batch);
        }
        if (status != FERRY_OK) { /* a window over two regions, or behind the memory */
            holds(status == FERRY_USAGE_CONFIG);
            transfer->batch = before;
            continue;
        }
        encode(transfer);
        decode(transfer);
        transfer->batch.round += barrier;
    }
}

static void pages_and_back(struct script_record *input)
{
    static uint8_t wire[WIRE_MAX];
    static struct transfer transfer;
    const struct ferry_allocator allocator = {.allocate = allocate, .release = release};
    const uint32_t split = script_u16(input) % (PAGES - 1) + 1;
    const uint32_t page_size = FERRY_PAGE_SIZE_MIN << script_u8(input) % 10U;
    memset(&transfer, 0, sizeof(transfer));
    memset(transfer.arrived, 0xff, sizeof(transfer.arrived));
    transfer.wire = wire;
    transfer.regions[0] = (struct ferry_region){.guest_address = 0, .pages = split};
    transfer.regions[1] =
        (struct ferry_region){.guest_address = 1ULL << 40, .pages = PAGES - split};
    transfer.shape = (struct ferry_stream_shape){
        .session = {1, 2},
        .attach = 1,
        .page_size = page_size,
        .region_count = 2,
        .regions = transfer.regions,
        .device_state_max = 2U << 20,
    };
    draw_pages(&transfer, input);
    holds(
        ferry_encoder_create(
            &allocator, &transfer.shape, zero_scan, &transfer, &transfer.encoder) == FERRY_OK);
    holds(ferry_decoder_create(&allocator, &transfer.shape, 0, &transfer.decoder) == FERRY_OK);
    transfer_batches(&transfer, input);
    ferry_encoder_destroy(transfer.encoder);
    ferry_decoder_destroy(transfer.decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script_record input = {.bytes = data, .size = size};
    switch (script_u8(&input) % 4U) {
    case 0: value_and_back(&input); return 0;
    case 1: bytes_and_back(&input); return 0;
    case 2: preface_and_back(&input); return 0;
    default: pages_and_back(&input); return 0;
    }
}
