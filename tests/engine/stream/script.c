/* SPDX-License-Identifier: Apache-2.0 */
/* script.c -- see script.h. */
#include "script.h"

#include "wire/frame.h"

#include <string.h>

static size_t seal(const struct frame *frame, uint8_t *bytes, size_t capacity)
{
    const size_t head = harness_bytes_of_hex(
        frame->head, bytes + WIRE_FRAME_HEADER_SIZE, capacity - WIRE_FRAME_HEADER_SIZE);
    const struct wire_frame sealed = {
        .head_size = (uint32_t)head,
        .type = frame->type,
        .section = frame->section,
        .body_bytes = frame->body_bytes,
    };
    wire_frame_seal(&sealed, bytes);
    return WIRE_FRAME_HEADER_SIZE + head;
}

/* Next item that a frame's bytes are needed for, or that ends the script. */
static void
settle(struct ferry_decoder *decoder, struct ferry_item *item, struct ferry_item *report)
{
    for (;;) {
        ferry_decoder_next(decoder, item);
        switch (item->kind) {
        case FERRY_ITEM_PLACE:
        case FERRY_ITEM_STATE: ferry_decoder_placed(decoder, 0); break;
        case FERRY_ITEM_ZERO: break;
        case FERRY_ITEM_BATCH:
        case FERRY_ITEM_BARRIER: *report = *item; break;
        case FERRY_ITEM_FILL:
        case FERRY_ITEM_HOLD:
        case FERRY_ITEM_ERROR: return;
        }
    }
}

struct script_end script_play(struct ferry_decoder *decoder, const struct frame *frames)
{
    struct script_end end = {.frames = 0};
    struct ferry_item item;
    struct ferry_item report = {.kind = FERRY_ITEM_FILL};
    for (size_t i = 0; i < SCRIPT_FRAMES_MAX && frames[i].head != NULL; i++) {
        uint8_t bytes[512];
        const size_t size = seal(&frames[i], bytes, sizeof(bytes));
        size_t at = 0;
        while (at < size) {
            settle(decoder, &item, &report);
            if (item.kind != FERRY_ITEM_FILL) {
                end.item = item;
                return end;
            }
            const size_t taken = item.fill_size < size - at ? item.fill_size : size - at;
            memcpy(item.fill, bytes + at, taken);
            ferry_decoder_filled(decoder, taken);
            at += taken;
        }
        end.frames++;
    }
    settle(decoder, &item, &report);
    end.item = item.kind == FERRY_ITEM_ERROR ? item : report;
    return end;
}

struct ferry_decoder *script_decoder(struct harness_memory *memory)
{
    static const struct ferry_region regions[] = {
        {.guest_address = 0,                 .pages = 100},
        {.guest_address = UINT64_C(1) << 32, .pages = 60 },
    };
    const struct ferry_stream_shape shape = {
        .session = {.high = 1, .low = 2},
        .attach = 1,
        .page_size = 4096,
        .region_count = 2,
        .regions = regions,
        .device_state_max = 2U << 20,
    };
    const struct ferry_allocator allocator = harness_allocator(memory);
    struct ferry_decoder *decoder = NULL;
    assert_status(ferry_decoder_create(&allocator, &shape, 5, &decoder), FERRY_OK);
    return decoder;
}
