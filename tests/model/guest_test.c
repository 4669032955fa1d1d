/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_test.c -- when and where a guest writes, and how its time passes. The dirty log is in
 * guest_log_test.c.
 */
#include "model/guest.h"

#include "model/rng.h"
#include "support.h"

#define PAGES UINT64_C(4096)

static const struct model_workload_spec idle = {.kind = MODEL_WORKLOAD_IDLE};

static struct model_workload_spec sweep_of(uint64_t pages, uint64_t bytes, uint64_t seconds)
{
    return (struct model_workload_spec){
        .kind = MODEL_WORKLOAD_SWEEP,
        .sweep = {.size_bytes = pages * PAGE_4K, .rate = {bytes, seconds}},
    };
}

/* Pages [first, first + count) that have been written to. */
static uint64_t written_pages(const struct model_memory *memory, uint64_t first, uint64_t count)
{
    uint64_t written = 0;
    for (uint64_t page = first; page < first + count; page++) {
        uint64_t tag = model_memory_tag(memory, page);
        written += tag != 0 && tag != model_tag_initial(7, page) ? 1 : 0;
    }
    return written;
}

static void writes_come_at_exactly_the_rate(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t bytes;
        uint64_t seconds;
        int64_t until;
        uint64_t writes; /* floor(until x bytes / (seconds x 4096 x 10^9)) */
    } rows[] = {
        {4096,                        1,       SECOND - 1,        0     },
        {4096,                        1,       SECOND,            1     },
        {4096 * 3,                    1,       SECOND * 1000,     3000  },
        {4096 * 3,                    1,       SECOND * 1000 - 1, 2999  },
        {4096 * 7,                    10,      SECOND * 10,       7     },
        {UINT64_C(314572800),         1,       SECOND * 10,       768000},
        {UINT64_C(1048576),           10,      SECOND * 1000,     25600 }, /* 0.1 MiB/s */
        {UINT64_C(1234567),           1000,    SECOND * 100000,   30140 },
        {1,                           1,       SECOND * 4096,     1     },
        {1,                           1000000, SECOND * 4096,     0     },
        {0,                           1,       SECOND * 1000000,  0     },
        {4096 * UINT64_C(1000000000), 1,       1000,              1000  },
        {4096,                        0,       SECOND * 5,        5     },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct model_memory *memory = memory_of(PAGES, 0);
        struct model_workload_spec spec = sweep_of(10, rows[i].bytes, rows[i].seconds);
        struct model_guest *guest = guest_of(memory, &spec, 1, 0);

        model_guest_start(guest, 0);
        assert_true(model_guest_advance(guest, rows[i].until));

        assert_true(model_guest_writes(guest) == rows[i].writes);
        model_guest_destroy(guest);
        model_memory_destroy(memory);
    }
}

