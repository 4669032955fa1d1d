/* SPDX-License-Identifier: Apache-2.0 */
/* range_test.c -- every field of every message at and beyond the ends of its range, and the
 * relations between fields.
 *
 * The first half walks the schemas, so that a new field is tested without anybody thinking of it.
 * The second half is a table written by hand, so that a range which is wrong in a schema is found.
 */
#include "samples.h"
#include "wire/schema.h"

#include <string.h>

static enum ferry_status decode(enum wire_type type, const uint8_t *payload, size_t size)
{
    struct wire_message message;
    return wire_message_decode(type, (struct ferry_bytes){.data = payload, .size = size}, &message);
}

static void put(uint8_t *at, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get(const uint8_t *at, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

/* The message with `width` bytes at `at` replaced. */
static enum ferry_status
decode_patched(const struct sample *sample, size_t at, size_t width, uint64_t value)
{
    uint8_t payload[SAMPLE_SIZE_MAX];
    const size_t size = sample_payload(sample, payload);
    assert_true(at + width <= size);
    put(payload + at, width, value);
    return decode(sample->message.type, payload, size);
}

static void check_outside(
    const struct sample *sample,
    const struct wire_field *field,
    size_t at,
    size_t width,
    enum ferry_status expected)
{
    const uint64_t largest = width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
    if (field->min > 0) {
        assert_status(decode_patched(sample, at, width, field->min - 1), expected);
        assert_status(decode_patched(sample, at, width, 0), expected);
    }
    if (field->max < largest) {
        assert_status(decode_patched(sample, at, width, field->max + 1), expected);
        assert_status(decode_patched(sample, at, width, largest), expected);
    }
}

/* Every element of a list; returns the list's size in the sample. */
static size_t
check_list(const struct sample *sample, const struct wire_field *list, size_t at, uint64_t count)
{
    size_t size = 2;
    check_outside(sample, list, at, 2, FERRY_PEER_LENGTH);
    for (uint64_t i = 0; i < count; i++) {
        for (size_t k = 0; k < list->element_count; k++) {
            const struct wire_field *element = &list->elements[k];
            check_outside(sample, element, at + size, element->width, FERRY_PEER_VALUE);
            size += element->width;
        }
    }
    return size;
}

/* Returns the field's size in the sample. */
static size_t check_field(const struct sample *sample, const struct wire_field *field, size_t at)
{
    uint8_t payload[SAMPLE_SIZE_MAX];
    sample_payload(sample, payload);
    switch (field->kind) {
    case WIRE_INTEGER:
    case WIRE_TIME:
        check_outside(sample, field, at, field->width, FERRY_PEER_VALUE);
        return field->width;
    case WIRE_BYTES:
    case WIRE_TEXT:
        check_outside(sample, field, at, 2, FERRY_PEER_LENGTH);
        return 2 + (size_t)get(payload + at, 2);
    case WIRE_LIST: return check_list(sample, field, at, get(payload + at, 2));
    }
    return 0;
}

static void every_field_is_refused_outside_of_its_range(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sample_count; i++) {
        const struct wire_schema *schema = wire_schema_of((uint32_t)samples[i].message.type);
        uint8_t payload[SAMPLE_SIZE_MAX];
        size_t at = 0;
        for (size_t f = 0; f < schema->field_count; f++) {
            at += check_field(&samples[i], &schema->fields[f], at);
        }
        assert_int_equal(at, sample_payload(&samples[i], payload));
    }
}

static const struct {
    enum wire_type type;
    uint16_t at;
    uint16_t width;
    uint64_t value;
    enum ferry_status expected;
} by_hand[] = {
    {WIRE_OPEN,     0,  2, 0,                       FERRY_PEER_VALUE }, /* version 0 */
    {WIRE_OPEN,     0,  2, 3,                       FERRY_PEER_VALUE }, /* 3 .. 2 */
    {WIRE_OPEN,     0,  2, 2,                       FERRY_OK         }, /* for REFUSE */
    {WIRE_OPEN,     12, 8, UINT64_MAX,              FERRY_OK         }, /* the same */
    {WIRE_OPEN,     20, 8, 0,                       FERRY_PEER_VALUE }, /* no guest */
    {WIRE_OPEN,     28, 8, 0,                       FERRY_PEER_VALUE }, /* no epoch */
    {WIRE_OPEN,     28, 8, UINT64_MAX,              FERRY_PEER_VALUE }, /* no next epoch */
    {WIRE_OPEN,     44, 4, 2048,                    FERRY_PEER_VALUE }, /* page size */
    {WIRE_OPEN,     44, 4, 4097,                    FERRY_PEER_VALUE },
    {WIRE_OPEN,     44, 4, 12288,                   FERRY_PEER_VALUE }, /* no 2^n */
    {WIRE_OPEN,     44, 4, 1U << 21,                FERRY_OK         },
    {WIRE_OPEN,     44, 4, 1U << 31,                FERRY_PEER_VALUE },
    {WIRE_OPEN,     48, 2, 0,                       FERRY_PEER_VALUE }, /* streams */
    {WIRE_OPEN,     48, 2, 64,                      FERRY_OK         },
    {WIRE_OPEN,     48, 2, 65,                      FERRY_PEER_VALUE },
    {WIRE_OPEN,     50, 1, 0,                       FERRY_PEER_VALUE }, /* mode */
    {WIRE_OPEN,     50, 1, 2,                       FERRY_OK         },
    {WIRE_OPEN,     50, 1, 3,                       FERRY_PEER_VALUE },
    {WIRE_OPEN,     51, 8, UINT64_C(1) << 63,       FERRY_PEER_VALUE }, /* negative time */
    {WIRE_OPEN,     59, 8, (UINT64_C(1) << 30) + 1, FERRY_PEER_VALUE }, /* device state */
    {WIRE_OPEN,     67, 2, 0,                       FERRY_PEER_LENGTH}, /* no name */
    {WIRE_OPEN,     67, 2, 64,                      FERRY_PEER_LENGTH},
    {WIRE_OPEN,     69, 1, 0x1b,                    FERRY_PEER_VALUE }, /* escape */
    {WIRE_OPEN,     69, 1, 0x7f,                    FERRY_PEER_VALUE },
    {WIRE_OPEN,     69, 1, 0xc3,                    FERRY_OK         }, /* UTF-8 */
    {WIRE_OPEN,     72, 2, 32769,                   FERRY_PEER_LENGTH}, /* configuration */
    {WIRE_OPEN,     76, 2, 0,                       FERRY_PEER_LENGTH}, /* regions */
    {WIRE_OPEN,     76, 2, 33,                      FERRY_PEER_LENGTH},
    {WIRE_RESUME,   32, 4, 0,                       FERRY_OK         }, /* no attempt yet */
    {WIRE_RESUME,   36, 1, 0,                       FERRY_PEER_VALUE }, /* phase */
    {WIRE_RESUME,   36, 1, 5,                       FERRY_OK         },
    {WIRE_RESUME,   36, 1, 6,                       FERRY_PEER_VALUE },
    {WIRE_RESUME,   37, 4, 0xffffffff,              FERRY_PEER_VALUE }, /* no round */
    {WIRE_RESUME,   41, 2, 0,                       FERRY_OK         }, /* a question only */
    {WIRE_RESUME,   41, 2, 65,                      FERRY_PEER_VALUE },
    {WIRE_MANIFEST, 0,  4, 0,                       FERRY_PEER_VALUE }, /* attempt */
    {WIRE_MANIFEST, 28, 2, 0,                       FERRY_PEER_LENGTH},
    {WIRE_MANIFEST, 28, 2, 65,                      FERRY_PEER_LENGTH},
    {WIRE_ABORT,    0,  4, 0,                       FERRY_PEER_VALUE },
    {WIRE_GRANT,    0,  4, 0,                       FERRY_PEER_VALUE },
    {WIRE_GRANT,    4,  8, 0,                       FERRY_PEER_VALUE },
    {WIRE_BURN,     0,  4, 0,                       FERRY_OK         },
    {WIRE_ABORTED,  0,  4, 0,                       FERRY_OK         },
    {WIRE_END,      12, 1, 0,                       FERRY_OK         },
    {WIRE_END,      12, 1, 2,                       FERRY_OK         },
    {WIRE_END,      12, 1, 3,                       FERRY_PEER_VALUE }, /* enum wire_end_fate */
    {WIRE_ACCEPT,   0,  2, 0,                       FERRY_PEER_VALUE },
    {WIRE_ACCEPT,   10, 8, 0,                       FERRY_PEER_VALUE }, /* journal id */
    {WIRE_ACCEPT,   18, 8, UINT64_MAX,              FERRY_PEER_VALUE }, /* -1 ns */
    {WIRE_REFUSE,   0,  2, 0,                       FERRY_PEER_VALUE },
    {WIRE_REFUSE,   0,  2, 4711,                    FERRY_OK         }, /* newer peer */
    {WIRE_REFUSE,   2,  2, 200,                     FERRY_PEER_LENGTH},
    {WIRE_REFUSE,   4,  1, '\n',                    FERRY_PEER_VALUE },
    {WIRE_RESUMED,  0,  4, 0,                       FERRY_PEER_VALUE }, /* attach */
    {WIRE_RESUMED,  4,  1, 0,                       FERRY_PEER_VALUE },
    {WIRE_RESUMED,  4,  1, 6,                       FERRY_PEER_VALUE },
    {WIRE_RESUMED,  25, 4, 0xffffffff,              FERRY_OK         }, /* no round yet */
    {WIRE_RESUMED,  33, 2, 65,                      FERRY_PEER_LENGTH},
    {WIRE_ACK,      8,  2, 0,                       FERRY_PEER_LENGTH},
    {WIRE_ACK,      8,  2, 65,                      FERRY_PEER_LENGTH},
    {WIRE_READY,    12, 8, UINT64_MAX,              FERRY_PEER_VALUE },
    {WIRE_STARTED,  4,  8, 0,                       FERRY_PEER_VALUE },
    {WIRE_STARTED,  28, 8, UINT64_MAX,              FERRY_PEER_VALUE },
};

static void fields_by_hand_are_judged_as_the_protocol_says(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(by_hand); i++) {
        assert_status_row(
            i,
            decode_patched(
                sample_of(by_hand[i].type), by_hand[i].at, by_hand[i].width, by_hand[i].value),
            by_hand[i].expected);
    }
}

