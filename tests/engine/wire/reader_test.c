/* SPDX-License-Identifier: Apache-2.0 */
/* reader_test.c -- control frames cut out of a byte stream, however it is chopped, and what a
 * damaged one does. */
#include "ferry/stream.h"
#include "samples.h"
#include "wire/frame.h"

#include <string.h>

static uint8_t memory[WIRE_READER_CAPACITY];

static struct wire_reader fresh(void)
{
    struct wire_reader reader = {.buffer = memory, .capacity = sizeof(memory)};
    memset(memory, 0xa5, sizeof(memory));
    wire_reader_reset(&reader);
    return reader;
}

/* All samples, one after the other. */
static size_t conversation(uint8_t *out, size_t capacity)
{
    size_t size = 0;
    for (size_t i = 0; i < sample_count; i++) {
        uint8_t frame[SAMPLE_SIZE_MAX];
        const size_t frame_size = sample_frame(&samples[i], frame);
        assert_true(size + frame_size <= capacity);
        memcpy(out + size, frame, frame_size);
        size += frame_size;
    }
    return size;
}

/* Feeds `size` bytes in chunks; every message has to be the next sample. Returns how many came. */
static size_t feed(struct wire_reader *reader, const uint8_t *bytes, size_t size, size_t chunk)
{
    size_t found_count = 0;
    for (size_t at = 0; at < size; at += chunk) {
        struct ferry_bytes input = {
            .data = bytes + at, .size = chunk < size - at ? chunk : size - at};
        bool found = true;
        while (found) {
            struct wire_message message;
            assert_status(wire_reader_next(reader, &input, &found, &message), FERRY_OK);
            if (found) {
                assert_same_message(&message, &samples[found_count].message);
                found_count++;
            }
        }
        assert_int_equal(input.size, 0);
    }
    return found_count;
}

static void messages_are_found_in_chunks_of_any_size(void **unused)
{
    (void)unused;
    static uint8_t bytes[8192];
    const size_t size = conversation(bytes, sizeof(bytes));
    for (size_t chunk = 1; chunk <= size; chunk = chunk < 64 ? chunk + 1 : chunk * 2) {
        struct wire_reader reader = fresh();
        assert_int_equal(feed(&reader, bytes, size, chunk), sample_count);
    }
}

static void a_stream_that_ends_anywhere_gives_the_whole_messages_before(void **unused)
{
    (void)unused;
    static uint8_t bytes[8192];
    const size_t size = conversation(bytes, sizeof(bytes));
    size_t whole = 0; /* messages that end at or before the cut */
    size_t next_end = 0;
    uint8_t frame[SAMPLE_SIZE_MAX];
    next_end = sample_frame(&samples[0], frame);
    for (size_t cut = 0; cut <= size; cut++) {
        struct wire_reader reader = fresh();
        if (cut == next_end) {
            whole++;
            next_end += whole < sample_count ? sample_frame(&samples[whole], frame) : 1;
        }
        assert_int_equal(feed(&reader, bytes, cut, 7), whole);
    }
    assert_int_equal(whole, sample_count);
}

/* The status that a whole frame gives. */
static enum ferry_status read_one(struct wire_reader *reader, const uint8_t *bytes, size_t size)
{
    struct ferry_bytes input = {.data = bytes, .size = size};
    struct wire_message message;
    bool found = false;
    const enum ferry_status status = wire_reader_next(reader, &input, &found, &message);
    assert_false(found && status != FERRY_OK);
    return status != FERRY_OK || found ? status : FERRY_STATUS_COUNT; /* the latter: still waits */
}

static void every_damaged_byte_is_found(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sample_count; i++) {
        uint8_t frame[SAMPLE_SIZE_MAX];
        const size_t size = sample_frame(&samples[i], frame);
        for (size_t at = 0; at < size; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                struct wire_reader reader = fresh();
                frame[at] ^= (uint8_t)(1U << bit);
                assert_int_not_equal(read_one(&reader, frame, size), FERRY_OK);
                frame[at] ^= (uint8_t)(1U << bit);
            }
        }
    }
}

static size_t seal(uint8_t *bytes, struct wire_frame frame)
{
    wire_frame_seal(&frame, bytes);
    return WIRE_FRAME_HEADER_SIZE + frame.head_size;
}

