/* SPDX-License-Identifier: Apache-2.0 */
/* determinism_test.c -- the same events at the same times give the same actions, to the byte;
 * whatever else is in the process's memory. */
#include "support/harness.h"
#include "support/pair.h"

#include <stdlib.h>

static const struct pair_options options = {
    .ram_pages = 512,
    .zero_pages = 40,
    .dirty_pages_per_ms = 4,
    .dirty_span = 100,
    .streams = 3,
    .paths = 2,
    .blackout_limit = 5 * FERRY_SECOND,
};

/* A migration with faults at steps that the seed chooses. */
static uint32_t disturbed_run(uint64_t seed, FILE *log)
{
    struct pair_options with_log = options;
    with_log.log = log;
    struct pair *pair = pair_create(&with_log);
    while (pair_outcomes(pair) == 0 && pair_step(pair)) {
        const uint64_t dice = harness_random_below(&seed, 200);
        if (dice == 0) {
            pair_reset(pair);
        } else if (dice == 1) {
            pair_corrupt_next_batch(pair);
        } else if (dice == 2) {
            pair_cut_path(pair, (uint16_t)harness_random_below(&seed, 2), true);
        } else if (dice == 3) {
            pair_cut(pair, false);
        }
        if (pair_now(pair) > 300 * FERRY_SECOND) {
            pair_cut(pair, false);
        }
    }
    pair_run_to_end(pair);
    const uint32_t digest = pair_digest(pair);
    pair_destroy(pair);
    return digest;
}

static void same_events_give_the_same_actions(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        const uint32_t first = disturbed_run(seed, NULL);
        void *elsewhere = malloc((size_t)seed * 1000); /* other addresses */
        const uint32_t second = disturbed_run(seed, NULL);
        free(elsewhere);
        assert_int_equal(first, second);
    }
}

static void other_events_give_other_actions(void **unused)
{
    (void)unused;
    assert_int_not_equal(disturbed_run(1, NULL), disturbed_run(2, NULL));
}

static void listening_changes_nothing(void **unused)
{
    (void)unused;
    char *text = NULL;
    size_t size = 0;
    FILE *log = open_memstream(&text, &size);
    assert_non_null(log);

    assert_int_equal(disturbed_run(7, log), disturbed_run(7, NULL));

    (void)fclose(log);
    assert_true(size > 1000);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_events_give_the_same_actions),
        cmocka_unit_test(other_events_give_other_actions),
        cmocka_unit_test(listening_changes_nothing),
    };
    return cmocka_run_group_tests_name("determinism", tests, NULL, NULL);
}
