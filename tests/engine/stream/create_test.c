/* SPDX-License-Identifier: Apache-2.0 */
/* create_test.c -- what a stream must not be made of, no memory for it, and its memory given back.
 */
#include "loop.h"

#include <string.h>

static uint64_t scan(void *context, uint64_t first_page, uint64_t wanted)
{
    (void)context;
    (void)first_page;
    (void)wanted;
    return 0;
}

static void
check_shape(const struct ferry_stream_shape *shape, size_t row, enum ferry_status expected)
{
    struct harness_memory memory = {0};
    const struct ferry_allocator allocator = harness_allocator(&memory);
    struct ferry_encoder *encoder = NULL;
    struct ferry_decoder *decoder = NULL;
    assert_status_row(row, ferry_encoder_create(&allocator, shape, scan, NULL, &encoder), expected);
    assert_status_row(row, ferry_decoder_create(&allocator, shape, 0, &decoder), expected);
    assert_int_equal(encoder != NULL, expected == FERRY_OK);
    assert_int_equal(decoder != NULL, expected == FERRY_OK);
    ferry_encoder_destroy(encoder);
    ferry_decoder_destroy(decoder);
    harness_assert_all_released(&memory);
}

static void shapes_out_of_limits_are_refused(void **unused)
{
    (void)unused;
    static const struct ferry_region one[] = {
        {0, 1}
    };
    static const struct ferry_region none[] = {
        {0, 0}
    };
    static const struct ferry_region large[] = {
        {0, FERRY_PAGES_MAX},
        {0, 1              }
    };
    static const struct ferry_region huge[] = {
        {0, UINT64_MAX},
        {0, 2         }
    };
    static const struct {
        struct ferry_stream_shape shape;
        enum ferry_status expected;
    } rows[] = {
        {{{1, 0}, 1, 0, 4096, 1, one, 0},                           FERRY_OK          },
        {{{0, 1}, 1, 63, 1U << 30, 1, one, FERRY_DEVICE_STATE_MAX}, FERRY_OK          },
        {{{0, 0}, 1, 0, 4096, 1, one, 0},                           FERRY_USAGE_CONFIG},
        {{{1, 0}, 0, 0, 4096, 1, one, 0},                           FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 64, 4096, 1, one, 0},                          FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 2048, 1, one, 0},                           FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 5000, 1, one, 0},                           FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 1U << 31, 1, one, 0},                       FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 4096, 0, one, 0},                           FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 4096, 33, one, 0},                          FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 4096, 1, none, 0},                          FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 4096, 1, large, 0},                         FERRY_OK          },
        {{{1, 0}, 1, 0, 4096, 2, large, 0},                         FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 4096, 2, huge, 0},                          FERRY_USAGE_CONFIG},
        {{{1, 0}, 1, 0, 4096, 1, one, FERRY_DEVICE_STATE_MAX + 1},  FERRY_USAGE_CONFIG},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_shape(&rows[i].shape, i, rows[i].expected);
    }
}

static void no_memory_is_a_limit(void **unused)
{
    (void)unused;
    struct shape shape;
    struct harness_memory memory = {.fail_after = 1};
    const struct ferry_allocator allocator = harness_allocator(&memory);
    struct ferry_encoder *encoder = NULL;
    struct ferry_decoder *decoder = NULL;
    shape_init(&shape, 4096, 1, 0);

    assert_status(
        ferry_encoder_create(&allocator, &shape.stream, scan, NULL, &encoder), FERRY_LIMIT_MEMORY);
    memory.fail_after = 1;
    assert_status(ferry_decoder_create(&allocator, &shape.stream, 0, &decoder), FERRY_LIMIT_MEMORY);

    assert_null(encoder);
    assert_null(decoder);
    harness_assert_all_released(&memory);
}

static void an_encoder_needs_a_scan_and_a_decoder_a_round(void **unused)
{
    (void)unused;
    struct shape shape;
    struct harness_memory memory = {0};
    const struct ferry_allocator allocator = harness_allocator(&memory);
    struct ferry_encoder *encoder = NULL;
    struct ferry_decoder *decoder = NULL;
    shape_init(&shape, 4096, 1, 0);
    assert_status(
        ferry_encoder_create(&allocator, &shape.stream, NULL, NULL, &encoder), FERRY_USAGE_CONFIG);
    assert_status(
        ferry_decoder_create(&allocator, &shape.stream, UINT32_MAX, &decoder), FERRY_USAGE_CONFIG);
    ferry_encoder_destroy(NULL);
    ferry_decoder_destroy(NULL);
}

static void the_preface_comes_first_and_names_the_stream(void **unused)
{
    (void)unused;
    struct shape shape;
    struct guest guest;
    struct tape tape;
    struct ferry_preface preface;
    struct ferry_piece piece;
    shape_init(&shape, 4096, 1, 0);
    guest_init(&guest, 4096, 1);
    tape_init(&tape, &shape, &guest);

    assert_status(ferry_preface_decode(tape.bytes, &preface), FERRY_OK);

    assert_int_equal(preface.role, FERRY_ROLE_PAYLOAD);
    assert_int_equal(preface.session.high, 1);
    assert_int_equal(preface.session.low, 2);
    assert_int_equal(preface.attach, 3);
    assert_int_equal(preface.stream, 4);
    assert_false(ferry_encoder_next(tape.encoder, &piece));
    tape_deinit(&tape);
    guest_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_out_of_limits_are_refused),
        cmocka_unit_test(no_memory_is_a_limit),
        cmocka_unit_test(an_encoder_needs_a_scan_and_a_decoder_a_round),
        cmocka_unit_test(the_preface_comes_first_and_names_the_stream),
    };
    return cmocka_run_group_tests_name("create", tests, NULL, NULL);
}
