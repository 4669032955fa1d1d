/* SPDX-License-Identifier: Apache-2.0 */
/* order_test.c -- rounds, barriers and holds; numbers that count up; calls in the wrong order. */
#include "loop.h"
#include "script.h"
#include "stream/frames.h"

#include <string.h>

static enum ferry_item_kind next_kind(struct ferry_decoder *decoder)
{
    struct ferry_item item;
    ferry_decoder_next(decoder, &item);
    return item.kind;
}

static void nothing_of_the_next_round_is_read_before_its_release(void **unused)
{
    (void)unused;
    static const struct frame barrier[] = {
        {STREAM_BARRIER, WIRE_SECTION_MEMORY, 0, "05 02"},
        {0,              0,                   0, NULL   },
    };
    static const struct frame batch[] = {
        {STREAM_BEGIN, WIRE_SECTION_MEMORY, 0, "01 06 00 00 00 64"},
        {STREAM_PAGES, WIRE_SECTION_MEMORY, 0, "00 c801"          },
        {STREAM_END,   WIRE_SECTION_MEMORY, 0, "00 64 00 00000000"},
        {0,            0,                   0, NULL               },
    };
    struct harness_memory memory = {0};
    struct ferry_decoder *decoder = script_decoder(&memory);

    struct script_end end = script_play(decoder, barrier);
    assert_int_equal(end.item.kind, FERRY_ITEM_BARRIER);
    assert_int_equal(end.item.round, 5);
    assert_int_equal(end.item.attempt, 2);
    assert_int_equal(next_kind(decoder), FERRY_ITEM_HOLD);
    ferry_decoder_release(decoder, 5); /* not the one that it waits for */
    assert_int_equal(next_kind(decoder), FERRY_ITEM_HOLD);
    end = script_play(decoder, batch);
    assert_int_equal(end.item.kind, FERRY_ITEM_HOLD);
    assert_int_equal(end.frames, 0);

    ferry_decoder_release(decoder, 6);

    assert_int_equal(next_kind(decoder), FERRY_ITEM_FILL);
    end = script_play(decoder, batch);
    assert_int_equal(end.item.kind, FERRY_ITEM_BATCH);
    assert_int_equal(end.item.round, 6);
    assert_int_equal(end.item.zero_pages, 100);
    ferry_decoder_destroy(decoder);
}

static void a_round_released_in_advance_is_not_held(void **unused)
{
    (void)unused;
    static const struct frame frames[] = {
        {STREAM_BARRIER, WIRE_SECTION_MEMORY, 0, "05 00"            },
        {STREAM_BEGIN,   WIRE_SECTION_MEMORY, 0, "01 06 00 00 00 64"},
        {STREAM_END,     WIRE_SECTION_MEMORY, 0, "00 00 00 00000000"},
        {STREAM_BARRIER, WIRE_SECTION_MEMORY, 0, "06 00"            },
        {0,              0,                   0, NULL               },
    };
    struct harness_memory memory = {0};
    struct ferry_decoder *decoder = script_decoder(&memory);
    ferry_decoder_release(decoder, 6);
    ferry_decoder_release(decoder, 1); /* never backwards */

    const struct script_end end = script_play(decoder, frames);

    assert_int_equal(end.frames, 4);
    assert_int_equal(end.item.kind, FERRY_ITEM_BARRIER);
    assert_int_equal(end.item.round, 6);
    assert_int_equal(next_kind(decoder), FERRY_ITEM_HOLD);
    ferry_decoder_destroy(decoder);
}

static void batch_numbers_count_up(void **unused)
{
    (void)unused;
    static const struct {
        const char *second;
        enum ferry_status expected;
    } rows[] = {
        {"09 05 00 00 00 64", FERRY_PEER_UNEXPECTED},
        {"0a 05 00 00 00 64", FERRY_PEER_UNEXPECTED},
        {"0b 05 00 00 00 64", FERRY_OK             },
        {"7f 05 00 00 00 64", FERRY_OK             },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct frame frames[] = {
            {STREAM_BEGIN, WIRE_SECTION_MEMORY, 0, "0a 05 00 00 00 64"},
            {STREAM_END,   WIRE_SECTION_MEMORY, 0, "00 00 00 00000000"},
            {STREAM_BEGIN, WIRE_SECTION_MEMORY, 0, rows[i].second     },
            {0,            0,                   0, NULL               },
        };
        struct harness_memory memory = {0};
        struct ferry_decoder *decoder = script_decoder(&memory);
        assert_status_row(i, script_play(decoder, frames).item.status, rows[i].expected);
        ferry_decoder_destroy(decoder);
    }
}

