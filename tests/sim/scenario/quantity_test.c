/* SPDX-License-Identifier: Apache-2.0 */
/* quantity_test.c -- numbers with units: exact values, and what is refused in which words. */
#include "sim/scenario/quantity.h"

#include "fixture.h"

#include <string.h>

struct good {
    enum quantity_kind kind;
    const char *text;
    uint64_t value;
};

static const struct good units[] = {
    {QUANTITY_COUNT,     "0",                   0                          },
    {QUANTITY_COUNT,     "007",                 7                          },
    {QUANTITY_COUNT,     "9223372036854775807", INT64_MAX                  },
    {QUANTITY_TIME,      "1 ns",                1                          },
    {QUANTITY_TIME,      "1 us",                1000                       },
    {QUANTITY_TIME,      "1 ms",                1000000                    },
    {QUANTITY_TIME,      "1 s",                 1000000000                 },
    {QUANTITY_TIME,      "1 min",               60 * UINT64_C(1000000000)  },
    {QUANTITY_TIME,      "1 h",                 3600 * UINT64_C(1000000000)},
    {QUANTITY_TIME,      "0.2 ms",              200000                     },
    {QUANTITY_TIME,      "1.000000001 s",       1000000001                 },
    {QUANTITY_TIME,      "5s",                  5 * UINT64_C(1000000000)   },
    {QUANTITY_TIME,      "0 s",                 0                          },
    {QUANTITY_SIZE,      "1 B",                 1                          },
    {QUANTITY_SIZE,      "1 KB",                1000                       },
    {QUANTITY_SIZE,      "1 KiB",               1024                       },
    {QUANTITY_SIZE,      "1 MB",                1000000                    },
    {QUANTITY_SIZE,      "1 MiB",               UINT64_C(1) << 20          },
    {QUANTITY_SIZE,      "1 GB",                1000000000                 },
    {QUANTITY_SIZE,      "1 GiB",               UINT64_C(1) << 30          },
    {QUANTITY_SIZE,      "1 TB",                UINT64_C(1000000000000)    },
    {QUANTITY_SIZE,      "1 TiB",               UINT64_C(1) << 40          },
    {QUANTITY_SIZE,      "1.5 GiB",             UINT64_C(3) << 29          },
    {QUANTITY_BANDWIDTH, "1 bit/s",             1                          },
    {QUANTITY_BANDWIDTH, "1 kbit/s",            1000                       },
    {QUANTITY_BANDWIDTH, "1 Mbit/s",            1000000                    },
    {QUANTITY_BANDWIDTH, "10 Gbit/s",           UINT64_C(10000000000)      },
    {QUANTITY_BANDWIDTH, "1 Tbit/s",            UINT64_C(1000000000000)    },
    {QUANTITY_BANDWIDTH, "1 B/s",               8                          },
    {QUANTITY_BANDWIDTH, "1 KB/s",              8000                       },
    {QUANTITY_BANDWIDTH, "1 KiB/s",             8192                       },
    {QUANTITY_BANDWIDTH, "1 MB/s",              8000000                    },
    {QUANTITY_BANDWIDTH, "1 MiB/s",             8 * (UINT64_C(1) << 20)    },
    {QUANTITY_BANDWIDTH, "10 GB/s",             UINT64_C(80000000000)      },
    {QUANTITY_BANDWIDTH, "1 GiB/s",             8 * (UINT64_C(1) << 30)    },
    {QUANTITY_BANDWIDTH, "0 Gbit/s",            0                          },
    {QUANTITY_RATE,      "2000 /s",             2000                       },
    {QUANTITY_RATE,      "2000/s",              2000                       },
    {QUANTITY_SHARE,     "80 %",                800000000                  },
    {QUANTITY_SHARE,     "0.0001 %",            1000                       },
    {QUANTITY_SHARE,     "1 ppm",               1000                       },
};

static void every_unit_has_its_exact_value(void **unused)
{
    (void)unused;
    for (size_t index = 0; index < sizeof(units) / sizeof(units[0]); index++) {
        char message[QUANTITY_MESSAGE_SIZE] = "";
        uint64_t value = 0;

        bool good = quantity_parse_whole(units[index].kind, units[index].text, &value, message);

        assert_string_equal(message, "");
        assert_true(good);
        assert_int_equal(value, units[index].value);
    }
}

