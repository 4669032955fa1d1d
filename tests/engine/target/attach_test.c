/* SPDX-License-Identifier: Apache-2.0 */
/* attach_test.c -- a new connection while streams of an older one may still be placing pages. */
#include "support/harness.h"
#include "support/pair.h"

static const struct pair_options ordinary = {.ram_pages = 256, .dirty_pages_per_ms = 1};

/* AT-1: otherwise an old page could be placed over a newer one that was sent again. */
static void resume_is_not_answered_before_older_streams_have_stopped(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);
    pair_tamper(
        pair,
        PAIR_TARGET,
        FERRY_ACTION_DETACH,
        (struct pair_tamper){.times = 1, .delay = 100 * FERRY_MILLISECOND});
    pair_reset(pair);

    pair_advance(pair, 90 * FERRY_MILLISECOND);
    assert_int_equal(pair_sent(pair, WIRE_RESUME), 1);
    assert_int_equal(pair_sent(pair, WIRE_RESUMED), 0);

    pair_assert_completed(pair);
    assert_int_equal(pair_sent(pair, WIRE_RESUMED), 1);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resume_is_not_answered_before_older_streams_have_stopped),
    };
    return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
