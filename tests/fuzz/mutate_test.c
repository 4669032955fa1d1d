/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_test.c -- what the fuzzers' mutators make: frames that get past length and checksum, and messages that are
 * mostly accepted; scripts that are whole; never more bytes than there is room for. */
#include "fuzz/input/mutate.h"

#include "fuzz/input/script.h"
#include "wire/message.h"
#include "wire/schema.h"

#include <string.h>

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

#define ROOM 600U

/* As libFuzzer's: here one byte is another one, or one more. */
static size_t change_bytes(uint8_t *data, size_t size, size_t max_size)
{
    if (size < max_size) {
        data[size] = 7;
        return size + 1;
    }
    if (size > 0) {
        data[size / 2] ^= 1U;
    }
    return size;
}

static const struct mutate_rules frames_rules = {.form = MUTATE_FRAMES, .header = 4};
static const struct mutate_rules script_rules = {
    .form = MUTATE_SCRIPT, .header = 1, .kinds = 9, .frames = 4, .payload = 5, .arguments = 6};

static size_t some_frames(uint8_t *out)
{
    static const struct wire_message messages[] = {
        {.type = WIRE_READY,  .body.ready = {.attempt = 1, .epoch = 1}                       },
        {.type = WIRE_ACK,    .body.ack = {.attach = 1, .stream_count = 2, .last_batch = {3}}},
        {.type = WIRE_CLOSED, .body.ready = {0}                                              },
    };
    size_t used = 0;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        size_t size = 0;
        assert_int_equal(
            wire_message_encode(&messages[i], out + used, ROOM - used, &size), FERRY_OK);
        used += size;
    }
    return used;
}

static void mutated_frames_are_nearly_all_sealed(void **unused)
{
    (void)unused;
    uint8_t data[4 + ROOM] = {1, 0, 0, 0};
    uint32_t whole = 0;
    uint32_t sealed = 0;
    uint32_t accepted = 0;
    struct mutate mutate = {.random = 42, .bytes = change_bytes};
    for (uint32_t run = 0; run < 3000; run++) {
        size_t size = 4 + some_frames(data + 4);
        data[0] = 1;
        for (uint32_t i = 0; i < 4; i++) {
            size = mutate_input(&mutate, &frames_rules, data, size, sizeof(data));
            assert_true(size <= sizeof(data));
        }
        struct frames_frame frame;
        for (size_t at = 4; frames_at(data, size, at, FRAMES_BODIES_WHOLE, &frame);
             at += frame.size) {
            struct wire_message message;
            if (!frame.whole) {
                continue;
            }
            whole++;
            sealed += wire_frame_verify(data + at) == FERRY_OK;
            const struct ferry_bytes payload = {
                .data = data + at + WIRE_FRAME_HEADER_SIZE,
                .size = frame.head - WIRE_FRAME_HEADER_SIZE};
            const uint16_t type = wire_frame_parse(data + at).type;
            accepted += wire_message_decode((enum wire_type)type, payload, &message) == FERRY_OK;
        }
    }
    assert_true(whole > 5000);
    assert_true(sealed * 10 > whole * 8);
    assert_true(accepted * 2 > whole); /* and a good part is refused: that is what it is for */
    assert_true(accepted < whole);
}

static void mutated_message_keeps_its_length_right(void **unused)
{
    (void)unused;
    struct mutate mutate = {.random = 7, .bytes = change_bytes};
    for (size_t i = 0; wire_schema_at(i) != NULL; i++) {
        const struct wire_schema *schema = wire_schema_at(i);
        for (uint32_t run = 0; run < 200; run++) {
            uint8_t frame[ROOM] = {0};
            const struct wire_frame header = {
                .head_size = (uint32_t)wire_schema_size_min(schema),
                .type = (uint16_t)schema->type,
                .section = WIRE_SECTION_CONTROL,
            };
            wire_frame_seal(&header, frame);
            const size_t size = mutate_message(
                &mutate, frame, WIRE_FRAME_HEADER_SIZE + header.head_size, sizeof(frame));
            assert_true(size <= sizeof(frame));
            assert_int_equal(wire_frame_parse(frame).head_size + WIRE_FRAME_HEADER_SIZE, size);
            assert_int_equal(wire_frame_verify(frame), FERRY_OK);
        }
    }
}

static void mutated_scripts_are_whole_records(void **unused)
{
    (void)unused;
    uint8_t data[ROOM] = {0};
    size_t size = 1 + SCRIPT_HEADER;
    uint32_t kinds = 0;
    struct mutate mutate = {.random = 3, .bytes = change_bytes};
    for (uint32_t run = 0; run < 20000; run++) {
        size_t again = 1;
        struct script script = script_of(data + 1, size - 1);
        struct script_record record;
        while (script_next(&script, &record)) {
            again += SCRIPT_HEADER + record.size;
            kinds |= 1U << (record.kind & 0x1fU);
        }
        if (again != size) { /* bytes alone were changed, as in one of sixteen */
            memset(data, 0, sizeof(data));
            size = 1 + SCRIPT_HEADER;
            continue;
        }
        size = mutate_input(&mutate, &script_rules, data, size, sizeof(data));
        assert_true(size <= sizeof(data));
    }
    assert_int_equal(kinds & 0x1ffU, 0x1ffU);
}

static void two_scripts_make_one(void **unused)
{
    (void)unused;
    const uint8_t first[] = {9, 1, 1, 0, 11, 2, 0, 0};
    const uint8_t second[] = {8, 3, 1, 0, 33};
    uint8_t out[ROOM];
    struct mutate mutate = {.random = 5, .bytes = change_bytes};
    bool both = false;
    for (uint32_t run = 0; run < 100; run++) {
        const size_t size = mutate_cross(
            &mutate,
            &script_rules,
            (struct ferry_bytes){.data = first, .size = sizeof(first)},
            (struct ferry_bytes){.data = second, .size = sizeof(second)},
            out,
            sizeof(out));
        both = both || (size == sizeof(first) + sizeof(second) - 1 && out[sizeof(first)] == 3);
        assert_int_equal(out[0], 9);
    }
    assert_true(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_frames_are_nearly_all_sealed),
        cmocka_unit_test(mutated_message_keeps_its_length_right),
        cmocka_unit_test(mutated_scripts_are_whole_records),
        cmocka_unit_test(two_scripts_make_one),
    };
    return cmocka_run_group_tests_name("mutate", tests, NULL, NULL);
}