struct bad {
    enum quantity_kind kind;
    const char *text;
    const char *message;
};

static const struct bad refused[] = {
    {QUANTITY_SIZE,      "64",                      "'64' needs a unit, such as '64 GiB'"                               },
    {QUANTITY_TIME,      "0",                       "'0' needs a unit, such as '300 ms'"                                },
    {QUANTITY_TIME,      "-5 s",                    "'-5 s' is negative"                                                },
    {QUANTITY_TIME,      "",                        "'' is not a time; write a number and a unit, such as '300 ms'"     },
    {QUANTITY_TIME,      "nan",                     "'nan' is not a time; write a number and a unit, such as '300 ms'"  },
    {QUANTITY_TIME,      "inf s",                   "'inf s' is not a time; write a number and a unit, such as '300 ms'"},
    {QUANTITY_TIME,      "+5 s",                    "'+5 s' is not a time; write a number and a unit, such as '300 ms'" },
    {QUANTITY_TIME,      "1e3 s",                   "'1e3 s' is not a time; write a number and a unit, such as '300 ms'"},
    {QUANTITY_TIME,      ".5 s",                    "'.5 s' is not a time; write a number and a unit, such as '300 ms'" },
    {QUANTITY_TIME,      "5. s",                    "'5. s' is not a time; write a number and a unit, such as '300 ms'" },
    {QUANTITY_TIME,      "1,5 s",                   "'1,5 s' is not a time; write a number and a unit, such as '300 ms'"},
    {QUANTITY_TIME,      "1 2 s",                   "'1 2 s' is not a time; write a number and a unit, such as '300 ms'"},
    {QUANTITY_TIME,      "0x10 s",                  "unknown unit 'x10 s' in '0x10 s'; write it like '300 ms'"          },
    {QUANTITY_TIME,      "5 sec",                   "unknown unit 'sec' in '5 sec'; did you mean 's'?"                  },
    {QUANTITY_TIME,      "5 m",                     "unknown unit 'm' in '5 m'; did you mean 'min'?"                    },
    {QUANTITY_TIME,      "5 MS",                    "unknown unit 'MS' in '5 MS'; did you mean 'ms'?"                   },
    {QUANTITY_TIME,      "5 GiB",                   "'5 GiB' is a size; a time is needed, such as '300 ms'"             },
    {QUANTITY_TIME,      "0.5 ns",                  "'0.5 ns' is not a whole number of nanoseconds"                     },
    {QUANTITY_TIME,      "9999999 h",               "'9999999 h' is too large"                                          },
    {QUANTITY_TIME,      "99999999999999999999 ns", "'99999999999999999999 ns' has more than 19 digits"                 },
    {QUANTITY_SIZE,      "5 gib",                   "unknown unit 'gib' in '5 gib'; did you mean 'GiB'?"                },
    {QUANTITY_SIZE,      "5 G",                     "unknown unit 'G' in '5 G'; did you mean 'GiB'?"                    },
    {QUANTITY_SIZE,      "5 Gbit/s",                "'5 Gbit/s' is a bandwidth; a size is needed, such as '64 GiB'"     },
    {QUANTITY_SIZE,      "0.0001 KiB",              "'0.0001 KiB' is not a whole number of bytes"                       },
    {QUANTITY_SIZE,      "9999999999 TiB",          "'9999999999 TiB' is too large"                                     },
    {QUANTITY_BANDWIDTH, "10 Gbps",                 "unknown unit 'Gbps' in '10 Gbps'; did you mean 'Gbit/s'?"          },
    {QUANTITY_BANDWIDTH, "10 Gb/s",                 "unknown unit 'Gb/s' in '10 Gb/s'; did you mean 'Gbit/s'?"          },
    {QUANTITY_BANDWIDTH, "10 GB",                   "'10 GB' is a size; a bandwidth is needed, such as '10 Gbit/s'"     },
    {QUANTITY_BANDWIDTH, "2 /s",                    "'2 /s' is a rate; a bandwidth is needed, such as '10 Gbit/s'"      },
    {QUANTITY_RATE,      "10 Hz",                   "unknown unit 'Hz' in '10 Hz'; did you mean '/s'?"                  },
    {QUANTITY_RATE,      "10 MB/s",                 "'10 MB/s' is a bandwidth; a rate is needed, such as '2000 /s'"     },
    {QUANTITY_SHARE,     "0.8",                     "'0.8' needs a unit, such as '80 %'"                                },
    {QUANTITY_SHARE,     "80 percent",              "unknown unit 'percent' in '80 percent'; did you mean '%'?"         },
    {QUANTITY_COUNT,     "3 s",                     "'3 s' is not a whole number; write digits only, such as '3'"       },
    {QUANTITY_COUNT,     "1.5",                     "'1.5' is not a whole number"                                       },
    {QUANTITY_COUNT,     "three",                   "'three' is not a whole number; write digits only, such as '3'"     },
    {QUANTITY_COUNT,     "9223372036854775808",     "'9223372036854775808' is too large"                                },
};

