/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measured_test.c -- guests that follow a recording: curves to the page, replays of real traces
 * line by line.
 */
#include "model/trace.h"
#include "support.h"

#include <stdio.h>

#ifndef FERRY_TRACES /* where the recorded traces are */
#    define FERRY_TRACES "scenarios/traces"
#endif

#define PAGES UINT64_C(5000)

static const struct model_curve_point points[] = {
    {7 * MS,   1000},
    {100 * MS, 1700},
    {101 * MS, 1700},
    {SECOND,   4001}
};
static const struct model_workload_spec curve = {
    .kind = MODEL_WORKLOAD_CURVE, .curve = {.points = points, .count = 4}
};

/* floor of the curve, computed apart from the guest. */
static uint64_t curve_at(int64_t t)
{
    int64_t left_t = 0;
    int64_t left_n = 0;
    for (size_t i = 0; i < 4; i++) {
        int64_t right_n = (int64_t)points[i].pages;
        if (t < points[i].t_ns) {
            int64_t more = (right_n - left_n) * (t - left_t) / (points[i].t_ns - left_t);
            return (uint64_t)(left_n + more);
        }
        left_t = points[i].t_ns;
        left_n = right_n;
    }
    return (uint64_t)left_n;
}

static void a_curve_dirties_exactly_its_number_of_pages(void **unused)
{
    (void)unused;
    static const int64_t lengths[] = {
        0,
        1,
        6999,
        7000,
        7001,
        3 * MS,
        7 * MS - 1,
        7 * MS,
        7 * MS + 1,
        99 * MS,
        100 * MS,
        100 * MS + 1,
        101 * MS,
        101 * MS + 390699,
        101 * MS + 390700,
        555555555,
        SECOND - 1,
        SECOND,
        100 * SECOND};
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_guest *guest = guest_of(memory, &curve, 1, 0);
    uint64_t *bitmap = bitmap_of(memory);
    int64_t now = 5 * MS;
    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, now);

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        assert_true(model_guest_advance(guest, now + lengths[i] / 2));
        assert_true(model_guest_dirty(guest) == curve_at(lengths[i] / 2));
        now += lengths[i];
        assert_true(model_guest_collect(guest, now, bitmap) == curve_at(lengths[i]));
    }
    free(bitmap);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_curve_begins_with_the_same_pages_after_each_collection(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_guest *guest = guest_of(memory, &curve, 1, 0);
    uint64_t *longer = bitmap_of(memory);
    uint64_t *shorter = bitmap_of(memory);
    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);

    model_guest_collect(guest, 200 * MS, longer);
    model_guest_collect(guest, 210 * MS, shorter);

    for (uint64_t word = 0; word < model_memory_word_count(memory); word++) {
        assert_true((shorter[word] & ~longer[word]) == 0);
    }
    /* spread over the memory, not its first pages */
    assert_in_range(bitmap_count(shorter, PAGES / 2), 400, 620);
    free(longer);
    free(shorter);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_curve_writes_nothing_while_logging_is_off(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_guest *guest = guest_of(memory, &curve, 1, 0);
    model_guest_start(guest, 0);

    assert_true(model_guest_advance(guest, SECOND));
    assert_true(model_guest_writes(guest) == 0);
    model_guest_begin_logging(guest, SECOND);
    model_guest_end_logging(guest, 2 * SECOND);
    assert_true(model_guest_writes(guest) == 4001);
    assert_true(model_guest_advance(guest, 3 * SECOND));

    assert_true(model_guest_writes(guest) == 4001);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_curve_inside_a_phase_counts_the_time_of_its_phase(void **unused)
{
    (void)unused;
    static const struct model_workload_spec idle = {.kind = MODEL_WORKLOAD_IDLE};
    const struct model_phase list[] = {
        {30 * MS, &idle },
        {20 * MS, &curve}
    };
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_PHASES, .phases = {.list = list, .count = 2}
    };
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);
    uint64_t *bitmap = bitmap_of(memory);
    model_guest_start(guest, 0);

    model_guest_begin_logging(guest, 10 * MS);
    assert_true(model_guest_collect(guest, 30 * MS, bitmap) == 0);
    assert_true(model_guest_collect(guest, 45 * MS, bitmap) == curve_at(15 * MS));
    assert_true(model_guest_collect(guest, 90 * MS, bitmap) == curve_at(15 * MS)); /* 5 and 10 */
    assert_true(model_guest_collect(guest, 90 * MS, bitmap) == 0);
    assert_true(model_guest_collect(guest, 1000 * MS, bitmap) == curve_at((10 + 18 * 20) * MS));

    free(bitmap);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_curve_restarts_at_once_although_its_next_page_was_phases_away(void **unused)
{
    (void)unused;
    static const struct model_workload_spec idle = {.kind = MODEL_WORKLOAD_IDLE};
    static const struct model_curve_point late[] = {
        {MS,      10},
        {90 * MS, 11}
    };
    const struct model_workload_spec steep = {
        .kind = MODEL_WORKLOAD_CURVE, .curve = {.points = late, .count = 2}
    };
    const struct model_phase list[] = {
        {20 * MS, &steep},
        {30 * MS, &idle }
    };
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_PHASES, .phases = {.list = list, .count = 2}
    };
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);
    uint64_t *bitmap = bitmap_of(memory);
    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);

    assert_true(model_guest_collect(guest, 5 * MS, bitmap) == 10);
    assert_true(model_guest_collect(guest, 10 * MS, bitmap) == 10);
    /* In the idle phase: the curve begins with its own next phase, not 10 ms into it. */
    assert_true(model_guest_collect(guest, 30 * MS, bitmap) == 10);
    assert_true(model_guest_collect(guest, 50 * MS + 500 * US, bitmap) == 5);

    free(bitmap);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static struct model_trace *trace_named(const char *name)
{
    char path[512];
    struct model_trace_error error;
    snprintf(path, sizeof(path), "%s/%s", FERRY_TRACES, name);
    struct model_trace *trace = model_trace_load(path, &error);
    if (trace == NULL) {
        fail_msg("%s:%llu: %s", path, (unsigned long long)error.line, error.text);
    }
    return trace;
}