static void a_sweep_writes_in_order_and_wraps(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, PAGES);
    struct model_workload_spec spec = sweep_of(10, 4096, 1);
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);

    model_guest_start(guest, 0);
    assert_true(model_guest_advance(guest, 13 * SECOND));

    for (uint64_t page = 0; page < 12; page++) {
        uint64_t expected = page < 3    ? model_tag_written(7, 11 + page)
                            : page < 10 ? model_tag_written(7, 1 + page)
                                        : model_tag_initial(7, page);
        assert_true(model_memory_tag(memory, page) == expected);
    }
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_size_is_rounded_up_to_whole_pages(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, PAGES);
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_SWEEP,
        .sweep = {.size_bytes = 2 * PAGE_4K + 1, .rate = {4096, 1}},
    };
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);

    model_guest_start(guest, 0);
    assert_true(model_guest_advance(guest, 10 * SECOND));

    assert_true(written_pages(memory, 0, PAGES) == 3);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void coarse_pages_have_the_same_number_of_writes(void **unused)
{
    (void)unused;
    struct model_memory *memory = model_memory_create(
        &(struct model_memory_config){.page_count = 64, .page_size = 2 * MIB, .guest_id = 7});
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_UNIFORM,
        .uniform = {.size_bytes = 16 * MIB, .rate = {MIB, 1}},
    };
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);

    model_guest_start(guest, 0);
    assert_true(model_guest_advance(guest, 10 * SECOND));

    assert_true(model_guest_writes(guest) == 2560);
    assert_true(written_pages(memory, 0, 64) == 8);
    assert_true(written_pages(memory, 0, 8) == 8);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void hot_and_cold_sets_are_disjoint_and_keep_their_own_rates(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, PAGES);
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_HOTSET,
        .hotset =
            {
                     .hot = {.size_bytes = 16 * PAGE_4K, .rate = {4096 * 1000, 1}},
                     .cold = {.size_bytes = 2000 * PAGE_4K, .rate = {4096 * 10, 1}},
                     },
    };
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);

    model_guest_start(guest, 0);
    assert_true(model_guest_advance(guest, 20 * SECOND));

    assert_true(model_guest_writes(guest) == 20200);
    assert_true(written_pages(memory, 0, 16) == 16);
    /* 200 draws of 2000 pages: 190 different ones on average, standard deviation about 3 */
    assert_in_range(written_pages(memory, 16, 2000), 178, 200);
    assert_true(written_pages(memory, 2016, PAGES - 2016) == 0);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_burst_begins_on_and_writes_only_while_on(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_BURST,
        .burst =
            {
                    .set = {.size_bytes = 8 * PAGE_4K, .rate = {4096 * 10, 1}},
                    .on_ns = 2 * SECOND,
                    .off_ns = 3 * SECOND,
                    },
    };
    static const struct {
        int64_t at;
        uint64_t writes;
    } rows[] = {
        {SECOND,           10 },
        {2 * SECOND - 1,   19 },
        {2 * SECOND,       20 },
        {5 * SECOND,       20 },
        {51 * SECOND / 10, 21 },
        {7 * SECOND,       40 },
        {10 * SECOND,      40 },
        {100 * SECOND,     400},
    };
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);

    model_guest_start(guest, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(model_guest_advance(guest, rows[i].at));
        assert_true(model_guest_writes(guest) == rows[i].writes);
    }
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void phases_take_turns_and_go_on_where_they_were(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, PAGES);
    struct model_workload_spec one = sweep_of(100, 4096 * 10, 1);
    /* 0.75 writes a phase of 1 s: none may get lost at its edges */
    struct model_workload_spec two = sweep_of(50, 4096 * 3, 4);
    const struct model_phase list[] = {
        {2 * SECOND, &one },
        {SECOND,     &idle},
        {SECOND,     &two }
    };
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_PHASES, .phases = {.list = list, .count = 3}
    };
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);

    model_guest_start(guest, 0);
    assert_true(model_guest_advance(guest, 3 * SECOND));
    assert_true(written_pages(memory, 0, 100) == 20);
    assert_true(written_pages(memory, 100, 50) == 0);
    assert_true(model_guest_advance(guest, 4 * SECOND));
    assert_true(model_guest_writes(guest) == 20);
    assert_true(model_guest_advance(guest, 16 * SECOND));

    assert_true(written_pages(memory, 0, 100) == 80);
    assert_true(written_pages(memory, 100, 50) == 3);
    assert_true(written_pages(memory, 150, PAGES - 150) == 0);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void phases_within_phases_see_only_their_own_time(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_workload_spec sweep = sweep_of(1000, 4096 * 10, 1);
    struct model_workload_spec burst = {
        .kind = MODEL_WORKLOAD_BURST,
        .burst =
            {
                    .set = {.size_bytes = 8 * PAGE_4K, .rate = {4096 * 100, 1}},
                    .on_ns = SECOND,
                    .off_ns = 2 * SECOND,
                    },
    };
    const struct model_phase inner_list[] = {
        {SECOND,     &sweep},
        {2 * SECOND, &burst}
    };
    struct model_workload_spec inner = {
        .kind = MODEL_WORKLOAD_PHASES, .phases = {.list = inner_list, .count = 2}
    };
    const struct model_phase outer_list[] = {
        {SECOND,     &idle },
        {2 * SECOND, &inner}
    };
    struct model_workload_spec outer = {
        .kind = MODEL_WORKLOAD_PHASES, .phases = {.list = outer_list, .count = 2}
    };
    struct model_guest *guest = guest_of(memory, &outer, 1, 0);

    /* inner time:  0      1      2      3      4      5      6
     * guest time:  1      2    3|4      5    6|7      8    9
     * runs:        sweep  burst  burst  sweep  burst  burst
     * burst time:         0 on   1 off         2 off  3 on */
    static const struct {
        int64_t at;
        uint64_t sweeps;
        uint64_t writes;
    } rows[] = {
        {SECOND,     0,  0  },
        {2 * SECOND, 10, 10 },
        {3 * SECOND, 10, 110},
        {4 * SECOND, 10, 110},
        {5 * SECOND, 10, 110},
        {6 * SECOND, 20, 120},
        {8 * SECOND, 20, 120},
        {9 * SECOND, 20, 220},
    };
    model_guest_start(guest, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(model_guest_advance(guest, rows[i].at));
        assert_true(written_pages(memory, 0, 1000) == rows[i].sweeps);
        assert_true(model_guest_writes(guest) == rows[i].writes);
    }
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void guest_time_stands_still_while_stopped(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_workload_spec spec = sweep_of(1000, 4096 * 10, 1);
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);
    struct model_rng rng;
    model_rng_init(&rng, 1, "pauses");
    int64_t now = 12345;
    int64_t ran = 0;

    for (int i = 0; i < 100; i++) {
        now += (int64_t)model_rng_below(&rng, SECOND);
        model_guest_start(guest, now);
        int64_t run = (int64_t)model_rng_below(&rng, SECOND);
        now += run;
        ran += run;
        model_guest_stop(guest, now);

        assert_true(model_guest_time(guest) == ran);
        assert_true(model_guest_writes(guest) == (uint64_t)(ran / (SECOND / 10)));
    }
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_throttled_guest_gets_its_share_of_time(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_workload_spec spec = sweep_of(1000, 4096 * 10, 1);
    struct model_guest *guest = guest_of(memory, &spec, 1, 0);

    model_guest_start(guest, 0);
    model_guest_throttle(guest, 10 * SECOND, 30);
    assert_true(model_guest_advance(guest, 20 * SECOND));
    assert_true(model_guest_time(guest) == 13 * SECOND);
    assert_true(model_guest_writes(guest) == 130);
    model_guest_throttle(guest, 20 * SECOND, 100);
    assert_true(model_guest_advance(guest, 21 * SECOND));

    assert_true(model_guest_time(guest) == 14 * SECOND);
    assert_true(model_guest_writes(guest) == 140);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_guest_goes_on_in_its_new_memory(void **unused)
{
    (void)unused;
    struct model_memory *source = memory_of(PAGES, 0);
    struct model_memory *target = memory_of(PAGES, 0);
    struct model_workload_spec spec = sweep_of(100, 4096 * 10, 1);
    struct model_guest *guest = guest_of(source, &spec, 1, 0);

    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);
    model_guest_stop(guest, SECOND);
    model_guest_rehome(guest, target);
    assert_false(model_guest_logging(guest));
    model_guest_start(guest, 2 * SECOND);
    assert_true(model_guest_advance(guest, 3 * SECOND));

    assert_true(written_pages(source, 0, PAGES) == 10);
    assert_true(written_pages(target, 0, 10) == 0);
    assert_true(written_pages(target, 10, 10) == 10);
    assert_true(model_memory_tag(target, 10) == model_tag_written(7, 11));
    assert_ptr_equal(model_guest_memory(guest), target);
    model_guest_destroy(guest);
    model_memory_destroy(source);
    model_memory_destroy(target);
}

static void seed_and_name_decide_the_draws(void **unused)
{
    (void)unused;
    struct model_workload_spec spec = {
        .kind = MODEL_WORKLOAD_UNIFORM,
        .uniform = {.size_bytes = PAGES * PAGE_4K, .rate = {4096 * 1000, 1}},
    };
    static const struct {
        const char *name;
        uint64_t seed;
    } guests[] = {
        {"a", 1},
        {"a", 2},
        {"b", 1},
        {"a", 1}
    };
    uint64_t digests[4];

    for (size_t i = 0; i < 4; i++) {
        struct model_memory *memory = memory_of(PAGES, 0);
        struct model_guest *guest = model_guest_create(&(struct model_guest_config){
            .name = guests[i].name,
            .seed = guests[i].seed,
            .workload = &spec,
            .memory = memory,
        });
        model_guest_start(guest, 0);
        assert_true(model_guest_advance(guest, SECOND));
        digests[i] = model_memory_digest(memory);
        model_guest_destroy(guest);
        model_memory_destroy(memory);
    }

    assert_true(digests[0] != digests[1]);
    assert_true(digests[0] != digests[2]);
    assert_true(digests[0] == digests[3]);
}

static void reaching_a_guest_time_tells_the_real_time_of_it(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);
    struct model_workload_spec spec = sweep_of(1000, 4096 * 10, 1); /* a write each 100 ms */
    struct model_guest *guest = guest_of(memory, &spec, 1, 10 * MS);
    int64_t at = 0;
    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);

    assert_true(model_guest_reach(guest, 99 * MS, SECOND, &at));
    assert_true(at == 99 * MS);
    assert_true(model_guest_reach(guest, 101 * MS, SECOND, &at));
    assert_true(at == 111 * MS); /* the write at 100 ms cost 10 ms */
    assert_true(model_guest_writes(guest) == 1);
    assert_false(model_guest_reach(guest, 500 * MS, 530 * MS, &at));
    assert_true(model_guest_now(guest) == 530 * MS);
    assert_true(model_guest_reach(guest, 500 * MS, 560 * MS, &at));
    assert_true(
        at == 550 * MS); /* five faults: the write at 500 ms is done before its instant is over */
    model_guest_stop(guest, 600 * MS);
    assert_false(model_guest_reach(guest, SECOND, 100 * SECOND, &at));
    assert_true(model_guest_reach(guest, 200 * MS, 100 * SECOND, &at)); /* long ago */
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void a_share_of_writes_leaves_pages_of_zeros(void **unused)
{
    (void)unused;
    static const bool bytes[] = {false, true};
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        struct model_memory *memory = bytes[i] ? byte_memory_of(PAGES) : memory_of(PAGES, PAGES);
        const struct model_workload_spec spec = sweep_of(PAGES, PAGES * PAGE_4K, 1);
        uint64_t *bitmap = bitmap_of(memory);
        assert_true(model_memory_fill_initial(memory, 0, PAGES));
        struct model_guest *guest = model_guest_create(&(struct model_guest_config){
            .name = "db1", .seed = 1, .workload = &spec, .memory = memory, .zeroed_ppm = 250000});

        model_guest_begin_logging(guest, 0);
        model_guest_start(guest, 0);
        assert_true(model_guest_advance(guest, SECOND)); /* every page once */
        memset(bitmap, 0xff, PAGES / 8);
        uint64_t zero = model_memory_count_zero(memory, bitmap, 0, PAGES);

        assert_in_range(zero, PAGES / 5, PAGES * 3 / 10);
        assert_true(written_pages(memory, 0, PAGES) == PAGES - zero);
        assert_true(model_guest_dirty(guest) == PAGES); /* those too are in the log */
        free(bitmap);
        model_guest_destroy(guest);
        model_memory_destroy(memory);
    }
}