/* ---- regions ---- */

static enum ferry_status
decode_regions(uint32_t page_size, const struct ferry_region *regions, uint16_t count)
{
    uint8_t payload[SAMPLE_SIZE_MAX + 16 * FERRY_REGIONS_MAX];
    const size_t list = 76;
    sample_payload(sample_of(WIRE_OPEN), payload);
    put(payload + 44, 4, page_size);
    put(payload + list, 2, count);
    for (size_t i = 0; i < count; i++) {
        put(payload + list + 2 + 16 * i, 8, regions[i].guest_address);
        put(payload + list + 10 + 16 * i, 8, regions[i].pages);
    }
    return decode(WIRE_OPEN, payload, list + 2 + 16 * (size_t)count);
}

static void regions_are_aligned_apart_and_bounded(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t page_size;
        uint16_t count;
        struct ferry_region regions[3];
        enum ferry_status expected;
    } rows[] = {
        {4096,     1, {{0, 1}},                                           FERRY_OK         },
        {12288,    1, {{0, 1}},                                           FERRY_PEER_VALUE },
        {4096,     1, {{0, 0}},                                           FERRY_PEER_VALUE },
        {4096,     1, {{1, 1}},                                           FERRY_PEER_VALUE },
        {4096,     1, {{2048, 1}},                                        FERRY_PEER_VALUE },
        {1U << 21, 1, {{4096, 1}},                                        FERRY_PEER_VALUE },
        {4096,     2, {{0, 2}, {8192, 1}},                                FERRY_OK         },
        {4096,     2, {{8192, 1}, {0, 2}},                                FERRY_OK         },
        {4096,     2, {{0, 2}, {4096, 1}},                                FERRY_PEER_VALUE },
        {4096,     2, {{4096, 1}, {0, 2}},                                FERRY_PEER_VALUE },
        {4096,     2, {{0, 4}, {4096, 1}},                                FERRY_PEER_VALUE },
        {4096,     3, {{0, 1}, {8192, 1}, {0, 1}},                        FERRY_PEER_VALUE },
        {4096,     1, {{UINT64_MAX - 4095, 1}},                           FERRY_OK         },
        {4096,     1, {{UINT64_MAX - 4095, 2}},                           FERRY_PEER_VALUE },
        {1U << 30, 1, {{0, UINT64_C(1) << 34}},                           FERRY_OK         },
        {1U << 30, 1, {{1U << 30, UINT64_C(1) << 34}},                    FERRY_PEER_VALUE },
        {4096,     1, {{0, FERRY_PAGES_MAX}},                             FERRY_OK         },
        {4096,     1, {{0, FERRY_PAGES_MAX + 1}},                         FERRY_PEER_VALUE },
        {4096,     2, {{0, FERRY_PAGES_MAX}, {FERRY_PAGES_MAX << 12, 1}}, FERRY_PEER_LENGTH},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_status_row(
            i, decode_regions(rows[i].page_size, rows[i].regions, rows[i].count), rows[i].expected);
    }
}

