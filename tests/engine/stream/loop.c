/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c -- see loop.h. */
#include "loop.h"

#include <stdlib.h>
#include <string.h>

void guest_init(struct guest *guest, uint32_t page_size, uint64_t pages)
{
    assert_true(pages <= LOOP_PAGES_MAX);
    memset(guest, 0, sizeof(*guest));
    guest->page_size = page_size;
    guest->pages = pages;
    guest->memory = calloc(pages, page_size);
    assert_non_null(guest->memory);
}

void guest_deinit(struct guest *guest)
{
    free(guest->memory);
}

uint8_t *guest_page(const struct guest *guest, uint64_t page)
{
    assert_true(page < guest->pages);
    return guest->memory + page * guest->page_size;
}

void guest_write(struct guest *guest, uint64_t page, uint8_t value)
{
    memset(guest_page(guest, page), value, guest->page_size);
    if (value != 0) {
        guest_page(guest, page)[0] = (uint8_t)page; /* bytes of a page differ, and pages do */
    }
}

static bool is_zero(const uint8_t *page, size_t size)
{
    return page[0] == 0 && memcmp(page, page + 1, size - 1) == 0;
}

static uint64_t scan(void *context, uint64_t first_page, uint64_t wanted)
{
    struct guest *guest = context;
    uint64_t zero = 0;
    assert_int_equal(first_page % 64, 0);
    assert_true(wanted != 0);
    for (uint32_t bit = 0; bit < 64; bit++) {
        if ((wanted >> bit & 1U) != 0) {
            guest->scanned[first_page + bit]++;
            if (is_zero(guest_page(guest, first_page + bit), guest->page_size)) {
                zero |= UINT64_C(1) << bit;
            }
        }
    }
    return zero | ~wanted; /* what was not asked for may be anything */
}

void shape_init(
    struct shape *shape, uint32_t page_size, uint64_t first_pages, uint64_t second_pages)
{
    *shape = (struct shape){
        .regions =
            {{.guest_address = 0, .pages = first_pages},
                      {.guest_address = UINT64_C(1) << 40, .pages = second_pages}},
        .stream =
            {
                      .session = {.high = 1, .low = 2},
                      .attach = 3,
                      .stream = 4,
                      .page_size = page_size,
                      .region_count = second_pages > 0 ? 2 : 1,
                      .device_state_max = 1U << 30,
                      },
    };
    shape->stream.regions = shape->regions;
}

/* ---- sending ---- */

static void write_down(struct tape *tape, const uint8_t *bytes, size_t size)
{
    if (tape->size + size > tape->capacity) {
        tape->capacity = 2 * tape->capacity + size;
        tape->bytes = realloc(tape->bytes, tape->capacity);
        assert_non_null(tape->bytes);
    }
    memcpy(tape->bytes + tape->size, bytes, size);
    tape->size += size;
}

void tape_init(struct tape *tape, const struct shape *shape, struct guest *guest)
{
    memset(tape, 0, sizeof(*tape));
    tape->guest = guest;
    const struct ferry_allocator allocator = harness_allocator(&tape->memory);
    assert_status(
        ferry_encoder_create(&allocator, &shape->stream, scan, guest, &tape->encoder), FERRY_OK);
    tape_drain(tape);
    assert_int_equal(tape->size, FERRY_PREFACE_SIZE);
}

void tape_deinit(struct tape *tape)
{
    ferry_encoder_destroy(tape->encoder);
    harness_assert_all_released(&tape->memory);
    free(tape->bytes);
}

static void send_body(struct tape *tape, const uint8_t *bytes, size_t size)
{
    if (tape->heads_only) {
        ferry_encoder_sent(tape->encoder, 0);
        return;
    }
    write_down(tape, bytes, size);
    ferry_encoder_sent(tape->encoder, ferry_crc32c(0, bytes, size));
}

void tape_drain(struct tape *tape)
{
    struct ferry_piece piece;
    while (ferry_encoder_next(tape->encoder, &piece)) {
        switch (piece.kind) {
        case FERRY_PIECE_HEAD: write_down(tape, piece.head.data, piece.head.size); break;
        case FERRY_PIECE_BODY:
            assert_true(piece.bytes == piece.page_count * (uint64_t)tape->guest->page_size);
            send_body(tape, guest_page(tape->guest, piece.first_page), piece.bytes);
            break;
        case FERRY_PIECE_STATE: send_body(tape, tape->state + piece.offset, piece.bytes); break;
        case FERRY_PIECE_DONE: tape->done = piece; return;
        }
    }
}

