/* SPDX-License-Identifier: Apache-2.0 */
/* crash_test.c -- the power goes at each operation: what is read afterwards is a state that the
 * journal was in, and never one from before what it reported. */
#include "tests/host/journal/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORY 40U

/* What the journal holds after each of the story's transactions. */
static void tell_story(char *states[STORY + 1])
{
    struct bench *bench = bench_create();

    assert_int_equal(bench_open(bench), HOST_OK);
    states[0] = bench_text(bench);
    for (unsigned n = 0; n < STORY; n++) {
        assert_int_equal(bench_write_and_wait(bench, n), HOST_OK);
        states[n + 1] = bench_text(bench);
    }
    bench_destroy(bench);
}

static void free_story(char *states[STORY + 1])
{
    for (unsigned n = 0; n <= STORY; n++) {
        free(states[n]);
    }
}

/* The state must be one of those after `least` .. `most` transactions. */
static void
assert_among(const struct bench *bench, char *states[STORY + 1], unsigned least, unsigned most)
{
    char *text = bench_text(bench);
    bool found = false;

    for (unsigned n = least; n <= most && n <= STORY; n++) {
        found = found || strcmp(text, states[n]) == 0;
    }
    if (!found) {
        print_error("after %u to %u transactions:\n%s", least, most, text);
    }
    free(text);
    assert_true(found);
}

/* Runs the story in batches until the machine dies; returns how many operations there were. */
static uint64_t die_at(uint64_t dead_at, uint64_t seed, unsigned batch, char *states[STORY + 1])
{
    struct bench *bench = bench_create();
    unsigned asked = 0;

    bench->disk.dead_at = dead_at;
    if (bench_open(bench) == HOST_OK) {
        while (asked < STORY && bench->bad == 0) {
            for (unsigned i = 0; i < batch && asked < STORY; i++) {
                assert_int_equal(bench_write(bench, asked), HOST_OK);
                asked++;
            }
            bench_settle(bench);
        }
    }
    const uint64_t operations = bench->disk.operations;
    const unsigned good = bench->good;

    bench_close(bench);
    disk_crash(&bench->disk, seed);
    assert_int_equal(bench_open(bench), HOST_OK);
    assert_among(bench, states, good, asked);
    bench_destroy(bench);
    return operations;
}

static void power_lost_at_each_operation_leaves_the_old_or_the_new_state(void **unused)
{
    char *states[STORY + 1];

    (void)unused;
    tell_story(states);
    const uint64_t operations = die_at(DISK_NEVER, 0, 1, states);

    assert_true(operations > 2 * (uint64_t)STORY);
    for (uint64_t at = 0; at < operations; at++) {
        for (uint64_t seed = 1; seed <= 6; seed++) {
            (void)die_at(at, seed * 7919 + at, 1, states);
        }
    }
    free_story(states);
}

static void power_lost_in_a_batch_leaves_a_state_between_begin_and_end(void **unused)
{
    char *states[STORY + 1];

    (void)unused;
    tell_story(states);
    for (uint64_t at = 0; at < 30; at++) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
            (void)die_at(at, seed * 104729 + at, 7, states);
        }
    }
    free_story(states);
}

static void power_lost_while_opening_keeps_everything(void **unused)
{
    char *states[STORY + 1];

    (void)unused;
    tell_story(states);
    for (uint64_t at = 0; at < 5; at++) {
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct bench *bench = bench_create();

            assert_int_equal(bench_open(bench), HOST_OK);
            for (unsigned n = 0; n < 10; n++) {
                assert_int_equal(bench_write_and_wait(bench, n), HOST_OK);
            }
            const uint64_t id = journal_id(bench->journal);

            bench_close(bench);
            bench->disk.dead_at = bench->disk.operations + at;
            assert_int_not_equal(bench_open(bench), HOST_OK);
            disk_crash(&bench->disk, seed);
            assert_int_equal(bench_open(bench), HOST_OK);
            assert_among(bench, states, 10, 10);
            assert_true(journal_id(bench->journal) == id);
            assert_in_range(journal_incarnation(bench->journal), 2, 3);
            bench_destroy(bench);
        }
    }
    free_story(states);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_lost_at_each_operation_leaves_the_old_or_the_new_state),
        cmocka_unit_test(power_lost_in_a_batch_leaves_a_state_between_begin_and_end),
        cmocka_unit_test(power_lost_while_opening_keeps_everything),
    };

    return cmocka_run_group_tests_name("journal/crash", tests, NULL, NULL);
}
