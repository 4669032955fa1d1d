/* SPDX-License-Identifier: Apache-2.0 */
/* clock_test.c -- a faulty clock: drift, steps, and the instants at which it shows something. */
#include "sim/fault/clock.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define SECOND INT64_C(1000000000)
#define HOUR   (3600 * SECOND)

static void a_clock_without_a_fault_shows_the_true_time(void **unused)
{
    const struct clock clock = {.gain = 0};

    (void)unused;
    assert_int_equal(clock_read(&clock, 0), 0);
    assert_int_equal(clock_read(&clock, 12345678901), 12345678901);
    assert_int_equal(clock_when(&clock, 5, 12345678901), 12345678901);
    assert_int_equal(clock_when(&clock, 5, 3), 5);
    assert_int_equal(clock_when(&clock, 5, CLOCK_NEVER), CLOCK_NEVER);
}

static void drift_counts_from_its_begin_to_its_end(void **unused)
{
    struct clock clock = {.gain = 0};

    (void)unused;
    clock_set_gain(&clock, 10 * SECOND, 10000);
    assert_int_equal(clock_read(&clock, 20 * SECOND), 20 * SECOND + SECOND / 10);
    clock_set_gain(&clock, 20 * SECOND, 0);
    assert_int_equal(clock_read(&clock, 30 * SECOND), 30 * SECOND + SECOND / 10);
    clock_set_gain(&clock, 30 * SECOND, -100000);
    assert_int_equal(clock_read(&clock, 31 * SECOND), 31 * SECOND);
    assert_int_equal(clock_read(&clock, 40 * SECOND), 39 * SECOND + SECOND / 10);
}

static void a_jump_ahead_makes_deadlines_early(void **unused)
{
    struct clock clock = {.gain = 0};

    (void)unused;
    clock_step(&clock, SECOND, HOUR);
    assert_int_equal(clock_read(&clock, SECOND), HOUR + SECOND);
    assert_int_equal(clock_when(&clock, SECOND, 2 * SECOND), SECOND);
    assert_int_equal(clock_when(&clock, SECOND, HOUR + 3 * SECOND), 3 * SECOND);
}

static void a_clock_that_is_set_back_stands_still_until_it_has_caught_up(void **unused)
{
    struct clock clock = {.gain = 0};

    (void)unused;
    clock_step(&clock, 10 * SECOND, -3 * SECOND);
    assert_int_equal(clock_read(&clock, 10 * SECOND), 10 * SECOND);
    assert_int_equal(clock_read(&clock, 13 * SECOND), 10 * SECOND);
    assert_int_equal(clock_read(&clock, 13 * SECOND + 1), 10 * SECOND + 1);
    assert_int_equal(clock_when(&clock, 10 * SECOND, 10 * SECOND + 1), 13 * SECOND + 1);
}

/* A timer armed for that instant never finds the clock short, and was not armed late. */
static void the_instant_is_the_first_at_which_the_clock_shows_it(void **unused)
{
    static const int32_t gains[] = {0, 1, -1, 37, -37, 10000, -10000, 99999, -100000};

    (void)unused;
    for (unsigned i = 0; i < sizeof gains / sizeof gains[0]; i++) {
        struct clock clock = {.gain = 0};

        clock_set_gain(&clock, 777, gains[i]);
        clock_step(&clock, 5 * SECOND, i % 2 == 0 ? SECOND : -SECOND);
        for (int64_t k = 1; k < 2000; k++) {
            const int64_t shown = 5 * SECOND + k * 1234567;
            const int64_t when = clock_when(&clock, 5 * SECOND, shown);

            assert_true(clock_read(&clock, when) >= shown);
            assert_true(when == 5 * SECOND || clock_read(&clock, when - 1) < shown);
        }
    }
}

static void it_never_runs_backwards(void **unused)
{
    struct clock clock = {.gain = 0};
    int64_t last = 0;

    (void)unused;
    for (int64_t now = 0; now < 1000; now++) {
        if (now % 10 == 3) {
            clock_set_gain(&clock, now * SECOND, now % 20 == 3 ? -100000 : 100000);
        } else if (now % 10 == 7) {
            clock_step(&clock, now * SECOND, now % 20 == 7 ? -9 * SECOND : 2 * SECOND);
        }
        const int64_t shown = clock_read(&clock, now * SECOND);

        assert_true(shown >= last);
        last = shown;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_without_a_fault_shows_the_true_time),
        cmocka_unit_test(drift_counts_from_its_begin_to_its_end),
        cmocka_unit_test(a_jump_ahead_makes_deadlines_early),
        cmocka_unit_test(a_clock_that_is_set_back_stands_still_until_it_has_caught_up),
        cmocka_unit_test(the_instant_is_the_first_at_which_the_clock_shows_it),
        cmocka_unit_test(it_never_runs_backwards),
    };
    return cmocka_run_group_tests_name("fault/clock", tests, NULL, NULL);
}
