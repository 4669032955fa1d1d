/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload_test.c -- what a guest can run and what it cannot, with the reason.
 */
#include "model/workload.h"

#include "model/trace.h"
#include "support.h"

#define PAGES UINT64_C(1000)

static const struct model_workload_spec idle = {.kind = MODEL_WORKLOAD_IDLE};
static const struct model_curve_point good_points[] = {
    {0, 0   },
    {1, 1   },
    {5, 1   },
    {6, 1000}
};
static const struct model_curve_point no_origin[] = {
    {1, 1}
};
static const struct model_curve_point standing[] = {
    {1, 1},
    {1, 2}
};
static const struct model_curve_point falling[] = {
    {1, 2},
    {2, 1}
};
static const struct model_curve_point steep[] = {
    {0, 1}
};
static const struct model_curve_point many[] = {
    {1, 1001}
};
static const struct model_phase no_time[] = {
    {0, &idle}
};
static const struct model_phase long_time[] = {
    {INT64_C(1) << 61, &idle},
    {1,                &idle}
};
static struct model_trace trace = {.page_count = PAGES, .page_size = PAGE_4K};
static struct model_trace other_trace = {.page_count = PAGES, .page_size = 2 * PAGE_4K};

#define ALL (PAGES * PAGE_4K)

/* The formatter takes the commas of these macros for columns of the table. */
/* clang-format off */
#define SET(bytes, amount, seconds) {bytes, {amount, seconds}}
#define SWEEP(bytes, amount, seconds) \
    {.kind = MODEL_WORKLOAD_SWEEP, .sweep = SET(bytes, amount, seconds)}
#define UNIFORM(bytes, amount, seconds) \
    {.kind = MODEL_WORKLOAD_UNIFORM, .uniform = SET(bytes, amount, seconds)}
#define HOTSET(hot_bytes, cold_bytes) \
    {.kind = MODEL_WORKLOAD_HOTSET, .hotset = {SET(hot_bytes, 1, 1), SET(cold_bytes, 1, 1)}}
#define BURST(on, off) {.kind = MODEL_WORKLOAD_BURST, .burst = {SET(ALL, 1, 1), on, off}}
#define PHASES(list, count) {.kind = MODEL_WORKLOAD_PHASES, .phases = {list, count}}
#define CURVE(points, count) {.kind = MODEL_WORKLOAD_CURVE, .curve = {points, count}}
#define REPLAY(loaded) {.kind = MODEL_WORKLOAD_REPLAY, .replay = {NULL, loaded}}
#define KIND(number) {.kind = (enum model_workload_kind)(number)}

static const struct {
    enum model_workload_status status;
    struct model_workload_spec spec;
} rows[] = {
    {MODEL_WORKLOAD_OK,              KIND(MODEL_WORKLOAD_IDLE)},
    {MODEL_WORKLOAD_BAD_KIND,        KIND(0)},
    {MODEL_WORKLOAD_BAD_KIND,        KIND(99)},
    {MODEL_WORKLOAD_OK,              SWEEP(ALL, 1, 1)},
    {MODEL_WORKLOAD_TOO_LARGE,       SWEEP(ALL + 1, 1, 1)},
    {MODEL_WORKLOAD_TOO_LARGE,       SWEEP(UINT64_MAX,1, 1)},
    {MODEL_WORKLOAD_OK,              UNIFORM(0, 0, 1)},
    {MODEL_WORKLOAD_EMPTY_SET,       UNIFORM(0, 1, 1)},
    {MODEL_WORKLOAD_OK,              UNIFORM(1, MODEL_RATE_BYTES_MAX, 1)},
    {MODEL_WORKLOAD_BAD_RATE,        UNIFORM(1, MODEL_RATE_BYTES_MAX + 1, 1)},
    {MODEL_WORKLOAD_BAD_RATE,        UNIFORM(1,1, 1000001)},
    {MODEL_WORKLOAD_OK,              HOTSET(ALL / 2, ALL / 2)},
    {MODEL_WORKLOAD_TOO_LARGE,       HOTSET(ALL / 2, ALL / 2 + 1)},
    {MODEL_WORKLOAD_OK,              BURST(1, 0)},
    {MODEL_WORKLOAD_BAD_TIMES,       BURST(0, 1)},
    {MODEL_WORKLOAD_BAD_TIMES,       BURST(1, -1)},
    {MODEL_WORKLOAD_BAD_TIMES,       BURST(1, INT64_MAX)},
    {MODEL_WORKLOAD_BAD_TIMES,       PHASES(NULL, 0)},
    {MODEL_WORKLOAD_BAD_TIMES,       PHASES(no_time,1)},
    {MODEL_WORKLOAD_BAD_TIMES,       PHASES(long_time, 2)},
    {MODEL_WORKLOAD_OK,              CURVE(good_points, 4)},
    {MODEL_WORKLOAD_OK,              CURVE(no_origin, 1)},
    {MODEL_WORKLOAD_BAD_CURVE,       CURVE(good_points,0)},
    {MODEL_WORKLOAD_BAD_CURVE,       CURVE(standing, 2)},
    {MODEL_WORKLOAD_BAD_CURVE,       CURVE(falling, 2)},
    {MODEL_WORKLOAD_BAD_CURVE,       CURVE(steep, 1)},
    {MODEL_WORKLOAD_TOO_LARGE,       CURVE(many, 1)},
    {MODEL_WORKLOAD_NO_TRACE,        REPLAY(NULL)},
    {MODEL_WORKLOAD_OK,              REPLAY(&trace)},
    {MODEL_WORKLOAD_TRACE_MISMATCH,  REPLAY(&other_trace)},
};
/* clang-format on */