static void headers_are_judged_before_anything_is_waited_for(void **unused)
{
    (void)unused;
    static const struct {
        struct wire_frame frame;
        enum ferry_status expected;
    } rows[] = {
        {{.type = 0, .section = 1},                                  FERRY_PEER_FRAME },
        {{.type = 63, .section = 1},                                 FERRY_PEER_FRAME },
        {{.type = 64, .section = 2},                                 FERRY_PEER_FRAME },
        {{.type = WIRE_LOST, .section = 0},                          FERRY_PEER_FRAME },
        {{.type = WIRE_LOST, .section = 2},                          FERRY_PEER_FRAME },
        {{.type = WIRE_LOST, .section = 1, .body_bytes = 1},         FERRY_PEER_FRAME },
        {{.type = WIRE_LOST, .section = 1, .head_size = 1},          FERRY_PEER_LENGTH},
        {{.type = WIRE_OPEN, .section = 1, .head_size = 65537},      FERRY_PEER_LENGTH},
        {{.type = WIRE_OPEN, .section = 1, .head_size = UINT32_MAX}, FERRY_PEER_LENGTH},
        {{.type = WIRE_LOST, .section = 1},                          FERRY_OK         },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct wire_reader reader = fresh();
        uint8_t bytes[WIRE_FRAME_HEADER_SIZE] = {0};
        struct wire_frame frame = rows[i].frame;
        frame.head_size = 0; /* sealed without the head that it announces, which is never read */
        seal(bytes, frame);
        for (size_t k = 0; k < 4; k++) {
            bytes[k] = (uint8_t)(rows[i].frame.head_size >> (8 * k));
        }
        assert_status(read_one(&reader, bytes, WIRE_FRAME_HEADER_SIZE), rows[i].expected);
    }
}

static void the_first_error_stays_until_the_next_connection(void **unused)
{
    (void)unused;
    struct wire_reader reader = fresh();
    uint8_t bad[WIRE_FRAME_HEADER_SIZE] = {0};
    uint8_t good[SAMPLE_SIZE_MAX];
    const size_t size = sample_frame(sample_of(WIRE_PING), good);

    assert_status(read_one(&reader, bad, sizeof(bad)), FERRY_PEER_FRAME);
    assert_status(read_one(&reader, good, size), FERRY_PEER_FRAME);
    wire_reader_reset(&reader);

    assert_status(read_one(&reader, good, size), FERRY_OK);
}

static void a_wrong_checksum_is_named(void **unused)
{
    (void)unused;
    struct wire_reader reader = fresh();
    uint8_t bytes[SAMPLE_SIZE_MAX];
    const size_t size = sample_frame(sample_of(WIRE_PING), bytes);
    bytes[size - 1] ^= 1;
    assert_status(read_one(&reader, bytes, size), FERRY_PEER_CHECKSUM);
}

static void a_sealed_frame_with_a_wrong_payload_keeps_its_own_error(void **unused)
{
    (void)unused;
    struct wire_reader reader = fresh();
    uint8_t bytes[64] = {0};
    const size_t size = seal(
        bytes,
        (struct wire_frame){.head_size = 7, .type = WIRE_PING, .section = WIRE_SECTION_CONTROL});
    assert_status(read_one(&reader, bytes, size), FERRY_PEER_TRUNCATED);
}

static void a_reader_without_its_memory_is_a_bug(void **unused)
{
    (void)unused;
    struct wire_reader reader = {.buffer = memory, .capacity = WIRE_READER_CAPACITY - 1};
    struct ferry_bytes input = {.data = memory, .size = 1};
    struct wire_message message;
    bool found = false;
    expect_engine_assert(
        assert_status(wire_reader_next(&reader, &input, &found, &message), FERRY_OK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_found_in_chunks_of_any_size),
        cmocka_unit_test(a_stream_that_ends_anywhere_gives_the_whole_messages_before),
        cmocka_unit_test(every_damaged_byte_is_found),
        cmocka_unit_test(headers_are_judged_before_anything_is_waited_for),
        cmocka_unit_test(the_first_error_stays_until_the_next_connection),
        cmocka_unit_test(a_wrong_checksum_is_named),
        cmocka_unit_test(a_sealed_frame_with_a_wrong_payload_keeps_its_own_error),
        cmocka_unit_test(a_reader_without_its_memory_is_a_bug),
    };
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