void tape_batch(struct tape *tape, const struct ferry_batch *batch)
{
    assert_status(ferry_encoder_batch(tape->encoder, batch), FERRY_OK);
    tape_drain(tape);
}

void tape_barrier(struct tape *tape, uint32_t round, uint32_t attempt)
{
    assert_status(ferry_encoder_barrier(tape->encoder, round, attempt), FERRY_OK);
    tape_drain(tape);
}

/* ---- receiving ---- */

void sink_init(struct sink *sink, const struct shape *shape, uint32_t round, struct guest *guest)
{
    memset(sink, 0, sizeof(*sink));
    sink->guest = guest;
    const struct ferry_allocator allocator = harness_allocator(&sink->memory);
    assert_status(
        ferry_decoder_create(&allocator, &shape->stream, round, &sink->decoder), FERRY_OK);
}

void sink_deinit(struct sink *sink)
{
    assert_int_equal(sink->memory.blocks, 1); /* nothing is allocated after create */
    ferry_decoder_destroy(sink->decoder);
    harness_assert_all_released(&sink->memory);
}

static uint8_t *body_place(struct sink *sink, const struct ferry_item *item)
{
    if (item->kind == FERRY_ITEM_STATE) {
        assert_true(item->offset + item->bytes <= sizeof(sink->state));
        return sink->state + item->offset;
    }
    assert_true(item->first_page + item->page_count <= sink->guest->pages);
    assert_true(item->bytes == item->page_count * sink->guest->page_size);
    return guest_page(sink->guest, item->first_page);
}

/* Takes body bytes; returns how many. */
static size_t
receive_body(struct sink *sink, const struct ferry_item *item, const uint8_t *bytes, size_t size)
{
    const uint64_t left = item->bytes - sink->body_received;
    const size_t taken = size < left ? size : (size_t)left;
    uint8_t *place = body_place(sink, item);
    memcpy(place + sink->body_received, bytes, taken);
    sink->body_received += taken;
    if (sink->body_received == item->bytes) {
        sink->body_received = 0;
        ferry_decoder_placed(sink->decoder, ferry_crc32c(0, place, item->bytes));
    }
    return taken;
}

/* Carries out one item that needs no bytes; false: the next one needs some, or the stream stands.
 */
static bool carry_out(struct sink *sink, struct ferry_item *item)
{
    ferry_decoder_next(sink->decoder, item);
    sink->held = item->kind == FERRY_ITEM_HOLD;
    switch (item->kind) {
    case FERRY_ITEM_ZERO:
        for (uint64_t i = 0; i < item->page_count; i++) {
            guest_write(sink->guest, item->first_page + i, 0);
        }
        sink->zeroed += item->page_count;
        return true;
    case FERRY_ITEM_BATCH:
    case FERRY_ITEM_BARRIER:
        assert_true(sink->report_count < LOOP_REPORTS_MAX);
        sink->report[sink->report_count] = *item;
        sink->report_count++;
        return true;
    case FERRY_ITEM_ERROR: sink->status = item->status; return false;
    case FERRY_ITEM_FILL:
    case FERRY_ITEM_PLACE:
    case FERRY_ITEM_STATE:
    case FERRY_ITEM_HOLD: return false;
    }
    return false;
}

void sink_settle(struct sink *sink)
{
    struct ferry_item item;
    while (carry_out(sink, &item)) {
    }
}

size_t sink_feed(struct sink *sink, const uint8_t *bytes, size_t size, size_t chunk)
{
    size_t at = 0;
    while (at < size) {
        struct ferry_item item;
        const size_t piece = chunk < size - at ? chunk : size - at;
        if (carry_out(sink, &item)) {
            continue;
        }
        if (item.kind == FERRY_ITEM_FILL) {
            const size_t taken = item.fill_size < piece ? item.fill_size : piece;
            memcpy(item.fill, bytes + at, taken);
            ferry_decoder_filled(sink->decoder, taken);
            at += taken;
        } else if (item.kind == FERRY_ITEM_PLACE || item.kind == FERRY_ITEM_STATE) {
            at += receive_body(sink, &item, bytes + at, piece);
        } else {
            return at;
        }
    }
    sink_settle(sink);
    return at;
}

void assert_same_memory(const struct guest *actual, const struct guest *expected)
{
    assert_true(actual->pages == expected->pages);
    assert_memory_equal(
        actual->memory, expected->memory, (size_t)(expected->pages * expected->page_size));
}
