/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_test.c -- reading and writing recorded traces: what is right is read right, what is wrong
 * is refused with its line.
 */
#include "model/trace.h"

#include "support.h"

#include <stdio.h>
#include <zstd.h>

static const char small_trace[] = "# name kv\n"
                                  "# page 8192\n"
                                  "# pages 1000\n"
                                  "# interval_ms 100\n"
                                  "# guest_ops_per_s 40000.8\n"
                                  "nonzero 0+5 10+990\n"
                                  "100 1+1 3+2\n"
                                  "201\n"
                                  "300 999+1\n";

static struct model_trace *parse(const char *text, struct model_trace_error *error)
{
    return model_trace_parse(text, strlen(text), error);
}

static void check_small_trace(const struct model_trace *trace)
{
    assert_string_equal(trace->name, "kv");
    assert_true(trace->page_size == 8192);
    assert_true(trace->page_count == 1000);
    assert_true(trace->interval_ms == 100);
    assert_true(trace->nonzero_count == 2);
    assert_true(trace->nonzero[1].first == 10 && trace->nonzero[1].count == 990);
    assert_true(trace->interval_count == 3);
    assert_true(trace->intervals[0].end_ns == 100 * MS);
    assert_true(trace->intervals[0].run_count == 2);
    assert_true(trace->intervals[0].page_count == 3);
    assert_true(trace->intervals[1].end_ns == 201 * MS);
    assert_true(trace->intervals[1].run_count == 0);
    assert_true(trace->intervals[2].first_run == 2);
    assert_true(trace->runs[2].first == 999 && trace->runs[2].count == 1);
}

static void a_trace_is_read_as_it_is_written(void **unused)
{
    (void)unused;
    struct model_trace_error error;
    struct model_trace *trace = parse(small_trace, &error);

    assert_non_null(trace);
    check_small_trace(trace);
    model_trace_destroy(trace);
    model_trace_destroy(NULL);
}

static const struct {
    const char *text;
    uint64_t line;
    const char *says;
} bad[] = {
    {"",                                                0, "no interval"               },
    {"\n",                                              1, "expected"                  },
    {"\x7f\x45\x4c\x46",                                1, "expected"                  },
    {"# pages 10\n",                                    0, "no interval"               },
    {"# pages 10\nnonzero\n",                           0, "no interval"               },
    {"# pages 10\n100 1+1\n",                           2, "`nonzero` must come before"},
    {"nonzero 0+1\n",                                   1, "no `# pages`"              },
    {"# pages 0\n",                                     1, "`pages` must be"           },
    {"# pages\n",                                       1, "`pages` must be"           },
    {"# pages -1\n",                                    1, "`pages` must be"           },
    {"# pages 4294967296\n",                            1, "`pages` must be"           },
    {"# pages 99999999999999999999999\n",               1, "`pages` must be"           },
    {"# page 4095\n",                                   1, "`page` must be"            },
    {"# page 6144\n",                                   1, "`page` must be"            },
    {"# page 2147483648\n",                             1, "`page` must be"            },
    {"# interval_ms x\n",                               1, "`interval_ms` must be"     },
    {"#pages 10\n",                                     1, "a space after '#'"         },
    {"# pages 10\r\nnonzero\n",                         1, "control character"         },
    {"# pages 10\nnonzer 1\n",                          2, "expected"                  },
    {"# pages 10\nnonzero\nnonzero\n",                  3, "twice"                     },
    {"# pages 10\nnonzero\n# pages 11\n",               3, "before `nonzero`"          },
    {"# pages 10\nnonzero 0+0\n",                       2, "no pages"                  },
    {"# pages 10\nnonzero 0+11\n",                      2, "outside"                   },
    {"# pages 10\nnonzero 10+1\n",                      2, "outside"                   },
    {"# pages 10\nnonzero 9+4294967295\n",              2, "outside"                   },
    {"# pages 10\nnonzero 1+1 2+1\n",                   2, "touches"                   },
    {"# pages 10\nnonzero 3+1 1+1\n",                   2, "overlaps"                  },
    {"# pages 10\nnonzero 0+1 0+1\n",                   2, "overlaps"                  },
    {"# pages 10\nnonzero 0+1  3+1\n",                  2, "expected a page number"    },
    {"# pages 10\nnonzero 0+1 \n",                      2, "expected a page number"    },
    {"# pages 10\nnonzero 0 1+1\n",                     2, "'+'"                       },
    {"# pages 10\nnonzero 0+\n",                        2, "number of pages"           },
    {"# pages 10\nnonzero\n0 1+1\n",                    3, "not after"                 },
    {"# pages 10\nnonzero\n5 1+1\n5\n",                 4, "not after"                 },
    {"# pages 10\nnonzero\n5 1+1\n4\n",                 4, "not after"                 },
    {"# pages 10\nnonzero\n1000000000001\n",            3, "over 1000000000000"        },
    {"# pages 10\nnonzero\n99999999999999999999\n",     3, "over 1000000000000"        },
    {"# pages 10\nnonzero\n5 99999999999999999999+1\n", 3, "over 4294967295"           },
    {"# pages 10\nnonzero\n5 1+1x\n",                   3, "expected a run"            },
    {"# pages 10\nnonzero\n5 1+1",                      3, "in the middle"             },
    {"# pages 10\nnonzero\n5 1+1\n\n",                  4, "expected"                  },
    {"# pages 10\nnonzero\n-5 1+1\n",                   3, "expected"                  },
};

