/* SPDX-License-Identifier: Apache-2.0 */
/* bounds_test.c -- frames with right checksums and wrong contents: each bound of the decoder, from
 * both sides. */
#include "script.h"
#include "stream/frames.h"

#include <string.h>

#define B STREAM_BEGIN, WIRE_SECTION_MEMORY, 0
#define D STREAM_BEGIN, WIRE_SECTION_DEVICES, 0
#define P STREAM_PAGES, WIRE_SECTION_MEMORY
#define S STREAM_STATE, WIRE_SECTION_DEVICES
#define E STREAM_END, WIRE_SECTION_MEMORY, 0
#define F STREAM_END, WIRE_SECTION_DEVICES, 0
#define R STREAM_BARRIER, WIRE_SECTION_MEMORY, 0

/* BEGIN: number, round, attempt, region, first, pages. Number 1 in round 5. The second region (60
 * pages) has no page 100. */
#define BEGIN_ALL "01 05 00 00 00 64"

struct row {
    const char *what;
    enum ferry_status expected;
    struct frame frames[SCRIPT_FRAMES_MAX];
};

/* clang-format off */
static const struct row rows[] = {
    {"an empty batch",                    FERRY_OK,              {{B, BEGIN_ALL}, {E, "00 00 00 00000000"}}},
    {"the second region, all of it",      FERRY_OK,              {{B, "01 05 00 01 00 3c"}}},
    {"no such region",                    FERRY_PEER_RANGE,      {{B, "01 05 00 02 00 01"}}},
    {"window one page too long",          FERRY_PEER_RANGE,      {{B, "01 05 00 01 00 3d"}}},
    {"window shifted out at the end",     FERRY_PEER_RANGE,      {{B, "01 05 00 01 01 3c"}}},
    {"window behind the end",             FERRY_PEER_RANGE,      {{B, "01 05 00 01 3c 01"}}},
    {"window without a page",             FERRY_PEER_RANGE,      {{B, "01 05 00 01 00 00"}}},
    {"first page of 2^64 - 1",            FERRY_PEER_RANGE,      {{B, "01 05 00 01 ffffffffffffffffff01 02"}}},
    {"window of 2^64 - 1 pages",          FERRY_PEER_RANGE,      {{B, "01 05 00 01 01 ffffffffffffffffff01"}}},
    {"BEGIN ends early",                  FERRY_PEER_TRUNCATED,  {{B, "01 05 00 00 00"}}},
    {"BEGIN goes on",                     FERRY_PEER_TRAILING,   {{B, "01 05 00 00 00 64 00"}}},
    {"a varint of more bytes than needed", FERRY_PEER_VALUE,     {{B, "01 05 00 00 8000 64"}}},
    {"batch number 0",                    FERRY_PEER_UNEXPECTED, {{B, "00 05 00 00 00 64"}}},
    {"round 4, which is over",            FERRY_PEER_UNEXPECTED, {{B, "01 04 00 00 00 64"}}},
    {"round 6 before the barrier of 5",   FERRY_PEER_UNEXPECTED, {{B, "01 06 00 00 00 64"}}},
    {"round 2^32 - 1",                    FERRY_PEER_VALUE,      {{B, "01 ffffffff0f 00 00 00 64"}}},
    {"round 2^32 + 5",                    FERRY_PEER_VALUE,      {{B, "01 8580808010 00 00 00 64"}}},
    {"attempt 2^32",                      FERRY_PEER_VALUE,      {{B, "01 05 8080808010 00 00 64"}}},
    {"a batch in a batch",                FERRY_PEER_UNEXPECTED, {{B, BEGIN_ALL}, {B, "02 05 00 00 00 64"}}},
    {"a barrier in a batch",              FERRY_PEER_UNEXPECTED, {{B, BEGIN_ALL}, {R, "05 00"}}},
    {"pages without a batch",             FERRY_PEER_UNEXPECTED, {{P, 0, "00 02"}}},
    {"an end without a batch",            FERRY_PEER_UNEXPECTED, {{E, "00 00 00 00000000"}}},
    {"state without a batch",             FERRY_PEER_UNEXPECTED, {{S, 1, "00"}}},
    {"state in a batch of pages",         FERRY_PEER_UNEXPECTED, {{B, BEGIN_ALL}, {S, 1, "00"}}},
    {"end of the other kind of batch",    FERRY_PEER_UNEXPECTED, {{B, BEGIN_ALL}, {F, "00 00 00 00000000"}}},

    {"the last page",                     FERRY_OK,              {{B, BEGIN_ALL}, {P, 4096, "63 03"}}},
    {"behind the last page",              FERRY_PEER_RANGE,      {{B, BEGIN_ALL}, {P, 4096, "64 03"}}},
    {"over the last page",                FERRY_PEER_RANGE,      {{B, BEGIN_ALL}, {P, 8192, "63 05"}}},
    {"zero pages over the last page",     FERRY_PEER_RANGE,      {{B, BEGIN_ALL}, {P, 0, "00 ca01"}}},
    {"all pages zero",                    FERRY_OK,              {{B, BEGIN_ALL}, {P, 0, "00 c801"}}},
    {"a second extent over the end",      FERRY_PEER_RANGE,      {{B, BEGIN_ALL}, {P, 0, "00 c401 02 02"}}},
    {"a second frame over the end",       FERRY_PEER_RANGE,      {{B, BEGIN_ALL}, {P, 0, "00 c601"}, {P, 0, "00 04"}}},
    {"a frame behind a full window",      FERRY_PEER_RANGE,      {{B, BEGIN_ALL}, {P, 0, "00 c801"}, {P, 0, "00 02"}}},
    {"a gap of 2^64 - 1",                 FERRY_PEER_RANGE,      {{B, BEGIN_ALL}, {P, 0, "ffffffffffffffffff01 02"}}},
    {"2^63 - 1 zero pages",               FERRY_PEER_RANGE,      {{B, BEGIN_ALL}, {P, 0, "01 feffffffffffffffff01"}}},
    {"an extent of no page",              FERRY_PEER_VALUE,      {{B, BEGIN_ALL}, {P, 0, "00 00"}}},
    {"an extent of no data page",         FERRY_PEER_VALUE,      {{B, BEGIN_ALL}, {P, 0, "00 01"}}},
    {"an extent without its count",       FERRY_PEER_TRUNCATED,  {{B, BEGIN_ALL}, {P, 0, "00"}}},
    {"a frame without an extent",         FERRY_PEER_LENGTH,     {{B, BEGIN_ALL}, {P, 0, ""}}},
    {"a body larger than its pages",      FERRY_PEER_LENGTH,     {{B, BEGIN_ALL}, {P, 8192, "00 03"}}},
    {"a body smaller than its pages",     FERRY_PEER_LENGTH,     {{B, BEGIN_ALL}, {P, 4096, "00 05"}}},
    {"a body of zero pages",              FERRY_PEER_LENGTH,     {{B, BEGIN_ALL}, {P, 4096, "00 02"}}},
    {"a body of half a page",             FERRY_PEER_LENGTH,     {{B, BEGIN_ALL}, {P, 2048, "00 03"}}},
    {"a body of 257 pages",               FERRY_PEER_LENGTH,     {{B, BEGIN_ALL}, {P, 257 * 4096, "00 03"}}},
    {"a body on BEGIN",                   FERRY_PEER_LENGTH,     {{STREAM_BEGIN, WIRE_SECTION_MEMORY, 1, BEGIN_ALL}}},
    {"a body on END",                     FERRY_PEER_LENGTH,     {{STREAM_END, WIRE_SECTION_MEMORY, 1, "00"}}},
    {"a body on BARRIER",                 FERRY_PEER_LENGTH,     {{STREAM_BARRIER, WIRE_SECTION_MEMORY, 1, "05 00"}}},

    {"END: one data page too few",        FERRY_PEER_MANIFEST,   {{B, BEGIN_ALL}, {P, 0, "00 02"}, {E, "01 01 00 00000000"}}},
    {"END: one zero page too few",        FERRY_PEER_MANIFEST,   {{B, BEGIN_ALL}, {P, 0, "00 02"}, {E, "00 02 00 00000000"}}},
    {"END: one zero page too many",       FERRY_PEER_MANIFEST,   {{B, BEGIN_ALL}, {P, 0, "00 04"}, {E, "00 01 00 00000000"}}},
    {"END: another sum",                  FERRY_PEER_MANIFEST,   {{B, BEGIN_ALL}, {E, "00 00 01 00000000"}}},
    {"END: another digest",               FERRY_PEER_CHECKSUM,   {{B, BEGIN_ALL}, {E, "00 00 00 01000000"}}},
    {"END ends early",                    FERRY_PEER_TRUNCATED,  {{B, BEGIN_ALL}, {E, "00 00 00 000000"}}},
    {"END goes on",                       FERRY_PEER_TRAILING,   {{B, BEGIN_ALL}, {E, "00 00 00 00000000 00"}}},

    {"device state, nothing of it yet",   FERRY_OK,              {{D, "01 05 01 05 00000000 00 05"}}},
    {"device state of a running guest",   FERRY_PEER_VALUE,      {{D, "01 05 00 05 00000000 00 05"}}},
    {"device state of no size",           FERRY_PEER_LENGTH,     {{D, "01 05 01 00 00000000 00 05"}}},
    {"device state of the largest size",  FERRY_OK,              {{D, "01 05 01 80808001 00000000 00 80808001"}}},
    {"device state larger than that",     FERRY_PEER_LENGTH,     {{D, "01 05 01 81808001 00000000 00 81808001"}}},
    {"device state from its start",       FERRY_OK,              {{D, "01 05 01 05 00000000 00 05"}, {S, 5, "00"}}},
    {"a part of device state",            FERRY_OK,              {{D, "01 05 01 05 00000000 02 03"}, {S, 3, "02"}}},
    {"an empty part of device state",     FERRY_PEER_RANGE,      {{D, "01 05 01 05 00000000 02 00"}}},
    {"a part over the device state's end", FERRY_PEER_RANGE,     {{D, "01 05 01 05 00000000 02 04"}}},
    {"a part behind the device state",    FERRY_PEER_RANGE,      {{D, "01 05 01 05 00000000 05 01"}}},
    {"state before its part",             FERRY_PEER_RANGE,      {{D, "01 05 01 05 00000000 02 03"}, {S, 1, "01"}}},
    {"device state with a hole",          FERRY_PEER_RANGE,      {{D, "01 05 01 05 00000000 00 05"}, {S, 1, "01"}}},
    {"device state twice",                FERRY_PEER_RANGE,      {{D, "01 05 01 05 00000000 00 05"}, {S, 2, "00"}, {S, 2, "00"}}},
    {"device state over its end",         FERRY_PEER_RANGE,      {{D, "01 05 01 05 00000000 00 05"}, {S, 6, "00"}}},
    {"more when it is complete",          FERRY_PEER_RANGE,      {{D, "01 05 01 05 00000000 00 05"}, {S, 5, "00"}, {S, 1, "05"}}},
    {"an empty piece of device state",    FERRY_PEER_LENGTH,     {{D, "01 05 01 05 00000000 00 05"}, {S, 0, "00"}}},
    {"a piece over 1 MiB",                FERRY_PEER_LENGTH,     {{D, "01 05 01 80808001 00000000 00 80808001"}, {S, (1U << 20) + 1, "00"}}},
    {"device state cut short",            FERRY_PEER_MANIFEST,   {{D, "01 05 01 05 00000000 00 05"}, {S, 4, "00"}, {F, "00 00 04 00000000"}}},
    {"pages in a batch of device state",  FERRY_PEER_UNEXPECTED, {{D, "01 05 01 05 00000000 00 05"}, {P, 0, "00 02"}}},

    {"a barrier",                         FERRY_OK,              {{R, "05 00"}}},
    {"a barrier of another round",        FERRY_PEER_UNEXPECTED, {{R, "06 00"}}},
    {"a barrier that goes on",            FERRY_PEER_TRAILING,   {{R, "05 00 00"}}},
    {"a barrier that ends early",         FERRY_PEER_TRUNCATED,  {{R, "05"}}},

    {"type 0",                            FERRY_PEER_FRAME,      {{0, WIRE_SECTION_MEMORY, 0, "00"}}},
    {"a control message",                 FERRY_PEER_FRAME,      {{1, WIRE_SECTION_CONTROL, 0, "00"}}},
    {"a type behind the last",            FERRY_PEER_FRAME,      {{STREAM_BARRIER + 1, WIRE_SECTION_MEMORY, 0, "00"}}},
    {"section 0",                         FERRY_PEER_FRAME,      {{STREAM_BEGIN, 0, 0, BEGIN_ALL}}},
    {"pages as devices",                  FERRY_PEER_FRAME,      {{STREAM_PAGES, WIRE_SECTION_DEVICES, 0, "00 02"}}},
    {"state as memory",                   FERRY_PEER_FRAME,      {{STREAM_STATE, WIRE_SECTION_MEMORY, 1, "00"}}},
    {"a barrier of devices",              FERRY_PEER_FRAME,      {{STREAM_BARRIER, WIRE_SECTION_DEVICES, 0, "05 00"}}},
};
/* clang-format on */