static void as_many_regions_as_are_allowed_are_accepted(void **unused)
{
    (void)unused;
    struct ferry_region regions[FERRY_REGIONS_MAX];
    for (size_t i = 0; i < FERRY_REGIONS_MAX; i++) {
        regions[i] = (struct ferry_region){.guest_address = (uint64_t)i << 20, .pages = 256};
    }
    assert_status(decode_regions(4096, regions, FERRY_REGIONS_MAX), FERRY_OK);
}

/* ---- our own mistakes ---- */

static void encode(const struct wire_message *message)
{
    uint8_t bytes[SAMPLE_SIZE_MAX];
    size_t size = 0;
    assert_status(wire_message_encode(message, bytes, sizeof(bytes), &size), FERRY_OK);
}

static void encoding_what_decode_would_refuse_is_a_bug(void **unused)
{
    (void)unused;
    struct wire_message message = sample_of(WIRE_GRANT)->message;
    message.body.attempt.attempt = 0;
    expect_engine_assert(encode(&message));

    message = sample_of(WIRE_OPEN)->message;
    message.body.open.regions[1].guest_address = 0; /* overlaps the first */
    expect_engine_assert(encode(&message));

    message = sample_of(WIRE_REFUSE)->message;
    message.body.refuse.text.data = (const uint8_t *)"\ttab in";
    expect_engine_assert(encode(&message));

    message = sample_of(WIRE_ACK)->message;
    message.body.ack.stream_count = FERRY_STREAMS_MAX + 1;
    expect_engine_assert(encode(&message));

    message.type = (enum wire_type)0;
    expect_engine_assert(encode(&message));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_refused_outside_of_its_range),
        cmocka_unit_test(fields_by_hand_are_judged_as_the_protocol_says),
        cmocka_unit_test(regions_are_aligned_apart_and_bounded),
        cmocka_unit_test(as_many_regions_as_are_allowed_are_accepted),
        cmocka_unit_test(encoding_what_decode_would_refuse_is_a_bug),
    };
    return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