static void each_fault_is_refused_with_its_line(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct model_trace_error error;
        assert_null(parse(bad[i].text, &error));
        if (error.line != bad[i].line || strstr(error.text, bad[i].says) == NULL) {
            fail_msg("row %zu: line %llu: %s", i, (unsigned long long)error.line, error.text);
        }
    }
}

static void a_header_line_that_is_too_long_is_refused(void **unused)
{
    (void)unused;
    char text[1000];
    struct model_trace_error error;
    memset(text, 'x', sizeof(text));
    text[0] = '#';
    text[1] = ' ';

    assert_null(model_trace_parse(text, sizeof(text), &error));
    assert_non_null(strstr(error.text, "over 256"));
}

static void a_trace_cut_anywhere_is_refused_unless_a_line_is_whole(void **unused)
{
    (void)unused;
    size_t size = sizeof(small_trace) - 1;
    size_t first_interval_end = (size_t)(strstr(small_trace, "201") - small_trace);
    for (size_t cut = 0; cut < size; cut++) {
        struct model_trace_error error;
        char *copy = malloc(cut + 1); /* its own block, so that a sanitizer sees a read past it */
        assert_non_null(copy);
        memcpy(copy, small_trace, cut);
        struct model_trace *trace = model_trace_parse(copy, cut, &error);
        bool whole = cut >= first_interval_end && small_trace[cut - 1] == '\n';

        assert_true((trace != NULL) == whole);
        assert_true(whole || error.text[0] != '\0');
        model_trace_destroy(trace);
        free(copy);
    }
}

static void a_compressed_trace_is_read_and_any_cut_of_it_refused(void **unused)
{
    (void)unused;
    uint8_t packed[1024];
    struct model_trace_error error;
    size_t size = ZSTD_compress(packed, sizeof(packed), small_trace, sizeof(small_trace) - 1, 3);
    assert_false(ZSTD_isError(size));

    struct model_trace *trace = model_trace_parse(packed, size, &error);
    assert_non_null(trace);
    check_small_trace(trace);
    model_trace_destroy(trace);

    for (size_t cut = 0; cut < size; cut++) {
        assert_null(model_trace_parse(packed, cut, &error));
        assert_true(error.text[0] != '\0');
    }
}

static void a_frame_cut_at_a_line_is_refused_although_its_lines_are_whole(void **unused)
{
    (void)unused;
    uint8_t packed[1024];
    struct model_trace_error error;
    size_t lines = (size_t)(strstr(small_trace, "201") - small_trace);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_non_null(context);
    ZSTD_inBuffer in = {.src = small_trace, .size = lines, .pos = 0};
    ZSTD_outBuffer out = {.dst = packed, .size = sizeof(packed), .pos = 0};
    assert_true(ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush) == 0);

    assert_null(model_trace_parse(packed, out.pos, &error));
    assert_non_null(strstr(error.text, "cut short"));

    assert_true(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) == 0);
    struct model_trace *trace = model_trace_parse(packed, out.pos, &error);
    assert_non_null(trace);
    assert_true(trace->interval_count == 1);
    model_trace_destroy(trace);
    ZSTD_freeCCtx(context);
}