static void every_bound_holds(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct harness_memory memory = {0};
        struct ferry_decoder *decoder = script_decoder(&memory);
        const struct script_end end = script_play(decoder, rows[i].frames);
        if (end.item.status != rows[i].expected) {
            print_error("%s: ", rows[i].what);
        }
        assert_status(end.item.status, rows[i].expected);
        assert_int_equal(
            end.item.kind == FERRY_ITEM_ERROR ? 1 : 0, rows[i].expected == FERRY_OK ? 0 : 1);
        ferry_decoder_destroy(decoder);
        harness_assert_all_released(&memory);
    }
}

/* 2^34 pages of 1 GiB are 2^64 bytes: a sum that wraps to the body's size of nothing. */
static void a_body_whose_size_wraps_is_refused(void **unused)
{
    (void)unused;
    static const struct frame frames[] = {
        {B,                  "01 05 00 00 00 8080808040"},
        { P,               0,                            "00 818080808001"},
        { 0, 0,                                         0, NULL},
    };
    const struct ferry_region region = {.guest_address = 0, .pages = UINT64_C(1) << 34};
    const struct ferry_stream_shape shape = {
        .session = {.high = 1},
        .attach = 1,
        .page_size = 1U << 30,
        .region_count = 1,
        .regions = &region,
    };
    struct harness_memory memory = {0};
    const struct ferry_allocator allocator = harness_allocator(&memory);
    struct ferry_decoder *decoder = NULL;
    assert_status(ferry_decoder_create(&allocator, &shape, 5, &decoder), FERRY_OK);

    const struct script_end end = script_play(decoder, frames);

    assert_status(end.item.status, FERRY_PEER_LENGTH);
    assert_int_equal(end.frames, 2);
    ferry_decoder_destroy(decoder);
}