static void each_workload_is_accepted_or_refused_for_its_reason(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum model_workload_status status = model_workload_check(&rows[i].spec, PAGES, PAGE_4K);
        if (status != rows[i].status) {
            fail_msg("row %zu: %s", i, model_workload_status_text(status));
        }
    }
}

static void sets_of_all_phases_share_the_memory(void **unused)
{
    (void)unused;
    struct model_workload_spec half = SWEEP(ALL / 2, 1, 1);
    const struct model_phase list[] = {
        {1, &half},
        {1, &half},
        {1, &half}
    };
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_PHASES, .phases = {list, 2}
    };

    assert_int_equal(model_workload_check(&spec, PAGES, PAGE_4K), MODEL_WORKLOAD_OK);
    spec.phases.count = 3;
    assert_int_equal(model_workload_check(&spec, PAGES, PAGE_4K), MODEL_WORKLOAD_TOO_LARGE);
}

static void nesting_and_number_of_parts_are_bounded(void **unused)
{
    (void)unused;
    struct model_workload_spec nested[MODEL_PHASE_DEPTH_MAX + 2] = {{.kind = MODEL_WORKLOAD_IDLE}};
    struct model_phase steps[MODEL_PHASE_DEPTH_MAX + 2];
    for (size_t i = 1; i < MODEL_PHASE_DEPTH_MAX + 2; i++) {
        steps[i] = (struct model_phase){1, &nested[i - 1]};
        nested[i] = (struct model_workload_spec){
            .kind = MODEL_WORKLOAD_PHASES, .phases = {&steps[i], 1}
        };
    }
    size_t deepest = MODEL_PHASE_DEPTH_MAX;
    assert_int_equal(model_workload_check(&nested[deepest], PAGES, PAGE_4K), MODEL_WORKLOAD_OK);
    assert_int_equal(
        model_workload_check(&nested[deepest + 1], PAGES, PAGE_4K), MODEL_WORKLOAD_TOO_DEEP);

    struct model_workload_spec page = SWEEP(1, 1, 1);
    struct model_phase list[MODEL_SOURCES_MAX + 1];
    for (size_t i = 0; i <= MODEL_SOURCES_MAX; i++) {
        list[i] = (struct model_phase){1, &page};
    }
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_PHASES, .phases = {list, MODEL_SOURCES_MAX}
    };
    assert_int_equal(model_workload_check(&spec, PAGES, PAGE_4K), MODEL_WORKLOAD_OK);
    spec.phases.count++;
    assert_int_equal(model_workload_check(&spec, PAGES, PAGE_4K), MODEL_WORKLOAD_TOO_MANY);
}

static void a_guest_that_does_not_fit_is_not_made(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_workload_spec spec = SWEEP(ALL + 1, 1, 1);

    assert_null(model_guest_create(
        &(struct model_guest_config){.name = "db1", .workload = &spec, .memory = memory}));

    model_guest_destroy(NULL);
    model_memory_destroy(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_workload_is_accepted_or_refused_for_its_reason),
        cmocka_unit_test(sets_of_all_phases_share_the_memory),
        cmocka_unit_test(nesting_and_number_of_parts_are_bounded),
        cmocka_unit_test(a_guest_that_does_not_fit_is_not_made),
    };
    return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