static void a_share_of_more_than_all_writes_is_refused(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);

    assert_null(model_guest_create(&(struct model_guest_config){
        .name = "db1", .workload = &idle, .memory = memory, .zeroed_ppm = 1000001}));
    model_memory_destroy(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_come_at_exactly_the_rate),
        cmocka_unit_test(a_sweep_writes_in_order_and_wraps),
        cmocka_unit_test(a_size_is_rounded_up_to_whole_pages),
        cmocka_unit_test(coarse_pages_have_the_same_number_of_writes),
        cmocka_unit_test(hot_and_cold_sets_are_disjoint_and_keep_their_own_rates),
        cmocka_unit_test(a_burst_begins_on_and_writes_only_while_on),
        cmocka_unit_test(phases_take_turns_and_go_on_where_they_were),
        cmocka_unit_test(phases_within_phases_see_only_their_own_time),
        cmocka_unit_test(guest_time_stands_still_while_stopped),
        cmocka_unit_test(a_throttled_guest_gets_its_share_of_time),
        cmocka_unit_test(a_guest_goes_on_in_its_new_memory),
        cmocka_unit_test(seed_and_name_decide_the_draws),
        cmocka_unit_test(reaching_a_guest_time_tells_the_real_time_of_it),
        cmocka_unit_test(a_share_of_writes_leaves_pages_of_zeros),
        cmocka_unit_test(a_share_of_more_than_all_writes_is_refused),
    };
    return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
