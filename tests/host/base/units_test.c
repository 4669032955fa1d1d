/* SPDX-License-Identifier: Apache-2.0 */
/* units_test.c -- quantities there and back, errors, nearest words, checksums. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "engine/host/base/units.h"

#include "engine/host/base/crc.h"
#include "engine/host/base/error.h"
#include "engine/host/base/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void times_are_exact(void **unused)
{
    static const struct {
        const char *text;
        ferry_time_ns value; /* -1: refused */
    } rows[] = {
        {"300 ms",                  300000000          },
        {"300ms",                   300000000          },
        {"1.5 s",                   1500000000         },
        {"0.000000001 s",           1                  },
        {"0.0000000001 s",          -1                 },
        {"2 min",                   120000000000       },
        {"1 h",                     3600000000000      },
        {"0 ns",                    0                  },
        {"300",                     -1                 },
        {"",                        -1                 },
        {"ms",                      -1                 },
        {"1. s",                    -1                 },
        {".5 s",                    -1                 },
        {"1 S",                     -1                 },
        {"-1 s",                    -1                 },
        {"1 s ",                    -1                 },
        {"9223372036 s",            9223372036000000000},
        {"9223372037 s",            -1                 },
        {"99999999999999999999 ns", -1                 },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ferry_time_ns value = -1;
        const bool good = units_parse_time(rows[i].text, &value);

        assert_int_equal(good, rows[i].value >= 0);
        if (good) {
            assert_true(value == rows[i].value);
        }
    }
}

static void sizes_and_rates_are_exact(void **unused)
{
    uint64_t value = 0;

    (void)unused;
    assert_true(units_parse_size("8 GiB", &value) && value == 8ULL << 30);
    assert_true(units_parse_size("0.5 KiB", &value) && value == 512);
    assert_true(units_parse_size("1 GB", &value) && value == 1000000000);
    assert_true(units_parse_size("16777215 TiB", &value) && value == 16777215ULL << 40);
    assert_false(units_parse_size("16777216 TiB", &value));
    assert_false(units_parse_size("0.3 B", &value));
    assert_true(units_parse_rate("1 Gbit/s", &value) && value == 125000000);
    assert_true(units_parse_rate("8 bit/s", &value) && value == 1);
    assert_false(units_parse_rate("9 bit/s", &value));
    assert_true(units_parse_rate("2 MiB/s", &value) && value == 2097152);
    assert_true(units_parse_count("64", &value) && value == 64);
    assert_false(units_parse_count("6 4", &value));
    assert_false(units_parse_count("1.0", &value));
}

static void numbers_are_told_shortly(void **unused)
{
    char text[UNITS_TEXT_MAX];

    (void)unused;
    assert_string_equal(units_format_time(text, 73400000), "73.4 ms");
    assert_string_equal(units_format_time(text, 999), "999 ns");
    assert_string_equal(units_format_time(text, 90 * FERRY_SECOND), "1.5 min");
    assert_string_equal(units_format_time(text, FERRY_TIME_NEVER), "none");
    assert_string_equal(units_format_size(text, 1342177280), "1.25 GiB");
    assert_string_equal(units_format_size(text, 0), "0 B");
    assert_string_equal(units_format_rate(text, 125000000), "1 Gbit/s");
    assert_string_equal(units_format_rate(text, 131), "1.04 kbit/s");
    assert_string_equal(units_format_rate(text, FERRY_RATE_UNLIMITED), "none");
}

static void an_error_has_a_code_a_sentence_and_a_step(void **unused)
{
    struct host_error error = {.code = HOST_OK};
    char longer[2000];

    (void)unused;
    assert_int_equal(host_fail_errno(&error, ENOSPC, "writing %s", "x"), HOST_DISK_FULL);
    assert_string_equal(error.text, "writing x: No space left on device");
    assert_true(error.next_step[0] != '\0');
    host_error_prefix(&error, "guest %d", 1);
    assert_string_equal(error.text, "guest 1: writing x: No space left on device");
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(host_fail(&error, HOST_LIMIT, "%s", longer), HOST_LIMIT);
    assert_int_equal(strlen(error.text), HOST_ERROR_TEXT_MAX - 1);
    assert_string_equal(error.text + HOST_ERROR_TEXT_MAX - 4, "...");
    assert_int_equal(host_fail(NULL, HOST_BUSY, "x"), HOST_BUSY);
    assert_int_equal(host_fail_status(&error, FERRY_REFUSED_MEMORY), HOST_REFUSED);
    assert_int_equal(host_fail_status(&error, FERRY_USAGE_TOO_LATE), HOST_TOO_LATE);
    for (unsigned code = HOST_OK; code < HOST_CODE_COUNT; code++) {
        assert_int_equal(host_code_from_word(host_code_word((enum host_code)code)), code);
    }
    assert_int_equal(host_code_from_word("brand-new"), HOST_FAILED);
}

static void the_nearest_word_is_suggested_if_it_is_near(void **unused)
{
    static const char *const words[] = {"port", "peers", "host", NULL};

    (void)unused;
    assert_string_equal(suggest_nearest("prot", words), "port");
    assert_string_equal(suggest_nearest("peer", words), "peers");
    assert_null(suggest_nearest("quux", words));
    assert_null(suggest_nearest("", words));
}

/* Bit by bit, as the definition says it. */
static uint32_t slow_crc(uint32_t crc, const uint8_t *data, size_t size)
{
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
        }
    }
    return ~crc;
}

static void checksums_are_those_of_the_definition_at_every_size(void **unused)
{
    static uint8_t data[20000];
    uint32_t seed = 1;

    (void)unused;
    assert_int_equal(host_crc32c(0, "123456789", 9), 0xe3069283U);
    for (size_t i = 0; i < sizeof data; i++) {
        seed = seed * 1103515245U + 12345U;
        data[i] = (uint8_t)(seed >> 16);
    }
    for (size_t size = 0; size < 19000; size += size < 100 ? 1 : 331) {
        const size_t begin = size % 13;

        assert_int_equal(host_crc32c(7, data + begin, size), slow_crc(7, data + begin, size));
        assert_int_equal(
            host_crc32c(host_crc32c(0, data, size / 3), data + size / 3, size - size / 3),
            slow_crc(0, data, size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_exact),
        cmocka_unit_test(sizes_and_rates_are_exact),
        cmocka_unit_test(numbers_are_told_shortly),
        cmocka_unit_test(an_error_has_a_code_a_sentence_and_a_step),
        cmocka_unit_test(the_nearest_word_is_suggested_if_it_is_near),
        cmocka_unit_test(checksums_are_those_of_the_definition_at_every_size),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
