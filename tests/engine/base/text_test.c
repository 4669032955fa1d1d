/* SPDX-License-Identifier: Apache-2.0 */
/* text_test.c -- numbers and quantities in sentences. */
#include "base/text.h"

#include "support/harness.h"

static char buffer[64];

static struct base_text fresh(void)
{
    struct base_text text;
    base_text_init(&text, buffer, sizeof(buffer));
    return text;
}

static void integers_are_written_in_full(void **unused)
{
    (void)unused;
    struct base_text text = fresh();
    base_text_add_u64(&text, 0);
    base_text_add(&text, " ");
    base_text_add_u64(&text, UINT64_MAX);
    base_text_add(&text, " ");
    base_text_add_i64(&text, -7);
    base_text_add(&text, " ");
    base_text_add_i64(&text, INT64_MIN);
    assert_string_equal(buffer, "0 18446744073709551615 -7 -9223372036854775808");
    assert_false(text.cut);
}

static void durations_have_three_digits(void **unused)
{
    (void)unused;
    static const struct {
        ferry_time_ns value;
        const char *expected;
    } rows[] = {
        {0,                "0 ns"         },
        {999,              "999 ns"       },
        {1000,             "1.00 us"      },
        {1234,             "1.23 us"      },
        {1235,             "1.24 us"      }, /* halves up */
        {12345678,         "12.3 ms"      },
        {123456789,        "123 ms"       },
        {1999999,          "2.00 ms"      }, /* the carry goes through */
        {1500000000,       "1.50 s"       },
        {3600000000000,    "3600 s"       },
        {-12345678,        "-12.3 ms"     },
        {FERRY_TIME_NEVER, "for ever"     },
        {INT64_MIN,        "-9223372037 s"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct base_text text = fresh();
        base_text_add_duration(&text, rows[i].value);
        assert_string_equal(buffer, rows[i].expected);
    }
}

static void sizes_are_binary_and_rates_are_decimal_bits(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t value;
        const char *size;
        const char *rate;
    } rows[] = {
        {0,                    "0 bytes",    "0 bit/s"            },
        {1,                    "1 bytes",    "8 bit/s"            },
        {1023,                 "1023 bytes", "8.18 kbit/s"        },
        {1536,                 "1.50 KiB",   "12.3 kbit/s"        },
        {1250000000,           "1.16 GiB",   "10.0 Gbit/s"        },
        {UINT64_C(64) << 30,   "64.0 GiB",   "550 Gbit/s"         },
        {UINT64_MAX / 8,       "2.00 EiB",   "18446744 Tbit/s"    },
        {UINT64_MAX / 8 + 1,   "2.00 EiB",   "more than 18 Ebit/s"},
        {FERRY_RATE_UNLIMITED, "16.0 EiB",   "unlimited"          },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct base_text text = fresh();
        base_text_add_size(&text, rows[i].value);
        assert_string_equal(buffer, rows[i].size);
        text = fresh();
        base_text_add_rate(&text, rows[i].value);
        assert_string_equal(buffer, rows[i].rate);
    }
}

static void what_does_not_fit_is_cut_and_terminated(void **unused)
{
    (void)unused;
    char small[8] = "xxxxxxx";
    struct base_text text;

    base_text_init(&text, small, 6);
    assert_string_equal(small, "");
    base_text_add(&text, "abc");
    assert_false(text.cut);
    base_text_add(&text, "defg");

    assert_string_equal(small, "abcde");
    assert_true(text.cut);
    assert_int_equal(small[6], 'x');
}

static void bytes_of_a_peer_are_made_printable(void **unused)
{
    (void)unused;
    static const uint8_t bytes[] = {'a', 0x1b, '[', 0x7f, 0xc3, 'z', 0};
    struct base_text text = fresh();
    base_text_add_bytes(&text, (struct ferry_bytes){.data = bytes, .size = sizeof(bytes)});
    assert_string_equal(buffer, "a?[??z?");
}

static void a_text_without_room_is_a_bug_of_the_caller(void **unused)
{
    (void)unused;
    struct base_text text;
    expect_engine_assert(base_text_init(&text, buffer, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_in_full),
        cmocka_unit_test(durations_have_three_digits),
        cmocka_unit_test(sizes_are_binary_and_rates_are_decimal_bits),
        cmocka_unit_test(what_does_not_fit_is_cut_and_terminated),
        cmocka_unit_test(bytes_of_a_peer_are_made_printable),
        cmocka_unit_test(a_text_without_room_is_a_bug_of_the_caller),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
