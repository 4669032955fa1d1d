/* SPDX-License-Identifier: Apache-2.0 */
/* cost_test.c -- what framing costs: bytes a page in the worst cases, and steps in the best one. */
#include "ferry/stream.h"
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

struct counters {
    uint64_t zero; /* pattern of zero pages, the same in each word */
    uint64_t scans;
    uint64_t heads;
    uint64_t head_bytes;
    uint64_t bodies;
    uint64_t body_bytes_max; /* in one frame */
    struct ferry_piece done; /* summed */
};

static uint64_t scan(void *context, uint64_t first_page, uint64_t wanted)
{
    struct counters *counters = context;
    (void)first_page;
    counters->scans++;
    return counters->zero & wanted;
}

static void drain(struct ferry_encoder *encoder, struct counters *counters)
{
    struct ferry_piece piece;
    uint64_t frame_body = 0;
    while (ferry_encoder_next(encoder, &piece)) {
        switch (piece.kind) {
        case FERRY_PIECE_HEAD:
            counters->heads++;
            counters->head_bytes += piece.head.size;
            frame_body = 0;
            break;
        case FERRY_PIECE_BODY:
        case FERRY_PIECE_STATE:
            counters->bodies++;
            frame_body += piece.bytes;
            if (frame_body > counters->body_bytes_max) {
                counters->body_bytes_max = frame_body;
            }
            ferry_encoder_sent(encoder, 1);
            break;
        case FERRY_PIECE_DONE:
            counters->done.bytes += piece.bytes;
            counters->done.pages += piece.pages;
            counters->done.zero_pages += piece.zero_pages;
            break;
        }
    }
}

/* Sends all pages in batches of `window` pages; `pattern` is each word of the bitmap. */
static struct counters
send_all(uint32_t page_size, uint64_t pages, uint64_t window, uint64_t pattern, uint64_t zero)
{
    struct counters counters = {.zero = zero};
    struct harness_memory memory = {0};
    const struct ferry_allocator allocator = harness_allocator(&memory);
    const struct ferry_region region = {.guest_address = 0, .pages = pages};
    const struct ferry_stream_shape shape = {
        .session = {.high = 1, .low = 2},
        .attach = 1,
        .page_size = page_size,
        .region_count = 1,
        .regions = &region,
        .device_state_max = 1U << 30,
    };
    struct ferry_encoder *encoder = NULL;
    uint64_t *bitmap = malloc((pages + 63) / 64 * 8);
    assert_non_null(bitmap);
    for (uint64_t i = 0; i < (pages + 63) / 64; i++) {
        bitmap[i] = pattern;
    }
    assert_status(ferry_encoder_create(&allocator, &shape, scan, &counters, &encoder), FERRY_OK);
    struct ferry_batch batch = {.number = 1000, .round = 10, .bitmap = bitmap};
    drain(encoder, &counters); /* the preface */
    counters.heads = 0;
    counters.head_bytes = 0;
    for (uint64_t page = 0; page < pages; page += window) {
        batch.number++;
        batch.first_page = page;
        batch.end_page = page + window < pages ? page + window : pages;
        assert_status(ferry_encoder_batch(encoder, &batch), FERRY_OK);
        drain(encoder, &counters);
    }
    ferry_encoder_destroy(encoder);
    harness_assert_all_released(&memory);
    free(bitmap);
    assert_int_equal(counters.done.bytes, counters.head_bytes + counters.done.pages * page_size);
    return counters;
}

static uint64_t bytes_a_page_x100(const struct counters *counters)
{
    return 100 * counters->head_bytes / (counters->done.pages + counters->done.zero_pages);
}

static void a_batch_of_64_isolated_pages_costs_less_than_8_bytes_a_page(void **unused)
{
    (void)unused;
    static const struct {
        const char *what;
        uint64_t pattern;
        uint64_t zero;
    } rows[] = {
        {"data",              0x8000000000000000, 0                 },
        {"zero",              0x8000000000000000, UINT64_MAX        },
        {"every second page", 0x5555555555555555, 0                 },
        {"data, zero, ...",   UINT64_MAX,         0x5555555555555555},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t per_word = 0;
        for (uint64_t word = rows[i].pattern; word != 0; word &= word - 1) {
            per_word++;
        }
        const uint64_t pages = 64 / per_word * 64; /* 64 set pages in all */
        const struct counters cost = send_all(4096, pages, pages, rows[i].pattern, rows[i].zero);
        assert_int_equal(cost.done.pages + cost.done.zero_pages, 64);
        assert_true(bytes_a_page_x100(&cost) <= 800);
    }
}

static void large_batches_of_single_pages_cost_less_than_3_bytes_a_page(void **unused)
{
    (void)unused;
    static const uint64_t patterns[][2] = {
        {0x5555555555555555, 0                 },
        {0x5555555555555555, UINT64_MAX        },
        {UINT64_MAX,         0xaaaaaaaaaaaaaaaa},
        {0x1111111111111111, 0                 },
        {0x8000000000000000, 0                 },
    };
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        const struct counters cost =
            send_all(4096, 1U << 18, 30000, patterns[i][0], patterns[i][1]);
        assert_true(bytes_a_page_x100(&cost) <= 300);
    }
}

static void contiguous_memory_costs_steps_for_frames_and_words_alone(void **unused)
{
    (void)unused;
    const uint64_t pages = UINT64_C(1) << 20; /* 4 GiB */
    const struct counters data = send_all(4096, pages, 4096, UINT64_MAX, 0);
    assert_int_equal(data.done.pages, pages);
    assert_int_equal(data.bodies, pages / 256);
    assert_int_equal(data.heads, pages / 256 + pages / 4096); /* END has a piece of its own */
    assert_int_equal(data.scans, pages / 64);
    assert_true(bytes_a_page_x100(&data) <= 15);

    const struct counters zero = send_all(4096, pages, pages, UINT64_MAX, UINT64_MAX);
    assert_int_equal(zero.done.zero_pages, pages);
    assert_int_equal(zero.bodies, 0);
    assert_int_equal(zero.heads, 1);
    assert_true(zero.head_bytes < 100);
}

static void coarse_pages_keep_a_frame_within_its_body(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t page_size;
        uint64_t body_max;
    } rows[] = {
        {4096,     1U << 20},
        {65536,    1U << 20},
        {1U << 20, 1U << 20},
        {1U << 21, 1U << 21},
        {1U << 30, 1U << 30},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct counters cost = send_all(rows[i].page_size, 1000, 1000, UINT64_MAX, 0);
        assert_int_equal(cost.done.pages, 1000);
        assert_true(cost.body_bytes_max == rows[i].body_max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_of_64_isolated_pages_costs_less_than_8_bytes_a_page),
        cmocka_unit_test(large_batches_of_single_pages_cost_less_than_3_bytes_a_page),
        cmocka_unit_test(contiguous_memory_costs_steps_for_frames_and_words_alone),
        cmocka_unit_test(coarse_pages_keep_a_frame_within_its_body),
    };
    return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
