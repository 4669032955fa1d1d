/* SPDX-License-Identifier: Apache-2.0 */
/* taken_test.c -- all bodies of a frame received at once: their places are had before their bytes, and
 * their digests are handed in after them. */
#include "loop.h"

#include <string.h>

#define PAGES 200U

struct place {
    uint8_t *at;
    size_t size;
};

struct taker {
    struct sink sink;
    struct place places[FERRY_FRAME_PAGES_MAX];
    size_t count;
    uint8_t spoil; /* goes into the digest of the first body */
};

/* Receives all places of a frame, then hands in their digests. */
static size_t receive_places(struct taker *taker, const uint8_t *bytes)
{
    size_t at = 0;
    for (size_t i = 0; i < taker->count; i++) {
        memcpy(taker->places[i].at, bytes + at, taker->places[i].size);
        at += taker->places[i].size;
    }
    for (size_t i = 0; i < taker->count; i++) {
        const struct place *place = &taker->places[i];
        const uint32_t digest = ferry_crc32c(0, place->at, place->size);
        ferry_decoder_digest(
            taker->sink.decoder, i == 0 ? digest ^ taker->spoil : digest, place->size);
    }
    taker->count = 0;
    return at;
}

static void take(struct taker *taker, const struct ferry_item *item)
{
    uint8_t *at = item->kind == FERRY_ITEM_STATE ? taker->sink.state + item->offset
                                                 : guest_page(taker->sink.guest, item->first_page);
    taker->places[taker->count] = (struct place){.at = at, .size = item->bytes};
    taker->count++;
    ferry_decoder_taken(taker->sink.decoder);
}

/* Decodes all of it; returns the status at the end. */
static enum ferry_status decode(struct taker *taker, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        struct ferry_item item;
        ferry_decoder_next(taker->sink.decoder, &item);
        if (item.kind == FERRY_ITEM_PLACE || item.kind == FERRY_ITEM_STATE) {
            assert_true(item.kind == FERRY_ITEM_STATE || item.attempt == 3);
            take(taker, &item);
        } else if (item.kind == FERRY_ITEM_FILL) {
            at += receive_places(taker, bytes + at);
            const size_t left = size - at;
            const size_t filled = item.fill_size < left ? item.fill_size : left;
            memcpy(item.fill, bytes + at, filled);
            ferry_decoder_filled(taker->sink.decoder, filled);
            at += filled;
        } else if (item.kind == FERRY_ITEM_ERROR) {
            return item.status;
        }
    }
    struct ferry_item last;
    ferry_decoder_next(taker->sink.decoder, &last);
    assert_true(last.kind == FERRY_ITEM_BATCH || last.kind == FERRY_ITEM_ERROR);
    return last.kind == FERRY_ITEM_ERROR ? last.status : FERRY_OK;
}

/* A batch of many extents and one of device state, through a decoder; the digest of the first body of
 * each frame is changed by `spoil`. */
static enum ferry_status move(uint8_t spoil)
{
    struct shape shape;
    struct guest source;
    struct guest target;
    struct tape tape;
    struct taker taker;
    uint64_t bitmap[4];
    uint8_t state[4096];
    memset(bitmap, 0xdb, sizeof(bitmap));
    memset(state, 7, sizeof(state));
    shape_init(&shape, 4096, PAGES, 60);
    guest_init(&source, 4096, PAGES);
    guest_init(&target, 4096, PAGES);
    for (uint64_t page = 0; page < PAGES; page++) {
        if ((bitmap[page / 64] >> page % 64 & 1U) != 0) {
            guest_write(&source, page, 'x');
        }
    }
    tape_init(&tape, &shape, &source);
    tape.state = state;
    const struct ferry_batch pages = {
        .number = 1, .round = 5, .attempt = 3, .bitmap = bitmap, .end_page = PAGES};
    const struct ferry_batch devices = {
        .number = 2, .round = 5, .attempt = 3, .state_size = sizeof(state)};
    tape_batch(&tape, &pages);
    tape_batch(&tape, &devices);
    memset(&taker, 0, sizeof(taker));
    taker.spoil = spoil;
    sink_init(&taker.sink, &shape, 5, &target);

    const enum ferry_status status =
        decode(&taker, tape.bytes + FERRY_PREFACE_SIZE, tape.size - FERRY_PREFACE_SIZE);

    if (status == FERRY_OK) {
        assert_same_memory(&target, &source);
        assert_memory_equal(taker.sink.state, state, sizeof(state));
    }
    sink_deinit(&taker.sink);
    tape_deinit(&tape);
    guest_deinit(&source);
    guest_deinit(&target);
    return status;
}

static void bodies_received_at_once_are_placed(void **unused)
{
    (void)unused;
    assert_status(move(0), FERRY_OK);
}

static void wrong_digest_handed_in_later_is_found(void **unused)
{
    (void)unused;
    assert_status(move(1), FERRY_PEER_CHECKSUM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_received_at_once_are_placed),
        cmocka_unit_test(wrong_digest_handed_in_later_is_found),
    };
    return cmocka_run_group_tests_name("taken_test", tests, NULL, NULL);
}