static void a_body_is_asked_for_until_it_is_placed(void **unused)
{
    (void)unused;
    struct shape shape;
    struct guest guest;
    struct tape tape;
    struct sink sink;
    struct ferry_item first;
    struct ferry_item again;
    const uint64_t bitmap = 2;
    shape_init(&shape, 4096, 64, 0);
    guest_init(&guest, 4096, 64);
    guest_write(&guest, 1, 'x');
    tape_init(&tape, &shape, &guest);
    tape_batch(&tape, &(struct ferry_batch){.number = 1, .bitmap = &bitmap, .end_page = 64});
    sink_init(&sink, &shape, 0, &guest);
    const size_t heads = 2 * 16 + 6 + 2; /* BEGIN and the first frame's head */
    sink_feed(&sink, tape.bytes + FERRY_PREFACE_SIZE, heads, SIZE_MAX);

    ferry_decoder_next(sink.decoder, &first);
    ferry_decoder_next(sink.decoder, &again);

    assert_int_equal(first.kind, FERRY_ITEM_PLACE);
    assert_true(first.first_page == 1 && first.page_count == 1 && first.bytes == 4096);
    assert_memory_equal(&first, &again, sizeof(first));
    expect_engine_assert(ferry_decoder_filled(sink.decoder, 1));
    ferry_decoder_placed(sink.decoder, 0);
    expect_engine_assert(ferry_decoder_placed(sink.decoder, 0));
    sink_deinit(&sink);
    tape_deinit(&tape);
    guest_deinit(&guest);
}

static void more_than_was_asked_for_is_a_bug_of_the_caller(void **unused)
{
    (void)unused;
    struct harness_memory memory = {0};
    struct ferry_decoder *decoder = script_decoder(&memory);
    expect_engine_assert(ferry_decoder_filled(decoder, 17));
    expect_engine_assert(ferry_decoder_filled(decoder, 0));
    ferry_decoder_destroy(decoder);
}

/* ---- the encoder's own order ---- */

struct sender {
    struct shape shape;
    struct guest guest;
    struct tape tape;
    uint64_t bitmap[3];
};

static void sender_init(struct sender *sender)
{
    memset(sender, 0, sizeof(*sender));
    shape_init(&sender->shape, 4096, 100, 60);
    guest_init(&sender->guest, 4096, 160);
    guest_write(&sender->guest, 0, 'x');
    memset(sender->bitmap, 0xff, sizeof(sender->bitmap));
    tape_init(&sender->tape, &sender->shape, &sender->guest);
}

static void sender_deinit(struct sender *sender)
{
    tape_deinit(&sender->tape);
    guest_deinit(&sender->guest);
}

static void a_batch_that_no_decoder_would_take_is_refused(void **unused)
{
    (void)unused;
    static const struct {
        struct ferry_batch batch; /* the bitmap is filled in where there are pages */
        enum ferry_status expected;
    } rows[] = {
        {{.number = 1, .round = 1, .end_page = 100},                    FERRY_OK          },
        {{.number = 1, .round = 1, .first_page = 100, .end_page = 160}, FERRY_OK          },
        {{.number = 0, .round = 1, .end_page = 100},                    FERRY_USAGE_CONFIG},
        {{.number = 1, .round = UINT32_MAX, .end_page = 100},           FERRY_USAGE_CONFIG},
        {{.number = 1, .round = 1, .end_page = 101},                    FERRY_USAGE_CONFIG},
        {{.number = 1, .round = 1, .first_page = 99, .end_page = 101},  FERRY_USAGE_CONFIG},
        {{.number = 1, .round = 1, .first_page = 100, .end_page = 161}, FERRY_USAGE_CONFIG},
        {{.number = 1, .round = 1, .first_page = 50, .end_page = 50},   FERRY_USAGE_CONFIG},
        {{.number = 1, .round = 1, .first_page = 51, .end_page = 50},   FERRY_USAGE_CONFIG},
        {{.number = 1, .round = 1, .attempt = 1, .state_size = 1},      FERRY_OK          },
        {{.number = 1, .round = 1, .attempt = 0, .state_size = 1},      FERRY_USAGE_CONFIG},
        {{.number = 1, .attempt = 1, .state_size = 1, .end_page = 1},   FERRY_USAGE_CONFIG},
        {{.number = 1, .attempt = 1, .state_size = (1U << 30) + 1},     FERRY_USAGE_CONFIG},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sender sender;
        struct ferry_batch batch = rows[i].batch;
        sender_init(&sender);
        batch.bitmap = sender.bitmap;
        assert_status_row(i, ferry_encoder_batch(sender.tape.encoder, &batch), rows[i].expected);
        sender_deinit(&sender);
    }
}

