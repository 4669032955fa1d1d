/* SPDX-License-Identifier: Apache-2.0 */
/* text_test.c -- quantities and names as text: exact for machines, cut and harmless for people. */
#include "sample.h"
#include "sim/report/json_writer.h"
#include "sim/report/quantity_text.h"
#include "sim/report/screen.h"
#include "sim/report/utf8.h"

#include <stdlib.h>
#include <string.h>

static void seconds_are_exact_to_the_nanosecond(void **unused)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0,                      "0.000000000"          },
        {1,                      "0.000000001"          },
        {-1,                     "-0.000000001"         },
        {100000000,              "0.100000000"          },
        {1000000001,             "1.000000001"          },
        {INT64_MAX,              "9223372036.854775807" },
        {INT64_MIN,              "-9223372036.854775808"},
        {INT64_C(3600000000000), "3600.000000000"       },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[QUANTITY_TEXT_SIZE];

        assert_string_equal(seconds_text(text, cases[i].ns), cases[i].text);
    }
}

static void durations_are_rounded_as_the_engine_does(void **unused)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0,            "0 s"     },
        {999,          "999 ns"  },
        {1000,         "1 us"    },
        {1999,         "2.00 us" },
        {99999,        "100.0 us"},
        {299999999,    "300 ms"  },
        {300000000,    "300 ms"  },
        {9999999,      "10.00 ms"},
        {2699960,      "2.70 ms" },
        {2694999,      "2.69 ms" },
        {53740112000,  "53.7 s"  },
        {123456000000, "123 s"   },
        {-1500000,     "-1.50 ms"},
        {INT64_MAX,    "never"   },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[QUANTITY_TEXT_SIZE];

        assert_string_equal(duration_text(text, cases[i].ns), cases[i].text);
    }
}

static void sizes_take_binary_units(void **unused)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0,                       "0 B"     },
        {1023,                    "1023 B"  },
        {1024,                    "1 KiB"   },
        {1536,                    "1.50 KiB"},
        {UINT64_C(1) << 36,       "64 GiB"  },
        {(UINT64_C(1) << 36) - 1, "64.0 GiB"},
        {UINT64_MAX,              "16.0 EiB"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[QUANTITY_TEXT_SIZE];

        assert_string_equal(bytes_text(text, cases[i].bytes), cases[i].text);
    }
}

static void ratio_of_no_time_is_a_dash(void **unused)
{
    char text[QUANTITY_TEXT_SIZE];

    (void)unused;
    assert_string_equal(ratio_text(text, 1000, 0), "-");
    assert_string_equal(ratio_text(text, 1000, 10), "100x");
    assert_string_equal(ratio_text(text, 5, 10), "0.5x");
}

static void invalid_utf8_becomes_the_replacement_character(void **unused)
{
    static const struct {
        const char *bytes;
        const char *text;
    } cases[] = {
        {"a\xc3\xa9z",       "a\xc3\xa9z"                                      },
        {"\xf0\x9f\x9a\xa2", "\xf0\x9f\x9a\xa2"                                },
        {"\xff",             "\xef\xbf\xbd"                                    },
        {"\xc3",             "\xef\xbf\xbd"                                    }, /* cut short */
        {"\xe2\x82",         "\xef\xbf\xbd\xef\xbf\xbd"                        },
        {"\xc0\xaf",         "\xef\xbf\xbd\xef\xbf\xbd"                        }, /* overlong */
        {"\xed\xa0\x80",     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"            }, /* surrogate */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *stream = sample_open();

        (void)utf8_put_plain(stream, cases[i].bytes, SIZE_MAX);
        char *text = sample_take(stream);

        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

static void text_for_terminals_has_no_control_characters_and_fits(void **unused)
{
    (void)unused;
    FILE *stream = sample_open();

    assert_int_equal(utf8_put_plain(stream, "\033[2Jred\r\n", SIZE_MAX), 9);
    (void)fputc('|', stream);
    assert_int_equal(utf8_put_plain(stream, "h\xc3\xa9llo", 4), 4);
    char *text = sample_take(stream);

    assert_string_equal(text, "?[2Jred??|h\xc3\xa9l~");
    assert_int_equal(utf8_columns("h\xc3\xa9llo"), 5);
    free(text);
}

static void json_strings_are_escaped(void **unused)
{
    (void)unused;
    FILE *stream = sample_open();
    struct json_writer writer = json_writer_on(stream);

    writer_open(&writer, '{');
    writer_member_string(&writer, "quote\"", "back\\slash\nline\x01\x7f\xff");
    writer_member_unsigned(&writer, "n", UINT64_MAX);
    writer_key(&writer, "list");
    writer_open(&writer, '[');
    writer_null(&writer);
    writer_bool(&writer, true);
    writer_hex(&writer, 10);
    writer_seconds(&writer, 1500000000);
    writer_raw(&writer, "");
    writer_raw(&writer, "7");
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    char *text = sample_take(stream);

    assert_string_equal(
        text,
        "{\"quote\\\"\":\"back\\\\slash\\u000aline\\u0001\\u007f\xef\xbf\xbd\","
        "\"n\":18446744073709551615,"
        "\"list\":[null,true,\"000000000000000a\",1.500000000,7]}");
    free(text);
}

static void words_for_the_shell_are_quoted_only_if_they_must_be(void **unused)
{
    static const struct {
        const char *word;
        const char *text;
    } cases[] = {
        {"scenarios/a_b-1.yaml", "scenarios/a_b-1.yaml"},
        {"with blank",           "'with blank'"        },
        {"it's",                 "'it'\\''s'"          },
        {"$(rm)",                "'$(rm)'"             },
        {"-f.yaml",              "./-f.yaml"           },
        {"- f",                  "./'- f'"             },
        {"",                     "''"                  },
        {"~x",                   "'~x'"                },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *stream = sample_open();

        screen_put_quoted(stream, cases[i].word);
        char *text = sample_take(stream);

        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_exact_to_the_nanosecond),
        cmocka_unit_test(durations_are_rounded_as_the_engine_does),
        cmocka_unit_test(sizes_take_binary_units),
        cmocka_unit_test(ratio_of_no_time_is_a_dash),
        cmocka_unit_test(invalid_utf8_becomes_the_replacement_character),
        cmocka_unit_test(text_for_terminals_has_no_control_characters_and_fits),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(words_for_the_shell_are_quoted_only_if_they_must_be),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
