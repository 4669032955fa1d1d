/* SPDX-License-Identifier: Apache-2.0 */
/* preface_test.c -- the 40 bytes that open a connection. */
#include "ferry/stream.h"
#include "support/harness.h"

#include <string.h>

static const struct ferry_preface ordinary = {
    .role = FERRY_ROLE_PAYLOAD,
    .version_min = 1,
    .version_max = 3,
    .session = {.high = 0x1112131415161718, .low = 0x2122232425262728},
    .attach = 0x31323334,
    .stream = 5,
};

static void a_preface_has_its_bytes(void **unused)
{
    (void)unused;
    uint8_t expected[FERRY_PREFACE_SIZE];
    uint8_t actual[FERRY_PREFACE_SIZE];
    const size_t size = harness_bytes_of_hex(
        "4645525259 0d0a00 0200 0100 0300 0500 34333231 1817161514131211 2827262524232221 5b713a0d",
        expected,
        sizeof(expected));
    assert_int_equal(size, FERRY_PREFACE_SIZE);

    ferry_preface_encode(&ordinary, actual);

    assert_memory_equal(actual, expected, FERRY_PREFACE_SIZE);
}

static void a_preface_comes_back_as_it_was(void **unused)
{
    (void)unused;
    uint8_t bytes[FERRY_PREFACE_SIZE];
    struct ferry_preface preface;
    ferry_preface_encode(&ordinary, bytes);

    assert_status(ferry_preface_decode(bytes, &preface), FERRY_OK);

    assert_int_equal(preface.role, ordinary.role);
    assert_int_equal(preface.version_min, 1);
    assert_int_equal(preface.version_max, 3);
    assert_true(preface.session.high == ordinary.session.high);
    assert_true(preface.session.low == ordinary.session.low);
    assert_int_equal(preface.attach, ordinary.attach);
    assert_int_equal(preface.stream, ordinary.stream);
}

static void every_damaged_bit_is_found_and_nothing_is_given_out(void **unused)
{
    (void)unused;
    uint8_t bytes[FERRY_PREFACE_SIZE];
    ferry_preface_encode(&ordinary, bytes);
    for (size_t bit = 0; bit < 8 * (size_t)FERRY_PREFACE_SIZE; bit++) {
        struct ferry_preface preface;
        struct ferry_preface untouched;
        memset(&preface, 0x5a, sizeof(preface));
        memset(&untouched, 0x5a, sizeof(untouched));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(
            ferry_preface_decode(bytes, &preface),
            bit < 64 ? FERRY_PEER_FRAME : FERRY_PEER_CHECKSUM);
        assert_memory_equal(&preface, &untouched, sizeof(preface));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void undefined_values_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        struct ferry_preface preface;
        enum ferry_status expected;
    } rows[] = {
        {{FERRY_ROLE_CONTROL, 1, 1, {1, 0}, 1, 0},  FERRY_OK        },
        {{FERRY_ROLE_PAYLOAD, 1, 1, {0, 1}, 1, 63}, FERRY_OK        },
        {{FERRY_ROLE_CONTROL, 1, 9, {1, 0}, 1, 0},  FERRY_OK        }, /* newer */
        {{FERRY_ROLE_CONTROL, 2, 9, {1, 0}, 1, 0},  FERRY_OK        }, /* OPEN is refused */
        {{FERRY_ROLE_CONTROL, 0, 1, {1, 0}, 1, 0},  FERRY_PEER_VALUE},
        {{FERRY_ROLE_CONTROL, 2, 1, {1, 0}, 1, 0},  FERRY_PEER_VALUE},
        {{(enum ferry_role)0, 1, 1, {1, 0}, 1, 0},  FERRY_PEER_VALUE},
        {{(enum ferry_role)3, 1, 1, {1, 0}, 1, 0},  FERRY_PEER_VALUE},
        {{FERRY_ROLE_CONTROL, 1, 1, {0, 0}, 1, 0},  FERRY_PEER_VALUE}, /* no session */
        {{FERRY_ROLE_CONTROL, 1, 1, {1, 0}, 0, 0},  FERRY_PEER_VALUE}, /* no attach */
        {{FERRY_ROLE_CONTROL, 1, 1, {1, 0}, 1, 1},  FERRY_PEER_VALUE}, /* stream of control */
        {{FERRY_ROLE_PAYLOAD, 1, 1, {1, 0}, 1, 64}, FERRY_PEER_VALUE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t bytes[FERRY_PREFACE_SIZE];
        struct ferry_preface preface;
        ferry_preface_encode(&rows[i].preface, bytes);
        assert_status(ferry_preface_decode(bytes, &preface), rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_preface_has_its_bytes),
        cmocka_unit_test(a_preface_comes_back_as_it_was),
        cmocka_unit_test(every_damaged_bit_is_found_and_nothing_is_given_out),
        cmocka_unit_test(undefined_values_are_refused),
    };
    return cmocka_run_group_tests_name("preface", tests, NULL, NULL);
}
