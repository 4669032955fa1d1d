/* SPDX-License-Identifier: Apache-2.0 */
/* cap_window_test.c -- the sliding window against a reference that tries every instant. */
#include "sim/check/cap_window.h"

#include "stage.h"

/* A cap of 10 bytes a millisecond: 1000 bytes in 100 ms. */
#define CAP ((uint64_t)10000)

static bool judge(const struct cap_burst *bursts, size_t count)
{
    struct cap_window window = {0};
    struct cap_excess excess;
    bool found;

    cap_window_change(&window, 0, CAP);
    for (size_t i = 0; i < count; i++) {
        cap_window_add(&window, &bursts[i]);
    }
    found = cap_window_judge(&window, 3600 * FERRY_SECOND, &excess);
    cap_window_deinit(&window);
    return found;
}

static void cap_and_one_batch_is_the_limit(void **unused)
{
    (void)unused;
    /* 0 .. 100 ms at the cap, and at its end one more batch at once */
    const struct cap_burst exact[] = {
        {0,        50 * MS,  500, true},
        {50 * MS,  100 * MS, 500, true},
        {100 * MS, 100 * MS, 500, true},
    };
    const struct cap_burst over[] = {
        {0,        50 * MS,  500, true },
        {50 * MS,  100 * MS, 500, true },
        {100 * MS, 100 * MS, 500, true },
        {100 * MS, 100 * MS, 1,   false},
    };

    assert_false(judge(exact, COUNT_OF(exact)));
    assert_true(judge(over, COUNT_OF(over)));
}

static void framing_counts_but_is_no_batch(void **unused)
{
    (void)unused;
    const struct cap_burst bursts[] = {
        {0, 0, 1001, false}
    };
    const struct cap_burst batch[] = {
        {0, 0, 1001, true}
    };

    assert_true(judge(bursts, 1));
    assert_false(judge(batch, 1));
}

static void bytes_far_apart_do_not_add_up(void **unused)
{
    (void)unused;
    const struct cap_burst near[] = {
        {0,        0,        900, true},
        {50 * MS,  50 * MS,  900, true},
        {100 * MS, 100 * MS, 900, true},
    };
    const struct cap_burst far[] = {
        {0,            0,            900, true},
        {50 * MS,      50 * MS,      900, true},
        {100 * MS + 1, 100 * MS + 1, 900, true},
    };

    assert_true(judge(near, COUNT_OF(near)));
    assert_false(judge(far, COUNT_OF(far)));
}

static void streams_add_up(void **unused)
{
    (void)unused;
    struct cap_burst bursts[80];

    /* eight streams, batches of 100 bytes each 20 ms: 40 bytes/ms */
    for (size_t i = 0; i < COUNT_OF(bursts); i++) {
        const ferry_time_ns begun = (ferry_time_ns)(i / 8) * 20 * MS;

        bursts[i] = (struct cap_burst){begun, begun + 20 * MS, 100, true};
    }
    assert_true(judge(bursts, COUNT_OF(bursts)));
    for (size_t i = 0; i < COUNT_OF(bursts); i++) {
        bursts[i].bytes = 25; /* the cap exactly */
    }
    assert_false(judge(bursts, COUNT_OF(bursts)));
}

/* At the old rate on and on, after the cap was halved: 5 bytes too many a millisecond, and one
 * batch of 100 is allowed. */
static void a_change_of_the_cap_counts_from_its_instant(void **unused)
{
    (void)unused;
    struct cap_window window = {0};
    struct cap_excess excess = {0};

    cap_window_change(&window, 0, CAP);
    for (ferry_time_ns at = 0; at < 230; at += 10) {
        if (at == 200) {
            cap_window_change(&window, 200 * MS, CAP / 2);
        }
        cap_window_add(&window, &(struct cap_burst){at * MS, (at + 10) * MS, 100, true});
        assert_true(cap_window_judge(&window, (at + 10) * MS, &excess) == (at + 10 > 220));
    }
    assert_true(excess.begin_ns == 130 * MS);
    assert_true(excess.carried == 1000);
    assert_true(excess.allowed == 700 + 150 + 100);
    cap_window_deinit(&window);
}

/* An even stream under a dip of the cap: the worst window begins and ends where the cap changes,
 * and nothing else does. */
static void a_window_may_begin_where_the_cap_changes_alone(void **unused)
{
    (void)unused;
    struct cap_window window = {0};
    struct cap_excess excess = {0};

    cap_window_change(&window, 0, CAP);
    cap_window_change(&window, 200 * MS, CAP / 2);
    cap_window_change(&window, 300 * MS, CAP);
    cap_window_add(&window, &(struct cap_burst){0, 500 * MS, 5000, false});

    assert_true(cap_window_judge(&window, FERRY_SECOND, &excess));
    assert_true(excess.begin_ns == 200 * MS || excess.begin_ns == 100 * MS);
    assert_true(excess.carried == 1000);
    cap_window_deinit(&window);
}