/* Collects at the end of each interval, `passes` times through the trace. */
static void check_replay(const struct model_trace *trace, int passes)
{
    struct model_memory *memory = model_memory_create(&(struct model_memory_config){
        .page_count = trace->page_count, .page_size = trace->page_size, .guest_id = 7});
    struct model_workload_spec spec = {.kind = MODEL_WORKLOAD_REPLAY, .replay = {.trace = trace}};
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);
    uint64_t *bitmap = bitmap_of(memory);
    uint64_t *expected = bitmap_of(memory);
    uint64_t writes = 0;
    int64_t base = 0;
    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);

    for (int pass = 0; pass < passes; pass++) {
        for (uint64_t i = 0; i < trace->interval_count; i++) {
            const struct model_trace_interval *interval = &trace->intervals[i];
            size_t words = (size_t)model_memory_word_count(memory);
            memset(expected, 0, words * sizeof(*expected));
            for (uint64_t r = 0; r < interval->run_count; r++) {
                const struct model_trace_run *run = &trace->runs[interval->first_run + r];
                for (uint64_t page = run->first; page < run->first + (uint64_t)run->count; page++) {
                    expected[page / 64] |= UINT64_C(1) << (page % 64);
                }
            }
            uint64_t dirty = model_guest_collect(guest, base + interval->end_ns, bitmap);
            writes += interval->page_count;
            assert_true(dirty == interval->page_count);
            assert_memory_equal(bitmap, expected, words * sizeof(*expected));
            assert_true(model_guest_writes(guest) == writes); /* each page once */
        }
        base += trace->intervals[trace->interval_count - 1].end_ns;
    }
    free(bitmap);
    free(expected);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void real_traces_are_replayed_line_by_line(void **unused)
{
    (void)unused;
    static const char *const names[] = {
        "kv.run1.trace.zst", "batch.run1.trace.zst", "web.run1.trace.zst"};
    for (size_t i = 0; i < 3; i++) {
        struct model_trace *trace = trace_named(names[i]);
        assert_true(trace->page_count == 262144);
        assert_true(trace->interval_count == 300);
        check_replay(trace, 2);
        model_trace_destroy(trace);
    }
}