static void one_thing_at_a_time(void **unused)
{
    (void)unused;
    struct sender sender;
    struct ferry_piece piece;
    sender_init(&sender);
    struct ferry_encoder *encoder = sender.tape.encoder;
    struct ferry_batch batch = {.number = 1, .bitmap = sender.bitmap, .end_page = 100};
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_OK);
    batch.number = 2;

    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_USAGE_STATE);
    assert_status(ferry_encoder_barrier(encoder, 0, 0), FERRY_USAGE_STATE);
    tape_drain(&sender.tape); /* up to DONE */
    assert_status(ferry_encoder_barrier(encoder, 0, 0), FERRY_OK);
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_USAGE_STATE);
    assert_true(ferry_encoder_next(encoder, &piece));
    assert_false(ferry_encoder_next(encoder, &piece));

    batch.round = 1;
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_OK);
    sender_deinit(&sender);
}

static void rounds_follow_one_another(void **unused)
{
    (void)unused;
    struct sender sender;
    sender_init(&sender);
    struct ferry_encoder *encoder = sender.tape.encoder;
    struct ferry_batch batch = {.number = 1, .round = 3, .bitmap = sender.bitmap, .end_page = 100};

    tape_batch(&sender.tape, &batch); /* the first one says where the stream begins */
    batch.number = 2;
    batch.round = 4;
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_USAGE_CONFIG);
    assert_status(ferry_encoder_barrier(encoder, 4, 0), FERRY_USAGE_CONFIG);
    tape_barrier(&sender.tape, 3, 0);
    batch.round = 3;
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_USAGE_CONFIG);
    assert_status(ferry_encoder_barrier(encoder, 3, 0), FERRY_USAGE_CONFIG);
    batch.round = 4;
    batch.number = 1;
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_USAGE_CONFIG); /* sent already */
    batch.number = 2;
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_OK);
    sender_deinit(&sender);
}

static void device_state_goes_in_pieces_of_a_mebibyte(void **unused)
{
    (void)unused;
    static const uint64_t sizes[] = {1U << 20, 1U << 20, 5};
    struct sender sender;
    struct ferry_piece piece;
    sender_init(&sender);
    struct ferry_encoder *encoder = sender.tape.encoder;
    const struct ferry_batch batch = {.number = 1, .attempt = 1, .state_size = (2U << 20) + 5};
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_OK);

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        assert_true(ferry_encoder_next(encoder, &piece));
        assert_int_equal(piece.kind, FERRY_PIECE_HEAD);
        assert_true(ferry_encoder_next(encoder, &piece));
        assert_int_equal(piece.kind, FERRY_PIECE_STATE);
        assert_int_equal(piece.offset, i << 20);
        assert_int_equal(piece.bytes, sizes[i]);
        ferry_encoder_sent(encoder, 0);
    }

    tape_drain(&sender.tape);
    assert_int_equal(sender.tape.done.kind, FERRY_PIECE_DONE);
    assert_true(sender.tape.done.bytes > batch.state_size);
    sender_deinit(&sender);
}

static void a_body_is_to_be_sent_before_the_next_piece(void **unused)
{
    (void)unused;
    struct sender sender;
    struct ferry_piece piece;
    sender_init(&sender);
    const struct ferry_batch batch = {.number = 1, .bitmap = sender.bitmap, .end_page = 100};
    struct ferry_encoder *encoder = sender.tape.encoder;

    expect_engine_assert(ferry_encoder_sent(encoder, 0));
    assert_status(ferry_encoder_batch(encoder, &batch), FERRY_OK);
    assert_true(ferry_encoder_next(encoder, &piece));
    assert_int_equal(piece.kind, FERRY_PIECE_HEAD);
    assert_true(ferry_encoder_next(encoder, &piece));
    assert_int_equal(piece.kind, FERRY_PIECE_BODY);

    expect_engine_assert(ferry_encoder_next(encoder, &piece));
    sender_deinit(&sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_the_next_round_is_read_before_its_release),
        cmocka_unit_test(a_round_released_in_advance_is_not_held),
        cmocka_unit_test(batch_numbers_count_up),
        cmocka_unit_test(a_body_is_asked_for_until_it_is_placed),
        cmocka_unit_test(more_than_was_asked_for_is_a_bug_of_the_caller),
        cmocka_unit_test(a_batch_that_no_decoder_would_take_is_refused),
        cmocka_unit_test(one_thing_at_a_time),
        cmocka_unit_test(rounds_follow_one_another),
        cmocka_unit_test(device_state_goes_in_pieces_of_a_mebibyte),
        cmocka_unit_test(a_body_is_to_be_sent_before_the_next_piece),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
