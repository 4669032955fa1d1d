/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_log_test.c -- the dirty log: no write is lost, faults cost what they should, and asking
 * often changes nothing.
 */
#include "model/rng.h"
#include "support.h"

#define PAGES UINT64_C(3001)

static const struct model_workload_spec sweep_fast = {
    .kind = MODEL_WORKLOAD_SWEEP,
    .sweep = {.size_bytes = 3000 * PAGE_4K, .rate = {4096 * UINT64_C(100000), 1}},
};
static const struct model_workload_spec hotset = {
    .kind = MODEL_WORKLOAD_HOTSET,
    .hotset =
        {
                 .hot = {.size_bytes = 100 * PAGE_4K, .rate = {4096 * UINT64_C(20000), 1}},
                 .cold = {.size_bytes = 2500 * PAGE_4K, .rate = {4096 * UINT64_C(777), 1}},
                 },
};
static const struct model_workload_spec burst = {
    .kind = MODEL_WORKLOAD_BURST,
    .burst =
        {
                .set = {.size_bytes = 300 * PAGE_4K, .rate = {4096 * UINT64_C(9001), 1}},
                .on_ns = 70 * MS,
                .off_ns = 31 * MS,
                },
};
static const struct model_phase phase_list[] = {
    {50 * MS, &burst },
    {33 * MS, &hotset}
};
static const struct model_workload_spec phases = {
    .kind = MODEL_WORKLOAD_PHASES, .phases = {.list = phase_list, .count = 2}
};
static const struct model_curve_point points[] = {
    {0,        0  },
    {10 * MS,  500},
    {200 * MS, 900}
};
static const struct model_workload_spec curve = {
    .kind = MODEL_WORKLOAD_CURVE, .curve = {.points = points, .count = 3}
};

static const struct model_workload_spec *const workloads[] = {
    &sweep_fast, &hotset, &burst, &phases, &curve};
enum { WORKLOADS = sizeof(workloads) / sizeof(workloads[0]) };

static void the_log_holds_exactly_the_pages_that_changed(void **unused)
{
    (void)unused;
    for (uint64_t i = 0; i < WORKLOADS * 4; i++) {
        struct model_memory *memory = memory_of(PAGES, PAGES / 2);
        int64_t fault_ns = i % 2 == 0 ? 0 : 5 * US;
        struct model_guest *guest = guest_of(memory, workloads[i % WORKLOADS], i, fault_ns);
        uint64_t *bitmap = bitmap_of(memory);
        uint64_t before[PAGES];
        struct model_rng rng;
        model_rng_init(&rng, i, "collections");
        int64_t now = 17 * MS;
        model_guest_start(guest, 0);
        model_guest_begin_logging(guest, now);
        model_memory_read_tags(memory, 0, PAGES, before);

        for (int round = 0; round < 40; round++) {
            now += (int64_t)model_rng_below(&rng, 20 * MS);
            if (round % 7 == 3) {
                model_guest_stop(guest, now);
            } else if (round % 7 == 4) {
                model_guest_start(guest, now);
            } else if (round % 7 == 5) {
                assert_true(model_guest_write_page(guest, now, PAGES - 1));
            }
            uint64_t dirty = model_guest_collect(guest, now, bitmap);
            assert_true(dirty == bitmap_count(bitmap, PAGES));
            for (uint64_t page = 0; page < PAGES; page++) {
                uint64_t tag = model_memory_tag(memory, page);
                assert_true(bitmap_has(bitmap, page) == (tag != before[page]));
                before[page] = tag;
            }
            assert_true(model_guest_dirty(guest) == 0);
        }
        assert_true(model_guest_writes(guest) > 100);
        free(bitmap);
        model_guest_destroy(guest);
        model_memory_destroy(memory);
    }
}

/* A run with collections, pauses and a throttle; between them the guest is advanced in `steps`
 * pieces. */