static void what_is_no_quantity_is_refused_in_words(void **unused)
{
    (void)unused;
    for (size_t index = 0; index < sizeof(refused) / sizeof(refused[0]); index++) {
        char message[QUANTITY_MESSAGE_SIZE] = "";
        uint64_t value = 77;

        bool good = quantity_parse_whole(refused[index].kind, refused[index].text, &value, message);

        assert_string_equal(message, refused[index].message);
        assert_false(good);
        assert_int_equal(value, 77);
    }
}

static void fractions_of_a_base_unit_are_kept_exactly(void **unused)
{
    (void)unused;
    char message[QUANTITY_MESSAGE_SIZE] = "";
    struct quantity quantity;

    assert_true(quantity_parse(QUANTITY_BANDWIDTH, "0.1 MiB/s", &quantity, message));

    assert_int_equal(quantity.amount, 4194304); /* 8388608 / 10, reduced */
    assert_int_equal(quantity.divisor, 5);
}

struct bound_case {
    enum quantity_kind kind;
    const char *text;
    int64_t low;
    int64_t high;
};

static const struct bound_case bounds[] = {
    {QUANTITY_TIME,  "<= 300 ms",          0,          300000000  },
    {QUANTITY_TIME,  "<=300ms",            0,          300000000  },
    {QUANTITY_TIME,  "< 1 us",             0,          999        },
    {QUANTITY_TIME,  "> 1 us",             1001,       INT64_MAX  },
    {QUANTITY_COUNT, ">= 3",               3,          INT64_MAX  },
    {QUANTITY_COUNT, "at least 3",         3,          INT64_MAX  },
    {QUANTITY_COUNT, "at most 3",          0,          3          },
    {QUANTITY_COUNT, "= 3",                3,          3          },
    {QUANTITY_COUNT, "== 3",               3,          3          },
    {QUANTITY_COUNT, "0",                  0,          0          },
    {QUANTITY_COUNT, "3 .. 5",             3,          5          },
    {QUANTITY_COUNT, "3..5",               3,          5          },
    {QUANTITY_TIME,  "1.5 s .. 2 s",       1500000000, 2000000000 },
    {QUANTITY_TIME,  "10 s +- 2 %",        9800000000, 10200000000},
    {QUANTITY_TIME,  "10 ns +- 55 %",      5,          15         },
    {QUANTITY_SIZE,  "<= 1.5 GiB",         0,          3L << 29   },
    {QUANTITY_SIZE,  "<= 0.3 KiB",         0,          307        },
    {QUANTITY_SIZE,  ">= 0.3 KiB",         308,        INT64_MAX  },
    {QUANTITY_SIZE,  "< 0.3 KiB",          0,          307        },
    {QUANTITY_SIZE,  "> 0.3 KiB",          308,        INT64_MAX  },
    {QUANTITY_SIZE,  "0.3 KiB .. 0.4 KiB", 308,        409        },
};

static void bounds_become_a_lowest_and_a_highest_value(void **unused)
{
    (void)unused;
    for (size_t index = 0; index < sizeof(bounds) / sizeof(bounds[0]); index++) {
        char message[QUANTITY_MESSAGE_SIZE] = "";
        struct scenario_bound bound = {0};

        bool good = quantity_parse_bound(bounds[index].kind, bounds[index].text, &bound, message);

        assert_string_equal(message, "");
        assert_true(good && bound.set);
        assert_int_equal(bound.low, bounds[index].low);
        assert_int_equal(bound.high, bounds[index].high);
        assert_string_equal(bound.text, bounds[index].text);
    }
}

