/* SPDX-License-Identifier: Apache-2.0 */
/* cursor_test.c -- the bounded reader and writer: byte order, limits, the error that stays. */
#include "base/cursor.h"

#include "support/harness.h"

#include <string.h>

static struct base_reader reader_of(const uint8_t *data, size_t size)
{
    struct base_reader reader;
    base_reader_init(&reader, (struct ferry_bytes){.data = data, .size = size});
    return reader;
}

static void integers_are_little_endian(void **unused)
{
    (void)unused;
    static const uint8_t expected[] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0f,
                                       0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0xfe,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t data[sizeof(expected)];
    struct base_writer writer;

    base_writer_init(&writer, data, sizeof(data));
    base_write_u8(&writer, 0x01);
    base_write_u16(&writer, 0x0203);
    base_write_u32(&writer, 0x04050607);
    base_write_u64(&writer, UINT64_C(0x08090a0b0c0d0e0f));
    base_write_i64(&writer, -2);

    assert_status(writer.status, FERRY_OK);
    assert_int_equal(writer.used, sizeof(expected));
    assert_memory_equal(data, expected, sizeof(expected));
    struct base_reader reader = reader_of(data, sizeof(data));
    assert_int_equal(base_read_u8(&reader), 0x01);
    assert_int_equal(base_read_u16(&reader), 0x0203);
    assert_int_equal(base_read_u32(&reader), 0x04050607);
    assert_true(base_read_u64(&reader) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(base_read_i64(&reader), -2);
    assert_status(base_reader_end(&reader), FERRY_OK);
}

static void reading_past_the_end_is_truncation_and_stays(void **unused)
{
    (void)unused;
    static const uint8_t data[] = {1, 2, 3};
    struct base_reader reader = reader_of(data, sizeof(data));

    assert_int_equal(base_read_u16(&reader), 0x0201);
    assert_int_equal(base_read_u32(&reader), 0);
    assert_int_equal(base_read_u8(&reader), 0); /* one byte is left, but the error stays */
    assert_null(base_read_bytes(&reader, 0).data);

    assert_status(base_reader_end(&reader), FERRY_PEER_TRUNCATED);
    base_reader_fail(&reader, FERRY_PEER_VALUE);
    assert_status(base_reader_end(&reader), FERRY_PEER_TRUNCATED);
}

static void bytes_left_over_are_trailing(void **unused)
{
    (void)unused;
    static const uint8_t data[] = {1, 2};
    struct base_reader reader = reader_of(data, sizeof(data));

    assert_int_equal(base_read_u8(&reader), 1);

    assert_int_equal(base_reader_left(&reader), 1);
    assert_status(base_reader_end(&reader), FERRY_PEER_TRAILING);
}

static void bytes_are_borrowed_within_bounds(void **unused)
{
    (void)unused;
    static const uint8_t data[] = {9, 8, 7};
    struct base_reader reader = reader_of(data, sizeof(data));

    const struct ferry_bytes two = base_read_bytes(&reader, 2);
    assert_ptr_equal(two.data, data);
    assert_int_equal(two.size, 2);
    const struct ferry_bytes too_many = base_read_bytes(&reader, SIZE_MAX);
    assert_int_equal(too_many.size, 0);
    assert_status(base_reader_end(&reader), FERRY_PEER_TRUNCATED);
}

static void a_varint_has_one_form(void **unused)
{
    (void)unused;
    static const struct {
        const char *hex;
        uint64_t value;
        enum ferry_status status;
    } rows[] = {
        {"00",                      0,                 FERRY_OK            },
        {"01",                      1,                 FERRY_OK            },
        {"7f",                      127,               FERRY_OK            },
        {"80 01",                   128,               FERRY_OK            },
        {"ff 7f",                   16383,             FERRY_OK            },
        {"80 80 01",                16384,             FERRY_OK            },
        {"ffffffffffffffff7f",      INT64_MAX,         FERRY_OK            },
        {"ffffffffffffffffff01",    UINT64_MAX,        FERRY_OK            },
        {"80808080808080808001",    UINT64_C(1) << 63, FERRY_OK            },
        {"ffffffffffffffffff02",    0,                 FERRY_PEER_VALUE    }, /* a 65th bit */
        {"ffffffffffffffffff81 00", 0,                 FERRY_PEER_VALUE    }, /* an 11th byte */
        {"80 00",                   0,                 FERRY_PEER_VALUE    }, /* 0, too long */
        {"ff 80 00",                0,                 FERRY_PEER_VALUE    },
        {"80",                      0,                 FERRY_PEER_TRUNCATED},
        {"",                        0,                 FERRY_PEER_TRUNCATED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t data[16];
        const size_t size = harness_bytes_of_hex(rows[i].hex, data, sizeof(data));
        struct base_reader reader = reader_of(data, size);
        assert_true(base_read_varint(&reader) == rows[i].value);
        assert_status(base_reader_end(&reader), rows[i].status);
        if (rows[i].status == FERRY_OK) {
            uint8_t written[BASE_VARINT_MAX];
            struct base_writer writer;
            base_writer_init(&writer, written, sizeof(written));
            base_write_varint(&writer, rows[i].value);
            assert_status(writer.status, FERRY_OK);
            assert_int_equal(writer.used, size);
            assert_memory_equal(written, data, size);
        }
    }
}

static void what_does_not_fit_is_not_written_and_the_error_stays(void **unused)
{
    (void)unused;
    uint8_t data[4] = {0xee, 0xee, 0xee, 0xee};
    struct base_writer writer;

    base_writer_init(&writer, data, 3);
    base_write_u16(&writer, 0x1122);
    base_write_u16(&writer, 0x3344);
    base_write_u8(&writer, 0x55); /* it would fit, but a hole must not be filled up */

    assert_status(writer.status, FERRY_LIMIT_SIZE);
    assert_int_equal(writer.used, 2);
    assert_int_equal(base_writer_left(&writer), 1);
    assert_int_equal(data[2], 0xee);
    assert_int_equal(data[3], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_little_endian),
        cmocka_unit_test(reading_past_the_end_is_truncation_and_stays),
        cmocka_unit_test(bytes_left_over_are_trailing),
        cmocka_unit_test(bytes_are_borrowed_within_bounds),
        cmocka_unit_test(a_varint_has_one_form),
        cmocka_unit_test(what_does_not_fit_is_not_written_and_the_error_stays),
    };
    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