static void an_error_stays(void **unused)
{
    (void)unused;
    static const struct frame bad[] = {
        {0, WIRE_SECTION_MEMORY, 0, "00"},
        {0, 0,                   0, NULL},
    };
    struct harness_memory memory = {0};
    struct ferry_decoder *decoder = script_decoder(&memory);
    struct ferry_item item;

    script_play(decoder, bad);
    for (int i = 0; i < 3; i++) {
        ferry_decoder_release(decoder, 9);
        ferry_decoder_next(decoder, &item);
        assert_int_equal(item.kind, FERRY_ITEM_ERROR);
        assert_status(item.status, FERRY_PEER_FRAME);
    }

    expect_engine_assert(ferry_decoder_filled(decoder, 1));
    ferry_decoder_destroy(decoder);
}

/* A head of 8193 bytes is refused from its header alone. */
static void a_head_that_is_too_long_is_not_waited_for(void **unused)
{
    (void)unused;
    for (uint32_t size = FERRY_STREAM_HEAD_MAX; size <= FERRY_STREAM_HEAD_MAX + 1; size++) {
        struct harness_memory memory = {0};
        struct ferry_decoder *decoder = script_decoder(&memory);
        struct ferry_item item;
        const uint8_t header[WIRE_FRAME_HEADER_SIZE] = {
            (uint8_t)size, (uint8_t)(size >> 8), 0, 0, STREAM_PAGES, 0, WIRE_SECTION_MEMORY};
        ferry_decoder_next(decoder, &item);
        assert_int_equal(item.fill_size, WIRE_FRAME_HEADER_SIZE);
        memcpy(item.fill, header, sizeof(header));
        ferry_decoder_filled(decoder, sizeof(header));

        ferry_decoder_next(decoder, &item);

        if (size > FERRY_STREAM_HEAD_MAX) {
            assert_int_equal(item.kind, FERRY_ITEM_ERROR);
            assert_status(item.status, FERRY_PEER_LENGTH);
        } else {
            assert_int_equal(item.kind, FERRY_ITEM_FILL);
            assert_int_equal(item.fill_size, FERRY_STREAM_HEAD_MAX);
        }
        ferry_decoder_destroy(decoder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bound_holds),
        cmocka_unit_test(a_body_whose_size_wraps_is_refused),
        cmocka_unit_test(an_error_stays),
        cmocka_unit_test(a_head_that_is_too_long_is_not_waited_for),
    };
    return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
