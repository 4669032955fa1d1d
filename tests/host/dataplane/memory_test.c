/* SPDX-License-Identifier: Apache-2.0 */
/* memory_test.c -- zero pages: found, not touched where nothing ever was, and zero where something
 * was. */
#include "engine/host/dataplane/memory_internal.h"
#include "engine/host/dataplane/prefault.h"
#include "engine/host/dataplane/zero.h"
#include "rig.h"
#include "tests/host/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t file_bytes(int fd)
{
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    return (uint64_t)status.st_blocks * 512;
}

static void any_byte_that_is_not_zero_is_found(void **unused)
{
    (void)unused;
    uint8_t *page = aligned_alloc(4096, 8192);
    assert_non_null(page);
    memset(page, 0, 8192);
    assert_true(dataplane_is_zero(page, 8192));
    assert_true(dataplane_is_zero_without_avx2(page, 8192));
    for (size_t i = 0; i < 8192; i++) {
        page[i] = (uint8_t)(1U << i % 8);
        assert_false(dataplane_is_zero(page, 8192));
        assert_false(dataplane_is_zero_without_avx2(page, 8192));
        page[i] = 0;
    }
    free(page);
}

static void memory_that_never_was_there_is_touched_on_neither_side(void **unused)
{
    (void)unused;
    struct rig *rig = rig_create(&(struct rig_options){.pages = 16384, .streams = 2});
    rig_fill_page(rig, 100, 1);
    rig_fill_page(rig, 16000, 1);
    const uint64_t before = file_bytes(rig->fds[0][0]);
    rig_mark_all(rig);

    rig_round(rig, 0);

    assert_int_equal(file_bytes(rig->fds[0][0]), before);
    assert_int_equal(rig_target_bytes(rig), before);
    assert_int_equal(rig->pages_placed, 2);
    rig_destroy(rig);
}

static void page_that_became_zero_is_zero_at_the_target(void **unused)
{
    (void)unused;
    struct rig *rig = rig_create(&(struct rig_options){.pages = 512});
    for (uint64_t page = 0; page < 512; page++) {
        rig_fill_page(rig, page, 1);
    }
    rig_mark_all(rig);
    rig_round(rig, 0);
    for (uint64_t page = 3; page < 300; page += 2) {
        memset(rig_source_page(rig, page), 0, 4096);
        rig_mark(rig, page);
    }

    rig_round(rig, 0);

    assert_true(rig_equal(rig));
    rig_destroy(rig);
}

/* A hole that the guest fills after a round is seen in the next one. */
static void hole_that_is_filled_later_is_sent_later(void **unused)
{
    (void)unused;
    struct rig *rig = rig_create(&(struct rig_options){.pages = 512});
    for (uint64_t page = 0; page < 512; page++) {
        rig_mark(rig, page);
    }
    rig_round(rig, 0);
    assert_int_equal(rig->zero_pages_placed, 512);
    rig_fill_page(rig, 77, 1);
    rig_mark(rig, 77);

    rig_round(rig, 0);

    assert_int_equal(rig->pages_placed, 1);
    assert_true(rig_equal(rig));
    rig_destroy(rig);
}

/* A target that was restarted does not know what was placed before: it asks the file. */
static void memory_of_an_earlier_life_is_made_zero(void **unused)
{
    (void)unused;
    struct rig *rig = rig_create(&(struct rig_options){.pages = 512, .old_target = true});
    for (uint64_t page = 0; page < 512; page += 5) {
        memset(rig_target_page(rig, page), 0xee, 4096);
    }
    const uint64_t before = rig_target_bytes(rig);
    rig_mark_all(rig);

    rig_round(rig, 0);

    assert_true(rig_equal(rig));
    assert_true(before > 0);
    rig_destroy(rig);
}

/* ---- the helper ---- */

/* Bytes of the target's first region, once they are at least `least`. */
static uint64_t wait_for_bytes(const struct rig *rig, uint64_t least)
{
    for (int i = 0; i < 10000 && file_bytes(rig->fds[1][0]) < least; i++) {
        (void)usleep(1000);
    }
    assert_true(file_bytes(rig->fds[1][0]) >= least);
    (void)usleep(50000); /* time to make more than it should */
    return file_bytes(rig->fds[1][0]);
}

static void memory_is_made_ahead_by_a_quarter_of_what_came(void **unused)
{
    (void)unused;
    struct rig *rig = rig_create(&(struct rig_options){.pages = 32768});
    const uint64_t quarter = (uint64_t)8192 / 4 * 4096;

    memory_place(rig->memories[1], 0, 8192);
    const uint64_t made = wait_for_bytes(rig, quarter - PREFAULT_GAP);

    assert_int_equal(made, quarter - PREFAULT_GAP);
    rig_destroy(rig);
}

static void nothing_is_made_ahead_after_zero_pages(void **unused)
{
    (void)unused;
    struct rig *rig = rig_create(&(struct rig_options){.pages = 32768});
    memory_place(rig->memories[1], 0, 1024);
    memory_zero(rig->memories[1], 1024, 1);

    memory_place(rig->memories[1], 1025, 1000);

    assert_int_equal(wait_for_bytes(rig, 0), 0);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_byte_that_is_not_zero_is_found),
        cmocka_unit_test(memory_that_never_was_there_is_touched_on_neither_side),
        cmocka_unit_test(page_that_became_zero_is_zero_at_the_target),
        cmocka_unit_test(hole_that_is_filled_later_is_sent_later),
        cmocka_unit_test(memory_of_an_earlier_life_is_made_zero),
        cmocka_unit_test(memory_is_made_ahead_by_a_quarter_of_what_came),
        cmocka_unit_test(nothing_is_made_ahead_after_zero_pages),
    };
    return cmocka_run_group_tests_name("memory_test", tests, NULL, NULL);
}