static uint64_t digest_of_run(const struct model_workload_spec *workload, uint64_t steps)
{
    struct model_memory *memory = memory_of(PAGES, PAGES);
    struct model_guest *guest = guest_of(memory, workload, 3, 3 * US);
    uint64_t *bitmap = bitmap_of(memory);
    uint64_t digest = 0;
    struct model_rng rng;
    model_rng_init(&rng, steps, "steps");
    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);
    for (int64_t round = 1; round < 30; round++) {
        int64_t from = (round - 1) * 13 * MS;
        int64_t to = round * 13 * MS;
        for (uint64_t i = 1; i < steps; i++) {
            from += (int64_t)model_rng_below(&rng, (uint64_t)((to - from) / 4));
            assert_true(model_guest_advance(guest, from));
        }
        if (round % 5 == 0) {
            model_guest_stop(guest, to);
        } else if (round % 5 == 1) {
            model_guest_start(guest, to);
            model_guest_throttle(guest, to, (uint32_t)(100 - round));
        }
        digest = digest * 31 + model_guest_collect(guest, to, bitmap);
        digest = digest * 31 + model_memory_digest(memory) + (uint64_t)model_guest_time(guest);
    }
    free(bitmap);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
    return digest;
}

static void how_often_a_guest_is_advanced_changes_nothing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < WORKLOADS; i++) {
        uint64_t once = digest_of_run(workloads[i], 1);
        assert_true(digest_of_run(workloads[i], 2) == once);
        assert_true(digest_of_run(workloads[i], 50) == once);
    }
}

static void a_first_write_after_a_collection_costs_guest_time(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, PAGES);
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_SWEEP,
        .sweep = {.size_bytes = 100 * PAGE_4K, .rate = {4096 * 1000, 1}}, /* one each ms */
    };
    struct model_guest *guest = guest_of(memory, &spec, 1, 500 * US);
    uint64_t *bitmap = bitmap_of(memory);

    model_guest_start(guest, 0);
    assert_true(model_guest_advance(guest, 100 * MS)); /* not logging: free */
    assert_true(model_guest_writes(guest) == 100);
    model_guest_begin_logging(guest, 100 * MS);
    assert_true(model_guest_advance(guest, 250 * MS)); /* 100 writes at 1.5 ms each */
    assert_true(model_guest_writes(guest) == 200);
    assert_true(model_guest_stalled(guest) == 50 * MS);
    assert_true(model_guest_time(guest) == 200 * MS);
    assert_true(model_guest_advance(guest, 350 * MS)); /* all pages are dirty: free */
    assert_true(model_guest_writes(guest) == 300);
    assert_true(model_guest_collect(guest, 350 * MS, bitmap) == 100);
    assert_true(model_guest_advance(guest, 380 * MS)); /* protected again: 20 writes */
    assert_true(model_guest_writes(guest) == 320);
    model_guest_end_logging(guest, 380 * MS);
    assert_true(model_guest_advance(guest, 400 * MS));
    assert_true(model_guest_writes(guest) == 340);

    free(bitmap);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_fault_that_a_pause_cuts_short_is_paid_for_after_it(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, PAGES);
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_SWEEP,
        .sweep = {.size_bytes = 100 * PAGE_4K, .rate = {4096 * 1000, 1}},
    };
    struct model_guest *guest = guest_of(memory, &spec, 1, 500 * US);

    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);
    model_guest_stop(guest, 1200 * US); /* in the fault of the write at 1 ms */
    assert_true(model_guest_time(guest) == MS);
    model_guest_start(guest, 10 * MS);
    assert_true(model_guest_advance(guest, 10 * MS + 300 * US));
    assert_true(model_guest_time(guest) == MS);
    assert_true(model_guest_advance(guest, 11 * MS));

    assert_true(model_guest_time(guest) == MS + 700 * US);
    assert_true(model_guest_stalled(guest) == 500 * US);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void logging_begins_with_an_empty_log(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, PAGES);
    struct model_guest *guest = guest_of(memory, &sweep_fast, 1, 0);
    uint64_t *bitmap = bitmap_of(memory);

    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, MS);
    model_guest_begin_logging(
        guest, 2 * MS); /* again: a second migration after a first one that failed */
    bitmap[0] = 12345;
    uint64_t dirty = model_guest_collect(guest, 2 * MS, bitmap);

    assert_true(dirty == 0);
    assert_true(bitmap_count(bitmap, PAGES) == 0);
    free(bitmap);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_holds_exactly_the_pages_that_changed),
        cmocka_unit_test(how_often_a_guest_is_advanced_changes_nothing),
        cmocka_unit_test(a_first_write_after_a_collection_costs_guest_time),
        cmocka_unit_test(a_fault_that_a_pause_cuts_short_is_paid_for_after_it),
        cmocka_unit_test(logging_begins_with_an_empty_log),
    };
    return cmocka_run_group_tests_name("guest log", tests, NULL, NULL);
}