static void the_writes_of_an_interval_are_spread_over_it_in_a_random_order(void **unused)
{
    (void)unused;
    static const char text[] = "# pages 2000\nnonzero\n1000 0+1000\n2000\n3000 0+1000\n";
    struct model_trace_error error;
    struct model_trace *trace = model_trace_parse(text, sizeof(text) - 1, &error);
    assert_non_null(trace);
    struct model_memory *memory = memory_of(2000, 0);
    struct model_workload_spec spec = {.kind = MODEL_WORKLOAD_REPLAY, .replay = {.trace = trace}};
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);
    uint64_t *bitmap = bitmap_of(memory);
    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);

    for (int64_t tenth = 1; tenth <= 10; tenth++) {
        uint64_t dirty = model_guest_collect(guest, tenth * 100 * MS, bitmap);
        assert_true(dirty == 100);
        assert_in_range(bitmap_count(bitmap, 500), 25, 75); /* half of them in each half */
    }
    assert_true(model_guest_collect(guest, 2 * SECOND, bitmap) == 0);

    free(bitmap);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
    model_trace_destroy(trace);
}

static void an_interval_with_more_pages_than_nanoseconds_ends_in_time(void **unused)
{
    (void)unused;
    static const char text[] = "# pages 2000000\nnonzero\n1 0+2000000\n2\n";
    struct model_trace_error error;
    struct model_trace *trace = model_trace_parse(text, sizeof(text) - 1, &error);
    assert_non_null(trace);
    struct model_memory *memory = memory_of(2000000, 0);
    struct model_workload_spec spec = {.kind = MODEL_WORKLOAD_REPLAY, .replay = {.trace = trace}};
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);
    model_guest_start(guest, 0);

    assert_true(model_guest_advance(guest, MS - 1));
    assert_in_range(model_guest_writes(guest), 1999996, 1999999);
    assert_true(model_guest_advance(guest, MS));

    assert_true(model_guest_writes(guest) == 2000000);
    assert_true(model_memory_count_zero(memory, NULL, 0, 2000000) == 0);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
    model_trace_destroy(trace);
}

static void a_trace_without_writes_is_an_idle_guest(void **unused)
{
    (void)unused;
    static const char text[] = "# pages 2000\nnonzero 1+5\n1000\n2000\n";
    struct model_trace_error error;
    struct model_trace *trace = model_trace_parse(text, sizeof(text) - 1, &error);
    assert_non_null(trace);
    struct model_memory *memory = memory_of(2000, 0);
    struct model_workload_spec spec = {.kind = MODEL_WORKLOAD_REPLAY, .replay = {.trace = trace}};
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);

    model_guest_start(guest, 0);
    assert_true(model_guest_advance(guest, 1000 * SECOND));

    assert_true(model_guest_writes(guest) == 0);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
    model_trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_curve_dirties_exactly_its_number_of_pages),
        cmocka_unit_test(a_curve_begins_with_the_same_pages_after_each_collection),
        cmocka_unit_test(a_curve_writes_nothing_while_logging_is_off),
        cmocka_unit_test(a_curve_inside_a_phase_counts_the_time_of_its_phase),
        cmocka_unit_test(a_curve_restarts_at_once_although_its_next_page_was_phases_away),
        cmocka_unit_test(real_traces_are_replayed_line_by_line),
        cmocka_unit_test(the_writes_of_an_interval_are_spread_over_it_in_a_random_order),
        cmocka_unit_test(an_interval_with_more_pages_than_nanoseconds_ends_in_time),
        cmocka_unit_test(a_trace_without_writes_is_an_idle_guest),
    };
    return cmocka_run_group_tests_name("measured", tests, NULL, NULL);
}
