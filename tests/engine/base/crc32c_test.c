/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c_test.c -- the checksum against published vectors and against the definition, bit by bit.
 */
#include "ferry/stream.h"
#include "support/harness.h"

#include <string.h>

/* The definition: the polynomial division, one bit a step. */
static uint32_t crc_bit_by_bit(uint32_t crc, const uint8_t *data, size_t size)
{
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1U) != 0 ? crc >> 1 ^ 0x82F63B78U : crc >> 1;
        }
    }
    return ~crc;
}

static void published_vectors_match(void **unused)
{
    (void)unused;
    uint8_t data[32];

    assert_int_equal(ferry_crc32c(0, "", 0), 0);
    assert_int_equal(ferry_crc32c(0, "123456789", 9), 0xE3069283U);
    memset(data, 0, sizeof(data)); /* the four of RFC 3720, appendix B.4 */
    assert_int_equal(ferry_crc32c(0, data, sizeof(data)), 0x8A9136AAU);
    memset(data, 0xff, sizeof(data));
    assert_int_equal(ferry_crc32c(0, data, sizeof(data)), 0x62A8AB43U);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)i;
    }
    assert_int_equal(ferry_crc32c(0, data, sizeof(data)), 0x46DD794EU);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(31 - i);
    }
    assert_int_equal(ferry_crc32c(0, data, sizeof(data)), 0x113FDB5CU);
}

static void every_length_and_alignment_equals_the_definition(void **unused)
{
    (void)unused;
    uint64_t seed = 7;
    uint8_t data[64];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)harness_random(&seed);
    }
    for (size_t start = 0; start < 8; start++) {
        for (size_t size = 0; size + start <= sizeof(data); size++) {
            assert_int_equal(
                ferry_crc32c(0x1234, data + start, size),
                crc_bit_by_bit(0x1234, data + start, size));
        }
    }
}

static void every_byte_value_at_every_place_equals_the_definition(void **unused)
{
    (void)unused;
    for (size_t place = 0; place < 8; place++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t data[8] = {0};
            data[place] = (uint8_t)value;
            assert_int_equal(ferry_crc32c(0, data, 8), crc_bit_by_bit(0, data, 8));
        }
    }
}

static void a_checksum_in_two_parts_is_the_same(void **unused)
{
    (void)unused;
    static const char text[] = "pages, extents and barriers";
    const uint32_t whole = ferry_crc32c(0, text, sizeof(text));
    for (size_t cut = 0; cut <= sizeof(text); cut++) {
        const uint32_t head = ferry_crc32c(0, text, cut);
        assert_int_equal(ferry_crc32c(head, text + cut, sizeof(text) - cut), whole);
    }
}

static void a_digest_chain_depends_on_digest_size_and_order(void **unused)
{
    (void)unused;
    static const uint8_t link[12] = {0x44, 0x33, 0x22, 0x11, 0x00, 0x10};

    assert_int_equal(ferry_digest_chain(5, 0x11223344, 4096), ferry_crc32c(5, link, sizeof(link)));

    const uint32_t ab = ferry_digest_chain(ferry_digest_chain(0, 1, 4096), 2, 4096);
    const uint32_t ba = ferry_digest_chain(ferry_digest_chain(0, 2, 4096), 1, 4096);
    assert_int_not_equal(ab, ba);
    assert_int_not_equal(ferry_digest_chain(0, 1, 4096), ferry_digest_chain(0, 1, 8192));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_match),
        cmocka_unit_test(every_length_and_alignment_equals_the_definition),
        cmocka_unit_test(every_byte_value_at_every_place_equals_the_definition),
        cmocka_unit_test(a_checksum_in_two_parts_is_the_same),
        cmocka_unit_test(a_digest_chain_depends_on_digest_size_and_order),
    };
    return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
