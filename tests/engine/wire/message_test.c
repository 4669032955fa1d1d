/* SPDX-License-Identifier: Apache-2.0 */
/* message_test.c -- every control message: its bytes, its meaning, and what is wrong when some of
 * them are missing. */
#include "wire/message.h"

#include "samples.h"
#include "wire/schema.h"

#include <string.h>

static struct ferry_bytes bytes_of(const uint8_t *data, size_t size)
{
    return (struct ferry_bytes){.data = data, .size = size};
}

static void there_is_a_sample_of_every_type(void **unused)
{
    (void)unused;
    size_t types = 0;
    while (wire_schema_at(types) != NULL) {
        const struct wire_schema *schema = wire_schema_at(types);
        assert_non_null(sample_of(schema->type));
        assert_ptr_equal(wire_schema_of((uint32_t)schema->type), schema);
        assert_string_equal(wire_type_name(schema->type), schema->name);
        assert_int_equal(schema->from_target, schema->type >= WIRE_ACCEPT);
        if (types > 0) {
            assert_true(schema->type > wire_schema_at(types - 1)->type);
        }
        types++;
    }
    assert_int_equal(types, sample_count);
}

static void a_message_is_encoded_to_its_bytes(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sample_count; i++) {
        uint8_t expected[SAMPLE_SIZE_MAX];
        uint8_t actual[SAMPLE_SIZE_MAX];
        size_t size = 0;
        const size_t expected_size = sample_frame(&samples[i], expected);

        assert_status(
            wire_message_encode(&samples[i].message, actual, sizeof(actual), &size), FERRY_OK);

        assert_int_equal(size, expected_size);
        assert_memory_equal(actual, expected, size);
    }
}

static void bytes_are_decoded_to_their_meaning(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sample_count; i++) {
        uint8_t payload[SAMPLE_SIZE_MAX];
        struct wire_message message;
        const size_t size = sample_payload(&samples[i], payload);

        assert_status(
            wire_message_decode(samples[i].message.type, bytes_of(payload, size), &message),
            FERRY_OK);

        assert_same_message(&message, &samples[i].message);
    }
}

static void a_message_cut_at_any_byte_is_truncated(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sample_count; i++) {
        uint8_t payload[SAMPLE_SIZE_MAX];
        const size_t size = sample_payload(&samples[i], payload);
        for (size_t cut = 0; cut < size; cut++) {
            struct wire_message message;
            struct wire_message untouched;
            memset(&message, 0x5a, sizeof(message));
            memset(&untouched, 0x5a, sizeof(untouched));
            assert_status(
                wire_message_decode(samples[i].message.type, bytes_of(payload, cut), &message),
                FERRY_PEER_TRUNCATED);
            assert_memory_equal(&message, &untouched, sizeof(message));
        }
    }
}

static void a_byte_too_many_is_trailing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sample_count; i++) {
        uint8_t payload[SAMPLE_SIZE_MAX];
        struct wire_message message;
        const size_t size = sample_payload(&samples[i], payload);
        payload[size] = 0;
        assert_status(
            wire_message_decode(samples[i].message.type, bytes_of(payload, size + 1), &message),
            FERRY_PEER_TRAILING);
    }
}

static void unknown_types_are_refused(void **unused)
{
    (void)unused;
    for (int type = -1; type < 300; type++) {
        struct wire_message message;
        if (wire_schema_of((uint32_t)type) == NULL) {
            assert_string_equal(wire_type_name((enum wire_type)type), "?");
            assert_status(
                wire_message_decode((enum wire_type)type, bytes_of(NULL, 0), &message),
                FERRY_PEER_FRAME);
        }
    }
    assert_null(wire_schema_of(0));
}

static void a_buffer_that_is_too_small_is_a_limit(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sample_count; i++) {
        uint8_t bytes[SAMPLE_SIZE_MAX];
        size_t size = 4711;
        const size_t needed = sample_frame(&samples[i], bytes);
        for (size_t capacity = 0; capacity < needed; capacity++) {
            bytes[capacity] = 0xee;
            assert_status(
                wire_message_encode(&samples[i].message, bytes, capacity, &size), FERRY_LIMIT_SIZE);
            assert_int_equal(bytes[capacity], 0xee);
            assert_int_equal(size, 4711);
        }
    }
}

static void the_attempt_of_a_message_is_found(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sample_count; i++) {
        const struct wire_schema *schema = wire_schema_of((uint32_t)samples[i].message.type);
        uint32_t expected = 0;
        for (size_t f = 0; f < schema->field_count; f++) {
            if (strcmp(schema->fields[f].name, "attempt") == 0) {
                memcpy(
                    &expected,
                    (const uint8_t *)&samples[i].message.body + schema->fields[f].offset,
                    sizeof(expected));
                assert_int_not_equal(expected, 0);
            }
        }
        assert_int_equal(wire_message_attempt(&samples[i].message), expected);
    }
}

static void the_largest_message_fits_a_control_frame(void **unused)
{
    (void)unused;
    for (size_t i = 0; wire_schema_at(i) != NULL; i++) {
        assert_true(
            wire_schema_size_min(wire_schema_at(i)) <= wire_schema_size_max(wire_schema_at(i)));
        assert_true(wire_schema_size_max(wire_schema_at(i)) <= FERRY_CONTROL_PAYLOAD_MAX);
    }
    assert_int_equal(wire_schema_size_max(&wire_schema_ping), 8);
    assert_int_equal(wire_schema_size_min(&wire_schema_ack), 4 + 4 + 2 + 8);
    assert_int_equal(wire_schema_size_max(&wire_schema_ack), 4 + 4 + 2 + 8 * FERRY_STREAMS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_a_sample_of_every_type),
        cmocka_unit_test(a_message_is_encoded_to_its_bytes),
        cmocka_unit_test(bytes_are_decoded_to_their_meaning),
        cmocka_unit_test(a_message_cut_at_any_byte_is_truncated),
        cmocka_unit_test(a_byte_too_many_is_trailing),
        cmocka_unit_test(unknown_types_are_refused),
        cmocka_unit_test(a_buffer_that_is_too_small_is_a_limit),
        cmocka_unit_test(the_attempt_of_a_message_is_found),
        cmocka_unit_test(the_largest_message_fits_a_control_frame),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