static void two_compressed_frames_are_one_trace(void **unused)
{
    (void)unused;
    uint8_t packed[2048];
    struct model_trace_error error;
    size_t half = sizeof(small_trace) / 2;
    size_t first = ZSTD_compress(packed, sizeof(packed), small_trace, half, 3);
    size_t second = ZSTD_compress(
        packed + first,
        sizeof(packed) - first,
        small_trace + half,
        sizeof(small_trace) - 1 - half,
        3);

    struct model_trace *trace = model_trace_parse(packed, first + second, &error);

    assert_non_null(trace);
    check_small_trace(trace);
    model_trace_destroy(trace);
}

static void a_trace_larger_than_the_buffers_comes_back_from_a_file_as_it_was(void **unused)
{
    (void)unused;
    enum { LINES = 5000, RUNS = 20 };
    static struct model_trace_run runs[LINES * RUNS];
    static struct model_trace_interval intervals[LINES];
    struct model_trace_run nonzero[1] = {
        {3, 100000}
    };
    struct model_trace trace = {
        .name = "long",
        .page_size = 4096,
        .page_count = 200000,
        .interval_ms = 1,
        .nonzero = nonzero,
        .nonzero_count = 1,
        .runs = runs,
        .run_count = LINES * RUNS,
        .intervals = intervals,
        .interval_count = LINES,
    };
    for (uint32_t i = 0; i < LINES; i++) {
        for (uint32_t j = 0; j < RUNS; j++) {
            runs[i * RUNS + j] = (struct model_trace_run){j * 9000 + i, 1 + i % 7};
            intervals[i].page_count += 1 + i % 7;
        }
        intervals[i].end_ns = (int64_t)(i + 1) * 3 * MS;
        intervals[i].first_run = i * RUNS;
        intervals[i].run_count = RUNS;
    }
    char path[] = "/tmp/ferry-trace-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *stream = fdopen(descriptor, "w");
    assert_non_null(stream);
    assert_true(model_trace_write(&trace, stream));
    assert_int_equal(fclose(stream), 0);

    struct model_trace_error error;
    struct model_trace *read = model_trace_load(path, &error);
    remove(path);

    assert_non_null(read);
    assert_true(read->interval_count == LINES);
    assert_true(read->run_count == LINES * RUNS);
    assert_memory_equal(read->runs, runs, sizeof(runs));
    assert_memory_equal(read->intervals, intervals, sizeof(intervals));
    assert_memory_equal(read->nonzero, nonzero, sizeof(nonzero));
    assert_string_equal(read->name, "long");
    model_trace_destroy(read);
}

static void a_missing_file_or_a_folder_is_an_error(void **unused)
{
    (void)unused;
    struct model_trace_error error;
    assert_null(model_trace_load("/nonexistent/trace", &error));
    assert_non_null(strstr(error.text, "cannot be opened"));
    assert_null(model_trace_load("/", &error));
    assert_true(error.text[0] != '\0');
}

static void writing_to_a_full_device_fails(void **unused)
{
    (void)unused;
    struct model_trace_error error;
    struct model_trace *trace = parse(small_trace, &error);
    FILE *stream = fopen("/dev/full", "w");
    if (stream == NULL) {
        model_trace_destroy(trace);
        print_message("skipped: there is no /dev/full here\n");
        skip();
    }

    assert_false(model_trace_write(trace, stream));
    fclose(stream);
    model_trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_is_read_as_it_is_written),
        cmocka_unit_test(each_fault_is_refused_with_its_line),
        cmocka_unit_test(a_header_line_that_is_too_long_is_refused),
        cmocka_unit_test(a_trace_cut_anywhere_is_refused_unless_a_line_is_whole),
        cmocka_unit_test(a_compressed_trace_is_read_and_any_cut_of_it_refused),
        cmocka_unit_test(a_frame_cut_at_a_line_is_refused_although_its_lines_are_whole),
        cmocka_unit_test(two_compressed_frames_are_one_trace),
        cmocka_unit_test(a_trace_larger_than_the_buffers_comes_back_from_a_file_as_it_was),
        cmocka_unit_test(a_missing_file_or_a_folder_is_an_error),
        cmocka_unit_test(writing_to_a_full_device_fails),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