static const struct bad bad_bounds[] = {
    {QUANTITY_TIME,  "<= 300",                "'300' needs a unit, such as '300 ms'"                      },
    {QUANTITY_TIME,  "5 s .. 3 s",            "'5 s .. 3 s' is empty: the first is larger than the second"},
    {QUANTITY_TIME,  "< 0 s",                 "nothing is below 0"                                        },
    {QUANTITY_TIME,  "5 s +- 3 s",            "'3 s' is a time; a share is needed, such as '80 %'"        },
    {QUANTITY_TIME,  "5 s +- 101 %",          "'5 s +- 101 %': a tolerance is at most 100 %"              },
    {QUANTITY_TIME,  "3 .. 5 s",              "'3' needs a unit, such as '300 ms'"                        },
    {QUANTITY_COUNT, "> 9223372036854775807", "nothing is above that"                                     },
    {QUANTITY_COUNT, "",                      "'' is not a whole number; write digits only, such as '3'"  },
    {QUANTITY_COUNT, "<>",                    "'>' is not a whole number; write digits only, such as '3'" },
    {QUANTITY_COUNT, "<= 1.5",                "'1.5' is not a whole number"                               },
    {QUANTITY_SIZE,  "0.3 KiB",               "'0.3 KiB' lies between two whole numbers"                  },
    {QUANTITY_TIME,  "<= 99999999 h",         "'99999999 h' is too large"                                 },
};

static void bounds_that_say_nothing_are_refused(void **unused)
{
    (void)unused;
    for (size_t index = 0; index < sizeof(bad_bounds) / sizeof(bad_bounds[0]); index++) {
        char message[QUANTITY_MESSAGE_SIZE] = "";
        struct scenario_bound bound = {0};

        bool good =
            quantity_parse_bound(bad_bounds[index].kind, bad_bounds[index].text, &bound, message);

        assert_string_equal(message, bad_bounds[index].message);
        assert_false(good || bound.set);
    }
}

static void formatting_picks_the_largest_unit_that_is_exact(void **unused)
{
    (void)unused;
    static const struct good cases[] = {
        {QUANTITY_TIME,      "0 ns",            0                    },
        {QUANTITY_TIME,      "1.5 s",           1500000000           },
        {QUANTITY_TIME,      "200 us",          200000               },
        {QUANTITY_TIME,      "1000.001 us",     1000001              },
        {QUANTITY_SIZE,      "1.5 GiB",         UINT64_C(3) << 29    },
        {QUANTITY_SIZE,      "2 MB",            2000000              },
        {QUANTITY_BANDWIDTH, "10 Gbit/s",       UINT64_C(10000000000)},
        {QUANTITY_BANDWIDTH, "2516.582 Mbit/s", 2516582000           },
        {QUANTITY_SHARE,     "80 %",            800000000            },
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        char text[64];
        quantity_format(cases[index].kind, cases[index].value, text, sizeof(text));
        assert_string_equal(text, cases[index].text);
    }
}

static void quoted_texts_are_short_and_printable(void **unused)
{
    (void)unused;
    assert_string_equal(quote("a\x1b[31mb").text, "a?[31mb");
    assert_int_equal(
        strlen(quote("0123456789012345678901234567890123456789012345678901234567890").text), 47);
    /* Not in the middle of a letter of two bytes. */
    assert_string_equal(
        quote("0123456789012345678901234567890123456789012\xc3\xa4zzzz").text,
        "0123456789012345678901234567890123456789012...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_has_its_exact_value),
        cmocka_unit_test(what_is_no_quantity_is_refused_in_words),
        cmocka_unit_test(fractions_of_a_base_unit_are_kept_exactly),
        cmocka_unit_test(bounds_become_a_lowest_and_a_highest_value),
        cmocka_unit_test(bounds_that_say_nothing_are_refused),
        cmocka_unit_test(formatting_picks_the_largest_unit_that_is_exact),
        cmocka_unit_test(quoted_texts_are_short_and_printable),
    };
    return cmocka_run_group_tests_name("scenario/quantity", tests, NULL, NULL);
}