static void a_window_with_an_unlimited_part_is_not_judged(void **unused)
{
    (void)unused;
    struct cap_window window = {0};
    struct cap_excess excess = {0};

    cap_window_change(&window, 0, FERRY_RATE_UNLIMITED);
    cap_window_change(&window, 100 * MS, CAP);
    cap_window_add(&window, &(struct cap_burst){0, 100 * MS, 1000000, true});
    assert_false(cap_window_judge(&window, 199 * MS, &excess));
    cap_window_add(&window, &(struct cap_burst){199 * MS, 199 * MS, 600, true});
    cap_window_add(&window, &(struct cap_burst){200 * MS, 200 * MS, 600, true});
    cap_window_add(&window, &(struct cap_burst){201 * MS, 201 * MS, 600, true});
    assert_true(cap_window_judge(&window, 301 * MS, &excess));
    assert_true(excess.carried == 1800);
    assert_true(excess.allowed == 1600);
    cap_window_deinit(&window);
}

/* ---- against a reference ---- */

/* Time has steps of 10 ms, and bursts fill whole steps. */

#define STEP  (10 * MS)
#define STEPS 60U

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 33;
}

static bool reference(const struct cap_burst *bursts, size_t count)
{
    for (uint64_t begin = 0; begin < STEPS; begin++) {
        const ferry_time_ns from = ((ferry_time_ns)begin - 10) * STEP;
        const ferry_time_ns until = from + 10 * STEP;
        uint64_t carried = 0;
        uint64_t largest = 0;

        for (size_t i = 0; i < count; i++) {
            const ferry_time_ns first = bursts[i].begun_ns > from ? bursts[i].begun_ns : from;
            const ferry_time_ns last = bursts[i].ended_ns < until ? bursts[i].ended_ns : until;

            if (bursts[i].begun_ns <= until && bursts[i].ended_ns >= from) {
                largest = bursts[i].bytes > largest ? bursts[i].bytes : largest;
            }
            if (last > first) {
                carried += bursts[i].bytes /
                           (uint64_t)((bursts[i].ended_ns - bursts[i].begun_ns) / STEP) *
                           (uint64_t)((last - first) / STEP);
            }
        }
        if (carried > 1000 + largest) {
            return true;
        }
    }
    return false;
}

static void any_schedule_is_judged_as_by_trying_every_window(void **unused)
{
    (void)unused;
    uint64_t seed = 1;
    unsigned over = 0;

    for (unsigned trial = 0; trial < 5000; trial++) {
        struct cap_burst bursts[40];
        size_t count = 0;
        const uint64_t streams = 1 + next(&seed) % 3;
        const uint64_t largest = 40 + next(&seed) % 100;

        for (uint64_t stream = 0; stream < streams; stream++) {
            uint64_t at = next(&seed) % 10;

            while (at < 40 && count < COUNT_OF(bursts)) {
                const uint64_t length = 1 + next(&seed) % 6;
                const uint64_t rate = next(&seed) % largest;

                bursts[count++] = (struct cap_burst){
                    (ferry_time_ns)at * STEP,
                    (ferry_time_ns)(at + length) * STEP,
                    rate * length,
                    true};
                at += length + next(&seed) % 3;
            }
        }
        const bool expected = reference(bursts, count);
        over += expected ? 1 : 0;
        assert_true(judge(bursts, count) == expected);
    }
    assert_true(over > 500 && over < 4500); /* both answers were asked for */
}

static void judging_piece_by_piece_finds_the_same_and_forgets_the_past(void **unused)
{
    (void)unused;
    uint64_t seed = 5;
    unsigned over = 0;

    for (unsigned trial = 0; trial < 500; trial++) {
        struct cap_window window = {0};
        struct cap_burst bursts[400];
        struct cap_excess excess;
        ferry_time_ns at = 0;
        bool found = false;
        size_t most = 0;

        cap_window_change(&window, 0, CAP);
        for (size_t i = 0; i < COUNT_OF(bursts); i++) {
            const ferry_time_ns length = (ferry_time_ns)(5 + next(&seed) % 20) * MS;

            bursts[i] = (struct cap_burst){at, at + length, 60 + next(&seed) % 90, true};
            at += length;
            cap_window_add(&window, &bursts[i]);
            found = cap_window_judge(&window, at, &excess) || found;
            most = window.burst_count > most ? window.burst_count : most;
        }
        found = cap_window_judge(&window, at + 2 * CAP_WINDOW, &excess) || found;
        assert_true(found == judge(bursts, COUNT_OF(bursts)));
        over += found ? 1 : 0;
        assert_true(most <= 50); /* 200 ms of batches of at least 5 ms */
        cap_window_deinit(&window);
    }
    assert_true(over > 50 && over < 450);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cap_and_one_batch_is_the_limit),
        cmocka_unit_test(framing_counts_but_is_no_batch),
        cmocka_unit_test(bytes_far_apart_do_not_add_up),
        cmocka_unit_test(streams_add_up),
        cmocka_unit_test(a_change_of_the_cap_counts_from_its_instant),
        cmocka_unit_test(a_window_may_begin_where_the_cap_changes_alone),
        cmocka_unit_test(a_window_with_an_unlimited_part_is_not_judged),
        cmocka_unit_test(any_schedule_is_judged_as_by_trying_every_window),
        cmocka_unit_test(judging_piece_by_piece_finds_the_same_and_forgets_the_past),
    };

    return cmocka_run_group_tests_name("cap_window", tests, NULL, NULL);
}
